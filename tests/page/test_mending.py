"""Rows with problems are mended where they are shown; corrections are read with the file, which stays as it is."""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.operations.corrections import Corrections
from importer.page.screens import Parts
from importer.page.uploads import Answers, DroppedFile, DroppedFiles, State, applied
from importer.settings import Settings
from tests.page.conftest import HEAD, SECRET, write
from tests.page.person import Person

TEXT = "Spoke about the annual plan"
EMAILS = ("Email", "Note", "Visibility")
CONTINUE: dict[str, Any] = {"continue": "yes"}
BOTH = ("Prospect ID", "Email", "Note", "Visibility")


class Mender:
    """The grid of the rows with problems of a file that was dropped; ``query`` says which are shown."""

    def __init__(self, person: Person, upload: DroppedFile) -> None:
        self.person, self.upload, self.query = person, upload, ""

    @property
    def html(self) -> str:
        return self.person.html

    @property
    def corrections(self) -> Corrections:
        return self.upload.state.corrections(applied(self.upload.state.answers, Settings()))

    @property
    def rows(self) -> list[int]:
        return [int(number) for number in re.findall(r'<tr id="row-(\d+)"', self.html)]

    def states(self, *rows: int) -> list[str]:
        """Whether each of these rows is open, mended or left out."""
        return [re.findall(rf'<tr id="row-{row}" class="([\w-]+)"', self.html)[0] for row in rows]

    def sees(self, query: str = "") -> str:
        return self.person.sees(f"mend?{query or self.query}")

    def does(self, status: int = 200, **fields: Any) -> str:
        """Write into cells, and press a button of the screen that was seen last."""
        return self.person.posts(f"mend/change?{self.query}", status=status, **fields)

    def continues(self, **fields: Any) -> str:
        return self.does(**fields, **CONTINUE)

    def sheet(self) -> dict[int, list[str]]:
        """The cells of the corrected sheet, as another program reads them."""
        content = self.person.gets("corrected.xlsx").content
        rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
        return {number: [*map(str, row)] for number, row in enumerate(rows, 1) if any(row)}


Drop = Callable[..., Mender]


@pytest.fixture
def dropped(person: Person, parts: Parts, tmp_path: Path) -> Drop:
    def drop(
        rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, path: Path | None = None, answers: Answers = ()
    ) -> Mender:
        person.drops(path or write(tmp_path / "notes.csv", rows, head))
        upload = next(iter(parts.uploads))
        upload.state = State(answers)
        mender = Mender(person, upload)
        mender.sees()
        return mender

    return drop


def test_one_press_writes_to_every_cell_like_it_and_another_takes_it_back(dropped: Drop) -> None:
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "pubic"), ("p3", TEXT, "Pubic"), ("p4", TEXT, "Pubic")])
    assert "Change to Public" in mender.html
    assert "Change all 3 like it to Public" in mender.html
    mender.does(write_all="2 2 Public")
    assert mender.states(2, 3, 4, 5) == ["mended", "open", "mended", "mended"]
    mender.does(cell_4_2="Private")  # another one for this row alone
    mender.does(take_back="5")
    assert mender.states(2, 3, 4, 5) == ["mended", "open", "mended", "open"]
    mender.does(undo="yes")
    mender.does(undo="yes")
    assert mender.states(2, 3, 4, 5) == ["mended", "open", "mended", "mended"]
    assert "0 of 4 rows are corrected." in mender.does(undo="yes")
    mender.does(cell_2_1="Damaged: \ufffd", cell_2_2="Public")
    assert mender.states(2) == ["open"]
    mender.does(take_back="2")
    assert "Do the same for 2 others like it" in mender.does(write="2 2 Public")


def test_corrections_outlive_the_program_and_no_file_holds_the_key(dropped: Drop, parts: Parts) -> None:
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Pubic")])
    mender.does(write="2 2 Public")
    kept = DroppedFiles(parts.uploads.folder).get(mender.upload.id)
    assert kept is not None
    assert kept.state == mender.upload.state
    assert kept.state.corrections(Settings()).by_row[2].texts == {2: "Public"}
    assert kept.state.corrections(Settings(header_row=2)).by_row == {}
    mender.sheet()
    files = [path for path in parts.uploads.folder.rglob("*") if path.is_file()]
    assert {".record", "sheet.xlsx"} <= {path.name for path in files}
    assert any(path.suffix == ".db" for path in files)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_a_row_is_left_out_and_so_are_all_of_a_kind(dropped: Drop) -> None:
    rows = [*((f"p{i}", "", "Public") for i in range(3)), ("p4", TEXT, "Pubic"), ("", TEXT, "Public")]
    mender = dropped(rows)
    mender.does(leave_out="5")
    assert mender.states(5) == ["left-out"]
    mender.does(cell_3_1="Hello")
    mender.query = "kind=0"
    assert "Leave out all 2 rows of this kind" in mender.sees()
    mender.does(leave_out_kind="0")
    assert mender.states(2, 3, 4) == ["left-out", "mended", "left-out"]
    assert "1 of 5 rows are corrected. 3 rows are left out." in mender.html
    assert 6 not in mender.rows
    mender.query = ""
    assert "Ready: 1 note to send; not sent: 1 row with problems." in mender.continues()
    assert [number for number in mender.sheet() if number > 1] == [3, 6]


def test_one_choice_is_for_all_rows_of_a_kind(dropped: Drop) -> None:
    mender = dropped([("p1", TEXT, f"word {i}") for i in range(60)])
    mender.query = "kind=0&page=1"
    assert "Visibility of all 60 rows" in mender.sees()
    assert "Rows 51 to 60 of 60" in mender.html
    assert 51 not in mender.rows
    assert "60 of 60 rows are corrected." in mender.does(write_kind="0", kind_text="Private")
    mender.query = "kind=0&open=yes"
    assert "No rows are left in this list." in mender.sees()


def test_a_row_that_is_cut_off_can_be_said_to_be_right(dropped: Drop, tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("Prospect ID,Note,Visibility,Other\np1,Hello,Public\np2,Ho,Public,-\n", encoding="utf-8")
    mender = dropped([], path=path)
    assert "The row has fewer cells (3) than the header (4)." in mender.html
    assert 'name="cell-2-0"' in mender.html
    mender.does(cell_2_1="Hello you")
    assert mender.states(2) == ["open"]
    mender.does(confirm="2")
    assert mender.states(2) == ["mended"]
    assert "Ready: 2 notes to send." in mender.continues()


def test_what_nobody_edited_is_no_correction(dropped: Drop) -> None:
    """Browsers hand over other line breaks, and can't show every character."""
    note = "#N/A"
    mender = dropped([("p1\n x", "One\rtwo\r\nthree\x01", "Public"), ("p2", note, "Public")])
    mender.does(cell_2_0="p1\r\n x", cell_2_1="One\r\ntwo\r\nthree\ufffd", cell_3_1=note, cell_9_9="?", cell_2_99="?")
    assert mender.corrections.by_row == {}


@pytest.mark.parametrize(
    ("head", "row", "cell", "text"),
    [
        (EMAILS, ("jo@example", TEXT, "Public"), "2 0", "jo@example.com"),
        (BOTH, ("", "", TEXT, "Public"), "2 0", "8PvBmrB7P7"),
        (BOTH, ("", "", TEXT, "Public"), "2 1", "jo@example.com"),
    ],
)
def test_no_person_is_written_twice(
    dropped: Drop, head: Sequence[str], row: Sequence[str], cell: str, text: str
) -> None:
    """Neither offered nor done, whatever a form says: the notes of six people would go to one."""
    mender = dropped([row] * 6, head)
    mender.does(**dict[str, Any]({f"cell_{cell.replace(' ', '_')}": text}))
    assert mender.states(2) == ["mended"]
    assert "Do the same" not in mender.html
    mender.does(write_all=f"{cell} {text}")
    mender.does(write_kind="0", kind_text=text)
    assert [*mender.corrections.by_row] == [2]


def test_acts_that_are_not_possible_change_nothing(dropped: Drop) -> None:
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Public")])
    for name, value in (
        ("leave_out", "3"), ("leave_out", "x"), ("write", "2 9 Public"), ("write", "2"), ("write", "3 2 Public"),
        ("write_all", "3 2 Public"), ("leave_out_kind", "7"), ("write_kind", "0"), ("confirm", "-2"), ("undo", "yes"),
    ):  # fmt: skip
        mender.does(**dict[str, Any]({name: value}))
    assert mender.corrections.by_row == {}
    for query in ("kind=99", "kind=x", "page=99999999999", "page=5", "open=maybe"):
        mender.sees(query)
        assert 2 in mender.rows


def test_any_cell_of_any_row_can_be_found_and_changed(dropped: Drop) -> None:
    mender = dropped([("p1", TEXT, "Public"), ("p2", "Met Ada", "Public"), ("p3", "Wrote to ada", "Private")])
    assert "No row has a problem. You can change any cell." in mender.html
    assert mender.rows == []
    mender.query = "words=ADA"
    mender.sees()
    assert mender.rows == [3, 4]
    mender.does(cell_3_1="Met Grace", cell_4_0="")
    assert mender.states(3, 4) == ["mended", "open"], "they stay in the list"
    mender.query = "words=2"
    mender.does(cell_2_2="Private")
    assert mender.rows == [2]
    mender.query = ""
    assert "Ready: 2 notes to send; not sent: 1 row with problems." in mender.continues()
    assert list(mender.sheet().values())[1:] == [
        ["p1", TEXT, "Private"], ["p2", "Met Grace", "Public"], ["None", "Wrote to ada", "Private"],
    ]  # fmt: skip


def test_a_text_is_replaced_in_a_column(dropped: Drop) -> None:
    rows = [("p1", TEXT, "Pubic"), ("p1", TEXT + "!", "pubic"), ("p1", "Pubic", "Public"), ("p1", "x", "Pubic")]
    mender = dropped(rows)
    assert '<option value="0">' not in mender.html.partition('id="replace-in"')[2].partition("</select>")[0]
    mender.does(leave_out="5")
    mender.does(replace="yes", replace_in="2", replace_what=" PUBIC ", replace_by="Private")
    assert "2 cells were changed. 2 of 3 rows are corrected. 1 row is left out." in mender.html
    assert [row[2] for row in mender.sheet().values()] == ["Visibility", "Private", "Private", "Public"]
    assert "0 of 3 rows are corrected." in mender.does(undo="yes")
    mender.does(replace="yes", replace_in="0", replace_what="p1", replace_by="p9")
    assert "No cell was changed: no cell of this column has exactly this text." in mender.html
    assert mender.corrections.by_row.keys() == {5}
