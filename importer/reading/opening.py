"""Open the path, URL or standard input that a person named, as a local seekable file with its fingerprint.

A spreadsheet comes from outside, and a few kilobytes can unpack to terabytes. Every reader of this package counts what
it reads, never trusts the file's own counts, and stops at the limits of this module.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO

from importer import files, storage
from importer.errors import UnreadableFile
from importer.messages import Message, Part, say

CHUNK = 1 << 20
STANDARD_INPUT = "-"

SHEET_ROWS = 1_048_576
"""Number of rows of a worksheet in today's spreadsheet programs."""

MOST_SHEETS = 10_000
MOST_FORMATS = 100_000
"""Maximum number of cell formats; spreadsheet programs allow some 65,000."""

IsHeader = Callable[[Sequence[str]], bool]
"""Function that returns whether a row's texts are the needed headings."""
IsLikely = Callable[[Sequence[str], Sequence[Sequence[str]]], bool]
"""Function that returns whether a header and the rows below it may be meant to be imported too."""


@dataclass(frozen=True)
class Limits:
    """Limits on what is read of one file: large enough for real spreadsheets, small enough for any laptop.

    Attributes:
        unpacked_bytes: total size of a workbook's parts when unpacked.
        ratio: unpacked size over packed size of one part, checked once a part is larger than 64 MiB.
        cell_characters: characters in one cell (spreadsheet programs stop at 32,767; a CSV may hold more).
    """

    file_bytes: int = 2 * 1024**3
    unpacked_bytes: int = 4 * 1024**3
    ratio: int = 400
    columns: int = 2_000
    rows: int = 5_000_000
    cell_characters: int = 2_000_000

    def refuse(self, name: str, what: Message) -> UnreadableFile:
        """Return the error for exceeding the limit ``name``; ``what`` says where, without a full stop."""
        return UnreadableFile(say("reading.beyond-limit", what=what, limit=getattr(self, name)))


def bound(count: int, most: int, what: Message) -> None:
    """Raise UnreadableFile if a count exceeds ``most``, a number that no real workbook exceeds."""
    if count > most:
        raise damaged(what, say("part.more-than", most=most))


def damaged(what: Part, error: Part) -> UnreadableFile:
    """Return the error that a part of the file can't be read."""
    return UnreadableFile(say("reading.damaged", what=what, error=error))


@dataclass(frozen=True)
class KnownSheet:
    """A kind of sheet that was read before, and how. Each value counts only for a sheet with its headings."""

    is_header: IsHeader
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Options:
    """Settings for a file that a person may give; all others are detected.

    Attributes:
        header_row: the header's row number, from 1.
        delimiter: the column separator of a text file: one character, or its name (tab, comma, semicolon, pipe).
        known: kinds of sheets that were read before.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    limits: Limits = field(default_factory=Limits)
    known: Sequence[KnownSheet] = ()


@dataclass(frozen=True)
class Source:
    """A file to read, and how; ``is_header`` and ``is_likely`` are those of :func:`importer.reading.read`."""

    name: str
    options: Options
    is_header: IsHeader
    is_likely: IsLikely
    file: IO[bytes]
    fingerprint: str

    @property
    def limits(self) -> Limits:
        """Maximum amounts to read."""
        return self.options.limits


@contextmanager
def opened(name: str, options: Options, is_header: IsHeader, is_likely: IsLikely) -> Iterator[Source]:
    """Yield the opened file; raise UnreadableFile if it can't be opened or changes meanwhile."""
    with _opened(name, options.limits) as file:
        yield Source(name, options, is_header, is_likely, file, files.digest(file).hex())


@contextmanager
def _opened(source: str, limits: Limits) -> Iterator[IO[bytes]]:
    if source == STANDARD_INPUT:
        with tempfile.TemporaryFile() as file:
            _copy_input(file, limits)
            yield file
        return
    _refuse_by_name(source)
    if isinstance(url := storage.place(source), storage.Url):
        with tempfile.TemporaryFile() as file:
            with storage.opened(url) as stored:
                if stored.size > limits.file_bytes:
                    raise limits.refuse("file_bytes", say("limit.file", file=source, size=stored.size))
                shutil.copyfileobj(stored, file, CHUNK)
            yield file
        return
    with _open(source) as file:
        before = os.fstat(file.fileno())
        if before.st_size > limits.file_bytes:
            raise limits.refuse("file_bytes", say("limit.file", file=source, size=before.st_size))
        yield file
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise UnreadableFile(say("opening.changed", file=source))


def _refuse_by_name(path: str) -> None:
    """Raise UnreadableFile if the name shows that the file is a lock file or a link instead of a spreadsheet."""
    name = PurePath(path).name
    if name.startswith(("~$", ".~lock.")):
        original = name.removeprefix("~$").removeprefix(".~lock.").removesuffix("#")
        raise UnreadableFile(say("reading.lock", file=path, meant=repr(original)))
    if name.lower().endswith((".gsheet", ".url", ".webloc", ".lnk")):
        raise UnreadableFile(say("reading.link", file=path))


def _open(source: str) -> IO[bytes]:
    try:
        return files.opened(Path(source))
    except FileNotFoundError as exc:
        raise UnreadableFile(say("files.none", file=source)) from exc
    except files.NoRegularFile as exc:
        kind = "opening.folder" if exc.errno == errno.EISDIR else "opening.device"
        raise UnreadableFile(say(kind, file=source)) from exc
    except PermissionError as exc:
        raise UnreadableFile(say("opening.denied", file=source)) from exc
    except (OSError, ValueError) as exc:
        raise UnreadableFile(say("opening.failed", file=repr(source), error=files.why(exc))) from exc


def _copy_input(file: IO[bytes], limits: Limits) -> None:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or sys.stdin.isatty():
        raise UnreadableFile(say("opening.nothing-piped", file=STANDARD_INPUT))
    size = 0
    try:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limits.file_bytes:
                raise limits.refuse("file_bytes", say("limit.standard-input"))
            file.write(chunk)
    except OSError as exc:
        raise UnreadableFile(say("opening.standard-input", error=str(exc))) from exc


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the whole file in pieces."""
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk
