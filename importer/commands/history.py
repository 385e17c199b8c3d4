"""The runs that a journal knows, the latest first: all of them, or those that are asked for; or one.

Comes in: settings, and what is asked for. Goes out: runs, each with how it ended in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.commands import workspaces
from importer.commands.workspaces import find_run
from importer.errors import BadSettings
from importer.journal import Journal, Run
from importer.models import Workspace
from importer.settings import Settings

_AGO = re.compile(r"(\d{1,5}) ?([dh])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


@dataclass(frozen=True)
class Past:
    """A run, and how it ended in words."""

    run: Run
    ended: str

    @property
    def seconds(self) -> float | None:
        """How long it took; None where its end isn't known."""
        return None if self.run.ended_at is None else max(0.0, self.run.ended_at - self.run.started_at)


@dataclass(frozen=True)
class Wanted:
    """Which runs are asked for.

    Attributes:
        since: seconds since 1970; those that began earlier aren't meant.
        file: a part of the file's name, whatever its case.
        ended: the beginning of how it ended, as `stopped` or `broken off`.
        last: so many at most.
        of_all: of every workspace in the journal.
    """

    since: float | None = None
    file: str = ""
    ended: str = ""
    last: int | None = None
    of_all: bool = False

    def holds(self, past: Past) -> bool:
        """Whether a run is among them."""
        return (
            past.run.started_at >= (self.since or 0.0)
            and self.file.casefold() in past.run.file.casefold()
            and past.ended.startswith(self.ended)
        )


def history(settings: Settings, wanted: Wanted | None = None) -> list[Past]:
    """The runs that are asked for; where there is no journal yet, none is made."""
    wanted = wanted or Wanted()
    if not Journal.exists(settings.journal):
        return []
    with Journal.open(settings.journal) as journal:
        runs = journal.runs.listed(None if wanted.of_all else settings.workspace)
    return [past for past in _told(runs) if wanted.holds(past)][: wanted.last]


def elsewhere(settings: Settings) -> str:
    """Of which workspaces the journal knows runs, in words, where it knows none of this one."""
    if not Journal.exists(settings.journal):
        return ""
    with Journal.open(settings.journal) as journal:
        return workspaces.elsewhere(journal, settings)


def one(settings: Settings, name: str) -> Past:
    """The run of this name, or the last.

    Raises:
        BadSettings: there is none.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        return next(past for past in _told(journal.runs.listed(run.workspace)) if past.run.id == run.id)


def _told(runs: list[Run]) -> Iterator[Past]:
    """How each ended; they come the latest first."""
    followed: set[Workspace] = set()
    for run in runs:
        # A later one could begin only when the lock was free, so this one is over.
        yield Past(run, run.ended or ("broken off" if run.workspace in followed else "still running, or broken off"))
        followed.add(run.workspace)


def since(text: str, now: datetime) -> float:
    """A day (2026-03-01), a day and a time (2026-03-01 14:30), or a time ago (7d, 12h), in seconds since 1970.

    Raises:
        BadSettings: it is none of these.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return (now - int(ago[1]) * _UNITS[ago[2]]).timestamp()
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise BadSettings(
            f"{text!r} is no day. Write one as 2026-03-01, or how long ago it is: 7d for seven days, 12h for twelve"
            " hours."
        ) from error
