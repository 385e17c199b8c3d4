"""Move a finished file and its results into a folder, so that the next night's run doesn't import it again.

Input: a file, its results, and its fingerprint at the import. Output: their new paths, with matching names. No file in
the folder is replaced, and the folder may be on another disk. A file that has changed since the import isn't moved. The
moved file is checked again, and put back if another file had taken its place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable
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


def archive(file: Path, results: Path, folder: Path, fingerprint: str) -> Moved:
    """Move a file and its results into a folder.

    Args:
        file: path of the file.
        results: path of its results.
        folder: the folder to move both into.
        fingerprint: SHA-256 of the file as it was imported, as hex digits.

    Raises:
        NotArchived: a file couldn't be moved, or has changed since the import. The message says where both files are.
    """
    paths = Moved(file, results)
    try:
        if _digest(file).hex() != fingerprint:
            raise _changed(paths)
        moved = _free(file, results, folder)
        try:
            _move(file, moved.file, fingerprint)
            paths = Moved(moved.file, results)
            _move(results, moved.results)
        except OSError:
            _remove_empty(moved.file, moved.results)
            raise
    except storage.ChangedMeanwhile as error:
        raise _changed(paths) from error
    except OSError as error:
        if paths.file == file and is_gone(file):
            raise NotArchived(say("archive.gone", file=str(file), folder=str(folder)), paths, 0) from error
        kind = "archive.results-not-moved" if paths.file != file else "archive.not-moved"
        message = say(kind, file=str(file), folder=str(folder), error=plain(error))
        raise NotArchived(message, paths) from error
    return moved


def _changed(paths: Moved) -> NotArchived:
    return NotArchived(say("archive.has-changed", file=str(paths.file)), paths, Stopped.exit_status)


def is_gone(file: Path) -> bool:
    """Return whether a file no longer exists. If its store can't be reached, return False."""
    if isinstance(file, Url):
        with contextlib.suppress(OSError):
            return storage.version(file) is None
        return False
    return not file.exists()


def _digest(file: Path) -> bytes:
    return storage.digest(file) if isinstance(file, Url) else files.digest(file)


def _free(file: Path, results: Path, folder: Path) -> Moved:
    """Return free, matching names for a file and its results. Empty files reserve both names against other programs."""
    for number in range(1, _NAMES):
        suffix = f" ({number})" if number > 1 else ""
        moved = Moved(*(folder / f"{path.stem}{suffix}{path.suffix}" for path in (file, results)))
        taken: list[Path] = []
        try:
            for path in (moved.results, moved.file):
                _take(path)
                taken.append(path)
        except FileExistsError:
            _remove_empty(*taken)
        else:
            return moved
    raise FileExistsError(f"{_NAMES} names like {file.name} are taken")


def _take(path: Path) -> None:
    """Create an empty file. Raise FileExistsError if there is a file already."""
    if isinstance(path, Url):
        storage.put(b"", path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, files.OWNER_ONLY))


def _remove_empty(*paths: Path) -> None:
    """Remove the empty files that reserve names for files that weren't moved."""
    for path in paths:
        with contextlib.suppress(OSError):
            if isinstance(path, Url):
                storage.remove_empty(path)
            elif not path.stat().st_size:
                path.unlink()


def _move(path: Path, place: Path, fingerprint: str | None = None) -> None:
    """Move a file over the empty file that reserves its name. To another disk, copy the file and then remove it."""
    if isinstance(path, Url) or isinstance(place, Url):
        assert isinstance(path, Url) and isinstance(place, Url), "both are in one store"
        storage.move(path, place, fingerprint)
        return
    try:
        path.replace(place)
    except OSError:
        _move_to_another_disk(path, place, fingerprint)
        return
    try:
        if fingerprint is not None and files.digest(place).hex() != fingerprint:
            raise storage.has_changed(path.name)
    except OSError:
        files.put_back(place, path)
        raise


def _move_to_another_disk(path: Path, place: Path, fingerprint: str | None) -> None:
    """Copy a file, and remove it once the copy is complete, unless another file has taken its place meanwhile."""
    with path.open("rb") as source, files.draft(place) as draft:
        shutil.copyfileobj(source, draft.file)
        draft.finish(bounds=[path.stat()])
        copied = draft.digest
        if fingerprint is not None and copied.hex() != fingerprint:
            raise storage.has_changed(path.name)
        draft.put(place)
    aside = path.with_name(f".{secrets.token_hex(4)}.{path.name[-60:]}.old")  # no draft: it may be the only copy
    try:
        path.replace(aside)
    except OSError:  # on Windows, another program may have the file open
        place.write_bytes(b"")
        raise
    try:
        if files.digest(aside) != copied:
            raise storage.has_changed(path.name)
        aside.unlink()
    except OSError:
        files.put_back(aside, path)  # if that fails, the copy stays
        place.write_bytes(b"")
        raise
