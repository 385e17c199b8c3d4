"""What every test may ask for: a sandbox, settings that point to it, and an environment without settings of its own."""

import gc
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from hypothesis import settings as hypothesis_settings

import tests.jumping
import tests.postgres
from importer.journal.machine import FOLDER_VARIABLE
from importer.messages import FACE, Face
from importer.settings import Settings
from importer.settings.profiles import FILE_VARIABLE
from importer.settings.secrets import KEY_VARIABLE
from tests import sandbox
from tests.keystores import InMemory
from tests.postgres import Postgres
from tests.sandbox import Sandbox
from tests.typing_commands import Terminal

# How long an example takes says more of the machine than of the code. CI draws more of them.
hypothesis_settings.register_profile("calm", deadline=None, max_examples=100 if os.environ.get("CI") else 50)
hypothesis_settings.load_profile("calm")

# Twenty calls a minute, as the service allows them, would take tests hours. A test of limits names its own.
sandbox.limits.DEFAULT = None


def pytest_configure(config: pytest.Config) -> None:
    """In CI every test that is skipped or fails as expected is named with its reason: none is left out silently."""
    if os.environ.get("CI"):
        config.option.reportchars += "sx"


def pytest_collection_finish() -> None:
    """What was imported and collected by now stays for good: no search for garbage needs to go through it again."""
    gc.freeze()


@pytest.fixture(scope="session")
def _settings_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("settings")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture
def profiles(_settings_folders: Iterator[Path]) -> Path:
    """The test's own file of profiles, still empty, in a folder of its own."""
    folder = next(_settings_folders)
    folder.mkdir()
    path = folder / "profiles.toml"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def _no_face_of_another_test() -> None:
    """A test that doesn't name a face sees settings as flags."""
    FACE.set(Face())


@pytest.fixture(autouse=True)
def _no_folder_of_another_test() -> Iterator[None]:
    """A test that ends in another folder than it began in would fail others, by the order in which they come."""
    before = Path.cwd()
    yield
    assert Path.cwd() == before


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, profiles: Path) -> None:
    """Neither the environment nor a profile of the person who runs the tests has a say, nor does a proxy."""
    for name in [*os.environ]:
        if name.startswith("NOTE_IMPORTER_") or name == KEY_VARIABLE or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(FILE_VARIABLE, str(profiles))
    monkeypatch.setenv(FOLDER_VARIABLE, str(profiles.with_name("journals")))
    monkeypatch.setenv(
        "XDG_DATA_HOME", str(profiles.with_name("data"))
    )  # where a journal is that nobody names, on Linux
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")  # not the person's own key store


@pytest.fixture
def store() -> Iterator[InMemory]:
    before, store = keyring.get_keyring(), InMemory()
    keyring.set_keyring(store)
    yield store
    keyring.set_keyring(before)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def desk(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"BASE_URL": box.url, "JOURNAL": str(tmp_path / "journal.sqlite"), "SETTLE": "0"}.items():
        monkeypatch.setenv(f"NOTE_IMPORTER_{name}", value)
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Types commands in the test's own folder, against ``box``."""
    return Terminal(tmp_path, box, capsys)


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    tests.postgres.available()
    return tests.postgres.shared()


@pytest.fixture
def url(postgres: Postgres) -> str:
    """An empty journal of the test's own in PostgreSQL."""
    return postgres.journal()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty journal of the test's own is, once in a file and once in PostgreSQL."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.sqlite")
    return str(request.getfixturevalue("url"))


@pytest.fixture
def settings(box: Sandbox, tmp_path: Path) -> Settings:
    """Settings for ``box``, with a journal of the test's own and no long waits."""
    return Settings(
        base_url=box.url, key=box.api_key, journal=tmp_path / "journal.sqlite",
        read_timeout=10, settle=0, give_up=20,
    )  # fmt: skip


@pytest.fixture
def jumping() -> Iterator[None]:
    """Imports in this process jump over pauses in which no call is under way, and the clocks of sandboxes with them."""
    with tests.jumping.jumping():
        yield
