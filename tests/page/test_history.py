"""Runs, asked for without a browser: what they tell, what is asked before anything is changed, what is refused."""

from __future__ import annotations

import contextvars
import multiprocessing
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient

from importer import operations
from importer.errors import Changed
from importer.importing.preview import Preview
from importer.importing.run import prepare
from importer.messages import render
from importer.operations.hide import Which
from importer.page import jobs, reading
from importer.page.jobs import Ended, Word
from importer.page.screens import Parts
from importer.page.state import State
from importer.page.uploads import DroppedFile
from importer.settings import Settings
from importer.telling import result_rows
from tests.page.conftest import HOME, OURS, write
from tests.page.test_site import HOSTILE
from tests.running import run
from tests.sandbox import Fault, Sandbox

ROWS = [("p1", "Hello", "Public"), ("p2", "Hello", "Public"), ("p3", "", "Public")]


def see(friend: FlaskClient, address: str) -> str:
    answer = friend.get(address, base_url=OURS)
    assert answer.status_code == 200, address
    return answer.text


def post(friend: FlaskClient, address: str, **form: object) -> tuple[int, str]:
    answer = friend.post(address, base_url=OURS, headers={"Origin": OURS}, data=form)
    return answer.status_code, answer.text


def imported(path: Path, settings: Settings) -> str:
    """The name of a run of this file."""
    report = run(path, settings)
    assert report is not None
    return report.run


def kept(parts: Parts, path: Path) -> DroppedFile:
    """The same file, dropped on the page."""
    return parts.uploads.add(path.name, lambda to: to.write_bytes(path.read_bytes()))


def done(task: jobs.Task) -> Ended:
    """What a process of its own would tell at last."""
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        return task.do(Word(theirs))


def test_where_nothing_was_imported_that_is_said_and_no_journal_is_made(
    friend: FlaskClient, settings: Settings
) -> None:
    """It is said that there is none."""
    assert "No run is recorded yet." in see(friend, "/runs")
    assert not Path(settings.journal).exists()


def test_runs_are_listed_and_each_tells_what_it_came_to(
    friend: FlaskClient, settings: Settings, tmp_path: Path
) -> None:
    """With its file, what its counts mean and ask for; of this workspace alone; nothing of a file is part of a page."""
    ours = imported(write(tmp_path / "'><b>n&.csv", ROWS), settings)
    other = imported(write(tmp_path / "m.csv", ROWS), replace(settings, profile="other"))
    listed = see(friend, "/runs")
    assert "&#39;&gt;&lt;b&gt;n&amp;.csv" in listed
    assert "2 created" in listed
    assert "1 invalid" in listed
    assert "m.csv" not in listed
    current = see(friend, f"/runs/{ours}")
    assert "the sheet contains a problem. Correct the cell, then import it again" in current
    for address in (f"/runs/{other}", f"/runs/{other}/hide", f"/runs/{other}/results", "/runs/last", "/runs/20200101"):
        assert friend.get(address, base_url=OURS).status_code == 404, address


@pytest.mark.usefixtures("jumping")
def test_a_run_whose_file_is_kept_is_gone_on_with_from_its_screen(
    friend: FlaskClient, parts: Parts, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The file is known by what it holds, with the answers about it; only five are sent first no more."""
    box.set_faults([Fault.parse("503:any@2-")])
    path = write(tmp_path / "n.csv", [(f"p{i}", f"Note {i}", "Public") for i in range(4)])
    name = imported(path, replace(settings, give_up=1, workers=1))
    upload = kept(parts, path)
    upload.state = State((("ignore", "State"), ("first", "5")))
    parts.uploads.is_sent(upload, settings.workspace)
    assert upload.state.answers == (("ignore", "State"),)
    current = see(friend, f"/runs/{name}")
    assert f'href="{HOME}/file/{upload.id}">Send the rest' in current
    assert f'href="{HOME}/file/{upload.id}"' in see(friend, "/")
    assert post(friend, f"/file/{upload.id}/forget")[0] == 303
    assert not upload.folder.exists()
    assert f"/file/{upload.id}" not in see(friend, f"/runs/{name}")


def test_before_notes_are_hidden_their_number_and_some_of_them_are_shown_and_agreed_to(
    friend: FlaskClient, parts: Parts, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """What they say comes from the run's rows, if they are kept; without the tick, or elsewhere, nothing is done."""
    path = write(tmp_path / "n.csv", [(f"p{i}", HOSTILE, "Public") for i in range(7)])
    upload, seen = kept(parts, path), list[tuple[Any, Any]]()
    with prepare(path, settings) as prepared:
        name = prepared.send(see=lambda *both: seen.append(both)).run
    assert '<td class="whole"><bdi>' not in see(friend, f"/runs/{name}/hide"), "nothing was kept"
    result_rows.write(reading.rows_path(upload.folder, name), *seen[0])
    asked = see(friend, f"/runs/{name}/hide")
    assert "Hide 7 notes?" in asked
    assert [f"<bdi>p{i}</bdi>" in asked for i in range(7)] == [True] * 5 + [False] * 2
    assert asked.count("{{7*7}}") == 5
    assert "<img" not in asked
    assert f"<dd>{settings.profile} at " in asked
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked))
    now = f"/runs/{name}/hide/now"
    assert post(friend, now, **form)[0] == 400
    assert post(friend, now, **{**form, "workspace": "live", "agreed": "yes"})[0] == 409
    assert post(friend, now, **{**form, "expected": "-7", "agreed": "yes"})[0] == 400
    assert not parts.jobs.under_way


def test_what_was_agreed_to_hide_must_still_be_true(
    friend: FlaskClient, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Another number: nothing is changed. The same: just these are private drafts; then nothing is left to hide."""
    name = imported(write(tmp_path / "n.csv", ROWS), settings)
    with pytest.raises(Changed, match="have changed since you agreed"):
        done(jobs.Hide(settings, name, 3))
    assert {note.status for note in box.notes} == {"1"}
    assert "Hide its notes" in see(friend, f"/runs/{name}")
    ended = done(jobs.Hide(settings, name, 2))
    current = see(friend, f"/runs/{name}")
    assert "the notes were hidden later: private drafts now" in current
    assert ">2 hidden later</span>" in see(friend, "/runs")
    assert "Hide its notes" not in current
    assert ended.exit_status == 0
    assert render(ended.besides[0]).startswith("2 notes are now private drafts.")
    assert {(note.visibility, note.status) for note in box.notes} == {("2", "0")}
    for which in (Which(name), Which()):
        assert reading.to_hide(which, settings, None) == {"number": 0, "left": 0, "some": []}


@pytest.mark.usefixtures("jumping")
def test_what_is_unclear_is_counted_and_looked_up(
    friend: FlaskClient, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The list says how much it is, and one button looks it up: afterwards the results know of it."""
    box.set_faults([Fault.parse("500:after@1"), Fault.parse("503:any@2-")])
    path = write(tmp_path / "n.csv", ROWS)
    name = imported(path, replace(settings, give_up=1))
    assert operations.verify.unclear(settings) == 2
    assert "2 notes may or may not exist." in see(friend, "/runs")
    assert "Look up unconfirmed notes" in see(friend, f"/runs/{name}")
    assert post(friend, "/runs/look-up")[0] == 409, "whose notes are meant is said by the form"
    box.clear_faults()
    ended = done(jobs.LookUpTask(settings))
    assert ended.exit_status == 0
    assert "2 notes found. They now count as created." in [render(said) for said in ended.besides]
    current = see(friend, f"/runs/{name}")
    assert "Look up unconfirmed notes" not in current
    assert "looked up later" in current
    assert len(box.notes) == 2


def test_what_the_page_writes_into_results_names_no_flag(
    parts: Parts, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a row's reason nor in the summary: who has a mouse has none to type."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    head = ("Prospect ID", "Note", "Visibility", "Attachments")
    upload = kept(parts, write(tmp_path / "n.csv", [("p1", "Hello", "1", ""), ("p2", "Hello", "1", "call.pdf")], head))
    found = reading.check(upload.folder, upload.name, settings, upload.folder / "rows.db")
    assert isinstance(found, Preview)
    task = jobs.Send(settings, upload.folder, upload.name, digest=found.digest, is_meant=True)
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        contextvars.copy_context().run(jobs.perform, theirs, task)
        while not isinstance(ended := ours.recv(), Ended):
            pass
    assert ended.results is not None, ended
    texts = {str(cell) for sheet in openpyxl.load_workbook(ended.results) for row in sheet.values for cell in row}
    assert [text for text in texts if "Drop the file on this page" in text]
    assert not [text for text in texts if re.search(r"--\w|note-importer \w|`", text)]


def test_results_that_a_run_did_not_come_to_write_are_written_by_sending_the_file_once_more(
    parts: Parts, settings: Settings, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left to send, so that there is nothing to agree to."""
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "n.csv", ROWS)
    imported(path, settings)
    upload = kept(parts, path)
    found = reading.check(upload.folder, upload.name, settings, upload.folder / "rows.db")
    assert isinstance(found, Preview)
    assert (found.can_be_sent, found.lacks_only_results) == (False, True)
    ended = done(jobs.Send(settings, upload.folder, upload.name, digest=found.digest))
    assert {str(result): rows for result, rows, _ in ended.counts} == {"already imported": 2, "invalid": 1}
    assert ended.results == upload.folder / "n.results.xlsx"
    assert len(box.notes) == 2
