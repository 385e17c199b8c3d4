"""A live test finds out what a service does, with few calls, and only private notes on the one prospect."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from importer.api import Endpoint
from importer.api.saleshandy import SALESHANDY
from importer.commands import live
from importer.commands.calling import calls
from importer.commands.live import LiveReport
from importer.commands.live_calls import LiveCalls
from importer.commands.live_findings import Verdict
from importer.errors import BadSettings
from importer.journal import Journal
from importer.messages import render, say
from importer.models import Progress
from importer.sandbox import Fault, Limit, Sandbox, UploadBehaviour
from importer.settings import Settings
from tests import running
from tests.truth import Line, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

TEST, OTHER = "Te5tPr0sp", "0therPr0sp"
EMAIL, OTHERS = "live.test@example.com", "jo.berg@example.com"
MARK = "note-importer test, may be ignored"
Kinds = Mapping[str, str]


class Service:
    """A service, and what a live test found out about it."""

    def __init__(self, box: Sandbox, settings: Settings) -> None:
        self.box, self.settings = box, replace(settings, base_url=box.url, settle=5)
        self.report: LiveReport | None = None

    def test(self, prospect: str = EMAIL, **more: Any) -> Kinds:
        """The findings: what it is about → what was found."""
        self.report = live.examine(prospect, self.settings, **more)
        return {finding.about: finding.what for finding in self.report.findings}

    @property
    def otherwise(self) -> dict[str, str]:
        assert self.report is not None
        findings = [finding for finding in self.report.findings if finding.verdict is Verdict.OTHERWISE]
        return {finding.about: finding.what for finding in findings}

    @property
    def consequences(self) -> set[str]:
        assert self.report is not None
        found = [finding.consequence for finding in self.report.findings if finding.consequence is not None]
        return {message.kind.removeprefix("live.then.") for message in found}

    def check_what_it_left(self) -> None:
        """Private notes on the one prospect, all marked; at most a dozen, one draft and sixty calls; no 429."""
        assert self.report is not None
        notes = self.box.notes
        assert {(note.prospect_id, note.visibility) for note in notes} <= {(TEST, "2")}
        assert all(MARK in note.sent_content for note in notes)
        assert len(notes) <= 14
        assert sum(note.status == "0" for note in notes) <= 1
        assert len(self.box.received) == self.report.calls <= 60
        assert 429 not in {call.status for call in self.box.received}
        posts = [call.body for call in self.box.received if call.method == "POST" and call.path.endswith("/notes")]
        assert {body["visibility"] for body in posts if body} == {"2"}
        asked: list[Any] = [body["prospectIds"] for body in posts if body]
        assert {prospect for prospects in asked for prospect in prospects} <= {TEST, "no prospect"}
        left, drafts = self.report.left, sum(note.status == "0" for note in notes)
        assert len(notes) - drafts - left.notes in range(left.unclear + 1)
        assert drafts <= left.drafts + left.unclear
        assert len(self.box.attachments) == left.files


@pytest.fixture
def service(settings: Settings) -> Callable[..., Any]:
    """A service with these habits."""

    @contextmanager
    def open_(*faults: str, **rules: Any) -> Iterator[Service]:
        prospects = {TEST: EMAIL, OTHER: OTHERS, "0therPr0s2": "kim@example.com"}
        usual = {"author": {"id": "Us3rAuth0r"}, "prospects": prospects}
        with Sandbox(faults=map(Fault.parse, faults), **{**usual, **rules}) as box:
            yield Service(box, settings)

    return open_


Open = Callable[..., Any]


def test_nothing_is_otherwise_where_all_is_as_documented_or_assumed(service: Open) -> None:
    with service() as usual:
        found = usual.test(with_file=True)
        usual.check_what_it_left()
    assert usual.otherwise == {}
    assert len(found) == 34
    assert usual.report.exit_status == 0
    assert [about for about, what in found.items() if what.startswith("unknown")] == ["entries"]


HABITS: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, str], set[str]]] = {
    "no authors": ((), {"author": {}}, {"authors": "none"}, {"authors"}),
    "reads a minute late": (("lag=60",), {}, {"lag": "late"}, {"late"}),
    "one of two copies a minute late": (("lag=60:GET@*/2",), {}, {"lag": "late"}, {"late"}),
    "no entry per prospect": (
        ("missing-all:after",), {}, {"one-note": "no-entry"}, {"no-entry"},
    ),
    "drafts that replace each other": (
        (), {"one_draft": True}, {"drafts": "replaced", "drafts-by-change": "replaced"}, {"drafts"},
    ),
    "a second draft refused": (("422@11",), {}, {"drafts": "refused"}, {"second-draft"}),
    "no draft": (("422@10",), {}, {}, set()),
    "oldest first": ((), {"oldest_first": True}, {"order": "oldest-first"}, set()),
    "emoji dropped": (("rewrite=emoji",), {}, {"emoji": "changed"}, {"rewritten"}),
    "quotes curled": (("rewrite=quotes",), {}, {"quotes": "changed"}, {"rewritten"}),
    "spaces folded": (("rewrite=spaces",), {}, {"spaces": "changed", "outer-spaces": "changed"}, set()),
    "trimmed": (("rewrite=trim",), {}, {"outer-spaces": "changed", "texts": "changed"}, {"rewritten"}),
    "HTML cleaned": (("rewrite=html",), {}, {"bold": "changed", "link": "changed"}, set()),
    "cut": (("rewrite=cut-5000",), {}, {"very-long": "changed"}, {"rewritten"}),
    "long texts refused": ((), {"max_content": 10_000}, {"very-long": "refused"}, {"refused"}),
    "dates behind": ((), {"notes_behind": 30.0}, {"clock": "behind"}, set()),
    "dates far behind": ((), {"notes_behind": 900.0}, {"clock": "behind"}, {"clock"}),
    "errors in a list": (("errors=list:PATCH",), {}, {"errors": "not-recognised"}, {"errors"}),
    "errors as a page": (("errors=page:PATCH",), {}, {"errors": "not-recognised"}, {"errors"}),
    "errors in other words": (("errors=Nope:PATCH",), {}, {"errors": "not-recognised"}, {"errors"}),
    "whole emails only": (("search=exact:GET",), {}, {"search": "not-found"}, set()),
    "others found": (("search=others:GET",), {}, {"exact-search": "others"}, set()),
    "limit in seconds": ((), {"limit": Limit.parse("20/1s:seconds")}, {"limits": "seconds"}, set()),
    "an upload for one note": ((), {"uploads": UploadBehaviour(notes=1)}, {"file": "once"}, set()),
}  # fmt: skip


@pytest.mark.parametrize("habit", HABITS)
def test_each_habit_is_found_and_no_other(service: Open, habit: str) -> None:
    """With its consequence, if imports rely on something else."""
    faults, rules, otherwise, consequences = HABITS[habit]
    with service(*faults, **rules) as odd:
        odd.test(with_file=True)
        odd.check_what_it_left()
    assert odd.otherwise == otherwise
    assert odd.consequences == consequences
    assert odd.report.exit_status == int(bool(otherwise))


def test_a_prospect_that_fails_alone_shows_the_order_of_the_entries(
    service: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.sandbox.service._is_malformed", lambda _: False)
    with service() as usual:
        found = usual.test()
    assert (found["nobody"], found["entries"], usual.otherwise) == ("documented-alone", "documented", {})
    with service("shuffled:POST") as odd:
        odd.test()
        odd.check_what_it_left()
    assert odd.otherwise == {"entries": "other"}


TENTHS = [
    ("20/1s:headers", 2),
    ("100/min:headers", 10),
    ("5/1s:headers", 1),
    ("20/1s:epoch", 2),
    ("20/1s:http-date", 2),
    ("30/10s:seconds", 3),
]


@pytest.mark.parametrize(("limit", "share"), TENTHS)
def test_at_most_a_tenth_of_a_limit_is_used(service: Open, limit: str, share: int) -> None:
    """In each of its windows, however it is told; and a limit that allows less than ten calls is used by one."""
    with service(limit=Limit.parse(limit)) as limited:
        limited.test(with_file=True)
        limited.check_what_it_left()
        window = limited.box.limit.seconds
        made = Counter(call.at.timestamp() // window for call in limited.box.received)
    assert max(made.values()) <= share
    assert limited.otherwise == ({"limits": "seconds"} if "seconds" in limit else {})


def test_no_call_is_made_in_the_second_before_a_reset(service: Open, settings: Settings) -> None:
    """Resets are rounded, so the next window may be open already, and its calls would be counted twice."""
    with (
        service() as usual,
        Journal.open(settings.journal) as journal,
        calls(usual.settings, journal, SALESHANDY, None, lambda _: None, lambda: None) as context,
    ):
        api, ends = context.caller.api, context.caller.clock() + 0.9
        reply = LiveCalls(context, _window=(ends, 1)).ask(Endpoint.READ, lambda: api.find(TEST, 0, 1))
    assert reply.began >= ends


# -- what it may not do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["0", "1"])
def test_a_prospect_with_a_note_or_a_draft_is_refused(service: Open, tmp_path: Path, status: str) -> None:
    with service() as usual:
        running.run(write_sheet(tmp_path / "one.csv", [Line(TEST, "Theirs", "1", status)]), usual.settings)
        before = len(usual.box.received)
        with pytest.raises(BadSettings, match="already has 1 note or draft"):
            usual.test()
        assert {call.method for call in usual.box.received[before:]} == {"GET"}
        assert len(usual.box.notes) == 1


@pytest.mark.parametrize(
    ("prospect", "why"),
    [("NobodyHas1", "can't be read"), ("nobody@example.com", "0 prospects have this email"), ("INVALIDxx", "read")],
)
def test_a_prospect_that_is_not_there_is_refused(service: Open, prospect: str, why: str) -> None:
    with service() as usual:
        with pytest.raises(BadSettings, match=why):
            usual.test(prospect)
        assert {call.method for call in usual.box.received} == {"GET"}


def test_a_prospect_named_by_its_id_is_not_searched_for(service: Open) -> None:
    with service() as usual:
        found = usual.test(TEST)
        usual.check_what_it_left()
    assert found["search"] == "unknown"
    assert "exact-search" not in found


@pytest.mark.parametrize("number", range(1, 13))
@pytest.mark.parametrize("fault", ["500:after", "reset:after", "500", "html:after", "429=1"])
def test_no_note_is_created_twice_if_an_answer_is_lost(service: Open, fault: str, number: int) -> None:
    """A request that may have been applied isn't made again; one that surely was not is."""
    with service(f"{fault}@{number}") as broken:
        broken.test()
        texts = [note.sent_content for note in broken.box.notes]
        posts = Counter(str(call.body) for call in broken.box.received if call.method == "POST")
    assert len({*texts}) == len(texts)
    repeated = [call for call in broken.box.received if call.fault == "429:before"]
    assert sum(posts.values()) - len(posts) == len(repeated)
    left = broken.report.left
    assert left.notes + left.drafts <= len(texts) <= left.notes + left.drafts + left.unclear


def test_one_that_is_stopped_says_what_it_leaves_and_what_it_found(service: Open, tmp_path: Path) -> None:
    with service() as usual:
        stops = iter([None] * 60)
        found = usual.test(stop=lambda: next(stops, say("page.stopped")))
        usual.check_what_it_left()
    report = usual.report
    assert report.stopped is not None
    assert report.exit_status == 3
    assert found["one-note"] == "documented"
    assert report.left.notes == len(usual.box.notes) > 0
    lines = " ".join(render(line.text) for line in live.lines(report))
    assert f"It leaves behind: {report.left.notes} private note" in lines
    assert "The test ended early" in lines
    live.write(report, tmp_path)
    assert json.loads((tmp_path / "live-report.json").read_text("utf-8"))["stopped"]


def test_a_service_that_refuses_the_key_or_the_first_note_leaves_nothing(service: Open) -> None:
    with service("400-token:any@4") as odd:
        odd.test()
        assert (odd.report.exit_status, odd.box.notes) == (4, ())
    with service("422:POST") as odd:
        odd.test()
        assert (odd.report.exit_status, odd.box.notes) == (3, ())
        assert "refused the first test note" in render(odd.report.stopped.message)


def test_it_ends_where_a_private_note_comes_back_as_public(service: Open) -> None:
    with service("public:GET") as odd:
        odd.test()
        odd.check_what_it_left()
    assert odd.otherwise == {"visibility": "other"}
    assert odd.consequences == {"visibility"}
    assert len(odd.box.notes) == 1
    assert "No other note was created" in render(odd.report.stopped.message)


def test_it_ends_with_its_calls(service: Open) -> None:
    """Reads that fail are repeated, and count."""
    with service("500:GET@*/2") as broken:
        broken.test()
        broken.check_what_it_left()
    assert len(broken.box.received) == 60
    assert "The test has made its 60 calls" in render(broken.report.stopped.message)


@pytest.mark.parametrize("fault", ["500@1", "drops=1"])
def test_a_first_note_that_is_never_shown_ends_it_and_teaches_no_lag(
    service: Open, settings: Settings, fault: str
) -> None:
    """Nothing shows whether reads lag, or the note doesn't exist."""
    with service(fault) as broken:
        broken.test()
        assert broken.report.exit_status == 3
        assert broken.report.left.notes + broken.report.left.unclear == 1
        assert sum(call.method == "POST" for call in broken.box.received) == 1
        with Journal.open(settings.journal) as journal:
            assert journal.learned.replication_lag(broken.settings.workspace, broken.box.clock.now()) is None
    assert ("lag" in broken.otherwise) is (fault == "drops=1")


def test_a_note_that_somebody_writes_meanwhile_is_not_counted(service: Open) -> None:
    with service() as usual:
        theirs = threading.Event()

        def observe(progress: Progress) -> None:
            if progress.requests == 10 and not theirs.is_set():
                theirs.set()
                note = {"content": "Theirs", "visibility": "1", "prospectIds": [TEST]}
                headers = {"x-api-key": usual.box.api_key}
                requests.post(f"{usual.box.url}/notes", json=note, headers=headers, timeout=10)

        usual.test(observe=observe)
        assert len(usual.box.notes) == usual.report.left.notes + usual.report.left.drafts + 1
    assert usual.otherwise == {}


# -- the report -----------------------------------------------------------------------------------------------------


def test_the_report_holds_nothing_of_others(service: Open, tmp_path: Path) -> None:
    """No key, ID, email, name or address, and none of the API's words, even if it is stopped by them."""
    for number, faults in enumerate([("errors=Nope:PATCH",), ("errors=Nope:PATCH", "401:POST@7")]):
        with service(*faults) as odd:
            odd.test(with_file=True)
            paths = live.write(odd.report, tmp_path)
            assert [path.name for path in paths] == ["live-report.json", "live-report.md"]
            marks = {odd.settings.key, odd.box.url, EMAIL, OTHERS, TEST, OTHER, "127.0.0.1", "mark-of-others", "Nope"}
            marks |= {"live.test", "Jo", "Berg", "Us3rAuth0r", *(note.id for note in odd.box.notes)}
            for path in paths:
                text = path.read_text("utf-8")
                assert [mark for mark in marks if re.search(rf"\b{re.escape(mark)}\b", text)] == [], path
                assert "Invalid token" not in text
            assert bool(json.loads(paths[0].read_text("utf-8"))["stopped"]) is bool(number)


def test_the_report_says_each_finding_once(service: Open, tmp_path: Path) -> None:
    with service(author={}) as odd:
        found = odd.test()
        document, table = (path.read_text("utf-8") for path in live.write(odd.report, tmp_path))
    findings = json.loads(document)["findings"]
    assert [finding["kind"] for finding in findings] == [f"{about}.{what}" for about, what in found.items()]
    assert table.count("\n| ") == len(found) + 2
    assert "| Authors | otherwise | No author is shown. Of two notes" in table


def test_every_finding_has_its_words() -> None:
    """Whatever else may be found."""
    for kind in ("lag.never", "clock.ahead", "clock.no-date", "nobody.created", "nobody.both-refused", "order.mixed"):
        assert f"live.{kind}" not in render(say(f"live.{kind}"))


# -- what later runs do with it -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("earlier", "later"), [(None, 60), (10.0, 60), (100.0, 100)])
def test_a_lag_that_it_measured_lengthens_the_waits_of_runs(
    service: Open, settings: Settings, earlier: float | None, later: float
) -> None:
    with service("lag=60") as late:
        with Journal.open(settings.journal) as journal:
            if earlier is not None:
                journal.learned.learn_lag(late.settings.workspace, earlier, late.box.clock.now())
        late.test()
        with Journal.open(settings.journal) as journal:
            lag = journal.learned.replication_lag(late.settings.workspace, late.box.clock.now())
    assert lag is not None
    assert later <= lag <= later + 20


@pytest.mark.parametrize("earlier", [None, 0.1, 50.0])
def test_a_short_lag_shortens_no_wait(service: Open, settings: Settings, earlier: float | None) -> None:
    """Without a measured lag a run waits for a minute, and so it does after the test."""
    with service() as usual:
        with Journal.open(settings.journal) as journal:
            if earlier is not None:
                journal.learned.learn_lag(usual.settings.workspace, earlier, usual.box.clock.now())
        usual.test()
        with Journal.open(settings.journal) as journal:
            assert journal.learned.replication_lag(usual.settings.workspace, usual.box.clock.now()) == earlier


def test_the_next_run_reminds_once_of_what_matters(service: Open, tmp_path: Path) -> None:
    """A preview shows it until a run was sent; what has no consequence for imports isn't repeated."""
    sheet = write_sheet(tmp_path / "one.csv", [Line(OTHER, "Spoke about terms")])
    with service(author={}, oldest_first=True) as odd:
        odd.test()
        for _ in range(2):
            assert [render(text) for text in running.check(sheet, odd.settings).reminder] == ["no author is shown."]
        running.run(sheet, odd.settings)
        assert running.check(sheet, odd.settings).reminder == []


def test_a_later_test_without_findings_takes_the_reminder_back(service: Open, settings: Settings) -> None:
    with service(author={}) as odd:
        odd.test()
        with Journal.open(settings.journal) as journal:
            assert len(journal.learned.reminder(odd.settings.workspace)) == 1
            journal.learned.learn_to_remind(odd.settings.workspace, [])
            assert journal.learned.reminder(odd.settings.workspace) == []
