"""What a prospect's notes say of a delivery: the right one is adopted, no other, and doubt is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from importer.api import FoundNote, NotesPage
from importer.delivery.readback import DateWindow, Sought, Verdict, judge, rewritten
from importer.journal import NoteKey
from importer.markup import ContentKind, content_of
from importer.messages import render
from importer.models import Note, Status, Visibility

SINCE = 1_800_000_000.0
NOTE = Note("Use <b>this</b>", Visibility.PUBLIC, Status.PUBLISHED)
DRAFT = replace(NOTE, status=Status.DRAFT)


WINDOW = DateWindow(surely=SINCE, perhaps=SINCE - 50, until=SINCE + 100, rewritten=SINCE, rewritten_until=SINCE + 120)


def found(
    note_id: str = "N1", content: str = "Use <b>this</b>", at: float | None = SINCE + 5, **more: str
) -> FoundNote:
    visibility, status = Visibility(more.get("visibility", "1")), Status(more.get("status", "1"))
    return FoundNote(note_id, content, visibility, status, at, more.get("author", ""))


def verdict(
    *notes: FoundNote,
    note: Note = NOTE,
    draft: FoundNote | None = None,
    more: bool = False,
    adopted: Mapping[str, float] | frozenset[str] = frozenset(),
    authors: Collection[str] = (),
    others: Sequence[Note] = (),
    window: DateWindow = WINDOW,
) -> Verdict:
    """What a page says; of ``adopted`` the times at which that was known, or just the ids."""
    taken = adopted if isinstance(adopted, Mapping) else dict.fromkeys(adopted, SINCE - 10)
    keys = [NoteKey.of(other) for other in others]
    sought = Sought(NoteKey.of(note), window, taken, sent_at=SINCE, others=keys, authors=authors)
    return judge(NotesPage(notes, draft, more), sought)


def candidates(*notes: FoundNote, **more: Any) -> list[str]:
    return [note.note_id for note in verdict(*notes, **more).candidates]


@pytest.mark.parametrize(
    "content",
    [
        "Use <b>this</b>",
        "<p>Use <b>this</b></p>",
        "<div>Use\n  <strong class='x'>this</strong></div><p></p>",
        "Use&nbsp;this",
        "<p>Use <i>this</i></p><br>",
        "&lt;p&gt;Use &lt;b&gt;this&lt;/b&gt;&lt;/p&gt;",
        "<p>Use &lt;b&gt;this&lt;/b&gt;</p>",
    ],
)
def test_a_note_that_reads_the_same_is_adopted_however_it_is_marked_up(content: str) -> None:
    assert verdict(found(content=content)).note_id == "N1"


@pytest.mark.parametrize(
    "other",
    [
        found(content="Use that"),
        found(content="<p>Use <b>thi</b>s, too</p>"),
        found(visibility="2"),
        found(status="0"),
        found(at=SINCE - 60),
    ],
)
def test_another_note_is_not(other: FoundNote) -> None:
    assert replace(verdict(other), candidates=()) == Verdict()


@pytest.mark.parametrize(
    "text",
    ["5 < 6 & 7 > 3", "jo <jo@example.com>", "line\nline\n\nline", "“quoted” – 🤝 ½", "&nbsp; as text", "e\u0301"],
)
@pytest.mark.parametrize("kept", ["{}", "<p>{}</p>", "<div><p>{}</p>\n</div>"])
def test_what_was_sent_for_a_text_is_known_again(text: str, kept: str) -> None:
    content = content_of(text, ContentKind.AUTO)
    note = Note(text, Visibility.PUBLIC, Status.PUBLISHED, content=content)
    assert verdict(found(content=kept.format(content)), note=note).note_id == "N1"


def test_a_letter_in_another_unicode_form_is_the_same_letter() -> None:
    note = replace(NOTE, text="caf\u0065\u0301", content="")
    assert verdict(found(content="<p>caf\u00e9</p>"), note=note).note_id == "N1"


def test_a_note_that_another_delivery_has_is_left_to_it() -> None:
    assert verdict(found("N1"), found("N2"), adopted=frozenset({"N1"})).note_id == "N2"
    assert verdict(found("N1"), adopted=frozenset({"N1"})) == Verdict()


def test_the_oldest_of_several_is_adopted_and_the_others_are_named() -> None:
    seen = verdict(found("N3", at=SINCE + 9), found("N2", at=SINCE + 7), found("N1", at=SINCE + 5), found("N0", at=1.0))
    assert (seen.note_id, seen.duplicates) == ("N1", ("N2", "N3"))


def test_the_same_note_listed_twice_is_one() -> None:
    assert verdict(found(), found()) == Verdict("N1")


def test_a_note_dated_shortly_before_it_was_sent_is_in_doubt() -> None:
    """A server's clocks may differ: it may be the delivery's own, so nothing is sent again."""
    assert "its date is shortly before the request" in render(verdict(found(at=SINCE - 0.1)).odd)
    assert "its date is shortly before the request" in render(
        verdict(draft=found(status="0", at=SINCE - 50), note=DRAFT).odd
    )
    assert verdict(found(at=SINCE - 20), found("N2")) == Verdict("N2")
    assert verdict(found(at=SINCE - 51)) == Verdict()
    assert verdict(found("N1", at=SINCE - 20), adopted=frozenset({"N1"})) == Verdict()


def test_a_note_without_a_time_is_in_doubt() -> None:
    assert "without a date" in render(verdict(found(at=None)).odd)
    assert verdict(found(at=None), found("N2")).note_id == "N2"
    assert not verdict(found(at=None, content="Other")).odd


def test_all_pages_are_read_whatever_their_dates_say() -> None:
    """The order of notes isn't documented, so an old note doesn't tell that only older ones follow."""
    other = found(content="Other")
    assert verdict(other, more=True).goes_on
    assert not verdict(other, more=False).goes_on
    assert not verdict(more=True).goes_on  # an empty page ends it, whatever is said
    old = found(content="Other", at=SINCE - 60)
    assert verdict(other, old, more=True).goes_on
    assert verdict(old, other, more=True).goes_on
    assert verdict(other, found(content="Other", at=None), more=True).goes_on


def test_a_draft_is_found_apart_or_among_the_others() -> None:
    assert verdict(draft=found(status="0"), note=DRAFT).note_id == "N1"
    assert verdict(draft=found(status="0", at=None), note=DRAFT).note_id == "N1"
    assert verdict(found(status="0"), note=DRAFT).note_id == "N1"
    assert verdict(draft=found(status="0", at=SINCE - 60), note=DRAFT) == Verdict()
    assert verdict(draft=found(status="0")) == Verdict()  # a published note is looked for


def test_a_later_draft_that_hides_the_one_looked_for_is_said() -> None:
    other = found("N2", content="Other", status="0")
    assert "hides" in render(verdict(draft=other, note=DRAFT).odd)
    assert verdict(draft=other, note=DRAFT, adopted=frozenset({"N2"})) == Verdict()  # ours, and settled
    assert verdict(draft=replace(other, created_at=SINCE - 60), note=DRAFT) == Verdict()


def test_a_later_draft_hides_unless_it_was_known_before_this_one_was_sent() -> None:
    """Of drafts only the latest is shown: one that a delivery had before can't hide what came after it."""
    other = found("N2", content="Other", status="0")
    assert "hides" in render(verdict(draft=other, note=DRAFT, adopted={"N2": SINCE + 1}).odd)
    assert verdict(draft=other, note=DRAFT, adopted={"N2": SINCE - 1}) == Verdict()
    assert "hides" in render(verdict(draft=replace(other, created_at=None), note=DRAFT).odd)


def test_a_note_dated_long_after_it_was_sent_is_in_doubt() -> None:
    late = found(at=WINDOW.until + 1)
    assert "long after" in render(verdict(late).odd)
    assert verdict(late).note_id is None
    assert verdict(found(at=WINDOW.until)).note_id == "N1"
    assert verdict(late, found("N2")).note_id == "N2"
    assert not verdict(found(at=WINDOW.until + 1, content="Other")).odd


def test_a_note_by_somebody_else_is_nobodys() -> None:
    """Where it is known who writes our notes, a colleague's are neither adopted, nor doubted, nor candidates."""
    theirs = found(author="COLLEAGUE")
    assert verdict(theirs, authors=["US"]) == Verdict()
    assert verdict(replace(theirs, created_at=SINCE - 20), authors=["US"]) == Verdict()
    assert candidates(replace(theirs, content="Other"), authors=["US"]) == []
    assert verdict(found(author="US"), authors=["US"]).note_id == "N1"
    assert verdict(found(), authors=["US"]).note_id == "N1"  # the API doesn't say who wrote it


def test_it_is_said_who_wrote_what_could_be_it_while_no_author_of_ours_is_known() -> None:
    assert verdict(found(author="US"), authors=["US"]).authors == set()
    assert verdict(found()).authors == set()
    theirs = replace(found(author="WHO"), note_id="N2")
    assert verdict(found(author="US"), theirs, found(content="Other", author="ELSE")).authors == {"US", "WHO", "ELSE"}


def test_what_reads_differently_and_was_made_in_that_time_is_a_candidate() -> None:
    other = found(content="Use th")
    assert candidates(other) == ["N1"]
    assert candidates(replace(other, created_at=None)) == ["N1"]
    assert candidates(replace(other, created_at=SINCE - 0.1)) == []
    assert candidates(replace(other, created_at=WINDOW.rewritten_until + 0.1)) == []
    assert candidates(found(content="Use th", visibility="2")) == []
    assert candidates(found(content="Use th", status="0")) == []
    assert candidates(other, adopted=frozenset({"N1"})) == []


def test_what_another_unclear_delivery_says_is_no_candidate() -> None:
    """It is that one's; and where a delivery's own note is found, nothing else is asked."""
    other = found(content="Another text")
    assert candidates(other, others=[replace(NOTE, text="Another text", content="")]) == []
    assert candidates(other, others=[replace(NOTE, text="A third text", content="")]) == ["N1"]
    assert candidates(found(), found("N2", content="Other")) == []


def test_while_nothing_is_known_of_the_clock_what_reads_differently_may_be_dated_earlier() -> None:
    unknown = replace(WINDOW, rewritten=SINCE - 3600)
    other = found(content="Use th", at=SINCE - 1800)
    assert candidates(other, window=unknown) == ["N1"]
    assert candidates(replace(other, created_at=SINCE - 3601), window=unknown) == []
    draft = found("N2", content="Other", status="0", at=SINCE - 1800)
    assert "hides" in render(verdict(draft=draft, note=DRAFT, window=unknown).odd)


def test_where_it_is_found_the_next_page_is_read_all_the_same() -> None:
    """Another one that reads the same may be the delivery's own, or its twin."""
    assert verdict(found(), more=True).goes_on
    assert verdict(found(), more=True).note_id == "N1"
    assert not verdict(found(), more=False).goes_on


def test_a_single_note_of_ours_is_adopted_if_nothing_tells_the_clock_of_the_run_that_sent_it() -> None:
    """Only its date stands against it, which proves nothing; a colleague's, or a second one, is doubt."""
    assumed = replace(WINDOW, perhaps=SINCE - 90_000, rewritten=SINCE - 90_000, is_assumed=True)
    old = found(at=SINCE - 3600, author="US")
    assert verdict(old, authors=["US"], window=assumed).note_id == "N1"
    assert verdict(replace(old, author=""), authors=["US"], window=assumed).odd
    assert verdict(old, window=assumed).odd, "nobody has told who we are"
    assert verdict(old, replace(old, note_id="N2"), authors=["US"], window=assumed).odd
    assert verdict(replace(old, author="COLLEAGUE"), authors=["US"], window=assumed) == Verdict()
    assert verdict(found(at=SINCE - 40, author="US"), authors=["US"]).odd, "its clock is known"


LONG = "Spoke about terms of delivery, then about prices, and about much more 🤝"
OTHER_LONG = "Asked for the price list again, and for the contract 🤝"


def note_of(text: str) -> Note:
    return Note(text, Visibility.PUBLIC, Status.PUBLISHED)


def told(text: str, *candidates: tuple[str, str], others: Sequence[str | None] = (), author: str = "US") -> str | None:
    """Which candidate is the note with this text, if any; candidates are ids and what reads back."""
    shown = [found(note_id, content, author=author) for note_id, content in candidates]
    unclear = [None if other is None else note_of(other) for other in others]
    one = rewritten(shown, note_of(text), unclear, ["US"])
    return one.note_id if one is not None else None


def test_a_note_of_ours_that_is_alike_is_the_one_that_was_sent_though_it_reads_differently() -> None:
    kept = LONG.removesuffix("🤝")
    assert told(LONG, ("N1", kept)) == "N1"
    assert told(LONG, ("N1", kept), author="COLLEAGUE") is None
    assert told(LONG, ("N1", kept), author="") is None
    assert told(LONG, ("N1", "Something else")) is None
    assert told(LONG, ("N1", kept), ("N2", kept)) is None


def test_of_several_that_were_unclear_at_once_each_has_its_own() -> None:
    kept, other_kept = LONG.removesuffix("🤝"), OTHER_LONG.removesuffix("🤝")
    both = ("N1", kept), ("N2", other_kept)
    assert told(LONG, *both, others=[OTHER_LONG]) == "N1"
    assert told(OTHER_LONG, *both, others=[LONG]) == "N2"
    assert told(LONG, ("N1", kept), others=[OTHER_LONG]) == "N1"  # the other one isn't there
    assert told(OTHER_LONG, ("N1", kept), others=[LONG]) is None


def test_what_could_be_of_another_that_is_unclear_too_is_nobodys() -> None:
    cut, other_end = LONG[:60], f"{LONG[:60]} and what else was said"
    assert told(LONG, ("N1", cut), others=[OTHER_LONG]) == "N1"
    assert told(LONG, ("N1", cut), others=[other_end]) is None
    assert told(LONG, ("N1", cut), ("N2", other_end), others=[other_end]) is None
    assert told(LONG, ("N1", cut), others=[None]) is None  # another sheet's: the journal has no texts
    assert told(LONG, ("N1", cut), ("N2", "Something else"), others=[OTHER_LONG]) is None  # whose is that?
