"""Choose the files to import, from files, folders and patterns.

Input: paths and patterns. Output: files in a stable order, and those left out. A folder stands for every spreadsheet in
it. A file that was named itself is imported whatever its name. In a folder or a pattern, our own results, hidden files
and the lock files of open programs are ignored.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from importer import files, storage
from importer.errors import ImporterError, UnreadableFile
from importer.importing.batch import Chosen, FileCandidate
from importer.messages import Message, say
from importer.reading.detection import is_results
from importer.storage import Url, place

ENDINGS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt"})
"""Endings of spreadsheet files. Files in .xlsb can't be read, but are included so that a message reports them."""


def choose(named: Sequence[str | Path]) -> Chosen:
    """Find the files that a person named: as files, folders or patterns such as ``exports/*.csv``, here or at a URL.

    Raises UnreadableFile, NotReached.
    """
    candidates: list[FileCandidate] = []
    left_out: list[Path] = []
    for name in named:
        path = place(name)
        is_pattern = glob.has_magic(str(name)) and (isinstance(path, Url) or not os.path.exists(path))  # noqa: PTH110 - a Path raises if it can't be reached
        paths = _files_in(path, is_pattern=is_pattern)
        if paths is None:
            candidates.append(FileCandidate(path))
            continue
        where = say("choosing.stands-for" if is_pattern else "choosing.the-folder", place=str(path))
        if not is_pattern:
            paths = [file for file in paths if file.suffix.lower() in ENDINGS]
        candidates += _of_place(path, where, paths, left_out)
    return Chosen(_once(_without_results(candidates, left_out)), left_out)


def _files_in(folder: Path, *, is_pattern: bool) -> Sequence[Path] | None:
    """Return the files in a folder, or those that match a pattern; None if it is neither."""
    if isinstance(folder, Url):
        return storage.files_in(folder)
    if is_pattern:
        return [Path(file) for file in glob.glob(str(folder), recursive=True)]  # noqa: PTH207 - it may be absolute
    try:
        return [*folder.iterdir()] if folder.is_dir() else None
    except OSError as error:
        raise UnreadableFile(say("choosing.folder-unreadable", path=str(folder), error=files.why(error))) from error


def _of_place(place: Path, place_name: Message, paths: Iterable[Path], left_out: list[Path]) -> list[FileCandidate]:
    """Return the files of a folder or a pattern, ordered by name."""
    seen = [path for path in paths if not path.name.startswith((".", "~$"))]  # not hidden, or a program's lock file
    meant = [path for path in seen if isinstance(path, Url) or not os.path.isdir(path)]  # noqa: PTH112 - as above
    meant.sort(key=lambda path: (str(path).casefold(), str(path)))
    ours = dict.fromkeys(path for path in meant if _is_ours(path))
    left_out += ours
    if found := [path for path in meant if path not in ours]:
        return [FileCandidate(path, is_named=False) for path in found]
    only_ours = say("choosing.only-ours", where=place_name, n=len(ours)) if ours else None
    nothing = only_ours or say("choosing.no-spreadsheet", where=place_name)
    return [FileCandidate(place, nothing=nothing)]


def _is_ours(path: Path) -> bool:
    """Return whether a run wrote the file."""
    with (
        contextlib.suppress(OSError, ValueError, ImporterError),  # the problem is reported when the file is imported
        storage.opened(path) if isinstance(path, Url) else files.opened(path) as file,
    ):
        return is_results(file)
    return False


def _without_results(candidates: Sequence[FileCandidate], left_out: list[Path]) -> Sequence[FileCandidate]:
    """Leave out our own results, which a shell includes in ``*.xlsx``. If a person named only results, keep them."""
    if len(candidates) == 1:
        return candidates
    ours = dict.fromkeys(one.path for one in candidates if one.is_named and _is_ours(one.path))
    if others := [one for one in candidates if one.path not in ours]:
        left_out += ours
    return others or candidates


def _once(candidates: Iterable[FileCandidate]) -> list[FileCandidate]:
    first: dict[str, FileCandidate] = {}
    for candidate in candidates:
        path = candidate.path
        first.setdefault(str(path) if isinstance(path, Url) else os.path.normcase(os.path.realpath(path)), candidate)
    return [*first.values()]
