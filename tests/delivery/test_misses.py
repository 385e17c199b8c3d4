"""A missed note proves nothing by itself: a control must be read before and after which it is missed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from importer.delivery.control import READS
from importer.settings import Settings
from tests import running
from tests.jumping import Jumping, jumping
from tests.sandbox import Fault, Received, Sandbox
from tests.truth import Line, check, write_sheet

TEXT = "Spoke about the annual plan."


@pytest.fixture
def clock() -> Iterator[Jumping]:
    with jumping() as clock:
        yield clock


def imported(
    lines: Sequence[Line], folder: Path, *faults: str, settle: float = 5.0, batch_size: int = 100
) -> Sequence[Received]:
    """Import a sheet, see that every row is created and there once, and return what the sandbox received."""
    sheet = write_sheet(folder / "sheet.csv", lines)
    with Sandbox(api_key="a-key", faults=[Fault.parse(fault) for fault in faults]) as box:
        settings = Settings(
            base_url=box.url, key="a-key", workers=1, settle=settle, batch_size=batch_size,
            journal=folder / "journal.sqlite", results=folder / "results.csv",
        )  # fmt: skip
        report = running.ran(sheet, settings)
        assert check(lines, report.results, box) == Counter(created=len(lines))
        return box.received


def prospects(calls: Sequence[Received], method: str) -> list[str]:
    if method == "GET":
        return [call.path.split("/")[3] for call in calls if call.method == "GET" and call.path.count("/") > 3]
    return [named[0] for named in sent(calls)]


def sent(calls: Sequence[Received]) -> list[list[str]]:
    bodies = [call.body or {} for call in calls if call.method == "POST"]
    return [[str(prospect) for prospect in cast(list[str], body["prospectIds"])] for body in bodies]


def test_a_known_note_is_read_first_so_that_a_lost_one_is_adopted_at_once(
    tmp_path: Path, clock: Callable[[], float]
) -> None:
    """It shows who writes our notes; without it, a note that may be a colleague's waits for a control."""
    lines = [Line(f"P{number}", f"{TEXT} {number}") for number in range(4)]
    began = clock()
    received = imported(lines, tmp_path, "close:after@2")
    assert clock() - began < 60  # no rest
    assert prospects(received, "POST") == ["P3", "P0", "P1", "P2"]
    assert prospects(received, "GET")[:2] == ["P3", "P0"]


def test_the_first_request_is_kept_back_and_serves_as_control(tmp_path: Path, clock: Callable[[], float]) -> None:
    lines = [Line(f"P{number}", f"{TEXT} {number}") for number in range(4)]
    lines += [Line(prospect, "Prefers email.") for prospect in ("P7", "P8", "P9")]
    began = clock()
    received = imported(lines, tmp_path, "close:before@1")
    assert 65 <= clock() - began < 77  # rest; what was sent again is looked at once more when all else is done
    assert prospects(received, "POST") == ["P3", "P7", "P0", "P3", "P1", "P2"]
    looked = Counter(prospects(received, "GET"))
    assert looked["P0"] >= READS
    assert looked["P3"] <= 4  # at once, after rest, after the control, and at the end


def test_without_a_control_reading_gets_a_minute_and_one_note_goes_first(
    tmp_path: Path, clock: Callable[[], float]
) -> None:
    lines = [Line(f"P{number}", TEXT) for number in range(5)]
    began = clock()
    received = imported(lines, tmp_path, "close:before@1")
    assert 125 <= clock() - began < 200
    assert sent(received) == [["P0", "P1", "P2", "P3", "P4"], ["P0"], ["P1", "P2", "P3", "P4"]]
    assert Counter(prospects(received, "GET"))["P0"] >= READS


def test_of_several_without_a_control_one_goes_first_and_serves_the_others(tmp_path: Path, clock: Jumping) -> None:
    received = imported([Line(f"P{number}", TEXT) for number in range(3)], tmp_path, "close:before@1,2,3", batch_size=1)
    sends = [place for place, call in enumerate(received) if call.method == "POST"]
    assert prospects(received, "POST")[3] == "P0"
    assert prospects(received[sends[3] : sends[4]], "GET").count("P0") >= READS
