"""Define the kinds of misbehaviour, their text form, and the requests that they strike.

Input: texts such as ``502:after@2,5``, ``hang=30:after@4``, ``missing-all:GET@1``, ``lost-route=8@100``. Output: for
each request the one fault that strikes it, and those that stand in its way. `KINDS` and `PARTS` list them all, and
``note-importer sandbox --help`` prints them. A fault that *strikes* spoils one request; at most one does. A fault that
*stands* (a gateway's cache, a copy of the data that lags) affects all requests that it is meant for, beside any other.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from importer.sandbox.limits import Limit

When = Literal["before", "after"]
_Value = Literal["SECONDS", "WORD", "COUNT", "CALLS/TIME", "HOW"]

UPLOAD = "upload"
"""Name in faults for the POST of a file; uploads are counted apart from other POSTs."""

CONTRADICTIONS = ("true-null", "false-id", "two-answers")
SPOILS_RESULTS = frozenset({*CONTRADICTIONS, "contradictory", "wrong-id"})
SPOILS_ENTRIES = SPOILS_RESULTS | {"missing", "missing-all", "repeated", "shuffled"}
REWRITINGS = ("emoji", "quotes", "spaces")

_EITHER: tuple[When, ...] = ("before", "after")
_LATER: tuple[When, ...] = ("after", "before")
_AFTER: tuple[When, ...] = ("after",)
_BEFORE: tuple[When, ...] = ("before",)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """The effect of a kind of fault, and its text form.

    ``moments`` are those at which it may strike, the default first; a fault that stands has none. ``method`` is the
    default method. ``value`` is the kind of value after the ``=``, None for none. ``seconds`` is the default of an
    ``optional`` value.
    """

    does: str
    moments: tuple[When, ...] = ()
    method: str = "POST"
    value: _Value | None = None
    seconds: float | None = None
    optional: bool = False

    @property
    def stands(self) -> bool:
        """Whether the fault affects all requests that it is meant for, instead of striking one at a time."""
        return not self.moments


_STATUS = FaultKind("that status and a JSON error; SECONDS: its retry-after", _EITHER, value="SECONDS", optional=True)
_PAGE = FaultKind("that status and a gateway's HTML page", _EITHER, value="SECONDS", optional=True)
_GATEWAY = FaultKind("that status and a gateway's JSON, no API's words", _EITHER, value="SECONDS", optional=True)
_FAMILIES = {"400 ... 599": _STATUS, "html-300 ... html-599": _PAGE, "gateway-300 ... gateway-599": _GATEWAY}


def _waits(does: str, moments: tuple[When, ...], seconds: float) -> FaultKind:
    return FaultKind(does, moments, value="SECONDS", seconds=seconds, optional=True)


def _stands(does: str, value: _Value, method: str = "any") -> FaultKind:
    return FaultKind(does, (), method, value)


_NAMED = {
    "400-token": FaultKind("400 Invalid token", _EITHER),
    "redirect": FaultKind("307 to the same path under another host name", _EITHER),
    "close": FaultKind("the connection is closed without a reply", _EITHER),
    "reset": FaultKind("the connection is reset without a reply", _EITHER),
    "hang": _waits("nothing for so long, then closed", _EITHER, 30.0),
    "cut-request": FaultKind("closed before the request's body is read", _BEFORE),
    "stale": FaultKind("the same, where a connection is used again", _BEFORE),
    "late": _waits("waits, then applies, then answers properly", _BEFORE, 30.0),
    "empty": FaultKind("200 with no body", _LATER),
    "html": FaultKind("200 with an HTML page", _LATER),
    "not-json": FaultKind("200 with half a JSON document", _LATER),
    "null": FaultKind("200 whose payload is null", _LATER),
    "truncated": FaultKind("a body shorter than its Content-Length, then closed", _LATER),
    "bad-gzip": FaultKind("said to be gzip, and is not", _LATER),
    "huge": FaultKind("a body without end (in fact 64 MB)", _LATER),
    "gzip": FaultKind("a proper reply, compressed", _AFTER),
    "drip": _waits("a proper reply, byte by byte", _AFTER, 0.05),
    "slow-headers": _waits("a proper reply, header by header", _AFTER, 0.2),
    "missing": FaultKind("every second entry left out", _LATER),
    "missing-all": FaultKind("all entries left out", _LATER),
    "true-null": FaultKind("every second entry a success without a note id", _LATER),
    "false-id": FaultKind("every second entry a failure with a note id", _LATER),
    "two-answers": FaultKind("every second entry followed by its contrary", _LATER),
    "contradictory": FaultKind("these three in turn, on every entry", _LATER),
    "repeated": FaultKind("every entry twice", _AFTER),
    "shuffled": FaultKind("the entries in reverse order", _AFTER),
    "wrong-id": FaultKind("one entry more, for a prospect that was not asked for", _AFTER),
    "clock": _stands("the gateway's clock: Date is so far ahead, while notes are dated by the API's", "SECONDS"),
    "cache": _stands("replies are kept so long, by address; no-cache goes past it", "SECONDS", "GET"),
    "lost-route": _stands("404 and a page for everybody so long, from the request that it strikes on", "SECONDS"),
    "firewall": _stands("403 and a page for notes that hold the word", "WORD"),
    "limit-req": _stands("503 and a page above the rate; calls come evenly, or 10/1s+5 at once", "CALLS/TIME"),
    "limit-conn": _stands("503 and a page above so many calls in flight", "COUNT"),
    "lag": _stands("a note is shown only when it is so old; with @*/2 one of two copies lags", "SECONDS", "GET"),
    "lag-each": _stands("the same, but each note has a lag of its own, up to that", "SECONDS", "GET"),
    "drops": _stands("every COUNT-th note gets a reply with an ID, but is not kept", "COUNT", "POST"),
    "moving": _stands("so many prospects are gone from before a page by the time it is asked for", "COUNT", "GET"),
    "rewrite": _stands("texts are shown with emoji dropped, quotes curled, spaces folded, or cut-100", "HOW", "GET"),
}
KINDS: Mapping[str, FaultKind] = {**_FAMILIES, **_NAMED}
PARTS: Mapping[str, str] = {
    ":after": "strikes once the notes are applied; :before instead of applying them",
    ":GET": "strikes requests of this method, :any all; else POSTs of notes, or what the kinds from clock on say: all, "
    "for drops POSTs, and for cache, lag, moving and rewrite GETs",
    ":upload": "strikes uploads of files",
    ":x2": "strikes twice at most; :once is :x1",
    ":slow=20": "the reply comes only after so many seconds, as of a gateway that has waited",
    ":429": "a gateway that stands answers with this status instead of its own",
    ":json": "a gateway that stands answers in JSON instead of HTML",
    "@3": "strikes the third request; @2,5 the second and the fifth; @3-7; @4- from the fourth on; @*/3 every third. "
    "Counted are the requests of its method that nothing else turned away, from when it was added",
    "%0.1": "strikes a request with this probability (drawn from the sandbox's seed)",
}
ANSWERS_ITSELF = {"lost-route": 404, "firewall": 403, "limit-req": 503, "limit-conn": 503}

_CODED = re.compile(r"(?:(?:html-|gateway-)(?=[345])|(?=[45]))([345]\d\d)")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", UPLOAD, "any")
_TEXT = re.compile(r"(?P<kind>[a-z0-9-]+)(?:=(?P<value>[^:@%]*))?(?P<parts>(?:[:@%][^:@%]+)*)")
_PART = re.compile(r"([:@%])([^:@%]+)")
_SPAN = re.compile(r"(\d+)(?:(-)(\d+)?)?")
_SECONDS = re.compile(r"\d+(?:\.\d+)?")
_HOW = re.compile(rf"{'|'.join(REWRITINGS)}|cut-[1-9]\d*")
_RATE = re.compile(r"(?P<rate>[^+]+)(?:\+(?P<burst>\d+))?")


def _kind(name: str) -> FaultKind | None:
    if _CODED.fullmatch(name):
        return _PAGE if name.startswith("html-") else _GATEWAY if name.startswith("gateway-") else _STATUS
    return _NAMED.get(name)


@dataclass(frozen=True)
class Fault:
    """One misbehaviour and the requests that it strikes; ValueError if the values are impossible.

    ``requests`` holds the numbers of the requests struck, from 1 (a set, or a ``range`` for every third or from the
    fourth on). ``probability`` is from 0 to 1; if both are given, a request must satisfy both. ``times`` limits the
    strikes. ``when``, ``method`` and ``seconds`` default to those of the kind. ``value`` is a word, a count, a rate or
    the name of a rewriting. ``slow`` is a delay of the reply in seconds. ``answer`` (a status) and ``as_json`` are for
    a gateway.
    """

    kind: str
    when: When | None = None
    requests: Container[int] | None = None
    method: str = ""
    probability: float | None = None
    times: int | None = None
    seconds: float | None = None
    value: str = ""
    slow: float = 0.0
    answer: int | None = None
    as_json: bool = False

    def __post_init__(self) -> None:
        kind = _kind(self.kind)
        if kind is None:
            raise ValueError(f"{self.kind!r} is not a fault; there are {', '.join([*_FAMILIES, *sorted(_NAMED)])}")
        defaults = {"when": kind.moments[0] if kind.moments else None, "method": kind.method, "seconds": kind.seconds}
        for name, default in defaults.items():
            if getattr(self, name) in (None, ""):
                object.__setattr__(self, name, default)
        if self.kind in ANSWERS_ITSELF and self.answer is None:
            object.__setattr__(self, "answer", ANSWERS_ITSELF[self.kind])
        if self.kind == "lost-route" and (self.requests, self.probability, self.times) == (None, None, None):
            object.__setattr__(self, "times", 1)  # else the route would be lost again as soon as it is back
        self._check_when(kind)
        self._check_value(kind)
        if self.method not in _METHODS:
            raise ValueError(f"a fault strikes {', '.join(_METHODS)}, not {self.method!r}")
        if self.kind in SPOILS_RESULTS and self.method != "POST":
            raise ValueError(f"{self.kind} spoils the answers to a POST, which {self.method} has none of")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is from 0 to 1, not {self.probability}")
        if (self.answer is not None or self.as_json) and self.kind not in ANSWERS_ITSELF:
            raise ValueError(f"{self.kind} is no gateway that answers with a status of its own")

    def _check_when(self, kind: FaultKind) -> None:
        if kind.stands and self.when is not None:
            raise ValueError(f"{self.kind} stands whenever a request comes, neither before nor after")
        if not kind.stands and self.when not in kind.moments:
            raise ValueError(f"{self.kind} strikes {kind.moments[0]} the notes are applied, never {self.when}")

    def _check_value(self, kind: FaultKind) -> None:
        """Raise ValueError unless the value is present if the kind needs one, and has the form that it needs."""
        takes_seconds = kind.value == "SECONDS"
        if (self.seconds is not None and not takes_seconds) or (self.value and kind.value in (None, "SECONDS")):
            raise ValueError(f"{self.kind} takes {f'= and {kind.value}' if kind.value else 'no value'}")
        if kind.value is None or kind.optional:
            return
        if self.seconds is None if takes_seconds else not self.value:
            raise ValueError(f"{self.kind} needs a value: {self.kind}={kind.value}")
        if kind.value == "COUNT" and not re.fullmatch(r"[1-9]\d{0,5}", self.value):
            raise ValueError(f"{self.kind} needs a whole number, not {self.value!r}")
        if kind.value == "HOW" and not _HOW.fullmatch(self.value):
            raise ValueError(f"{self.kind} can be {', '.join(REWRITINGS)} or cut-100, not {self.value!r}")
        if kind.value == "CALLS/TIME":
            _ = self.rate

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault from its text form (see `KINDS` and `PARTS`); ValueError says what is wrong with it."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a fault: write it such as 500@3, 502:after@2,5 or hang=30:after%0.1")
        fields: dict[str, Any] = {}
        for sign, part in _PART.findall(match["parts"]):
            if sign == "@":
                fields["requests"] = _numbers(part, text)
            elif sign == "%":
                fields["probability"] = _probability(part, text)
            else:
                fields |= _worded(part, text)
        kind, value = _kind(match["kind"]), match["value"]
        if value is not None and kind is not None:
            fields |= _valued(kind, value, text)
        return cls(match["kind"], **fields)

    @property
    def stands(self) -> bool:
        """Whether the fault affects every request that it is meant for, beside other faults."""
        kind = _kind(self.kind)
        return kind is not None and kind.stands

    @property
    def label(self) -> str:
        """Label recorded with a request that was struck: ``500:after``, or ``lost-route``."""
        return self.kind if self.when is None else f"{self.kind}:{self.when}"

    @property
    def status(self) -> int | None:
        """HTTP status of an error fault, None for the other kinds."""
        match = _CODED.fullmatch(self.kind.removesuffix("-token"))
        return int(match[1]) if match else None

    @property
    def is_gateways(self) -> bool:
        """Whether the fault's reply comes from a gateway, without the API's headers."""
        return self.kind.startswith(("html-", "gateway-")) or self.kind in ANSWERS_ITSELF

    @property
    def rate(self) -> tuple[Limit, int]:
        """Rate of a ``limit-req``, and the number of calls above it that may come at once."""
        match = _RATE.fullmatch(self.value)
        if match is None:
            raise ValueError(f"{self.kind} needs a rate such as 10/1s or 10/1s+5, not {self.value!r}")
        return Limit.parse(match["rate"]), int(match["burst"] or 0)

    def prevents(self, *, upload: bool) -> bool:
        """Return whether the struck request is not applied at all; an upload has no entries to spoil instead."""
        is_by_entry = self.kind in SPOILS_ENTRIES and not upload
        return self.when == "before" and self.kind != "late" and not is_by_entry

    def struck(self, entries: list[str]) -> list[str]:
        """Return the request's prospects whose entries the fault spoils."""
        if self.kind not in SPOILS_ENTRIES:
            return []
        return entries if self.kind in ("missing-all", "contradictory") else entries[::2]


def manual() -> dict[str, list[tuple[str, str]]]:
    """Return all faults and all parts of their texts, each with its effect, for a help text."""
    kinds = []
    for name, kind in KINDS.items():
        value = f"={kind.value}" if kind.value and not kind.optional else ""
        value = f"[={kind.seconds or kind.value}]" if kind.optional else value
        moments = f" ({', or :'.join(kind.moments)})" if kind.moments else ""
        kinds.append((f"{name}{value}", kind.does + moments))
    return {"Faults": kinds, "Parts of a fault, in any order": [*PARTS.items()]}


def _worded(part: str, text: str) -> dict[str, Any]:
    """Return the field that a part after a colon sets."""
    slow = re.fullmatch(r"slow=(\d+(?:\.\d+)?)", part)
    if slow:
        return {"slow": float(slow[1])}
    if part in _EITHER:
        return {"when": part}
    if part in _METHODS:
        return {"method": part}
    if part == "once" or re.fullmatch(r"x\d+", part):
        return {"times": 1 if part == "once" else int(part[1:])}
    if re.fullmatch(r"[345]\d\d", part):
        return {"answer": int(part)}
    if part == "json":
        return {"as_json": True}
    raise ValueError(f"{text!r} is not a fault: {part!r} is no moment, method, number of times or other part")


def _valued(kind: FaultKind, value: str, text: str) -> dict[str, Any]:
    """Return the field that the value after the ``=`` sets; only a clock may have negative seconds."""
    if kind.value != "SECONDS":
        return {"value": value}
    if not _SECONDS.fullmatch(value.removeprefix("-") if kind is _NAMED["clock"] else value):
        raise ValueError(f"{text!r} is not a fault: after = come seconds, not {value!r}")
    return {"seconds": float(value)}


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
class _FaultWatch:
    fault: Fault
    seen: int = 0
    struck: int = 0
    until: float = 0.0


class FaultPlan:
    """The faults in force, and their counts of requests. Not thread-safe: the owner's lock guards it."""

    def __init__(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self._watches: list[_FaultWatch] = []
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.replace(faults)

    def add(self, fault: Fault) -> None:
        """Add a fault, which counts requests from now on."""
        self._watches.append(_FaultWatch(fault))

    def replace(self, faults: Iterable[Fault]) -> None:
        """Replace the present faults by these."""
        self._watches = [_FaultWatch(fault) for fault in faults]

    def standing(self, method: str, now: float) -> list[Fault]:
        """Count one request, and return the faults that stand in its way."""
        standing = []
        for watch in self._watches:
            if not watch.fault.stands or watch.fault.method not in (method, "any"):
                continue
            watch.seen += 1
            fits = self._fits(watch)
            watch.struck += fits
            if watch.fault.kind == "lost-route":
                watch.until = now + (watch.fault.seconds or 0.0) if fits else watch.until
                fits = now < watch.until
            if fits:
                standing.append(watch.fault)
        return standing

    def strike(self, method: str, *, is_reused: bool = False) -> Fault | None:
        """Count one request, and return the first fault that strikes it, if any.

        ``is_reused`` says that its connection has sent another request before.
        """
        chosen: Fault | None = None
        for watch in self._watches:
            fault = watch.fault
            if fault.stands or fault.method not in (method, "any") or (fault.kind == "stale" and not is_reused):
                continue
            watch.seen += 1
            if chosen is None and self._fits(watch):
                watch.struck += 1
                chosen = fault
        return chosen

    def _fits(self, watch: _FaultWatch) -> bool:
        fault = watch.fault
        if fault.times is not None and watch.struck >= fault.times:
            return False
        if fault.requests is not None and watch.seen not in fault.requests:
            return False
        return fault.probability is None or self._random.random() < fault.probability
