"""Sheets whose columns come and go: each kind is asked about once, and no note is more than its own column says."""

from __future__ import annotations

import csv
import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from importer.cli import main
from tests.sandbox import Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import types

pytestmark = pytest.mark.usefixtures("desk")

TEXT = "Spoke about the annual plan and she wants an offer"
PUBLIC, PRIVATE, DRAFT = ("1", "1"), ("2", "1"), ("1", "0")


@dataclass(frozen=True)
class Night:
    """A kind of sheet: its columns beside the contact's ID and the text, a row's cells in them, and a person's answers.

    ``kind`` is the visibility and the status that its note may have.
    """

    columns: Sequence[str]
    cells: Sequence[str]
    answers: Sequence[str]
    kind: tuple[str, str]


PLAIN = Night((), (), ["1", "2", "y"], PUBLIC)
"""It has no visibility, and a person said that all notes are public."""
NIGHTS = [
    PLAIN,
    Night(["Region"], ["EMEA"], ["1", "y"], PUBLIC),
    Night(["Shared"], ["No"], ["1", "3", "1", "y"], PRIVATE),
    PLAIN,
    Night(["Shared", "Region"], ["No", "EMEA"], ["1", "y"], PRIVATE),
    Night(["Classification"], ["TLP:RED"], ["1", "3", "1", "y"], PRIVATE),
    Night(["Phase"], ["Draft"], ["1", "1", "y"], DRAFT),
    Night(["Stage"], ["Draft"], ["1", "2", "y"], PUBLIC),
]


def write(night: Night, number: int) -> str:
    head = ["Contact ID", *night.columns, "Full Comments"]
    with Path("n.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, [f"jzRkmgMd{number:02}", *night.cells, f"{TEXT} {number}"]])
    return "n.csv"


def test_each_kind_of_sheet_is_asked_about_once_and_no_note_is_more_than_its_column_says(box: Sandbox) -> None:
    asked = Counter[int]()
    for number, night in zip(range(16), itertools.cycle(NIGHTS), strict=False):
        path = write(night, number)
        if main(["run", path, "--yes"]) == 2:
            asked[NIGHTS.index(night)] += 1
            seen = types(["run", path], night.answers)
            assert seen.status == 0, seen.screen
        [note] = [note for note in box.notes if note.prospect_id == f"jzRkmgMd{number:02}"]
        assert (note.visibility, note.status) == night.kind, (number, night)
    assert max(asked.values()) == 1, asked
