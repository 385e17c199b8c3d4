"""A few notes as they will read, so that a person sees them before they are sent.

Comes in: a :class:`~importer.commands.run.Preview`. Goes out: examples for each visibility, among
them the longest note.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer import markup
from importer.messages import Cell, Message, Part, say, words
from importer.models import Group, Note, Status, Visibility

if TYPE_CHECKING:
    from importer.commands.run import Preview

_EACH = 3  # examples of each visibility


@dataclass(frozen=True)
class Example:
    """A note as its readers will see it.

    Attributes:
        about: the row, the prospects, and what else the note is or has.
        text: the text without markup, or its beginning.
        left: number of characters that are not shown.
    """

    about: Message
    text: str
    left: int


def examples(preview: Preview, characters: int) -> dict[Visibility, list[Example]]:
    """Return three notes of each visibility that is about to be sent, with so many characters of each at most."""
    found = {}
    for visibility in Visibility:
        groups = [group for group in preview.remaining.groups if group.note.visibility is visibility]
        if groups:
            found[visibility] = [_example(group, preview, characters) for group in _some(groups)]
    return found


def aside(note: Note) -> Message:
    """Return what a note is besides its text: its visibility, whether it is a draft, and its files."""
    found = [words(note.visibility.name.lower())]
    found += [say("note.draft")] if note.status is Status.DRAFT else []
    found += (
        [say("note.with-attachments", ids=Cell(first_words(", ".join(note.attachments))))] if note.attachments else []
    )
    found += [say("note.with-files", n=len(note.files))] if note.files else []
    return say("names", names=tuple(found))


def first_words(text: str) -> str:
    """Return the beginning of a text, in one line."""
    return textwrap.shorten(" ".join(text.split()), 70, placeholder=" …")


def _some(groups: Sequence[Group]) -> list[Group]:
    """The longest note and the first ones, in the sheet's order."""
    longest = max(groups, key=lambda group: len(group.note.text))
    others = [group for group in groups if group is not longest]
    return sorted([longest, *others[: _EACH - 1]], key=lambda group: int(group.positions[0]))


def _example(group: Group, preview: Preview, characters: int) -> Example:
    rows, first, text = preview.loaded.rows, group.positions[0], _as_read(group.note)
    more = len(group.positions) - 1
    of: dict[str, Part] = {
        "row": str(rows.number[first]),
        "prospect": str(rows.prospect[first]),
        "about": aside(group.note),
    }
    about = say("note.of-several", **of, n=more) if more else say("note.of", **of)
    return Example(about, text[:characters], max(0, len(text) - characters))


def _as_read(note: Note) -> str:
    """The text as Saleshandy will show it; text that was made HTML for the way reads as it stands in the cell."""
    is_markup = note.content == note.text and any(sign in note.text for sign in "<&\n")
    return markup.lines(note.content) or note.content if is_markup else note.text
