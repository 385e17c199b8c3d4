"""With a person at the terminal: the program asks, shows how far it is, and ends when it is told to."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests import running
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
        """Look at the screen for so long at most; False when the program has closed it."""
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


class Desk:
    """Where a person starts one command after the other."""

    def __init__(self, folder: Path, box: Sandbox) -> None:
        self.folder, self.box = folder, box
        self.people: list[Person] = []

    def run(self, *arguments: str) -> Person:
        person = Person(self.folder, self.box, *arguments)
        self.people.append(person)
        return person

    def file(self, rows: int) -> str:
        text = "Prospect ID,Note,Visibility\n" + "".join(f"P{i},Note {i},1\n" for i in range(rows))
        (self.folder / "n.csv").write_text(text, encoding="utf-8")
        return "n.csv"

    def results(self) -> list[str]:
        return [row["result"] for row in read_results(self.folder / "out.csv")]


@pytest.fixture
def desk(tmp_path: Path, box: Sandbox) -> Iterator[Desk]:
    desk = Desk(tmp_path, box)
    yield desk
    for person in desk.people:
        person.close()


def eventually(box: Sandbox, notes: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(box.notes) < notes:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_person_is_asked_and_sees_how_far_it_is(desk: Desk, box: Sandbox) -> None:
    """The plan, a question with the address, a bar that ends full, and the counts."""
    person = desk.run("run", desk.file(5))
    person.waits_for(f"Send 5 notes to {box.url}? [y/N]:")
    assert "5 rows: 5 notes to deliver" in person.seen
    assert box.received == ()
    person.types("y\n")
    assert person.leaves() == 0
    assert re.search(r"100%\|.*5/5 rows .*created 5\]", person.seen)
    assert "Results: n.results.xlsx" in person.seen
    assert len(box.notes) == 5
    # Nothing is left to be sent, so nobody is asked.
    again = desk.run("run", "n.csv")
    assert again.leaves() == 0
    assert "[y/N]" not in again.seen


def test_a_person_sees_why_it_does_not_go_on_and_that_it_is_tried_again(desk: Desk, box: Sandbox) -> None:
    """While nobody is there, and while the account's limit lets no call go; each line keeps to the terminal."""
    box.stop()
    person = desk.run("run", desk.file(60), "--yes")
    person.waits_for(f"0/60 rows, 00:00, trying again: 127.0.0.1:{box.port} could not be reached")
    person.waits_for("trying again in ")
    box.set_limit(Limit.parse("20/600s:headers:429:first-call"))
    box.start()
    person.waits_for(" s because of the account's limit")
    box.set_limit(None)
    person.types(CTRL_C)  # it would wait for what it was told
    assert person.leaves() == 3
    lines = [line for line in re.split(r"[\r\n]+", person.seen.replace("^C", "")) if "/60 rows" in line]
    assert any("20/60 rows" in line for line in lines), lines
    assert max(map(len, lines)) <= Person.COLUMNS
    assert box.api_key not in person.seen


@pytest.mark.parametrize("answer", ["\n", CTRL_C])
def test_no_sends_nothing_and_leaves_no_results(desk: Desk, box: Sandbox, answer: str) -> None:
    """Also as Enter alone and Ctrl-C; the history has none."""
    person = desk.run("run", desk.file(2))
    person.waits_for("[y/N]:")
    person.types(answer)
    assert person.leaves(insisting=answer if answer == CTRL_C else "") == 2
    assert "Nothing was sent." in person.seen
    assert box.received == ()
    assert not list(desk.folder.glob("*.results*"))
    if answer == CTRL_C:
        history = desk.run("history")
        assert history.leaves() == 0
        assert "No run is recorded yet." in history.seen


def test_hide_asks_before_it_changes_anything(desk: Desk, box: Sandbox) -> None:
    """It shows how many and a sample; no changes nothing, yes hides."""
    asked = desk.run("run", desk.file(7), "--yes")
    assert asked.leaves() == 0
    assert "[y/N]" not in asked.seen
    for answer, status, hidden in (("n", 2, 0), ("y", 0, 7)):
        person = desk.run("hide", "last")
        person.waits_for("Make them private drafts? [y/N]:")
        assert "7 notes would become private drafts:" in person.seen
        shown = re.findall(r"  row (\d), prospect P(\d), note \w+: Note \2", person.seen)
        assert len(shown) == 5
        assert all(int(row) == int(prospect) + 2 for row, prospect in shown)
        assert person.seen.count(", note ") == 5
        person.types(f"{answer}\n")
        assert person.leaves() == status
        assert sum(note.status == "0" for note in box.notes) == hidden


def test_more_visible_or_a_new_public_text_needs_a_yes_in_this_very_run(desk: Desk, box: Sandbox) -> None:
    """With the notes before and after; neither an earlier yes nor --yes counts."""
    first, second = "00T5f00000AbCdE", "00T5f00000AbCdF"
    asked, same = "Make these 2 changes, too? [y/N]:", "They asked for what we had promised in spring and " * 3

    def file(*rows: str) -> None:
        (desk.folder / "n.csv").write_text("\n".join(["Prospect ID,Note,Visibility,Activity ID", *rows]))

    file(f"P1,{same}Trms,Public,{first}", f"P2,Offer,Private,{second}")
    run = ("run", "n.csv", "--map", "record=Activity ID", "--update")
    assert desk.run(*run, "--yes").leaves() == 0
    file(f"P1,{same}Terms,Public,{first}", f"P2,Offer,Public,{second}")
    before = box.notes
    assert desk.run(*run, "--yes").leaves() == 0
    for answer in ("n", "y"):
        assert box.notes == before
        person = desk.run(*run)
        person.waits_for(asked)
        assert "row 2, prospect P1: public" in person.seen
        assert re.search(r"before: … [a-z ]+ Trms\s+after: … [a-z ]+ Terms", person.seen)
        assert "row 3, prospect P2: private. Afterwards public" in person.seen
        person.types(f"{answer}\n")
        assert person.leaves() == 0
    assert [(note.content, note.visibility) for note in sorted(box.notes, key=lambda one: one.prospect_id)] == [
        (f"<p>{same}Terms</p>", "1"),
        ("<p>Offer</p>", "1"),
    ]
    assert re.search(r"2 requests sent", person.seen)


@pytest.mark.parametrize("by_signal", [False, True])
def test_ctrl_c_finishes_what_is_under_way_and_writes_results(tmp_path: Path, by_signal: bool) -> None:
    """Status 3, true results, and how to go on; the same command then finishes. A service's SIGTERM does the same.

    Only of the latter somebody is notified: who presses Ctrl-C knows.
    """
    with Sandbox(latency=0.05) as box, http_ear() as ear:
        desk = Desk(tmp_path, box)
        command = ("run", desk.file(200), "--yes", "--results", "out.csv", "--batch-size", "1")
        (tmp_path / "notify.txt").write_text(f"json://{ear.place}/hook\nping-fail+http://{ear.place}/fail\n")
        person = desk.run(*command, "--notify-file", "notify.txt")
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
        made = len(box.notes)
        assert made < 200
        assert desk.results() == ["created" if f"P{i}" in {n.prospect_id for n in box.notes} else "not sent"
                                  for i in range(200)]  # fmt: skip
        box.latency = 0
        settings = Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "journal.sqlite", settle=0)
        report = running.run(tmp_path / "n.csv", settings)
        assert report is not None
        assert report.exit_status == 0
        assert sorted(note.prospect_id for note in box.notes) == sorted(f"P{i}" for i in range(200))
        for person in desk.people:
            person.close()


def test_ctrl_c_twice_ends_at_once(desk: Desk, box: Sandbox) -> None:
    """A call that hangs holds nobody up; it doesn't say that nothing was sent, and the next run looks first."""
    box.add_fault(Fault.parse("hang=600:after:once"))
    command = ("run", desk.file(1), "--yes", "--results", "out.csv", "--read-timeout", "600")
    person = desk.run(*command)
    eventually(box, 1)
    person.types(CTRL_C)
    person.waits_for("Finishing the current requests")
    person.types(CTRL_C)
    assert person.leaves() == 3
    assert "Stopped immediately. Run the same command to continue." in person.seen
    assert "Nothing was sent" not in person.seen
    assert desk.results() == ["unconfirmed"]
    assert desk.run(*command[:-2], "--read-timeout", "1").leaves() == 0
    assert desk.results() == ["created"]
    assert len(box.notes) == 1


def test_a_keyboard_is_no_table(desk: Desk) -> None:
    """``-`` without a pipe is said at once, instead of waiting for somebody to type a CSV."""
    person = desk.run("check", "-")
    assert person.leaves() == 2
    assert "Nothing is piped into standard input." in person.seen
