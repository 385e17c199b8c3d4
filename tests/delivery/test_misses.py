"""One lookup that misses a note proves nothing: it may have been at a copy that lags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from importer.delivery.replication_lag import ENOUGH
from importer.settings import Settings
from tests import running
from tests.sandbox import Fault, Received, Sandbox
from tests.truth import Line, check, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")


def imported(lines: Sequence[Line], folder: Path, settle: float, *faults: str) -> Sequence[Received]:
    """Import a sheet, see that every row is created and there once, and return what the sandbox received."""
    sheet = write_sheet(folder / "sheet.csv", lines)
    with Sandbox(api_key="a-key", faults=[Fault.parse(fault) for fault in faults]) as box:
        settings = Settings(
            base_url=box.url, key="a-key", workers=1, settle=settle,
            journal=folder / "journal.sqlite", results=folder / "results.csv",
        )  # fmt: skip
        report = running.run(sheet, settings)
        assert report is not None
        assert check(lines, report.results, box) == Counter(created=len(lines))
        return box.received


@pytest.mark.parametrize(
    ("prospects", "missed"),
    [
        (1, "2"),  # one prospect alone: its first lookup misses its note
        (3, "2"),  # the first of three misses it, the others find theirs
        (3, "3,4"),  # the first has its note, the others are missed
    ],
)
def test_a_note_that_the_first_lookup_misses_is_not_sent_again(prospects: int, missed: str, tmp_path: Path) -> None:
    """Nothing is waited for here, neither rest nor reading: that it was missed twice is all that holds.

    No answer has named a note of ours, so nobody knows yet that the author is us, and each note is looked at once more.
    """
    lines = [Line(f"P{number}", "Spoke about the annual plan.") for number in range(prospects)]
    received = imported(lines, tmp_path, 0.0, "500:after@1", f"missing-all:GET@{missed}")
    sent = Counter(one.method for one in received[1:])
    assert sent["POST"] == 1
    assert sent["GET"] == 2 * prospects + missed.count(",") + 1


def test_while_a_miss_proves_nothing_one_prospect_of_a_request_is_looked_at_and_no_other(tmp_path: Path) -> None:
    """Each of the others is looked at when that proves something, and once more when it was sent again.

    Ten notes are read back besides, as the run's sample.
    """
    absent = [f"P{number}" for number in range(15)]
    lines = [*(Line(one, "Spoke about the annual plan.") for one in absent), Line("P99", "Prefers email.")]
    received = imported(lines, tmp_path, 1.0, "503:before@1")
    looked = Counter(one.path.split("/")[3] for one in received[1:] if one.method == "GET")
    measuring = looked.pop("P99")
    assert 0 < measuring <= ENOUGH + 1
    first = looked.pop(absent[0])
    assert looked.keys() == set(absent[1:])
    assert set(looked.values()) <= {2, 3}
    assert sum(looked.values()) <= 2 * len(looked) + 10
    assert first - 2 in (2, 3, 4, 5)  # at once, at rest, and until it is known how reading lags
