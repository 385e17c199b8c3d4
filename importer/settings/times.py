"""Read times from texts: a window of the day, and a duration. Input: text. Output: values.

The kinds of these values are defined here, too; see :class:`importer.settings.kinds.ValueKind`.
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
    """A window of the day in local time. If it ends earlier than it begins, it passes midnight.

    Attributes:
        opens: the first minute in the window.
        closes: the first minute after the window.
    """

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> TimeWindow:
        """Read a window such as ``02:00-06:00``.

        Raises:
            BadSettings: the text isn't a window.
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
        """Return whether the window is open at this local time."""
        if self.opens < self.closes:
            return self.opens <= shown < self.closes
        return shown >= self.opens or shown < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


class WindowKind:
    """A window of the day."""

    def read(self, value: object) -> TimeWindow:
        """See :class:`importer.settings.kinds.ValueKind`."""
        return value if isinstance(value, TimeWindow) else TimeWindow.parse(str(value))


class Span:
    """A duration with its unit; from Python also a number of seconds."""

    def read(self, value: object) -> float:
        """See :class:`importer.settings.kinds.ValueKind`."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            seconds = float(value)
        else:
            seconds = _seconds(str(value))
        if not 0 <= seconds <= _LONGEST:
            raise BadSettings(say("kind.more-than-a-week", value=repr(value)))
        return seconds


def _seconds(text: str) -> float:
    matches = [*_PART.finditer(text)]
    if not matches or "".join(match[0] for match in matches) != text:
        raise BadSettings(say("kind.no-span", value=repr(text)))
    return sum(float(match[1]) * _UNITS[match[2][0].lower()] for match in matches)
