"""Simulate the Saleshandy Open API, for tests, benchmarks and ``make demo``.

It shares no code with the client, so that a mistake in one is not repeated in the other. ``with Sandbox() as box:``
serves on ``box.url``, as the vendor's reference says, with the service's limit. `Fault`, `Limit` and other options say
in what it differs; ``box.received``, ``box.notes`` and ``box.attachments`` show the result. ``python -m tests.sandbox``
runs one in a process of its own, and README.md beside this file lists the most common faults, and all limits.
"""

from pathlib import Path

import tests.sandbox.kinds
import tests.sandbox.odd_kinds  # noqa: F401 - both add their kinds of faults
from tests.sandbox.attachments import StoredAttachment, UploadBehaviour
from tests.sandbox.box import Sandbox, serve_forever
from tests.sandbox.faults import Fault
from tests.sandbox.limits import REFERENCE, Limit
from tests.sandbox.prospects import invented
from tests.sandbox.service import COLLEAGUE, OWNER, StoredNote
from tests.sandbox.state import Received

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

SAMPLES = Path(__file__).parents[2] / "samples"
"""The folder of example sheets."""
