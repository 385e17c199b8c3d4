"""A file in its place, whole or not at all.

Comes in: where a file is wanted, what writes it, and what may be replaced. Goes out: where it stands now, and why if
that is elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from importer import files, storage
from importer.errors import ResultsNotWritten
from importer.files import Draft, FileTrouble
from importer.messages import Message, say
from importer.results.overwriting import NeverOverwrite, OverwritePolicy
from importer.storage import Url

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
    """A file that stands.

    Attributes:
        path: where.
        remark: in plain words, why it isn't what or where it was meant to be; None if it is.
        is_owed: whether it is still to be put where it was wanted, which the same command again does.
    """

    path: Path
    remark: Message | None = None
    is_owed: bool = False


def save(target: Path, fill: Callable[[Draft], None], policy: OverwritePolicy) -> Written:
    """Put a file at ``target``, or as near to it as can be.

    A file that must stay, is open elsewhere or read-only is left alone: the next name beside it that is free, or whose
    file may be replaced, is taken. Where the folder takes no file, the current folder, the home folder and the
    system's temporary folder are tried.

    Args:
        target: where it is wanted; a link is followed, so that the link stays, unless somebody may have planted it.
        fill: writes the whole file; may be called more than once.
        policy: which files may be replaced, and what the file is made of.

    Raises:
        ResultsNotWritten: no folder took it.
    """
    if isinstance(target, Url):
        return _put(target, fill, policy)
    place = _place(target)
    troubles: list[tuple[Path, Message]] = []
    last: OSError | None = None
    for folder in _folders(place.parent):
        home = folder == place.parent
        try:
            with files.draft(folder / place.name) as draft:
                fill(draft)
                _finish(draft, place, policy.source)
                path, why = _settle(draft, folder / place.name, policy)
        except OSError as error:
            troubles.append((folder, plain(error)))
            last = error.with_traceback(None)
            continue
        if home:
            return Written(target.with_name(path.name), _beside(path, why)) if path != place else Written(target)
        why_not = troubles[0][1]
        return Written(path, say("written.elsewhere", folder=str(target.parent), why=why_not, file=str(path)))
    listed = tuple(say("written.trouble", folder=str(folder), why=why_not) for folder, why_not in troubles)
    raise ResultsNotWritten(say("written.nowhere", file=target.name, troubles=listed)) from last


def _put(target: Url, fill: Callable[[Draft], None], policy: OverwritePolicy) -> Written:
    """The same at a URL: made in a private folder here, and put there whole; what can't be put stays here.

    Raises:
        ResultsNotWritten: it can't be put there, nor kept here.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="note-importer-") as name:
            folder = Path(name)
            with files.draft(folder / f"results{target.suffix}") as draft:
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
    """Put a file under the wanted name, or the next that can be had, and nothing over what it hasn't looked at."""
    why: Message | None = None
    for number in range(1, _NAMES + 1):
        url = wanted if number == 1 else wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        for _ in range(_TRIES):
            seen, objection = storage.version(url), None
            if seen is not None:
                with storage.copy_of(url) as here:
                    objection = policy.objection(url, here)
            if objection:
                why = why or objection
                break
            policy.enter(url, draft.digest)
            try:
                storage.put(draft.content, url, instead_of=seen)
            except FileExistsError:  # somebody put another there in the same moment
                why = why or say("stays.just-changed", file=url.name)
                continue
            return url, why
    raise _none_free(wanted)


def _place(target: Path) -> Path:
    """Where a name leads; a link that somebody may have planted leads nowhere, and may be replaced itself."""
    with contextlib.suppress(OSError):
        link, folder = target.lstat(), target.parent.stat()
        if os.name == "posix" and is_planted(link, folder, os.geteuid()):
            return target.parent.resolve() / target.name
    return target.resolve()


def is_planted(link: os.stat_result, folder: os.stat_result, user: int) -> bool:
    """Whether it is a link that a stranger put into a folder that is open to others: not the user, nor its owner.

    Linux follows no such link either, where the folder has the sticky bit.
    """
    is_open = bool(folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return stat.S_ISLNK(link.st_mode) and is_open and link.st_uid not in (user, folder.st_uid)


def plain(error: OSError) -> Message:
    """What went wrong, in words for a person."""
    return say(f"disk.{_PLAIN[error.errno]}") if error.errno in _PLAIN else files.why(error)


def _folders(wanted: Path) -> list[Path]:
    found = [wanted]
    for find in (Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RuntimeError):  # a folder that is gone, a user without a home
            found.append(find().resolve())
    return list(dict.fromkeys(found))


def _finish(draft: Draft, place: Path, source: Path | None) -> None:
    """Give the file the rights that it may have: no more than its source, what it replaces, and the umask allow."""
    bounds = []
    rights = files.USUAL if draft.folder == place.parent else files.OWNER_ONLY  # other people may come into that folder
    with contextlib.suppress(OSError):
        bounds.append(place.stat())
    if isinstance(source, Url):
        rights = files.OWNER_ONLY
    elif source is not None:
        try:
            bounds.append(source.stat() if source != _STANDARD_INPUT else os.fstat(0))
        except OSError:  # it is gone
            rights = files.OWNER_ONLY
    draft.finish(rights, bounds)


def _settle(draft: Draft, wanted: Path, policy: OverwritePolicy) -> tuple[Path, Message | None]:
    """Rename to the wanted name, or to the next that can be had; say why not the wanted."""
    why: Message | None = None
    trouble: OSError | None = None
    for number in range(1, _NAMES + 1):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        for _ in range(_TRIES):
            seen = _version(path)
            if objection := _objection(path, policy):
                why = why or objection
                break
            policy.enter(path, draft.digest)  # before it stands: whoever is killed in between has entered too much
            try:
                _replace(draft, path, seen)
            except FileExistsError:  # it appeared in the same moment
                continue
            except PermissionError as error:  # on Windows: open in another program
                why = why or say("stays.protected", file=wanted.name)
                trouble = error
                break
            return path, why
    raise trouble or _none_free(wanted)


def _none_free(wanted: Path) -> FileTrouble:
    return FileTrouble(say("written.no-name-free", file=wanted.name, n=_NAMES - 1), errno.EEXIST)


def _version(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file does, whatever it is called; None where there is none."""
    with contextlib.suppress(OSError):
        there = path.stat()
        return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns
    return None


def _replace(draft: Draft, path: Path, seen: tuple[int, ...] | None) -> None:
    """Put a file in its place, where nothing stands but what was seen there and may go.

    Raises:
        FileExistsError: something else has come there meanwhile; it stays.
        OSError: the system doesn't let the file be put there.
    """
    if seen is None and not os.path.lexists(path):
        draft.put_new(path)
        return
    aside = draft.path.with_suffix(".old")
    try:
        path.replace(aside)
    except FileNotFoundError:
        draft.put_new(path)
        return
    if _version(aside) != seen:
        files.put_back(aside, path)
        raise FileExistsError(errno.EEXIST, f"{path.name} was changed meanwhile")
    try:
        draft.put_new(path)
    except BaseException:
        files.put_back(aside, path)
        raise
    with contextlib.suppress(OSError):  # the results are in their place, whatever becomes of the old file
        aside.unlink()


def _objection(path: Path, policy: OverwritePolicy) -> Message | None:
    """Why a file can't be put there, or nothing."""
    if path.is_dir():
        return say("stays.folder", file=path.name)
    if any(path.with_name(mark).exists() for mark in (f"~${path.name}", f".~lock.{path.name}#")):
        return say("stays.open", file=path.name)  # Excel and LibreOffice leave these while it is open
    if not path.exists():
        return None
    if not path.is_file():
        return say("stays.no-file", file=path.name)
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        return say("stays.read-only", file=path.name)
    return policy.objection(path, path)
