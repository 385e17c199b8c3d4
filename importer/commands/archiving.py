"""A finished file, moved into a folder together with its results, so that the next night doesn't find it again.

Comes in: both, and what was read. Goes out: where they are now; the two keep names that belong together. Nothing in
the folder is replaced, the folder may be on another disk, and a file that isn't any more what was read stays: what was
moved is looked at again, and put back if another had taken its place.
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
    """Where the two are now."""

    file: Path
    results: Path


class NotArchived(ImporterError):
    """A file was imported but couldn't be moved, or not with its results.

    Attributes:
        moved: where both are.
        exit_status: 3 where the next run will see to it, 1 where a person has to, 0 where nobody has to.
    """

    kind = say("error.not-archived")

    def __init__(self, message: Message, moved: Moved, exit_status: int = 1) -> None:
        super().__init__(message)
        self.moved, self.exit_status = moved, exit_status


def check(folder: Path, found: Iterable[Path] = ()) -> None:
    """See before anything else whether files can be moved there.

    Raises:
        BadSettings: there is no such folder; one isn't made, for its disk may merely not be there. Or a file is kept by
            another store than the folder.
        ImporterError: the folder's store can't be used.
    """
    if other := next((file for file in found if str(file) != "-" and _store_of(file) != _store_of(folder)), None):
        raise BadSettings(
            say("archive.other-store", other=str(other), folder=str(folder)),
            setting="archive",
        )
    if isinstance(folder, Url):
        storage.check_folder(folder)
    elif not folder.is_dir():
        raise BadSettings(say("archive.no-folder", folder=str(folder)), setting="archive")


def _store_of(place: Path) -> str:
    return place.scheme if isinstance(place, Url) else ""


def lies_in(file: Path, folder: Path) -> bool:
    """Whether a file is in the folder already, or further down: what was corrected there stays where it is."""
    if isinstance(file, Url) or isinstance(folder, Url):
        return folder in file.parents
    place = file.parent.resolve()
    return folder.resolve() in (place, *place.parents)


def archive(file: Path, results: Path, folder: Path, fingerprint: str) -> Moved:
    """Move a file and its results into a folder.

    Args:
        file: the file.
        results: its results.
        folder: where they go.
        fingerprint: SHA-256 of the file as it was imported, as hex digits.

    Raises:
        NotArchived: they couldn't be moved, or the file has changed since; says what lies where.
    """
    here = Moved(file, results)
    try:
        if _digest(file).hex() != fingerprint:
            raise _changed(here)
        moved = _free(file, results, folder)
        try:
            _move(file, moved.file, fingerprint)
            here = Moved(moved.file, results)
            _move(results, moved.results)
        except OSError:
            _give_back(moved)
            raise
    except storage.ChangedMeanwhile as error:
        raise _changed(here) from error
    except OSError as error:
        if here.file == file and is_gone(file):
            raise NotArchived(say("archive.gone", file=str(file), folder=str(folder)), here, 0) from error
        kind = "archive.results-not-moved" if here.file != file else "archive.not-moved"
        why = say(kind, file=str(file), folder=str(folder), error=plain(error))
        raise NotArchived(why, here) from error
    return moved


def _changed(here: Moved) -> NotArchived:
    return NotArchived(
        say("archive.has-changed", file=str(here.file)),
        here,
        Stopped.exit_status,
    )


def is_gone(file: Path) -> bool:
    """Whether a file surely isn't there any more."""
    if isinstance(file, Url):
        with contextlib.suppress(OSError):
            return storage.version(file) is None
        return False
    return not file.exists()


def _digest(file: Path) -> bytes:
    return storage.digest(file) if isinstance(file, Url) else files.digest(file)


def _give_back(moved: Moved) -> None:
    """Remove the empty files that hold the names of what didn't come."""
    for place in (moved.file, moved.results):
        with contextlib.suppress(OSError):
            if isinstance(place, Url):
                storage.remove_empty(place)
            elif not place.stat().st_size:
                place.unlink()


def _free(file: Path, results: Path, folder: Path) -> Moved:
    """Two names that are free and belong together; both are taken with empty files, so that nobody else takes them."""
    for number in range(1, _NAMES):
        more = f" ({number})" if number > 1 else ""
        moved = Moved(*(folder / f"{path.stem}{more}{path.suffix}" for path in (file, results)))
        made: list[Path] = []
        try:
            for path in (moved.results, moved.file):
                _take(path)
                made.append(path)
        except FileExistsError:
            for path in made:
                _remove(path)
            continue
        return moved
    raise FileExistsError(f"{_NAMES} names like {file.name} are taken")


def _take(path: Path) -> None:
    """Put an empty file there. Raises FileExistsError where there is one."""
    if isinstance(path, Url):
        storage.put(b"", path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, files.OWNER_ONLY))


def _remove(path: Path) -> None:
    if isinstance(path, Url):
        storage.remove_empty(path)
    else:
        path.unlink()


def _move(path: Path, place: Path, fingerprint: str | None = None) -> None:
    """Put a file over the empty one that holds its place. Onto another disk it is copied, and whole before it goes."""
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
    """Copy a file, and remove it once the copy is whole, unless another has taken its place meanwhile."""
    with path.open("rb") as source, files.draft(place) as draft:
        shutil.copyfileobj(source, draft.file)
        draft.finish(bounds=[path.stat()])
        copied = draft.digest
        if fingerprint is not None and copied.hex() != fingerprint:
            raise storage.has_changed(path.name)
        draft.put(place)
    aside = path.with_name(f".{secrets.token_hex(4)}.{path.name[-60:]}.tmp")
    try:
        path.replace(aside)
    except OSError:  # on Windows: open in another program
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
