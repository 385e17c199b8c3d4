"""Read the setting `value`: meanings of the sheet's words, and the columns to which each meaning applies.

Input: texts such as ``visibility:Yes=Public``, or the tables of a profile. Output: role and column → word → meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TypeAlias

from importer.errors import BadSettings
from importer.messages import Message, say
from importer.models import Role, Status, Visibility
from importer.settings.kinds import OneOf, shown, without_marks


class Scope(Enum):
    """The columns to which a meaning applies if it names no column."""

    RUN = "the column that has the role in this run"
    PLAIN = "columns under a plain heading"


Words: TypeAlias = Mapping[str, Visibility | Status | None]
"""Word → its meaning; None: rows with this word are left out."""
Values: TypeAlias = Mapping[tuple[Role, str | Scope], Words]
"""A role and the heading of a column, or a role and a scope → the words that apply there."""

_WORDED: Mapping[Role, OneOf[Visibility] | OneOf[Status]] = {
    Role.VISIBILITY: OneOf(Visibility, by_name=True),
    Role.STATUS: OneOf(Status, by_name=True),
}
"""The roles whose cells hold one of a few words."""

_NAMES = [value.name for kind in _WORDED.values() for value in kind.words.values()]
MEANS = {name: say(f"meaning.{name.lower()}") for name in _NAMES}
"""Name of a visibility or status → its meaning, for a person. The values aren't unique: both enumerations have a 1."""
WORDS = {name: say(f"word.{name.lower()}") for name in _NAMES}
"""Name of a visibility or status → its word, for a person."""


def kind_in_words(visibility: Visibility, status: Status) -> list[Message]:
    """Return the visibility of a note in words, and that it is a draft."""
    return [WORDS[visibility.name], *([say("note.draft")] if status is Status.DRAFT else [])]


class Meanings:
    """Role and column → word of the sheet → the value that the word means; None: rows with the word are left out.

    A text names no column. In a role's table, the entry of a word is a text, and that of a column is a table of words.
    """

    def read(self, value: object) -> Values:
        """See :class:`importer.settings.kinds.ValueKind`."""
        values: dict[tuple[Role, str | Scope], dict[str, Visibility | Status | None]] = {}
        for name, column, word, meaning in self._entries(value):
            role = name.strip().lower()
            if role not in _WORDED or not word.strip():
                raise _unreadable(f"{name}:{word}={meaning}")
            is_blank = meaning is None or meaning == ""
            words = values.setdefault((Role(role), column), {})
            words[word] = None if is_blank else _WORDED[Role(role)].read(meaning)
        return values

    def _entries(self, value: object) -> Iterator[tuple[str, str | Scope, str, object]]:
        """Yield each meaning: role, column, word, value."""
        if isinstance(value, Mapping):
            for name, words in value.items():
                role, column = name if isinstance(name, tuple) else (name, Scope.RUN)
                if not isinstance(words, Mapping):
                    raise _unreadable(words)
                for word, meaning in words.items():
                    if isinstance(meaning, Mapping):
                        for inner_word, inner_meaning in meaning.items():
                            yield str(role), word, str(inner_word), inner_meaning
                    else:
                        yield str(role), column, str(word), meaning
            return
        for text in [value] if isinstance(value, str) or not isinstance(value, Iterable) else value:
            before, equals_sign, meaning = text.rpartition("=") if isinstance(text, str) else ("", "", "")
            name, colon, word = before.partition(":")
            if not equals_sign or not colon:
                raise _unreadable(text)
            yield name, Scope.RUN, without_marks(word), meaning.strip()


def _unreadable(value: object) -> BadSettings:
    forms = tuple(say("kind.meaning", role=role.value, words=kind.in_quotes) for role, kind in _WORDED.items())
    return BadSettings(say("kind.write", value=shown(value), allowed=say("kind.meanings", ways=forms)))


def for_columns(values: Values, columns: Mapping[Role, str | Scope]) -> Values:
    """Return the values with the words of this run assigned to the columns of these roles."""
    of_run = {place: words for place, words in values.items() if place[1] is Scope.RUN and place[0] in columns}
    others = {place: words for place, words in values.items() if place not in of_run}
    return merged(others, {(role, columns[role]): words for (role, _), words in of_run.items()})


def with_headings(values: Values) -> Values:
    """Return the values without those of a column without a heading, because it can't be recognised again."""
    return {(role, column): words for (role, column), words in values.items() if column != ""}


def merged(below: Values, above: Values) -> Values:
    """Return both values together. If both give a word of the same column a meaning, that of ``above`` counts."""
    return {place: _over(below.get(place, {}), above.get(place, {})) for place in {**below, **above}}


def _over(below: Words, above: Words) -> Words:
    """Return the words of both. Meanings in ``above`` override the others; case and spaces don't matter."""
    overridden = {folded(word) for word in above}
    return {**{word: value for word, value in below.items() if folded(word) not in overridden}, **above}


def folded(text: str) -> str:
    """Return a word or a heading without case and repeated spaces, as settings compare them."""
    return " ".join(text.casefold().split())
