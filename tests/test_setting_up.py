"""The commands that come before the first night, as a person types them."""

import io
import os
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from importer.importing.workspaces import unconfirmed
from importer.journal import Journal
from importer.journal.machine import held
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.listening import http_ear
from tests.sandbox import Fault, Sandbox
from tests.typing_commands import KEY, Ended, Terminal

pytestmark = pytest.mark.usefixtures("jumping")


def test_an_entry_that_cant_be_used_is_an_error_with_its_file(type_: Terminal, profiles: Path) -> None:
    for wrong in ('rate = "fast"', "min-rosw = 3", "map = 3", "batch-size 3", "yes = 7"):
        profiles.write_text(f"[night]\n# a comment\n{wrong}\n", encoding="utf-8")
        ended = type_("doctor", "--profile", "night")
        assert ended.status == 2
        assert str(profiles) in ended.all
    assert type_.box.received == ()


def looked(type_: Terminal, *arguments: str) -> tuple[int, dict[str, str]]:
    ended = type_("doctor", *arguments)
    found = re.findall(r"^  (ok|look|WRONG) +([\w ]+): ((?:.|\n {10})*)", ended.out, re.MULTILINE)
    return ended.status, {about: f"{mark} {' '.join(text.split())}" for mark, about, text in found}


def test_doctor_finds_all_well_with_one_call_that_only_reads(type_: Terminal, tmp_path: Path) -> None:
    status, found = looked(type_)
    assert [call.method for call in type_.box.received] == ["GET"]
    assert status == 0
    for about, words in {
        "Key": f"The key of profile 'default' comes from the environment variable {KEY_VARIABLE}. A scheduler may be",
        "Key accepted": "yes, by Saleshandy at http://127.0.0.1",
        "Clock": "agrees with the server's",
        "Journal": "none yet. The first run creates it: ",
        "Disk space": "",
        "Notifications": "no notifications. See --notify-file",
    }.items():
        assert found[about].startswith(f"ok {words}")
    assert [*tmp_path.iterdir()] == []


def test_doctor_says_that_the_journal_is_whole_and_whose(type_: Terminal) -> None:
    type_("run", type_.file("n.csv", "Prospect ID,Note,Visibility\nP1,x,Public\n"), "--yes")
    settings = Settings(base_url=type_.box.url, journal=type_.folder / "journal.sqlite")
    status, found = looked(type_)
    assert status == 0
    assert found["Journal"].startswith("ok whole, and default's own: ")
    assert "; 1 run of this profile at this address" in found["Journal"]
    with held(type_.folder / "journal.sqlite", str(settings.workspace)):
        status, found = looked(type_)
    assert status == 0
    assert found["Journal"].startswith("ok an import is running: ")


@pytest.mark.parametrize(
    ("trouble", "status", "about", "words"),
    [
        ({"api_key": "another"}, 4, "Key accepted", "WRONG no. The API does not accept the key"),
        ({"faults": [Fault.parse("500:GET@1")]}, 3, "Key accepted", "WRONG not known: the API failed"),
        ({"faults": [Fault.parse("html-404:GET@1")]}, 4, "Key accepted", "WRONG not known: the server at"),
        ({"faults": [Fault.parse("redirect:GET@1")]}, 4, "Key accepted", "WRONG not known: the server at"),
        ({"faults": [Fault.parse("429:GET@1")]}, 1, "Key accepted", "look not known: the account's limit is used up"),
        ({"clock_offset": -400}, 1, "Clock", "look this machine's clock and the server's differ by 7 minutes"),
    ],
)
def test_doctor_ends_as_a_run_would_that_met_the_same(
    type_: Terminal, trouble: dict[str, Any], status: int, about: str, words: str
) -> None:
    with Sandbox(**{"api_key": KEY, **trouble}) as box:
        type_.variables["NOTE_IMPORTER_BASE_URL"] = box.url
        ended, found = looked(type_)
    assert (ended, found[about][: len(words)]) == (status, words)


def test_doctor_looks_at_the_rest_without_a_key(type_: Terminal) -> None:
    del type_.variables[KEY_VARIABLE]
    status, found = looked(type_)
    assert status == 2
    assert found["Key"].startswith("WRONG No API key was given.")
    assert "Journal" in found
    assert "Key accepted" not in found
    file = type_.file("key.txt", "sandbox-key")
    file.chmod(0o644)
    if os.name == "posix":
        status, found = looked(type_, "--api-key-file", str(file))
        assert status == 1
        assert found["Key"].startswith("look Other users of this machine can read the API key")


def test_doctor_finds_a_disk_that_is_nearly_full(type_: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(type_.folder)._replace(free=50 * 2**20)
    monkeypatch.setattr("importer.operations.doctor.shutil.disk_usage", lambda _: usage)
    status, found = looked(type_)
    assert status == 3
    assert found["Disk space"].startswith("WRONG only 50 MB free in ")


@pytest.mark.slow
def test_doctor_sends_a_test_notification_when_asked(type_: Terminal) -> None:
    with http_ear() as ear:
        type_.variables["NOTE_IMPORTER_NOTIFY_ADDRESSES"] = f"json://{ear.place}"
        assert looked(type_)[1]["Notifications"] == "ok 1 address. To try it: --test-notification"
        assert ear.calls == []
        status, found = looked(type_, "--test-notification")
        assert (status, found["Notifications"]) == (0, "ok the test was sent. Check that it arrived")
        assert "this is a test" in ear.calls[0].body
        type_.variables["NOTE_IMPORTER_NOTIFY_ADDRESSES"] += f" ping+http://{ear.place}/alive"
        status, found = looked(type_, "--test-notification")
        not_tried = "1 address was not tried, because the service would take a test for a run"
        assert (status, found["Notifications"]) == (0, f"ok the test was sent. Check that it arrived {not_tried}")
        assert len(ear.calls) == 2
    status, found = looked(type_, "--test-notification")
    assert (status, found["Notifications"].split()[0]) == (1, "look")
    del type_.variables["NOTE_IMPORTER_NOTIFY_ADDRESSES"]
    status, found = looked(type_, "--test-notification")
    assert (status, found["Notifications"]) == (1, "look no notifications. See --notify-file")


Init = Callable[..., Ended]


@pytest.fixture
def init(type_: Terminal, monkeypatch: pytest.MonkeyPatch) -> Init:
    def init(*answers: str) -> Ended:
        type_.variables["HTTPS_PROXY"] = "http://127.0.0.1:1"  # the key is tried at once; no call leaves the machine
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        return type_("init")

    return init


def test_init_writes_a_profile_that_can_be_used_at_once(type_: Terminal, profiles: Path, init: Init) -> None:
    profiles.write_text("# mine\n[other]\nmin-rows = 3\n", encoding="utf-8")
    away = "https://notes.invalid/v1"
    hush = "json://127.0.0.1:1/hush"
    type_.variables["NOTE_IMPORTER_BASE_URL"] = away
    answers = ("night", "01:00-05:00", "my done", KEY, "", hush)
    ended = init(*answers)
    assert ended.status == 0
    assert "hush" not in ended.all
    assert f"Workspace: night at {away}" in ended.all
    text = profiles.read_text(encoding="utf-8")
    assert 'max-invalid = "20%"' in text
    assert text.startswith("# mine\n[other]\nmin-rows = 3\n")
    assert "as in `" not in text
    assert KEY not in text
    for variable in ("NOTE_IMPORTER_BASE_URL", KEY_VARIABLE):
        del type_.variables[variable]
    lines = type_("doctor", "--profile", "night").out
    assert (type_.folder / "my done").is_dir()
    for shown in ("20%", away, "{name}.{date}.results.xlsx", str(type_.folder / "my done")):
        assert f"  {shown}\n" in lines
    assert f"comes from the file {profiles.with_name('night.key')}, named by" in " ".join(lines.split())
    for secret in (profiles.with_name("night.key"), profiles.with_name("night.notify")):
        assert os.name != "posix" or stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "note-importer schedule --profile night exports" in ended.out
    assert "01:00-05:00" in type_("schedule", "--profile", "night", ".", "--system", "cron").out
    settings = Settings(profile="night", base_url=away, journal=type_.folder / "journal.sqlite")
    with Journal.open(settings.journal) as journal:
        assert unconfirmed(journal, settings) is None
        assert unconfirmed(journal, replace(settings, profile="other"))


def test_init_tries_the_key_at_once_and_asks_for_another_or_keeps_it(
    type_: Terminal, profiles: Path, init: Init
) -> None:
    """Each profile has a key file of its own, also if both names would make the same file."""
    for name, file, given, kept, calls in (
        ("my night", "my-night.key", ("wrong", "worse", KEY), KEY, 3),
        ("my-night", "my-night (2).key", ("wrong", ""), "wrong", 1),
    ):
        before = len(type_.box.received)
        ended = init(name, "", "", *given, "")
        assert ended.status == 0
        assert profiles.with_name(file).read_text(encoding="utf-8") == f"{kept}\n"
        assert [call.method for call in type_.box.received[before:]] == ["GET"] * calls
        assert "Key accepted: no. The API does not accept the key" in ended.all
        assert ("Key accepted: yes" in ended.all) is (kept == KEY)
        assert (type_.folder / "done").is_dir()
    assert profiles.with_name("my-night.key").read_text(encoding="utf-8") == f"{KEY}\n"


def test_init_asks_again_until_an_answer_can_be_used(type_: Terminal, profiles: Path, init: Init) -> None:
    profiles.write_text("[night]\n", encoding="utf-8")
    answers = ("night", "https://x", "day", "noon", "-", "-", "two words", "", "slakc://x", "")
    ended = init(*answers)
    assert (ended.status, "Nothing was sent" in ended.all) == (0, False)
    for words in (
        "The profile 'night' already exists", "'https://x' can't be the name of a profile", "'noon' is not valid here",
        "This is not an API key", "not a valid notification address", "The API key is still missing",
    ):  # fmt: skip
        assert words in ended.all
    assert not re.search("(between|archive) =", profiles.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("answers", "said"), [(("n.csv/x", "", ""), "n.csv/x can't be created"), (("done",), "Nothing was sent.")]
)
def test_init_that_is_broken_off_or_cant_make_the_archive_writes_nothing(
    type_: Terminal, profiles: Path, init: Init, answers: tuple[str, ...], said: str
) -> None:
    """For example because a file has its name."""
    type_.file("n.csv", "")
    ended = init("day", "", *answers)
    assert ended.status == 2
    assert said in ended.all.replace("\\", "/")
    assert profiles.read_text(encoding="utf-8") == ""
    assert [*profiles.parent.iterdir()] == [profiles]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importer.files.replace", Mock(side_effect=OSError(30, "Read-only file system")))
        assert init("day", "", "done", "", "", "").status == 2
    assert not (type_.folder / "journal.sqlite").exists(), "no workspace is confirmed"


LIVE = "Te5tPr0sp"


def test_a_live_test_needs_somebody_who_agrees(type_: Terminal, box: Sandbox) -> None:
    """It says what it would leave behind; without a yes it calls nobody."""
    ended = type_("doctor", "--live", LIVE)
    assert ended.status == 2
    words = ended.all
    assert f"The note is created on the prospect {LIVE}, as default at {box.url}." in words
    assert "stays there as a draft, because the API can't delete notes." in words
    assert "nobody is at the terminal to agree to it. If you agree, add --yes." in words
    assert box.received == ()
