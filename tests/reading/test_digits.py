"""Whole numbers are read as the file holds them, up to 2^53; beyond, the cell is a problem."""

import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from importer.messages import render
from importer.reading import Sheet, read
from importer.reading.cells import LOST
from tests.reading import making
from tests.reading.catalogue import xml, xml_row


def _in_xlsx(number: str) -> bytes:
    return making.xlsx(f'<row r="2">{making.text("A2", "1")}<c r="B2"><v>{number}</v></c></row>')


def _in_ods(number: str, shown: str = "") -> bytes:
    cell = f'<table:table-cell office:value-type="float" office:value="{number}">{shown}</table:table-cell>'
    return making.ods(f"<table:table-row>{making.ods_text('1')}{cell}</table:table-row>")


WRITERS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "xlsx": ("a.xlsx", _in_xlsx),
    "xlsx with an exponent": ("a.xlsx", lambda number: _in_xlsx(f"{number[0]}.{number[1:]}E{len(number) - 1}")),
    "xls": ("a.xls", lambda number: making.xls(
        making.label(1, 0, "1") + making.biff(0x203, struct.pack("<HHHd", 1, 1, 0, float(number)))
    )),
    "xml": ("a.xls", lambda number: xml(xml_row(("String", "1"), ("Number", number)))),
    "ods": ("a.ods", _in_ods),
    "ods, shown by LibreOffice": ("a.ods", lambda number: _in_ods(number, f"<text:p>{float(number):.14E}</text:p>")),
}  # fmt: skip


@pytest.fixture(params=WRITERS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Sheet]]:
    """Opens a sheet of the reader's type that holds a number in B2."""
    name, write = WRITERS[request.param]
    with contextlib.ExitStack() as sheets:

        def sheet(number: str) -> Sheet:
            (tmp_path / name).write_bytes(write(number))
            return sheets.enter_context(read(tmp_path / name, is_header=lambda cells: "Note" in cells))

        yield sheet


@pytest.mark.parametrize("number", ["123456789012345", "1234567890123451", "1234567890123454", str(2**53)])
def test_every_digit_up_to_two_to_the_53_is_read(number: str, opened: Callable[[str], Sheet]) -> None:
    sheet = opened(number)
    assert [[*columns[1]] for _, columns in sheet.columns()] == [[number]]
    assert not sheet.flaws


@pytest.mark.parametrize("number", [str(2**53 + 2), "12345678901234567890"])
def test_a_larger_number_is_a_problem_that_says_what_to_do(number: str, opened: Callable[[str], Sheet]) -> None:
    flaws = opened(number).flaws
    assert [(flaw.column, flaw.text) for flaw in flaws[2]] == [(1, LOST)]
    assert "lost digits" in render(LOST)
