"""Notes that are made in calm, and changed in a world: other sheets, hides and undos, and colleagues who edit."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from importer import grouping
from importer.api import NoteChange
from importer.calls.dispatcher import Caller
from importer.delivery.changes import Wish
from importer.delivery.context import DeliveryContext
from importer.delivery.coordinator import Coordinator
from importer.delivery.earlier import Earlier
from importer.delivery.outcomes import Outcomes
from importer.delivery.updating import End, Updating, settle
from importer.errors import Stopped
from importer.journal import DeliveryState, Journal, KnownDelivery
from importer.markup import seen_digest
from importer.messages import render
from importer.models import Note, Result, Rows, Status, Visibility
from importer.operations.hide import Hiding, Which, wishes
from importer.settings.kinds import InDoubt
from tests.simulation.disk import Disk, MortalJournal
from tests.simulation.imports import WORKSPACE, Violation, policy, process, run, table
from tests.simulation.regime import FATES, Lag, Regime, draw
from tests.simulation.world import Stored, World

_TEXTS = ("Spoke about terms", "Asked for a quote", "Called, no answer", "Sent the offer")
_FATES = [fate for fate in FATES if fate not in ("some missing", "all missing", "part", "400")]
_FATES = [fate for fate in _FATES if not fate.startswith(("redirect", "slow"))]
_PHASES = 6
_RUNS = 40


@dataclass
class Allowed:
    public: bool
    published: bool
    texts: set[str]


@dataclass
class Story:
    seed: int
    world: World
    disk: Disk
    chance: random.Random
    rows: list[Note]
    prospects: list[str]
    allowed: dict[str, Allowed] = field(default_factory=dict)
    is_forced: bool = False  # hide and undo ask nothing of what others did
    wrong: str = ""
    edited: set[str] = field(default_factory=set)  # IDs of notes that somebody else has ever changed
    known: dict[str, set[tuple[object, ...]]] = field(default_factory=dict)  # what the process may take notes for
    last: dict[str, Stored] = field(default_factory=dict)  # each note as the process read it last

    def sheet(self) -> Rows:
        lines = [(prospect, row, "") for row, prospect in enumerate(self.prospects)]
        records = {line: f"activityid 00T{row:08}" for row, line in enumerate(lines)}
        return table([*enumerate(lines)], [*self.rows], records, {})

    def stopped(self, error: Stopped) -> None:
        if error.exit_status == 4 and not self.edited:
            raise Violation(f"it stops for good: {error}") from error

    def must_be_right(self) -> None:
        if self.wrong:
            raise Violation(self.wrong)

    # -- what must be true whenever something happens

    def changed(self, note: Stored) -> None:
        """Nothing may be more visible than somebody said."""
        may = self.allowed.get(note.note_id)
        if may is None or note.edited:
            return
        if note.visibility is Visibility.PUBLIC and not may.public:
            self.wrong = self.wrong or f"{note.note_id} is public, and nobody said so"
        if note.status is Status.PUBLISHED and not may.published:
            self.wrong = self.wrong or f"{note.note_id} is published, and nobody said so"
        if note.sent not in may.texts:
            self.wrong = self.wrong or f"{note.note_id} says {note.sent!r}, and nobody said so"

    def looked(self, note: Stored) -> None:
        self.last[note.note_id] = note

    def patched(self, note_id: str, change: NoteChange) -> None:
        """What isn't as the journal last knew it, as far as the process has read, isn't changed."""
        last, known = self.last.get(note_id), self.known.setdefault(note_id, set())
        if not self.is_forced and (last is None or _as_it_is(last) not in known):
            self.wrong = self.wrong or f"{note_id} is changed, and it isn't as the journal knows it: {last}"
        if last is not None:
            form = change.visibility or last.visibility, change.status or last.status
            known.add((*form, seen_digest(last.sent if change.content is None else change.content)))


def simulate(seed: int, *, story: list[str] | None = None, regime: Regime | None = None) -> World:
    """Make notes, and change them until the last sheet is followed; check what must be true. Raises Violation."""
    chance = random.Random(f"updates {seed}")
    found = regime or _regime(seed, chance)
    world, disk = World(seed, found, story), Disk()
    count = chance.choice([2, 4, 6])
    prospects = [f"P{chance.randrange(count)}" for _ in range(count)]
    notes = [Note(f"{chance.choice(_TEXTS)} {row}", *_form(chance)) for row in range(count)]
    notes = [_no_second_draft(note, row, notes, prospects) for row, note in enumerate(notes)]
    told = Story(seed, world, disk, chance, notes, prospects)
    world.is_calm, lives = True, list(world._lives)
    world._lives.clear()
    outcomes = run(world, disk, told.sheet(), [])
    assert outcomes is not None
    if len(outcomes.positions(Result.CREATED)) != count:
        raise Violation(f"not all notes are there: {outcomes.counts()}")
    for note in world.notes:
        is_public, is_published = note.visibility is Visibility.PUBLIC, note.status is Status.PUBLISHED
        told.allowed[note.note_id] = Allowed(is_public, is_published, {note.sent})
    world.changed, world.looked, world.patched = told.changed, told.looked, told.patched
    world.pass_time(world.now + 100)
    world.is_calm, posts = False, world.posts
    world._lives.extend(lives)
    for _ in range(chance.randint(1, _PHASES)):
        _phase(told)
        world.pass_time(world.now + chance.choice([0.0, 1.0, 5.0, 100.0]))
    world.calm()
    world.pass_time(world.now + 300)
    for _ in range(3):  # a draft becomes published before another note of its prospect becomes a draft
        last = _follow(told, agrees=True)
        world.pass_time(world.now + 130)
    if last is None:
        raise Violation("it doesn't come to its end, though all is calm")
    _check(told, last)
    if world.posts != posts:
        raise Violation(f"{world.posts - posts} notes were sent")
    return world


def _regime(seed: int, chance: random.Random) -> Regime:
    drawn = draw(seed)
    lag = chance.choice([Lag(), Lag("constant", 8.0), Lag("wander", 20.0), Lag("replicas", 20.0), drawn.lag])
    return Regime(
        lines=(("P0", 0, ""),), faults=chance.choice([0.0, 0.1, 0.4]), reads_fail=drawn.reads_fail,
        fates=tuple(chance.sample(_FATES, chance.randint(1, len(_FATES)))), lag=lag,
        cached=chance.choice([0.0, 0.0, 120.0]), limits=drawn.limits, busy=drawn.busy,
        lives=tuple(chance.randint(1, 40) for _ in range(chance.choice([0, 0, 2, 5]))), page=chance.choice([1, 3, 100]),
    )  # fmt: skip


def _form(chance: random.Random) -> tuple[Visibility, Status]:
    return chance.choice([*Visibility]), chance.choice([Status.PUBLISHED, Status.PUBLISHED, Status.DRAFT])


def _no_second_draft(note: Note, row: int, notes: Sequence[Note], prospects: Sequence[str]) -> Note:
    """A later draft hides an earlier one, so that at first each prospect has one at most."""
    before = [notes[i].status for i in range(row) if prospects[i] == prospects[row]]
    return replace(note, status=Status.PUBLISHED) if Status.DRAFT in before else note


def _phase(told: Story) -> None:
    chance, world = told.chance, told.world
    match chance.choice(["follow", "follow", "follow", "hide", "undo", "edit"]):
        case "follow":
            for row, note in enumerate(told.rows):
                if chance.random() < 0.6:
                    text = f"{chance.choice(_TEXTS)} {row}" if chance.random() < 0.3 else note.text
                    told.rows[row] = Note(text, *_form(chance))
            agrees = chance.random() < 0.5
            _several(told, lambda: _follow(told, agrees=agrees))
        case "edit":
            place = chance.randrange(len(world.notes))
            there = world.notes[place]
            edited = replace(there, edited=there.edited + 1, sent="Something else")
            if chance.random() < 0.5:
                [other] = {*Visibility} - {there.visibility}
                edited = replace(there, edited=there.edited + 1, visibility=other)
            world.become(place, edited)
            told.edited.add(there.note_id)
        case what:
            some = [note.note_id for note in world.notes if chance.random() < 0.5]
            _several(told, lambda: _hide(told, some, undo=what == "undo"))


def _as_it_is(note: Stored) -> tuple[object, ...]:
    return note.visibility, note.status, seen_digest(note.sent)


def _several(told: Story, work: Callable[[], object]) -> None:
    """Do something until it comes to its end, or leave it half done."""
    for _ in range(_RUNS):
        if work() or told.chance.random() < 0.2:
            return
        told.world.pass_time(told.world.now + told.chance.choice([1.0, 60.0]))


def _begin(told: Story, journal: MortalJournal, caller: Caller, *, is_run: bool) -> DeliveryContext:
    """A process begins, which may die from here on."""
    told.last, told.known, told.is_forced = {}, _forms(journal, told.world), not is_run
    journal.step = told.world.step
    run = journal.runs.begin(WORKSPACE, "sheet", "print", told.world.clock(), again=False) if is_run else None
    return DeliveryContext.of(journal, WORKSPACE, run, caller, policy(told.world))


def _follow(told: Story, *, agrees: bool) -> Outcomes | None:
    """Follow the sheet, as a run does; a person may have agreed to what becomes more visible."""
    rows, ended = told.sheet(), False
    outcomes = Outcomes(len(rows))
    told.world.tell(f"=== a run follows the sheet{', agreed' if agrees else ''}")
    with process(told.world, told.disk, told.stopped) as (journal, caller):
        context = _begin(told, journal, caller, is_run=True)
        delivery = Coordinator(context, outcomes)
        known = Earlier(rows, journal, WORKSPACE, in_doubt=[InDoubt.LEAVE_HIDDEN] if agrees else [])
        found = delivery.prepare(known, grouping.plan(rows))
        if found.remaining.deliveries:
            raise Violation("a note is about to be sent")
        stage = Updating(context, drafts=delivery.takeover.drafts)
        asked = [replace(wish, is_agreed=agrees) for wish in found.wishes]
        for wish in asked:
            if agrees:
                _allow(told, wish)
            elif (text := wish.now.content) is not None and wish.delivery.visibility is Visibility.PRIVATE:
                told.allowed[wish.note_id].texts.add(text)
        stopped = stage.change([wish for wish in asked if wish.is_due])
        settle(stage.ended, asked, outcomes)
        _ended(told, stage, asked, stopped)
        ended = True
    told.must_be_right()
    return outcomes if ended else None


def _hide(told: Story, note_ids: Sequence[str], *, undo: bool) -> bool:
    """Hide notes, or give them back; return whether that came to its end."""
    ended = False
    told.world.tell(f"=== {'undo' if undo else 'hide'} {note_ids}")
    with process(told.world, told.disk, told.stopped) as (journal, caller):
        context = _begin(told, journal, caller, is_run=False)
        states = (DeliveryState.HIDDEN, DeliveryState.LEFT) if undo else (DeliveryState.CREATED,)
        known = [one for one in journal.deliveries.delivered(WORKSPACE, note_ids).values() if one.state in states]
        asked = [*wishes(Hiding(Which(note_ids=note_ids, undo=undo), None, known))]
        for wish in asked:
            _allow(told, wish)
        stage = Updating(context)
        _ended(told, stage, asked, stage.change(asked))
        ended = True
    told.must_be_right()
    return ended


def _allow(told: Story, wish: Wish) -> None:
    """A person has said that a note may be what the sheet says."""
    may = told.allowed[wish.note_id]
    may.public |= wish.change.visibility is Visibility.PUBLIC
    may.published |= wish.change.status is Status.PUBLISHED
    may.texts |= {wish.change.content} if wish.change.content is not None else set()


def _ended(told: Story, stage: Updating, asked: Sequence[Wish], stopped: Stopped | None) -> None:
    for wish in asked:
        end, note = stage.ended.get(wish.note_id, End(Result.NOT_SENT)), told.world.note(wish.note_id)
        assert note is not None
        if end.result is Result.UPDATED and end.why is None:  # otherwise its status is left as it is
            _settled(told, wish.change, note)
        is_as_wished = end.result is Result.UPDATED or (end.result is Result.ALREADY_IMPORTED and end.why is None)
        if is_as_wished and note.sent in told.allowed[note.note_id].texts:  # what others changed is as we know it again
            told.world.notes[told.world.notes.index(note)] = replace(note, edited=0)
    told.world.tell(f"=== it ends: {stage.counts}, {stopped}")
    if stopped is not None:
        raise stopped


def _settled(told: Story, change: NoteChange, note: Stored) -> None:
    """A process has said that a note is what was wanted: from then on it may be no more."""
    if note.edited:
        return
    for is_wanted, is_so in (
        (change.visibility, note.visibility), (change.status, note.status), (change.content, note.sent)
    ):  # fmt: skip
        if is_wanted not in (None, is_so):
            raise Violation(f"{note.note_id} is said to be {is_wanted!r}, and it is {is_so!r}")
    may = told.allowed[note.note_id]
    may.public, may.published = note.visibility is Visibility.PUBLIC, note.status is Status.PUBLISHED


def _check(told: Story, outcomes: Outcomes) -> None:
    """In the end each note is as the sheet says, or its row says why not."""
    world, journal = told.world, MortalJournal.on(told.disk)
    known = {one.note_id: one for one in _known(journal, world)}
    for position, note in enumerate(told.rows):
        result, reason = outcomes.result(position), render(outcomes.reason(position))
        if result is Result.SKIPPED:
            continue
        there = world.note(outcomes.note_id(position))
        if there is None:
            raise Violation(f"row {position} ends as {result}: {reason}")
        if there.note_id in told.edited:
            continue
        if "somebody changed it" in reason:
            raise Violation(f"row {position} says that somebody changed {there.note_id}, and nobody did")
        is_so = (there.sent, there.visibility, there.status) == (note.content, note.visibility, note.status)
        has_draft = any(one.prospect == there.prospect and one.status is Status.DRAFT for one in world.notes)
        if not is_so and not (has_draft and position in outcomes.left):
            raise Violation(f"row {position} ends as {result} ({reason}), and {there} isn't as it says")
        if known[there.note_id].changing is not None and position not in outcomes.left:
            raise Violation(f"{there.note_id} is still being changed")


def _known(journal: Journal, world: World) -> list[KnownDelivery]:
    return [*journal.deliveries.delivered(WORKSPACE, [note.note_id for note in world.notes]).values()]


def _forms(journal: Journal, world: World) -> dict[str, set[tuple[object, ...]]]:
    """Return what the journal knows each note to be, or to be about to become."""
    found: dict[str, set[tuple[object, ...]]] = {}
    for one in _known(journal, world):
        found[one.note_id or ""] = {
            (key.visibility, key.status, digest) for key in one.forms for digest in {key.seen, *key.readings}
        }
    return found
