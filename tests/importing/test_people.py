"""People who aren't in Saleshandy yet: a list for its own prospect importer, with what the sheet says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.cli import main
from importer.models import Result
from importer.settings.secrets import KEY_VARIABLE
from tests.importing.test_emails import PEOPLE, by_email, listed, notes, results, send, settings_of, write
from tests.sandbox import Sandbox
from tests.test_emails_at_the_terminal import arguments


def people_of(folder: Path, headings: tuple[str, ...], *rows: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The list after an import into a workspace with nobody in it; each row has a public note, too."""
    sheet = write(folder, [(*row, "Hello", "Public") for row in rows], (*headings, "Note", "Visibility"))
    with Sandbox(prospects={"P1": "jo@example.com"}) as box:
        send(sheet, settings_of(box, folder, unknown_emails=folder / "people.csv"))
        assert all(call.method == "GET" for call in box.received), "nobody is created by us"
    return listed(folder / "people.csv")


def test_the_list_has_what_the_sheet_says_of_each_person_once(tmp_path: Path) -> None:
    """The first cell that is filled counts, in whichever of the person's rows it is."""
    assert people_of(
        tmp_path,
        ("Email", "First Name", "Company", "Status", "Mobile"),
        ("ada@example.com", "Ada", "", "Draft", "+49 (0)30/123-45"),
        ("Ben <ben@example.com>", "Ben", "Berg  &\nSons", "", "0170 4"),
        ("ADA@example.com", "A.", "Adams Ltd", "", ""),
    ) == [
        ("Email", "First Name", "Company", "Mobile"),
        ("ada@example.com", "Ada", "Adams Ltd", "+49 (0)30/123-45"),
        ("ben@example.com", "Ben", "Berg & Sons", "0170 4"),
    ]  # fmt: skip


def test_nothing_on_the_list_can_run_as_a_formula_and_a_phone_number_stays_exact(tmp_path: Path) -> None:
    """An apostrophe before the plus sign would become a part of the number in Saleshandy."""
    row = ("ada@example.com", "=HYPERLINK(1)", "@Adams", "+1+cmd|' /C calc!A0", "+1-555-0100")
    headings, person = people_of(tmp_path, ("Email", "=First", "Last Name", "Company", "Phone"), row)
    assert headings[1] == "'=First"
    assert person == ("ada@example.com", "'=HYPERLINK(1)", "'@Adams", "'+1+cmd|' /C calc!A0", "+1-555-0100")


def test_once_they_are_in_saleshandy_the_same_command_sends_only_their_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen says so; without a list wanted, it says how to get one; and once nobody is missing, nothing."""
    sheet, people = write(tmp_path, by_email(["jo@example.com", "new@example.com"])), tmp_path / "people.csv"
    with Sandbox(prospects=PEOPLE) as box:
        monkeypatch.setenv(KEY_VARIABLE, box.api_key)
        assert main(arguments("run", sheet, box, "--yes")) == 1
        said = " ".join(capsys.readouterr().out.split())
        assert "1 person is not in Saleshandy yet. To get a list for Saleshandy's own prospect importer, use" in said
        assert "--unknown-emails FILE.csv" in said
        with_list = arguments("run", sheet, box, "--yes", "--unknown-emails", str(people))
        assert main(with_list) == 1
        said = " ".join(capsys.readouterr().out.split())
        assert f"1 person is not in Saleshandy yet: {people} Import this list into Saleshandy" in said
        assert "Then run again. Only their notes are sent then." in said
        port, before = box.port, notes(box)
    with Sandbox(prospects={**PEOPLE, "P6": "new@example.com"}, port=port) as box:
        assert main(with_list) == 0
        assert "not in Saleshandy yet" not in capsys.readouterr().out
        assert [before, notes(box)] == [[("P1", "Hello")], [("P6", "Hello")]]
    assert not (tmp_path / "people (2).csv").exists()


def test_a_list_that_a_person_may_have_completed_stays(tmp_path: Path) -> None:
    sheet, people = write(tmp_path, by_email(["new@example.com"])), tmp_path / "people.csv"
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path, unknown_emails=people)
        for name in ("people.csv", "people (2).csv"):
            report = send(sheet, settings)
            assert report.unknown_emails is not None
            assert report.unknown_emails.path == tmp_path / name
            assert report.counts == {Result.REJECTED: 1}
    assert people.read_bytes() == (tmp_path / "people (2).csv").read_bytes()
    assert results(tmp_path)[0][0] == "rejected"
