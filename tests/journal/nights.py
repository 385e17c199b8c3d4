"""The sheets of a night that earlier versions read otherwise: what was imported of them stays imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.reading import making

CALLS = ("1234567890123451", "1234567890123452", "1234567890123453", "1234567890123454")
"""Ids of calls that were one to an earlier version, which rounded them to 15 digits."""

NAMES = "Called Łukasz Wiśniewski about the offer", "Met Michał in Gdańsk", "Asked for a quote"
MIXED = ("Called Herr Müller twice", "Grüße an Jörg", "Asked for a quote")


def _cells(row: int, prospect: str, note: str, key: str, style: int = 0) -> str:
    note_cell = making.text(f"B{row}", note) if not note.isdecimal() else f'<c r="B{row}"><v>{note}</v></c>'
    key_cell = f'<c r="D{row}" s="{style}"><v>{key}</v></c>'
    prospect_cell, visibility = making.text(f"A{row}", prospect), making.text(f"C{row}", "private")
    return f'<row r="{row}">{prospect_cell}{note_cell}{visibility}{key_cell}</row>'


def numbers(path: Path) -> Path:
    """Notes with numbers of 16 digits: as keys, with a format, and as the whole text."""
    rows = [(f"P{i}", "Left a voicemail", key, 0) for i, key in enumerate(("12345678901", "123456789012345"))]
    rows += [("P2", "Left a voicemail", key, 0) for key in CALLS]
    rows += [("P3", "Called back", CALLS[2], 1), ("P4", CALLS[0], "1", 0), ("P5", "Called back", "1", 0)]
    return _written(path, rows)


def one_number(path: Path, key: str) -> Path:
    """One note with a number as its key."""
    return _written(path, [("P1", "Left a voicemail", key, 0)])


def _written(path: Path, rows: Sequence[tuple[str, str, str, int]]) -> Path:
    cells = "".join(_cells(number, *row) for number, row in enumerate(rows, 2))
    parts = making.parts(cells, formats=["#,##0"])
    sheet = str(parts["xl/worksheets/sheet1.xml"])
    parts["xl/worksheets/sheet1.xml"] = sheet.replace("</row>", f"{making.text('D1', 'Key')}</row>", 1)
    path.write_bytes(making.archive(parts))
    return path


def text(path: Path, encodings: str, notes: tuple[str, ...]) -> Path:
    """Notes in a text file that doesn't say how it is encoded; its lines take turns with these encodings."""
    names = encodings.split("+")
    lines = [f"P{i},{note},private\r\n".encode(names[i % len(names)]) for i, note in enumerate(notes)]
    path.write_bytes(b"Prospect ID,Note,Visibility\r\n" + b"".join(lines))
    return path
