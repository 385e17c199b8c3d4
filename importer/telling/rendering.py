"""Define the lines of messages, and put numbers, times, lists, choices and progress in words, for terminal and page.

Input: values. Output: their words. `preview_messages` and `report_messages` choose the lines to show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from importer.messages import Message, Said, render, say, words
from importer.models import PossibleAnswer, Progress, Question, Result, Role, Visibility
from importer.settings.reading import Reading, as_stored, key

# Control characters: C0 except tab and line feed, DEL and C1; marks, embeddings, overrides and isolates of writing
# direction, also deprecated ones; separators of lines and paragraphs; half characters; the characters around
# annotations. Joiners (U+200C, U+200D) are not among them, because Persian, Hindi and emoji need them.
_STEERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufff9-\ufffb]"
)
_CALLS = str.maketrans("@<>", "＠‹›")


class LineKind(Enum):
    """Kind of a line, which decides how it is shown on the terminal or page."""

    LINE = "a line, kept as it is"
    TEXT = "a text of its own"
    NOTE = "something good to know"
    DETAIL = "one of several things under a heading"
    QUOTE = "the text of a note, below what is said of it"


@dataclass(frozen=True)
class Line:
    """Line of text for a person; without a text, an empty line.

    Attributes:
        text: the text.
        kind: how it is shown.
    """

    text: Said = ""
    kind: LineKind = LineKind.LINE


def numbers(kind: LineKind, found: Mapping[str, int]) -> Iterator[Line]:
    """Yield a line for each kind of message with a number above zero."""
    yield from (Line(say(message, n=number), kind) for message, number in found.items() if number)


def visible(text: str) -> str:
    """Return the text on one line, with a space for each line break, and other control characters escaped."""
    return written_out(text).replace("\n", " ")


def written_out(text: str, let_through: str = "") -> str:
    """Return the text with characters escaped that would move the cursor, or hide or reverse text."""

    def written(match: re.Match[str]) -> str:
        sign = match[0]
        if sign in let_through:
            return sign
        if "\ud800" <= sign <= "\udfff":
            return "?"  # a byte of a file name that isn't text
        return f"\\x{ord(sign):02x}" if ord(sign) < 256 else f"\\u{ord(sign):04x}"

    return _STEERS.sub(written, text)


def calling_nobody(text: str) -> str:
    """Return the text on one line, without mentions: a chat would notify people for ``@here`` and ``<!channel>``."""
    return visible(text).translate(_CALLS)


def capital(text: str) -> str:
    """Return the text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]


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


def clock_time(at: float) -> str:
    """Return seconds since 1970 as the local time of day."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%H:%M:%S}"


def taken(seconds: float) -> str:
    """Return an elapsed or remaining time as 0:07, 14:20 or 2:05:00."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_left(progress: Progress) -> Message | None:
    """Return a message about the remaining time of a run; None while it is unknown."""
    return None if progress.seconds_left is None else say("progress.left", time=taken(progress.seconds_left))


def pace(settled: int, seconds: float) -> Message | None:
    """Return how many notes are settled per second or minute; None while that is unknown."""
    if settled < 1 or seconds < 1:
        return None
    a_second = settled / seconds
    if a_second >= 2:
        return say("progress.pace-a-second", notes=round(a_second))
    return say("progress.pace-a-minute", notes=round(a_second * 60))


def what_holds_it_up(progress: Progress, most: int = 150) -> Message | None:
    """Return what delays a run: the account's limit, or trouble with the time limit, cut to ``most`` characters."""
    if progress.trouble is None:
        return say("progress.held-to", rate=rate(*progress.held_to)) if progress.held_to else None
    trouble, gives_up = render(progress.trouble), progress.gives_up_in

    def within_time(shown: str) -> Message:
        return words(shown) if gives_up is None else say("progress.gives-up", trouble=shown, time=taken(gives_up))

    room = max(20, most - len(render(within_time(""))))
    return within_time(trouble if len(trouble) <= room else f"{trouble[: room - 1]}…")


def progressed(progress: Progress, total: int) -> Message:
    """Return the progress: settled notes, results so far, trouble, and the remaining time."""
    ended = in_result_words(progress.ended)
    parts = (ended, what_holds_it_up(progress), time_left(progress))
    about = tuple(part for part in parts if part is not None)
    return say("progress.so-far", settled=min(progress.settled, total), n=total, about=about)


def in_result_words(counts: Mapping[Result, int]) -> Message | None:
    """Return the number of rows per result, on one line; None if there are none."""
    numbers = tuple(say("progress.result", result=result, rows=rows) for result, rows in counts.items() if rows)
    return say("names", names=numbers) if numbers else None


def offered(question: Question, readings: Sequence[Reading] = ()) -> list[PossibleAnswer]:
    """Return the choices of a question in the order shown to a person: earlier answers, then private before public.

    Columns that were chosen for another kind of sheet come first, because tonight's may be the same with one more. So
    do meanings of a word, if they were given under the same heading.
    """
    places = {visibility.name.lower(): place for place, visibility in enumerate(Visibility)}
    before = {f"{role}={name}" for reading in readings for role, names in reading.columns.items() for name in names}
    headings = {key(choice.value) for choice in question.choices if choice.setting == "ignore"}
    for reading in readings:
        for (role, column), meanings in reading.answers.get("value", {}).items():
            is_alike = key(column or "") in headings
            before |= {f"{role}:{word}={as_stored(value)}" for word, value in meanings.items() if is_alike}

    def place(choice: PossibleAnswer) -> tuple[bool, int]:
        is_visibility = choice.setting == "default-visibility" or choice.value.startswith(f"{Role.VISIBILITY}:")
        value = choice.value.rpartition("=")[2].lower()
        return choice.value not in before, places.get(value, len(places)) if is_visibility else len(places)

    return sorted(question.choices, key=place)
