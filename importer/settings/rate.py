"""Read a rate from a text. Input: text such as ``20/1s``. Output: calls and seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from importer.errors import BadSettings
from importer.messages import say

_UNITS = {"s": 1, "m": 60, "h": 3600}
_TEXT = re.compile(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(s|sec|second|m|min|minute|h|hour)?\s*", re.ASCII)


@dataclass(frozen=True)
class Rate:
    """A limit of ``calls`` in any period of ``seconds``."""

    calls: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read a rate such as ``20/1s``, ``60/min`` or ``1000/h``.

        Raises:
            BadSettings: the text isn't a rate.
        """
        match = _TEXT.fullmatch(text)
        if match is None or not (match[2] or match[3]):
            raise BadSettings(say("kind.no-rate", value=repr(text)))
        calls, seconds = int(match[1]), float(match[2] or 1) * _UNITS[(match[3] or "s")[0]]
        if calls < 1 or seconds <= 0:
            raise BadSettings(say("kind.rate-of-nothing", value=repr(text)))
        return cls(calls, seconds)
