"""Times as a person writes them: a window of the day, how long something may take. Text in, values out.

The kinds stand here beside their values; see :class:`importer.settings.kinds.Kind`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import time

from importer.errors import BadSettings
from importer.messages import say

_WINDOW = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*", re.ASCII)
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(h|hours?|m|min|minutes?|s|sec|seconds?)\s*", re.ASCII | re.IGNORECASE)
_UNITS = {"h": 3600, "m": 60, "s": 1}
_LONGEST = 604_800.0  # a week


@dataclass(frozen=True)
class TimeWindow:
    """A part of the day by the clock on the wall; where it ends earlier than it begins, it goes over midnight.

    Attributes:
        opens: the first minute in it.
        closes: the first minute after it.
    """

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> TimeWindow:
        """Read ``02:00-06:00``.

        Raises:
            BadSettings: it is no window.
        """
        match = _WINDOW.fullmatch(text)
        if match is None:
            raise BadSettings(say("kind.no-window", value=repr(text)))
        hours = [(int(match[1]), int(match[2])), (int(match[3]), int(match[4]))]
        if hours[1] == (24, 0):
            hours[1] = (0, 0)
        if any(hour > 23 or minute > 59 for hour, minute in hours):
            raise BadSettings(say("kind.no-time-of-day", value=repr(text)))
        if hours[0] == hours[1]:
            raise BadSettings(say("kind.empty-window", value=repr(text)))
        return cls(time(*hours[0]), time(*hours[1]))

    def holds(self, shown: time) -> bool:
        """Whether it is open when the clock on the wall shows this."""
        if self.opens < self.closes:
            return self.opens <= shown < self.closes
        return shown >= self.opens or shown < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


class WindowKind:
    """A window of the day."""

    def read(self, value: object) -> TimeWindow:
        """See :class:`importer.settings.kinds.Kind`."""
        return value if isinstance(value, TimeWindow) else TimeWindow.parse(str(value))


class Span:
    """How long something may take, with its unit; in Python also a number of seconds."""

    def read(self, value: object) -> float:
        """See :class:`importer.settings.kinds.Kind`."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            seconds = float(value)
        else:
            seconds = _seconds(str(value))
        if not 0 <= seconds <= _LONGEST:
            raise BadSettings(say("kind.more-than-a-week", value=repr(value)))
        return seconds


def _seconds(text: str) -> float:
    found = [*_PART.finditer(text)]
    if not found or "".join(part[0] for part in found) != text:
        raise BadSettings(say("kind.no-span", value=repr(text)))
    return sum(float(part[1]) * _UNITS[part[2][0].lower()] for part in found)
