"""How earlier versions read the cells that are read otherwise now, so that the journal can be asked for that, too.

Comes in: a sheet and the columns of its text and its keys. Goes out: for a row, the notes and keys that it had before.
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
        contents: numbers of rows whose text is a whole number that earlier versions rounded.
        keys: numbers of rows whose key is one.
        codec: how the texts are decoded, of a text file.
    """

    contents: Collection[int]
    keys: Collection[int]
    codec: Encoding | None

    def __call__(
        self, note: Note, key: str, row: int, codecs: frozenset[str] | None
    ) -> Iterator[tuple[Note, str, bool]]:
        """Yield each note and key that earlier runs read in a row, and whether digits of it were rounded.

        Args:
            note: the note of the row.
            key: its key.
            row: its number.
            codecs: how the earlier runs' files were decoded; None if that isn't known.
        """
        texts = (note.text, *(rounded_before(note.text) if row in self.contents else ()))
        keys = (key, *(rounded_before(key) if row in self.keys else ()))
        for text in texts:
            before = note if text == note.text else replace(note, text=text, content=text)
            yield from ((before, its_key, True) for its_key in keys if (text, its_key) != (note.text, key))
        if self.codec is not None:
            for text, content, its_key in encodings.former(self.codec, (note.text, note.content, key), codecs):
                its_text = cleaned_content(text)
                its = Note(its_text, note.visibility, note.status, note.attachments, content, note.files)
                yield its, its_key.strip(), False


def former(sheet: Sheet, roles: Roles) -> Former | None:
    """Return the former readings; None where all of the sheet was always read as it is now."""
    content, key = (roles.columns.get(role, -1) for role in (Role.CONTENT, Role.KEY))
    contents, keys = frozenset(sheet.rounded.get(content, ())), frozenset(sheet.rounded.get(key, ()))
    codec = sheet.codec if sheet.codec is not None and sheet.codec.is_old else None
    return Former(contents, keys, codec) if contents or keys or codec else None
