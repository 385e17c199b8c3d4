"""Prepare the separate processes: signals, the code that is loaded before anyone waits for it, and their end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from importer import importing
from importer.messages import FACE
from importer.page.rendering import PAGE

EVERY = 0.1
"""Seconds between two reports of a process's progress."""


@contextmanager
def deaf() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, even while they still load, so that only the server handles it."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows the processes ignore Ctrl-C once they have begun
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def begin() -> None:
    """Prepare a process: ignore signals, because the server stops it, and load the code before anyone waits for that.

    Messages that the process writes into files are rendered for the page.
    """
    FACE.set(PAGE)
    for name in ("SIGINT", "SIGBREAK", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    importing.run.prepare  # noqa: B018 - loads the module


def begin_reading() -> None:
    """Prepare a process for reading. The process ends as soon as the server does, for whatever reason."""
    begin()
    threading.Thread(target=_end_with_server, daemon=True).start()


def _end_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(3)
