"""Say what the replies to a live test show: the notes that it creates, and what each finding means.

Input: the contents that were sent, and the notes as the API shows them. Output: a :class:`Finding` for each thing that
was to be found out. Nothing here calls the API. A finding holds only kinds of messages and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

from importer.api import Answer, Cause, Failure, FoundNote, Metadata, NotesPage, Reply
from importer.api.headers import Announcement
from importer.api.protocol import API_REFUSED
from importer.commands.rendering import duration
from importer.markup import ContentKind, content_of, lines, seen_digests, visible
from importer.messages import Message, Part, say
from importer.models import Status, Visibility

SINGLE, BESIDE, TWICE, FIRST_DRAFT, SECOND_DRAFT, FIRST_FILE, SECOND_FILE = 1, 2, 3, 10, 11, 12, 13
"""Numbers of the notes of a live test; those between are there only for their texts."""
TEXTS = range(4, FIRST_DRAFT)

_MARK = "note-importer test, may be ignored ({})"
_NUMBER = re.compile(r"test, may be ignored \((\d{1,2})\)")
_AFTER_MARK = {
    SINGLE: ": two  spaces  ",
    4: ": first line\nsecond line\n\nnew paragraph",
    5: ": \"straight\" and 'single' quotes, Ärger süß, R&D",
    6: ": \N{PARTY POPPER} and more",
    7: ': <b>bold</b>, <a href="https://example.com/">a link</a>',
}
_LONG = {8: 5_000, 9: 50_000}
_SOON = 5.0  # seconds; a longer lag or a greater difference between the clocks is worth knowing
_FAR = 300.0  # seconds by which the clocks may differ before runs measure the difference (D67)


def text_of(number: int) -> str:
    """Return the text of a note, as a cell would hold it."""
    text = _MARK.format(number) + _AFTER_MARK.get(number, "")
    return text if number not in _LONG else f"{text}: {'0123456789 ' * 5_000}"[: _LONG[number] - 3] + "end"


def content(number: int) -> str:
    """Return the content that is sent for a note: what an import would send, but the first with all its spaces."""
    return text_of(number) if number == SINGLE else content_of(text_of(number), ContentKind.AUTO)


def number_of(note: FoundNote) -> int:
    """Return the number of a live test's note; 0 if its text shows none."""
    match = _NUMBER.search(visible(note.content))
    return int(match[1]) if match else 0


class Verdict(StrEnum):
    """How a finding compares with what was known before."""

    DOCUMENTED = "documented"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"
    OTHERWISE = "otherwise"


@dataclass(frozen=True)
class Finding:
    """What a live test found out about one thing.

    Attributes:
        about: the thing; its name is the text ``live.about.ABOUT``.
        what: what was found. The word before its first hyphen is the verdict, unless it is otherwise.
        text: the same in words: the text ``live.ABOUT.WHAT``.
        consequence: what it means for imports, if they rely on something else.
    """

    about: str
    what: str
    text: Message
    consequence: Message | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it is as documented, as assumed, otherwise, or not known."""
        word = self.what.partition("-")[0]
        return Verdict(word) if word in set(Verdict) else Verdict.OTHERWISE


def found(about: str, what: str, then: str = "", **parts: Part) -> Finding:
    """Return a finding, with the consequence ``live.then.THEN`` if any."""
    consequence = say(f"live.then.{then}") if then else None
    return Finding(about, what, say(f"live.{about}.{what}", **parts), consequence)


def unanswered(about: str, failure: Failure | None) -> Finding:
    """Return the finding that a call had no clear answer."""
    return found(about, "unknown-no-answer", cause=failure.cause if failure is not None else "-")


# -- answers ----------------------------------------------------------------------------------------------------


def error(reply: Reply[None]) -> Finding:
    """Judge the refusal of a call that can't be accepted: whether it is recognised, and the names of its fields."""
    if reply.failure is None:
        return found("errors", "accepted", "errors")
    if reply.metadata is None or reply.failure.cause is Cause.FAILED:
        return unanswered("errors", reply.failure)
    layout = {*reply.metadata.layout}
    is_usual = layout & {"message", "error.message"} and layout & {"code", "error.code"}
    what = "assumed" if is_usual else "understood"
    if reply.failure.cause not in API_REFUSED:
        what = "not-recognised"
    then = "errors" if what == "not-recognised" else ""
    return found("errors", what, then, status=reply.metadata.status, fields=tuple(sorted(layout)) or "-")


def created(reply: Reply[dict[str, Answer]], prospect: str) -> Finding:
    """Judge the answer to the request that creates one note."""
    if reply.metadata is None or (reply.failure is not None and reply.failure.cause is not Cause.UNREADABLE):
        return unanswered("one-note", reply.failure)
    status = reply.metadata.status
    if prospect not in (reply.value or {}):
        return found("one-note", "no-entry", "no-entry", status=status)
    return found("one-note", "documented", status=status)


def beside(reply: Reply[dict[str, Answer]], nobody: str, prospect: str) -> Iterator[Finding]:
    """Yield the findings about a request for two prospects, of which the first can't exist."""
    cause, answers = None if reply.failure is None else reply.failure.cause, reply.value or {}
    ids = {asked: answer.note_id for asked, answer in answers.items()}
    if cause in API_REFUSED:
        yield found("nobody", "documented-whole")
    elif cause not in (None, Cause.UNREADABLE):
        yield unanswered("nobody", reply.failure)
    elif len(ids) < len((nobody, prospect)):
        yield found("nobody", "no-entry", "no-entry")
    elif ids[nobody] is not None:
        yield found("nobody", "created", "nobody")
    else:
        yield found("nobody", "documented-alone" if ids[prospect] is not None else "both-refused")
    orders = {(): "unknown", (nobody, prospect): "documented", (prospect, nobody): "other"}
    yield found("entries", orders.get(tuple(ids), "unknown"))


def limits(metadata: Metadata | None) -> Finding:
    """Judge what the headers of a success say of limits. No limit is documented; a date as the reset was reported."""
    announcement = Announcement.read(metadata.headers) if metadata is not None else None
    if announcement is None:
        return found("limits", "assumed-none")
    reset = announcement.reset
    what = "no-reset" if reset is None else "seconds" if reset.is_to_go else "assumed-date"
    return found("limits", what, n=announcement.limit or announcement.remaining + 1)


# -- one note ---------------------------------------------------------------------------------------------------


def lag(looks: Sequence[tuple[float, bool]]) -> tuple[float, Finding]:
    """Return by how many seconds reads lag behind writes, at least, and the finding.

    Args:
        looks: the age of a note at each look, in seconds, and whether the note was shown.
    """
    misses = [place for place, (_, is_shown) in enumerate(looks) if not is_shown]
    if not misses:
        return 0.0, found("lag", "assumed-none", n=len(looks))
    shown_at = misses[-1] + 1
    age, _ = looks[min(shown_at, len(looks) - 1)]
    if shown_at == len(looks):
        return age, found("lag", "never", "late", time=duration(age))
    if age <= _SOON:
        return age, found("lag", "assumed-soon", time=duration(age))
    return age, found("lag", "late", "late", time=duration(age))


def shown_note(note: FoundNote, left: float, came: float) -> Iterator[Finding]:
    """Yield what a note shows: its visibility, its form, its author, and the clock that dates notes.

    Args:
        note: the note as it is shown.
        left: when its request left, by our clock.
        came: when the reply came, by our clock.
    """
    is_private = note.visibility is Visibility.PRIVATE
    yield found("visibility", "documented") if is_private else found("visibility", "other", "visibility")
    yield found("html", "documented" if note.content.lstrip().startswith("<") else "plain")
    yield found("authors", "documented") if note.author else found("authors", "none", "authors")
    if note.created_at is None:
        yield found("clock", "no-date", "clock")
        return
    off = max(note.created_at - came, left - note.created_at)
    what = "assumed" if off <= _SOON else "ahead" if note.created_at > came else "behind"
    yield found("clock", what, "clock" if off > _FAR else "", time=duration(off))


# -- texts ------------------------------------------------------------------------------------------------------


def _plain(shown: str) -> str:
    return unescape(re.sub(r"<[^<>]*>", "", shown))


_ASPECTS: Mapping[str, tuple[int, Callable[[str], object]]] = {
    "spaces": (SINGLE, lambda shown: "two  spaces" in _plain(shown)),
    "outer-spaces": (SINGLE, lambda shown: _plain(shown).endswith("spaces  ")),
    "lines": (4, lambda shown: lines(shown).split("\n")[1:] == ["second line", "new paragraph"]),
    "quotes": (5, lambda shown: "\"straight\" and 'single'" in _plain(shown)),
    "umlauts": (5, lambda shown: "Ärger süß" in _plain(shown)),
    "ampersand": (5, lambda shown: "R&D" in _plain(shown)),
    "emoji": (6, lambda shown: "\N{PARTY POPPER}" in _plain(shown)),
    "bold": (7, lambda shown: re.search(r"<(b|strong)\b[^<>]*>bold<", shown)),
    "link": (7, lambda shown: re.search(r"<a\b[^<>]*href=.https://example\.com/", shown)),
    "long": (8, lambda shown: _plain(shown).endswith("end")),
    "very-long": (9, lambda shown: _plain(shown).endswith("end")),
}
"""Thing to find out about texts → the note that shows it, and whether the note as it is shown has kept it."""


def texts(shown: Mapping[int, FoundNote], refused: Collection[int]) -> Iterator[Finding]:
    """Yield how the texts come back.

    Args:
        shown: number of a note → the note.
        refused: numbers of the notes that the API refused; the others may have been created.
    """
    unlike = {
        number for number, note in shown.items() if seen_digests(note.content).isdisjoint(seen_digests(content(number)))
    }
    named: set[int] = set()
    for about, (number, is_kept) in _ASPECTS.items():
        if number in refused:
            yield found(about, "refused", "refused")
        elif number not in shown:
            yield found(about, "unknown")
        elif is_kept(shown[number].content):
            yield found(about, "assumed")
        else:
            named.add(number)
            length = len(visible(shown[number].content))
            yield found(about, "changed", "rewritten" if number in unlike else "", length=length)
    if unlike - named:
        yield found("texts", "changed", "rewritten")


# -- pages ------------------------------------------------------------------------------------------------------


def order(page: NotesPage) -> Finding:
    """Judge the order of a prospect's notes. Their numbers rise in the order in which they were created."""
    numbers = [number for number in map(number_of, page.notes) if number]
    rising = sorted(numbers)
    return found("order", "assumed" if numbers == rising[::-1] else "oldest-first" if numbers == rising else "mixed")


def paging(whole: NotesPage, first: NotesPage, second: NotesPage, size: int) -> Finding:
    """Judge two pages of ``size`` notes beside a page with all notes."""
    whole_ids, *pages = ([note.note_id for note in page.notes] for page in (whole, first, second))
    if pages != [whole_ids[:size], whole_ids[size : 2 * size]]:
        return found("paging", "other-notes", "paging")
    return found("paging", "documented") if first.has_more else found("paging", "no-more", "paging")


def shown_draft(page: NotesPage) -> Finding:
    """Judge where a prospect's draft is shown."""
    if page.draft is not None:
        return found("draft", "documented")
    is_among = any(note.status is Status.DRAFT for note in page.notes)
    return found("draft", "among") if is_among else found("draft", "hidden", "hidden-draft")
