"""List every place on this machine where the program keeps something, and remove what isn't the person's own.

Input: settings, and the log file. Output: a :class:`Place` for each kind of data, with the files that are there now;
the files and folders that nobody needs any more. The journal and the person's sheets and results are never removed.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import platformdirs

from importer import scratch
from importer.commands.workspaces import opened
from importer.journal import identity
from importer.settings import Settings, journal_place, profiles
from importer.storage import Url

PERSONAL = frozenset({"page", "practice", "results", "archive", "people", "temporary", "unfinished"})
"""Kinds of places that may hold texts, emails or names of customers."""

in_use = scratch.in_use
"""Mark a folder as in use while a block runs, so that nothing in it is disposable."""

_DRAFT = re.compile(r"\.[0-9a-f]{8}\..*\.(tmp|old)", re.DOTALL)
_ANY = re.compile(".*", re.DOTALL)
_AT_WORK = 3600.0  # seconds without a change after which a draft counts as left behind
_LOG_OF_A_DAY = re.compile(r"\.\d{4}-\d\d-\d\d")
_READERS = ("everyone", "group", "owner")


@dataclass(frozen=True)
class Place:
    """Place where the program keeps something.

    Attributes:
        kind: the kind of its content.
        path: path of the folder or the file, or a URL.
        files: the files that are there now, as far as they are the program's or a run's.
    """

    kind: str
    path: str
    files: tuple[Path, ...] = ()

    @property
    def size(self) -> int:
        """Size of the files in bytes."""
        return sum(info.st_size for info in map(_info, self.files) if info is not None)

    @property
    def access(self) -> tuple[str, str]:
        """Users who can read a file of the place (owner, group, everyone), and its permissions as octal digits.

        On Windows, and if there is no file, both are empty.
        """
        found = [_access(path) for path in self.files] if os.name == "posix" else []
        return min(found, key=lambda access: _READERS.index(access[0]), default=("", ""))


def places(settings: Settings, log_file: Path | None) -> list[Place]:
    """Return all places, also those where nothing is yet."""
    journal, profile_file, data = journal_place(settings.journal), profiles.profiles_file(), _data()
    named = [Path(file) for file in profiles.named_files("api-key-file", "notify-file")]
    known = [
        Place("journal", str(journal), _beside(journal) if isinstance(journal, Path) else ()),
        Place("workspaces", str(identity.folder()), _files(identity.folder())),
        Place("profiles", str(profile_file), tuple(path for path in (profile_file, *named) if path.is_file())),
        Place("page", str(data / "page"), tuple(path for path in _files(data / "page") if not _practises(path, data))),
        Place("practice", str(data / "page" / "practice-*"), tuple(chain(*map(_files, _practice(data))))),
        Place("live", str(data / "live"), _files(data / "live")),
    ]
    if log_file is not None:
        known.append(Place("log", str(log_file.absolute()), _beside(log_file)))
    for kind, path in (("people", settings.unknown_emails), ("archive", settings.archive)):
        if path is not None:
            known.append(Place(kind, str(path), _files(path, _ANY)))
    folders = _folders(settings)
    pattern = re.sub(r"\\\{(name|date|time)\\\}", ".*", re.escape(settings.results_name or "{name}.results.xlsx"))
    of_runs = re.compile(rf"{pattern}|.*\.rehearsal\.xlsx|.*\.results.*\.(xlsx|csv)", re.DOTALL)
    results = [Place("results", str(folder), _files(folder, of_runs)) for folder in folders]
    known += [place for place in results if place.files] or results[:1]
    temporary = Path(tempfile.gettempdir())
    known.append(
        Place("temporary", str(temporary / f"{scratch.PREFIX}*"), tuple(chain(*map(_files, scratch.folders()))))
    )
    for folder in dict.fromkeys([*folders, *_own(known)]):
        if drafts := _files(folder, _DRAFT):
            known.append(Place("unfinished", str(folder), drafts))
    return known


def disposable(settings: Settings, log_file: Path | None) -> tuple[list[Path], list[Path]]:
    """Return the files and folders that nobody needs any more, and those that are left alone because they are in use.

    A file that was set aside (``.old``) may be the only copy of something, so it is never among them.
    """
    page = _data() / "page"
    kept = {page / "profile.txt", *page.glob(scratch.LOCKS)}
    uploads = [path for path in sorted(page.glob("*")) if path not in kept]
    is_open = bool(uploads) and scratch.is_in_use(page)
    drafts = [path for place in places(settings, None) if place.kind == "unfinished" for path in place.files]
    abandoned = [path for path in drafts if path.suffix == ".tmp" and _age(path) > _AT_WORK]
    logs = [path for path in _beside(log_file) if _LOG_OF_A_DAY.fullmatch(path.suffix)] if log_file is not None else []
    left_over = [*scratch.left_over()]
    busy = [*([page] if is_open else []), *(path for path in scratch.folders() if path not in left_over)]
    busy += [path for path in drafts if path.suffix == ".tmp" and path not in abandoned]
    return [*([] if is_open else uploads), *left_over, *abandoned, *logs], busy


def remove(paths: Iterable[Path]) -> list[Path]:
    """Remove files and folders, and return those that could not be removed or have come into use."""
    left, page = [], _data() / "page"
    for path in paths:
        try:
            if scratch.is_in_use(page if page in path.parents else path):
                left.append(path)
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError:
            left.append(path)
    return left


def size_of(path: Path) -> int:
    """Return the size of a file, or of all files in a folder, in bytes."""
    return Place("", str(path), _files(path)).size


def _data() -> Path:
    return platformdirs.user_data_path("note-importer", appauthor=False)


def _practice(data: Path) -> list[Path]:
    return sorted((data / "page").glob("practice-*"))


def _practises(path: Path, data: Path) -> bool:
    return path.relative_to(data / "page").parts[0].startswith("practice-")


def _own(known: Iterable[Place]) -> Iterator[Path]:
    """Yield the folders of the journal, the profiles, the log and the archive, where drafts may be left behind."""
    for place in known:
        if place.kind in ("journal", "workspaces", "profiles", "log", "archive", "people") and "://" not in place.path:
            path = Path(place.path).absolute()
            yield path if path.is_dir() else path.parent


def _folders(settings: Settings) -> list[Path]:
    """Return the folders where results are: beside the files of all runs, and where they go if that is impossible."""
    folders = [Path.cwd(), Path.home(), Path(tempfile.gettempdir())]
    if settings.results is not None and not isinstance(settings.results, Url):
        folders.append(settings.results.parent)
    with opened(settings) as journal:
        if journal is not None:
            folders += [Path(run.file).parent for run in journal.runs.listed() if "://" not in run.file]
            pending = journal.pending_results.pending(settings.workspace)
            folders += [Path(one.results).parent for one in pending if "://" not in one.results]
    return list(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()))


def _beside(path: Path) -> tuple[Path, ...]:
    """Return a file and the files named after it, as a journal's log and lock are, and the logs of earlier days."""
    return tuple(sorted(path.absolute().parent.glob(f"{glob.escape(path.name)}*")))


def _files(path: Path, name: re.Pattern[str] | None = None) -> tuple[Path, ...]:
    """Return the file, or the files in a folder: all with the folders in it, or those directly in it with a name."""
    with contextlib.suppress(OSError):
        if isinstance(path, Url) or path.is_file():
            return () if isinstance(path, Url) else (path,)
        found = path.rglob("*") if name is None else path.iterdir()
        return tuple(sorted(one for one in found if (name is None or name.fullmatch(one.name)) and one.is_file()))
    return ()


def _info(path: Path) -> os.stat_result | None:
    with contextlib.suppress(OSError):
        return path.stat()
    return None


def _age(path: Path) -> float:
    info = _info(path)
    return 0.0 if info is None else time.time() - info.st_mtime


def _access(path: Path) -> tuple[str, str]:
    """Return who can read a file, and its permissions. A folder above it may be closed to others."""
    mode, *above = [info.st_mode for info in map(_info, (path, *path.absolute().parents)) if info is not None] or [0]
    for who, may_read, may_enter in zip(
        _READERS, (stat.S_IROTH, stat.S_IRGRP), (stat.S_IXOTH, stat.S_IXGRP), strict=False
    ):
        if mode & may_read and all(folder & may_enter for folder in above):
            return who, f"{stat.S_IMODE(mode):o}"
    return "owner", f"{stat.S_IMODE(mode):o}"
