"""The pictures in docs/ show what the program shows today. Each is made here, and holds the text that it shows.

``make pictures`` writes them anew. Otherwise, texts are compared, because pixels depend on the machine's fonts.
"""

import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Page, expect

from tests.page.conftest import write
from tests.page.test_browser import drop
from tests.sandbox import SAMPLES, Sandbox, demo

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[2] / "docs"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_ENDS = len(SIGNATURE) + 25
KEYWORD = b"Description\0\0\0\0\0"
COLUMNS = ("Full Name", "Note", "Who can see it", "result", "note_id", "reason")
ROWS = (2, 3, 5, 52, 54, 55, 56, 57, 58, 60, 63)  # of the results: some of each kind


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_text(png: bytes, text: str) -> bytes:
    return png[:HEADER_ENDS] + chunk(b"iTXt", KEYWORD + text.encode()) + png[HEADER_ENDS:]


def text_of(png: bytes) -> str:
    """The text that a picture shows, as :func:`with_text` has put it there."""
    place = HEADER_ENDS
    [size] = struct.unpack(">I", png[place : place + 4])
    kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + size]
    assert (png[: len(SIGNATURE)], kind, data[: len(KEYWORD)]) == (SIGNATURE, b"iTXt", KEYWORD)
    return data[len(KEYWORD) :].decode()


def cropped(ppm: bytes) -> bytes:
    """A page that pdftoppm has drawn, as PNG and without its white margins."""
    kind, size, _, rest = ppm.split(b"\n", 3)
    assert kind == b"P6"
    width, height = map(int, size.split())
    pixels = np.frombuffer(rest, dtype=np.uint8).reshape(height, width, 3)
    rows, columns = (np.flatnonzero(pixels.min(axis=(axis, 2)) < 255) for axis in (1, 0))
    part = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    lines = b"".join(b"\0" + line.tobytes() for line in part)
    header = struct.pack(">IIBBBBB", part.shape[1], part.shape[0], 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")


def compared(name: str, png: bytes, text: str) -> None:
    """Compare the picture in docs/ with this one by its text, or replace it if that is asked for."""
    if os.environ.get("PICTURES"):
        (DOCS / name).write_bytes(with_text(png, text))
    assert text_of((DOCS / name).read_bytes()) == text, f"docs/{name} shows something else; make pictures"
    assert 20_000 < len(png) < 300_000  # it isn't blank, and loads quickly


def test_the_picture_of_the_page_shows_the_page(page: Page, tmp_path: Path) -> None:
    texts = ("Spoke about the annual plan", "Left a message, will call again on Monday")
    rows = [(f"KbtDE6k{i}", texts[i % 2], ("Public", "Private")[i % 2]) for i in range(8)]
    rows[5] = ("KbtDE6k5", texts[1], "Pubic")
    page.set_viewport_size({"width": 1280, "height": 900})
    drop(page, write(tmp_path / "contacts.csv", rows))
    expect(page.get_by_role("status")).to_have_text("Ready: 7 notes to send; not sent: 1 row with problems.")
    page.wait_for_load_state()
    compared("page.png", page.screenshot(), page.locator("body").inner_text())


def test_the_picture_of_the_results_shows_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office, draw = (shutil.which(program) for program in ("soffice", "pdftoppm"))
    if office is None or draw is None:
        pytest.skip("LibreOffice (soffice) and poppler (pdftoppm) draw the results; one of them isn't installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Sandbox(any_email=True, any_id=False) as box:
        assert demo.import_sample(SAMPLES / "2-crm-export.xlsx", tmp_path, box) == 1
    book = openpyxl.load_workbook(tmp_path / "2-crm-export.results.xlsx")
    for name in book.sheetnames[1:]:
        del book[name]
    sheet = book["Results"]
    assert isinstance(sheet, Worksheet)
    sheet.auto_filter.ref = None
    sheet.print_area = sheet.dimensions
    sheet.page_setup.fitToWidth = sheet.page_setup.fitToHeight = 1
    assert sheet.sheet_properties.pageSetUpPr is not None
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for number, cell in enumerate(sheet[1], start=1):
        sheet.column_dimensions[get_column_letter(number)].hidden = cell.value not in COLUMNS
    for row in range(2, sheet.max_row + 1):
        sheet.row_dimensions[row].hidden = row not in ROWS
    book.save(tmp_path / "shown.xlsx")
    subprocess.run([office, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "shown.xlsx"],
                   check=True, capture_output=True, timeout=120)  # fmt: skip
    drawn = subprocess.run([draw, "-r", "110", tmp_path / "shown.pdf"], check=True, capture_output=True, timeout=60)
    shown = {cell.column: cell.value for cell in sheet[1] if cell.value in COLUMNS}
    texts = [
        str(sheet.cell(row, column).value or "")
        for row in (1, *ROWS)
        for column, heading in shown.items()
        if row == 1 or heading != "note_id"  # which is another one in each run
    ]
    compared("results.png", cropped(drawn.stdout), "\n".join(texts))
