"""A run keeps to its hours by the clock on the wall, also on the days on which that is set; and it stops in time."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from importer.api import Endpoint
from importer.errors import Busy, Interrupted, Outage
from importer.importing import batch
from importer.importing.hours import Estimate, Hours, estimated
from importer.importing.run import prepare
from importer.journal.lock import held
from importer.messages import render
from importer.models import Progress, Result
from importer.operations.choosing import choose
from importer.settings import Settings
from importer.settings.kinds import Rate
from importer.telling.notifications import is_left_to_another
from tests.jumping import jumping
from tests.sandbox import Limit, Sandbox
from tests.truth import Line, read_results, write_sheet

BERLIN = ZoneInfo("Europe/Berlin")
MARCH, OCTOBER = "2026-03-29", "2026-10-25"  # 02:00 becomes 03:00, and 03:00 becomes 02:00, in Berlin


class InBerlin(datetime):
    """Times on a clock in Berlin, wherever the test runs."""

    @classmethod
    def fromtimestamp(cls, timestamp: float, tz: tzinfo | None = None) -> InBerlin:
        return super().fromtimestamp(timestamp, tz or BERLIN)


def at(text: str) -> float:
    """Seconds since 1970 when a clock on the wall shows this; with a + for the second time that it does."""
    return datetime.fromisoformat(text.rstrip("+")).replace(tzinfo=BERLIN, fold=text.endswith("+")).timestamp()


def hours(between: str, now: float) -> Hours:
    return Hours.of(Settings(between=between), lambda: now, BERLIN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("between", "now", "ends", "lasts"),
    [
        ("02:00-06:00", "2026-01-15 02:00", "2026-01-15 06:00", 4),
        ("22:00-06:00", "2026-01-15 23:00", "2026-01-16 06:00", 7),
        ("22:00-24:00", "2026-01-15 23:00", "2026-01-16 00:00", 1),
        ("22:00-06:00", f"{MARCH} 00:00", f"{MARCH} 06:00", 5),
        ("01:00-02:30", f"{MARCH} 01:00", f"{MARCH} 03:00", 1),
        ("22:00-06:00", f"{OCTOBER} 00:00", f"{OCTOBER} 06:00", 7),
        ("02:00-06:00", f"{OCTOBER} 02:00+", f"{OCTOBER} 06:00", 4),
        ("01:30-02:30", f"{OCTOBER} 01:30", f"{OCTOBER} 02:30", 1),
        ("01:30-02:30", f"{OCTOBER} 02:00+", f"{OCTOBER} 02:30+", 0.5),
    ],
)
def test_the_window_ends_when_the_clock_on_the_wall_says_so(between: str, now: str, ends: str, lasts: float) -> None:
    found = hours(between, at(now)).closes_at
    assert found == at(ends)
    assert found - at(now) == pytest.approx(lasts * 3600)


@pytest.mark.parametrize(
    ("between", "now"),
    [
        ("02:00-06:00", "2026-01-15 06:00"),
        ("22:00-06:00", "2026-01-15 12:00"),
        ("02:00-03:00", f"{MARCH} 03:00"),
        ("01:30-02:30", f"{OCTOBER} 02:30+"),
    ],
)
def test_outside_of_the_window_it_doesnt_begin(between: str, now: str) -> None:
    with pytest.raises(
        Interrupted, match=rf"It is {now[11:16]} here, outside the window {between} \(--between\)"
    ) as caught:
        hours(between, at(now))
    assert caught.value.exit_status == 3


def test_it_is_over_in_time_for_what_is_under_way_and_for_the_results() -> None:
    now = at("2026-01-15 02:00")
    found = Hours.of(Settings(between="02:00-03:00"), lambda: now, BERLIN)  # type: ignore[arg-type]
    assert found.over() is None
    now += 3600 - 60
    assert found.over() is None
    assert found.over(rows=1_000_000) is not None
    now += 31
    assert render(found.over()).endswith("Run the same command again to continue.")
    assert Hours.of(Settings()).over(10**9) is None


def test_the_limit_that_is_told_is_that_of_the_calls_that_take_longest() -> None:
    calls, learned = {Endpoint.PROSPECTS: 65, Endpoint.CREATE: 30}, {Endpoint.CREATE: Rate(20, 1.0)}
    assert estimated(calls, learned, None) == Estimate(181.0, Rate(20, 60.0), is_assumed=True)
    assert estimated(calls, learned, Rate(10, 60.0)) == Estimate(480.0, Rate(10, 60.0), is_assumed=False)


class Evening:
    """A clock at which it is time to end as soon as the server has so many notes."""

    def __init__(self, box: Sandbox, notes: int) -> None:
        self.box, self.notes = box, notes

    def __call__(self) -> float:
        return at("2026-01-15 02:00") + 5 * 3600 * (len(self.box.notes) >= self.notes)


def test_it_stops_when_its_hours_are_over_and_the_next_night_goes_on(settings: Settings, tmp_path: Path) -> None:
    lines = [Line(f"P{number}", f"Note {number}") for number in range(40)]
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    with Sandbox(limit=Limit.parse("200/1s:headers:429"), latency=0.01) as box:
        settings = replace(settings, base_url=box.url, key=box.api_key, results=tmp_path / "results.csv")
        tonight = Hours.of(replace(settings, between="02:00-06:00"), Evening(box, 5), BERLIN)  # type: ignore[arg-type]
        with prepare(sheet, settings) as prepared:
            report = prepared.send(hours=tonight)
        assert (report.exit_status, set(report.counts)) == (3, {Result.CREATED, Result.NOT_SENT})
        rows = read_results(report.results)
        assert {row["reason"].partition(". See ")[0] for row in rows if row["result"] == "not sent"} == {
            "the run stopped: The window 02:00-06:00 is over, or nearly so (--between)"
        }
        with prepare(sheet, settings) as prepared:
            assert prepared.send().exit_status == 0
        assert len(box.notes) == 40


def test_files_that_its_hours_dont_reach_are_not_begun(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_sheet(tmp_path / name, [Line(f"P-{name[0]}", "x")])
    hour = time.localtime(at("2026-01-15 02:00")).tm_hour
    settings = replace(settings, between=f"{hour:02}:00-{(hour + 1) % 24:02}:00")  # type: ignore[arg-type]
    files = choose([tmp_path / "a.csv", tmp_path / "b.csv"])
    found = batch.run(files, settings, clock=Evening(box, 1))
    assert [over.fate.value for over in found.files][1:] == ["not begun"]
    assert (found.exit_status, [note.prospect_id for note in box.notes]) == (3, ["P-a"])


def test_a_window_that_isnt_open_reads_no_file_and_sends_nothing(box: Sandbox, settings: Settings) -> None:
    now = datetime.now().astimezone()
    shut = f"{(now.hour + 2) % 24:02}:00-{(now.hour + 3) % 24:02}:00"
    settings = replace(settings, between=shut)  # type: ignore[arg-type]
    with pytest.raises(Interrupted, match="outside the window"):
        batch.run(choose(["there is no such file.csv"]), settings)
    assert box.received == ()


@pytest.mark.parametrize(("longest", "status"), [(20 * 60, 0), (2 * 3600, 3)], ids=["it ends", "it doesn't"])
def test_in_a_window_an_outage_is_outlived_until_the_window_closes(
    box: Sandbox, settings: Settings, tmp_path: Path, longest: float, status: int
) -> None:
    settings = replace(settings, give_up=None, between="02:00-03:00")  # type: ignore[arg-type]
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    box.stop()
    with jumping() as clock:
        began = clock()
        away = True

        def observe(progress: Progress) -> None:
            nonlocal away
            if away and clock() > began + longest:
                box.start()
                away = False

        hours = Hours.of(settings, lambda: at("2026-01-15 02:00") + clock() - began, BERLIN)
        with prepare(sheet, settings) as prepared:
            report = prepared.send(hours=hours, observe=observe)
        took = clock() - began
    if away:
        box.start()
    assert (report.exit_status, len(box.notes)) == (status, int(not status))
    assert (longest if not status else 3600 - 60) < took < min(longest + 60, 3600) + 300  # a busy machine's
    if status:
        assert isinstance(report.stopped, Outage)
        said = render(report.stopped.message)
        assert said.startswith("The API was unavailable. The last problem was: ")
        assert "The window 02:00-03:00 is over, or nearly so (--between). " in said
        assert " (--between). Run the same command again to continue." in said


def _night() -> float:
    return at("2026-01-15 02:00")


def test_in_a_window_another_import_is_waited_for_unless_a_person_is_there(
    box: Sandbox, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.importing.hours.datetime", InBerlin)
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    settings = replace(settings, between="02:00-06:00")  # type: ignore[arg-type]
    with held(settings):
        found = batch.run(choose([sheet]), settings, batch.BatchFace(is_person=True), clock=_night)
    assert (found.exit_status, is_left_to_another(found)) == (3, True)
    with ExitStack() as other:
        other.enter_context(held(settings))
        found = batch.run(choose([sheet]), settings, batch.BatchFace(observe=lambda _: other.close()), clock=_night)
    assert (found.exit_status, len(box.notes)) == (0, 1)
    began, late = time.time(), at("2026-01-15 05:59") + 29.5
    with held(settings):
        found = batch.run(choose([sheet]), settings, clock=lambda: late + time.time() - began)
    assert (is_left_to_another(found), time.time() - began < 20) == (True, True)


def test_who_waits_is_heard_when_it_is_to_end(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    with held(settings), prepare(sheet, settings) as prepared:
        with pytest.raises(Interrupted, match=r"SIGTERM\. Nothing was sent\."):
            prepared.send(stop=lambda: "SIGTERM.", waits=True)
        with pytest.raises(Busy), prepare(sheet, settings) as again:
            again.send()
    assert box.received == ()
