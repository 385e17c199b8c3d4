"""The table of what an answer means, row by row: what was attempted, the reply and what is known, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from importer.api import API_REFUSED, NOT_APPLIED, STOPS, Answer, Cause, Endpoint, Failure, Reply
from importer.delivery.decisions import (
    Abandon,
    Decision,
    Facts,
    LookUp,
    Retry,
    Settle,
    Split,
    after_absence,
    after_post,
)
from importer.messages import words
from tests.rendered import rendered

ONE, THREE = ("P0",), ("P0", "P1", "P2")
FOREIGN = Cause.INTERMEDIARY
NOTHING, SUCCESS = Facts(), Facts(largest_accepted=2)


def failed(cause: Cause, text: str = "trouble") -> Failure:
    return Failure(cause, words(text))


def created(*prospects: str) -> dict[str, Answer]:
    return {prospect: Answer(f"N{prospect[1:]}") for prospect in prospects}


@dataclass(frozen=True)
class Sent:
    """A row of the table: a request's reply, and what is expected of it."""

    what: str
    prospects: Sequence[str]
    answer: Cause | Failure | dict[str, Answer]
    expected: list[Decision]
    known: Facts = field(default=NOTHING)

    @property
    def reply(self) -> Reply[dict[str, Answer]]:
        if isinstance(self.answer, dict):
            return Reply(Endpoint.CREATE, 0.0, 1.0, self.answer)
        failure = failed(self.answer) if isinstance(self.answer, Cause) else self.answer
        return Reply(Endpoint.CREATE, 0.0, 1.0, failure=failure)


def unclear(prospects: Sequence[str], cause: Cause) -> list[Decision]:
    return [LookUp(tuple(range(len(prospects))), failed(cause))]


REFUSED = words("the API refused it: trouble")
REFUSED_FILES = words(
    "the API refused its attachments: trouble. Check them, and run again. Files are then uploaded again"
)
LACKS = Failure(
    Cause.UNREADABLE, words("the API's reply does not mention this prospect clearly"), at_work=True, is_accepted=True
)
ANOTHERS = Failure(
    Cause.UNREADABLE, words("its reply names a note that belongs to another row (N1)"), at_work=True, is_astray=True
)
TURNED_AWAY = Settle(((0, Answer(None, words("a proxy, gateway or firewall refused it: 413"))),))
TOO_LONG = Failure(Cause.INTERMEDIARY, words("413"), at_work=True, is_size=True)
TABLE = [
    # -- surely not applied: the same again
    Sent("nobody was reached", THREE, Cause.UNREACHABLE, [Retry(failed(Cause.UNREACHABLE))]),
    Sent("429: not counted as an attempt", THREE, Cause.RATE_LIMITED, [Retry()]),
    # -- surely not applied: the run stops, and nothing is to blame
    *(Sent(f"{cause}, {len(of)} prospects", of, cause, [Retry()]) for cause in sorted(STOPS) for of in (ONE, THREE)),
    # -- the API's own no, several prospects: halved
    Sent("bad request", THREE, Cause.BAD_REQUEST, [Split()]),
    Sent("unknown prospect", THREE, Cause.UNKNOWN_PROSPECT, [Split()]),
    Sent("too large", THREE, Cause.TOO_LARGE, [Split(is_size=True)]),
    Sent(
        "too large, but one of this size was accepted", THREE, Cause.TOO_LARGE, [Split()],
        replace(SUCCESS, largest_accepted=3),
    ),
    Sent(
        "too large, but a larger one was accepted", THREE, Cause.TOO_LARGE, [Split()],
        replace(SUCCESS, largest_accepted=100),
    ),
    # -- the API's own no to an attachment's ID, which each part of the request would name, too
    Sent(
        "the ID of a file", THREE, Cause.BAD_ATTACHMENT,
        [Settle(tuple((index, Answer(None, REFUSED_FILES)) for index in range(3)))],
    ),
    # -- the API's own no, one prospect: rejected, with its own words
    *(
        Sent(f"{cause} of one prospect", ONE, cause, [Settle(((0, Answer(None, said)),))])
        for cause in sorted(API_REFUSED)
        for said in (REFUSED_FILES if cause is Cause.BAD_ATTACHMENT else REFUSED,)
    ),
    # -- unclear: read back
    *(
        Sent(f"{cause}, {len(prospects)} prospects, {known}", prospects, cause, unclear(prospects, cause), known)
        for cause in (Cause.INTERMEDIARY, Cause.REDIRECTED, Cause.FAILED, Cause.LOST, Cause.UNREADABLE)
        for prospects in (ONE, THREE)
        for known in (NOTHING, SUCCESS)
    ),
    Sent(
        "a 503 with retry-after", ONE, Failure(Cause.FAILED, words("503"), wait=9.0, at_work=True),
        [LookUp((0,), Failure(Cause.FAILED, words("503"), wait=9.0, at_work=True))],
    ),
    # -- answered
    Sent(
        "an entry for each", THREE, created(*THREE),
        [Settle(((0, Answer("N0")), (1, Answer("N1")), (2, Answer("N2"))))],
    ),
    Sent(
        "created or rejected", ("P0", "P1"), {"P0": Answer("N0"), "P1": Answer(None, words("unknown"))},
        [Settle(((0, Answer("N0")), (1, Answer(None, words("unknown")))))],
    ),
    Sent(
        "an entry is missing", THREE, created("P0", "P2"),
        [Settle(((0, Answer("N0")), (2, Answer("N2")))), LookUp((1,), LACKS)],
    ),
    Sent("all are missing", THREE, {}, [LookUp((0, 1, 2), LACKS)]),
    Sent(
        "an entry names a note that a delivery has", THREE, created(*THREE),
        [Settle(((0, Answer("N0")), (2, Answer("N2")))), LookUp((1,), ANOTHERS)], replace(SUCCESS, taken={"N1"}),
    ),
    Sent("an entry for somebody else", ONE, created("P9"), [LookUp((0,), LACKS)]),
    # -- a gateway's 413
    Sent(
        "413 for the largest body so far", THREE, TOO_LONG, [Split()], replace(SUCCESS, is_largest=True)
    ),
    Sent("the same, one prospect", ONE, TOO_LONG, [TURNED_AWAY], replace(SUCCESS, is_largest=True)),
    Sent("413 for a body no larger than one that was accepted", ONE, TOO_LONG, [LookUp((0,), TOO_LONG)], SUCCESS),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_what_follows_from_the_reply_to_a_request(row: Sent) -> None:
    assert [rendered(decision) for decision in after_post(row.prospects, row.reply, row.known)] == row.expected


def test_a_prospect_that_the_api_does_not_know_is_told_from_a_note_that_it_refuses() -> None:
    """By the kind of the reason, which the journal keeps; nobody searches the API's words again."""
    kinds = {}
    for cause in API_REFUSED:
        [decision] = after_post(ONE, Reply(Endpoint.CREATE, 0.0, 1.0, failure=failed(cause)), NOTHING)
        assert isinstance(decision, Settle)
        [(_, answer)] = decision.answers
        assert answer.reason is not None
        kinds[cause] = answer.reason.kind
    assert {cause for cause, kind in kinds.items() if kind == "outcome.unknown-prospect"} == {Cause.UNKNOWN_PROSPECT}


def test_the_table_has_a_row_for_every_cause() -> None:
    answers = [row.answer.cause if isinstance(row.answer, Failure) else row.answer for row in TABLE]
    assert {answer for answer in answers if isinstance(answer, Cause)} == set(Cause) - {Cause.FILE_CHANGED}


IN_VAIN = words("sent 8 times without success: trouble. Later, run again")
REFUSED_BY_IT = Settle(((0, Answer(None, words("a proxy, gateway or firewall refused it: trouble"))),))


@pytest.mark.parametrize(
    ("size", "failure", "passed", "healed", "sends", "expected"),
    [
        *((3, failed(cause), True, False, 7, Retry()) for cause in sorted(set(Cause) - NOT_APPLIED - {FOREIGN})),
        (3, failed(Cause.LOST), True, False, 8, Abandon(IN_VAIN)),
        (3, failed(FOREIGN), True, False, 9, Split(is_single=True)),
        (3, TOO_LONG, False, False, 1, Split()),
        (1, failed(FOREIGN), False, True, 9, Retry()),  # nothing got through, so the note isn't to blame
        (1, failed(FOREIGN), True, False, 2, REFUSED_BY_IT),
        (1, failed(FOREIGN), True, True, 7, Retry()),
        (1, failed(FOREIGN), True, True, 8, Abandon(IN_VAIN)),
    ],
)
def test_what_follows_from_absence(
    size: int, failure: Failure, passed: bool, healed: bool, sends: int, expected: object
) -> None:
    assert rendered(after_absence(size, failure, passed=passed, healed=healed, sends=sends, most_sends=8)) == expected
