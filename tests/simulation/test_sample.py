"""Worlds whose API drops notes behind a 201: a miss is told, and no note is called missing that is there.

What must be true stands in :mod:`tests.simulation.imports`; here are worlds in which much is dropped.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.imports import simulate
from tests.simulation.regime import Lag, draw


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
