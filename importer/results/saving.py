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

from importer import elsewhere, files
from importer.elsewhere import Url
from importer.errors import ResultsNotWritten
from importer.files import Draft
from importer.results.overwriting import NeverOverwrite, OverwritePolicy

_NAMES, _TRIES = 99, 5
_STANDARD_INPUT = Path("-")


@dataclass(frozen=True)
class Written:
    """A file that stands.

    Attributes:
        path: where.
        remark: in plain words, why it isn't what or where it was meant to be; None if it is.
        is_owed: whether it is still to be put where it was wanted, which the same command again does.
    """

    path: Path
    remark: str | None = None
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
    troubles: list[str] = []
    why_not = ""
    last: OSError | None = None
    for folder in _folders(place.parent):
        home = folder == place.parent
        try:
            with files.draft(folder / place.name) as draft:
                fill(draft)
                _finish(draft, place, policy.source)
                path, why = _settle(draft, folder / place.name, policy)
        except OSError as error:
            troubles.append(f"{folder}: {plain(error)}")
            why_not = why_not or plain(error)
            last = error.with_traceback(None)
            continue
        if home and path == place:
            return Written(target)
        if home:
            return Written(target.with_name(path.name), f"{why}, so this is {path.name} beside it.")
        return Written(path, f"{target.parent} could not be written to ({why_not}), so this is {path}.")
    listed = "; ".join(troubles)
    raise ResultsNotWritten(
        f"{target.name} could not be written anywhere ({listed}). Make room or name another folder, and run again."
    ) from last


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
        kept = save(Path.cwd() / elsewhere.local_name(target), fill, NeverOverwrite(source=policy.source))
        return Written(
            kept.path,
            f"{target.name} could not be put to {target.parent}: {plain(error)}. It is kept here: {kept.path}. Run the"
            " same command again: what was delivered is left alone, and its results are put there.",
            is_owed=True,
        )
    return Written(path, None if path == target else f"{why}, so this is {path.name} beside it.")


def _settle_elsewhere(draft: Draft, wanted: Url, policy: OverwritePolicy) -> tuple[Url, str]:
    """Put a file under the wanted name, or the next that can be had, and nothing over what it hasn't looked at."""
    why = ""
    for number in range(1, _NAMES + 1):
        url = wanted if number == 1 else wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        for _ in range(_TRIES):
            seen, objection = elsewhere.version(url), ""
            if seen is not None:
                with elsewhere.copy_of(url) as here:
                    objection = policy.objection(url, here)
            if objection:
                why = why or objection
                break
            policy.enter(url, draft.digest)
            try:
                elsewhere.put(draft.content, url, instead_of=seen)
            except FileExistsError:  # somebody put another there in the same moment
                why = why or f"{url.name} was changed meanwhile and was left alone"
                continue
            return url, why
    raise FileExistsError(errno.EEXIST, f"{wanted.name} and {_NAMES - 1} names like it are taken")


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


def plain(error: OSError) -> str:
    """What went wrong, in words for a person."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "writing there is not allowed"
    if error.errno == errno.EROFS:
        return "the disk is read-only"
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return "there is no such folder"
    return error.strerror or str(error)


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


def _settle(draft: Draft, wanted: Path, policy: OverwritePolicy) -> tuple[Path, str]:
    """Rename to the wanted name, or to the next that can be had; say why not the wanted."""
    why = ""
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
                why = why or f"{wanted.name} is open in another program or protected"
                trouble = error
                break
            return path, why
    raise trouble or FileExistsError(errno.EEXIST, f"{wanted.name} and {_NAMES - 1} names like it are taken")


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


def _objection(path: Path, policy: OverwritePolicy) -> str:
    """Why a file can't be put there, or nothing."""
    if path.is_dir():
        return f"{path.name} is a folder"
    if any(path.with_name(mark).exists() for mark in (f"~${path.name}", f".~lock.{path.name}#")):
        return f"{path.name} is open in a spreadsheet program"  # Excel and LibreOffice leave these while it is open
    if not path.exists():
        return ""
    if not path.is_file():
        return f"{path.name} is no ordinary file"
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        return f"{path.name} is read-only"
    return policy.objection(path, path)
