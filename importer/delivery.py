"""The coordinator: journal → client → journal, and what follows after an unclear reply.

Comes in: rows and their plan. Goes out: an outcome for every row. One thread decides and is the journal's only writer;
the workers only carry calls to the API and back. In every round the coordinator takes in what came back, chooses what
may go now, enters both in one transaction that is on disk before anything leaves, and hands the calls to the workers.

What is known to be on its way is *sending* in the journal until an answer is entered; so after any stop, what stands
there as *sending* is unclear and is read back first.
"""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime

from importer import grouping, readback
from importer.client import Client
from importer.errors import (
    Blocked,
    Busy,
    CallFailed,
    Interrupted,
    JournalFailed,
    NotSent,
    Outage,
    RateLimited,
    Refused,
    Stopped,
    Unclear,
    WrongAddress,
)
from importer.hands import LONGEST_WAIT, Hands
from importer.journal import Journal, Known, NoteKey, Run, State
from importer.lanes import Lanes
from importer.markup import seen_digest, seen_digests
from importer.models import Answer, Group, Note, NotesPage, Plan, Remaining, Request, Result, Rows
from importer.outcomes import Outcomes
from importer.pacing import LONG_PAUSE, Pacer
from importer.retry import Attempts, Patience
from importer.work import Look, Post, Unanswered, Work

_SPEAKS_OF_SIZE = re.compile(
    r"\b(too many|too large|at most|up to|maximum|max|limit|exceed\w*)\b"
    r"|\b(more than|less than|fewer than|less than or equal to) \d",
    re.IGNORECASE,
)
_KNOWS_NO_PROSPECT = re.compile(
    r"\b(invalid|unknown|no such|non-?existent)\b.*\bprospect\b"
    r"|\bprospect\b.*\b(invalid|unknown|not found|not exist|n't exist|no longer exists)\b",
    re.IGNORECASE,
)
_KNOWS_NO_PATH = re.compile(r"\bcannot (POST|GET|PATCH) /|\broute\b|\bendpoint\b|\bno such path\b", re.IGNORECASE)
_LONGEST_SETTLE = 600.0
_LONGEST_CALL = 4  # times the read timeout: what the client's bounds come to, and time to connect
_CLOCKS_APART = 5.0  # seconds by which the clock that dates notes may be behind the one that replies show
_CLOCKS_ASTRAY = 900.0  # seconds within which that isn't believed, and not ruled out either
_LONGEST_PAUSE = 15.0  # seconds before a request that never arrived is sent again
_ENOUGH_LOOKS = 2  # that miss a note, before it is believed that it isn't there
_STRANGERS = 3  # pages that are not the API's, before it is said that the API isn't there


@dataclass(frozen=True)
class Policy:
    """How delivery goes about it.

    Attributes:
        batch_size: prospects in one request at most.
        read_timeout: seconds after which the client gives up a call, though the server may still be at work on it.
        settle: seconds after which an unclear request, if it was applied, can be read back; doubled for each repeat.
        patience: with one request or one look.
        give_up: seconds without any progress after which the run stops.
        pages: of a prospect's notes that are read at most.
        resends: whether what surely isn't there is sent again; verify only looks.
        resend_unconfirmed: send again what could not be read back, at the risk of a second note.
    """

    batch_size: int = 100
    read_timeout: float = 60.0
    settle: float = 5.0
    patience: Patience = field(default_factory=lambda: Patience(attempts=8, seconds=900.0))
    give_up: float = 900.0
    pages: int = 50
    resends: bool = True
    resend_unconfirmed: bool = False


@dataclass(frozen=True)
class Progress:
    """How far delivery is, in rows and calls.

    Attributes:
        trouble: what holds it up, in a few words; empty when nothing does.
    """

    rows: int
    settled: int
    created: int
    failed: int
    requests: int
    trouble: str = ""


@dataclass
class _Sorted:
    """A group's deliveries by what the journal knows of them, as indices of its positions.

    Attributes:
        left: those still to be made.
        unclear: those that were sent without a clear answer: request number → index and what is known.
        made: those that exist.
        made_without_key: how many of ``left`` exist with another key: none.
    """

    left: list[int] = field(default_factory=list)
    unclear: dict[int, list[tuple[int, Known]]] = field(default_factory=dict)
    made: list[tuple[int, Known]] = field(default_factory=list)
    made_without_key: int = 0

    @property
    def in_doubt(self) -> int:
        """How many are unclear."""
        return sum(map(len, self.unclear.values()))


def _sorted(group: Group, rows: Rows, journal: Journal, number: int, occurrence: str) -> _Sorted:
    """Look a group up in the journal; ``number`` is the note's there, ``occurrence`` is put before every key."""
    prospects, keys = rows.deliveries(group.positions)
    known = journal.known(number, prospects)
    found = _Sorted()
    for i, (prospect, key) in enumerate(zip(prospects, keys, strict=True)):
        delivery = known.get((prospect, occurrence + key))
        if delivery is None or delivery.state is State.REJECTED:
            found.left.append(i)
            keyless = known.get((prospect, occurrence)) if key else None
            found.made_without_key += keyless is not None and keyless.state is State.CREATED
        elif delivery.state in (State.SENDING, State.UNCONFIRMED):
            found.unclear.setdefault(delivery.request, []).append((i, delivery))
        else:
            found.made.append((i, delivery))
    return found


def foresee(rows: Rows, plan: Plan, journal: Journal, profile: str, batch_size: int) -> Remaining:
    """What :meth:`Delivery.prepare` would find left to do; nothing is entered anywhere."""
    left: list[Group] = []
    unclear = made_without_key = 0
    numbers = journal.find_notes(profile, [note_key(group.note) for group in plan.groups])
    for group, number in zip(plan.groups, numbers, strict=True):
        if number is None:
            left.append(group)
            continue
        found = _sorted(group, rows, journal, number, "")
        unclear += found.in_doubt
        made_without_key += found.made_without_key
        if found.left:
            left.append(replace(group, positions=group.positions[found.left]))
    return replace(grouping.remaining(left, rows, batch_size), unclear=unclear, made_without_key=made_without_key)


class Delivery:
    """Delivers a plan once.

    Args:
        rows: the sheet's rows.
        plan: what to deliver.
        outcomes: told what became of each row.
        run: the run, begun in the journal.
        journal: the record of deliveries.
        client: the API.
        pacer: the account's budget of calls.
        policy: how to go about it.
        hands: who carries the calls.
        clock: seconds since 1970, never going back.
        observe: told of progress after every round.
        stop: asked in every round whether a person wants the run to end; says why, or None.
        rng: for jitter.
    """

    def __init__(  # noqa: PLR0913 - everything that a delivery needs, passed in
        self,
        rows: Rows,
        plan: Plan,
        outcomes: Outcomes,
        run: Run,
        *,
        journal: Journal,
        client: Client,
        pacer: Pacer,
        policy: Policy,
        hands: Hands[Work],
        clock: Callable[[], float],
        observe: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], str | None] = lambda: None,
        rng: random.Random | None = None,
    ) -> None:
        self._rows, self._plan, self._outcomes, self._run = rows, plan, outcomes, run
        self._journal, self._client, self._pacer, self._policy = journal, client, pacer, policy
        self._hands, self._clock, self._observe, self._stop = hands, clock, observe, stop
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self.requests_sent = self.looks_sent = 0  # that left for the API, answered or not
        self.batch_size = policy.batch_size
        self._ready: dict[str, deque[Work]] = {Look.kind: deque(), Post.kind: deque()}
        self._later: list[tuple[float, int, Work]] = []
        self._tick = 0
        self._fresh: Iterator[Post] = iter(())
        self._entries: list[Callable[[], None]] = []
        self._in_flight: set[Work] = set()
        self._lanes: Lanes[Post] = Lanes([], [], rows)
        self._largest_taken = 0  # prospects of the largest request that the API took
        self._ids: set[str] = set()  # of notes that were read back, or have a lane
        self._any_success = False
        self._strangers = 0
        self._settled = self._created = self._failed = 0
        self._stopped: Stopped | None = None

    # -- before -----------------------------------------------------------------------------------------------------

    def prepare(self) -> Remaining:
        """Look up what earlier runs did, settle what needs no call, and return what remains."""
        keys = [note_key(group.note) for group in self._plan.groups]
        numbers, known_before = self._journal.note_numbers(self._run.profile, keys)
        self._lanes = Lanes(self._plan.groups, keys, self._rows)
        todo: list[tuple[Group, NoteKey, int]] = []
        unclear = made_without_key = 0
        for group, key, number in zip(self._plan.groups, keys, numbers, strict=True):
            left = group
            if number in known_before:
                found = _sorted(group, self._rows, self._journal, number, self._run.occurrence)
                self._already(group, found.made)
                self._take_up_all(group, key, number, found.unclear)
                unclear += found.in_doubt
                made_without_key += found.made_without_key
                left = replace(group, positions=group.positions[found.left])
            if len(left.positions):
                todo.append((left, key, number))
        self._fresh = self._posts(todo)
        remaining = grouping.remaining([group for group, _, _ in todo], self._rows, self.batch_size)
        return replace(remaining, unclear=unclear, made_without_key=made_without_key)

    @property
    def has_learned(self) -> bool:
        """Whether the API refused a size, and took a smaller one."""
        return self.batch_size < self._policy.batch_size

    def _already(self, group: Group, made: Sequence[tuple[int, Known]]) -> None:
        """Settle what an earlier run made."""
        for i, known in made:
            when = f"{datetime.fromtimestamp(known.at).astimezone():%Y-%m-%d %H:%M}"
            reason = f"imported on {when}"
            if known.state is State.HIDDEN:
                reason += ", and made a private draft later"
            note_ids = [known.note_id or ""]
            self._outcomes.settle([int(group.positions[i])], Result.ALREADY_IMPORTED, note_ids=note_ids, reason=reason)

    def _take_up_all(
        self, group: Group, key: NoteKey, number: int, unclear: Mapping[int, Sequence[tuple[int, Known]]]
    ) -> None:
        """Take up what earlier runs left unclear of a group."""
        prospects, keys = self._rows.deliveries(group.positions)
        for members in unclear.values():
            request = Request(
                group.note,
                tuple(int(group.positions[i]) for i, _ in members),
                tuple(prospects[i] for i, _ in members),
                tuple(keys[i] for i, _ in members),
            )
            self.take_up(request, key, number, members[0][1])

    def take_up(self, request: Request, key: NoteKey, number: int, known: Known) -> None:
        """What an earlier run sent without a clear answer is read back before anything else.

        Args:
            request: the prospects in question, all of one request of that run.
            key: the note.
            number: the note's number in the journal.
            known: what the journal says of one of them.
        """
        lane = self._lanes.of(key, request.prospects)
        if lane is not None:
            lane.open += len(request)
        now = self._clock()
        sent_at = min(known.sent_at, now)  # the clock may have been set back since
        post = Post(
            request, key, number, lane, has_lane=True, request_number=known.request, sent_at=sent_at,
            since=known.since, of_earlier_run=True,
        )  # fmt: skip
        # Once entered, it may have waited for a free worker as long as a call takes, but not until now.
        left_at = min(sent_at + _LONGEST_CALL * self._policy.read_timeout, now)
        quiet_at = left_at + self._policy.read_timeout + self._policy.settle
        self._outcomes.settle(
            request.positions,
            Result.UNCONFIRMED,
            reason="an earlier run sent it and broke off before the answer; run again, or run verify",
        )
        self._look_for(post, "an earlier run broke off", quiet_at, now)

    def _posts(self, todo: Iterable[tuple[Group, NoteKey, int]]) -> Iterator[Post]:
        for group, key, number in todo:
            for request in grouping.requests(group, self._rows, self.batch_size):
                yield Post(request, key, number, self._lanes.of(key, request.prospects))

    # -- the rounds -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Deliver everything that can be delivered.

        Raises:
            Stopped: the run can't go on; what is under way was waited for, and the outcomes are true.
        """
        try:
            while self._round():
                self._tell()
        finally:
            self._enter([])  # what came back last; also when something unforeseen ends the run
        self._tell()
        if self._stopped is not None:
            raise self._stopped

    def _round(self) -> bool:
        """Send what may go now, and take in what came back; False when there is nothing left to do."""
        self._check_stop()
        launched = self._enter([] if self._stopped is not None else self._choose())
        for work in launched:
            self._launch(work)
        if not self._in_flight and (self._stopped is not None or not (self._later or any(self._ready.values()))):
            return False
        for work, future in self._hands.wait(self._pause()):
            try:
                self._take_in(work, future)
            except JournalFailed as error:  # it could not even be read; what is under way is waited for
                self._halt(error)
        return True

    def _check_stop(self) -> None:
        why = self._stop()
        if why is not None and self._stopped is None:
            self._stopped = Interrupted(why)

    def _halt(self, error: Stopped) -> None:
        """Nothing more is sent; what is under way is waited for."""
        self._stopped = self._stopped or error

    def _choose(self) -> list[Work]:
        """The calls that may go now: looks, then requests that are due again, then new ones.

        Where looks have to wait, requests need not: the API may count the two apart.
        """
        chosen: list[Work] = []
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due = heapq.heappop(self._later)[2]
            self._ready[due.kind].append(due)
        for kind, ready in self._ready.items():
            while (work := self._next(kind)) is not None:
                if self._pacer.wait(kind) > 0:
                    ready.appendleft(work)
                    wait = self._pacer.wait_for_limit(kind)
                    if math.isfinite(wait) and wait > self._policy.give_up:
                        self._halt(Outage(_limit_used_up(wait)))
                    break
                self._pacer.began(kind)
                chosen.append(work)
        return chosen

    def _next(self, kind: str) -> Work | None:
        ready, fresh = self._ready[kind], self._fresh if kind == Post.kind else iter(())
        while True:
            work = ready.popleft() if ready else next(fresh, None)
            if not isinstance(work, Post):
                return work
            if len(work.request) > self.batch_size and not work.is_too_large:
                ready.extendleft(reversed(work.split(self.batch_size)))
            elif not self._must_queue(work):
                return work

    def _must_queue(self, post: Post) -> bool:
        """Whether another request has the lane; then this one has its turn after it."""
        if post.lane is None or post.has_lane:
            return False
        post.has_lane = post.lane.enter(post, len(post.request))
        return not post.has_lane

    def _enter(self, chosen: list[Work]) -> list[Work]:
        """Write what is known and what is about to be sent, in one transaction; the calls that may now be made."""
        entries, self._entries = self._entries, []
        posts = [work for work in chosen if isinstance(work, Post)]
        if not entries and not posts:
            return chosen
        now = self._clock()
        try:
            with self._journal.transaction():
                for entry in entries:
                    entry()
                for post in posts:
                    self._claim(post, now)
        except (JournalFailed, Busy) as error:
            self._entries = entries + self._entries  # tried once more before the run ends; the order matters
            self._halt(error)
        else:
            return chosen
        for work in chosen:
            self._pacer.ended(work.kind)
        return []

    def _claim(self, post: Post, now: float) -> None:
        clock = self._pacer.server_clock
        since = post.since if post.since is not None else (clock.server_at_least(now) if clock.is_known else None)
        number = self._journal.claim(
            self._run, post.number, post.request, self._run.occurrence,
            sent_at=now, since=since, replaces=post.replaces,
        )  # fmt: skip
        if number is None:
            raise Busy(
                "Another import has just claimed the same notes in this journal. Nothing of them was sent here; wait"
                " for it to end, then run again."
            )
        post.request_number, post.sent_at, post.since = number, now, since

    def _launch(self, work: Work) -> None:
        self._in_flight.add(work)
        if isinstance(work, Post):
            self.requests_sent += 1
            request = work.request
            self._outcomes.settle(
                request.positions,
                Result.UNCONFIRMED,
                reason="sent, but the run ended before the API's answer; run again, or run verify",
                at=work.sent_at,
                request=work.request_number,
            )
            self._hands.submit(work, lambda: self._sent(work))
        else:
            self.looks_sent += 1
            work.began = work.began if work.skip else self._clock()
            prospect = work.unanswered.post.request.prospects[work.index]
            self._hands.submit(work, lambda: self._client.notes_of(prospect, work.skip))

    def _sent(self, post: Post) -> dict[str, Answer]:
        """Carried out by a worker, perhaps a while after the request was entered."""
        post.sent_at = self._clock()
        return self._client.create_notes(post.request.note, post.request.prospects)

    def _pause(self) -> float:
        """Seconds until something can be done, other than taking in what comes back."""
        if self._stopped is not None:
            return LONGEST_WAIT
        waits = [self._later[0][0] - self._clock()] if self._later else []
        waits += [self._pacer.wait(kind) for kind, ready in self._ready.items() if ready]
        longest = 3600.0 if self._in_flight else LONGEST_WAIT
        return max(0.0, min([*waits, longest]))

    def _tell(self) -> None:
        self._observe(
            Progress(len(self._rows), self._settled, self._created, self._failed, self.requests_sent, self._trouble())
        )

    def _trouble(self) -> str:
        next_kind = next((kind for kind, ready in self._ready.items() if ready), None)
        trouble = self._pacer.trouble(next_kind)
        if trouble or next_kind or self._in_flight or not self._later:
            return trouble
        due, _, work = self._later[0]
        wait = due - self._clock()
        what = "looking up what got no clear answer" if isinstance(work, Look) else "sending again what failed"
        return f"{what} in {math.ceil(wait):,} s" if wait > LONG_PAUSE else ""

    # -- what came back ---------------------------------------------------------------------------------------------

    def _take_in(self, work: Work, future: Future[object]) -> None:
        self._in_flight.discard(work)
        self._pacer.ended(work.kind)
        error = future.exception()
        if isinstance(error, Blocked) or (isinstance(error, NotSent) and not error.has_left):
            self._take_back(work)
        if isinstance(error, Stopped):
            if isinstance(work, Post):
                self._release(work)
            self._halt(error)
        elif error is not None and not isinstance(error, CallFailed):
            raise error
        elif isinstance(error, RateLimited):
            if isinstance(work, Post):
                self._release(work)
            if self._pacer.limited(error, self._policy.give_up):
                self._halt(Outage(_limit_used_up(error.wait)))
            self._ready[work.kind].appendleft(work)
        elif isinstance(work, Post):
            self._posted(work, error, future)
        else:
            self._looked(work, error, future)

    def _take_back(self, work: Work) -> None:
        """It counts as sent no longer."""
        if isinstance(work, Post):
            self.requests_sent -= 1
        else:
            self.looks_sent -= 1

    def _posted(self, post: Post, error: CallFailed | None, future: Future[object]) -> None:
        if isinstance(error, Refused):
            self._refused(post, error)
        elif isinstance(error, NotSent):
            self._release(post)
            self._again_later(post, error)
        elif error is not None:
            assert isinstance(error, Unclear)
            if self._pacer.failed(error):
                self._give_up(error)
            self._unclear(post, range(len(post.request)), error)
        else:
            answers = future.result()
            assert isinstance(answers, dict)
            self._answered(post, answers)

    def _answered(self, post: Post, answers: dict[str, Answer]) -> None:
        self._succeeded()
        request = post.request
        if answers:
            self._largest_taken = max(self._largest_taken, len(request))
        if post.is_too_large and answers:
            self.batch_size = min(self._policy.batch_size, self._largest_taken)
        found = [(i, answers[prospect]) for i, prospect in enumerate(request.prospects) if prospect in answers]
        self._enter_answers(post, found)
        missing = [i for i, prospect in enumerate(request.prospects) if prospect not in answers]
        if missing:
            why = Unclear("the API's answer says nothing certain of this prospect", at_work=False)
            self._unclear(post, missing, why)

    def _enter_answers(self, post: Post, found: Sequence[tuple[int, Answer]], reason: str = "") -> None:
        """Settle some of a request's prospects by their answers."""
        request, now = post.request, self._clock()
        shown = 0 if post.of_earlier_run else post.request_number
        created = [(i, answer.note_id) for i, answer in found if answer.note_id is not None]
        if created:
            if post.lane is not None:
                self._ids.update(note_id for _, note_id in created)
            self._settle(
                [request.positions[i] for i, _ in created],
                Result.CREATED,
                note_ids=[note_id for _, note_id in created],
                reason=reason, at=now, request=shown,
            )  # fmt: skip
        for i, answer in found:
            if answer.note_id is None:
                self._settle([request.positions[i]], Result.REJECTED, reason=answer.reason, at=now, request=shown)
        entries = [(request.prospects[i], self._run.occurrence + request.keys[i], answer) for i, answer in found]
        number, note = post.request_number, post.number
        self._entries.append(lambda: self._journal.answer(number, note, entries, now))
        self._leave_lane(post, len(found))

    def _refused(self, post: Post, error: Refused) -> None:
        """The API turned the whole request away: halve it until the one it is about stands alone."""
        request = post.request
        knows_no_path = not error.in_api_words or _KNOWS_NO_PATH.search(str(error)) is not None
        is_stranger = knows_no_path and error.status in (404, 405) and not self._any_success
        self._strangers = self._strangers + 1 if is_stranger else 0
        if self._strangers >= _STRANGERS:
            self._release(post)
            self._halt(
                WrongAddress(
                    f"What answers at the base URL isn't the API: it said {error} to every request. Check --base-url;"
                    " nothing was created."
                )
            )
            return
        if not knows_no_path:
            self._succeeded()
        if len(request) == 1:
            self._enter_answers(post, [(0, Answer(None, f"the API refused it: {error}"))])
            return
        self._release(post)
        # Where a larger one was taken, this one's size isn't the trouble, whatever the words are.
        is_size = error.status == 413 or _SPEAKS_OF_SIZE.search(str(error)) is not None
        post.is_too_large = is_size and len(request) > self._largest_taken
        self._ready[post.kind].extendleft(reversed(post.split(-(-len(request) // 2))))

    def _again_later(self, post: Post, error: NotSent) -> None:
        """The request never arrived: the same again, after a while."""
        # Not the request's own trouble, so it is tried as long as the run has patience.
        patience = replace(self._policy.patience, attempts=0, longest=_LONGEST_PAUSE)
        post.attempts = post.attempts or Attempts(patience, self._rng)
        pause = post.attempts.failed(error, self._clock())
        if self._pacer.failed(error):
            self._give_up(error)
        if pause is None:
            self._abandon(post, f"it could not be sent: {error}; run again")
        else:
            self._push_again(post, pause)

    def _push_again(self, work: Work, pause: float) -> None:
        """After its own pause; while everyone pauses, as soon as one may try."""
        self._push(work, self._clock() + (0.0 if self._pacer.is_outage else pause))

    def _give_up(self, error: CallFailed) -> None:
        asks = f", and it asks to wait for {error.wait:,.0f} seconds" if error.wait else ""
        self._halt(
            Outage(
                f"The API could not be used; the last trouble was: {error}{asks}. The run waits for"
                f" {self._policy.give_up:,.0f} seconds at most (--give-up-after). What was delivered is recorded; run"
                " the same command again when the API is back."
            )
        )

    def _abandon(self, post: Post, reason: str) -> None:
        """Give a request up that surely was not applied."""
        self._settle(post.request.positions, Result.NOT_SENT, reason=reason)
        self._leave_lane(post, len(post.request))

    def _succeeded(self) -> None:
        self._any_success = True
        self._pacer.succeeded()

    # -- reading back -----------------------------------------------------------------------------------------------

    def _unclear(self, post: Post, indices: Sequence[int], error: Unclear) -> None:
        """Some of a request's deliveries may or may not have been made: look for their notes."""
        now = self._clock()
        settle = min(self._policy.settle * 2.0 ** (post.sends - 1), _LONGEST_SETTLE)
        quiet_at = max(now + settle, now + (error.wait or 0.0))
        if error.at_work:
            quiet_at = max(quiet_at, post.sent_at + self._policy.read_timeout + settle)
        part = replace(post, request=post.request.only(indices), attempts=None)
        self._outcomes.settle(
            part.request.positions,
            Result.UNCONFIRMED,
            reason=f"{error}; not read back yet: run again, or run verify",
            at=now,
            request=post.request_number,
        )
        self._look_for(part, str(error), quiet_at, now + (error.wait or 0.0))

    def _look_for(self, post: Post, why: str, quiet_at: float, due: float) -> None:
        """Look at one prospect first: its notes mostly show whether the whole request was applied."""
        size = len(post.request)
        self._push(Look(Unanswered(post, why, quiet_at, size, [0] * size), 0, is_scout=True), due)

    def _after_scout(self, look: Look, due: float) -> None:
        if look.is_scout:
            look.is_scout = False
            for index in range(1, len(look.unanswered.post.request)):
                self._push(Look(look.unanswered, index), due)

    def _looked(self, look: Look, error: CallFailed | None, future: Future[object]) -> None:
        unanswered = look.unanswered
        post = unanswered.post
        if isinstance(error, Refused):
            if error.in_api_words:
                self._succeeded()
            if error.in_api_words and error.status != 403 and _KNOWS_NO_PROSPECT.search(str(error)):
                self._absent(look, surely=True)  # the API doesn't know the prospect, so it can't have made the note
            else:
                self._unconfirmed(look, f"and the prospect's notes could not be read: {error}")
        elif isinstance(error, NotSent):
            if self._pacer.failed(error):
                self._give_up(error)
            self._push(look, self._clock() + self._rng.uniform(0.5, 1.0))
        elif error is not None:
            assert isinstance(error, Unclear)
            look.attempts = look.attempts or Attempts(self._policy.patience, self._rng)
            pause = look.attempts.failed(error, self._clock())
            if self._pacer.failed(error):
                self._give_up(error)
            if pause is None:
                self._unconfirmed(look, f"and the prospect's notes could not be read: {error}")
            else:
                self._push_again(look, pause)
        else:
            page = future.result()
            assert isinstance(page, NotesPage)
            self._succeeded()
            look.attempts = None
            prospect = post.request.prospects[look.index]
            taken = self._journal.adopted(self._run.profile, post.key, prospect) | self._ids
            self._judge(look, page, readback.look(page, post.key, self._since(post), taken))

    def _since(self, post: Post) -> readback.Since:
        """From when on a note can be the one that the request made."""
        clock = self._pacer.server_clock
        if post.since is None and not clock.is_known:
            # Without any word of the server's clock, ours may be a few minutes off, or be told in another zone.
            return readback.Since(post.sent_at - 300.0, post.sent_at - 26 * 3600.0)
        since = post.since if post.since is not None else clock.server_at_least(post.sent_at)
        # Where several deliveries are alike, only what a time cut to the second makes a note older is allowed for.
        return readback.Since(since - (1.0 if post.lane is not None else _CLOCKS_APART), since - _CLOCKS_ASTRAY)

    def _judge(self, look: Look, page: NotesPage, verdict: readback.Verdict) -> None:
        if verdict.note_id is not None:
            self._adopt(look, verdict)
        elif verdict.odd:
            self._unconfirmed(look, f"and {verdict.odd}")
        elif verdict.goes_on:
            look.skip += len(page.notes)
            look.pages += 1
            if look.pages >= self._policy.pages:
                self._unconfirmed(look, f"and the prospect has more than {look.skip:,} notes to look through")
            else:
                self._ready[look.kind].appendleft(look)
        else:
            self._not_there(look)

    def _not_there(self, look: Look) -> None:
        """The note isn't there, which means nothing before the server surely is at rest."""
        unanswered = look.unanswered
        if look.began < unanswered.quiet_at:
            self._after_scout(look, unanswered.quiet_at)
            self._push(Look(unanswered, look.index), unanswered.quiet_at)
        else:
            unanswered.looks[look.index] += 1
            unanswered.misses += 1
            self._absent(look)

    def _adopt(self, look: Look, verdict: readback.Verdict) -> None:
        unanswered = look.unanswered
        reason = f"{unanswered.why}; found by reading back"
        if verdict.twins:
            self._outcomes.found_twins(unanswered.post.request.positions[look.index], verdict.twins)
            reason += f"; the same note stands there again as {', '.join(verdict.twins)}: look, and remove one by hand"
        assert verdict.note_id is not None
        self._ids.add(verdict.note_id)  # the next look must know of it, before it stands in the journal
        self._enter_answers(unanswered.post, [(look.index, Answer(verdict.note_id))], reason)
        unanswered.is_applied = True
        self._after_scout(look, self._clock())
        self._conclude(unanswered)

    def _unconfirmed(self, look: Look, why: str) -> None:
        if self._policy.resend_unconfirmed:
            self._absent(look, surely=True)
            return
        post = look.unanswered.post
        request, index, number, note = post.request, look.index, post.request_number, post.number
        delivery = (request.prospects[index], self._run.occurrence + request.keys[index])
        self._entries.append(lambda: self._journal.unconfirm(number, note, [delivery]))
        self._settle(
            [request.positions[index]],
            Result.UNCONFIRMED,
            reason=f"{look.unanswered.why}, {why}; run verify later, or look in Saleshandy",
            at=self._clock(),
            request=0 if post.of_earlier_run else number,
        )
        self._leave_lane(post, 1)
        self._after_scout(look, look.unanswered.quiet_at)
        self._conclude(look.unanswered)

    def _absent(self, look: Look, *, surely: bool = False) -> None:
        """The note isn't there; ``surely`` where another look would tell nothing new."""
        unanswered = look.unanswered
        unanswered.looks[look.index] += _ENOUGH_LOOKS if surely else 0
        unanswered.absent.append(look.index)
        self._after_scout(look, unanswered.quiet_at)
        self._conclude(unanswered)

    def _conclude(self, unanswered: Unanswered) -> None:
        """One prospect fewer to look for; after the last, what surely isn't there is sent again."""
        unanswered.open -= 1
        if unanswered.open or not unanswered.absent:
            return
        if unanswered.is_applied or unanswered.misses < _ENOUGH_LOOKS:
            # One look may be at a copy that lags; unless those at the other prospects all agree, there is another.
            doubtful = [index for index in unanswered.absent if unanswered.looks[index] < _ENOUGH_LOOKS]
            unanswered.absent = [index for index in unanswered.absent if index not in doubtful]
            unanswered.open = len(doubtful)
            for index in doubtful:
                self._push(Look(unanswered, index), self._clock())
            if doubtful:
                return
        post = unanswered.post
        again = replace(
            post,
            request=post.request.only(sorted(unanswered.absent)),
            replaces=post.request_number,
            sends=post.sends + 1,
            of_earlier_run=False,
        )
        if not self._policy.resends:
            self._release(again)
            self._abandon(again, "it isn't there; run the import again to send it")
        elif again.sends > self._policy.patience.attempts:
            self._release(again)
            self._abandon(again, f"sent {post.sends} times in vain: {unanswered.why}; run again later")
        else:
            reason = f"{unanswered.why}; it isn't there, and the run ended before it was sent again: run again"
            self._outcomes.settle(again.request.positions, Result.NOT_SENT, reason=reason)
            self._ready[again.kind].appendleft(again)

    # -- small steps ------------------------------------------------------------------------------------------------

    def _push(self, work: Work, due: float) -> None:
        self._tick += 1
        heapq.heappush(self._later, (due, self._tick, work))

    def _settle(
        self,
        positions: Sequence[int],
        result: Result,
        *,
        note_ids: Sequence[str] | None = None,
        reason: str = "",
        at: float | None = None,
        request: int = 0,
    ) -> None:
        """Settle rows for this run, and count them."""
        self._outcomes.settle(positions, result, note_ids=note_ids, reason=reason, at=at, request=request)
        self._settled += len(positions)
        if result is Result.CREATED:
            self._created += len(positions)
        else:
            self._failed += len(positions)

    def _release(self, post: Post) -> None:
        """The request surely was not applied: give up its claim."""
        request, number, note = post.request, post.request_number, post.number
        deliveries = [(p, self._run.occurrence + k) for p, k in zip(request.prospects, request.keys, strict=True)]
        self._entries.append(lambda: self._journal.release(number, note, deliveries))
        self._outcomes.settle(request.positions, Result.NOT_SENT)
        post.replaces = None

    def _leave_lane(self, post: Post, settled: int) -> None:
        after = post.lane.leave(settled) if post.lane is not None else None
        if after is not None:
            self._ready[after.kind].appendleft(after)


def note_key(note: Note) -> NoteKey:
    """What the journal keeps of a note."""
    readings = seen_digests(note.content)
    return NoteKey(note.digest, seen_digest(note.content), readings, note.visibility, note.status)


def _limit_used_up(wait: float | None) -> str:
    when = f" The API asks to wait for {wait:,.0f} seconds." if wait else ""
    return f"The account's limit is used up.{when} What was delivered is recorded; run the same command again later."
