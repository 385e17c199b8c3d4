"""Show notes on the page: folded after ten lines, and with the formatting of HTML.

Input: texts, and pieces of HTML from :mod:`importer.commands.as_read`. Output: HTML that is made of a closed list of
elements. All text is escaped. It loads nothing, and only a link to a web page leads anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from importer.commands.as_read import MOST_CHARACTERS, MOST_LINES, Alone, Closed, Opened, Piece, pieces

_PLAIN = "b,strong,i,em,u,s,del,ins,mark,small,sub,sup,code,p,div,ul,li,blockquote,pre".split(",")
_BEGINS = {name: Markup("<{}>").format(name) for name in _PLAIN} | {"heading": Markup('<p class="heading">')}
_ENDS = {name: Markup("</{}>").format(name) for name in (*_PLAIN, "ol", "a")} | {"heading": Markup("</p>")}
_ALONE = {"br": Markup("<br>"), "hr": Markup("<hr>")}
_LINK = Markup('<a href="{}" rel="noreferrer noopener" target="_blank">')


def folded(content: str) -> tuple[str, str]:
    """Return the beginning of a note, at most ten lines, and the rest."""
    end = min(MOST_CHARACTERS, sum(map(len, content.splitlines(keepends=True)[:MOST_LINES])))
    return content[:end], content[end:]


def formatted(html: str) -> tuple[Markup, Markup]:
    """Return the beginning of a note's HTML, at most ten lines, and the rest, as its readers will see them."""
    first, rest = pieces(html)
    return _shown(first), _shown(rest)


def _shown(some: Iterable[Piece]) -> Markup:
    return Markup().join(map(_piece, some))


def _piece(piece: Piece) -> Markup:
    match piece:
        case Opened("a", address):
            return _LINK.format(address)
        case Opened("ol", start=start):
            return Markup('<ol start="{}">').format(start)
        case Opened(name):
            return _BEGINS[name]
        case Closed(name):
            return _ENDS[name]
        case Alone(name):
            return _ALONE[name]
    return escape(piece)
