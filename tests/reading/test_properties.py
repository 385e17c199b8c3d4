"""Whatever is written comes back cell for cell; whatever is damaged is refused in words."""

import codecs
import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from importer.reading import Options, detection, read
from importer.reading.numbers import general, kept
from tests.reading import fuzz
from tests.reading.making import HEADER, text, xlsx
from tests.reading.test_catalogue import cells, is_header

MARKS = {
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
}
ENCODINGS = ["utf-8", *MARKS, "cp1252", "mac_roman", "cp932", "latin-1", "cp1251", "gb18030", "koi8_r"]
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

visible = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\ufeff\ufffd"),
    max_size=20,
)
lines = st.lists(visible, min_size=1, max_size=3).map("\n".join)
ids = st.one_of(
    st.from_regex(r"\A[0-9]{1,25}\Z"),
    st.from_regex(r"\A[0-9]{1,3}E[0-9]{1,3}\Z"),
    st.sampled_from(["NA", "null", "TRUE", "1/2", "=1+1", "+49", "-", "#N/A", "00", "1,5", "nan", "inf", "0x10"]),
)
rows = st.lists(st.tuples(ids, lines, lines), min_size=1, max_size=5)
Table = Sequence[tuple[str, str, str]]


def expected(table: Table) -> dict[int, tuple[str, ...]]:
    return dict(enumerate(table, 2))


@quick
@given(
    table=rows,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
    quote_all=st.booleans(),
)
def test_a_csv_comes_back_in_any_encoding_and_delimiter(
    table: Table, delimiter: str, encoding: str, end: str, quote_all: bool, tmp_path: Path
) -> None:
    table = [tuple(cell.encode(encoding, "replace").decode(encoding) for cell in row) for row in table]  # type: ignore[misc]
    # the csv module leaves a line break unquoted that isn't the one it ends lines with
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all or end == "\r" else csv.QUOTE_MINIMAL
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADER, *table])
    path = tmp_path / "a.csv"
    path.write_bytes(MARKS.get(encoding, b"") + out.getvalue().encode(encoding))
    guessed = encoding in MARKS or encoding == "utf-8"
    with read(path, Options(encoding=None if guessed else encoding), is_header=is_header) as sheet:
        assert cells(sheet) == expected(table)
        assert sheet.delimiter == delimiter
        assert not sheet.flaws


@quick
@given(table=rows, writer=st.sampled_from(["openpyxl", "xlsxwriter", "inline"]))
@example(table=[("NA", "", "_x0000_")], writer="openpyxl")
def test_an_xlsx_comes_back_from_any_writer(table: Table, writer: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    if writer == "openpyxl":
        book = openpyxl.Workbook()
        for number, row in enumerate([HEADER, *table], 1):
            for column, cell in enumerate(row, 1):
                target = book.worksheets[0].cell(number, column)
                # openpyxl doesn't escape what stands for a character, as Excel does
                target.value, target.data_type = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", cell), "s"
        book.save(path)
    else:
        with xlsxwriter.Workbook(path, {"constant_memory": writer == "inline"}) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([HEADER, *table]):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell)
    with read(path, is_header=is_header) as read_sheet:
        assert cells(read_sheet) == expected(table)
        assert not read_sheet.flaws


@pytest.mark.parametrize(
    "start", [0, 250, *(pytest.param(start, marks=pytest.mark.slow) for start in range(500, 1500, 250))]
)
def test_damaged_files_are_read_or_refused_in_words(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + 250):
        name, content = fuzz.case(seed)
        fuzz.try_one(tmp_path / name, content)


@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_where_a_sheet_is_cut_into_pieces_changes_nothing(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook is read in pieces, which may end anywhere, in the middle of a tag or a character."""
    rows = "".join(
        f'<row r="{n}">{text(f"A{n}", f"日本 {n}")}{text(f"B{n}", "a & b" * (n % 2))}</row>' for n in range(2, 9)
    )
    (tmp_path / "a.xlsx").write_bytes(xlsx(rows))
    monkeypatch.setattr(detection, "_CHUNK", size)
    with read(tmp_path / "a.xlsx", is_header=is_header) as sheet:
        assert cells(sheet) == {n: (f"日本 {n}", "a & b" * (n % 2), "") for n in range(2, 9)}


@st.composite
def stored_numbers(draw: st.DrawFn) -> str:
    """Draw a number as a workbook may store it: of any size, halfway between two shown numbers, or right beside it."""
    halves = st.builds(lambda digits, places: (digits + 0.5) / 10**places, st.integers(0, 10**8), st.integers(0, 6))
    number = draw(st.one_of(halves, st.floats(0, 1e17), st.floats(1e-9, 1), st.integers(0, 10**17).map(float)))
    number = math.nextafter(number, draw(st.sampled_from([number, 0, math.inf])))
    return format(draw(st.sampled_from([number, -number])), draw(st.sampled_from(["", ".15g", ".17g", "e"])))


@settings(quick, max_examples=200)
@given(stored=stored_numbers())
def test_a_number_shows_the_digits_that_count(stored: str) -> None:
    number = float(stored)
    if 1e-5 <= abs(number) < 1e15:
        digits = f"{kept(number):f}"
        assert general(stored) == (digits.rstrip("0").rstrip(".") if "." in digits else digits)
