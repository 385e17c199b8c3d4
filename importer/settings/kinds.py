"""Kinds of values that a setting may have.

Input: the text of a flag or a variable, a value of a profile's TOML, or the value itself from Python. Output:
the checked value, or an error that says what is allowed.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from importer.errors import BadSettings
from importer.messages import Message, SettingPart, say
from importer.models import Role
from importer.settings.address import checked_url, journal_place
from importer.settings.limits import Rate, TimeWindow
from importer.storage import Url, place

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_SHOWN = 60

_Read_co = TypeVar("_Read_co", covariant=True)
_Member = TypeVar("_Member", bound=Enum)

PLACEHOLDERS = {"name": "{name}", "date": "{date}", "time": "{time}"}
"""Placeholders in the name of a results file, which messages show unchanged."""


class SeveralInCell(StrEnum):
    """Treatments of a row with a cell that names several people."""

    EACH = "each"
    FIRST = "first"
    REJECT = "reject"


class InDoubt(StrEnum):
    """What a person says about rows whose notes may be there: in another form, hidden, or unconfirmed."""

    SAME = "same"
    NEW = "new"
    LEAVE_HIDDEN = "leave-hidden"
    SEND_HIDDEN = "send-hidden"
    SEND_UNCONFIRMED = "send-unconfirmed"


class DateOrder(StrEnum):
    """Orders of day and month in dates such as 11/1/2026, or that they are left as they are."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    AS_TEXT = "as-text"


class ValueKind(Protocol[_Read_co]):
    """A kind of value, which reads and checks it."""

    def read(self, value: object) -> _Read_co:
        """Return the value.

        Raises:
            BadSettings: the value can't be used; the message says why, and what is allowed.
        """


def shown(value: object) -> str:
    """Return a value in quotation marks, shortened if it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def with_tilde(path: Path) -> str:
    """Return a path with ~ for the home folder."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    return str(path)


def without_marks(text: str) -> str:
    """Return a word or a heading without quotation marks, if it has them at both ends."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int
    most: int | None = None

    def read(self, value: object) -> int:
        """See :class:`ValueKind`."""
        allowed = say("kind.whole-from", least=self.least)
        if self.most is not None:
            allowed = say("kind.whole", least=self.least, most=self.most)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, str) and _WHOLE.fullmatch(value.strip())):
            raise BadSettings(say("kind.not-valid", value=shown(value), allowed=allowed))
        number = int(value)  # type: ignore[call-overload]
        if number < self.least or (self.most is not None and number > self.most):
            raise BadSettings(say("kind.not-in-range", value=str(number), allowed=allowed))
        return int(number)


@dataclass(frozen=True)
class Seconds:
    """A time in seconds."""

    least: float
    most: float

    def read(self, value: object) -> float:
        """See :class:`ValueKind`."""
        allowed = say("kind.seconds", least=self.least, most=self.most)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number and not (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
            raise BadSettings(say("kind.not-valid", value=shown(value), allowed=allowed))
        number = float(value)  # type: ignore[arg-type]
        if not self.least <= number <= self.most:
            raise BadSettings(say("kind.not-in-range", value=f"{number:g}", allowed=allowed))
        return number


class Share:
    """A share: a percentage in a text, such as ``5%``; or a float from 0 to 1."""

    def read(self, value: object) -> float:
        """See :class:`ValueKind`."""
        text = value.strip().removesuffix("%").strip() if isinstance(value, str) and "%" in value else ""
        if not isinstance(value, float) and not _NUMBER.fullmatch(text):
            raise BadSettings(say("kind.no-percentage", value=shown(value)))
        share = value if isinstance(value, float) else float(text) / 100
        if not 0 <= share <= 1:
            raise BadSettings(say("kind.not-a-share", value=shown(value)))
        return share


@dataclass(frozen=True)
class OneOf(Generic[_Member]):
    """One of a few words, which stand for the members of an enumeration."""

    members: type[_Member]
    by_name: bool = False

    @property
    def words(self) -> dict[str, _Member]:
        """Words → members of the enumeration."""
        return {(member.name.lower() if self.by_name else str(member.value)): member for member in self.members}

    @property
    def in_quotes(self) -> tuple[str, ...]:
        """The words in quotation marks, for a message."""
        return tuple(map(repr, self.words))

    def read(self, value: object) -> _Member:
        """See :class:`ValueKind`."""
        if isinstance(value, self.members):
            return value
        member = self.words.get(value.strip().lower()) if isinstance(value, str) else None
        if member is None:
            raise BadSettings(say("kind.no-choice", value=shown(value), words=self.in_quotes))
        return member


class Doubts:
    """Answers about rows whose notes may be there. The last one about each kind of these rows counts."""

    def read(self, value: object) -> tuple[InDoubt, ...]:
        """See :class:`ValueKind`."""
        texts = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
        answers = [OneOf(InDoubt).read(word) for text in texts for word in str(text).split(",")]
        return tuple({answer.partition("-")[2]: answer for answer in answers}.values())


class Text:
    """A text."""

    def read(self, value: object) -> str:
        """See :class:`ValueKind`."""
        if not isinstance(value, str):
            raise BadSettings(say("kind.no-text", value=shown(value)))
        return value


class Yes:
    """Yes or no."""

    def read(self, value: object) -> bool:
        """See :class:`ValueKind`."""
        word = value.strip().lower() if isinstance(value, str) else value
        if isinstance(word, bool):
            return word
        if word not in _YES | _NO:
            raise BadSettings(say("kind.neither", value=shown(value)))
        return word in _YES


class Names:
    """Headings of columns."""

    def read(self, value: object) -> tuple[str, ...]:
        """See :class:`ValueKind`."""
        if isinstance(value, str):
            return (value,)
        headings = tuple(value) if isinstance(value, Iterable) else (value,)
        if not all(isinstance(name, str) for name in headings):
            raise BadSettings(say("kind.no-headings", value=shown(value)))
        return headings


class Columns:
    """Role → headings, of which the first that is in the sheet counts; an empty one: no column has the role."""

    def read(self, value: object) -> dict[Role, tuple[str, ...]]:
        """See :class:`ValueKind`."""
        headings_by_role: dict[Role, list[str]] = {}
        roles = {role.value for role in Role}
        allowed = say("kind.columns", roles=tuple(role.value for role in Role))
        for name, headings in _pairs(value, allowed):
            role = name.strip().lower()
            for heading in headings if isinstance(headings, (list, tuple)) else [headings]:
                if role not in roles or not isinstance(heading, str):
                    raise _unreadable(repr(f"{name}={heading}"), allowed)
                headings_by_role.setdefault(Role(role), []).append(without_marks(heading))
        return {role: tuple(names) for role, names in headings_by_role.items()}


def none_last(names: Iterable[str]) -> tuple[str, ...]:
    """Return a role's headings once each, and the empty one (no column) last, for sheets without the others."""
    return tuple(sorted(dict.fromkeys(names), key=lambda name: not name))


def mapped(role: Role, name: str) -> SettingPart:
    """Return the setting that maps a column to a role."""
    return SettingPart("map", f"{role}={name}")


def _unreadable(value: str, allowed: Message) -> BadSettings:
    return BadSettings(say("kind.write", value=value, allowed=allowed))


def _pairs(value: object, allowed: Message) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [(str(name), item) for name, item in value.items()]
    texts: Sequence[object] = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
    pairs: list[tuple[str, object]] = []
    for text in texts:
        name, equals_sign, item = text.partition("=") if isinstance(text, str) else ("", "", "")
        if not equals_sign:
            raise _unreadable(shown(text), allowed)
        pairs.append((name, item))
    return pairs


class Rated:
    """A rate."""

    def read(self, value: object) -> Rate:
        """See :class:`ValueKind`."""
        return Rate.parse(f"{value.calls}/{value.seconds:f}s" if isinstance(value, Rate) else str(value))


class WindowKind:
    """A window of the day."""

    def read(self, value: object) -> TimeWindow:
        """See :class:`ValueKind`."""
        return value if isinstance(value, TimeWindow) else TimeWindow.parse(str(value))


class AnyFile:
    """A file's path or its URL."""

    def read(self, value: object) -> Path:
        """See :class:`ValueKind`."""
        if not isinstance(value, (str, Path, Url)) or not str(value):
            raise BadSettings(say("kind.no-file", value=shown(value)))
        return place(value)


class LocalFile(AnyFile):
    """A file's path."""

    def read(self, value: object) -> Path:
        """See :class:`ValueKind`."""
        if isinstance(path := super().read(value), Url):
            raise BadSettings(say("kind.url", value=shown(str(value))))
        return path


class ResultsPlace:
    """A results file's path or its URL; or a pattern of the names of results, which are put beside their inputs."""

    def read(self, value: object) -> Path | str:
        """See :class:`ValueKind`."""
        if not isinstance(value, str) or set("{}").isdisjoint(value):
            return AnyFile().read(value)
        rest = re.sub(r"\{(name|date|time)\}", "", value)
        if "{name}" not in value or set("{}") & set(rest) or not rest.lower().endswith((".xlsx", ".csv")):
            raise BadSettings(say("kind.no-results-name", value=shown(value), **PLACEHOLDERS))
        return value


class JournalPlace:
    """A journal: a file's path, or a URL."""

    def read(self, value: object) -> Path | str:
        """See :class:`ValueKind`."""
        if not isinstance(value, (str, Path)):
            raise BadSettings(say("kind.no-file", value=shown(value)))
        with contextlib.suppress(OSError):
            if str(value) and Path(value).is_dir():
                raise BadSettings(say("kind.directory", value=shown(str(value))))
        journal_place(value)
        return value


class Address:
    """The API's address."""

    def read(self, value: object) -> str:
        """See :class:`ValueKind`."""
        if not isinstance(value, str):
            raise BadSettings(say("kind.no-address", value=shown(value)))
        return checked_url(value)
