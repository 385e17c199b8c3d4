"""Runs whose results are still to be written: noted before the first call, crossed out when the results stand.

Comes in: a run, what it imports, and where its results go. Goes out: what earlier runs didn't come to write, as they
were killed, or the disk was full. It is a small file beside the journal, which whoever holds the workspace's lock may
change; where it can't be written, nothing is held up, and nothing is caught up with.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import astuple, dataclass
from pathlib import Path

from importer import files
from importer.errors import BadSettings
from importer.models import Workspace


@dataclass(frozen=True)
class PendingResult:
    """Results that are still to be written.

    Attributes:
        run: the run's name.
        file: what it imported, as a full path.
        results: where they were wanted.
        reading: a digest of how the file was read; read in another way its rows would be others.
    """

    run: str
    file: str
    results: str
    reading: str


class PendingResults:
    """The list of them.

    Args:
        beside: what it is called after, and lies beside; None where nothing is to be noted.
    """

    def __init__(self, beside: Path | None) -> None:
        self._beside = beside

    def pending(self, workspace: Workspace) -> list[PendingResult]:
        """What is still to be written, the earliest first."""
        place = self._place(workspace)
        try:
            return (
                [PendingResult(*map(str, each)) for each in json.loads(place.read_text(encoding="utf-8"))]
                if place
                else []
            )
        except (OSError, ValueError, TypeError):
            return []

    def enter(self, workspace: Workspace, pending: PendingResult) -> None:
        """Note that a run's results are to be written; with them, those of earlier runs of its file will be."""
        self._write(workspace, [*(each for each in self.pending(workspace) if each.file != pending.file), pending])

    def cross_out(self, workspace: Workspace, run: str) -> None:
        """Note that a run's results stand, or that they can't be written any more."""
        self._write(workspace, [each for each in self.pending(workspace) if each.run != run])

    def _write(self, workspace: Workspace, pending: list[PendingResult]) -> None:
        place = self._place(workspace)
        with contextlib.suppress(OSError, BadSettings):
            if place is not None and pending:
                files.make_private_folder(place.parent)
                files.replace(place, json.dumps([astuple(each) for each in pending]).encode())
            elif place is not None:
                place.unlink(missing_ok=True)

    def _place(self, workspace: Workspace) -> Path | None:
        if self._beside is None:
            return None
        return self._beside.with_name(f"{self._beside.name}.{files.called_after(str(workspace))[:8]}.unwritten")
