"""The state machine of delivery in memory: whatever happens in whatever order, every note is there exactly once."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from importer import grouping
from importer.client import Client
from importer.delivery import Delivery, Policy, Progress
from importer.errors import NotSent, Outage, RateLimited, Refused, Unclear
from importer.journal import Journal
from importer.models import (
    DELIVERED,
    TEXT,
    Answer,
    FoundNote,
    Note,
    NotesPage,
    Result,
    Rows,
    Status,
    Texts,
    Visibility,
)
from importer.outcomes import Outcomes
from importer.pacing import Pacer, Signals
from importer.retry import Attempts, Patience

READ_TIMEOUT, SETTLE, BATCH = 3.0, 1.0, 3
SENT = ["ok", "500 before", "500 after", "lost before", "lost after", "late", "some missing", "none missing made"]
SENT += ["unreachable", "429", "413", "400"]
READ = ["ok", "ok", "500", "lost", "429", "unreachable", "stale"]
PUBLIC, PUBLISHED, DRAFT = Visibility.PUBLIC, Status.PUBLISHED, Status.DRAFT
NOTES = [
    Note("Spoke about terms", PUBLIC, PUBLISHED),
    Note("Use <b>this</b>", PUBLIC, PUBLISHED),
    Note("Use <i>this</i>", PUBLIC, PUBLISHED),  # reads like the one before
    Note("Use this", Visibility.PRIVATE, PUBLISHED),
    Note("First draft", PUBLIC, DRAFT),
    Note("Second draft", PUBLIC, DRAFT),  # hides the first, or is hidden by it
]
# prospect, note, key: P4 gets the first note three times on purpose; one prospect doesn't exist.
LINES = [(f"P{i}", note, "") for note in range(len(NOTES)) for i in range(4)]
LINES += [("P4", 0, "Monday"), ("P4", 0, "Tuesday"), ("P4", 0, "Friday"), ("INVALID", 0, ""), ("INVALID", 4, "")]


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Stored:
    """A note that the API holds."""

    prospect: str
    found: FoundNote
    seen_at: float  # when reading shows it
    is_ours: bool = True


@dataclass
class World:
    """A clock that moves when someone waits or calls, an API that does what the script says, and a process that dies.

    Attributes:
        sent, read: what becomes of the next calls; then all goes well.
        lives: after how many steps the process dies, each time anew; then it lives.
        chance: decides in which order calls in flight are done and come back.
        ahead: how far the server's clock is ahead, in seconds.
    """

    sent: list[str]
    read: list[str]
    lives: list[int]
    chance: random.Random
    ahead: float
    now: float = 1_800_000_000.0
    steps: int = 0
    posts: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[Stored] = field(default_factory=list)
    late: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    flying: list[tuple[Any, Callable[[], object]]] = field(default_factory=list)
    landed: list[tuple[Any, Future[object]]] = field(default_factory=list)
    observe: Callable[[Signals], None] = lambda _: None

    def clock(self) -> float:
        return self.now

    def step(self) -> None:
        """The process may die here."""
        self.steps += 1
        if self.lives and self.steps > self.lives[0]:
            self.lives.pop(0)
            raise Crash

    def die(self) -> None:
        """What was on its way reaches the API all the same, or doesn't; nobody hears of it."""
        for _, call in self.flying:
            if self.chance.random() < 0.5:
                done(call)
        self.flying, self.landed, self.steps = [], [], 0
        self.pass_time(self.chance.choice([0.01, 0.5, 2.0, 100.0]))

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        for pending in sorted((found for found in self.late if found[0] <= end), key=lambda found: found[0]):
            self.late.remove(pending)
            self.now = max(self.now, pending[0])
            pending[1]()
        self.now = end

    # -- the API

    def create_notes(self, note: Note, prospects: Sequence[str]) -> dict[str, Answer]:
        self.posts.append(tuple(prospects))
        what = self.sent.pop(0) if self.sent else "ok"
        if what == "unreachable":
            raise NotSent("nobody there")
        self.reply("POST")
        if what == "429":
            raise RateLimited("too many", wait=self.chance.choice([None, 1.0]))
        if (what == "413" and len(prospects) > 1) or (what == "400" and len(prospects) > 1):
            raise Refused("too many prospects" if what == "413" else "bad request", status=400, in_api_words=True)
        if what in ("500 before", "lost before"):
            raise Unclear(what, at_work=what == "lost before")
        if what == "late":
            self.late.append((self.now + READ_TIMEOUT * self.chance.random(), lambda: self.apply(note, prospects)))
            raise Unclear("timed out", at_work=True)
        made = prospects[1::2] if what == "none missing made" else prospects
        answers = self.apply(note, made)
        if what in ("500 after", "lost after"):
            raise Unclear(what, at_work=what == "lost after")
        return dict(list(answers.items())[::2]) if what == "some missing" else answers

    def notes_of(self, prospect: str, skip: int, take: int = 100) -> NotesPage:
        what = self.read.pop(0) if self.read else "ok"
        if what == "unreachable":
            raise NotSent("nobody there")
        self.reply("GET")
        if what == "429":
            raise RateLimited("too many", wait=1.0)
        if what in ("500", "lost"):
            raise Unclear(what, at_work=False)
        if prospect == "INVALID":
            raise Refused("Invalid prospect Id", status=400, in_api_words=True)
        shown = [note.found for note in self.notes if note.prospect == prospect and note.seen_at <= self.now][::-1]
        if what == "stale":
            shown = []
        published = [note for note in shown if note.status == PUBLISHED]
        page = tuple(published[skip : skip + 2])  # small pages, so that there are several
        draft = next((note for note in shown if note.status == DRAFT), None)
        return NotesPage(page, draft, has_more=len(published) > skip + len(page))

    def reply(self, kind: str) -> None:
        date = formatdate(math.floor(self.now + self.ahead), usegmt=True)
        self.observe(Signals(kind, 200, {"date": date}, self.now - 0.01, self.now))

    def apply(self, note: Note, prospects: Sequence[str], *, is_ours: bool = True) -> dict[str, Answer]:
        answers = {}
        for prospect in prospects:
            if prospect == "INVALID":
                answers[prospect] = Answer(None, "unknown")
                continue
            note_id = f"N{len(self.notes)}"
            at = math.floor((self.now + self.ahead) * 1000) / 1000
            found = FoundNote(note_id, f"<p>{note.content}</p>", note.visibility, note.status, at)
            lag = self.chance.choice([0.0, SETTLE * self.chance.random()])
            self.notes.append(Stored(prospect, found, self.now + lag, is_ours))
            answers[prospect] = Answer(note_id)
        return answers

    # -- the hands

    def submit(self, work: Any, call: Callable[[], object]) -> None:
        self.step()
        self.flying.append((work, call))

    def wait(self, seconds: float) -> list[tuple[Any, Future[object]]]:
        self.step()
        if not self.flying and not self.landed:
            self.pass_time(max(seconds, 0.01))
            return []
        self.pass_time(0.01)
        while self.flying and self.chance.random() < 0.7:
            work, call = self.flying.pop(self.chance.randrange(len(self.flying)))
            self.landed.append((work, done(call)))
        back = [self.landed.pop(self.chance.randrange(len(self.landed))) for _ in range(min(2, len(self.landed)))]
        self.step()  # the API has done it, but it isn't in the journal
        return back


def done(call: Callable[[], object]) -> Future[object]:
    future: Future[object] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - as a pool of threads does
        future.set_exception(error)
    return future


class MortalJournal(Journal):
    """A journal whose process may die before a transaction is on disk, and after."""

    step: Callable[[], None] = staticmethod(lambda: None)

    def careless(self) -> None:
        """Wait for no disk; the power never fails here."""
        connection = self._connection.connection.driver_connection
        assert connection is not None
        connection.execute("PRAGMA synchronous = OFF")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        with super().transaction():
            yield
            self.step()
        self.step()


def sheet() -> Rows:
    numbers = np.arange(2, len(LINES) + 2, dtype=np.int32)
    prospects, notes, keys = zip(*LINES, strict=True)
    return Rows(numbers, texts(prospects), np.array(notes, dtype=np.int32), NOTES, texts(keys))


def texts(values: Sequence[str]) -> Texts:
    column: Texts = np.full(len(values), "", dtype=TEXT)
    column[:] = values
    return column


def deliver(
    world: World,
    rows: Rows,
    path: Path,
    give_up: float = 1e6,
    observe: Callable[[Progress], None] = lambda _: None,
) -> Outcomes | None:
    """One run of the program on this world; None where it died."""
    plan, outcomes = grouping.plan(rows), Outcomes(len(rows))
    rng = random.Random(1)
    with MortalJournal.open(path) as journal:
        journal.careless()
        run = journal.begin_run("here", "sheet", "print", world.now, again=False)
        pacer = Pacer(4, world.clock, lambda: Attempts(Patience(0, give_up), rng))
        world.observe = pacer.observe
        delivery = Delivery(
            rows, plan, outcomes, run, journal=journal, client=cast(Client, world), pacer=pacer,
            policy=Policy(BATCH, READ_TIMEOUT, SETTLE, patience=Patience(50, give_up), give_up=give_up), hands=world,
            clock=world.clock, rng=rng, observe=observe,
        )  # fmt: skip
        try:
            journal.step = world.step
            delivery.prepare()
            delivery.run()
        except Crash:
            journal.step = lambda: None
            world.die()
            return None
    world.steps = 0
    return outcomes


def whole(found: Stored) -> tuple[str, str, str, str]:
    return found.prospect, found.found.content, found.found.visibility, found.found.status


def check(world: World, rows: Rows, outcomes: Outcomes) -> None:
    """Each delivery has its note, no more, and each row's result says so."""
    wanted = Counter(
        (prospect, f"<p>{NOTES[note].content}</p>", str(NOTES[note].visibility), str(NOTES[note].status))
        for prospect, note, _ in LINES
        if prospect != "INVALID"
    )
    ours = {stored.found.note_id: stored for stored in world.notes if stored.is_ours}
    assert Counter(whole(stored) for stored in ours.values()) == wanted
    ids = []
    for position, (prospect, number, _) in enumerate(LINES):
        if prospect == "INVALID":
            assert outcomes.result(position) is Result.REJECTED
            continue
        assert outcomes.result(position) in DELIVERED
        found, note = ours[outcomes.note_id(position)], NOTES[number]
        assert whole(found) == (prospect, f"<p>{note.content}</p>", note.visibility, note.status)
        ids.append(outcomes.note_id(position))
    assert len(set(ids)) == len(ids)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.lists(st.sampled_from(SENT), max_size=30),
    read=st.lists(st.sampled_from(READ), max_size=20),
    lives=st.lists(st.integers(1, 60), max_size=8),
    seed=st.integers(0, 2**32),
    ahead=st.sampled_from([0.0, -3600.0, 0.4, 90.0]),
)
@example(sent=["500 after"] * 30, read=[], lives=[3, 3, 3, 3, 9, 9, 9, 30], seed=1, ahead=90.0)
@example(sent=["500 before", "none missing made"] * 15, read=["stale", "ok"] * 5, lives=[], seed=2, ahead=0.0)
def test_whatever_happens_every_note_is_there_exactly_once(
    tmp_path_factory: pytest.TempPathFactory,
    sent: list[str],
    read: list[str],
    lives: list[int],
    seed: int,
    ahead: float,
) -> None:
    """Run until it ends by itself; then each delivery has its note, each id is true, and one more run sends nothing."""
    world, rows = World(sent, once(read), lives, random.Random(seed), ahead), sheet()
    world.apply(NOTES[0], ["P0", "P1", "P2"], is_ours=False)  # the same by hand, an hour before
    world.pass_time(3600.0)
    path = tmp_path_factory.mktemp("world") / "journal.sqlite"
    outcomes = None
    while outcomes is None:
        outcomes = deliver(world, rows, path)
    check(world, rows, outcomes)
    before = len(world.posts)
    world.lives.clear()
    again = deliver(world, rows, path)
    assert again is not None
    check(world, rows, again)
    assert {prospect for posted in world.posts[before:] for prospect in posted} <= {"INVALID"}


def once(read: list[str]) -> list[str]:
    """One look at a copy that lags beyond the settling time; more at the same prospect, and nobody could tell."""
    first = read.index("stale") if "stale" in read else None
    return [what for place, what in enumerate(read) if what != "stale" or place == first]


@pytest.mark.parametrize("give_up", [8.0, 40.0, 900.0])
@pytest.mark.parametrize("lines", [1, len(LINES)])
def test_an_outage_ends_the_run_when_it_was_said_and_for_its_own_cause(
    tmp_path: Path, lines: int, give_up: float
) -> None:
    """However long the pauses have become, and whether one request waits or many; what goes on is told meanwhile."""
    world = World(["unreachable"] * 1000, [], [], random.Random(0), 0.0)
    begin = world.now
    told: list[Progress] = []
    whole = sheet()
    rows = Rows(whole.number[:lines], whole.prospect[:lines], whole.note[:lines], NOTES, texts([""] * lines))
    with pytest.raises(Outage, match=r"the last trouble was: nobody there\. The run waits for") as stopped:
        deliver(world, rows, tmp_path / "journal.sqlite", give_up, told.append)
    assert "limit" not in str(stopped.value)
    assert give_up <= world.now - begin < give_up + 1.0
    assert {progress.trouble for progress in told[5:]} <= {
        f"trying again{when}: nobody there" for when in ("", *(f" in {seconds} s" for seconds in range(1, 61)))
    }
    assert told[-1].created == 0


def test_the_time_until_something_is_looked_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server may still be at work and nothing else is to be done, the person sees what is waited for."""
    monkeypatch.setattr("importer.delivery.LONG_PAUSE", 1.0)
    world, told = World(["lost before"], [], [], random.Random(0), 0.0), list[Progress]()
    outcomes = deliver(world, sheet(), tmp_path / "journal.sqlite", observe=told.append)
    assert outcomes is not None
    assert "looking up what got no clear answer in 2 s" in {progress.trouble for progress in told}
    assert told[-1].trouble == ""


class Apart(Pacer):
    """Reading has to wait until a moment, and writing need not."""

    until = 0.0

    def wait(self, kind: str) -> float:
        return max(super().wait(kind), self.until - self._clock() if kind == "GET" else 0.0)


@dataclass
class Calm:
    """An API whose first answer is lost; it carries its own calls, each in a tenth of a second."""

    now: float = 1_776_772_800.0
    calls: list[tuple[float, str]] = field(default_factory=list)
    flying: list[tuple[Any, Callable[[], object]]] = field(default_factory=list)

    def create_notes(self, note: Note, prospects: Sequence[str]) -> dict[str, Answer]:
        self.calls.append((self.now, "POST"))
        if len(self.calls) == 1:
            raise Unclear("lost", at_work=False)
        return {prospect: Answer(f"{note.content}-{prospect}") for prospect in prospects}

    def notes_of(self, prospect: str, skip: int) -> NotesPage:
        self.calls.append((self.now, "GET"))
        return NotesPage((), None, has_more=False)

    def submit(self, work: Any, call: Callable[[], object]) -> None:
        self.flying.append((work, call))

    def wait(self, seconds: float) -> list[tuple[Any, Future[object]]]:
        back, self.flying = self.flying, []
        self.now += 0.1 if back else max(seconds, 0.01)
        return [(work, done(call)) for work, call in back]


def test_requests_go_on_while_looks_have_to_wait(tmp_path: Path) -> None:
    rows, calm, rng = sheet(), Calm(), random.Random(1)
    start = calm.now
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        run = journal.begin_run("here", "sheet", "print", start, again=False)
        pacer = Apart(1, lambda: calm.now, lambda: Attempts(Patience(0, 1e6), rng))
        pacer.until = start + 60
        plan, outcomes = grouping.plan(rows), Outcomes(len(rows))
        delivery = Delivery(
            rows, plan, outcomes, run, journal=journal, client=cast(Client, calm), pacer=pacer,
            policy=Policy(BATCH, READ_TIMEOUT, SETTLE), hands=calm, clock=lambda: calm.now, rng=rng,
        )  # fmt: skip
        delivery.prepare()
        delivery.run()
    kinds = [kind for at, kind in calm.calls if at < start + 60]
    assert set(kinds) == {"POST"}
    assert len(kinds) > 5
    first_look = next(at for at, kind in calm.calls if kind == "GET")
    assert first_look < start + 61
