"""Practise with the sandbox inside the page. Practice has its own files, jobs and journal, and sends nothing outside.

Input: the settings in force. Output: settings of a workspace that exists only here, and only until practice ends. The
settings about reading files and the guards stay the same. Address, key and journal belong to the sandbox.
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

from importer.messages import Message, say
from importer.models import Status, Visibility
from importer.page.jobs import Jobs
from importer.page.uploads import DroppedFiles
from importer.sandbox import SAMPLES, Limit, Sandbox
from importer.settings import Settings, Topic
from importer.settings.meanings import WORDS

PROFILE = "practice"
_ALIKE = (Topic.FILE, Topic.PROSPECTS, Topic.GUARDS)
"""Topics of the settings that practice takes from the profile."""
_LATENCY = 0.15  # seconds, so that a person can watch a run
_LIMIT = Limit.parse("20/1s:headers")
_MOST = 50
_PREFIX = "practice-"
_LEFT = 86_400.0  # seconds without a change after which a folder counts as abandoned
_SHOWS = {
    "1-webinar-followup.csv": say("page.practice.plain-list"),
    "2-crm-export.xlsx": say("page.practice.workbook"),
    "3-hubspot-export.csv": say("page.practice.by-email"),
    "4-salesforce-report.csv": say("page.practice.unusual"),
}


@dataclass(frozen=True)
class Held:
    """Note in the sandbox."""

    prospect: str
    text: str
    visibility: Message
    status: Message


class Practice:
    """Practice workspace, from its start until it is ended.

    Args:
        settings: the settings in force.
        place: a private folder, in which practice makes its own.

    Raises:
        OSError: the folder can't be made, or no port is free.
    """

    def __init__(self, settings: Settings, place: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.uploads, self.jobs = DroppedFiles(folder / "files"), Jobs()
        self.key = secrets.token_urlsafe(16)  # the notes may be real, and other users may be on this machine
        self._box = Sandbox(any_email=True, any_id=False, latency=_LATENCY, limit=_LIMIT, api_key=self.key).start()
        self.settings = settings.only(
            _ALIKE, profile=PROFILE, base_url=self._box.url, journal=folder / "journal.sqlite"
        )

    def end(self) -> None:
        """Stop the sandbox and delete practice's files."""
        self.jobs.close()
        self._box.stop()
        self._folder.cleanup()

    @property
    def notes(self) -> int:
        """Number of notes in the sandbox."""
        return len(self._box.notes)

    def latest(self) -> Iterator[Held]:
        """Yield the latest notes in the sandbox, the newest first."""
        for note in reversed(self._box.notes[-_MOST:]):
            text = html.unescape(re.sub(r"<[^>]*>", " ", note.sent_content)).strip()
            yield Held(
                note.prospect_id,
                text,
                WORDS[Visibility(note.visibility).name],
                WORDS[Status(note.status).name],
            )


def clear_up(place: Path) -> None:
    """Remove folders of programs that were killed during practice, if nothing in them has changed for a day.

    A folder that changed since may belong to another program in which someone is practising now.
    """
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if max(path.stat().st_mtime for path in (folder, *folder.iterdir())) < time.time() - _LEFT:
                shutil.rmtree(folder, ignore_errors=True)


def samples() -> dict[str, tuple[Path, Message]]:
    """Return the sample sheets that are installed: ID in forms → path, and what a person can see with the sheet."""
    sheets = {str(number): (SAMPLES / name, shows) for number, (name, shows) in enumerate(_SHOWS.items(), 1)}
    return {number: sheet for number, sheet in sheets.items() if sheet[0].is_file()}
