"""How earlier versions read the cells that are read otherwise now, so that the journal can be asked for that, too.

Comes in: a sheet and the columns of its text and its keys. Goes out: for a row, the notes and keys that it had before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from importer.models import Note, Role
from importer.reading import Sheet
from importer.reading.digits import rounded_before
from importer.rows.columns import Roles


@dataclass(frozen=True)
class Former:
    """The former readings of a sheet's rows.

    Attributes:
        contents: numbers of rows whose text is a whole number that earlier versions rounded.
        keys: numbers of rows whose key is one.
    """

    contents: Collection[int]
    keys: Collection[int]

    def __call__(self, note: Note, key: str, row: int) -> Iterator[tuple[Note, str, bool]]:
        """Yield each note and key that earlier versions read in a row, and whether digits of it were rounded."""
        texts = (note.text, *(rounded_before(note.text) if row in self.contents else ()))
        keys = (key, *(rounded_before(key) if row in self.keys else ()))
        for text in texts:
            before = note if text == note.text else replace(note, text=text, content=text)
            yield from ((before, its_key, True) for its_key in keys if (text, its_key) != (note.text, key))


def former(sheet: Sheet, roles: Roles) -> Former | None:
    """Return the former readings; None where all of the sheet was always read as it is now."""
    columns = [roles.columns.get(role) for role in (Role.CONTENT, Role.KEY)]
    found = [frozenset(sheet.rounded.get(-1 if column is None else column, ())) for column in columns]
    return Former(*found) if any(found) else None
