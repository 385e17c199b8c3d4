"""Define a call and its reply, and check the fields of a call; each check returns the value, or refuses the call."""

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

    ``body`` is the parsed JSON, None if it is missing or broken; ``upload`` is the file of a form instead.
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
    """Refusal of a call by the service: a status, a code and a message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.reply = refusal(status, code, message)


def refusal(status: int, code: int, message: str) -> ServiceReply:
    """Return an error reply: code and message at the top, and both again under ``error``."""
    return ServiceReply(status, {"message": message, "code": code, "error": {"code": code, "message": message}})


def invalid(message: str) -> Refused:
    """Return the refusal of a request with an invalid form: 400, code 1000."""
    return Refused(400, 1000, message)


def only(method: str, call: Call) -> None:
    """Refuse a call whose method is not ``method``."""
    if call.method != method:
        raise Refused(405, 405, f"Method {call.method} not allowed: use {method}")


def fields(call: Call, required: tuple[str, ...], optional: tuple[str, ...]) -> Document:
    """Return the fields of the JSON body; refuse a body with a required field missing, or with an unknown field."""
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
    """Return the field's text, one of two; refuse anything else, numbers too."""
    value = body[name]
    if not isinstance(value, str) or value not in choices:
        raise invalid(f'{name} must be "{choices[0]}" or "{choices[1]}"')
    return value


def strings(body: Document, name: str) -> tuple[str, ...]:
    """Return the field's texts; refuse anything but an array of texts that are not empty."""
    value = body[name]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise invalid(f"{name} must be an array of texts that are not empty")
    return tuple(value)


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """Return the whole number of a query parameter, or the default if it is missing; refuse anything else."""
    text = query.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise invalid(f"{name} must be a whole number")
    return int(text)
