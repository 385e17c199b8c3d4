"""Every note that an earlier version read is found under what this version reads, or under a former reading of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.rows.recorded import FILE, sheets, shortened


@pytest.mark.slow
def test_each_recorded_digest_is_the_notes_or_one_of_its_former_readings(tmp_path: Path) -> None:
    """Most sheets read as they did, and carry no former reading at all."""
    recorded = json.loads(FILE.read_text(encoding="utf-8"))
    before, same = 0, 0
    for title, loaded in sheets(tmp_path):
        rows = loaded.rows
        now = {shortened(note.digest) for note in rows.notes}
        former = {
            shortened(note.digest)
            for number, index in zip(rows.number.tolist(), rows.note.tolist(), strict=True)
            if rows.former is not None and index >= 0
            for note, _, _ in rows.former(rows.notes[index], "", number, None)
        }
        then = {*recorded.pop(title, "").split()}
        assert then <= now | former, title
        before, same = before + len(then), same + len(then & now)
    assert not recorded
    assert (before, same) == (544, 491)
