"""The worked example of docs/architecture.md: 70 requests at 20 a minute, of which nothing is told."""

from __future__ import annotations

import re
from pathlib import Path

from tests.calls.virtual import NOON, Api, Importer

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_worked_example_of_pacing_takes_as_long_as_the_document_says() -> None:
    """Each time in its table is one at which the API let a call through or refused it."""
    importer = Importer(Api(20, 60.0, "off", retry=False), lambda: 0.1, lambda: 0.1, began_at=NOON + 40.0)
    took = importer.run(70)
    passed, refused = ([round(at - NOON - 40.0, 1) for at in some] for some in (importer.let_through, importer.refused))
    example = ARCHITECTURE.read_text(encoding="utf-8").partition("**Worked example.**")[2]
    rows = re.findall(r"^\| ([\d.]+)(?: to ([\d.]+))? \| (.+?) \|", example, re.MULTILINE)[:7]
    assert [(float(start), float(end or start), what.split()[0]) for start, end, what in rows] == [
        (passed[0], passed[19], "20"), (refused[0], refused[1], "2"), (refused[2], refused[8], "7"),
        (passed[20], passed[39], "20"), (refused[11], refused[12], "2"), (passed[40], passed[59], "20"),
        (passed[60], passed[69], "the"),
    ]  # fmt: skip
    assert f"done after {took:.1f} s" in example
