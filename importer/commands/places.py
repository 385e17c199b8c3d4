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
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import platformdirs

from importer import scratch, storage
from importer.commands.workspaces import opened
from importer.journal import identity
from importer.results.saving import hashed
from importer.settings import Settings, journal_place, profiles
from importer.storage import Url

PERSONAL = frozenset({"page", "practice", "results", "archive", "people", "temporary", "unfinished"})
"""Kinds of places that may hold texts, emails or names of customers."""

in_use = scratch.in_use
"""Mark a folder as in use while a block runs, so that nothing in it is disposable."""

_DRAFT = re.compile(r"\.[0-9a-f]{8}\..*\.(tmp|old)", re.DOTALL)
_SHEET = re.compile(r".*\.(xlsx|csv)", re.DOTALL | re.IGNORECASE)
_USUAL = re.compile(r"\.(results.*|rehearsal)\.(xlsx|csv)$")  # results that another journal recorded, or none
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
    def is_elsewhere(self) -> bool:
        """Whether the place is at a URL, whose files aren't counted."""
        return "://" in self.path

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
    page, of_page = data / "page", _files(data / "page")
    practice = tuple(path for path in of_page if path.relative_to(page).parts[0].startswith("practice-"))
    named = [Path(file) for file in profiles.named_files("api-key-file", "notify-file")]
    known = [
        Place("journal", str(journal), _beside(journal) if isinstance(journal, Path) else ()),
        Place("workspaces", str(identity.folder()), _files(identity.folder())),
        Place("profiles", str(profile_file), tuple(path for path in (profile_file, *named) if path.is_file())),
        Place("page", str(page), tuple(path for path in of_page if path not in practice)),
        Place("practice", str(page / "practice-*"), practice),
        Place("live", str(data / "live"), _files(data / "live")),
    ]
    if log_file is not None:
        known.append(Place("log", str(log_file.absolute()), _beside(log_file)))
    for kind, path in (("people", settings.unknown_emails), ("archive", settings.archive)):
        if path is not None:
            known.append(Place(kind, str(path), _files(path, _ANY)))
    results = _results(settings)
    known += [place for place in results if place.files or place.is_elsewhere] or results[:1]
    temporary = Path(tempfile.gettempdir())
    known.append(
        Place("temporary", str(temporary / f"{scratch.PREFIX}*"), tuple(chain(*map(_files, scratch.folders()))))
    )
    written = [Path(place.path).absolute() for place in [*results, *known] if not place.is_elsewhere]
    for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in written):
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


def _results(settings: Settings) -> list[Place]:
    """Return the folders where results are: beside the files of all runs, and where they go if that is impossible."""
    folders = [Path.cwd(), Path.home(), Path(tempfile.gettempdir())]
    folders += [] if settings.results is None else [settings.results.parent]
    with opened(settings) as journal:
        if journal is not None:
            pending = journal.pending_results.pending(settings.workspace)
            files = [*(run.file for run in journal.runs.listed()), *(one.results for one in pending)]
            folders += [storage.place(file).parent for file in files]
        urls = [path for path in folders if isinstance(path, Url)]
        local = [path.resolve() for path in folders if path not in urls and path.is_dir()]
        found = {
            folder: [
                path
                for path in _files(folder, _SHEET)
                if _USUAL.search(path.name) or (journal is not None and journal.files.wrote_at(hashed(path)))
            ]
            for folder in dict.fromkeys([*local, *urls])
        }
    lists = {settings.unknown_emails and settings.unknown_emails.absolute()}
    return [
        Place("results", str(folder), tuple(one for one in files if one not in lists))
        for folder, files in found.items()
    ]


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
