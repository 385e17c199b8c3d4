"""The state machine of delivery in memory: whatever happens in whatever order, every note is there exactly once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer import grouping
from importer.client import Client
from importer.delivery import Delivery, Policy
from importer.errors import NotSent, RateLimited, Refused, Unclear
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
from importer.pacing import Pacer
from importer.retry import Attempts, Patience

SENT = ["ok", "500 before", "500 after", "lost before", "lost after", "late", "some missing", "unreachable", "429"]
SENT += ["413", "crash before", "crash after"]
READ = ["ok", "ok", "500", "lost", "429", "crash"]
PROSPECTS, NOTES, BATCH = 5, 3, 3


class Crash(BaseException):
    """The process is gone."""


class World:
    """A clock that only moves when someone waits, and an API that does what the script says, then what it should."""

    def __init__(self, sent: Sequence[str], read: Sequence[str]) -> None:
        self.now = 1_800_000_000.0
        self.sent, self.read = list(sent), list(read)
        self.notes: list[tuple[str, FoundNote]] = []
        self.pending: list[tuple[float, Callable[[], object]]] = []
        self.back: list[tuple[Any, Future[object]]] = []
        self.posts = 0

    def clock(self) -> float:
        return self.now

    # -- the API

    def create_notes(self, note: Note, prospects: Sequence[str]) -> dict[str, Answer]:
        self.posts += 1
        what = self.sent.pop(0) if self.sent else "ok"
        if what in ("500 before", "lost before", "crash before"):
            self._fail(what)
        if what == "unreachable":
            raise NotSent("nobody there")
        if what == "429":
            raise RateLimited("too many", wait=1.0)
        if what == "413" and len(prospects) > 1:
            raise Refused("too many prospects", status=413, in_api_words=True)
        if what == "late":
            self.pending.append((self.now + 2.0, lambda: self._apply(note, prospects)))
            raise Unclear("timed out", at_work=True)
        answers = self._apply(note, prospects)
        if what in ("500 after", "lost after", "crash after"):
            self._fail(what)
        return dict(list(answers.items())[::2]) if what == "some missing" else answers

    def notes_of(self, prospect: str, skip: int, take: int = 100) -> NotesPage:
        what = self.read.pop(0) if self.read else "ok"
        if what == "429":
            raise RateLimited("too many", wait=1.0)
        if what != "ok":
            self._fail(what)
        found = [note for owner, note in reversed(self.notes) if owner == prospect]
        page = tuple(found[skip : skip + 2])  # small pages, so that there are several
        return NotesPage(page, None, has_more=len(found) > skip + len(page))

    def _fail(self, what: str) -> None:
        if what.startswith("crash"):
            raise Crash
        raise Unclear(what, at_work=what.startswith("lost"))

    def _apply(self, note: Note, prospects: Sequence[str]) -> dict[str, Answer]:
        answers = {}
        for prospect in prospects:
            note_id = f"N{len(self.notes)}"
            found = FoundNote(note_id, f"<p>{note.content}</p>", note.visibility, note.status, self.now)
            self.notes.append((prospect, found))
            answers[prospect] = Answer(note_id)
        return answers

    # -- the hands

    def submit(self, work: Any, call: Callable[[], object]) -> None:
        future: Future[object] = Future()
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - as a pool of threads does
            future.set_exception(error)
        self.back.append((work, future))

    def wait(self, seconds: float) -> list[tuple[Any, Future[object]]]:
        if not self.back:
            self.now += max(seconds, 0.01)
            for pending in [found for found in self.pending if found[0] <= self.now]:
                self.pending.remove(pending)
                pending[1]()
        back, self.back = self.back, []
        return back


def sheet() -> Rows:
    """Every note for every prospect, mixed."""
    pairs = [(f"P{i % PROSPECTS}", i % NOTES) for i in range(PROSPECTS * NOTES)]
    notes = [Note(f"Note {i}", Visibility.PUBLIC, Status.PUBLISHED) for i in range(NOTES)]
    prospects: Texts = np.full(len(pairs), "", dtype=TEXT)
    prospects[:] = [prospect for prospect, _ in pairs]
    return Rows(
        np.arange(2, len(pairs) + 2, dtype=np.int32),
        prospects,
        np.array([note for _, note in pairs], dtype=np.int32),
        notes,
    )


def deliver(world: World, rows: Rows, path: Path) -> Outcomes | None:
    """One run of the program on this world; None where it crashed."""
    plan, outcomes = grouping.plan(rows), Outcomes(len(rows))
    rng = random.Random(1)
    with Journal.open(path) as journal:
        run = journal.begin_run("here", "sheet", "print", world.now, again=False)
        pacer = Pacer(4, world.clock, lambda: Attempts(Patience(0, 1e6), rng))
        delivery = Delivery(
            rows, plan, outcomes, run, journal=journal, client=cast(Client, world), pacer=pacer,
            policy=Policy(BATCH, read_timeout=3.0, settle=1.0, patience=Patience(50, 1e6), give_up=1e6), hands=world,
            clock=world.clock, rng=rng,
        )  # fmt: skip
        try:
            delivery.prepare()
            delivery.run()
        except Crash:
            world.back.clear()
            world.now += 0.1
            return None
    return outcomes


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.lists(st.sampled_from(SENT), max_size=12),
    read=st.lists(st.sampled_from(READ), max_size=12),
)
def test_whatever_happens_every_note_is_there_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, sent: list[str], read: list[str]
) -> None:
    """Run until it ends by itself; then each delivery has its note, each id is true, and one more run sends nothing."""
    world, rows = World(sent, read), sheet()
    path = tmp_path_factory.mktemp("world") / "journal.sqlite"
    outcomes = None
    for _ in range(40):
        outcomes = deliver(world, rows, path)
        if outcomes is not None:
            break
    assert outcomes is not None
    there = {note.note_id: (prospect, note.content) for prospect, note in world.notes}
    assert set(Counter(there.values()).values()) == {1}
    assert len(there) == len(rows)
    for position in range(len(rows)):
        assert outcomes.result(position) in DELIVERED
        text = rows.notes[rows.note[position]].text
        assert there[outcomes.note_id(position)] == (str(rows.prospect[position]), f"<p>{text}</p>")
    posts = world.posts
    again = deliver(world, rows, path)
    assert again is not None
    assert again.counts() == {Result.ALREADY_IMPORTED: len(rows)}
    assert world.posts == posts
