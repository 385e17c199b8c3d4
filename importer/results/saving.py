"""Put a complete file in its place, or leave the place unchanged; and decide which existing files may be replaced.

Input: the wanted path, a function that writes the file, and the policy for existing files. Output: :class:`Written`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from importer import files, storage
from importer.errors import JournalFailed, ResultsNotWritten
from importer.files import Draft, FileTrouble
from importer.journal import Journal
from importer.messages import Message, say
from importer.resultsfile import is_results
from importer.storage import Url, is_same

_NAMES, _TRIES = 99, 5
_STANDARD_INPUT = Path("-")
_PLAIN = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EACCES: "not-allowed",
    errno.EPERM: "not-allowed",
    errno.EROFS: "read-only",
    errno.ENOENT: "no-folder",
    errno.ENOTDIR: "no-folder",
}


@dataclass(frozen=True)
class Written:
    """A file that was saved.

    Attributes:
        path: path or URL of the file.
        remark: why the file has another form or place than wanted; None if it is as wanted.
        is_owed: whether the file is still missing at the wanted place; running the same command again puts it there.
    """

    path: Path
    remark: Message | None = None
    is_owed: bool = False


class OverwritePolicy(Protocol):
    """A policy that decides which existing files may be replaced, and names the source of the new file."""

    @property
    def source(self) -> Path | None:
        """The file from which the new one is made; the new file is readable by no more users than this one."""

    def objection(self, place: Path, here: Path) -> Message | None:
        """Return why the existing file must stay, as a clause that begins with its name; None if it may be replaced.

        Args:
            place: path or URL of the file.
            here: the same, or a local copy of the file.
        """

    def enter(self, place: Path, digest: bytes) -> None:
        """Record that a file with this SHA-256 digest is about to be put at this place."""


class NeverOverwrite:
    """A policy that keeps every existing file, except one that the user named."""

    def __init__(self, but: Path | None = None, source: Path | None = None) -> None:
        self._but, self.source = but, source

    def objection(self, place: Path, here: Path) -> Message | None:  # noqa: ARG002 - the content doesn't matter
        """See :class:`OverwritePolicy`."""
        return None if place == self._but else say("stays.exists", file=place.name)

    def enter(self, place: Path, digest: bytes) -> None:
        """Record nothing."""


class OverwriteWritten:
    """A policy that replaces results files that are unchanged since a run wrote them.

    Results that the user has changed stay, and so do all other files. Results at a place where this journal recorded
    none are replaced, as in earlier versions: another journal may have recorded them.

    Args:
        journal: the journal that records results files.
        source: the imported file; it stays even if it is an unchanged results file.
        is_earlier: returns whether an earlier version wrote an open file, which the journal may not have recorded.
        keeps: whether results that a run wrote stay, too.
    """

    def __init__(
        self,
        journal: Journal,
        source: Path,
        is_earlier: Callable[[BinaryIO], bool] = is_results,
        *,
        keeps: bool = False,
    ) -> None:
        self._journal, self.source, self._is_earlier, self._keeps = journal, source, is_earlier, keeps

    def objection(self, place: Path, here: Path) -> Message | None:
        """See :class:`OverwritePolicy`."""
        if is_same(place, self.source):
            return say("stays.imported", file=place.name)
        try:
            if self._journal.files.wrote(files.digest(here)):
                return say("stays.earlier-run", file=place.name) if self._keeps else None
            was_written_here = self._journal.files.wrote_at(hashed(place))
            with here.open("rb") as file:
                if not was_written_here and self._is_earlier(file):
                    return None
        except OSError:
            return say("stays.unreadable", file=place.name)
        except JournalFailed:
            return say("stays.journal-unreadable", file=place.name)
        return say("stays.changed" if was_written_here else "stays.not-ours", file=place.name)

    def enter(self, place: Path, digest: bytes) -> None:
        """Record the file in the journal. If the journal can't be written, the file is saved all the same."""
        with contextlib.suppress(JournalFailed):
            self._journal.files.enter(digest, hashed(place))


def hashed(place: Path) -> bytes:
    """Return the digest by which the journal knows the path of a results file."""
    return hashlib.sha256(os.fsencode(place)).digest()


def save(target: Path, fill: Callable[[Draft], None], policy: OverwritePolicy) -> Written:
    """Save a file at ``target``, or as near to it as possible.

    An existing file that must stay, is open in a program or is read-only is not changed. Then the file gets the next
    numbered name that is free or may be replaced. If the folder can't be written, the current folder, the home folder
    and the system's temporary folder are tried.

    Args:
        target: the wanted path or URL. A link is followed and stays, unless another user may have planted it.
        fill: writes the whole file; may be called more than once.
        policy: decides which files may be replaced, and names the source of the new file.

    Raises:
        ResultsNotWritten: the file can't be written to any folder.
    """
    if isinstance(target, Url):
        return _put(target, fill, policy)
    place = _place(target)
    failures: list[tuple[Path, Message]] = []
    last_error: OSError | None = None
    for folder in _folders(place.parent):
        is_wanted_folder = folder == place.parent
        try:
            with files.draft(folder / place.name) as draft:
                fill(draft)
                _finish(draft, place, policy.source)
                path, why = _settle(draft, folder / place.name, policy)
        except OSError as error:
            failures.append((folder, plain(error)))
            last_error = error.with_traceback(None)
            continue
        if is_wanted_folder:
            return Written(target.with_name(path.name), _beside(path, why)) if path != place else Written(target)
        why_not = failures[0][1]
        return Written(path, say("written.elsewhere", folder=str(target.parent), why=why_not, file=str(path)))
    listed = tuple(say("written.trouble", folder=str(folder), why=why_not) for folder, why_not in failures)
    raise ResultsNotWritten(say("written.nowhere", file=target.name, troubles=listed)) from last_error


def _put(target: Url, fill: Callable[[Draft], None], policy: OverwritePolicy) -> Written:
    """Write a file in a private temporary folder and upload it to a URL. If this fails, save it in the current folder.

    Raises:
        ResultsNotWritten: the file can be neither uploaded nor saved locally.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder,
            files.draft(Path(folder) / f"results{target.suffix}") as draft,
        ):
            fill(draft)
            draft.finish(files.OWNER_ONLY)
            path, why = _settle_elsewhere(draft, target, policy)
    except OSError as error:
        kept = save(Path.cwd() / storage.local_name(target), fill, NeverOverwrite(source=policy.source))
        return Written(
            kept.path,
            say(
                "written.owed",
                file=target.name,
                folder=str(target.parent),
                why=plain(error),
                here=str(kept.path),
            ),
            is_owed=True,
        )
    return Written(path, None if path == target else _beside(path, why))


def _beside(path: Path, why: Message | None) -> Message | None:
    return why and say("written.beside", why=why, file=path.name)


def _settle_elsewhere(draft: Draft, wanted: Url, policy: OverwritePolicy) -> tuple[Url, Message | None]:
    """Upload a file under the wanted name or the next possible one. Replace only the version that was checked."""
    why: Message | None = None
    for url in files.numbered(wanted, _NAMES):
        for _ in range(_TRIES):
            version, objection = storage.version(url), None
            if version is not None:
                with storage.copy_of(url) as copy:
                    objection = policy.objection(url, copy)
            if objection:
                why = why or objection
                break
            policy.enter(url, draft.digest)
            try:
                storage.put(draft.content, url, instead_of=version)
            except FileExistsError:  # another process replaced it in the meantime
                why = why or say("stays.just-changed", file=url.name)
                continue
            return url, why
    raise _none_free(wanted)


def _place(target: Path) -> Path:
    """Return the path with links resolved. A link that another user may have planted is not followed but replaced."""
    with contextlib.suppress(OSError):
        link, folder = target.lstat(), target.parent.stat()
        if os.name == "posix" and is_planted(link, folder, os.geteuid()):
            return target.parent.resolve() / target.name
    return target.resolve()


def is_planted(link: os.stat_result, folder: os.stat_result, user: int) -> bool:
    """Return whether a path is a link in a folder writable by others, made by neither the user nor the folder's owner.

    Linux doesn't follow such links either if the folder has the sticky bit.
    """
    is_open = bool(folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return stat.S_ISLNK(link.st_mode) and is_open and link.st_uid not in (user, folder.st_uid)


def plain(error: OSError) -> Message:
    """Return a plain message for an error of the file system."""
    return say(f"disk.{_PLAIN[error.errno]}") if error.errno in _PLAIN else files.why(error)


def _folders(wanted: Path) -> list[Path]:
    folders = [wanted]
    for locate in (Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RuntimeError):  # the folder was deleted, or the user has no home folder
            folders.append(locate().resolve())
    return list(dict.fromkeys(folders))


def _finish(draft: Draft, place: Path, source: Path | None) -> None:
    """Finish the file with no more access rights than its source, the file that it replaces, and the umask allow."""
    bounds = []
    rights = files.USUAL if draft.folder == place.parent else files.OWNER_ONLY  # others may have access to that folder
    with contextlib.suppress(OSError):
        bounds.append(place.stat())
    if isinstance(source, Url):
        rights = files.OWNER_ONLY
    elif source is not None:
        try:
            bounds.append(source.stat() if source != _STANDARD_INPUT else os.fstat(0))
        except OSError:  # the source was deleted
            rights = files.OWNER_ONLY
    draft.finish(rights, bounds)


def _settle(draft: Draft, wanted: Path, policy: OverwritePolicy) -> tuple[Path, Message | None]:
    """Rename the file to the wanted name or the next possible one; also return why it isn't the wanted name."""
    why: Message | None = None
    last_error: OSError | None = None
    for path in files.numbered(wanted, _NAMES):
        for _ in range(_TRIES):
            version = _version(path)
            if objection := _objection(path, policy):
                why = why or objection
                break
            policy.enter(path, draft.digest)  # before renaming: a killed run then has recorded too much, not too little
            try:
                _replace(draft, path, version)
            except FileExistsError:  # a file appeared in the meantime
                continue
            except PermissionError as error:  # on Windows: open in another program
                why = why or say("stays.protected", file=wanted.name)
                last_error = error
                break
            return path, why
    raise last_error or _none_free(wanted)


def _none_free(wanted: Path) -> FileTrouble:
    return FileTrouble(say("written.no-name-free", file=wanted.name, n=_NAMES - 1), errno.EEXIST)


def _version(path: Path) -> tuple[int, ...] | None:
    """Return values that change whenever the file changes but not when it is renamed; None if there is no file."""
    with contextlib.suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return None


def _replace(draft: Draft, path: Path, version: tuple[int, ...] | None) -> None:
    """Put a file in its place, which must be free or still hold the version that may be replaced.

    Raises:
        FileExistsError: the place holds another file by now, which stays.
        OSError: the system refuses to put the file there.
    """
    if version is None and not os.path.lexists(path):
        draft.put_new(path)
        return
    old_file = draft.path.with_suffix(".old")
    try:
        path.replace(old_file)
    except FileNotFoundError:
        draft.put_new(path)
        return
    if _version(old_file) != version:
        files.put_back(old_file, path)
        raise FileExistsError(errno.EEXIST, f"{path.name} was changed meanwhile")
    try:
        draft.put_new(path)
    except BaseException:
        files.put_back(old_file, path)
        raise
    with contextlib.suppress(OSError):  # the results are in place, even if the old file can't be deleted
        old_file.unlink()


def _objection(path: Path, policy: OverwritePolicy) -> Message | None:
    """Return why a file can't be put at this path, or None."""
    if path.is_dir():
        return say("stays.folder", file=path.name)
    if any(path.with_name(lock).exists() for lock in (f"~${path.name}", f".~lock.{path.name}#")):
        return say("stays.open", file=path.name)  # Excel and LibreOffice create these lock files
    if not path.exists():
        return None
    if not path.is_file():
        return say("stays.no-file", file=path.name)
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        return say("stays.read-only", file=path.name)
    return policy.objection(path, path)
