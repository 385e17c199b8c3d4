"""Plain text and HTML: which of the two a text is, the HTML that reads the same, and what a reader sees of it.

The API takes both and doesn't say how it tells them apart; read back, plain text has become HTML (vendor's reference).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser

# Elements that a note's text is made of. A text is HTML when it has one of these, opened or closed, as a whole tag.
_ELEMENTS = (
    "a abbr b big blockquote body br center code dd del div dl dt em figure font h1 h2 h3 h4 h5 h6 head hr html i img"
    " ins label li mark ol p pre q s section small span strike strong sub sup table tbody td tfoot th thead title tr tt"
    " u ul"
).split()
_TAG = re.compile(rf"</?(?:{'|'.join(_ELEMENTS)})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BREAKS = frozenset(
    "address article blockquote br dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section"
    " table tbody td tfoot th thead title tr ul".split()
)
_UNSEEN = frozenset({"script", "style"})
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""What no reader sees: zero-width marks, the soft hyphen, direction marks, the byte-order mark."""

MOST_LAYERS = 16
_ENDLESS = re.compile(r"&#(?=\d{1000})")


class ContentKind(StrEnum):
    """How the cells of the content column are meant."""

    AUTO = "auto"
    TEXT = "text"
    HTML = "html"


def is_html(text: str) -> bool:
    """Whether a text holds at least one tag that notes are written with (``jo <jo@x.com>`` holds none)."""
    comment = text.find("<!--")
    return _TAG.search(text) is not None or (comment >= 0 and "-->" in text[comment + 4 :])


def content_of(text: str, kind: ContentKind) -> str:
    """What to send so that a reader sees ``text``, whichever way the API looks at it.

    Text without ``<``, ``&`` or line breaks goes as it is; text with them as the smallest HTML that reads the same;
    what is HTML goes as it is.
    """
    if kind is ContentKind.HTML or (kind is ContentKind.AUTO and is_html(text)):
        return text
    if not any(sign in text for sign in "<&\n"):
        return text
    paragraphs = re.split(r"\n[^\S\n]*\n\s*", text)
    return "".join(f"<p>{escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)


class Markup(HTMLParser):
    """html.parser for markup that nobody has checked: in time that grows with its length, and whatever it holds.

    ``close`` is not to be called: it looks for the end of each unfinished tag anew. What is unfinished stays in
    ``rawdata``.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def feed(self, data: str) -> None:
        """Parse the next piece. A number of thousands of digits is no character, but more than Python converts."""
        super().feed(_ENDLESS.sub("&amp;#", data))

    def parse_html_declaration(self, i: int) -> int:
        """``<!…>`` is nothing that is shown; html.parser gives up on some of it."""
        return self.parse_bogus_comment(i, report=False)


class _Reader(Markup):
    """Collects what stands between the tags, with ``edge`` where a block begins or ends."""

    def __init__(self, edge: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._edge = edge
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in _UNSEEN
        if tag in _BREAKS:
            self.parts.append(self._edge)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _BREAKS:
            self.parts.append(self._edge)

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _UNSEEN))
        if tag in _BREAKS:
            self.parts.append(self._edge)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def visible(content: str) -> str:
    """What a reader sees of a note: without markup, entities resolved, every run of white space one space."""
    content = _folded(content)
    return _folded(_without_markup(content, " ")) if "<" in content or "&" in content else content


def lines(content: str) -> str:
    """Return what a reader sees of HTML, with a line break where a block begins or ends."""
    return "\n".join(filter(None, map(_folded, _without_markup(_folded(content), "\n").split("\n"))))


def _without_markup(content: str, edge: str) -> str:
    if "<" not in content:
        return unescape(_ENDLESS.sub("&amp;#", content))
    reader = _Reader(edge)
    reader.feed(content)
    if reader.cdata_elem is None:  # an unfinished tag is text; an unfinished script is not
        reader.parts.append(unescape(reader.rawdata))
    return "".join(reader.parts)


def seen_digest(content: str) -> bytes:
    """32 bytes that two contents share whenever they may be mistaken for one another when they are read back.

    It is of what is left when all that looks like markup is taken away until nothing does: every reading of a content
    (see :func:`seen_digests`) comes to the same in the end. What is wrapped deeper than any note is all one.
    """
    text = _folded(content)
    for _ in range(MOST_LAYERS):
        shorter = visible(text)
        if len(shorter) >= len(text):
            return _digest(text)
        text = shorter
    return _digest("")


@lru_cache(64)  # what was read back is mostly read again soon
def seen_digests(content: str) -> frozenset[bytes]:
    """Digests of all that a reader may see of a note that was sent as, or read back as, ``content``.

    More than one where it is open whether the API took the content for text or for HTML: text that it took for HTML
    has lost what looked like tags, HTML that it took for text shows its tags. Two contents are the same note to a
    reader when their digests meet. Notes without any text, such as pictures alone, all count as the same, for nobody
    knows what becomes of their markup.
    """
    readings = {_digest(visible(content))}
    if "<" in content or "&" in content:
        readings |= {_digest(text) for text in (_folded(content), visible(visible(content))) if text}
    return frozenset(readings)


def _folded(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return " ".join(text.split())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


SAME_TO_THE_EYE = str.maketrans("‘’‚‛“”„‟«»‹›–—−‐‑", "''''\"\"\"\"\"\"''-----")
"""What differs only for a machine: the shapes of quotes and dashes."""

_LEAST_PREFIX = 40


def are_alike(one: str, other: str) -> bool:
    """Whether one content could be what an API that keeps texts in a way of its own made of the other.

    Signs beyond the basic plane, ``?`` and replacement characters are dropped, quotes, dashes and spaces are folded;
    and one may be the beginning of the other, from 40 characters on.
    """
    short, long = sorted((_as_kept(one), _as_kept(other)), key=len)
    return short == long or (len(short) >= _LEAST_PREFIX and long.startswith(short))


def _as_kept(content: str) -> str:
    kept = "".join(sign for sign in visible(content) if ord(sign) < 0x10000 and sign not in "?\ufffd")
    return "".join(kept.translate(SAME_TO_THE_EYE).split())
