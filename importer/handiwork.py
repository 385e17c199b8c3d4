"""Which results files may be replaced: those that still are, byte for byte, what a run wrote.

Comes in: the journal and the file that is imported. Goes out: for a file that stands in the way why it must stay, or
nothing. What a person has corrected stays, and so does what was never ours. Of results that stand where this journal
wrote none, another journal may know; they are replaced, as they always were.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from importer import results
from importer.errors import JournalFailed
from importer.journal import Journal


class Handiwork:
    """The results files that the journal knows; see :class:`importer.results.Standing`.

    Args:
        journal: remembers them.
        source: the file that is imported; it stays, even where it is a results file that nobody changed.
    """

    def __init__(self, journal: Journal, source: Path) -> None:
        self._journal, self.source = journal, source

    def objection(self, place: Path) -> str:
        """Why the file at this place must stay, as half a sentence; empty if it may be replaced."""
        with contextlib.suppress(OSError):
            if place.samefile(self.source):
                return f"{place.name} is the file that was imported"
        try:
            if self._journal.wrote(_digest(place)):
                return ""
            changed = self._journal.wrote_at(_name(place))
            if not changed and results.is_results(place):
                return ""
        except OSError:
            return f"{place.name} can't be read and was left alone"
        except JournalFailed:
            return f"{place.name} was left alone, as the journal can't be read"
        why = "changed after it was written" if changed else "written by no run"
        return f"{place.name} was {why} and was left alone"

    def enter(self, place: Path, digest: bytes) -> None:
        """Remember what is about to stand there; a journal that can't be written doesn't hold the file up."""
        with contextlib.suppress(JournalFailed):
            self._journal.enter_file(digest, _name(place))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _name(place: Path) -> bytes:
    return hashlib.sha256(os.fsencode(place)).digest()
