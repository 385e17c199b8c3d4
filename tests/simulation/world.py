"""A world of one seed: a clock that moves when someone waits, a network, an API with its readers, colleagues, crashes.

Nothing here knows how delivery decides; it stands in for what is outside the process.
"""

from __future__ import annotations

import heapq
import json
import math
import random
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from importer.api import (
    Answer,
    Cause,
    Endpoint,
    Failure,
    FilePart,
    FoundNote,
    NoteChange,
    NotesPage,
    Reply,
    Traits,
)
from importer.messages import words
from importer.models import Note, Plan, Rows, Status, Visibility
from tests.simulation.regime import READS, TEXTS, Regime, base
from tests.simulation.shelf import Shelf
from tests.simulation.windows import Windows

_CAUSES = {"500": Cause.FAILED, "502": Cause.FAILED, "lost": Cause.LOST, "page": Cause.INTERMEDIARY}
_CAUSES |= {"reset": Cause.LOST, "accepted": Cause.UNREADABLE, "413": Cause.INTERMEDIARY}
_CAUSES |= {"redirect": Cause.REDIRECTED, "slow": Cause.INTERMEDIARY, "spoilt": Cause.UNREADABLE}

_RECEIPT = 300.0  # seconds for which the API may be at work on what it has accepted
_MOST_READS = 50_000  # many times what any import takes, but for one that is told a limit that is far too high

US, COLLEAGUE = "avery.stone@example.com", "robin.lake@example.com"
"""Authors, as the API's module tells them apart."""

UNKNOWN_ATTACHMENT = "no such attachment"

Delivered: TypeAlias = tuple[str, str, Visibility, Status, tuple[str, ...]]
"""Prospect, content, visibility, status, digests of the files."""


class Crash(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Stored:
    """A note that the API holds."""

    note_id: str
    prospect: str
    sent: str  # what is shown may differ
    visibility: Visibility
    status: Status
    created_at: float  # by the API's clock
    applied_at: float  # by the world's
    visible_at: float  # when reading shows it where every note has its own lag
    is_ours: bool  # made by the importer
    author: str
    files: tuple[str, ...] = ()
    is_pinned: bool = False
    edited: int = 0  # how often somebody else has changed it
    edited_at: float = math.inf  # when somebody does that in an import
    published_at: float = math.inf
    deleted_at: float = math.inf

    @property
    def delivery(self) -> Delivered:
        """What it delivers, if it is ours."""
        return self.prospect, self.sent, self.visibility, self.status, self.files


@dataclass
class Call:
    """A call on its way."""

    kind: Endpoint
    said: str  # in the story
    began: float
    life: int  # of the process that makes it
    fate: str
    at: float  # when it reaches the API
    resolve: Callable[[Call], Reply[Any]]  # what that makes of it
    note: Note | None = None
    prospects: Sequence[str] = ()
    connection: int = 0
    came: float = 0.0  # when its reply is back


@dataclass
class World:
    """The world of one seed."""

    seed: int
    regime: Regime
    story: list[str] | None = None
    now: float = 1_800_000_000.0
    traits: Traits = field(default_factory=lambda: Traits(one_draft=True, page=100))
    is_calm: bool = False
    notes: list[Stored] = field(default_factory=list)
    posts: int = 0
    reads: int = 0
    ids_told: int = 0
    dropped: dict[str, Delivered] = field(default_factory=dict)
    planned: tuple[Rows, Plan] | None = None  # the sheet that was imported last, and its plan

    def __post_init__(self) -> None:
        self.chance = random.Random(f"world {self.seed} {self.regime.beyond}")
        self.shelf = Shelf(self.seed, self.regime)
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._tick = 0
        self._versions: dict[int, list[tuple[float, Stored]]] = {}
        self._seen_until = math.inf
        self.patched: Callable[[str, NoteChange], object] = lambda *_: None
        self.changed: Callable[[Stored], object] = lambda _: None
        self.looked: Callable[[Stored], object] = lambda _: None
        self._back: deque[tuple[Any, Reply[Any]]] = deque()
        self._life = self._steps = self._sent = self._promised = self._turn = self._renewals = 0
        self._lives = list(self.regime.lives)
        self._ahead = self.regime.ahead
        self._own = self._lag = 0.0
        self._position = -math.inf  # of a reader whose lag wanders: it has everything up to here
        self._cache: dict[tuple[str, int, int], tuple[float, NotesPage, list[Stored]]] = {}
        self._windows = Windows(self.regime.limits)
        self._pins = random.Random(f"pins {self.seed}")
        self._pinning = random.Random(f"pinning {self.seed}")
        self._people = random.Random(f"people {self.seed}")
        self._held: dict[str, Answer] = {}  # the reply that the next request gets
        self._connection = 0  # over which the present call goes
        self._told: dict[str, Answer] = {}  # by the last reply that named notes
        self._told_at = -math.inf
        self._last_page: tuple[str, NotesPage] | None = None
        self._died_at: dict[int, float] = {}  # by the number of the life
        self._largest = 0  # bytes of the longest request that was taken
        start = self._start = self.now
        self._route_lost_at = start + self.chance.uniform(0, 20) if self.regime.lost_route else math.inf
        self._closed_at = start + self.chance.uniform(0, 10) if self.regime.closed else math.inf
        if self.regime.jumps:
            self.later(start + self.chance.uniform(1, 30), self._jump)
        for _ in range(self.regime.before):
            self._stood_before()
        self._crowd()
        for _ in range(self.regime.colleagues):
            self.later(start + self.chance.uniform(0, 60), self._colleague)

    # -- time -------------------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Ours."""
        return self.now + self._own

    def _reply(self, call: Call, value: Any = None, *, status: int = 200, **more: Any) -> Reply[Any]:
        """A reply with the times that our clock shows, and what it tells of a limit."""
        if status == 200 and not self.is_calm:
            more["headers"] = self._windows.headers(call.kind, self.now, self._ahead)
        return Reply(call.kind, call.began + self._own, call.came + self._own, value, status=status, **more)

    def _failed(self, call: Call) -> Reply[Any]:
        """Return the reply that a call's fate means."""
        kind = call.fate.split(maxsplit=1)[0]
        call.came = call.began + self.regime.read_timeout if kind == "lost" else call.came
        failure = Failure(
            _CAUSES[kind], words(call.fate), at_work=kind != "500", is_accepted=kind == "accepted",
            is_size=kind == "413",
        )  # fmt: skip
        return self._reply(call, failure=failure, status=0 if kind in ("lost", "reset") else 500)

    def _told_of_other(self, call: Call) -> Reply[Any]:
        """Return the reply to another call."""
        failure = Failure(Cause.UNREADABLE, words("astray"), at_work=True, is_astray=True)
        return self._reply(call, failure=failure)

    def tell(self, what: str) -> None:
        if self.story is not None:
            self.story.append(f"{self.now - 1_800_000_000.0:10.3f}  {what}")

    def later(self, at: float, what: Callable[[], object]) -> None:
        self._tick += 1
        heapq.heappush(self._events, (max(at, self.now), self._tick, what))

    def pass_time(self, until: float) -> None:
        """Let everything happen up to a time."""
        while self._events and self._events[0][0] <= until:
            at, _, what = heapq.heappop(self._events)
            self.now = max(self.now, at)
            what()
        self.now = max(self.now, until)

    def calm(self) -> None:
        """From now on everything works."""
        self.is_calm = True
        self._lives.clear()

    # -- the process ------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """The process may die here."""
        self._steps += 1
        if self._lives and self._steps > self._lives[0]:
            self._lives.pop(0)
            self.tell("*** the process dies")
            raise Crash

    def die(self) -> None:
        """What is on its way may arrive all the same, and nobody hears of it; a while later the program starts anew."""
        self._died_at[self._life] = self.now
        self._life += 1
        self._largest = 0
        if self._told_at > self.now - 1:  # perhaps it had not heard of that
            self._told = {}
        if self.regime.own_jumps and not self.is_calm:
            self._own = self.regime.own_jumps if self._life % 2 else 0.0
            self.tell(f"     our clock is set: {self._own} s ahead now")
        self._steps = 0
        self._back.clear()
        self.pass_time(self.now + self.chance.choice([0.01, 0.5, 2.0, 100.0]))

    # -- the worker pool --------------------------------------------------------------------------------------------

    def submit(self, task: Any, perform: Callable[[Any], Reply[Any]]) -> None:
        self.step()
        life = self._life
        wait = self.chance.uniform(0, 8) if self.chance.random() < self.regime.busy else 0.0
        if wait and not self.is_calm:
            self.later(self.now + wait, lambda: self._begin(task, perform, life))
        else:
            self._begin(task, perform, life)

    def _begin(self, task: Any, perform: Callable[[Any], Reply[Any]], life: int) -> None:
        if life != self._life:
            return
        self._connection = 0 if getattr(task, "is_apart", False) else self._pinning.randint(1, 4)
        answer: Any = perform(task)  # a Call, unless it was not sent
        if isinstance(answer, Call):
            dies_on_the_way = self.chance.random() < 0.5
            self.later(answer.at, lambda: self._arrive(task, answer, dies_on_the_way))
        else:
            self._back.append((task, answer))

    def _leaves(self, kind: Endpoint, said: str, fate: str, resolve: Callable[[Call], Reply[Any]], **more: Any) -> Any:
        travel = self._chance(kind).uniform(0.01, 0.2)
        return Call(
            kind, said, self.now, self._life, fate, self.now + travel, resolve, connection=self._connection, **more
        )

    def _chance(self, kind: Endpoint) -> random.Random:
        return self.shelf.chance if kind is Endpoint.UPLOAD else self.chance

    def _arrive(self, task: Any, call: Call, dies_on_the_way: bool) -> None:
        if call.life != self._life and dies_on_the_way:
            return
        self.posts += call.kind is Endpoint.CREATE
        self.reads += call.kind is Endpoint.READ
        assert self.reads < _MOST_READS, "it reads without end"
        self._connection = call.connection
        call.came = self.now + self._chance(call.kind).uniform(0.01, 0.2)
        reply = self._refusal(call)
        if reply is not None:
            self.tell(f"{call.said}: {reply.failure}")
        else:
            reply = call.resolve(call)
        if call.life == self._life:
            self.later(call.came, lambda: self._deliver(task, reply, call.life))

    def _deliver(self, task: Any, reply: Reply[Any], life: int) -> None:
        if life == self._life:
            self._back.append((task, reply))

    def wait(self, seconds: float) -> list[tuple[Any, Reply[Any]]]:
        self.step()
        until = self.now + max(seconds, 0.001)
        while not self._back and self._events and self._events[0][0] <= until:
            self.pass_time(self._events[0][0])
        if not self._back:
            assert math.isfinite(until), "it waits for what never comes"
            self.pass_time(until)
            return []
        found = [self._back.popleft() for _ in range(self.chance.randint(1, len(self._back)))]
        self.step()  # the API has done it, but it isn't in the journal
        return found

    # -- the API: writing -------------------------------------------------------------------------------------------

    def create(self, note: Note, prospects: Sequence[str]) -> Any:
        self.shelf.named(note.attachments)
        said = f"POST {note.content[:20]!r} → {','.join(prospects)}"
        return self._leaves(Endpoint.CREATE, said, self._fate(), self._create, note=note, prospects=tuple(prospects))

    def _fate(self) -> str:
        self._sent += 1
        if self.is_calm or (self._sent > self.regime.bad_start and self.chance.random() >= self.regime.faults):
            return "ok"
        return self.chance.choice(self.regime.fates)

    def _create(self, call: Call) -> Reply[Any]:
        assert call.note is not None
        fate = call.fate
        kind, moment = fate.split(maxsplit=1)[0], fate.rpartition(" ")[2]
        self.tell(f"{call.said}: {fate}")
        if moment != "before":
            self.shelf.serve(call.note.attachments)
        if self._told and self._is_echo():
            told = self._told
            self._apply(call)
            return self._with_reply_of(told, call)
        if self.regime.shifted and not self.is_calm and (self._held or fate == "lost after"):
            told, self._held = self._held, self._apply(call)
            return self._with_reply_of(told, call)
        if fate in ("ok", "400", "some missing", "all missing", "part"):
            answers = self._apply(call, call.prospects[::2] if fate == "part" else call.prospects)
            self.ids_told += fate in ("ok", "400") and any(answer.note_id for answer in answers.values())
            told = dict(list(answers.items())[:: 2 if fate == "some missing" else 1])
            told = {} if fate == "all missing" else told
            self.later(call.came, lambda: self._remember(told, call))
            return self._reply(call, told)
        applied_at = None
        if moment == "after" or kind == "spoilt":
            applied_at = self.now
        elif moment == "late":
            applied_at = self.chance.uniform(self.now, call.began + self.regime.read_timeout + self.regime.settle)
            if self.regime.beyond == "later":
                applied_at += self.chance.uniform(0, 60)
        if moment == "late" and kind in ("all", "accepted"):
            at = self.chance.uniform(self.now, call.began + _RECEIPT + self.regime.settle)
            self._later_unless_unheard(at, call.came, call)
        elif applied_at is not None:
            times = 2 if self.regime.beyond == "twice" and self.chance.random() < 0.5 else 1
            for _ in range(times):
                self.later(applied_at, lambda: self._apply(call))
        return self._reply(call, {}) if kind == "all" else self._failed(call)

    def _later_unless_unheard(self, at: float, came: float, call: Call) -> None:
        """Apply a request late; when the process dies before it has heard that it takes long, it doesn't take long."""

        def if_heard() -> None:
            if self._died_at.get(call.life, math.inf) < came + 1:
                self._apply(call)
            else:
                self.later(at, lambda: self._apply(call))

        self.later(min(at, came + self.regime.read_timeout), if_heard)

    def _remember(self, told: dict[str, Answer], call: Call) -> None:
        if call.life == self._life and any(answer.note_id for answer in told.values()):
            self._told, self._told_at, self._largest = told, self.now, max(self._largest, body_of(call))

    def _is_echo(self) -> bool:
        return not self.is_calm and self.chance.random() < self.regime.echoes if self.regime.echoes else False

    def _with_reply_of(self, told: dict[str, Answer], call: Call) -> Reply[Any]:
        """A request that was applied gets the reply of another one, or none if there is none."""
        self.tell(f"     but the reply is an earlier one: {', '.join(told)}")
        if not told:
            call.fate = "lost after"
            return self._failed(call)
        is_astray = not told.keys() <= set(call.prospects)
        return self._told_of_other(call) if is_astray else self._reply(call, told)

    def _refusal(self, call: Call) -> Reply[Any] | None:
        """What turns a call away without its being applied, or None."""

        def failed(cause: Cause, text: str, wait: float | None = None, **more: bool) -> Reply[Any]:
            status, headers = 0 if cause is Cause.UNREACHABLE else 500, dict[str, str]()
            if cause is Cause.RATE_LIMITED and self.regime.limits is not None:
                headers |= {} if self.is_calm else self._windows.headers(call.kind, self.now, self._ahead)
                status = self.regime.limits.status
            failure = Failure(cause, words(text), wait, at_work=cause is Cause.INTERMEDIARY, **more)
            return self._reply(replace(call, came=self.now), failure=failure, status=status, headers=headers)

        if page := self._gateway(call.kind):
            return failed(Cause.INTERMEDIARY, page)
        if call.fate == "unreachable":
            return failed(Cause.UNREACHABLE, "nobody there")
        if call.fate == "429":
            return failed(Cause.RATE_LIMITED, "too many", self.chance.choice([None, 1.0]))
        if not self.is_calm and self._windows.refuses(call.kind, self.now):
            tells = self.regime.limits is not None and self.regime.limits.says == "wait"
            wait = math.ceil(self._windows.wait(call.kind, self.now)) if tells else None
            return failed(Cause.RATE_LIMITED, "Rate Limit exceeded", wait)
        return None if call.note is None else self._refusal_of(call, call.note, failed)

    def _refusal_of(self, call: Call, note: Note, failed: Callable[..., Reply[Any]]) -> Reply[Any] | None:
        """Why something on the way, or the API itself, refuses a note."""
        if 0 < self.regime.body_limit < len(note.text) and not self.is_calm:
            return failed(Cause.INTERMEDIARY, "a gateway's page: too large", is_size=True)
        if call.fate.startswith("413") and (call.fate == "413 before" or body_of(call) > self._largest):
            return failed(Cause.INTERMEDIARY, call.fate, is_size=True)
        if self.regime.firewall >= 0 and note.text == TEXTS[self.regime.firewall] and not self.is_calm:
            return failed(Cause.INTERMEDIARY, "a firewall's page")
        if len(call.prospects) > self.regime.max_batch:
            return failed(Cause.TOO_LARGE, "too many prospects")
        if self.shelf.lacks(note.attachments, self.now):
            return failed(Cause.BAD_ATTACHMENT, UNKNOWN_ATTACHMENT)
        return failed(Cause.BAD_REQUEST, "bad request") if call.fate == "400" and len(call.prospects) > 1 else None

    def _gateway(self, kind: Endpoint) -> str:
        """What a gateway says that lets nothing through now, or nothing that is to change something; else nothing."""
        if self.is_calm:
            return ""
        if self._route_lost_at <= self.now < self._route_lost_at + self.regime.lost_route:
            return "a gateway's page: no such route"
        is_closed = kind is not Endpoint.READ and self._closed_at <= self.now < self._closed_at + self.regime.closed
        return "a gateway's page: no writing" if is_closed else ""

    def _apply(self, call: Call, prospects: Sequence[str] | None = None) -> dict[str, Answer]:
        """Make a request's notes; return the answer for each prospect."""
        assert call.note is not None
        answers = {}
        for prospect in call.prospects if prospects is None else prospects:
            if prospect == "INVALID":
                answers[prospect] = Answer(None, words("unknown prospect"))
                continue
            dropped = self._drop(prospect, call.note)
            answers[prospect] = Answer(
                dropped or self._store(prospect, call.note, author=self.owner(call.life)).note_id
            )
        return answers

    def _drop(self, prospect: str, note: Note) -> str:
        """Return an ID for a note that is not kept; empty if it is kept."""
        self._promised += 1
        if not self.regime.drops or self._promised % self.regime.drops:
            return ""
        note_id = f"L{self._promised}"
        self.dropped[note_id] = prospect, note.content, note.visibility, note.status, self.shelf.held(note.attachments)
        self.tell(f"     {note_id} {note.content[:20]!r} on {prospect} is not kept")
        return note_id

    def owner(self, life: int | None = None) -> str:
        """Who owns the key of a process, at first of the present one."""
        return f"{self._life if life is None else life}.{US}" if self.regime.owners else US

    def _crowd(self) -> None:
        at = self.now - 30 * 86_400.0
        for prospect in sorted({prospect for prospect, _, _ in self.regime.lines}) if self.regime.crowd else ():
            for number in range(self.regime.crowd):
                text, form = f"Note {number} of another month", (Visibility.PUBLIC, Status.PUBLISHED)
                self.notes.append(
                    Stored(f"N{len(self.notes)}", prospect, text, *form, at + self._ahead, at, at, False, COLLEAGUE)
                )

    def _soon(self, share: float) -> float:
        """When somebody does something to a note, if they do."""
        if not share or self._people.random() >= share:
            return math.inf
        return self.now + self._people.uniform(0, 60)

    def _store(self, prospect: str, note: Note, *, is_ours: bool = True, author: str = "") -> Stored:
        author = author or self.owner()
        lag = self.chance.uniform(0, self.regime.lag.seconds) if self.regime.lag.kind == "each" else 0.0
        off = self.chance.uniform(-self.regime.apart, self.regime.apart) if self.regime.apart else 0.0
        created_at = math.floor((self.now + self._ahead + off) * 1000) / 1000
        stored = Stored(
            f"N{len(self.notes)}", prospect, note.content, note.visibility, note.status, created_at, self.now,
            self.now + lag, is_ours, author, self.shelf.held(note.attachments),
            self._pins.random() < self.regime.pinned,
        )  # fmt: skip
        if is_ours:
            regime = self.regime
            published = self._soon(regime.published) if note.status is Status.DRAFT else math.inf
            edited, deleted = self._soon(regime.edited), self._soon(regime.deleted)
            stored = replace(stored, published_at=published, edited_at=edited, deleted_at=deleted)
        self.notes.append(stored)
        whose = "" if is_ours else " (a colleague's)" if author != US else " (by hand)"
        self.tell(f"     {stored.note_id} {note.content[:20]!r} stands on {prospect}{whose}")
        return stored

    def _colleague(self) -> None:
        prospect, note, _ = self.chance.choice(self.regime.lines)
        number = base(note)
        if prospect == "INVALID":
            return
        if self.regime.by_hand and self.chance.random() < 0.5:
            beginning = TEXTS[number][: 30 if len(TEXTS[number]) > 60 else 8]
            self._store(prospect, Note(beginning, Visibility.PUBLIC, Status.PUBLISHED), is_ours=False)
            return
        says_the_same = self.regime.same_text and self.ids_told >= self.regime.known_from
        if not self.regime.shows_author:  # what reads the same couldn't be told from ours by anybody
            says_the_same &= rewritten(TEXTS[number], self.regime.rewrite) != TEXTS[number]
        text = TEXTS[number] if says_the_same and self.chance.random() < 0.5 else "Something of their own"
        status = Status.DRAFT if self.regime.their_drafts else Status.PUBLISHED
        self._store(prospect, Note(text, Visibility.PUBLIC, status), is_ours=False, author=COLLEAGUE)

    def _stood_before(self) -> None:
        prospect, note, _ = self.chance.choice(self.regime.lines)
        number = base(note)
        visibility = Visibility.PRIVATE if number in self.regime.private else Visibility.PUBLIC
        author = US if visibility is Visibility.PRIVATE else self.chance.choice([US, COLLEAGUE])
        at = self.now - 3 * 86_400.0
        status = Status.DRAFT if number in self.regime.drafts else Status.PUBLISHED
        note_id, dated = f"N{len(self.notes)}", at + self._ahead
        is_pinned = self._pins.random() < self.regime.pinned
        self.notes.append(
            Stored(note_id, prospect, TEXTS[number], visibility, status, dated, at, at, False, author, (), is_pinned)
        )
        self.tell(f"     {note_id} {TEXTS[number][:20]!r} has stood on {prospect} for three days ({author})")

    def _jump(self) -> None:
        self._ahead += self.regime.jumps
        self.tell(f"     the API's clock jumps by {self.regime.jumps} s")

    # -- the API: uploads -------------------------------------------------------------------------------------------

    def upload(self, file: FilePart) -> Any:
        digest = self.shelf.receive(file)
        fate = "ok" if self.is_calm else self.shelf.fate()
        return self._leaves(Endpoint.UPLOAD, f"UPLOAD {file.name}", fate, lambda call: self._upload(call, digest))

    def _upload(self, call: Call, digest: str) -> Reply[Any]:
        if self.shelf.is_unfit(digest):
            self.tell(f"{call.said}: its type is not supported")
            return self._reply(call, failure=Failure(Cause.BAD_ATTACHMENT, words("type")))
        attachment = "" if call.fate.endswith("before") else self.shelf.keep(digest, self.now)
        self.tell(f"{call.said}: {call.fate} {attachment}")
        if call.fate == "ok":
            return self._reply(call, attachment)
        return self._failed(call)

    # -- the API: reading -------------------------------------------------------------------------------------------

    def find(self, prospect: str, skip: int, take: int) -> Any:
        fails = not self.is_calm and self.chance.random() < self.regime.reads_fail
        fate = self.chance.choice(READS) if fails else "ok"
        return self._leaves(
            Endpoint.READ, f"GET  {prospect}", fate, lambda call: self._find(call, prospect, skip, take)
        )

    def _find(self, call: Call, prospect: str, skip: int, take: int) -> Reply[Any]:
        if call.fate != "ok":
            self.tell(f"{call.said}: {call.fate}")
            return self._failed(call)
        is_unknown_yet = self.now < self._start + self.regime.unknown and int(prospect[1:] or "0", 36) % 3 == 0
        if prospect == "INVALID" or is_unknown_yet:
            self.tell(f"{call.said}: unknown")
            failure = Failure(Cause.UNKNOWN_PROSPECT, words("Invalid prospect Id"))
            return self._reply(call, failure=failure)
        page = self._page(prospect, skip, take)
        before, self._last_page = self._last_page, (prospect, page)
        if before is not None and before[0] != prospect and before[1].notes and self._is_echo():
            self.tell(f"{call.said}: the page is {before[0]}'s")
            return self._told_of_other(call)
        shown = ", ".join(note.note_id for note in page.notes) + (f" draft {page.draft.note_id}" if page.draft else "")
        self.tell(f"{call.said} skip={skip} take={take}: {shown}")
        return self._reply(call, page)

    def _page(self, prospect: str, skip: int, take: int) -> NotesPage:
        address = (prospect, skip, take)
        cached = self._cache.get(address)
        if cached is not None and self.now < cached[0] + self.regime.cached:
            for note in cached[2]:
                self.looked(note)
            return cached[1]
        seen = [note for note in self._visible(prospect) if note.prospect == prospect and note.deleted_at > self.now]
        there = [self._as_seen(note) for note in seen]
        there = there if self.regime.oldest_first else there[::-1]
        published = [note for note in there if self._is_published(note)]
        drafts = (note for note in there if not self._is_published(note))
        draft = max(drafts, key=lambda note: int(note.note_id[1:]), default=None)
        published.sort(key=lambda note: not note.is_pinned)
        if self.regime.shuffled:
            self.chance.shuffle(published)
        of_page = published[skip : skip + min(take, self.regime.page)]
        page = tuple(map(self._shown, of_page))
        of_page += [draft] if draft else []
        for note in of_page:
            self.looked(note)
        found = NotesPage(page, self._shown(draft) if draft else None, has_more=len(published) > skip + len(page))
        self._cache[address] = (self.now, found, of_page)
        return found

    def _is_published(self, note: Stored) -> bool:
        return note.status is Status.PUBLISHED or note.published_at <= self.now

    def _visible(self, prospect: str) -> list[Stored]:
        lag, elapsed = self.regime.lag, self.now - self._start
        if lag.kind == "each":
            return [note for note in self.notes if note.visible_at <= self.now]
        until = self.now - lag.seconds
        if lag.kind == "grows":
            until = self._position = max(self._position, self.now - lag.seconds * min(1.0, elapsed / 300))
        elif lag.kind == "stops":
            begins = self._start + 20 + self.seed % 60
            is_still = begins <= self.now < begins + lag.seconds and self.chance.random() < 0.5
            until = begins if is_still else self.now
        elif lag.kind == "pinned":
            until = self.now - lag.seconds * ((self._connection + self._renewals + self.seed) % 2)
        elif lag.kind == "shard":
            until = self.now - lag.seconds * (int(prospect[1:] or "0", 36) % 4 == 0)
        elif lag.kind == "wander":
            step = self.chance.uniform(-1, 1) * lag.seconds / 8
            self._lag = min(lag.seconds, max(lag.seconds / 2, self._lag + step))
            until = self._position = max(self._position, self.now - self._lag)
        elif lag.kind == "replicas":
            self._turn += 1
            until = self.now - lag.seconds * (self._turn % 2 if lag.in_turn else self.chance.randint(0, 1))
        self._seen_until = until
        return [note for note in self.notes if note.applied_at <= until]

    def _shown(self, note: Stored) -> FoundNote:
        author = note.author if self.regime.shows_author else ""
        text = note.sent if note.edited_at > self.now else f"{note.sent[:5]}, and what we agreed on the phone"
        content = f"<p>{rewritten(text, self.regime.rewrite)}</p>"
        status = Status.PUBLISHED if self._is_published(note) else Status.DRAFT
        return FoundNote(note.note_id, content, note.visibility, status, note.created_at, author)

    def update(self, note_id: str, change: NoteChange) -> Any:
        fate = self._fate()
        self.patched(note_id, change)
        said = f"PATCH {note_id} {change}"
        return self._leaves(Endpoint.UPDATE, said, fate, lambda call: self._update(call, note_id, change))

    def _update(self, call: Call, note_id: str, change: NoteChange) -> Reply[Any]:
        self.tell(f"{call.said}: {call.fate}")
        kind = call.fate.split(maxsplit=1)[0]
        if kind not in _CAUSES or call.fate.endswith("after") or kind == "spoilt":
            self._change(note_id, change)
        elif call.fate.endswith("late"):
            longest = call.began + self.regime.read_timeout + self.regime.settle
            self.later(self.chance.uniform(self.now, longest), lambda: self._change(note_id, change))
        return self._failed(call) if kind in _CAUSES else self._reply(call)

    def _change(self, note_id: str, change: NoteChange) -> None:
        """Change a note; readers see it later."""
        place = int(note_id.removeprefix("N"))
        old = self.notes[place]
        new = replace(
            old,
            sent=old.sent if change.content is None else change.content,
            visibility=change.visibility or old.visibility,
            status=change.status or old.status,
        )
        self.become(place, new)

    def become(self, place: int, new: Stored) -> None:
        """Give a note another form, which readers see later."""
        self._versions.setdefault(place, [(-math.inf, self.notes[place])]).append((self.now, new))
        self.notes[place] = new
        self.tell(f"     {new.note_id} is {new.visibility.name} {new.status.name} {new.sent[:20]!r} now")
        self.changed(new)

    def _as_seen(self, note: Stored) -> Stored:
        """Return a note as a reader sees it who is as far behind as the one before."""
        versions = self._versions.get(int(note.note_id[1:]), [(-math.inf, note)])
        return [version for at, version in versions if at <= self._seen_until][-1]

    def look_up(self, search: str, page: int) -> Any:
        raise AssertionError("the rows name prospects by their ids")

    def renew(self) -> None:
        self._renewals += 1
        self._held = {}

    def close(self) -> None:
        pass

    # -- what there is in the end -----------------------------------------------------------------------------------

    def note(self, note_id: str) -> Stored | None:
        """A note by its id, which tells its place."""
        place = note_id.removeprefix("N")
        return self.notes[int(place)] if place.isdigit() and int(place) < len(self.notes) else None

    def ours(self) -> Counter[Delivered]:
        """How often each delivery's note is there."""
        return Counter(note.delivery for note in self.notes if note.is_ours and note.deleted_at > self.now)


def body_of(call: Call) -> int:
    """The bytes of a request, but for what is the same for all."""
    assert call.note is not None
    return len(json.dumps(call.note.content)) + sum(len(prospect) + 3 for prospect in call.prospects)


def rewritten(text: str, how: str) -> str:
    """A text as an API might show it that keeps texts in its own way."""
    if how == "emoji":
        return "".join(sign for sign in text if ord(sign) < 0x10000)
    if how == "cut":
        return text[:60]
    if how == "quotes":
        return text.translate(str.maketrans("“”–", '""-'))
    if how == "spaces":
        return re.sub(r"\s+", " ", text)
    if how == "sanitised":
        return re.sub(r"</?i>", "", text)
    return text
