"""The setting `value`: words of the sheet that were given a meaning, and the columns for which each meaning counts.

Comes in: texts such as ``visibility:Yes=Public``, or the tables of a profile. Goes out: role → column → word → meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TypeAlias

from importer.errors import BadSettings
from importer.messages import say
from importer.models import Role, Status, Visibility
from importer.settings.kinds import OneOf, shown, without_marks


class Scope(Enum):
    """The columns for which a meaning counts that names no column."""

    RUN = "the column that has the role in this run"
    PLAIN = "columns under a plain heading"


Words: TypeAlias = Mapping[str, Visibility | Status | None]
"""Word → what it means; None: its rows are left out."""
Values: TypeAlias = Mapping[Role, Mapping[str | Scope, Words]]
"""Role → heading of a column, or a scope → the words that count there."""

_WORDED = {Role.VISIBILITY: OneOf(Visibility, by_name=True), Role.STATUS: OneOf(Status, by_name=True)}
"""The roles whose cells hold one of a few words."""

MEANS = {value.name: say(f"meaning.{value.name.lower()}") for kind in _WORDED.values() for value in kind.words.values()}
"""What these words mean, for a person who chooses; by name, for both enumerations have a "1"."""


class Meanings:
    """Role → column → a word of the sheet → the value that it stands for; None: it stands for none, and that is known.

    A text names no column. In a table, a word's value is a text, and a column's value is a table of its words.
    """

    def read(self, value: object) -> dict[Role, dict[str | Scope, dict[str, Enum | None]]]:
        """See :class:`importer.settings.kinds.Kind`."""
        found: dict[Role, dict[str | Scope, dict[str, Enum | None]]] = {}
        for name, column, word, meaning in self._entries(value):
            role = name.strip().lower()
            if role not in _WORDED or not word.strip():
                raise _unreadable(f"{name}:{word}={meaning}")
            is_blank = meaning is None or meaning == ""
            words = found.setdefault(Role(role), {}).setdefault(column, {})
            words[word] = None if is_blank else _WORDED[Role(role)].read(meaning)
        return found

    def _entries(self, value: object) -> Iterator[tuple[str, str | Scope, str, object]]:
        """Yield each meaning: role, column, word, value."""
        if isinstance(value, Mapping):
            for name, words in value.items():
                if not isinstance(words, Mapping):
                    raise _unreadable(words)
                for word, meaning in words.items():
                    if isinstance(meaning, Mapping):
                        for inner, found in meaning.items():
                            yield str(name), word, str(inner), found
                    else:
                        yield str(name), Scope.RUN, str(word), meaning
            return
        for text in [value] if isinstance(value, str) or not isinstance(value, Iterable) else value:
            before, sign, meaning = text.rpartition("=") if isinstance(text, str) else ("", "", "")
            name, colon, word = before.partition(":")
            if not sign or not colon:
                raise _unreadable(text)
            yield name, Scope.RUN, without_marks(word), meaning.strip()


def _unreadable(value: object) -> BadSettings:
    ways = tuple(say("kind.meaning", role=role.value, words=kind.in_quotes) for role, kind in _WORDED.items())
    return BadSettings(say("kind.write", value=shown(value), allowed=say("kind.meanings", ways=ways)))


def rescoped(values: Values, role: Role, column: str | Scope) -> Values:
    """Return the values with a role's words of this run moved to another column."""
    columns = dict(values.get(role, {}))
    words = columns.pop(Scope.RUN, {})
    columns[column] = over(columns.get(column, {}), words)
    return {**values, role: columns} if words else values


def without_column(values: Values, heading: str) -> Values:
    """Return the values without the words of one column."""
    return {
        role: {column: words for column, words in columns.items() if column != heading}
        for role, columns in values.items()
    }


def merged(below: Values, above: Values) -> Values:
    """Return both values together; where both give a word of the same column a meaning, that of ``above`` counts."""
    return {
        role: {
            column: over(below.get(role, {}).get(column, {}), above.get(role, {}).get(column, {}))
            for column in {**below.get(role, {}), **above.get(role, {})}
        }
        for role in {**below, **above}
    }


def over(below: Words, above: Words) -> Words:
    """Return the words of both; a word has the meaning that it has in ``above``, whatever its case and spaces."""
    again = {" ".join(word.casefold().split()) for word in above}
    return {**{word: value for word, value in below.items() if " ".join(word.casefold().split()) not in again}, **above}
