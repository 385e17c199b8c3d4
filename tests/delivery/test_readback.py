"""What a prospect's notes say of a delivery: the right one is adopted, no other, and doubt is said."""

import re
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from importer.api import API_REFUSED, Cause, Endpoint, Failure, FoundNote, NotesPage, Reply
from importer.calls.retry import Attempts, RetryPolicy
from importer.delivery.decisions import Sought, Verdict, copies, judge
from importer.delivery.evidence import Evidence
from importer.delivery.reads import Reads, WholeRead
from importer.errors import JournalFailed
from importer.journal import READ_BACK, DeliveryState, KnownDelivery, NoteKey
from importer.messages import render, words
from importer.models import Note, Status, Visibility, Workspace

SINCE = 1_800_000_000.0
NOTE = Note("Use <b>this</b>", Visibility.PUBLIC, Status.PUBLISHED)
DRAFT = replace(NOTE, status=Status.DRAFT)


def found(
    note_id: str = "N1", content: str = "Use <b>this</b>", at: float | None = SINCE + 5, **more: str
) -> FoundNote:
    visibility, status = Visibility(more.get("visibility", "1")), Status(more.get("status", "1"))
    return FoundNote(note_id, content, visibility, status, at, more.get("author", ""))


def verdict(
    *notes: FoundNote,
    note: Note = NOTE,
    draft: FoundNote | None = None,
    adopted: Mapping[str, float] | frozenset[str] = frozenset(),
    rivals: Sequence[tuple[Note, str | None]] = (),
    **more: Any,
) -> Verdict:
    """What notes say; of ``adopted`` the times at which that was known, or just the ids."""
    return judge(NotesPage(notes, draft, has_more=False), sought(note, adopted, rivals, **more))


def sought(
    note: Note = NOTE,
    adopted: Mapping[str, float] | frozenset[str] = frozenset(),
    rivals: Sequence[tuple[Note, str | None]] = (),
    **more: Any,
) -> Sought:
    owned = adopted if isinstance(adopted, Mapping) else dict.fromkeys(adopted, SINCE - 10)
    keys = [(NoteKey.of(rival), text) for rival, text in rivals]
    known = {"earliest": SINCE, "latest": SINCE + 100, "is_clock_known": True, "sent_at": SINCE} | more
    return Sought(NoteKey.of(note), note.content, owned=owned, rivals=keys, **known)


def unexplained(*notes: FoundNote, **more: Any) -> list[str]:
    doubt = verdict(*notes, **more).doubt
    return [] if doubt is None else re.findall(r"N\d", render(doubt))


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
    ],
)
def test_another_note_of_that_time_is_not_and_needs_an_explanation(other: FoundNote) -> None:
    assert unexplained(other) == ["N1"]
    assert verdict(replace(other, created_at=SINCE - 2000)) == Verdict()


def test_a_note_that_another_delivery_has_is_left_to_it() -> None:
    assert verdict(found("N1"), found("N2"), adopted=frozenset({"N1"})).note_id == "N2"
    assert verdict(found("N1"), adopted=frozenset({"N1"})) == Verdict()


def test_the_oldest_of_several_is_adopted_and_the_others_are_named() -> None:
    seen = verdict(found("N3", at=SINCE + 9), found("N2", at=SINCE + 7), found("N1", at=SINCE + 5), found("N0", at=1.0))
    assert (seen.note_id, seen.duplicates) == ("N1", ("N2", "N3"))


def test_the_same_note_listed_twice_is_one() -> None:
    assert verdict(found(), found()) == Verdict("N1", is_sure=True)


def test_a_date_within_a_quarter_of_an_hour_is_believed() -> None:
    """Server clocks differ, and a person's note that reads the same is not from the same minutes."""
    assert verdict(found(at=SINCE - 899)).note_id == "N1"
    assert verdict(found(at=SINCE + 999)).note_id == "N1"
    assert verdict(found(at=SINCE - 901)) == Verdict()
    assert verdict(found(at=SINCE - 899), adopted=frozenset({"N1"})) == Verdict()


def test_a_note_without_a_time_is_in_doubt() -> None:
    assert "without a date" in render(verdict(found(at=None)).doubt)


def test_a_draft_is_found_apart_or_among_the_others() -> None:
    assert verdict(draft=found(status="0"), note=DRAFT).note_id == "N1"
    assert verdict(draft=found(status="0", at=None), note=DRAFT).note_id == "N1"
    assert verdict(found(status="0"), note=DRAFT).note_id == "N1"
    assert verdict(draft=found(status="0", at=SINCE - 1000), note=DRAFT) == Verdict()
    assert unexplained(draft=found(status="0")) == ["N1"]  # a published note is looked for


def test_a_note_dated_long_after_it_was_sent_is_in_doubt() -> None:
    """Whatever is wrong with a clock, a note that reads the same is never taken for absence."""
    late = found(at=SINCE + 1001)
    assert "long after" in render(verdict(late).doubt)
    assert verdict(late, found("N2")).note_id == "N2"


def test_a_note_by_somebody_else_is_nobodys() -> None:
    """If it is known who writes our notes, a colleague's are neither adopted, nor do they need an explanation."""
    theirs = found(author="COLLEAGUE")
    assert verdict(theirs, authors=["US"]) == Verdict()
    assert verdict(replace(theirs, content="Other"), authors=["US"]) == Verdict()
    assert verdict(found(author="US"), authors=["US"]) == Verdict("N1", is_sure=True)
    assert verdict(found(), authors=["US"]).note_id == "N1"  # the API doesn't say who wrote it


def test_with_another_key_the_author_may_be_another() -> None:
    """What is known of one key's owner rules nobody out for another key, and doesn't make a stranger's note ours."""
    assert verdict(found(author="US"), others=["US"]).note_id == "N1"
    assert "several people" in render(verdict(found(author="WHO"), others=["US"]).doubt)
    assert unexplained(found(content="Other", author="WHO"), others=["US"]) == ["N1"]


def test_while_no_author_of_ours_is_known_a_match_is_not_sure() -> None:
    assert verdict(found(author="WHO")) == Verdict("N1")
    assert "several people" in render(verdict(found(author="WHO"), found("N2", author="ELSE")).doubt)
    assert verdict(found()) == Verdict("N1", is_sure=True), "authors aren't shown at all"
    assert verdict(found(), is_clock_known=False) == Verdict("N1")


def test_what_was_made_in_that_time_needs_an_explanation_whatever_it_says_and_whoever_sees_it() -> None:
    other = found(content="Use th")
    assert unexplained(other) == ["N1"]
    assert unexplained(replace(other, created_at=None)) == ["N1"]
    assert unexplained(replace(other, created_at=SINCE - 61)) == []
    assert unexplained(replace(other, created_at=SINCE + 161)) == []
    assert unexplained(found(content="Use th", visibility="2")) == ["N1"]
    assert unexplained(found(content="Use th", status="0")) == ["N1"]
    assert unexplained(other, adopted=frozenset({"N1"})) == []


def test_a_single_note_of_ours_is_adopted_if_nothing_tells_the_clock_of_the_run_that_sent_it() -> None:
    """Only its date stands against it, which proves nothing; a colleague's, or a second one, is doubt."""
    unknown: dict[str, Any] = {"is_clock_known": False}
    old = found(at=SINCE - 3600, author="US")
    assert verdict(old, authors=["US"], **unknown).note_id == "N1"
    assert "how the clocks differ" in render(verdict(replace(old, author=""), authors=["US"], **unknown).doubt)
    assert verdict(old, **unknown).doubt, "nobody has told who we are"
    assert verdict(old, replace(old, note_id="N2"), authors=["US"], **unknown).doubt
    older = replace(old, note_id="N2", created_at=SINCE - 27 * 3600)
    assert verdict(old, older, authors=["US"], **unknown).note_id == "N1", "an older one of ours says the same"
    assert verdict(replace(old, author="COLLEAGUE"), authors=["US"], **unknown) == Verdict()
    assert verdict(replace(old, created_at=SINCE - 27 * 3600), authors=["US"], **unknown) == Verdict()
    assert verdict(old, authors=["US"]) == Verdict(), "its clock is known"


def test_further_copies_read_like_the_note_as_it_was_sent_or_as_it_is_shown() -> None:
    page = NotesPage(
        (found("N1", "Shown"), found("N2", "Shown"), found("N3"), found("N4", "Else")), None, has_more=False
    )
    assert copies(page, sought(adopted=frozenset({"N1"})), "N1") == ("N2", "N3")
    changed = [found(f"N{number}", visibility="2", author=author) for number, author in ((2, "US"), (3, "WHO"))]
    page = NotesPage((found("N1"), *changed), found("N4", visibility="2", status="0", author="US"), has_more=False)
    assert copies(page, sought(adopted=frozenset({"N1"}), authors=["US"]), "N1") == ("N2", "N4")
    assert copies(page, sought(adopted=frozenset({"N1"})), "N1") == (), "nobody has told who we are"


LONG = "Spoke about terms of delivery, then about prices, and about much more 🤝"


def note_of(text: str) -> Note:
    return Note(text, Visibility.PUBLIC, Status.PUBLISHED)


def told(text: str, *shown: tuple[str, str], others: Sequence[str | None] = (), author: str = "US") -> str | None:
    """Which of some notes, given by their IDs and what reads back, is the note with this text, if any is."""
    notes = [found(note_id, content, author=author) for note_id, content in shown]
    rivals = [(note_of(other or "unknown"), other) for other in others]
    return verdict(*notes, note=note_of(text), rivals=rivals, authors=["US"]).note_id


def test_a_note_of_ours_that_is_alike_is_the_one_that_was_sent_though_it_reads_differently() -> None:
    kept = LONG.removesuffix("🤝")
    assert told(LONG, ("N1", kept)) == "N1"
    assert told(LONG, ("N1", kept), author="COLLEAGUE") is None
    assert told(LONG, ("N1", kept), author="") is None
    assert told(LONG, ("N1", "Something else")) is None
    assert told(LONG, ("N1", kept), ("N2", kept)) is None


def test_a_note_that_was_only_read_back_does_not_show_who_writes_ours() -> None:
    """If a colleague's note was adopted by mistake, the colleague's other notes would be taken for ours, too."""
    evidence = Evidence.__new__(Evidence)
    evidence.authors, evidence._offsets, evidence._run = defaultdict(set), {}, 2
    context: Any = SimpleNamespace(runs={1: SimpleNamespace(account="key")})
    evidence._context = context
    notes = [
        FoundNote(note_id, "Hello", Visibility.PUBLIC, Status.PUBLISHED, 100.0, author)
        for note_id, author in (
            ("N1", "us@example.com"),
            ("N2", "colleague@example.com"),
            ("N3", "colleague@example.com"),
        )
    ]
    named = KnownDelivery(
        b"", 1, "P1", "", "", "N1", 101.0, None, 1, None, 1, 99.0, None, None, None, DeliveryState.CREATED, (), False,
        NoteKey.of(Note("Hello", Visibility.PUBLIC, Status.PUBLISHED)),
    )  # fmt: skip
    delivered = {"N1": named, "N2": named._replace(reason=READ_BACK.kind)}
    journal: Any = SimpleNamespace(delivered=lambda *_: delivered)
    evidence._deliveries, evidence._workspace, evidence._own = journal, Workspace("p", "u"), OrderedDict()
    evidence.read(NotesPage(tuple(notes), None, has_more=False))
    assert evidence.authors == {"key": {"us@example.com"}}


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.FILE_CHANGED}))
def test_what_follows_from_a_failed_lookup(cause: Cause) -> None:
    """The run stops, it is told as it is, or the notes are read again. An impatient one isn't read again."""
    done: list[object] = []

    def retry(_: object, failure: Failure, policy: RetryPolicy) -> bool:
        return Attempts(policy, Random(7)).failed(failure, 0.0) is not None

    dispatcher: Any = SimpleNamespace(add=done.append, wait_out=lambda _: False, halt=done.append, retry=retry)
    reads = Reads(dispatcher, RetryPolicy(8, 100.0), 100, 1, done.append)
    failure = Failure(cause, words("trouble"))
    reply = Reply[NotesPage](Endpoint.READ, 5.0, 6.0, failure=failure)
    look = WholeRead("P1")
    assert reads.take_in(look, reply) == (failure if cause in API_REFUSED else None)
    assert look.began == reply.began
    assert reads.take_in(WholeRead("P1", is_patient=False), reply) == failure


def test_no_lookups_of_runs_one_after_the_other_ask_for_as_many_notes() -> None:
    """A cache may still hold the pages of the runs before, without a note that came since. A disk may be full."""
    nothing: Any = None
    tried, kept, takes = count(), [0], list[int]()

    def reserve(number: int) -> None:
        if next(tried) % 2 == 0:
            raise JournalFailed("The disk is full.")
        kept.append(number)

    for lookups in (40, 2, 3, 11):
        reads = Reads(nothing, nothing, 100, kept[-1], reserve)
        takes += [reads.take("P1") for _ in range(lookups)]
    assert len({*takes}) == len(takes)
    assert min(takes) > 10
