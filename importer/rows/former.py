"""Reproduce how earlier versions read cells that are read differently now, to find their deliveries in the journal.

Input: a sheet and its content and key columns. Output: the notes and keys that earlier versions read in each row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from importer.models import Note, Role
from importer.reading import Sheet, encodings
from importer.reading.digits import rounded_before
from importer.reading.encodings import Encoding
from importer.rows.columns import Roles
from importer.rows.values import cleaned_content


@dataclass(frozen=True)
class Former:
    """The former readings of a sheet's rows.

    Attributes:
        contents: numbers of the rows whose text is a whole number that earlier versions rounded.
        keys: numbers of the rows whose key is such a number.
        codec: the encoding of a text file if it is an old one, which earlier versions may have guessed differently.
    """

    contents: Collection[int]
    keys: Collection[int]
    codec: Encoding | None

    def __call__(
        self, note: Note, key: str, row: int, codecs: frozenset[str] | None
    ) -> Iterator[tuple[Note, str, bool]]:
        """Yield each note and key that earlier runs may have read in a row, and whether their digits were rounded.

        Args:
            note: the row's note.
            key: the row's key.
            row: the row's number.
            codecs: the codecs with which earlier runs decoded their files; None if unknown.
        """
        texts = (note.text, *(rounded_before(note.text) if row in self.contents else ()))
        keys = (key, *(rounded_before(key) if row in self.keys else ()))
        for text in texts:
            former_note = note if text == note.text else replace(note, text=text, content=text)
            yield from (
                (former_note, former_key, True) for former_key in keys if (text, former_key) != (note.text, key)
            )
        if self.codec is not None:
            for text, content, former_key in encodings.former(self.codec, (note.text, note.content, key), codecs):
                yield replace(note, text=cleaned_content(text), content=content), former_key.strip(), False


def former(sheet: Sheet, roles: Roles) -> Former | None:
    """Return the former readings, or None if every version read the whole sheet as it is read now."""
    content, key = (roles.columns.get(role, -1) for role in (Role.CONTENT, Role.KEY))
    contents, keys = frozenset(sheet.rounded.get(content, ())), frozenset(sheet.rounded.get(key, ()))
    codec = sheet.codec if sheet.codec is not None and sheet.codec.is_old else None
    return Former(contents, keys, codec) if contents or keys or codec else None
