"""Show notes on the page: texts folded after ten lines, and HTML formatted as it will read."""

from __future__ import annotations

from markupsafe import Markup

from importer.importing import note_text

_MOST_LINES, _MOST_CHARACTERS = 10, 900


def folded(content: str) -> tuple[str, str]:
    """Return the beginning of a note, at most ten lines, and the rest."""
    end = min(_MOST_CHARACTERS, sum(map(len, content.splitlines(keepends=True)[:_MOST_LINES])))
    return content[:end], content[end:]


def formatted(html: str) -> Markup:
    """Return a note's HTML as its readers will see it."""
    return Markup(note_text.formatted(html))  # noqa: S704 (of a closed list of elements, with all text escaped)
