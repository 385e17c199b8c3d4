"""Choose a few notes to show before sending, as their readers will see them.

Input: a :class:`~importer.commands.run.Preview`. Output: examples for each visibility, including the longest note.
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
        about: the row, the prospects, and the note's visibility, draft status and files.
        text: the text without markup, or its beginning.
        left: number of characters that are not shown.
    """

    about: Message
    text: str
    left: int


def examples(preview: Preview, characters: int) -> dict[Visibility, list[Example]]:
    """Return up to three notes of each visibility that is about to be sent, with at most ``characters`` of each."""
    by_visibility = {}
    for visibility in Visibility:
        groups = [group for group in preview.remaining.groups if group.note.visibility is visibility]
        if groups:
            by_visibility[visibility] = [_example(group, preview, characters) for group in _some(groups)]
    return by_visibility


def aside(note: Note) -> Message:
    """Return the properties of a note besides its text: its visibility, whether it is a draft, and its files."""
    parts = [words(note.visibility.name.lower())]
    parts += [say("note.draft")] if note.status is Status.DRAFT else []
    parts += (
        [say("note.with-attachments", ids=Cell(first_words(", ".join(note.attachments))))] if note.attachments else []
    )
    parts += [say("note.with-files", n=len(note.files))] if note.files else []
    return say("names", names=tuple(parts))


def first_words(text: str) -> str:
    """Return the beginning of a text, on one line."""
    return textwrap.shorten(" ".join(text.split()), 70, placeholder=" …")


def _some(groups: Sequence[Group]) -> list[Group]:
    """Return the longest note and the first ones, in the sheet's order."""
    longest = max(groups, key=lambda group: len(group.note.text))
    others = [group for group in groups if group is not longest]
    return sorted([longest, *others[: _EACH - 1]], key=lambda group: int(group.positions[0]))


def _example(group: Group, preview: Preview, characters: int) -> Example:
    rows, first, text = preview.loaded.rows, group.positions[0], _as_read(group.note)
    others = len(group.positions) - 1
    parts: dict[str, Part] = {
        "row": str(rows.number[first]),
        "prospect": str(rows.prospect[first]),
        "about": aside(group.note),
    }
    about = say("note.of-several", **parts, n=others) if others else say("note.of", **parts)
    return Example(about, text[:characters], max(0, len(text) - characters))


def _as_read(note: Note) -> str:
    """Return the text as Saleshandy will show it. Text that was converted to HTML looks the same as in the cell."""
    is_markup = note.content == note.text and any(sign in note.text for sign in "<&\n")
    return markup.lines(note.content) or note.content if is_markup else note.text
