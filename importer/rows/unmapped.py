"""Find columns without a role that hold mostly words for visibility or status, so that none is ignored by mistake.

Input: a sheet's blocks. Output: a question for each such column, even if the profile ignores it or has a default value.
"""

from __future__ import annotations

from collections import Counter
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
from importer.settings.reading import Values, key, numbered

_MOST_VALUES = 8  # values of a column that a message lists
_MOST_ODD = 3  # unknown words that a column may hold beside known ones, without typing errors
_MOST_UNKNOWN = 20  # with typing errors
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

    Such a column holds words of these roles, usual ones or the user's own, and at least one word of a role without a
    column. If notes are public or published, a few unknown words are allowed: typing errors must not publish a draft.
    They are allowed under a heading that is about the role, where yes, no and codes count as words, too. Under another
    heading, most words must be known, and one must mean the role in any context: *Draft*, but not *Live* or *Team*. If
    a column already has the role, a second one counts only if its heading is about the role and one of its words may
    restrict notes further: *Private?* with a yes, although notes are public.

    Args:
        headings, roles, values: those of the sheet.
        known: ignored column → the words that it held when the user said so.

    Attributes:
        seen: column that isn't asked about only because the user said so → its words.
    """

    def __init__(
        self, headings: Sequence[str], roles: Roles, values: Values, known: Mapping[str, Sequence[str]]
    ) -> None:
        self.seen: dict[str, tuple[str, ...]] = {}
        self._names = numbered(headings)
        self._known = {key(column): {*map(folded, seen)} for column, seen in known.items()}
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
        self._values = {i: Counter[str]() for i in looked_at if is_any_without or self._spoken_of[i]}

    def look(self, block: Block) -> None:
        """Drop the columns that hold more than a few other values than such words in this block."""
        for position, values in [*self._values.items()]:
            column = block.columns[position]
            for part in (column[:_FIRST_LOOK], column[_FIRST_LOOK:]):
                values.update(part)
                unknown = [text for text in values if not self._is_word(position, text) and not is_footer(text)]
                if len(unknown) > _MOST_UNKNOWN or sum(not words.is_misspelled(text) for text in unknown) > _MOST_ODD:
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
            rows = _counted(texts)
            known = [value for value in rows if self._is_word(position, value)]
            heading_roles = self._spoken_of[position] if known else ()
            roles = [
                role
                for role in WORDED
                if role not in self._taken
                if role in heading_roles or any(self._is_of(role, value) for value in known)
                if len(known) == len(rows)
                or (is_open[role] and (role in heading_roles or self._are_mostly_of(role, known, rows)))
            ]
            less = [
                role
                for role in heading_roles
                if role in self._taken
                if is_open[role] and any(self._says_less(role, position, value) for value in rows)
            ]
            if roles:
                says = say("overlooked.all-words" if len(known) == len(rows) else "overlooked.most-words")
                says = say("overlooked.though-ignored", says=says) if position in self._doubtful else says
                asked = [role for role in roles if role in self._vacant]
            elif less:
                used, asked = shown(self._headings[self._taken[less[0]]]), less[:1]
                says = say("overlooked.may-say-less", role=less[0], used=used)
            else:
                continue
            if asked and self._is_open(position, [*rows]):
                questions.append(question(self._headings, position, asked, [*rows], says))
            else:
                self.seen[self._names[position]] = tuple(rows)
        return questions

    def _is_of(self, role: Role, value: str) -> bool:
        return folded(value) in self._words[role] and not value.isdecimal()

    def _are_mostly_of(self, role: Role, known: Sequence[str], rows: Counter[str]) -> bool:
        """Return whether most words or rows hold known words, or typing errors of these, and one means the role."""
        alike = [word for word in rows if word in known or words.is_misspelled(word)]
        is_most = 2 * len(alike) > len(rows) or 2 * sum(rows[word] for word in alike) >= rows.total()
        return is_most and any(self._is_of(role, word) and words.is_strong(role, word) for word in known)

    def _is_open(self, position: int, values: Sequence[str]) -> bool:
        """Return whether a column has to be asked about, because nobody said anything about these words of it."""
        known = self._known.get(key(self._names[position]), set()) if position in self._doubtful else set()
        return position in self._open and not {*map(folded, values)} <= known

    def _says_less(self, role: Role, position: int, value: str) -> bool:
        """Return whether a word may mean that a note is private (visibility) or a draft (status)."""
        if folded(value) in _SAY_LESS[role]:
            return True
        likely = words.reading(role, self._headings[position], value)
        return words.depends_on_heading(value) and (likely is None or likely is _LESS[role])


def _counted(texts: Counter[str]) -> Counter[str]:
    """Return the words of a column and their rows, without blank cells and footers."""
    spellings: dict[str, str] = {}
    rows = Counter[str]()
    for text, n in texts.items():
        if (word := cleaned_id(text)) and not is_footer(text):
            rows[spellings.setdefault(folded(word), word)] += n
    return rows
