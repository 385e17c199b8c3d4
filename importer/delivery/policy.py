"""Define the settings of delivery as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from importer.calls.retry import RetryPolicy

LONGEST_PAUSE = 15.0
"""Most seconds before a call that reached no server is tried again."""


LONGEST_CLAIM = 5.0
"""Seconds that a claim may wait for a worker; after that it is not sent but claimed anew."""


@dataclass(frozen=True)
class Policy:
    """Settings of delivery.

    Attributes:
        batch_size: most prospects in one request.
        least_limit: smallest limit in bytes that an intermediary may have; a smaller body is never too large.
        read_timeout: seconds after which a call is given up, though the server may still be at work on it.
        rest: seconds after which an unclear request, if it was applied, can be read back; doubled for each repeat.
        retry: the retry policy of one request or lookup.
        assumed_lag: seconds that reading may lag behind writing until the lag is measured.
        pages: most pages that are read of a prospect's notes.
        resends: whether absent notes are sent again; verify only looks.
        head_start: seconds for which another process may still send its claims, though we have the lock now.
        resend_unconfirmed: whether to send again what could not be read back, at the risk of a second note.
    """

    batch_size: int = 100
    least_limit: int = field(default=512, kw_only=True)
    read_timeout: float = 60.0
    rest: float = 5.0
    assumed_lag: float = 60.0
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(attempts=8, seconds=900.0))
    pages: int = 50
    resends: bool = True
    head_start: float = 0.0
    resend_unconfirmed: bool = False
