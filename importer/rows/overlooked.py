"""Columns without a role that hold nothing but words of the visibility or the status: none of them is passed over.

Comes in: a sheet's blocks. Goes out: a question for each such column, whatever default there is and whatever the
profile ignores.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from importer.models import Question
from importer.rows import directions, words
from importer.rows.columns import Roles, overlooked
from importer.rows.footers import is_footer
from importer.rows.values import WORDS, cleaned_id, folded, is_word
from importer.settings.meanings import Values

_FIRST_LOOK = 100  # rows that tell of nearly every column whether it may hold a role's values
_SAYS = "all that stands in it says who may see a note or whether it is published"
_IGNORED = f"{_SAYS} (the profile ignores it, which isn't enough for such a column)"


class Overlooked:
    """Looks for columns that were meant for the visibility or the status, though none has the role.

    Such a column holds nothing but words of these roles, whoever gave them their meaning, and at least one of a role
    that no column has. Under a heading that speaks of such a role, a yes, a no and a code are such words, too; under
    others they are everywhere. Where the visibility has its column, a second one with ``Everyone`` and ``Team`` is
    about something else. A column is looked at until it holds anything else, which for most is its first rows.
    """

    def __init__(self, headings: Sequence[str], roles: Roles, values: Values) -> None:
        self._headings, self._doubtful = headings, roles.doubtful
        self._words = {role: known | words.ever(values, role) for role, known in WORDS.items()}
        self._vacant = [role for role in WORDS if role in roles.vacant]
        looked_at = (*roles.unexplained, *roles.doubtful) if self._vacant else ()
        self._spoken_of = {
            i: [role for role in self._vacant if directions.speaks(role, headings[i])] for i in looked_at
        }
        self._values: dict[int, dict[str, None]] = {i: {} for i in sorted(looked_at)}

    def look(self, block: pd.DataFrame) -> None:
        """Drop the columns in which something else stands."""
        for position, values in [*self._values.items()]:
            column = block[position]
            for part in (column.iloc[:_FIRST_LOOK], column.iloc[_FIRST_LOOK:]):
                new = [text for text in part.unique() if text not in values]
                values.update(dict.fromkeys(new))
                if not all(self._is_word(position, text) or is_footer(text) for text in new):
                    del self._values[position]
                    break

    def _is_word(self, position: int, text: str) -> bool:
        if is_word(text, self._words):
            return True
        return bool(self._spoken_of[position]) and directions.depends_on_heading(cleaned_id(text))

    def questions(self) -> list[Question]:
        """Return a question for each column that is left."""
        found = []
        for position, texts in self._values.items():
            told = [word for text in texts if (word := cleaned_id(text)) and not is_footer(text)]
            values = list({folded(word): word for word in told}.values())
            telling = {folded(value) for value in values if not value.isdecimal()}
            roles = [
                role
                for role in self._vacant
                if telling & self._words[role] or (values and role in self._spoken_of[position])
            ]
            if roles:
                says = _IGNORED if position in self._doubtful else _SAYS
                found.append(overlooked(self._headings, position, roles, values, says))
        return found
