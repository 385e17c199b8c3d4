"""Write facts as JSON values in which no text of others can be.

Input: facts, which are numbers, times, messages, and words of the program. Output: JSON values. A text is written only
if it is marked as a :class:`Word`, so that a name, a path or a cell can't get into a document by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias

from importer.errors import ImporterError
from importer.messages import Message, is_kind

Facts: TypeAlias = Mapping[str, Any]

_NUMBERS = ("n", "limit", "size")  # parts of messages that are counts
_UNREADABLE = "unreadable"


class Word(str):
    """Text of the program itself, or a heading that a person wants in the bundle. No other text is written."""

    __slots__ = ()


def plain(value: object) -> Any:
    """Return facts as JSON values. A text that isn't a :class:`Word` is written as ``…``."""
    match value:
        case None | bool() | int() | float() | Word():
            return value
        case Enum():
            return value.name.lower().replace("_", " ")
        case datetime():
            return value.isoformat(timespec="seconds")
        case Message():
            numbers = dict(_numbers(value))
            return {"kinds": plain(kinds(value)), **({"numbers": numbers} if numbers else {})}
        case Mapping():
            return {key if type(key) in (str, Word) else str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return "…"


def kinds(message: Message) -> tuple[Word, ...]:
    """Return the kinds of a message and its parts, as far as there are texts for them."""
    return tuple(Word(kind) for kind in message.kinds() if is_kind(kind))


def _numbers(message: Message) -> Iterator[tuple[str, int]]:
    for name, part in message.parts:
        if isinstance(part, int) and name in _NUMBERS:
            yield name, part
        for inner in part if isinstance(part, tuple) else (part,):
            if isinstance(inner, Message):
                yield from _numbers(inner)


def tried(collect: Callable[[], Facts]) -> Facts:
    """Return facts, or why they can't be collected: whatever is broken here is what the bundle is made for."""
    try:
        return collect()
    except Exception as error:  # noqa: BLE001 - a broken journal or file, or a fault, must not prevent the rest
        ours = {"message": error.message, "exit_status": error.exit_status} if isinstance(error, ImporterError) else {}
        return {_UNREADABLE: Word(type(error).__name__), "exit_status": ImporterError.exit_status, **ours}


def has_gap(facts: Facts) -> bool:
    """Return whether a part of the facts couldn't be collected."""
    return _UNREADABLE in facts or any(isinstance(item, Mapping) and has_gap(item) for item in facts.values())


def known(text: str | None, allowed: Iterable[str]) -> Word | None:
    """Return a text as a word if it is one of the allowed ones."""
    return None if text is None else Word(text if text in [*allowed] else "other")
