"""List the runs in a journal, latest first: all of them, or one. Copy a journal.

Input: settings, and for a copy a file. Output: a :class:`History`, which is the source of screens and documents; a
complete copy of the journal at one moment, which is possible even during an import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from importer.errors import BadSettings
from importer.journal import DeliveryState, Journal, KnownDelivery, Run
from importer.journal.lock import check_journal
from importer.journal.runs import Confirmation
from importer.messages import Message, in_quotes, say, some, words
from importer.models import Result, Workspace
from importer.settings import Settings

ENDED = {
    "finished": say("history.ended.finished"),
    "held back": say("history.ended.held-back"),
    "stopped": say("history.ended.stopped"),
    "broken off": say("history.ended.broken-off"),
    "declined": say("history.ended.declined"),
    "still running, or broken off": say("history.ended.unknown"),
}
"""How a run ended, in the journal's words and as a message."""
_MOST_NAMED = 8  # workspaces


@dataclass(frozen=True)
class PastRun:
    """All facts about a run in the journal.

    Attributes:
        hidden, shown: number of notes that it created and that were, or weren't, hidden since.
        reading: how the run read its sheet, with the settings that decided what was sent.
        confirmed: who confirmed the run's workspace, and when; None if not recorded.
    """

    run: Run
    ended: str
    hidden: int = 0
    shown: int | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    confirmed: Confirmation | None = None
    not_found: Sequence[KnownDelivery] = ()

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
        """Number of rows by result at the end of the run; if that isn't recorded, number of notes that it created."""
        counts = self.run.counts or {Result.CREATED.value: self.hidden + (self.shown or 0)}
        return {result: rows for result in Result if (rows := counts.get(result, 0))}

    @property
    def file(self) -> Message:
        """Name of the file, with the sheet if the workbook has several."""
        run = self.run
        return say("history.sheet-of", file=run.file, sheet=repr(run.sheet)) if run.sheet else words(run.file)


@dataclass(frozen=True)
class History:
    """Runs in a journal, the latest first; ``elsewhere`` names its workspaces if this one has no runs there."""

    runs: Sequence[PastRun] = ()
    elsewhere: Message | None = None


def history(settings: Settings, *, last: int | None = None, of_all: bool = False, name: str | None = None) -> History:
    """Return the ``last`` runs of the workspace or of all, or all about one with a name. Creates no journal."""
    if not Journal.exists(settings.journal):
        return History()
    with Journal.open(settings.journal) as journal:
        workspace = None if of_all else settings.workspace
        past = [_past(journal, run) for run in journal.runs.listed(workspace, name)[:last]]
        return History(past, None if past or of_all else elsewhere(journal, settings.workspace))


def one(settings: Settings, name: str) -> PastRun:
    """Return the run with this name, or the one that ``last`` means. Raises BadSettings if there is none."""
    with there(settings) as journal:
        return _past(journal, find_run(journal, name, settings.workspace))


def _past(journal: Journal, run: Run) -> PastRun:
    """Return all about a run. If a later run began, this one is over, because a run needs the lock to begin."""
    states = journal.deliveries.states_of(run)
    ended = run.ended or ("broken off" if journal.runs.is_followed(run) else "still running, or broken off")
    return PastRun(
        run,
        ended,
        states[DeliveryState.HIDDEN] + states[DeliveryState.LEFT],
        states[DeliveryState.CREATED],
        journal.runs.reading(run),
        journal.runs.confirmation(run.workspace),
        [one for one in journal.deliveries.missing(run.workspace) if one.run == run.id],
    )


def find_run(journal: Journal, name: str, workspace: Workspace) -> Run:
    """Return the run with this name; for ``last`` the workspace's latest that created notes. Raises BadSettings."""
    if name == "last":
        found = (run for run in journal.runs.listed(workspace) if journal.deliveries.created_by(run))
        nothing = say("workspaces.no-last-run", journal=journal.name, run=repr(name), workspace=str(workspace))
        nothing = elsewhere(journal, workspace) or nothing
    else:
        found = (run for run in journal.runs.listed(name=name))
        nothing = say("workspaces.no-such-run", journal=journal.name, run=repr(name))
    if (run := next(found, None)) is None:
        raise BadSettings(nothing)
    return run


def elsewhere(journal: Journal, workspace: Workspace) -> Message | None:
    """Return a message that names the journal's workspaces if this one has no runs: a flag may be missing."""
    workspaces = journal.runs.workspaces()
    if not workspaces or journal.owner(workspace) in workspaces:
        return None
    known = some([in_quotes(str(one)) for one in workspaces], _MOST_NAMED)
    return say("workspaces.elsewhere", journal=journal.name, workspace=str(workspace), known=known)


def back_up(settings: Settings, target: Path) -> None:
    """Copy the journal to a file. An earlier copy of the same journal is replaced, and no other file."""
    with there(settings) as journal:
        journal.back_up(target)


def there(settings: Settings) -> Journal:
    """Return the journal, open. Raises BadSettings if there is none, WrongJournal if the workspace had one."""
    if not Journal.exists(settings.journal):
        check_journal(None, settings)
        raise BadSettings(say("journals.none", journal=str(settings.journal), profile=repr(settings.profile)))
    return Journal.open(settings.journal)
