"""The files that were dropped, each in a folder of its own that only its owner can enter, under the name that it had.

Comes in: a file and the name that a browser gives it. Goes out: an :class:`Upload`, known by a random id: no path ever
comes from an address. What was never sent is removed at the end; the rest stays for its results, thirty days at most.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_KEPT = 30 * 86_400.0
_MOST_CHARACTERS = 100
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # what Windows takes for devices


@dataclass(frozen=True)
class Upload:
    """A file that was dropped.

    Attributes:
        id: in addresses.
        folder: its own.
        name: of the file in it.
    """

    id: str
    folder: Path
    name: str


class Uploads:
    """All of them.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Upload] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._remove_old()

    def add(self, name: str, save: Callable[[Path], object]) -> Upload:
        """Keep a file.

        Args:
            name: as its browser calls it.
            save: writes it to a path.

        Raises:
            OSError: it can't be written.
        """
        number = secrets.token_hex(16)
        upload = Upload(number, self._folder / number, plain_name(name))
        upload.folder.mkdir(mode=0o700)
        try:
            save(upload.folder / upload.name)
        except BaseException:
            shutil.rmtree(upload.folder, ignore_errors=True)
            raise
        self._found[number] = upload
        return upload

    def get(self, number: str) -> Upload | None:
        """The file of an id."""
        return self._found.get(number)

    def discard(self, kept: set[str]) -> None:
        """Remove all but those of these ids."""
        for number in self._found.keys() - kept:
            shutil.rmtree(self._found.pop(number).folder, ignore_errors=True)

    def _remove_old(self) -> None:
        for folder in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if re.fullmatch(r"[0-9a-f]{32}", folder.name) and folder.stat().st_mtime < time.time() - _KEPT:
                    shutil.rmtree(folder, ignore_errors=True)


def plain_name(name: str) -> str:
    """A file's name as every system takes it, without the folders and the signs that a browser may add."""
    name = re.split(r"[/\\]", name)[-1]
    name = re.sub(r'[<>:"|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]', "_", name)
    stem, dot, ending = name.strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    name = f"{stem[:_MOST_CHARACTERS].strip()}{dot}{ending[:10].strip()}"
    return f"file {name}".strip() if not stem or name.startswith("-") or _RESERVED.match(name) else name
