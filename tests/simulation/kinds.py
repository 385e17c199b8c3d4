"""``python -m tests.simulation.kinds``: worlds that each show one trouble, and how often notes are twice or lost there.

Each has 60 rows; about a third of the calls fail; settings are the defaults. A kind says how many notes may be wrong.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from importer.delivery.outcomes import Outcomes
from importer.models import DELIVERED, Result
from tests.simulation import imports
from tests.simulation.disk import Disk
from tests.simulation.regime import TEXTS, Lag, Regime
from tests.simulation.world import World

_FATES = ("lost before", "lost after", "lost late", "500 before", "500 after", "page before", "page after", "spoilt",
          "reset late", "some missing", "part")  # fmt: skip
_LATE = ("lost late", "502 late", "reset late")
_MOST_RUNS = 12
WRONG = ("twice", "lost", "wrong", "rejected", "no end")
MAY = {"rejected": 1}
"""What may go wrong in any trial: by chance a gateway refuses a note twice, and lets another through between (D37)."""


@dataclass(frozen=True)
class Kind:
    """A kind of world: what is special about it, and what may go wrong in it at most, in so many trials."""

    special: Mapping[str, object] = field(default_factory=dict)
    may: Mapping[str, int] = field(default_factory=dict)


KINDS: dict[str, Kind] = {
    "applied near the timeout, reads lag 3 s": Kind({"fates": _LATE, "lag": Lag("constant", 3.0)}),
    "lag 20 s": Kind({"lag": Lag("constant", 20.0)}),
    "lag 45 s": Kind({"lag": Lag("constant", 45.0)}),
    "lag 90 s": Kind({"lag": Lag("constant", 90.0)}),
    "two copies at random, 30 s": Kind({"lag": Lag("replicas", 30.0, in_turn=False)}),
    "lag grows to 120 s": Kind({"lag": Lag("grows", 120.0)}, {"twice": 2}),
    "a copy stops for 180 s": Kind({"lag": Lag("stops", 180.0)}),
    "one shard lags 30 s": Kind({"lag": Lag("shard", 30.0)}, {"twice": 46}),
    "half of the connections lag 60 s": Kind({"lag": Lag("pinned", 60.0)}),
    "prospects unknown to reads for 100 s": Kind({"unknown": 100.0}),
    "a cache of 120 s": Kind({"cached": 120.0}),
    "a cache of 120 s, skip-existing": Kind({"cached": 120.0, "skips_existing": True}),
    "four crashes, lag 20 s": Kind({"lives": (30, 40, 50, 60), "lag": Lag("constant", 20.0)}),
    "crashes while a request is kept back": Kind({"lives": (70, 80, 90, 100), "lag": Lag("constant", 3.0)}),
    "the API's clock an hour behind": Kind({"ahead": -3600.0}),
    "drafts": Kind({"drafts": frozenset(range(9))}),
    "drafts, colleagues' drafts": Kind({"drafts": frozenset(range(9)), "colleagues": 10, "their_drafts": True}),
    "people edit 30 % of the notes": Kind({"edited": 0.3}),
    "people publish 30 % of the drafts": Kind({"published": 0.3, "drafts": frozenset({0, 1, 2, 3})}),
    "people delete 20 % of the notes": Kind({"deleted": 0.2}),
    "replies shifted by one": Kind({"shifted": True, "fates": ("lost after", "500 before")}),
    "a colleague's same text, the first 10 answers unclear": Kind(
        {"bad_start": 10, "colleagues": 10, "same_text": True, "fates": ("lost before", "lost after", "500 before")}
    ),
    "a colleague's same text before anybody knows who writes ours": Kind(
        {"bad_start": 3, "colleagues": 40, "same_text": True, "known_from": 0, "fates": ("lost before",)}
    ),
    "the same text, no authors shown": Kind({"before": 12, "shows_author": False}),
    "two gateways, one bad": Kind({"fates": ("page before",), "faults": 0.5}),
    "closed for 200 s": Kind({"closed": 200.0}),
    "pinned notes first": Kind({"pinned": 0.4, "page": 3}),
    "more than 100 notes a prospect": Kind({"crowd": 120}),
    "a key that changes owner": Kind({"owners": True, "lives": (30, 40, 50), "colleagues": 10, "same_text": True}),
    "no note that was answered is kept": Kind({"drops": 1}),
    "a third of the notes is dropped": Kind({"drops": 3}),
    "a firewall refuses a note": Kind({"firewall": 3}),
    "mixed faults, late answers, slow limits": Kind({"fates": (*_FATES, *_LATE), "lag": Lag("wander", 20.0)}),
}


SHOWN_IN: dict[str, tuple[str, int]] = {
    "visibility and status explain a note": ("people publish 30 % of the drafts", 0),
    "a later draft hides nothing": ("drafts, colleagues' drafts", 5),
    "our author is the same with every key": ("a key that changes owner", 11),
    "all that is absent is sent again at once": ("one shard lags 30 s", 2),
    "nothing is kept back": ("a copy stops for 180 s", 6),
    "nothing needs an explanation": ("people edit 30 % of the notes", 0),
    "a control is read over another connection": ("half of the connections lag 60 s", 8),
    "a control may have left before rest": ("lag 20 s", 24),
    "a control is read once": ("two copies at random, 30 s", 4),
    "a missed control counts": ("lag 45 s", 2),
    "a prospect that reads don't know is a miss": ("prospects unknown to reads for 100 s", 6),
    "a possible match is adopted at once": ("a colleague's same text before anybody knows who writes ours", 1),
    "a note is blamed though another was accepted later": ("two gateways, one bad", 0),
    "every lookup asks alike": ("a cache of 120 s", 1),
    "only one page is read": ("pinned notes first", 12),
    "lag = 0.0": ("lag 90 s", 12),
    "read_timeout = 0.0": ("applied near the timeout, reads lag 3 s", 1),
}
"""Mutants of :mod:`.mutants` → a kind of world and a trial that show them."""


def regime_of(kind: Kind, seed: int) -> Regime:
    """The world of a trial."""
    chance = random.Random(f"kind {seed}")
    pairs = {(f"P{chance.randrange(25)}", chance.randrange(len(TEXTS))) for _ in range(80)}
    lines = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    found = Regime(
        lines=tuple((prospect, note, "") for prospect, note in lines[:60]),
        faults=0.3, reads_fail=0.05, fates=_FATES, page=100,
        read_timeout=60.0, settle=5.0,
    )  # fmt: skip
    return replace(found, **kind.special)  # type: ignore[arg-type]


def wrong(found: Mapping[str, int], may: Mapping[str, int]) -> dict[str, int]:
    """What went wrong, though it may not."""
    return {what: found[what] for what in WRONG if found[what] > may.get(what, 0)}


def trial(kind: Kind, seed: int) -> Counter[str]:
    """Import into a world of a kind until nothing changes any more, and count what went wrong."""
    regime = regime_of(kind, seed)
    world, disk, written = World(seed, regime), Disk(), list[Outcomes]()
    rows, began, took = imports.sheet(regime), world.now, 0.0
    outcomes: Outcomes | None = None
    wanted, rejected = imports.deliveries(rows, range(len(rows))), set[int]()
    for runs in range(_MOST_RUNS):
        ended = imports.run(world, disk, rows, written)
        world.pass_time(world.now + 60.0)
        if ended is None:
            continue
        rejected.update(ended.positions(Result.REJECTED).tolist())
        took = took or world.now - began - 60.0
        before, outcomes = outcomes, ended
        if before is not None and ended.counts() == before.counts():
            break
        if runs > 1:
            world.calm()
    if outcomes is None:
        return Counter({"no end": 1})
    made = {note.delivery for note in world.notes if note.is_ours}
    found = Counter(rows=len(rows), seconds=round(took), reads=world.reads)
    found["twice"] = sum((world.ours() - Counter(wanted)).values())
    for position, delivery in enumerate(wanted):
        result, note = outcomes.result(position), world.note(outcomes.note_id(position))
        if result in DELIVERED and outcomes.note_id(position) not in world.dropped:
            stands_for = note is not None and (note.is_ours or regime.skips_existing)
            is_own = note is not None and imports.says_same(note.delivery, delivery)
            found["wrong"] += not (stands_for and is_own)
            found["lost"] += delivery not in made and not regime.skips_existing
        found["rejected"] += position in rejected and delivery[1] != TEXTS[regime.firewall]
        found["unconfirmed"] += result is Result.UNCONFIRMED
        found["not sent"] += result is Result.NOT_SENT
    return found


def main(arguments: list[str] | None = None) -> int:
    """Try each kind; print what went wrong in all its trials."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.kinds", description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--only", default="", help="kinds whose names hold this")
    given = parser.parse_args(arguments)
    logging.disable()
    columns, is_worse = (*WRONG, "unconfirmed", "not sent", "seconds", "reads"), False
    print(f"{'':56}", *(f"{name:>11}" for name in columns))
    for name, kind in KINDS.items():
        if given.only in name:
            total = sum((trial(kind, seed) for seed in range(given.trials)), Counter[str]())
            is_worse |= bool(wrong(total, {what: n * given.trials for what, n in MAY.items()} | {**kind.may}))
            print(f"{name:56}", *(f"{total[what]:11,}" for what in columns), flush=True)
    return int(is_worse)


if __name__ == "__main__":
    sys.exit(main())
