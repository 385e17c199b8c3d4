"""Modes of the stand-in: other layouts of replies, in which live replies were seen to differ from the reference.

Each takes a reply's document and returns it laid out otherwise. They can be combined: ``Sandbox(shapes=[…])``.
"""

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _refusal(document: Document) -> tuple[int, str] | None:
    """A refusal's code and words, or None for a success."""
    if "code" not in document and "statusCode" not in document:
        return None
    words = document["message"]
    return document.get("code", 400), words[0] if isinstance(words, list) else words


def as_status_code(document: Document) -> Document:
    """Refusals with the words in a list, and without a code."""
    refusal = _refusal(document)
    return document if refusal is None else {"statusCode": 400, "message": [refusal[1]]}


def as_error_code(document: Document) -> Document:
    """Refusals whose fields have ``error`` in their names."""
    refusal = _refusal(document)
    return document if refusal is None else {"error": True, "error_code": refusal[0], "error_message": refusal[1]}


LAYOUTS: dict[str, Callable[[Document], Document]] = {
    "code": lambda document: document,
    "statusCode": as_status_code,
    "error_code": as_error_code,
}
"""The layouts of refusals."""


def as_list(document: Document) -> Document:
    """The results of a POST as the payload itself."""
    results = _within(document).get("results")
    return document if results is None else {**document, "payload": results}


def at_the_top(document: Document) -> Document:
    """What is documented within the payload, beside the message."""
    payload = _within(document)
    if not payload.keys() & {"results", "notes"}:
        return document
    return {"message": document["message"], **payload}


def other_id(document: Document) -> Document:
    """The ID of a created note as ``id``."""
    for entry in _entries(document):
        if "noteId" in entry:
            entry["id"] = entry.pop("noteId")
    return document


def numbers(document: Document) -> Document:
    """Visibility and status as numbers."""
    for entry in _entries(document):
        entry |= {name: int(entry[name]) for name in ("visibility", "status") if name in entry}
    return document


def unnamed(document: Document) -> Document:
    """Notes that don't name their prospect; the page was asked for one prospect."""
    for note in (*_within(document).get("notes", ()), _within(document).get("draftNote")):
        if note:
            del note["prospectId"]
    return document


def _within(document: Document) -> Document:
    payload = document.get("payload")
    return payload if isinstance(payload, dict) else {}


def _entries(document: Document) -> list[Document]:
    """What a reply is about: results, notes with their draft, or one note."""
    payload = _within(document)
    found = [*payload.get("results", ()), *payload.get("notes", ()), payload.get("draftNote"), payload]
    return [entry for entry in found if entry]
