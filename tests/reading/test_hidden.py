"""What a number format hides is blank, as the sheet shows it; where it is used, that is a problem and not a note."""

from pathlib import Path

import openpyxl
import pytest

from importer.importing.run import prepare
from importer.models import Result
from importer.reading import read
from importer.reading.formats import hides_text
from importer.settings import Settings
from tests.sandbox import Sandbox
from tests.truth import read_results

SAYS = "the cell's number format hides its content"
SECRET = "Not for the customer: margin is 40 %"


@pytest.mark.parametrize(
    ("code", "hides"),
    [(";;;", True), (";;; ", True), ('0;-0;0;""', True), (";;;[Red]", True), ('0;0;0;"***"', True), (";;;@", False),
     (";;", False), ("@", False), ("General", False), ('""', False), ("0;-0;;@", False), (';;;"a;b"@', False),
     (";;;General", False), (r"\;;;;@", False), (";;;;", False), ("0;" * 200, False)],
)  # fmt: skip
def test_a_format_hides_texts_by_its_fourth_section(code: str, hides: bool) -> None:
    assert hides_text(code) is hides


def workbook(folder: Path) -> Path:
    """Three notes; the second's text, the third's number and truth are hidden, and a word that nobody uses."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line in (
        ("Prospect ID", "Note", "Visibility", "Mine"), ("8PvBmrB7P1", "Called", "Public", "seen"),
        ("8PvBmrB7P2", SECRET, "Public", "hidden"), ("8PvBmrB7P3", 0, "Public", True),
        ("8PvBmrB7P4", "Wrote", 2, "seen"),
    ):  # fmt: skip
        sheet.append(line)
    for cell, code in zip(("B3", "B4", "C5", "D2", "D4"), (";;;", "#;-#", ";;", ";;;", ";;;"), strict=True):
        sheet[cell].number_format = code
    book.save(folder / "n.xlsx")
    return folder / "n.xlsx"


def test_in_a_workbook_it_is_blank(tmp_path: Path) -> None:
    with read(workbook(tmp_path), is_header=lambda cells: "Note" in cells) as sheet:
        [(_, columns)] = sheet.columns()
        assert list(columns[1]) == ["Called", "", "", "Wrote"]
        assert list(columns[2]) == ["Public", "Public", "Public", ""]
        assert list(columns[3]) == ["", "hidden", "", "seen"]
        assert {row: [flaw.column for flaw in flaws] for row, flaws in sheet.flaws.items()} == {
            2: [3], 3: [1], 4: [1, 3], 5: [2],
        }  # fmt: skip


def test_no_hidden_note_is_sent(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """Its row is a problem that says why; a hidden visibility is none either, whatever the default."""
    target = tmp_path / "out.csv"
    hidden = Settings(**{**vars(settings), "results": target, "default_visibility": "public"})
    with prepare(workbook(tmp_path), hidden) as prepared:
        report = prepared.send(agreed=prepared.preview.digest)
    assert [(note.prospect_id, note.sent_content) for note in box.notes] == [("8PvBmrB7P1", "Called")]
    assert report.counts[Result.INVALID] == 3
    reasons = [row["reason"] for row in read_results(target)]
    assert not reasons[0]
    assert all(SAYS in reason and "Choose the format General" in reason for reason in reasons[1:])
    assert SECRET not in str([call.body for call in box.received])
    book = openpyxl.load_workbook(path := workbook(tmp_path))
    for cell, text in {"D1": "Private?", "B3": "b", "B4": "c", "C5": "Public", "D3": None, "D5": None}.items():
        book.worksheets[0][cell], book.worksheets[0][cell].number_format = text, "General"
    book.save(path)
    with prepare(path, hidden) as prepared:
        assert prepared.send().counts == {Result.CREATED: 2, Result.INVALID: 2}
