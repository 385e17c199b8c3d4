"""Runs, asked for without a browser: what they tell, what is asked before anything is changed, what is refused."""

import contextlib
import contextvars
import multiprocessing
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer import importing, operations
from importer.errors import Changed
from importer.importing.run import prepare
from importer.messages import render, say
from importer.operations.hide import Which
from importer.page import jobs, reading
from importer.page.jobs import Ended
from importer.page.screens import Parts
from importer.page.uploads import DroppedFile, State
from importer.settings import Settings
from importer.telling import result_rows
from importer.telling.preview_messages import Described
from tests.page.conftest import done, write
from tests.page.person import HOME, Person
from tests.page.test_site import HOSTILE
from tests.running import ran
from tests.sandbox import Fault, Sandbox

ROWS = [("p1", "Hello", "Public"), ("p2", "Hello", "Public"), ("p3", "", "Public")]


def imported(path: Path, settings: Settings) -> str:
    return ran(path, settings).run


def kept(parts: Parts, path: Path) -> DroppedFile:
    return parts.uploads.add(path.name, lambda to: to.write_bytes(path.read_bytes()))


def test_runs_are_listed_and_each_tells_what_it_came_to(person: Person, settings: Settings, tmp_path: Path) -> None:
    ours = imported(write(tmp_path / "'><b>n&.csv", ROWS), settings)
    other = imported(write(tmp_path / "m.csv", ROWS), replace(settings, profile="other"))
    listed = person.sees("/runs")
    assert "&#39;&gt;&lt;b&gt;n&amp;.csv" in person.answer.text
    assert "2 created" in listed
    assert "1 invalid" in listed
    assert "m.csv" not in listed
    current = person.sees(f"/runs/{ours}")
    assert "the sheet contains a problem. Correct the cell, then import it again" in current
    for address in (f"/runs/{other}", f"/runs/{other}/hide", f"/runs/{other}/results", "/runs/last", "/runs/20200101"):
        assert person.gets(address).status == 404, address


@pytest.mark.usefixtures("jumping")
def test_a_run_whose_file_is_kept_is_gone_on_with_from_its_screen(
    person: Person, parts: Parts, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    box.set_faults([Fault.parse("503:any@2-")])
    path = write(tmp_path / "n.csv", [(f"p{i}", f"Note {i}", "Public") for i in range(4)])
    name = imported(path, replace(settings, give_up=1, workers=1))
    upload = kept(parts, path)
    upload.state = State((("ignore", "State"), ("in-doubt", "same")))
    parts.uploads.is_sent(upload, settings.workspace)
    assert upload.state.answers == (("ignore", "State"),)
    current = person.sees(f"/runs/{name}")
    assert f'href="{HOME}/file/{upload.id}">Send the rest' in current
    assert f'href="{HOME}/file/{upload.id}"' in person.sees("/")
    assert person.presses(f"/file/{upload.id}/forget").status == 200
    assert not upload.folder.exists()
    assert f"/file/{upload.id}" not in person.sees(f"/runs/{name}")


def test_before_notes_are_hidden_their_number_and_some_of_them_are_shown_and_agreed_to(
    person: Person, parts: Parts, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    path = write(tmp_path / "n.csv", [(f"p{i}", HOSTILE, "Public") for i in range(7)])
    upload = kept(parts, path)
    with prepare(path, settings) as prepared:
        name = prepared.send().run
        assert prepared.sent is not None
    assert '<td class="whole"><bdi>' not in person.sees(f"/runs/{name}/hide"), "nothing was kept"
    result_rows.write(reading.rows_path(upload.folder, name), *prepared.sent)
    asked = person.sees(f"/runs/{name}/hide")
    assert "Hide 7 notes?" in asked
    assert [f"<bdi>p{i}</bdi>" in asked for i in range(7)] == [True] * 5 + [False] * 2
    assert asked.count("{{7*7}}") == 5
    assert "<img" not in person.answer.text
    assert f"<dd>{settings.profile} at " in asked
    now = f"/runs/{name}/hide/now"
    asked_for: list[tuple[dict[str, Any], int]] = [
        ({}, 400), ({"workspace": "live", "agreed": "yes"}, 409), ({"expected": "-7", "agreed": "yes"}, 400),
    ]  # fmt: skip
    for given, status in asked_for:
        assert person.presses(now, **given).status == status
    assert not parts.jobs.under_way


def test_what_is_agreed_to_hide_must_be_true(person: Person, settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    name = imported(write(tmp_path / "n.csv", ROWS), settings)
    with pytest.raises(Changed, match="have changed since you agreed"):
        done(jobs.Hide(settings, name, 3))
    assert {note.status for note in box.notes} == {"1"}
    assert "Hide its notes" in person.sees(f"/runs/{name}")
    ended = done(jobs.Hide(settings, name, 2))
    current = person.sees(f"/runs/{name}")
    assert "the notes were hidden later: private drafts now" in current
    assert ">2 hidden later</span>" in person.sees("/runs")
    assert "Hide its notes" not in current
    assert ended.exit_status == 0
    assert render(ended.besides[0]).startswith("2 notes are now private drafts.")
    assert {(note.visibility, note.status) for note in box.notes} == {("2", "0")}
    assert render(say(f"page.job.{jobs.Hide(settings, name, 2, undo=True).kind}")) == "Giving notes back"
    for which in (Which(name), Which()):
        assert reading.to_hide(which, settings, None) == {"number": 0, "left": 0, "unclear": 0, "some": []}


@pytest.mark.usefixtures("jumping")
def test_unclear_notes_are_told_and_looked_up(person: Person, settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    box.set_faults([Fault.parse("500:after@1"), Fault.parse("503:any@2-")])
    path = write(tmp_path / "n.csv", ROWS)
    name = imported(path, replace(settings, give_up=1))
    assert operations.verify.unclear(settings) == 2
    assert "2 notes may or may not exist." in person.sees("/runs")
    assert "Look up unconfirmed notes" in person.sees(f"/runs/{name}")
    assert person.presses("/runs/look-up", workspace="").status == 409, "whose notes are meant is said by the form"
    box.clear_faults()
    ended = done(jobs.LookUpTask(settings))
    assert ended.exit_status == 0
    assert "2 notes found. They now count as created." in [render(said) for said in ended.besides]
    current = person.sees(f"/runs/{name}")
    assert "Look up unconfirmed notes" not in current
    assert "looked up later" in current
    assert len(box.notes) == 2


def test_what_the_page_writes_into_results_names_no_flag(
    parts: Parts, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    head = ("Prospect ID", "Note", "Visibility", "Attachments")
    upload = kept(parts, write(tmp_path / "n.csv", [("p1", "Hello", "1", ""), ("p2", "Hello", "1", "call.pdf")], head))
    found = reading.check(upload.folder, upload.name, settings, upload.folder / "rows.db")
    assert isinstance(found, Described)
    task = jobs.Send(settings, upload.folder, upload.name, digest=found.digest)
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        contextvars.copy_context().run(jobs.perform, theirs, task)
        while not isinstance(ended := ours.recv(), Ended):
            pass
    assert ended.results is not None, ended
    texts = {str(cell) for sheet in openpyxl.load_workbook(ended.results) for row in sheet.values for cell in row}
    assert [text for text in texts if "Drop the file on this page" in text]
    assert not [text for text in texts if re.search(r"--\w|note-importer \w|`", text)]


def test_results_that_a_run_did_not_come_to_write_are_offered(parts: Parts, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", ROWS)
    imported(path, settings)
    upload = kept(parts, path)
    found = reading.check(upload.folder, upload.name, settings, upload.folder / "rows.db")
    assert isinstance(found, Described)
    assert (found.can_be_sent, found.lacks_only_results) == (False, True)


BEFORE = [("p1", "Hello", "Public"), ("p2", "Hello", "Private")]
AFTER = [("p1", "Hello", "Private"), ("p2", "Hello", "Public")]


def test_updates_of_other_notes_are_offered(person: Person, settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    """Also if the file was checked before they were sent.

    The screen before it has a button that says all it does, and a box to tick for what becomes more visible.
    """
    checked = person.drops(write(tmp_path / "later.csv", [*AFTER, ("p3", "Ho", "Public")]))
    assert "Ready: 3 notes to send." in checked
    imported(write(tmp_path / "n.csv", BEFORE), settings)
    assert (
        "2 notes are in Saleshandy already, and differ from" in (seen := person.sees()) and "Update notes …" in seen
    )  # in the same minute
    asked = person.posts("choose", answer="update yes")
    assert "<h1>Send 1 note, and update 2?</h1>" in asked
    assert ">Send 1 note, and update 2</button>" in asked
    assert "Also make the change that makes 1 note more visible" in asked
    assert re.search(r"row 3, prospect p2: private\. Afterwards public", asked)
    assert {note.prospect_id: note.visibility for note in box.notes} == {"p1": "1", "p2": "2"}


def test_the_changes_that_need_a_yes_are_those_of_the_corrected_rows(
    person: Person, settings: Settings, tmp_path: Path
) -> None:
    imported(write(tmp_path / "n.csv", BEFORE), settings)
    person.drops(write(tmp_path / "later.csv", BEFORE))
    person.posts("mend/change", cell_3_2="Public")
    assert "row 3, prospect p2: private. Afterwards public" in person.posts("choose", answer="update yes")


@pytest.mark.parametrize(("agrees", "seen"), [(False, {"p1": "2", "p2": "2"}), (True, {"p1": "2", "p2": "1"})])
def test_without_a_tick_nothing_becomes_more_visible(
    settings: Settings, box: Sandbox, tmp_path: Path, *, agrees: bool, seen: dict[str, str]
) -> None:
    imported(write(tmp_path / "n.csv", BEFORE), settings)
    path, settings = write(tmp_path / "later.csv", AFTER), replace(settings, update=True)
    with contextlib.chdir(tmp_path), importing.run.prepare(path.name, settings) as prepared:
        digest = prepared.preview.digest
    ended = done(jobs.Send(settings, tmp_path, path.name, digest=digest, agrees=agrees))
    assert ended.exit_status == int(not agrees), [render(line) for line in ended.besides]
    assert {note.prospect_id: note.visibility for note in box.notes} == seen
