"""Practice: the sandbox inside the page, with files, jobs and a journal of its own. Nothing of it reaches an address.

Comes in: the settings that would count. Goes out: the same for a workspace that exists only here, and only until
practice ends: how files are read, and what stops one, stay; address, key and journal are the sandbox's.
"""

from __future__ import annotations

import contextlib
import html
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importer.models import Status, Visibility
from importer.page.jobs import Jobs
from importer.page.uploads import DroppedFiles
from importer.sandbox import SAMPLES, Limit, Sandbox
from importer.settings import SETTINGS, Settings, Topic

PROFILE = "practice"
_ALIKE = (Topic.FILE, Topic.EMAILS, Topic.GUARDS)
"""What is practised with as it stands in the profile."""
_LATENCY = 0.15  # seconds; so that a run can be watched
_LIMIT = Limit.parse("20/1s")
_MOST = 50
_PREFIX = "practice-"
_LEFT = 86_400.0  # seconds
_SHOWS = {
    "1-webinar-followup.csv": "A plain list of 240 rows.",
    "2-crm-export.xlsx": "A workbook with a title and more columns than are needed; some of its rows are wrong.",
    "3-hubspot-export.csv": "People named by their emails; nobody has one of them.",
    "4-salesforce-report.csv": "Columns and words of somebody's own, which you are asked about.",
}


@dataclass(frozen=True)
class PracticeSheet:
    """A sheet to practise with.

    Attributes:
        id: in forms.
        path: where it is.
        shows: what is to be seen with it.
    """

    id: str
    path: Path
    shows: str


@dataclass(frozen=True)
class Held:
    """A note that the sandbox holds."""

    prospect: str
    text: str
    visibility: str
    status: str


class Practice:
    """Practice, from its beginning until it is ended.

    Args:
        settings: those that would count.
        place: a private folder, in which practice has one of its own.

    Raises:
        OSError: no folder can be made for it, or no port be had.
    """

    def __init__(self, settings: Settings, place: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.uploads, self.jobs = DroppedFiles(folder / "files"), Jobs()
        self.key = secrets.token_urlsafe(16)  # what is practised with may be real, and others may use this machine
        self._box = Sandbox(any_email=True, any_id=False, latency=_LATENCY, limit=_LIMIT, api_key=self.key).start()
        alike: dict[str, Any] = {
            setting.attribute: getattr(settings, setting.attribute)
            for setting in SETTINGS.values()
            if setting.topic in _ALIKE and setting.attribute
        }
        self.settings = Settings(
            profile=PROFILE,
            base_url=self._box.url,
            journal=folder / "journal.sqlite",
            usual=settings.usual,
            secret_files=settings.secret_files,
            **alike,
        )

    def end(self) -> None:
        """Forget all of it."""
        self._box.stop()
        self._folder.cleanup()

    @property
    def notes(self) -> int:
        """How many notes the sandbox holds."""
        return len(self._box.notes)

    def latest(self) -> Iterator[Held]:
        """The latest notes that the sandbox holds, the newest first."""
        for note in reversed(self._box.notes[-_MOST:]):
            text = html.unescape(re.sub(r"<[^>]*>", " ", note.sent_content)).strip()
            yield Held(
                note.prospect_id,
                text,
                Visibility(note.visibility).name.capitalize(),
                Status(note.status).name.capitalize(),
            )


def clear_up(place: Path) -> None:
    """Remove what programs left that were killed while they practised: folders in which nothing has changed for long.

    Another program may be practising just now. Its files and its journal change as it does.
    """
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if max(path.stat().st_mtime for path in (folder, *folder.iterdir())) < time.time() - _LEFT:
                shutil.rmtree(folder, ignore_errors=True)


def samples() -> list[PracticeSheet]:
    """The sheets to practise with."""
    every = [
        PracticeSheet(str(number), SAMPLES / name, shows) for number, (name, shows) in enumerate(_SHOWS.items(), 1)
    ]
    return [sample for sample in every if sample.path.is_file()]
