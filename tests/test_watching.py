"""Where no person sits before a terminal, lines say now and then how far it is, the first of them soon."""

from __future__ import annotations

import time

import pytest

from importer.cli.watching import Watch
from importer.models import Progress


@pytest.mark.parametrize(
    ("troubles", "said"),
    [
        ([(8, ""), (9.5, ""), (20, ""), (39, ""), (40, "")], [9.5, 40]),
        ([(2, "gone"), (9.5, "gone"), (20, "gone")], [9.5]),
        ([(9.5, ""), (12, ""), (30, "gone"), (31, "gone"), (59, "gone"), (61, "gone")], [9.5, 30, 61]),
    ],
    ids=["none", "from the first", "later"],
)
def test_lines_come_soon_and_then_now_and_then(
    troubles: list[tuple[float, str]],
    said: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first within ten seconds, and so is trouble told of; further ones every half minute."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    found = []
    with Watch() as watch:
        watch.begin(100)
        for after, trouble in troubles:
            now = 1000.0 + after
            watch.observe(Progress(100, 50, 50, 0, 1, trouble))
            if line := capsys.readouterr().err:
                assert "50 of 100 rows" in line
                assert trouble in line
                found.append(after)
    assert found == said
