"""How an API's successes come, by which its refusals are told from those of what stands before it.

Comes in: the headers of successes, and how long they took. Goes out: whether another answer came another way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_MARK = re.compile(r"x-ratelimit-|x-rate-limit-|ratelimit")


class Signature:
    """How the API's successes come, learned from them: what they all have, its refusals have too.

    Threads may learn at once; each replaces the whole, and a mark too few makes it only more careful.
    """

    def __init__(self) -> None:
        self._type = ""
        self._marks: frozenset[str] | None = None
        self._fastest: Mapping[str, float] = {}

    def learn(self, headers: Mapping[str, str], method: str, took: float) -> None:
        """Take in what a success came with, and how many seconds it took."""
        self._fastest = {**self._fastest, method: min(took, self.fastest(method))}
        marks = frozenset(name for name in headers if _MARK.match(name))
        self._type = _media_type(headers)  # before the marks, which tell that anything was learned
        self._marks = marks if self._marks is None else self._marks & marks

    def is_other(self, headers: Mapping[str, str]) -> bool:
        """Whether a refusal comes another way than the successes did, as far as there were any."""
        if self._marks is None:
            return False
        return _media_type(headers) != self._type or not self._marks <= headers.keys()

    def fastest(self, method: str) -> float:
        """Seconds that a success took at least; infinity while there was none."""
        return self._fastest.get(method, math.inf)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
