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
from importer.errors import JournalFailed
from importer.journal import Journal
from importer.messages import Message, say
from importer.resultsfile import is_results
from importer.storage import is_same


class OverwritePolicy(Protocol):
    """Which files may be replaced, and what the new one is made of."""

    @property
    def source(self) -> Path | None:
        """What the new file is made of: who can't read that can't read the new one either."""

    def objection(self, place: Path, here: Path) -> Message | None:
        """Why the file at this place must stay, as half a sentence that its name begins; None if it may go.

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

    def objection(self, place: Path, here: Path) -> Message | None:  # noqa: ARG002 - whatever stands there
        """See :class:`OverwritePolicy`."""
        return None if place == self._but else say("stays.exists", file=place.name)

    def enter(self, place: Path, digest: bytes) -> None:
        """Nothing is noted."""


class OverwriteLists(NeverOverwrite):
    """Every file stays that isn't a list such as the new one.

    Args:
        otherwise: says of a file by its name that it is none.
        holds: whether a file is such a list.
        source: the sheet in which they were found.
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
    """Results files go that still are, byte for byte, what a run wrote.

    What a person has corrected stays, and so does what was never ours. Of results that stand where this journal wrote
    none, another journal may know; they are replaced, as they always were.

    Args:
        journal: remembers them.
        source: the file that is imported; it stays, even where it is a results file that nobody changed.
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
            changed = self._journal.files.wrote_at(_name(place))
            with here.open("rb") as file:
                if not changed and is_results(file):
                    return None
        except OSError:
            return say("stays.unreadable", file=place.name)
        except JournalFailed:
            return say("stays.journal-unreadable", file=place.name)
        return say("stays.changed" if changed else "stays.not-ours", file=place.name)

    def enter(self, place: Path, digest: bytes) -> None:
        """Remember what is about to stand there; a journal that can't be written doesn't hold the file up."""
        with contextlib.suppress(JournalFailed):
            self._journal.files.enter(digest, _name(place))


def _name(place: Path) -> bytes:
    return hashlib.sha256(os.fsencode(place)).digest()
