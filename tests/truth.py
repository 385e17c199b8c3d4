"""A sheet to import, and whether its results are true: compared with what a sandbox holds, row by row."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer import files
from importer.markup import content_of
from importer.models import ContentKind
from importer.resultsfile import COLUMNS, COMPOSED
from tests.sandbox import Sandbox
from tests.sandbox.service import StoredNote

HEADINGS = ("Prospect ID", "Note", "Visibility", "Status", "Key")
OUR_COLUMNS = tuple(column.heading for column in COLUMNS if column.heading != COMPOSED)
DELIVERED = {"created", "already imported"}
RESULTS = {*DELIVERED, "duplicate", "rejected", "invalid", "unconfirmed", "not sent"}

Delivery = tuple[str, str, str, str]  # prospect, content as sent, visibility, status


@dataclass(frozen=True)
class Line:
    prospect: str
    note: str
    visibility: str = "1"
    status: str = "1"
    key: str = ""

    @property
    def delivery(self) -> Delivery:
        return self.prospect, content_of(self.note, ContentKind.AUTO), self.visibility, self.status

    @property
    def cells(self) -> tuple[str, ...]:
        return self.prospect, self.note, self.visibility, self.status, self.key


def write_csv(path: Path, *rows: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_sheet(path: Path, lines: Iterable[Line]) -> Path:
    return write_csv(path, HEADINGS, *(line.cells for line in lines))


def latest(path: Path) -> Path:
    """The latest of the files written for one name: results never replace a file, but take the next number."""
    found = path
    for place in files.numbered(path):
        if not place.exists():
            break
        found = place
    return found


def read_results(path: Path) -> list[dict[str, str]]:
    with latest(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def delivery_of(note: StoredNote) -> Delivery:
    return note.prospect_id, note.sent_content, note.visibility, note.status


def check(lines: Sequence[Line], results: Path, box: Sandbox) -> Counter[str]:
    """Every row has one true result, and no note is there twice; returns how many rows ended in which way."""
    rows = read_results(results)
    assert len(rows) == len(lines)
    held = {note.id: note for note in box.notes}
    wanted = Counter((line.delivery, line.key) for line in lines)
    allowed = Counter(delivery for delivery, _ in wanted)
    there = Counter(delivery_of(note) for note in held.values())
    twice = {delivery: count for delivery, count in there.items() if count > allowed[delivery]}
    assert not twice, f"created more often than the sheet has it: {twice}"
    claimed: dict[str, Line] = {}
    told: defaultdict[Delivery, Counter[str]] = defaultdict(Counter)
    for line, row in zip(lines, rows, strict=True):
        assert tuple(row[heading] for heading in HEADINGS) == line.cells
        result, note_id = row["result"], row["note_id"]
        assert result in RESULTS
        told[line.delivery][result] += 1
        if result in DELIVERED:
            assert note_id in held, f"{line} is said to be {result}, but {note_id!r} doesn't exist: {row['reason']}"
            assert delivery_of(held[note_id]) == line.delivery
            assert claimed.setdefault(note_id, line) is line, f"{note_id} is given to two rows"
        elif result == "duplicate":
            assert held[note_id].prospect_id == line.prospect
        else:
            assert not note_id
            assert row["reason"] or result == "not sent"
    for delivery, results_of_it in told.items():
        delivered = sum(results_of_it[result] for result in DELIVERED)
        if results_of_it["unconfirmed"]:
            assert delivered <= there[delivery] <= delivered + results_of_it["unconfirmed"]
        else:
            assert there[delivery] == delivered, f"{delivery}: {dict(results_of_it)}, and {there[delivery]} are there"
    return Counter(row["result"] for row in rows)
