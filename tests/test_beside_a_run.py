"""What other processes do beside a run at work, or whoever of them is killed, makes it send nothing twice."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox import Limit, Sandbox
from tests.test_killed import KEY, KILLS, QUICK, begin, finish, kill
from tests.truth import Line, write_sheet

pytestmark = pytest.mark.slow

ROWS = 40  # of each sheet that two people import
_LONGEST = 150.0  # seconds that anything in here may take; far more than it does


class Desk:
    def __init__(self, folder: Path, box: Sandbox) -> None:
        self.folder, self.box = folder, box
        self.started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            if process.returncode is None:
                kill(process)

    def sheet(self, name: str, rows: int) -> Path:
        """A sheet in which every row is a note of its own, so that each request holds one."""
        return write_sheet(self.folder / f"{name}.csv", [Line(f"P{row}", f"{name} {row}") for row in range(rows)])

    def start(self, *words: object) -> subprocess.Popen[str]:
        self.started.append(begin(self.box, self.folder, *words))
        return self.started[-1]

    def run(self, sheet: Path, *more: str) -> subprocess.Popen[str]:
        results = self.folder / f"{sheet.stem}.{len([*self.folder.iterdir()])}.results.csv"
        return self.start("run", sheet, "--yes", "--results", results, *QUICK, *more)

    def wait_for_notes(self, count: int, process: subprocess.Popen[str]) -> None:
        wanted, deadline = len(self.box.notes) + count, time.monotonic() + _LONGEST
        while len(self.box.notes) < wanted:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the run doesn't go on"
            time.sleep(0.005)

    def finish(self, sheet: Path, *more: str) -> int:
        """Import until nothing is left to do; return how many rows are in doubt.

        Of what a run sent that was killed before any answer, nothing tells by which clock: that may stay in doubt.
        """
        for _ in range(5):
            status, output = finish(self.run(sheet, *more))
            if status == 0:
                return 0
        doubted = re.search(r"^ +(\d+)  unconfirmed ", output, re.MULTILINE)
        assert status == 1, output
        assert doubted, output
        return int(doubted[1])

    def are_there(self, rows: int, doubted: int) -> None:
        times = Counter((note.prospect_id, note.sent_content) for note in self.box.notes)
        assert times.total() == len(times)
        assert rows - doubted <= len(times) <= rows


def deleted_files_of(process: subprocess.Popen[str]) -> list[str]:
    """The files of the journal that a process has open and that stand under no name any more."""
    folder = Path(f"/proc/{process.pid}/fd")
    if not folder.exists():
        return []
    names = [str(entry.readlink()) for entry in folder.iterdir()]
    return [name for name in names if "journal.sqlite" in name and name.endswith("(deleted)")]


def beside(desk: Desk, sheet: Path, another: Path) -> list[subprocess.Popen[str]]:
    copy = desk.folder / f"copy-{time.monotonic_ns()}.sqlite"
    return [
        desk.start("history"),
        desk.start("check", sheet),
        desk.start("verify"),
        desk.start("doctor"),
        desk.start("journal", "backup", copy),
        desk.run(sheet, "--give-up-after", "1"),
        desk.run(another, "--profile", "another"),
    ]


def begun(desk: Desk) -> Path:
    sheet = desk.sheet("Earlier", 40)
    process = desk.run(sheet)
    desk.wait_for_notes(2, process)
    kill(process)
    return sheet


def test_whatever_is_done_beside_a_run_it_sends_nothing_twice(tmp_path: Path, profiles: Path) -> None:
    profiles.write_text("[another]\n", encoding="utf-8")
    chance = random.Random(7)
    with Sandbox(api_key=KEY, latency=0.25) as box, Desk(tmp_path, box) as desk:
        earlier, sheet, another = begun(desk), desk.sheet("Note", 300), desk.sheet("Another", 40)
        main = desk.run(sheet, "--workers", "1")  # takes long by itself; under a limit it would starve the others
        desk.wait_for_notes(5, main)
        others = beside(desk, sheet, another)
        for process in chance.sample(others, len(others)):
            time.sleep(chance.random() * 0.4)  # so that each is killed at another moment of its life
            kill(process)
        for process in beside(desk, sheet, another):
            _, output = finish(process)
            assert "error of its own" not in output
        desk.wait_for_notes(5, main)
        assert main.poll() is None
        assert deleted_files_of(main) == []
        kill(main)
        doubted = desk.finish(sheet) + desk.finish(earlier) + desk.finish(another, "--profile", "another")
        desk.are_there(300 + 40 + 40, doubted)


@pytest.mark.parametrize("others", ["another profile", "the same profile"])
def test_two_importers_on_one_journal_killed_at_random_send_nothing_twice(
    tmp_path: Path, profiles: Path, others: str
) -> None:
    profiles.write_text("[another]\n", encoding="utf-8")
    chance, kills = random.Random(0), 0
    running: list[tuple[subprocess.Popen[str], int] | None] = [None, None]
    with Sandbox(api_key=KEY, limit=Limit.parse("40/1s:headers:429")) as box, Desk(tmp_path, box) as desk:
        sheets = [[desk.sheet(f"Note {who}-{number}", ROWS) for number in range(2)] for who in range(2)]
        more = [[], ["--profile", "another"] if others == "another profile" else []]
        while kills < KILLS and len(box.notes) < 4 * ROWS:
            time.sleep(0.005)
            for who, entry in enumerate(running):
                if entry is None:
                    until = len(box.notes) + chance.randint(3, 20)
                    running[who] = desk.run(chance.choice(sheets[who]), *more[who]), until
                elif entry[0].poll() is not None or len(box.notes) >= entry[1]:
                    kills += entry[0].poll() is None
                    kill(entry[0])
                    running[who] = None
        for entry in filter(None, running):
            kill(entry[0])
        box.set_limit(None)
        doubted = sum(desk.finish(sheet, *more[who]) for who in range(2) for sheet in sheets[who])
        desk.are_there(4 * ROWS, doubted)
