"""Start processes that ignore Ctrl-C, so that only the server handles it and ends them in good order.

Input: nothing. Output: a block in which processes may be started.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deaf() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, even while they still load (see :func:`importer.page.tasks.begin`)."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows the processes ignore Ctrl-C once they have begun
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)
