"""Whose turn it is: posts that must not go before others have ended.

Comes in: posts that are about to go, and word of those that have ended. Goes out: which may go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from importer.calls.dispatcher import Dispatcher
from importer.delivery.tasks import Post, Task

_MOST_PARKED = 200  # posts that wait for a prospect, after which no new ones are looked at


class Queue:
    """Keeps posts until they may go.

    Args:
        dispatcher: sends those whose turn has come.
        must_wait: whether something that is unclear holds a post up.
    """

    def __init__(self, dispatcher: Dispatcher[Task], must_wait: Callable[[Post], bool]) -> None:
        self._dispatcher, self._must_wait = dispatcher, must_wait
        self._parked: deque[Post] = deque()

    def __len__(self) -> int:
        """How many wait for what is unclear."""
        return len(self._parked)

    @property
    def are_many(self) -> bool:
        """Whether so many wait that no new ones need be looked at."""
        return len(self._parked) >= _MOST_PARKED

    def has_come(self, post: Post) -> bool:
        """Whether a post may go; if not, its turn comes after the others."""
        if post.conflict is not None and not post.has_turn:
            post.has_turn = post.conflict.acquire(post, len(post.request))
            if not post.has_turn:
                return False
        if self._must_wait(post):
            self._parked.append(post)
            return False
        return True

    def ended(self, post: Post, settled: int, doubted: Sequence[str] = ()) -> None:
        """So many of a post's deliveries have ended, those to some prospects in doubt; who waited for that may go."""
        after = post.conflict.release(settled, doubted) if post.conflict is not None else None
        if after is not None:
            self._dispatcher.add(after)

    def proceed(self) -> None:
        """What waited for what is clear now may go."""
        ready = [post for post in self._parked if not self._must_wait(post)]
        if ready:
            self._parked = deque(post for post in self._parked if self._must_wait(post))
            self._dispatcher.add_all(ready)

    def proceed_in_part(self) -> bool:
        """Of what waits for some of its prospects, one post goes to its others; False where there is none."""
        for post in self._parked:
            free = [index for index in range(len(post.request)) if not self._must_wait(post.only([index]))]
            if free:
                self._parked.remove(post)
                self._parked.append(post.only([index for index in range(len(post.request)) if index not in free]))
                self._dispatcher.add(post.only(free))
                return True
        return False


def held_back(post: Post) -> tuple[Post | None, Post | None]:
    """A post in two: what may be sent, and what must not, each None where there is no such part.

    What reads the same as a note that may be there isn't sent: nobody could tell which of them is found.
    """
    prospects = post.request.prospects
    if post.conflict is None or post.conflict.doubted.isdisjoint(prospects):
        return post, None
    back = [index for index, prospect in enumerate(prospects) if prospect in post.conflict.doubted]
    rest = [index for index in range(len(prospects)) if index not in back]
    return post.only(rest) if rest else None, post.only(back)
