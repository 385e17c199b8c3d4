"""Write the journal's entry and the row's outcome in one call, never one without the other.

Input: results of deliveries. Output: journal entries, collected for the next transaction; outcomes and counts of rows.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from importer.api import Answer
from importer.delivery.context import LONGEST_CLAIM, Post
from importer.delivery.earlier import Earlier
from importer.delivery.matching import AnsweredRow, How, Match
from importer.delivery.outcomes import Outcomes
from importer.errors import Busy, JournalFailed
from importer.identity import texts_at
from importer.journal import (
    ACCEPTED,
    READ_BACK,
    Answered,
    Claim,
    Identity,
    Journal,
    KnownDelivery,
    NoteKey,
    Run,
)
from importer.messages import Message, say
from importer.models import Request, Result, Workspace
from importer.settings.kinds import InDoubt
from importer.settings.reading import kind_in_words


class Ledger:
    """Record of deliveries, in the journal and in the rows' outcomes.

    Args:
        run: the run that claims deliveries; None if nothing is sent.

    Attributes:
        outcomes: the rows' outcomes.
        earlier: says by what the deliveries of rows are known; None if nothing is sent.
        unclear: position → row whose note an earlier run sent in another form, without a clear answer.
    """

    def __init__(self, journal: Journal, outcomes: Outcomes, workspace: Workspace, run: Run | None) -> None:
        self._journal, self.outcomes, self._workspace, self._run = journal, outcomes, workspace, run
        self.earlier: Earlier | None = None
        self.unclear: dict[int, AnsweredRow] = {}
        self._entries: list[Callable[[], None]] = []
        self.settled = 0
        self.ended: Counter[Result] = Counter()

    def write(self, posts: Sequence[Post], now: float, since: Callable[[Post], float | None]) -> None:
        """Enter pending results and claim the requests, in one transaction that is on disk on return (D2).

        If machines share the journal, a claim expires after :data:`LONGEST_CLAIM`, because the lock may be lost by
        then: by the database's clock until it is on disk, then by the system's, which continues while it sleeps.
        ``since`` returns the earliest date that a request's note can have, if that is certain.

        Raises:
            JournalFailed, Busy: nothing was entered; the next call tries again.
            JournalReplaced: all was entered, but into a journal that is no longer in its place; nothing may be sent.
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
                numbers = self._claim(posts, now) if posts else []
            is_late = bool(posts) and self._journal.now() - claimed_at > LONGEST_CLAIM
            good_until = -math.inf if is_late else entered_at + LONGEST_CLAIM if self._journal.is_shared else math.inf
        except (JournalFailed, Busy):
            self._entries = entries + self._entries  # the order of entries matters
            raise
        if numbers:
            self._journal.claimed(numbers)
        for post, number in zip(posts, numbers, strict=True):
            post.request_number = number
            post.good_until = good_until
            self.outcomes.settle(
                post.request.positions,
                Result.UNCONFIRMED,
                reason=say("outcome.run-ended-before-answer"),
                at=now,
                request=number,
            )

    def _claim(self, posts: Sequence[Post], now: float) -> list[int]:
        assert self._run is not None and self.earlier is not None
        told, claims = list[Identity](), list[Claim]()
        for post in posts:
            keys = texts_at(self.earlier.rows.key, post.request.positions)
            claims.append(Claim(post.key, post.request, post.since, post.replaces, post.sends > 1, keys))
            told += self.earlier.told(post.request.positions, post.request.names)
        numbers = self._journal.deliveries.claim(self._run, claims, now)
        if numbers is None:  # D1
            raise Busy(say("journal.claimed-by-another"))
        self._journal.identities.enter(self._workspace, told)
        return numbers

    def answered(
        self,
        post: Post,
        answers: Sequence[tuple[int, Answer]],
        at: float,
        reason: Message | None = None,
        duplicates: Sequence[str] = (),
    ) -> None:
        """Settle the rows of a request's prospects that have an answer, by index: created or rejected.

        ``reason`` says how the answers are known, if they are not the reply to the request itself; ``duplicates`` are
        further copies of the note.
        """
        request, number, entries = post.request, _shown(post), list[Answered]()
        for index, answer in answers:
            position, note_ids = request.positions[index], [answer.note_id or ""]
            result, why = (Result.REJECTED, answer.reason) if answer.note_id is None else (Result.CREATED, reason)
            self._settle([position], result, note_ids=note_ids, reason=why, at=at, request=number)
            entries.append(Answered(post.request_number, request.names[index], _kept(answer, reason), at))
            if result is Result.CREATED and (one := self.unclear.get(position)) is not None:
                self._too_visible(one)
                if (why := self._why(one)) is not None:
                    self.outcomes.remark(position, why)
        self._entries.append(lambda: self._journal.deliveries.answer(entries))
        if duplicates:
            self.checked(post.only([answers[0][0]]), duplicates)

    def checked(self, post: Post, duplicates: Sequence[str]) -> None:
        """Record the last look at a delivery's note, with the IDs of further copies of the note."""
        request = post.request
        known_ids = self.outcomes.duplicates.get(request.positions[0], ())  # found when the note was read back
        duplicates = [*known_ids, *(note_id for note_id in duplicates if note_id not in known_ids)]
        if duplicates:
            self.outcomes.found_duplicates(request.positions[0], duplicates)
        self._entries.append(lambda: self._journal.deliveries.checked(request.names[0], duplicates))

    def not_found(self, post: Post, note_id: str) -> None:
        """Record that a delivery's note, which the API said it created, was not found."""
        [name] = post.request.names
        self._entries.append(lambda: self._journal.deliveries.missed(name))
        self.outcomes.found_missing(post.request.positions[0], [note_id])

    def ambiguous(self, post: Post, why: Message, at: float | None = None, *, is_accepted: bool = False) -> None:
        """Mark the rows of a request as unconfirmed until it is read back; ``is_accepted`` is kept for a later run."""
        reason = say("outcome.unclear", why=why)
        if is_accepted:
            number, names = post.request_number, post.request.names
            self._entries.append(lambda: self._journal.deliveries.explain(number, names, ACCEPTED))
        self.outcomes.settle(post.request.positions, Result.UNCONFIRMED, reason=reason, at=at, request=_shown(post))

    def unconfirmed(self, post: Post, reason: Message, at: float) -> None:
        """Settle deliveries that can be neither confirmed nor ruled out."""
        self._settle(post.request.positions, Result.UNCONFIRMED, reason=reason, at=at, request=_shown(post))

    def pending(self, post: Post) -> None:
        """Mark the rows of a request that was not applied as not sent; its claim stays if it is proven absent (D1)."""
        if post.replaces != post.request_number:
            self._release(post)
        self.outcomes.settle(post.request.positions, Result.NOT_SENT)

    def abandoned(self, post: Post, reason: Message) -> None:
        """Settle the rows of a request that was not applied and is not sent in this run."""
        self._release(post)
        self._settle(post.request.positions, Result.NOT_SENT, reason=reason)

    def _release(self, post: Post) -> None:
        number, names = post.request_number, post.request.names
        self._entries.append(lambda: self._journal.deliveries.release(number, names))
        post.replaces = None

    def known(self, answered: Sequence[AnsweredRow]) -> None:
        """Settle rows whose deliveries exist. Notes that somebody hid stay hidden."""
        shown: defaultdict[tuple[float, Message | None], list[AnsweredRow]] = defaultdict(list)
        left: list[bytes] = []
        for one in answered:
            if one.is_hidden:
                left.append(one.delivery.name)
                self.unsent(one.position, Result.SKIPPED, say("outcome.left-hidden"))
            else:
                shown[one.delivery.at, self._why(one)].append(one)
        if left:
            self._entries.append(lambda: self._journal.deliveries.leave_hidden(left))
        for (_, why), alike in shown.items():
            self._already([one.position for one in alike], [one.delivery for one in alike], why)
            for one in alike:
                self._too_visible(one)

    def _too_visible(self, one: AnsweredRow) -> None:
        if (still := one.still) is not None:
            self.outcomes.remark(one.position, still, self.outcomes.visible)

    def _why(self, one: AnsweredRow) -> Message | None:
        """Return what differs between a row and the delivery that answers for it; None if nothing does."""
        assert self.earlier is not None
        if one.is_changed or one.has_other_text or one.match.how in (How.EARLIER_TEXT, How.WORDS):
            run = self.earlier.runs[one.delivery.run]
            return say("known.changed", run=run.name, file=run.file)
        if one.is_less_visible:
            kinds = kind_in_words(one.delivery.visibility, one.delivery.status)
            return say("known.less-visible", kind=say("names", names=tuple(kinds)))
        return None

    def in_question(self, match: Match) -> None:
        """Settle a row in question, which waits for an answer, or a row that isn't valid, if its note is known."""
        assert self.earlier is not None
        position, known, rows, journal = match.row.position, match.known, self.earlier.rows, self.earlier.journal
        note = int(rows.note[position])
        if note < 0:
            if known is not None and known.note_id is not None:
                self._already([position], [known], rows.skipped.get(position))
        elif known is None and journal and journal.deliveries.delivered(self._workspace, match.row.note_ids):
            self._asked(position, say("in-question.note-of-another"))
        elif known is not None or self.earlier.answer_to(match) is not InDoubt.SAME:
            run = None if known is None else self.earlier.runs[known.run]
            of_run = {} if run is None else {"run": run.name, "file": run.file}
            self._asked(position, say(f"in-question.{match.how}", **of_run))
        else:
            key, prospect = NoteKey.of(rows.notes[note]), str(rows.prospect[position])
            self.found(position, prospect, key, min(match.row.note_ids), say("outcome.says-results-file"))

    def _already(self, positions: Sequence[int], made: Sequence[KnownDelivery], why: Message | None) -> None:
        """Settle rows whose deliveries an earlier run made at one time; ``why`` says what differs, if anything does."""
        date = f"{datetime.fromtimestamp(made[0].at, UTC).astimezone():%Y-%m-%d %H:%M}"
        reason = say("outcome.imported", date=date)
        reason = reason if why is None else say("outcome.reasons", reasons=(reason, why))
        note_ids = [delivery.note_id or "" for delivery in made]
        self.outcomes.settle(positions, Result.ALREADY_IMPORTED, note_ids=note_ids, reason=reason)
        for position, delivery in zip(positions, made, strict=True):
            if delivery.duplicates:
                self.outcomes.found_duplicates(position, delivery.duplicates)
            if delivery.is_missing and delivery.note_id is not None:
                self.outcomes.found_missing(position, [delivery.note_id])

    def _asked(self, position: int, why: Message) -> None:
        """Leave a row in question unsent until a person has answered; the row needs attention."""
        self.unsent(position, Result.NOT_SENT, why)
        self.outcomes.asked[position] = ()

    def found(self, position: int, prospect: str, key: NoteKey, note_id: str, reason: Message) -> None:
        """Settle a row whose note its prospect had already. The note answers for the row from then on."""
        assert self.earlier is not None
        run, journal, rows = self._run, self._journal, self.earlier.rows
        [name] = self.earlier.names([position])
        told, keys = [*self.earlier.told([position], [name])], texts_at(rows.key, [position])
        claim = Claim(key, Request(None, (position,), (prospect,), (name,)), keys=keys)

        def enter() -> None:
            assert run is not None
            journal.deliveries.found(run, claim, note_id, time.time())
            journal.identities.enter(self._workspace, told)

        self._entries.append(enter)
        self.unsent(position, Result.ALREADY_IMPORTED, reason, note_id)

    def unsent(self, position: int, result: Result, reason: Message, note_id: str = "") -> None:
        """Settle a row without entering anything in the journal, because its note isn't sent."""
        self._settle([position], result, note_ids=[note_id], reason=reason)

    def count_settled(self, size: int, ended: Mapping[Result, int]) -> None:
        """Count rows that were settled without being sent, and the results of some of them."""
        self.settled += size
        self.ended.update(ended)

    def _settle(self, positions: Sequence[int], result: Result, **how: Any) -> None:
        """Settle rows as :meth:`Outcomes.settle` does, and count them."""
        self.outcomes.settle(positions, result, **how)
        self.count_settled(len(positions), {result: len(positions)})


def _kept(answer: Answer, reason: Message | None) -> Answer:
    """Return an answer as the journal keeps it: a note that was read back is marked."""
    is_read_back = reason is not None and answer.note_id is not None and answer.reason is None
    return Answer(answer.note_id, READ_BACK) if is_read_back else answer


def _shown(post: Post) -> int:
    """Return the request number for the row; 0 for an earlier run's, which would be mistaken for one of this run."""
    return 0 if post.of_earlier_run else post.request_number
