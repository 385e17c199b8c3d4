"""A private file that leads the browser to the page, so that the page's address is in no list of processes.

Comes in: the address that opens the page, once. Goes out: the file's address, to be opened by a browser of this user.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from html import escape
from pathlib import Path


class Launch:
    """A file that only its owner can read, in a folder that only its owner can enter, until it is removed.

    Args:
        address: where the file leads.

    Raises:
        OSError: the file can't be written.
    """

    def __init__(self, address: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="note-importer-"))
        file, to = self._folder / "open.html", escape(address)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
            written.write(
                '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>note-importer</title>'
                f'<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url={to}"></head>'
                f'<body><p><a href="{to}">Open note-importer</a></p></body></html>\n'
            )
        self.address = file.as_uri()

    def remove(self) -> None:
        """Remove the file and its folder, if they are still there."""
        shutil.rmtree(self._folder, ignore_errors=True)
