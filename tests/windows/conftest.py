"""Windows' Python under wine, as `make windows` sets it up; the server and the files are looked at from here."""

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.settings.secrets import KEY_VARIABLE
from tests.page.person import Person, visiting

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".venv-windows"
PYTHON = PLACE / "python" / "python.exe"
PROGRAM = (PYTHON, "-P", "-m", "importer")
KEY = "a-key-for-windows"
PATIENCE = 300.0
"""Seconds that anything may take; far more than it does."""


Wait = Callable[[Callable[[], bool], "subprocess.Popen[bytes]"], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are slow, and need what only `make windows` sets up."""
    is_ready = (PLACE / "ready").is_file() and shutil.which("wine") is not None
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(2 * PATIENCE))
            if not is_ready:
                item.add_marker(pytest.mark.skip(reason="`make windows` sets up Python for Windows"))


class Windows:
    """A Windows user's own system: a drive C: with nothing but Windows, and further drives where a test adds them."""

    def __init__(self, folder: Path) -> None:
        self._started: list[subprocess.Popen[bytes]] = []
        self._prefix, template = folder / "wine", PLACE / "prefix"
        (drive := self._prefix / "drive_c").mkdir(parents=True)
        for path in (template / "drive_c").iterdir():
            if path.name != "users":
                (drive / path.name).symlink_to(path)
        users = template / "drive_c" / "users"
        shutil.copytree(users, drive / "users", symlinks=True, ignore=shutil.ignore_patterns("pytest-of-*"))
        for name in ("system.reg", "user.reg", "userdef.reg", ".update-timestamp"):
            shutil.copyfile(template / name, self._prefix / name)
        shutil.copytree(template / "dosdevices", self._prefix / "dosdevices", symlinks=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("NOTE_IMPORTER_")},
            "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "WINEPREFIX": str(self._prefix),
            "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "winemenubuilder.exe=", "LC_ALL": "C.UTF-8", KEY_VARIABLE: KEY,
        }  # fmt: skip

    @property
    def home(self) -> Path:
        [home] = (path for path in (self._prefix / "drive_c" / "users").iterdir() if path.name != "Public")
        return home

    def drive(self, letter: str, folder: Path) -> str:
        """Make a folder a drive of its own; return the drive's root."""
        (self._prefix / "dosdevices" / f"{letter}:").symlink_to(folder)
        return f"{letter.upper()}:\\"

    def start(
        self, *words: object, by: Sequence[object] = PROGRAM, variables: Mapping[str, str] = {}
    ) -> subprocess.Popen[bytes]:
        command = [str(word) for word in ("wine", *by, *words)]
        process = subprocess.Popen(
            command, env={**self.environment, **variables}, cwd=self.home,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._started.append(process)
        return process

    def run(self, *words: object, status: int = 0, encoding: str = "cp1252", variables: Mapping[str, str] = {}) -> str:
        """Run the program to its end; return what it printed, in lines of single spaces."""
        said, ended = self.ended(self.start(*words, variables=variables), encoding)
        assert ended == status, said
        return said

    @staticmethod
    def ended(process: subprocess.Popen[bytes], encoding: str = "cp1252") -> tuple[str, int]:
        """Wait for a process to end; return what it printed, as one line, and its exit status."""
        said, _ = process.communicate(timeout=PATIENCE)
        return " ".join(said.decode(encoding).split()), process.returncode

    @classmethod
    def killed(cls, process: subprocess.Popen[bytes]) -> tuple[str, int]:
        """Tell the launcher to kill the program; return what was printed, and Windows' exit status."""
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        return cls.ended(process)

    def close(self) -> None:
        subprocess.run(["wineserver", "--kill"], env=self.environment, check=False, timeout=60)
        for process in self._started:
            process.wait(60)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def as_windows(path: Path) -> str:
    """Return a path of this machine as Windows' programs see it."""
    return "Z:" + str(path).replace("/", "\\")


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Windows]:
    system = Windows(tmp_path)
    yield system
    system.close()


@contextmanager
def page_of(process: subprocess.Popen[bytes], wait: Wait) -> Iterator[Person]:
    """A browser on the page whose address a process prints; at the end, Quit is pressed."""
    shown: list[str] = []
    threading.Thread(target=lambda: shown.extend(map(bytes.decode, process.stdout or ())), daemon=True).start()
    wait(lambda: "Keep this window open" in "".join(shown), process)
    [address] = re.findall(r"http://\S+/start/\S+", "".join(shown))
    with visiting(address, PATIENCE) as person:
        yield person
        person.posts("/quit")
        person.gets("/quit/page.css")
    assert process.wait(PATIENCE) == 0


@pytest.fixture
def wait() -> Wait:
    def wait(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert process.poll() is None, Windows.ended(process)
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait
