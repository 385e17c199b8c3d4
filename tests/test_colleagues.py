"""A colleague's notes say what the sheet says, and answers are lost: no row is given a note that isn't ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from importer.settings import Settings
from tests import running
from tests.sandbox import COLLEAGUE, OWNER, Fault, Sandbox, invented
from tests.truth import read_results

ROWS = 100


@pytest.mark.usefixtures("jumping")
@pytest.mark.parametrize("faults", [("reset:after@*/5",), ("reset:before@*/10", "500:after@*/3")])
def test_no_colleagues_note_is_taken_for_a_lost_one(
    faults: tuple[str, ...], settings: Settings, tmp_path: Path
) -> None:
    """Rows name people by email. Each tenth of them has a colleague's note with the same text, which was just made."""
    people = invented(ROWS)
    sheet = tmp_path / "sheet.csv"
    lines = [f"{email},Called {email}: wants an offer,Public" for email in people.values()]
    sheet.write_text("\n".join(["Email,Note,Visibility", *lines]), encoding="utf-8")
    with Sandbox(prospects=people, faults=map(Fault.parse, faults)) as box:
        for prospect, email in [*people.items()][::10]:
            box.write(prospect, f"Called {email}: wants an offer")
        told = replace(settings, base_url=box.url, key=box.api_key, results=tmp_path / "results.csv")
        report = running.run(sheet, told)
        assert report is not None
        authors = {note.id: note.author for note in box.notes}
        ours = Counter(note.prospect_id for note in box.notes if note.author == OWNER)
    rows = read_results(tmp_path / "results.csv")
    assert Counter(row["result"] for row in rows) == {"created": ROWS}
    assert [row["note_id"] for row in rows if authors[row["note_id"]] == COLLEAGUE] == []
    assert ours == dict.fromkeys(people, 1)
