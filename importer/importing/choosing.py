"""Choose the files to import, from files, folders and patterns.

Input: paths and patterns. Output: files in a stable order, and those left out. A folder stands for every spreadsheet in
it. A file that was named itself is imported whatever its name. In a folder or a pattern, our own results, hidden files
and the lock files of open programs are ignored.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer import files, storage
from importer.errors import UnreadableFile
from importer.messages import Message, say
from importer.results.writing import holds_problems
from importer.resultsfile import is_results
from importer.storage import Url, place

ENDINGS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt"})
"""Endings of spreadsheet files. Files in .xlsb can't be read, but are included so that a message reports them."""

STILL_YOUNG = 60.0
"""Seconds after a file's last change until the file counts as complete."""

_HIDDEN = getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0)


@dataclass(frozen=True)
class FileCandidate:
    """A file to import, or a folder or pattern without files.

    Attributes:
        path: the file, folder or pattern.
        is_named: whether a person named the file itself. If so, it is imported at once, however new it is.
        nothing: the message about a folder or pattern without files; None for a file.
    """

    path: Path
    is_named: bool = True
    nothing: Message | None = None


@dataclass(frozen=True)
class Chosen:
    """Chosen files, and those that were left out.

    Attributes:
        candidates: the files in the order of import, each once.
        left_out: path of each file that isn't imported → reason, as half a sentence.
    """

    candidates: Sequence[FileCandidate]
    left_out: Sequence[tuple[Path, Message]] = ()

    @property
    def is_one_file(self) -> bool:
        """Whether a person named exactly one file."""
        return len(self.candidates) == 1 and self.candidates[0].is_named and not self.left_out


def choose(named: Sequence[str | Path]) -> Chosen:
    """Find the files that a person named: as files, folders or patterns such as ``exports/*.csv``, here or at a URL.

    Raises:
        UnreadableFile: a folder can't be read.
        NotReached: the store of a URL can't be reached.
    """
    candidates: list[FileCandidate] = []
    left_out: list[tuple[Path, Message]] = []
    for name in named:
        path = place(name)
        is_pattern = glob.has_magic(str(name)) and (isinstance(path, Url) or not path.exists())
        paths = _files_in(path) if isinstance(path, Url) or not is_pattern else _matching(str(name))
        if paths is None:
            candidates.append(FileCandidate(path))
            continue
        where = say("choosing.stands-for" if is_pattern else "choosing.the-folder", place=str(path))
        if not is_pattern:
            paths = [file for file in paths if file.suffix.lower() in ENDINGS]
        candidates += _of_place(path, where, paths, left_out)
    return Chosen(_once(_without_results(candidates, left_out)), left_out)


def _matching(pattern: str) -> Sequence[Path]:
    return [Path(file) for file in glob.glob(pattern, recursive=True)]  # noqa: PTH207 - it may be absolute


def _files_in(folder: Path) -> Sequence[Path] | None:
    """Return the files in a folder, or those that match a pattern in S3; None if it is neither."""
    if isinstance(folder, Url):
        return storage.files_in(folder)
    try:
        return [*folder.iterdir()] if folder.is_dir() else None
    except OSError as error:
        raise UnreadableFile(say("choosing.folder-unreadable", path=str(folder), error=files.why(error))) from error


def _of_place(
    place: Path, place_name: Message, paths: Iterable[Path], left_out: list[tuple[Path, Message]]
) -> list[FileCandidate]:
    """Return the files of a folder or a pattern, ordered by name."""
    found: list[FileCandidate] = []
    ours = 0
    for path in sorted(paths, key=lambda path: (str(path).casefold(), str(path))):
        if is_hidden(path) or not (isinstance(path, Url) or path.is_file()):
            continue
        if (reason := _ours(path)) is None:
            found.append(FileCandidate(path, is_named=False))
        else:
            left_out.append((path, reason))
            ours += 1
    if found:
        return found
    nothing = say("choosing.no-spreadsheet", where=place_name)
    if ours:
        nothing = say("choosing.only-ours", where=place_name, n=ours)
    return [FileCandidate(place, nothing=nothing)]


def is_hidden(path: Path) -> bool:
    """Return whether a file isn't meant for people: a hidden file, or the lock file of an open program."""
    if path.name.startswith((".", "~$")):
        return True
    if isinstance(path, Url):
        return False
    try:
        return bool(getattr(path.stat(), "st_file_attributes", 0) & _HIDDEN)
    except OSError:
        return False  # the problem is reported when the file is imported


def _ours(path: Path) -> Message | None:
    """Return the reason for leaving out a file that a run or a check wrote; None for any other file."""
    try:
        with storage.opened(path) if isinstance(path, Url) else files.opened(path) as file:
            if is_results(file):
                return say("choosing.results")
            return say("choosing.problems") if path.suffix.lower() == ".csv" and holds_problems(file) else None
    except (OSError, ValueError):
        return None  # the problem is reported when the file is imported


def _without_results(
    candidates: Sequence[FileCandidate], left_out: list[tuple[Path, Message]]
) -> Iterator[FileCandidate]:
    """Leave out our own results, which a shell includes in ``*.xlsx``. If a person named only results, keep them."""
    results = {
        candidate.path
        for candidate in candidates
        if candidate.is_named and len(candidates) > 1 and _ours(candidate.path)
    }
    if len(results) == len(candidates):
        results = set()
    for candidate in candidates:
        if candidate.path in results:
            left_out.append((candidate.path, say("choosing.results-among-others")))
        else:
            yield candidate


def _once(candidates: Iterable[FileCandidate]) -> list[FileCandidate]:
    first: dict[str, FileCandidate] = {}
    for candidate in candidates:
        path = candidate.path
        first.setdefault(str(path) if isinstance(path, Url) else os.path.normcase(os.path.realpath(path)), candidate)
    return [*first.values()]


def is_there(path: Path) -> bool:
    """Return whether a chosen file still exists.

    Raises:
        NotReached: the store of a URL can't be reached.
    """
    return storage.is_there(path) if isinstance(path, Url) else path.exists()


def why_not_yet(path: Path, now: float) -> Message | None:
    """Return why a file should wait for the next run, because somebody seems to be working on it; otherwise None.

    Args:
        path: the file.
        now: seconds since 1970, by the system's clock.
    """
    if isinstance(path, Url):
        return None  # S3 shows only complete files
    for mark in (f"~${path.name}", f".~lock.{path.name}#"):  # lock files of Excel and LibreOffice
        if path.with_name(mark).exists():
            return say("choosing.open-in-program", mark=mark)
    try:
        with files.opened(path):
            pass
    except PermissionError:
        if os.name == "nt":
            return say("choosing.locked")
    except OSError:
        pass  # reported when the file is read
    else:
        if abs(age := now - path.stat().st_mtime) < STILL_YOUNG:
            return say("choosing.too-young", seconds=max(0, round(age)))
    return None
