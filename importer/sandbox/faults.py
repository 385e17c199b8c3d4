"""The misbehaviours: which there are, how they are written as text, and which requests they strike.

A fault as text is its kind, then any of the parts below in any order:

====================  ===============================================================================================
``500``               the kind alone: it strikes every POST
``hang=30``           a kind with its number of seconds: how long ``hang`` and ``late`` wait, the pause between two
                      bytes (``drip``) or header lines (``slow-headers``), the ``retry-after`` of a status
``:after``            strikes once the notes are applied; ``:before`` instead of applying them
``:GET``              strikes requests of this method (``:any`` for all); POST if nothing is said
``:x2``               strikes twice at most; ``:once`` is ``:x1``
``@3``                strikes the third request; ``@2,5`` the second and the fifth; ``@3-7``; ``@4-`` from the fourth
                      on; ``@*/3`` every third. Counted are the requests of the fault's method that the rate limit let
                      through, from when the fault was added
``%0.1``              strikes a request with this probability (drawn from the sandbox's seed)
====================  ===============================================================================================

So ``502:after@2,5``, ``reset:before%0.1``, ``hang=30:after@4``, ``503=2:x3``, ``missing-all:GET@1``.

The kinds; where only one moment makes sense the other is refused, else the one named first is the default:

======================================  ==================  ==========================================================
``400`` ... ``599``                     before, after       that status, with a JSON error
``400-token``                           before, after       400 *Invalid token*
``html-400`` ... ``html-599``           before, after       that status, with a gateway's HTML page
``redirect``                            before, after       307 to the same path under another host name
``close``, ``reset``                    before, after       the connection closed, or reset, without a reply
``hang``                                before, after       nothing for so many seconds, then closed
``cut-request``                         before              closed before the request's body is read
``late``                                before              waits, *then* applies, then answers properly
``empty``, ``html``, ``not-json``       after, before       200 with no body, an HTML page, half a JSON document
``null``                                after, before       200 whose payload is null
``truncated``                           after, before       a body shorter than its Content-Length, then closed
``bad-gzip``                            after, before       said to be gzip, and is not
``huge``                                after, before       a body without end (in fact 64 MB)
``gzip``, ``drip``, ``slow-headers``    after               a proper reply: compressed, byte by byte, headers slowly
``missing``, ``missing-all``            after, before       every second entry, or all, left out of the answer
``true-null``                           after, before       every second entry a success, but without a note id
``false-id``                            after, before       every second entry a failure, but with a note id
``two-answers``                         after, before       every second entry followed by its contrary
``contradictory``                       after, before       these three in turn, on every entry
``repeated``, ``shuffled``              after               every entry twice; entries in reverse order
``wrong-id``                            after               one entry more, for a prospect that was not asked for
======================================  ==================  ==========================================================

``before`` for those that spoil entries means: the notes of the spoilt entries are not made, the others are.
``missing`` ... ``shuffled`` of a GET spoil its list of notes, as a copy of the data that lags behind would.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]

CONTRADICTIONS = ("true-null", "false-id", "two-answers")
SPOILS_RESULTS = frozenset({*CONTRADICTIONS, "contradictory", "wrong-id"})
SPOILS_ENTRIES = SPOILS_RESULTS | {"missing", "missing-all", "repeated", "shuffled"}

_BEFORE_OR_AFTER: tuple[When, ...] = ("before", "after")
_AFTER_OR_BEFORE: tuple[When, ...] = ("after", "before")
_KINDS: dict[str, tuple[When, ...]] = {
    **dict.fromkeys(("400-token", "redirect", "close", "reset", "hang"), _BEFORE_OR_AFTER),
    **dict.fromkeys(("cut-request", "late"), ("before",)),
    **dict.fromkeys(("empty", "html", "not-json", "null", "truncated", "bad-gzip", "huge"), _AFTER_OR_BEFORE),
    **dict.fromkeys(("missing", "missing-all", *CONTRADICTIONS, "contradictory"), _AFTER_OR_BEFORE),
    **dict.fromkeys(("gzip", "drip", "slow-headers", "repeated", "shuffled", "wrong-id"), ("after",)),
}
_SECONDS = {"hang": 30.0, "late": 30.0, "drip": 0.05, "slow-headers": 0.2}
_STATUS = re.compile(r"(?:html-)?([45]\d\d)")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "any")

_TEXT = re.compile(r"(?P<kind>[a-z0-9-]+)(?:=(?P<seconds>\d+(?:\.\d+)?))?(?P<parts>(?:[:@%][^:@%]+)*)")
_PART = re.compile(r"([:@%])([^:@%]+)")
_SPAN = re.compile(r"(\d+)(?:(-)(\d+)?)?")


@dataclass(frozen=True)
class Fault:
    """One misbehaviour and the requests it strikes; ValueError if that cannot be.

    ``requests`` holds the numbers of the requests struck, from 1 (a set, or a ``range`` for every third or from the
    fourth on); ``probability`` is from 0 to 1; a request must satisfy both where both are given. ``times`` bounds the
    strikes. ``when`` and ``seconds`` default to what the kind says.
    """

    kind: str
    when: When | None = None
    requests: Container[int] | None = None
    method: str = "POST"
    probability: float | None = None
    times: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        moments = _BEFORE_OR_AFTER if _STATUS.fullmatch(self.kind) else _KINDS.get(self.kind)
        if moments is None:
            known = ", ".join(["400 ... 599", "html-400 ... html-599", *sorted(_KINDS)])
            raise ValueError(f"{self.kind!r} is not a fault; there are {known}")
        if self.when is None:
            object.__setattr__(self, "when", moments[0])
        if self.when not in moments:
            raise ValueError(f"{self.kind} strikes {moments[0]} the notes are applied, never {self.when}")
        if self.method not in _METHODS:
            raise ValueError(f"a fault strikes {', '.join(_METHODS)}, not {self.method!r}")
        if self.kind in SPOILS_RESULTS and self.method != "POST":
            raise ValueError(f"{self.kind} spoils the answers to a POST, which {self.method} has none of")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is from 0 to 1, not {self.probability}")
        if self.seconds is None:
            object.__setattr__(self, "seconds", _SECONDS.get(self.kind))

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault from its text form (see the module's description); ValueError says what is wrong with it."""
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not a fault: write it such as 500@3, 502:after@2,5 or hang=30:after%0.1")
        when: When | None = None
        requests: Container[int] | None = None
        method, probability, times = "POST", None, None
        for sign, part in _PART.findall(found["parts"]):
            if sign == "@":
                requests = _numbers(part, text)
            elif sign == "%":
                probability = _probability(part, text)
            elif part in ("before", "after"):
                when = "before" if part == "before" else "after"
            elif part in _METHODS:
                method = part
            elif part == "once" or re.fullmatch(r"x\d+", part):
                times = 1 if part == "once" else int(part[1:])
            else:
                raise ValueError(f"{text!r} is not a fault: {part!r} is no moment, method or number of times")
        seconds = None if found["seconds"] is None else float(found["seconds"])
        return cls(found["kind"], when, requests, method, probability, times, seconds)

    @property
    def label(self) -> str:
        """What is recorded of a request that was struck: ``500:after``."""
        return f"{self.kind}:{self.when}"

    @property
    def status(self) -> int | None:
        """The HTTP status of an error fault, None for the other kinds."""
        found = _STATUS.fullmatch(self.kind.removesuffix("-token"))
        return int(found[1]) if found else None

    @property
    def prevents(self) -> bool:
        """Whether the request it strikes is not applied at all."""
        return self.when == "before" and self.kind != "late" and self.kind not in SPOILS_ENTRIES

    def struck(self, entries: list[str]) -> list[str]:
        """Those of the request's prospects whose entries are spoilt."""
        if self.kind not in SPOILS_ENTRIES:
            return []
        return entries if self.kind in ("missing-all", "contradictory") else entries[::2]


def _numbers(part: str, text: str) -> Container[int]:
    every = re.fullmatch(r"\*/([1-9]\d*)", part)
    if every:
        return range(int(every[1]), sys.maxsize, int(every[1]))
    spans = [_SPAN.fullmatch(span) for span in part.split(",")]
    ranges = [
        range(int(span[1]), int(span[3]) + 1 if span[3] else sys.maxsize if span[2] else int(span[1]) + 1)
        for span in spans
        if span
    ]
    if len(ranges) == 1 == len(spans):
        return ranges[0]
    if None in spans or any(numbers.stop == sys.maxsize for numbers in ranges):
        raise ValueError(f"{text!r} is not a fault: after @ come 3 or 2,5 or 3-7 or 4- or */3, not {part!r}")
    return frozenset().union(*ranges)


def _probability(part: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise ValueError(f"{text!r} is not a fault: after % comes a number from 0 to 1, not {part!r}") from None


@dataclass(slots=True)
class _Watch:
    fault: Fault
    seen: int = 0
    struck: int = 0


class FaultPlan:
    """The faults in force, and how far each has counted. Not thread-safe: the owner's lock guards it."""

    def __init__(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self._watches: list[_Watch] = []
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.replace(faults)

    def add(self, fault: Fault) -> None:
        """Put one more fault in force; it counts requests from here."""
        self._watches.append(_Watch(fault))

    def replace(self, faults: Iterable[Fault]) -> None:
        """Put these faults in force instead of the present ones."""
        self._watches = [_Watch(fault) for fault in faults]

    def strike(self, method: str) -> Fault | None:
        """Count one request, and return the fault that strikes it: the first that fits, if any does."""
        chosen: Fault | None = None
        for watch in self._watches:
            fault = watch.fault
            if fault.method not in (method, "any"):
                continue
            watch.seen += 1
            if chosen is None and self._fits(watch):
                watch.struck += 1
                chosen = fault
        return chosen

    def _fits(self, watch: _Watch) -> bool:
        fault = watch.fault
        if fault.times is not None and watch.struck >= fault.times:
            return False
        if fault.requests is not None and watch.seen not in fault.requests:
            return False
        return fault.probability is None or self._random.random() < fault.probability
