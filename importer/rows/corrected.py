"""Read the column of a corrected copy that says which rows were left out, and which problems of its source remain.

Input: the blocks of a sheet. Output: the same blocks, in which rows that were left out are blank, so that none of their
cells raises a question; the reasons for these rows; problems that the cells of a copy can't show. Also fingerprints of
rows, by which a row is known whose word of visibility or status the copy corrected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Sequence
from functools import lru_cache

from importer.fields import WORDED
from importer.messages import Cell, Message, say
from importer.models import Role
from importer.reading import Sheet
from importer.resultsfile import CORRECTED, LEFT_OUT, SOURCE_ROW, STILL_WRONG, corrected_column
from importer.rows.blocks import Block
from importer.rows.columns import Roles
from importer.rows.values import cleaned_content, cleaned_id, folded
from importer.rows.words import is_usual


class CorrectedRows:
    """Rows of a corrected copy about which its last column says something.

    Attributes:
        position: position of that column; None if the sheet is no corrected copy.
        left_out: position of a row that was left out → the reason.
        sources: position of a row → the fingerprints of the rows that it was corrected from.
    """

    def __init__(self, headings: Sequence[str]) -> None:
        self.position = corrected_column(headings)
        self.left_out: dict[int, Message] = {}
        self.sources: dict[int, Sequence[str]] = {}

    def without_left_out(self, block: Block) -> Block:
        """Return a block with blank cells in the rows that were left out, and note these rows."""
        rows = [i for i, text in enumerate(block.column(self.position)) if text.strip() == LEFT_OUT]
        if not rows:
            return block
        self.left_out.update(dict.fromkeys((block.start + i for i in rows), say("skipped.by-hand")))
        columns = [[*column] for column in block.columns]
        for column in columns:
            for i in rows:
                column[i] = ""
        return Block(block.numbers, columns, block.start)

    def problems(self, block: Block) -> Iterator[tuple[int, Message]]:
        """Yield the problems of the source that remain: the row's index in the block, and the message."""
        for i, text in enumerate(block.column(self.position)):
            if SOURCE_ROW in text:
                lines = [line.strip() for line in text.split("\n")]
                sources = [line.removeprefix(SOURCE_ROW) for line in lines if line.startswith(SOURCE_ROW)]
                self.sources[block.start + i] = " ".join(sources).split()
            if text.startswith(STILL_WRONG):
                problem = Cell(text.removeprefix(STILL_WRONG).partition("\n")[0])
                yield i, say("corrected.still-wrong", problem=problem, column=CORRECTED)


def fingerprints(
    sheet: Sheet, roles: Roles, wanted: Container[int] | None = None, *, only_unusual: bool = False
) -> list[str]:
    """Return the fingerprints of each row of a sheet; empty for a row whose position isn't wanted.

    With ``only_unusual``, only rows are wanted whose words have a meaning because a setting gives it to them.

    A fingerprint is 16 digits that stand for the words of a row as they are written, whatever they mean: its text, its
    attachments, and its words of visibility and status. Its prospect and its key aren't among them, because the
    deliveries of both rows have these. If a template composes the text, a space and the fingerprint without it follow.
    """
    of_note = [*roles.of(Role.CONTENT), *roles.of(Role.ATTACHMENTS)]
    ways = [of_note] if roles.composition is None else [[*roles.composition.columns, *of_note], of_note]
    columns_of = {role: roles.columns[role] for role in WORDED if role in roles.columns}
    words = [*columns_of.values()]
    found: list[str] = []
    for _, columns in sheet.columns(is_filled=False):
        for position, cells in enumerate(zip(*columns, strict=True), len(found)):
            is_wanted = wanted is None or position in wanted
            if only_unusual:
                is_wanted = not all(is_usual(role, cells[at]) for role, at in columns_of.items())
            found.append(" ".join(_fingerprint(cells, way, words) for way in ways) if is_wanted else "")
    return found


def _fingerprint(cells: Sequence[str], texts: Sequence[int], words: Sequence[int]) -> str:
    parts = [cleaned_content(cells[at]) for at in texts] + [_word(cells[at]) for at in words]
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "replace")).hexdigest()[:16]


@lru_cache(maxsize=1000)  # there are few words, in many rows
def _word(text: str) -> str:
    return folded(cleaned_id(text))
