"""Worlds whose API drops notes behind a 201: what a sample can tell is told, and no other note is called missing.

What must be true stands in :mod:`tests.simulation.imports`; here are worlds in which much is dropped.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.imports import simulate
from tests.simulation.regime import Lag, draw


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_what_a_sample_can_tell_is_told_whatever_else_goes_wrong(first: int) -> None:
    for seed in range(first, first + 10):
        simulate(seed, regime=replace(draw(seed), drops=3))


@pytest.mark.parametrize("kind", ["constant", "wander", "replicas"])
@pytest.mark.parametrize("own_jumps", [0.0, 600.0, -600.0])
def test_no_note_is_called_missing_while_reading_lags_and_clocks_are_set(kind: str, own_jumps: float) -> None:
    """Each run dies soon, and the next reads back notes whose age it can't know."""
    for seed in range(5):
        world = replace(draw(seed), lag=Lag(kind, 30.0), own_jumps=own_jumps, lives=(12, 20, 30, 40), drops=0)
        simulate(seed, regime=world)
