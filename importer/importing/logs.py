"""Log the events of a run: a name, and facts by their names.

Input: events. Output: records of the standard library's ``logging``, whose ``facts`` are values by name. Without a log
file (:mod:`importer.telling.log_file`), a library's caller logs them as everything else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from importer.errors import ImporterError
from importer.messages import render

ABOUT: ContextVar[dict[str, object] | None] = ContextVar("about", default=None)
"""Facts, such as the file or the run, that belong to every event."""
_log = logging.getLogger(__name__)
logging.getLogger("importer").addHandler(logging.NullHandler())  # a library's caller configures logging


def event(name: str, level: Literal["INFO", "WARNING", "ERROR"] = "INFO", /, **facts: object) -> None:
    """Log an event; of an error its kinds, and its message without what is from a sheet or quoted from the API."""
    if isinstance(error := facts.get("error"), ImporterError):
        facts |= {"error": "+".join(error.message.kinds()), "why": render(error.message.without_others())}
    _log.log(logging.getLevelNamesMapping()[level], name, extra={"facts": facts})


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Add facts to every event within the block."""
    token = ABOUT.set({**(ABOUT.get() or {}), **facts})
    try:
        yield
    finally:
        ABOUT.reset(token)
