"""How processes of their own are begun, so that Ctrl-C is heard by the server alone, which ends them in good order.

Comes in: nothing. Goes out: a block in which processes may be begun.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deaf() -> Iterator[None]:
    """Begin processes that don't hear Ctrl-C, not even while they still load (see ``begin`` of the tasks)."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows they are deaf as soon as they have begun
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
