"""How things are said, the same in every face: a line and its kind; numbers, times and lists in words.

Comes in: values. Goes out: words of them. The lines of a preview and of a report are chosen in `preview_messages` and
`report_messages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from importer.messages import Message, Said, render, say, words
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
_MOST_NAMED = 5  # rows with a note that is there twice, or not at all, of which the ids are told


class LineKind(Enum):
    """What a saying is, for a face to show it."""

    LINE = "a line, kept as it is"
    TEXT = "a text of its own"
    NOTE = "something good to know"
    DETAIL = "one of several things under a heading"
    QUOTE = "the text of a note, below what is said of it"


@dataclass(frozen=True)
class Line:
    """Something that a person is told; without a text, a pause."""

    text: Said = ""
    kind: LineKind = LineKind.LINE


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


def count(number: int, thing: str) -> Message:
    """A number with its thing: 1 row, 2 rows."""
    return say(f"count.{thing}", n=number)


def in_bytes(size: int) -> Message:
    """How much a file holds, in the unit that fits."""
    for kind, one in (("size.mb", 1 << 20), ("size.kb", 1 << 10)):
        if size >= one:
            return say(kind, size=f"{size / one:,.1f}")
    return say("size.bytes", n=size)


def capital(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def duration(seconds: float) -> Message:
    """A time that something takes."""
    if seconds < 1:
        return say("time.less-than-a-second")
    if seconds < 120:
        return say("time.seconds", n=round(seconds))
    return (
        say("time.minutes", n=round(seconds / 60))
        if seconds < 7200
        else say("time.hours", hours=f"{seconds / 3600:,.1f}")
    )


def time_left(progress: Progress) -> Message | None:
    """How long the rest takes; None while that can't be said."""
    return None if progress.seconds_left is None else say("progress.left", time=taken(progress.seconds_left))


def pace(settled: int, seconds: float) -> Message | None:
    """How fast notes are settled; None while that can't be said."""
    if settled < 1 or seconds < 1:
        return None
    a_second = settled / seconds
    if a_second >= 2:
        return say("progress.pace-a-second", notes=f"{a_second:,.0f}")
    return say("progress.pace-a-minute", notes=f"{a_second * 60:,.0f}")


def what_holds_it_up(progress: Progress, most: int = 120) -> Message | None:
    """Trouble, in so many characters, and when it gives up; or the account's limit; None if nothing holds it up."""
    if progress.trouble is not None:
        shown = render(progress.trouble)
        trouble = words(shown if len(shown) <= most else f"{shown[: most - 1]}…")
        gives_up = progress.gives_up_in
        return trouble if gives_up is None else say("progress.gives-up", trouble=trouble, time=taken(gives_up))
    return say("progress.held-to", rate=rate(*progress.held_to)) if progress.held_to else None


def rate(calls: int, seconds: float) -> Message:
    """Calls in a time: 5 calls a second, 100 calls a minute, 30 calls in 10 seconds."""
    whole = round(seconds) if abs(round(seconds) - seconds) <= seconds / 20 else round(seconds, 1)
    units: dict[float, str] = {1: "rate.a-second", 60: "rate.a-minute", 3600: "rate.an-hour", 86400: "rate.a-day"}
    return say(units[whole], n=calls) if whole in units else say("rate.in-seconds", n=calls, seconds=f"{whole:g}")


def readable(seconds: float | None) -> Iterator[Line]:
    """How soon the API shows notes that it made, where that was measured."""
    if seconds is not None:
        yield Line(say("plan.readable", time=duration(seconds)), LineKind.TEXT)


def progressed(progress: Progress, total: int) -> Message:
    """How far it is, of so many notes; in which words they ended, what holds it up, how long the rest takes."""
    ended = in_result_words(progress.ended)
    parts = (words(ended) if ended else None, what_holds_it_up(progress), time_left(progress))
    about = tuple(part for part in parts if part is not None)
    return say("progress.so-far", settled=min(progress.settled, total), n=total, about=about)


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


def listed(names: Sequence[str], most: int = 8) -> Message:
    """Names, few enough to be read."""
    shown = tuple(repr(name) for name in names[:most])
    return say("and-more", names=shown, n=len(names) - most) if len(names) > most else say("names", names=shown)


def not_found(found: Sequence[NotFound]) -> Message:
    """Return the notes that were created, but not found, with what to do."""
    named = [
        say("not-found.of-row", row=str(note.row), note=note.note_id, prospect=note.prospect)
        if note.row is not None
        else say("not-found.of-earlier-import", note=note.note_id, prospect=note.prospect)
        for note in found[:_MOST_NAMED]
    ]
    named += [say("more", n=len(found) - _MOST_NAMED)] if len(found) > _MOST_NAMED else []
    return say("not-found", notes=tuple(named))


def listed_duplicates(duplicates: Mapping[int, Sequence[str]]) -> Message:
    """The notes that stand there more than once, named, with what to do."""
    rows = [say("duplicates.of-row", row=str(row), ids=tuple(ids)) for row, ids in [*duplicates.items()][:_MOST_NAMED]]
    rows += [say("duplicates.more", n=len(duplicates) - _MOST_NAMED)] if len(duplicates) > _MOST_NAMED else []
    return say("duplicates", rows=tuple(rows))
