"""Show notes as a copy of the data that lags, or an intermediary that rewrites texts, would.

Input: the faults that stand in the way of a read. Output: a `View` for the service, in which prospects may move too.
"""

from __future__ import annotations

import html
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from importer.sandbox.faults import Fault
from importer.sandbox.service import StoredNote, View

_TAG = re.compile(r"(<[^<>]*>)")


def view(faults: Iterable[Fault], now: float, seed: int) -> View | None:
    """Return the view of the notes at ``now``, None if nothing distorts it; ``seed`` decides the lag of each note."""
    standing = list(faults)
    lags = [fault for fault in standing if fault.kind in ("lag", "lag-each")]
    rewritings = [fault.value for fault in standing if fault.kind == "rewrite"]
    moves = sum(int(fault.value) for fault in standing if fault.kind == "moving")
    if not lags and not rewritings and not moves:
        return None

    def hides(note: StoredNote) -> bool:
        age = now - note.created_at.timestamp()
        return any(age < _lag(fault, note.id, seed) for fault in lags)

    def shown(content: str) -> str:
        for rewriting in rewritings:
            content = _rewritten(content, rewriting)
        return content

    return View(hides, shown, moves)


def _lag(fault: Fault, note_id: str, seed: int) -> float:
    lag = fault.seconds or 0.0
    return lag if fault.kind == "lag" else lag * random.Random(f"{seed} {note_id}").random()  # noqa: S311 - repeatable


def _rewritten(content: str, how: str) -> str:
    """Return the HTML with its text changed, but not its tags."""
    change = _cut(int(how.removeprefix("cut-"))) if how.startswith("cut-") else _CHANGES[how]
    pieces = _TAG.split(content)
    pieces[::2] = [html.escape(change(html.unescape(piece)), quote=False) for piece in pieces[::2]]
    return "".join(pieces)


def _cut(length: int) -> Callable[[str], str]:
    """Return a function that lets ``length`` characters through, over all pieces in total."""
    left = length

    def cut(text: str) -> str:
        nonlocal left
        kept = text[:left]
        left -= len(kept)
        return kept

    return cut


def _without_emoji(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) != "So" and ord(sign) < 0x10000)


def _curled(text: str) -> str:
    """Curl straight quotes as a word processor does: opening ones after white space or a bracket, else closing ones."""

    def curled() -> Iterator[str]:
        before = " "
        for sign in text:
            opens = before.isspace() or before in "([{"
            yield {'"': "“" if opens else "”", "'": "‘" if opens else "’"}.get(sign, sign)
            before = sign

    return "".join(curled())


_CHANGES: dict[str, Callable[[str], str]] = {
    "emoji": _without_emoji,
    "quotes": _curled,
    "spaces": lambda text: re.sub(r"\s+", " ", text),
}
