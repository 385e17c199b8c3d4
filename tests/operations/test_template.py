"""The workbook to fill in: choices are drop-downs that say what is allowed."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from importer.errors import BadSettings
from importer.operations import template


@pytest.fixture
def sheet(tmp_path: Path) -> Worksheet:
    """The one sheet of a template, which holds a heading and nothing else: it imports as an empty sheet."""
    path = template.write(tmp_path / "t.xlsx").path
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Notes"]
    heads = ["Prospect ID", "Email", "Note", "Visibility", "Status", "Attachments"]
    assert book.get_sheet_by_index(0).to_python() == [heads]
    return openpyxl.load_workbook(path).worksheets[0]


def test_every_column_explains_itself_and_keeps_what_is_typed(sheet: Worksheet) -> None:
    """Excel refuses titles over 32 and messages over 255 characters. Columns are text, so that Excel keeps 00123."""
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    visibility, status = rules["D2:D1048576"], rules["E2:E1048576"]
    assert (visibility.type, visibility.formula1) == ("list", '"Private,Public"')
    assert (status.type, status.formula1) == ("list", '"Published,Draft"')
    for rule in (visibility, status):
        assert rule.showErrorMessage
        assert "Choose one" in rule.error
    assert "Private or Public" in visibility.error
    assert len(rules) == 6
    for rule in rules.values():
        assert rule.showInputMessage and rule.prompt and rule.promptTitle
        assert max(map(len, (rule.promptTitle, rule.errorTitle or ""))) <= 32
        assert max(map(len, (rule.prompt, rule.error or "", rule.formula1 or ""))) <= 255
    assert {sheet.column_dimensions[letter].number_format for letter in "ABCDEF"} == {"@"}
    assert sheet.freeze_panes == "A2"


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    """A template that somebody has filled in is not lost."""
    path = tmp_path / "t.xlsx"
    path.write_text("filled in")
    with pytest.raises(BadSettings, match="already exists"):
        template.write(path)
    assert path.read_text() == "filled in"
