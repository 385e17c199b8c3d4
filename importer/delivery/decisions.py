"""What follows from a reply: pure functions from (attempt, reply, what is known) to a list of decisions.

Comes in: what was attempted, the reply, and what is known besides. Goes out: decisions as values. Nothing here calls,
waits, writes or remembers. The table of what an answer means (``docs/architecture.md``) stands here row by row, and in
``tests/delivery/test_decisions.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from importer.api import Answer, Cause, Failure, NotesPage, Reply
from importer.api.protocol import API_REFUSED
from importer.calls.caller import stopped_by
from importer.delivery.readback import Verdict
from importer.errors import Stopped
from importer.messages import Message, say

ENOUGH_MISSES = 2
"""So often a note has to be missed, before it is believed that it isn't there."""

PERSISTENT = 2
"""Refusals of one request, not in the API's words, after which it is halved: one of its notes may be the trouble."""

CONVICTING = 3
"""Refusals in a row, not in the API's words, after which a note that stands alone is the trouble.

After those before the last it is set aside, until all else was sent.
"""


@dataclass(frozen=True, slots=True)
class Settle:
    """These prospects' rows are settled: index → answer, with why that is known.

    Attributes:
        answers: for each prospect's index.
        reason: how that is known.
        duplicates: ids under which the same note stands there again.
        is_foreign: whether something other than the API said no, so that a later run looks before it sends again.
    """

    answers: tuple[tuple[int, Answer], ...]
    reason: Message | None = None
    duplicates: tuple[str, ...] = ()
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """It surely was not applied: the same again, after a pause where there was a failure that counts."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """It surely was not applied: halve it.

    Attributes:
        is_size: whether the API takes fewer prospects.
        is_body: whether something takes only smaller bodies.
    """

    is_size: bool = False
    is_body: bool = False


@dataclass(frozen=True, slots=True)
class Renew:
    """It surely was not applied, maybe since ids of its files don't serve: the same again, with uploads of its own."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class LookUp:
    """These prospects may or may not have their note: read back before anything else."""

    indices: tuple[int, ...]
    failure: Failure


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The lookup told nothing: once more, after a pause where there was a failure that counts; else give it up."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class NextPage:
    """The note may stand on the next page."""

    read: int


@dataclass(frozen=True, slots=True)
class Missed:
    """The note isn't among the prospect's notes.

    Attributes:
        for_good: whether another look could tell nothing new.
        is_unknown: whether the API says that it doesn't know the prospect, as copies that lag may say, too.
    """

    for_good: bool = False
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Reading back can't tell, and why."""

    why: Message


@dataclass(frozen=True, slots=True)
class Checked:
    """A delivery that was sent again was looked at once more: its note stands there under these ids, too."""

    duplicates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Abandon:
    """It surely was not applied, and is not sent again in this run."""

    reason: Message


@dataclass(frozen=True, slots=True)
class Suspect:
    """It surely was not applied, and whether the note or the way is the trouble has to be found out."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class SetAside:
    """It surely was not applied, and is tried once more when all else was sent."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Stop:
    """The run can't go on; ``is_applied`` is False where the call surely was not applied, else None."""

    error: Stopped
    is_applied: bool | None = False


SendDecision: TypeAlias = Settle | Retry | Split | Renew | LookUp | Stop
LookDecision: TypeAlias = Settle | LookAgain | NextPage | Missed | Doubt | Stop
AbsenceDecision: TypeAlias = Settle | Retry | Split | Suspect | SetAside | Abandon
Decision: TypeAlias = Settle | Retry | Split | Renew | LookUp | Doubt | Checked | Suspect | SetAside | Abandon | Stop
"""What can be carried out on a post."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a reply comes.

    Attributes:
        any_success: whether the API has done or refused anything in this run, in its own words.
        largest_accepted: prospects of the largest request that it accepted.
        is_largest: whether this request's body is larger than any that was accepted.
        renewable: refusals of this request that ids of its files may be the reason of: whether one serves several
            requests, and how long, isn't documented.
    """

    any_success: bool = False
    largest_accepted: int = 0
    is_largest: bool = False
    renewable: frozenset[Cause] = frozenset()


def after_post(prospects: Sequence[str], reply: Reply[dict[str, Answer]], known: Facts) -> list[SendDecision]:
    """What follows from the reply to a request for these prospects."""
    failure, everyone = reply.failure, tuple(range(len(prospects)))
    if failure is None:
        assert reply.value is not None
        return _answered(prospects, reply.value)
    if failure.cause is Cause.UNREACHABLE:
        return [Retry(failure)]
    if failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
        return [Retry()]
    if failure.cause is Cause.BAD_KEY or (failure.cause is Cause.BLOCKED and not failure.has_left):
        return [Stop(stopped_by(failure))]
    if failure.cause in known.renewable:
        return [Renew(failure)]
    if failure.cause in API_REFUSED or (failure.cause is Cause.INTERMEDIARY and failure.is_size and known.is_largest):
        return [_refused(failure, len(prospects), known)]
    if failure.cause is Cause.BLOCKED or (failure.cause is Cause.REDIRECTED and not known.any_success):
        return [LookUp(everyone, failure), Stop(stopped_by(failure), is_applied=None)]
    return [LookUp(everyone, failure)]


def _refused(failure: Failure, size: int, known: Facts) -> Settle | Split:
    """Return what follows from a refusal that surely is one: the API's own, or a 413 for the largest body so far."""
    if failure.cause is Cause.INTERMEDIARY:
        return Split(is_body=True) if size > 1 else _turned_away(failure)
    if size == 1:
        return Settle(((0, Answer(None, say("outcome.refused", why=failure.text))),))
    # If a larger one was accepted, this one's size isn't the trouble, whatever the words are.
    return Split(failure.cause is Cause.TOO_LARGE and size > known.largest_accepted)


def _answered(prospects: Sequence[str], answers: dict[str, Answer]) -> list[SendDecision]:
    found = tuple((index, answers[prospect]) for index, prospect in enumerate(prospects) if prospect in answers)
    missing = tuple(index for index, prospect in enumerate(prospects) if prospect not in answers)
    decisions: list[SendDecision] = [Settle(found)] if found else []
    if missing:
        why = say("failure.says-nothing")
        decisions.append(LookUp(missing, Failure(Cause.UNREADABLE, why, at_work=True, is_accepted=True)))
    return decisions


def after_lookup(
    reply: Reply[NotesPage], verdict: Verdict | None, failure_before: Failure, pages: int, most_pages: int
) -> LookDecision:
    """What follows from a page of a prospect's notes, or from none.

    Args:
        reply: to the lookup.
        verdict: what this page and those before it say of the delivery, None with a failure.
        failure_before: why the delivery was unclear.
        pages: how many pages were read, this one included.
        most_pages: that are read.
    """
    failure = reply.failure
    if failure is not None:
        return _not_read(failure)
    assert verdict is not None
    assert reply.value is not None
    if verdict.goes_on and pages < most_pages:
        return NextPage(len(reply.value.notes))
    if verdict.note_id is not None:
        return Settle(
            ((0, Answer(verdict.note_id)),), say("outcome.found", before=failure_before.text), verdict.duplicates
        )
    if verdict.goes_on:
        return Doubt(say("doubt.too-many-notes"))
    if verdict.odd:
        return Doubt(verdict.odd)
    return Missed()


def _not_read(failure: Failure) -> LookDecision:
    if failure.cause in (Cause.BAD_KEY, Cause.BLOCKED):
        return Stop(stopped_by(failure), is_applied=None)
    if failure.cause is Cause.UNKNOWN_PROSPECT:
        return Missed(is_unknown=True)
    if failure.cause in API_REFUSED:
        return Doubt(say("doubt.not-read", why=failure.text))
    return LookAgain(None if failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED) else failure)


def doubtful(absent: Sequence[int], misses: Sequence[int], all_misses: int, *, is_applied: bool) -> list[int]:
    """Which of the prospects without the note have to be looked up once more.

    One lookup may be at a copy that lags; unless those of the request's other prospects all agree, there is another.

    Args:
        absent: indices of prospects whose note was missed.
        misses: how often it was, by index, once the server was at rest.
        all_misses: how often that was, of all the request's prospects.
        is_applied: whether the note of at least one of them is there.
    """
    if not is_applied and all_misses >= ENOUGH_MISSES:
        return []
    return [index for index in absent if misses[index] < ENOUGH_MISSES]


def after_absence(
    size: int,
    failure: Failure,
    *,
    refusals: int,
    passed: bool,
    healed: bool,
    sends: int,
    most_sends: int,
    can_tell: bool = False,
) -> AbsenceDecision:
    """What follows when the notes of an unclear request surely aren't there.

    Args:
        size: prospects in question.
        failure: why it was unclear.
        refusals: how often in a row it was refused in words that are not the API's.
        passed: whether other calls came through between its refusals.
        healed: whether in this run what had been refused so was accepted when it was sent again. Then the way is bad at
            times, as where one of several gateways has lost its route, and no note can be blamed.
        sends: how often it was sent so far.
        most_sends: how often it is sent.
        can_tell: whether it can be found out if the note or the way is the trouble where no other request passed.
    """
    if failure.cause is Cause.INTERMEDIARY:
        if size > 1 and (failure.is_size or refusals >= PERSISTENT):
            return Split()
        if size == 1 and refusals == CONVICTING - 1:
            return SetAside(failure)
        if size == 1 and refusals >= CONVICTING and not healed:
            if passed:
                return _turned_away(failure)
            if can_tell:
                return Suspect(failure)
    if sends >= most_sends:
        return Abandon(say("outcome.in-vain", times=sends, why=failure.text))
    return Retry()


def _turned_away(failure: Failure) -> Settle:
    reason = say("outcome.turned-away", why=failure.text)
    return Settle(((0, Answer(None, reason)),), is_foreign=True)
