"""Which files are to be imported: files, folders and patterns in; files in a stable order out, and what was left out.

A folder means every spreadsheet in it. What is named by itself is imported whatever it is called; of what a folder or
a pattern holds, our own results, hidden files and the marks of open programs aren't meant.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer import files, storage
from importer.errors import UnreadableFile
from importer.messages import Message, say
from importer.results.csvfile import holds_problems
from importer.resultsfile import is_results
from importer.storage import Url, place

ENDINGS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt"})
"""Of spreadsheets; also .xlsb, which isn't read: better a message than notes that nobody misses."""

STILL_YOUNG = 60.0
"""Seconds since its last change after which a file is taken to be whole."""

_HIDDEN = getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0)


@dataclass(frozen=True)
class FileCandidate:
    """A file whose turn comes, or a place in which there is none.

    Attributes:
        path: the file, or the place.
        is_named: whether a person named it; then it is imported at once, however young it is.
        nothing: what is said of a place that holds no file; empty for a file.
    """

    path: Path
    is_named: bool = True
    nothing: Message | None = None


@dataclass(frozen=True)
class Chosen:
    """What was chosen.

    Attributes:
        candidates: in the order in which their turns come; a file comes once.
        left_out: what lay there and isn't imported → why, as half a sentence.
    """

    candidates: Sequence[FileCandidate]
    left_out: Sequence[tuple[Path, Message]] = ()

    @property
    def is_one_file(self) -> bool:
        """Whether a person named a single file."""
        return len(self.candidates) == 1 and self.candidates[0].is_named and not self.left_out


def choose(named: Sequence[str | Path]) -> Chosen:
    """Find the files that a person named: files, folders and patterns such as ``exports/*.csv``, here or at a URL.

    Raises:
        UnreadableFile: a folder can't be looked into.
        NotReached: the store of a URL can't be reached.
    """
    found: list[FileCandidate] = []
    left_out: list[tuple[Path, Message]] = []
    for name in named:
        path = place(name)
        if isinstance(path, Url):
            found += _elsewhere(path, left_out)
        elif path.is_dir():
            try:
                inside = [entry for entry in path.iterdir() if entry.suffix.lower() in ENDINGS]
            except OSError as error:
                raise UnreadableFile(
                    say("choosing.folder-unreadable", path=str(path), error=files.why(error))
                ) from error
            found += _of_place(path, say("choosing.the-folder", place=str(path)), inside, left_out)
        elif glob.has_magic(str(name)) and not path.exists():
            inside = [Path(entry) for entry in glob.glob(str(name), recursive=True)]  # noqa: PTH207 - it may be absolute
            found += _of_place(path, say("choosing.stands-for", place=str(path)), inside, left_out)
        else:
            found.append(FileCandidate(path))
    return Chosen(list(_once(_without_results(found, left_out))), left_out)


def _elsewhere(url: Url, left_out: list[tuple[Path, Message]]) -> Iterable[FileCandidate]:
    """The same at a URL."""
    is_pattern = glob.has_magic(str(url))
    inside = storage.matching(url) if is_pattern else storage.files_in(url)
    if inside is None:
        return [FileCandidate(url)]
    if is_pattern:
        return _of_place(url, say("choosing.stands-for", place=str(url)), inside, left_out)
    sheets = [found for found in inside if found.suffix.lower() in ENDINGS]
    return _of_place(url, say("choosing.the-folder", place=str(url)), sheets, left_out)


def _of_place(
    place: Path, where: Message, inside: Iterable[Path], left_out: list[tuple[Path, Message]]
) -> Iterator[FileCandidate]:
    """The files of a folder or a pattern, in the order of their names."""
    is_empty, is_left_out = True, 0
    for path in sorted(inside, key=lambda path: (str(path).casefold(), str(path))):
        if is_hidden(path) or not (isinstance(path, Url) or path.is_file()):
            continue
        if isinstance(path, Url) and (unfit := storage.why_unfit(path)):
            left_out.append((path, unfit))
            continue
        if (ours := _ours(path)) is not None:
            left_out.append((path, ours))
            is_left_out += 1
            continue
        is_empty = False
        yield FileCandidate(path, is_named=False)
    if is_empty:
        nothing = say("choosing.no-spreadsheet", where=where)
        if is_left_out:
            nothing = say("choosing.only-ours", where=where, n=is_left_out)
        yield FileCandidate(place, nothing=nothing)


def is_hidden(path: Path) -> bool:
    """Whether it isn't meant for people: hidden, or the mark of a program that has a file open."""
    if path.name.startswith((".", "~$")):
        return True
    if isinstance(path, Url):
        return False
    try:
        return bool(getattr(path.stat(), "st_file_attributes", 0) & _HIDDEN)
    except OSError:
        return False  # what is wrong with it is said when its turn comes


def _ours(path: Path) -> Message | None:
    """Why a file isn't one to import, if a run or a check wrote it."""
    if isinstance(path, Url):
        with contextlib.suppress(OSError), storage.copy_of(path) as here:
            return _ours(here)
        return None  # what is wrong with it is said when its turn comes
    try:
        with path.open("rb") as file:
            if is_results(file):
                return say("choosing.results")
        if path.suffix.lower() == ".csv" and holds_problems(path):
            return say("choosing.problems")
    except (OSError, ValueError):
        pass
    return None


def _without_results(found: Sequence[FileCandidate], left_out: list[tuple[Path, Message]]) -> Iterator[FileCandidate]:
    """A shell makes names of ``*.xlsx``: results that stand there among others aren't meant; named alone they are."""
    ours = {candidate.path for candidate in found if candidate.is_named and len(found) > 1 and _ours(candidate.path)}
    if len(ours) == len(found):
        ours = set()
    for candidate in found:
        if candidate.path in ours:
            left_out.append((candidate.path, say("choosing.results-among-others")))
        else:
            yield candidate


def _once(found: Iterable[FileCandidate]) -> Iterator[FileCandidate]:
    seen = set()
    for candidate in found:
        path = candidate.path
        key = str(path) if isinstance(path, Url) else os.path.normcase(os.path.realpath(path))
        if key not in seen:
            seen.add(key)
            yield candidate


def is_there(path: Path) -> bool:
    """Whether a file that was chosen is still there.

    Raises:
        NotReached: the store of a URL can't be reached.
    """
    return storage.is_there(path) if isinstance(path, Url) else path.exists()


def why_not_yet(path: Path, now: float) -> Message | None:
    """Why a file is better left for next time: somebody is at work on it; empty if nobody seems to be.

    Args:
        path: the file.
        now: seconds since 1970, by the system's clock.
    """
    if isinstance(path, Url):
        changed_at = storage.changed_at(path)
        return None if changed_at is None else _why_too_young(now - changed_at)
    for mark in (f"~${path.name}", f".~lock.{path.name}#"):  # Excel and LibreOffice leave these while it is open
        if path.with_name(mark).exists():
            return say("choosing.open-in-program", mark=mark)
    try:
        with path.open("rb"):
            pass
    except PermissionError:
        if os.name == "nt":
            return say("choosing.locked")
    except OSError:
        pass  # said when it is read
    else:
        return _why_too_young(now - path.stat().st_mtime)
    return None


def _why_too_young(age: float) -> Message | None:
    if abs(age) >= STILL_YOUNG:
        return None
    return say("choosing.too-young", seconds=max(0, round(age)))
