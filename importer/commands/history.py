"""The runs that a journal knows, the latest first: all of them, or those that are asked for; or one.

Comes in: settings, and what is asked for. Goes out: runs, each with how it ended in words.
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
    """A run.

    Attributes:
        run: as the journal has it.
        ended: how it ended, in words.
        hidden: how many of the notes that it created were hidden since.
    """

    run: Run
    ended: str
    hidden: int = 0

    @property
    def seconds(self) -> float | None:
        """How long it took; None where its end isn't known."""
        return None if self.run.ended_at is None else max(0.0, self.run.ended_at - self.run.started_at)


@dataclass(frozen=True)
class RunFilter:
    """Which runs are asked for.

    Attributes:
        since: seconds since 1970; those that began earlier aren't meant.
        file: a part of the file's name, whatever its case.
        ended: the beginning of how it ended, as `stopped` or `broken off`.
        last: so many at most.
        of_all: of every workspace in the journal.
        name: of the one that is meant.
    """

    since: float | None = None
    file: str = ""
    ended: str = ""
    last: int | None = None
    of_all: bool = False
    name: str | None = None

    def holds(self, past: PastRun) -> bool:
        """Whether a run is among them."""
        return (
            past.run.started_at >= (self.since or 0.0)
            and self.file.casefold() in past.run.file.casefold()
            and past.ended.startswith(self.ended)
        )


def history(settings: Settings, wanted: RunFilter | None = None) -> list[PastRun]:
    """The runs that are asked for; where there is no journal yet, none is made."""
    wanted = wanted or RunFilter()
    if not Journal.exists(settings.journal):
        return []
    with Journal.open(settings.journal) as journal:
        workspace = None if wanted.of_all else settings.workspace
        runs = journal.runs.listed(workspace, wanted.name)
        if wanted.name is not None:
            return [_past(journal, run) for run in runs]
        hidden = journal.deliveries.hidden_by_run(workspace)
        told = [PastRun(run, _ended(journal, run), hidden.get(run.id, 0)) for run in runs]
    return [past for past in told if wanted.holds(past)][: wanted.last]


def elsewhere(settings: Settings) -> Message | None:
    """Of which workspaces the journal knows runs, if it knows none of this one."""
    if not Journal.exists(settings.journal):
        return None
    with Journal.open(settings.journal) as journal:
        return workspaces.elsewhere(journal, settings)


def readable_after(settings: Settings) -> float | None:
    """Seconds within which runs of the workspace saw notes become readable; None where that wasn't measured lately."""
    if not Journal.exists(settings.journal):
        return None
    with Journal.open(settings.journal) as journal:
        return journal.learned.replication_lag(settings.workspace)


def one(settings: Settings, name: str) -> PastRun:
    """The run of this name, or the last.

    Raises:
        BadSettings: there is none.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        return _past(journal, run)


def _past(journal: Journal, run: Run) -> PastRun:
    hidden, _ = journal.deliveries.hidden_of(run)
    return PastRun(run, _ended(journal, run), hidden)


def _ended(journal: Journal, run: Run) -> str:
    """How it ended; a later one could begin only when the lock was free, so a run that is followed is over."""
    return run.ended or ("broken off" if journal.runs.is_followed(run) else "still running, or broken off")


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
        raise BadSettings(say("history.no-day", text=repr(text))) from error
