"""Collect facts: who has notes, who writes ours, which clock dates them, and whether requests reach the API.

Input: answers with IDs, pages that were read, and refusals. Output: facts that decide whether a note is a delivery's
own, and whether something other than the API refuses requests.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from importer.api import API_REFUSED, Answer, Cause, Failure, FoundNote, NotesPage, Reply
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.decisions import Sought
from importer.errors import Stopped, WrongAddress
from importer.journal import KnownDelivery, NoteKey
from importer.messages import say
from importer.models import Status

_MOST_KNOWN = 2_000  # notes of this run that are recognised on a page
_SHUT = 5  # requests refused in a row, in words that are not the API's, after which only controls are sent
_LONGEST_RUN = 26 * 3600.0  # seconds for which a request of a run whose clock is not known may have been sent again


@dataclass(eq=False, slots=True)
class KnownNote:
    """Note that is known to exist.

    Attributes:
        left, came: when its request left and when the note was known, by this run's clock; 0 if an earlier run sent it.
        post: the request whose answer named it; None if it was read back, or an earlier run sent it.
    """

    note_id: str
    prospect: str
    left: float = 0.0
    came: float = 0.0
    post: Post | None = None


class Evidence:
    """Facts that show whether a note belongs to a delivery.

    Attributes:
        authors: digest of a key → authors of its notes, as far as pages have shown them.
    """

    def __init__(self, context: DeliveryContext) -> None:
        self._context, self._workspace, self._run = context, context.workspace, context.run_id
        self._deliveries, self._reads, self._clock = context.journal.deliveries, context.reads, context.clock
        self.authors: defaultdict[str, set[str]] = defaultdict(set)
        self._offsets: dict[int | None, float] = {}  # run → seconds by which the clock that dates notes is ahead of its
        self._own: OrderedDict[str, KnownNote] = OrderedDict()  # found in this run, perhaps not in the journal yet
        self._texts: dict[NoteKey, str] = {}  # of notes that were unclear in this run; the journal has no texts

    # -- updates ----------------------------------------------------------------------------------------------------

    def created(self, post: Post, answers: Mapping[str, Answer], came: float) -> set[str]:
        """Record the notes that a reply names; return the IDs that deliveries have, or that it names twice (D36)."""
        named = [(answer.note_id, prospect) for prospect, answer in answers.items() if answer.note_id is not None]
        times = Counter(note_id for note_id, _ in named)
        known = self._deliveries.delivered(self._workspace, times).keys() | self._own.keys()
        taken = {one for one in times if times[one] > 1 or one in known}
        for note_id, prospect in named:
            if note_id not in taken:
                self._own[note_id] = KnownNote(note_id, prospect, post.sent_at, came, post)
        while len(self._own) > _MOST_KNOWN:
            self._own.popitem(last=False)
        return taken

    def unclear(self, post: Post) -> None:
        """Record the text of a request whose answer was unclear."""
        if post.request.note is not None:
            self._texts[post.key] = post.request.note.content

    def adopted(self, prospect: str, *note_ids: str) -> None:
        """Record notes that were found for a delivery: its own note, and further copies."""
        self._own.update((one, KnownNote(one, prospect, came=self._clock())) for one in note_ids)

    def read(self, page: NotesPage) -> None:
        """Learn clocks and authors from the notes on a page that answers named, in this run or in earlier ones."""
        others = [note.note_id for note in page.all if note.note_id not in self._own]
        made = self._deliveries.delivered(self._workspace, others)
        for note in page.all:
            if (own := self._own.get(note.note_id)) is not None and own.post is not None:
                self._learn(note, None, own.left)
            elif (earlier := made.get(note.note_id)) is not None and earlier.is_answer and earlier.run != self._run:
                self._learn(note, earlier.run, earlier.sent_at)

    def _learn(self, note: FoundNote, run: int | None, sent_at: float) -> None:
        """Learn the clock and the author of a run from a note that it sent at that time."""
        if note.created_at is not None:
            self._offsets[run] = note.created_at - sent_at
        if note.author:
            self.authors[self.account_of(run)].add(note.author)

    # -- queries ----------------------------------------------------------------------------------------------------

    def account_of(self, run: int | None) -> str:
        """Return the digest of a run's key; None is this run."""
        found = self._context.runs.get(run or self._run or 0)
        return "" if found is None else found.account

    def since(self, post: Post) -> float | None:
        """Return when a request was first sent, by the clock that dates notes; None if that is not known."""
        offset = self._offsets.get(post.clock_of)
        return post.since if post.since is not None or offset is None else post.first_sent_at + offset

    @property
    def named(self) -> Iterable[KnownNote]:
        """The latest notes of this run that answers named."""
        return self._own.values()

    def known(self, without: Collection[str] | None, *, of_this_run: bool = False) -> KnownNote | None:
        """Return the youngest published note that can be read often and isn't in ``without``; None if none is.

        If ``without`` is None, any published note counts. A note of this run goes before one of an earlier run.
        """
        for note in self._published(of_this_run=of_this_run):
            is_worn = self._reads.is_worn(note.prospect)
            if without is None or (note.note_id not in without and not is_worn):
                return note
        return None

    def _published(self, *, of_this_run: bool) -> Iterator[KnownNote]:
        yield from (one for one in reversed(self._own.values()) if one.post and one.post.key.status is Status.PUBLISHED)
        if not of_this_run:
            for prospect, note_id in self._deliveries.latest_created(self._workspace, published=True):
                yield KnownNote(note_id, prospect)

    def introduces(self, post: Post) -> KnownNote | None:
        """Return a known note that may show a request's author and clock; None if these are known, or no note is."""
        is_known = self.since(post) is not None and self.authors[self.account_of(post.clock_of)]
        return None if is_known else self.known(())

    def sought(self, post: Post, prospect: str, page: NotesPage, until: float) -> Sought:
        """Return what is known about a request's note for one prospect, made until some time, to judge a page by."""
        since, sent_by = self.since(post), post.clock_of if post.of_earlier_run else None
        earliest, latest, offset = post.first_sent_at, max(until, post.first_sent_at), self._offsets.get(sent_by)
        if since is not None:
            earliest, latest = since, since + _LONGEST_RUN if offset is None else max(since, latest + offset)
        authors = [self.authors[self.account_of(run)] for run in {post.clock_of, sent_by}]
        return Sought(
            post.key,
            post.request.note.content if post.request.note is not None else None,
            earliest,
            latest,
            since is not None,
            self.owned(page, prospect, post),
            post.sent_at,
            self._rivals(prospect, post.key),
            set().union(*authors) if all(authors) else (),
            set().union(*self.authors.values()),
        )

    def owned(self, page: NotesPage, prospect: str, post: Post) -> dict[str, float]:
        """Return the notes on a page that belong to deliveries: ID → when that was known.

        The time is by the clock of the run that sent the request. For a note of another run it is minus infinity if
        that run came before; it is infinity if that run came after, or if the order is unknown.
        """
        key, run = post.key, post.clock_of if post.of_earlier_run else self._run
        deliveries = self._deliveries.delivered(self._workspace, [note.note_id for note in page.all])
        any_draft = self._context.may_be_hidden(key)
        deliveries |= self._deliveries.adopted(self._workspace, key, prospect, any_draft=any_draft)
        known_at = {note_id: self._known_at(made, run) for note_id, made in deliveries.items()}
        is_ours = not post.of_earlier_run
        for note in page.all:
            if (own := self._own.get(note.note_id)) is not None:
                known_at.setdefault(note.note_id, own.came if is_ours else math.inf)
        return known_at

    def _known_at(self, made: KnownDelivery, run: int | None) -> float:
        # For a note that a later run read back, the time of sending counts, because a run sends one draft at a time.
        if made.run == run:
            return made.at if made.is_answer or run == self._run else made.sent_at
        return -math.inf if run is not None and made.run < run else math.inf

    def _rivals(self, prospect: str, key: NoteKey) -> list[tuple[NoteKey, str | None]]:
        """List the prospect's other unclear notes, which may be mistaken for this one, with their texts, if known."""
        unclear = self._deliveries.unclear_at(self._workspace, prospect)
        if key in unclear:
            unclear.remove(key)  # only once, because another occurrence may have the same note
        return [(other, self._texts.get(other)) for other in unclear]

    def is_contested(self, prospect: str, key: NoteKey) -> bool:
        """Return whether a note that reads like this one on the prospect may belong to an unclear delivery."""
        unclear = self._deliveries.unclear_at(self._workspace, prospect)
        return any(not key.readings.isdisjoint(other.readings) for other in unclear)


class Reachability:
    """Facts about the way to the API: whether requests get through, and where refusals come from.

    Attributes:
        healed: whether a request that was refused in words that are not the API's was accepted when sent again.
    """

    def __init__(self, context: DeliveryContext) -> None:
        self._give_up, self._clock = context.caller.give_up, context.clock
        self.healed = False
        self._open_at = 0.0  # when the last request left that reached the API
        self._refused = 0  # requests that were refused since
        self._refusal: tuple[float, Failure] | None = None  # the first of them, and when it came

    def came_back(self, post: Post, reply: Reply[Any]) -> None:
        """Learn whether a request that has returned reached the API."""
        failure = reply.failure
        is_answer = failure is None or failure.cause in API_REFUSED
        is_failure_of_api = failure is not None and failure.cause is Cause.FAILED and not failure.at_work
        if is_answer or is_failure_of_api:
            self._open_at = max(self._open_at, reply.began)
            self._refused, self._refusal = 0, None
        if is_answer:
            self.healed |= post.refused_at > 0.0
        elif failure is not None and failure.cause is Cause.INTERMEDIARY:
            self._refused += 1
            self._refusal = self._refusal or (reply.came, failure)
            post.is_alone |= reply.began > self._open_at > post.refused_at > 0.0
            post.refused_at = post.refused_at or reply.came

    @property
    def is_shut(self) -> bool:
        """Whether something on the way seems to refuse every request, whatever its content."""
        return self._refused >= _SHUT

    def given_up(self) -> Stopped | None:
        """Return the error that ends the run if no request has reached the API for as long as the run is patient."""
        if self._refusal is None or self._clock() < self._refusal[0] + self._give_up:
            return None
        return WrongAddress(say("stopped.nothing-sent-passes", why=self._refusal[1].text))
