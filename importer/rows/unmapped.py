"""Columns without a role that hold nothing but words of the visibility or the status: none of them is passed over.

Comes in: a sheet's blocks. Goes out: a question for each such column, whatever default there is and whatever the
profile ignores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from importer.errors import as_argument
from importer.messages import Message, SettingPart, say, some
from importer.models import Note, PossibleAnswer, Question, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows import directions, words
from importer.rows.columns import Roles, called, mapped, shown
from importer.rows.footers import is_footer
from importer.rows.values import STATUS_WORDS, VISIBILITY_WORDS, WORDS, cleaned_id, folded, is_word
from importer.settings.meanings import Values

_MOST_VALUES = 8  # of a column that a message lists
_MOST_ODD = 3  # unknown words that may stand under a heading that speaks of a role
_LESS: Mapping[Role, Visibility | Status] = {Role.VISIBILITY: Visibility.PRIVATE, Role.STATUS: Status.DRAFT}
_SAY_LESS = {
    role: {folded(word) for word in known if not word.isdecimal()}
    for role, known in (
        (Role.VISIBILITY, VISIBILITY_WORDS[Visibility.PRIVATE]),
        (Role.STATUS, STATUS_WORDS[Status.DRAFT]),
    )
}
_FIRST_LOOK = 100  # rows that tell of nearly every column whether it may hold a role's values


def question(
    headings: Sequence[str],
    position: int,
    roles: Sequence[Role],
    values: Sequence[str],
    says: Message,
) -> Question:
    """What to say of a column that has no role, though what stands in it are values of these roles, as it ``says``."""
    own, column = called(headings, position), column_letter(position)
    heading = shown(headings[position]) if headings[position].strip() else say("column.without-heading")
    listed = some([*map(shown, values)], _MOST_VALUES)
    text = say(
        "overlooked.question",
        column=column,
        heading=heading,
        says=says,
        values=listed,
        ways=tuple(mapped(role, as_argument(own)) for role in roles),
        ignore=SettingPart("ignore", as_argument(own)),
    )
    choices = [PossibleAnswer("map", f"{role}={own}", say("overlooked.is", role=role)) for role in roles]
    choices.append(PossibleAnswer("ignore", own, say("overlooked.is-nothing")))
    asks = say("overlooked.what-is-it", column=column, heading=heading, values=listed)
    return Question(text, asks, choices, position, roles, values[:_MOST_VALUES], len(values))


class Unmapped:
    """Looks for columns that were meant for the visibility or the status, though none has the role.

    Such a column holds nothing but words of these roles, whoever gave them their meaning, and at least one of a role
    that no column has. Under a heading that speaks of a role, a yes, a no and a code are such words, too, and a few
    unknown ones may stand beside them if notes are public or published; under other headings they are everywhere. If a
    column has the role, a second one counts only if its heading speaks of the role and some word of it says less than
    the notes have: *Private?* with a yes, though notes are public. A column is looked at until it holds anything else,
    which for most is its first rows.
    """

    def __init__(self, headings: Sequence[str], roles: Roles, values: Values) -> None:
        self._headings, self._doubtful = headings, roles.doubtful
        self._words = {role: known | words.ever(values, role) for role, known in WORDS.items()}
        self._vacant = [role for role in WORDS if role in roles.vacant]
        self._taken = {role: roles.columns[role] for role in WORDS if role in roles.columns}
        looked_at = sorted((*roles.unexplained, *roles.doubtful))
        asked_about = [*self._vacant, *self._taken]
        self._spoken_of = {i: [role for role in asked_about if directions.speaks(role, headings[i])] for i in looked_at}
        self._values: dict[int, dict[str, None]] = {i: {} for i in looked_at if self._vacant or self._spoken_of[i]}

    def look(self, block: pd.DataFrame) -> None:
        """Drop the columns in which something else stands."""
        for position, values in [*self._values.items()]:
            column = block[position]
            for part in (column.iloc[:_FIRST_LOOK], column.iloc[_FIRST_LOOK:]):
                new = [text for text in part.unique() if text not in values]
                values.update(dict.fromkeys(new))
                odd = {text for text in values if not self._is_word(position, text) and not is_footer(text)}
                if len(odd) > (_MOST_ODD if self._spoken_of[position] else 0):
                    del self._values[position]
                    break

    def _is_word(self, position: int, text: str) -> bool:
        if is_word(text, self._words):
            return True
        return bool(self._spoken_of[position]) and directions.depends_on_heading(cleaned_id(text))

    def questions(self, notes: Sequence[Note]) -> list[Question]:
        """Return a question for each column that is left; ``notes`` are those that the other columns make."""
        is_open = {
            Role.VISIBILITY: any(note.visibility is Visibility.PUBLIC for note in notes),
            Role.STATUS: any(note.status is Status.PUBLISHED for note in notes),
        }
        found = []
        for position, texts in self._values.items():
            told = [word for text in texts if (word := cleaned_id(text)) and not is_footer(text)]
            values = list({folded(word): word for word in told}.values())
            telling = {folded(value) for value in values if not value.isdecimal()}
            known = [value for value in values if self._is_word(position, value)]
            spoken = self._spoken_of[position] if known else ()
            roles = [
                role
                for role in self._vacant
                if (telling & self._words[role] or role in spoken) and (len(known) == len(values) or is_open[role])
            ]
            if roles:
                says = say("overlooked.says-so-though-ignored" if position in self._doubtful else "overlooked.says-so")
                found.append(question(self._headings, position, roles, values, says))
                continue
            for role in spoken:
                if is_open[role] and any(self._says_less(role, position, value) for value in values):
                    used = shown(self._headings[self._taken[role]])
                    says = say("overlooked.may-say-less", role=role, used=used)
                    found.append(question(self._headings, position, [role], values, says))
                    break
        return found

    def _says_less(self, role: Role, position: int, value: str) -> bool:
        """Whether a word may mean that a note is private, or a draft."""
        if folded(value) in _SAY_LESS[role]:
            return True
        likely = directions.reading(role, self._headings[position], value)
        return directions.depends_on_heading(value) and (likely is None or likely is _LESS[role])
