"""Learn how large requests may be from those that were accepted or refused for their size.

Input: requests and their results. Output: the most prospects in a request.
"""

from __future__ import annotations

import math

from importer.delivery.decisions import Split
from importer.delivery.tasks import Post


class Sizes:
    """Sizes of requests. The API limits prospects; an intermediary may limit bytes.

    Args:
        batch_size: most prospects in one request, as set by a person or learned by an earlier run.
        least_limit: bytes of a body up to which no limit applies.

    Attributes:
        batch_size: most prospects in one request.
        largest_accepted: prospects in the largest accepted request.
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
        """Return whether a request's body is larger than any accepted body, and large enough to be too large."""
        return post.body > max(self._largest_body, self._least_limit)

    def most_prospects(self, post: Post) -> int:
        """Return the most prospects that a part of the request may have, by their number and by its body."""
        size = len(post.request)
        most = size if post.is_too_large else self.batch_size
        if size > 1 and math.isfinite(self._smallest_refused) and post.body >= self._smallest_refused:
            body_of_one = post.only((0,)).body
            bytes_each = (post.body - body_of_one) / (size - 1)
            most = min(most, max(1, 1 + int((self._smallest_refused - 1 - body_of_one) / bytes_each)))
        return most
