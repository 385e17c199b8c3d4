"""A finished file, moved into a folder together with its results, so that the next night doesn't find it again.

Comes in: both, and what was read. Goes out: where they are now; the two keep names that belong together. Nothing in
the folder is replaced, the folder may be on another disk, and a file that isn't any more what was read stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from importer import files
from importer.errors import BadSettings, ImporterError, Stopped
from importer.results.saving import plain

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

    kind = "it could not be moved into the archive"

    def __init__(self, message: str, moved: Moved, exit_status: int = 1) -> None:
        super().__init__(message)
        self.moved, self.exit_status = moved, exit_status


def check(folder: Path) -> None:
    """See before anything else whether files can be moved there.

    Raises:
        BadSettings: there is no such folder; one isn't made, for its disk may merely not be there.
    """
    if not folder.is_dir():
        raise BadSettings(
            f"Nothing can be moved to {folder}: there is no such folder. Make it, or name another.", setting="archive"
        )


def lies_in(file: Path, folder: Path) -> bool:
    """Whether a file is in the folder already, or further down: what was corrected there stays where it is."""
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
        if files.digest(file).hex() != fingerprint:
            raise NotArchived(
                f"{file} has changed while it was imported, so it stays where it is. Run the same command again to"
                " import what is new in it.",
                here, Stopped.exit_status,
            )  # fmt: skip
        moved = _free(file, results, folder)
        try:
            _move(file, moved.file)
            here = Moved(moved.file, results)
            _move(results, moved.results)
        except OSError:
            _give_back(moved)
            raise
    except OSError as error:
        if here.file == file and not file.exists():
            raise NotArchived(f"{file} isn't there any more, so it was not moved to {folder}.", here, 0) from error
        what = "its results could not be" if here.file != file else "could not be"
        raise NotArchived(
            f"{file} is imported, but {what} moved to {folder}: {plain(error)}. Move them by hand; should the file"
            " stay, the next run leaves alone what was delivered.",
            here,
        ) from error
    return moved


def _give_back(moved: Moved) -> None:
    """Remove the empty files that hold the names of what didn't come."""
    for place in (moved.file, moved.results):
        with contextlib.suppress(OSError):
            if not place.stat().st_size:
                place.unlink()


def _free(file: Path, results: Path, folder: Path) -> Moved:
    """Two names that are free and belong together; both are taken with empty files, so that nobody else takes them."""
    for number in range(1, _NAMES):
        more = f" ({number})" if number > 1 else ""
        moved = Moved(*(folder / f"{path.stem}{more}{path.suffix}" for path in (file, results)))
        made: list[Path] = []
        try:
            for path in (moved.results, moved.file):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, files.OWNER_ONLY))
                made.append(path)
        except FileExistsError:
            for path in made:
                path.unlink()
            continue
        return moved
    raise FileExistsError(f"{_NAMES} names like {file.name} are taken")


def _move(path: Path, place: Path) -> None:
    """Put a file over the empty one that holds its place. Onto another disk it is copied, and whole before it goes."""
    try:
        path.replace(place)
    except OSError:
        with path.open("rb") as source, files.draft(place) as draft:
            shutil.copyfileobj(source, draft.file)
            draft.finish(bounds=[path.stat()])
            draft.put(place)
        try:
            path.unlink()
        except OSError:  # on Windows: open in another program
            place.write_bytes(b"")
            raise
