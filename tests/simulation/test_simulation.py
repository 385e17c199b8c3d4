"""Whatever a seed draws, every note is there once and every row's result is true; beyond the model, it is said."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.simulation import updates
from tests.simulation.imports import Violation, simulate
from tests.simulation.mutants import SHOWN_BY, applied, generated
from tests.simulation.regime import ONCE_BROKEN, Lag, draw, with_existing, with_files

BEYOND = ("twice", "later", "unordered")
IN_CI = bool(os.environ.get("CI"))
CHUNK = 10  # seeds in one test, so that they spread over processes

WORLDS: dict[str, tuple[int, int, Callable[[int], object]]] = {
    "": (20, 3_000 if IN_CI else 200, simulate),
    "--files": (20, 300 if IN_CI else 60, partial(simulate, files=True)),
    "--existing": (20, 300 if IN_CI else 60, lambda seed: simulate(seed, regime=with_existing(seed, draw(seed)))),
    "--updates": (20, 600 if IN_CI else 200, updates.simulate),
    **{f"--beyond {how}": (10, 50, partial(simulate, beyond=how)) for how in BEYOND},
    **{f"--beyond {how} --files": (0, 50, partial(simulate, beyond=how, files=True)) for how in BEYOND},
}
"""Kinds of worlds, as the command calls them → how many seeds are fast tests, how many there are, and what runs one."""

SEEDS = {
    "what was broken once stays mended": ONCE_BROKEN,
    "page sizes aren't used up by reading again what a known note has shown": (315,),
    "the next request for a prospect waits for the journal, and for what is sent again (D78)": (440, 4790, 10541),
    "a note that was seen isn't absent because a cache hides it later (D57)": (12911,),
    "no page size serves again once all were used, because a cache may hold its page (D60)": (2028659,),
    "a full disk makes no run ask a cache for pages of the run before (D60)": (26576,),
    "replies that go astray again and again come to an end (D36)": (3293, 6239),
    "a look that comes back when another one has found the note adopts no second one": (401079,),
    "copies that take turns hide nothing between two pages": (4497, 7968, 463953),
}


@pytest.mark.parametrize(
    ("world", "first"),
    [
        pytest.param(world, first, marks=pytest.mark.slow if first >= fast else ())
        for world, (fast, count, _) in WORLDS.items()
        for first in range(0, count, CHUNK)
    ],
)
def test_every_note_is_there_once_and_every_result_is_true(world: str, first: int) -> None:
    """With updates, no note is more visible than the sheet and a person say, whatever is changed or dies meanwhile."""
    for seed in range(first, first + CHUNK):
        try:
            WORLDS[world][2](seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found again with the seed
            said = f"seed {seed}: {type(error).__name__}: {error}"
            pytest.fail(f"{said}\nStep by step: python -m tests.simulation --seed {seed} {world}", pytrace=False)


@pytest.mark.parametrize(("why", "seed"), [(why, seed) for why, seeds in SEEDS.items() for seed in seeds])
def test_what_these_seeds_have_shown_stays_so(why: str, seed: int) -> None:
    simulate(seed)


def test_one_page_from_a_cache_is_no_two_misses() -> None:
    """Of a request's two prospects one is seen and not yet known as ours; the other one's page is a minute old."""
    simulate(286, regime=with_existing(286, draw(286)))


@pytest.mark.parametrize("seed", [95, 140, 148])
def test_a_note_in_doubt_is_nobody_elses_and_waits_for_its_files(seed: int) -> None:
    """A draft that is unclear isn't the published note of another row that reads the same."""
    simulate(seed, regime=with_existing(seed, with_files(seed, draw(seed))))


@pytest.mark.parametrize("first", [0, 20])
def test_notes_that_are_dropped_are_told_whatever_else_goes_wrong(first: int) -> None:
    """In some worlds at least; in others the runs died, reading failed, or no younger note was seen."""
    ended = [simulate(seed, regime=replace(draw(seed), drops=3)) for seed in range(first, first + 10)]
    assert sum(bool(one.last.missing) for one in ended) >= 2


@pytest.mark.parametrize(("kind", "own_jumps"), [("constant", 0.0), ("wander", 600.0), ("replicas", -600.0)])
def test_no_note_is_called_missing_while_reading_lags_and_clocks_are_set(kind: str, own_jumps: float) -> None:
    """Each run dies soon, and the next one reads back its own notes."""
    for seed in range(5):
        world = replace(draw(seed), lag=Lag(kind, 30.0), own_jumps=own_jumps, lives=(12, 20, 30, 40), drops=0)
        simulate(seed, regime=world)


@pytest.mark.parametrize("name", SHOWN_BY)
def test_a_rule_that_few_seeds_need_is_shown_by_a_world_of_its_own(name: str) -> None:
    seed, world = SHOWN_BY[name]
    [mutant] = [mutant for mutant in generated() if mutant.name == name]
    simulate(seed, regime=world)
    with applied(mutant), pytest.raises(Violation):
        simulate(seed, regime=world)


@pytest.mark.parametrize("seed", [7, 14, 57])
@pytest.mark.slow
def test_one_seed_is_one_run(seed: int) -> None:
    """The same steps at the same times, in this process and in another, whose sets are ordered differently."""
    stories: list[list[str]] = [[], []]
    for story in stories:
        simulate(seed, story=story)
    assert stories[0] == stories[1]
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", str(seed)],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True, encoding="utf-8", check=True, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.splitlines()[1:-1] == stories[0]


def test_every_mutant_can_be_made() -> None:
    """Each names what it changes by a text, which a new name would leave behind."""
    for mutant in generated():
        with applied(mutant):
            pass
