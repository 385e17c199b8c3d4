"""Show a note as its readers will see it: its text, and the formatting of HTML that the page can repeat safely.

Input: notes, or their HTML. Output: plain texts; and :data:`Piece`, well-nested elements of a closed list and the text
between them. No other element, attribute or address of the HTML comes through, except as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from importer import markup
from importer.models import Note

_MOST_LAYERS = 40
"""Maximum depth of elements. Deeper ones are left out, their text is not."""
MOST_LINES, MOST_CHARACTERS = 10, 900
"""Lines and characters of a note that are shown unfolded."""
_INLINE = {name: name for name in "b,strong,i,em,u,s,del,ins,mark,small,sub,sup,code,a".split(",")}
_INLINE |= {"strike": "s", "tt": "code", "big": "b"}
_BLOCKS = {name: name for name in "p,div,ul,ol,li,blockquote,pre".split(",")}
_BLOCKS |= dict.fromkeys("section,center,dl,dt,dd,table,tr,figure,address,article,header,footer".split(","), "div")
_BLOCKS |= dict.fromkeys("h1,h2,h3,h4,h5,h6".split(","), "heading")
_SHOWN_AS = _INLINE | _BLOCKS
_LISTS = ("ul", "ol")
_PARAGRAPHS = ("p", "heading")
_WITHOUT_MARKS = frozenset("abbr,body,font,head,html,label,q,span,tbody,tfoot,thead,title,wbr".split(","))
"""Elements that are left out without a trace, because a reader sees only their text."""
_CELLS = ("td", "th")
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """Beginning of an element.

    Attributes:
        name: its name, one of a closed list; "heading" for headings of any level.
        address: the address of a link, which begins with http:// or https://.
        start: the number of an ordered list's first item.
    """

    name: str
    address: str = ""
    start: int = 1


@dataclass(frozen=True)
class Closed:
    """End of an element."""

    name: str


@dataclass(frozen=True)
class Alone:
    """An element without an end: a line break (br) or a line (hr)."""

    name: str


Piece = str | Opened | Closed | Alone


def text_of(note: Note) -> str:
    """Return the text as Saleshandy will show it. Text that was converted to HTML looks the same as in the cell."""
    return markup.lines(note.content) or note.content if html_of(note) else note.text


def html_of(note: Note) -> str:
    """Return the content of a note whose text is sent as HTML; empty for other notes."""
    return note.content if note.content == note.text and any(sign in note.text for sign in "<&\n") else ""


def pieces(html: str) -> tuple[Sequence[Piece], Sequence[Piece]]:
    """Return the beginning of a note's HTML, at most ten lines, and the rest; both are well nested."""
    reader = _Formatting()
    reader.feed(html)
    reader.finish()
    return reader.first, reader.rest if any(isinstance(piece, str) and piece.strip() for piece in reader.rest) else ()


@dataclass
class _Layer:
    """An open element of the HTML.

    Attributes:
        name: the name under which it is shown.
        address: the address of a link.
        items: number of a list's items so far.
        text: the text of a link.
    """

    name: str
    address: str = ""
    items: int = 0
    text: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether it is shown as an element. A link to anything but a web page is not."""
        return self.name != "a" or _WEB.fullmatch(self.address) is not None


class _Formatting(markup.Markup):
    """A parser that repeats formatting. What it doesn't know, such as a script, becomes text.

    Attributes:
        first, rest: the pieces before and after the fold.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first: list[Piece] = []
        self.rest: list[Piece] = []
        self._pieces = self.first
        self._layers: list[_Layer] = []
        self._lines = self._characters = 0
        self._is_line_begun = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "hr"):
            self._alone(tag)
        elif tag == "img":
            about = dict(attrs)
            self._say(f"[{about.get('alt') or about.get('src') or ''}]")
        elif tag in _CELLS:
            self._say(" ")
        elif tag in _SHOWN_AS:
            self._open(_Layer(_SHOWN_AS[tag], (dict(attrs).get("href") or "").strip() if tag == "a" else ""))
        elif tag not in _WITHOUT_MARKS:
            self._say(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _SHOWN_AS:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SHOWN_AS:
            self._close(_SHOWN_AS[tag], passes_blocks=tag in _BLOCKS)
        elif tag not in _WITHOUT_MARKS and tag not in (*_CELLS, "br", "hr", "img"):
            self._say(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._say(data)

    def finish(self) -> None:
        """Add an unfinished rest as text, and close all elements."""
        self._say(unescape(self.rawdata))
        self._close_from(0)

    def _say(self, data: str) -> None:
        """Add a text. It is folded in the middle if it is too long."""
        if not data:
            return
        if data.strip():
            self._in_item()
            self._is_line_begun = True
        room = MOST_CHARACTERS - self._characters
        self._characters += len(data.strip())
        if self._pieces is self.first and len(data) > room:
            end = data.rfind(" ", 0, room + 1) + 1 or room
            self._add(data[:end])
            self._fold()
            data = data[end:]
        self._add(data)

    def _add(self, data: str) -> None:
        for layer in self._layers:
            layer.text += data if layer.name == "a" else ""
        self._pieces.append(data)

    def _alone(self, name: str) -> None:
        if name == "hr":
            self._close_before(_Layer(name))
        self._in_item()
        self._pieces.append(Alone(name))
        self._end_line(is_blank=True)

    def _open(self, layer: _Layer) -> None:
        is_block = layer.name not in _INLINE
        if layer.name == "a":
            self._close("a", passes_blocks=False)
        if is_block:
            self._close_before(layer)
            self._end_line()
        if layer.name == "li":
            if not self._layers or self._layers[-1].name not in _LISTS:
                layer.name = "div"
            else:
                self._layers[-1].items += 1
        else:
            self._in_item()
        if len(self._layers) < _MOST_LAYERS:
            self._layers.append(layer)
            if layer.is_shown:
                self._pieces.append(Opened(layer.name, layer.address))

    def _close_before(self, layer: _Layer) -> None:
        """Close what can't hold a block: a paragraph, and for a list's item the item before it."""
        names = [one.name for one in self._layers]
        for at in range(len(names) - 1, -1, -1):
            if names[at] in _LISTS and layer.name == "li":
                self._close_from(at + 1)
                return
            if names[at] in ("div", "li", "blockquote", *_LISTS) and layer.name != "li":
                return
            if names[at] in _PARAGRAPHS:
                self._close_from(at)
                if layer.name != "li":
                    return

    def _in_item(self) -> None:
        """Open an item where a list holds something else directly."""
        if self._layers and self._layers[-1].name in _LISTS:
            self._open(_Layer("li"))

    def _close(self, name: str, *, passes_blocks: bool) -> None:
        for at in range(len(self._layers) - 1, -1, -1):
            layer = self._layers[at]
            if layer.name == name:
                self._close_from(at)
                return
            if not passes_blocks and layer.name not in _INLINE:
                return

    def _close_from(self, at: int) -> None:
        while len(self._layers) > at:
            layer = self._layers.pop()
            if layer.is_shown:
                self._pieces.append(Closed(layer.name))
            if layer.name == "a" and layer.address not in ("", layer.text.strip()):
                self._say(f" ({layer.address})")
            if layer.name not in _INLINE:
                self._end_line()

    def _end_line(self, *, is_blank: bool = False) -> None:
        self._lines += self._is_line_begun or is_blank
        self._is_line_begun = False
        if self._pieces is self.first and self._lines >= MOST_LINES:
            self._fold()

    def _fold(self) -> None:
        """Continue with the rest, in the same elements."""
        shown = [layer for layer in self._layers if layer.is_shown]
        self.first += [Closed(layer.name) for layer in reversed(shown)]
        for layer in shown:
            self.rest.append(Opened(layer.name, layer.address, layer.items + (layer is shown[-1])))
        self._pieces = self.rest
