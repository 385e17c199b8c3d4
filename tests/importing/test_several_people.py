"""A cell or several columns that name several people: each receives the note once, and the row has one outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from importer.errors import Guarded
from importer.importing.preview import Preview
from importer.importing.run import prepare
from importer.messages import render
from importer.models import Result, Role
from importer.operations.hide import Which, hide, what_to_hide
from importer.settings import Settings
from importer.settings.kinds import InDoubt, SeveralInCell
from importer.settings.readings import HELD
from importer.telling import documents, preview_messages
from importer.telling.sheet_details import with_examples
from tests.importing.test_emails import by_email, notes, results, settings_of, write
from tests.running import ran as send
from tests.sandbox import Sandbox
from tests.truth import read_results

ADA, BEN, CY, TWIN, TWIN_TOO = "8PvBmrB7P7", "jzRkmgMdwA", "kqWm3nXy7Z", "aaBm3nXy7Z", "bbBm3nXy7Z"
PEOPLE = {
    ADA: "ada@example.com", BEN: "ben@example.com", CY: "cy@example.com", TWIN: "two@example.com",
    TWIN_TOO: "two@example.com",
}  # fmt: skip
BOTH = "Ada (ada@example.com); ben@example.com"


def each(box: Sandbox, folder: Path, **more: object) -> Settings:
    return settings_of(box, folder, several_in_cell="each", **more)


def ended(folder: Path) -> list[tuple[str, str]]:
    return [(row["result"], row["note_id"]) for row in read_results(folder / "r.csv")]


def ids(box: Sandbox) -> dict[tuple[str, str], str]:
    return {(note.prospect_id, note.sent_content): note.id for note in box.notes}


def looked_at(sheet: Path, settings: Settings) -> Preview:
    with prepare(sheet, settings) as prepared:
        return prepared.preview


# -- who receives the note ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "receivers", "result", "heading"),
    [
        (SeveralInCell.EACH, [ADA, BEN], "created", "Email"),
        (SeveralInCell.EACH, [ADA, BEN], "created", "Prospect ID"),
        (SeveralInCell.FIRST, [ADA], "created", "Email"),
        (SeveralInCell.REJECT, [], "invalid", "Email"),
        (None, [], "invalid", "Prospect ID"),
    ],
)
def test_those_receive_the_note_that_were_said(
    tmp_path: Path, how: SeveralInCell | None, receivers: list[str], result: str, heading: str
) -> None:
    cell = BOTH if heading == "Email" else f"{ADA}; {BEN}"
    other = PEOPLE[CY] if heading == "Email" else CY
    sheet = write(tmp_path, [(cell, "Hello", "Public"), (other, "a", "Public")], (heading, "Note", "Visibility"))
    with Sandbox(prospects=PEOPLE) as box:
        settings = settings_of(box, tmp_path, several_in_cell=how)
        send(sheet, settings)
        assert notes(box) == [*((prospect, "Hello") for prospect in receivers), (CY, "a")]
        first = read_results(tmp_path / "r.csv")[0]
        assert first["result"] == result
        if not receivers:
            assert "names several people" in first["reason"]
            assert "--several-in-cell each" in first["reason"]
        send(sheet, settings)
        assert len(box.notes) == len(receivers) + 1


def test_a_row_has_the_ids_of_all_its_notes_in_the_order_of_its_people(tmp_path: Path) -> None:
    sheet = write(tmp_path, by_email(["ben@example.com | Ada <ada@example.com>\ncy@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        report = send(sheet, each(box, tmp_path))
        assert (report.counts, report.requests, report.exit_status) == ({Result.CREATED: 1}, 1, 0)
        made = ids(box)
        together = "; ".join(made[prospect, "Hello"] for prospect in (BEN, ADA, CY))
        assert ended(tmp_path) == [("created", together)]
        reason = results(tmp_path)[0][1]
        assert reason.startswith(f"3 people: ben@example.com created ({made[BEN, 'Hello']}); ada@example.com created")
        calls = len(box.received)
        report = send(tmp_path / "r.csv", each(box, tmp_path, results=tmp_path / "r2.csv"))
        assert report.counts == {Result.ALREADY_IMPORTED: 1}
        assert read_results(tmp_path / "r2.csv")[0]["note_id"] == together
        assert len(box.received) == calls
        [note] = [note for note in box.notes if note.prospect_id == ADA]
        hide(what_to_hide(Which(note_ids=[note.id]), each(box, tmp_path)), each(box, tmp_path))
        private = write(tmp_path, [("ben@example.com; ada@example.com; cy@example.com", "Hello", "Private")])
        report = send(private, each(box, tmp_path, in_doubt=(InDoubt.LEAVE_HIDDEN,)))
        assert (report.counts, report.exit_status) == ({Result.ALREADY_IMPORTED: 1}, 1)
        assert ended(tmp_path) == [("already imported", f"{made[BEN, 'Hello']}; {made[CY, 'Hello']}")]
        reason = results(tmp_path)[0][1]
        assert "ada@example.com skipped (" in reason
        assert reason.count("still public") == 2


def test_a_row_that_is_delivered_in_part_is_rejected_and_says_for_whom_it_is_there(tmp_path: Path) -> None:
    cell = "ada@example.com; nobody@example.com"
    sheet = write(tmp_path, by_email([cell, "ben@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        settings = each(box, tmp_path)
        assert send(sheet, settings).counts == {Result.REJECTED: 1, Result.CREATED: 1}
        first = read_results(tmp_path / "r.csv")[0]
        assert (first["result"], first["note_id"]) == ("rejected", "")
        assert f"ada@example.com created ({ids(box)[ADA, 'Hello']})" in first["reason"]
        assert "nobody@example.com rejected (no prospect has the email address nobody@example.com" in first["reason"]
        corrected = tmp_path / "corrected.csv"
        text = (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
        corrected.write_text(text.replace(f"{cell},", "ada@example.com; cy@example.com,"), encoding="utf-8")
        report = send(corrected, replace(settings, results=tmp_path / "r2.csv"))
        assert report.counts == {Result.CREATED: 1, Result.ALREADY_IMPORTED: 1}
        assert notes(box) == [(ADA, "Hello"), (BEN, "Hello"), (CY, "Hello")]
        made = ids(box)
        row = read_results(tmp_path / "r2.csv")[0]
        assert row["note_id"] == f"{made[ADA, 'Hello']}; {made[CY, 'Hello']}"
        assert "ada@example.com already imported" in row["reason"]
        assert "cy@example.com created" in row["reason"]


def test_two_emails_of_one_prospect_are_one_note(tmp_path: Path) -> None:
    with Sandbox(prospects={ADA: "ada@example.com"}) as box:
        sheet = write(tmp_path, by_email(["ada@example.com", "ADA@example.com; Ada <ada@example.com>"]))
        report = send(sheet, each(box, tmp_path))
        assert report.counts == {Result.CREATED: 1, Result.DUPLICATE: 1}
        assert notes(box) == [(ADA, "Hello")]
        assert ended(tmp_path)[0][1] == ended(tmp_path)[1][1]


def test_a_part_that_names_nobody_is_a_problem_of_the_row_and_nothing_of_it_is_sent(tmp_path: Path) -> None:
    rows = by_email(["ada@example.com; Ben Berg", "cy@example.com; Ben Berg", "ben@example.com; Kim"])
    with Sandbox(prospects=PEOPLE) as box:
        report = send(write(tmp_path, rows), each(box, tmp_path))
        assert report.counts == {Result.INVALID: 3}
        assert box.notes == ()
        overview = looked_at(tmp_path / "sheet.csv", each(box, tmp_path))
    [trouble] = overview.troubles
    assert "(found: 'Ben Berg' (2), 'Kim')" in render(trouble.text)


# -- counts, duplicates, guards ----------------------------------------------------------------------------------------


def test_the_preview_counts_rows_and_notes(tmp_path: Path) -> None:
    cells = [BOTH, "ben@example.com; cy@example.com", "cy@example.com, ada@example.com", "ben@example.com"]
    sheet = write(tmp_path, by_email(cells))
    with Sandbox(prospects=PEOPLE) as box:
        overview = looked_at(sheet, each(box, tmp_path))
        remark = "In 3 cells, column A names several people. The note goes to each of them (--several-in-cell)."
        assert remark in map(render, overview.remarks)
        report = send(sheet, each(box, tmp_path))
        assert report.counts == overview.expected.counts == {Result.CREATED: 2, Result.DUPLICATE: 2}
        assert len(box.notes) == 3
    reasons = [reason for _, reason in results(tmp_path)]
    assert "ben@example.com duplicate" in reasons[1]
    assert "the same note for the same prospect as row 2" in reasons[3]


def test_rows_are_counted_once_whose_emails_several_nobodies_have(tmp_path: Path) -> None:
    sheet = write(tmp_path, by_email(["x@example.com, y@example.com", "ben@example.com;x@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        with pytest.raises(Guarded, match="1 of the 2 rows"):
            send(sheet, each(box, tmp_path, max_invalid="49%"))
        assert box.notes == ()
        assert send(sheet, each(box, tmp_path, max_invalid="50%")).counts == {Result.REJECTED: 2}


# -- several columns ---------------------------------------------------------------------------------------------------


def listed(
    tmp_path: Path, rows: Iterable[Sequence[str]], headings: Sequence[str], role: str = "email", name: str = ""
) -> tuple[Path, dict[Role, tuple[str, ...]]]:
    """A sheet, and the mapping that lists its columns of people."""
    sheet = write(tmp_path, rows, (*headings, "Note", "Visibility"))
    return sheet, {Role(role): (name or ", ".join(headings),)}


@pytest.mark.parametrize("role", ["email", "prospect"])
def test_each_person_of_several_columns_receives_the_note(tmp_path: Path, role: str) -> None:
    def person(prospect: str) -> str:
        return prospect and (PEOPLE[prospect] if role == "email" else prospect)

    pairs = [(ADA, BEN), ("", CY), ("", ""), (BEN, BEN)]
    rows = [(*map(person, pair), f"{n}", "Public") for n, pair in enumerate(pairs)]
    rows.append((f"{person(ADA)}; {person(BEN)}", person(CY), "several", "Public"))
    sheet, mapping = listed(tmp_path, rows, ("Contact 1", "Contact 2"), role)
    with Sandbox(prospects=PEOPLE) as box:
        report = send(sheet, each(box, tmp_path, mapping=mapping))
        assert report.counts == {Result.CREATED: 4, Result.INVALID: 1}
        assert notes(box) == sorted(
            [(ADA, "0"), (BEN, "0"), (CY, "1"), (BEN, "3"), (ADA, "several"), (BEN, "several"), (CY, "several")]
        )
        assert results(tmp_path)[2][1].startswith("A4 (row 4, Contact 1)")
        assert results(tmp_path)[3] == ("created", "")
        overview = looked_at(sheet, each(box, tmp_path, mapping=mapping))
        assert "Each person in columns A and B receives the row's note." in map(render, overview.remarks)
        assert overview.unused == ()


@pytest.mark.parametrize(
    ("headings", "name", "receivers"),
    [
        (("Contact, main", "Contact 2"), "Contact, main", [ADA]),
        (("Contact, main", "Contact 2"), "Contact, main, Contact 2", [ADA, BEN]),
        (("Contact 2", "Contact, main"), "Contact, main, Contact 2", [ADA, BEN]),
        (("Contact 1", "Contact 2"), "B,A", [ADA, BEN]),
        (("Contact 1, Contact 2", "Contact 1", "Contact 2"), "Contact 1, Contact 2", [ADA]),
    ],
)
def test_a_heading_that_matches_as_a_whole_counts_before_a_list(
    tmp_path: Path, headings: Sequence[str], name: str, receivers: list[str]
) -> None:
    cells = ["ada@example.com", "ben@example.com", "cy@example.com"][: len(headings)]
    sheet, mapping = listed(tmp_path, [(*cells, "Hello", "Public")], headings, name=name)
    with Sandbox(prospects=PEOPLE) as box:
        send(sheet, settings_of(box, tmp_path, mapping=mapping))
        assert [prospect for prospect, _ in notes(box)] == receivers


@pytest.mark.parametrize(
    ("name", "roles", "said"),
    [
        *((name, {}, "") for name in ("Contact 1, Contact 3", "Contact 3, Contact 1", ",")),
        ("", {Role.CONTENT: ("Contact 2",)}, "'Contact 2' can't be both the content and the email"),
    ],
)
def test_a_list_with_a_name_that_the_sheet_lacks_or_that_has_another_role_is_not_followed_in_part(
    tmp_path: Path, name: str, roles: dict[Role, tuple[str, ...]], said: str
) -> None:
    sheet, mapping = listed(tmp_path, [("a@b.de", "c@d.de", "Hello", "Public")], ("Contact 1", "Contact 2"), name=name)
    with Sandbox() as box, prepare(sheet, settings_of(box, tmp_path, mapping=mapping | roles)) as prepared:
        assert prepared.loaded.undecided is not None
        assert said in render(prepared.loaded.undecided.message)


# -- asking ------------------------------------------------------------------------------------------------------------


def test_who_receives_the_notes_is_asked_once_with_the_number_of_rows(tmp_path: Path) -> None:
    sheet = write(tmp_path, by_email([BOTH, "cy@example.com", BOTH, "ada@example.com; Kim"]))
    with Sandbox(prospects=PEOPLE) as box, prepare(sheet, settings_of(box, tmp_path)) as prepared:
        [question] = prepared.loaded.questions
        assert (question.is_optional, question.count, question.column) == (True, 2, 0)
        assert render(question.asks).startswith(
            "Column A, 'Email', names several people in 2 rows, for example Ada (ada@"
        )
        assert [choice.value for choice in question.choices] == ["each", "first", "reject"]
        overview = with_examples(prepared)
        assert overview.exit_status == 1
        assert documents.check(overview)["questions"] == []
        assert "Nothing can be sent until" not in " ".join(
            render(line.text) for line in preview_messages.check(overview) if line.text
        )
        prepared.decide(question.choices[0])
        assert prepared.loaded.questions == ()
        assert prepared.loaded.settings.several_in_cell == "each"
        assert prepared.send().counts == {Result.CREATED: 2, Result.DUPLICATE: 1, Result.INVALID: 1}
    assert "several-in-cell" in HELD
