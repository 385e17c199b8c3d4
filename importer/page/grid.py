"""Make the grid of the Mend screen: rows with problems, of which each cell is a field.

Input: the overview of a file, its rows with problems, a person's corrections, and the problems that remain. Output: one
page of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from importer.messages import Message, Said
from importer.models import Problem, Role, Status, Visibility
from importer.operations.corrections import Correction, ProblemRows
from importer.page.screens import whole_number
from importer.settings.reading import MEANS
from importer.telling.preview_messages import Described, SheetColumn

PAGE_ROWS = 50
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")  # what no field can hold
_CHOICES: Mapping[Role, Mapping[str, Said]] = {
    Role.VISIBILITY: {visibility.name.capitalize(): MEANS[visibility.name] for visibility in Visibility},
    Role.STATUS: {status.name.capitalize(): MEANS[status.name] for status in Status},
}
_OF_PERSON = {Role.PROSPECT, Role.EMAIL}


@dataclass(frozen=True)
class Filter:
    """The rows that an address of the grid is about.

    Attributes:
        kind: only those with a problem of this kind; None for all.
        is_open: only those that aren't mended.
        page: the page, from 0.
        words: rows with these words, whether they have problems or not; empty for rows with problems.
    """

    kind: int | None = None
    is_open: bool = False
    page: int = 0
    words: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str], kinds: int) -> Filter:
        """Return the filter in an address, if there are so many kinds of problems."""
        kind, page = whole_number(fields.get("kind", "")), whole_number(fields.get("page", ""))
        words = fields.get("words", "").strip()
        kind = None if words or kind is None or kind >= kinds else kind
        return cls(kind, fields.get("open") == "yes" and not words, page or 0, words)

    @property
    def fields(self) -> dict[str, Any]:
        """Fields of an address with this filter; one that is None is left out."""
        is_open = "yes" if self.is_open else None
        return {"kind": self.kind, "open": is_open, "words": self.words or None, "page": self.page or None}

    def on_page(self, numbers: Sequence[int], mended: Collection[int]) -> tuple[Filter, int, Sequence[int]]:
        """Return this filter for a page that there is, how many rows all pages have, and the numbers of those on it."""
        wanted = [number for number in numbers if not (self.is_open and number in mended)]
        page = min(self.page, max(0, len(wanted) - 1) // PAGE_ROWS)
        return replace(self, page=page), len(wanted), wanted[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]


@dataclass(frozen=True)
class GridColumn:
    """Column of the grid: its position in the sheet, and what is known of it."""

    position: int
    of: SheetColumn

    @property
    def name(self) -> str:
        """Its heading, or its letter if it has none."""
        return self.of.heading if self.of.heading.strip() else self.of.letter

    @property
    def choices(self) -> Mapping[str, Said]:
        """Each text that its cells may have, and its meaning; none if that can be any text."""
        return _CHOICES.get(self.of.role or Role.CONTENT, {})

    @property
    def is_of_person(self) -> bool:
        """Whether it names the people who receive the note."""
        return self.of.role in _OF_PERSON


@dataclass(frozen=True)
class GridCell:
    """Cell of the grid.

    Attributes:
        column: its column.
        name: its name as a field.
        text: its text, as a field shows it.
        before: its text in the file, if it was corrected; else None.
        problems: its problems.
        near: the word that is probably meant; empty if there is none.
        alike: number of further rows with the same text and the same problem, which aren't corrected yet; 0 if the
            column names people, because what is right for one of them is another's.
    """

    column: GridColumn
    name: str
    text: str
    before: str | None
    problems: Sequence[Message]
    near: str
    alike: int

    @property
    def is_long(self) -> bool:
        """Whether its field has several lines."""
        return self.column.of.role is Role.CONTENT or "\n" in self.text


@dataclass(frozen=True)
class GridRow:
    """Row of the grid.

    Attributes:
        number: its number in the sheet.
        cells: its cells.
        problems: its problems that are about no single cell.
        correction: what a person corrected in it; None if nothing.
        may_be_right: whether it may be right as it stands, because only its form in the file is doubtful.
    """

    number: int
    cells: Sequence[GridCell]
    problems: Sequence[Message]
    correction: Correction | None
    may_be_right: bool

    @property
    def state(self) -> str:
        """Its state: left out, mended, open, or right as it stands in the file."""
        if self.correction is not None and self.correction.is_left_out:
            return "left-out"
        if self.problems or any(cell.problems for cell in self.cells):
            return "open"
        return "right" if self.correction is None else "mended"


def columns(found: Described) -> list[GridColumn]:
    """Return the columns of the grid: those that have a role, or are a part of the text, or may name the record."""
    return [
        GridColumn(at, column)
        for at, column in enumerate(found.columns)
        if column.role is not None or column.is_part or column.may_be_record
    ]


def rows(
    grid_columns: Sequence[GridColumn],
    kept: ProblemRows,
    numbers: Sequence[int],
    corrections: Mapping[int, Correction],
    problems: Mapping[int, Sequence[Problem]],
) -> list[GridRow]:
    """Return rows of the grid.

    Args:
        grid_columns: the columns of the grid.
        kept: all rows with problems.
        numbers: the numbers of the wanted rows.
        corrections: number of a row → what a person corrected.
        problems: number of a row → its problems after that.
    """
    cells, kinds = kept.cells(numbers), kept.kinds(numbers)
    counted: dict[tuple[int, str], int] = {}

    def alike(number: int, position: int) -> int:
        kind = kinds.get((number, position))
        if kind is None:
            return 0
        key = (kind, cells[number][position])
        if key not in counted:
            counted[key] = len(uncorrected(kept.alike(*key), position, corrections))
        return counted[key] - (not is_corrected(number, position, corrections))

    return [
        _row(grid_columns, number, cells[number], corrections.get(number), problems[number], alike)
        for number in numbers
        if number in cells
    ]


def is_corrected(number: int, position: int, corrections: Mapping[int, Correction]) -> bool:
    """Return whether a cell was corrected, or its row was left out."""
    one = corrections.get(number)
    return one is not None and (one.is_left_out or position in one.texts)


def uncorrected(numbers: Collection[int], position: int, corrections: Mapping[int, Correction]) -> list[int]:
    """Return the numbers of rows whose cell in this column wasn't corrected."""
    return [number for number in numbers if not is_corrected(number, position, corrections)]


def _row(
    grid_columns: Sequence[GridColumn],
    number: int,
    cells: Sequence[str],
    correction: Correction | None,
    problems: Sequence[Problem],
    alike: Callable[[int, int], int],
) -> GridRow:
    of_cells: dict[int, list[Problem]] = {}
    for problem in problems:
        if problem.column is not None:
            of_cells.setdefault(problem.column, []).append(problem)
    positions = {column.position for column in grid_columns}
    of_row = [problem for problem in problems if problem.column not in positions]
    texts = {} if correction is None else correction.texts
    grid_cells = []
    for column in grid_columns:
        at = column.position
        here, before = of_cells.get(at, []), cells[at]
        text = texts.get(at, before)
        grid_cells.append(
            GridCell(
                column,
                f"cell-{number}-{at}",
                shown(text),
                shown(before) if text != before else None,
                [problem.text for problem in here],
                next((problem.near for problem in here if problem.near), ""),
                0 if column.is_of_person else alike(number, at),
            )
        )
    may_be_right = any(problem.column is None for problem in of_row)
    return GridRow(number, grid_cells, [problem.text for problem in of_row], correction, may_be_right)


def shown(text: str) -> str:
    """Return the text of a cell as a field shows it, and as a browser hands it back if nobody edits it."""
    return _UNSHOWN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
