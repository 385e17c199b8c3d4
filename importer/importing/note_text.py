"""Show a note as its readers will see it: its text, and the formatting of HTML that the page can repeat safely.

Input: notes, or their HTML. Output: plain texts; and HTML of well-nested elements of a closed list. All text in it is
escaped. No other element, attribute or address comes through, except as text: it loads nothing, and only a link to a
web page leads anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape

from importer import markup
from importer.models import Note

_MOST_LAYERS = 40
"""Maximum depth of elements. Deeper ones are left out, their text is not."""
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


def text_of(note: Note) -> str:
    """Return the text as Saleshandy will show it. Text that was converted to HTML looks the same as in the cell."""
    return markup.lines(note.content) or note.content if html_of(note) else note.text


def html_of(note: Note) -> str:
    """Return the content of a note whose text is sent as HTML; empty for other notes."""
    return note.content if note.content == note.text and any(sign in note.text for sign in "<&\n") else ""


def formatted(html: str) -> str:
    """Return a note's HTML as its readers will see it, well nested."""
    reader = _Formatting()
    reader.feed(html)
    reader.finish()
    return "".join(reader.parts)


@dataclass
class _Layer:
    """An open element of the HTML.

    Attributes:
        name: the name under which it is shown.
        address: the address of a link.
        text: the text of a link.
    """

    name: str
    address: str = ""
    text: str = ""

    @property
    def begin(self) -> str:
        """Its opening tag; none for a link to anything but a web page."""
        if self.name == "heading":
            return '<p class="heading">'
        if self.name != "a":
            return f"<{self.name}>"
        is_web = _WEB.fullmatch(self.address) is not None
        return f'<a href="{escape(self.address)}" rel="noreferrer noopener" target="_blank">' if is_web else ""

    @property
    def end(self) -> str:
        """Its closing tag."""
        return f"</{'p' if self.name == 'heading' else self.name}>" if self.begin else ""


class _Formatting(markup.Markup):
    """A parser that repeats formatting, in ``parts``. What it doesn't know, such as a script, becomes text."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._layers: list[_Layer] = []

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
        if data.strip():
            self._in_item()
        for layer in self._layers:
            layer.text += data if layer.name == "a" else ""
        self.parts.append(escape(data, quote=False))

    def _alone(self, name: str) -> None:
        if name == "hr":
            self._close_before(_Layer(name))
        self._in_item()
        self.parts.append(f"<{name}>")

    def _open(self, layer: _Layer) -> None:
        if layer.name == "a":
            self._close("a", passes_blocks=False)
        if layer.name not in _INLINE:
            self._close_before(layer)
        if layer.name != "li":
            self._in_item()
        elif not self._layers or self._layers[-1].name not in _LISTS:
            layer.name = "div"
        if len(self._layers) < _MOST_LAYERS:
            self._layers.append(layer)
            self.parts.append(layer.begin)

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
            self.parts.append(layer.end)
            if layer.name == "a" and layer.address not in ("", layer.text.strip()):
                self._say(f" ({layer.address})")
