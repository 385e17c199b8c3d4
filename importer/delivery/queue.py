"""Decide which requests may be sent: they wait for others, have a size, and need the IDs of their files.

Input: sorted groups of a plan, requests that are about to be sent, and requests that have ended. Output: requests that
may be sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from importer import grouping
from importer.api import Answer, Reply
from importer.calls.dispatcher import Dispatcher
from importer.delivery.context import DeliveryContext
from importer.delivery.decisions import Abandon, Decision, Settle, Split
from importer.delivery.earlier import Earlier, Sorted
from importer.delivery.existing import Existing
from importer.delivery.reachability import Reachability
from importer.delivery.resolver import Resolver
from importer.delivery.sorted_group import SortedGroup
from importer.delivery.tasks import Post, Renewal, Task
from importer.grouping.conflicts import ConflictKeys
from importer.messages import say
from importer.models import Note, Remaining, Status
from importer.rows.uploads import Uploads

_MOST_PARKED = 200  # waiting requests; at this number, no new ones are taken
_ENOUGH_KEPT = 3  # prospects of the first requests, which are kept back to serve as controls


class Queue:
    """Requests that are still to be sent.

    Attributes:
        remaining: what is still to be delivered by requests that have not been built yet.
        posts: these requests; each is built when it is taken.
    """

    def __init__(
        self, context: DeliveryContext, resolver: Resolver, reachability: Reachability, existing: Existing
    ) -> None:
        self._context, self._dispatcher = context, context.dispatcher
        self._resolver, self._reachability, self._existing = resolver, reachability, existing
        self._parked: deque[Post] = deque()
        self._kept: list[Post] = []
        self._is_filled = False
        self.sizes = Sizes(context.policy.batch_size, context.policy.least_limit)
        self.attachments = Attachments(self._dispatcher)
        self.remaining = Remaining(0, 0, 0)
        self.posts: Iterator[Post] = iter(())

    def fill(self, found: Sorted, earlier: Earlier, conflicts: ConflictKeys[Post]) -> Remaining:
        """Take the deliveries that are still to be made, and return what remains to be done."""
        self.remaining = replace(found.remaining(self.sizes.batch_size), groups=())
        self.posts = self._built(found.groups, earlier, conflicts)
        return self.remaining

    def upload(self, uploads: Uploads) -> None:
        """Upload the files of all deliveries before the first request, unless notes are looked for that are there.

        Raises Stopped, as :meth:`Uploads.upload`.
        """
        self.attachments.uploads = uploads
        if not self._existing.to_come:
            self._upload(self.remaining.files)

    def upload_awaited(self) -> bool:
        """Upload the files that requests wait for; return whether there are any. Raises Stopped."""
        files = [self.attachments.awaited(post) for post in self._parked if not self._is_held_up(post)]
        if digests := list(dict.fromkeys(chain.from_iterable(files))):
            self._upload(digests)
        return bool(digests)

    def _upload(self, digests: Sequence[str]) -> None:
        assert self.attachments.uploads is not None
        self.attachments.uploads.upload(digests, self._dispatcher)
        self.proceed()

    def _built(self, groups: Sequence[SortedGroup], earlier: Earlier, conflicts: ConflictKeys[Post]) -> Iterator[Post]:
        for sorted_group in groups:
            for request in grouping.requests(sorted_group.todo, earlier.rows, self.sizes.batch_size):
                named = replace(request, names=tuple(earlier.names(request.positions)))
                assert sorted_group.number is not None
                deliveries = self.remaining.deliveries - len(request)
                self.remaining = replace(self.remaining, requests=self.remaining.requests - 1, deliveries=deliveries)
                key = sorted_group.key
                yield Post(named, key, sorted_group.number, conflicts.of(key, request.prospects))

    @property
    def to_come(self) -> int:
        """Estimate of the requests still to be sent; a request that is refused for its size becomes several."""
        pieces = self.sizes.asked / self.sizes.batch_size
        requests = min(self.remaining.deliveries, round(max(0, self.remaining.requests) * pieces))
        return max(0, requests) + len(self._parked) + len(self._kept)

    def next(self) -> Post | None:
        """Return the next request that was not tried yet; None if there is none, or if many requests wait.

        The first requests are kept until the answers to all others are clear, and then go one after the other.
        """
        if len(self._parked) >= _MOST_PARKED or self._existing.is_busy:
            return None
        for post in self.posts:
            if self._is_filled or not self._is_readable(post):
                return post
            if not self._is_held_up(post):
                self._existing.awaits(post)  # so that its notes are read by the time that it is needed
            self._kept.append(post)
            self._is_filled = sum(len(kept.request) for kept in self._kept) >= _ENOUGH_KEPT
        return self._kept.pop(0) if self.is_kept else None

    def _is_readable(self, post: Post) -> bool:
        return post.key.status is Status.PUBLISHED or not self._context.traits.one_draft

    @property
    def is_kept(self) -> bool:
        """Whether requests that were kept back can be sent, because nothing is unclear and nothing under way."""
        return bool(self._kept) and not self._resolver.unclear and not self._dispatcher.open[Post.kind]

    def send_control(self) -> bool:
        """Send a note that was kept back, to one prospect; return False if none can go.

        Otherwise, a request that waits for a delivery to another of its prospects serves as well.
        """
        for waiting in (self._kept, self._parked):
            for place, post in enumerate(waiting):
                left = self._existing.left_of(post)
                free = [i for i in left if not self._must_wait(replace(post.only([i]), is_control=True))]
                is_in_line = post.conflict is not None and bool(post.conflict.open) and not post.has_turn
                if post.refusals:
                    continue  # something on the way refuses this note
                if free and self._is_readable(post) and not is_in_line:
                    rest = [i for i in left if i != free[0]]
                    del waiting[place]
                    if rest:
                        waiting.insert(place, post.only(rest))
                    self._dispatcher.add(replace(post.only(free[:1]), is_control=True))
                    return True
        return False

    def admit(self, post: Post) -> list[tuple[Post, Settle | Abandon]] | None:
        """Return None if a request may be sent; otherwise split it or let it wait, or return the decisions on it."""
        if not post.is_too_large and len(post.request) > self.sizes.batch_size:
            self._dispatcher.add_all(post.split(self.sizes.batch_size))
            return []
        if post.conflict is not None and not post.has_turn:
            post.has_turn = post.conflict.acquire(post, len(post.request))
            if not post.has_turn:
                return []
        if self._must_wait(post):
            self._parked.append(post)
            return []
        left = self._existing.left_of(post)
        if len(left) < len(post.request):
            self.ended(post, len(post.request) - len(left))
            self._dispatcher.add_all([post.only(left)] if left else [])
            return []
        doubted: Collection[str] = post.conflict.doubted if post.conflict is not None else ()
        if withheld := [i for i, prospect in enumerate(post.request.prospects) if prospect in doubted]:  # D78
            sendable = [i for i in range(len(post.request)) if i not in withheld]
            self._dispatcher.add_all([post.only(sendable)] if sendable else [])
            return [(post.only(withheld), Abandon(say("outcome.waits-for-another")))]
        decision = self.attachments.complete(post)
        return None if decision is None else [(post, decision)]

    def _must_wait(self, post: Post) -> bool:
        """Return whether a request must wait for what holds it up, for lookups of existing notes, or for uploads."""
        if self._is_held_up(post) or self._existing.awaits(post):
            return True
        return bool(self.attachments.awaited(post) and self._existing.left_of(post))

    def _is_held_up(self, post: Post) -> bool:
        """Return whether unclear deliveries hold a request up: to its prospects, or all if every request is refused."""
        unclear = self._resolver.unclear
        is_held = bool(unclear) and self._reachability.is_shut and not post.is_control
        return is_held or not unclear.keys().isdisjoint(post.request.prospects)

    def split(self, post: Post, why: Split) -> None:
        """Halve a request that was not applied, or send its note to each prospect alone."""
        post.is_too_large, post.is_cut = why.is_size, not why.is_single
        self._dispatcher.add_all(post.split(1 if why.is_single else -(-len(post.request) // 2)))

    def ended(self, post: Post, settled: int, doubted: Sequence[str] = ()) -> None:
        """Count a request's ended deliveries, in doubt for ``doubted`` prospects, and send the next request in line."""
        next_post = post.conflict.release(settled, doubted) if post.conflict is not None else None
        if next_post is not None:
            self._dispatcher.add(next_post)

    def proceed(self) -> None:
        """Send the requests that no unclear delivery holds up any longer."""
        ready = [post for post in self._parked if not self._must_wait(post)]
        if ready:
            self._parked = deque(post for post in self._parked if self._must_wait(post))
            self._dispatcher.add_all(ready)


class Sizes:
    """Sizes of requests. The API limits prospects; an intermediary may limit bytes (D44).

    Args:
        batch_size: most prospects in one request, as set by a person or learned by an earlier run.
        least_limit: bytes of a body up to which no limit applies.

    Attributes:
        asked: the same, before anything was learned in this run.
    """

    def __init__(self, batch_size: int, least_limit: int) -> None:
        self.batch_size = self.asked = batch_size
        self.largest_accepted, self._largest_body = 0, least_limit  # in bytes

    @property
    def has_learned(self) -> bool:
        """Whether the API refused a request's size and accepted a smaller one."""
        return self.batch_size < self.asked

    def accepted(self, post: Post) -> None:
        """Learn that a request was accepted."""
        self.largest_accepted = max(self.largest_accepted, len(post.request))
        self._largest_body = max(self._largest_body, post.body)
        if post.is_too_large:
            self.batch_size = min(self.asked, self.largest_accepted)

    def is_largest(self, post: Post) -> bool:
        """Return whether a request's body is larger than any accepted body, and large enough to be too large."""
        return post.body > self._largest_body


class Attachments:
    """Attachment IDs for the notes of requests.

    Attributes:
        uploads: the uploads that were made; None if nothing is sent.
    """

    def __init__(self, dispatcher: Dispatcher[Task]) -> None:
        self.uploads: Uploads | None = None
        self._dispatcher = dispatcher

    def enter(self) -> None:
        """Record the IDs of new uploads in the journal."""
        if self.uploads is not None:
            self.uploads.enter()

    def awaited(self, post: Post) -> list[str]:
        """Return the digests of a request's files that are still to be uploaded."""
        latest, note = {} if self.uploads is None else self.uploads.latest, post.request.note
        return [] if note is None else [digest for digest in note.files if digest not in latest]

    def complete(self, post: Post) -> Settle | Abandon | None:
        """Give a request's note the IDs of all its files; return a decision on it if a file has no ID (D141)."""
        note = post.request.note
        if note is None or not note.files or post.uploads:
            return None
        assert self.uploads is not None  # files are uploaded before the first note
        post.uploads = [self.uploads.latest[digest] for digest in note.files]
        return _with_ids(post, note)

    def renew(self, post: Post) -> None:
        """Upload a request's files anew, for this request (D142)."""
        renewals = [Renewal(upload.file, post=post) for upload in post.uploads]
        post.uploads, post.is_renewed = renewals, True
        self._dispatcher.add_all(renewals)

    def renewed(self, renewal: Renewal, reply: Reply[str]) -> Iterator[tuple[Post, Decision]]:
        """Take the reply to an upload, and yield the decision on its request once it was the last."""
        assert self.uploads is not None
        self.uploads.take_in(renewal, reply)
        post = renewal.post
        assert post.request.note is not None
        if all(upload.has_ended for upload in post.uploads):
            if (decision := _with_ids(post, post.request.note)) is not None:
                yield post, decision
            else:
                self._dispatcher.add(post)

    def accepted(self, post: Post) -> None:
        """Name the IDs of an accepted request in later requests with its files, too (D142)."""
        if self.uploads is not None and post.is_renewed:
            self.uploads.latest.update((upload.file.digest, upload) for upload in post.uploads)


def _with_ids(post: Post, note: Note) -> Settle | Abandon | None:
    """Give the note the IDs of the request's uploads, which have ended; return a decision if one has no ID."""
    for upload in post.uploads:
        if upload.rejected is not None:
            return Settle(tuple((index, Answer(None, upload.rejected)) for index in range(len(post.request))))
    for upload in post.uploads:
        if upload.failed is not None:
            return Abandon(upload.failed)
    note = replace(note, attachments=tuple(upload.attachment for upload in post.uploads))
    post.request = replace(post.request, note=note)
    return None
