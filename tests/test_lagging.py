"""Reads that lag and texts that read back differently: the program, killed amid faults, makes no note twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.sandbox import Fault, Sandbox
from tests.test_killed import KEY, KILLS, kill_and_go_on, lines_of
from tests.truth import DELIVERED, check, write_sheet

pytestmark = pytest.mark.slow

FAULTS = ["500:after%0.1", "reset:after%0.1", "truncated:after%0.05", "500:before%0.05"]


@pytest.mark.parametrize(
    ("standing", "rows_in_doubt"),
    [("lag=2", False), ("rewrite=cut-20", True)],
)
def test_killed_where_reads_lag_or_texts_change_it_makes_every_note_once(
    standing: str, rows_in_doubt: bool, tmp_path: Path
) -> None:
    """Who wrote a note isn't shown: what reads differently is left in doubt then, be it there or not."""
    chance = random.Random(standing)
    lines = [line for line in lines_of(chance) if line.prospect.startswith("P") and line.status == "1"]
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    faults = [Fault.parse(text) for text in [*FAULTS, standing]]
    with Sandbox(api_key=KEY, faults=faults, seed=3, latency=0.005) as box:
        kills, status, output = kill_and_go_on(box, sheet, chance, ["--settle", "0.5"])  # a lag of 6 s is allowed for
        counts = check(lines, tmp_path / "results.csv", box)
        assert kills == KILLS
        assert status == rows_in_doubt, output
        assert len(lines) - counts["unconfirmed"] <= len(box.notes) <= len(lines)
        assert (counts["unconfirmed"] > 0) == rows_in_doubt
        assert sum(counts[result] for result in DELIVERED) + counts["unconfirmed"] == len(lines)
