"""Give each note the IDs of its uploaded files before it is sent.

Input: results of uploads; requests that are about to be sent or were refused. Output: requests with IDs, decisions on
requests that cannot get IDs, and requests that need uploads of their own. It is not documented how long an ID stays
valid. So only a few requests get their own uploads at once; otherwise IDs could expire while their requests wait.
"""

from __future__ import annotations

from dataclasses import replace

from importer.api import Answer, Failure
from importer.delivery.decisions import Abandon, Settle
from importer.delivery.tasks import Post
from importer.rows.uploads import Uploaded

_AT_ONCE = 8
"""Number of requests that get uploads of their own at once: the default number of calls in flight."""


class UploadedAttachments:
    """Attachment IDs for the notes of requests.

    Attributes:
        uploaded: results of the uploads that were made before the first request.
        stale: requests that need uploads of their own; the caller uploads the files and sends the requests.
    """

    def __init__(self) -> None:
        self.uploaded = Uploaded()
        self.stale: list[Post] = []
        self._at_once = _AT_ONCE

    def complete(self, post: Post) -> Settle | Abandon | None:
        """Give a request's note the IDs of all its files; return a decision on the request if a file has no ID."""
        note = post.request.note
        if note is None or not note.files or (note.attachments and post.uploaded is None):
            return None
        uploaded = post.uploaded or self.uploaded
        if reason := uploaded.why_rejected(note):
            return Settle(tuple((index, Answer(None, reason)) for index in range(len(post.request))))
        if reason := uploaded.why_failed(note):
            return Abandon(reason)
        post.request = post.request.of(uploaded.with_ids(note))
        return None

    def renew(self, post: Post, failure: Failure) -> None:
        """Queue a refused request for another attempt with its own uploads, because an attachment ID may be invalid.

        If the request had its own uploads, they may have expired while others were made, so fewer are made at once.
        """
        if post.uploaded is not None:
            self._at_once = min(self._at_once, post.uploaded_among // 2)
        self.stale.append(replace(post, has_turn=False, attempts=None, renewed_for=failure.cause))

    def take_stale(self) -> list[Post]:
        """Remove and return the next requests that need uploads of their own."""
        stale, self.stale = self.stale[: self._at_once], self.stale[self._at_once :]
        return [replace(post, uploaded_among=len(stale)) for post in stale]
