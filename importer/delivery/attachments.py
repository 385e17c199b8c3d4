"""The files that notes carry: no note leaves without the ids of all of them.

Comes in: what became of uploads, and posts that are about to go, or were refused. Goes out: posts whose notes have the
ids, or what follows where they can't have them; and the posts that need uploads of their own. How long an id lives
isn't documented, so only a few posts get theirs at once, and none is refused because its id grew old while it waited.
"""

from __future__ import annotations

from dataclasses import replace

from importer.api import Answer, Failure
from importer.delivery.decisions import Abandon, Settle
from importer.delivery.tasks import Post
from importer.rows.uploads import Uploaded

_AT_ONCE = 8
"""Posts that get uploads of their own at once: as many as there are calls in flight, unless somebody says otherwise."""


class UploadedAttachments:
    """Gives posts the ids of their files.

    Attributes:
        uploaded: what became of the files, before the first post.
        stale: posts that wait for uploads of their own; whoever delivers makes them, and delivers the posts.
    """

    def __init__(self) -> None:
        self.uploaded = Uploaded()
        self.stale: list[Post] = []
        self._at_once = _AT_ONCE

    def complete(self, post: Post) -> Settle | Abandon | None:
        """See that a post's note has the ids of all its files; what follows where it can't have them."""
        note = post.request.note
        if note is None or not note.files or (note.attachments and post.uploaded is None):
            return None
        uploaded = post.uploaded or self.uploaded
        if why := uploaded.why_rejected(note):
            return Settle(tuple((index, Answer(None, why)) for index in range(len(post.request))))
        if why := uploaded.why_failed(note):
            return Abandon(why)
        post.request = post.request.of(uploaded.carried(note))
        return None

    def renew(self, post: Post, failure: Failure) -> None:
        """A post was refused, maybe since an id doesn't serve any more: it goes once more, with uploads of its own.

        Where it had some already, they may have grown old while those of others were made: then with fewer others.
        """
        if post.uploaded is not None:
            self._at_once = min(self._at_once, post.uploaded_among // 2)
        self.stale.append(replace(post, has_turn=False, attempts=None, renewed_for=failure.cause))

    def take_stale(self) -> list[Post]:
        """The next of the posts that wait for uploads; they wait no more."""
        stale, self.stale = self.stale[: self._at_once], self.stale[self._at_once :]
        return [replace(post, uploaded_among=len(stale)) for post in stale]
