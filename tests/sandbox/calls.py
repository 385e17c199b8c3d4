"""Define a call and its reply, and check the fields of a call; each check returns the value, or refuses the call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tests.sandbox.forms import UploadedFile

Document = dict[str, object]

NOT_UPLOADED = "Failed to upload attachment"
BAD_TYPE = "The file type you are trying to add is not supported."
TOO_LARGE = "File exceeds the 20 MB upload limit"

_ID = re.compile(r"(?<=/v1/prospects)/[^/]+(?=/notes$)|(?<=/v1/notes)/(?!attachments$)[^/]+$")
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


def endpoint(method: str, path: str) -> str:
    """Return the endpoint of a call: its method and path, without the IDs in the path."""
    return f"{method} {_ID.sub('/*', path)}"


class Refused(Exception):
    """Refusal of a call by the service."""

    def __init__(self, reply: ServiceReply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refusal(status: int, code: int, message: str) -> ServiceReply:
    """Return an error reply in the layout of the vendor's list of errors. The list doesn't say what types there are."""
    phrase = HTTPStatus(status).phrase if status in frozenset(HTTPStatus) else "Unknown"
    return ServiceReply(status, {"code": code, "type": phrase, "message": message})


def refused(status: int, code: int, message: str) -> Refused:
    return Refused(refusal(status, code, message))


def invalid(message: str) -> Refused:
    """Return the refusal of a request with an invalid form, which has no code and a layout of its own."""
    return Refused(ServiceReply(400, {"statusCode": 400, "message": [message]}))


def only(method: str, call: Call, *parameters: str) -> None:
    """Refuse a call whose method is not ``method``, or whose query has other parameters."""
    if call.method != method:
        raise refused(405, 405, f"Method {call.method} not allowed: use {method}")
    for name in call.query:
        if name not in parameters:
            raise invalid(f"property {name} should not exist")


def fields(call: Call, required: tuple[str, ...], optional: tuple[str, ...]) -> Document:
    """Return the fields of the JSON body; refuse a body with a required field missing, or with an unknown field."""
    if not call.is_json:
        raise invalid("Content-Type must be an application/json value")
    if not isinstance(call.body, dict):
        raise invalid("the body must be a JSON object value")
    for name in required:
        if name not in call.body:
            raise invalid(f"{name} must be a given value")
    for name in call.body:
        if name not in required and name not in optional:
            raise invalid(f"property {name} should not exist")
    return call.body


def choice(body: Document, name: str, choices: tuple[str, ...]) -> str:
    """Return the field's text, one of two; refuse anything else, numbers too."""
    value = body[name]
    if not isinstance(value, str) or value not in choices:
        raise invalid(f'{name} must be a "{choices[0]}" or "{choices[1]}" value')
    return value


def strings(body: Document, name: str) -> tuple[str, ...]:
    """Return the field's texts; refuse anything but an array of texts that are not empty."""
    value = body[name]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise invalid(f"{name} must be a list of strings value")
    return tuple(value)


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """Return the whole number of a query parameter, or the default if it is missing; refuse anything else."""
    text = query.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise invalid(f"{name} must be a number value")
    return int(text)
