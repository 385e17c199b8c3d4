"""People who aren't in Saleshandy yet: a list for its own prospect importer, with what the sheet says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.cli import main
from importer.models import Result
from importer.settings import KEY_VARIABLE
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
    headings = ("Email", "First Name", "Last Name", "Company", "Title", "Phone", "Mobile")
    assert people_of(
        tmp_path,
        headings,
        ("ada@example.com", "Ada", "Adams", "", "CTO", "", "+49 (0)30/123-45"),
        ("ben@example.com", "Ben", "", "Berg  &\nSons", "", "0151 23", "0170 4"),
        ("ADA@example.com", "A.", "Adams", "Adams Ltd", "", "", ""),
    ) == [
        ("ada@example.com", "Ada", "Adams", "Adams Ltd", "CTO", "+49 (0)30/123-45"),
        ("ben@example.com", "Ben", "", "Berg & Sons", "", "0151 23"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headings", "cells", "person"),
    [
        (("E-Mail", "Vorname", "Nachname", "Firma", "Telefon"), ("Ada", "Adams", "A", "1"),
         ("Ada", "Adams", "A", "", "1")),
        (("Courriel", "Prénom", "Nom", "Société", "Fonction"), ("Ada", "Adams", "A", "B"),
         ("Ada", "Adams", "A", "B", "")),
        (("Correo", "Nombre", "Apellidos", "Empresa", "Cargo"), ("Ada", "Adams", "A", "B"),
         ("Ada", "Adams", "A", "B", "")),
        (("E-mail", "Nome", "Sobrenome", "Celular"), ("Ada", "Adams", "1"), ("Ada", "Adams", "", "", "1")),
        (("Email", "Nome", "Cognome", "Azienda"), ("Ada", "Adams", "A"), ("Ada", "Adams", "A", "", "")),
        (("Email", "Nom"), ("Ada Adams",), ("Ada", "Adams", "", "", "")),
        (("Email", "Full Name"), ("Ada van Dam",), ("Ada", "van Dam", "", "", "")),
        (("Email", "Contact Name", "Title"), ("Adams, Ada", "First call"), ("Ada", "Adams", "", "", "")),
        (("Email", "Last Name", "Name"), ("Adams", "Ada B. Adams"), ("", "Adams", "", "", "")),
    ],
)  # fmt: skip
def test_the_columns_are_found_in_the_languages_of_the_other_columns(
    tmp_path: Path, headings: tuple[str, ...], cells: tuple[str, ...], person: tuple[str, ...]
) -> None:
    """A name that one language uses for one part of a name, and another for all, is judged by its neighbour."""
    assert people_of(tmp_path, headings, ("ada@example.com", *cells)) == [("ada@example.com", *person)]


def test_a_name_in_the_cell_of_the_email_counts_before_a_full_name(tmp_path: Path) -> None:
    """And after columns of their own."""
    cells = {
        "Ada Adams <ada@example.com>": ("Ada", "Adams"),
        '"Berg, Ben" <ben@example.com>': ("Ben", "Berg"),
        "Cleo Costa (mailto:cleo@example.com)": ("Cleo", "Costa"),
        "dan@example.com <dan@example.com>": ("In", "full"),
        "eva@example.com": ("In", "full"),
    }
    people = people_of(tmp_path, ("Email", "Name"), *((cell, "In full") for cell in cells))
    assert [person[1:3] for person in people] == [*cells.values()]


def test_nothing_on_the_list_can_run_as_a_formula_and_a_phone_number_stays_exact(tmp_path: Path) -> None:
    """An apostrophe before the plus sign would become a part of the number in Saleshandy."""
    row = ("ada@example.com", "=HYPERLINK(1)", "@Adams", "+1+cmd|' /C calc!A0", "+1-555-0100")
    [person] = people_of(tmp_path, ("Email", "First Name", "Last Name", "Company", "Phone"), row)
    assert person == ("ada@example.com", "'=HYPERLINK(1)", "'@Adams", "'+1+cmd|' /C calc!A0", "", "+1-555-0100")


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
