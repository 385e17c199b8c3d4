"""What is entered of deliveries: that a request is about to be sent, and its answer."""

from __future__ import annotations

from typing import NamedTuple

from importer.api import Answer
from importer.models import Request


class Claim(NamedTuple):
    """A request that is about to be sent.

    Attributes:
        note: the note's number.
        request: its prospects and keys.
        since: the earliest that the server's clock may show now, or showed at the first attempt; None if unknown.
        replaces: the request whose deliveries, known to be absent, this one sends again.
        is_resent: whether these deliveries were sent before without a clear answer; see :meth:`Deliveries.resent`.
    """

    note: int
    request: Request
    since: float | None
    replaces: int | None = None
    is_resent: bool = False


class Answered(NamedTuple):
    """The answer to a request, numbered as :meth:`Deliveries.claim` did, for one delivery; ``at`` is when it came."""

    request: int
    note: int
    prospect: str
    occurrence: str
    answer: Answer
    at: float
