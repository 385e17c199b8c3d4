"""Worlds of one trouble each: nothing is there twice, lost or another row's, and each rule is needed in one of them."""

from __future__ import annotations

import pytest

from tests.simulation.kinds import KINDS, MAY, SHOWN_IN, trial, wrong
from tests.simulation.mutants import applied, generated

LONG = "more than 100 notes a prospect"


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        pytest.param(name, seed, marks=pytest.mark.slow if seed or name == LONG else ())
        for name in KINDS
        for seed in (0, 1)
    ],
)
def test_whatever_the_trouble_each_note_is_there_once(name: str, seed: int) -> None:
    assert wrong(trial(KINDS[name], seed), {**MAY, **KINDS[name].may}) == {}


@pytest.mark.parametrize("name", SHOWN_IN)
def test_without_its_rule_something_goes_wrong_in_such_a_world(name: str) -> None:
    kind, seed = KINDS[SHOWN_IN[name][0]], SHOWN_IN[name][1]
    [mutant] = [mutant for mutant in generated() if mutant.name == name]
    assert not wrong(trial(kind, seed), MAY)
    with applied(mutant):
        assert wrong(trial(kind, seed), MAY)
