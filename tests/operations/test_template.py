"""The workbook to fill in."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from importer.errors import BadSettings
from importer.operations import template


def test_the_notes_sheet_holds_a_heading_and_nothing_else(tmp_path: Path) -> None:
    """It imports as an empty sheet: no example stands in it."""
    path = template.write(tmp_path / "t.xlsx").path
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Notes"]
    assert book.get_sheet_by_index(0).to_python() == [
        ["Prospect ID", "Email", "Note", "Visibility", "Status", "Attachments"]
    ]


def test_choices_are_drop_downs_that_say_what_is_allowed(tmp_path: Path) -> None:
    """Visibility and status offer their values over the whole column and refuse others, with a helpful message."""
    sheet = openpyxl.load_workbook(template.write(tmp_path / "t.xlsx").path)["Notes"]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    visibility, status = rules["D2:D1048576"], rules["E2:E1048576"]
    assert (visibility.type, visibility.formula1) == ("list", '"Private,Public"')
    assert (status.type, status.formula1) == ("list", '"Published,Draft"')
    for rule in (visibility, status):
        assert rule.showErrorMessage
        assert "Choose one" in rule.error
    assert "Private or Public" in visibility.error


def test_every_column_explains_itself_within_what_excel_shows(tmp_path: Path) -> None:
    """Each column has a prompt; Excel refuses titles over 32 and messages over 255 characters."""
    sheet = openpyxl.load_workbook(template.write(tmp_path / "t.xlsx").path)["Notes"]
    rules = sheet.data_validations.dataValidation
    assert len(rules) == 6
    for rule in rules:
        assert rule.showInputMessage
        assert 0 < len(rule.prompt) <= 255
        assert 0 < len(rule.promptTitle) <= 32
        assert len(rule.errorTitle or "") <= 32
        assert len(rule.error or "") <= 255
        assert len(rule.formula1 or "") <= 255


def test_ids_stay_as_they_are_typed(tmp_path: Path) -> None:
    """The columns are formatted as text, so that Excel keeps 00123; the heading stays in view."""
    sheet = openpyxl.load_workbook(template.write(tmp_path / "t.xlsx").path)["Notes"]
    assert {sheet.column_dimensions[letter].number_format for letter in "ABCDEF"} == {"@"}
    assert sheet.freeze_panes == "A2"


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    """A template that somebody has filled in is not lost."""
    path = tmp_path / "t.xlsx"
    path.write_text("filled in")
    with pytest.raises(BadSettings, match="already exists"):
        template.write(path)
    assert path.read_text() == "filled in"


@pytest.mark.parametrize("name", ["t.csv", "t", "none/t.xlsx"])
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    """Only .xlsx, and only in a folder that exists."""
    with pytest.raises(BadSettings):
        template.write(tmp_path / name)
