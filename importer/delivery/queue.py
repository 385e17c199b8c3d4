"""Decide which requests may be sent: they wait for others, have a size, and need the IDs of their files.

Input: sorted groups of a plan, requests that are about to be sent, and requests that have ended. Output: requests that
may be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from importer import grouping
from importer.api import Answer
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.decisions import Abandon, Settle, Split
from importer.delivery.earlier import Earlier, Sorted
from importer.delivery.evidence import Reachability
from importer.delivery.existing import Existing
from importer.delivery.matching import SortedGroup
from importer.delivery.resolver import Resolver
from importer.journal import NoteKey
from importer.messages import say
from importer.models import Remaining
from importer.rows.attachments import Uploads

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
        self._parked: list[Post] = []
        self._kept: list[Post] = []
        self._under_way: dict[str, Post] = {}  # prospects of requests that are about to leave, or have no answer yet
        self._doubted: set[tuple[str, object]] = set()  # prospects with an unconfirmed note, and what it looks like
        self._to_keep = _ENOUGH_KEPT
        self.sizes = Sizes(context.policy.batch_size, context.policy.least_limit)
        self._uploads: Uploads | None = None
        self.remaining = Remaining(0, 0, 0)
        self.posts: Iterator[Post] = iter(())

    def fill(self, found: Sorted) -> None:
        """Take the deliveries that are still to be made."""
        self._existing.expect(found)
        own = {row.delivery.name for group in found.groups for row in group.in_doubt}
        unclear = self._context.journal.deliveries.unsettled(self._context.workspace).values()
        others = (known for known in chain.from_iterable(unclear) if known.name not in own)
        self._doubted.update((known.prospect, self._look_of(known.form)) for known in others)
        self.remaining = replace(found.remaining, groups=())
        self.posts = self._built(found.groups, found.earlier)

    def upload(self, uploads: Uploads) -> None:
        """Upload the files of all deliveries before the first request, unless notes are looked for that are there.

        Raises Stopped, as :meth:`Uploads.upload`.
        """
        self._uploads = uploads
        if not self._existing.to_come:
            self._upload(self.remaining.files)

    def upload_awaited(self) -> bool:
        """Upload the files that requests wait for; return whether there are any. Raises Stopped."""
        files = [self._awaited(post) for post in self._parked if not self._is_held_up(post)]
        if digests := list(dict.fromkeys(chain.from_iterable(files))):
            self._upload(digests)
        return bool(digests)

    def _upload(self, digests: Sequence[str]) -> None:
        assert self._uploads is not None
        self._uploads.upload(digests)
        self.proceed()

    def forget_files(self, post: Post) -> None:
        """Forget the IDs of a request's files, one of which the API refused: other notes have the files uploaded anew.

        How long an ID lives, and whether it serves several requests, isn't documented.
        """
        if self._uploads is not None and post.request.note is not None:
            self._uploads.forget(post.request.note.files)

    def _awaited(self, post: Post) -> list[str]:
        """Return the digests of a request's files that are still to be uploaded."""
        latest, note = {} if self._uploads is None else self._uploads.latest, post.request.note
        return [] if note is None else [digest for digest in note.files if digest not in latest]

    def _complete(self, post: Post) -> Settle | Abandon | None:
        """Give a request's note the IDs of all its files; return a decision on it if a file has no ID (D141)."""
        note = post.request.note
        if note is None or not note.files:
            return None
        assert self._uploads is not None  # files are uploaded before the first note
        uploads = [self._uploads.latest[digest] for digest in note.files]
        for upload in uploads:
            if upload.rejected is not None:
                return Settle(tuple((index, Answer(None, upload.rejected)) for index in range(len(post.request))))
        for upload in uploads:
            if upload.failed is not None:
                return Abandon(upload.failed)
        note = replace(note, attachments=tuple(upload.attachment for upload in uploads))
        post.request = replace(post.request, note=note)
        return None

    def _built(self, groups: Sequence[SortedGroup], earlier: Earlier) -> Iterator[Post]:
        for sorted_group in groups:
            for request in grouping.requests(sorted_group.todo, earlier.rows, self.sizes.batch_size):
                named = replace(request, names=tuple(earlier.names(request.positions)))
                deliveries = self.remaining.deliveries - len(request)
                self.remaining = replace(self.remaining, requests=self.remaining.requests - 1, deliveries=deliveries)
                yield Post(named, sorted_group.key)

    @property
    def to_come(self) -> int:
        """Estimate of the requests still to be sent."""
        requests = max(self.remaining.requests, -(-self.remaining.deliveries // self.sizes.batch_size))
        return requests + len(self._parked) + len(self._kept)

    def next(self) -> Post | None:
        """Return the next request that was not tried yet; None if there is none, or if many requests wait.

        The first requests are kept until the answers to all others are clear, and then go one after the other.
        """
        if len(self._parked) >= _MOST_PARKED or self._existing.is_busy:
            return None
        for post in self.posts:
            if self._to_keep <= 0 or self._context.may_be_hidden(post.key):
                return post
            if not self._is_held_up(post):
                self._existing.awaits(post)  # so that its notes are read by the time that it is needed
            self._kept.append(post)
            self._to_keep -= len(post.request)
        return self._kept.pop(0) if self.is_kept else None

    @property
    def is_kept(self) -> bool:
        """Whether requests that were kept back can be sent, because nothing is unclear and nothing under way."""
        return bool(self._kept) and not self._resolver.unclear and not self._dispatcher.is_open(Post.kind)

    def send_control(self) -> bool:
        """Send a note that was kept back, to one prospect; return False if none can go.

        Otherwise, a request that waits for a delivery to another of its prospects serves as well.
        """
        for waiting in (self._kept, self._parked):
            for place, post in enumerate(waiting):
                left = self._existing.left_of(post)
                fit = [i for i in left if not self._is_withheld(post, i)]
                free = [i for i in fit if not self._must_wait(replace(post.only([i]), is_control=True))]
                is_fit = post.sends == 1 and not self._context.may_be_hidden(post.key)  # nothing has refused it
                if free and is_fit:
                    rest = [i for i in left if i != free[0]]
                    del waiting[place]
                    if rest:
                        waiting.insert(place, post.only(rest))
                    self._dispatcher.add(replace(post.only(free[:1]), is_control=True))
                    return True
        return False

    def admit(self, post: Post) -> list[tuple[Post, Settle | Abandon]] | None:
        """Return None if a request may be sent; otherwise split it or let it wait, or return the decisions on it."""
        self.came_back(post)
        if not post.is_too_large and len(post.request) > self.sizes.batch_size:
            self._add(post.split(self.sizes.batch_size))
            return []
        if self._must_wait(post):
            self.goes_first(post)
            self._parked.append(post)
            return []
        left = self._existing.left_of(post)
        withheld = [index for index in left if self._is_withheld(post, index)]
        sendable = [index for index in left if index not in withheld]
        if len(sendable) < len(post.request):
            self._add([post.only(sendable)] if sendable else [])
            return [(post.only(withheld), Abandon(say("outcome.waits-for-another")))] if withheld else []
        if (decision := self._complete(post)) is not None:
            return [(post, decision)]
        self._under_way.update(dict.fromkeys(post.request.prospects, post))
        return None

    def came_back(self, post: Post) -> None:
        """Record that a request is no longer under way to its prospects."""
        for prospect in post.request.prospects:
            if self._under_way.get(prospect) is post:
                del self._under_way[prospect]

    def _add(self, parts: Sequence[Post]) -> None:
        """Send the parts of a request next."""
        for part in parts:
            self.goes_first(part)
        self._dispatcher.add_all(parts)

    def goes_first(self, post: Post) -> None:
        """Send nothing else to a request's prospects before it, if it is sent again: the journal has it as unclear."""
        if post.replaces is not None:
            self._under_way.update(dict.fromkeys(post.request.prospects, post))

    def doubted(self, post: Post) -> None:
        """Record that nothing which looks like a request's note may be sent to its prospects (D78)."""
        self._doubted.update((prospect, self._look_of(post.key)) for prospect in post.request.prospects)

    def _is_withheld(self, post: Post, index: int) -> bool:
        """Return whether one of a request's prospects has an unconfirmed note that looks like the request's."""
        return (post.request.prospects[index], self._look_of(post.key)) in self._doubted

    def _look_of(self, key: NoteKey) -> object:
        """Return what reading shows of a note; of all drafts of a prospect, some vendors show only one."""
        return key.status if self._context.may_be_hidden(key) else (key.seen, key.visibility, key.status)

    def _must_wait(self, post: Post) -> bool:
        """Return whether a request must wait for what holds it up, for lookups of existing notes, or for uploads."""
        if self._is_held_up(post) or self._existing.awaits(post):
            return True
        return bool(self._awaited(post) and self._existing.left_of(post))

    def _is_held_up(self, post: Post) -> bool:
        """Return whether a request is held up by others to its prospects, or by refusals of every request.

        Nothing is sent to a prospect while another request to it is under way, or its answer is unclear (D78).
        """
        unclear = self._resolver.unclear
        is_held = bool(unclear) and self._reachability.is_shut and not post.is_control
        is_busy = any(self._under_way.get(prospect, post) is not post for prospect in post.request.prospects)
        return is_held or is_busy or not unclear.keys().isdisjoint(post.request.prospects)

    def split(self, post: Post, why: Split) -> None:
        """Halve a request that was not applied, or send its note to each prospect alone."""
        post.is_too_large = why.is_size
        post.refused_at = post.refused_at if why.is_single else 0.0
        self._add(post.split(1 if why.is_single else -(-len(post.request) // 2)))

    def proceed(self) -> None:
        """Send the requests that nothing holds up any longer."""
        if ready := [post for post in self._parked if not self._must_wait(post)]:
            self._parked = [post for post in self._parked if self._must_wait(post)]
            self._dispatcher.add_all(ready)


class Sizes:
    """Sizes of requests. The API limits prospects; an intermediary may limit bytes (D44).

    Args:
        batch_size: most prospects in one request.
        least_limit: bytes of a body up to which no limit applies.
    """

    def __init__(self, batch_size: int, least_limit: int) -> None:
        self.batch_size = batch_size
        self.largest_accepted, self._largest_body = 0, least_limit  # in bytes

    def accepted(self, post: Post) -> None:
        """Learn that a request was accepted."""
        self.largest_accepted = max(self.largest_accepted, len(post.request))
        self._largest_body = max(self._largest_body, post.body)
        if post.is_too_large:
            self.batch_size = self.largest_accepted

    def is_largest(self, post: Post) -> bool:
        """Return whether a request's body is larger than any accepted body, and large enough to be too large."""
        return post.body > self._largest_body
