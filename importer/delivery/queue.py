"""Hold requests that must not be sent before others have ended.

Input: requests that are about to be sent, and requests that have ended. Output: requests that may be sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from importer.calls.dispatcher import Dispatcher
from importer.delivery.tasks import Post, Task

_MOST_PARKED = 200  # waiting requests; at this number, no new ones are taken


class Queue:
    """Requests that wait until they may be sent.

    Args:
        dispatcher: sends requests that may be sent.
        must_wait: returns whether an unclear delivery holds a request up.
    """

    def __init__(self, dispatcher: Dispatcher[Task], must_wait: Callable[[Post], bool]) -> None:
        self._dispatcher, self._must_wait = dispatcher, must_wait
        self._parked: deque[Post] = deque()

    def __len__(self) -> int:
        """Return the number of requests that wait for unclear deliveries."""
        return len(self._parked)

    @property
    def are_many(self) -> bool:
        """Whether so many requests wait that no new ones are taken."""
        return len(self._parked) >= _MOST_PARKED

    def has_come(self, post: Post) -> bool:
        """Return whether a request may be sent; if not, queue it."""
        if post.conflict is not None and not post.has_turn:
            post.has_turn = post.conflict.acquire(post, len(post.request))
            if not post.has_turn:
                return False
        if self._must_wait(post):
            self._parked.append(post)
            return False
        return True

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

    def proceed_in_part(self) -> bool:
        """Send one waiting request to its prospects without an unclear delivery; return False if there are none."""
        for post in self._parked:
            free = [index for index in range(len(post.request)) if not self._must_wait(post.only([index]))]
            if free:
                self._parked.remove(post)
                self._parked.append(post.only([index for index in range(len(post.request)) if index not in free]))
                self._dispatcher.add(post.only(free))
                return True
        return False


def held_back(post: Post) -> tuple[Post | None, Post | None]:
    """Split a request into the part that may be sent and the part that may not; an empty part is None.

    A note that reads like another note that may exist is not sent, because reading back could not tell them apart.
    """
    prospects = post.request.prospects
    if post.conflict is None or post.conflict.doubted.isdisjoint(prospects):
        return post, None
    withheld = [index for index, prospect in enumerate(prospects) if prospect in post.conflict.doubted]
    sendable = [index for index in range(len(prospects)) if index not in withheld]
    return post.only(sendable) if sendable else None, post.only(withheld)
