"""Write an empty workbook to fill in, with drop-downs for choices and a sheet that explains the columns.

Input: a path. Output: an ``.xlsx`` file whose sheet *Notes* can be imported unchanged once it has rows.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from importer.errors import BadSettings
from importer.files import Draft
from importer.messages import Message, render, say
from importer.results import NeverOverwrite, Written
from importer.results.saving import save

_LAST_ROW = 1_048_576
_FACE = "Calibri"
_INK, _PALE_INK, _DARK, _BLUE, _LINE = "26323B", "56626C", "44525F", "1F7A83", "D5DCE1"


@dataclass(frozen=True)
class TemplateColumn:
    """A column of the template.

    Attributes:
        heading: the text by which the importer finds the column.
        width: width of the column, in characters.
        prompt: text shown while one of its cells is selected; at most 255 characters.
        meaning: the explanation on the second sheet.
        example: a value that can be used.
        allowed: the values that are allowed, if there are no choices.
        choices: the values in the drop-down; nothing else is accepted.
        required: whether every row needs it.
    """

    heading: str
    width: int
    prompt: Message
    meaning: Message
    example: str
    allowed: Message | None = None
    choices: tuple[str, ...] = ()
    required: bool = False


COLUMNS: tuple[TemplateColumn, ...] = (
    TemplateColumn(
        "Prospect ID",
        18,
        say("template.prospect.prompt"),
        say("template.prospect"),
        "8PvBmrB7P7",
        say("template.allowed-id"),
        required=True,
    ),
    TemplateColumn(
        "Note",
        60,
        say("template.note.prompt"),
        say("template.note"),
        "Called on Monday; wants pricing in Q3.",
        say("template.allowed-text"),
        required=True,
    ),
    TemplateColumn(
        "Visibility",
        14,
        say("template.visibility.prompt"),
        say("template.visibility"),
        "Private",
        choices=("Public", "Private"),
        required=True,
    ),
    TemplateColumn(
        "Status",
        14,
        say("template.status.prompt"),
        say("template.status"),
        "Published",
        choices=("Published", "Draft"),
    ),
    TemplateColumn(
        "Attachments",
        24,
        say("template.attachments.prompt"),
        say("template.attachments"),
        "call.pdf; form.pdf",
        say("template.allowed-attachments"),
    ),
)

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
    policy = NeverOverwrite(but=path.resolve() if overwrite else None)

    def fill(draft: Draft) -> None:
        draft.file.write(content.getvalue())

    return save(path, fill, policy)


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
    for number, column in enumerate(COLUMNS, 1):
        letter = get_column_letter(number)
        cell = sheet.cell(1, number, column.heading)
        _as_heading(cell, _DARK if column.required else "7A8893")
        dimension = sheet.column_dimensions[letter]
        dimension.width = column.width
        dimension.number_format = "@"  # Excel then keeps 00123 and 1E5 as they are typed
        dimension.alignment = Alignment(vertical="top", wrap_text=column.heading == "Note")
        sheet.add_data_validation(_validation(column, f"{letter}2:{letter}{_LAST_ROW}"))


def _validation(column: TemplateColumn, cells: str) -> DataValidation:
    rule = DataValidation(sqref=cells, allow_blank=True, showInputMessage=True)
    rule.promptTitle = column.heading if column.required else f"{column.heading} (optional)"
    rule.prompt = render(column.prompt)
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
    for letter, width in zip("ABCDEF", (3, 20, 13, 68, 24, 42), strict=True):
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
    for column in COLUMNS:
        row += 1
        needed = "yes" if column.required else "no"
        allowed = render(column.allowed or say("template.choices", choices=column.choices))
        for number, text in enumerate((column.heading, needed, render(column.meaning), allowed, column.example), 2):
            cell = sheet.cell(row, number, text)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.border = line
            cell.font = Font(name=_FACE, bold=number == 2, color=_INK if number < 6 else _PALE_INK)
        sheet.row_dimensions[row].height = 36
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
