"""Move finished files into the archive, beside their results, so that the next night's run doesn't import them again.

Input: a file, and its place in the archive. Output: its new place, or why it wasn't moved. No file in the archive is
replaced, and it may be on another disk. A file that has changed since the import isn't moved. The moved file is checked
again, and put back if another file had taken its place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from importer import files, storage
from importer.errors import BadSettings, ImporterError, Stopped
from importer.messages import Said, say
from importer.storage import Url


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
            there = aside.stat()  # of the file that a link names
            is_same = (there.st_size, there.st_mtime_ns) == (seen.st_size, seen.st_mtime_ns)
            if not (is_same and os.path.samestat(there, seen)):
                raise storage.ChangedMeanwhile
            draft.put_new(place)
            aside.unlink()
        except OSError:
            files.at_free_name(path, partial(files.move, aside))
            raise


def is_there(path: Path) -> bool:
    """Return whether a file exists. Raises ImporterError if the store of a URL can't tell."""
    return storage.version(path) is not None if isinstance(path, Url) else os.path.lexists(path)
