"""Write the log: one line per event, with the time, the run, the file, and counts.

Input: a log file; events, as records of the standard library's ``logging`` whose ``facts`` are values by name. Output:
lines such as

    2026-03-01T02:00:07+01:00 INFO    request answered  request=7 notes=100 created=98 … file=a.csv run=20260301-…

A new file begins each day, and thirty are kept. The log never contains a key or an email. It contains the text of notes
and the API's words only if the program is started for debugging.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path

from importer import files
from importer.errors import BadSettings
from importer.importing.logs import ABOUT
from importer.messages import Message, render, say

_DAYS = 30
_OURS = re.compile(rb"\d{4}-\d\d-\d\dT|$")  # first bytes of a log, or of an empty file
_EMAIL = re.compile(r"[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+\.[^\s@\"'<>(),;:.]+")
_PLAIN = re.compile(r"[\w.:/+\-]+")


@contextlib.contextmanager
def logging_to(file: Path | None) -> Iterator[None]:
    """Log to a file while the block runs; None: use the logging of the library's caller.

    Raises:
        BadSettings: the file can't be written, or it is no log, such as a sheet, which logging would damage.
    """
    if file is None:
        yield
        return
    log = logging.getLogger("importer")
    try:
        files.keep_private(file)
        if file.is_file() and not _OURS.match(_begins(file)):  # safe: no journal is open yet
            raise BadSettings(say("logs.file-is-other", file=str(file)), setting="log-file")
        files.make_private_folder(file.absolute().parent)
        handler = _LogHandler(file, "midnight", backupCount=_DAYS, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise BadSettings(
            say("logs.not-written", file=str(file), error=files.why(error)), setting="log-file"
        ) from error
    handler.setFormatter(_Formatter())
    level, propagates = log.level, log.propagate
    log.setLevel(logging.DEBUG if os.environ.get("NOTE_IMPORTER_DEBUG") else logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates
        handler.close()


def _begins(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)


class _LogHandler(TimedRotatingFileHandler):
    """Handler that writes one private file a day. Lines that can't be written are lost, and the import goes on."""

    def _open(self) -> TextIOWrapper:
        handle = files.open_regular(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return os.fdopen(handle, "a", encoding=self.encoding, errors=self.errors)

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        """Begin a new log file, or continue the one that another program has begun: the library would replace a day."""
        path = Path(self.baseFilename)
        if self.stream and not (path.exists() and os.path.samestat(os.fstat(self.stream.fileno()), path.stat())):
            self.stream.close()
            self.stream, self.rolloverAt = self._open(), self.computeRollover(int(time.time()))
        else:
            super().doRollover()

    def rotate(self, source: str, dest: str) -> None:
        """Begin a new log file. If another program has the current file open, continue that file."""
        with contextlib.suppress(OSError):
            super().rotate(source, dest)

    def close(self) -> None:
        """Close the file. Lines for which the disk has no space are lost."""
        with contextlib.suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Ignore the error, because the journal reports a full disk."""


class _Formatter(logging.Formatter):
    """Formatter that writes an event on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for an event."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().isoformat(timespec="seconds")
        facts = {**getattr(record, "facts", {}), **(ABOUT.get() or {})}
        text = "".join(
            f" {name}={_written(render(value) if isinstance(value, Message) else str(value))}"
            for name, value in facts.items()
            if value not in (None, "")
        )
        return f"{at} {record.levelname:7} {record.getMessage()} {text}".rstrip()


def _written(text: str) -> str:
    """Return a value as one word without control characters, and with its emails hidden."""
    text = _EMAIL.sub("…@…", text)
    if _PLAIN.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in quoted)
