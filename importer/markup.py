"""Convert between plain text and HTML, and compare notes as a reader sees them.

The API accepts both and doesn't say how it distinguishes them. It returns plain text as HTML (vendor's reference).
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser

from importer.models import ContentKind, hashed

# Elements of a note's text. A text is HTML if it holds one of them, from its opening to its closing tag.
_ELEMENTS = (
    "a abbr b big blockquote body br center code dd del div dl dt em figure font h1 h2 h3 h4 h5 h6 head hr html i img"
    " ins label li mark ol p pre q s section small span strike strong sub sup table tbody td tfoot th thead title tr tt"
    " u ul"
).split()
_TAG = re.compile(rf"<(/?)({'|'.join(_ELEMENTS)})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_WITHOUT_END = frozenset("br dd dt hr img li p tbody td tfoot th thead tr".split())
"""Elements whose closing tag doesn't exist, or may be left out."""

_BREAKS = frozenset(
    "address article blockquote br dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section"
    " table tbody td tfoot th thead title tr ul".split()
)
_BREAK = re.compile(r"(?:\n[^\S\n]*)?<br\b[^<>]*>(?:[^\S\n]*\n)?|\n", re.IGNORECASE)
_UNSEEN = frozenset({"script", "style"})
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]")
"""Characters that no reader sees: zero-width, direction and emoji marks, the soft hyphen, the byte-order mark."""

MOST_LAYERS = 16
_ENDLESS = re.compile(r"&#(?=\d{1000})")


def is_html(text: str) -> bool:
    """Return whether a text holds a whole element that notes use, or a comment.

    ``jo <jo@x.com>`` has none, and in ``Use the <b> tag`` the element isn't closed.
    """
    opened = set[str]()
    for closes, name in _TAG.findall(text):
        if name.lower() in (opened if closes else _WITHOUT_END):
            return True
        if not closes:
            opened.add(name.lower())
    comment = text.find("<!--")
    return comment >= 0 and "-->" in text[comment + 4 :]


def content_of(text: str, kind: ContentKind) -> str:
    """Return the content to send so that a reader sees ``text``, whether the API takes it for text or for HTML.

    HTML, and text without ``<``, ``&`` or line breaks, is unchanged. Other text becomes the smallest equivalent HTML.
    HTML without blocks keeps its line breaks.
    """
    if kind is ContentKind.AUTO and is_html(text):
        return with_breaks(text)
    if kind is ContentKind.HTML:
        return text
    return as_paragraphs(text) if any(character in text for character in "<&\n") else text


def with_breaks(html: str) -> str:
    """Return HTML with its line breaks as ``<br>``, unless it has blocks of its own.

    A line break beside a ``<br>`` only lays out the markup: some programs write ``<br />`` and a line break for each.
    """
    blocks = {name.lower() for _, name in _TAG.findall(html)} & _BREAKS
    return html if blocks - {"br"} else _BREAK.sub(lambda found: "<br>" if found[0] == "\n" else found[0], html)


def as_paragraphs(text: str) -> str:
    """Return plain text as paragraphs of HTML; an empty text stays empty."""
    paragraphs = re.split(r"\n[^\S\n]*\n\s*", text) if text else []
    return "".join(f"<p>{escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)


class _Reader(HTMLParser):
    """A parser that collects targets, and the text between tags, with ``edge`` where a block begins or ends.

    It accepts anything, in a time proportional to its length. Don't call ``close``: it searches for the end of each
    unfinished tag anew. An unfinished rest stays in ``rawdata``.
    """

    def __init__(self, edge: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.targets: list[str] = []
        self._edge = edge
        self._hidden = 0

    def feed(self, data: str) -> None:
        """Parse the next piece. Escape character references of thousands of digits, which Python can't convert."""
        super().feed(_ENDLESS.sub("&amp;#", data))

    def parse_html_declaration(self, i: int) -> int:
        """Skip ``<!…>``, which isn't shown; html.parser fails on some of these."""
        return self.parse_bogus_comment(i, report=False)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [f"{tag} {value.strip()}" for name, value in attrs if name in ("href", "src") and value]
        self._hidden += tag in _UNSEEN
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
    """Return a note's text as a reader sees it: no markup, entities resolved, each run of white space one space."""
    content = _folded(content)
    return _folded(_without_markup(content, " ")) if "<" in content or "&" in content else content


def targets(content: str) -> list[str]:
    """Return the targets of the links and pictures in a note's text, in their order."""
    if "<" not in content:
        return []
    reader = _Reader(" ")
    reader.feed(_folded(content))
    return reader.targets


def lines(content: str) -> str:
    """Return the text of HTML as a reader sees it, with a line break where a block begins or ends."""
    return "\n".join(filter(None, map(_folded, _without_markup(_folded(content), "\n").split("\n"))))


def first_words(text: str, characters: int = 70) -> str:
    """Return the beginning of a plain text, on one line."""
    words = text.split(maxsplit=characters)[:characters]  # more don't fit, and a long text takes textwrap long
    return textwrap.shorten(" ".join(words), characters, placeholder=" …")


def resolved(text: str) -> str:
    """Return a text with its character references resolved, except those of thousands of digits."""
    return unescape(_ENDLESS.sub("&amp;#", text)) if "&" in text else text


def _without_markup(content: str, edge: str) -> str:
    if "<" not in content:
        return resolved(content)
    reader = _Reader(edge)
    reader.feed(content)
    if reader.cdata_elem is None:  # an unfinished tag is text; an unfinished script is not
        reader.parts.append(unescape(reader.rawdata))
    return "".join(reader.parts)


def seen_digest(content: str) -> bytes:
    """Return 32 bytes that two contents share if one may be mistaken for the other when read back.

    Everything that looks like markup is removed, again and again until none is left. So each reading of a content (see
    :func:`seen_digests`) ends with the same text. All contents of more than ``MOST_LAYERS`` layers count as the same.
    """
    text = _folded(content)
    for _ in range(MOST_LAYERS):
        shorter = visible(text)
        if len(shorter) >= len(text):
            return hashed(text)
        text = shorter
    return hashed("")


@lru_cache(64)  # notes are often read back again soon
def seen_digests(content: str) -> frozenset[bytes]:
    """Return digests of all texts that readers may see for a note with this content, when sent or read back.

    There are several if the API may have taken the content for text or for HTML. Two contents are the same note to a
    reader if they share a digest. Notes without text, such as only pictures, count as the same.
    """
    readings = {hashed(visible(content))}
    if "<" in content or "&" in content:
        readings |= {hashed(text) for text in (_folded(content), visible(visible(content))) if text}
    return frozenset(readings)


def _folded(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return " ".join(text.split())


SAME_TO_THE_EYE = str.maketrans("‘’‚‛“”„‟«»‹›–—−‐‑", "''''\"\"\"\"\"\"''-----")
"""Quotes and dashes that look alike → one shape of each."""

_LEAST_PREFIX = 40


def are_alike(one: str, other: str) -> bool:
    """Return whether an API that changes texts when it stores them could have made one content of the other.

    The comparison ignores characters beyond the basic plane, ``?``, replacement characters and spaces, and the shapes
    of quotes and dashes. One content may be the beginning of the other if it has at least 40 characters.
    """
    short, long = sorted((_as_kept(one), _as_kept(other)), key=len)
    return short == long or (len(short) >= _LEAST_PREFIX and long.startswith(short))


def _as_kept(content: str) -> str:
    kept = "".join(
        character for character in visible(content) if ord(character) < 0x10000 and character not in "?\ufffd"
    )
    return "".join(kept.translate(SAME_TO_THE_EYE).split())
