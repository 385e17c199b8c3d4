"""No note leaves without its files' IDs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importer.delivery.context import Post
from importer.delivery.decisions import Abandon, Settle
from importer.delivery.queue import Queue
from importer.journal import NoteKey
from importer.messages import words
from importer.models import AttachedFile, Note, Request, Status, Visibility
from importer.rows.uploads import Upload


class Uploaded:
    """The uploads that were made before the first note."""

    def __init__(self, *uploads: Upload) -> None:
        self.latest = {upload.file.digest: upload for upload in uploads}


def upload(digest: str, attachment: str = "", **more: Any) -> Upload:
    return Upload(AttachedFile("f.pdf", Path(), Path(), 1, digest), attachment, **more)


def complete(post: Post, *uploads: Upload) -> Settle | Abandon | None:
    """What the queue decides on a request before it leaves, with these uploads."""
    queue: Any = Queue.__new__(Queue)
    queue._uploads = Uploaded(*uploads)
    return queue._complete(post)  # type: ignore[no-any-return]


def post(size: int = 4, files: tuple[str, ...] = ("aa", "bb")) -> Post:
    note = Note("Hello", Visibility.PRIVATE, Status.PUBLISHED, files=files)
    prospects = tuple(f"P{i}" for i in range(size))
    request = Request(note, tuple(range(size)), prospects, tuple(map(str.encode, prospects)))
    return Post(request, NoteKey.of(note), 1)


def test_a_note_gets_its_ids_in_its_own_order_and_one_without_files_needs_none() -> None:
    uploads = upload("bb", "B"), upload("aa", "A"), upload("cc", "C")
    waiting = post()
    assert complete(waiting, *uploads) is None
    assert complete(post(files=()), *uploads) is None
    assert waiting.request.note is not None
    assert waiting.request.note.attachments == ("A", "B")
    assert waiting.request.note.digest == waiting.key.digest


@pytest.mark.parametrize(
    ("without", "expected"),
    [(upload("bb", rejected=words("no")), Settle), (upload("bb", failed=words("lost")), Abandon)],
)
def test_a_note_that_lacks_an_id_does_not_leave(without: Upload, expected: type) -> None:
    assert isinstance(complete(post(), upload("aa", "A"), without), expected)
