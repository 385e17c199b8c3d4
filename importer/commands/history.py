"""List the runs in a journal, latest first: all of them, those that match a filter, or one.

Input: settings, and a filter. Output: runs, each with how it ended in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.commands import workspaces
from importer.commands.workspaces import find_run
from importer.errors import BadSettings
from importer.journal import Journal, Run
from importer.messages import Message, say
from importer.settings import Settings

_AGO = re.compile(r"(\d{1,5}) ?([dh])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


@dataclass(frozen=True)
class PastRun:
    """A run in the journal, and how it ended.

    Attributes:
        run: the run as the journal has it.
        ended: how it ended, in words.
        hidden: number of notes that it created and that were hidden since.
    """

    run: Run
    ended: str
    hidden: int = 0

    @property
    def seconds(self) -> float | None:
        """Duration of the run in seconds; None if its end isn't known."""
        return None if self.run.ended_at is None else max(0.0, self.run.ended_at - self.run.started_at)


@dataclass(frozen=True)
class RunFilter:
    """Conditions that runs must meet to be listed.

    Attributes:
        since: earliest start, in seconds since 1970.
        file: a part of the file's name, in upper or lower case.
        ended: the beginning of how the run ended, such as `stopped` or `broken off`.
        last: maximum number of runs.
        of_all: whether the runs of every workspace in the journal are listed.
        name: name of the only run to list.
    """

    since: float | None = None
    file: str = ""
    ended: str = ""
    last: int | None = None
    of_all: bool = False
    name: str | None = None

    def holds(self, past: PastRun) -> bool:
        """Return whether a run has the wanted start, file and end."""
        return (
            past.run.started_at >= (self.since or 0.0)
            and self.file.casefold() in past.run.file.casefold()
            and past.ended.startswith(self.ended)
        )


def history(settings: Settings, wanted: RunFilter | None = None) -> list[PastRun]:
    """Return the runs that match a filter. If there is no journal yet, none is created."""
    wanted = wanted or RunFilter()
    if not Journal.exists(settings.journal):
        return []
    with Journal.open(settings.journal) as journal:
        workspace = None if wanted.of_all else settings.workspace
        runs = journal.runs.listed(workspace, wanted.name)
        if wanted.name is not None:
            return [_past(journal, run) for run in runs]
        hidden = journal.deliveries.hidden_by_run(workspace)
        past_runs = [PastRun(run, _ended(journal, run), hidden.get(run.id, 0)) for run in runs]
    return [past for past in past_runs if wanted.holds(past)][: wanted.last]


def elsewhere(settings: Settings) -> Message | None:
    """Return a message that names the journal's workspaces, if the journal has no runs of this workspace."""
    if not Journal.exists(settings.journal):
        return None
    with Journal.open(settings.journal) as journal:
        return workspaces.elsewhere(journal, settings)


def readable_after(settings: Settings) -> float | None:
    """Return after how many seconds the workspace's new notes were readable; None if not measured in 30 days."""
    if not Journal.exists(settings.journal):
        return None
    with Journal.open(settings.journal) as journal:
        return journal.learned.replication_lag(settings.workspace)


def one(settings: Settings, name: str) -> PastRun:
    """Return the run with this name, or the workspace's latest run for ``last``.

    Raises:
        BadSettings: there is no such run.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        return _past(journal, run)


def _past(journal: Journal, run: Run) -> PastRun:
    hidden, _ = journal.deliveries.hidden_of(run)
    return PastRun(run, _ended(journal, run), hidden)


def _ended(journal: Journal, run: Run) -> str:
    """Return how the run ended. If a later run began, this run is over, because a run needs the lock to begin."""
    return run.ended or ("broken off" if journal.runs.is_followed(run) else "still running, or broken off")


def since(text: str, now: datetime) -> float:
    """Return the seconds since 1970 of a day (2026-03-01), a day and time (2026-03-01 14:30), or a time ago (7d, 12h).

    Raises:
        BadSettings: the text is none of these.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return (now - int(ago[1]) * _UNITS[ago[2]]).timestamp()
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise BadSettings(say("history.no-day", text=repr(text))) from error
