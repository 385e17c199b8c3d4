"""Find old results, and remove them if a person asks for it.

Input: folders, an age, the journal. Output: older results files that nobody has changed since a run wrote them. Files
that a person corrected or made are kept, however old they are, and so are all exports.
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
    """Return the results in these folders that are older than ``days`` and that nobody has changed since.

    Raises:
        BadSettings: a folder can't be read.
        Unusable: the journal can't be read.
    """
    latest = time.time() - days * _DAY
    if not Journal.exists(settings.journal):
        return []
    with Journal.open(settings.journal) as journal:
        return [
            path for folder in folders for path in _older(folder, latest) if journal.files.wrote(files.digest(path))
        ]


def _older(folder: Path, latest: float) -> Iterator[Path]:
    try:
        for path in sorted(folder.iterdir()):
            is_kind = path.suffix.lower() in (".xlsx", ".csv") and not path.is_symlink() and path.is_file()
            if is_kind and path.stat().st_mtime < latest:
                yield path
    except OSError as error:
        raise BadSettings(say("pruning.folder-unreadable", folder=str(folder), error=files.why(error))) from error


def remove(paths: Sequence[Path]) -> list[Path]:
    """Remove files, and return those that could not be removed."""
    left = []
    for path in paths:
        try:
            path.unlink()
        except OSError:
            left.append(path)
    return left
