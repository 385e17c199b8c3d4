"""Put numbers, times and lists in words, as messages.

Input: values. Output: messages about them, worded alike wherever they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from importer.messages import Message, in_quotes, say


def count(number: int, thing: str) -> Message:
    """Return a number with its noun: 1 row, 2 rows."""
    return say(f"count.{thing}", n=number)


def cut(text: str, characters: int) -> str:
    """Return a text, or its beginning with an ellipsis if it is longer."""
    return text if len(text) <= characters else f"{text[:characters]}…"


def in_bytes(size: int) -> Message:
    """Return the size of a file, in a suitable unit."""
    for kind, unit in (("size.mb", 1 << 20), ("size.kb", 1 << 10)):
        if size >= unit:
            return say(kind, size=size / unit)
    return say("size.bytes", n=size)


def duration(seconds: float) -> Message:
    """Return a duration in words."""
    if seconds < 1:
        return say("time.less-than-a-second")
    if seconds < 120:
        return say("time.seconds", n=round(seconds))
    return say("time.minutes", n=round(seconds / 60)) if seconds < 7200 else say("time.hours", hours=seconds / 3600)


def rate(calls: int, seconds: float) -> Message:
    """Return a number of calls in a time: 5 calls a second, 100 calls a minute, 30 calls in 10 seconds."""
    whole = round(seconds) if abs(round(seconds) - seconds) <= seconds / 20 else round(seconds, 1)
    units: dict[float, str] = {1: "rate.a-second", 60: "rate.a-minute", 3600: "rate.an-hour", 86400: "rate.a-day"}
    return say(units[whole], n=calls) if whole in units else say("rate.in-seconds", n=calls, seconds=whole)


def when(at: float) -> str:
    """Return seconds since 1970 as the local date and time."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def clock_time(at: float) -> str:
    """Return seconds since 1970 as the local time of day."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%H:%M:%S}"


def taken(seconds: float) -> str:
    """Return an elapsed or remaining time as 0:07, 14:20 or 2:05:00."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def listed(names: Sequence[str], most: int = 8) -> Message:
    """Return a list of at most ``most`` names, with the number of further names."""
    shown = tuple(in_quotes(name) for name in names[:most])
    return say("and-more", names=shown, n=len(names) - most) if len(names) > most else say("names", names=shown)
