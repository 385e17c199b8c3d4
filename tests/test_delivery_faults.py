"""Whatever the API does to a request, before it is applied or after, every row's result is true and no note doubles."""

import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from importer.api.saleshandy import Saleshandy
from importer.errors import CallRefused, Outage
from importer.importing.report import Report
from importer.models import Note, Status, Visibility
from importer.operations.verify import verify
from tests import delivering, running
from tests.delivering import KEY, counts, settings
from tests.sandbox import Fault, Limit, Sandbox
from tests.truth import Line, read_results, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

# Six requests at three prospects each: unknown and malformed ids, duplicates, drafts, private notes among them.
LINES = [
    *(Line(f"P{number}", "Spoke about the annual plan.") for number in range(5)),
    Line("INVALID1", "Spoke about the annual plan."),
    Line("P9", "Asked for a <b>quote</b> & terms"),
    Line("MALFORMED1", "Asked for a <b>quote</b> & terms"),
    Line("P8", "Asked for a <b>quote</b> & terms"),
    Line("P0", "Only for me", "2"),
    Line("P1", "Only for me", "2"),
    Line("P2", "A draft\nof two lines", "1", "0"),
    Line("P0", "Spoke about the annual plan."),
]
TWO = [Line("P1", "Hello"), Line("P2", "Something else")]
ROOMY = Limit.parse("10000/1s:headers:429")  # told with every reply, so that one 429 is soon over
FINAL = Counter({"created": 10, "rejected": 2, "duplicate": 1})

UNCLEAR = [
    "408", "500", "503=1", "html-502", "close", "reset", "hang=1", "empty", "not-json", "null", "truncated",
    "missing", "missing-all",
]  # fmt: skip
HARMLESS = ["drip=0.001", "slow-headers=0.01", "shuffled", "wrong-id", "late=0.1", "cut-request"]
READING = ["429=1", "500", "reset", "cut-request", "truncated", "missing-all", "shuffled", "late=0.1"]


def deliver(box: Sandbox, folder: Path, lines: list[Line] = LINES, **more: object) -> Report:
    return delivering.deliver(box, folder, lines, **more)


def fault(text: str) -> Fault:
    return Fault.parse(text)


@pytest.mark.parametrize(
    "kind", [*(f"{kind}:after" for kind in UNCLEAR), *(f"{kind}:before" for kind in UNCLEAR[::3]), *HARMLESS]
)
def test_an_unclear_answer_is_read_back_and_the_import_ends_as_if_nothing_had_been(kind: str, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, faults=[fault(f"{kind}@1,3")]) as box:
        report = deliver(box, tmp_path)
        assert sum(received.fault is not None for received in box.received) == 2
        methods = Counter(received.method for received in box.received)
    assert report.requests == methods["POST"]
    assert counts(report) == FINAL
    assert report.exit_status == 1


@pytest.mark.parametrize("kind", ["400@1", "400@3", "404@3", "413@3", "429=1@3"])
def test_a_refusal_of_the_whole_request_is_halved_until_nobody_is_wronged(kind: str, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, faults=[fault(kind)], limit=ROOMY) as box:
        first = counts(deliver(box, tmp_path))
        assert first["created"] + first["rejected"] == 12  # one that stands alone is taken at its word
        assert first["rejected"] <= 3
        final = counts(deliver(box, tmp_path))
    assert final["created"] + final["already imported"] == 10
    assert (final["rejected"], final["duplicate"]) == (2, 1)


@pytest.mark.parametrize("place", ["@1", "@3"])
@pytest.mark.parametrize(
    ("kind", "cause"),
    [("401", "bad key"), ("400-token", "bad key"), ("403", "not permitted"), ("400-property", "wrong call")],
)
def test_what_only_a_person_can_help_with_stops_the_run_and_the_same_command_finishes_it(
    kind: str, cause: str, place: str, tmp_path: Path
) -> None:
    with Sandbox(api_key=KEY, faults=[fault(f"{kind}:x1{place}")]) as box:
        report = deliver(box, tmp_path)
        assert isinstance(report.stopped, CallRefused) and report.stopped.cause == cause
        assert report.exit_status == 4
        assert counts(report)["unconfirmed"] == 0
        done = counts(report)["created"]
        again = deliver(box, tmp_path)
    assert again.stopped is None
    assert counts(again) + Counter({"created": done, "already imported": -done}) == FINAL


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_redirect_before_any_success_stops_the_run_and_what_was_sent_is_looked_up_by_the_next(
    moment: str, tmp_path: Path
) -> None:
    with Sandbox(api_key=KEY, faults=[fault(f"redirect:{moment}")]) as box:
        report = deliver(box, tmp_path)
        assert isinstance(report.stopped, CallRefused) and report.stopped.cause == "redirected"
        assert report.exit_status == 4
        assert counts(report)["unconfirmed"] >= 3
        assert counts(report).total() == counts(report)["unconfirmed"] + counts(report)["not sent"]
        box.clear_faults()
        final = counts(deliver(box, tmp_path))
    assert final["created"] + final["already imported"] == 10


@pytest.mark.parametrize("kind", READING)
def test_a_fault_while_reading_back_is_overcome(kind: str, tmp_path: Path) -> None:
    unclear = [fault("502:after@1"), fault("missing-all:after@3"), fault("500:before@2")]
    with Sandbox(api_key=KEY, faults=[*unclear, fault(f"{kind}:GET@1,4")], limit=ROOMY) as box:
        report = deliver(box, tmp_path, settle=0.1)
        assert sum(received.fault is not None for received in box.received) == 5
    assert counts(report) == FINAL


@pytest.mark.parametrize("kind", ["404", "gateway-403", "html-403"])
def test_where_reading_back_is_refused_rows_are_unconfirmed_and_settled_by_a_later_run(
    kind: str, tmp_path: Path
) -> None:
    with Sandbox(api_key=KEY, faults=[fault("500:after@2"), fault("500:before@3"), fault(f"{kind}:GET@2-")]) as box:
        report = deliver(box, tmp_path)
        assert counts(report)["unconfirmed"] > 0
        assert counts(report)["not sent"] == 0
        assert report.exit_status == 1
        before = len(box.received)
        assert counts(deliver(box, tmp_path, give_up=1.0))["unconfirmed"] > 0
        assert sum(received.method == "POST" for received in box.received[before:]) <= 6  # only rejected ones again
        box.clear_faults()
        final = counts(deliver(box, tmp_path))
    assert (final["unconfirmed"], final["rejected"], final["duplicate"]) == (0, 2, 1)


@pytest.mark.parametrize(
    "trouble", [{"faults": [Fault.parse("503:any@4-")]}, {"limit": Limit.parse("2/1h:headers:429:first-call")}]
)
def test_an_api_that_is_away_too_long_ends_the_run_and_the_same_command_finishes_it(
    trouble: dict[str, Any], tmp_path: Path
) -> None:
    with Sandbox(api_key=KEY, **trouble) as box:
        report = deliver(box, tmp_path, give_up=1.0)
        assert isinstance(report.stopped, Outage)
        assert report.exit_status == 3
        box.clear_faults()
        box.set_limit(None)
        final = counts(deliver(box, tmp_path))
    assert final["created"] + final["already imported"] == 10
    assert final["unconfirmed"] == final["not sent"] == 0


def test_again_delivers_anew_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    lines = [Line(f"P{n}", f"Note {n % 3}") for n in range(9)]
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, lines)
        box.set_faults([fault("500:after@1"), fault("401@2")])
        for status in (4, 0):
            report = running.ran(tmp_path / "sheet.csv", settings(box, tmp_path, again=True))
            assert report.exit_status == status
            box.clear_faults()
            rows = read_results(report.results)
        held = Counter((note.prospect_id, note.sent_content) for note in box.notes)
    assert held == {(line.prospect, line.note): 2 for line in lines}
    assert len({row["note_id"] for row in rows}) == 9


def by_hand(box: Sandbox) -> None:
    with closing(Saleshandy(box.url, KEY, read_timeout=2, clock=time.time)) as other:
        other.create(Note("Hello", Visibility.PUBLIC, Status.PUBLISHED), ["P1"])


def of_p1(box: Sandbox) -> set[str]:
    return {note.id for note in box.notes if note.prospect_id == "P1"}


@pytest.mark.parametrize("by_verify", [False, True])
def test_the_next_run_or_verify_looks_at_what_was_sent_again_by_one_that_was_stopped(
    tmp_path: Path, by_verify: bool
) -> None:
    with Sandbox(api_key=KEY, faults=[fault("500:before@1")]) as box:
        given = settings(box, tmp_path, workers=1)
        sheet = write_sheet(tmp_path / "sheet.csv", TWO)
        first = running.ran(sheet, given, stop=lambda: "enough" if len(box.notes) == 2 else None)
        assert (first.exit_status, counts(first)) == (3, Counter({"created": 2}))
        by_hand(box)
        ids = of_p1(box)
        if by_verify:
            found = verify(given)
            assert (found.found, found.absent, found.unconfirmed, found.exit_status) == (0, 0, 0, 1)
            assert set(found.duplicates) < ids
        for calls in (0, 0) if by_verify else (1, 0):
            before = len(box.received)
            again = running.ran(sheet, given)
            assert (again.exit_status, counts(again)) == (1, Counter({"already imported": 2}))
            assert {row: set(duplicates) for row, duplicates in again.duplicates.items()} == {2: ids}
            assert "the same note exists again as" in read_results(again.results)[0]["reason"]
            assert len(box.received) - before == calls
