"""Check corrected rows of a sheet without reading it again, and write the corrected sheet.

Input: a file, and a person's corrections. Output: the problems that remain in corrected rows, which are read like a
sheet of their own, with the same columns and settings; a workbook with the same texts in the same cells, the
corrections among them. The rows that were left out are blank in it. Its cells are texts, so that spreadsheet programs
show dates and long numbers unchanged, and run no formula.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path

from importer import files
from importer.errors import UnreadableFile
from importer.importing.loaded import Loaded, folder_of
from importer.importing.loading import read
from importer.importing.planning import by_kind
from importer.messages import say
from importer.models import Problem
from importer.operations.corrections import ProblemRows, add, keep
from importer.reading import Correction, Flaw, Sheet, column_letter
from importer.results.workbook import workbook_of_texts
from importer.rows import validation
from importer.rows.columns import Roles
from importer.settings import Settings


def write(target: Path, file: str, settings: Settings, corrections: Mapping[int, Correction]) -> None:
    """Write the corrected sheet as a workbook (.xlsx) that replaces an earlier one.

    Raises:
        UnreadableFile: the file can't be read, or no workbook can hold its texts.
        OSError: the workbook can't be written.
    """
    with read(file, settings) as as_read, files.draft(target) as draft:
        sheet = as_read.corrected(corrections)
        with workbook_of_texts(draft.file) as book:
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


_Understood = tuple[Sheet, Roles, Settings, Mapping[int, Sequence[Flaw]]]
"""How a sheet was understood: the sheet without its rows, its columns, its settings, and each wrong row's flaws."""


def understood(path: Path, loaded: Loaded) -> bytes:
    """Write the rows with problems to a file; return how the sheet was understood, for :func:`remaining`.

    The value holds the key, so it must not be written to a disk.
    """
    all_problems = {problems[0].row: problems for problems in loaded.rows.problems.values()}
    with loaded.sheet.as_it_stands(all_problems) as sheet:
        cells = dict(sheet.rows())
        flaws = {number: found for number in cells if (found := [*sheet.wrong(number)])}
    keep(
        path,
        cells.items(),
        (
            (kind, problem.row, problem.column, "" if problem.column is None else cells[problem.row][problem.column])
            for kind, alike in enumerate(by_kind(loaded))
            for problem in alike
        ),
    )
    return pickle.dumps((loaded.sheet.without_rows(), loaded.roles, loaded.settings, flaws))


def remaining(
    path: Path, understanding: bytes, corrections: Mapping[int, Correction | None]
) -> dict[int, Sequence[Problem]]:
    """Return the problems that rows have after their corrections; none for a row that is left out."""
    understood: _Understood = pickle.loads(understanding)  # noqa: S301 - this program's own, from its memory
    before, roles, settings, known = understood
    given = {number: one for number, one in corrections.items() if one is not None}
    rows = sorted(ProblemRows(path).cells(corrections).items())
    flaws = {number: known.get(number, ()) for number, _ in rows}
    with before.with_rows(rows, flaws).corrected(given) as sheet:
        checked = validation.validate(sheet, roles, settings, folder_of(sheet, roles, settings))
    found: dict[int, Sequence[Problem]] = dict.fromkeys(corrections, ())
    return found | {problems[0].row: problems for problems in checked.problems.values()}


def find(
    path: Path,
    file: str,
    settings: Settings,
    corrections: Mapping[int, Correction],
    words: str,
    column: int | None = None,
) -> list[int]:
    """Return the numbers of the rows with these words, and add the rows to the file that :func:`understood` wrote.

    Args:
        path: that file.
        file: the sheet.
        settings: the settings for it.
        corrections: number of a row → its correction.
        words: the number of a row, or else a part of a cell; in a column, the whole text of its cell.
        column: the position of the only column that counts; None for all.
    """
    wanted = _plain(words)

    def is_found(number: int, cells: Sequence[str]) -> bool:
        if column is not None:
            return _plain(cells[column]) == wanted
        return str(number) == wanted or any(wanted in _plain(cell) for cell in cells)

    with read(file, settings) as as_read:
        sheet = as_read.corrected(corrections)
        found = [number for number, cells in sheet.rows() if number not in sheet.left_out and is_found(number, cells)]
        if column is None and (of_number := [number for number in found if str(number) == wanted]):
            found = of_number
        _also(path, as_read, found)
    return found


def also(path: Path, file: str, settings: Settings, numbers: Collection[int]) -> None:
    """Add rows with these numbers to the file that :func:`understood` wrote."""
    with read(file, settings) as sheet:
        _also(path, sheet, numbers)


def _also(path: Path, sheet: Sheet, numbers: Collection[int]) -> None:
    with sheet.as_it_stands(numbers) as rows:
        add(path, rows.rows())


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
