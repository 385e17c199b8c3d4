"""How notes are shown by a copy of the data that lags behind, or by what rewrites texts; and prospects that move.

Comes in: the faults that stand in the way of a look. Goes out: a `View` for the service.
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
    """What a look at ``now`` sees, None for all as it is; ``seed`` decides the lag of each note."""
    found = list(faults)
    lags = [fault for fault in found if fault.kind in ("lag", "lag-each")]
    rewritings = [fault.value for fault in found if fault.kind == "rewrite"]
    moves = sum(int(fault.value) for fault in found if fault.kind == "moving")
    if not lags and not rewritings and not moves:
        return None

    def hides(note: StoredNote) -> bool:
        age = now - note.created_at.timestamp()
        return any(age < _lag(fault, note.id, seed) for fault in lags)

    def shown(content: str) -> str:
        for how in rewritings:
            content = _rewritten(content, how)
        return content

    return View(hides, shown, moves)


def _lag(fault: Fault, note_id: str, seed: int) -> float:
    lag = fault.seconds or 0.0
    return lag if fault.kind == "lag" else lag * random.Random(f"{seed} {note_id}").random()  # noqa: S311 - repeatable


def _rewritten(content: str, how: str) -> str:
    """The HTML with its text, but not its tags, changed."""
    change = _cut(int(how.removeprefix("cut-"))) if how.startswith("cut-") else _CHANGES[how]
    pieces = _TAG.split(content)
    pieces[::2] = [html.escape(change(html.unescape(piece)), quote=False) for piece in pieces[::2]]
    return "".join(pieces)


def _cut(length: int) -> Callable[[str], str]:
    """What lets so many characters through, over all pieces."""
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
    """Straight quotes as a word processor turns them: opening after white space, closing otherwise."""

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
