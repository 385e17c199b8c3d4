"""Find columns without a role that seem to say who may see a note, or which are drafts, so that none is passed over.

Input: a sheet's blocks. Output: a question for each such column, even if the profile ignores it or has a default value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from importer.fields import WORDED
from importer.messages import Message, say, some
from importer.models import Note, PossibleAnswer, Question, Role
from importer.rows import words
from importer.rows.columns import Roles, called, in_words, shown
from importer.rows.suggestions import SPELLED
from importer.rows.values import Block, Value, Wrong, cleaned_id, folded, is_footer
from importer.rows.words import LEAST
from importer.settings.kinds import Values
from importer.settings.reading import key, numbered

_MOST_VALUES = 8  # values of a column that a message lists
_MOST_ODD = 3  # other values that a column may hold beside words
_MOST_WORDS = 1_000  # distinct words of it that are kept
_LONGEST = 60  # characters; a longer text is no word
_PHRASE = re.compile(r"\S|\d{1,3}|(?!.*(?:@|://|\d{3}|\d[/:.-]\d))(?=.*[^\W\d_]).{1,40}")
"""A sign, a short number, or a few words that hold no email, link, number or date."""
_SHORT = re.compile(r"(?!.*(?:@|://)).{1,60}")
_APART = r"[][,;|/\n\t#(){}\"·•、，；&+>!:*–—]|(?<!\w)[-']|[-'](?!\w)"
_PART = re.compile(rf"(?:\A|{_APART})\s*([^\W\d]{{5,}}(?: [^\W\d]+)*)\s*(?=\Z|{_APART})")


def private_among(cells: Sequence[str]) -> set[str]:
    """Return the words for private that stand alone or between signs: ``Only me``, ``pricing, #private``."""
    parts = _PART.findall(words.without_accents("\n".join(cells)))
    found = {part for part in parts if words.says_private(part) and words.says_only(Role.VISIBILITY, part)}
    return found | words.PHRASES.intersection(map(folded, cells))


def restricting(role: Role, heading: str, values: Values) -> Callable[[str], Value | Wrong | None]:
    """Return a function: what a cell, in a column beside that of the role, makes of a note; None if nothing.

    It makes it less visible unless it surely doesn't, by a usual word, a yes or a no, or the user's own meaning; or it
    leaves its row out. Under a heading that says nothing of the role (*Tags*), only the user's own word, or one for
    private, does so.
    """
    own, least = words.vocabulary(role, heading, values), LEAST[role]
    is_spoken_of = role is Role.STATUS or words.speaks(role, heading) or words.is_about(role, heading)

    @cache
    def restricted(text: str) -> Value | Wrong | None:
        word = cleaned_id(text)
        read = own(word)
        if isinstance(read, Wrong) and read.is_left_out:
            return read
        value = words.reading(role, heading, word) if isinstance(read, Wrong) else read
        may_say_less = bool(word) and value is None and (is_spoken_of or words.says_private(word))
        return least if may_say_less or value is least else None

    return restricted


def question(
    headings: Sequence[str],
    position: int,
    roles: Sequence[Role],
    values: Sequence[str],
    says: Message,
    beside: Sequence[int] = (),
) -> Question:
    """Return the question whether a column without a role has one of ``roles``; ``says`` is the reason for asking.

    If columns have the role already (``beside``), it may count as well: the least visible counts for each note.
    """
    name, names = called(headings, position), ", ".join(called(headings, at) for at in (*beside, position))
    listed = some([*map(shown, values)], _MOST_VALUES)
    kind = "overlooked.is-as-well" if beside else "overlooked.is"
    choices = [PossibleAnswer("map", f"{role}={names}", say(kind, role=role)) for role in roles]
    choices.append(PossibleAnswer("ignore", name, say("overlooked.is-nothing")))
    asks = say("overlooked.what-is-it", column=in_words(headings, position), values=listed, says=says)
    return Question(asks, choices, position, roles, values[:_MOST_VALUES], len(values))


@dataclass
class _Column:
    """A column without a role, and what it holds.

    Attributes:
        about: the roles that its heading is about, so clearly that unknown words count, too.
        spoken_of: the roles of which its heading speaks.
        cells: cell → its rows; None if it holds more than a few other values than words.
        among: some cells with a word for private, alone or among others.
    """

    heading: str
    about: set[Role]
    spoken_of: set[Role]
    cells: Counter[str] | None = field(default_factory=Counter)
    among: list[str] = field(default_factory=list)


class Unmapped:
    """Finder of columns without a role that are probably meant for the visibility or the status.

    Under a heading that is about the role, such a column holds a few short words, usual ones or not, or codes. Under
    another heading, all its words are usual ones or the user's own, or a word for private stands in any cell, alone or
    among others (``pricing, private``). If notes are public or published, most of them are enough, because a typing
    error must not publish a draft. Then one word must mean the role in any context: *Draft*, but not *Live*. If a
    column already has the role, a second one counts only if one of its words may restrict notes further: *Private?*
    with a yes.

    ``known`` and ``seen``: ignored column → the known words that it held when the user said so.
    """

    def __init__(
        self, headings: Sequence[str], roles: Roles, values: Values, known: Mapping[str, Sequence[str]]
    ) -> None:
        self.seen: dict[str, tuple[str, ...]] = {}
        self._headings, self._roles, self._names = headings, roles, numbered(headings)
        self._own = words.in_further(values, is_listed=False)
        self._known = {key(column): {*map(folded, seen)} for column, seen in known.items()}
        self._words = {role: {*SPELLED[role], *words.ever(values, role)} for role in WORDED}
        self._columns = {
            i: _Column(
                headings[i],
                {role for role in WORDED if words.is_about(role, headings[i])},
                {role for role in WORDED if words.speaks(role, headings[i])},
            )
            for i in sorted({*roles.unused, *roles.unexplained, *roles.doubtful})
        }

    def look(self, block: Block) -> None:
        """Note what the columns hold in this block, unless it is more than a few other values than words."""
        for position, column in self._columns.items():
            distinct = {*block.columns[position]}
            if len(column.among) < _MOST_VALUES:
                column.among += sorted(text for text in distinct if len(text) <= _LONGEST and private_among([text]))
            if column.cells is None:
                continue
            texts = (text for text in distinct.union(column.cells) if not is_footer(text))
            odd = (text for text in texts if not (self._is_word(column, text) or self._may_be_word(column, text)))
            if len([*islice(odd, _MOST_ODD + 1)]) > _MOST_ODD:
                column.cells = None
            elif len(column.cells) <= _MOST_WORDS:
                column.cells.update(block.columns[position])

    def _is_word(self, column: _Column, text: str) -> bool:
        word = cleaned_id(text)
        is_usual = not word or any(folded(word) in usual for usual in self._words.values())
        is_said = is_usual or (bool(column.spoken_of) and words.depends_on_heading(word))
        return len(text) <= _LONGEST and (is_said or any(words.says_only(role, word) for role in WORDED))

    def _may_be_word(self, column: _Column, text: str) -> bool:
        """Return whether an unknown text may be a word: any short text if the heading is about a role, or a slip."""
        return bool(_SHORT.fullmatch(text)) if column.about else words.is_misspelled(text)

    def questions(self, notes: Sequence[Note]) -> list[Question]:
        """Return a question for each remaining column; ``notes`` are the notes made from the columns with roles."""
        is_open = {role: any(getattr(note, role.value) is not least for note in notes) for role, least in LEAST.items()}
        questions = []
        for position, column in self._columns.items():
            rows = words.counted(Counter(column.among) if column.cells is None else column.cells)
            known = [value for value in rows if self._is_word(column, value)]
            roles = [role for role in WORDED if self._is_meant(role, column, rows, known, is_open=is_open[role])]
            missing = [role for role in roles if role not in self._roles.columns]
            known += sorted(private_among(column.among))
            if roles and self._is_open(position, rows, known):
                beside = () if missing else self._roles.of(roles[0])
                says = say("overlooked.looks-like")
                if beside:
                    says = say("overlooked.may-say-less", role=roles[0], used=shown(self._headings[beside[0]]))
                if position in self._roles.doubtful:
                    says = say("overlooked.though-ignored", says=says)
                questions.append(question(self._headings, position, missing or roles[:1], [*rows], says, beside))
            elif roles:
                self.seen[self._names[position]] = tuple(known)
        return questions

    def _is_meant(
        self, role: Role, column: _Column, rows: Counter[str], known: Sequence[str], *, is_open: bool
    ) -> bool:
        """Return whether a column may say something of a role. ``is_open``: notes would be public, or published.

        For a role without a column, all words say so, by themselves or by the heading. If it is open, most words do, or
        the heading alone, for the visibility whatever its words (*Embargo until*). Beside the role's column, if it is
        open, a cell may say less than that.
        """
        are_all, is_among = len(known) == len(rows), role is Role.VISIBILITY and bool(column.among)
        usual = [word for word in known if folded(word) in self._words[role] and not word.isdecimal()]
        of_role = [word for word in known if word in usual or words.says_only(role, word)]
        strong = [word for word in of_role if words.is_strong(role, word)]
        is_alone = role is Role.VISIBILITY and role in self._roles.vacant
        alike = [word for word in rows if word in known or is_alone or _PHRASE.fullmatch(word)]
        is_headed = (role in column.about and 2 * len(alike) > len(rows)) or (role in column.spoken_of and bool(known))
        if role in self._roles.columns:
            headed = [*rows, *{""}.intersection(map(cleaned_id, column.cells or ()))]
            cells = headed if is_headed else strong if are_all else []
            return is_open and (is_among or any(map(restricting(role, column.heading, self._own), cells)))
        slips = [word for word in rows if word in known or words.is_misspelled(word)]
        are_most = 2 * len(slips) > len(rows) or 2 * sum(rows[word] for word in slips) >= rows.total()
        is_said = (are_all and bool(of_role or is_headed)) or (is_open and bool(is_headed or (are_most and strong)))
        return role in self._roles.vacant and (is_said or (is_open and is_among))

    def _is_open(self, position: int, rows: Counter[str], known: Sequence[str]) -> bool:
        """Return whether a column has to be asked about, because nobody said anything about these words of it.

        In a column that was ignored before, words that nobody knows say nothing new.
        """
        if position not in self._roles.doubtful:
            return position in self._roles.unexplained
        before = self._known.get(key(self._names[position]))
        return not {*map(folded, known if before is not None else rows)} <= (before or set())
