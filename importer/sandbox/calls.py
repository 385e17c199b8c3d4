"""A call and its reply, and the checks of what a call says: each returns the value, or refuses with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from importer.sandbox.forms import UploadedFile

Document = dict[str, object]

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the service sees it.

    ``body`` is the parsed JSON, None where there was none or it was broken; ``upload`` is what came as a form instead.
    """

    method: str
    path: str
    query: Mapping[str, str]
    key: str | None
    is_json: bool
    body: object
    upload: UploadedFile | None = None


@dataclass(frozen=True, slots=True)
class ServiceReply:
    """A status, its JSON document, and headers beyond the usual ones."""

    status: int
    document: Document
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """The service says no: a status, a code and a message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.reply = refusal(status, code, message)


def refusal(status: int, code: int, message: str) -> ServiceReply:
    """Lay out an error: code and message at the top, and both again under ``error``."""
    return ServiceReply(status, {"message": message, "code": code, "error": {"code": code, "message": message}})


def invalid(message: str) -> Refused:
    """The refusal of a request that breaks a rule of its form: 400, code 1000."""
    return Refused(400, 1000, message)


def only(method: str, call: Call) -> None:
    """Refuse every other method."""
    if call.method != method:
        raise Refused(405, 405, f"Method {call.method} not allowed: use {method}")


def fields(call: Call, required: tuple[str, ...], optional: tuple[str, ...]) -> Document:
    """The fields of the JSON body; refuse a body with one missing, or with one that is neither."""
    if not call.is_json:
        raise invalid("Content-Type must be application/json")
    if not isinstance(call.body, dict):
        raise invalid("the body must be a JSON object")
    for name in required:
        if name not in call.body:
            raise invalid(f"{name} is missing")
    for name in call.body:
        if name not in required and name not in optional:
            raise invalid(f"{name} is not a field of this request")
    return call.body


def choice(body: Document, name: str, choices: tuple[str, ...]) -> str:
    """The field's text, one of two; refuse anything else, numbers too."""
    value = body[name]
    if not isinstance(value, str) or value not in choices:
        raise invalid(f'{name} must be "{choices[0]}" or "{choices[1]}"')
    return value


def strings(body: Document, name: str) -> tuple[str, ...]:
    """The field's texts; refuse anything but an array of texts that are not empty."""
    value = body[name]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise invalid(f"{name} must be an array of texts that are not empty")
    return tuple(value)


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number from the query, or the default where it isn't named; refuse anything else."""
    text = query.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise invalid(f"{name} must be a whole number")
    return int(text)
