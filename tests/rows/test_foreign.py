"""A CRM's own ids are not taken for Saleshandy's: the emails beside them are, or how to export them is said."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.messages import render
from importer.models import Role, Visibility
from importer.rows.foreign import record_id
from importer.settings import Settings
from tests.truth import write_csv

NOTE = ("Note", "Visibility")
SAID = ("Hello", "Public")
SALESFORCE = [f"0035g0000{number:06}AAB" for number in range(100_000, 100_006)]
NUMBERS = [str(number) for number in range(151, 157)]
TWO = [["jo@example.com", "jo@example.org"], ["", "kim@example.org"], ["al@example.com", ""], ["", ""]]
FIRST = ["jo@example.com", "kim@example.org", "al@example.com", ""]


def loaded(folder: Path, headings: Sequence[str], rows: Sequence[Sequence[str]], **more: Any) -> Loaded:
    path = write_csv(folder / "export.csv", [*headings, *NOTE], *([*row, *SAID] for row in rows))
    with load(path, Settings(journal=folder / "journal.sqlite", **more)) as found:
        return found


def beside(ids: Sequence[str], *cells: str) -> list[list[str]]:
    return [[one, *cells] for one in ids]


@pytest.mark.parametrize(
    ("heading", "ids"),
    [
        ("Contact ID", SALESFORCE), ("Lead ID", [f"00Q5g0000{number:06}" for number in range(6)]),
        ("Prospect ID", [f"zcrm_{number}" for number in range(10_000, 10_006)]),
        ("contact_id", [f"cont_a8Sd{number}kLm2Qx" for number in NUMBERS]),
        ("Contact ID", [f"65f0a1b2c3d4e5f607182{number}" for number in NUMBERS]),
        ("Contact ID", [f"5f2504e0-4f89-ed11-9a0c-002248000{number}" for number in NUMBERS]),
    ],
)  # fmt: skip
def test_a_sheet_of_foreign_ids_alone_is_told_so_at_once(tmp_path: Path, heading: str, ids: list[str]) -> None:
    said = str(loaded(tmp_path, [heading], beside(ids)).unclear)
    assert f"contains IDs of another program, such as '{ids[0]}'" in said
    assert "Export again with them: from HubSpot" in said


@pytest.mark.parametrize(
    ("headings", "rows", "mapping", "said", "not_said"),
    [
        # a slip in the command is named
        (["Record ID"], beside(NUMBERS), {"email": "Slip"}, "No column has the heading 'Slip'", ""),
        # the owners' emails take no prospects' place; other emails would
        (["Contact ID", "Sales owner"], beside(SALESFORCE, "eva@example.com"), {}, "Export again", "Sales owner"),
        (["Person - ID", "Reach at"], [["4711", "jo@example.com"]], {}, '--map "email=Reach at"', "Export again"),
    ],
)  # fmt: skip
def test_how_to_go_on_is_said(
    tmp_path: Path, headings: list[str], rows: list[list[str]], mapping: dict[str, str], said: str, not_said: str
) -> None:
    found = str(loaded(tmp_path, headings, rows, mapping=mapping).unclear)
    assert said in found
    assert not not_said or not_said not in found
    assert "Reach at" not in headings or "ITS-HEADING" not in found


@pytest.mark.parametrize(
    ("headings", "rows", "mapping", "role"),
    [
        (["Prospect ID", "Purpose"], beside(NUMBERS, "Follow-up"), {}, Role.PROSPECT),
        (["Prospect ID", "Call Purpose"], beside(NUMBERS, "x"), {"prospect": "Prospect ID"}, Role.PROSPECT),
        # IDs in a column that is named count whatever they look like; of others, unless they surely are foreign, most
        # rows must have an email
        (["Record ID", "Email"], beside(SALESFORCE, "jo@example.com"), {"prospect": "Record ID"}, Role.PROSPECT),
        (["Contact ID", "Email"], [*beside(SALESFORCE, ""), [SALESFORCE[0], "jo@example.com"]], {}, Role.EMAIL),
        (["Contact ID", "Email"], [*beside(["x-1", "x-2"], ""), ["x-3", "jo@example.com"]], {}, Role.PROSPECT),
        # numbers under a heading of Saleshandy's own may be ids of it: ids are opaque
        *((["Contact ID", "Email"], beside(ids, ""), {}, Role.PROSPECT)
          for ids in (["8PvBmrB7P7", "jzRkmgMdwA"], ["tHfdWSsw"], NUMBERS)),
        (["Prospect ID", "Email", "Contact Email"], [["P1", *TWO[0]]], {}, Role.PROSPECT),
        # emails under a heading of prospects are no ids of a program
        (["Prospect", "Person - Name"], [[f"p{one}@example.com", f"Person {one}"] for one in NUMBERS], {}, Role.EMAIL),
        # one command may name the ids of one export and the emails of another
        (["Reach at"], [["jo@example.com"]], {"prospect": "Ours", "email": "Reach at"}, Role.EMAIL),
        (["Ours"], [["8PvBmrB7P7"]], {"prospect": "Ours", "email": "Reach at"}, Role.PROSPECT),
    ],
)  # fmt: skip
def test_ids_or_emails_name_the_prospects(
    tmp_path: Path, headings: list[str], rows: list[list[str]], mapping: dict[str, str], role: Role
) -> None:
    found = loaded(tmp_path, headings, rows, mapping=mapping)
    assert found.unclear is None
    assert (Role.PROSPECT in found.roles.columns) is (role is Role.PROSPECT)
    assert role in found.roles.columns


@pytest.mark.parametrize(
    ("headings", "rows", "emails"),
    [
        (["Contact : Id", "Sales owner", "Reach at"],
         [[one, "eva@example.com", f"p{one}@example.com"] for one in NUMBERS], ["Reach at"]),
        (["Email", "Contact Email"], [TWO[0]], ["Email", "Contact Email"]),
        # a note goes where the email says, so none is taken by itself
        (["Contact ID", "Email", "Company Email"],
         [[one, f"p{one}@example.com", f"p{one}@example.org"] for one in SALESFORCE], ["Email", "Company Email"]),
        (["Reach at", "Town"], [["jo@example.com", "Ulm"], ["kim@example.com", "Ulm"]], ["Reach at"]),
    ],
)  # fmt: skip
def test_of_columns_of_emails_a_person_chooses(
    tmp_path: Path, headings: list[str], rows: list[list[str]], emails: list[str]
) -> None:
    unclear = loaded(tmp_path, headings, rows).unclear
    assert unclear is not None
    values = [choice.value for choice in unclear.questions[0].choices]
    assert values[: len(emails)] == [f"email={heading}" for heading in emails]
    assert f"prospect={emails[0]}" not in values


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
    rows = [[f"p{i}@example.com", state] for i, state in enumerate([*["Completed"] * 300 * (states[0] != ""), *states])]
    found = loaded(tmp_path, ["Email", "Status"], rows, **given)
    assert (Role.STATUS in found.roles.columns) is is_used


@pytest.mark.parametrize(
    ("heading", "ids", "is_said"),
    [("Record ID", NUMBERS, False), ("Contact ID", SALESFORCE, True), ("Person - ID", NUMBERS, False)],
)
def test_beside_emails_the_emails_are_taken(tmp_path: Path, heading: str, ids: list[str], is_said: bool) -> None:
    found = loaded(tmp_path, [heading, "E-mail"], [[one, f"p{one}@example.com".lower()] for one in ids])
    assert found.unclear is None
    assert found.roles.columns[Role.EMAIL] == 1
    assert Role.PROSPECT not in found.roles.columns
    assert found.rows.problems == {}
    said = " ".join(map(render, found.rows.remarks))
    assert ("are not Saleshandy's" in said and "column B" in said) is is_said


def test_with_emails_as_ids_a_second_column_of_visibility_still_counts(tmp_path: Path) -> None:
    """Otherwise its private notes would be public."""
    rows = [[f"p{one}@example.com", "Yes"] for one in NUMBERS]
    found = loaded(tmp_path, ["Prospect", "Private?"], rows, mapping={"visibility": "Visibility, Private?"})
    assert [note.visibility for note in found.rows.notes] == [Visibility.PRIVATE]


@pytest.mark.parametrize("headings", [["Email", "Work Email"], ["Email", "email"], ["Email", "Company Email"]])
def test_of_several_emails_beside_ids_the_first_is_compared(tmp_path: Path, headings: list[str]) -> None:
    rows = [["8PvBmrB7P7", "jo@example.com", "jo@example.org"], ["jzRkmgMdwA", "al@example.com", "al@example.org"]]
    found = loaded(tmp_path, ["Contact ID", *headings], rows)
    assert found.roles.columns[Role.PROSPECT] == 0
    assert found.rows.email is not None
    assert found.rows.email.tolist() == ["jo@example.com", "al@example.com"]


@pytest.mark.parametrize(
    "headings",
    [["Work email", "Home email"], ["Email", "Secondary Email"], ["Email", "Tertiary Email"],
     ["Primary email", "Other email address"], ["Person - Email - Work", "Person - Email - Other"],
     ["E-mail 1 - Value", "E-mail 2 - Value"], ["Email", "Email 3"], ["E-Mail-Adresse", "E-Mail-Adresse (privat)"],
     ["E-Mail geschäftlich", "Weitere E-Mail"]],
)  # fmt: skip
def test_of_one_persons_emails_the_first_that_is_filled_names_the_prospect(tmp_path: Path, headings: list[str]) -> None:
    found = loaded(tmp_path, headings, TWO)
    assert found.rows.prospect.tolist() == FIRST
    assert found.rows.email is not None
    assert found.rows.email.tolist() == FIRST
    assert [*found.rows.problems] == [3]
    assert found.roles.unused == ()
    assert [render(remark) for remark in found.rows.remarks] == [
        "If column A is blank, the email address of column B is used.",
    ]


@pytest.mark.parametrize(
    ("headings", "rows", "answer", "prospects", "emails"),
    [
        (["Contact ID", "Work Email", "Email", "Personal Email"],
         [[one, *emails, ""] for one, emails in zip(SALESFORCE, TWO, strict=False)], {}, FIRST, FIRST),
        # a column that is known counts before others, so that a row keeps the email that was used before
        (["Personal Email", "Email"], [["jo@example.org", "jo@example.com"], ["al@example.org", ""]], {},
         ["jo@example.com", "al@example.org"], ["jo@example.com", "al@example.org"]),
        # an ID counts, and is compared with one column only
        (["Prospect ID", "Email", "Home Email"],
         [["8PvBmrB7P7", "", "jo@example.org"], ["", "", "kim@example.org"], ["jzRkmgMdwA", "al@example.com", ""]], {},
         ["8PvBmrB7P7", "kim@example.org", "jzRkmgMdwA"], ["", "kim@example.org", "al@example.com"]),
        # a column that is named counts alone; so does the one that isn't ignored
        *((["Email", "Work Email", "Home Email"],
           [["jo@example.com", "", ""], ["al@example.com", "al@example.org", ""]], answer,
           ["", "al@example.org"], ["", "al@example.org"])
          for answer in ({"mapping": {"email": "Work Email"}}, {"ignored": ["Email", "Home Email"]})),
        # an id among emails is one, a word isn't
        (["Prospect"],
         [["jo@example.com"], ["Kim <kim@example.com>"], ["8PvBmrB7P7"], ["unassigned"], ["a@example.com"]], {},
         ["jo@example.com", "kim@example.com", "8PvBmrB7P7", "", "a@example.com"], None),
    ],
)  # fmt: skip
def test_which_cell_names_the_prospect(
    tmp_path: Path, headings: list[str], rows: list[list[str]], answer: Any, prospects: list[str],
    emails: list[str] | None,
) -> None:  # fmt: skip
    found = loaded(tmp_path, headings, rows, **answer)
    assert found.rows.prospect.tolist() == prospects
    assert found.rows.email is not None
    assert emails is None or found.rows.email.tolist() == emails
    assert [*found.rows.problems] == [at for at, one in enumerate(prospects) if not one]


@pytest.mark.parametrize(
    "other",
    ["Owner Email", "Cc", "Manager email", "Company Email", "Assistant's email", "Email Type", "Sender email", "Email"],
)
def test_no_other_persons_email_takes_the_place_of_a_blank_one(tmp_path: Path, other: str) -> None:
    found = loaded(tmp_path, ["Email", other], [["", "jo@example.org"], ["al@example.com", "jo@example.org"]])
    assert found.roles.further_emails == ()
    if found.unclear is None:
        assert found.rows.prospect.tolist() == ["", "al@example.com"]


def test_what_holds_no_emails_is_none_of_them(tmp_path: Path) -> None:
    found = loaded(tmp_path, ["Work Email", "Email 2"], [["jo@example.com", "yes"], ["", "no"]])
    assert found.roles.further_emails == ()
    assert loaded(tmp_path, ["Email", "Work Email"], [["yes", "jo@example.com"]]).unclear is not None


def test_a_hidden_email_is_not_taken(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(("spelled", "record"), [("00T5f00000AbCdEEAV", "00T5f00000AbCdE"),
    ("{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"), ("12.345.678,00", "12345678"),
    *((one, "12345678901") for one in ("12,345,678,901", "12345678901.00", "12 345 678 901", "12'345'678'901.0")),
    *((one, one) for one in ("00T5f00000AbCdEEAW", "Task 00012345", "00012345", "123456,78.01", "12345678.10")),
])  # fmt: skip
def test_a_record_has_one_id_however_it_is_spelled(spelled: str, record: str) -> None:
    assert record_id("Activity ID", f" {spelled}\u00a0") == f"activityid {record}"
