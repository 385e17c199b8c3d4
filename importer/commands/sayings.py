"""How things are said, the same in every face: a saying and its kind; numbers, times and lists in words.

Comes in: values. Goes out: words of them. Which of them a preview or a report is made of, `plans` and `endings` know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from importer.models import Progress, Result

if TYPE_CHECKING:
    from importer.commands.report import NotFound

# C0 but tab and line feed, DEL and C1; marks, embeddings, overrides and isolates of writing direction, and their
# deprecated kin; separators of lines and paragraphs; half characters; the signs around annotations. What joins letters
# (U+200C, U+200D) is left: Persian, Hindi and emoji need it.
_STEERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufff9-\ufffb]"
)
_CALLS = str.maketrans("@<>", "＠‹›")
_MOST_TWINS = 5  # rows with a note that is there twice, or not at all, of which the ids are told


class Kind(Enum):
    """What a saying is, for a face to show it."""

    LINE = "a line, kept as it is"
    TEXT = "a text of its own"
    NOTE = "something good to know"
    DETAIL = "one of several things under a heading"
    QUOTE = "the text of a note, below what is said of it"


@dataclass(frozen=True)
class Saying:
    """Something that a person is told; without a text, a pause."""

    text: str = ""
    kind: Kind = Kind.LINE


def visible(text: str) -> str:
    """Return the text as one line that steers nothing: what would is written out."""
    return written_out(text).replace("\n", r"\n")


def written_out(text: str, let_through: str = "") -> str:
    """Return the text with each sign written out that would move the cursor, hide or turn round what a person reads."""

    def written(found: re.Match[str]) -> str:
        sign = found[0]
        if sign in let_through:
            return sign
        if "\ud800" <= sign <= "\udfff":
            return "?"  # a byte of a file name that is no text
        return f"\\x{ord(sign):02x}" if ord(sign) < 256 else f"\\u{ord(sign):04x}"

    return _STEERS.sub(written, text)


def calling_nobody(text: str) -> str:
    """Return the text as one line that mentions nobody where it arrives: a chat reads ``@here`` and ``<!channel>``."""
    return visible(text).translate(_CALLS)


def count(number: int, thing: str) -> str:
    """A number with its thing: 1 row, 2 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def in_bytes(size: int) -> str:
    """How much a file holds, in the unit that fits."""
    for unit, one in (("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= one:
            return f"{size / one:,.1f} {unit}"
    return count(size, "byte")


def capital(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def first_sentence(text: str) -> str:
    """The first sentence of a message, without its full stop."""
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".")


def duration(seconds: float) -> str:
    """A time that something takes."""
    if seconds < 1:
        return "less than a second"
    if seconds < 120:
        return count(round(seconds), "second")
    return count(round(seconds / 60), "minute") if seconds < 7200 else f"{seconds / 3600:,.1f} hours"


def time_left(progress: Progress) -> str:
    """How long the rest takes; empty while that can't be said."""
    return "" if progress.seconds_left is None else f"about {taken(progress.seconds_left)} left"


def pace(settled: int, seconds: float) -> str:
    """How fast notes are settled; empty while that can't be said."""
    if settled < 1 or seconds < 1:
        return ""
    a_second = settled / seconds
    return f"about {a_second:,.0f} notes a second" if a_second >= 2 else f"about {a_second * 60:,.0f} notes a minute"


def what_holds_it_up(progress: Progress, most: int = 120) -> str:
    """Trouble, in so many characters, and when it gives up; or the account's limit; empty when nothing holds it up."""
    if trouble := progress.trouble:
        trouble = trouble if len(trouble) <= most else f"{trouble[: most - 1]}…"
        gives_up = progress.gives_up_in
        return trouble + (f"; gives up in {taken(gives_up)}" if gives_up is not None else "")
    return f"held to {rate_in_words(*progress.held_to)} by the account's limit" if progress.held_to else ""


def rate_in_words(calls: int, seconds: float) -> str:
    """Calls in a time: 5 calls a second, 100 calls a minute, 30 calls in 10 seconds."""
    whole = round(seconds) if abs(round(seconds) - seconds) <= seconds / 20 else round(seconds, 1)
    units: dict[float, str] = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}
    return f"{count(calls, 'call')} {units.get(whole, f'in {whole:g} seconds')}"


def readable(seconds: float | None) -> Iterator[Saying]:
    """How soon the API shows notes that it made, where that was measured."""
    if seconds is not None:
        yield Saying(f"Notes became readable within {duration(seconds)}, as an earlier run measured.", Kind.TEXT)


def progressed(progress: Progress, total: int) -> str:
    """How far it is, of so many notes; in which words they ended, what holds it up, how long the rest takes."""
    settled = min(progress.settled, total)
    parts = [in_result_words(progress.ended), what_holds_it_up(progress), time_left(progress)]
    return f"{settled:,} of {count(total, 'note')}: {'; '.join(filter(None, parts))}"


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
    """Rows by result, in a line; empty where there are none."""
    return ", ".join(f"{result} {rows:,}" for result, rows in counts.items() if rows)


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names, few enough to be read."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def not_found_in_words(found: Sequence[NotFound]) -> str:
    """Return the notes that were created, but not found, with what to do."""
    named = [
        f"{f'row {note.row}' if note.row is not None else 'an earlier import'}: note {note.note_id} of prospect"
        f" {note.prospect}"
        for note in found[:_MOST_TWINS]
    ]
    more = f"; and {len(found) - _MOST_TWINS:,} more" if len(found) > _MOST_TWINS else ""
    return f"{'; '.join(named)}{more}. Look at these prospects in Saleshandy, and tell Saleshandy's support."


def twins_in_words(twins: Mapping[int, Sequence[str]]) -> str:
    """The notes that stand there more than once, named, with what to do."""
    rows = [f"row {row}: {', '.join(ids)}" for row, ids in [*twins.items()][:_MOST_TWINS]]
    left = len(twins) - _MOST_TWINS
    more = f"; and {left:,} more, on the sheet To fix" if left > 0 else ""
    return f"{'; '.join(rows)}{more}. Look at them in Saleshandy, and remove all but one of each by hand."
