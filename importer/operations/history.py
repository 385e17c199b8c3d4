"""List the runs in a journal, latest first: all of them, those that match a filter, or one.

Input: settings, and a filter. Output: a :class:`History`, which is the source of screens and documents.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from importer.errors import BadSettings, JournalFailed
from importer.importing import workspaces
from importer.importing.report import NotFound
from importer.importing.workspaces import find_run
from importer.journal import Journal, Run
from importer.journal.runs import Confirmation
from importer.messages import Message, say, words
from importer.models import Result, Workspace
from importer.settings import Settings

_AGO = re.compile(r"(\d{1,5}) ?([dh])")
ENDED = {
    "finished": say("history.ended.finished"),
    "held back": say("history.ended.held-back"),
    "stopped": say("history.ended.stopped"),
    "broken off": say("history.ended.broken-off"),
    "declined": say("history.ended.declined"),
    "still running, or broken off": say("history.ended.unknown"),
}
"""How a run ended, in the journal's words and as a message."""
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


@dataclass(frozen=True)
class PastRun:
    """All facts about a run in the journal.

    Attributes:
        run: the run as the journal has it.
        ended: how it ended, in words.
        hidden: number of notes that it created and that were hidden since.
        shown: number of notes that it created and that weren't hidden; None in a list of runs.
        reading: how the run read its sheet, with the settings that decided what was sent; empty in a list.
        confirmed: who confirmed the run's workspace, and when; None in a list, and if not recorded.
        not_found: notes that it created, but that were not found when they were read back.
        so_far: number of notes by result as the journal has them, of a run whose end isn't recorded.
    """

    run: Run
    ended: str
    hidden: int = 0
    shown: int | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    confirmed: Confirmation | None = None
    not_found: Sequence[NotFound] = ()
    so_far: Mapping[Result, int] = field(default_factory=dict)

    @property
    def how(self) -> Message:
        """How the run ended, as a message."""
        return ENDED.get(self.ended) or words(self.ended)

    @property
    def seconds(self) -> float | None:
        """Duration of the run in seconds; None if its end isn't known."""
        return None if self.run.ended_at is None else max(0.0, self.run.ended_at - self.run.started_at)

    @property
    def counts(self) -> dict[Result, int]:
        """Number of rows by result at the end of the run; if that isn't recorded, of notes as the journal has them."""
        counts = self.run.counts or self.so_far
        return {result: rows for result in Result if (rows := counts.get(result, 0))}

    @property
    def file(self) -> Message:
        """Name of the file, with the sheet if the workbook has several."""
        run = self.run
        return say("history.sheet-of", file=run.file, sheet=repr(run.sheet)) if run.sheet else words(run.file)


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


@dataclass(frozen=True)
class History:
    """All facts about the runs in a journal.

    Attributes:
        runs: the runs that match the filter, the latest first.
        wanted: the filter.
        elsewhere: message that names the journal's workspaces, if the journal has no runs of this workspace.
    """

    runs: Sequence[PastRun] = ()
    wanted: RunFilter = RunFilter()
    elsewhere: Message | None = None


def history(settings: Settings, wanted: RunFilter | None = None) -> History:
    """Return the runs that match a filter. If there is no journal yet, none is created."""
    wanted = wanted or RunFilter()
    if not Journal.exists(settings.journal):
        return History(wanted=wanted)
    with Journal.open(settings.journal) as journal:
        workspace = None if wanted.of_all else settings.workspace
        runs = journal.runs.listed(workspace, wanted.name)
        if wanted.name is not None:
            return History([_past(journal, run) for run in runs], wanted)
        lost: Mapping[int, Sequence[NotFound]] = {}
        with contextlib.suppress(JournalFailed):  # the runs are worth listing, even if this table is damaged
            lost = _not_found(journal, {run.workspace for run in runs})
        past_runs = [PastRun(run, _ended(journal, run), not_found=lost.get(run.id, ())) for run in runs]
        wanted_runs = [past for past in past_runs if wanted.holds(past)][: wanted.last]
        matching = [_counted(journal, past) for past in wanted_runs]
        if not matching and not wanted.of_all:
            return History((), wanted, workspaces.elsewhere(journal, settings.workspace))
        return History(matching, wanted)


def one(settings: Settings, name: str) -> PastRun:
    """Return the run with this name, or the workspace's latest run for ``last``.

    Raises:
        BadSettings: there is no such run.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        return _past(journal, run)


def _past(journal: Journal, run: Run) -> PastRun:
    reading, confirmed = journal.runs.reading(run), journal.runs.confirmation(run.workspace)
    lost = _not_found(journal, [run.workspace]).get(run.id, ())
    past = PastRun(run, _ended(journal, run), *journal.deliveries.hidden_of(run), reading, confirmed, lost)
    return _counted(journal, past)


def _not_found(journal: Journal, workspaces: Iterable[Workspace]) -> Mapping[int, Sequence[NotFound]]:
    """Return the number of each run → its notes that were not found when they were read back."""
    found: defaultdict[int, list[NotFound]] = defaultdict(list)
    for workspace in workspaces:
        for note in journal.deliveries.missing(workspace):
            found[note.run].append(NotFound(None, note.prospect, note.note_id or ""))
    return found


def _counted(journal: Journal, past: PastRun) -> PastRun:
    """Return the run with what the journal has of its notes, if its end isn't recorded."""
    past = replace(past, hidden=journal.deliveries.hidden_of(past.run)[0])
    return past if past.run.ended is not None else replace(past, so_far=journal.deliveries.so_far(past.run))


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
