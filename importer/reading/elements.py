"""Parse the XML of workbooks as a stream of events, as ElementTree's ``iterparse`` does, with rows as whole trees.

ElementTree's own parser isn't used, because it accepts a document type and a tag without end, and refuses names whose
prefix isn't declared. A document type is refused here, because entity bombs and external entities need one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal, TypeAlias
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from importer.errors import UnreadableFile
from importer.messages import Message, Quoted, say
from importer.reading.opening import Limits, bound, damaged

MOST_TOKEN_BYTES = 16 * 1024**2
MOST_DEPTH = 200
"""Maximum depth of the elements around rows."""
MOST_ELEMENTS = 600_000
"""Maximum number of elements in one row, of which an attribute is worth two: many for each cell of the widest sheet."""

_FEW_ELEMENTS = 4 * MOST_ELEMENTS
"""Length in bytes up to which a row isn't too large: ``<a/>`` has 4 bytes."""

MOST_CELLS_TEXT = 16
"""Maximum length of a row, as a multiple of the longest cell."""

SHORT_ROW = 1 << 20
"""Length in bytes up to which a row is never too long."""

_PIECE = 1 << 14
"""Bytes that are parsed at once: few, because the collector of garbage looks at all rows that are held."""

Attributes = dict[str, str]
Event: TypeAlias = tuple[Literal["start", "end"], Element]
"""An element that begins, without its content; or the end of one, with its content if the element is wanted whole."""


class _LocalNames(dict[str, str]):
    """Name of an element → the same without its prefix, each stored once for all elements that have it."""

    def __missing__(self, tag: str) -> str:
        name = self[tag] = tag.rpartition(":")[2]
        return name


def events(chunks: Iterable[bytes], what: Message, limits: Limits, whole: Collection[str] = ()) -> Iterator[Event]:
    """Yield the events of a part, whose names come without namespace prefix.

    Each element named in ``whole`` is one event, at its end. Raises UnreadableFile if the part is damaged or too large.
    """
    parser = _Parser(what, limits, whole)
    for chunk in chunks:
        for at in range(0, len(chunk), _PIECE):
            parser.feed(chunk[at : at + _PIECE])
            yield from parser.found
            parser.found.clear()
    parser.feed(b"", last=True)
    yield from parser.found


class _Parser:
    """XML parser for one part, fed with chunks; ``found`` are the events of the latest chunk."""

    def __init__(self, what: Message, limits: Limits, whole: Collection[str]) -> None:
        self._what = what
        self._limits = limits
        self._fed = self._parsed = 0
        self._row_at = 0
        self._row: Element | None = None
        self.found: list[Event] = []
        self._parser = expat.ParserCreate()
        # Newer versions of expat defer an incomplete tag until twice as much is there, against tags without end.
        # ``feed`` limits such tags itself, and for that needs the parser's true position.
        if hasattr(self._parser, "SetReparseDeferralEnabled"):
            self._parser.SetReparseDeferralEnabled(False)  # noqa: FBT003 - its one parameter
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._handle(whole)

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse the next piece."""
        try:
            self._parser.Parse(chunk, last)
        except (expat.ExpatError, LookupError, ValueError) as exc:  # the latter two: an unknown encoding
            raise damaged(self._what, Quoted(str(exc))) from exc
        self._fed += len(chunk)
        self._parsed = max(self._parsed, self._parser.CurrentByteIndex)  # -1 while expat waits for more of a token
        if self._fed - self._parsed > MOST_TOKEN_BYTES + len(chunk):
            raise damaged(self._what, "tag without end")
        if self._row is not None:
            self._check_row(self._row, self._parsed - self._row_at)

    def _handle(self, whole: Collection[str]) -> None:
        """Set the parser's handlers. Within a row, all but one are C functions, because there are millions of calls."""
        parser, found = self._parser, self.found.append
        depth = 0
        row: Element | None = None
        end_in_row = TreeBuilder().end
        names = _LocalNames()

        def enter(tag: str, attributes: Attributes) -> None:
            nonlocal depth, row, end_in_row
            name = names[tag]
            if name in whole:
                builder = TreeBuilder()
                end_in_row = builder.end
                self._row = row = builder.start(name, attributes)
                self._row_at = parser.CurrentByteIndex
                parser.StartElementHandler, parser.EndElementHandler = builder.start, leave_in_row
                parser.CharacterDataHandler = builder.data
                return
            depth += 1
            if depth > MOST_DEPTH:
                raise damaged(self._what, "nested too deeply")
            found(("start", Element(name, attributes)))

        def leave(tag: str) -> None:
            nonlocal depth
            depth -= 1
            found(("end", Element(names[tag])))

        def leave_in_row(tag: str) -> None:
            element = end_in_row(tag)
            if element is row:
                size = parser.CurrentByteIndex - self._row_at
                if size > _FEW_ELEMENTS:
                    self._check_row(row, size)
                self._row = None
                parser.StartElementHandler, parser.EndElementHandler = enter, leave
                parser.CharacterDataHandler = None
                found(("end", element))
            elif ":" in tag:
                element.tag = names[tag]

        parser.StartElementHandler, parser.EndElementHandler = enter, leave

    def _check_row(self, row: Element, size: int) -> None:
        """Raise UnreadableFile if a row, of which ``size`` bytes have been read, is larger than any real one."""
        if size > max(MOST_CELLS_TEXT * self._limits.cell_characters, SHORT_ROW):
            raise self._limits.refuse("cell_characters", say("limit.row-characters", what=self._what))
        if size > _FEW_ELEMENTS:
            count = sum(1 + 2 * len(element.keys()) for element in row.iter())
            if count > MOST_ELEMENTS:
                row.clear()  # the error's frames would keep all of it
            bound(count, MOST_ELEMENTS, say("part.elements-of-row", what=self._what))

    def _refuse(self, *_: Any) -> None:
        raise UnreadableFile(say("workbook.document-type", what=self._what))


def plain(attributes: Attributes) -> Attributes:
    """Return the attributes without prefixes, because files may declare odd ones. The first of equal names counts."""
    return {name.rpartition(":")[2]: value for name, value in reversed(attributes.items())}


def whole_number(text: str | None) -> int:
    """Return the whole number in an attribute, 0 if it is missing or not a number of at most 9 digits."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
