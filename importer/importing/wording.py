"""Put numbers, times and lists in words, as messages.

Input: values. Output: messages about them, worded alike wherever they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from importer.messages import Message, Part, in_quotes, say, some

if TYPE_CHECKING:
    from importer.importing.report import NotFound

_MOST_NAMED = 5  # rows with duplicate or missing notes whose IDs are shown


def count(number: int, thing: str) -> Message:
    """Return a number with its noun: 1 row, 2 rows."""
    return say(f"count.{thing}", n=number)


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


def not_found(found: Sequence[NotFound]) -> Message:
    """Return a message about the notes that were created, but not found, by their runs, with what to do."""
    rows = [
        say("not-found.of-row", row=str(note.row), note=note.note_id, prospect=note.prospect)
        for note in found
        if note.row is not None
    ]
    named: list[Part] = [some(rows, _MOST_NAMED)] if rows else []
    runs = [say("not-found.of-run", run=run, file=file, notes=notes) for run, file, notes in _by_run(found)]
    return say("not-found", notes=(*named, *runs[:_MOST_NAMED], *_further(len(runs) - _MOST_NAMED)))


def _by_run(found: Sequence[NotFound]) -> Iterator[tuple[str, str, Part]]:
    """Yield each earlier run with notes that were not found, its file, and the first of these notes."""
    of_others = [note for note in found if note.row is None]
    for (run, file), notes in groupby(of_others, lambda note: (note.run, note.file)):
        named = [say("not-found.note", note=note.note_id, prospect=note.prospect) for note in notes]
        yield run or "?", file or "?", some(named, _MOST_NAMED)


def _further(number: int) -> tuple[Message, ...]:
    return (say("more", n=number),) if number > 0 else ()


def listed_duplicates(duplicates: Mapping[int, Sequence[str]]) -> Message:
    """Return a message about the notes that exist more than once, with their IDs and what to do."""
    rows = [say("duplicates.of-row", row=str(row), ids=tuple(ids)) for row, ids in [*duplicates.items()][:_MOST_NAMED]]
    rows += [say("duplicates.more", n=len(duplicates) - _MOST_NAMED)] if len(duplicates) > _MOST_NAMED else []
    return say("duplicates", rows=tuple(rows))
