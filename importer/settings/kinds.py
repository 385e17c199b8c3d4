"""What a setting's value may be: whatever the caller wrote in, the value out, or a sentence on what is wrong with it.

Each kind reads the text of a flag or a variable, what a profile's TOML may hold, and the value itself, as it comes from
Python; so that all of them are told the same. ``read`` raises :class:`ValueError` with the sentence.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from pathlib import Path
from typing import Protocol

from importer.elsewhere import Url, place
from importer.errors import BadSettings
from importer.models import Role
from importer.settings.address import checked_url, journal_place
from importer.settings.limits import Limits
from importer.settings.rate import Rate

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_COUNT = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_SHOWN = 60


class AttachmentsAre(StrEnum):
    """What stands in the column of attachments, in all its rows, so that a slip in one never passes for the other."""

    IDS = "ids"
    FILES = "files"


class Kind(Protocol):
    """A kind of value."""

    @property
    def allowed(self) -> str:
        """What a value may be, in a few words."""

    def read(self, value: object) -> object:
        """The value.

        Raises:
            ValueError: it is none; says why, and what is allowed.
        """


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def without_marks(text: str) -> str:
    """Return a word or a heading without the quotation marks around it; one that has them on both sides."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int
    most: int | None = None

    @property
    def allowed(self) -> str:
        """The range."""
        if self.most is None:
            return f"whole number, {self.least:,} or more"
        return f"whole number from {self.least:,} to {self.most:,}"

    def read(self, value: object) -> int:
        """See :class:`Kind`."""
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, str) and _WHOLE.fullmatch(value.strip())):
            raise ValueError(f"{_shown(value)} is not a valid {self.allowed}.")
        number = int(value)  # type: ignore[call-overload]
        if number < self.least or (self.most is not None and number > self.most):
            raise ValueError(f"{number} is not in the range: a {self.allowed}.")
        return int(number)


@dataclass(frozen=True)
class Seconds:
    """A time in seconds."""

    least: float
    most: float

    @property
    def allowed(self) -> str:
        """The range."""
        return f"number of seconds from {self.least:,} to {self.most:,}"

    def read(self, value: object) -> float:
        """See :class:`Kind`."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number and not (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
            raise ValueError(f"{_shown(value)} is not a valid {self.allowed}.")
        number = float(value)  # type: ignore[arg-type]
        if not self.least <= number <= self.most:
            raise ValueError(f"{number:g} is not in the range: a {self.allowed}.")
        return number


@dataclass(frozen=True)
class Share:
    """A part of the whole: a percentage as a text, and from 0 to 1 as a number with a point."""

    allowed: str = "percentage, such as 20%"

    def read(self, value: object) -> float:
        """See :class:`Kind`."""
        text = value.strip().removesuffix("%").strip() if isinstance(value, str) and "%" in value else ""
        if not isinstance(value, float) and not _NUMBER.fullmatch(text):
            raise ValueError(f"{_shown(value)} is no {self.allowed}.")
        share = value if isinstance(value, float) else float(text) / 100
        if not 0 <= share <= 1:
            raise ValueError(f"{_shown(value)} is not in the range: from 0% to 100%.")
        return share


@dataclass(frozen=True)
class Choice:
    """One of a few words, which stand for the members of an enumeration."""

    members: type[Enum]
    by_name: bool = False

    @property
    def words(self) -> dict[str, Enum]:
        """Word → what it stands for."""
        return {(member.name.lower() if self.by_name else str(member.value)): member for member in self.members}

    @property
    def allowed(self) -> str:
        """The words."""
        return ", ".join(map(repr, self.words))

    def read(self, value: object) -> Enum:
        """See :class:`Kind`."""
        if isinstance(value, self.members):
            return value
        found = self.words.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{_shown(value)} is not one of {self.allowed}.")
        return found


@dataclass(frozen=True)
class Text:
    """A text."""

    allowed: str = "text"

    def read(self, value: object) -> str:
        """See :class:`Kind`."""
        if not isinstance(value, str):
            raise ValueError(f"{_shown(value)} is not a text.")  # noqa: TRY004 - one error for what isn't allowed
        return value


@dataclass(frozen=True)
class Yes:
    """Yes or no."""

    allowed: str = "true or false"

    def read(self, value: object) -> bool:
        """See :class:`Kind`."""
        word = value.strip().lower() if isinstance(value, str) else value
        if isinstance(word, bool):
            return word
        if word not in _YES | _NO:
            raise ValueError(f"{_shown(value)} is neither true nor false.")
        return word in _YES


@dataclass(frozen=True)
class Names:
    """Headings of columns."""

    allowed: str = "headings"

    def read(self, value: object) -> tuple[str, ...]:
        """See :class:`Kind`."""
        if isinstance(value, str):
            return (value,)
        found = tuple(value) if isinstance(value, Iterable) else (value,)
        if not all(isinstance(name, str) for name in found):
            raise ValueError(f"{_shown(value)} is no list of headings.")
        return found


@dataclass(frozen=True)
class Columns:
    """Role → heading, or several, of which the first counts that a sheet has."""

    @property
    def allowed(self) -> str:
        """The roles; a key has a setting of its own."""
        return f'ROLE="HEADING", where ROLE is one of {", ".join(role for role in Role if role is not Role.KEY)}'

    def read(self, value: object) -> dict[Role, str | tuple[str, ...]]:
        """See :class:`Kind`."""
        found: dict[Role, list[str]] = {}
        for name, headings in _pairs(value, self.allowed):
            role = name.strip().lower()
            for heading in headings if isinstance(headings, (list, tuple)) else [headings]:
                if role not in set(Role) - {Role.KEY} or not isinstance(heading, str):
                    raise ValueError(f"{f'{name}={heading}'!r}: write {self.allowed}.")
                found.setdefault(Role(role), []).append(without_marks(heading))
        return {role: named[0] if len(named) == 1 else tuple(named) for role, named in found.items()}


@dataclass(frozen=True)
class Limited:
    """Limits on what is read, raised or lowered."""

    @property
    def allowed(self) -> str:
        """Their names."""
        return f"NAME=NUMBER, where NAME is one of {', '.join(found.name for found in fields(Limits))}"

    def read(self, value: object) -> Limits:
        """See :class:`Kind`."""
        if isinstance(value, Limits):
            return value
        known = {found.name for found in fields(Limits)}
        given = {}
        for name, number in _pairs(value, self.allowed):
            digits = str(number).replace("_", "").replace(",", "").strip()
            if name.strip() not in known or not _COUNT.fullmatch(digits):
                raise ValueError(f"{f'{name}={number}'!r}: write {self.allowed}.")
            given[name.strip()] = int(digits)
        return Limits(**given)


def _pairs(value: object, allowed: str) -> list[tuple[str, object]]:
    """What a table holds, or a list of texts with a = in each."""
    if isinstance(value, Mapping):
        return [(str(name), found) for name, found in value.items()]
    texts: Sequence[object] = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
    pairs: list[tuple[str, object]] = []
    for text in texts:
        name, sign, found = text.partition("=") if isinstance(text, str) else ("", "", "")
        if not sign:
            raise ValueError(f"{_shown(text)}: write {allowed}.")
        pairs.append((name, found))
    return pairs


@dataclass(frozen=True)
class Rated:
    """A rate."""

    allowed: str = "rate, such as 20/1s, 60/min or 1000/h"

    def read(self, value: object) -> Rate:
        """See :class:`Kind`."""
        text = f"{value.calls}/{value.seconds:f}s" if isinstance(value, Rate) else str(value)
        try:
            return Rate.parse(text)
        except ValueError as error:
            raise ValueError(f"{error}.") from error


@dataclass(frozen=True)
class File:
    """A file's path."""

    allowed: str = "file"

    def read(self, value: object) -> Path:
        """See :class:`Kind`."""
        if not isinstance(value, (str, Path, Url)) or not str(value):
            raise ValueError(f"{_shown(value)} is no file's name.")
        if isinstance(place(value), Url):
            said = f"{_shown(str(value))} is a URL. Name a place on this machine, and fetch there what you need."
            raise ValueError(said)  # noqa: TRY004 - see Text
        return Path(value)


@dataclass(frozen=True)
class Somewhere:
    """A file's path or its URL."""

    allowed: str = "file, or its URL, as s3://BUCKET/NAME"

    def read(self, value: object) -> Path:
        """See :class:`Kind`."""
        if not isinstance(value, (str, Path, Url)) or not str(value):
            raise ValueError(f"{_shown(value)} is no file's name.")
        try:
            return place(value)
        except BadSettings as error:
            raise ValueError(error.reason) from error


@dataclass(frozen=True)
class ResultsName:
    """How results are called that lie beside their files."""

    allowed: str = "name with {name} in it, and with {date} or {time} if you like, that ends with .xlsx or .csv"

    def read(self, value: object) -> str:
        """See :class:`Kind`."""
        fields = re.findall(r"\{(.*?)\}", value) if isinstance(value, str) else []
        left = re.sub(r"\{(name|date|time)\}", "", value) if isinstance(value, str) else "{"
        if "name" not in fields or set("{}") & set(left) or not left.lower().endswith((".xlsx", ".csv")):
            raise ValueError(f"{_shown(value)} is no {self.allowed}: '{{name}}.{{date}}.results.xlsx'.")
        return str(value)


@dataclass(frozen=True)
class JournalPlace:
    """A journal: a file's path, or a URL."""

    allowed: str = "file, or its URL, sqlite:///FILE or postgresql://HOST/DATABASE"

    def read(self, value: object) -> Path | str:
        """See :class:`Kind`."""
        if not isinstance(value, (str, Path)):
            raise ValueError(f"{_shown(value)} is no file's name.")  # noqa: TRY004 - see Text
        with contextlib.suppress(OSError):
            if str(value) and Path(value).is_dir():
                raise ValueError(f"The journal can't be {_shown(str(value))}: it is a directory. Name a file.")
        journal_place(value)
        return value


@dataclass(frozen=True)
class Address:
    """The API's address."""

    allowed: str = "web address, https only, this machine excepted"

    def read(self, value: object) -> str:
        """See :class:`Kind`."""
        if not isinstance(value, str):
            raise ValueError(f"{_shown(value)} is no web address.")  # noqa: TRY004 - see Text
        return checked_url(value)
