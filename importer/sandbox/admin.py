"""Serve the sandbox's own addresses, for inspecting one that runs in another process.

They need the token, as ``?token=…`` or in the header ``x-sandbox-token``, and accept only JSON (see `door`).

============================  ========================================================================================
``GET /sandbox/received``     the requests so far: ``{"received": [...]}``, as in `Received`
``GET /sandbox/notes``        the notes that exist: ``{"notes": [...]}``, as in `StoredNote`
``GET /sandbox/attachments``  the uploaded files: ``{"attachments": [...]}``, as in `StoredAttachment`
``GET /sandbox/prospects``    the prospects known by name: ``{"prospects": {id: email}}``
``POST /sandbox/faults``      a JSON array of faults as text, which replace the present ones
``POST /sandbox/limit``       a limit as a JSON text, or null for none
============================  ========================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from importer.sandbox.attachments import StoredAttachment
from importer.sandbox.calls import Document, ServiceReply, refusal
from importer.sandbox.clock import iso_text
from importer.sandbox.faults import Fault
from importer.sandbox.limits import Limit
from importer.sandbox.service import StoredNote
from importer.sandbox.state import Received, State


def administer(state: State, method: str, path: str, body: object) -> ServiceReply:
    """Answer a request to one of the sandbox's own addresses; status 400 explains an invalid fault or limit."""
    try:
        match method, path:
            case "GET", "/sandbox/received":
                document: Document = {"received": [_record(received) for received in state.received]}
            case "GET", "/sandbox/notes":
                document = {"notes": [_record(note) for note in state.notes]}
            case "GET", "/sandbox/attachments":
                document = {"attachments": [_record(attachment) for attachment in state.attachments]}
            case "GET", "/sandbox/prospects":
                prospects = state.prospects or ()
                document = {
                    "prospects": dict(prospects) if isinstance(prospects, Mapping) else dict.fromkeys(prospects)
                }
            case "POST", "/sandbox/faults":
                document = {"faults": _set_faults(state, body)}
            case "POST", "/sandbox/limit":
                document = {"limit": _set_limit(state, body)}
            case _:
                return refusal(404, 404, "Not found")
    except ValueError as error:
        return refusal(400, 400, str(error))
    return ServiceReply(200, document)


def _set_faults(state: State, body: object) -> list[str]:
    if not isinstance(body, list) or not all(isinstance(text, str) for text in body):
        raise ValueError('faults come as a JSON array of texts, such as ["500@3", "reset:after%0.1"]')
    faults = [Fault.parse(text) for text in body]
    state.set_faults(faults)
    return [fault.label for fault in faults]


def _set_limit(state: State, body: object) -> str | None:
    if body is not None and not isinstance(body, str):
        raise ValueError('a limit comes as a JSON text, such as "20/1s", or null for none')
    state.set_limit(None if body is None else Limit.parse(body))
    return body


def _record(item: Received | StoredNote | StoredAttachment) -> Document:
    return {name: iso_text(value) if isinstance(value, datetime) else value for name, value in asdict(item).items()}
