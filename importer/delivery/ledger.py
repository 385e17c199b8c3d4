"""The journal's entry and the row's outcome, in one call: neither is ever written without the other.

Comes in: what became of deliveries. Goes out: journal entries, gathered for the next transaction; outcomes of rows, at
once; and how many rows are settled.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby

from importer.api import Answer
from importer.delivery.outcomes import Outcomes
from importer.delivery.policy import LONGEST_CLAIM
from importer.delivery.tasks import Post, Promised
from importer.errors import Busy, JournalFailed
from importer.journal import READ_BACK, Answered, Claim, DeliveryState, Journal, KnownDelivery, Run, SampleState
from importer.messages import Message, say
from importer.models import Result, Status


class Ledger:
    """Writes what becomes of deliveries.

    Args:
        journal: the durable record.
        outcomes: of the rows.
        run: which claims; None where nothing is sent.
    """

    def __init__(self, journal: Journal, outcomes: Outcomes, run: Run | None) -> None:
        self._journal, self._outcomes, self._run = journal, outcomes, run
        self._entries: list[Callable[[], None]] = []
        self.settled = self.created = self.failed = 0
        self.ended: Counter[Result] = Counter()

    def write(self, posts: Sequence[Post], now: float, since: Callable[[Post], float | None]) -> None:
        """Enter what is known, and claim what is about to be sent, in one transaction that is on disk on return.

        Where other machines share the journal, a claim is good for :data:`LONGEST_CLAIM`, by the database's clock until
        it is on disk, from then on by the system's, which goes on while this machine sleeps: the lock may be another's
        by then.

        Args:
            posts: to be claimed.
            now: by our clock.
            since: the earliest date that the note of a post can bear, where that is sure.

        Raises:
            JournalFailed, Busy: nothing was entered; the next call tries once more.
            JournalReplaced: all was entered, into a journal that isn't in its place any more; nothing may be sent.
        """
        entries, self._entries, entered_at = self._entries, [], time.time()
        if not entries and not posts:
            return
        for post in posts:
            post.sent_at = now
            post.first_sent_at = post.first_sent_at if post.sends > 1 else now
            post.since = post.since if post.since is not None else since(post)
        try:
            with self._journal.transaction():
                claimed_at = self._journal.now()
                for entry in entries:
                    entry()
                numbers = self._claim(posts, now)
            is_late = bool(posts) and self._journal.now() - claimed_at > LONGEST_CLAIM
            good_until = -math.inf if is_late else entered_at + LONGEST_CLAIM if self._journal.is_shared else math.inf
        except (JournalFailed, Busy):
            self._entries = entries + self._entries  # the order matters
            raise
        if numbers:
            self._journal.claimed(numbers)
        for post, number in zip(posts, numbers, strict=True):
            post.request_number = number
            post.good_until = good_until
            self._outcomes.settle(
                post.request.positions,
                Result.UNCONFIRMED,
                reason=say("outcome.run-ended-before-answer"),
                at=now,
                request=number,
            )

    def _claim(self, posts: Sequence[Post], now: float) -> list[int]:
        assert self._run is not None or not posts
        claims = [Claim(post.number, post.request, post.since, post.replaces, post.sends > 1) for post in posts]
        numbers = self._journal.deliveries.claim(self._run, claims, now) if self._run is not None else []
        if numbers is None:
            raise Busy(say("journal.claimed-by-another"))
        return numbers

    def answered(
        self,
        post: Post,
        answers: Sequence[tuple[int, Answer]],
        at: float,
        reason: Message | None = None,
        duplicates: Sequence[str] = (),
        *,
        is_foreign: bool = False,
    ) -> None:
        """Some of a request's prospects have their answer: index → created or rejected.

        Args:
            post: the request.
            answers: index → answer.
            at: now, by our clock.
            reason: how that is known, where it isn't the answer to the request itself.
            duplicates: ids under which the same note stands there again.
            is_foreign: whether something other than the API refused it. The journal doesn't say rejected then, so that
                a later run looks before it sends it again. A look can't tell for a draft, which another draft may hide,
                or for a note that reads like another note of the same prospect.
        """
        if is_foreign and post.key.status is Status.PUBLISHED and post.conflict is None:
            self.unconfirmed(post, answers[0][1].reason, at, Result.REJECTED)
            return
        request, shown = post.request, _shown(post)
        created = [(index, answer.note_id) for index, answer in answers if answer.note_id is not None]
        if created:
            positions = [request.positions[index] for index, _ in created]
            note_ids = [note_id for _, note_id in created]
            self._settle(positions, Result.CREATED, note_ids=note_ids, reason=reason, at=at, request=shown)
            if duplicates:
                self._outcomes.found_duplicates(positions[0], duplicates)
        for index, answer in answers:
            if answer.note_id is None:
                position = request.positions[index]
                self._settle([position], Result.REJECTED, reason=answer.reason, at=at, request=shown)
        note = post.number
        self._enter_answers(
            Answered(
                post.request_number, note, request.prospects[index], request.keys[index], _kept(answer, reason), at
            )
            for index, answer in answers
        )
        if created and duplicates:
            prospect, key = request.prospects[created[0][0]], request.keys[created[0][0]]
            self._entries.append(lambda: self._journal.deliveries.checked(note, prospect, key, duplicates))

    def _enter_answers(self, answers: Iterable[Answered]) -> None:
        """In one statement with those before them, unless something else came in between: the order matters."""
        last = self._entries[-1] if self._entries else None
        if not isinstance(last, _RowAnswers):
            last = _RowAnswers(self._journal)
            self._entries.append(last)
        last.all.extend(answers)

    def checked(self, post: Post, duplicates: Sequence[str]) -> None:
        """A delivery that was sent again was looked at once more: its note stands there under these ids, too."""
        note, request = post.number, post.request
        known = self._outcomes.duplicates.get(request.positions[0], ())  # found when it was read back
        duplicates = [*known, *(note_id for note_id in duplicates if note_id not in known)]
        if duplicates:
            self._outcomes.found_duplicates(request.positions[0], duplicates)
        self._entries.append(
            lambda: self._journal.deliveries.checked(note, request.prospects[0], request.keys[0], duplicates)
        )

    def sampled(self, notes: Sequence[Promised], sample: SampleState | None) -> None:
        """Created notes are in a sample, or in none any more."""
        if notes:
            which = [note.delivery for note in notes]
            self._entries.append(lambda: self._journal.deliveries.sample(which, sample))

    def sample_all(self, runs: Iterable[int], *, drafts: bool) -> None:
        """All notes that some runs created are to be read back."""
        for run in runs:
            self._entries.append(partial(self._journal.deliveries.sample_all, run, drafts=drafts))

    def not_found(self, notes: Sequence[Promised]) -> None:
        """The API said that it created these notes, and they are not there."""
        self.sampled(notes, SampleState.MISSING)
        for note in notes:
            self._outcomes.not_found(note.prospect, note.note_id)

    def ambiguous(self, post: Post, why: Message, at: float | None = None, *, is_accepted: bool = False) -> None:
        """A request's answer was unclear: until its notes are read back, its rows are unconfirmed.

        With ``is_accepted``, a run that goes on with it knows that the API may be at work on it for minutes.
        """
        reason = say("outcome.unclear", why=why)
        if is_accepted:
            number, note, deliveries = post.request_number, post.number, _deliveries(post)
            self._entries.append(lambda: self._journal.deliveries.accept(number, note, deliveries))
        positions = post.request.positions
        self._outcomes.settle(positions, Result.UNCONFIRMED, reason=reason, at=at, request=_shown(post))

    def unconfirmed(self, post: Post, reason: Message | None, at: float, result: Result = Result.UNCONFIRMED) -> None:
        """It can't be found out whether these deliveries were made."""
        number, note, deliveries = post.request_number, post.number, _deliveries(post)
        self._entries.append(lambda: self._journal.deliveries.unconfirm(number, note, deliveries))
        positions = post.request.positions
        self._settle(positions, result, reason=reason, at=at, request=_shown(post))

    def pending(self, post: Post) -> None:
        """A request surely was not applied, and is to be sent again: its rows are not sent until then.

        Its claim is given up, unless it was proven absent: then the claim stands until it is sent again.
        """
        if post.replaces != post.request_number:
            self._release(post)
        self._outcomes.settle(post.request.positions, Result.NOT_SENT)

    def abandoned(self, post: Post, reason: Message) -> None:
        """A request surely was not applied, and is not sent in this run."""
        self._release(post)
        self._settle(post.request.positions, Result.NOT_SENT, reason=reason)

    def _release(self, post: Post) -> None:
        number, note, deliveries = post.request_number, post.number, _deliveries(post)
        self._entries.append(lambda: self._journal.deliveries.release(number, note, deliveries))
        post.replaces = None

    def already(self, positions: Sequence[int], made: Sequence[KnownDelivery]) -> None:
        """An earlier run made these deliveries."""
        pairs = zip(positions, made, strict=True)
        for (at, state), together in groupby(pairs, lambda pair: (pair[1].at, pair[1].state)):
            rows, deliveries = zip(*together, strict=True)
            date = f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"
            reason = say(
                "outcome.imported-and-hidden" if state is DeliveryState.HIDDEN else "outcome.imported", date=date
            )
            note_ids = [delivery.note_id or "" for delivery in deliveries]
            self._outcomes.settle(rows, Result.ALREADY_IMPORTED, note_ids=note_ids, reason=reason)
            for row, delivery in zip(rows, deliveries, strict=True):
                if delivery.duplicates:
                    self._outcomes.found_duplicates(row, delivery.duplicates)
                if delivery.is_missing and delivery.note_id is not None:
                    self._outcomes.found_missing(row, [delivery.note_id])

    def _settle(
        self,
        positions: Sequence[int],
        result: Result,
        *,
        reason: Message | None,
        note_ids: Sequence[str] | None = None,
        at: float | None = None,
        request: int = 0,
    ) -> None:
        """Settle rows, and count them."""
        self._outcomes.settle(positions, result, note_ids=note_ids, reason=reason, at=at, request=request)
        self.settled += len(positions)
        self.ended[result] += len(positions)
        if result is Result.CREATED:
            self.created += len(positions)
        else:
            self.failed += len(positions)


@dataclass
class _RowAnswers:
    """Answers that are to be entered together."""

    journal: Journal
    all: list[Answered] = field(default_factory=list)

    def __call__(self) -> None:
        self.journal.deliveries.answer(self.all)


def _kept(answer: Answer, reason: Message | None) -> Answer:
    """Return an answer as the journal keeps it, which tells a note that was read back from one that an answer named."""
    is_read_back = reason is not None and answer.note_id is not None and answer.reason is None
    return Answer(answer.note_id, READ_BACK) if is_read_back else answer


def _shown(post: Post) -> int:
    """The request's number where a row may show it: that of an earlier run's would be taken for one of this run's."""
    return 0 if post.of_earlier_run else post.request_number


def _deliveries(post: Post) -> list[tuple[str, str]]:
    return list(zip(post.request.prospects, post.request.keys, strict=True))
