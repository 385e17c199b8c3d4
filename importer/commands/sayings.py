"""How things are said, the same in every face: a saying and its kind; numbers, times and lists in words.

Comes in: values. Goes out: words of them. Which of them a preview or a report is made of, `plans` and `endings` know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from importer.models import Progress, Result


class Kind(Enum):
    """What a saying is, for a face to show it."""

    LINE = "a line, kept as it is"
    TEXT = "a text of its own"
    NOTE = "something good to know"
    DETAIL = "one of several things under a heading"


@dataclass(frozen=True)
class Saying:
    """Something that a person is told; without a text, a pause."""

    text: str = ""
    kind: Kind = Kind.LINE


def count(number: int, thing: str) -> str:
    """A number with its thing: 1 row, 2 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def first_sentence(text: str) -> str:
    """The first sentence of a message, without its full stop."""
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".")


def duration(seconds: float) -> str:
    """A time that something takes."""
    if seconds < 1:
        return "no time to speak of"
    if seconds < 120:
        return count(round(seconds), "second")
    return count(round(seconds / 60), "minute") if seconds < 7200 else f"{seconds / 3600:,.1f} hours"


def time_left(settled: int, total: int, spent: float) -> str:
    """How long the rest takes if it goes on as it did; empty while that can't be said."""
    return f"about {spent / settled * (total - settled) / 60:,.0f} min left" if settled else ""


def ended_so_far(progress: Progress) -> str:
    """How many rows ended well, and how many didn't."""
    return f"created {progress.created:,}, failed {progress.failed:,}"


def progressed(progress: Progress, settled: int, total: int, spent: float) -> str:
    """How far it is: ``settled`` rows of ``total`` after so many seconds, and what holds it up or how long it takes."""
    left = time_left(settled, total, spent)
    more = f"; {progress.trouble}" if progress.trouble else f", {left}" if left else ""
    return f"{settled:,} of {total:,} rows: {ended_so_far(progress)}{more}"


def when(at: float) -> str:
    """A time for a person: seconds since 1970 as the local date and time."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def clock_time(at: float) -> str:
    """The local time of day."""
    return f"{datetime.fromtimestamp(at).astimezone():%H:%M:%S}"


def taken(seconds: float) -> str:
    """A time that something took, or that is left: 0:07, 14:20, 2:05:00."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def in_result_words(counts: Mapping[Result, int]) -> str:
    """Rows by result, in a line."""
    return ", ".join(f"{result} {rows:,}" for result, rows in counts.items() if rows) or "none"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names, few enough to be read."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def twins_in_words(twins: Mapping[int, Sequence[str]], most: int = 5) -> str:
    """The notes that stand there more than once, named, with what to do."""
    rows = [f"row {row}: {', '.join(ids)}" for row, ids in [*twins.items()][:most]]
    more = f"; and {len(twins) - most:,} more, on the sheet To fix" if len(twins) > most else ""
    return f"{'; '.join(rows)}{more}. Look at them in Saleshandy, and remove all but one of each by hand."
