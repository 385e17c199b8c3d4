"""Old results, found and removed when a person asks for it.

Comes in: folders, an age, the journal. Goes out: results files that are older, and still are, byte for byte, what a run
wrote. What a person corrected or made stays, however old it is; so does every export.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from importer import files
from importer.errors import BadSettings
from importer.journal import Journal
from importer.messages import say
from importer.settings import Settings

_DAY = 86_400.0


def old_results(folders: Iterable[Path], days: int, settings: Settings) -> list[Path]:
    """The results in these folders that are older than so many days and that nobody changed since.

    Raises:
        BadSettings: a folder can't be read.
        Unusable: the journal can't be.
    """
    before = time.time() - days * _DAY
    if not Journal.exists(settings.journal):
        return []
    with Journal.open(settings.journal) as journal:
        return [
            path for folder in folders for path in _older(folder, before) if journal.files.wrote(files.digest(path))
        ]


def _older(folder: Path, before: float) -> Iterator[Path]:
    try:
        for path in sorted(folder.iterdir()):
            is_kind = path.suffix.lower() in (".xlsx", ".csv") and not path.is_symlink() and path.is_file()
            if is_kind and path.stat().st_mtime < before:
                yield path
    except OSError as error:
        raise BadSettings(say("pruning.folder-unreadable", folder=str(folder), error=files.why(error))) from error


def remove(paths: Sequence[Path]) -> list[Path]:
    """Remove files; those that could not be."""
    left = []
    for path in paths:
        try:
            path.unlink()
        except OSError:
            left.append(path)
    return left
