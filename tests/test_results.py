"""Results files, read back cell by cell."""

import csv
import errno
import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from importer import results
from importer.delivery.outcomes import Outcomes
from importer.errors import ResultsNotWritten
from importer.messages import render, say, words
from importer.models import Result
from importer.results import Summary
from importer.results.writing import protected, unprotected
from importer.resultsfile import our_columns, was_cut
from tests import systems
from tests.moments import before
from tests.truth import OUR_COLUMNS

HEADINGS = ("Prospect ID", "Note", "Visibility")
SUMMARY = Summary("Import of notes.xlsx", say("results"), [("File", "notes.xlsx"), ("Requests sent", 3)])
AT = 1_791_990_000.25
DANGEROUS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", '=HYPERLINK("http://a.example")', "＝1",
]  # fmt: skip
LINUX = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="needs /proc, a folder that takes no file, not even root's"
)


class Table:
    """A sheet as reading brings it: columns of texts, some rows at a time, with the sheet's row numbers."""

    def __init__(self, *rows: Sequence[str], headings: Sequence[str] = HEADINGS) -> None:
        self.headings = tuple(headings)
        self.row_count = len(rows)
        self._rows = rows

    def columns(self) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
        for start in range(0, len(self._rows), 3):
            part = self._rows[start : start + 3]
            yield range(2 + start, 2 + start + len(part)), list(zip(*part, strict=True))


Rows: Any = Table


def rows(count: int) -> Any:
    return Rows(*((f"{i:05d}", f"Note {i % 2}", "Private") for i in range(count)))


def every_outcome() -> tuple[Any, Outcomes]:
    """Eight rows that end in all seven ways; the last repeats the rejected one."""
    outcomes = Outcomes(8)
    outcomes.settle([0], Result.CREATED, note_ids=["0012"], at=AT, request=7)
    outcomes.settle([1], Result.DUPLICATE, note_ids=["0012"], reason=words("Same as row 2."), at=AT)
    outcomes.settle([2], Result.ALREADY_IMPORTED, note_ids=["N9"], reason=words("Created on 2 October."))
    outcomes.settle([3], Result.REJECTED, reason=words("Prospect not found"), at=AT, request=8)
    outcomes.settle([4], Result.INVALID, reason=words("Sheet1!C6: the visibility is empty."))
    outcomes.settle([5], Result.UNCONFIRMED, reason=words("The connection was lost."), at=AT, request=9)
    outcomes.settle([7], Result.REJECTED, reason=words("Same as row 5, which is rejected."))
    return rows(8), outcomes


def created(count: int) -> Outcomes:
    outcomes = Outcomes(count)
    outcomes.settle(range(count), Result.CREATED, note_ids=[f"N{i}" for i in range(count)], at=AT, request=1)
    return outcomes


def cells(path: Path, sheet: str = "Results") -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [list(row) for row in book[sheet].iter_rows(values_only=True)]


def csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def local(at: float) -> datetime:
    return datetime.fromtimestamp(int(at), UTC).astimezone()


def test_every_row_stands_once_in_order_with_its_own_columns_untouched(tmp_path: Path) -> None:
    table, outcomes = every_outcome()
    written = results.write(tmp_path / "r.xlsx", table, outcomes, replace(SUMMARY, run="R1"))

    assert written == results.Written(tmp_path / "r.xlsx")
    head, *body = cells(written.path)
    assert head == [*HEADINGS, *OUR_COLUMNS]
    assert [row[:3] for row in body] == [[f"{i:05d}", f"Note {i % 2}", "Private"] for i in range(8)]
    assert [row[3] for row in body] == [outcomes.result(i) for i in range(8)]
    when = local(AT).replace(tzinfo=None)
    assert body[0][4:] == ["0012", None, 2, when, "R1/7"]
    assert body[4][4:] == [None, "Sheet1!C6: the visibility is empty.", 6, None, None]
    assert body[6][3:] == ["not sent", None, None, 8, None, None]


def test_csv_says_the_same_and_opens_in_excel(tmp_path: Path) -> None:
    table, outcomes = every_outcome()
    path = results.write(tmp_path / "r.CSV", table, outcomes, replace(SUMMARY, run="R1")).path
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfProspect ID,Note,")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 9
    head, *body = csv_rows(path)
    assert head == [*HEADINGS, *OUR_COLUMNS]
    assert body[0] == ["00000", "Note 0", "Private", "created", "0012", "", "2", local(AT).isoformat(), "R1/7"]
    assert datetime.fromisoformat(body[0][7]).timestamp() == int(AT)
    assert body[6] == ["00006", "Note 0", "Private", "not sent", "", "", "8", "", ""]


@pytest.mark.parametrize("name", ["r.xlsx", "r.csv"])
def test_the_row_of_the_first_file_is_carried_over(tmp_path: Path, name: str) -> None:
    headings = ("Prospect ID", *OUR_COLUMNS)
    told = ["17", " 4 ", "", "about 5", "0", "-3", "2.5", "٣", "999999999", "9" * 10]
    table = Rows(*(("P", "rejected", "", "No.", text, "", "") for text in told), headings=headings)
    rejected = Outcomes(len(told))
    rejected.settle(range(len(told)), Result.REJECTED, reason=words("No."))
    wanted = [17, 4, *[None] * 6, 999_999_999, None]
    for outcomes in (created(len(told)), rejected):
        path = results.write(tmp_path / name, table, outcomes, SUMMARY, ours=our_columns(headings)).path
        found = csv_rows(path) if name.endswith("csv") else cells(path)
        assert [row[4] or None for row in found[1:]] == [
            str(number) if number and name.endswith("csv") else number for number in wanted
        ]
    if name.endswith("xlsx"):
        assert [row[4] for row in cells(path, "To fix")[1:]] == wanted


@pytest.mark.parametrize("name", ["r.xlsx", "r.csv"])
def test_a_table_of_another_length_than_its_outcomes_is_refused(tmp_path: Path, name: str) -> None:
    """A row that would be lost or invented is a mistake of ours: nothing is written."""
    for count in (2, 4):
        with pytest.raises(ValueError, match="outcomes"):
            results.write(tmp_path / name, rows(3), created(count), SUMMARY)
    assert list(tmp_path.iterdir()) == []


def test_no_text_becomes_a_formula_or_a_link_in_a_workbook(tmp_path: Path) -> None:
    texts = [*DANGEROUS, "{=1+1}", "http://a.example", "mailto:a@b.example", "internal:Results!A1", "-5", "1E5", "TRUE"]
    outcomes = Outcomes(len(texts))
    outcomes.settle(range(len(texts)), Result.REJECTED, reason=words("=1+1"), note_ids=["=2"] * len(texts))
    path = results.write(
        tmp_path / "r.xlsx", Rows(*((t, t, t) for t in texts)), outcomes, replace(SUMMARY, run="=R")
    ).path

    for sheet, place in (("Results", 0), ("To fix", 2)):
        body = openpyxl.load_workbook(path)[sheet].iter_rows(min_row=2)
        for text, row in zip(texts, body, strict=True):
            assert row[place].data_type != "f"
            assert unescape(str(row[place].value)) == text
            assert row[place].number_format == "@"
    with ZipFile(path) as package:
        for name in package.namelist():
            content = package.read(name)
            assert b"<f>" not in content, name
            assert b"hyperlink" not in content, name


def test_no_text_becomes_a_formula_in_csv_and_numbers_are_left_alone(tmp_path: Path) -> None:
    kept = {"-5": "-5", "+49": "+49", "-1.5": "-1.5", "+49 170 1234": "'+49 170 1234", "'=1": "''=1", "'q'": "'q'"}
    outcomes = Outcomes(len(texts := [*DANGEROUS, *kept]))
    outcomes.settle(range(len(texts)), Result.REJECTED, reason=words("=1+1"))
    table = Rows(*((t,) for t in texts), headings=("=Note",))
    head, *body = csv_rows(results.write(tmp_path / "r.csv", table, outcomes, SUMMARY).path)
    assert (head[0], {row[3] for row in body}) == ("'=Note", {"'=1+1"})
    assert [unprotected(row[0]) for row in body] == texts
    assert [row[0] for row in body[len(DANGEROUS) :]] == [*kept.values()]
    assert all(row[0].startswith("'") for row in body[: len(DANGEROUS)])


SIGNS = "=+-@＝＋－＠"
BORDERS = ',;|"\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029'
ANY_TEXT = st.text(alphabet="'=+-@\t\r\n 5.,eEa＝;|\"") | st.text()


@given(ANY_TEXT)
@example("'=1")
@example("''")
@example("'-5")
@example("a;'=1")
@example("\t'\t'\t")
@example("0\x1e=")
@example("b\r\n'\r\nc")
@example("'\tb")
def test_unprotected_is_the_exact_inverse_of_protected(text: str) -> None:
    assert unprotected(protected(text)) == text
    assert protected(text).replace("'", "") == text.replace("'", "")
    if not set(text[1:]) & set(BORDERS):
        assert protected(text) in {text, "'" + text, f"{text[:1]}'{text[1:]}", f"'{text[:1]}'{text[1:]}"}


@given(ANY_TEXT)
@example("hello;=1+41;")
@example('"=1')
@example("- one\r\n- two")
@example("|@SUM(A1)")
@example(",\u200b=1")
def test_no_cell_of_whatever_program_begins_like_a_formula(text: str) -> None:
    safe = protected(text)
    if text == safe and not set(text.lstrip("'")) - set("+-0123456789.,eE"):
        return  # a number
    starts = [0, *(place + 1 for place, sign in enumerate(safe) if sign in BORDERS)]
    found = [safe[start : start + 1] for start in starts]
    assert not [sign for sign in found if sign and sign in SIGNS]
    assert not [start for start in starts if safe[start:].lstrip(" \t\r\n\u200b\xa0")[:1] in (*SIGNS,)]


def test_control_characters_markup_and_halves_of_characters_survive(tmp_path: Path) -> None:
    texts = [
        "bell \x07 and null \x00", "literal _x000D_ stays", "line\r\nends\rhere\n", "<r>not markup</r>",
        "<r><t>&amp;</t></r>", "  spaces  ", "\ufffe\uffff", "emoji 👩‍🚀", "</t></is></c>", "half \ud83d here",
    ]  # fmt: skip
    table = Rows(*((t, t, t) for t in texts))
    wanted = [*texts[:-1], "half \ufffd here"]
    book = results.write(tmp_path / "r.xlsx", table, created(len(texts)), SUMMARY).path
    assert [unescape(row[0]) for row in cells(book)[1:]] == wanted
    kept = CalamineWorkbook.from_path(book).get_sheet_by_name("Results").to_python()[1:]
    assert [row[1] for row in kept][1:6] == wanted[1:6]
    text = results.write(tmp_path / "r.csv", table, created(len(texts)), SUMMARY).path
    assert [unprotected(row[0]) for row in csv_rows(text)[1:]] == wanted


def test_a_text_longer_than_a_cell_is_cut_with_a_mark_and_counted(tmp_path: Path) -> None:
    texts = ["a" * 32_767, "b" * 32_768, "😀" * 20_000, "d" * 20_000]
    written = results.write(tmp_path / "r.xlsx", Rows(*((t, "", "") for t in texts)), created(4), SUMMARY)
    found = [row[0] for row in cells(written.path)[1:]]
    assert found[0] == texts[0]
    assert found[3] == texts[3]
    assert found[1].endswith("b… [cut here: the whole text has 32,768 characters]")
    assert found[2].endswith("😀… [cut here: the whole text has 20,000 characters]")
    assert [len(text.encode("utf-16-le")) // 2 for text in found[1:3]] == [32_767, 32_766]  # no half emoji
    assert [was_cut(text) for text in found] == [False, True, True, False]
    assert render(written.remark).startswith("2 cells are longer than the 32,767 characters")
    whole = results.write(tmp_path / "r.csv", Rows(*((t, "", "") for t in texts)), created(4), SUMMARY)
    csv.field_size_limit(200_000)
    assert whole.remark is None
    assert [row[0] for row in csv_rows(whole.path)[1:]] == texts


def test_the_workbook_opens_on_results_with_a_frozen_heading_and_a_filter(tmp_path: Path) -> None:
    """Three sheets; Results is in front, its heading frozen, its filter over every row, its columns wide enough."""
    table, outcomes = every_outcome()
    path = results.write(tmp_path / "r.xlsx", table, outcomes, SUMMARY, marked={4: [2]}, ours={"result": 0}).path
    book = openpyxl.load_workbook(path)
    marked = book["Results"]["B6"].fill.fgColor.rgb
    assert marked == book["To fix"]["D3"].fill.fgColor.rgb == "FFF9CFCA"
    assert book["Results"]["A6"].fill.fgColor.rgb != marked
    book = openpyxl.load_workbook(results.write(tmp_path / "r.xlsx", table, outcomes, SUMMARY).path)
    sheet = book["Results"]
    assert book.sheetnames == ["Results", "To fix", "Summary"]
    assert book.active is sheet
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:I9")
    assert (book["To fix"].freeze_panes, book["To fix"].auto_filter.ref) == ("C2", "A1:I5")
    groups = sheet.column_dimensions.values()  # equal neighbours share one
    widths = [group.width for group in groups for _ in range(group.min or 0, (group.max or 0) + 1)]
    assert all(width >= len(name) + 4 for width, name in zip(widths, (*HEADINGS, *OUR_COLUMNS), strict=True))
    assert max(widths) <= 60
    fills = {sheet.cell(row, 4).value: sheet.cell(row, 4).fill.fgColor.rgb for row in range(2, 9)}
    assert len(set(fills.values())) == 6
    assert fills["rejected"] == fills["invalid"]
    assert sheet["A1"].fill.fgColor.rgb != sheet["D1"].fill.fgColor.rgb


def test_long_notes_wrap_on_both_sheets_and_short_ones_dont(tmp_path: Path) -> None:
    """Whoever opens it reads them without touching a column, also where nothing is wrong with the row."""
    table = Rows(("P1", "Spoke about the annual plan. " * 9, "Private"), ("P2", "Called", "Private"))
    outcomes = Outcomes(2)
    outcomes.settle([0], Result.CREATED, note_ids=["N1"], at=AT, request=1)
    outcomes.settle([1], Result.INVALID, reason=words("C3 is empty"))
    book = openpyxl.load_workbook(results.write(tmp_path / "r.xlsx", table, outcomes, SUMMARY).path)
    for sheet, row, wraps in (("Results", 2, "-x-"), ("Results", 3, "-x-"), ("To fix", 2, "-x-x-")):
        assert "".join("-x"[bool(cell.alignment.wrap_text)] for cell in book[sheet][row]).startswith(wraps)


def test_a_long_note_makes_no_row_as_high_as_the_screen(tmp_path: Path) -> None:
    cells = ["short", "y" * 300, "x" * 4000, "line\n" * 40, "z" * 4000]
    table = Rows(*(("P", text) for text in cells), headings=["Prospect ID", "Note"])
    for sample in (table, Rows(*[("P", "short")] * 600, ("P", "z" * 4000), headings=["Prospect ID", "Note"])):
        count = sample.row_count
        marked = {count - 1: [1]}
        path = results.write(tmp_path / f"{count}.xlsx", sample, created(count), SUMMARY, marked=marked).path
        sheet = openpyxl.load_workbook(path)["Results"]
        heights = [sheet.row_dimensions[row].height for row in range(2, count + 2)]
        assert heights == ([None, None, 120, 120, 120] if sample is table else [None] * 600 + [120])


def test_to_fix_holds_only_what_needs_a_person_with_the_reason_first(tmp_path: Path) -> None:
    table, outcomes = every_outcome()
    path = results.write(tmp_path / "r.xlsx", table, outcomes, replace(SUMMARY, run="R")).path
    head, *body = cells(path, "To fix")
    assert head == ["result", "reason", *HEADINGS, "note_id", "source_row", "finished_at", "request"]
    assert [(row[0], row[2], row[6]) for row in body] == [
        ("rejected", "00003", 5), ("invalid", "00004", 6), ("unconfirmed", "00005", 7), ("rejected", "00007", 9),
    ]  # fmt: skip
    assert body[0][1] == "Prospect not found"


def test_summary_says_what_was_run_counts_and_what_to_do_next(tmp_path: Path) -> None:
    table, outcomes = every_outcome()
    path = results.write(tmp_path / "r.xlsx", table, outcomes, SUMMARY).path
    lines = {row[1]: row[2:] for row in cells(path, "Summary") if row[1]}
    assert {SUMMARY.title, "results"} <= {*lines}
    numbers = render(results.headline(outcomes))
    assert numbers == "2 of 8 rows delivered, 1 repeats one of them, 3 to correct, 1 to check, 1 not sent."
    assert {name: lines[name][0] for name in outcomes.counts()} == outcomes.counts()
    assert lines["all rows"][0] == 8
    assert lines["rejected"][1] == 0.25
    assert "--map key=HEADING" in lines["duplicate"][3]
    assert all(lines[name][3] for name in outcomes.counts())
    assert lines["Requests sent"][0] == 3
    assert [row[2] for row in cells(path, "Summary")][5:12] == list(outcomes.counts().values())
    assert "time zone" in lines["finished_at"][0]


@pytest.mark.parametrize(
    ("broken", "value", "remark"),
    [
        ("write_workbook", KeyError(7), "The workbook could not be written (KeyError: 7), so"),
        ("write_workbook", OSError(28, "No space left"), "The workbook could not be written (No space left), so"),
        ("MOST_ROWS", 3, ""),
    ],
)
def test_a_workbook_that_can_not_be_written_becomes_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, value: Any, remark: str
) -> None:
    """Whatever it fails of: the notes are delivered, so every row's result is written and it is said where."""
    monkeypatch.setattr(f"importer.results.writing.{broken}", value if not remark else Mock(side_effect=value))
    written = results.write(tmp_path / "r.xlsx", rows(4), created(4), SUMMARY)
    assert len(csv_rows(tmp_path / "r.csv")) == 5
    assert written.remark is not None
    assert render(written.remark).startswith(remark)
    assert [*tmp_path.iterdir()] == [written.path]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's rights are its folder's")
@pytest.mark.parametrize("name", ["r.xlsx", "r.csv"])
@pytest.mark.parametrize(("source", "results_"), [(0o600, 0o600), (0o644, 0o644)])
def test_results_are_no_more_readable_than_what_was_imported(
    tmp_path: Path, name: str, source: int, results_: int
) -> None:
    (sheet := tmp_path / "notes.csv").touch(source)
    sheet.chmod(source)
    written = results.write(tmp_path / name, rows(1), created(1), SUMMARY, source=sheet)
    assert written.path.stat().st_mode & 0o777 == results_


@pytest.mark.parametrize("name", ["r.xlsx", "r.csv"])
@pytest.mark.parametrize("error", [RuntimeError("the source went away"), KeyboardInterrupt()])
def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException
) -> None:
    scratch, folder = tmp_path / "scratch", tmp_path / "folder"
    scratch.mkdir()
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    (folder / name).write_text("old")
    table = rows(6)
    blocks = table.columns()
    table.columns = Mock(side_effect=lambda: itertools.chain([next(blocks)], map(Mock(side_effect=error), [1])))
    with pytest.raises(type(error)):
        results.write(folder / name, table, created(6), SUMMARY)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "old")]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_a_file_that_appears_in_the_very_moment_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    target = tmp_path / "r.csv"
    come = ["theirs"]

    def save_theirs(*about: object) -> None:
        if come and target.name in {Path(str(each)).name for each in about}:
            (tmp_path / "theirs").write_text(come.pop())
            (tmp_path / "theirs").replace(target)

    if not links:
        monkeypatch.setattr(os, "link", Mock(side_effect=OSError(errno.EPERM, "Operation not permitted")))
    with before(("os.rename", "os.link") if links else ("os.rename", "open"), save_theirs):
        written = results.write(target, rows(1), created(1), SUMMARY)
    assert target.read_text() == "theirs"
    assert len(csv_rows(tmp_path / "r (2).csv")) == 2
    assert {written.path, target} == {*tmp_path.iterdir()}


@systems.posix
@LINUX
def test_a_folder_that_takes_no_file_sends_the_results_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text("another")
    (tmp_path / "notes.csv").touch(0o644)
    written = results.write(Path("/proc/r.csv"), rows(1), created(1), SUMMARY, source=tmp_path / "notes.csv")
    assert written.path == tmp_path / "r (2).csv"
    assert written.path.stat().st_mode & 0o777 == 0o600
    assert render(written.remark).startswith("/proc could not be written to (")
    assert str(written.path) in render(written.remark)
    assert (tmp_path / "r.csv").read_text() == "another"


@systems.posix
@LINUX
def test_when_no_folder_takes_the_file_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.setattr(tempfile, "tempdir", "/proc")
    with pytest.raises(ResultsNotWritten, match=r"r\.csv could not be written anywhere \(/proc: .*Free some space"):
        results.write(Path("/proc/r.csv"), rows(1), created(1), SUMMARY)
