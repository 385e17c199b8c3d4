"""Values that limit a run: how much of a file is read, windows such as ``02:00-06:00``, rates such as ``20/1s``."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import time

from importer.errors import UnreadableFile
from importer.messages import Message, say
from importer.settings.kinds import refused

_UNITS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(s|sec|second|m|min|minute|h|hour)?\s*", re.ASCII)
_WINDOW = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*", re.ASCII)


@dataclass(frozen=True)
class Limits:
    """Limits on what is read of one file: large enough for real spreadsheets, small enough for any laptop.

    Attributes:
        unpacked_bytes: total size of a workbook's parts when unpacked.
        ratio: unpacked size over packed size of one part, checked once a part is larger than 64 MiB.
        cell_characters: characters in one cell (spreadsheet programs stop at 32,767; a CSV may hold more).
    """

    file_bytes: int = 2 * 1024**3
    unpacked_bytes: int = 4 * 1024**3
    ratio: int = 400
    columns: int = 2_000
    rows: int = 5_000_000
    cell_characters: int = 2_000_000

    def refuse(self, name: str, what: Message) -> UnreadableFile:
        """Return the error for exceeding the limit ``name``; ``what`` says where, without a full stop."""
        return UnreadableFile(say("reading.beyond-limit", what=what, limit=getattr(self, name)))


@dataclass(frozen=True)
class TimeWindow:
    """A window of the day in local time, up to the minute that closes it. It may pass midnight."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, value: object) -> TimeWindow:
        """Read a window such as ``02:00-06:00``."""
        if match := _WINDOW.fullmatch(str(value)):
            hour, minute, last_hour, last_minute = map(int, match.groups())
            last_hour = 0 if (last_hour, last_minute) == (24, 0) else last_hour
            with contextlib.suppress(ValueError):
                window = cls(time(hour, minute), time(last_hour, last_minute))
                if window.opens != window.closes:
                    return window
        raise refused(value, "kind.window")

    def holds(self, shown: time) -> bool:
        """Return whether the window is open at this local time."""
        if self.opens < self.closes:
            return self.opens <= shown < self.closes
        return shown >= self.opens or shown < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True)
class Rate:
    """A limit of ``calls`` in any period of ``seconds``."""

    calls: int
    seconds: float

    @classmethod
    def parse(cls, value: object) -> Rate:
        """Read a rate such as ``20/1s``, ``60/min`` or ``1000/h``."""
        if (match := _RATE.fullmatch(str(value))) and (match[2] or match[3]):
            calls, seconds = int(match[1]), float(match[2] or 1) * _UNITS[(match[3] or "s")[0]]
            if calls and seconds:
                return cls(calls, seconds)
        raise refused(value, "kind.rate")

    def __str__(self) -> str:
        return f"{self.calls}/{self.seconds:f}s"
