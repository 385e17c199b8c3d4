"""Move a finished file and its results into a folder, so that the next night's run doesn't import it again.

Input: a file, its results, and its fingerprint at the import. Output: their new paths, with matching names. No file in
the folder is replaced, and the folder may be on another disk. A file that has changed since the import isn't moved. The
moved file is checked again, and put back if another file had taken its place.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from importer import files, storage
from importer.errors import BadSettings, ImporterError, Stopped
from importer.messages import Message, say
from importer.results.saving import plain
from importer.storage import Url

_NAMES = 999


@dataclass(frozen=True)
class Moved:
    """Current paths of a file and its results."""

    file: Path
    results: Path


class NotArchived(ImporterError):
    """Error raised because an imported file or its results couldn't be moved.

    Attributes:
        moved: the current paths of both.
        exit_status: 3 if the next run will import the changed file, 1 if a person has to act, 0 if the file is gone.
    """

    kind = say("error.not-archived")

    def __init__(self, message: Message, moved: Moved, exit_status: int = 1) -> None:
        super().__init__(message)
        self.moved, self.exit_status = moved, exit_status


def check(folder: Path, found: Iterable[Path] = ()) -> None:
    """Check, before anything else, that files can be moved to the folder.

    Raises:
        BadSettings: there is no such folder (it isn't created: its disk may be missing), or a file is in another store.
        ImporterError: the folder's store can't be used.
    """
    if other := next((file for file in found if str(file) != "-" and _store_of(file) != _store_of(folder)), None):
        raise BadSettings(say("archive.other-store", other=str(other), folder=str(folder)), setting="archive")
    if isinstance(folder, Url):
        storage.check_folder(folder)
    elif not folder.is_dir():
        raise BadSettings(say("archive.no-folder", folder=str(folder.absolute())), setting="archive")


def _store_of(place: Path) -> str:
    return place.scheme if isinstance(place, Url) else ""


def lies_in(file: Path, folder: Path) -> bool:
    """Return whether a file is already in the folder or below it. A file that a person corrected there isn't moved."""
    if isinstance(file, Url) or isinstance(folder, Url):
        return folder in file.parents
    place = file.parent.resolve()
    return folder.resolve() in (place, *place.parents)


def archive(file: Path, results: Path, folder: Path, fingerprint: str, most: float) -> Moved:
    """Move a file and its results into a folder, under free names with the same number.

    Args:
        file: path of the file.
        results: path of its results.
        folder: the folder to move both into.
        fingerprint: SHA-256 of the file as it was imported, as hex digits.
        most: maximum size in bytes that a file to import may have.

    Raises:
        NotArchived: a file couldn't be moved, or has changed since the import. The message says where both files are.
    """
    paths = Moved(file, results)
    try:
        for place in files.numbered(folder / file.name, _NAMES):
            number = place.stem.removeprefix(file.stem)
            beside = folder / f"{results.stem}{number}{results.suffix}"
            if not (_is_there(place) or _is_there(beside)):
                with contextlib.suppress(FileExistsError):  # another program took the name meanwhile
                    _move(file, place, most, fingerprint)
                    break
        else:
            raise FileExistsError(f"{_NAMES} names like {file.name} are taken")
        paths = Moved(place, results)
        for free in files.numbered(beside, _NAMES):
            with contextlib.suppress(FileExistsError):
                _move(results, free)
                return Moved(place, free)
        raise FileExistsError(f"{_NAMES} names like {beside.name} are taken")
    except storage.ChangedMeanwhile as error:
        raise _changed(paths) from error
    except OSError as error:
        if paths.file == file and is_gone(file):
            raise NotArchived(say("archive.gone", file=str(file), folder=str(folder)), paths, 0) from error
        kind = "archive.results-not-moved" if paths.file != file else "archive.not-moved"
        message = say(kind, file=str(file), folder=str(folder), error=plain(error))
        raise NotArchived(message, paths) from error


def _is_there(path: Path) -> bool:
    return storage.version(path) is not None if isinstance(path, Url) else os.path.lexists(path)


def _changed(paths: Moved) -> NotArchived:
    return NotArchived(say("archive.has-changed", file=str(paths.file)), paths, Stopped.exit_status)


def is_gone(file: Path) -> bool:
    """Return whether a file no longer exists. If its store can't be reached, return False."""
    if isinstance(file, Url):
        with contextlib.suppress(OSError):
            return storage.version(file) is None
        return False
    return not file.exists()


def _move(path: Path, place: Path, most: float = math.inf, fingerprint: str | None = None) -> None:
    """Move a file to a free name. To another disk, copy the file, and remove it when the copy is complete."""
    if isinstance(path, Url) or isinstance(place, Url):
        assert isinstance(path, Url) and isinstance(place, Url), "both are in one store"
        storage.move(path, place, fingerprint, most)
        return
    with files.opened(path, most) as file:
        seen, digest = os.fstat(file.fileno()), files.digest(file)
    if fingerprint is not None and digest.hex() != fingerprint:
        raise storage.has_changed(path.name)
    if _is_on_disk(place.parent, seen):
        try:
            with _taken_aside(path, seen) as aside:
                files.move(aside, place)
        except OSError as error:
            if error.errno != errno.EXDEV:  # the disk is mounted twice
                raise
        else:
            return
    with files.draft(place) as draft:
        with files.opened(path, most) as file:
            shutil.copyfileobj(file, draft.file)
        draft.finish(bounds=[seen])
        if files.digest(draft.file) != digest:
            raise storage.has_changed(path.name)
        with _taken_aside(path, seen) as aside:
            draft.put_new(place)
            aside.unlink()


def _is_on_disk(folder: Path, there: os.stat_result) -> bool:
    return folder.stat().st_dev == there.st_dev


@contextmanager
def _taken_aside(path: Path, seen: os.stat_result) -> Iterator[Path]:
    """Give the file a name that nobody else uses while the block runs; put it back if the block fails.

    Raises:
        ChangedMeanwhile: there is another file by now, or the file has changed. It stays in its place.
        OSError: the file can't be renamed, for example because another program on Windows has it open.
    """
    aside = path.with_name(f".{secrets.token_hex(4)}.{path.name[-60:]}.old")
    path.replace(aside)
    try:
        there = aside.lstat()
        if not os.path.samestat(there, seen) or (there.st_size, there.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
            raise storage.has_changed(path.name)
        yield aside
    except OSError:
        files.put_back(aside, path)
        raise
