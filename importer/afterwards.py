"""What can be done about earlier runs: list them, write their results again, settle what is unclear, hide their notes.

Comes in: the journal, and for results the file that was imported. Goes out: what was found and done. Nothing here
creates a note.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from importer import pipeline, results
from importer.client import Client
from importer.delivery import Delivery, Progress, note_key
from importer.errors import BadSettings, CallFailed, Interrupted, Outage, RateLimited, Refused, Stopped
from importer.hands import LONGEST_WAIT, Threads
from importer.journal import Journal, Known, Run, State
from importer.models import TEXT, Note, Plan, Request, Result, Rows, Status, Visibility
from importer.outcomes import Outcomes
from importer.pacing import Pacer
from importer.pipeline import Hooks
from importer.retry import Attempts
from importer.settings import Settings


def find_run(journal: Journal, name: str, workspace: str) -> Run:
    """The run of this name, or ``last`` for the workspace's latest that a person didn't decline.

    Raises:
        BadSettings: there is none.
    """
    if name == "last":
        found = next((run for run in journal.runs(workspace) if run.ended != "declined"), None)
        there, where = f" of the workspace {workspace!r}", "history --all`, and --profile and --base-url"
    else:
        found = next((run for run in journal.runs() if run.name == name), None)
        there, where = "", "history`"
    if found is None:
        raise BadSettings(f"The journal {journal.path} knows no run {name!r}{there}. See `note-importer {where}.")
    return found


# -- results ----------------------------------------------------------------------------------------------------------


def rewrite(name: str, path: Path, settings: Settings) -> tuple[results.Written, Outcomes]:
    """Write the results of an earlier run again, from its file and the journal.

    Raises:
        BadSettings: there is no such run, or it imported another file.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        loaded = pipeline.load(path, settings)
        with loaded.sheet:
            if loaded.sheet.fingerprint != run.fingerprint:
                raise BadSettings(
                    f"{path} is not what run {run.name} imported ({run.file}), or has changed since. Name that file."
                )
            outcomes = Outcomes(len(loaded.rows))
            pipeline.settle_before(loaded.rows, outcomes)
            _recall(journal, run, loaded, outcomes)
            outcomes.explain(Result.NOT_SENT, "the run ended before it was sent")
            pipeline.settle_after(loaded.rows, loaded.plan, outcomes)
            lines = [
                ("File", run.file),
                ("Run", run.name),
                ("Started", pipeline.when(run.started_at)),
                ("Ended", f"{pipeline.when(run.ended_at)} ({run.ended})" if run.ended_at else "broken off"),
                ("Written again", pipeline.when(time.time())),
            ]
            target = pipeline.results_path(path, settings.results)
            written = pipeline.write_results(target, loaded, outcomes, run, lines, journal)
            return written, outcomes


def _recall(journal: Journal, run: Run, loaded: pipeline.Loaded, outcomes: Outcomes) -> None:
    """Settle rows by what the journal knows of their deliveries."""
    rows, groups = loaded.rows, loaded.plan.groups
    numbers = journal.find_notes(run.profile, [note_key(group.note) for group in groups])
    for group, number in zip(groups, numbers, strict=True):
        if number is None:
            continue
        prospects, keys = rows.deliveries(group.positions)
        known = journal.known(number, prospects)
        for position, prospect, key in zip(group.positions.tolist(), prospects, keys, strict=True):
            found = known.get((prospect, run.occurrence + key))
            if found is not None and found.run <= run.id:
                _settle_known(outcomes, position, found, run)


def _settle_known(outcomes: Outcomes, position: int, known: Known, run: Run) -> None:
    number = known.request if known.run == run.id else 0
    note_ids = [known.note_id or ""]
    if known.state in (State.CREATED, State.HIDDEN):
        result = Result.CREATED if known.run == run.id else Result.ALREADY_IMPORTED
        reason = "made a private draft since" if known.state is State.HIDDEN else ""
        outcomes.settle([position], result, note_ids=note_ids, reason=reason, at=known.at, request=number)
    elif known.state is State.REJECTED:
        outcomes.settle([position], Result.REJECTED, reason=known.reason or "", at=known.at, request=number)
    else:
        reason = "no clear answer came; run the import again, or run verify"
        outcomes.settle([position], Result.UNCONFIRMED, reason=reason, at=known.at, request=number)


# -- verify -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verified:
    """What reading back found.

    Attributes:
        found: how many notes are there; they count as created from now on.
        absent: how many surely aren't; the import sends them when it is run again.
        unconfirmed: how many could not be looked up.
        twins: ids of notes that stand there besides those that were found.
        stopped: why it ended before its end, or None.
    """

    found: int
    absent: int
    unconfirmed: int
    twins: Sequence[str]
    stopped: Stopped | None


def verify(
    settings: Settings,
    hooks: Hooks,
    *,
    begin: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] | None = None,
) -> Verified:
    """Read back every delivery of the workspace of which no run knows what became of it; creates nothing.

    Args:
        settings: which workspace, and how to call the API.
        hooks: how to watch and stop it.
        begin: told how many there are.
        clock: seconds since 1970.
    """
    clock = clock or pipeline.steady_clock()
    with pipeline.workspace(settings) as journal:
        unsettled = journal.unsettled(settings.workspace)
        size = sum(len(deliveries) for _, _, deliveries in unsettled.values())
        begin(size)
        outcomes = Outcomes(size)
        with pipeline.calls(settings, clock) as (client, pacer, hands):
            delivery = Delivery(
                _no_rows(), Plan([], np.zeros(0, dtype=np.int32)), outcomes, _no_run(settings, clock()),
                journal=journal, client=client, pacer=pacer, policy=pipeline.policy(settings, resends=False),
                hands=hands, clock=clock, observe=hooks.observe, stop=hooks.stop,
            )  # fmt: skip
            delivery.prepare()
            start = 0
            for number, key, deliveries in unsettled.values():
                positions = tuple(range(start, start + len(deliveries)))
                prospects = tuple(known.prospect for known in deliveries)
                note = Note("(not kept)", key.visibility, key.status)
                request = Request(note, positions, prospects, tuple(known.occurrence for known in deliveries))
                delivery.take_up(request, key, number, deliveries[0])
                start += len(deliveries)
            stopped = None
            try:
                delivery.run()
            except Stopped as error:
                stopped = error
        counts = outcomes.counts()
        created = counts.get(Result.CREATED, 0)
        twins = [note_id for ids in outcomes.twins.values() for note_id in ids]
        return Verified(created, counts.get(Result.NOT_SENT, 0), counts.get(Result.UNCONFIRMED, 0), twins, stopped)


def _no_rows() -> Rows:
    return Rows(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=TEXT), np.zeros(0, dtype=np.int32), [])


def _no_run(settings: Settings, now: float) -> Run:
    return Run(0, "", settings.workspace, "", "", "", now, None, None, {})


# -- hide -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hidden:
    """What became of a run's notes.

    Attributes:
        hidden: how many are private drafts now.
        refused: note id → the API's words, for those that it would not change.
        stopped: why it ended before its end, or None; the same command goes on.
    """

    hidden: int
    refused: dict[str, str]
    stopped: Stopped | None


def hide(
    name: str,
    settings: Settings,
    confirm: Callable[[Run, Sequence[tuple[int, Known]]], bool],
    hooks: Hooks,
    clock: Callable[[], float] | None = None,
) -> Hidden | None:
    """Make every note that a run created a private draft; the API can't delete. Changing a note twice does no harm.

    Returns:
        None where ``confirm``, which is shown the run and its notes, said no.

    Raises:
        BadSettings: there is no such run, or it belongs to another workspace.
    """
    clock = clock or pipeline.steady_clock()
    with pipeline.workspace(settings) as journal:
        run = find_run(journal, name, settings.workspace)
        if run.profile != settings.workspace:
            raise BadSettings(
                f"Run {run.name} belongs to the workspace {run.profile!r}, not to {settings.workspace!r}. Give the same"
                " --profile and --base-url as that run had."
            )
        notes = journal.created_by(run)
        if not confirm(run, notes):
            return None
        with pipeline.calls(settings, clock) as (client, pacer, hands):
            return _Hiding(journal, client, pacer, hands, settings, hooks, clock).run(notes)


class _Hiding:
    """Changes notes one by one, several at a time."""

    def __init__(
        self, journal: Journal, client: Client, pacer: Pacer, hands: Threads[_Change], settings: Settings,
        hooks: Hooks, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self.journal, self.client, self.pacer, self.hands = journal, client, pacer, hands
        self.settings, self.hooks, self.clock = settings, hooks, clock
        self.waiting: deque[_Change] = deque()
        self.in_flight = 0
        self.hidden = 0
        self.refused: dict[str, str] = {}
        self.stopped: Stopped | None = None

    def run(self, notes: Sequence[tuple[int, Known]]) -> Hidden:
        self.waiting.extend(_Change(note, known) for note, known in notes)
        while (self.waiting and self.stopped is None) or self.in_flight:
            if (why := self.hooks.stop()) and self.stopped is None:
                self.stopped = Interrupted(why)
            wait = 0.0
            while self.waiting and self.stopped is None:
                wait = max(self.pacer.wait("PATCH"), self.waiting[0].due - self.clock())
                if wait > 0:
                    break
                self._begin(self.waiting.popleft())
            done = self.hands.wait(wait or LONGEST_WAIT)
            self.journal.hide(
                [(change.note, change.known) for change, future in done if self._is_hidden(change, future)]
            )
            trouble = self.pacer.trouble("PATCH" if self.waiting else None)
            refused = len(self.refused)
            self.hooks.observe(Progress(0, self.hidden + refused, self.hidden, refused, 0, trouble))
        return Hidden(self.hidden, self.refused, self.stopped)

    def _begin(self, change: _Change) -> None:
        self.pacer.began("PATCH")
        self.in_flight += 1
        note_id = change.known.note_id or ""
        fields = {"visibility": Visibility.PRIVATE.value, "status": Status.DRAFT.value}
        self.hands.submit(change, lambda: self.client.update_note(note_id, **fields))

    def _is_hidden(self, change: _Change, future: Future[object]) -> bool:
        """Take in what came back; True where the note is hidden now."""
        self.in_flight -= 1
        self.pacer.ended("PATCH")
        error = future.exception()
        if error is None:
            self.pacer.succeeded()
            self.hidden += 1
            return True
        if isinstance(error, Stopped):
            self.stopped = self.stopped or error
        elif isinstance(error, Refused):
            self.refused[change.known.note_id or ""] = str(error)
        elif isinstance(error, RateLimited):
            if self.pacer.limited(error, self.settings.give_up):
                self.stopped = self.stopped or Outage("The account's limit is used up; run the same command later.")
            self.waiting.append(change)
        elif isinstance(error, CallFailed):
            self._again(change, error)
        else:
            raise error
        return False

    def _again(self, change: _Change, error: CallFailed) -> None:
        patience = pipeline.policy(self.settings).patience
        change.attempts = change.attempts or Attempts(patience, random.Random())  # noqa: S311 - jitter, no secret
        pause = change.attempts.failed(error, self.clock())
        if self.pacer.failed(error) or pause is None:
            self.stopped = self.stopped or Outage(f"The API keeps failing: {error}. Run the same command again later.")
        else:
            change.due = self.clock() + (0.0 if self.pacer.is_outage else pause)
            self.waiting.append(change)


@dataclass(eq=False)
class _Change:
    """A note to be hidden."""

    note: int
    known: Known
    due: float = 0.0
    attempts: Attempts | None = None
