"""Rows with problems are mended where they are shown, and go in with a corrected copy; the file stays as it is."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import openpyxl
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from importer.models import Workspace
from importer.page.choices import OF_THE_FILE, Choices
from importer.page.correcting import Copying, Counter
from importer.page.jobs import Jobs
from importer.page.mending import name_of_copy
from importer.page.reading import Readers
from importer.page.screens import Parts
from importer.page.uploads import DroppedFile, DroppedFiles
from importer.settings import KEY_VARIABLE, Settings
from tests.page.conftest import HEAD, OURS, SECRET, told_of, write
from tests.sandbox import Fault, Sandbox

TEXT = "Spoke about the annual plan"


class Mender:
    """Somebody who drops a file, and mends its rows.

    Attributes:
        upload: the file.
        html: the last screen.
    """

    def __init__(self, client: FlaskClient, parts: Parts, path: Path, query: str = "") -> None:
        self._client, self._parts, self.query, self.html = client, parts, query, ""
        self.upload = parts.uploads.add(path.name, lambda to: to.write_bytes(path.read_bytes()))

    def sees(self, query: str = "") -> str:
        """The Mend screen, once the file is read."""
        return self._get(f"/file/{self.upload.id}/mend?{query or self.query}")

    def does(self, act: str = "change", **fields: str) -> str:
        """Press a button, and see the screen that follows."""
        answer = self._post(act, fields)
        assert answer.status_code == 303, answer.text
        return self._get(answer.headers["Location"])

    def is_refused(self, act: str, **fields: str) -> str:
        """Press a button that does nothing any more, and see why."""
        answer = self._post(act, fields)
        assert answer.status_code == 409, answer.text
        return unescape(answer.text)

    @property
    def seen(self) -> str:
        """What a page of the grid hands over that shows the corrections as they are now."""
        pairs = [pair for pair in parse_qsl(self.query) if pair[0] in OF_THE_FILE]
        return self.upload.corrections(Choices.of(pairs).query).digest

    def _post(self, act: str, fields: dict[str, str]) -> TestResponse:
        address = f"/file/{self.upload.id}/mend/{act}?{self.query}"
        return self._client.post(
            address,
            base_url=OURS,
            headers={"Origin": OURS},
            data={"seen": self.seen} | {name.replace("_", "-"): text for name, text in fields.items()},
        )

    def drops_again(self, path: Path) -> TestResponse:
        """Drop the file once more, and be led to its screen."""
        with path.open("rb") as file:
            return self._client.post("/file", base_url=OURS, headers={"Origin": OURS}, data={"file": (file, path.name)})

    def copies(self, **fields: str) -> DroppedFile:
        """Continue with the corrected copy."""
        self.does("copy", **fields)
        (copy,) = [upload for upload in self._parts.uploads if upload.source == self.upload.id]
        return copy

    def sends(self, upload: DroppedFile) -> str:
        """Send a file, and see the results."""
        asked = self._get(f"/file/{upload.id}/confirm")
        fields = dict(re.findall(r'<input type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]*)"', asked))
        address = f"/file/{upload.id}/send"
        answer = self._client.post(address, base_url=OURS, headers={"Origin": OURS}, data=fields)
        assert answer.status_code == 303, answer.text
        return self._get(answer.headers["Location"])

    def _get(self, address: str) -> str:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            answer = self._client.get(address, base_url=OURS, follow_redirects=True)
            self.html = unescape(answer.text)
            if "data-poll" not in self.html:
                return self.html
            time.sleep(0.05)
        raise AssertionError(f"{address} isn't ready")

    def state(self, row: int) -> str:
        """Whether a row is open, mended or left out."""
        (state,) = re.findall(rf'<tr id="row-{row}" class="([\w-]+)"', self.html)
        return str(state)


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    """Processes that read, for all tests here."""
    reading = Readers()
    yield reading
    reading.close()


FINGERPRINT = re.compile("\noriginal row: [0-9a-f]{16}")


@pytest.fixture
def parts(readers: Readers, settings: Settings, tmp_path: Path) -> Iterator[Parts]:
    """What screens work with, for the test's own files."""
    jobs = Jobs()
    yield Parts(told_of(settings), DroppedFiles(tmp_path / "uploads"), readers, jobs)
    jobs.close()


@pytest.fixture
def dropped(friend: FlaskClient, parts: Parts, tmp_path: Path) -> Callable[..., Mender]:
    """Drops a file with rows."""

    def drop(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, query: str = "") -> Mender:
        return Mender(friend, parts, write(tmp_path / "notes.csv", rows, head), query)

    return drop


def cells_of(path: Path) -> dict[int, list[str | None]]:
    """The cells of each row of a workbook, as another program reads them, without fingerprints of rows."""
    rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    texts = {
        number: [None if cell is None else FINGERPRINT.sub("", str(cell)) for cell in row]
        for number, row in enumerate(rows, 1)
    }
    return {number: row for number, row in texts.items() if any(row)}


@pytest.mark.slow
def test_a_wrong_cell_is_written_to_and_the_copy_has_the_new_text(dropped: Callable[..., Mender]) -> None:
    """The dropped file keeps its bytes; the copy says what was changed; Check shows the copy."""
    mender = dropped([("p1", TEXT, "Public"), ("p2", TEXT, "Pubic"), ("p3", "", "Private")])
    before = mender.upload.path.read_bytes()
    mender.sees()
    assert (mender.state(3), mender.state(4)) == ("open", "open")
    assert re.search(r'<textarea rows="3" id="cell-4-1"', mender.html)  # a note may have several lines, also a new one
    assert "0 of 2 rows are corrected." in mender.html
    mender.does(cell_3_2="Public", cell_4_1="")
    assert (mender.state(3), mender.state(4)) == ("mended", "open")
    assert "1 of 2 rows are corrected." in mender.html
    copy = mender.copies()
    assert "Ready: 2 notes to send, 1 row with problems skipped." in mender.html
    assert mender.upload.path.read_bytes() == before
    assert copy.name == "notes corrected.xlsx"
    assert cells_of(copy.path) == {
        1: [*HEAD, "corrected (note-importer)"],
        2: ["p1", TEXT, "Public", None],
        3: ["p2", TEXT, "Public", "C3: Pubic → Public"],
        4: ["p3", None, "Private", None],
    }


def test_one_press_writes_to_every_cell_like_it_and_another_takes_it_back(dropped: Callable[..., Mender]) -> None:
    """The word that is probably meant is a button, and so is the same for all others."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "pubic"), ("p3", TEXT, "Pubic"), ("p4", TEXT, "Pubic")])
    assert "Change to Public" in mender.sees()
    assert "Change all 3 like it to Public" in mender.html
    mender.does(write_all="2 2 Public")
    assert [mender.state(row) for row in (2, 3, 4, 5)] == ["mended", "open", "mended", "mended"]
    mender.does(cell_4_2="Private")  # another one for this row alone
    mender.does(take_back="5")
    assert [mender.state(row) for row in (2, 3, 4, 5)] == ["mended", "open", "mended", "open"]
    mender.does(undo="yes")
    mender.does(undo="yes")
    assert [mender.state(row) for row in (2, 3, 4, 5)] == ["mended", "open", "mended", "mended"]
    mender.does(undo="yes")
    assert "0 of 4 rows are corrected." in mender.html
    mender.does(cell_2_1="Damaged: \ufffd", cell_2_2="Public")
    assert mender.state(2) == "open"
    mender.does(take_back="2")
    mender.does(write="2 2 Public")
    assert "Do the same for 2 others like it" in mender.html


def test_corrections_outlive_the_program(dropped: Callable[..., Mender], parts: Parts) -> None:
    """They stand beside the file, which nobody else can read; another sheet of it has its own."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Pubic")])
    mender.sees()
    mender.does(write="2 2 Public")
    kept = DroppedFiles(parts.uploads.folder).get(mender.upload.id)
    assert kept is not None
    assert kept.corrections("").by_row[2].texts == {2: "Public"}
    assert kept.corrections("?header-row=2").by_row == {}
    (steps,) = kept.folder.glob("corrections/*")
    assert os.name == "nt" or steps.stat().st_mode & 0o077 == 0
    steps.write_text('{"": [["explode", [2], 0, ""]]}', encoding="utf-8")
    assert kept.corrections("").by_row == {}


def test_the_key_is_in_no_file(dropped: Callable[..., Mender], parts: Parts) -> None:
    """How a sheet was understood holds it, and stays in memory."""
    mender = dropped([("p1", TEXT, "Pubic")])
    mender.sees()
    mender.copies(cell_2_2="Public")
    files = [path for path in parts.uploads.folder.rglob("*") if path.is_file()]
    assert {"rows.db", "steps.json", "problems.csv", "notes corrected.xlsx"} <= {path.name for path in files}
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_a_row_is_left_out_and_so_are_all_of_a_kind(dropped: Callable[..., Mender]) -> None:
    """The filter shows one kind of problem; what is mended already isn't left out with the others."""
    rows = [
        ("p1", "", "Public"),
        ("p2", "", "Public"),
        ("p3", "", "Public"),
        ("p4", TEXT, "Pubic"),
        ("", TEXT, "Public"),
    ]
    mender = dropped(rows)
    mender.sees()
    mender.does(leave_out="5")
    assert mender.state(5) == "left-out"
    mender.does(cell_3_1="Hello")
    mender.query = "kind=0"
    assert "Leave out all 2 rows of this kind" in mender.sees()
    mender.does(leave_out_kind="0")
    assert [mender.state(row) for row in (2, 3, 4)] == ["left-out", "mended", "left-out"]
    assert "1 of 5 rows are corrected. 3 rows are left out." in mender.html
    assert "row-6" not in mender.html
    mender.query = ""
    copy = mender.copies()
    marks = {row: cells[3] for row, cells in cells_of(copy.path).items()}
    assert marks == {
        1: "corrected (note-importer)",
        2: "left out",
        3: "B3: (blank) → Hello",
        4: "left out",
        5: "left out",
        6: None,
    }
    assert "Ready: 1 note to send, 1 row with problems skipped." in mender.html


def test_one_choice_is_for_all_rows_of_a_kind(dropped: Callable[..., Mender]) -> None:
    """Words that have nothing in common but that they aren't valid."""
    mender = dropped([("p1", TEXT, f"word {i}") for i in range(60)])
    mender.query = "kind=0&page=1"
    assert "Visibility of all 60 rows" in mender.sees()
    assert "Rows 51 to 60 of 60" in mender.html
    assert 'id="row-51"' not in mender.html
    mender.does(write_kind="0", kind_text="Private")
    assert "All 60 rows are corrected." in mender.html
    mender.query = "kind=0&open=yes"
    assert "No rows are left in this list." in mender.sees()


def test_a_choice_for_all_rows_of_a_kind_leaves_cells_alone_that_somebody_put_right(
    dropped: Callable[..., Mender],
) -> None:
    """Even if another cell of the row is still wrong. What somebody wrote and is wrong, too, is replaced."""
    rows = [("p1", "", "word 1"), ("p2", TEXT, "word 2"), ("p3", TEXT, "word 3"), ("p4", TEXT, "word 4")]
    mender = dropped(rows)
    mender.sees()
    mender.does(cell_2_2="Private", cell_3_2="Privat only")
    mender.does(leave_out="5")
    mender.query = "kind=0"
    assert "Visibility of all 2 rows" in mender.sees()
    mender.does(write_kind="0", kind_text="Public")
    mender.query = ""
    mender.does(cell_2_1="Hello")
    assert [row[2] for row in cells_of(mender.copies().path).values()] == [
        "Visibility", "Private", "Public", "Public", "word 4",
    ]  # fmt: skip


def test_a_row_that_is_cut_off_can_be_said_to_be_right(dropped: Callable[..., Mender], tmp_path: Path) -> None:
    """A problem that is about no single cell lets every cell be edited."""
    mender = dropped([])
    path = tmp_path / "short.csv"
    path.write_text("Prospect ID,Note,Visibility,Other\np1,Hello,Public\np2,Ho,Public,-\n", encoding="utf-8")
    mender = Mender(mender._client, mender._parts, path)
    assert "The row has fewer cells (3) than the header (4)." in mender.sees()
    assert 'name="cell-2-0"' in mender.html
    mender.does(cell_2_1="Hello you")
    assert mender.state(2) == "open"
    mender.does(confirm="2")
    assert mender.state(2) == "mended"
    mender.copies()
    assert "Ready: 2 notes to send." in mender.html


def test_who_receives_the_note_may_be_said_by_id_or_by_email(dropped: Callable[..., Mender]) -> None:
    """If both are blank, both are fields."""
    mender = dropped([("", "", TEXT, "Public")], ("Prospect ID", "Email", "Note", "Visibility"))
    mender.sees()
    assert {'name="cell-2-0"', 'name="cell-2-1"'} <= {*re.findall(r'name="[^"]*"', mender.html)}
    mender.does(cell_2_0="8PvBmrB7P7")
    assert mender.state(2) == "mended"


def test_what_nobody_edited_is_no_correction(dropped: Callable[..., Mender]) -> None:
    """Browsers hand over other line breaks, and can't show every character."""
    note = "#N/A"
    mender = dropped([("p1\n x", "One\rtwo\r\nthree\x01", "Public"), ("p2", note, "Public")])
    mender.sees()
    mender.does(cell_2_0="p1\r\n x", cell_2_1="One\r\ntwo\r\nthree\ufffd", cell_3_1=note, cell_9_9="?", cell_2_99="?")
    assert mender.upload.corrections("").by_row == {}


def test_a_page_that_is_not_fresh_takes_no_correction_back(dropped: Callable[..., Mender]) -> None:
    """It hands over all of its fields with each button. Of these, only what somebody wrote there counts."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Pubic"), ("p3", "", "Public")])
    mender.sees()
    mender.does(cell_2_2="Public")
    stale = dict(re.findall(r'name="(shown-cell-\d+-\d+)" value="(\w+)"', mender.html))
    assert len(stale) >= 3
    mender.does(cell_2_2="Private")  # on another page
    mender.does(cell_2_2="Public", cell_3_2="Private", **stale)
    mender.does(cell_2_2="Public", leave_out="4", **stale)
    assert [row[2:] for row in cells_of(mender.copies().path).values()][1:] == [
        ["Private", "C2: Pubic → Private"], ["Private", "C3: Pubic → Private"], ["Public", "left out"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "row", "cell", "text"),
    [
        (("Email", "Note", "Visibility"), ("jo@example", TEXT, "Public"), "2 0", "jo@example.com"),
        (("Prospect ID", "Email", "Note", "Visibility"), ("", "", TEXT, "Public"), "2 0", "8PvBmrB7P7"),
        (("Prospect ID", "Email", "Note", "Visibility"), ("", "", TEXT, "Public"), "2 1", "jo@example.com"),
    ],
)
def test_a_person_is_never_written_into_other_rows(
    dropped: Callable[..., Mender], head: Sequence[str], row: Sequence[str], cell: str, text: str
) -> None:
    """Neither offered nor done, whatever a form says: the notes of six people would go to one."""
    mender = dropped([row] * 6, head)
    mender.sees()
    mender.does(**{f"cell_{cell.replace(' ', '_')}": text})
    assert mender.state(2) == "mended"
    assert "Do the same" not in mender.html
    mender.does(write_all=f"{cell} {text}")
    mender.does(write_kind="0", kind_text=text)
    assert [*mender.upload.corrections("").by_row] == [2]


def test_acts_that_are_not_possible_change_nothing(dropped: Callable[..., Mender]) -> None:
    """Whatever an address or a form says."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Public")])
    mender.sees()
    for name, value in (
        ("leave_out", "3"), ("leave_out", "x"), ("write", "2 9 Public"), ("write", "2"), ("write", "3 2 Public"),
        ("write_all", "3 2 Public"), ("leave_out_kind", "7"), ("write_kind", "0"), ("confirm", "-2"), ("undo", "yes"),
    ):  # fmt: skip
        mender.does(**{name: value})
    assert mender.upload.corrections("").by_row == {}
    for query in ("kind=99", "kind=x", "page=99999999999", "page=5", "open=maybe"):
        assert 'id="row-2"' in mender.sees(query)


def test_a_second_copy_replaces_the_first_unless_that_was_sent_elsewhere(
    dropped: Callable[..., Mender], parts: Parts, settings: Settings
) -> None:
    """From an unsent copy one comes back to the corrections."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", "", "Public")])
    mender.sees()
    first = mender.copies(cell_2_2="Public")
    assert "This is the corrected copy of <bdi>notes.csv</bdi>" in mender.html
    (back,) = re.findall(r'href="[^"]*(/file/\w+/mend[^"]*)">Back to the corrections', mender.html)
    mender._get(back)
    assert mender.state(2) == "mended"
    assert mender.copies() is first  # the same corrections are the same copy
    second = mender.copies(cell_3_1="Hello")
    assert parts.uploads.get(first.id) is None
    assert "Ready: 2 notes to send." in mender.html
    parts.uploads.is_sent(second, Workspace("another", settings.base_url), second.choices)
    mender.does("copy", leave_out="3")
    assert len([upload for upload in parts.uploads if upload.source == mender.upload.id]) == 2


def with_sent_copy(dropped: Callable[..., Mender], parts: Parts, settings: Settings) -> tuple[Mender, DroppedFile]:
    """A file with two wrong rows, and the copy that was sent after one of them was mended."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", "", "Public")])
    mender.sees()
    copy = mender.copies(cell_2_2="Public")
    parts.uploads.is_sent(copy, settings.workspace, copy.choices)
    return mender, copy


def test_once_the_copy_was_sent_its_corrections_are_closed(
    dropped: Callable[..., Mender], parts: Parts, settings: Settings
) -> None:
    """A text changed after that would be another note, sent beside the first. The copy's own problems stay open."""
    mender, copy = with_sent_copy(dropped, parts, settings)
    before = mender.upload.corrections("").steps
    for act in ("change", "copy"):
        why = mender.is_refused(act, cell_2_1="Another text")
        assert "they would be sent again" in why
        assert f'/file/{copy.id}">Open the copy' in why
    assert mender.upload.corrections("").steps == before
    assert "they would be sent again" in mender.sees()
    mender.upload = copy
    mender.sees()
    assert re.findall(r'<tr id="row-(\d+)"', mender.html) == ["3"]
    mender.does(cell_2_1="Another text", cell_3_1="Hello")
    further = mender.copies()
    assert further.name == "notes corrected 2.xlsx"
    assert "Ready: 2 notes to send." in mender.html
    assert [cells_of(further.path)[row][1] for row in (2, 3)] == [TEXT, "Hello"]
    assert not [*parts.uploads.folder.rglob("progress.txt")]


def test_the_file_says_that_its_copy_was_sent_even_after_that_is_removed(
    dropped: Callable[..., Mender], parts: Parts, settings: Settings
) -> None:
    """Whoever drops the same sheet again sees what became of it; in another workspace nothing did."""
    mender, copy = with_sent_copy(dropped, parts, settings)
    check = mender._get(f"/file/{mender.upload.id}")
    assert "Its corrected copy was sent on" in check
    assert f'/file/{copy.id}">Open the copy' in check
    assert "Correct them here" not in check
    assert "Back to the corrections" not in mender._get(f"/file/{copy.id}")
    assert "corrected copy sent on" in mender._get("/")
    parts.uploads.forget(copy)
    again = DroppedFiles(parts.uploads.folder).get(mender.upload.id)
    assert again is not None
    assert [*again.copies_sent] == [str(settings.workspace)]
    check = mender._get(f"/file/{mender.upload.id}")
    assert "Its corrected copy was sent on" in check
    assert "Open the copy" not in check
    assert "the page no longer keeps it" in mender.sees()
    mender.upload.copies_sent = {f"another at {settings.base_url}": 1.0}
    assert "Correct them here" in mender._get(f"/file/{mender.upload.id}")
    mender.does(cell_2_2="Private")
    assert mender.upload.corrections("").by_row[2].texts == {2: "Private"}


@pytest.mark.slow
def test_the_corrections_stay_open_until_the_copy_may_have_delivered_a_note(
    dropped: Callable[..., Mender], parts: Parts, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused key delivers nothing, so the next copy takes the place of the first, which is sent no more."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", "", "Public")])
    mender.sees()
    first = mender.copies(cell_2_2="Public")
    mender.sends(first)
    assert not box.notes
    assert "Its corrected copy was sent" not in mender._get(f"/file/{mender.upload.id}")
    mender.does(cell_2_1="Another text")
    second = mender.copies()
    assert [*parts.uploads] == [second, mender.upload]
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    box.set_faults([Fault.parse("500:after@1"), Fault.parse("404:GET")])
    mender.sends(second)
    assert [note.content for note in box.notes] == ["<p>Another text</p>"]
    assert "they would be sent again" in mender.is_refused("change", cell_2_1="A third text")
    assert "Its corrected copy was sent" in mender._get(f"/file/{mender.upload.id}")


def test_a_job_that_does_not_begin_changes_nothing_of_a_copy(
    dropped: Callable[..., Mender], parts: Parts, settings: Settings
) -> None:
    """Neither its own record nor that of its source, in this workspace or another."""
    mender, copy = with_sent_copy(dropped, parts, settings)
    other = Workspace("another", settings.base_url)
    before = {**mender.upload.copies_sent}
    for workspace in (settings.workspace, other):
        take_back = parts.uploads.is_sent(copy, workspace, Choices((("first", "5"),)))
        assert {str(settings.workspace), str(workspace)} == {*mender.upload.copies_sent}
        take_back()
    for uploads in (parts.uploads, DroppedFiles(parts.uploads.folder)):
        source, again = uploads.get(mender.upload.id), uploads.get(copy.id)
        assert source is not None
        assert again is not None
        assert source.copies_sent == before
        assert (again.workspace, again.choices) == (settings.workspace, copy.choices)


def test_a_file_whose_copy_was_sent_is_read_as_the_copy_was(
    dropped: Callable[..., Mender], parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    """When it is dropped again, also after a start of the program; drafts of the copy would be published otherwise."""
    mender = dropped([("p1", TEXT, "Pubic", "Draft")], (*HEAD[:3], "State"))
    mender.sees()
    copy = mender.copies(cell_2_2="Public")
    sent = Choices.of([("map", "status=State"), ("first", "5"), ("sheet", "Sheet1")])
    parts.uploads.is_sent(copy, settings.workspace, sent)
    answer = mender.drops_again(tmp_path / "notes.csv")
    assert parse_qsl(answer.headers["Location"].partition("?")[2]) == [("map", "status=State")]
    assert f'/file/{mender.upload.id}?map=status%3DState">' in mender._get("/")
    again = DroppedFiles(parts.uploads.folder).get(mender.upload.id)
    assert again is not None
    assert again.sent_choices.pairs == (("map", "status=State"),)
    mender.upload.copies_sent = {f"another at {settings.base_url}": 1.0}
    assert "?" not in mender.drops_again(tmp_path / "notes.csv").headers["Location"]


def test_a_copy_is_read_as_its_source_was(dropped: Callable[..., Mender], tmp_path: Path) -> None:
    """The choices about columns, words, sheet and header row hold; encoding and delimiter aren't needed any more."""
    mender = dropped([])
    path = tmp_path / "Büro.csv"
    lines = ["Report of June;;", "", "Who;What;Shared", "p1;Grüße;Team", "p2;Über uns;Nobody", "p3;;Team", ""]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    query = (
        "header-row=3&encoding=cp1252&delimiter=semicolon&map=prospect%3DWho&map=content%3DWhat&map=visibility%3DShared"
    )
    mender = Mender(mender._client, mender._parts, path, f"{query}&value=visibility%3ATeam%3DPublic")
    mender.sees()
    assert mender.state(6) == "open"
    assert mender.state(5) == "open"
    copy = mender.copies(cell_5_2="Private", cell_6_1="Tschüss")
    assert "Ready: 3 notes to send." in mender.html
    assert cells_of(copy.path) == {
        3: ["Who", "What", "Shared", "corrected (note-importer)"],
        4: ["p1", "Grüße", "Team", None],
        5: ["p2", "Über uns", "Private", "C5: Nobody → Private"],
        6: ["p3", "Tschüss", "Team", "B6: (blank) → Tschüss"],
    }
    (back,) = re.findall(r'href="[^"]*(/file/\w+/mend[^"]*)">Back to the corrections', mender.html)
    mender._get(back)
    assert [mender.state(5), mender.state(6)] == ["mended", "mended"]


def test_the_files_that_the_notes_carry_go_with_the_copy(dropped: Callable[..., Mender], parts: Parts) -> None:
    """They are the copy's own, so that forgetting the original leaves them."""
    mender = dropped([("p1", TEXT, "Pubic", "a.txt")], (*HEAD, "Attachments"))
    mender.upload.attach("a.txt", lambda path: path.write_text("Hello"))
    mender.sees()
    copy = mender.copies(cell_2_2="Public")
    assert "Ready: 1 note to send." in mender.html
    assert copy.attached == [("a.txt", 5)]
    parts.uploads.forget(mender.upload)
    assert copy.attached == [("a.txt", 5)]
    assert "Back to the corrections" not in mender._get(f"/file/{copy.id}")


def test_a_missing_file_can_be_named_anew(dropped: Callable[..., Mender]) -> None:
    """Whether a file is there is checked like any other cell."""
    mender = dropped([("p1", TEXT, "Public", "b.txt")], (*HEAD, "Attachments"))
    mender.upload.attach("a.txt", lambda path: path.write_text("Hello"))
    mender.sees()
    assert mender.state(2) == "open"
    mender.does(cell_2_3="a.txt")
    assert mender.state(2) == "mended"


def test_the_process_that_writes_a_copy_counts_the_rows_until_it_is_written(tmp_path: Path) -> None:
    """Whatever is in its file, the bar doesn't go beyond its end; without a count it is at its beginning."""
    copying = Copying(20, tmp_path / "progress.txt")
    assert copying.done == ("read", 0)
    Counter(copying.progress)("written", 8)
    assert copying.done == ("written", 8)
    for said, done in (("written 21", ("written", 20)), ("", ("read", 0)), ("written", ("read", 0))):
        copying.progress.write_text(said, encoding="utf-8")
        assert copying.done == done


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("notes.csv", "notes corrected.xlsx"),
        ("notes corrected.xlsx", "notes corrected 2.xlsx"),
        ("notes corrected 2.xlsx", "notes corrected 3.xlsx"),
        ("notes corrected 9.xlsx", "notes corrected 10.xlsx"),
        ("corrected.csv", "corrected corrected.xlsx"),
        ("notes corrected twice.csv", "notes corrected twice corrected.xlsx"),
    ],
)
def test_the_copy_of_a_copy_has_a_number(name: str, copy: str) -> None:
    assert name_of_copy(name) == copy


def test_what_no_workbook_can_hold_is_explained(
    dropped: Callable[..., Mender], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corrections stay."""
    mender = dropped([("p1", TEXT, "Pubic")])
    mender.sees()
    mender.upload.path.unlink()
    mender.does("copy", cell_2_2="Public")
    assert "The corrected copy can't be created" in mender.html
    assert mender.upload.corrections("").by_row[2].texts == {2: "Public"}


def test_problems_advise_only_what_the_grid_has_a_control_for(dropped: Callable[..., Mender]) -> None:
    """A row is left out there and not deleted, and words get their meaning on the Check screen."""
    head = ("Prospect ID", "Email", "Note", "Visibility")
    mender = dropped([("p1", "", "", "Public"), ("p2", "", TEXT, ""), ("p3", "", TEXT, "Teem")], head)
    rows = mender.sees().partition("<tbody>")[2]
    assert "The note is empty. Write its text, or leave out the row." in rows
    assert "The visibility is blank. Choose who may see the note." in rows
    assert "'Teem' is not a valid visibility" in rows
    assert ">1 row: the note is empty. Write its text, or leave out the row</option>" in mender.html
    for advice in ("delete the row", "say what it means", "If visibility is blank"):
        assert advice not in mender.html


def test_without_corrections_there_is_no_copy(dropped: Callable[..., Mender], parts: Parts) -> None:
    """Continue shows the Check screen of the file itself."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Public")])
    mender.sees()
    mender.does("copy")
    assert "1 row with problems skipped" in mender.html
    assert [*parts.uploads] == [mender.upload]


def test_a_file_without_problems_has_no_grid(dropped: Callable[..., Mender]) -> None:
    """Its address shows the Check screen."""
    assert "Ready: 1 note to send." in dropped([("p1", TEXT, "Public")]).sees()


def test_the_way_to_the_key_and_back_keeps_the_choices_for_the_copy(
    friend: FlaskClient, dropped: Callable[..., Mender], parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the list of files leads to the copy as it was made; without the choices, no column of ours is offered."""
    monkeypatch.delenv(KEY_VARIABLE)
    head, rows = ("Prospect ID", "Zz", "Visibility", "State"), [("p1", "a", "Public", "New"), ("p2", "b", "Pubic", "")]
    query = urlencode([("map", "content=Zz"), ("map", "status=State"), ("value", "status:New=Draft")])
    mender = dropped(rows, head, query=query)
    mender.sees()
    copy = mender.copies(cell_3_2="Public")
    confirm = mender._get(f"/file/{copy.id}/confirm{copy.choices.query}")
    assert "1 note is a draft" in confirm
    (way,) = re.findall(r'href="[^"]*(/settings\?[^"#]*)', confirm)
    typed = {"of": str(parts.current.settings().workspace), "key": SECRET}
    form = dict(re.findall(r'name="(file|choices)" value="([^"]*)"', mender._get(way)))
    answer = friend.post("/settings/key", base_url=OURS, headers={"Origin": OURS}, data={**typed, **form})
    (back,) = re.findall(r'href="[^"]*(/file/[^"]*)">Continue with', mender._get(answer.headers["Location"]))
    again = mender._get(back)
    assert "1 note is a draft" in again
    assert "Send 2 notes" in again
    assert f'/file/{copy.id}{copy.choices.query}"' in mender._get("/")
    mender.upload.copies_sent["night at https://api.example.test/v1"] = 1.0
    assert "corrected copy sent elsewhere: <bdi>night at https://api.example.test/v1</bdi>" in mender._get("/")
    lost = mender._get(f"/file/{copy.id}")
    assert "Zz" in (asked := lost.partition("To decide")[2].partition('id="columns"')[0])
    assert "corrected (note-importer)" not in asked
