"""Show a stored number with all the digits that the workbook holds exactly, or as a date and time.

A date and time is shown by the tokens of a number format; those that a file stores in ISO form are read here, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from math import isfinite

MOST_EXACT = 2**53
"""Largest whole number up to which a workbook holds every whole number exactly."""

KEPT_DIGITS = 15
"""Number of digits that a spreadsheet program keeps and shows of a number, unless it is whole and at most 2^53."""

_SHOWN_AS_STORED = re.compile(r"0|-?(?:[1-9][0-9]*|(?:0|[1-9][0-9]*)\.(?!0000)[0-9]*[1-9])")
"""Most numbers. Others have zeros without a meaning, an exponent, or are so small that they are shown with one."""


def general(text: str) -> str:
    """Return a number as the format General shows it in a wide enough cell; other text is returned unchanged.

    A whole number up to 2^53 has all its digits, any other number 15, because a spreadsheet program keeps no more.
    """
    if len(text) <= KEPT_DIGITS and _SHOWN_AS_STORED.fullmatch(text):
        return text
    try:
        number = value_of(text)
    except ValueError:
        return text
    if 1e-4 <= abs(number) < 1e14:  # Python shows these with 15 digits as we do
        return f"{number:.15g}"
    if not isfinite(number) or number == 0:
        return text if number else "0"
    short = kept(number)
    if not 1e-5 <= abs(number) < 1e21:
        digits, _, power = f"{number:.15g}".partition("e")
        return f"{digits}E{power[0]}{power[1:].lstrip('0').zfill(2)}" if power else f"{short:f}"
    shown = f"{short:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def value_of(text: str) -> float:
    """Return the number in a workbook's text; raise ValueError for forms only Python accepts: ``1_000``, ``１２``."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def decimal(text: str) -> Decimal:
    """Return the number in a workbook's text with the digits that count, as :func:`kept` does."""
    is_short = len(text) <= KEPT_DIGITS and _SHOWN_AS_STORED.fullmatch(text)
    return Decimal(text) if is_short else kept(value_of(text))


def kept(number: float) -> Decimal:
    """Return the number with the digits that count: all digits of a whole number up to 2^53, else 15 digits."""
    if number.is_integer() and abs(number) <= MOST_EXACT:
        return Decimal(int(number))
    return Decimal(f"{number:.{KEPT_DIGITS}g}")


def rounded(text: str) -> str:
    """Return a number with 15 digits, as a program shows it with an exponent; other text is returned unchanged."""
    try:
        return general(f"{value_of(text):.{KEPT_DIGITS}g}")
    except ValueError:
        return text


def lost_digits(stored: str) -> bool:
    """Return whether a number is too large for a spreadsheet program to hold all its digits."""
    try:
        return isfinite(value_of(stored)) and abs(Decimal(stored)) > MOST_EXACT
    except (ValueError, InvalidOperation):
        return False


MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

Token = tuple[str, str]
"""Kind of a piece of a format's code, and the piece."""


Field = tuple[str, Callable[[datetime, int], int | str] | None]
"""Template of a piece, such as ``%02d``, and its value for a moment and for the whole seconds since the origin.
A piece that is always the same has no value."""

_NAMES: Mapping[str, tuple[list[str], Callable[[datetime], int]]] = {
    "m": (MONTHS, lambda moment: moment.month - 1),
    "d": (_DAYS, lambda moment: moment.weekday()),
}
_NUMBERS: Mapping[str, Callable[[datetime, int], int]] = {
    "m": lambda moment, _: moment.month,
    "d": lambda moment, _: moment.day,
    "h": lambda moment, _: moment.hour,
    "half": lambda moment, _: moment.hour % 12 or 12,
    "minute": lambda moment, _: moment.minute,
    "s": lambda moment, _: moment.second,
}
_LAST = 2_958_466 * 86_400_000  # milliseconds up to the year 10000
_FIRST_OF_MARCH_1900 = 60 * 86_400_000
_ORIGIN_1904, _ORIGIN, _EARLY_ORIGIN = datetime(1904, 1, 1), datetime(1899, 12, 30), datetime(1899, 12, 31)  # noqa: DTZ001 — a sheet's dates have no zone


def date_renderer(tokens: list[Token], *, date1904: bool) -> Callable[[str], str]:
    """Return the function that shows a stored number as a date and time; as a plain number if it is no date."""
    has_foreign = any(kind == "foreign" for kind, _ in tokens)
    step = 1  # milliseconds of the last shown decimal
    if has_foreign or any(kind in {"date", "elapsed"} and shown.lower().startswith("s") for kind, shown in tokens):
        step = (1000, 100, 10, 1)[min(sum(kind == "digit" for kind, _ in tokens), 3)]
    fields = _fields(tokens)
    template, values = "".join(text for text, _ in fields), [value for _, value in fields if value is not None]

    def render(text: str) -> str:
        try:
            milliseconds = (round(value_of(text) * 86_400_000) + step // 2) // step * step
            moment = _moment(milliseconds, date1904=date1904)
        except (ValueError, OverflowError):
            return general(text)
        if has_foreign:
            time = iso(moment).partition(" ")[2]
            return time if time and milliseconds < 86_400_000 else iso(moment)
        seconds = milliseconds // 1000
        return (template % tuple([value(moment, seconds) for value in values])).strip() or iso(moment)

    return render


def _moment(milliseconds: int, *, date1904: bool) -> datetime:
    """Return the date and time ``milliseconds`` after the origin; raise ValueError outside the supported years.

    Day 60 is 29 February 1900, which never existed. As in Excel, earlier days are counted from one day later.
    """
    if not 0 <= milliseconds < _LAST:
        raise ValueError(milliseconds)
    origin = _ORIGIN_1904 if date1904 else _EARLY_ORIGIN if milliseconds < _FIRST_OF_MARCH_1900 else _ORIGIN
    return origin + timedelta(0, 0, 1000 * milliseconds)  # by name, it would take twice as long


def moment_of(text: str) -> datetime | None:
    """Return the date and time in a text in ISO form, without its time zone; None if there is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def serial_of(moment: datetime, *, date1904: bool) -> float:
    """Return the number by which a workbook stores a date and time; a time alone is stored without a day."""
    days = (moment - _ORIGIN) / timedelta(days=1)
    serial = days if days >= 61 else days - 1
    return serial - 1462 if date1904 and serial >= 1 else serial


def iso(moment: datetime) -> str:
    """Return the date in ISO form, with the time if there is one: ``2026-03-01``, ``2026-03-01 14:30``."""
    if moment.second:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M}" if moment.hour or moment.minute else f"{moment:%Y-%m-%d}"


def _minutes_marked(tokens: list[Token]) -> list[Token]:
    """Mark each ``m`` next to hours or seconds as a minute; any other ``m`` is a month."""
    times = [index for index, (kind, _) in enumerate(tokens) if kind in {"date", "elapsed"}]
    marked = list(tokens)
    for place, index in enumerate(times):
        kind, shown = tokens[index]
        if kind == "date" and shown.lower() in {"m", "mm"}:
            before = tokens[times[place - 1]][1].lower() if place else ""
            after = tokens[times[place + 1]][1].lower() if place + 1 < len(times) else ""
            if before[:1] in {"h", "s"} or after.startswith("s"):
                marked[index] = ("minute", shown.lower())
    return marked


def _fields(tokens: list[Token]) -> list[Field]:
    """Return the fields of a code's pieces."""
    half = any(kind == "noon" for kind, _ in tokens)
    fields: list[Field] = []
    for is_fraction, run in groupby(_minutes_marked(tokens), lambda token: token[0] == "digit"):
        if is_fraction:  # decimals of a second: 00.000
            fields.append(_decimals(len([*run])))
        else:
            fields += [_field(kind, shown, half=half) for kind, shown in run]
    return fields


def _decimals(count: int) -> Field:
    return "%s", lambda moment, _: f"{moment.microsecond:06d}"[:count]


def _field(kind: str, shown: str, *, half: bool) -> Field:
    letter, count = shown[:1].lower(), len(shown)
    if kind == "noon":
        before, after = ("AM", "PM") if count > 3 else (shown[0], shown[2])
        return "%s", lambda moment, _: before if moment.hour < 12 else after
    if kind == "elapsed":
        unit = {"h": 3600, "m": 60, "s": 1}[letter]
        return f"%0{count}d", lambda _, seconds: seconds // unit
    if kind == "date" and letter in _NAMES and count > 2:
        names, number = _NAMES[letter]
        length = {3: 3, 5: 1}.get(count)
        return "%s", lambda moment, _: names[number(moment)][:length]
    if kind == "date" and letter in {"y", "e"}:
        is_short = letter == "y" and count <= 2
        return ("%02d", lambda moment, _: moment.year % 100) if is_short else ("%04d", lambda moment, _: moment.year)
    if kind in {"date", "minute"}:
        value = _NUMBERS["minute" if kind == "minute" else "half" if letter == "h" and half else letter]
        return f"%0{min(count, 2)}d", value
    is_hidden = kind == "general" or (kind, shown) == ("other", "@")
    return "" if is_hidden else shown.replace("%", "%%"), None
