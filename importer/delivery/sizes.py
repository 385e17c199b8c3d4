"""How large requests may be, learned from those that were accepted and those that were refused for their size.

In: requests and what became of them. Out: into how many prospects a request is cut.
"""

from __future__ import annotations

import math

from importer.delivery.decisions import Split
from importer.delivery.tasks import Post


class Sizes:
    """The sizes of requests. The API limits prospects; something on the way to it may limit bytes.

    Args:
        batch_size: prospects in one request at most, as the person or an earlier run has it.
        least_limit: bytes of a body to which nothing limits requests.

    Attributes:
        batch_size: prospects in one request at most.
        largest_accepted: prospects of the largest request that was accepted.
    """

    def __init__(self, batch_size: int, least_limit: int) -> None:
        self.batch_size = self._asked = batch_size
        self.largest_accepted, self._least_limit = 0, least_limit
        self._largest_body, self._smallest_refused = 0, math.inf  # in bytes

    def accepted(self, post: Post) -> None:
        """Learn that a request was accepted."""
        self.largest_accepted = max(self.largest_accepted, len(post.request))
        self._largest_body = max(self._largest_body, post.body)
        if post.is_too_large:
            self.batch_size = min(self._asked, self.largest_accepted)

    def refused(self, post: Post, why: Split) -> None:
        """Learn that a request is to be halved."""
        post.is_too_large, post.is_cut = why.is_size, True
        if why.is_body:
            self._smallest_refused = min(self._smallest_refused, post.body)

    def is_largest(self, post: Post) -> bool:
        """Whether a request's body is larger than any that was accepted, and large enough to be too large."""
        return post.body > max(self._largest_body, self._least_limit)

    def most_prospects(self, post: Post) -> int:
        """Return into how many prospects a request is cut at most: by their number, and by its body."""
        size = len(post.request)
        most = size if post.is_too_large else self.batch_size
        if size > 1 and math.isfinite(self._smallest_refused) and post.body >= self._smallest_refused:
            one = post.only((0,)).body
            for_each = (post.body - one) / (size - 1)
            most = min(most, max(1, 1 + int((self._smallest_refused - 1 - one) / for_each)))
        return most
