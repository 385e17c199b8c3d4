"""While nobody has told who writes our notes, no note is taken for ours that may be another's.

And while nothing was seen to lag, what is missed early waits until it is known how reading lags.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from importer.api import Answer, Cause, Failure
from importer.delivery.decisions import Doubt, LookDecision, Missed, Settle
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Verdict
from importer.delivery.tasks import Ambiguous, Lookup, Post
from importer.delivery.unclear import LookupQueue
from importer.journal import NoteKey
from importer.messages import words
from importer.models import Note, Request, Status, Visibility

NOTE = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)
POST = Post(Request(NOTE, (0,), ("P0",), (b"P0",)), NoteKey.of(NOTE), 1)
FOUND = Settle(((0, Answer("N1")),), words("found by reading back"))


class Wait:
    """A place to wait in, with what is known."""

    def __init__(self) -> None:
        self.known = SimpleNamespace(authors=set(), is_introducing=False, is_measuring=False)
        self.known.replication_lag = SimpleNamespace(is_seen=False)
        self.is_clock_known = True
        self.known.note_clock = SimpleNamespace(is_known=lambda: self.is_clock_known)
        self.waiting = LookupQueue(cast(Evidence, self.known))

    def decided(self, *authors: str, decision: LookDecision = FOUND, **more: bool) -> LookDecision | None:
        ambiguous = Ambiguous.of(POST, Failure(Cause.LOST, words("lost")), 0.0, 0.0)
        lookup = Lookup(ambiguous, 0, is_last=more.get("is_last", False))
        verdict = Verdict("N1", authors=frozenset(authors))
        return self.waiting.decided(lookup, verdict, decision, is_early=more.get("is_early", False))


@pytest.fixture
def wait() -> Wait:
    return Wait()


def test_what_an_unknown_author_wrote_waits_until_somebody_has_told_who_we_are(wait: Wait) -> None:
    assert wait.decided("WHO") is None
    assert wait.decided("WHO", decision=Doubt(words("dated oddly"))) is None
    assert wait.waiting.told() == []
    wait.known.authors.add("US")
    assert len(wait.waiting.told()) == 2
    assert len(wait.waiting) == 0
    assert wait.decided() == FOUND


def test_before_reading_has_caught_up_it_is_as_good_as_missed(wait: Wait) -> None:
    assert wait.decided("WHO", is_early=True) == Missed()
    assert len(wait.waiting) == 0


def test_what_bears_no_author_waits_only_while_an_earlier_note_is_looked_at(wait: Wait) -> None:
    assert wait.decided() == FOUND
    assert wait.decided(decision=Missed()) == Missed()
    wait.known.is_introducing = True
    assert wait.decided(decision=Doubt(words("dated oddly"))) is None
    wait.known.is_introducing = False
    assert len(wait.waiting.told()) == 1


def test_an_odd_date_waits_until_a_note_of_this_run_shows_the_clock(wait: Wait) -> None:
    wait.is_clock_known = False
    assert wait.decided(decision=Missed()) == Missed()
    assert wait.decided(decision=Doubt(words("dated oddly"))) is None
    assert wait.waiting.told() == []
    wait.is_clock_known = True
    assert len(wait.waiting.told()) == 1
    wait.is_clock_known = False
    assert isinstance(wait.decided(decision=Doubt(words("dated oddly")), is_last=True), Doubt)


def test_where_nothing_tells_it_is_ours_if_one_author_wrote_all_of_it(wait: Wait) -> None:
    assert wait.decided("US") is None
    assert len(wait.waiting.rest()) == 1
    assert wait.decided("US", is_last=True) == FOUND
    assert wait.decided("COLLEAGUE") is None
    assert isinstance(wait.decided("US", is_last=True), Doubt)
    assert isinstance(wait.decided("COLLEAGUE", is_last=True), Doubt)


def test_what_was_missed_early_waits_for_the_lag_unless_it_was_seen(wait: Wait) -> None:
    lookup = Lookup(Ambiguous.of(POST, Failure(Cause.LOST, words("lost")), 0.0, 0.0), 0)
    assert not wait.waiting.until_measured(lookup)
    for told in ({"is_measuring": False}, {"replication_lag": SimpleNamespace(is_seen=True)}):
        known = {"is_measuring": True, "replication_lag": SimpleNamespace(is_seen=False)}
        vars(wait.known).update(known)
        assert wait.waiting.until_measured(lookup)
        assert (len(wait.waiting), wait.waiting.told()) == (1, [])
        vars(wait.known).update(told)
        assert wait.waiting.told() == [lookup]
        assert len(wait.waiting) == 0
    vars(wait.known).update(known)
    assert wait.waiting.until_measured(lookup)
    assert wait.waiting.rest() == [lookup]
    lookup.is_last = True
    assert not wait.waiting.until_measured(lookup)
