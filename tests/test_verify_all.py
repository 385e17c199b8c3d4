"""Reading back all notes of a file says what became of each, and changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from importer.cli import main
from importer.journal import Journal
from importer.messages import Message
from importer.operations.verify import ReadBack, verify_all
from importer.settings.secrets import KEY_VARIABLE
from tests.delivering import KEY, deliver, settings
from tests.sandbox import Fault, Sandbox
from tests.sandbox.service import View
from tests.truth import Line

pytestmark = pytest.mark.usefixtures("jumping")

LINES = [Line(f"P{number}", f"Note {number}") for number in range(1, 7)]


def reasons(folder: Path) -> list[str]:
    """The reasons of the results, by row."""
    rows = [*load_workbook(folder / "sheet.verified.xlsx").worksheets[0].values]
    return [str(row[rows[0].index("reason")]) for row in rows[1:]]


def verified(
    box: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    capsys.readouterr()
    given = ["--journal", str(folder / "journal.sqlite"), "--base-url", box.url, "--settle", "0.05"]
    status = main(["verify", str(folder / "sheet.csv"), "--all", *given, "--read-timeout", "1", *more])
    return status, capsys.readouterr().out


def changes(box: Sandbox) -> int:
    return sum(call.method != "GET" for call in box.received)


def test_it_says_what_became_of_each_note_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES)
        ids = {note.prospect_id: note.id for note in box.notes}
        before = changes(box)
        status, said = verified(box, tmp_path, monkeypatch, capsys)
        assert (status, reasons(tmp_path)) == (0, ["there"] * 6)
        assert "6 prospects takes 6 calls or more: less than a second at 20 calls per minute." in said
        assert "There: 6" in said
        (tmp_path / "sheet.verified.xlsx").unlink()
        box.change(ids["P2"], content="<p>Somebody's own words</p>")
        box.remove(ids["P4"])
        box.write("P5", "Note 5")
        box.write("P6", "Another note of a colleague's")
        journal = (tmp_path / "journal.sqlite").read_bytes()
        status, said = verified(box, tmp_path, monkeypatch, capsys)
        assert (status, changes(box)) == (1, before)
        assert (tmp_path / "journal.sqlite").read_bytes() == journal
        one, two, three, four, five, six = reasons(tmp_path)
    assert (one, three, six) == ("there", "there", "there")
    assert two.startswith("changed since: a new text")
    assert four.startswith("gone")
    assert five.startswith("there; there twice: ")
    for sentence in ("Changed since: 1", "Gone: 1", "There twice: 1"):
        assert sentence in said


@pytest.mark.parametrize(("fields", "what"), [({"visibility": "2"}, "private now"), ({"status": "0"}, "a draft now")])
def test_it_says_when_and_by_whom_if_the_api_does(
    fields: dict[str, str],
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:1])
        box.change(box.notes[0].id, **fields)
        assert verified(box, tmp_path, monkeypatch, capsys)[0] == 1
    [reason] = reasons(tmp_path)
    assert reason.startswith(f"changed since: {what}, last changed on ")
    assert " by " in reason


def test_a_note_that_is_more_visible_than_the_sheet_says_now_is_to_be_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:2])
        seen = len(box.received)
        sheet = tmp_path / "sheet.csv"
        sheet.write_text(sheet.read_text(encoding="utf-8").replace("Note 1,1,", "Note 1,2,"), encoding="utf-8")
        status, said = verified(box, tmp_path, monkeypatch, capsys)
        assert len(box.received) == seen + 2, "what is no doubt is read once"
    assert (status, "There, more visible than the sheet says: 1" in said) == (1, True)
    assert reasons(tmp_path)[0].startswith("there. Still public. Your sheet says private.")
    assert "To fix" in load_workbook(tmp_path / "sheet.verified.xlsx").sheetnames


def test_a_row_that_was_not_delivered_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:1])
        with (tmp_path / "sheet.csv").open("a", encoding="utf-8") as sheet:
            sheet.write("P9,Another note,1,1,\n")
        status, said = verified(box, tmp_path, monkeypatch, capsys, "--json")
    assert reasons(tmp_path) == ["there", "not delivered, or unconfirmed, so that there is no note to read back"]
    document = json.loads(said)
    assert (status, document["notes"], document["counts"]["there"]) == (0, 1, 1)


def test_reading_that_is_behind_makes_no_note_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A note that the first look misses is looked up again later."""
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:1])
        seen = len(box.received)
        looks = iter([True])
        monkeypatch.setattr(box, "view", lambda _: View(lambda _: True, str, 0) if next(looks, False) else None)
        assert verified(box, tmp_path, monkeypatch, capsys)[0] == 0
        assert len(box.received) == seen + 2


def test_it_ends_when_a_run_begins(tmp_path: Path) -> None:
    """What it didn't read is in the results, too. Another workspace's run is nothing to it."""
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES)
        here = settings(box, tmp_path)

        def of(profile: str) -> ReadBack:
            def begin(_: Message, notes: int) -> None:
                assert notes == len(LINES)
                with Journal.open(here.journal) as journal:
                    journal.runs.begin(replace(here, profile=profile).workspace, "other.csv", "f", 1.0, again=False)

            return verify_all(tmp_path / "sheet.csv", here, begin=begin)

        assert of("other").exit_status == 0
        (tmp_path / "sheet.verified.xlsx").unlink()
        found = of(here.profile)
    assert found.exit_status == 3
    assert found.stopped is not None and found.stopped.message.kind == "verified.yields"
    assert "not read back: " in reasons(tmp_path)[-1]


def test_an_outage_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES)
        box.add_fault(Fault.parse("503:any@1-"))
        status, said = verified(box, tmp_path, monkeypatch, capsys, "--give-up-after", "1")
    assert status == 3
    assert "Not read back: 6" in said


def test_a_file_and_all_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["sheet.csv"], ["--all"]):
        assert main(["verify", *given]) == 2
        assert "verify FILE --all" in capsys.readouterr().err
