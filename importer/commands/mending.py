"""Check corrections of rows as a person makes them, without reading the sheet again.

Input: a preview of a sheet with problems, then corrections of some rows. Output: a file with the rows that have
problems, then the problems that remain. Rows are read like a sheet of their own, with the same columns and settings.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.commands.corrections import Correction
from importer.commands.facts import problems_by_kind
from importer.commands.loading import Loaded, folder_of
from importer.commands.preview import Preview
from importer.commands.problem_rows import ProblemRows, write
from importer.models import Problem
from importer.reading import Flaw, Sheet, flaws_of_text
from importer.resultsfile import STILL_WRONG, corrected_column
from importer.rows import validation
from importer.rows.columns import Roles
from importer.settings import Settings

_OF_TEXT = frozenset(flaw.text for flaw in flaws_of_text(["\0\ufffd"]))


@dataclass(frozen=True)
class Understanding:
    """How a sheet was understood. It holds the key, so it must not be written to a disk.

    Attributes:
        sheet: the sheet, without its rows.
        roles: the roles of its columns.
        settings: the settings for it, with the key.
        flaws: number of a row with problems → its flaws that its texts don't show.
        looked_up: number of a row → its problems that were found by looking up its email.
    """

    sheet: Sheet
    roles: Roles
    settings: Settings
    flaws: Mapping[int, Sequence[Flaw]]
    looked_up: Mapping[int, Sequence[Problem]]

    @classmethod
    def of(cls, understanding: bytes) -> Understanding:
        """Return the value of :func:`keep` as it was before."""
        understood = pickle.loads(understanding)  # noqa: S301 - this program's own, from its memory
        assert isinstance(understood, cls)
        return understood


def keep(path: Path, preview: Preview) -> bytes:
    """Write the rows with problems to a file; return how the sheet was understood, for :func:`remaining`.

    The value holds the key, so it must not be written to a disk.
    """
    loaded = preview.loaded
    cells = dict(_rows(loaded))
    write(
        path,
        cells.items(),
        (
            (kind, problem.row, problem.column, "" if problem.column is None else cells[problem.row][problem.column])
            for kind, alike in enumerate(problems_by_kind(loaded))
            for problem in alike
        ),
    )
    flaws = {number: found for number in cells if (found := hidden_flaws(loaded.sheet, number))}
    as_read = {problem for problems in preview.as_read.problems.values() for problem in problems}
    all_problems = {problems[0].row: problems for problems in loaded.rows.problems.values()}
    others = {number: [one for one in problems if one not in as_read] for number, problems in all_problems.items()}
    looked_up = {number: problems for number, problems in others.items() if problems}
    return pickle.dumps(Understanding(loaded.sheet.without_rows(), loaded.roles, loaded.settings, flaws, looked_up))


def _rows(loaded: Loaded) -> Iterator[tuple[int, list[str]]]:
    start = 0
    for numbers, columns in loaded.sheet.columns():
        for at, number in enumerate(numbers):
            if start + at in loaded.rows.problems:
                yield number, [column[at] for column in columns]
        start += len(numbers)


def remaining(
    path: Path, understanding: bytes, corrections: Mapping[int, Correction | None]
) -> dict[int, Sequence[Problem]]:
    """Return the problems that rows have after their corrections; none for a row that is left out.

    Args:
        path: the file that :func:`keep` wrote.
        understanding: what it returned.
        corrections: number of a row → its correction; None if the row is as in the sheet.
    """
    understood = Understanding.of(understanding)
    found: dict[int, Sequence[Problem]] = dict.fromkeys(corrections, ())
    numbers = sorted(number for number, one in corrections.items() if one is None or not one.is_left_out)
    cells, corrected = ProblemRows(path).cells(numbers), corrected_column(understood.sheet.headings)
    rows, flaws = [], {}
    for number in numbers:
        row = without_problem(cells[number], corrections[number], corrected)
        rows.append((number, row))
        known = remaining_flaws(understood.flaws.get(number, ()), corrections[number])
        flaws[number] = [*known, *flaws_of_text(row)]
    roles, settings = understood.roles, understood.settings
    with understood.sheet.with_rows(rows, flaws) as sheet:
        checked = validation.validate(sheet, roles, settings, folder_of(sheet, roles, settings))
    found |= {problems[0].row: problems for problems in checked.problems.values()}
    for number in understood.looked_up.keys() & {*numbers}:
        written = () if (one := corrections[number]) is None else one.texts
        found[number] = [*found[number], *(of for of in understood.looked_up[number] if of.column not in written)]
    return found


def hidden_flaws(sheet: Sheet, number: int) -> list[Flaw]:
    """Return the flaws of a row that its texts don't show, so that a copy of these texts wouldn't have them."""
    return [flaw for flaw in sheet.wrong(number) if flaw.text not in _OF_TEXT]


def remaining_flaws(flaws: Sequence[Flaw], correction: Correction | None) -> list[Flaw]:
    """Return the flaws that a correction leaves: none of a row that is confirmed, else those of its other cells."""
    if correction is None:
        return [*flaws]
    return [] if correction.is_confirmed else [flaw for flaw in flaws if flaw.column not in correction.texts]


def without_problem(cells: Sequence[str], correction: Correction | None, corrected: int | None) -> list[str]:
    """Return the corrected cells of a row; without a problem of its source, if the row is confirmed."""
    if correction is None:
        return [*cells]
    row = correction.applied(cells)
    if corrected is not None and correction.is_confirmed:
        row[corrected] = "\n".join(line for line in row[corrected].split("\n") if not line.startswith(STILL_WRONG))
    return row
