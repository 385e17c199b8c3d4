"""Whole numbers are read as the file holds them, up to 2^53; beyond, the cell is a problem."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from importer.messages import render
from importer.reading import Sheet, read
from importer.reading.cells import LOST
from tests.reading import making
from tests.reading.catalogue import xml, xml_row

LONG = "1234567890123451"
MOST, BEYOND = str(2**53), str(2**53 + 2)


def _in_xlsx(number: str) -> bytes:
    return making.xlsx(f'<row r="2">{making.text("A2", "1")}<c r="B2"><v>{number}</v></c></row>')


def _with_exponent(number: str) -> bytes:
    return _in_xlsx(f"{number[0]}.{number[1:]}E{len(number) - 1}")


def _in_xls(number: str) -> bytes:
    cell = making.biff(0x203, struct.pack("<HHHd", 1, 1, 0, float(number)))
    return making.xls(making.label(1, 0, "1") + cell)


def _in_xml(number: str) -> bytes:
    return xml(xml_row(("String", "1"), ("Number", number)))


def _in_ods(number: str, shown: str = "") -> bytes:
    cell = f'<table:table-cell office:value-type="float" office:value="{number}">{shown}</table:table-cell>'
    return making.ods(f"<table:table-row>{making.ods_text('1')}{cell}</table:table-row>")


def _shown_by_libreoffice(number: str) -> bytes:
    return _in_ods(number, f"<text:p>{float(number):.14E}</text:p>")


WRITERS = [
    (_in_xlsx, "a.xlsx"),
    (_with_exponent, "a.xlsx"),
    (_in_xls, "a.xls"),
    (_in_xml, "a.xls"),
    (_in_ods, "a.ods"),
    (_shown_by_libreoffice, "a.ods"),
]


@pytest.fixture(params=WRITERS, ids=lambda writer: writer[0].__name__.strip("_"))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Sheet]]:
    """Opens a sheet of the reader's type that holds a number in B2."""
    write, name = request.param
    sheets: list[Sheet] = []

    def sheet(number: str) -> Sheet:
        (tmp_path / name).write_bytes(write(number))
        sheets.append(read(tmp_path / name, is_header=lambda cells: "Note" in cells))
        return sheets[-1]

    yield sheet
    for found in sheets:
        found.close()


@pytest.mark.parametrize("number", ["123456789012345", LONG, "1234567890123454", MOST])
def test_every_digit_up_to_two_to_the_53_is_read(number: str, opened: Callable[[str], Sheet]) -> None:
    """In every kind of workbook; four ids that differ in their last digit stay four."""
    sheet = opened(number)
    assert [[*columns[1]] for _, columns in sheet.columns()] == [[number]]
    assert not sheet.flaws


@pytest.mark.parametrize("number", [BEYOND, "12345678901234567890"])
def test_a_larger_number_is_a_problem_that_says_what_to_do(number: str, opened: Callable[[str], Sheet]) -> None:
    flaws = opened(number).flaws
    assert [(flaw.column, flaw.text) for flaw in flaws[2]] == [(1, LOST)]
    assert "lost digits" in render(LOST)
    assert "Format the column as text" in render(LOST)
