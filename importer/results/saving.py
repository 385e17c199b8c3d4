"""Put a complete new file in its place, under a name that no file has yet. No existing file is ever replaced.

Input: the wanted path, a function that writes the file, and the source that bounds its permissions. Output:
:class:`Written`. Others may use the folder, so a name is taken exclusively, and no link at it is followed.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from importer import files, storage
from importer.errors import ResultsNotWritten
from importer.files import Draft, FileTrouble
from importer.messages import Message, say
from importer.storage import Url

_NAMES = 9_999


@dataclass(frozen=True)
class Written:
    """A file that was saved at a path or URL.

    ``remark`` says why it has another form or place than wanted. If it ``is_owed``, it is still missing at the wanted
    place, and running the same command again puts it there.
    """

    path: Path
    remark: Message | None = None
    is_owed: bool = False


def save(target: Path, fill: Callable[[Draft], None], source: Path | None = None) -> Written:
    """Save a new file at ``target``, or as near to it as possible; raise ResultsNotWritten if no folder takes it.

    If the name is taken, the file gets the next free numbered name. If the folder can't be written, the current folder,
    the home folder and the system's temporary folder are tried. ``fill`` may be called more than once. The new file is
    readable by no more users than ``source``, from which it is made.
    """
    if isinstance(target, Url):
        return _put(target, fill, source)
    wanted = target.parent.resolve()
    failures: list[tuple[Path, Message]] = []
    last_error: OSError | None = None
    for folder in _folders(wanted):
        try:
            with files.draft(folder / target.name) as draft:
                fill(draft)
                _finish(draft, wanted, source)
                path = _settle(draft, folder / target.name)
        except OSError as error:
            failures.append((folder, files.why(error)))
            last_error = error.with_traceback(None)
            continue
        if folder == wanted:
            return _written(target, target.with_name(path.name))
        why_not = failures[0][1]
        return Written(path, say("written.elsewhere", folder=str(target.parent), why=why_not, file=str(path)))
    listed = tuple(say("labelled", label=str(folder), text=why_not) for folder, why_not in failures)
    raise ResultsNotWritten(say("written.nowhere", file=target.name, troubles=listed)) from last_error


def _written(wanted: Path, path: Path) -> Written:
    return Written(path, None if path == wanted else say("written.beside", taken=wanted.name, file=path.name))


def _put(target: Url, fill: Callable[[Draft], None], source: Path | None) -> Written:
    """Write a file in a private temporary folder and upload it. If this fails, save it in the current folder."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder,
            files.draft(Path(folder) / f"results{target.suffix}") as draft,
        ):
            fill(draft)
            draft.finish(files.OWNER_ONLY)
            for url in files.numbered(target, _NAMES):
                if storage.version(url) is None:
                    storage.put(draft.content, url)
                    return _written(target, url)
            raise _none_free(target)
    except OSError as error:
        kept = save(Path.cwd() / storage.local_name(target), fill, source)
        about = {"file": target.name, "folder": str(target.parent), "here": str(kept.path)}
        return Written(kept.path, say("written.owed", **about, why=files.why(error)), is_owed=True)


def _folders(wanted: Path) -> list[Path]:
    folders = [wanted]
    for locate in (Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RuntimeError):  # the folder was deleted, or the user has no home folder
            folders.append(locate().resolve())
    return list(dict.fromkeys(folders))


def _finish(draft: Draft, wanted: Path, source: Path | None) -> None:
    """Finish the file with no more access rights than its source and the umask allow."""
    rights = files.USUAL if draft.folder == wanted else files.OWNER_ONLY  # others may have access to that folder
    bounds = []
    if isinstance(source, Url):
        rights = files.OWNER_ONLY
    elif source is not None:
        try:
            bounds.append(source.stat())
        except OSError:  # standard input, or the source was deleted
            rights = files.OWNER_ONLY
    draft.finish(rights, bounds)


def _settle(draft: Draft, wanted: Path) -> Path:
    """Give the file the wanted name or the next free one, and return its path."""
    for path in files.numbered(wanted, _NAMES):
        with contextlib.suppress(FileExistsError):
            draft.put_new(path)
            return path
    raise _none_free(wanted)


def _none_free(wanted: Path) -> FileTrouble:
    return FileTrouble(say("written.no-name-free", file=wanted.name, n=_NAMES - 1), errno.EEXIST)
