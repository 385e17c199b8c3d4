"""Columns of IDs are judged: if they cannot be Saleshandy's, or turn out to be others', the emails count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from importer.importing.report import Report
from importer.importing.run import prepare
from importer.messages import render, words
from importer.models import PossibleAnswer, Result, Role
from importer.settings import Settings
from importer.telling import preview_messages
from tests.sandbox import Sandbox
from tests.truth import write_csv

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
    return write_csv(folder / "export.csv", [*headings, "Note"], *([*row, f"Note {i}"] for i, row in enumerate(rows)))


def settings_of(box: Sandbox, folder: Path, **more: object) -> Settings:
    given = {"base_url": box.url, "key": box.api_key, "journal": folder / "journal.sqlite", "settle": 0}
    return Settings(**(given | {"default_visibility": "private"} | more))  # type: ignore[arg-type]


def send(sheet: Path, settings: Settings) -> Report:
    with prepare(sheet, settings) as prepared:
        return prepared.send(agreed=prepared.preview.digest)


def said(sheet: Path, settings: Settings) -> str:
    with prepare(sheet, settings) as prepared:
        return "\n".join(render(saying.text) for saying in preview_messages.plan(prepared.preview))


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
        assert prepared.loaded.roles.columns[Role.PROSPECT] == 1


def test_ids_that_only_look_like_saleshandys_send_nothing_to_others(tmp_path: Path) -> None:
    """Each is compared with the email beside it."""
    sheet = write(tmp_path, ["Contact ID", "Email"], [(f"c{i}x9", email) for i, email in enumerate(EMAILS)])
    with Sandbox(prospects=PEOPLE) as box:
        with prepare(sheet, settings_of(box, tmp_path)) as prepared:
            assert prepared.send().counts == {Result.INVALID: 5}
        assert not box.notes
        assert send(sheet, settings_of(box, tmp_path, mapping={"prospect": ""})).counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT


def test_a_person_who_names_the_column_is_believed(tmp_path: Path) -> None:
    """As before: the row is a problem, and the message names the setting by which the emails count."""
    sheet = write(tmp_path, ["Contact ID", "Email"], [(f"7000123{i}", email) for i, email in enumerate(EMAILS)])
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path, mapping={"prospect": "Contact ID"})
        with prepare(sheet, settings) as prepared:
            assert prepared.loaded.roles.columns[Role.PROSPECT] == 0
        assert send(sheet, settings).counts == {Result.INVALID: 5}
        assert send(sheet, settings_of(box, tmp_path, mapping={"prospect": ""})).counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT


def test_a_column_of_emails_with_a_heading_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    """It may be the owner's; so nothing is sent until a person has said it."""
    rows = [(f"7000123{i}", email) for i, email in enumerate(EMAILS)]
    sheet = write(tmp_path, ["Contact ID", "Reach at"], rows)
    with Sandbox(prospects=PEOPLE) as box, prepare(sheet, settings_of(box, tmp_path)) as prepared:
        [question] = prepared.loaded.questions
        assert [choice.value for choice in question.choices] == ["email=Reach at", "prospect=Contact ID"]
        prepared.decide(PossibleAnswer("map", "email=Reach at", words("")))
        assert prepared.send().counts == {Result.CREATED: 5}
        assert notes(box) == RIGHT
    with prepare(sheet, settings_of(Sandbox(), tmp_path, journal=tmp_path / "other.sqlite")) as prepared:
        prepared.decide(PossibleAnswer("map", "prospect=Contact ID", words("")))
        assert not prepared.loaded.questions
        assert prepared.loaded.roles.columns[Role.PROSPECT] == 0
