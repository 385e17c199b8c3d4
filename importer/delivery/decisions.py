"""Decide what follows from a reply, in pure functions.

Input: the attempt, its reply and known facts. Output: decisions as values. Nothing here calls the API, waits, writes or
keeps state. The table of what each answer means (``docs/delivery.md``) is implemented here row by row, and tested
in ``tests/delivery/test_decisions.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from importer.api import API_REFUSED, STOPS, Answer, Cause, Failure, Reply
from importer.calls.dispatcher import stopped_by
from importer.errors import Stopped
from importer.messages import Message, say


@dataclass(frozen=True, slots=True)
class Settle:
    """Final answers for some of a request's prospects, which settle their rows."""

    answers: tuple[tuple[int, Answer], ...]
    reason: Message | None = None
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Request that was not applied and is sent again, after a pause if ``failure`` is given."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Request that was not applied and is halved.

    Attributes:
        is_size: whether the API accepts only fewer prospects.
    """

    is_size: bool = False
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class LookUp:
    """Prospects that may or may not have their note, so their notes are read back before anything else."""

    indices: tuple[int, ...]
    failure: Failure


@dataclass(frozen=True, slots=True)
class Doubt:
    """Delivery that reading back cannot decide, with the reason."""

    why: Message


@dataclass(frozen=True, slots=True)
class Abandon:
    """Request that was not applied and is not sent again in this run."""

    reason: Message


@dataclass(frozen=True, slots=True)
class Reopen:
    """Delivery that is unclear again, because its answer named the note of another one."""

    note_id: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End of the run. ``is_applied`` is False if the call was not applied, None if that is unknown."""

    error: Stopped
    is_applied: bool | None = False


SendDecision: TypeAlias = Settle | Retry | Split | LookUp | Stop
Decision: TypeAlias = Settle | Retry | Split | LookUp | Doubt | Reopen | Abandon | Stop
"""Decisions that the coordinator can carry out on a request."""
NotApplied: TypeAlias = Retry | Split
"""Decisions on a request that was surely not applied and is sent again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that are known when a reply arrives.

    Attributes:
        any_success: whether the API has accepted or refused anything in this run, in its own words.
        is_largest: whether this request's body is larger than any accepted body.
    """

    any_success: bool = False
    largest_accepted: int = 0
    is_largest: bool = False


_REFUSED = {Cause.UNKNOWN_PROSPECT: "outcome.unknown-prospect", Cause.BAD_ATTACHMENT: "outcome.refused-attachment"}


def after_post(prospects: Sequence[str], reply: Reply[dict[str, Answer]], known: Facts) -> list[SendDecision]:
    """Return the decisions that follow from the reply to a request for these prospects."""
    failure, all_indices = reply.failure, tuple(range(len(prospects)))
    if failure is None:
        assert reply.value is not None
        return _answered(prospects, reply.value)
    if failure.cause is Cause.UNREACHABLE:
        return [Retry(failure)]
    if failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
        return [Retry()]
    if failure.cause in STOPS:
        return [Stop(stopped_by(failure))]
    if failure.cause is Cause.BAD_ATTACHMENT:  # a part of the request would name the same files
        return [Settle(tuple((index, _refusal(failure)) for index in all_indices))]
    if failure.cause in API_REFUSED or (failure.cause is Cause.INTERMEDIARY and failure.is_size and known.is_largest):
        return [_refused(failure, len(prospects), known)]
    if failure.cause is Cause.REDIRECTED and not known.any_success:
        return [LookUp(all_indices, failure), Stop(stopped_by(failure), is_applied=None)]
    return [LookUp(all_indices, failure)]


def _refused(failure: Failure, size: int, known: Facts) -> Settle | Split:
    """Return the decision after a definite refusal: the API's own, or a 413 for the largest body so far."""
    if failure.cause is Cause.INTERMEDIARY:
        return Split() if size > 1 else _turned_away(failure)
    if size == 1:
        return Settle(((0, _refusal(failure)),))
    # If a larger request was accepted, size is not the cause, whatever the API's words are (D44).
    return Split(failure.cause is Cause.TOO_LARGE and size > known.largest_accepted)


def _refusal(failure: Failure) -> Answer:
    return Answer(None, say(_REFUSED.get(failure.cause, "outcome.refused"), why=failure.text))


def _answered(prospects: Sequence[str], answers: dict[str, Answer]) -> list[SendDecision]:
    answered = tuple((index, answers[prospect]) for index, prospect in enumerate(prospects) if prospect in answers)
    missing = tuple(index for index, prospect in enumerate(prospects) if prospect not in answers)
    decisions: list[SendDecision] = [Settle(answered)] if answered else []
    if missing:
        text = say("failure.says-nothing")
        decisions.append(LookUp(missing, Failure(Cause.UNREADABLE, text, at_work=True, is_accepted=True)))
    return decisions


def after_absence(
    size: int, failure: Failure, *, passed: bool, healed: bool, sends: int, most_sends: int
) -> Settle | Split | Retry | Abandon:
    """Return the decision on an unclear request to some prospects whose notes are surely absent.

    A note that something other than the API refused goes to each prospect alone. It is to blame if another note
    ``passed`` between two of its refusals. If a request that was so refused was accepted when it was sent again
    (``healed``), the connection is sometimes bad, for example because one of several gateways has lost its route.
    """
    if failure.cause is Cause.INTERMEDIARY:
        if size > 1:
            return Split(is_single=not failure.is_size)
        if not passed:
            return Retry()
        if not healed:
            return _turned_away(failure)
    if sends >= most_sends:  # D83
        return Abandon(say("outcome.in-vain", times=sends, why=failure.text))
    return Retry()


def _turned_away(failure: Failure) -> Settle:
    return Settle(((0, Answer(None, say("outcome.turned-away", why=failure.text))),))
