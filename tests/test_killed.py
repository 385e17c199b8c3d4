"""The program, killed again and again, ends with every note on the server exactly once and every row's result true."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.sandbox import Fault, Limit, Sandbox
from tests.truth import DELIVERED, Line, check, read_results, write_csv, write_sheet

pytestmark = pytest.mark.slow

KEY = "a-key-that-nobody-may-see"
KILLS = 3  # of each import
LIMIT = Limit.parse("150/1s:headers:429")
_LONGEST = 150.0  # seconds that anything in here may take; far more than it does
# A success that names no notes isn't among them: it rests for five minutes, which no test waits for (test_answers.py).
MIXED = [
    "500:after%0.05", "502:after%0.02", "504:after%0.02", "reset:after%0.02", "hang=1.4:after%0.01",
    "truncated:after%0.05", "truncated:before%0.03", "500:before%0.03", "reset:before%0.02",
    "late=0.4%0.02", "cut-request%0.02", "503=1%0.01", "500:GET%0.01", "reset:GET%0.01", "truncated:GET%0.01",
]  # fmt: skip


class Time:
    """A server's time, which the test can set."""

    def __init__(self, behind: float) -> None:
        self.behind = behind

    def __call__(self) -> float:
        return time.time() - self.behind


def start(box: Sandbox, sheet: Path, *more: str) -> subprocess.Popen[str]:
    """The real program, importing the sheet."""
    folder = sheet.parent
    arguments = [
        "run", str(sheet), "--yes", "--base-url", box.url, "--journal", str(folder / "journal.sqlite"),
        "--results", str(folder / "results.csv"), "--batch-size", "4", "--workers", "4",
        "--read-timeout", "1", "--settle", "0.2", *more,
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "tests.few_workers", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "SALESHANDY_API_KEY": KEY, "PYTHONIOENCODING": "utf-8"},
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


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


def kill_and_go_on(box: Sandbox, sheet: Path, chance: random.Random, more: Sequence[str] = ()) -> tuple[int, int, str]:
    """Kill the program so many times, then let it end: kills, its exit status and what it printed last."""
    kills = 0
    while kills < KILLS:
        process = start(box, sheet, *more)
        before = len(box.received)
        is_killed = wait_for_requests(box, before + chance.randint(1, 6), process)
        if is_killed:
            time.sleep(chance.random() * 0.03)
            process.kill()
            kills += 1
        process.communicate(timeout=_LONGEST)
        if not is_killed:
            break
    for _ in range(5):
        status, output = finish(start(box, sheet, *more))
        if status != 3:
            break
    return kills, status, output


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_any_moment_and_run_again_it_delivers_every_note_once(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed, journal = 1, list[str]()
    if database == "postgresql":
        journal = ["--journal", str(request.getfixturevalue("postgres").journal())]
    chance = random.Random(seed)
    lines = lines_of(chance)
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    with Sandbox(
        api_key=KEY, faults=[Fault.parse(text) for text in MIXED], limit=LIMIT, seed=seed, latency=0.005
    ) as box:
        kills, status, output = kill_and_go_on(box, sheet, chance, journal)
        assert kills == KILLS
        assert status == 1, output  # the unknown prospects need a person
        counts = check(lines, tmp_path / "results.csv", box)
        created = sum(counts[result] for result in DELIVERED)
        assert (created, counts["rejected"]) == (len(lines) - 4, 4), output
        assert len(box.notes) == created
        assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
        before = sum(received.method == "POST" for received in box.received)
        finish(start(box, sheet, *journal))
        again = [received for received in box.received if received.method == "POST"][before:]
        sent = {prospect for received in again for prospect in (received.body or {}).get("prospectIds", [])}  # type: ignore[attr-defined]
        assert {prospect for prospect in sent if prospect.startswith("P")} == set()  # only rejected ones again


def test_killed_again_and_again_a_row_of_several_people_has_one_true_outcome(tmp_path: Path) -> None:
    """Each of them has the note once, and the row all its IDs, or none if one of them is nobody."""
    chance = random.Random(30)
    people = [f"{chance.choice('abcdefg')}Rsp{number:04}" for number in range(40)]
    rows = [(chance.sample(people, chance.randint(1, 4)), f"Note {number % 12}") for number in range(50)]
    rows += [(["INVALID1", *chance.sample(people, 2)], f"Note {number}") for number in range(3)]
    chance.shuffle(rows)
    lines = [Line(chance.choice([";", ", ", " | ", "\n"]).join(named), note) for named, note in rows]
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    with Sandbox(api_key=KEY, faults=[Fault.parse(text) for text in MIXED], limit=LIMIT, seed=30, latency=0.005) as box:
        more = ("--several-in-cell", "each")
        kills, status, output = kill_and_go_on(box, sheet, chance, more)
        assert (kills, status) == (KILLS, 1), output
        wanted = {(person, note) for named, note in rows for person in named if person != "INVALID1"}
        assert Counter((note.prospect_id, note.sent_content) for note in box.notes) == Counter(wanted)
        ids = {(note.prospect_id, note.sent_content): note.id for note in box.notes}
        for (named, note), row in zip(rows, read_results(tmp_path / "results.csv"), strict=True):
            if "INVALID1" in named:
                assert (row["result"], row["note_id"]) == ("rejected", "")
                assert all(ids[person, note] in row["reason"] for person in named[1:])
            else:
                assert row["result"] in (*DELIVERED, "duplicate")
                assert row["note_id"].split("; ") == [ids[person, note] for person in named]
        before = sum(received.method == "POST" for received in box.received)
        finish(start(box, sheet, *more))
        again = [received for received in box.received if received.method == "POST"][before:]
        sent = {prospect for received in again for prospect in (received.body or {}).get("prospectIds", [])}  # type: ignore[attr-defined]
        assert sent == {"INVALID1"}


def test_killed_in_a_workspace_with_notes_of_other_people_it_adopts_none_of_theirs(tmp_path: Path) -> None:
    chance = random.Random(20)
    # So many that no import is over before the last kill: what is under way at a kill is made all the same.
    lines = [Line(f"P{number}", "The same old text") for number in range(300)]
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    now = Time(behind=3600)
    with Sandbox(
        api_key=KEY, faults=[Fault.parse(text) for text in MIXED], limit=LIMIT, seed=20, latency=0.005,
        time_source=now,
    ) as box:  # fmt: skip
        earlier = {box.write(line.prospect, line.note) for line in lines}  # an hour ago by the server's clock
        now.behind = 0
        kills, status, output = kill_and_go_on(box, sheet, chance)
        assert kills == KILLS
        assert status in (0, 1), output
        rows = read_results(tmp_path / "results.csv")
        # A run that was killed before any answer has no note that tells its clock: what it sent stays in doubt.
        doubted = [row for row in rows if row["result"] == "unconfirmed"]
        assert all("its date is shortly before" in row["reason"] for row in doubted)
        assert len(doubted) <= 4 * 4 * KILLS, "what four workers had sent in requests of four"
        there = Counter(note.prospect_id for note in box.notes)
        assert max(there.values()) == 2
        ids = {row["note_id"] for row in rows if row["note_id"]}
        assert len(ids) == len(lines) - len(doubted) <= sum(there.values()) - len(lines)
        assert not ids & earlier


# -- files ------------------------------------------------------------------------------------------------------------

UPLOADING = [
    "500:after:upload%0.1", "reset:after:upload%0.1", "truncated:after:upload%0.1", "reset:before:upload%0.1",
    "500:after%0.1", "reset:after%0.1", "truncated:after%0.1",
]  # fmt: skip


def known_to_be_up(journal: Path) -> set[str]:
    """Digests of the files that the journal knows to be there."""
    if not journal.exists():
        return set()
    with closing(sqlite3.connect(journal)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'remembered'").fetchall():
            return set()
        return {name for (name,) in connection.execute("SELECT name FROM remembered WHERE kind = 'uploads'")}


def test_at_any_moment_all_files_are_known_but_those_under_way(tmp_path: Path) -> None:
    """A worker, and two calls that wait for it."""
    (tmp_path / "files").mkdir()
    for number in range(60):
        (tmp_path / "files" / str(number)).write_text(f"File {number}", encoding="utf-8")
    rows = "".join(f"P1,Note {number},2,{number}\n" for number in range(60))
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"Prospect ID,Note,Visibility,Attachments\n{rows}", encoding="utf-8")
    more = ["--attachments", str(tmp_path / "files"), "--workers", "1"]
    with Sandbox(api_key=KEY, latency=0.01) as box:
        process = start(box, sheet, *more)
        assert wait_for_requests(box, 20, process)
        process.kill()
        process.communicate(timeout=_LONGEST)
        up, known = len(box.attachments), known_to_be_up(tmp_path / "journal.sqlite")
        assert up - 3 <= len(known) <= up < 60
        status, output = finish(start(box, sheet, *more))
        assert status == 0, output
        times = Counter(upload.sha256 for upload in box.attachments)
        assert {times[digest] for digest in known} == {1}
        assert len(box.notes) == 60


def test_killed_amid_uploads_it_uploads_nothing_again_that_is_up_and_every_note_carries_its_files(
    tmp_path: Path,
) -> None:
    chance = random.Random(0)
    files = tmp_path / "files"
    files.mkdir()
    for number in range(20):
        (files / f"{number}.txt").write_text(f"File {number}", encoding="utf-8")
    rows = [(f"P{row}", f"Note {row % 25}", "2", f"{row % 20}.txt; {row % 5}.txt") for row in range(100)]
    sheet = tmp_path / "sheet.csv"
    write_csv(sheet, ("Prospect ID", "Note", "Visibility", "Attachments"), *rows)
    more = ["--attachments", str(files), "--workers", "2"]
    known: set[str] = set()
    with Sandbox(
        api_key=KEY, faults=[Fault.parse(text) for text in UPLOADING], seed=0, latency=0.005
    ) as box:  # fmt: skip
        for _ in range(KILLS):
            process, before = start(box, sheet, *more), len(box.attachments)
            if wait_for_requests(box, len(box.received) + chance.randint(1, 8), process):
                time.sleep(chance.random() * 0.02)
                process.kill()
            process.communicate(timeout=_LONGEST)
            assert not known & {upload.sha256 for upload in box.attachments[before:]}
            known |= known_to_be_up(tmp_path / "journal.sqlite")
        assert known
        for _ in range(5):
            status, output = finish(start(box, sheet, *more))
            if status != 3:
                break
        assert status == 0, output
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
