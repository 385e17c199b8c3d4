"""How delivery goes on and how it ends while the API can't be used, on a clock that moves when someone waits."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from importer import grouping
from importer.api import (
    Answer,
    Cause,
    Endpoint,
    Failure,
    FilePart,
    FoundProspect,
    Metadata,
    NoteChange,
    NotesPage,
    Reply,
    Traits,
)
from importer.calls.dispatcher import Caller
from importer.calls.limiter import LONG_PAUSE, Limiter
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext, Policy, Post, perform
from importer.delivery.coordinator import Coordinator
from importer.delivery.earlier import Earlier
from importer.delivery.outcomes import Outcomes
from importer.errors import Outage
from importer.journal import Claim, Journal, NoteKey
from importer.messages import render, words
from importer.models import Note, Progress, Request, Rows, Status, Texts, Visibility, Workspace
from importer.rows.values import TEXT

OK = Metadata(200, {"content-type": "application/json"})
START = 1_800_000_000.0


class Api:
    """An API and the workers that carry its calls, each in a tenth of a second.

    Attributes:
        failures: of the next POSTs, None where one succeeds; then all do.
        calls: when each call left, and its kind.
    """

    traits = Traits(one_draft=True)

    def __init__(self, failures: Iterator[Failure | None]) -> None:
        self.now, self.failures = START, failures
        self.calls: list[tuple[float, str]] = []
        self._back: list[tuple[Any, Reply[Any]]] = []

    def clock(self) -> float:
        return self.now

    def submit(self, task: Any, perform: Callable[[Any], Reply[Any]]) -> None:
        self._back.append((task, perform(task)))

    def wait(self, seconds: float) -> list[tuple[Any, Reply[Any]]]:
        back, self._back = self._back, []
        self.now += 0.1 if back else max(min(seconds, 0.5), 0.001)
        return back

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        self.calls.append((self.now, Endpoint.CREATE))
        if (failure := next(self.failures, None)) is not None:
            return Reply(Endpoint.CREATE, self.now, self.now + 0.1, failure=failure)
        answers = {prospect: Answer(f"{note.text}-{prospect}") for prospect in prospects}
        return Reply(Endpoint.CREATE, self.now, self.now + 0.1, answers, metadata=OK)

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        self.calls.append((self.now, Endpoint.READ))
        return Reply(Endpoint.READ, self.now, self.now + 0.1, NotesPage((), None, has_more=False), metadata=OK)

    def update(self, note_id: str, change: NoteChange) -> Reply[bool]:
        raise NotImplementedError

    def upload(self, file: FilePart) -> Reply[str]:
        raise NotImplementedError

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        raise NotImplementedError

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass


class SlowReading(Limiter):
    """Reading has a limit of its own that is used up for a minute."""

    def wait(self, kind: Endpoint) -> float:
        return max(super().wait(kind), START + 60 - self._clock() if kind == Endpoint.READ else 0.0)


def sheet(lines: int) -> Rows:
    prospects: Texts = np.full(lines, "", dtype=TEXT)
    prospects[:] = [f"P{number}" for number in range(lines)]
    note = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)
    return Rows(np.arange(2, lines + 2, dtype=np.int32), prospects, np.zeros(lines, dtype=np.int32), [note])


HERE = Workspace("default", "https://api.example/v1")


def deliver(
    api: Api,
    folder: Path,
    lines: int,
    *,
    give_up: float = 900.0,
    limiter: type[Limiter] = Limiter,
    observe: Callable[[Progress], None] = lambda _: None,
    address: str | None = None,
) -> Outcomes:
    rows, outcomes, rng = sheet(lines), Outcomes(lines), random.Random(1)
    with Journal.open(address or folder / "journal.sqlite") as journal:
        run = journal.runs.begin(HERE, "sheet", "print", api.now, again=False)
        caller = Caller(api, api, limiter(4, api.clock, give_up, rng=rng), api.clock, give_up, rng=rng)
        policy = Policy(batch_size=3, read_timeout=3.0, rest=1.0, lag=60.0)
        delivery = Coordinator(DeliveryContext.of(journal, HERE, run, caller, policy), outcomes, observe)
        delivery.prepare(Earlier(rows, journal, HERE), grouping.plan(rows))
        delivery.run()
    return outcomes


def always(failure: Failure) -> Iterator[Failure]:
    while True:
        yield failure


@pytest.mark.parametrize("give_up", [8.0, 40.0, 900.0])
@pytest.mark.parametrize("lines", [1, 24])
def test_an_outage_ends_the_run_when_it_was_said_and_for_its_own_cause(
    tmp_path: Path, lines: int, give_up: float
) -> None:
    """However long the pauses have become, and whether one request waits or many; what goes on is told meanwhile."""
    api, told = Api(always(Failure(Cause.UNREACHABLE, words("nobody there")))), list[Progress]()
    with pytest.raises(Outage, match=r"The last problem was: nobody there\. The run waits at most") as stopped:
        deliver(api, tmp_path, lines, give_up=give_up, observe=told.append)
    assert "limit" not in str(stopped.value)
    assert give_up <= api.now - START < give_up + 1.0
    assert {render(progress.trouble) for progress in told[5:]} <= {
        f"trying again{when}: nobody there" for when in ("", *(f" in {seconds} s" for seconds in range(1, 61)))
    }


def test_the_time_until_something_is_looked_up_is_told(tmp_path: Path) -> None:
    """While nothing else is to be done, the person sees what is waited for."""
    lost = Failure(Cause.LOST, words("lost"), at_work=True)
    api, told = Api(iter([lost])), list[Progress]()
    deliver(api, tmp_path, 1, observe=told.append)
    begins = "looking up unclear deliveries (the API may still be working on them) in "
    waits = [int(said[len(begins) : -2]) for progress in told if (said := render(progress.trouble)).startswith(begins)]
    assert max(waits) > 50  # nothing can be sent as a control, so reading may lag by a minute
    assert set(waits) >= set(range(math.ceil(LONG_PAUSE) + 1, max(waits)))
    assert told[-1].trouble is None


def test_requests_go_on_while_lookups_have_to_wait_for_a_limit_of_their_own(tmp_path: Path) -> None:
    api = Api(iter([None, Failure(Cause.LOST, words("lost"))]))
    deliver(api, tmp_path, 24, limiter=SlowReading)
    kinds = [kind for at, kind in api.calls if at < START + 60]
    assert kinds == [Endpoint.CREATE] * 7  # the last one is kept back until the unclear one is clear
    assert START + 60 <= next(at for at, kind in api.calls if kind == Endpoint.READ) < START + 61


def test_what_a_machine_claimed_that_may_have_lost_its_lock_is_missed_five_seconds_later(
    tmp_path: Path, url: str
) -> None:
    """So long it may still send it. Beside a file the lock goes with its process, and nobody sends any more."""
    sent_again_at = []
    for address in (str(tmp_path / "journal.sqlite"), url):
        note = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)
        with Journal.open(address) as journal:
            run = journal.runs.begin(HERE, "sheet", "print", START - 60, again=False)
            [number] = journal.deliveries.enter_notes(HERE, [NoteKey.of(note)])
            with journal.transaction():
                earlier = Earlier(sheet(1), journal, HERE)
                names = tuple(earlier.names([0]))
                journal.deliveries.claim(run, [Claim(number, Request(note, (0,), ("P0",), names), None)], START - 60)
                journal.identities.enter(HERE, earlier.told([0], names))
        api = Api(iter([]))
        deliver(api, tmp_path, 1, address=address)
        sent_again_at.append(next(at for at, kind in api.calls if kind == Endpoint.CREATE))
    assert sent_again_at[1] - sent_again_at[0] == pytest.approx(LONGEST_CLAIM, abs=1.0)


def test_a_claim_that_is_too_old_by_any_clock_is_not_sent() -> None:
    """By the run's own, which stands still while the machine sleeps, or by the system's, which doesn't."""
    api, note = Api(iter([])), Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)
    post = Post(Request(note, (0,), ("P0",), (b"P0",)), NoteKey.of(note), 1, sent_at=START)
    for sent_at, good_until in ((START - 6, math.inf), (START, time.time() - 1), (START, -math.inf)):
        post.sent_at, post.good_until = sent_at, good_until
        failure = perform(api, api.clock, post).failure
        assert failure is not None
        assert failure.cause is Cause.CLAIM_EXPIRED
    assert api.calls == []
    post.good_until = time.time() + 60
    assert perform(api, api.clock, post).failure is None
