"""Build the JSON documents about past runs, look-ups and the installation; see docs/output.schema.json.

Input: the results of a command. Output: a document of numbers, words and lists, ready to be written as JSON.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sqlite3
import ssl
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from importer.journal import VERSION
from importer.telling.documents import Document, head, plain, some
from importer.version import __version__

if TYPE_CHECKING:
    from importer.operations.doctor import Check
    from importer.operations.history import History
    from importer.operations.verify import ReadBack, Verified
    from importer.settings.sources import Given


def history(found: History) -> Document:
    """Return the document of past runs, latest first."""
    runs = [
        {
            **some(past.run, "name", "file", "sheet", "started_at", "ended_at"),
            **plain(past.run.workspace),
            **some(past, "ended", "seconds", "counts", "hidden", "reading", "confirmed"),
            "not_found": [some(note, "prospect", "note_id") for note in past.not_found],
        }
        for past in found.runs
    ]
    return {**head("history", 0), "runs": runs}


def verify(found: Verified | ReadBack) -> Document:
    """Return the document of a look-up of unconfirmed deliveries, or of a file's notes."""
    return {**head("verify", found.exit_status), **plain(found)}


def doctor(checks: Sequence[Check], given: Mapping[str, Given]) -> Document:
    """Return the document of a look at the installation. No setting holds a secret, so each is shown as given."""
    return {
        **head("doctor", max((check.exit_status for check in checks), default=0)),
        "versions": _versions(),
        "settings": {
            name: {"value": setting.value, "from": setting.origin or "said now"} for name, setting in given.items()
        },
        "findings": plain(checks),
    }


def _versions() -> Document:
    """Return the versions of the program, of what it runs on, and of all packages that are installed beside it."""
    packages = {one.metadata["Name"].lower(): one.version for one in importlib.metadata.distributions()}
    return {
        **dict(sorted(packages.items())),
        "note-importer": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "journal": str(VERSION),
    }
