"""Simulate the Saleshandy Open API, for practice and tests.

It shares no code with the client, so that a mistake in one is not repeated in the other. ``with Sandbox() as box:``
serves on ``box.url``. `Fault` and `Limit` say how it misbehaves; ``box.received``, ``box.notes`` and
``box.attachments`` show the result. ``note-importer sandbox`` runs one in a process of its own, and
docs/practice.md lists all faults and limits.

Input: HTTP on a loopback port. Output: replies, like the API's or faulty.

- `box`: starts and stops it; `server`: sockets and HTTP; `admin`: access checks, and its own addresses for inspection
- `state`: its whole state; `service`, `prospects`, `attachments`, `forms`, `calls`, `clock`, `limits`: the API's rules
- `faults`: how misbehaviour is written, and what it can do; `kinds`: its kinds; `wire`: replies as they are sent

Only tests need most kinds of misbehaviour, so these are in ``tests/sandbox/kinds.py``.
"""

import sysconfig
from pathlib import Path

import importer.sandbox.kinds  # noqa: F401 - the faults with which a person practises
from importer.sandbox.attachments import StoredAttachment, UploadBehaviour
from importer.sandbox.box import Sandbox, serve_forever
from importer.sandbox.faults import Fault
from importer.sandbox.limits import Limit
from importer.sandbox.prospects import invented
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
    "serve_forever",
]

_PLACES = [
    Path(__file__).parents[2] / "samples",  # in a checkout
    *(
        Path(sysconfig.get_path("data", scheme)) / "share" / "note-importer" / "samples"
        for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    ),
]
SAMPLES = next((folder for folder in _PLACES if (folder / "1-webinar-followup.csv").is_file()), _PLACES[1])
"""The folder of example sheets."""
