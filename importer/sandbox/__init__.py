"""A stand-in of the Saleshandy Open API, for demonstration, practice and tests.

It shares no code with the client, so that a mistake can't agree with itself. ``with Sandbox() as box:`` serves on
``box.url``; `Fault` and `Limit` say how it misbehaves; ``box.received`` and ``box.notes`` say what came of it.
``note-importer sandbox`` runs one in a process of its own.
"""

from importer.sandbox.box import Sandbox, serve_forever
from importer.sandbox.faults import Fault
from importer.sandbox.limits import Limit
from importer.sandbox.service import StoredNote
from importer.sandbox.state import Received

__all__ = ["Fault", "Limit", "Received", "Sandbox", "StoredNote", "serve_forever"]
