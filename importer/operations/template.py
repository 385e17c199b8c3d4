"""Write an empty workbook to fill in, with drop-downs for choices and a sheet that explains the columns.

Input: a path. Output: an ``.xlsx`` file whose sheet *Notes* can be imported unchanged once it has rows.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from importer import resultsfile
from importer.errors import BadSettings, ResultsNotWritten
from importer.fields import FIELDS, TemplateColumn
from importer.files import USUAL, Draft, replace, why
from importer.messages import render, say
from importer.models import Role
from importer.results.saving import Written, save

_LAST_ROW = 1_048_576
_FACE = "Calibri"
_INK, _PALE_INK, _DARK, _BLUE, _LINE = "26323B", "56626C", "44525F", "1F7A83", "D5DCE1"


_COLUMNS = {
    role: field.template
    for role, field in sorted(FIELDS.items(), key=lambda item: item[0] not in (Role.PROSPECT, Role.EMAIL))
    if field.template is not None
}

_STEPS = (
    say("template.step-fill-in"),
    say("template.step-check"),
    say("template.step-import"),
    say("template.step-read"),
)


def write(path: Path, *, overwrite: bool = False) -> Written:
    """Write the template.

    Args:
        path: path of the file, which must end in ``.xlsx``.
        overwrite: whether an existing file may be replaced.

    Raises:
        BadSettings: the file has another ending, its folder doesn't exist, or it exists and may not be replaced.
        ResultsNotWritten: the file couldn't be written to any folder.
    """
    if path.suffix.lower() != ".xlsx":
        raise BadSettings(say("template.no-xlsx", path=repr(path.name)))
    if path.is_dir() or not path.parent.is_dir():
        raise BadSettings(say("template.no-folder", path=str(path)))
    if path.exists() and not overwrite:
        raise BadSettings(say("template.exists", path=str(path)))
    content = BytesIO()  # in memory, because it is small and a full disk then fails in one place
    _workbook().save(content)
    if overwrite and path.exists():
        try:
            replace(path.resolve(), content.getvalue(), USUAL)
        except OSError as error:
            trouble = say("written.trouble", folder=str(path.parent), why=why(error))
            raise ResultsNotWritten(say("written.nowhere", file=path.name, troubles=(trouble,))) from error
        return Written(path)

    def fill(draft: Draft) -> None:
        draft.file.write(content.getvalue())

    return save(path, fill)


def _workbook() -> Workbook:
    book = Workbook()
    book.properties.creator = resultsfile.AUTHOR
    book.properties.title = resultsfile.TEMPLATE
    notes = book.active
    assert isinstance(notes, Worksheet)
    _notes(notes)
    _explanation(book.create_sheet("How to fill this in"))
    return book


def _notes(sheet: Worksheet) -> None:
    """Fill in the first sheet: headings and nothing else, so that it imports as empty."""
    sheet.title = "Notes"
    sheet.freeze_panes = "A2"
    sheet.sheet_properties.tabColor = _BLUE
    sheet.row_dimensions[1].height = 24
    for number, (role, column) in enumerate(_COLUMNS.items(), 1):
        letter = get_column_letter(number)
        cell = sheet.cell(1, number, column.heading)
        _as_heading(cell, _DARK if column.is_required else "7A8893")
        dimension = sheet.column_dimensions[letter]
        dimension.width = column.width
        dimension.number_format = "@"  # Excel then keeps 00123 and 1E5 as they are typed
        dimension.alignment = Alignment(vertical="top", wrap_text=role is Role.CONTENT)
        sheet.add_data_validation(_validation(role, column, f"{letter}2:{letter}{_LAST_ROW}"))


def _validation(role: Role, column: TemplateColumn, cells: str) -> DataValidation:
    rule = DataValidation(sqref=cells, allow_blank=True, showInputMessage=True)
    rule.promptTitle = column.heading if column.is_required else f"{column.heading} (optional)"
    rule.prompt = render(say(f"template.prompt.{role}"))
    if column.choices:
        rule.type = "list"
        rule.formula1 = '"' + ",".join(column.choices) + '"'
        rule.showErrorMessage = True
        rule.errorStyle = "stop"
        rule.errorTitle = render(say("template.not-in-list", column=column.heading))
        rule.error = render(say("template.choose", choices=column.choices))
    return rule


def _as_heading(cell: Cell, colour: str) -> None:
    cell.font = Font(name=_FACE, bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor=colour)
    cell.alignment = Alignment(vertical="center")


def _explanation(sheet: Worksheet) -> None:
    sheet.sheet_view.showGridLines = False
    for letter, width in zip("ABCDEF", (3, 20, 18, 68, 24, 42), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet["B2"] = "How to fill this in"
    sheet["B2"].font = Font(name=_FACE, bold=True, size=18, color=_INK)
    sheet.row_dimensions[2].height = 28
    row = 4
    for number, step in enumerate(_STEPS, 1):
        sheet.cell(row, 2, f"Step {number}").font = Font(name=_FACE, bold=True, color=_BLUE)
        sheet.cell(row, 3, render(step)).font = Font(name=_FACE, color=_INK)
        sheet.row_dimensions[row].height = 18
        row += 1
    row += 1
    for number, name in enumerate(("Column", "Needed", "What goes in", "Allowed", "Example"), 2):
        _as_heading(sheet.cell(row, number, name), _DARK)
    sheet.row_dimensions[row].height = 22
    line = Border(bottom=Side(style="thin", color=_LINE))
    for role, column in _COLUMNS.items():
        row += 1
        meaning = render(say(f"template.means.{role}"))
        needed = "yes" if column.is_required else "no"
        if column.instead:
            needed = render(say("template.this-or", column=column.instead))
        allowed = render(column.allowed or say("template.choices", choices=column.choices))
        for number, text in enumerate((column.heading, needed, meaning, allowed, column.example), 2):
            cell = sheet.cell(row, number, text)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.border = line
            cell.font = Font(name=_FACE, bold=number == 2, color=_INK if number < 6 else _PALE_INK)
        sheet.row_dimensions[row].height = 36
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
