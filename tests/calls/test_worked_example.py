"""The worked example of docs/architecture.md: 250 requests at 100 a minute."""

from __future__ import annotations

import re
from pathlib import Path

from tests.calls.virtual import NOON, Api, Importer

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_worked_example_of_pacing_takes_as_long_as_the_document_says() -> None:
    """Each time that its table names is one at which a call left, or the end; and nothing was refused."""
    api = Api(100, 60.0)
    importer = Importer(api, lambda: 0.1, lambda: 0.1, began_at=NOON)
    took = importer.run(250)
    left = [round(at - NOON, 1) for at in importer.sent]
    example = ARCHITECTURE.read_text(encoding="utf-8").partition("**Worked example.**")[2]
    rows = re.findall(r"^\| ([\d.]+)(?: to ([\d.]+))? \| (.+?) \|", example, re.MULTILINE)[:6]
    assert [(float(start), what.split()[0]) for start, _, what in rows] == [
        (left[0], "1"), (left[1], "99"), (left[99], "nothing"), (left[100], "1"), (left[101], "99"), (left[200], "the"),
    ]  # fmt: skip
    assert [float(end) for _, end, _ in rows if end] == [left[99], left[100], left[199], round(took, 1)]
    assert f"done after {took:.1f} s; no call was refused" in example
    assert api.refused == 0
