"""Keep the dropped files, and what a person decided about each: answers about how it is read, corrections of its cells.

Input: a file and the name that a browser gives it. Output: a :class:`DroppedFile` in its own folder, which only its
owner can enter, identified by a random ID, so that no path is ever taken from an address. Its record is in its folder,
so that the next program can continue with an unfinished file. A file is kept until every row is delivered, at most
thirty days. The next start removes the others. Each form holds the digest of what its tab showed, so that a tab with an
earlier state changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from importer.errors import BadSettings
from importer.files import keep_private, make_private_folder
from importer.messages import say
from importer.models import Workspace
from importer.operations.corrections import Corrections
from importer.settings import SETTINGS, Settings
from importer.settings.readings import HELD, answered

Answers = tuple[tuple[str, str], ...]
"""Settings and their values, in the order of :data:`FIELDS`."""

OF_THE_FILE = tuple(name for name, setting in SETTINGS.items() if setting.decides_rows)
"""Names of the settings about how a file is read. Corrections belong to one way to read it."""
OF_THIS_TIME = ("in-doubt", "update")
"""Names of the settings that are chosen anew each time a file is sent."""
FIELDS = (*OF_THE_FILE, *(name for name in HELD if name not in (*OF_THE_FILE, "content")), "export", *OF_THIS_TIME)
"""Names of the settings that a person may choose on the page."""

_KEPT = 30 * 86_400.0
_OWNER_ONLY = 0o600
_RECORD = ".record"  # no dropped file has such a name
_ID = re.compile(r"[0-9a-f]{32}")
_MOST_BYTES = 200  # of 255, so that names of results and further copies fit
_UNFIT = re.compile(r'[/\\<>:"|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_ATTACHMENTS = "attachments"  # the folder beside the file
_RESERVED = re.compile(rf"(con|prn|aux|nul|com\d|lpt\d)(\.|$)|{_ATTACHMENTS}$", re.IGNORECASE)  # as devices on Windows


def name_of(name: str) -> str:
    """Return a file's name without the folders that a browser may put before it."""
    return re.split(r"[/\\]", name)[-1]


def folded(name: str) -> str:
    """Return a file's name in the form by which Windows and macOS compare names."""
    return unicodedata.normalize("NFC", name).casefold()


def plain_name(name: str) -> str:
    """Return a name that is valid on every system: without folders, shortened, invalid characters replaced."""
    name = _UNFIT.sub("_", name_of(name))
    stem, dot, ending = name.strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    stem = stem.encode()[:_MOST_BYTES].decode(errors="ignore").strip()
    name = f"{stem}{dot}{ending[:10].strip()}"
    return f"file {name}".strip() if not stem or name.startswith("-") or _RESERVED.match(name) else name


def is_fit(name: str) -> bool:
    """Return whether a file's name is valid on every system, because the name must stay as it is in the spreadsheet."""
    return plain_name(name) == name


def in_order(pairs: Iterable[tuple[str, str]]) -> Answers:
    """Return answers in their order, each once. Blank ones are ignored; BadSettings is raised for other settings."""
    pairs = dict.fromkeys(pair for pair in pairs if pair[1])
    for name, _ in pairs:
        if name not in FIELDS:
            raise BadSettings(say("page.check.no-choice", name=repr(name)))
    return tuple(sorted(pairs, key=lambda pair: FIELDS.index(pair[0])))


def pairs_of(options: Iterable[str]) -> list[tuple[str, str]]:
    """Return the answers of options: each is a setting, a space and a value. Blank ones are ignored."""
    return [(name, value) for name, _, value in (option.partition(" ") for option in options if option)]


def applied(answers: Answers, settings: Settings) -> Settings:
    """Return the settings with the answers applied; raise BadSettings if one can't take its value."""
    for name, value in answers:
        settings = answered(settings, name, value)
    return settings


def values(answers: Answers, name: str) -> list[str]:
    """Return the values chosen for a setting."""
    return [value for setting, value in answers if setting == name]


@dataclass(frozen=True)
class State:
    """Everything that a person decided about a dropped file.

    Attributes:
        answers: the answers about the file.
        corrected: how the file is read (the settings about that, as JSON) → the corrections of its cells.
    """

    answers: Answers = ()
    corrected: Mapping[str, Corrections] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """16 digits that stand for the whole state."""
        return hashlib.sha256(json.dumps(self.as_json()).encode()).hexdigest()[:16]

    def corrections(self, settings: Settings) -> Corrections:
        """Return the corrections of the file as it is read with these settings, whoever chose them."""
        return self.corrected.get(_way(settings), Corrections())

    def correct(self, settings: Settings, corrections: Corrections) -> State:
        """Return the state with these corrections of the file as it is read with these settings."""
        return replace(self, corrected={**self.corrected, _way(settings): corrections})

    def for_next_time(self) -> State:
        """Return the state without the answers that are chosen anew each time the file is sent."""
        return replace(self, answers=tuple(pair for pair in self.answers if pair[0] not in OF_THIS_TIME))

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"answers": self.answers, "corrected": {way: one.as_json() for way, one in self.corrected.items()}}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> State:
        """Return the state from JSON values; raise ValueError, TypeError, KeyError or BadSettings if they hold none."""
        answers = in_order((str(name), str(value)) for name, value in state["answers"])
        return cls(answers, {str(way): Corrections.from_json(steps) for way, steps in state["corrected"].items()})


def _way(settings: Settings) -> str:
    chosen = {name: getattr(settings, SETTINGS[name].attribute) for name in OF_THE_FILE}
    return json.dumps({name: str(value) for name, value in chosen.items() if value is not None})


@dataclass(eq=False)
class DroppedFile:
    """File that a person dropped.

    Attributes:
        id: the file's ID in addresses.
        folder: its own folder.
        name: its name in that folder.
        fingerprint: SHA-256 of its bytes, as hex digits, by which the journal finds the runs that imported it.
        at: the time it arrived, in seconds since 1970.
        workspace: the workspace it was sent to; None if it wasn't sent yet.
        state: what a person decided about it.
        is_done: whether every row is delivered.
        results: a run's name → its results file, relative to the folder.
        invalid: the number of rows with problems, as far as the file was checked since the program began.
    """

    id: str
    folder: Path
    name: str
    fingerprint: str
    at: float
    workspace: Workspace | None = None
    state: State = field(default_factory=State)
    is_done: bool = False
    results: dict[str, str] = field(default_factory=dict)
    invalid: int = 0

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.folder / self.name

    def results_of(self, run: str) -> Path | None:
        """Return the path of a run's results if the file is there, else None."""
        path = self.folder / self.results[run] if run in self.results else None
        return path if path is not None and path.is_file() else None

    @property
    def attachments(self) -> Path:
        """Folder of the attachments, which doesn't exist while there are none."""
        return self.folder / _ATTACHMENTS

    @property
    def attached(self) -> list[tuple[str, int]]:
        """Names and sizes (bytes) of the attachments, in the order of the names."""
        if not self.attachments.is_dir():
            return []
        files = [path for path in self.attachments.iterdir() if is_fit(path.name)]
        return sorted((path.name, path.stat().st_size) for path in files)

    def attach(self, name: str, save: Callable[[Path], object]) -> None:
        """Keep an attachment.

        The attachment replaces one with the same name. Names that only some systems distinguish count as the same,
        because a cell may mean either.
        """
        self.attachments.mkdir(exist_ok=True, mode=0o700)
        partial = self.attachments / f".{secrets.token_hex(8)}"
        try:
            save(partial)
            partial.chmod(_OWNER_ONLY)
            for other, _ in self.attached:
                if other != name and folded(other) == folded(name):
                    self.detach(other)  # first, because after the replacement both names may mean the same file
            partial.replace(self.attachments / name)
        finally:
            partial.unlink(missing_ok=True)

    def detach(self, name: str) -> None:
        """Remove an attachment, if there is one with this name."""
        if is_fit(name):
            (self.attachments / name).unlink(missing_ok=True)


class DroppedFiles:
    """All dropped files.

    Args:
        folder: where the files are kept; only its owner can enter it.
        now: returns the time, in seconds since 1970.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder, self._now = folder, now
        self._found: dict[str, DroppedFile] = {}
        self._lock = threading.RLock()
        make_private_folder(folder)
        keep_private(folder)
        self._take_up()

    def __iter__(self) -> Iterator[DroppedFile]:
        """Return the files, the latest first."""
        return iter(sorted(self._found.values(), key=lambda upload: upload.at, reverse=True))

    def of(self, workspace: Workspace) -> Iterator[DroppedFile]:
        """Return the files that were sent to this workspace or not sent yet, the latest first."""
        return (upload for upload in self if upload.workspace in (workspace, None))

    def add(self, name: str, save: Callable[[Path], object]) -> DroppedFile:
        """Keep a file. If the same file is already kept, return that one. ``save`` writes it to a path."""
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
        """Return the file with this ID, or None."""
        return self._found.get(number)

    def of_run(self, fingerprint: str, workspace: Workspace) -> DroppedFile | None:
        """Return the file that a run of the workspace imported, if it is kept."""
        return next((upload for upload in self.of(workspace) if upload.fingerprint == fingerprint), None)

    def change(self, upload: DroppedFile, seen: str, change: Callable[[State], State]) -> bool:
        """Change and keep the state of a file, unless the tab showed another digest; return whether it was changed."""
        with self._lock:
            if seen != upload.state.digest:
                return False
            upload.state = change(upload.state)
            self._write(upload)
        return True

    def is_sent(self, upload: DroppedFile, workspace: Workspace) -> None:
        """Record that the file is being sent, and to which workspace."""
        upload.workspace, upload.state, upload.is_done = workspace, upload.state.for_next_time(), False
        self._remember(upload)

    def open_for(self, upload: DroppedFile, workspace: Workspace) -> None:
        """Prepare a file that was dropped again. Answers that were given for another workspace don't count."""
        answers = upload.state.for_next_time().answers if upload.workspace in (workspace, None) else ()
        if answers != upload.state.answers:
            upload.state = replace(upload.state, answers=answers)
            self._remember(upload)

    def has_results(self, upload: DroppedFile, run: str, results: Path, *, is_done: bool) -> None:
        """Record the results of a run, and whether every row is delivered."""
        with contextlib.suppress(ValueError):  # results that couldn't be written into the folder are in another place
            name = results.relative_to(upload.folder).as_posix()
            others = {other: path for other, path in upload.results.items() if path != name}
            upload.results = {**others, run: name}
        upload.is_done = is_done
        self._remember(upload)

    def forget(self, upload: DroppedFile) -> None:
        """Remove a file and its results."""
        self._found.pop(upload.id, None)
        shutil.rmtree(upload.folder, ignore_errors=True)

    def _remember(self, upload: DroppedFile) -> None:
        with contextlib.suppress(OSError):  # without the record, later programs don't know the file
            self._write(upload)

    def _write(self, upload: DroppedFile) -> None:
        record = {
            "name": upload.name,
            "fingerprint": upload.fingerprint,
            "at": upload.at,
            "workspace": [upload.workspace.profile, upload.workspace.base_url] if upload.workspace else None,
            "state": upload.state.as_json(),
            "is_done": upload.is_done,
            "results": upload.results,
        }
        with self._lock:
            new_record = upload.folder / f"{_RECORD}.new"
            new_record.touch(_OWNER_ONLY)
            new_record.write_text(json.dumps(record), encoding="utf-8")
            new_record.replace(upload.folder / _RECORD)

    def _take_up(self) -> None:
        """Load the files that were dropped before this start of the program. Remove those that are no longer kept."""
        for folder in filter(lambda path: _ID.fullmatch(path.name), [*self.folder.iterdir()]):
            try:
                upload = _upload(folder, json.loads((folder / _RECORD).read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError, KeyError, AttributeError, BadSettings):
                upload = None  # its arrival broke off
            if upload is None or upload.is_done or upload.at < self._now() - _KEPT or not upload.path.is_file():
                shutil.rmtree(folder, ignore_errors=True)
            else:
                self._found[upload.id] = upload


def _upload(folder: Path, record: dict[str, Any]) -> DroppedFile:
    """Return the dropped file from its record, if that is valid."""
    workspace, state = record.pop("workspace"), State.from_json(record.pop("state"))
    of = None if workspace is None else Workspace(*workspace)
    return DroppedFile(folder.name, folder, workspace=of, state=state, **record)
