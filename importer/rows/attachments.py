"""Find the files that a sheet names in the attachments folder, refuse those that must not be sent, upload the others.

Input: a cell's text. Output: the digests of the named files, or :class:`Wrong`; then an :class:`Upload` of each file.
Sheets come from outside, so each path is checked before it is opened. Pipes and devices are never opened, and a file is
opened without following links.

Files are uploaded once for each content, if it is what was hashed. The journal has the IDs after each round, so that an
interrupted run continues from there. Unclear uploads are repeated, because an unused upload does no harm.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import BinaryIO, ClassVar

from importer.api import Cause, Endpoint, Failure, FilePart, Reply
from importer.calls.dispatcher import Caller
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.errors import BadSettings
from importer.files import FileTrouble, why
from importer.journal import Memory
from importer.messages import Cell, Message, in_quotes, say
from importer.models import AttachedFile
from importer.reading.detection import is_results
from importer.rows.values import Wrong, error_in, quoted

LARGEST = 20 * 1024 * 1024
"""Maximum size of an upload in bytes: 20 MB in the vendor's reference. If the real limit is lower, the API refuses."""

_MOST_LISTED = 10_000  # files in a folder whose names are compared
# Windows lacks most of these flags, and has no pipes in folders. Without O_NONBLOCK, opening a pipe would wait.
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"))
# O_PATH needs no permission to list the folder.
_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | sum(getattr(os, name, 0) for name in ("O_DIRECTORY", "O_NOFOLLOW"))
# Names that Windows reads as a device, as another stream of a file, or without their last characters. They are refused
# on every system, so that a sheet means the same everywhere.
_ODD_ON_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\s*\..*)?|.*:.*|.*[. ]")


class Folder:
    """The folder from which attachments are read.

    Args:
        place: path of the folder.
        never: files that are always refused, wherever they are; they need not exist.
        ours: the program's own files, which need not exist. A folder that holds one is refused.

    Attributes:
        files: accepted files by digest; of several with the same content, the first.
    """

    def __init__(self, place: Path, never: Iterable[Path] = (), ours: Iterable[Path] = ()) -> None:
        self.files: dict[str, AttachedFile] = {}
        self._place = place
        if not place.is_dir():
            raise BadSettings(say("attachments.no-folder", place=str(place.absolute())), setting="attachments")
        self._root = place.resolve()
        own_files = [file.resolve() for file in ours]
        if (held := next((file for file in own_files if file.is_relative_to(self._root)), None)) is not None:
            message = say("attachments.holds-own-files", place=str(place.absolute()), file=str(held))
            raise BadSettings(message, setting="attachments")
        self._never: list[os.stat_result] = []
        for file in (*own_files, *never):
            with contextlib.suppress(OSError, ValueError):  # it need not exist
                self._never.append(file.stat())
        self._taken = cache(self._take)  # each name is read once, and each folder listed once
        self._names = cache(_names_in)

    def read(self, text: str) -> tuple[str, ...] | Wrong:
        """Return the digests of the files that a cell names, each once, or the error of the first refused file."""
        if (error := error_in(text.strip())) is not None:
            return Wrong(error)
        digests: dict[str, None] = {}
        for digest in map(self._taken, names_in(text)):
            if isinstance(digest, Wrong):
                return digest
            digests[digest] = None
        return tuple(digests)

    # -- one file ---------------------------------------------------------------------------------------------------

    def _take(self, name: str) -> str | Wrong:
        """Check and hash the named file, and record it. Return its digest, or the reason why it is refused."""
        try:
            if (wrong := self._why_not_named(name)) is not None:
                return Wrong(wrong)
            if (path := self._found(name)) is None:
                is_missing = say("file.missing", file=Cell(quoted(name)), place=str(self._place))
                return Wrong(say("file.several", file=Cell(quoted(name))) if "," in name else is_missing)
            status = path.lstat()
            if (wrong := self._why_not(name, path, status)) is not None:
                return Wrong(wrong)
            with open_beneath(self._root, path) as file:
                if is_results(file):
                    return Wrong(say("file.never", file=Cell(quoted(name))))
                file.seek(0)
                content = file.read(LARGEST + 1)
        except (OSError, RuntimeError, ValueError) as error:
            reason = why(error) if isinstance(error, OSError) and error.strerror else say("file.gone")
            return Wrong(say("file.unreadable", file=Cell(quoted(name)), why=reason))
        if (wrong := _why_not_size(name, len(content))) is not None:
            return Wrong(wrong)
        digest = hashlib.sha256(content).hexdigest()
        self.files.setdefault(digest, AttachedFile(path.name, path, self._root, len(content), digest))
        return digest

    def _why_not_named(self, name: str) -> Message | None:
        """Return why this name is refused whatever the folder contains, or None if the name is allowed."""
        parts = re.split(r"[/\\]", name)
        file = Cell(quoted(name))
        if not parts[0] or re.match(r"[A-Za-z]:|(?i:https?|file):/", name) or ".." in parts:
            return say("file.leads-out", file=file)
        if any(part.startswith(".") and part != "." for part in parts):
            return say("file.hidden", file=file)
        has_control = any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name)
        if has_control or any(_ODD_ON_WINDOWS.fullmatch(part) for part in parts if part != "."):
            return say("file.odd-name", file=file)
        return None

    def _found(self, name: str) -> Path | None:
        """Return the file's path with links resolved, or None if it is missing. NFC and NFD names are the same."""
        path = self._root
        for part in re.split(r"[/\\]", name):  # one that is empty or a dot leads nowhere else
            spellings = [part] if os.path.lexists(path / part) else self._names(path).get(_composed(part), [])
            if len(spellings) != 1:
                return None
            path /= spellings[0]
        return path.resolve(strict=True)

    def _why_not(self, name: str, path: Path, status: os.stat_result) -> Message | None:
        """Return why the file at this path is refused, without opening it."""
        file = Cell(quoted(name))
        if not path.is_relative_to(self._root):
            return say("file.leads-out", file=file)
        if not stat.S_ISREG(status.st_mode):
            return say("file.is-none", file=file)
        is_hidden = getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN
        if is_hidden or any(part.startswith(".") for part in path.relative_to(self._root).parts):
            return say("file.hidden", file=file)
        if any(os.path.samestat(status, other) for other in self._never):
            return say("file.never", file=file)
        return _why_not_size(name, status.st_size)


def open_beneath(folder: Path, path: Path) -> BinaryIO:
    """Open a regular file in a folder or its subfolders; both paths have their links resolved.

    On Linux and macOS each part of the path is opened relative to the folder before it, so a folder that is replaced by
    a link meanwhile is not followed. Windows opens the whole path, so its links are looked for afterwards.
    """
    by_parts = os.open in os.supports_dir_fd
    try:
        handle = _open_by_parts(folder, *path.relative_to(folder).parts) if by_parts else os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileTrouble(say("file.gone")) from error
    except OSError as error:
        if error.errno == errno.ELOOP:  # O_NOFOLLOW found a link
            raise FileTrouble(say("file.changed")) from error
        raise
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode) or not (by_parts or path.resolve() == path):
        file.close()
        raise FileTrouble(say("file.changed"))
    return file


def _open_by_parts(folder: Path, *parts: str) -> int:
    """Open the folder, then each part from the part before it."""
    folder_handle = os.open(folder, _FOLDER_FLAGS)
    try:
        for part in parts[:-1]:
            inner_handle = os.open(part, _FOLDER_FLAGS, dir_fd=folder_handle)
            os.close(folder_handle)
            folder_handle = inner_handle
        return os.open(parts[-1], _FLAGS, dir_fd=folder_handle)
    finally:
        os.close(folder_handle)


def names_in(text: str) -> list[str]:
    """Return the file names in a cell, which are separated by semicolons or line breaks."""
    return [name for part in re.split(r"[;\r\n\v\f\x85\u2028\u2029]", text) if (name := part.strip())]


def are_names(values: Sequence[str], place: Path) -> bool:
    """Return whether most of the cells name only entries of a folder, or paths below them. No file is opened."""
    listed = {_composed(name).casefold() for name in _listed(place)}
    first_parts = [[_composed(re.split(r"[/\\]", name)[0]).casefold() for name in names_in(text)] for text in values]
    return 2 * sum(bool(names) and listed.issuperset(names) for names in first_parts) > len(values)


def _names_in(folder: Path) -> Mapping[str, list[str]]:
    """Return the names in a folder by their composed form (NFC)."""
    names: dict[str, list[str]] = {}
    for name in _listed(folder):
        names.setdefault(_composed(name), []).append(name)
    return names


def _why_not_size(name: str, size: int) -> Message | None:
    if not size:
        return say("file.empty", file=Cell(quoted(name)))
    if size > LARGEST:
        mib = math.ceil(size / (1 << 20) * 10) / 10  # rounded up, so that one byte too many isn't shown as the limit
        return say("file.too-large", file=Cell(quoted(name)), size=mib, most=LARGEST >> 20)
    return None


def _composed(name: str) -> str:
    """Return a file name in NFC (macOS may use NFD) and without outer white space, which a cell can't express."""
    return unicodedata.normalize("NFC", name).strip()


def _listed(folder: Path) -> Sequence[str]:
    """Return the names in a folder that don't begin with a dot; none if they are too many or can't be listed."""
    with contextlib.suppress(OSError):
        names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        return names if len(names) <= _MOST_LISTED else []
    return []


# -- what is sent -----------------------------------------------------------------------------------------------------


def unchanged(taken: AttachedFile) -> bytes:
    """Return the content of a file; raise OSError if it has changed since it was hashed, or can't be read."""
    with open_beneath(taken.root, taken.path) as file:
        content = file.read(taken.size + 1)
    if hashlib.sha256(content).hexdigest() != taken.digest:
        raise FileTrouble(say("file.changed"))
    return content


@dataclass(eq=False, slots=True)
class Upload:
    """One file to upload: its attachment ID, or why it was refused, or isn't uploaded although it wasn't refused."""

    file: AttachedFile
    attachment: str = ""
    rejected: Message | None = None
    failed: Message | None = None
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.UPLOAD
    purpose: ClassVar[Message] = say("purpose.uploading-again")


class Uploads(Stage[Upload, tuple[str, str]]):
    """Uploading of attached files, of which the journal knows the IDs for a day.

    ``observe`` is called after each round with a message about the progress. ``latest`` has the latest upload of each
    file by its digest.
    """

    def __init__(
        self, caller: Caller, journal: Memory, files: Mapping[str, AttachedFile], observe: Callable[[Message], None]
    ) -> None:
        super().__init__(caller, (Upload.kind,), lambda ids: journal.enter(dict(ids)))
        self.latest: dict[str, Upload] = {}
        self._turned_away: list[Upload] = []  # files that something other than the API keeps refusing
        self._journal, self._files, self._observe = journal, files, observe

    def upload(self, digests: Sequence[str]) -> None:
        """Upload each of these files that the journal doesn't know; raise Stopped if the run can't continue."""
        if digests:
            self._journal.expire()
            known = self._journal.known(digests)
            new = {digest: Upload(self._files[digest]) for digest in digests if digest not in known}
            self.latest |= new
            self._run([*new.values()])
            self._probe_turned_away()
            self._run([])
            if self._dispatcher.stopped is not None:
                raise self._dispatcher.stopped
            self.latest |= {digest: Upload(self._files[digest], known[digest]) for digest in known}

    def forget(self, digests: Sequence[str]) -> None:
        """Forget the IDs of files, because the API refused a note with them."""
        self._journal.forget(digests)
        for digest in digests:
            self.latest.pop(digest, None)

    def _perform(self, task: Upload) -> Reply[str]:
        try:
            content = unchanged(task.file)
        except OSError as error:
            now = self._clock()
            return Reply(task.kind, now, now, failure=Failure(Cause.FILE_CHANGED, why(error)))
        return self._api.upload(FilePart(task.file.name, content))

    def _succeeded(self, task: Upload, value: str) -> None:
        task.attachment, task.failed = value, None
        self._unwritten.append((task.file.digest, value))

    def _tell(self) -> None:
        done = sum(bool(one.attachment or one.rejected or one.failed) for one in self.latest.values())
        self._observe(self._held_up(say("progress.uploading", done=done, total=len(self.latest))))

    def _refused(self, task: Upload, failure: Failure) -> None:
        if not (failure.may_pass and self._dispatcher.retry(task, failure, self._few)):
            task.rejected = say("upload.refused", file=Cell(in_quotes(task.file.name)), why=failure.text)

    def _unclear(self, task: Upload, failure: Failure) -> None:
        """Retry an upload after a pause. If no retry is left, record why the file isn't uploaded, or is to blame."""
        is_turned_away, has_changed = failure.cause is Cause.INTERMEDIARY, failure.cause is Cause.FILE_CHANGED
        is_own = is_turned_away and task not in self._probes
        reason = say("upload.failed", file=Cell(in_quotes(task.file.name)), why=failure.text)
        policy = replace(self._retry, attempts=0) if failure.cause is Cause.UNREACHABLE else self._retry
        policy = self._few if is_own else policy
        if is_turned_away and (failure.is_size or task in self._suspects):
            task.rejected = reason
        elif has_changed or not self._dispatcher.retry(task, failure, policy):
            task.failed = say("upload.run-again", why=reason)
            if is_own:
                self._turned_away.append(task)
                self._probe_turned_away()

    def _probe_turned_away(self) -> None:
        """Make a probe for each file that was turned away: the smallest that was uploaded. Wait until there is one."""
        if self._turned_away and (uploaded := self._journal.known(self._files)):
            smallest = min((self._files[digest] for digest in uploaded), key=lambda file: file.size)
            while self._turned_away:
                self._probe(self._turned_away.pop(), Upload(smallest))
