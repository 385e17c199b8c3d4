"""Show dates and times by the tokens of a number format, and read those that a file stores in ISO form."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby

from importer.reading.digits import general, value_of

_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

Token = tuple[str, str]
"""Kind of a piece of a format's code, and the piece."""


def render_date(text: str, tokens: list[Token], *, date1904: bool) -> str:
    """Return a stored number as the date and time that a format's tokens show; as a plain number if it is no date."""
    has_foreign = any(kind == "foreign" for kind, _ in tokens)
    try:
        milliseconds = round(value_of(text) * 86_400_000)
        if has_foreign or any(kind in {"date", "elapsed"} and shown.lower().startswith("s") for kind, shown in tokens):
            step = (1000, 100, 10, 1)[min(sum(kind == "digit" for kind, _ in tokens), 3)]  # of the last shown decimal
            milliseconds = (milliseconds + step // 2) // step * step
        moment = _moment(milliseconds, date1904=date1904)
    except (ValueError, OverflowError):
        return general(text)
    if has_foreign:
        time = iso(moment).partition(" ")[2]
        return time if time and milliseconds < 86_400_000 else iso(moment)
    half = any(kind == "noon" for kind, _ in tokens)
    out = ""
    for is_fraction, run in groupby(_minutes_marked(tokens), lambda token: token[0] == "digit"):
        if is_fraction:  # decimals of a second: 00.000
            out += f"{moment.microsecond:06d}"[: len([*run])]
        else:
            out += "".join(_date_piece(kind, shown, moment, milliseconds // 1000, half=half) for kind, shown in run)
    return out.strip() or iso(moment)


def _moment(milliseconds: int, *, date1904: bool) -> datetime:
    """Return the date and time ``milliseconds`` after the origin; raise ValueError outside the supported years.

    Day 60 is 29 February 1900, which never existed. As in Excel, earlier days are counted from one day later.
    """
    days = milliseconds / 86_400_000
    if not 0 <= days < 2_958_466:
        raise ValueError(days)
    origin = datetime(1904, 1, 1) if date1904 else datetime(1899, 12, 31) if days < 60 else datetime(1899, 12, 30)  # noqa: DTZ001 — a sheet's dates have no zone
    return origin + timedelta(milliseconds=milliseconds)


def moment_of(text: str) -> datetime | None:
    """Return the date and time in a text in ISO form, without its time zone; None if there is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def serial_of(moment: datetime, *, date1904: bool) -> float:
    """Return the number by which a workbook stores a date and time; a time alone is stored without a day."""
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 — a sheet's dates have no zone
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


def _date_piece(kind: str, shown: str, moment: datetime, seconds: int, *, half: bool) -> str:
    if kind == "noon":
        half_day = "AM" if moment.hour < 12 else "PM"
        return half_day if len(shown) > 3 else shown[0] if half_day == "AM" else shown[2]
    if kind == "minute":
        return f"{moment.minute:0{len(shown)}d}"
    if kind == "elapsed":
        amount = {"h": seconds // 3600, "m": seconds // 60, "s": seconds}[shown[0]]
        return f"{amount:0{len(shown)}d}"
    if kind != "date":
        return "" if (kind, shown) == ("other", "@") or kind == "general" else shown
    letter, count = shown[0].lower(), len(shown)
    hour = (moment.hour % 12 or 12) if half else moment.hour
    if letter in {"y", "e"}:
        return f"{moment.year % 100:02d}" if letter == "y" and count <= 2 else f"{moment.year:04d}"
    if letter == "m":
        return _named(moment.month, count, _MONTHS[moment.month - 1])
    if letter == "d":
        return _named(moment.day, count, _DAYS[moment.weekday()])
    amount = hour if letter == "h" else moment.second
    return f"{amount:0{min(count, 2)}d}"


def _named(number: int, count: int, name: str) -> str:
    if count <= 2:
        return f"{number:0{count}d}"
    return {3: name[:3], 5: name[0]}.get(count, name)
