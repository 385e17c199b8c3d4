"""How delivery goes on and how it ends while the API can't be used, on a clock that moves when someone waits."""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from importer import grouping
from importer.api import Answer, Cause, Endpoint, Failure, NotesPage, Reply, Traits
from importer.api.transport import CONNECT
from importer.calls.dispatcher import Caller
from importer.calls.limiter import Limiter
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext, Policy, Post, perform
from importer.delivery.coordinator import Coordinator
from importer.delivery.earlier import Earlier
from importer.delivery.outcomes import Outcomes
from importer.errors import Outage
from importer.journal import Claim, Journal, NoteKey
from importer.messages import render, words
from importer.models import Note, Progress, Request, Result, Rows, Status, Texts, Visibility, Workspace
from importer.rows.values import TEXT
from tests.api.canned import Canned, called, entry, reply, results

START = 1_800_000_000.0
HERE = Workspace("default", "https://api.example/v1")
NOTE = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)


class Api:
    """An API without notes and the workers that carry its calls, each in a tenth of a second."""

    traits = Traits(one_draft=True)

    def __init__(self, failure: Failure | None = None) -> None:
        self.now, self.failure = START, failure  # what becomes of each POST, if any
        self.calls: list[tuple[float, str]] = []  # when each left, and its kind
        self._back: list[tuple[Any, Reply[Any]]] = []

    def clock(self) -> float:
        return self.now

    def submit(self, task: Any, perform: Callable[[Any], Reply[Any]]) -> None:
        self._back.append((task, perform(task)))

    def wait(self, seconds: float) -> list[tuple[Any, Reply[Any]]]:
        back, self._back = self._back, []
        self.now += 0.1 if back else max(min(seconds, 0.5), 0.001)
        return back

    def _reply(self, kind: Endpoint, value: Any) -> Reply[Any]:
        self.calls.append((self.now, kind))
        return Reply(kind, self.now, self.now + 0.1, value, self.failure if kind is Endpoint.CREATE else None, 200)

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        return self._reply(Endpoint.CREATE, {prospect: Answer(f"{note.text}-{prospect}") for prospect in prospects})

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        return self._reply(Endpoint.READ, NotesPage((), None, has_more=False))

    def renew(self) -> None:
        pass


def sheet(lines: int, note: Note = NOTE) -> Rows:
    prospects: Texts = np.full(lines, "", dtype=TEXT)
    prospects[:] = [f"P{number}" for number in range(lines)]
    return Rows(np.arange(2, lines + 2, dtype=np.int32), prospects, np.zeros(lines, dtype=np.int32), [note])


def deliver(
    api: Api,
    address: Path | str,
    lines: int = 1,
    give_up: float = 900.0,
    observe: Callable[[Progress], None] = lambda _: None,
    note: Note = NOTE,
) -> Outcomes:
    rows, outcomes, rng = sheet(lines, note), Outcomes(lines), random.Random(1)
    with Journal.open(address) as journal:
        run = journal.runs.begin(HERE, "sheet", "print", api.now, again=False)
        caller = Caller(api, api, Limiter(4, api.clock, give_up, rng=rng), api.clock, give_up, rng=rng)  # type: ignore[arg-type]
        policy = Policy(batch_size=3, read_timeout=3.0, rest=1.0, lag=60.0)
        delivery = Coordinator(DeliveryContext.of(journal, HERE, run, caller, policy), outcomes, observe)
        delivery.prepare(Earlier(rows, journal, HERE), grouping.plan(rows))
        delivery.run()
    return outcomes


def claim_before(journal: Journal, note: Note, rest: float) -> None:
    """An earlier run claims the note for P0, and dies."""
    run = journal.runs.begin(HERE, "sheet", "print", START - 60, again=False, rest=rest)
    with journal.transaction():
        earlier = Earlier(sheet(1, note), journal, HERE)
        names = tuple(earlier.names([0]))
        journal.deliveries.claim(run, [Claim(NoteKey.of(note), Request(note, (0,), ("P0",), names))], START - 60)
        journal.identities.enter(HERE, earlier.told([0], names))


@pytest.mark.parametrize("status", Status)
def test_a_draft_waits_for_the_unclear_draft_of_another_sheet(tmp_path: Path, status: Status) -> None:
    """It would hide that one from who reads it back; a published note hides none."""
    api, journal_file = Api(), tmp_path / "journal.sqlite"
    with Journal.open(journal_file) as journal:
        claim_before(journal, replace(NOTE, status=status), rest=4.0)
    outcomes = deliver(api, journal_file, note=replace(NOTE, content="Another", text="Another", status=status))
    is_draft = status is Status.DRAFT
    assert outcomes.result(0) is (Result.NOT_SENT if is_draft else Result.CREATED)
    assert [kind for _, kind in api.calls if kind == Endpoint.CREATE] == [Endpoint.CREATE] * (not is_draft)


@pytest.mark.parametrize(("lines", "give_up"), [(1, 8.0), (24, 900.0)])
def test_an_outage_ends_the_run_when_it_was_said_and_for_its_own_cause(
    tmp_path: Path, lines: int, give_up: float
) -> None:
    """However long the pauses have become, and whether one request waits or many; what goes on is told meanwhile."""
    api, told = Api(Failure(Cause.UNREACHABLE, words("nobody there"))), list[Progress]()
    with pytest.raises(Outage, match=r"The last problem was: nobody there\. The run waits at most"):
        deliver(api, tmp_path / "journal.sqlite", lines, give_up, told.append)
    assert give_up <= api.now - START < give_up + 1.0
    assert {render(progress.trouble) for progress in told[5:]} <= {
        f"trying again{when}: nobody there" for when in ("", *(f" in {seconds} s" for seconds in range(1, 61)))
    }


def test_what_an_earlier_run_may_still_send_or_have_applied_is_missed_later(tmp_path: Path, url: str) -> None:
    """By fifteen seconds on a machine that may have lost its lock; by all its patience in a run that waited longer."""
    sent_again_at = []
    for address, rest in ((str(tmp_path / "a.sqlite"), 4.0), (url, 4.0), (str(tmp_path / "b.sqlite"), 605.0)):
        with Journal.open(address) as journal:
            claim_before(journal, NOTE, rest)
        api = Api()
        deliver(api, address)
        sent_again_at.append(next(at for at, kind in api.calls if kind == Endpoint.CREATE))
    later = [at - sent_again_at[0] for at in sent_again_at]
    assert later == pytest.approx([0.0, LONGEST_CLAIM + CONNECT, 601.0], abs=1.0)


def test_a_claim_that_is_too_old_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the system's clock, which goes on while the machine sleeps; asked when the first byte could leave."""
    claimed = post()
    with Canned(reply(results(entry("P0", "N1")))) as server:
        for claimed.good_until in (time.time() - 1, -math.inf):
            failure = called(server.url, lambda api: perform(api, claimed)).failure
            assert failure is not None
            assert failure.cause is Cause.UNREACHABLE
        assert server.requests == []
        claimed.good_until = time.time() + 60
        assert called(server.url, lambda api: perform(api, claimed)).failure is None
        times = iter([claimed.good_until, claimed.good_until + 1])  # it is halted between the head and the body
        monkeypatch.setattr("importer.api.connections.time", SimpleNamespace(time=lambda: next(times)))
        failure = called(server.url, lambda api: perform(api, claimed)).failure
        assert failure is not None
        assert failure.is_applied is None
        ends = time.monotonic() + 60
        while len(server.requests) < 2 and time.monotonic() < ends:  # the head alone may still be on its way
            time.sleep(0.01)
    assert [b"P0" in request for request in server.requests] == [True, False]


def post() -> Post:
    return Post(Request(NOTE, (0,), ("P0",), (b"P0",)), NoteKey.of(NOTE))
