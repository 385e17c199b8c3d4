"""With a person at the terminal: the program asks, shows how far it is, and ends when it is told to."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from importer.settings.secrets import KEY_VARIABLE
from tests.listening import http_ear
from tests.sandbox import Fault, Limit, Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

import fcntl
import pty
import struct
import termios

from tests.truth import read_results

pytestmark = pytest.mark.slow

CTRL_C = "\x03"
PATIENCE = 60.0


class Person:
    """Sits at a terminal of 100 columns in which one command runs."""

    COLUMNS = 100

    def __init__(self, folder: Path, box: Sandbox, *arguments: str) -> None:
        self.seen = ""
        self._mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, self.COLUMNS, 0, 0))
        settings = {"BASE_URL": box.url, "JOURNAL": str(folder / "journal.sqlite"), "SETTLE": "0", "READ_TIMEOUT": "20"}
        # The child takes the terminal for its own, so that Ctrl-C reaches it as it would from a keyboard.
        start = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
            "os.execv(sys.executable, [sys.executable, '-m', 'importer', *sys.argv[1:]])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", start, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
            start_new_session=True,
            env={
                **os.environ, "TERM": "xterm", "NO_COLOR": "1", KEY_VARIABLE: box.api_key,
                **{f"NOTE_IMPORTER_{name}": value for name, value in settings.items()},
            },
        )  # fmt: skip
        os.close(theirs)

    def _read(self, seconds: float) -> bool:
        if select.select([self._mine], [], [], seconds)[0]:
            try:
                data = os.read(self._mine, 65536)
            except OSError:  # Linux says so when the other side is closed
                return False
            self.seen += data.decode("utf-8", "replace")
            return bool(data)
        return True

    def waits_for(self, words: str) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.seen:
            assert self._read(0.2), self.seen
            assert time.monotonic() < end, self.seen

    def types(self, text: str) -> None:
        os.write(self._mine, text.encode())

    def leaves(self, insisting: str = "") -> int:
        """Watch until the program ends; its exit status. Insisting: type that anew while nothing comes of it.

        For a Ctrl-C in the instant in which Python begins to wait for a line is seen only with the next key.
        """
        end = time.monotonic() + PATIENCE
        insist_at, seen = time.monotonic() + 3, self.seen
        while self._read(0.2):
            assert time.monotonic() < end, self.seen
            if insisting and self.seen.removesuffix("^C") == seen and time.monotonic() > insist_at:
                self.types(insisting)
                insist_at, seen = time.monotonic() + 3, self.seen
        status = self.process.wait(PATIENCE)
        assert "Traceback" not in self.seen
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._mine)


Start = Callable[..., Person]


@pytest.fixture
def start(tmp_path: Path, box: Sandbox) -> Iterator[Start]:
    with ExitStack() as people:

        def start(*arguments: str) -> Person:
            person = Person(tmp_path, box, *arguments)
            people.callback(person.close)
            return person

        yield start


def sheet(folder: Path, rows: int) -> str:
    text = "Prospect ID,Note,Visibility\n" + "".join(f"P{i},Note {i},1\n" for i in range(rows))
    (folder / "n.csv").write_text(text, encoding="utf-8")
    return "n.csv"


def results(folder: Path) -> list[str]:
    return [row["result"] for row in read_results(folder / "out.csv")]


def eventually(box: Sandbox, notes: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(box.notes) < notes:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_person_is_asked_and_sees_how_far_it_is(start: Start, box: Sandbox, tmp_path: Path) -> None:
    for answer in (CTRL_C, "y\n"):
        person = start("run", sheet(tmp_path, 5))
        person.waits_for(f"Send 5 notes to {box.url}? [y/N]:")
        assert "5 rows; expected results: 5 created." in person.seen
        assert box.received == ()
        person.types(answer)
        if answer == CTRL_C:
            assert person.leaves(insisting=CTRL_C) == 2
            assert "Nothing was sent." in person.seen
            assert not list(tmp_path.glob("*.results*"))
            history = start("history")
            assert history.leaves() == 0
            assert "No run is recorded yet." in history.seen
    assert person.leaves() == 0
    assert re.search(r"100%\|.*5/5 notes .*created 5\]", person.seen)
    assert "Results: n.results.xlsx" in person.seen
    assert len(box.notes) == 5


def test_a_person_sees_why_it_does_not_go_on_and_that_it_is_tried_again(
    start: Start, box: Sandbox, tmp_path: Path
) -> None:
    box.stop()
    person = start("run", sheet(tmp_path, 60), "--yes")
    person.waits_for(f"0/60 notes, 00:00, trying again: 127.0.0.1:{box.port} could not be reached")
    person.waits_for("trying again in ")
    box.set_limit(Limit.parse("20/600s:headers:429:first-call"))
    box.start()
    person.waits_for(" s because of the account's limit")
    person.waits_for("20/60 notes")
    box.set_limit(None)
    person.types(CTRL_C)  # it would wait for what it was told
    assert person.leaves() == 3
    lines = [line for line in re.split(r"[\r\n]+", person.seen.replace("^C", "")) if "/60 notes" in line]
    assert any("20/60 notes" in line for line in lines), lines
    assert max(map(len, lines)) <= Person.COLUMNS
    assert box.api_key not in person.seen


@pytest.mark.parametrize("by_signal", [False, True])
def test_ctrl_c_finishes_what_is_under_way_and_writes_results(
    start: Start, box: Sandbox, tmp_path: Path, by_signal: bool
) -> None:
    """Status 3, true results, and how to go on; the same command then finishes. A service's SIGTERM does the same."""
    box.latency = 0.05
    command = ("run", sheet(tmp_path, 200), "--yes", "--results", "out.csv", "--batch-size", "1")
    with http_ear() as ear:
        (tmp_path / "notify.txt").write_text(f"json://{ear.place}/hook\nping-fail+http://{ear.place}/fail\n")
        person = start(*command, "--notify-file", "notify.txt")
        eventually(box, 5)
        if by_signal:
            person.process.send_signal(signal.SIGTERM)
        else:
            person.types(CTRL_C)
        assert person.leaves() == 3
        assert ear.paths() == ([("POST", "/hook"), ("GET", "/fail")] if by_signal else [])
    assert "Finishing the current requests, then writing the results" in person.seen
    name = "SIGTERM" if by_signal else "Ctrl-C"
    assert f"You asked it to end ({name}). Run the same command again to continue." in " ".join(person.seen.split())
    there = {note.prospect_id for note in box.notes}
    assert len(there) < 200
    assert results(tmp_path) == ["created" if f"P{i}" in there else "not sent" for i in range(200)]
    box.latency = 0
    assert start(*command).leaves() == 0
    assert sorted(note.prospect_id for note in box.notes) == sorted(f"P{i}" for i in range(200))


def test_ctrl_c_twice_ends_at_once(start: Start, box: Sandbox, tmp_path: Path) -> None:
    """A call that hangs holds nobody up; it doesn't say that nothing was sent, and the next run looks first."""
    box.add_fault(Fault.parse("hang=600:after:once"))
    command = ("run", sheet(tmp_path, 1), "--yes", "--results", "out.csv", "--read-timeout", "20")
    person = start(*command)
    eventually(box, 1)
    person.types(CTRL_C)
    person.waits_for("Finishing the current requests")
    person.types(CTRL_C)
    assert person.leaves() == 3
    assert "Stopped immediately. Run the same command to continue." in person.seen
    assert "Nothing was sent" not in person.seen
    assert results(tmp_path) == ["unconfirmed"]
    assert start(*command).leaves() == 0
    assert results(tmp_path) == ["created"]
    assert len(box.notes) == 1
