"""Find columns without a role that hold only words for visibility or status, so that none is ignored by mistake.

Input: a sheet's blocks. Output: a question for each such column, even if the profile ignores it or has a default value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from importer.errors import as_argument
from importer.fields import WORDED
from importer.messages import Message, SettingPart, say, some
from importer.models import Note, PossibleAnswer, Question, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows import words
from importer.rows.blocks import Block
from importer.rows.columns import Roles, called, shown
from importer.rows.footers import is_footer
from importer.rows.values import cleaned_id, folded
from importer.settings.kinds import mapped
from importer.settings.meanings import Values

_MOST_VALUES = 8  # values of a column that a message lists
_MOST_ODD = 3  # unknown words that are allowed under a heading about a role
_LESS: Mapping[Role, Visibility | Status] = {Role.VISIBILITY: Visibility.PRIVATE, Role.STATUS: Status.DRAFT}
_SAY_LESS = {
    role: {folded(word) for word in WORDED[role].words[value] if not word.isdecimal()} for role, value in _LESS.items()
}
_LONGEST = 60  # characters; a longer text is no word
_FIRST_LOOK = 100  # rows that are checked first; they rule out nearly all other columns


def question(
    headings: Sequence[str],
    position: int,
    roles: Sequence[Role],
    values: Sequence[str],
    says: Message,
) -> Question:
    """Return the question whether a column without a role has one of ``roles``; ``says`` is the reason for asking."""
    name, column = called(headings, position), column_letter(position)
    heading = shown(headings[position]) if headings[position].strip() else say("column.without-heading")
    listed = some([*map(shown, values)], _MOST_VALUES)
    text = say(
        "overlooked.question",
        column=column,
        heading=heading,
        says=says,
        values=listed,
        ways=tuple(mapped(role, as_argument(name)) for role in roles),
        ignore=SettingPart("ignore", as_argument(name)),
    )
    choices = [PossibleAnswer("map", f"{role}={name}", say("overlooked.is", role=role)) for role in roles]
    choices.append(PossibleAnswer("ignore", name, say("overlooked.is-nothing")))
    asks = say("overlooked.what-is-it", column=column, heading=heading, values=listed)
    return Question(text, asks, choices, position, roles, values[:_MOST_VALUES], len(values))


class Unmapped:
    """Finder of columns without a role that are probably meant for the visibility or the status.

    Such a column holds only words of these roles, usual ones or the user's own, and at least one word of a role without
    a column. If the column's heading is about a role, then yes, no and codes count as words, and a few unknown words
    are allowed if notes are public or published. If a column already has the role, a second one counts only if its
    heading is about the role and one of its words may restrict notes further: *Private?* with a yes, although notes are
    public.

    Args:
        headings, roles, values: those of the sheet.
        known: ignored column → the words that it held when the user said so.

    Attributes:
        set_aside: column that isn't asked about only because the user said so → its words.
    """

    def __init__(
        self, headings: Sequence[str], roles: Roles, values: Values, known: Mapping[str, Sequence[str]]
    ) -> None:
        self.set_aside: dict[str, tuple[str, ...]] = {}
        self._known = {folded(column): {*map(folded, seen)} for column, seen in known.items()}
        self._headings, self._doubtful, self._open = headings, roles.doubtful, {*roles.unexplained, *roles.doubtful}
        self._words = {
            role: {folded(word) for usual in field.words.values() for word in usual} | words.ever(values, role)
            for role, field in WORDED.items()
        }
        self._blank_or_word = {""}.union(*self._words.values())
        self._vacant = [role for role in WORDED if role in roles.vacant]
        self._taken = {role: roles.columns[role] for role in WORDED if role in roles.columns}
        looked_at = sorted({*roles.unused, *self._open})
        self._spoken_of = {i: [role for role in WORDED if words.speaks(role, headings[i])] for i in looked_at}
        is_any_without = len(self._taken) < len(WORDED)
        self._values: dict[int, dict[str, None]] = {i: {} for i in looked_at if is_any_without or self._spoken_of[i]}

    def look(self, block: Block) -> None:
        """Drop the columns that hold other values than such words in this block."""
        for position, values in [*self._values.items()]:
            column = block.columns[position]
            for part in (column[:_FIRST_LOOK], column[_FIRST_LOOK:]):
                values.update(dict.fromkeys(part))
                odd = {text for text in values if not self._is_word(position, text) and not is_footer(text)}
                if len(odd) > (_MOST_ODD if self._spoken_of[position] else 0):
                    del self._values[position]
                    break

    def _is_word(self, position: int, text: str) -> bool:
        if len(text) <= _LONGEST and folded(cleaned_id(text)) in self._blank_or_word:
            return True
        return bool(self._spoken_of[position]) and words.depends_on_heading(cleaned_id(text))

    def questions(self, notes: Sequence[Note]) -> list[Question]:
        """Return a question for each remaining column; ``notes`` are the notes made from the columns with roles."""
        is_open = {
            Role.VISIBILITY: any(note.visibility is Visibility.PUBLIC for note in notes),
            Role.STATUS: any(note.status is Status.PUBLISHED for note in notes),
        }
        questions = []
        for position, texts in self._values.items():
            cleaned = [word for text in texts if (word := cleaned_id(text)) and not is_footer(text)]
            values = list({folded(word): word for word in cleaned}.values())
            folded_words = {folded(value) for value in values if not value.isdecimal()}
            known_values = [value for value in values if self._is_word(position, value)]
            heading_roles = self._spoken_of[position] if known_values else ()
            roles = [
                role
                for role in WORDED
                if role not in self._taken
                if (folded_words & self._words[role] or role in heading_roles)
                and (len(known_values) == len(values) or is_open[role])
            ]
            if roles:
                says = say("overlooked.says-so-though-ignored" if position in self._doubtful else "overlooked.says-so")
                vacant = [role for role in roles if role in self._vacant]
                if vacant and self._is_open(position, values):
                    questions.append(question(self._headings, position, vacant, values, says))
                else:
                    self.set_aside[called(self._headings, position)] = tuple(values)
                continue
            for role in heading_roles:
                if (
                    role in self._taken
                    and is_open[role]
                    and any(self._says_less(role, position, value) for value in values)
                ):
                    used = shown(self._headings[self._taken[role]])
                    says = say("overlooked.may-say-less", role=role, used=used)
                    if self._is_open(position, values):
                        questions.append(question(self._headings, position, [role], values, says))
                    else:
                        self.set_aside[called(self._headings, position)] = tuple(values)
                    break
        return questions

    def _is_open(self, position: int, values: Sequence[str]) -> bool:
        """Return whether a column has to be asked about, because nobody said anything about these words of it."""
        known = (
            self._known.get(folded(called(self._headings, position)), set()) if position in self._doubtful else set()
        )
        return position in self._open and not {*map(folded, values)} <= known

    def _says_less(self, role: Role, position: int, value: str) -> bool:
        """Return whether a word may mean that a note is private (visibility) or a draft (status)."""
        if folded(value) in _SAY_LESS[role]:
            return True
        likely = words.reading(role, self._headings[position], value)
        return words.depends_on_heading(value) and (likely is None or likely is _LESS[role])
