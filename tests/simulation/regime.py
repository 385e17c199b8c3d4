"""What a seed draws, as one value: the sheet, and how the network, the API, its readers and people behave."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from importer.api import Endpoint
from importer.settings.kinds import Rate
from tests.simulation.windows import LOOKUPS, REFERENCE, Limits

A_SECOND = Limits(5, 1.0, is_shared=True, slides=True, says="wait", status=429)
"""Limits of five calls a second."""

HIGH = Rate(100, 1.0)
"""A learned limit with which as many calls are in flight as there are workers."""

BATCH = 4
"""Prospects in a request at most."""

ONCE_BROKEN = (
    575, 1351, 1560, 2377, 3123, 4916, 7218, 8612, 11122, 13662, 13726, 15474, 15995, 20614, 20854, 21303, 27879, 28096,
    30232, 34949, 36430, 302134, 601661, 803330,
)  # fmt: skip
"""Seeds that have shown a fault, since mended."""

KEPT = {*ONCE_BROKEN, 0, 2, 8, 10, 12, 23, 51, 70, 72, 78, 112, 119, 227, 415, 496, 741, 1492, 1911, 3588, 4986}
"""Seeds whose worlds stay what they were, since something is shown by them."""

FATES = (
    "500 before", "500 after", "502 late", "lost before", "lost after", "lost late", "some missing", "all missing",
    "part", "spoilt", "page before", "page after", "page late", "redirect after", "redirect late", "unreachable", "429",
    "slow 429 after", "400",
)  # fmt: skip
RECEIPTS = ("all missing late", "accepted late", "accepted before")  # a success that names no note
TOO_LARGE = ("413 before", "413 after")
_CHANGED = ("emoji", "cut", "quotes")  # after which some texts don't read the same
UPLOAD_FATES = (
    "500 before", "500 after", "lost before", "lost after", "page before", "page after", "spoilt", "unreachable", "429",
)  # fmt: skip
READS = ("500", "lost", "429", "unreachable", "page")
TEXTS = (
    "Spoke about terms", "Use <b>this</b>", "Use <i>this</i>", "Sent the “offer” – 20 pages 🤝",
    "A long account of a long call, which goes on about terms, prices and much more, and ends with a signature",
    "Asked   for a quote", "Called, no answer",
    "A long account of a long call, which goes on about terms, prices and much more, and ends in another way",
    "Sent the \"offer\" - 20 pages",
)  # fmt: skip


@dataclass(frozen=True)
class Lag:
    """How reading follows writing, at most so many seconds behind.

    Kinds are none, constant, wander, replicas (one of two lags; in turn, or as it comes), grows (over five minutes),
    stops (one of two copies stands still once, for so long), pinned (half of the connections lag), shard (a quarter of
    the prospects lags) and each (every note has its own lag, out of order: beyond the model).
    """

    kind: str = "none"
    seconds: float = 0.0
    in_turn: bool = True


@dataclass(frozen=True)
class Files:
    """The files that notes carry, and how the API takes them."""

    carried: Mapping[int, tuple[int, ...]]  # by note
    faults: float = 0.0  # chance that an upload meets a fate other than success
    fates: tuple[str, ...] = UPLOAD_FATES
    serves: int = 0  # requests that an ID serves; 0: all
    lives: float = 0.0  # seconds for which it does; 0: for ever
    refused: int = -1  # the file that the API doesn't take, or -1


@dataclass(frozen=True)
class Regime:
    """One world's behaviour. What is 0, empty or None doesn't happen there."""

    # the sheet
    lines: tuple[tuple[str, int, str], ...]  # prospect, index of the note, key
    drafts: frozenset[int] = frozenset()  # notes
    private: frozenset[int] = frozenset()
    files: Files | None = None
    people: int = 1  # prospects for whom a row of the sheet may say its note
    # the settings; for both together a request may be applied after it left, if it ever is
    read_timeout: float = 3.0
    settle: float = 1.0
    skips_existing: bool = False  # what stands there already, whoever wrote it, isn't sent
    # requests
    faults: float = 0.0  # chance that a POST meets a fate other than success
    fates: tuple[str, ...] = FATES
    bad_start: int = 0  # POSTs that meet one before the first that may succeed
    busy: float = 0.0  # chance that a call waits for a worker, up to 8 seconds
    max_batch: int = 100  # prospects that the API takes
    limits: Limits | None = None  # of the API on calls
    learned: Rate | None = None  # the limit of each kind of call that an earlier run learned; may not be the API's
    firewall: int = -1  # index of a note that something on the way turns down, or -1
    body_limit: int = 0  # characters of a text beyond which a gateway turns it away for its size
    lost_route: float = 0.0  # seconds for which nothing but a gateway answers, once
    closed: float = 0.0  # seconds for which a gateway turns away all that is sent, once, while reading works
    echoes: float = 0.0  # chance that a reply is the one that an earlier call has had
    shifted: bool = False  # a lost reply is the reply to the next request, and so on, until connections are made anew
    drops: int = 0  # every so many notes, one gets a reply with an ID but is not kept
    # reading
    reads_fail: float = 0.0  # chance that a GET fails
    lag: Lag = field(default_factory=Lag)  # how reading follows writing
    cached: float = 0.0  # seconds for which a page's address is remembered by a cache
    rewrite: str = "exact"  # how texts are shown: or emoji, cut, quotes, spaces, sanitised
    shows_author: bool = True
    unknown: float = 0.0  # seconds for which some prospects aren't known yet, though notes are taken for them
    page: int = 3  # notes on one, at most
    pinned: float = 0.0  # chance that a note is pinned, and so shown before the others
    oldest_first: bool = False  # the order of the others
    shuffled: bool = False  # another order each time
    # clocks
    ahead: float = 0.0  # seconds by which the API's is
    jumps: float = 0.0  # seconds by which that one jumps, once
    own_jumps: float = 0.0  # seconds by which ours is set between two runs, and back before the next
    apart: float = 0.0  # seconds by which the clocks of the API's servers are off at most
    # people
    colleagues: int = 0  # notes that they write in the meantime
    same_text: bool = False  # some say what ours say; where authors aren't shown, only what is shown differently
    known_from: int = 3  # of our notes, after which they do: by then it is known who writes ours
    by_hand: bool = False  # some are by our own author, and begin like what is sent
    their_drafts: bool = False
    before: int = 0  # notes that have stood there for three days, and say what ours say
    crowd: int = 0  # notes that each prospect has had for a month
    edited: float = 0.0  # share of our notes whose text people change soon
    published: float = 0.0  # share of our drafts that they publish
    deleted: float = 0.0
    owners: bool = False  # each life of the process has a key of another owner
    # the process
    lives: tuple[int, ...] = ()  # after how many steps it dies, each time anew
    disk_full: int = 0  # after how many transactions one fails
    beyond: str = ""  # what is beyond the model: twice, later or unordered


def base(note: int) -> int:
    """The note whose text, visibility and status a note has: those beyond the texts differ from it by their files."""
    return note % len(TEXTS)


def with_files(seed: int, regime: Regime) -> Regime:
    """The same, with files on some notes, drawn apart: what a seed draws without them stays what it is."""
    chance = random.Random(f"files {seed} {regime.beyond}")
    notes = sorted({note for _, note, _ in regime.lines})
    some = range(chance.randint(1, 4))
    carried = {note: tuple(chance.sample(some, min(len(some), chance.randint(1, 2))))
               for note in notes if chance.random() < 0.7}  # fmt: skip
    lines = []
    for prospect, note, key in regime.lines:
        if chance.random() < 0.2:  # the same text with another file, or with none
            other = len(TEXTS) + note
            carried.setdefault(other, (len(some),) if chance.random() < 0.7 or note not in carried else ())
            lines.append((prospect, other, key))
            if chance.random() < 0.5:
                continue
        lines.append((prospect, note, key))
    files = Files(
        {note: which for note, which in carried.items() if which},
        faults=chance.choice([0.0, 0.1, 0.3, 0.6]),
        fates=tuple(chance.sample(UPLOAD_FATES, chance.randint(1, len(UPLOAD_FATES)))),
        serves=chance.choice([0, 0, 0, 1, 2]),
        lives=chance.choice([0.0, 0.0, 0.0, 3.0, 60.0]),
        refused=chance.choice([-1, -1, -1, -1, 0]),
    )  # fmt: skip
    return replace(regime, lines=tuple(lines), files=files)


def with_existing(seed: int, regime: Regime) -> Regime:
    """The same, with more notes that have stood there before, which aren't to be sent once more."""
    chance = random.Random(f"existing {seed}")
    return replace(regime, before=chance.choice([2, 6, 12]), skips_existing=True)


def with_people(seed: int, regime: Regime) -> Regime:
    """The same, in some worlds with rows that name several people, drawn apart."""
    chance = random.Random(f"people {seed} {regime.beyond}")
    several = chance.random() < 0.3 and seed not in KEPT
    return replace(regime, people=chance.choice([2, 3, 5])) if several else regime


def draw(seed: int, beyond: str = "") -> Regime:
    """The regime of a seed; with ``beyond``, one that goes beyond the model in that way."""
    chance = random.Random(f"regime {seed} {beyond}")
    count = chance.choice([6, 12, 20, 30])
    notes = chance.sample(range(len(TEXTS)), chance.randint(2, len(TEXTS)))
    prospects = [f"P{i}" for i in range(max(2, count // chance.randint(1, 4)))]
    pairs: list[tuple[str, int]] = []
    while len(pairs) < min(count, len(prospects) * len(notes)):
        pair = (chance.choice(prospects), chance.choice(notes))
        if pair not in pairs:
            pairs.append(pair)
    lines = [(prospect, note, "") for prospect, note in sorted(pairs, key=lambda pair: (pair[1], pair[0]))]
    if chance.random() < 0.3:
        lines += [(lines[0][0], lines[0][1], key) for key in ("Monday", "Friday")]
    if chance.random() < 0.3:
        lines.append(("INVALID", notes[0], ""))
    rewrite = chance.choice(["exact"] * 5 + ["emoji", "cut", "quotes", "spaces", "sanitised"])
    shows_author = chance.random() < 0.7
    kind = chance.choice(["none", "none", "constant", "constant", "wander", "replicas", "replicas"])
    lag = Lag(kind, 0.0 if kind == "none" else chance.choice([0.5, 2.0, 8.0, 20.0, 30.0]), chance.random() < 0.5)
    if beyond == "unordered":
        lag = Lag("each", chance.choice([8.0, 12.0, 20.0]))
    found = Regime(
        lines=tuple(lines),
        drafts=frozenset(note for note in notes if chance.random() < 0.12),
        private=frozenset(note for note in notes if chance.random() < 0.2),
        faults=chance.choice([0.1, 0.3, 0.6]),
        reads_fail=chance.choice([0.0, 0.1, 0.3]),
        fates=tuple(chance.sample(FATES, chance.randint(1, len(FATES)))),
        bad_start=chance.choice([0, 0, 0, 3, 10]),
        lag=lag,
        cached=chance.choice([0.0, 0.0, 0.0, 120.0]),
        rewrite=rewrite,
        colleagues=chance.choice([0, 0, 3, 10]),
        same_text=shows_author and chance.random() < 0.3,
        shows_author=shows_author,
        ahead=chance.choice([0.0, 0.4, -3600.0, 1200.0, 90.0]),
        jumps=chance.choice([0.0, 0.0, 0.0, 30.0, -30.0]) if rewrite == "exact" else 0.0,
        max_batch=chance.choice([100, 100, 2]),
        limits=chance.choice([None, None, A_SECOND]),
        lives=tuple(chance.randint(1, 80) for _ in range(chance.choice([0, 0, 1, 3, 6]))),
        disk_full=chance.choice([0, 0, 0, chance.randint(2, 20)]),
        firewall=chance.choice([-1, -1, -1, -1, notes[0]]),
        lost_route=chance.choice([0.0, 0.0, 0.0, 8.0]),
        busy=chance.choice([0.0, 0.0, 0.0, 0.2]),
        page=100 if beyond else 3,
        beyond=beyond,
        closed=chance.choice([0.0, 0.0, 0.0, 0.0, 15.0, 200.0]),
    )
    # Drawn apart, so that seeds which showed something go on showing it.
    more = random.Random(f"more {seed} {beyond}")
    found = replace(
        found,
        by_hand=more.random() < 0.15,
        before=more.choice([0, 0, 0, 0, 0, 0, 2, 6]),
        apart=0.4 if more.random() < 0.15 else 0.0,
        ahead=-800.0 if more.random() < 0.05 else found.ahead,
        same_text=found.same_text or (not shows_author and rewrite in _CHANGED and more.random() < 0.5),
        jumps=0.0 if beyond == "later" else found.jumps,  # late and wrongly dated is like an old note, to anybody
        learned=HIGH,
    )
    return found if seed in KEPT else _wider(seed, found)


def _wider(seed: int, regime: Regime) -> Regime:
    """The same with what the simulator took for granted until the program met it, drawn apart."""
    world = random.Random(f"the world {seed} {regime.beyond}")
    clock, drops, learned, order = (
        random.Random(f"{what} {seed}") for what in ("our clock", "drops", "learned", "order")
    )
    jumps = [2.0, 30.0, 600.0, *([1200.0, 3600.0, 86_400.0] if regime.rewrite == "exact" else ())]
    more = [
        *(RECEIPTS if world.random() < 0.15 else ()),
        *(("reset late", "reset after") if world.random() < 0.15 else ()),
        *(TOO_LARGE if world.random() < 0.1 else ()),
    ]
    dropped = drops.choice([3, 5, 10]) if drops.random() < 0.05 else 0
    return replace(
        regime,
        fates=(*regime.fates, *more),
        unknown=world.choice([20.0, 55.0]) if world.random() < 0.1 else 0.0,
        echoes=world.choice([0.05, 0.3]) if world.random() < 0.12 else 0.0,
        shuffled=world.random() < 0.04,
        body_limit=60 if world.random() < 0.06 else 0,
        limits=_limits(seed),
        learned=learned.choice([None] * 4 + [HIGH] * 3 + [Rate(REFERENCE.calls, REFERENCE.seconds)]),
        drops=0 if regime.beyond else dropped,
        pinned=order.choice([0.1, 0.4]) if order.random() < 0.2 else 0.0,
        oldest_first=order.random() < 0.1,
        own_jumps=clock.choice([sign * jump for jump in jumps for sign in (1, -1)]) if clock.random() < 0.15 else 0.0,
    )


def _limits(seed: int) -> Limits | None:
    """Limits as the service has them, of looking up alone, or others."""
    chance = random.Random(f"limits {seed}")
    told: dict[str, Any] = {
        "says": chance.choice(["", "", "wait", "headers"]),
        "status": chance.choice([400, 400, 429]),
    }
    if chance.random() < 0.5:
        return None
    if chance.random() < 0.5:
        return replace(chance.choice([REFERENCE, LOOKUPS]), **told)
    return Limits(
        calls=chance.choice([1, 3, 5]), seconds=chance.choice([0.5, 1.0, 6.0]), in_all=chance.choice([0, 0, 8]),
        of=chance.choice([(), (), (Endpoint.CREATE,)]), is_shared=chance.random() < 0.2, slides=chance.random() < 0.5,
        **told,
    )  # fmt: skip
