"""Open the path, URL or standard input that a person named as a local seekable file, with its fingerprint."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from importer import storage
from importer.errors import UnreadableFile
from importer.messages import say
from importer.reading import detection
from importer.reading.limits import Deadline, Limits

CHUNK = 1 << 20
STANDARD_INPUT = "-"


@contextmanager
def opened(source: str, limits: Limits, deadline: Deadline) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the file and the SHA-256 of its bytes; raise UnreadableFile if it can't be opened or changes meanwhile."""
    if source == STANDARD_INPUT:
        with tempfile.TemporaryFile() as file:
            _copy_input(file, limits)
            yield file, _fingerprint(file, deadline)
        return
    detection.refuse_by_name(source)
    if isinstance(url := storage.place(source), storage.Url):
        with tempfile.TemporaryFile() as file:
            if (size := storage.fetch(url, file, limits.file_bytes)) > limits.file_bytes:
                raise limits.refuse("file_bytes", say("limit.file", file=source, size=size))
            yield file, _fingerprint(file, deadline)
        return
    with _open(source, limits) as file:
        before = os.fstat(file.fileno())
        yield file, _fingerprint(file, deadline)
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise UnreadableFile(say("opening.changed", file=source))


def _open(source: str, limits: Limits) -> IO[bytes]:
    try:
        _check_type(source)
        file = open(source, "rb")  # noqa: SIM115, PTH123 — handed to the caller, who closes it
    except FileNotFoundError as exc:
        raise UnreadableFile(say("files.none", file=source)) from exc
    except PermissionError as exc:
        raise UnreadableFile(say("opening.denied", file=source)) from exc
    except (OSError, ValueError) as exc:
        raise UnreadableFile(say("opening.failed", file=repr(source), error=str(exc))) from exc
    if (size := os.fstat(file.fileno()).st_size) > limits.file_bytes:
        file.close()
        raise limits.refuse("file_bytes", say("limit.file", file=source, size=size))
    return file


def _check_type(source: str) -> None:
    """Refuse folders, devices and pipes before opening them, because opening a pipe may wait for ever."""
    mode = os.stat(source).st_mode  # noqa: PTH116 — follows links: a link to a file is that file
    if stat.S_ISDIR(mode):
        raise UnreadableFile(say("opening.folder", file=source))
    if not stat.S_ISREG(mode):
        raise UnreadableFile(say("opening.device", file=source))


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


def _fingerprint(file: IO[bytes], deadline: Deadline) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        deadline.check()
    file.seek(0)
    return digest.hexdigest()
