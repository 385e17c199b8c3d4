"""The records of an .xlsb sheet, looked at before calamine reads them: error cells noted, an absurd extent refused.

Source: [MS-XLSB] 2.1.4: a record is its type (one or two bytes of seven bits), its size (one to four), and its content.
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterator

from importer.errors import UnreadableFile
from importer.reading.package import DAMAGED, Events, Package
from importer.reading.sheet import ERROR, Found, letters

ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
MOST_CELLS = 60_000_000
"""Cells of a rectangle that calamine may allocate (24 bytes each); sparse sheets are refused from an eighth of it."""

_ROW, _LAST_CELL, _FORMULAS, _SHEET = 0, 11, range(8, 12), 156


class Records:
    """Looks at the sheets of one .xlsb package."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._paths = self._sheets()

    def look(self, name: str, found: Found) -> None:
        """Note error cells and formulas of the sheet; raise UnreadableFile where its cells are too far apart."""
        path = self._paths.get(name)
        if path is None:
            return
        row = last = widest = cells = 0
        first: int | None = None
        for kind, content in self._records(path):
            if kind == _ROW and len(content) >= 4:
                row = int.from_bytes(content[:4], "little")
            elif 1 < kind <= _LAST_CELL and len(content) >= 8:
                cells += 1
                column = int.from_bytes(content[:4], "little")
                first = row if first is None else first
                last, widest = max(last, row), max(widest, column)
                found.formulas += kind in _FORMULAS
                if kind in {3, 11}:
                    found.flaw(
                        row + 1, column, ERROR.format(ERRORS.get(content[8] if len(content) > 8 else -1, "in it"))
                    )
        self._check(name, last, widest, cells)

    def _check(self, name: str, last: int, widest: int, cells: int) -> None:
        limits = self._package.limits
        if widest >= limits.columns:
            raise limits.refuse("columns", f'The sheet "{name}" uses column {letters(widest)}')
        if last >= limits.rows:
            raise limits.refuse("rows", f'The sheet "{name}" reaches down to row {last + 1:,}')
        area = (last + 1) * (widest + 1)
        if area > MOST_CELLS or (area > MOST_CELLS // 8 and area > 8 * cells):
            raise UnreadableFile(
                f'The sheet "{name}" holds {cells:,} cells spread over {area:,} places. Delete the stray cells (around '
                f"{letters(widest)}{last + 1}), or save the file as .xlsx, which is read in another way."
            )

    def _records(self, path: str) -> Iterator[tuple[int, bytes]]:
        held = b""
        for chunk in self._package.chunks(path):
            held += chunk
            at = 0
            while True:
                head = _head(held, at)
                if head is None or head[2] + head[1] > len(held):
                    break
                kind, size, start = head
                yield kind, held[start : start + size]
                at = start + size
            held = held[at:]
            if len(held) > self._package.limits.cell_characters * 2 + (1 << 20):
                raise UnreadableFile(f"The workbook is damaged: a record in {path} has no end. {DAMAGED}")

    def _sheets(self) -> dict[str, str]:
        """Parts by sheet name."""
        targets: dict[str, str] = {}
        events = Events("the list of parts", self._package.limits)

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                target = attributes.get("Target", "")
                path = posixpath.normpath(target if target.startswith("/") else f"xl/{target}")
                targets[attributes.get("Id", "")] = path.lstrip("/")
            events.texts.clear()

        if "xl/_rels/workbook.bin.rels" not in self._package:
            return {}
        events.handle(start, lambda _: None)
        events.all(self._package.chunks("xl/_rels/workbook.bin.rels"))
        sheets: dict[str, str] = {}
        for kind, content in self._records("xl/workbook.bin"):
            if kind == _SHEET:
                relation, name = _two_texts(content[8:])
                if targets.get(relation, "") in self._package:
                    sheets[name] = targets[relation]
        return sheets


def _head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Type, size and start of the content of the record at a position; None where the data ends before."""
    if at + 6 > len(data) and at + 2 > len(data):
        return None
    kind = data[at]
    at += 1
    if kind & 0x80:
        if at >= len(data):
            return None
        kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
        at += 1
    size = 0
    for shift in (0, 7, 14, 21):
        if at >= len(data):
            return None
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return kind, size, at


def _two_texts(content: bytes) -> tuple[str, str]:
    texts = []
    at = 0
    for _ in range(2):
        try:
            (length,) = struct.unpack_from("<L", content, at)
        except struct.error:
            return "", ""
        texts.append(content[at + 4 : at + 4 + 2 * length].decode("utf-16-le", "replace"))
        at += 4 + 2 * length
    return texts[0], texts[1]
