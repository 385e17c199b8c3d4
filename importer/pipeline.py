"""The story of an import, top to bottom; usable without the command line.

    from importer import pipeline
    from importer.settings import Settings

    report = pipeline.run("notes.xlsx", Settings(key="..."))

Comes in: a file and settings. Goes out: notes in the workspace, a results file, and a :class:`Report`. Nothing here
prints, asks or exits; who wants to watch hands in :class:`Hooks`.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from importer import columns, grouping, reading, results, validation
from importer.client import Client
from importer.columns import Roles
from importer.delivery import Delivery, Policy, Progress, foresee
from importer.errors import BadSettings, JournalFailed, Stopped, UnclearColumns
from importer.handiwork import Handiwork
from importer.hands import Threads
from importer.journal import Journal, Run
from importer.lock import held
from importer.models import DELIVERED, NEEDS_A_PERSON, Plan, Remaining, Result, Rows
from importer.outcomes import Outcomes
from importer.pacing import Pacer, Rate
from importer.reading import Sheet
from importer.retry import Attempts, Patience
from importer.settings import BATCH_SIZE, Settings

_AHEAD = 2  # calls entered in the journal and waiting for a free worker, so that no worker waits for the disk


def steady_clock() -> Callable[[], float]:
    """Seconds since 1970, from one look at the system's clock on; never going back when that is set anew."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


@dataclass
class Loaded:
    """A file that was read, checked and grouped; nothing was sent."""

    sheet: Sheet
    roles: Roles
    rows: Rows
    plan: Plan


@dataclass(frozen=True)
class Preview:
    """What is about to happen.

    Attributes:
        loaded: the file.
        remaining: what is left to do; less than the plan where earlier runs did some of it.
        batch_size: prospects in one request at most.
        rate: what the API allowed an earlier run, if it told.
        other_profiles: as which earlier runs delivered at this address, where none did as this one.
    """

    loaded: Loaded
    remaining: Remaining
    batch_size: int
    rate: Rate | None = None
    other_profiles: Sequence[str] = ()


@dataclass(frozen=True)
class Hooks:
    """How a caller watches and steers a run.

    Attributes:
        confirm: asked before the first request; False ends the run with nothing sent.
        observe: told of progress.
        stop: asked again and again; a sentence ends the run early, with what is under way waited for.
    """

    confirm: Callable[[Preview], bool] = lambda _: True
    observe: Callable[[Progress], None] = lambda _: None
    stop: Callable[[], str | None] = lambda: None


@dataclass(frozen=True)
class Report:
    """How a run ended.

    Attributes:
        run: its name in the journal.
        counts: result → rows.
        requests: how many requests were sent; those that reached nobody don't count.
        looks: how many look-ups were made of what got no clear answer.
        rate_limited: how often the API said 429.
        results: where the results are.
        remark: why they are not where they were wanted, if they aren't.
        stopped: why the run ended before its end, or None.
        twins: notes that reading back found to stand there more than once: the row's number → the ids of all of them.
    """

    run: str
    counts: Mapping[Result, int]
    requests: int
    looks: int
    rate_limited: int
    results: Path
    remark: str | None
    stopped: Stopped | None
    twins: Mapping[int, Sequence[str]] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """0: every row delivered; 1: some need a person; 3: stopped before the end; 4: and only a person can help."""
        if self.stopped is not None:
            return self.stopped.exit_status
        return exit_status(self.counts) or int(bool(self.twins))


def exit_status(counts: Mapping[Result, int]) -> int:
    """The exit status for rows that ended like this, where nothing says why a run stopped."""
    if counts.get(Result.NOT_SENT):
        return Stopped.exit_status
    return 1 if any(counts.get(result) for result in NEEDS_A_PERSON) else 0


def load(path: str | Path, settings: Settings) -> Loaded:
    """Read, check and group a file; sends nothing and needs no key.

    Raises:
        Unusable: the file or its columns can't be used.
    """
    wanted = settings.wanted
    options = reading.Options(
        settings.sheet, settings.header_row, settings.encoding, settings.delimiter, settings.limits
    )
    needed = len(wanted.required)
    sheet = reading.read(
        path,
        options,
        is_header=lambda cells: columns.recognised(cells, wanted) == needed,
        is_copy=columns.repeats_results,
    )
    try:
        roles = columns.find(sheet.headings, wanted)
        if roles.ours and sheet.delimiter is not None:
            sheet = sheet.restored(results.unprotected)  # a results file in CSV marks what a program would run
        rows = validation.validate(sheet, roles, validation.Rules(settings.default_visibility, settings.content))
        return Loaded(sheet, roles, rows, grouping.plan(rows))
    except BaseException:
        sheet.close()
        raise


def check(path: str | Path, settings: Settings) -> Preview:
    """Read, check and group a file, and see what earlier runs made of it; sends nothing and needs no key.

    Raises:
        Unusable: the file, its columns or the journal can't be used.
    """
    loaded = load(path, settings)
    try:
        if not settings.journal.exists():
            batch_size = settings.batch_size or BATCH_SIZE
            return Preview(loaded, grouping.remaining(loaded.plan.groups, loaded.rows, batch_size), batch_size)
        with Journal.open(settings.journal) as journal:
            _check_origin(loaded, journal, settings)
            batch_size = settings.batch_size or journal.learned_batch_size(settings.workspace) or BATCH_SIZE
            remaining = foresee(loaded.rows, loaded.plan, journal, settings.workspace, batch_size)
            return Preview(
                loaded, remaining, batch_size, _learned_rate(journal, settings), _other_profiles(journal, settings)
            )
    except BaseException:
        loaded.sheet.close()
        raise


def run(
    path: str | Path,
    settings: Settings,
    hooks: Hooks = Hooks(),
    *,
    clock: Callable[[], float] | None = None,
) -> Report | None:
    """Import a file: every note once, and a results file with an outcome for every row.

    Returns:
        None where ``hooks.confirm`` said no; nothing was sent then, and no results were written.

    Raises:
        Unusable: the file, the settings or the journal can't be used; nothing was sent.
        Busy: another import of the workspace is at work; nothing was sent.
        ResultsNotWritten: the import ended, but its results could be written nowhere.
    """
    clock = clock or steady_clock()
    loaded = load(path, settings)
    with loaded.sheet:
        if loaded.rows.overlooked:
            raise UnclearColumns("\n".join([*loaded.rows.overlooked, "Nothing was sent."]))
        target = results_path(path, settings.results)
        with workspace(settings) as journal:
            _check_origin(loaded, journal, settings)
            return _Importing(loaded, target, settings, hooks, journal, clock).run()


def _check_origin(loaded: Loaded, journal: Journal, settings: Settings) -> None:
    """See that the note ids which a results file brings along are of this workspace, and not of the sandbox, say.

    Ids of which the journal knows nothing may be of an import on another computer; they count.

    Raises:
        BadSettings: they are of another workspace.
    """
    some = list(itertools.islice(loaded.rows.done.values(), 200))
    profiles = journal.profiles_of(some) if some else []
    if profiles and settings.workspace not in profiles:
        raise BadSettings(
            f"The note ids in {loaded.sheet.source} are of an import into the workspace {profiles[0]!r}, and this would"
            f" be one into {settings.workspace!r}, where those notes are not. To import them here too, take the file"
            " that you began with, or clear the column note_id."
        )


@contextmanager
def workspace(settings: Settings) -> Iterator[Journal]:
    """The journal, with the workspace's lock held."""
    with held(settings.journal, settings.workspace), Journal.open(settings.journal) as journal:
        yield journal


class _Importing:
    """One run over a loaded file."""

    def __init__(
        self,
        loaded: Loaded,
        target: Path,
        settings: Settings,
        hooks: Hooks,
        journal: Journal,
        clock: Callable[[], float],
    ) -> None:
        self.loaded, self.target, self.settings, self.hooks = loaded, target, settings, hooks
        self.journal, self.clock = journal, clock
        self.outcomes = Outcomes(len(loaded.rows))
        self.started_at = clock()

    def run(self) -> Report | None:
        sheet, settings = self.loaded.sheet, self.settings
        others = _other_profiles(self.journal, settings)
        settle_before(self.loaded.rows, self.outcomes)
        learned = self.journal.learned_batch_size(settings.workspace)
        with calls(settings, self.clock) as (client, pacer, hands):
            run = self.journal.begin_run(
                settings.workspace, writable(sheet.source), sheet.fingerprint, self.started_at, again=settings.again
            )
            delivery = Delivery(
                self.loaded.rows, self.loaded.plan, self.outcomes, run,
                journal=self.journal, client=client, pacer=pacer, policy=policy(settings, learned=learned), hands=hands,
                clock=self.clock, observe=self.hooks.observe, stop=self.hooks.stop,
            )  # fmt: skip
            rate = _learned_rate(self.journal, settings)
            preview = Preview(self.loaded, delivery.prepare(), delivery.batch_size, rate, others)
            if not self._is_confirmed(preview, run):
                return None
            stopped: Stopped | None = None
            ended = "broken off"
            try:
                delivery.run()
                ended = "finished"
            except Stopped as error:
                stopped, ended = error, "stopped"
            finally:
                self.outcomes.explain(Result.NOT_SENT, _why_not_sent(stopped))
                settle_after(self.loaded.rows, self.loaded.plan, self.outcomes)
                written = self._finish(run, delivery, pacer, ended, stopped)
        counts = self.outcomes.counts()
        return Report(
            run.name, counts, delivery.requests_sent, delivery.looks_sent, pacer.rate_limited,
            written.path, written.remark, stopped, self._twins(),
        )  # fmt: skip

    def _twins(self) -> dict[int, Sequence[str]]:
        """Row number → the ids of its notes, where there are more than one."""
        numbers, outcomes = self.loaded.rows.number, self.outcomes
        return {
            int(numbers[position]): (outcomes.note_id(position), *others)
            for position, others in sorted(outcomes.twins.items())
        }

    def _is_confirmed(self, preview: Preview, run: Run) -> bool:
        """Ask, and record a no; whoever ends the program instead of answering has said no too."""
        answer = False
        try:
            answer = self.hooks.confirm(preview)
        finally:
            if not answer:
                self.journal.end_run(run, "declined", {}, self.clock())
        return answer

    def _finish(
        self, run: Run, delivery: Delivery, pacer: Pacer, ended: str, stopped: Stopped | None
    ) -> results.Written:
        counts = self.outcomes.counts()
        if counts.get(Result.NOT_SENT) and ended == "finished":
            ended = "stopped"
        now = self.clock()
        lines = [
            *_about_file(self.loaded),
            ("Run", run.name),
            ("Workspace", self.settings.workspace),
            ("Started", when(self.started_at)),
            ("Ended", f"{when(now)} ({ended})"),
            *([("Why it stopped", str(stopped))] if stopped else []),
            ("Requests sent", f"{delivery.requests_sent:,}"),
            *([("Look-ups", f"{delivery.looks_sent:,}")] if delivery.looks_sent else []),
            ("Batch size", f"{delivery.batch_size:,}"),
            ("Distinct notes", f"{len(self.loaded.plan.groups):,}"),
            *([("More than once there", twins_in_words(twins))] if (twins := self._twins()) else []),
            *([("Told to wait (429)", f"{pacer.rate_limited:,} times")] if pacer.rate_limited else []),
        ]
        with contextlib.suppress(JournalFailed):  # the run's own trouble with the journal is what the person is told of
            if delivery.has_learned:
                self.journal.learn_batch_size(run.profile, delivery.batch_size)
            if limit := pacer.learned_rate:
                self.journal.learn_limit(run.profile, limit.calls, limit.seconds)
            self.journal.end_run(run, ended, {result.value: count for result, count in counts.items()}, now)
        return write_results(self.target, self.loaded, self.outcomes, run, lines, self.journal)


def _why_not_sent(stopped: Stopped | None) -> str:
    """What the rows that a run didn't come to are told: the first sentence of why it stopped."""
    if stopped is None:
        return "the run broke off"
    first = re.split(r"(?<=[.!?])\s", str(stopped), maxsplit=1)[0].rstrip(".")
    return f"the run stopped: {first}"


def twins_in_words(twins: Mapping[int, Sequence[str]], most: int = 5) -> str:
    """The notes that stand there more than once, named, with what to do."""
    named = [f"row {row}: {', '.join(ids)}" for row, ids in [*twins.items()][:most]]
    more = f"; and {len(twins) - most:,} more, on the sheet To fix" if len(twins) > most else ""
    return f"{'; '.join(named)}{more}. Look at them in Saleshandy, and remove all but one of each by hand."


def _learned_rate(journal: Journal, settings: Settings) -> Rate | None:
    limit = journal.learned_limit(settings.workspace)
    return Rate(*limit) if limit else None


def _other_profiles(journal: Journal, settings: Settings) -> list[str]:
    known = journal.workspaces()
    here = settings.workspace.removeprefix(settings.profile)
    others = [workspace.removesuffix(here) for workspace in known if workspace.endswith(here)]
    return [] if settings.workspace in known else others


def write_results(
    target: Path, loaded: Loaded, outcomes: Outcomes, run: Run, lines: Sequence[tuple[str, str]], journal: Journal
) -> results.Written:
    """Write what became of a file's rows; ``lines`` say in the summary what was run."""
    return results.write(
        target, loaded.sheet, outcomes, results.Summary("What became of the notes", lines),
        standing=Handiwork(journal, Path(loaded.sheet.source)),
        ours=loaded.roles.ours, run=run.name, marked=_marked(loaded.rows),
    )  # fmt: skip


@contextmanager
def calls(settings: Settings, clock: Callable[[], float]) -> Iterator[tuple[Client, Pacer, Threads[Any]]]:
    """What calls to the API are made with."""
    outage = Patience(attempts=0, seconds=settings.give_up)
    rng = random.Random()  # noqa: S311 - jitter, no secret
    pacer = Pacer(settings.workers + _AHEAD, clock, lambda: Attempts(outage, rng), settings.rate)
    client = Client(
        settings.base_url, settings.key,
        connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout,
        observe=pacer.observe, clock=clock,
    )  # fmt: skip
    hands: Threads[Any] = Threads(settings.workers)
    try:
        yield client, pacer, hands
    finally:
        hands.close()
        client.close()


def policy(settings: Settings, *, learned: int | None = None, resends: bool = True) -> Policy:
    """How delivery is to go about it; ``learned`` is the batch size that proved to work before."""
    return Policy(
        settings.batch_size or learned or BATCH_SIZE, settings.read_timeout, settings.settle,
        patience=Patience(attempts=8, seconds=settings.give_up), give_up=settings.give_up,
        resends=resends, resend_unconfirmed=settings.resend_unconfirmed,
    )  # fmt: skip


def settle_before(rows: Rows, outcomes: Outcomes) -> None:
    """Settle the rows that need no delivery: invalid ones, and those that carry a note id already."""
    for position, problems in rows.problems.items():
        outcomes.settle([position], Result.INVALID, reason="; ".join(str(problem) for problem in problems))
    if rows.done:
        outcomes.settle(
            list(rows.done),
            Result.ALREADY_IMPORTED,
            note_ids=list(rows.done.values()),
            reason="this results file says so; the row was left alone",
        )


def settle_after(rows: Rows, plan: Plan, outcomes: Outcomes) -> None:
    """Make every row that repeats an earlier one its duplicate, or what that one is where it isn't delivered."""
    advice = "; if it is meant twice: --key-column" if rows.key is None else ", and the same key"
    for position in np.flatnonzero(plan.original >= 0).tolist():
        original = int(plan.original[position])
        result = outcomes.result(original)
        reason = f"the same note for the same prospect as row {rows.number[original]}"
        if result in DELIVERED:
            note_ids = [outcomes.note_id(original)]
            outcomes.settle([position], Result.DUPLICATE, note_ids=note_ids, reason=reason + advice)
        else:
            outcomes.settle([position], result, reason=f"{reason}, which is {result}")


def _marked(rows: Rows) -> dict[int, Collection[int]]:
    """The cells to blame: row position → positions of columns."""
    return {
        position: {problem.column for problem in problems if problem.column is not None}
        for position, problems in rows.problems.items()
    }


def results_path(path: str | Path, wanted: Path | None) -> Path:
    """Where the results go: where the person said, or beside the input.

    Raises:
        BadSettings: results can't be written there, or it is the input itself.
    """
    source = Path("standard input.csv") if str(path) == "-" else Path(path)
    if wanted is None:
        match = re.fullmatch(r"(.*)\.results(?:-(\d+))?", source.stem)
        stem, number = (match[1], int(match[2] or 1) + 1) if match else (source.stem, 1)
        wanted = source.with_name(f"{stem}.results{f'-{number}' if number > 1 else ''}.xlsx")
    results.check_target(wanted)
    if is_same(wanted, source):
        raise BadSettings(f"The results would replace the file that is imported, {source}. Name another: --results.")
    return wanted


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file."""
    return one.exists() and other.exists() and one.samefile(other)


def _about_file(loaded: Loaded) -> list[tuple[str, str]]:
    sheet = loaded.sheet
    lines = [("File", writable(sheet.source)), ("Format", sheet.format)]
    if sheet.name is not None:
        lines.append(("Sheet", sheet.name))
    if sheet.encoding is not None:
        lines.append(("Encoding", sheet.encoding))
    lines.append(("Rows", f"{len(loaded.rows):,}"))
    lines += [("Good to know", remark) for remark in (*sheet.remarks, *loaded.rows.remarks)]
    return lines


def writable(name: str) -> str:
    """A file's name as it can be written down; what of it is no text, as on other systems' disks, becomes a ?."""
    return name.encode("utf-8", "replace").decode("utf-8")


def when(at: float) -> str:
    """A time for a person: seconds since 1970 as the local date and time."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %Z}"
