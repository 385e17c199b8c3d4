"""Before the first note that a workspace ever gets, one call reads, so that nothing is sent to a wrong address."""

from collections import Counter
from pathlib import Path

import pytest

from importer.errors import CallRefused, WrongAddress
from importer.importing.report import Report
from importer.settings import Settings
from tests import running
from tests.api.canned import Canned, reply
from tests.delivering import KEY, counts, deliver, settings
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

LINES = [Line(f"P{number}", "Spoke about the annual plan.") for number in range(4)]
JSON = "Content-Type: application/json"
NEST = reply({"statusCode": 404, "message": "Cannot GET /prospects", "error": "Not Found"}, "404 Not Found", JSON)
WEB_PAGE = reply(b"<html><title>Welcome</title></html>", "200 OK", "Content-Type: text/html")

pytestmark = pytest.mark.usefixtures("jumping")


def imported(server: Canned, folder: Path, address: str = "", **more: object) -> Report:
    sheet = write_sheet(folder / "sheet.csv", LINES)
    given = Settings(
        base_url=address or server.url, key="k", journal=folder / "journal.sqlite", results=folder / "results.csv",
        **more,  # type: ignore[arg-type]
    )  # fmt: skip
    report = running.ran(sheet, given)
    assert {request.partition(b" ")[0] for request in server.requests} == {b"GET"}
    assert counts(report) == Counter({"not sent": len(LINES)})
    assert report.requests == 0
    return report


@pytest.mark.parametrize(
    ("answer", "version"),
    [*((answer, "/v1") for answer in (NEST, WEB_PAGE, reply(b"", "404 Not Found"), reply({"status": "ok"}, "200 OK"))),
     (NEST, ""), (WEB_PAGE, "")],
)  # fmt: skip
def test_nothing_is_sent_to_another_service_or_without_the_version(answer: bytes, version: str, tmp_path: Path) -> None:
    with Canned(answer) as server:
        address = server.url.removesuffix(version)
        report = imported(server, tmp_path, address)
    assert isinstance(report.stopped, WrongAddress)
    assert report.exit_status == 4
    assert (f"Did you mean {address}/v1?" in str(report.stopped)) is bool(version)
    assert not version or len(server.requests) == 3  # a gateway may have been at fault once or twice


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (reply({"code": 1001, "message": "Invalid token"}, "400 Bad Request", JSON), "bad key"),
        (
            reply({"code": 4003, "message": "You don't have required permissions"}, "403 Forbidden", JSON),
            "not permitted",
        ),
        (
            reply({"statusCode": 400, "message": ["property sort should not exist"]}, "400 Bad Request", JSON),
            "wrong call",
        ),
        (reply(b"", "302 Found", "Location: https://example.com/login"), "redirected"),
    ],
)
def test_what_only_a_person_can_mend_is_known_before_anything_is_sent(
    answer: bytes, cause: str, tmp_path: Path
) -> None:
    with Canned(answer) as server:
        report = imported(server, tmp_path)
    assert isinstance(report.stopped, CallRefused)
    assert report.stopped.cause == cause
    assert report.exit_status == 4
    assert len(server.requests) == 1


def reads(box: Sandbox) -> int:
    return sum(request.path == "/v1/prospects" for request in box.received)


def test_the_first_run_of_a_workspace_reads_once_and_later_runs_do_not(tmp_path: Path) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES)
        assert [request.method for request in box.received][:2] == ["GET", "POST"]
        assert reads(box) == 1
        deliver(box, tmp_path, [*LINES, Line("P9", "Another note")])
        assert reads(box) == 1
        sheet = write_sheet(tmp_path / "other.csv", [Line("P8", "For another workspace")])
        running.run(sheet, settings(box, tmp_path, profile="other"))
        assert reads(box) == 2


def test_a_refusal_in_the_apis_own_words_shows_the_api_too(tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, lists=False) as box:
        assert counts(deliver(box, tmp_path, LINES)) == Counter({"created": 4})
