"""``python -m tests.simulation.mutants``: does the simulation bite? Each rule is broken in turn.

A mutant is delivery with one thing changed: a safety constant halved or taken away, or a rule left out. (The table of
answers is tested row by row in ``tests/delivery/test_decisions.py``.) Seeds are searched for it; the first whose import
is not as it must be *kills* it. One that survives is either harmless, and :data:`HARMLESS` says why, or something that
the model doesn't show.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import cpu_count
from typing import Any

from importer import identity, markup
from importer.api import FoundNote, NotesPage
from importer.calls.dispatcher import Dispatcher
from importer.delivery import context, control, coordinator, decisions, outcomes, readback, reads, resolver, unclear
from importer.delivery.context import Policy
from importer.delivery.control import Controls
from importer.delivery.evidence import Evidence
from importer.delivery.existing import Existing
from importer.delivery.last_look import LastLook, LastLooks
from importer.delivery.ledger import Ledger
from importer.delivery.queue import Attachments, Queue
from importer.delivery.reachability import Reachability
from importer.delivery.reads import Pages
from importer.delivery.tasks import Post, WholeRead
from importer.delivery.unclear import Lookup
from importer.journal.memory import Memory
from tests.simulation import imports
from tests.simulation.disk import Disk, MortalJournal
from tests.simulation.imports import Violation, simulate
from tests.simulation.regime import ONCE_BROKEN, Lag, Regime, draw, with_existing
from tests.simulation.windows import Limits

Change = Callable[[Any, str, Any], None]
"""Puts something in place of an attribute, until the mutant is over."""


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        name: what is different.
        apply: makes it.
        files: whether it is about files, so that worlds are searched which have some.
    """

    name: str
    apply: Callable[[Change], None]
    files: bool = False


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Delivery with the change, in this process, until the block is left."""
    with contextlib.ExitStack() as undo:

        def change(owner: Any, name: str, value: Any) -> None:
            undo.callback(setattr, owner, name, owner.__dict__[name])
            setattr(owner, name, value)

        mutant.apply(change)
        yield


# -- the safety constants ----------------------------------------------------------------------------------------------


def _constant(owner: Any, name: str, value: Any) -> Callable[[Change], None]:
    return lambda change: change(owner, name, value)


def _policy(**different: float) -> Callable[[Change], None]:
    def changed(*given: Any, **more: Any) -> Policy:
        return replace(Policy(*given, **more), **different)  # type: ignore[arg-type]

    return lambda change: change(imports, "Policy", changed)


def _constant_mutants() -> Iterator[Mutant]:
    for owner, name, values in (
        (control, "READS", (2,)),
        (control, "_MOST_TRIES", (0,)),
        (reads, "_TAKES", (0,)),
        (readback, "_BELIEVED", (0.0,)),
        (readback, "_NEAR", (0.0,)),
        (readback, "_LIKELY", (0.0,)),
        (readback, "_ANY_ZONE", (readback._LIKELY,)),
        (context, "LONGEST_CLAIM", (math.inf, context.LONGEST_CLAIM / 2, 0.0)),
        (unclear, "LONGEST_CLAIM", (0.0,)),
        (unclear, "_RECEIPT", (unclear._RECEIPT / 2, 0.0)),
    ):
        for value in values:
            yield Mutant(f"{name} = {value} in {owner.__name__}", _constant(owner, name, value))
    for field, value in (("lag", 60.0), ("read_timeout", 3.0), ("rest", 1.0)):
        for share in (0.5, 0.0):
            yield Mutant(f"{field} = {share * value}", _policy(**{field: share * value}))
    for least in (markup._LEAST_PREFIX // 2, 0):
        yield Mutant(f"are_alike: {least} characters are enough", _constant(markup, "_LEAST_PREFIX", least))


# -- rules that are left out -------------------------------------------------------------------------------------------


def _without_unclear(change: Change) -> None:
    original = coordinator.Coordinator._admit

    def admit(self: Any, task: Any) -> bool:
        unclear, self._resolver.unclear = self._resolver.unclear, {}
        try:
            return original(self, task)
        finally:
            self._resolver.unclear = unclear

    change(coordinator.Coordinator, "_admit", admit)


def _without_authors(change: Change) -> None:
    original = readback.whose

    def whose(note: Any, sought: Any) -> Any:
        found = original(note, sought)
        return readback.Whose.NOT_KNOWN if found is readback.Whose.ANOTHERS else found

    change(readback, "whose", whose)


def _any_author_rewritten(change: Change) -> None:
    original = readback._rewritten

    def rewritten(unexplained: Any, sought: Any) -> Any:
        return original(unexplained, replace(sought, authors=[one.author for one in unexplained]))

    change(readback, "_rewritten", rewritten)


def _claims_not_on_disk(change: Change) -> None:
    """A call leaves while its claim is not on disk yet: a crash loses what was entered last."""
    transaction, crash = MortalJournal.transaction, Disk.crash

    @contextmanager
    def not_yet(self: Any) -> Iterator[None]:
        if not self._inside:
            self.disk.before = self.disk.raw.serialize()
        with transaction(self):
            yield

    def lost(self: Any) -> None:
        crash(self)
        if (before := getattr(self, "before", None)) is not None:
            self.raw.deserialize(before)

    change(MortalJournal, "transaction", not_yet)
    change(Disk, "crash", lost)


def _sought(**different: Any) -> Callable[[Change], None]:
    """What is looked for, with other facts."""

    def change_it(change: Change) -> None:
        original = readback.judge
        change(readback, "judge", lambda page, sought: original(page, replace(sought, **different)))

    return change_it


def _nothing_unexplained(change: Change) -> None:
    original = readback.judge

    def judge(page: Any, sought: Any) -> Any:
        found = original(page, sought)
        is_it = found.doubt is not None and found.doubt.kind == "doubt.reads-differently"
        return readback.Verdict() if is_it else found

    change(readback, "judge", judge)


def _form_explains(change: Change) -> None:
    """A note of another visibility or status needs no explanation."""
    original = readback.judge

    def judge(page: Any, sought: Any) -> Any:
        form = sought.key.visibility, sought.key.status
        notes = tuple(note for note in page.notes if (note.visibility, note.status) == form)
        return original(replace(page, notes=notes), sought)

    change(readback, "judge", judge)


def _likeness_is_enough(change: Change) -> None:
    original = readback._rewritten
    change(readback, "_rewritten", lambda unexplained, sought: original(unexplained, replace(sought, rivals=())))


def _nothing_owned(change: Change) -> None:
    change(Evidence, "owned", lambda _self, *_given: {})


def _one_clock(change: Change) -> None:
    """What was seen of one run's clock counts for all runs."""
    since = Evidence.since

    def of_any(self: Any, post: Any) -> Any:
        if post.since is None and self._offsets and post.clock_of not in self._offsets:
            return post.first_sent_at + next(iter(self._offsets.values()))
        return since(self, post)

    change(Evidence, "since", of_any)


def _one_account(change: Change) -> None:
    change(Evidence, "account_of", lambda _self, _run: "")


def _ids_may_be_anothers(change: Change) -> None:
    original = Ledger.write

    def write(self: Any, *given: Any) -> None:
        original(self, *given)
        self.exchanged.clear()

    change(Ledger, "write", write)


def _control_after_departure(change: Change) -> None:
    """A note that left after an unclear request is its control, although the request may still be applied."""
    for owner in (control, resolver):
        change(owner, "serves", lambda left, ambiguous: left > ambiguous.post.sent_at)


def _control_elsewhere(change: Change) -> None:
    """A control is read over another connection than the notes that are missed."""
    original = Lookup.__init__

    def init(self: Any, *given: Any, **more: Any) -> None:
        original(self, *given, **more)
        self.is_apart = False

    change(Lookup, "__init__", init)


def _missed_control_counts(change: Change) -> None:
    """A lookup of a control counts, whether it shows the note or not."""
    original = Controls.looked

    def looked(self: Any, lookup: Any, reply: Any) -> Any:
        if reply.value is not None:
            shown = FoundNote(lookup.note.note_id, "", None, None, None)
            reply = replace(reply, value=replace(reply.value, notes=(*reply.value.notes, shown)))
        return original(self, lookup, reply)

    change(Controls, "looked", looked)


def _nothing_kept(change: Change) -> None:
    change(Queue, "send_control", lambda _self: False)


def _all_at_once(change: Change) -> None:
    """Without a control, all that is absent is sent again at once."""
    original = resolver.Resolver._proven

    def proven(self: Any, proof: Any) -> Any:
        policy, self._policy = self._policy, replace(self._policy, resends=False)
        decided = [*original(self, proof)]
        self._policy = policy
        return decided

    change(resolver.Resolver, "_proven", proven)


def _unknown_is_a_miss(change: Change) -> None:
    original = resolver.Resolver._missed
    change(resolver.Resolver, "_missed", lambda self, lookup, **_: original(self, lookup, is_unknown=False))


def _pages_need_not_fit(change: Change) -> None:
    take_in = WholeRead.take_in

    def whole(self: WholeRead, page: NotesPage) -> NotesPage:
        found, self.is_whole = take_in(self, page), True
        return found

    change(WholeRead, "take_in", whole)


def _passed(change: Change) -> None:
    """A single note is blamed though no other got through."""
    original = decisions.after_absence
    change(decisions, "after_absence", lambda *given, **more: original(*given, **{**more, "passed": True}))


def _not_healed(change: Change) -> None:
    """A note is blamed though another that was refused was accepted later."""
    original = decisions.after_absence
    change(decisions, "after_absence", lambda *given, **more: original(*given, **{**more, "healed": False}))


def _never_shut(change: Change) -> None:
    change(Reachability, "is_shut", property(lambda _self: False))


def _any_413(change: Change) -> None:
    original = decisions.after_post
    change(
        decisions,
        "after_post",
        lambda prospects, reply, known: original(prospects, reply, replace(known, is_largest=True)),
    )


def _same_take(change: Change) -> None:
    change(Pages, "take", lambda self, _prospect: self._size)


def _uncertain_adopted(change: Change) -> None:
    """A possible match is adopted at once, whatever is still to be learned."""
    original = decisions.after_lookup
    change(decisions, "after_lookup", lambda reply, verdict, before, *, is_final:
           original(reply, verdict and replace(verdict, is_sure=True), before, is_final=is_final))  # fmt: skip


def _no_hidden_drafts(change: Change) -> None:
    change(readback, "_hides", lambda _draft, _sought: False)


def _first_page_only(change: Change) -> None:
    original = WholeRead.take_in
    change(WholeRead, "take_in", lambda self, page: replace(original(self, page), has_more=False))


def _rest_of_the_dead(change: Change) -> None:
    """What an earlier run sent rests from when it was sent, by that run's clock."""
    original = resolver.Resolver._begin

    def begin(self: Any, ambiguous: Any, due: float) -> None:
        if ambiguous.post.of_earlier_run:
            ambiguous.rest_at = ambiguous.post.sent_at + self._policy.read_timeout + self._policy.rest
        original(self, ambiguous, due)

    change(resolver.Resolver, "_begin", begin)


def _several_at_a_time(change: Change) -> None:
    original = Queue.admit

    def admit(self: Any, post: Any) -> Any:
        self._under_way.clear()
        return original(self, post)

    change(Queue, "admit", admit)


def _drafts_dont_conflict(change: Change) -> None:
    change(Queue, "_look_of", lambda _self, post: (post.key.seen, post.key.visibility, post.key.status))


def _best_of_its_people(change: Change) -> None:
    change(outcomes, "_WORST_FIRST", outcomes._WORST_FIRST[::-1])


def _known_first_to_wait(change: Change) -> None:
    """Lookups go after requests."""
    original = Dispatcher.__init__

    def init(self: Any, caller: Any, perform: Any, kinds: Any) -> None:
        original(self, caller, perform, tuple(reversed(kinds)))

    change(Dispatcher, "__init__", init)


def _no_check(change: Change) -> None:
    change(LastLooks, "sent_again", lambda _self, _post, _note_id, _came: None)


def _there_is_there(change: Change) -> None:
    change(Existing, "_of_others", lambda *_given: set())


def _anothers_is_there(change: Change) -> None:
    change(Evidence, "is_contested", lambda *_given, **_how: False)


def _given_up_is_forgotten(change: Change) -> None:
    change(Queue, "doubted", lambda _self, _post: None)


def _missed_once(change: Change) -> None:
    original = LastLooks.looked

    def looked(self: LastLooks, look: LastLook, reply: Any) -> None:
        look.due = look.due or 1.0
        original(self, look, reply)

    change(LastLooks, "looked", looked)


def _missed_whatever_was_seen(change: Change) -> None:
    original = LastLooks.looked

    def looked(self: LastLooks, look: LastLook, reply: Any) -> None:
        self._youngest_seen = math.inf
        original(self, look, reply)

    change(LastLooks, "looked", looked)


RULES: dict[str, Callable[[Change], None]] = {
    "a note that is there is never another delivery's": _there_is_there,
    "a note that is there may be of a delivery that is unclear": _anothers_is_there,
    "other deliveries go to a prospect that is unclear": _without_unclear,
    "nobody else writes there": _without_authors,
    "a rewritten note may be anybody's": _any_author_rewritten,
    "a rewritten note may be another's that is unclear": _likeness_is_enough,
    "claims are not on disk before sending": _claims_not_on_disk,
    "nothing needs an explanation": _nothing_unexplained,
    "visibility and status explain a note": _form_explains,
    "what reads like another note under way needs an explanation": _sought(rivals=()),
    "notes that other deliveries have are not left to them": _nothing_owned,
    "a note's id may be that of another delivery": _ids_may_be_anothers,
    "every lookup asks alike": _same_take,
    "a possible match is adopted at once": _uncertain_adopted,
    "a later draft hides nothing": _no_hidden_drafts,
    "a note is the delivery's own however late it is dated": _sought(latest=math.inf),
    "a note is the delivery's own however early it is dated": _sought(earliest=-math.inf),
    "our clock is the same in every run": _one_clock,
    "our author is the same with every key": _one_account,
    "a gateway's 413 is believed whatever was accepted": _any_413,
    "only one page is read": _first_page_only,
    "pages need not fit together": _pages_need_not_fit,
    "a control may have left before rest": _control_after_departure,
    "a control is read over another connection": _control_elsewhere,
    "a control is read once": _constant(control, "READS", 1),
    "a missed control counts": _missed_control_counts,
    "nothing is kept back": _nothing_kept,
    "all that is absent is sent again at once": _all_at_once,
    "a prospect that reads don't know is a miss": _unknown_is_a_miss,
    "rest is counted by a dead run's clock": _rest_of_the_dead,
    "a prospect gets several requests at a time": _several_at_a_time,
    "drafts of a prospect don't conflict": _drafts_dont_conflict,
    "a row of several people is as well off as the best of them": _best_of_its_people,
    "requests go before lookups": _known_first_to_wait,
    "what was sent again is not looked at once more": _no_check,
    "what was given up doesn't hold back what reads alike": _given_up_is_forgotten,
    "a single note is blamed though no other got through": _passed,
    "a note is blamed though another was accepted later": _not_healed,
    "requests go on though all are refused": _never_shut,
    "a note of the sample is not found once it was missed": _missed_once,
    "a note of the sample is not found though no younger one was seen": _missed_whatever_was_seen,
}


def _known_uploads_forgotten(change: Change) -> None:
    change(Memory, "known", lambda _self, _digests: {})


def _uploads_not_entered(change: Change) -> None:
    change(Memory, "enter", lambda _self, _ids: None)


def _no_renewal(change: Change) -> None:
    original = decisions.after_post
    change(decisions, "after_post", lambda prospects, reply, known:
           original(prospects, reply, replace(known, is_renewed=True)))  # fmt: skip


def _renewed_as_a_whole(change: Change) -> None:
    """A part of a request keeps the IDs of the whole, and gets no uploads of its own."""
    original = Post.only
    change(Post, "only", lambda self, wanted: replace(original(self, wanted), uploads=self.uploads, is_renewed=True))


def _without_files(change: Change) -> None:
    original = identity.text_digests
    change(identity, "text_digests", lambda note, files: original(replace(note, files=()), files))


def _less_files(change: Change) -> None:
    original = Attachments.complete

    def carried(self: Any, post: Any) -> Any:
        decision = original(self, post)
        ids = [upload.attachment for upload in self.uploads.latest.values()] if self.uploads else []
        if post.uploads and decision is None:
            note = post.request.note
            post.request = replace(post.request, note=replace(note, attachments=tuple(ids[: len(note.files)])))
        return decision

    change(Attachments, "complete", carried)


FILE_RULES: dict[str, Callable[[Change], None]] = {
    "files that the journal has are uploaded again": _known_uploads_forgotten,
    "uploads are not entered in the journal": _uploads_not_entered,
    "what is refused for an id is not sent with another": _no_renewal,
    "a part of a request gets no uploads of its own": _renewed_as_a_whole,
    "a note is the same whatever files it carries": _without_files,
    "a note carries whatever files are there": _less_files,
}

_LATE = replace(
    draw(2), lag=Lag(), faults=0.3, fates=("502 late", "redirect late"), rewrite="exact", colleagues=0,
    bad_start=0, closed=0.0, lost_route=0.0,
)  # fmt: skip
"""Much is applied late; where the settings allow for longer than the model's, the margin doesn't make up for them."""

_LIMITED = replace(
    draw(1), limits=Limits(1, 6.0), fates=("500 before",), firewall=-1, lost_route=0.0, body_limit=0, closed=0.0
)
"""Nothing but the limit turns calls away."""

SHOWN_BY: dict[str, tuple[int, Regime]] = {
    "a note that is there is never another delivery's": (1, with_existing(214, draw(214))),
    "a note that is there may be of a delivery that is unclear": (181, with_existing(181, draw(181))),
    "a note is the delivery's own however early it is dated": (20614, draw(20614)),
    "a note of the sample is not found once it was missed": (27, draw(27)),
    "a note of the sample is not found though no younger one was seen": (
        2,
        replace(draw(1), lag=Lag("constant", 200.0), drops=0),
    ),
    "read_timeout = 1.5": (0, replace(_LATE, read_timeout=30.0)),
    "read_timeout = 0.0": (1, replace(_LATE, read_timeout=30.0)),
    "rest = 0.5": (0, replace(_LATE, settle=20.0, learned=None)),
    "rest = 0.0": (0, replace(_LATE, settle=20.0, learned=None)),
}
"""Mutants that few seeds show → one that does, and its world, which may be beyond the model. It is tried first."""

HARMLESS: dict[str, str] = {
    "other deliveries go to a prospect that is unclear": "what is unclear at once is judged together: where"
    " texts are rewritten more is unconfirmed, and nothing is wrong",
    "a note is the delivery's own however late it is dated": "in the model, who writes what reads the same later is"
    " another delivery, or known to be somebody else",
    "LONGEST_CLAIM = inf in importer.delivery.context": "what a dead process had not sent by then it never sends",
    "LONGEST_CLAIM = 2.5 in importer.delivery.context": "claims are made anew sooner",
    "LONGEST_CLAIM = 0.0 in importer.delivery.context": "claims are made anew sooner",
    "requests go before lookups": "an order that is for speed alone",
}
"""Mutants that no seed kills and why they do no harm."""


def generated() -> list[Mutant]:
    """All mutants, in an order of their own."""
    rules = [Mutant(name, change) for name, change in RULES.items()]
    rules += [Mutant(name, change, files=True) for name, change in FILE_RULES.items()]
    return [*rules, *_constant_mutants()]


# -- searching ---------------------------------------------------------------------------------------------------------


def search(number: int, seeds: Sequence[int]) -> tuple[int, int | None, str]:
    """The first seed that shows a mutant, and how; None where none does."""
    mutant = generated()[number]
    known: list[tuple[int, Regime | None]] = [SHOWN_BY[mutant.name]] if mutant.name in SHOWN_BY else []
    with applied(mutant):
        for seed, world in (*known, *((seed, None) for seed in (*ONCE_BROKEN, *seeds))):
            try:
                simulate(seed, regime=world, files=mutant.files)
            except Violation as violation:
                return number, seed, str(violation)
            except Exception as error:  # noqa: BLE001 - a mutant that breaks down is found, too
                return number, seed, f"{type(error).__name__}: {error}"
    return number, None, ""


def main(arguments: list[str] | None = None) -> int:
    """Search; list what is killed and what survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="for each mutant, at most")
    parser.add_argument("--only", default="", help="those whose names hold this")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    given = parser.parse_args(arguments)
    mutants = generated()
    wanted = [number for number, mutant in enumerate(mutants) if given.only in mutant.name]
    began, survivors = time.monotonic(), []
    with ProcessPoolExecutor(given.jobs) as pool:
        for number, seed, why in pool.map(search, wanted, [range(given.seeds)] * len(wanted)):
            name = mutants[number].name
            if seed is None:
                survivors.append(name)
            print(f"{name}: {'SURVIVES' if seed is None else f'seed {seed}: {why[:120]}'}", flush=True)
    print(f"{len(wanted)} mutants, {len(wanted) - len(survivors)} killed, {time.monotonic() - began:,.0f} s")
    for name in survivors:
        print(f"SURVIVES {name}: {HARMLESS.get(name) or 'no reason is known'}")
    return int(any(not HARMLESS.get(name) for name in survivors))


if __name__ == "__main__":
    sys.exit(main())
