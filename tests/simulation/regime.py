"""What a seed draws, as one value: the sheet, and how the network, the API, its readers and people behave."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from importer.api import Endpoint
from importer.settings.limits import Rate
from tests.simulation.windows import LOOKUPS, REFERENCE, Limits

A_SECOND = Limits(5, 1.0, is_shared=True, slides=True, says="wait", status=429)
"""Limits of five calls a second."""

HIGH = Rate(100, 1.0)
"""A learned limit with which as many calls are in flight as there are workers."""

BATCH = 4
"""Prospects in a request at most."""

ONCE_BROKEN = (
    575,
    1351,
    1560,
    2377,
    3123,
    4916,
    7218,
    8612,
    11122,
    13662,
    13726,
    15474,
    15995,
    20614,
    20854,
    21303,
    27879,
    28096,
    30232,
    34949,
    36430,
    302134,
    601661,
    803330,
)
"""Seeds that have shown a fault, since mended."""

KEPT = frozenset(
    (*ONCE_BROKEN, 0, 2, 8, 10, 12, 23, 51, 70, 72, 78, 112, 119, 227, 415, 496, 741, 1492, 1911, 3588, 4986)
)
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
    """How reading follows writing.

    Attributes:
        kind: ``none``, ``constant``, ``wander``, ``replicas`` (one of two lags; in turn, or as it comes), ``grows``
            (over five minutes), ``stops`` (one of two copies stands still once, for so long), ``pinned`` (half of the
            connections lag), ``shard`` (a quarter of the prospects lags) or ``each`` (every note has its own lag, out
            of order: beyond the model).
        seconds: at most.
        in_turn: whether two replicas are asked in turn.
    """

    kind: str = "none"
    seconds: float = 0.0
    in_turn: bool = True


@dataclass(frozen=True)
class Files:
    """The files that notes carry, and how the API takes them.

    Attributes:
        carried: note → which files it carries, if any.
        faults: chance that an upload meets a fate other than success; ``fates``: which there are.
        serves: requests that an id serves; 0: all. ``lives``: seconds for which it does; 0: for ever.
        refused: which file the API doesn't take, or -1.
    """

    carried: Mapping[int, tuple[int, ...]]
    faults: float = 0.0
    fates: tuple[str, ...] = UPLOAD_FATES
    serves: int = 0
    lives: float = 0.0
    refused: int = -1


@dataclass(frozen=True)
class Regime:
    """One world's behaviour.

    Attributes:
        lines: prospect, index of the note, key.
        drafts: which notes are drafts; ``private``: which are private.
        faults: chance that a POST meets a fate other than success; ``reads_fail``: that a GET fails.
        fates: which fates there are; ``bad_start``: how many POSTs meet one before the first that may succeed.
        lag: how reading follows writing.
        cached: seconds for which a page's address is remembered by a cache; 0: none.
        rewrite: how texts are shown: ``exact``, ``emoji``, ``cut``, ``quotes``, ``spaces``, ``sanitised``.
        colleagues: notes that colleagues write in the meantime; ``same_text``: whether some say what ours say;
            where authors aren't shown, only what is shown differently.
        by_hand: whether some of what colleagues write is our own author's, and begins like what is sent.
        before: notes that have stood there for three days, and say what ours say.
        shows_author: whether reading tells who wrote a note.
        ahead: how far the API's clock is ahead, in seconds; ``jumps``: by how much it jumps once, or 0.
        own_jumps: seconds that ours is set by between two runs, and back before the next, or 0.
        unknown: seconds for which reading doesn't know some of the prospects yet, though notes are taken for them.
        echoes: chance that a reply is the one that an earlier call has had.
        shuffled: whether notes are shown in another order each time.
        body_limit: characters of a text beyond which a gateway turns it away for its size, or 0.
        apart: seconds by which its servers' clocks are off at most.
        max_batch: prospects that the API takes.
        limits: the API's limits on calls, or None.
        learned: the limit of each kind of call that an earlier run learned, which may not be the API's; None: nothing.
        pinned: chance that a note is pinned, and so shown before the others; ``oldest_first``: the order of the others.
        lives: after how many steps the process dies, each time anew.
        disk_full: after how many transactions one fails, or 0.
        firewall: index of a note that something on the way turns down, or -1.
        lost_route: seconds for which nothing but a gateway answers, once.
        closed: seconds for which a gateway turns away all that is sent, once, while reading works.
        busy: chance that a call waits for a worker, up to 8 seconds.
        page: notes on a page at most.
        read_timeout: the setting, in seconds; ``settle``: that one. For so long together a request may be applied after
            it left, if it ever is.
        beyond: what of it is beyond the model: ``""``, ``twice``, ``later`` or ``unordered``.
        files: what notes carry; None: nothing.
        skips_existing: whether what stands there already, whoever wrote it, isn't sent.
        drops: every so many notes, one gets a reply with an ID but is not kept; 0: none.
        people: for how many prospects a row of the sheet may say its note.
        edited: share of our notes whose text people change soon; ``published``: of our drafts that they publish;
            ``deleted``: of our notes that they delete.
        owners: whether each life of the process has a key of another owner.
        shifted: whether a lost reply is the reply to the next request, and so on, until connections are made anew.
        crowd: notes that each prospect has had for a month.
        their_drafts: whether colleagues write drafts.
    """

    lines: tuple[tuple[str, int, str], ...]
    drafts: frozenset[int]
    private: frozenset[int]
    faults: float
    reads_fail: float
    fates: tuple[str, ...] = FATES
    bad_start: int = 0
    lag: Lag = field(default_factory=Lag)
    cached: float = 0.0
    rewrite: str = "exact"
    colleagues: int = 0
    same_text: bool = False
    by_hand: bool = False
    before: int = 0
    shows_author: bool = True
    ahead: float = 0.0
    jumps: float = 0.0
    own_jumps: float = 0.0
    unknown: float = 0.0
    echoes: float = 0.0
    shuffled: bool = False
    body_limit: int = 0
    apart: float = 0.0
    max_batch: int = 100
    limits: Limits | None = None
    learned: Rate | None = None
    pinned: float = 0.0
    oldest_first: bool = False
    lives: tuple[int, ...] = ()
    disk_full: int = 0
    firewall: int = -1
    lost_route: float = 0.0
    closed: float = 0.0
    busy: float = 0.0
    page: int = 3
    read_timeout: float = 3.0
    settle: float = 1.0
    beyond: str = ""
    files: Files | None = None
    drops: int = 0
    skips_existing: bool = False
    people: int = 1
    edited: float = 0.0
    published: float = 0.0
    deleted: float = 0.0
    owners: bool = False
    shifted: bool = False
    crowd: int = 0
    their_drafts: bool = False


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
        jumps=0.0
        if beyond == "later"
        else found.jumps,  # what is late and wrongly dated, nobody can tell from an old note
        same_text=found.same_text or (not shows_author and rewrite in _CHANGED and more.random() < 0.5),
        own_jumps=0.0 if seed in ONCE_BROKEN else _own_jumps(seed, rewrite),
        drops=0 if seed in KEPT or beyond else _drops(seed),
    )
    found = replace(found, learned=HIGH if seed in KEPT else _learned(seed))
    return found if seed in KEPT else _beyond_the_simulator(seed, found)


def _learned(seed: int) -> Rate | None:
    """Nothing, a high limit, or the service's: in any world, so that it may be wrong in both directions."""
    chance = random.Random(f"learned {seed}")
    return chance.choice([None] * 4 + [HIGH] * 3 + [Rate(REFERENCE.calls, REFERENCE.seconds)])


def _own_jumps(seed: int, rewrite: str) -> float:
    chance = random.Random(f"our clock {seed}")
    jumps = [2.0, -2.0, 30.0, -30.0, 600.0, -600.0]
    if seed not in KEPT and rewrite == "exact":
        jumps += [1200.0, -1200.0, 3600.0, -3600.0, 86_400.0, -86_400.0]
    return chance.choice(jumps) if chance.random() < 0.15 else 0.0


def _beyond_the_simulator(seed: int, regime: Regime) -> Regime:
    """The same with what the simulator took for granted until the program met it, drawn apart."""
    chance = random.Random(f"the world {seed} {regime.beyond}")
    more: list[str] = []
    more += RECEIPTS if chance.random() < 0.15 else ()
    more += ["reset late", "reset after"] if chance.random() < 0.15 else []
    more += TOO_LARGE if chance.random() < 0.1 else ()
    return replace(
        regime,
        fates=(*regime.fates, *more),
        unknown=chance.choice([20.0, 55.0]) if chance.random() < 0.1 else 0.0,
        echoes=chance.choice([0.05, 0.3]) if chance.random() < 0.12 else 0.0,
        shuffled=chance.random() < 0.04,
        body_limit=60 if chance.random() < 0.06 else 0,
        limits=_limits(seed),
        **_order(seed),
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
        calls=chance.choice([1, 3, 5]),
        seconds=chance.choice([0.5, 1.0, 6.0]),
        in_all=chance.choice([0, 0, 8]),
        of=chance.choice([(), (), (Endpoint.CREATE,)]),
        is_shared=chance.random() < 0.2,
        slides=chance.random() < 0.5,
        **told,
    )


def _order(seed: int) -> dict[str, Any]:
    """In which order notes are shown: not by their age alone, in some worlds."""
    chance = random.Random(f"order {seed}")
    return {
        "pinned": chance.choice([0.1, 0.4]) if chance.random() < 0.2 else 0.0,
        "oldest_first": chance.random() < 0.1,
    }


def _drops(seed: int) -> int:
    chance = random.Random(f"drops {seed}")
    return chance.choice([3, 5, 10]) if chance.random() < 0.05 else 0
