"""The files that were dropped, each in a folder of its own that only its owner can enter, under the name that it had.

Comes in: a file and the name that a browser gives it. Goes out: a :class:`DroppedFile`, known by a random id: no path
ever comes from an address. What is known of it stands in a file beside its folder, so that a file which isn't finished
can be gone on with by the next program. It is kept until every row is delivered, thirty days at most; what isn't kept
any longer is removed at the next start.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from importer.errors import BadSettings
from importer.models import Workspace
from importer.page.choices import Choices
from importer.settings import make_private_folder

_KEPT = 30 * 86_400.0
_COMES = 3600.0  # seconds that a file takes to come at most
_MOST_CHARACTERS = 100
_OWNER_ONLY = 0o600
_ID = re.compile(r"[0-9a-f]{32}")
_MOST_BYTES = 255
_UNFIT = re.compile(r'[/\\<>:"|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # what Windows takes for devices


@dataclass(eq=False)
class DroppedFile:
    """A file that was dropped.

    Attributes:
        id: in addresses.
        folder: its own.
        name: of the file in it.
        fingerprint: SHA-256 of its bytes, as hex digits; the journal knows by it which runs imported it.
        at: when it came, in seconds since 1970.
        workspace: where it was sent; None: nowhere yet.
        choices: how it was read then.
        is_done: whether every row of it is delivered.
        results: a run's name → its results, in the folder.
    """

    id: str
    folder: Path
    name: str
    fingerprint: str
    at: float
    workspace: Workspace | None = None
    choices: Choices = field(default_factory=Choices)
    is_done: bool = False
    results: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.name

    def results_of(self, run: str) -> Path | None:
        """The results of a run, if they are there."""
        found = self.folder / self.results[run] if run in self.results else None
        return found if found is not None and found.is_file() else None

    @property
    def attachments(self) -> Path:
        """The folder of the files that its notes carry; there is none as long as there are no files."""
        return self.folder / "attachments"

    @property
    def attached(self) -> list[tuple[str, int]]:
        """Their names and sizes (bytes), in the order of the names."""
        if not self.attachments.is_dir():
            return []
        found = [path for path in self.attachments.iterdir() if is_fit(path.name)]
        return sorted((path.name, path.stat().st_size) for path in found)

    def attach(self, name: str, save: Callable[[Path], object]) -> bool:
        """Keep a file that notes carry; False where its name is none that every system takes.

        It takes the place of one whose name only some systems tell from its own: a cell may mean either.

        Args:
            name: as its browser calls it.
            save: writes it to a path.

        Raises:
            OSError: it can't be written.
        """
        name = name_of(name)
        if not is_fit(name):
            return False
        self.attachments.mkdir(exist_ok=True, mode=0o700)
        partial = self.attachments / f".{secrets.token_hex(8)}"
        try:
            save(partial)
            partial.chmod(_OWNER_ONLY)
            for other, _ in self.attached:
                if other != name and folded(other) == folded(name):
                    self.detach(other)  # before, for it may be the very file by then
            partial.replace(self.attachments / name)
        finally:
            partial.unlink(missing_ok=True)
        return True

    def detach(self, name: str) -> None:
        """Remove such a file, if there is one."""
        if is_fit(name):
            (self.attachments / name).unlink(missing_ok=True)


class DroppedFiles:
    """All of them.

    Args:
        folder: where they are kept; only its owner can enter it.
        now: the time, in seconds since 1970.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder, self._now = folder, now
        self._found: dict[str, DroppedFile] = {}
        self._lock = threading.Lock()
        make_private_folder(folder)
        self._take_up()

    def __iter__(self) -> Iterator[DroppedFile]:
        """The latest first."""
        return iter(sorted(self._found.values(), key=lambda upload: upload.at, reverse=True))

    def of(self, workspace: Workspace) -> Iterator[DroppedFile]:
        """Those that were sent to a workspace, or nowhere yet; the latest first."""
        return (upload for upload in self if upload.workspace in (workspace, None))

    def add(self, name: str, save: Callable[[Path], object]) -> DroppedFile:
        """Keep a file; one that is kept already is found again.

        Args:
            name: as its browser calls it.
            save: writes it to a path.

        Raises:
            OSError: it can't be written.
        """
        number, name = secrets.token_hex(16), plain_name(name)
        folder = self.folder / number
        folder.mkdir(mode=0o700)
        try:
            save(folder / name)
            (folder / name).chmod(_OWNER_ONLY)
            with (folder / name).open("rb") as file:
                fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
            for upload in self:
                if (upload.name, upload.fingerprint) == (name, fingerprint) and upload.path.is_file():
                    shutil.rmtree(folder, ignore_errors=True)
                    return upload
            upload = DroppedFile(number, folder, name, fingerprint, self._now())
            self._write(upload)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._found[number] = upload
        return upload

    def get(self, number: str) -> DroppedFile | None:
        """The file of an id."""
        return self._found.get(number)

    def of_run(self, fingerprint: str, workspace: Workspace) -> DroppedFile | None:
        """The file that a run of a workspace imported, if it is kept."""
        return next((upload for upload in self.of(workspace) if upload.fingerprint == fingerprint), None)

    def with_files(
        self, wanted: Collection[str], upload: DroppedFile, workspace: Workspace
    ) -> tuple[DroppedFile, list[str]] | None:
        """The latest other file of a workspace beside which some of these files lie that this one lacks, and which.

        Args:
            wanted: the files' names.
            upload: the file that lacks them.
            workspace: the other one was sent there, or nowhere yet.
        """
        names = {unicodedata.normalize("NFC", name) for name in wanted}
        there = {folded(name) for name, _ in upload.attached}
        for other in self.of(workspace):
            if other is not upload:
                found = [name for name, _ in other.attached if unicodedata.normalize("NFC", name) in names]
                if lacking := [name for name in found if folded(name) not in there]:
                    return other, lacking
        return None

    def is_sent(self, upload: DroppedFile, workspace: Workspace, choices: Choices) -> None:
        """Remember that it is being sent, where, and how it is read."""
        upload.workspace, upload.choices, upload.is_done = workspace, choices, False
        self._remember(upload)

    def has_results(self, upload: DroppedFile, run: str, results: Path, *, is_done: bool) -> None:
        """Remember what became of it: its results, and whether every row is delivered."""
        with contextlib.suppress(ValueError):  # where they couldn't be written there, they are elsewhere
            name = results.relative_to(upload.folder).as_posix()
            others = {other: path for other, path in upload.results.items() if path != name}
            upload.results = {**others, run: name}
        upload.is_done = is_done
        self._remember(upload)

    def forget(self, upload: DroppedFile) -> None:
        """Remove it, with its results."""
        self._found.pop(upload.id, None)
        self._remove(upload.id)

    def _remember(self, upload: DroppedFile) -> None:
        with contextlib.suppress(OSError):  # only the next program doesn't know of it
            self._write(upload)

    def _write(self, upload: DroppedFile) -> None:
        said = {
            "name": upload.name,
            "fingerprint": upload.fingerprint,
            "at": upload.at,
            "workspace": [upload.workspace.profile, upload.workspace.base_url] if upload.workspace else None,
            "choices": upload.choices.pairs,
            "is_done": upload.is_done,
            "results": upload.results,
        }
        with self._lock:
            new = self.folder / f"{upload.id}.new"
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
            with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - so that nobody else can read it
                json.dump(said, file)
            new.replace(self._record(upload.id))

    def _take_up(self) -> None:
        """What earlier programs left, as far as it is still to be kept; the rest is removed."""
        numbers = {found.name.partition(".")[0] for found in self.folder.iterdir()}
        for number in filter(_ID.fullmatch, numbers):
            try:
                said = json.loads(self._record(number).read_text(encoding="utf-8"))
                upload = _upload(number, self.folder / number, said)
            except (OSError, ValueError, TypeError, KeyError, BadSettings):
                upload = None  # it broke off as it came, or comes just now to another page
                if self._is_young(number):
                    continue
            if upload is None or upload.is_done or upload.at < self._now() - _KEPT or not upload.path.is_file():
                self._remove(number)
            else:
                self._found[number] = upload

    def _is_young(self, number: str) -> bool:
        try:
            return (self.folder / number).stat().st_mtime > self._now() - _COMES
        except OSError:
            return False

    def _remove(self, number: str) -> None:
        shutil.rmtree(self.folder / number, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._record(number).unlink()

    def _record(self, number: str) -> Path:
        return self.folder / f"{number}.json"


def _upload(number: str, folder: Path, said: dict[str, Any]) -> DroppedFile:
    """What was written of a file.

    Raises:
        ValueError, TypeError, KeyError, BadSettings: that isn't what was written.
    """
    workspace = None if said["workspace"] is None else Workspace(*map(str, said["workspace"]))
    choices = Choices.of((str(name), str(value)) for name, value in said["choices"])
    results = {str(run): str(path) for run, path in said["results"].items()}
    return DroppedFile(
        number,
        folder,
        str(said["name"]),
        str(said["fingerprint"]),
        float(said["at"]),
        workspace,
        choices,
        bool(said["is_done"]),
        results,
    )


def name_of(name: str) -> str:
    """A file's name, without the folders that a browser may put before it."""
    return re.split(r"[/\\]", name)[-1]


def folded(name: str) -> str:
    """A file's name as Windows and macOS compare it with others."""
    return unicodedata.normalize("NFC", name).casefold()


def is_fit(name: str) -> bool:
    """Whether every system takes a file's name as it is: it has to stay what the spreadsheet calls it."""
    is_plain = name == name.strip(" .") and not _UNFIT.search(name) and not _RESERVED.match(name)
    return bool(name) and is_plain and len(os.fsencode(name)) <= _MOST_BYTES


def plain_name(name: str) -> str:
    """A file's name as every system takes it, without the folders and the signs that a browser may add."""
    name = _UNFIT.sub("_", name_of(name))
    stem, dot, ending = name.strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    name = f"{stem[:_MOST_CHARACTERS].strip()}{dot}{ending[:10].strip()}"
    return f"file {name}".strip() if not stem or name.startswith("-") or _RESERVED.match(name) else name
