"""Rows of a worksheet in the form in which all common programs write them: pieces of XML in, cells out.

Going through an XML parser costs a call for each tag, three quarters of the time to read a sheet. So rows that are
nothing but a sequence of plain cells are taken apart by a regular expression, which must account for every character of
the row. Anything else (entities, formulas, other attributes, comments) is fed to the parser, as if there were no short
cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import repeat

from importer.reading.package import Events

Cell = tuple[str, str | None, str | None, str | None, bool]
"""A cell as it is written: reference (its column counts), kind, style, text or None, whether a formula gave it."""

NO_FORMULA = False

MOST_HELD = 8 * 1024**2
"""Bytes of one row; a longer one is left to the parser, which needn't hold it."""

_ROW = re.compile(r'<row r="(\d{1,7})"((?: [\w:.-]+="[^"<>&]*")*)>(.*?)</row>', re.DOTALL)
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d+"(?: s="(\d+)")?(?: t="(\w+)")?'
    r'(?:/>|>(?:(<v>)|<is><t(?: xml:space="preserve")?>)([^<&\r]*)(?(4)</v>|</t></is>)</c>)'
)
_GROUPS = 6  # what is between the cells, then column, style, kind, mark of a value, text


class RegularRows:
    """The way of a worksheet's pieces: usual rows to ``row(number, cells)``, all else to the parser."""

    def __init__(
        self, events: Events, between_rows: Callable[[], bool], row: Callable[[str | None, Iterable[Cell]], None]
    ) -> None:
        self._events = events
        self._between_rows = between_rows
        self._row = row
        self._held = b""
        self._before = b""
        self._started = False
        self._plain = False

    def feed(self, chunk: bytes) -> None:
        """Take the next piece."""
        if not self._started and not self._plain:
            chunk = self._start(chunk)
        if self._plain or not self._started:
            self._events.feed(chunk)
            return
        held = self._held + chunk
        if b"<!" in held or b"<?" in held:  # a comment may hold what looks like rows
            self._give_up(held)
            return
        end = held.rfind(b"</row>") + len(b"</row>")
        if end < len(b"</row>"):
            self._held = held
            if len(held) > MOST_HELD:
                self._give_up(held)
            return
        self._held = held[end:]
        try:
            text = held[:end].decode()
        except UnicodeDecodeError:
            self._give_up(held)  # the parser says what is wrong
            return
        self._take(text)

    def end(self) -> None:
        """No piece follows."""
        self._events.feed(self._held)
        self._events.feed(b"", last=True)

    def _start(self, chunk: bytes) -> bytes:
        """Feed what is before the first row; return the rest.

        In the usual form is only a sheet in UTF-8 that has no comment before its rows: it may hold what looks like one.
        """
        at = chunk.find(b"<row ")
        before = self._before + (chunk if at < 0 else chunk[:at])
        self._before = before[-1:]  # what begins a comment may lie in two pieces
        self._plain = b"<!" in before or before.count(b"<?") > before.count(b"<?xml ")
        if at < 0 or self._plain:
            return chunk
        self._events.feed(chunk[:at])
        self._started = True
        self._plain = not self._between_rows() or self._events.encoding not in {"", "utf-8"}
        return chunk[at:]

    def _give_up(self, held: bytes) -> None:
        self._plain = True
        self._held = b""
        self._events.feed(held)

    def _take(self, text: str) -> None:
        """Take rows apart; the text ends with the end of a row."""
        at = 0
        usual = self._between_rows()
        for match in _ROW.finditer(text):
            start = match.start()
            if start > at:
                self._events.feed(text[at:start].encode())
                usual = self._between_rows()
            at = match.end()
            if not usual or not self._take_row(match):
                self._events.feed(match[0].encode())
                usual = self._between_rows()
        if at < len(text):
            self._events.feed(text[at:].encode())

    def _take_row(self, match: re.Match[str]) -> bool:
        """Take one row apart unless there is more to it than plain cells."""
        number, attributes, body = match.groups()
        if "hidden" in attributes:
            return False
        parts = _CELL.split(body)  # flat: what is between cells, then a cell's groups, and so on
        if any(parts[::_GROUPS]):
            return False
        self._row(
            number, zip(parts[1::_GROUPS], parts[3::_GROUPS], parts[2::_GROUPS], parts[5::_GROUPS], repeat(NO_FORMULA))
        )
        return True
