"""The runs that a journal knows, the latest first."""

from __future__ import annotations

from importer.journal import Journal, Run
from importer.settings import Settings


def history(settings: Settings, *, of_all: bool = False) -> list[Run]:
    """The runs of the workspace, or ``of_all`` in the journal."""
    with Journal.open(settings.journal) as journal:
        return journal.runs.listed(None if of_all else settings.workspace)
