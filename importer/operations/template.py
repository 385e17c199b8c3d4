"""Write an empty workbook to fill in, with drop-downs for choices. Each column explains itself when a cell is chosen.

Input: a path. Output: an ``.xlsx`` file whose sheet *Notes* can be imported unchanged once it has rows.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from importer.errors import BadSettings
from importer.fields import FIELDS, Field
from importer.messages import render, say
from importer.models import Role
from importer.results.writing import Written, save

_LAST_ROW = 1_048_576
_COLUMNS = {
    role: field
    for role, field in sorted(FIELDS.items(), key=lambda item: item[0] not in (Role.PROSPECT, Role.EMAIL))
    if field.headings
}


def write(path: Path) -> Written:
    """Write the template into an ``.xlsx`` file that doesn't exist yet.

    Raises:
        BadSettings: the file has another ending, its folder doesn't exist, or it exists.
        ResultsNotWritten: the file couldn't be written to any folder.
    """
    if path.suffix.lower() != ".xlsx":
        raise BadSettings(say("template.no-xlsx", path=repr(path.name)))
    if path.is_dir() or not path.parent.is_dir():
        raise BadSettings(say("template.no-folder", path=str(path)))
    if path.exists():
        raise BadSettings(say("template.exists", path=str(path)))
    content = BytesIO()  # in memory, because it is small and a full disk then fails in one place
    _workbook().save(content)
    return save(path, lambda draft: draft.file.write(content.getvalue()))


def _workbook() -> Workbook:
    """Return a workbook with headings and nothing else, so that it imports as empty."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Notes"
    sheet.freeze_panes = "A2"
    for number, (role, column) in enumerate(_COLUMNS.items(), 1):
        letter = get_column_letter(number)
        cell = sheet.cell(1, number, column.headings[0])
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="44525F" if column.is_required else "7A8893")
        cell.alignment = Alignment(vertical="center")
        dimension = sheet.column_dimensions[letter]
        dimension.width = 60 if role is Role.CONTENT else 24
        dimension.number_format = "@"  # Excel then keeps 00123 and 1E5 as they are typed
        dimension.alignment = Alignment(vertical="top", wrap_text=role is Role.CONTENT)
        sheet.add_data_validation(_validation(role, column, f"{letter}2:{letter}{_LAST_ROW}"))
    return book


def _validation(role: Role, column: Field, cells: str) -> DataValidation:
    heading, choices = column.headings[0], tuple(value.name.capitalize() for value in column.words)
    rule = DataValidation(sqref=cells, allow_blank=True, showInputMessage=True)
    rule.promptTitle = heading if column.is_required else f"{heading} (optional)"
    rule.prompt = render(say(f"template.prompt.{role}"))
    if choices:
        rule.type = "list"
        rule.formula1 = '"' + ",".join(choices) + '"'
        rule.showErrorMessage = True
        rule.errorTitle = render(say("template.not-in-list", column=heading))
        rule.error = render(say("template.choose", choices=choices))
    return rule
