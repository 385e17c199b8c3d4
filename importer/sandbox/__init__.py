"""A stand-in of the Saleshandy Open API, for demonstration, practice and tests.

It shares no code with the client, so that a mistake can't agree with itself. ``with Sandbox() as box:`` serves on
``box.url``; `Fault` and `Limit` say how it misbehaves; ``box.received``, ``box.notes`` and ``box.attachments`` say what
came of it. ``note-importer sandbox`` runs one in a process of its own, and its help says all faults and limits.

Comes in: HTTP on a loopback port. Goes out: replies, as the API's or worse.

- `box`: started, stopped, served for ever; `server`: sockets and the wire; `door`: who may come in
- `admin`: its own addresses, for looking into it; `state`: all that it is at one moment
- `service`, `prospects`, `attachments`, `forms`, `calls`, `clock`, `limits`: the API's rules
- `faults`: which misbehaviours there are; `spoiling`: what becomes of a reply; `gateway`: what answers in the API's
  place; `showing`: what reading back sees
- `demo`: ``make demo``; `samples`: where the spreadsheets are that it imports, and that one may practise with
"""

from importer.sandbox import attachments, faults, limits
from importer.sandbox.attachments import StoredAttachment, UploadBehaviour
from importer.sandbox.box import Sandbox, serve_forever
from importer.sandbox.faults import Fault
from importer.sandbox.limits import Limit
from importer.sandbox.prospects import invented
from importer.sandbox.samples import SAMPLES
from importer.sandbox.service import StoredNote
from importer.sandbox.state import Received

__all__ = [
    "SAMPLES",
    "Fault",
    "Limit",
    "Received",
    "Sandbox",
    "StoredAttachment",
    "StoredNote",
    "UploadBehaviour",
    "invented",
    "manual",
    "serve_forever",
]


def manual() -> dict[str, list[tuple[str, str]]]:
    """All that can be said of its misbehaviour: titles, and below each the texts with what they do."""
    return {**faults.manual(), "Rate limits": [*limits.FORMS.items()], "UploadBehaviour": [*attachments.FORMS.items()]}
