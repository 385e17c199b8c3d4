"""Write a private file that opens the page in the browser, so that the page's address appears in no list of processes.

Input: the address that opens the page, once. Output: the file's address, for a browser of this user.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from html import escape
from pathlib import Path


class Launch:
    """File that only its owner can read, in a folder that only its owner can enter, until it is removed.

    Args:
        address: the address that the file opens.

    Raises:
        OSError: the file can't be written.
    """

    def __init__(self, address: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="note-importer-"))
        file, url = self._folder / "open.html", escape(address)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as page:
            page.write(
                '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>note-importer</title>'
                f'<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url={url}"></head>'
                f'<body><p><a href="{url}">Open note-importer</a></p></body></html>\n'
            )
        self.address = file.as_uri()

    def remove(self) -> None:
        """Remove the file and its folder, if they are still there."""
        shutil.rmtree(self._folder, ignore_errors=True)
