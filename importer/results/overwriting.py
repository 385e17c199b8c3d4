"""Decide whether an existing file may be replaced by a new one.

Input: the file's path. Output: the reason why the existing file must stay, or None.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from importer import files
from importer.errors import JournalFailed
from importer.journal import Journal
from importer.messages import Message, say
from importer.resultsfile import is_results
from importer.storage import is_same


class OverwritePolicy(Protocol):
    """A policy that decides which existing files may be replaced, and names the source of the new file."""

    @property
    def source(self) -> Path | None:
        """The file from which the new one is made; the new file is readable by no more users than this one."""

    def objection(self, place: Path, here: Path) -> Message | None:
        """Return why the existing file must stay, as a clause that begins with its name; None if it may be replaced.

        Args:
            place: path or URL of the file.
            here: the same, or a local copy of the file.
        """

    def enter(self, place: Path, digest: bytes) -> None:
        """Record that a file with this SHA-256 digest is about to be put at this place."""


class NeverOverwrite:
    """A policy that keeps every existing file, except one that the user named."""

    def __init__(self, but: Path | None = None, source: Path | None = None) -> None:
        self._but, self.source = but, source

    def objection(self, place: Path, here: Path) -> Message | None:  # noqa: ARG002 - the content doesn't matter
        """See :class:`OverwritePolicy`."""
        return None if place == self._but else say("stays.exists", file=place.name)

    def enter(self, place: Path, digest: bytes) -> None:
        """Record nothing."""


class OverwriteLists(NeverOverwrite):
    """A policy that replaces only lists of the same kind as the new one.

    Args:
        otherwise: returns the objection for a file name that is not such a list.
        holds: returns whether a file is such a list.
        source: the sheet from which the list is made.
    """

    def __init__(self, otherwise: Callable[[str], Message], holds: Callable[[Path], bool], source: Path | None) -> None:
        super().__init__(source=source)
        self._otherwise, self._holds = otherwise, holds

    def objection(self, place: Path, here: Path) -> Message | None:
        """See :class:`OverwritePolicy`."""
        with contextlib.suppress(OSError):
            if self._holds(here):
                return None
        return self._otherwise(place.name)


class OverwriteWritten:
    """A policy that replaces results files that are unchanged since a run wrote them.

    Results that the user has changed stay, and so do all other files. Results at a place where this journal recorded
    none are replaced, as in earlier versions: another journal may have recorded them.

    Args:
        journal: the journal that records results files.
        source: the imported file; it stays even if it is an unchanged results file.
    """

    def __init__(self, journal: Journal, source: Path) -> None:
        self._journal, self.source = journal, source

    def objection(self, place: Path, here: Path) -> Message | None:
        """See :class:`OverwritePolicy`."""
        if is_same(place, self.source):
            return say("stays.imported", file=place.name)
        try:
            if self._journal.files.wrote(files.digest(here)):
                return None
            was_written_here = self._journal.files.wrote_at(_name(place))
            with here.open("rb") as file:
                if not was_written_here and is_results(file):
                    return None
        except OSError:
            return say("stays.unreadable", file=place.name)
        except JournalFailed:
            return say("stays.journal-unreadable", file=place.name)
        return say("stays.changed" if was_written_here else "stays.not-ours", file=place.name)

    def enter(self, place: Path, digest: bytes) -> None:
        """Record the file in the journal. If the journal can't be written, the file is saved all the same."""
        with contextlib.suppress(JournalFailed):
            self._journal.files.enter(digest, _name(place))


def _name(place: Path) -> bytes:
    return hashlib.sha256(os.fsencode(place)).digest()
