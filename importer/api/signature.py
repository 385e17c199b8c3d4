"""Learn which headers the API's successes share, to distinguish its refusals from an intermediary's.

Input: the headers and the durations of successes. Output: whether another reply lacks these headers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_MARK = re.compile(r"x-ratelimit-|x-rate-limit-|ratelimit")


class Signature:
    """The content type and the headers about rate limits that the API's successes share, and its refusals too.

    Several threads may learn at once. At worst a header too many remains, which makes the check only stricter.
    """

    def __init__(self) -> None:
        self._type = ""
        self._marks: frozenset[str] | None = None
        self._fastest: Mapping[str, float] = {}

    def learn(self, headers: Mapping[str, str], method: str, took: float) -> None:
        """Learn from a success's headers, and from the seconds that the call took."""
        self._fastest = {**self._fastest, method: min(took, self.fastest(method))}
        marks = frozenset(name for name in headers if _MARK.match(name))
        self._type = _media_type(headers)  # set before the marks, which show that a success was learned
        self._marks = marks if self._marks is None else self._marks & marks

    def is_other(self, headers: Mapping[str, str]) -> bool:
        """Return whether a reply's headers differ from those of the successes; False before the first success."""
        if self._marks is None:
            return False
        return _media_type(headers) != self._type or not self._marks <= headers.keys()

    def fastest(self, method: str) -> float:
        """Return the seconds of the fastest success of this method; infinity before the first one."""
        return self._fastest.get(method, math.inf)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
