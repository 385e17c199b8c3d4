"""Which files that stand where a new one is to be put may be replaced.

Comes in: the place, and what the policy knows: a file named by a person, or the journal and the file that is imported.
Goes out: for a file that stands in the way why it must stay, or nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from importer import files
from importer.elsewhere import is_same
from importer.errors import JournalFailed
from importer.journal import Journal
from importer.resultsfile import is_results


class OverwritePolicy(Protocol):
    """Which files may be replaced, and what the new one is made of."""

    @property
    def source(self) -> Path | None:
        """What the new file is made of: who can't read that can't read the new one either."""

    def objection(self, place: Path, here: Path) -> str:
        """Why the file at this place must stay, as half a sentence that its name begins; empty if it may go.

        Args:
            place: where it stands.
            here: the same, or a copy of what stands there.
        """

    def enter(self, place: Path, digest: bytes) -> None:
        """Take note that a file with this SHA-256 is about to be put there."""


class NeverOverwrite:
    """Every file that stands stays, except one that a person named."""

    def __init__(self, but: Path | None = None, source: Path | None = None) -> None:
        self._but, self.source = but, source

    def objection(self, place: Path, here: Path) -> str:  # noqa: ARG002 - whatever stands there
        """See :class:`OverwritePolicy`."""
        return "" if place == self._but else f"{place.name} exists already"

    def enter(self, place: Path, digest: bytes) -> None:
        """Nothing is noted."""


class OverwriteLists(NeverOverwrite):
    """Every file stays that isn't a list such as the new one.

    Args:
        things: of which it is a list.
        holds: whether a file is such a list.
        source: the sheet in which they were found.
    """

    def __init__(self, things: str, holds: Callable[[Path], bool], source: Path | None) -> None:
        super().__init__(source=source)
        self._things, self._holds = things, holds

    def objection(self, place: Path, here: Path) -> str:
        """See :class:`OverwritePolicy`."""
        with contextlib.suppress(OSError):
            if self._holds(here):
                return ""
        return f"{place.name} is no list of {self._things} and was left alone"


class OverwriteWritten:
    """Results files go that still are, byte for byte, what a run wrote.

    What a person has corrected stays, and so does what was never ours. Of results that stand where this journal wrote
    none, another journal may know; they are replaced, as they always were.

    Args:
        journal: remembers them.
        source: the file that is imported; it stays, even where it is a results file that nobody changed.
    """

    def __init__(self, journal: Journal, source: Path) -> None:
        self._journal, self.source = journal, source

    def objection(self, place: Path, here: Path) -> str:
        """See :class:`OverwritePolicy`."""
        if is_same(place, self.source):
            return f"{place.name} is the file that was imported"
        try:
            if self._journal.files.wrote(files.digest(here)):
                return ""
            changed = self._journal.files.wrote_at(_name(place))
            with here.open("rb") as file:
                if not changed and is_results(file):
                    return ""
        except OSError:
            return f"{place.name} can't be read and was left alone"
        except JournalFailed:
            return f"{place.name} was left alone, as the journal can't be read"
        why = "changed after it was written, or written with another journal," if changed else "written by no run"
        return f"{place.name} was {why} and was left alone"

    def enter(self, place: Path, digest: bytes) -> None:
        """Remember what is about to stand there; a journal that can't be written doesn't hold the file up."""
        with contextlib.suppress(JournalFailed):
            self._journal.files.enter(digest, _name(place))


def _name(place: Path) -> bytes:
    return hashlib.sha256(os.fsencode(place)).digest()
