"""How delivery goes about it: a value, for those who call it."""

from __future__ import annotations

from dataclasses import dataclass, field

from importer.calls.retry import RetryPolicy

LONGEST_PAUSE = 15.0
"""Seconds before what reached nobody is tried again, at most."""


LONGEST_CLAIM = 5.0
"""Seconds for which a claim may wait for a worker; then it is made anew, and not sent."""


@dataclass(frozen=True)
class Policy:
    """How delivery goes about it.

    Attributes:
        batch_size: prospects in one request at most.
        least_limit: bytes of a body to which nothing on the way limits requests; a smaller one isn't too large for it.
        read_timeout: seconds after which a call is given up, though the server may still be at work on it.
        rest: seconds after which an unclear request, if it was applied, can be read back; doubled for each repeat.
        retry: of one request, or one lookup.
        assumed_lag: seconds that reading may lag behind writing, while nothing is measured.
        pages: of a prospect's notes that are read at most.
        resends: whether what surely isn't there is sent again; verify only looks.
        head_start: seconds for which another process may still send what it claimed, though its lock is ours now.
        resend_unconfirmed: send again what could not be read back, at the risk of a second note.
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
