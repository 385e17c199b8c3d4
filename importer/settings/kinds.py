"""Kinds of values that a setting may have.

Input: the text of a flag or a variable, a value of a profile's TOML, or the value itself from Python. Output:
the checked value, or an error that says what is allowed.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from enum import Enum, StrEnum
from functools import partial
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from importer.errors import BadSettings
from importer.messages import Part, cut, say
from importer.models import Role, Status, Visibility
from importer.settings.address import checked_url, journal_place
from importer.storage import Url, place

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_UNITS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(s|sec|second|m|min|minute|h|hour)?\s*", re.ASCII)
_WINDOW = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*", re.ASCII)

Words: TypeAlias = Mapping[str, Visibility | Status | None]
"""Word → its meaning; None: rows with this word are left out."""
Values: TypeAlias = Mapping[tuple[Role, str | None], Words]
"""A role and the heading of its column → the words that apply there. None: whichever column has the role."""
_Read = TypeVar("_Read")
_Member = TypeVar("_Member", bound=Enum)

PLACEHOLDERS = {"name": "{name}", "date": "{date}", "time": "{time}"}
"""Placeholders in the name of a results file, which messages show unchanged."""


class SeveralInCell(StrEnum):
    """Treatments of a row with a cell that names several people."""

    EACH = "each"
    FIRST = "first"
    REJECT = "reject"


class InDoubt(StrEnum):
    """What a person says about rows whose notes may be there: in another form, or hidden."""

    SAME = "same"
    NEW = "new"
    LEAVE_HIDDEN = "leave-hidden"
    SEND_HIDDEN = "send-hidden"


class DateOrder(StrEnum):
    """Orders of day and month in dates such as 11/1/2026, or that they are left as they are."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    AS_TEXT = "as-text"


Kind: TypeAlias = Callable[[object], _Read]
"""A kind of value: a function that checks a value and returns it, or raises BadSettings, which says what is allowed."""


def refused(value: object, kind: str, **parts: Part) -> BadSettings:
    """Return the error for a value that can't be used; the text of this kind says what can be written instead."""
    return BadSettings(say("kind.write", value=cut(repr(value)), allowed=say(kind, **parts)))


def with_tilde(path: Path) -> str:
    """Return a path with ~ for the home folder."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    return str(path)


def without_marks(text: str) -> str:
    """Return a word or a heading without quotation marks, if it has them at both ends."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def with_marks(word: str) -> str:
    """Return a word that has quotation marks itself in further ones, which :func:`without_marks` takes away."""
    return f'"{word}"' if without_marks(word) != word else word


@dataclass(frozen=True)
class Number:
    """A number in a range: a whole number, or a number of seconds."""

    least: float
    most: float = 1_000_000_000
    is_whole: bool = True

    def __call__(self, value: object) -> float:
        """Return the number, from a text or a number."""
        text = str(value).strip()
        if not (_WHOLE if self.is_whole else _NUMBER).fullmatch(text) or not self.least <= float(text) <= self.most:
            raise refused(text, "kind.whole" if self.is_whole else "kind.seconds", least=self.least, most=self.most)
        return int(text) if self.is_whole else float(text)


seconds = partial(Number, is_whole=False)


@dataclass(frozen=True)
class TimeWindow:
    """A window of the day in local time, up to the minute that closes it. It may pass midnight."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, value: object) -> TimeWindow:
        """Read a window such as ``02:00-06:00``."""
        if match := _WINDOW.fullmatch(str(value)):
            hour, minute, last_hour, last_minute = map(int, match.groups())
            last_hour = 0 if (last_hour, last_minute) == (24, 0) else last_hour
            with contextlib.suppress(ValueError):
                window = cls(time(hour, minute), time(last_hour, last_minute))
                if window.opens != window.closes:
                    return window
        raise refused(value, "kind.window")

    def holds(self, shown: time) -> bool:
        """Return whether the window is open at this local time."""
        if self.opens < self.closes:
            return self.opens <= shown < self.closes
        return shown >= self.opens or shown < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True)
class Rate:
    """A limit of ``calls`` in any period of ``seconds``."""

    calls: int
    seconds: float

    @classmethod
    def parse(cls, value: object) -> Rate:
        """Read a rate such as ``20/1s``, ``60/min`` or ``1000/h``."""
        if (match := _RATE.fullmatch(str(value))) and (match[2] or match[3]):
            calls, seconds = int(match[1]), float(match[2] or 1) * _UNITS[(match[3] or "s")[0]]
            if calls and 0 < round(seconds, 6) < math.inf:  # so that its text is a rate, too
                return cls(calls, seconds)
        raise refused(value, "kind.rate")

    def __str__(self) -> str:
        return f"{self.calls}/{self.seconds:f}s"


def share(value: object) -> float:
    """Return a share: a percentage in a text, such as ``5%``; or a float from 0 to 1."""
    text = value.strip().removesuffix("%").strip() if isinstance(value, str) and "%" in value else ""
    found = value if isinstance(value, float) else float(text) / 100 if _NUMBER.fullmatch(text) else math.nan
    if not 0 <= found <= 1:
        raise refused(value, "kind.share")
    return found


@dataclass(frozen=True)
class OneOf(Generic[_Member]):
    """One of a few words, which stand for the members of an enumeration."""

    members: type[_Member]

    @property
    def words(self) -> dict[str, _Member]:
        """Words → members of the enumeration."""
        values = {member: str(member.value) for member in self.members}
        return {member.name.lower() if value.isdecimal() else value: member for member, value in values.items()}

    @property
    def in_quotes(self) -> tuple[str, ...]:
        """The words in quotation marks, for a message."""
        return tuple(map(repr, self.words))

    def __call__(self, value: object) -> _Member:
        """Return the member, from its word or the member itself."""
        if isinstance(value, self.members):
            return value
        member = self.words.get(value.strip().lower()) if isinstance(value, str) else None
        if member is None:
            raise refused(value, "kind.choice", words=self.in_quotes)
        return member


_WORDED: Mapping[Role, OneOf[Visibility] | OneOf[Status]] = {
    Role.VISIBILITY: OneOf(Visibility),
    Role.STATUS: OneOf(Status),
}
"""The roles whose cells hold one of a few words."""


def doubts(value: object) -> tuple[InDoubt, ...]:
    """Return answers about rows whose notes may be there. The last one about each kind of these rows counts."""
    answers = [OneOf(InDoubt)(word) for text in _each(value) for word in str(text).split(",")]
    return tuple({answer.partition("-")[2]: answer for answer in answers}.values())


def text(value: object) -> str:
    """Return a text of at least one character; a space may be a delimiter."""
    if not isinstance(value, str) or not value:
        raise refused(value, "kind.text")
    return value


def yes(value: object) -> bool:
    """Return yes or no."""
    word = value.strip().lower() if isinstance(value, str) else value
    if isinstance(word, bool):
        return word
    if not isinstance(word, str) or word not in _YES | _NO:
        raise refused(value, "kind.choice", words=("true", "false"))
    return word in _YES


def names(value: object) -> tuple[str, ...]:
    """Return headings of columns."""
    headings = tuple(name for name in _each(value) if isinstance(name, str))
    if len(headings) < len([*_each(value)]):
        raise refused(value, "kind.headings")
    return headings


def _each(value: object) -> Collection[object]:
    """Return the values in a list; a single value alone."""
    return [*value] if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else [value]


def columns(value: object) -> dict[Role, tuple[str, ...]]:
    """Return role → headings, of which the first that is in the sheet counts; an empty one: no column has the role."""
    headings_by_role: dict[Role, list[str]] = {}
    roles = tuple(role.value for role in Role)
    pairs: list[tuple[object, object]] = [*value.items()] if isinstance(value, Mapping) else []
    for text in () if isinstance(value, Mapping) else _each(value):
        if not isinstance(text, str) or "=" not in text:
            raise refused(text, "kind.columns", roles=roles)
        pairs.append((text.partition("=")[0], text.partition("=")[2]))
    for name, headings in pairs:
        role = str(name).strip().lower()
        for heading in _each(headings):
            if role not in set(Role) or not isinstance(heading, str):
                raise refused(f"{name}={heading}", "kind.columns", roles=roles)
            headings_by_role.setdefault(Role(role), []).append(without_marks(heading))
    return {role: tuple(names) for role, names in headings_by_role.items()}


def meanings(value: object) -> Values:
    """Return role and column → word of the sheet → the value that the word means; None: rows with it are left out.

    A text names no column. In a role's table, the entry of a word is a text, and that of a column is a table of words.
    """
    values: dict[tuple[Role, str | None], dict[str, Visibility | Status | None]] = {}
    for name, column, word, meaning in _meanings(value):
        role = name.strip().lower()
        if role not in _WORDED or not word.strip():
            raise _no_meaning(f"{name}:{word}={meaning}")
        is_blank = meaning is None or meaning == ""
        values.setdefault((Role(role), column), {})[word] = None if is_blank else _WORDED[Role(role)](meaning)
    return values


def _meanings(value: object) -> Iterator[tuple[str, str | None, str, object]]:
    """Yield each meaning: role, column, word, value."""
    if isinstance(value, Mapping):
        for name, words in value.items():
            role, column = name if isinstance(name, tuple) else (name, None)
            for word, meaning in words.items() if isinstance(words, Mapping) else [("", words)]:
                is_column = isinstance(meaning, Mapping)
                within = meaning if is_column else {word: meaning}
                yield from (
                    (str(role), word if is_column else column, str(one), means) for one, means in within.items()
                )
        return
    for text in _each(value):
        before, equals_sign, meaning = text.rpartition("=") if isinstance(text, str) else ("", "", "")
        name, colon, word = before.partition(":")
        if not equals_sign or not colon:
            raise _no_meaning(text)
        yield name, None, without_marks(word), meaning.strip()


def _no_meaning(value: object) -> BadSettings:
    forms = tuple(say("kind.meaning", role=role.value, words=kind.in_quotes) for role, kind in _WORDED.items())
    return refused(value, "kind.meanings", ways=forms)


def any_file(value: object) -> Path:
    """Return a file's path or its URL."""
    if not isinstance(value, (str, Path, Url)) or not str(value) or "\0" in str(value):
        raise refused(value, "kind.file")
    return place(value)


def local_file(value: object) -> Path:
    """Return a file's path."""
    if isinstance(path := any_file(value), Url):
        raise BadSettings(say("kind.url", value=cut(repr(str(value)))))
    return path


def results_place(value: object) -> Path | str:
    """Return a results file's path or its URL; or a pattern of the names of results beside their inputs."""
    if not isinstance(value, str) or set("{}").isdisjoint(value):
        return any_file(value)
    rest = re.sub(r"\{(name|date|time)\}", "", value)
    if "{name}" not in value or set("{}\0") & set(rest) or not rest.lower().endswith((".xlsx", ".csv")):
        raise BadSettings(say("kind.no-results-name", value=cut(repr(value)), **PLACEHOLDERS))
    return value


def journal(value: object) -> Path | str:
    """Return a journal: a file's path, or a URL."""
    if not isinstance(value, (str, Path)) or "\0" in str(value):
        raise refused(value, "kind.file")
    with contextlib.suppress(OSError):
        if str(value) and Path(value).is_dir():
            raise BadSettings(say("kind.directory", value=cut(repr(str(value)))))
    journal_place(value)
    return value


def address(value: object) -> str:
    """Return the API's address."""
    return checked_url(str(value))
