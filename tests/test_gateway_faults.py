"""Whatever stands between and speaks for the API, no note doubles, is lost, or is called rejected without its no."""

from collections import Counter
from pathlib import Path

import pytest

from importer.api import transport
from importer.errors import CallRefused, WrongAddress
from tests.delivering import KEY, counts, deliver
from tests.sandbox import Fault, Sandbox
from tests.truth import Line, read_results

pytestmark = pytest.mark.usefixtures("jumping")

SHARED = [Line(f"P{number}", "Spoke about the annual plan.") for number in range(12)]
SINGLE = [Line(f"P{number}", f"Call number {number}") for number in range(8)]
LINES = [*SHARED, *SINGLE]
ALL = Counter({"created": len(LINES)})


def faults(*texts: str) -> list[Fault]:
    return [Fault.parse(text) for text in texts]


def finished(box: Sandbox, folder: Path, **more: object) -> None:
    box.clear_faults()
    again = counts(deliver(box, folder, LINES, **more))
    assert again["created"] + again["already imported"] == len(LINES)
    assert len(box.notes) == len(LINES)


@pytest.mark.parametrize("way", ["html-403:before", "gateway-404:before", "html-404:after"])
def test_one_of_several_gateways_that_has_lost_its_way_costs_no_row(way: str, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, faults=faults(f"{way}:any%0.34"), seed=2) as box:
        report = deliver(box, tmp_path, LINES)
        assert counts(report)["rejected"] == 0
        finished(box, tmp_path)


WAYS = "html-300 html-403 html-404 html-413 html-500 html gateway-403 gateway-404 415 redirect".split()


@pytest.mark.parametrize("way", [*(f"{way}:after" for way in WAYS), "html-404:before", "redirect:before"])
def test_an_error_that_a_gateway_shows_as_another_is_looked_up(way: str, tmp_path: Path) -> None:
    """What says no in words that are not the API's, or leads elsewhere, may have been applied before that."""
    with Sandbox(api_key=KEY, faults=faults(f"{way}@5,7,9")) as box:
        assert counts(deliver(box, tmp_path, LINES)) == ALL
        finished(box, tmp_path)


@pytest.mark.parametrize("ahead", [1200, -1200])
def test_a_gateways_clock_dates_no_note(ahead: int, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, faults=faults(f"clock={ahead}", "500:after@5,7", "500:before@6")) as box:
        assert counts(deliver(box, tmp_path, LINES)) == ALL
        finished(box, tmp_path)


@pytest.mark.parametrize("way", ["@1", ":json@5", ":403@5", ":403:POST@7"])
def test_a_route_that_is_lost_for_a_while_is_waited_for(way: str, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, latency=0.02, faults=faults(f"lost-route=2{way}")) as box:
        assert counts(deliver(box, tmp_path, LINES)) == ALL
        finished(box, tmp_path)


@pytest.mark.parametrize(
    "kind", ["lost-route=600", "html:any", *(pytest.param(f"html-403@{at}-", marks=pytest.mark.slow) for at in (1, 7))]
)
def test_what_never_was_the_api_or_turns_all_away_ends_the_run_and_no_note_is_blamed(kind: str, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, latency=0.02 if "@" in kind else 0, faults=faults(kind)) as box:
        report = deliver(box, tmp_path, LINES, give_up=3.0 if "@" in kind else 1.0)
        assert isinstance(report.stopped, WrongAddress)
        assert report.exit_status == 4
        assert ("403" if "@" in kind else "is not the API") in str(report.stopped)
        assert counts(report)["rejected"] == 0
        finished(box, tmp_path)


def test_https_where_plain_http_answers_ends_the_run_and_says_so(tmp_path: Path) -> None:
    with Sandbox(api_key=KEY) as box:
        url = box.url.replace("http:", "https:")
        report = deliver(box, tmp_path, LINES, give_up=1.0, base_url=url)
        assert isinstance(report.stopped, CallRefused) and report.stopped.cause == "blocked"
        assert "not support https" in str(report.stopped)
        assert report.exit_status == 4
        assert counts(report) == Counter({"not sent": len(LINES)})
        assert not box.received


@pytest.mark.parametrize("way", ["", ":json:406"])
def test_a_firewall_that_dislikes_one_note_costs_that_note_only(way: str, tmp_path: Path) -> None:
    bad = [Line("P1", "Wants to DROP TABLE by May"), Line("P2", "Wants to DROP TABLE by May")]
    with Sandbox(api_key=KEY, faults=faults(f"firewall=drop table{way}")) as box:
        report = deliver(box, tmp_path, [*SHARED, *bad, *SINGLE])
        assert report.stopped is None
        assert counts(report) == Counter({"created": len(LINES), "rejected": 2})
        reasons = [row["reason"] for row in read_results(report.results) if row["result"] == "rejected"]
        assert all("a proxy, gateway or firewall refused it: " in reason for reason in reasons)


def test_where_nothing_else_is_to_be_sent_nothing_is_blamed_and_a_person_is_asked(tmp_path: Path) -> None:
    lines = [Line("P1", "Wants to DROP TABLE by May"), Line("P2", "Please drop table")]
    with Sandbox(api_key=KEY, faults=faults("firewall=drop table")) as box:
        report = deliver(box, tmp_path, lines, give_up=10)
        assert isinstance(report.stopped, WrongAddress)
        assert report.exit_status == 4
        assert "rejected" not in counts(report)
        assert not box.notes
        box.clear_faults()
        assert counts(deliver(box, tmp_path, lines)) == Counter({"created": len(lines)})


def test_a_request_that_meets_a_used_connection_just_as_it_is_closed_is_looked_up(tmp_path: Path) -> None:
    with Sandbox(api_key=KEY, faults=faults("stale@1,4")) as box:
        assert counts(deliver(box, tmp_path, LINES)) == ALL
        assert sum(received.fault is not None for received in box.received) == 2
        finished(box, tmp_path)


def test_a_connection_that_was_idle_for_long_is_not_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LONGEST_IDLE", -1.0)
    with Sandbox(api_key=KEY, faults=faults("stale:any")) as box:
        assert counts(deliver(box, tmp_path, LINES)) == ALL
        assert not any(received.fault for received in box.received)
