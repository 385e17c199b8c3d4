"""Choose the files to import, from files, folders and patterns; and move finished ones into the archive.

Input: paths and patterns. Output: files in a stable order, and those left out. A folder stands for every spreadsheet in
it. A file that was named itself is imported whatever its name. In a folder or a pattern, our own results, hidden files
and the lock files of open programs are ignored.

A finished file is archived beside its results, so that the next night's run doesn't import it again. No file in the
archive is replaced, and it may be on another disk. A file that has changed since the import isn't moved. The moved file
is checked again, and put back if another file had taken its place.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from importer import files, storage
from importer.errors import BadSettings, ImporterError, Stopped, UnreadableFile
from importer.messages import Message, Said, say
from importer.reading.detection import is_results
from importer.storage import Url, place

ENDINGS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt"})
"""Endings of spreadsheet files. Files in .xlsb can't be read, but are included so that a message reports them."""

STILL_YOUNG = 60.0
"""Seconds after a file's last change until the file counts as complete."""


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
        left_out: results of earlier runs, which aren't imported with other files.
    """

    candidates: Sequence[FileCandidate]
    left_out: Sequence[Path] = ()

    @property
    def is_one_file(self) -> bool:
        """Whether a person named exactly one file."""
        return len(self.candidates) == 1 and self.candidates[0].is_named and not self.left_out


def choose(named: Sequence[str | Path]) -> Chosen:
    """Find the files that a person named: as files, folders or patterns such as ``exports/*.csv``, here or at a URL.

    Raises UnreadableFile, NotReached.
    """
    candidates: list[FileCandidate] = []
    left_out: list[Path] = []
    for name in named:
        path = place(name)
        is_pattern = glob.has_magic(str(name)) and (isinstance(path, Url) or not path.exists())
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
    meant = [path for path in seen if isinstance(path, Url) or path.is_file()]
    meant.sort(key=lambda path: (str(path).casefold(), str(path)))
    ours = dict.fromkeys(path for path in meant if _is_ours(path))
    left_out += ours
    if found := [path for path in meant if path not in ours]:
        return [FileCandidate(path, is_named=False) for path in found]
    nothing = say("choosing.no-spreadsheet", where=place_name)
    if ours:
        nothing = say("choosing.only-ours", where=place_name, n=len(ours))
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


def is_there(path: Path) -> bool:
    """Return whether a file exists. Raises ImporterError if the store of a URL can't tell."""
    return storage.version(path) is not None if isinstance(path, Url) else os.path.lexists(path)


def why_not_yet(path: Path, now: float) -> Message | None:
    """Return why a file should wait for the next run, because somebody seems to be working on it; otherwise None."""
    if isinstance(path, Url):
        return None  # S3 shows only complete files
    for mark in (f"~${path.name}", f".~lock.{path.name}#"):  # lock files of Excel and LibreOffice
        if path.with_name(mark).exists():
            return say("choosing.open-in-program", mark=mark)
    if path.exists() and abs(age := now - path.stat().st_mtime) < STILL_YOUNG:
        return say("choosing.too-young", seconds=max(0, round(age)))
    return None


# -- the archive ----------------------------------------------------------------------------------------------------


class Archived(NamedTuple):
    """New place of a file; if it couldn't be moved, why not, and the exit status.

    Attributes:
        exit_status: 3 if the next run will import the changed file, 1 if a person has to act, 0 if the file is gone.
    """

    place: Path | None = None
    why: Said = ""
    exit_status: int = 0


def check_archive(folder: Path, found: Iterable[Path] = ()) -> None:
    """Check, before anything else, that files can be moved to the folder. Raises ImporterError.

    A folder isn't created, because its disk may be missing.
    """
    others = [file for file in found if str(file) != "-" and isinstance(file, Url) is not isinstance(folder, Url)]
    if others:
        raise BadSettings(say("archive.other-store", other=str(others[0]), folder=str(folder)), setting="archive")
    if isinstance(folder, Url):
        storage.check_folder(folder)
    elif not folder.is_dir():
        raise BadSettings(say("archive.no-folder", folder=str(folder.absolute())), setting="archive")


def lies_in(file: Path, folder: Path) -> bool:
    """Return whether a file is already in the folder or below it. A file that a person corrected there isn't moved."""
    place = file.parent.resolve()
    return folder.resolve() in (place, *place.parents)


def places(file: Path, results: str, folder: Path) -> tuple[Path, Path]:
    """Return free names in the archive for a file and its results, both with the same number.

    Raises OSError, ImporterError.
    """
    for beside in files.numbered(folder / results):
        number = beside.stem.removeprefix(Path(results).stem)
        place = folder / f"{file.stem}{number}{file.suffix}"
        if not (is_there(place) or is_there(beside)):
            break
    return place, beside


def archive(file: Path, place: Path, fingerprint: str) -> Archived:
    """Move a file to its place in the archive, or to a free name beside it."""
    folder = place.parent
    try:
        taken = files.at_free_name(place, partial(_move, file, fingerprint))
    except storage.ChangedMeanwhile:
        return Archived(why=say("archive.has-changed", file=str(file)), exit_status=Stopped.exit_status)
    except (OSError, ImporterError) as error:
        with contextlib.suppress(OSError, ImporterError):
            if not is_there(file):
                return Archived(why=say("archive.gone", file=str(file), folder=str(folder)))
        why = say("archive.not-moved", file=str(file), folder=str(folder), error=files.why(error))
        return Archived(why=why, exit_status=1)
    return Archived(taken)


def _move(path: Path, fingerprint: str, place: Path) -> None:
    """Move a file to a free name: copy it, and remove it when the copy is complete.

    Raises ChangedMeanwhile if there is another file by now, or it has changed: it stays in its place; or OSError.
    """
    if isinstance(path, Url) and isinstance(place, Url):
        storage.move(path, place, fingerprint)
        return
    with files.draft(place) as draft:
        with files.opened(path) as file:
            seen = os.fstat(file.fileno())
            shutil.copyfileobj(file, draft.file)
        draft.finish(bound=seen)
        if files.digest(draft.file).hex() != fingerprint:
            raise storage.ChangedMeanwhile
        aside = path.with_name(f".{secrets.token_hex(4)}.{path.name[-60:]}.old")  # a name that nobody else uses
        path.replace(aside)
        try:
            there = aside.lstat()
            is_same = (there.st_size, there.st_mtime_ns) == (seen.st_size, seen.st_mtime_ns)
            if not (is_same and os.path.samestat(there, seen)):
                raise storage.ChangedMeanwhile
            draft.put_new(place)
            aside.unlink()
        except OSError:
            files.at_free_name(path, partial(files.move, aside))
            raise
