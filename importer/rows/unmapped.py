"""Find columns without a role that seem to say who may see a note, or which are drafts, so that none is passed over.

Input: a sheet's blocks. Output: a question for each such column, even if the profile ignores it or has a default value.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from importer.errors import as_argument
from importer.fields import WORDED
from importer.messages import Message, Part, SettingPart, say, some
from importer.models import Note, PossibleAnswer, Question, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows import words
from importer.rows.blocks import Block
from importer.rows.columns import Roles, called, shown
from importer.rows.footers import is_footer
from importer.rows.values import Wrong, cleaned_id, folded
from importer.settings.kinds import Values, mapped
from importer.settings.reading import key, numbered

_MOST_VALUES = 8  # values of a column that a message lists
_MOST_ODD = 3  # other values that a column may hold beside words
_MOST_UNKNOWN = 20  # unknown words that it may hold
_LONGEST = 60  # characters; a longer text is no word
_FIRST_LOOK = 100  # rows that are checked first; they rule out nearly all other columns
_PHRASE = re.compile(r"\S|\d{1,3}|(?!.*(?:@|://|\d{3}|\d[/:.-]\d))(?=.*[^\W\d_]).{1,40}")
"""A sign, a short number, or a few words that hold no email, link, number or date."""
_SEVERAL = re.compile(r"[,;|/\n]")


_AMONG = re.compile(rf"(?<![^\n,;|/])\s*({WORDED[Role.VISIBILITY].in_headings[Visibility.PRIVATE][0]})\s*(?![^\n,;|/])")


def private_among(cells: Iterable[str]) -> set[str]:
    """Return the words for private that stand alone, or among others with separators between: ``pricing, private``."""
    text = "\n".join(cells).casefold()
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return set(_AMONG.findall(text))


def restricting(role: Role, heading: str, values: Values) -> Callable[[str], bool]:
    """Return a function: whether a cell, in a column beside that of the role, makes a note less visible.

    It does unless it surely doesn't: by a usual word, a yes or a no, or the user's own meaning for this very column.
    Under a heading that says nothing of the role (*Tags*), only a word for private does.
    """
    own = words.Vocabulary(role, heading, {place: own for place, own in values.items() if place[1] is not None})
    is_spoken_of = words.speaks(role, heading) or words.is_about(role, heading)

    @cache
    def restricts(text: str) -> bool:
        word = cleaned_id(text)
        read = own.read(word) if word else words.blank(role, heading)
        value = words.reading(role, heading, word) if isinstance(read, Wrong) else read
        if value is None and role is Role.VISIBILITY and not is_spoken_of:
            return words.says_only(role, word) or bool(private_among([word]))
        return value is None or value is words.LEAST[role]

    return restricts


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
    heading = shown(headings[position]) if headings[position].strip() else say("column.without-heading")
    listed = some([*map(shown, values)], _MOST_VALUES)
    parts: dict[str, Part] = {"column": column_letter(position), "heading": heading, "values": listed}
    ways = tuple(mapped(role, as_argument(names)) for role in roles)
    ignore = SettingPart("ignore", as_argument(name), is_from_sheet=True)
    text = say("overlooked.question", **parts, says=says, ways=ways, ignore=ignore)
    kind = "overlooked.is-as-well" if beside else "overlooked.is"
    choices = [PossibleAnswer("map", f"{role}={names}", say(kind, role=role)) for role in roles]
    choices.append(PossibleAnswer("ignore", name, say("overlooked.is-nothing")))
    asks = say("overlooked.what-is-it", **parts)
    return Question(text, asks, choices, position, roles, values[:_MOST_VALUES], len(values))


class Unmapped:
    """Finder of columns without a role that are probably meant for the visibility or the status.

    Under a heading that is about the role, such a column holds a few short words, usual ones or not, or codes. Under
    another heading, all its words are usual ones or the user's own, or a word for private stands among others
    (``pricing, private``). If notes are public or published, most of them are enough, because a typing error must not
    publish a draft. Then one word must mean the role in any context: *Draft*, but not *Live*. If a column already has
    the role, a second one counts only if one of its words may restrict notes further: *Private?* with a yes.

    ``known`` and ``seen``: ignored column → the known words that it held when the user said so.
    """

    def __init__(
        self, headings: Sequence[str], roles: Roles, values: Values, known: Mapping[str, Sequence[str]]
    ) -> None:
        self.seen: dict[str, tuple[str, ...]] = {}
        self._names, self._own = numbered(headings), values
        self._known = {key(column): {*map(folded, seen)} for column, seen in known.items()}
        self._headings, self._doubtful, self._open = headings, roles.doubtful, {*roles.unexplained, *roles.doubtful}
        self._words = {
            role: {folded(word) for usual in field.words.values() for word in usual} | words.ever(values, role)
            for role, field in WORDED.items()
        }
        self._blank_or_word = {""}.union(*self._words.values())
        self._vacant = [role for role in WORDED if role in roles.vacant]
        self._taken = {role: roles.of(role) for role in WORDED if role in roles.columns}
        looked_at = sorted({*roles.unused, *self._open})
        self._spoken_of = {i: [role for role in WORDED if words.speaks(role, headings[i])] for i in looked_at}
        self._about = {i: [role for role in WORDED if words.is_about(role, headings[i])] for i in looked_at}
        self._values = {i: Counter[str]() for i in looked_at}
        self._full = set[int]()  # columns with so many words that no more are counted
        self._among = {i: dict[str, None]() for i in looked_at}  # some cells with a word for private among others

    def look(self, block: Block) -> None:
        """Drop the columns that hold more than a few other values than such words in this block."""
        for position, cells in self._among.items():
            several = [text for text in {*block.columns[position]} if len(text) <= _LONGEST and _SEVERAL.search(text)]
            if len(cells) < _MOST_VALUES and private_among(several):
                cells.update(dict.fromkeys(text for text in sorted(several) if private_among([text])))
        for position, values in [*self._values.items()]:
            column = () if position in self._full else block.columns[position]
            for part in (column[:_FIRST_LOOK], column[_FIRST_LOOK:]):
                values.update(part)
                unknown = [text for text in values if not self._is_word(position, text) and not is_footer(text)]
                odd = (text for text in unknown if not self._may_be_word(position, text))
                is_many = len(unknown) > _MOST_UNKNOWN
                if sum(1 for _ in odd) > _MOST_ODD or (is_many and not self._about[position]):
                    del self._values[position]
                    break
                if is_many:
                    self._full.add(position)
                    break

    def _is_word(self, position: int, text: str) -> bool:
        word = cleaned_id(text)
        if len(text) > _LONGEST or (self._spoken_of[position] and words.depends_on_heading(word)):
            return len(text) <= _LONGEST
        return folded(word) in self._blank_or_word or any(words.says_only(role, word) for role in WORDED)

    def _may_be_word(self, position: int, text: str) -> bool:
        """Return whether an unknown text may be a word: any few words if the heading is about a role, or a slip."""
        return bool(_PHRASE.fullmatch(text)) if self._about[position] else words.is_misspelled(text)

    def questions(self, notes: Sequence[Note]) -> list[Question]:
        """Return a question for each remaining column; ``notes`` are the notes made from the columns with roles."""
        is_open = {
            Role.VISIBILITY: any(note.visibility is Visibility.PUBLIC for note in notes),
            Role.STATUS: any(note.status is Status.PUBLISHED for note in notes),
        }
        questions = []
        for position, among in self._among.items():
            texts, heading = self._values.get(position, Counter([*among])), self._headings[position]
            rows = _counted(texts)
            known = [value for value in rows if self._is_word(position, value)]
            alike = [value for value in rows if value in known or self._may_be_word(position, value)]
            by_heading = {*self._about[position]} if 2 * len(alike) > len(rows) else set()
            by_heading |= {*self._spoken_of[position]} if known else set()
            is_whole, roles, less = len(known) == len(rows), [], []
            for role in WORDED:
                of_role, restricts = self._of(role, known), restricting(role, heading, self._own)
                if role not in self._taken:
                    is_said = bool(of_role) or (bool(known) and role in self._spoken_of[position])
                    is_mostly = role in by_heading or self._are_mostly_of(role, known, rows)
                    roles += [role] if (is_whole and is_said) or (is_open[role] and is_mostly) else []
                else:
                    strong = [value for value in of_role if is_whole and words.is_strong(role, value)]
                    cells = [*rows, *{""}.intersection(map(cleaned_id, texts))] if role in by_heading else strong
                    less += [role] if is_open[role] and any(map(restricts, cells)) else []
            is_among = bool(among) and is_open[Role.VISIBILITY] and not roles + less
            if is_among:
                is_taken = Role.VISIBILITY in self._taken
                roles, less = ([], [Role.VISIBILITY]) if is_taken else ([Role.VISIBILITY], [])
                known = [*known, *sorted(private_among(among))]
            if not roles and not less:
                continue
            asked = [role for role in roles if role in self._vacant] if roles else less[:1]
            beside = () if roles else self._taken[less[0]]
            if beside:
                says = say("overlooked.may-say-less", role=less[0], used=shown(self._headings[beside[0]]))
            else:
                is_mostly = is_whole or any(self._are_mostly_of(role, known, rows) for role in roles)
                says = say("overlooked.by-words") if is_mostly or is_among else say("overlooked.by-heading")
            says = say("overlooked.though-ignored", says=says) if position in self._doubtful else says
            if asked and self._is_open(position, rows, known):
                questions.append(question(self._headings, position, asked, [*rows], says, beside))
            else:
                self.seen[self._names[position]] = tuple(known)
        return questions

    def _of(self, role: Role, values: Sequence[str]) -> list[str]:
        """Return the words of a role, in any context."""
        own = self._words[role]
        return [
            word for word in values if (folded(word) in own and not word.isdecimal()) or words.says_only(role, word)
        ]

    def _are_mostly_of(self, role: Role, known: Sequence[str], rows: Counter[str]) -> bool:
        """Return whether most words or rows hold known words, or typing errors of these, and one means the role."""
        alike = [word for word in rows if word in known or words.is_misspelled(word)]
        is_most = 2 * len(alike) > len(rows) or 2 * sum(rows[word] for word in alike) >= rows.total()
        return is_most and any(words.is_strong(role, word) for word in self._of(role, known))

    def _is_open(self, position: int, rows: Counter[str], known: Sequence[str]) -> bool:
        """Return whether a column has to be asked about, because nobody said anything about these words of it.

        In a column that was ignored before, words that nobody knows say nothing new.
        """
        if position not in self._doubtful:
            return position in self._open
        before = self._known.get(key(self._names[position]))
        return not {*map(folded, known if before is not None else rows)} <= (before or set())


def _counted(texts: Counter[str]) -> Counter[str]:
    """Return the words of a column and their rows, without blank cells and footers."""
    spellings: dict[str, str] = {}
    rows = Counter[str]()
    for text, n in texts.items():
        if (word := cleaned_id(text)) and not is_footer(text):
            rows[spellings.setdefault(folded(word), word)] += n
    return rows
