"""Worlds of one trouble each: nothing is there twice, lost or another row's, and each rule is needed in one of them."""

from __future__ import annotations

import pytest

from tests.simulation.kinds import KINDS, SHOWN_IN, WRONG, trial
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
    kind, found = KINDS[name], trial(KINDS[name], seed)
    assert {what: found[what] for what in WRONG if found[what] > kind.may.get(what, 0)} == {}


@pytest.mark.parametrize("name", SHOWN_IN)
def test_without_its_rule_something_goes_wrong_in_such_a_world(name: str) -> None:
    kind, seed = SHOWN_IN[name]
    [mutant] = [mutant for mutant in generated() if mutant.name == name]
    assert not any(trial(KINDS[kind], seed)[what] for what in WRONG)
    with applied(mutant):
        found = trial(KINDS[kind], seed)
    assert any(found[what] for what in WRONG)
