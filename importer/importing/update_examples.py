"""Show some of the changes of notes that need a person's yes, before and after.

Input: a preview. Output: an :class:`UpdateExample` for each. The journal holds no texts, so a text that is to be
replaced is read from the API, with one call for each example.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from importer.api import Vendor
from importer.importing.api_context import connected, steady_clock
from importer.importing.preview import Preview
from importer.journal import KnownDelivery
from importer.markup import lines
from importer.messages import Message, Part, say
from importer.settings import Settings
from importer.settings.reading import kind_in_words

_EACH = 3  # examples of notes that become more visible, and of new texts


@dataclass(frozen=True)
class UpdateExample:
    """Change of a note: what it is about, and the note's text before and after; empty if it isn't known."""

    about: Message
    before: str
    after: str


def examples(preview: Preview) -> Iterator[UpdateExample]:
    """Yield some of the changes that need a person's yes."""
    rows, asked = preview.loaded.rows, [wish for wish in preview.wishes if wish.is_asked]
    some = [
        *islice((wish for wish in asked if wish.change.content is None), _EACH),
        *islice((wish for wish in asked if wish.change.content is not None), _EACH),
    ]
    there = [wish.delivery for wish in some] if preview.settings.key else []
    texts = texts_of(there, preview.settings, preview.vendor)
    for wish in some:
        position, known = wish.positions[0], wish.delivery
        note = rows.notes[int(rows.note[position])]
        parts: dict[str, Part] = {"row": str(rows.number[position]), "prospect": known.prospect}
        parts["before"] = tuple(kind_in_words(known.visibility, known.status))
        parts["after"] = tuple(kind_in_words(note.visibility, note.status))
        yield UpdateExample(say("plan.change-of", **parts), texts.get(known.note_id or "", ""), lines(note.content))


def texts_of(notes: Iterable[KnownDelivery], settings: Settings, vendor: Vendor) -> dict[str, str]:
    """Return note ID → the note's text, read with one call for each, until a call fails."""
    found: dict[str, str] = {}
    with contextlib.closing(connected(settings, vendor, steady_clock())) as api:
        for known in notes:
            reply = api.find(known.prospect, 0, api.traits.page)
            if reply.value is None:
                break
            found |= {one.note_id: lines(one.content) for one in reply.value.all if one.note_id == known.note_id}
    return found
