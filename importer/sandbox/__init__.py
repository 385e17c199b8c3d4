"""Simulate the Saleshandy Open API, for demonstration, practice and tests.

It shares no code with the client, so that a mistake in one is not repeated in the other. ``with Sandbox() as box:``
serves on ``box.url``. `Fault` and `Limit` say how it misbehaves; ``box.received``, ``box.notes`` and
``box.attachments`` show the result. ``note-importer sandbox`` runs one in a process of its own, and its help lists all
faults and limits.

Input: HTTP on a loopback port. Output: replies, like the API's or faulty.

- `box`: starts and stops it; `server`: sockets and HTTP; `door`: access checks
- `admin`: its own addresses, for inspection; `state`: its whole state
- `service`, `prospects`, `attachments`, `forms`, `calls`, `clock`, `limits`: the API's rules
- `faults`: the kinds of misbehaviour; `spoiling`: their effect on a reply; `gateway`: intermediaries that answer first;
  `showing`: the notes as reading back shows them
- `demo`: ``make demo``; `samples`: the folder of example spreadsheets, for the demo and for practice
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
    """Return all faults, limits and upload behaviours: titles, and below each the texts with their effects."""
    return {**faults.manual(), "Rate limits": [*limits.FORMS.items()], "Uploads": [*attachments.FORMS.items()]}
