"""What a terminal of 80 columns shows: whole words, one line for a line break in a cell, colours, and true numbers."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.sandbox import Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import Seen, types
from tests.truth import write_csv

HEAD = ("Prospect\nID", "Call\nnote", "Who can see it", "A column with a long heading", "Another\nwith a line break")
ROWS = [(f"P{i}", "Spoke about\nthe annual plan", "Team only", "Acme", "x") for i in range(4)]
FLAGS = ("--map", "content=B", "--map", "visibility=C", "--value", "visibility:Team only=Public")


@pytest.fixture(autouse=True)
def _terminal(desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def write(rows: Sequence[Sequence[str]] = ROWS) -> str:
    return write_csv(Path("n.csv"), HEAD, *rows).name


def lines(seen: Seen) -> list[str]:
    """Return the lines as they stand on the screen: the answers were typed ahead of the questions. No bars."""
    shown = re.sub(r"\x1b\[\d+m", "", seen.raw).replace("[y/N]: ", "[y/N]:\n")
    return [line for line in shown.split("\n") if "\r" not in line]


def test_no_line_is_longer_than_the_terminal_and_no_line_break_is_two_signs(box: Sandbox) -> None:
    screens = [
        types(["check", write([*ROWS, ("P\n9", "x", "?", "", "")]), *FLAGS], [""]),
        types(["run", write(), *FLAGS], ["y"]),
        types(["run", write([(f"X{row[0]}", *row[1:]) for row in ROWS]), *FLAGS, "--results", "o.csv"], ["n"]),
        types(["history"], []),
        types(["hide", "last"], ["n"]),
        types(["run", "n.csv", "--no-such-flag-as-this-one"], []),
    ]
    assert len(box.notes) == 4
    for seen in screens:
        assert max(map(len, lines(seen))) <= 80, seen.screen
        assert "\\n" not in seen.raw
    assert "column A 'Prospect ID'" in screens[0].screen
    assert "not used: 'A column with a long heading', 'Another with a line break'" in screens[0].screen
    assert re.search(r"4 +created +the note was created", screens[1].raw)


def test_a_line_to_be_copied_is_kept_whole() -> None:
    """A terminal breaks it as it likes, without a line break that would be copied, too."""
    seen = types(["schedule", "--between", "02:00-06:00", "--system", "cron", "."], [])
    assert seen.status == 0
    assert re.search(rf"^0 2 \* \* \* cd .* --yes --quiet -- {re.escape(str(Path.cwd()))}$", seen.raw, re.MULTILINE)
