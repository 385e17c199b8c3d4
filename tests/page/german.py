"""Whether a screen in German still says something in English."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

from tests.test_languages import entries, forms_of
from tests.test_messages import TEXTS, Texts, texts_for_the_script

_SHOWN = {"title", "placeholder", "aria-label", "alt", "data-label", *texts_for_the_script()}


def _fragments(texts: Texts) -> set[str]:
    """What the texts of the page say between their parts."""
    said = [text for entry in entries(texts).values() for text in forms_of(entry)]
    pieces = {piece.strip(" .,:;()–…“”„") for text in said for piece in re.split(r"\{[^{}]*\}|`[^`]*`|\n", text)}
    return {piece for piece in pieces if re.search(r"[^\W\d]{3}", piece)}


@cache
def _english() -> tuple[list[re.Pattern[str]], set[str]]:
    """What only the English texts say: sentences, which no data of the tests hold, and words, which data may be."""
    german = "\n".join(sorted(_fragments(Texts("de"))))
    english = {
        piece for piece in _fragments(TEXTS) if not (piece in german and re.search(rf"\b{re.escape(piece)}\b", german))
    }
    sentences = [
        re.compile(rf"(?<!\w){re.escape(piece)}(?!\w)") for piece in english if " " in piece and len(piece) > 9
    ]
    return sentences, {piece for piece in english if " " not in piece}


class _Screen(HTMLParser):
    """Texts for people on a screen, and which of them stand alone and are no data."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, bool]] = []
        self._data = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._data += tag == "bdi"
        self.texts += [(value, True) for name, value in attrs if name in _SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._data -= tag == "bdi"

    def handle_data(self, data: str) -> None:
        self.texts += [(data.strip(), not self._data)] if data.strip() else []


def english_in(html: str) -> list[str]:
    """Texts on a screen that hold what an English text of the catalogue says, and no German one."""
    assert '<html lang="de">' in html
    sentences, words = _english()
    return [
        text
        for text, is_ours in _Screen(html).texts
        if (is_ours and text.strip(" .:0123456789×") in words) or any(piece.search(text) for piece in sentences)
    ]
