"""The key store of the system: a key is kept for a profile at an address, and goes to no other."""

import io
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from importer.cli import main
from importer.errors import BadSettings
from importer.models import Workspace
from importer.settings import secrets, sources
from importer.settings.secrets import KEY_VARIABLE
from tests.keystores import InMemory, Locked

NIGHT = Workspace("night", "https://open-api.saleshandy.com/v1")

NONE = fail.Keyring()  # type: ignore[no-untyped-call]


def key_of(**said: str) -> str:
    given = sources.gather(said, ["profile", "base-url", "api-key-file"])
    return sources.with_key(sources.settings_of(given), given).key


def typed(monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return main(arguments)


def test_a_key_that_is_logged_in_is_used_by_its_profile_at_its_address_alone(
    store: InMemory, profiles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profiles.write_text("[night]\n[day]\n", encoding="utf-8")
    assert typed(monkeypatch, " hush-hush \n", "login", "--profile", "night") == 0
    assert store.held == {("note-importer", str(NIGHT)): "hush-hush"}
    assert key_of(profile="night") == "hush-hush"
    for other in ({"profile": "day"}, {"profile": "night", "base-url": "https://other.example/v1"}):
        with pytest.raises(BadSettings, match="No API key was given"):
            key_of(**other)
    assert main(["login", "--forget", "--profile", "night"]) == 0
    assert store.held == {}
    assert main(["login", "--forget", "--profile", "night"]) == 0
    told = capsys.readouterr()
    assert "hush" not in told.out + told.err
    assert "The key was saved in a store in memory, for profile 'night'" in told.out


def test_all_else_with_a_key_counts_more(store: InMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(Locked())
    file = tmp_path / "key.txt"
    file.write_text("from-file", encoding="utf-8")
    assert key_of(**{"api-key-file": str(file)}) == "from-file"
    monkeypatch.setenv(KEY_VARIABLE, "from-environment")
    assert key_of() == "from-environment"


def test_a_useless_store_is_told_at_login_and_not_missed_before(
    store: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    useless = {"the collection is locked. It can be used only while": Locked(), "No key store was found on this": NONE}
    for words, worse in useless.items():
        keyring.set_keyring(worse)
        with pytest.raises(BadSettings, match=words) as error:
            secrets.keep_key(NIGHT, "hush")
        assert "--api-key-file" in str(error.value)
        assert "hush" not in str(error.value)
    assert secrets.kept_key(NIGHT) is None
    keyring.set_keyring(Locked())
    with pytest.raises(BadSettings, match=r"did not answer about the key of default at https"):
        key_of()
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert secrets.kept_key(NIGHT) is None
    with pytest.raises(BadSettings, match="pip install keyring"):
        secrets.forget_key(NIGHT)


@pytest.mark.parametrize("text", ["two words\n", "\n"])
def test_what_can_be_no_key_is_not_kept(
    store: InMemory, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, text, "login") == 2
    assert store.held == {}
    assert "This is not an API key" in capsys.readouterr().err
