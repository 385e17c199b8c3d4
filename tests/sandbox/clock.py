"""Give the sandbox its clock, and write times as the service does."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Clock of the sandbox: the system's clock, put forward by ``offset`` seconds."""

    def __init__(self, offset: float = 0.0, source: Callable[[], float] = time.time) -> None:
        self._offset = offset
        self._source = source

    def now(self) -> float:
        return self._source() + self._offset


def moment(seconds: float) -> datetime:
    """Convert seconds since the epoch to a UTC date-time, cut to the milliseconds that the service keeps."""
    return _EPOCH + timedelta(milliseconds=math.floor(seconds * 1000))


def iso_text(at: datetime) -> str:
    """Write a UTC date-time as the service does: ``2026-04-21T10:57:07.000Z``."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(seconds: float) -> str:
    """Write seconds since the epoch as an HTTP date, cut to whole seconds: ``Tue, 21 Apr 2026 10:57:07 GMT``."""
    return formatdate(math.floor(seconds), usegmt=True)
