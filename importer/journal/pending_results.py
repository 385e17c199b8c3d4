"""List the runs whose results are not written yet: added before the first call, removed when the results are written.

Input: a run, its file and the path of its results. Output: the results that earlier runs didn't write, because they
were killed or the disk was full. The list is a small file beside the journal. Only the holder of the workspace's lock
may change it. If the list can't be written, the run continues, and no later run writes its missing results.
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
    """Results that are not written yet.

    Attributes:
        run: the run's name.
        file: the full path of the imported file.
        results: the path where the results were wanted.
        reading: a digest of the settings with which the file was read; other settings may give other rows.
    """

    run: str
    file: str
    results: str
    reading: str


class PendingResults:
    """List of the results that are not written yet.

    Args:
        beside: the path beside which the list is stored, and after which it is named; None to store nothing.
    """

    def __init__(self, beside: Path | None) -> None:
        self._beside = beside

    def pending(self, workspace: Workspace) -> list[PendingResult]:
        """Return the results that are not written yet, the earliest first."""
        path = self._place(workspace)
        if path is None:
            return []
        try:
            return [PendingResult(*map(str, entry)) for entry in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return []

    def enter(self, workspace: Workspace, pending: PendingResult) -> None:
        """Add a run's results, in place of those of earlier runs of the same file, which the new results include."""
        self._write(workspace, [*(entry for entry in self.pending(workspace) if entry.file != pending.file), pending])

    def cross_out(self, workspace: Workspace, run: str) -> None:
        """Remove a run whose results are written, or can't be written any more."""
        self._write(workspace, [entry for entry in self.pending(workspace) if entry.run != run])

    def _write(self, workspace: Workspace, pending: list[PendingResult]) -> None:
        path = self._place(workspace)
        with contextlib.suppress(OSError, BadSettings):
            if path is not None and pending:
                files.make_private_folder(path.parent)
                files.replace(path, json.dumps([astuple(entry) for entry in pending]).encode())
            elif path is not None:
                path.unlink(missing_ok=True)

    def _place(self, workspace: Workspace) -> Path | None:
        if self._beside is None:
            return None
        return self._beside.with_name(f"{self._beside.name}.{files.called_after(str(workspace))[:8]}.unwritten")
