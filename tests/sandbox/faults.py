"""Define how faults are written, which requests they strike, and what a kind of fault can do.

Input: texts such as ``502:after@2,5``. Output: for each request the one fault that *strikes* and spoils it, and those
that *stand* in its way (a firewall, a copy of the data that lags). README.md lists them all.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.sandbox.calls import ServiceReply
from tests.sandbox.service import StoredNote
from tests.sandbox.wire import Headers, Wire, gateways_page, plain

When = Literal["before", "after"]

UPLOAD = "upload"
"""Name in faults for the POST of a file; uploads are counted apart from other POSTs."""

ANY_MOMENT: tuple[When, ...] = ("before", "after")
_STUB = ServiceReply(200, {"message": "Notes created successfully", "payload": {"results": []}})
_UPLOAD_STUB = ServiceReply(200, {"message": "Attachment uploaded successfully", "payload": {}})


@dataclass(frozen=True, slots=True)
class Struck:
    """A request that a fault strikes.

    ``reply`` is the service's own, None if the request was not applied. ``url`` is the request's, under another host
    name of the same server, so that a client that follows a redirect is recorded.
    """

    reply: ServiceReply | None
    url: str
    is_upload: bool

    @property
    def honest(self) -> Wire:
        """The reply as it would be sent without the fault; a stub if the request was not applied."""
        return plain(self.reply or (_UPLOAD_STUB if self.is_upload else _STUB))

    def redirect(self, status: int) -> Headers:
        """Return the header that leads to the other host name, if the status is one of a redirect."""
        return (("Location", self.url),) if 300 <= status < 400 else ()


@dataclass(frozen=True, slots=True)
class Head:
    """A request before its body is read: ``target`` is the path with its query."""

    method: str
    target: str
    is_reused: bool = False
    is_upload: bool = False

    @property
    def struck_as(self) -> str:
        """Method that a fault must name to strike this request."""
        return UPLOAD if self.is_upload else self.method


class Standing:
    """Effect of a fault that stands, with its memory: none, unless a kind says otherwise.

    ``ahead`` is the seconds by which the clock that dates replies is ahead. ``moves`` is the number of prospects that
    vanish from the earlier pages, from page to page. Not thread-safe: the owner's lock guards it.
    """

    ahead = 0.0
    moves = 0

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def page(self) -> Wire:
        """Return the page of a gateway with the fault's status."""
        return gateways_page(self.fault.answer or 503, in_json=self.fault.as_json)

    def stands(self, now: float, *, is_struck: bool) -> bool:
        """Return whether the fault stands in the way of a request; ``is_struck`` says that its text names it."""
        return is_struck

    def intervenes(self, head: Head, now: float) -> Wire | None:
        """Return a reply in the API's place, before the body is read."""
        return None

    def blocks(self, body: object) -> Wire | None:
        """Return a reply in the API's place because of the request's body."""
        return None

    def drops(self, prospects: Sequence[str]) -> Collection[str]:
        """Return the prospects whose notes are reported as created, but not kept."""
        return ()

    def hides(self, note: StoredNote, now: float) -> bool:
        """Return whether a note is not visible yet."""
        return False

    def shows(self, content: str) -> str:
        """Return a note's text as it is shown."""
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """The effect of a kind of fault, and its text form.

    ``moments`` are those at which it may strike, the default first; a fault that stands has none. ``method`` is the
    default method. ``value`` is the kind of value after the ``=``, None for none, and ``seconds`` its default.
    ``family`` matches the names of a whole family of kinds.

    A fault ``waits`` before the request is applied, or afterwards. ``withholds`` returns the prospects without notes
    if it strikes before; without it, the request isn't applied at all. A kind that ``cuts`` closes the connection
    before the body is read. ``once`` is for a kind that would begin again as soon as it ends.
    """

    does: str
    moments: tuple[When, ...] = ()
    method: str = "POST"
    value: str | None = None
    seconds: float | None = None
    family: re.Pattern[str] | None = None
    reply: Callable[[Fault, Struck], Wire] = lambda _fault, struck: struck.honest
    standing: Callable[[Fault], Standing] | None = None
    waits: Literal["before", "after"] | None = None
    withholds: Callable[[Sequence[str]], Sequence[str]] | None = None
    cuts: bool = False
    on_reuse: bool = False
    answers: int | None = None
    once: bool = False


KINDS: dict[str, FaultKind] = {}
"""All kinds by name, which `kinds` and `odd_kinds` add."""

_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", UPLOAD, "any")
_TEXT = re.compile(r"(?P<kind>[a-z0-9-]+)(?:=(?P<value>[^:@%]*))?(?P<parts>(?:[:@%][^:@%]+)*)")
_PART = re.compile(r"([:@%])([^:@%]+)")


@dataclass(frozen=True)
class Fault:
    """One misbehaviour and the requests that it strikes; ValueError if the values are impossible.

    ``requests`` holds the numbers of the requests struck, from 1. ``probability`` is from 0 to 1; if both are given, a
    request must satisfy both. ``times`` limits the strikes. ``when``, ``method``, ``seconds`` and ``answer`` (a
    gateway's status) default to those of the kind. ``slow`` is a delay of the reply in seconds.
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
        kind = self.its_kind
        defaults = {
            "when": kind.moments[0] if kind.moments else None,
            "method": kind.method,
            "seconds": kind.seconds,
            "times": 1 if kind.once and (self.requests, self.probability) == (None, None) else None,
            "answer": kind.answers,
        }
        for name, default in defaults.items():
            if getattr(self, name) in (None, ""):
                object.__setattr__(self, name, default)
        if kind.moments and self.when not in kind.moments:
            raise ValueError(f"{self.kind} strikes {kind.moments[0]} the notes are applied, never {self.when}")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault from its text form (see README.md); ValueError says what is wrong with it."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a fault: write it such as 500@3, 502:after@2,5 or hang=30:after%0.1")
        fields: dict[str, Any] = {}
        for sign, part in _PART.findall(match["parts"]):
            if sign == "@":
                fields["requests"] = _numbers(part)
            elif sign == "%":
                fields["probability"] = float(part)
            else:
                fields |= _worded(part, text)
        if (value := match["value"]) is not None:
            takes_seconds = (_kind(match["kind"]).value or "").endswith("SECONDS")
            fields |= {"seconds": float(value)} if takes_seconds else {"value": value}
        return cls(match["kind"], **fields)

    @property
    def its_kind(self) -> FaultKind:
        """The kind of the fault; ValueError if there is none of this name."""
        return _kind(self.kind)

    @property
    def label(self) -> str:
        """Label recorded with a request that was struck: ``500:after``, or ``lost-route``."""
        return self.kind if self.when is None else f"{self.kind}:{self.when}"

    @property
    def status(self) -> int:
        return int(self.kind[-3:])

    def prevents(self, *, upload: bool) -> bool:
        """Return whether the struck request is not applied at all; an upload has no entries to withhold instead."""
        kind = self.its_kind
        return self.when == "before" and kind.waits != "before" and (upload or kind.withholds is None)

    def withheld(self, prospects: Sequence[str]) -> Sequence[str]:
        """Return the request's prospects whose notes aren't made although the request is answered."""
        withholds = self.its_kind.withholds
        return withholds(prospects) if withholds is not None and self.when == "before" else ()


def _kind(name: str) -> FaultKind:
    for known, kind in KINDS.items():
        if known == name or (kind.family is not None and kind.family.fullmatch(name)):
            return kind
    raise ValueError(f"{name!r} is not a fault; there are {', '.join(KINDS)}")


def _worded(part: str, text: str) -> dict[str, Any]:
    slow = re.fullmatch(r"slow=(\d+(?:\.\d+)?)", part)
    if slow:
        return {"slow": float(slow[1])}
    if part in ANY_MOMENT:
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


def _numbers(part: str) -> Container[int]:
    if part.startswith("*/"):
        return range(int(part[2:]), sys.maxsize, int(part[2:]))
    numbers: set[int] = set()
    for span in part.split(","):
        first, dash, last = span.partition("-")
        if dash and not last:
            return range(int(first), sys.maxsize)
        numbers |= {*range(int(first), int(last or first) + 1)}
    return frozenset(numbers)
