"""Define the values entered for deliveries: a request about to be sent, and its answer."""

from __future__ import annotations

from typing import NamedTuple

from importer.api import Answer
from importer.models import Request


class Claim(NamedTuple):
    """Request that is about to be sent.

    Attributes:
        note: the note's number.
        request: the request, with its prospects and keys.
        since: the earliest time that the server's clock may show now, or showed at the first attempt; None if unknown.
        replaces: the number of the earlier request whose deliveries, known to be absent, this request sends again.
        is_resent: whether these deliveries were sent before without a clear answer; see :meth:`Deliveries.resent`.
    """

    note: int
    request: Request
    since: float | None
    replaces: int | None = None
    is_resent: bool = False


class Answered(NamedTuple):
    """Answer for one delivery; ``request`` is a number from :meth:`Deliveries.claim`, ``at`` the time of the answer."""

    request: int
    note: int
    prospect: str
    occurrence: str
    answer: Answer
    at: float
