"""The program, killed again and again, ends with every note on the server exactly once and every row's result true."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import Fault, Limit, Sandbox
from tests.truth import DELIVERED, Line, check, read_results, write_csv, write_sheet

pytestmark = pytest.mark.slow

KEY = "a-key-that-nobody-may-see"
KILLS = 3  # of each import
QUICK = ("--read-timeout", "1", "--settle", "0.2")
LIMIT = Limit.parse("150/1s:headers:429")
_LONGEST = 150.0  # seconds that anything in here may take; far more than it does
# A success that names no notes isn't among them: it rests for five minutes, which no test waits for (test_answers.py).
MIXED = [
    "500:after%0.05", "502:after%0.02", "504:after%0.02", "reset:after%0.02", "hang=1.4:after%0.01",
    "truncated:after%0.05", "truncated:before%0.03", "500:before%0.03", "reset:before%0.02",
    "late=0.4%0.02", "cut-request%0.02", "503=1%0.01", "500:GET%0.01", "reset:GET%0.01", "truncated:GET%0.01",
]  # fmt: skip


def troubled(seed: int, faults: Sequence[str] = MIXED, **more: Any) -> Sandbox:
    parsed = [Fault.parse(text) for text in faults]
    return Sandbox(api_key=KEY, faults=parsed, limit=LIMIT, seed=seed, latency=0.005, **more)


def begin(box: Sandbox, folder: Path, *words: object) -> subprocess.Popen[str]:
    """The real program, with a command for the journal of the folder, unless it names another."""
    journal = [] if "--journal" in words else ["--journal", folder / "journal.sqlite"]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.few_workers", *map(str, [*words, *journal, "--base-url", box.url])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        env={**os.environ, "HOME": str(folder), "SALESHANDY_API_KEY": KEY, "PYTHONIOENCODING": "utf-8"},
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )  # fmt: skip


def start(box: Sandbox, sheet: Path, *more: object) -> subprocess.Popen[str]:
    how = ["--yes", "--results", sheet.parent / "results.csv", "--batch-size", "4", "--workers", "4", *QUICK]
    return begin(box, sheet.parent, "run", sheet, *how, *more)


def wait_for_requests(box: Sandbox, count: int, process: subprocess.Popen[str]) -> bool:
    """Wait until the server has received so many requests in all; False if the program ended before."""
    deadline = time.monotonic() + _LONGEST
    while len(box.received) < count:
        if process.poll() is not None:
            return False
        assert time.monotonic() < deadline, "the program neither went on nor ended"
        time.sleep(0.002)
    return True


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Let the program end by itself: its exit status and all that it printed."""
    output, _ = process.communicate(timeout=_LONGEST)
    assert "Traceback" not in output
    assert KEY not in output
    return process.returncode, output


def lines_of(chance: random.Random) -> list[Line]:
    """A sheet of which a good deal shares its notes; some prospects are unknown, some malformed."""
    notes = [f"Note {number}: spoke about <b>terms</b> & price" for number in range(12)]
    lines = [
        Line(f"P{prospect}", note, chance.choice("12"), chance.choice("1110"))
        for prospect, note in ((chance.randrange(60), chance.choice(notes)) for _ in range(140))
    ]
    lines = list({(line.prospect, line.note): line for line in lines}.values())
    lines += [Line(f"INVALID{number}", notes[number]) for number in range(3)]
    lines += [Line("MALFORMED1", notes[5])]
    chance.shuffle(lines)
    return lines


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process, whatever it does; it may be over already."""
    process.kill()
    process.communicate(timeout=_LONGEST)


def kill_and_go_on(
    box: Sandbox, sheet: Path, chance: random.Random, *more: str, killed: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """Kill the program so many times, then let it end: its exit status and what it printed last."""
    for _ in range(KILLS):
        process = start(box, sheet, *more)
        assert wait_for_requests(box, len(box.received) + chance.randint(1, 6), process)
        time.sleep(chance.random() * 0.03)
        kill(process)
        killed()
    for _ in range(5):
        status, output = finish(start(box, sheet, *more))
        if status != 3:
            break
    return status, output


def sent_by_another_run(box: Sandbox, sheet: Path, *more: str) -> set[str]:
    """The prospects to which one more run sends something."""
    before = len(box.received)
    finish(start(box, sheet, *more))
    posts: list[Any] = [received.body for received in box.received[before:] if received.method == "POST"]
    return {prospect for body in posts if isinstance(body, dict) for prospect in body["prospectIds"]}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_any_moment_and_run_again_it_delivers_every_note_once(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    journal = ["--journal", request.getfixturevalue("postgres").journal()] if database == "postgresql" else []
    chance = random.Random(1)
    lines = lines_of(chance)
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    with troubled(1) as box:
        status, output = kill_and_go_on(box, sheet, chance, *journal)
        assert status == 1, output  # the unknown prospects need a person
        counts = check(lines, tmp_path / "results.csv", box)
        created = sum(counts[result] for result in DELIVERED)
        assert (created, counts["rejected"]) == (len(lines) - 4, 4), output
        assert len(box.notes) == created
        assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        again = sent_by_another_run(box, sheet, *journal)
        assert not [prospect for prospect in again if prospect.startswith("P")]  # only rejected ones again


UPLOADING = [
    "500:after:upload%0.1", "reset:after:upload%0.1", "truncated:after:upload%0.1", "reset:before:upload%0.1",
    "500:after%0.1", "reset:after%0.1", "truncated:after%0.1",
]  # fmt: skip


def test_killed_amid_uploads_it_uploads_nothing_again_that_is_up_and_every_note_carries_its_files(
    tmp_path: Path,
) -> None:
    (files := tmp_path / "files").mkdir()
    for number in range(20):
        (files / f"{number}.txt").write_text(f"File {number}", encoding="utf-8")
    rows = [(f"P{row}", f"Note {row % 25}", "2", f"{row % 20}.txt; {row % 5}.txt") for row in range(100)]
    sheet = write_csv(tmp_path / "sheet.csv", ("Prospect ID", "Note", "Visibility", "Attachments"), *rows)
    known = set[str]()
    uploads = 0
    with troubled(0, UPLOADING) as box:

        def look() -> None:
            """What the journal knew to be up at the kill before wasn't uploaded again."""
            nonlocal uploads
            assert not known & {upload.sha256 for upload in box.attachments[uploads:]}
            uploads = len(box.attachments)
            with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
                known.update(name for (name,) in connection.execute("SELECT name FROM remembered WHERE kind='uploads'"))

        more = ("--attachments", str(files), "--workers", "2")
        status, output = kill_and_go_on(box, sheet, random.Random(0), *more, killed=look)
        assert status == 0, output
        assert known
        look()
        digests = {upload.id: upload.sha256 for upload in box.attachments}
        held = sorted(
            (note.prospect_id, note.sent_content, tuple(digests[one] for one in note.attachment_ids))
            for note in box.notes
        )
    content = {f"{number}.txt": hashlib.sha256(f"File {number}".encode()).hexdigest() for number in range(20)}
    assert held == sorted(
        (prospect, note, tuple(content[name] for name in dict.fromkeys(names.split("; "))))
        for prospect, note, _, names in rows
    )


def test_the_program_ends_within_thirty_seconds_with_true_results(tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line(f"P{number}", f"Note {number}") for number in range(4)])
    one = ("--batch-size", "1", "--workers", "1")
    with Sandbox(api_key=KEY, faults=[Fault.parse("hang=600@2:after")]) as box:
        process = start(box, sheet, *one, "--read-timeout", "600")
        assert wait_for_requests(box, 3, process)  # the first call, a note, and another
        process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))  # Windows hears no other
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 3, output
        results = [row["result"] for row in read_results(tmp_path / "results.csv")]
        assert results.count("created") == 1
        assert "unconfirmed" in results  # claims that waited for the worker are in doubt, too
        assert {*results} <= {"created", "unconfirmed", "not sent"}
        status, output = finish(start(box, sheet, *one))
        assert status == 0, output
        assert sorted(note.prospect_id for note in box.notes) == ["P0", "P1", "P2", "P3"]


DAY = 86_400.0
CALLS = [Line(f"P{number}", f"Call number {number // 4}") for number in range(80)]


@pytest.mark.parametrize(("off", "then", "after"), [(0.0, -DAY, 9), (0.0, 1200.0, 1), (-DAY, 0.0, 1)])
def test_what_a_killed_run_sent_is_not_sent_again_whatever_the_clock_says_now(
    off: float, then: float, after: int, tmp_path: Path
) -> None:
    """Killed at its first requests, of which no id is known, or among later ones, when some are.

    Where its own clock was off, doubt may stay, which verify settles.
    """
    sheet = write_sheet(tmp_path / "sheet.csv", CALLS)
    with Sandbox(api_key=KEY, latency=0.15) as box:
        process = start(box, sheet, "--off", off)
        assert wait_for_requests(box, after, process)
        kill(process)
        status, output = finish(start(box, sheet, "--off", then))
        counts = check(CALLS, tmp_path / "results.csv", box)
        if off:
            status, output = finish(begin(box, tmp_path, "verify", *QUICK))
            assert status == 0, output
            status, output = finish(start(box, sheet))
        else:
            assert counts["unconfirmed"] == 0
        assert status == 0, output
        assert len(box.notes) == len(CALLS)
