"""Imports of one sheet into a world, again and again until one comes to its end; and what must be true then."""

import copy
import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from importer import grouping
from importer.api import Endpoint
from importer.calls.dispatcher import Caller
from importer.calls.limiter import Limiter
from importer.delivery.context import DeliveryContext, Policy
from importer.delivery.coordinator import Coordinator
from importer.delivery.earlier import Earlier
from importer.delivery.outcomes import Outcomes, gather
from importer.errors import Stopped, WrongAddress
from importer.identity import same_texts
from importer.markup import seen_digests
from importer.messages import render
from importer.models import DELIVERED, AttachedFile, Note, Result, Rows, Status, Texts, Visibility, Workspace
from importer.rows.attachments import Uploads
from importer.rows.values import TEXT
from importer.settings.kinds import InDoubt
from tests.simulation.disk import Disk, MortalJournal
from tests.simulation.regime import BATCH, TEXTS, Regime, base, draw, with_files, with_people
from tests.simulation.shelf import file
from tests.simulation.world import Crash, Delivered, World

GIVE_UP = 900.0
_MOST_RUNS = 60
WORKSPACE = Workspace("default", "https://world.example")


class Violation(AssertionError):
    """What must be true isn't."""


@dataclass
class Ended:
    first: Outcomes  # of the first run that came to its end by itself
    last: Outcomes  # when all was calm
    runs: int


def simulate(
    seed: int, *, beyond: str = "", files: bool = False, regime: Regime | None = None, story: list[str] | None = None
) -> Ended:
    """Import a seed's sheet into its world until all is settled, and check what must be true. Raises Violation.

    A regime takes the place of the seed's own, and the story is filled with what happens, a line a step.
    """
    found = regime or with_people(seed, with_files(seed, draw(seed, beyond)) if files else draw(seed, beyond))
    world = World(seed, found, story)
    disk, rows, written = Disk(), sheet(found), list[Outcomes]()
    first, runs = _until_it_ends(world, disk, rows, written)
    _check(world, rows, first, is_last=False)
    world.calm()
    world.pass_time(world.now + 120.0)
    last, more = _until_it_ends(world, disk, rows, written)
    before = -1
    while (unconfirmed := last.positions(Result.UNCONFIRMED).size) and unconfirmed != before:
        # Which clock dates notes may be known only by what the last run made.
        before = unconfirmed
        _check(world, rows, last, is_last=False)
        last, still_more = _until_it_ends(world, disk, rows, written)
        more += still_more
    _check(world, rows, last, is_last=True)
    _check_existing(world, rows)
    if found.beyond:
        _check_reported(world, rows, last, written)
    return Ended(first, last, runs + more)


def sheet(regime: Regime) -> Rows:
    carried = regime.files.carried if regime.files else {}
    files = {number: file(number) for number in sorted({number for some in carried.values() for number in some})}
    notes = [
        Note(
            TEXTS[base(number)],
            Visibility.PRIVATE if base(number) in regime.private else Visibility.PUBLIC,
            Status.DRAFT if base(number) in regime.drafts else Status.PUBLISHED,
            files=tuple(files[number].digest for number in carried.get(number, ())),
        )
        for number in range(2 * len(TEXTS) if regime.files else len(TEXTS))
    ]
    lines, said = regime.lines, same_texts(notes, {one.digest: one for one in files.values()}).tolist()
    told = Counter((prospect, said[number]) for prospect, number, _ in lines)
    records = {
        line: f"activityid 00T{at:08}" for at, line in enumerate(lines) if told[line[0], said[line[1]]] > 1
    }  # otherwise, lines that say the same to one prospect would be one note
    return table(_rows(lines, regime.people), notes, records, files, people=regime.people)


def table(
    numbered: Sequence[tuple[int, tuple[str, int, str]]],
    notes: list[Note],
    records: Mapping[tuple[str, int, str], str],
    files: Mapping[int, AttachedFile],
    *,
    people: int = 1,
) -> Rows:
    """Return rows, each with its place in the sheet, its prospect, the number of its note, and its key."""
    places, lines = zip(*numbered, strict=True)
    prospects, numbers, keys = zip(*lines, strict=True)
    at = np.array(places, dtype=np.int32)
    return Rows(
        at + 2, texts(prospects), np.array(numbers, dtype=np.int32), notes, texts(keys) if any(keys) else None,
        record=texts([records.get(line, "") for line in lines]) if records else None,
        sheet_rows=at if people > 1 else None,
        files={one.digest: one for one in files.values()},
    )  # fmt: skip


def _rows(lines: Sequence[tuple[str, int, str]], people: int) -> list[tuple[int, tuple[str, int, str]]]:
    """The sheet's row of each line: lines of one note may be a row's people, of whom all but the first come last."""
    rows: list[list[tuple[str, int, str]]] = []
    last: dict[tuple[int, str], list[tuple[str, int, str]]] = {}  # the last row of each note and key
    for line in lines:
        row = last.get(line[1:], [])
        if not row or len(row) == people or line in row:
            row = last[line[1:]] = []
            rows.append(row)
        row.append(line)
    others = [(number, line) for number, row in enumerate(rows) for line in row[1:]]
    return [(number, row[0]) for number, row in enumerate(rows)] + others


def texts(values: Sequence[str]) -> Texts:
    return np.full(len(values), values, dtype=TEXT)


def _until_it_ends(world: World, disk: Disk, rows: Rows, written: list[Outcomes]) -> tuple[Outcomes, int]:
    """Run the program until a run is neither killed nor stopped; ``written`` takes what each says that isn't killed."""
    for runs in range(1, _MOST_RUNS):
        outcomes = run(world, disk, rows, written)
        if outcomes is not None:
            return outcomes, runs
        world.pass_time(world.now + world.chance.choice([1.0, 60.0]))
    raise Violation(f"after {_MOST_RUNS} runs it still doesn't come to its end")


@contextmanager
def process(world: World, disk: Disk, stopped: Callable[[Stopped], object]) -> Iterator[tuple[MortalJournal, Caller]]:
    """A process with its journal and calls. It may die or be stopped in the block, after which the world goes on."""
    journal, rng = MortalJournal.on(disk), random.Random(f"importer {world.seed} {world.now}")
    learned = dict.fromkeys(Endpoint, world.regime.learned) if world.regime.learned else None
    limiter = Limiter(4, world.clock, GIVE_UP, learned=learned, rng=rng)
    try:
        yield journal, Caller(world, world, limiter, world.clock, GIVE_UP, rng=rng)
    except Crash:
        disk.crash()
        world.die()
    except Stopped as error:
        world.tell(f"=== it stops: {error}")
        stopped(error)
        world.die()
        world.regime = replace(world.regime, disk_full=0)
        if isinstance(error, WrongAddress):  # a person opens the way
            world.regime = replace(world.regime, firewall=-1, body_limit=0)


def run(
    world: World, disk: Disk, rows: Rows, written: list[Outcomes], in_doubt: Sequence[InDoubt] = ()
) -> Outcomes | None:
    """One run of the program; None where it died or stopped before its end."""
    if world.planned is None or world.planned[0] is not rows:
        world.planned = rows, grouping.plan(rows)
    plan, outcomes, ended = world.planned[1], Outcomes(len(rows)), False
    world.shelf.journalled = disk.uploads
    world.tell("=== a run begins")
    with process(world, disk, lambda _: written.append(outcomes)) as (journal, caller):
        skips = world.regime.skips_existing
        journal.fails_after = 0 if world.is_calm else world.regime.disk_full
        of_run: Any = {"account": world.owner(), "rest": world.regime.read_timeout + world.regime.settle}
        begun = journal.runs.begin(WORKSPACE, "sheet", "print", world.clock(), again=False, **of_run)
        delivery = Coordinator(DeliveryContext.of(journal, WORKSPACE, begun, caller, policy(world)), outcomes)
        journal.step = world.step
        uploads = Uploads(caller, journal.uploads(WORKSPACE, world.clock), rows.files, lambda _: None)
        delivery.prepare(Earlier(rows, journal, WORKSPACE, in_doubt=in_doubt, skips_existing=skips), plan)
        delivery.run(uploads)
        ended = True
    if not ended:
        return None
    world.tell(f"=== it ends: {outcomes.counts()}")
    written.append(outcomes)
    return outcomes


def policy(world: World) -> Policy:
    """Return the settings of a world's runs."""
    regime = world.regime
    how = Policy(BATCH, regime.read_timeout, regime.settle, lag=60.0, least_limit=0)
    return replace(how, skips_existing=regime.skips_existing)


def _check(world: World, rows: Rows, outcomes: Outcomes, *, is_last: bool) -> None:
    """Each note once, each row's result true, no colleague's note adopted; in the end nothing in doubt without need."""
    if world.shelf.violations:
        raise Violation(world.shelf.violations[0])
    _check_missing(world, outcomes)
    _check_rows(rows, outcomes)
    if world.regime.beyond:
        return  # see _check_reported
    wanted = Counter(deliveries(rows, range(len(rows))))
    there = world.ours()
    if twice := {delivery: count for delivery, count in there.items() if count > wanted[delivery]}:
        raise Violation(f"more often than wanted: {twice}")
    told: Counter[object] = Counter()
    served: Counter[Delivered] = Counter()
    seen: Counter[str] = Counter()
    doubted = set(deliveries(rows, outcomes.positions(Result.UNCONFIRMED).tolist()))
    for position, delivery in enumerate(deliveries(rows, range(len(rows)))):
        result = outcomes.result(position)
        if outcomes.note_id(position) in world.dropped:
            continue  # the sample may have told of it, or not
        told[delivery, result] += 1
        if result in DELIVERED:
            seen[outcomes.note_id(position)] += 1
            served[delivery] += _is_anothers(world, outcomes.note_id(position))
            _check_note(world, position, delivery, outcomes.note_id(position))
        else:
            _check_undelivered(world, position, delivery, result, doubted, is_last=is_last)
    if any(count > 1 for count in seen.values()):
        raise Violation(f"one note for several rows: {seen}")
    for delivery in wanted:
        delivered = sum(told[delivery, result] for result in DELIVERED) - served[delivery]
        doubtful = told[delivery, Result.UNCONFIRMED]
        if not delivered <= there[delivery] <= delivered + doubtful:
            said = f"{delivered} rows say it is there and {doubtful} that it may be"
            raise Violation(f"{delivery}: {said}, and {there[delivery]} are there")
    if is_last and doubted and must_be_certain(world.regime):
        raise Violation(f"row {outcomes.positions(Result.UNCONFIRMED)[0]} is unconfirmed, though reading works")


def _is_anothers(world: World, note_id: str) -> bool:
    """Whether a row may have this note although it isn't ours, because it stood there before the row was sent."""
    stored = world.note(note_id)
    return world.regime.skips_existing and stored is not None and not stored.is_ours


def _check_existing(world: World, rows: Rows) -> None:
    """What stood on a prospect before the first run, and could be read, was sent once less."""
    regime = world.regime
    if not regime.skips_existing or regime.beyond or regime.rewrite != "exact" or regime.unknown or regime.shuffled:
        return
    wanted, ours = deliveries(rows, range(len(rows))), [*world.ours().elements()]
    stood = [note.delivery for note in world.notes[: regime.before] if note.status is Status.PUBLISHED]
    for one in stood:
        there, here, sent = (sum(says_same(one, other) for other in some) for some in (stood, wanted, ours))
        if sent > max(0, here - there):
            raise Violation(f"{one} stood there, and was sent all the same")


def _check_rows(rows: Rows, outcomes: Outcomes) -> None:
    """A row of several people has one outcome: the IDs of all notes if each is delivered, and else for whom it is."""
    of_sheet = copy.deepcopy(outcomes)
    gather(of_sheet, rows)
    people: defaultdict[int, list[int]] = defaultdict(list)
    for position in range(len(rows)):
        people[position if rows.sheet_rows is None else int(rows.sheet_rows[position])].append(position)
    if len(of_sheet) != len(people):
        raise Violation(f"{len(people)} rows have {len(of_sheet)} outcomes")
    for row, positions in people.items():
        results, reason = {outcomes.result(position) for position in positions}, render(of_sheet.reason(row))
        ids = [outcomes.note_id(position) for position in positions] if results <= DELIVERED else []
        if of_sheet.note_id(row) != "; ".join(ids) or (of_sheet.result(row) in DELIVERED) != bool(ids):
            raise Violation(
                f"row {row} is {of_sheet.result(row)} {of_sheet.note_id(row)!r}, and its people are {results}"
            )
        for position in positions[:10] if len(positions) > 1 else ():
            if f"{rows.prospect[position]} {outcomes.result(position)}" not in reason:
                raise Violation(f"row {row} doesn't say what became of {rows.prospect[position]}: {reason}")


def _check_missing(world: World, outcomes: Outcomes) -> None:
    """No note is said to be missing that is there."""
    for note_ids in outcomes.missing.values():
        if there := {*note_ids} - world.dropped.keys():
            raise Violation(f"{there} are said to be missing, and they are there")


def _check_note(world: World, position: int, delivery: Delivered, note_id: str) -> None:
    stored = world.note(note_id)
    if stored is not None and _is_anothers(world, note_id) and says_same(stored.delivery, delivery):
        return
    if stored is None or not stored.is_ours:
        raise Violation(f"row {position} has {note_id!r}, which is not ours")
    if stored.delivery != delivery:
        raise Violation(f"row {position} has {note_id!r}, which is another delivery's")


def _check_undelivered(
    world: World, position: int, delivery: Delivered, result: Result, doubted: Collection[Delivered], *, is_last: bool
) -> None:
    names_somebody = delivery[0] != "INVALID"
    is_unfit = any(world.shelf.is_unfit(digest) for digest in delivery[-1])  # the API takes no note with these files
    is_for_its_files = is_unfit or (delivery[-1] and _may_files_be_turned_away(world.regime))
    if result is Result.REJECTED and names_somebody and not _may_be_turned_away(world.regime) and not is_for_its_files:
        raise Violation(f"row {position} is rejected, though nobody said no")
    if not is_last:
        return
    if result is Result.NOT_SENT and any(_is_alike(delivery, other) for other in doubted):
        return  # it would not be told apart from the one that is unconfirmed
    if result is Result.NOT_SENT and world.regime.skips_existing and any(says_same(delivery, one) for one in doubted):
        return  # what is there may be the note of the one that is unconfirmed, whatever its status
    if result is Result.NOT_SENT and world.regime.skips_existing and world.regime.shuffled:
        return  # pages without an order can't show that a note isn't there
    is_for_its_id = bool(delivery[-1]) and _may_ids_be_refused(world.regime)
    if result is Result.REJECTED and (is_for_its_id or is_unfit):
        return
    if result is not Result.UNCONFIRMED and names_somebody:
        raise Violation(f"row {position} ends as {result}: lost")
    if result is Result.UNCONFIRMED and world.regime.shuffled:
        return  # nor can they be read whole, once each page size was asked for
    if result is not Result.REJECTED and not names_somebody and not world.regime.drops:
        raise Violation(f"row {position} names nobody and ends as {result}")


def _is_alike(one: Delivered, other: Delivered) -> bool:
    """Whether reading back couldn't tell them apart: the same to a reader, or both drafts of a prospect."""
    (prospect, text, *how, _), (their_prospect, their_text, *theirs, _) = one, other
    reads_alike = how == theirs and seen_digests(text) & seen_digests(their_text)
    both_drafts = Status.DRAFT in how and Status.DRAFT in theirs
    return prospect == their_prospect and bool(reads_alike or both_drafts)


def says_same(one: Delivered, other: Delivered) -> bool:
    """Whether a reader sees the same text in both, whoever may see it."""
    return one[0] == other[0] and bool(seen_digests(one[1]) & seen_digests(other[1]))


def _may_be_turned_away(regime: Regime) -> bool:
    """Whether something on the way to the API says no to a note."""
    return (
        regime.firewall >= 0
        or regime.body_limit > 0
        or bool(regime.lost_route)
        or any(fate.startswith(("page", "slow", "413")) for fate in regime.fates)
    )


def _may_files_be_turned_away(regime: Regime) -> bool:
    """Whether something says no to files, or to their IDs."""
    fates = () if regime.files is None else regime.files.fates
    return _may_ids_be_refused(regime) or any(fate.startswith("page") for fate in fates)


def _may_ids_be_refused(regime: Regime) -> bool:
    """Whether an ID may serve no more when its request leaves: the next run has its file uploaded anew."""
    return regime.files is not None and bool(regime.files.lives or regime.files.serves)


def must_be_certain(regime: Regime) -> bool:
    """Whether nothing may be unconfirmed in the end: texts stay exact, nobody else writes, and dates tell."""
    is_clear = regime.rewrite == "exact" and not regime.colleagues and not (regime.jumps or regime.own_jumps)
    is_clear &= not regime.shuffled
    return is_clear and abs(regime.ahead) < 300  # beyond that, only the notes of the run that sent it tell its clock


def _check_reported(world: World, rows: Rows, last: Outcomes, written: Sequence[Outcomes]) -> None:
    """Beyond the model a note may be there twice; then the results of a run said so, or that it is in doubt.

    What comes after the note that a row names, nobody may look for; nor for what was rejected before it was sent anew.
    """
    said = set()
    for outcomes in written:
        needs_a_look = (outcomes.positions(result).tolist() for result in (Result.UNCONFIRMED, Result.REJECTED))
        said |= {*outcomes.duplicates, *itertools.chain.from_iterable(needs_a_look)}
    looked_for = deliveries(rows, sorted(said))
    named = {last.note_id(position): delivery for position, delivery in enumerate(deliveries(rows, range(len(rows))))}
    named_at = {named[note.note_id]: note.applied_at for note in world.notes if note.note_id in named}
    for note in world.notes:
        is_stray = note.is_ours and note.status is Status.PUBLISHED and note.note_id not in named
        if not is_stray or note.applied_at > named_at.get(note.delivery, math.inf):
            continue
        if not any(_is_alike(note.delivery, other) for other in looked_for):
            raise Violation(f"{note.note_id} is there besides the one that is named, and nothing was said")


def deliveries(rows: Rows, positions: Iterable[int]) -> list[Delivered]:
    found = []
    for position in positions:
        note = rows.notes[rows.note[position]]
        found.append((str(rows.prospect[position]), note.content, note.visibility, note.status, note.files))
    return found
