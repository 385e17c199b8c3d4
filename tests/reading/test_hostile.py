"""Files made to do harm are refused within bounds of memory and time; what can't be opened is said plainly."""

import contextlib
import io
import os
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest

from importer.errors import UnclearColumns, UnreadableFile
from importer.reading import Limits, Options, cell_name, elements, read, spool
from tests.memory import MEGABYTE, peak_of
from tests.reading.making import NONE, biff, compound, label, ods, parts, text, xls, xlsx
from tests.reading.test_catalogue import cells, is_header

LIMITS = Limits()


def refused(path: Path | str, limits: Limits = LIMITS) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(path, Options(limits=limits), is_header=is_header)
    return str(caught.value)


def bomb(part: str, before: str, repeated: bytes, times: int) -> bytes:
    """A workbook one of whose parts unpacks to very much."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts('<row r="2"><c r="A2" t="s"><v>0</v></c></row>').items():
            if name != part:
                package.writestr(name, content)
        with package.open(part, "w", force_zip64=True) as stream:
            stream.write(before.encode())
            for _ in range(times):
                stream.write(repeated)
    return out.getvalue()


def test_a_zip_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    """A part that unpacks to hundreds of megabytes is given up after 64 MB, whatever its header says."""
    content = bomb("xl/worksheets/sheet1.xml", "<worksheet>", b"<!--%s-->" % (b"x" * 10_000), 15_000)
    [path] = written(tmp_path, "xlsx", [content])
    before = psutil.Process().memory_info().rss
    assert "as a zip bomb does" in refused(path)
    assert psutil.Process().memory_info().rss - before < 100 * MEGABYTE


READ = """
from importer.reading import read
for path in sys.argv[1:]:
    read(path, is_header=lambda cells: 'Note' in cells).close()
"""

REFUSED = """
from importer.errors import UnreadableFile
from importer.reading import read
words, *paths = sys.argv[1:]
for path in paths:
    try:
        read(path, is_header=lambda cells: 'Note' in cells).close()
    except UnreadableFile as error:
        assert words in str(error), (path, error)
    else:
        raise AssertionError(path)
"""


def written(folder: Path, ending: str, contents: Iterable[bytes | str]) -> list[Path]:
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number}.{ending}")
        paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
    return paths


@pytest.mark.slow
def test_cells_of_a_page_that_span_very_many_columns_take_little_memory(tmp_path: Path) -> None:
    """A few characters that stand for a thousand cells are kept on disk, as those of every other file."""
    wide_cells = ("<tr>" + "<td colspan=1000>x" * 2) * 1_500
    cells_over_many_rows = ("<tr><td colspan=1000 rowspan=25>" + "<tr><td>x" * 24) * 120
    many_tables = ("</table><table><tr><td>x<td colspan=999>" + "<tr><td colspan=999>x" * 39) * 75
    start = "<table><tr><td>Prospect ID<td>Note"
    pages = [f"{start}{rows}</table>" for rows in (wide_cells, cells_over_many_rows, many_tables)]
    assert peak_of(READ, *written(tmp_path, "xls", pages)) < 150 * MEGABYTE


def test_a_text_of_a_page_takes_little_memory(tmp_path: Path) -> None:
    page = "<table><tr><td>Prospect ID<td>Note<tr><td>1<td>" + "&" * 20 * MEGABYTE + "</table>"
    assert peak_of(REFUSED, "The limit is 2,000,000.", *written(tmp_path, "xls", [page])) < 250 * MEGABYTE


def test_a_container_that_is_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    """Neither what it says about itself nor what goes in circles is followed further than the file is long."""
    root, book = ("Root Entry", NONE, NONE, 1, 0), ("Workbook", NONE, NONE, NONE, 9)
    beside_each_other = [(f"e{i}", i + 1, i + 1, NONE, 0) for i in range(1, 200)]
    endless = ("Workbook", NONE, NONE, NONE, 2**30)
    contents = [
        compound(root, *beside_each_other),
        compound(root, endless, table=(0xFFFFFFFD, 1)),  # a stream in a circle
        compound(("Root Entry", NONE, NONE, 1, 2**30), book, table=(0xFFFFFFFD, 1)),  # small streams in a circle
        compound(root, tables=2**31, more=16_909_320, more_at=2) + struct.pack("<128L", *[0] * 127, 2),
        compound(root, book, small=2**31, small_at=1, table=(NONE, 1)),
    ]
    assert peak_of(REFUSED, "", *written(tmp_path, "xls", contents)) < 200 * MEGABYTE


def shared_texts(count: int, texts: bytes) -> bytes:
    return biff(0xFC, struct.pack("<LL", count, count) + texts)


@pytest.mark.parametrize(
    "more",
    [
        shared_texts(2**31 - 1, b"\1\0\4" + struct.pack("<i", -8) + b"x"),  # each text goes back to where it began
        shared_texts(2**31 - 1, b"\0\0\0" * 1000),
        shared_texts(1, b"\xff\xff\0x"),
        biff(0x41E, struct.pack("<HHB", 164, 1, 0) + b"0") * 10_001,
        biff(0xE0, b"\0" * 20) * 10_001,
        biff(0x85, struct.pack("<LBBBB", 0, 0, 0, 1, 0) + b"x"),  # a sheet that lies where the workbook begins
    ],
    ids=["texts backwards", "texts without end", "a text without end", "formats", "styles", "a sheet within itself"],
)
def test_an_xls_that_holds_less_than_it_says_is_refused(more: bytes, tmp_path: Path) -> None:
    """xlrd, which reads the file, would fill the memory or never end."""
    assert "damaged" in refused(written(tmp_path, "xls", [xls(b"", more=more)])[0])


def test_names_that_double_each_other_cost_nothing(tmp_path: Path) -> None:
    """A name that stands for twice the one before it isn't reckoned out, nor is one of another file."""
    names = b""
    for number in range(40):
        twice = b"\x23" + struct.pack("<HH", number, 0)
        code = twice + twice + b"\x08" if number else b"\x17\x08\0xxxxxxxx"
        names += biff(0x18, struct.pack("<HBBHHH4B", 0, 0, 1, len(code), 0, 0, 0, 0, 0, 0) + b"\0n" + code)
    assert peak_of(READ, *written(tmp_path, "xls", [xls(label(1, 0, "1"), more=names)])) < 200 * MEGABYTE


@pytest.mark.slow
def test_a_row_of_very_many_elements_takes_little_memory(tmp_path: Path) -> None:
    """A row is held as a whole, so that there is a limit to what it is made of."""
    elements = ("<table:x/>", '<table:x table:a=""/>', "<table:table-cell/>")
    sheets = (ods(f"<table:table-row>{element * 2_000_000}</table:table-row>") for element in elements)
    assert peak_of(REFUSED, "elements of one row", *written(tmp_path, "ods", sheets)) < 200 * MEGABYTE


def test_merged_cells_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More areas than a sheet has rows aren't held in memory; the limit is lowered here, since a million take long."""
    assert spool.MOST_AREAS == 1_048_576
    monkeypatch.setattr(spool, "MOST_AREAS", 10_400)
    areas = biff(0xE5, b"\0\0" + struct.pack("<4H", 1, 2, 5, 7) * 1000) * 11
    assert "merged cells can't be read (more than 10,400)" in refused(written(tmp_path, "xls", [xls(areas)])[0])


def test_merged_areas_on_each_other_are_refused_at_once(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{row}">{text(f"A{row}", "1")}{text(f"B{row}", "x")}</row>' for row in range(2, 4000))
    areas = "".join(f'<mergeCell ref="B2:ZZ{row}"/>' for row in range(4000, 54_000))
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(rows, after=f"<mergeCells>{areas}</mergeCells>"))
    started = time.process_time()
    assert "overlap in row 2" in refused(path)
    assert time.process_time() - started < 5


LINES = "Prospect ID,Note,Visibility\n" + "1,a,public\n" * 10
X = b"x" * MEGABYTE
SAID = "If the file is right, split it"
BEYOND: dict[str, tuple[str, Callable[[], str | bytes], Limits]] = {
    "The limit is 2,000,000.": ("xlsx", lambda: bomb("xl/sharedStrings.xml", "<sst><si><t>", X, 50), LIMITS),
    "tag without end": ("xlsx", lambda: bomb("xl/worksheets/sheet1.xml", '<worksheet a="', X, 10), LIMITS),
    "(more than 10,000)": ("xls", lambda: "<table><tr><td>x</table>" * 10_001, LIMITS),
    "The rows up to row 626 contain too much text": (
        "xls", lambda: f"<table><tr><td>Prospect ID<td>Note{'<tr><td colspan=999><td>x' * 1000}</table>",
        Limits(unpacked_bytes=5 * MEGABYTE),
    ),
    "20,000": (
        "xlsx", lambda: xlsx("".join(f'<row r="{row}">{text(f"A{row}", "x")}</row>' for row in range(2, 2000))),
        Limits(unpacked_bytes=20_000),
    ),
    f"The limit is 10. {SAID}": ("csv", lambda: LINES, Limits(file_bytes=10)),
    f"The limit is 3. {SAID}": ("csv", lambda: LINES, Limits(rows=3)),
    f"The limit is 2. {SAID}": ("csv", lambda: LINES, Limits(columns=2)),
    f"The limit is 5. {SAID}": ("csv", lambda: LINES, Limits(cell_characters=5)),
}  # fmt: skip
"""Words of the refusal → a file, and the limits for it."""


@pytest.mark.parametrize("words", BEYOND)
def test_a_file_beyond_a_limit_is_refused_in_words(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert elements.MOST_TOKEN_BYTES == 16 * 1024**2
    monkeypatch.setattr(elements, "MOST_TOKEN_BYTES", 4 * MEGABYTE)  # the time grows with its square
    ending, content, limits = BEYOND[words]
    [path] = written(tmp_path, ending, [content()])
    assert words in " ".join(refused(path, limits).split())


@pytest.mark.parametrize(
    "content",
    [
        b"Prospect ID,Note\n1," + b"x" * 60_000 + b",\xe9", b"<!--a-->" * 50 + b"x", b"<!--a-->" * 1_000 + b"x",
        b"<table><tr><td>" + b"<a " * 40_000, b"<table><tr><td>" + b"<!" * 40_000,
        b"<table><tr><td>" + b"<b> </b>" * 100_000, b"<table><tr><td>" * 40_000,
        b"<table><tr><td>" + b"<table><tr><td>x</table>" * 40_000,
    ],
    ids=lambda content: content[:20].decode(),
)  # fmt: skip
@pytest.mark.slow
def test_a_text_made_to_stall_takes_no_time(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    started = time.process_time()
    with contextlib.suppress(UnreadableFile, UnclearColumns), read(path, is_header=is_header):
        pass
    assert time.process_time() - started < 10  # a second; for ever where every beginning looks for its end


def test_what_is_no_file_is_said_without_waiting(tmp_path: Path) -> None:
    """A named pipe would wait for ever, /dev/zero never ends."""
    assert "There is no file" in refused(tmp_path / "missing.csv")
    assert "is a folder" in refused(tmp_path)
    if sys.platform != "win32":  # which has neither
        os.mkfifo(tmp_path / "pipe.csv")
        assert "a device or a pipe" in refused(tmp_path / "pipe.csv")
        assert "a device or a pipe" in refused("/dev/zero")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"Prospect ID;Note\n1;a\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with read("-", is_header=is_header) as sheet:
        assert (sheet.source, sheet.name, sheet.delimiter, sheet.encoding) == ("-", None, ";", "UTF-8")
        assert cells(sheet) == cells(sheet) == {2: ("1", "a")}


@pytest.mark.parametrize(
    ("name", "row", "column", "expected"),
    [("Sheet1", 17, 2, "Sheet1!C17"), (None, 17, 2, "C17"), ("My sheet", 1, 26, "'My sheet'!AA1"),
     ("Jo's", 1, 0, "'Jo''s'!A1"), ("2026", 3, 701, "'2026'!ZZ3"), ("", 1, 0, "''!A1")],
)  # fmt: skip
def test_a_cell_is_named_as_spreadsheet_programs_do(name: str | None, row: int, column: int, expected: str) -> None:
    assert cell_name(name, row, column) == expected
