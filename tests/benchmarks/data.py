"""Sheets to import: so many rows of four columns, with so many distinct notes."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

from xlsxwriter.workbook import Workbook

HEADINGS = ("Prospect ID", "Note", "Visibility", "Status")
_WORDS = "called spoke asked price contract renewal quarter budget team demo next week sent offer follow up".split()


def rows(count: int, notes: int) -> Iterator[tuple[str, str, str, str]]:
    """Every prospect once, notes in any order; the same for the same numbers."""
    rng = random.Random(count)
    texts = [f"Call {i}: {' '.join(rng.choices(_WORDS, k=12))}." for i in range(notes)]
    order = [i % notes for i in range(count)]
    rng.shuffle(order)
    for i, note in enumerate(order):
        yield f"p{i:05x}{rng.getrandbits(16):04x}", texts[note], ("Public", "Private")[note % 2], "Published"


def write(path: Path, count: int, notes: int) -> Path:
    """Write a sheet as ``.xlsx`` or ``.csv``, unless it stands there already."""
    if path.exists():
        return path
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADINGS)
            writer.writerows(rows(count, notes))
    else:
        book = Workbook(str(path), {"constant_memory": True})
        sheet = book.add_worksheet("Notes")
        for number, row in enumerate((HEADINGS, *rows(count, notes))):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
        book.close()
    return path
