"""One attempt at a call as a value: what came back over HTTP, how much of it is taken, or why nothing came."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from importer.api.protocol import Failure
from importer.messages import Message

_TITLE = re.compile(rb"<title>\s*(\d{3}\b[^<]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Most:
    """How much of a reply is taken.

    Attributes:
        size: bytes.
        values: texts, lists and the like in its JSON: three bytes of it may take a hundred in memory.
    """

    size: int
    values: int


SMALL = Most(256 * 1024, 10_000)
"""For a reply of which a few words matter."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt, and what came back.

    Attributes:
        began, came: when it left and when the answer's headers came, in seconds since 1970 by our clock.
        status: the HTTP status, 0 where no answer came.
        headers: names in lower case.
        data: the body; empty where it is not whole.
        cut: why it is not whole, or None.
        is_too_large: whether more came than is taken.
        failure: why no answer came, if none did.
    """

    began: float
    came: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""
    cut: Message | None = None
    is_too_large: bool = False
    failure: Failure | None = None


def title(data: bytes) -> str:
    """What a gateway's page says at its head: a status and why; empty where it says none."""
    found = _TITLE.search(data[:1000])
    return found[1].decode("utf-8", "replace") if found else ""


def phrase(status: int) -> str:
    """An HTTP status in words."""
    from http import HTTPStatus  # noqa: PLC0415 - who only asks for help waits for nothing

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown status)"
