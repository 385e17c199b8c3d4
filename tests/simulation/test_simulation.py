"""Whatever a seed draws, every note is there once and every row's result is true; beyond the model, it is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import updates
from tests.simulation.imports import Violation, simulate
from tests.simulation.mutants import SHOWN_BY, applied, generated
from tests.simulation.regime import ONCE_BROKEN, draw, with_existing, with_files

SEEDS = 3_000 if os.environ.get("CI") else 200
BEYOND = 50
FILES = 300 if os.environ.get("CI") else 60
EXISTING = 300 if os.environ.get("CI") else 60
UPDATES = 600 if os.environ.get("CI") else 200
CHUNK = 20  # seeds in one test, so that they spread over processes


def chunks(seeds: int, fast: int, chunk: int = CHUNK) -> list[Any]:
    """Where each test begins; those beyond the first so many ``fast`` seeds count as slow."""
    return [pytest.param(first, marks=[pytest.mark.slow] if first >= fast else []) for first in range(0, seeds, chunk)]


def run(seeds: range, beyond: str = "", *, files: bool = False) -> None:
    for seed in seeds:
        try:
            simulate(seed, beyond=beyond, files=files)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found again with the seed
            said = str(error) if isinstance(error, Violation) else f"{type(error).__name__}: {error}"
            more = (f" BEYOND={beyond}" if beyond else "") + (" FILES=1" if files else "")
            pytest.fail(f"seed {seed}: {said}\nStep by step: make simulate SEED={seed}{more}", pytrace=False)


@pytest.mark.parametrize("first", chunks(SEEDS, fast=20))
def test_every_note_is_there_once_and_every_result_is_true(first: int) -> None:
    run(range(first, first + CHUNK))


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_what_was_broken_once_stays_mended(seed: int) -> None:
    run(range(seed, seed + 1))


def test_what_a_known_note_has_shown_is_not_read_again_for_each_delivery() -> None:
    """In this world, page sizes would be used up, and a row that names nobody would stay unconfirmed."""
    simulate(315)


@pytest.mark.parametrize("seed", [440, 4790, 10541])
def test_a_prospects_notes_go_one_after_the_other(seed: int) -> None:
    """The next waits until the answer is in the journal, and until what is sent again has gone (D78)."""
    simulate(seed)


def test_a_note_that_was_seen_is_not_absent_because_a_cache_hides_it_later() -> None:
    """The third run in two minutes gets the first one's pages, without the note that it saw in between (D57)."""
    simulate(12911)


@pytest.mark.parametrize("seed", [3293, 6239])
def test_replies_that_go_astray_again_and_again_come_to_an_end(seed: int) -> None:
    """Two prospects' pages are exchanged, in any order (D36)."""
    simulate(seed)


@pytest.mark.parametrize("seed", [4497, 7968])
def test_copies_that_take_turns_hide_nothing_between_two_pages(seed: int) -> None:
    """One copy would always give the first page, and the other one the second."""
    simulate(seed)


def test_one_page_from_a_cache_is_no_two_misses() -> None:
    """Of a request's two prospects one is seen and not yet known as ours; the other one's page is a minute old."""
    simulate(286, regime=with_existing(286, draw(286)))


@pytest.mark.parametrize("first", chunks(BEYOND, fast=10, chunk=10))
@pytest.mark.parametrize("beyond", ["twice", "later", "unordered"])
def test_beyond_the_model_what_is_there_twice_is_said(beyond: str, first: int) -> None:
    run(range(first, first + 10), beyond)


@pytest.mark.parametrize("first", chunks(UPDATES, fast=20))
def test_no_note_becomes_more_visible_than_the_sheet_and_a_person_say(first: int) -> None:
    """Whatever is changed, hidden, given back or edited by somebody else, and however often the process dies."""
    for seed in range(first, first + CHUNK):
        try:
            updates.simulate(seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found again with the seed
            pytest.fail(f"seed {seed}: {error}\nStep by step: make simulate SEED={seed} UPDATES=1", pytrace=False)


@pytest.mark.parametrize("name", SHOWN_BY)
def test_a_rule_that_few_seeds_need_is_shown_by_a_world_of_its_own(name: str) -> None:
    """With the rule all is well in that world, and without it something isn't."""
    seed, world = SHOWN_BY[name]
    [mutant] = [mutant for mutant in generated() if mutant.name == name]
    simulate(seed, regime=world)
    with applied(mutant), pytest.raises(Violation):
        simulate(seed, regime=world)


@pytest.mark.parametrize("first", chunks(FILES, fast=20))
def test_every_note_carries_its_own_files_each_uploaded_once(first: int) -> None:
    run(range(first, first + CHUNK), files=True)


@pytest.mark.parametrize("seed", [95, 140, 148])
def test_a_note_in_doubt_is_nobody_elses_and_waits_for_its_files(seed: int) -> None:
    """A draft that is unclear isn't the published note of another row that reads the same."""
    simulate(seed, regime=with_existing(seed, with_files(seed, draw(seed))))


@pytest.mark.parametrize("first", chunks(EXISTING, fast=20))
def test_what_stands_there_already_is_not_sent_once_more(first: int) -> None:
    """Each such note serves one row, and whatever is killed or lost, the rest is there once."""
    for seed in range(first, first + CHUNK):
        simulate(seed, regime=with_existing(seed, draw(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("beyond", ["twice", "later", "unordered"])
def test_beyond_the_model_files_are_no_reason_to_say_less(beyond: str) -> None:
    run(range(BEYOND), beyond, files=True)


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
