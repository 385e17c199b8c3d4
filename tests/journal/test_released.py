"""Journals that releases wrote are gone on with: what they knew is never delivered again.

What stands in ``released`` is from their own code, run over a sandbox: a batch size of 2 that proved to
work, a limit, a rejection, drafts and private notes, a run that was hidden, two profiles, deliveries that could not be
looked up, and a run that was killed with a request on its way.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
import urllib.request
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from importer.commands.hide import hide, what_to_hide
from importer.commands.verify import verify
from importer.journal import VERSION, Journal
from importer.models import Result, Workspace
from importer.sandbox import Sandbox
from importer.settings import Settings
from tests import running
from tests.truth import Line, read_results, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

RELEASED = sorted(Path(__file__).with_name("released").glob("*.sql"))
PLAN = "Spoke about the annual plan."
CREATED = {
    **{Line(f"P{number}", PLAN): note_id for number, note_id in enumerate(
        ("66t8rVbI", "jXoY62Yc", "wNjOLaMH", "JDeEqizc", "Wt9t5pmH", "9j4jKx9b"), 1)},
    Line("P1", "<p>Seen by me</p>", "2"): "maZ9oFWG",
    Line("P2", "A draft", "1", "0"): "z0TZ3MJb",
}  # fmt: skip
HIDDEN = {Line("P7", "To be hidden"): "MQOPIUwG", Line("P8", "To be hidden"): "ZGJFn2jb"}
UNCLEAR = [
    Line("P9", "In doubt"), Line("P12", "Never found out"), Line("P10", "Broken off"), Line("P11", "Broken off")
]  # fmt: skip
REJECTED = Line("INVALID1", PLAN)
THERE = "http://127.0.0.1:8081/v1"
MOMENT = re.compile(r"\b1(?:[7-9]\d{8}\.\d+|\.[7-9]\d+e\+09)\b")  # in seconds since 1970


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def released(request: pytest.FixtureRequest, settings: Settings) -> Path:
    """A journal of an earlier release, of runs at the sandbox's address; its last one broke off a minute ago."""
    path = Path(settings.journal)
    script = request.param.read_text(encoding="utf-8").replace(THERE, settings.base_url)
    later = time.time() - 60 - max(float(moment) for moment in MOMENT.findall(script))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MOMENT.sub(lambda moment: str(float(moment[0]) + later), script))
    return path


def deliver(box: Sandbox, line: Line) -> None:
    """Create a note as a request did whose answer never came."""
    body = {"prospectIds": [line.prospect], "content": line.note, "visibility": line.visibility, "status": line.status}
    headers = {"content-type": "application/json", "x-api-key": box.api_key}
    request = urllib.request.Request(f"{box.url}/notes", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert reply.status == 201


def test_there_is_one_of_each_version_that_was_released() -> None:
    assert [path.stem for path in RELEASED] == [f"schema{version}" for version in range(10, VERSION + 1)]


def test_an_import_over_it_sends_nothing_again(
    released: Path, box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """What is unclear is looked up, and found; only what was rejected is tried again."""
    for line in UNCLEAR:
        deliver(box, line)
    before = len(box.received)
    lines = [*CREATED, *HIDDEN, *UNCLEAR, REJECTED]
    sheet = write_sheet(tmp_path / "all.csv", lines)
    report = running.run(sheet, replace(settings, results=tmp_path / "results.csv"))
    assert report is not None
    posts = [call.body for call in box.received[before:] if call.method == "POST"]
    assert [body and body["prospectIds"] for body in posts] == [["INVALID1"]]
    rows = read_results(tmp_path / "results.csv")
    known = [*CREATED.values(), *HIDDEN.values()]
    assert [row["note_id"] for row in rows[: len(known)]] == known
    assert [row["result"] for row in rows] == ["already imported"] * len(known) + ["created"] * 4 + ["rejected"]
    assert len(box.notes) == 4


def test_what_surely_is_not_there_is_sent_once(
    released: Path, box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """The run that was killed may not have reached the server."""
    sheet = write_sheet(tmp_path / "unclear.csv", UNCLEAR)
    report = running.run(sheet, settings)
    assert report is not None
    assert report.counts == {Result.CREATED: 4}
    assert sorted(note.prospect_id for note in box.notes) == ["P10", "P11", "P12", "P9"]
    again = running.run(sheet, settings)
    assert again is not None
    assert again.counts == {Result.ALREADY_IMPORTED: 4}
    assert len(box.notes) == 4


def test_it_keeps_its_runs_and_what_was_learned(released: Path, settings: Settings) -> None:
    with closing(sqlite3.connect(released)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM runs ORDER BY id DESC")]
    other = Workspace("other", settings.base_url)
    with Journal.open(released) as journal:
        assert [run.name for run in journal.runs.listed()] == names
        runs = journal.runs.listed(settings.workspace)
        assert [run.file for run in runs] == ["four.csv", "five.csv", "three.csv", "two.csv", "one.csv"]
        assert [run.ended for run in runs] == [None, "finished", "stopped", "finished", "finished"]
        assert runs[-1].counts == {"created": 8, "rejected": 1}
        assert journal.runs.workspaces() == [settings.workspace, other]
        assert journal.learned.batch_size(settings.workspace) == 2
        assert journal.learned.limit(settings.workspace) == (20, 1.0)
        assert (journal.learned.batch_size(other), journal.learned.limit(other)) == (None, None)
        assert {known.note_id for known in journal.deliveries.created_by(runs[-1])} == set(CREATED.values())
        assert journal.deliveries.workspaces_of(["MQOPIUwG"]) == [settings.workspace]


def test_it_keeps_its_id(released: Path, settings: Settings) -> None:
    with Journal.open(released) as journal:
        first = journal.id
    with Journal.open(released) as journal:
        assert journal.id == first
    assert len(first) == 32
    with closing(sqlite3.connect(released)) as connection:
        assert dict(connection.execute("SELECT name, value FROM about"))["schema"] == str(VERSION)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_verify_and_hide_go_on_with_it(released: Path, box: Sandbox, settings: Settings) -> None:
    for line in UNCLEAR:
        deliver(box, line)
    found = verify(settings)
    assert (found.found, found.absent, found.unconfirmed) == (4, 0, 0)
    with Journal.open(released) as journal:
        killed = journal.runs.listed(settings.workspace)[0].name
    planned = what_to_hide(killed, settings)
    assert len(planned.notes) == 2
    assert hide(planned, settings).hidden == 2
