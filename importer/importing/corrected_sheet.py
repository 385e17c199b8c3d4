"""Say what a person corrected in a sheet, and write the corrected sheet as an ordinary workbook.

Input: a sheet, or a file, and a person's corrections. Output: messages; a workbook with the same texts in the same
cells, the corrections among them. The rows that were left out are blank in it. Its cells are texts, so that spreadsheet
programs show dates and long numbers unchanged, and run no formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from xlsxwriter.workbook import Workbook

from importer import files
from importer.errors import UnreadableFile
from importer.importing.loading import read
from importer.messages import Cell, Message, say
from importer.reading import Correction, Sheet, column_letter
from importer.rows.values import shortened
from importer.settings import Settings


def changes(sheet: Sheet) -> dict[int, Message]:
    """Return what a person changed in the cells of each corrected row, by the row's number."""
    written = {number: one.texts for number, one in (sheet.corrections or {}).items() if not one.is_left_out}
    found: dict[int, Message] = {}
    if not written:  # most sheets; the rows would all be read once more
        return found
    with sheet.as_it_stands(written) as before:
        for number, cells in before.rows():
            texts = sorted(written[number].items())
            changed = tuple(_change(at, number, cells[at], text) for at, text in texts if text != cells[at])
            if changed:
                found[number] = say("outcome.corrected", changes=changed)
    return found


def _change(column: int, number: int, before: str, after: str) -> Message:
    lines = (" ".join(text.split()) for text in (before, after))
    texts = [Cell(shortened(line)) if line else say("corrected.blank") for line in lines]
    return say("corrected.cell", cell=f"{column_letter(column)}{number}", before=texts[0], after=texts[1])


def write(target: Path, file: str, settings: Settings, corrections: Mapping[int, Correction]) -> None:
    """Write the corrected sheet as a workbook (.xlsx) that replaces an earlier one.

    Raises:
        UnreadableFile: the file can't be read, or no workbook can hold its texts.
        OSError: the workbook can't be written.
    """
    with read(file, settings) as as_read, files.draft(target) as draft:
        sheet = as_read.corrected(corrections)
        with Workbook(draft.file, {"constant_memory": True}) as book:
            page, text = book.add_worksheet(), book.add_format({"num_format": "@"})
            page.freeze_panes(sheet.header_row, 0)
            page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
            rows = (row for row in sheet.rows() if row[0] not in sheet.left_out)
            for number, cells in chain([(sheet.header_row, sheet.headings)], rows):
                for at, cell in enumerate(cells):
                    if cell and page.write_string(number - 1, at, cell, text):
                        raise UnreadableFile(say("corrected.too-large", cell=f"{column_letter(at)}{number}"))
        draft.finish(files.OWNER_ONLY)
        draft.put(target)
