"""A CRM's own ids are not taken for Saleshandy's: the emails beside them are, or how to export them is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.messages import render
from importer.models import Role, Visibility
from importer.settings import Settings
from tests.truth import write_csv

NOTE = ("Note", "Visibility")
SAID = ("Hello", "Public")
SALESFORCE = [f"0035g0000{number:06}AAB" for number in range(100_000, 100_006)]
NUMBERS = [str(number) for number in range(151, 157)]


def loaded(folder: Path, headings: Sequence[str], rows: Sequence[Sequence[str]], **more: object) -> Loaded:
    path = folder / "export.csv"
    write_csv(path, [*headings, *NOTE], *([*row, *SAID] for row in rows))
    with load(path, Settings(journal=folder / "journal.sqlite", **more)) as found:  # type: ignore[arg-type]
        return found


@pytest.mark.parametrize(
    ("heading", "ids"),
    [
        ("Contact ID", SALESFORCE),
        ("Lead ID", [f"00Q5g0000{number:06}" for number in range(6)]),
        ("Prospect ID", [f"zcrm_{number}" for number in range(10_000, 10_006)]),
        ("contact_id", [f"cont_a8Sd{number}kLm2Qx" for number in NUMBERS]),
        ("Contact ID", [f"65f0a1b2c3d4e5f607182{number}" for number in NUMBERS]),
        ("Contact ID", [f"5f2504e0-4f89-ed11-9a0c-002248000{number}" for number in NUMBERS]),
    ],
)
def test_a_sheet_of_foreign_ids_alone_is_told_so_at_once(tmp_path: Path, heading: str, ids: list[str]) -> None:
    found = loaded(tmp_path, [heading], [[one] for one in ids])
    assert f"contains IDs of another program, such as '{ids[0]}'" in str(found.unclear)
    assert "Export again with them: from HubSpot" in str(found.unclear)


def test_the_owners_emails_take_no_prospects_place(tmp_path: Path) -> None:
    """The prospects' own would do, whatever their heading."""
    rows = [[one, "eva@example.com", f"{one}@example.com"] for one in SALESFORCE]
    found = loaded(tmp_path, ["Contact ID", "Sales owner"], [row[:2] for row in rows])
    assert "Sales owner" not in str(found.unclear)
    found = loaded(tmp_path, ["Contact ID", "Sales owner", "Reach at"], rows)
    assert found.unclear is not None
    assert [choice.value for choice in found.unclear.questions[0].choices] == ["email=Reach at"]


@pytest.mark.parametrize(
    ("states", "given", "is_used"),
    [
        (["Completed", "Not Started", ""], {}, False),
        (["Completed", "Completed", "Draft"], {}, True),
        (["Completed", "Completed", "Someday"], {}, True),
        (["Completed", "Not Started", ""], {"mapping": {"status": "Status"}}, True),
        (["Completed", "Completed"], {"values": ["status:Completed=Published"]}, True),
        (["", ""], {}, True),
    ],
)
def test_how_far_a_task_is_is_no_status_of_a_note(
    tmp_path: Path, states: Sequence[str], given: dict[str, object], is_used: bool
) -> None:
    """One other word is enough to ask."""
    rows = [[f"p{i}@example.com", state] for i, state in enumerate([*["Completed"] * 300 * (states[0] != ""), *states])]
    found = loaded(tmp_path, ["Email", "Status"], rows, **given)
    assert (Role.STATUS in found.roles.columns) is is_used


@pytest.mark.parametrize(
    ("heading", "ids", "is_said"),
    [("Record ID", NUMBERS, False), ("Contact ID", SALESFORCE, True), ("Person - ID", NUMBERS, False)],
)
def test_beside_emails_the_emails_are_taken(tmp_path: Path, heading: str, ids: list[str], is_said: bool) -> None:
    """That is said if the heading is one of Saleshandy's IDs."""
    rows = [[one, f"p{one}@example.com".lower()] for one in ids]
    found = loaded(tmp_path, [heading, "E-mail"], rows)
    assert found.unclear is None
    assert found.roles.columns[Role.EMAIL] == 1
    assert Role.PROSPECT not in found.roles.columns
    assert found.rows.problems == {}
    said = " ".join(map(render, found.rows.remarks))
    assert ("are not Saleshandy's" in said and "column B" in said) is is_said


def test_ids_that_surely_are_foreign_give_way_to_a_few_emails_too(tmp_path: Path) -> None:
    """Beside other IDs, most rows must have one."""
    rows = [[one, "jo@example.com" if one == SALESFORCE[0] else ""] for one in SALESFORCE]
    assert Role.PROSPECT not in loaded(tmp_path, ["Contact ID", "Email"], rows).roles.columns
    found = loaded(tmp_path, ["Contact ID", "Email"], [[f"x-{one}", email] for one, email in rows])
    assert found.roles.columns[Role.PROSPECT] == 0


def test_emails_under_a_heading_of_prospects_are_no_ids_of_a_program(tmp_path: Path) -> None:
    rows = [[f"Person {one}", f"p{one}@example.com"] for one in NUMBERS]
    found = loaded(tmp_path, ["Person - Name", "Prospect"], rows)
    assert found.unclear is None
    assert found.roles.columns[Role.EMAIL] == 1


def test_with_emails_as_ids_a_second_column_of_visibility_still_counts(tmp_path: Path) -> None:
    """Otherwise its private notes would be public."""
    rows = [[f"p{one}@example.com", "Yes"] for one in NUMBERS]
    found = loaded(tmp_path, ["Prospect", "Private?"], rows, mapping={"visibility": "Visibility, Private?"})
    assert [note.visibility for note in found.rows.notes] == [Visibility.PRIVATE]


@pytest.mark.parametrize("ids", [["8PvBmrB7P7", "jzRkmgMdwA"], ["tHfdWSsw"], NUMBERS])
def test_what_may_be_saleshandys_ids_stays(tmp_path: Path, ids: list[str]) -> None:
    """Numbers under a heading of Saleshandy's own may be ids of it: ids are opaque."""
    found = loaded(tmp_path, ["Contact ID", "Email"], [[one, ""] for one in ids])
    assert found.roles.columns[Role.PROSPECT] == 0
    assert found.rows.problems == {}


def test_where_a_column_holds_emails_it_is_named_instead_of_how_to_export_them(tmp_path: Path) -> None:
    """Its heading is nobody's, so that a person is asked; but it is there."""
    unclear = loaded(tmp_path, ["Person - ID", "Reach at"], [["4711", "jo@example.com"]]).unclear
    said = str(unclear)
    assert '--map "email=Reach at"' in said
    assert "Export again" not in said
    assert "ITS-HEADING" not in said


def test_ids_in_a_column_that_is_named_count_whatever_they_look_like(tmp_path: Path) -> None:
    rows, named = [[one, "jo@example.com"] for one in SALESFORCE], {"prospect": "Record ID"}
    assert loaded(tmp_path, ["Record ID", "Email"], rows, mapping=named).roles.columns[Role.PROSPECT] == 0


def test_of_two_columns_of_emails_a_person_chooses_unless_there_are_ids(tmp_path: Path) -> None:
    rows = [["jo@example.com", "jo@example.org"]]
    unclear = loaded(tmp_path, ["Email", "Contact Email"], rows).unclear
    assert unclear is not None
    assert [choice.value for choice in unclear.questions[0].choices] == ["email=Email", "email=Contact Email"]
    found = loaded(tmp_path, ["Prospect ID", "Email", "Contact Email"], [["P1", *rows[0]]])
    assert found.unclear is None
    assert found.roles.columns[Role.PROSPECT] == 0


@pytest.mark.parametrize("headings", [["Email", "Work Email"], ["Email", "email"], ["Email", "Company Email"]])
def test_of_several_emails_beside_ids_the_first_is_compared(tmp_path: Path, headings: list[str]) -> None:
    """The plan says which, unless the others are further emails of the same person."""
    rows = [["8PvBmrB7P7", "jo@example.com", "jo@example.org"], ["jzRkmgMdwA", "al@example.com", "al@example.org"]]
    found = loaded(tmp_path, ["Contact ID", *headings], rows)
    assert found.unclear is None
    assert found.roles.columns[Role.PROSPECT] == 0
    assert found.rows.email is not None
    assert found.rows.email.tolist() == ["jo@example.com", "al@example.com"]
    remarks = " ".join(map(render, found.rows.remarks))
    assert ("with which the IDs are compared" in remarks) is (found.roles.further_emails == ())


def test_of_several_emails_beside_another_programs_ids_a_person_still_chooses(tmp_path: Path) -> None:
    """A note goes where the email says, so none is taken by itself."""
    rows = [[one, f"p{one}@example.com", f"p{one}@example.org"] for one in SALESFORCE]
    unclear = loaded(tmp_path, ["Contact ID", "Email", "Company Email"], rows).unclear
    assert unclear is not None
    assert {choice.value for choice in unclear.questions[0].choices} == {"email=Email", "email=Company Email"}


TWO = [["jo@example.com", "jo@example.org"], ["", "kim@example.org"], ["al@example.com", ""], ["", ""]]


@pytest.mark.parametrize(
    "headings",
    [
        ["Work email", "Home email"],
        ["Email", "Secondary Email"],
        ["Email", "Tertiary Email"],
        ["Primary email", "Other email address"],
        ["Person - Email - Work", "Person - Email - Other"],
        ["E-mail 1 - Value", "E-mail 2 - Value"],
        ["Email", "Email 3"],
        ["E-Mail-Adresse", "E-Mail-Adresse (privat)"],
        ["E-Mail geschäftlich", "Weitere E-Mail"],
    ],
)
def test_of_one_persons_emails_the_first_that_is_filled_names_the_prospect(tmp_path: Path, headings: list[str]) -> None:
    """The plan says so."""
    found = loaded(tmp_path, headings, TWO)
    assert found.rows.prospect.tolist() == ["jo@example.com", "kim@example.org", "al@example.com", ""]
    assert found.rows.email is not None
    assert found.rows.email.tolist() == found.rows.prospect.tolist()
    assert [*found.rows.problems] == [3]
    assert found.roles.unused == ()
    assert [render(remark) for remark in found.rows.remarks] == [
        "If column A is blank, the email address of column B is used.",
    ]


def test_beside_another_programs_ids_the_first_email_counts_too(tmp_path: Path) -> None:
    rows = [[one, *emails] for one, emails in zip(SALESFORCE, TWO, strict=False)]
    found = loaded(tmp_path, ["Contact ID", "Work Email", "Email", "Personal Email"], [[*row, ""] for row in rows])
    assert found.roles.foreign == 0
    assert found.rows.prospect.tolist() == ["jo@example.com", "kim@example.org", "al@example.com", ""]


def test_an_email_column_that_is_known_counts_before_the_others(tmp_path: Path) -> None:
    """So a row whose email was used before new columns were known keeps it."""
    found = loaded(
        tmp_path, ["Personal Email", "Email"], [["jo@example.org", "jo@example.com"], ["al@example.org", ""]]
    )
    assert found.rows.prospect.tolist() == ["jo@example.com", "al@example.org"]


def test_an_id_counts_and_is_compared_with_one_email_only(tmp_path: Path) -> None:
    rows = [["8PvBmrB7P7", "", "jo@example.org"], ["", "", "kim@example.org"], ["jzRkmgMdwA", "al@example.com", ""]]
    found = loaded(tmp_path, ["Prospect ID", "Email", "Home Email"], rows)
    assert found.rows.prospect.tolist() == ["8PvBmrB7P7", "kim@example.org", "jzRkmgMdwA"]
    assert found.rows.email is not None
    assert found.rows.email.tolist() == ["", "kim@example.org", "al@example.com"]


@pytest.mark.parametrize(
    "other",
    ["Owner Email", "Cc", "Manager email", "Company Email", "Assistant's email", "Email Type", "Sender email", "Email"],
)
def test_no_other_persons_email_takes_the_place_of_a_blank_one(tmp_path: Path, other: str) -> None:
    """Nor that of a column of the same heading, which may be the owner's."""
    found = loaded(tmp_path, ["Email", other], [["", "jo@example.org"], ["al@example.com", "jo@example.org"]])
    assert found.roles.further_emails == ()
    if found.unclear is None:
        assert found.rows.prospect.tolist() == ["", "al@example.com"]


@pytest.mark.parametrize("answer", [{"mapping": {"email": "Work Email"}}, {"ignored": ["Email", "Home Email"]}])
def test_a_column_that_is_named_counts_alone(tmp_path: Path, answer: dict[str, object]) -> None:
    """So does the one that isn't ignored."""
    rows = [["jo@example.com", "", ""], ["al@example.com", "al@example.org", ""]]
    found = loaded(tmp_path, ["Email", "Work Email", "Home Email"], rows, **answer)
    assert found.rows.prospect.tolist() == ["", "al@example.org"]


def test_what_holds_no_emails_is_none_of_them(tmp_path: Path) -> None:
    found = loaded(tmp_path, ["Work Email", "Email 2"], [["jo@example.com", "yes"], ["", "no"]])
    assert found.roles.further_emails == ()
    assert loaded(tmp_path, ["Email", "Work Email"], [["yes", "jo@example.com"]]).unclear is not None


def test_a_hidden_email_is_not_taken(tmp_path: Path) -> None:
    """The cell is a problem, though that column is only used if the first is blank."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in [("Work email", "Home email", *NOTE), ("", "jo@example.org", *SAID), ("a@b.de", "c@d.de", *SAID)]:
        sheet.append(row)
    for cell in ("B2", "B3"):
        sheet[cell].number_format = ";;;"
    book.save(tmp_path / "n.xlsx")
    with load(tmp_path / "n.xlsx", Settings()) as found:
        assert [*found.rows.problems] == [0]
        assert found.rows.prospect.tolist() == ["", "a@b.de"]


def test_one_command_may_name_the_ids_of_one_export_and_the_emails_of_another(tmp_path: Path) -> None:
    both = {"prospect": "Ours", "email": "Reach at"}
    assert loaded(tmp_path, ["Reach at"], [["jo@example.com"]], mapping=both).roles.columns[Role.EMAIL] == 0
    assert loaded(tmp_path, ["Ours"], [["8PvBmrB7P7"]], mapping=both).roles.columns[Role.PROSPECT] == 0
    for one in both:
        unclear = loaded(tmp_path, ["Email", "Prospect ID"], [["jo@example.com", "a"]], mapping={one: "Slip"}).unclear
        assert "No column has the heading 'Slip'" in str(unclear)


def test_another_exports_email_column_doesnt_stand_for_the_one_that_is_missing(tmp_path: Path) -> None:
    """A slip in the command is named."""
    rows, named = [[one] for one in NUMBERS], {"email": "Slip"}
    assert "No column has the heading 'Slip'" in str(loaded(tmp_path, ["Record ID"], rows, mapping=named).unclear)


def test_a_column_that_holds_emails_is_suggested_whatever_it_is_called(tmp_path: Path) -> None:
    unclear = loaded(tmp_path, ["Reach at", "Town"], [["jo@example.com", "Ulm"], ["kim@example.com", "Ulm"]]).unclear
    assert unclear is not None
    [question] = [found for found in unclear.questions if Role.PROSPECT in found.roles]
    assert question.choices[0].value == "email=Reach at"
    assert question.choices[0].is_likely
    assert "prospect=Reach at" not in [choice.value for choice in question.choices]


def test_emails_in_a_column_of_prospects_are_emails(tmp_path: Path) -> None:
    """No id looks like one, so there is nothing to ask; an id among them is one, a word isn't."""
    cells = [["jo@example.com"], ["Kim <kim@example.com>"], ["8PvBmrB7P7"], ["unassigned"], ["a@example.com"]]
    found = loaded(tmp_path, ["Prospect"], cells)
    assert found.roles.columns[Role.EMAIL] == 0
    assert found.rows.prospect.tolist() == ["jo@example.com", "kim@example.com", "8PvBmrB7P7", "", "a@example.com"]
    assert [*found.rows.problems] == [3]
