"""Columns of IDs are judged: if they cannot be Saleshandy's, or turn out to be others', the emails count."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from importer.cli import main
from importer.errors import Changed, Guarded
from importer.importing import describing
from importer.importing.report import Report
from importer.importing.run import prepare
from importer.messages import render, words
from importer.models import PossibleAnswer, Result, Role
from importer.settings import Settings
from importer.telling import preview_messages
from tests.sandbox import Sandbox

OURS = ["8PvBmrB7P7", "Pr9xQ2Lm", "jzRkmgMdwA", "KbtDE6kG", "DiPCFdcE"]
EMAILS = [f"{name}@kestrel.example" for name in ("ada", "ben", "cleo", "dan", "eva")]
PEOPLE = dict(zip(OURS, EMAILS, strict=True))
SHAPES: dict[str, Callable[[int], str]] = {
    "Contact : Id": lambda i: f"7000123{i}",
    "Prospect ID": lambda i: f"91{i}",
    "lead_id": lambda i: f"lead_a8Sd{i}kLm2Qx",
    "Contact ID": lambda i: f"3f2504e0-4f89-11d3-9a0c-0305e82c330{i}",
    "Lead ID": lambda i: f"00Q5g0000{i}AbCdEQA",
}
RIGHT = [(prospect, f"Note {i}") for i, prospect in enumerate(OURS)]


def write(folder: Path, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    path = folder / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*headings, "Note"], *([*row, f"Note {i}"] for i, row in enumerate(rows))])
    return path


def settings_of(box: Sandbox, folder: Path, **more: object) -> Settings:
    given = {"base_url": box.url, "key": box.api_key, "journal": folder / "journal.sqlite", "settle": 0}
    return Settings(**(given | {"default_visibility": "private"} | more))  # type: ignore[arg-type]


def send(sheet: Path, settings: Settings) -> Report:
    with prepare(sheet, settings) as prepared:
        return prepared.send(expected=prepared.preview.remaining.total)


def said(sheet: Path, settings: Settings) -> str:
    with prepare(sheet, settings) as prepared:
        return "\n".join(render(saying.text) for saying in preview_messages.plan(describing.of(prepared.preview)))


def notes(box: Sandbox) -> list[tuple[str, str]]:
    return sorted(((note.prospect_id, note.sent_content) for note in box.notes), key=lambda note: note[1])


def looked_up(box: Sandbox) -> list[str]:
    searched = (call.query.get("search") for call in box.received if call.path == "/v1/prospects")
    return [email for email in searched if email]


@pytest.mark.parametrize("heading", [*SHAPES])
def test_ids_that_cannot_be_saleshandys_give_way_to_the_emails(tmp_path: Path, heading: str) -> None:
    """The plan says so plainly, each note reaches the right prospect, and the next night finds nothing to do."""
    sheet = write(tmp_path, [heading, "Email"], [(SHAPES[heading](i), email) for i, email in enumerate(EMAILS)])
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path)
        plan = said(sheet, settings)
        assert f"Column A, {heading!r}, " in plan
        assert "Prospects are found by their email addresses, in column B." in plan
        assert send(sheet, settings).counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT
        assert send(sheet, settings).counts == {Result.ALREADY_IMPORTED: 5}


def test_of_two_columns_of_foreign_ids_none_is_asked_about(tmp_path: Path) -> None:
    """Close's exports have the lead's and the contact's."""
    rows = [(f"lead_a8Sd{i}kLm2Qx", f"cont_b7Fg{i}Hj3Wz", email) for i, email in enumerate(EMAILS)]
    sheet = write(tmp_path, ["lead_id", "contact_id", "Email"], rows)
    with Sandbox(prospects=PEOPLE) as box:
        assert send(sheet, settings_of(box, tmp_path)).counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT


def test_saleshandys_ids_beside_foreign_ones_and_emails_count(tmp_path: Path) -> None:
    rows = [(f"7000123{i}", *pair) for i, pair in enumerate(PEOPLE.items())]
    sheet = write(tmp_path, ["Contact : Id", "Saleshandy ID", "Email"], rows)
    with prepare(sheet, settings_of(Sandbox(), tmp_path)) as prepared:
        assert prepared.preview.loaded.roles.columns[Role.PROSPECT] == 1


def test_ids_in_doubt_are_compared_by_three_emails_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check calls nobody; the run does. The next night makes no note again, whatever its guards allow."""
    sheet = write(tmp_path, ["Contact ID", "Email"], [(f"c{i}x9", email) for i, email in enumerate(EMAILS)])
    with Sandbox(prospects=PEOPLE, lists=False) as box:
        place = ["--base-url", box.url, "--journal", str(tmp_path / "journal.sqlite"), "--settle", "0"]
        place += ["--default-visibility", "private"]
        assert main(["check", str(sheet), *place]) == 0
        assert "may contain IDs of another program" in capsys.readouterr().out
        assert not box.received
        monkeypatch.setenv("SALESHANDY_API_KEY", box.api_key)
        assert main(["run", str(sheet), *place, "--yes"]) == 0
        assert notes(box) == RIGHT
        assert set(looked_up(box)[:3]) == {EMAILS[0], EMAILS[2], EMAILS[4]}
        assert [call.method for call in box.received[:5]] == ["GET"] * 5
        guarded = settings_of(box, tmp_path, max_notes=1)
        with prepare(sheet, guarded) as prepared:
            assert prepared.preview.guarded == []
            assert prepared.send().counts == {Result.ALREADY_IMPORTED: 5}
        assert len(box.notes) == 5


def test_ids_in_doubt_that_are_those_of_the_emails_count(tmp_path: Path) -> None:
    """A row in which they differ is a problem, as it always was."""
    people = {f"p{i}": email for i, email in enumerate(EMAILS)}
    rows = [*list(people.items())[:3], ("p4", EMAILS[3]), ("p4", EMAILS[4])]
    sheet = write(tmp_path, ["Prospect ID", "Email"], rows)
    with Sandbox(prospects=people) as box:
        with pytest.raises(Guarded, match="would send 4 notes, but at most 3 are allowed"):
            send(sheet, settings_of(box, tmp_path, max_notes=3))
        assert send(sheet, settings_of(box, tmp_path)).counts == {Result.CREATED: 4, Result.INVALID: 1}


def test_a_column_with_some_of_saleshandys_ids_is_in_doubt(tmp_path: Path) -> None:
    """Its first three emails decide: here the IDs beside them are right."""
    rows = [*PEOPLE.items(), *((f"7000123{i}", "") for i in range(6))]
    sheet = write(tmp_path, ["Contact ID", "Email"], [(prospect, email or EMAILS[4]) for prospect, email in rows])
    with Sandbox(prospects=PEOPLE) as box:
        assert send(sheet, settings_of(box, tmp_path)).counts == {Result.CREATED: 5, Result.INVALID: 6}
        assert notes(box) == RIGHT


def test_ids_in_doubt_that_an_earlier_run_delivered_by_are_in_doubt_no_more(tmp_path: Path) -> None:
    """Two of the three emails are other people's now: these rows are problems, and no note goes to the others."""
    ids = [f"p{i}" for i in range(5)]
    people = dict(zip(ids, EMAILS, strict=True))
    with Sandbox(prospects=people) as box:
        settings = settings_of(box, tmp_path)
        send(write(tmp_path, ["Prospect ID", "Email"], [(ids[0], "")]), settings)
        rows = [(ids[0], ""), (ids[1], EMAILS[2]), (ids[2], EMAILS[1])]
        sheet = write(tmp_path, ["Prospect ID", "Email"], rows)
        assert send(sheet, settings).counts == {Result.ALREADY_IMPORTED: 1, Result.INVALID: 2}
        assert len(box.notes) == 1


def test_a_person_who_names_the_column_is_believed(tmp_path: Path) -> None:
    """As before: the row is a problem, and the message names the setting by which the emails count."""
    sheet = write(tmp_path, ["Contact ID", "Email"], [(f"7000123{i}", email) for i, email in enumerate(EMAILS)])
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path, mapping={"prospect": "Contact ID"})
        with prepare(sheet, settings) as prepared:
            assert prepared.preview.loaded.roles.columns[Role.PROSPECT] == 0
            assert not prepared.preview.loaded.roles.in_doubt
            prepared.look_up()
            [[problem], *_] = prepared.preview.loaded.rows.problems.values()
        assert "use only the email addresses: --map prospect=" in render(problem.text)
        assert send(sheet, settings).counts == {Result.INVALID: 5}
        assert send(sheet, settings_of(box, tmp_path, mapping={"prospect": ""})).counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT


def test_a_column_of_emails_with_a_heading_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    """It may be the owner's; so nothing is sent until a person has said it."""
    rows = [(f"7000123{i}", email) for i, email in enumerate(EMAILS)]
    sheet = write(tmp_path, ["Contact ID", "Reach at"], rows)
    with Sandbox(prospects=PEOPLE) as box, prepare(sheet, settings_of(box, tmp_path)) as prepared:
        [question] = prepared.questions
        assert [choice.value for choice in question.choices] == ["email=Reach at", "prospect=Contact ID"]
        prepared.decide(PossibleAnswer("map", "email=Reach at", words("")))
        assert prepared.send().counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT
    with prepare(sheet, settings_of(Sandbox(), tmp_path, journal=tmp_path / "other.sqlite")) as prepared:
        prepared.decide(PossibleAnswer("map", "prospect=Contact ID", words("")))
        assert not prepared.questions
        assert prepared.preview.loaded.roles.columns[Role.PROSPECT] == 0


def test_an_import_that_was_agreed_to_by_ids_in_doubt_and_is_larger_by_email_is_not_sent(tmp_path: Path) -> None:
    """One ID in two rows, two people by email: the same command then shows the new number."""
    rows = [("c1", EMAILS[0]), ("c1", EMAILS[1]), ("c2", EMAILS[2])]
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Contact ID", "Email", "Note"], *([*row, "Same"] for row in rows)])
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path)
        with pytest.raises(Changed, match="It was 2, and is 3 now"):
            send(path, settings)
        assert not box.notes
        assert send(path, settings).counts == {Result.CREATED: 3}


def test_a_run_that_was_stopped_is_continued_by_the_emails(tmp_path: Path) -> None:
    """The journal knows the emails for a day, and by them whose the IDs are."""
    sheet = write(tmp_path, ["Contact ID", "Email"], [(f"c{i}x9", email) for i, email in enumerate(EMAILS)])
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path, workers=1)
        with prepare(sheet, settings) as prepared:
            report = prepared.send(stop=lambda: "You asked it to end." if box.notes else None)
        assert 0 < report.counts[Result.CREATED] < 5
        assert send(sheet, settings).counts[Result.CREATED] == 5 - report.counts[Result.CREATED]
        assert notes(box) == RIGHT
