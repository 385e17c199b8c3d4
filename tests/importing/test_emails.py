"""Rows that name prospects by email: each note reaches the one prospect that has it, or its row says why not."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from importer.errors import Guarded
from importer.importing.run import prepare
from importer.journal import Journal
from importer.messages import render
from importer.models import Result, Role
from importer.settings import Settings
from importer.telling import preview_messages
from tests.running import ran as send
from tests.sandbox import Fault, Limit, Sandbox, invented
from tests.truth import read_results, write_csv

HEADINGS = ("Email", "Note", "Visibility")
PEOPLE = {
    "P1": "jo@example.com",
    "P2": "joann@example.com",
    "P3": "kim@example.com",
    "P4": "twice@example.com",
    "P5": "Twice@Example.com",
}


def write(folder: Path, rows: Iterable[Sequence[str]], headings: Sequence[str] = HEADINGS) -> Path:
    return write_csv(folder / "sheet.csv", headings, *rows)


def by_email(emails: Iterable[str], note: str = "Hello") -> list[tuple[str, str, str]]:
    return [(email, note, "Public") for email in emails]


def settings_of(box: Sandbox, folder: Path, **more: object) -> Settings:
    given = {"base_url": box.url, "key": box.api_key, "journal": folder / "journal.sqlite", "results": folder / "r.csv"}
    return Settings(**(given | {"settle": 0, "read_timeout": 5, "give_up": 20} | more))  # type: ignore[arg-type]


def asked(box: Sandbox) -> list[str]:
    """What prospects were asked for: what was searched for, or which page."""
    calls = [call for call in box.received if call.path == "/v1/prospects"]
    return [call.query.get("search") or f"page {call.query['page']}" for call in calls]


def searched(box: Sandbox) -> list[str]:
    return [call for call in asked(box) if "@" in call]


def a_day_later(settings: Settings) -> None:
    """Let a day pass since the emails were looked up."""
    with Journal.open(settings.journal) as journal, journal.transaction():
        journal.execute("UPDATE remembered SET at = at - 86400 WHERE kind = 'emails'")


def results(folder: Path) -> list[tuple[str, str]]:
    return [(row["result"], row["reason"]) for row in read_results(folder / "r.csv")]


def notes(box: Sandbox) -> list[tuple[str, str]]:
    return sorted((note.prospect_id, note.sent_content) for note in box.notes)


# -- who receives what ------------------------------------------------------------------------------------------------


def test_an_email_that_nobody_has_is_rejected_and_nobody_is_added_until_somebody_has_it(tmp_path: Path) -> None:
    sheet = write(tmp_path, by_email(["o@example.com", "jo@example.com", "o@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        settings, port = settings_of(box, tmp_path), box.port
        assert send(sheet, settings).exit_status == 1
        assert notes(box) == [("P1", "Hello")]
    why = "no prospect has the email address o@example.com"
    assert [(result, reason[: len(why)]) for result, reason in results(tmp_path)] == [
        ("rejected", why), ("created", ""), ("rejected", why),
    ]  # fmt: skip
    assert "never adds a prospect" in results(tmp_path)[0][1]
    with Sandbox(prospects={**PEOPLE, "P6": "o@example.com"}, port=port) as box:
        counts = {Result.CREATED: 1, Result.ALREADY_IMPORTED: 1, Result.DUPLICATE: 1}
        assert (send(sheet, settings).counts, notes(box)) == (counts, [("P6", "Hello")])


def test_of_several_the_one_is_taken_whose_id_is_written_in_the_place_of_the_email(tmp_path: Path) -> None:
    def sheet(*emails: str) -> Path:
        rows = [(*row, f"003Dm00000XyZ1{i}IAB") for i, row in enumerate(by_email(emails))]
        return write(tmp_path, rows, (*HEADINGS, "Contact ID"))

    with Sandbox(prospects=PEOPLE | {"pTWINold01": "two@example.com", "pTWINnew02": "two@example.com"}) as box:
        settings = settings_of(box, tmp_path)
        send(sheet("two@example.com", "jo@example.com"), settings)
        assert "Replace the email address with the ID of the right prospect" in results(tmp_path)[0][1]
        report = send(sheet(" pTWINold01", "unassigned"), settings)
        assert report.counts == {Result.CREATED: 1, Result.INVALID: 1}
        assert notes(box) == [("P1", "Hello"), ("pTWINold01", "Hello")]
    assert "'unassigned' is not an email address" in results(tmp_path)[1][1]


# -- by id and by email -----------------------------------------------------------------------------------------------

BOTH = ("Prospect ID", *HEADINGS)


def test_an_id_counts_more_than_an_email_and_where_they_differ_that_is_a_problem(tmp_path: Path) -> None:
    rows = [
        ("P1", "jo@example.com", "a"), ("P1", "kim@example.com", "b"), ("P1", "nobody@example.com", "c"),
        ("P4", "twice@example.com", "e"), ("P1", "no email", "f"), ("", "kim@example.com", "g"), ("", "", "h"),
        ("P1", "", "d"), ("P2", "", "i"), ("", "joann@example.com", "j"),  # the last two are texts of one record
    ]  # fmt: skip
    sheet = write(tmp_path, ((*row, "Public", f"record-{row[2].replace('j', 'i')}") for row in rows), (*BOTH, "Task"))
    with Sandbox(prospects=PEOPLE) as box:
        report = send(sheet, settings_of(box, tmp_path, mapping={Role.RECORD: ("Task",)}))
        assert report.counts == {Result.CREATED: 6, Result.INVALID: 4}
        assert notes(box) == [("P1", "a"), ("P1", "c"), ("P1", "d"), ("P1", "f"), ("P3", "g"), ("P4", "e")]
    found = results(tmp_path)
    why = "B3 (row 3, Email): the row names prospect P1 by its ID, but the email address kim@example.com belongs to P3"
    assert (found[1][0], found[1][1][: len(why)]) == ("invalid", why)
    assert "The same record, with the same prospect, has another text in row 11" in found[8][1]
    assert "Use --map prospect= if the IDs come from another program, or --ignore Email if" in found[1][1]


def test_rows_that_were_delivered_by_their_ids_are_compared_no_more(tmp_path: Path) -> None:
    rows = [(prospect, email, "Hello", "Public") for prospect, email in PEOPLE.items()]
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path)
        assert send(write(tmp_path, rows[:4], BOTH), settings).counts == {Result.CREATED: 4}
        before = len(asked(box))
        assert before
        a_day_later(settings)
        assert send(write(tmp_path, rows, BOTH), settings).counts == {Result.CREATED: 1, Result.ALREADY_IMPORTED: 4}
        assert asked(box)[before:] == ["twice@example.com"]
        wrong = [("P1", "kim@example.com", "Hello", "Public"), ("", "kim@example.com", "Hello", "Public")]
        assert send(write(tmp_path, wrong, BOTH), settings).counts == {Result.ALREADY_IMPORTED: 2}


IDS_OF_OTHERS = {
    "Contact : Id": "7000123{}",
    "Prospect ID": "91{}",
    "lead_id": "lead_a8Sd{}kLm2Qx",
    "Contact ID": "3f2504e0-4f89-11d3-9a0c-0305e82c330{}",
    "Lead ID": "00Q5g0000{}AbCdEQA",
}


@pytest.mark.parametrize("heading", IDS_OF_OTHERS)
def test_ids_that_cannot_be_saleshandys_give_way_to_the_emails(tmp_path: Path, heading: str) -> None:
    people = {"8PvBmrB7P7": "ada@kestrel.example", "Pr9xQ2Lm": "ben@kestrel.example", "KbtDE6kG": "eva@kestrel.example"}
    rows = [(IDS_OF_OTHERS[heading].format(i), *row) for i, row in enumerate(by_email(people.values()))]
    sheet = write(tmp_path, rows, (heading, *HEADINGS))
    with Sandbox(prospects=people) as box:
        settings = settings_of(box, tmp_path)
        with prepare(sheet, settings) as prepared:
            plan = " ".join(render(saying.text) for saying in preview_messages.plan(prepared.preview))
        assert f"Column A, {heading!r}, " in plan
        assert "Prospects are found by their email addresses, in column B." in plan
        assert send(sheet, settings).counts == {Result.CREATED: 3}
        assert notes(box) == sorted((prospect, "Hello") for prospect in people)
        assert send(sheet, settings).counts == {Result.ALREADY_IMPORTED: 3}


# -- in few calls -----------------------------------------------------------------------------------------------------


def calls_for(tmp_path: Path, people: Mapping[str, str], emails: Sequence[str], **options: object) -> list[str]:
    with Sandbox(prospects=people, **options) as box:  # type: ignore[arg-type]
        report = send(write(tmp_path, by_email(emails)), settings_of(box, tmp_path))
        assert report.counts == {Result.CREATED: len(emails)}
        assert report.look_ups == len(asked(box))
        assert len(box.notes) == len(emails)
        return asked(box)


def spread(people: Mapping[str, str], count: int) -> list[str]:
    """So many of their emails, from all pages, the last among them."""
    emails = [*people.values()]
    return [emails[-1 - place * len(emails) // count] for place in range(count)]


def test_many_emails_are_found_by_listing_few_by_searching(tmp_path: Path) -> None:
    people = invented(3_000)
    listed = calls_for(tmp_path, people, spread(people, 200))
    assert listed[0] == "page 201"
    assert 31 <= len(listed) <= 34
    (tmp_path / "few").mkdir()
    searched = calls_for(tmp_path / "few", people, spread(people, 20))
    assert searched[0] == "page 21"
    assert sorted(searched[1:]) == sorted(spread(people, 20))


def test_a_search_is_read_to_its_end(tmp_path: Path) -> None:
    others = {f"Q{number}": f"n{number}.jo@example.com" for number in range(130)}
    calls = calls_for(tmp_path, others | {"P1": "jo@example.com"}, ["jo@example.com"])
    assert calls == ["jo@example.com"] * 2


def test_what_moved_between_pages_is_searched_for_before_nobody_is_said_to_have_it(tmp_path: Path) -> None:
    people = invented(1_000)
    calls = calls_for(tmp_path, people, spread(people, 60), faults=[Fault.parse("moving=10")])
    assert any("@" in call for call in calls)
    assert len(calls) < 40


@pytest.mark.parametrize("fault", ["", "500:GET@1-3", "429:GET@2,4", "html:GET@1,3", "null:GET@2", "gateway-404:GET@2"])
@pytest.mark.usefixtures("jumping")
def test_each_email_reaches_the_prospect_that_has_it_and_no_other_and_what_passes_is_waited_out(
    tmp_path: Path, fault: str
) -> None:
    """A gateway's page, and an empty answer that isn't the API's own, never mean that nobody has an email."""
    sheet = write(tmp_path, by_email(["jo@example.com", "mailto:JOANN@example.com", "Kim <kim@example.com>"]))
    faults = [Fault.parse(fault)] if fault else []
    with Sandbox(prospects=PEOPLE, faults=faults, limit=Limit.parse("50/1s:headers:429")) as box:
        assert send(sheet, settings_of(box, tmp_path)).counts == {Result.CREATED: 3}
        assert notes(box) == [("P1", "Hello"), ("P2", "Hello"), ("P3", "Hello")]


@pytest.mark.usefixtures("jumping")
def test_while_the_route_is_lost_no_email_is_to_blame(tmp_path: Path) -> None:
    """The file isn't done with: no row of it could be corrected."""
    sheet = write(tmp_path, by_email([email for email in PEOPLE.values() if "wice" not in email]))
    with Sandbox(prospects=PEOPLE, faults=[Fault.parse("lost-route=600@2")]) as box:
        report = send(sheet, settings_of(box, tmp_path))
        assert (report.counts, report.exit_status) == ({Result.NOT_SENT: 3}, 3)
    sheet = write(tmp_path, by_email(["jo@example.com"]))  # refused once more after the probe was answered
    faults = [Fault.parse(f"html-403:before:GET@{at}") for at in ("1-8", "10")]
    with Sandbox(prospects=PEOPLE, faults=faults) as box:
        settings = settings_of(box, tmp_path, workers=1, give_up=900)
        assert send(sheet, settings).counts == {Result.CREATED: 1}


@pytest.mark.usefixtures("jumping")
def test_an_email_whose_search_alone_is_blocked_costs_its_rows_only(tmp_path: Path) -> None:
    sheet = write(tmp_path, by_email(["kim@example.com", "jo@example.com"]))
    with Sandbox(prospects=PEOPLE, faults=[Fault.parse("firewall=kim")]) as box:
        report = send(sheet, settings_of(box, tmp_path))
        assert (report.counts, report.exit_status) == ({Result.CREATED: 1, Result.REJECTED: 1}, 1)
        assert notes(box) == [("P1", "Hello")]
        assert asked(box).count("jo@example.com") >= 2  # found, and looked up once more


# -- what is remembered, and for how long -----------------------------------------------------------------------------


class Crash(BaseException):
    """The process is gone."""


def test_look_ups_that_were_broken_off_by_a_crash_are_gone_on_with(tmp_path: Path) -> None:
    people = invented(2_000)
    emails = spread(people, 18)
    sheet = write(tmp_path, by_email(emails))
    with Sandbox(prospects=people) as box:
        settings = settings_of(box, tmp_path, workers=1)

        def stop() -> None:
            if len(asked(box)) >= 10:
                raise Crash

        with pytest.raises(Crash):
            send(sheet, settings, stop=stop)
        assert box.notes == ()
        with Journal.open(settings.journal) as journal:
            recorded = set(journal.found(settings.workspace, settings.key, time.time).known(emails))
        assert 7 <= len(recorded) < 18
        before = len(asked(box))
        with prepare(sheet, settings) as prepared:
            assert prepared.preview.to_look_up == 18 - len(recorded)
        assert send(sheet, settings).counts == {Result.CREATED: 18}
        assert recorded.isdisjoint(asked(box)[before:])
        assert len(box.notes) == 18


def test_a_prospect_that_is_gone_is_looked_up_anew_by_the_next_run(tmp_path: Path) -> None:
    emails, moved = ["jo@example.com", "joann@example.com"], {"P9": "jo@example.com", "P2": "joann@example.com"}
    with Sandbox(prospects=PEOPLE) as box:
        settings, port = settings_of(box, tmp_path), box.port
        send(write(tmp_path, by_email(emails, "Old")), settings)
    with Sandbox(prospects=moved, port=port) as box:
        assert send(write(tmp_path, by_email(emails, "Old")), settings).counts == {Result.ALREADY_IMPORTED: 2}
        sheet = write(tmp_path, by_email(emails))
        assert send(sheet, settings).counts == {Result.CREATED: 1, Result.REJECTED: 1}
        assert (searched(box), notes(box)) == ([], [("P2", "Hello")])
        assert send(sheet, settings).counts == {Result.CREATED: 1, Result.ALREADY_IMPORTED: 1}
        assert (searched(box), notes(box)) == (["jo@example.com"], [("P2", "Hello"), ("P9", "Hello")])


# -- what is agreed to ------------------------------------------------------------------------------------------------


def test_the_preview_makes_no_call_and_says_how_many_emails_there_are_to_look_up(tmp_path: Path) -> None:
    sheet = write(tmp_path, by_email(["jo@example.com", "nobody@example.com", "JO@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path)
        with prepare(sheet, replace(settings, key="")) as prepared:
            found = prepared.preview
        said = " ".join(render(saying.text) for saying in preview_messages.plan(found))
        assert (found.to_look_up, found.total) == (2, 2)
        assert "2 email addresses are looked up first, in at most about 2 calls" in said
        assert "look up 2 email addresses for 3 rows" in render(preview_messages.question(found)).lower()
        assert asked(box) == []


def test_a_sheet_that_has_grown_costs_look_ups_for_its_new_rows_only(tmp_path: Path) -> None:
    rows = by_email(["jo@example.com", "joann@example.com"]) + by_email(["jo@example.com"], "Old text")
    new = by_email(["kim@example.com"]) + by_email(["jo@example.com"], "New text")
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path)
        send(write(tmp_path, rows), settings)
        calls = len(box.received)
        sheet = write(tmp_path, [*rows[:2], *new])
        with prepare(sheet, settings) as prepared:
            found = prepared.preview
        assert len(box.received) == calls
        assert (found.total, found.to_look_up) == (2, 1)
        report = send(sheet, settings)
        assert report.counts == found.expected.counts == {Result.ALREADY_IMPORTED: 2, Result.CREATED: 2}
        before = box.received
        assert (send(sheet, settings).counts, box.received) == ({Result.ALREADY_IMPORTED: 4}, before)
        records = [(*by_email(["jo@example.com"])[0], f"00T5f0000000{n:03}") for n in range(2)]
        sheet = write_csv(tmp_path / "n.csv", (*HEADINGS, "Activity ID"), *records)
        counts = send(sheet, replace(settings, mapping={Role.RECORD: ("Activity ID",)})).counts
        assert counts == {Result.ALREADY_IMPORTED: 1, Result.CREATED: 1}, "a note answers for one row"
        mixed = [("P2", "", "Hello", "Public", "00T5f0000000007"), ("", *rows[1], "00T5f0000000008")]
        sheet = write_csv(tmp_path / "n.csv", (*BOTH, "Activity ID"), *mixed)
        counts = send(sheet, replace(settings, mapping={Role.RECORD: ("Activity ID",)})).counts
        assert counts == {Result.ALREADY_IMPORTED: 1, Result.CREATED: 1}, "and for one name of a person"


def test_of_rows_that_say_the_same_the_least_visible_counts_however_far_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that repeats one whose note is there isn't looked up either, so that it still repeats it."""
    monkeypatch.setattr("importer.delivery.earlier._AT_ONCE", 1)
    rows = [("jo@example.com", "Hello", "Private"), ("kim@example.com", "Hello", "Private")]
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path)
        send(write(tmp_path, [*rows, rows[0]]), settings)
        sheet = write(tmp_path, [(*rows[0][:2], "Public"), rows[1], rows[0]])
        with prepare(sheet, replace(settings, update=True)) as prepared:
            assert prepared.preview.updates["total"] == 0
            assert prepared.preview.expected.counts == {Result.ALREADY_IMPORTED: 2, Result.DUPLICATE: 1}


def test_notes_that_may_be_delivered_already_fire_no_guard(tmp_path: Path) -> None:
    """Nobody knows before the look-up; after it, what is new is bounded."""
    sheet = write(tmp_path, by_email(["jo@example.com", "joann@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path, max_notes=0, max_public=0)
        send(sheet, replace(settings, max_notes=2, max_public=2))
        with prepare(sheet, settings) as prepared:
            assert not prepared.preview.guarded
            assert prepared.send().counts == {Result.ALREADY_IMPORTED: 2}
        sheet = write(tmp_path, by_email(["jo@example.com", "joann@example.com", "kim@example.com"]))
        for loose in ("max_notes", "max_public"):
            with pytest.raises(Guarded, match=r"would send 1 (public )?note, but at most 0 are allowed"):
                send(sheet, replace(settings, **{loose: None}))  # type: ignore[arg-type]
        assert len(box.notes) == 2
