"""Simulate the Saleshandy Open API, for practice and tests.

It shares no code with the client, so that a mistake in one is not repeated in the other. ``with Sandbox() as box:``
serves on ``box.url``, as the vendor's reference says, with the service's limit. `Fault`, `Limit` and other options say
in what it differs; ``box.received``, ``box.notes`` and ``box.attachments`` show the result. ``note-importer sandbox``
runs one in a process of its own, and docs/practice.md lists all faults and limits.

Input: HTTP on a loopback port. Output: replies, like the API's or faulty.

- `box`: starts and stops it; `server`: sockets and HTTP; `admin`: access checks, and its own addresses for inspection
- `state`: its whole state; `service`, `prospects`, `attachments`, `forms`, `calls`, `clock`, `limits`: the API's rules
- `faults`: how misbehaviour is written, and what it can do; `kinds`: its kinds; `wire`: replies as they are sent
- `samples/`, if installed: example sheets, and the files that one of them names

Only tests need most kinds of misbehaviour, so these are in ``tests/sandbox/kinds.py``.
"""

from pathlib import Path

import importer.sandbox.kinds  # noqa: F401 - the faults with which a person practises
from importer.sandbox.attachments import StoredAttachment, UploadBehaviour
from importer.sandbox.box import Sandbox, serve_forever
from importer.sandbox.faults import Fault
from importer.sandbox.limits import REFERENCE, Limit
from importer.sandbox.prospects import invented
from importer.sandbox.service import COLLEAGUE, OWNER, StoredNote
from importer.sandbox.state import Received

__all__ = [
    "COLLEAGUE",
    "OWNER",
    "REFERENCE",
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

_INSTALLED = Path(__file__).with_name("samples")
SAMPLES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "samples"
"""The folder of example sheets: in the package, or at the top of the source tree."""
