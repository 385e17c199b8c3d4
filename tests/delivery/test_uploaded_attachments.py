"""No note leaves without its files' IDs, and a request gets uploads of its own once if the API refuses an ID."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from importer.delivery.decisions import Abandon, Settle
from importer.delivery.queue import Attachments
from importer.delivery.tasks import Post
from importer.journal import NoteKey
from importer.messages import words
from importer.models import AttachedFile, Note, Request, Status, Visibility
from importer.rows.uploads import Upload


class Uploaded:
    """The uploads that were made before the first note."""

    def __init__(self, *uploads: Upload) -> None:
        self.latest = {upload.file.digest: upload for upload in uploads}

    def outdated(self, upload: Upload) -> None:
        del self.latest[upload.file.digest]

    def anew(self, files: Sequence[AttachedFile]) -> list[Upload]:
        return [Upload(file, "anew") for file in files]


def upload(digest: str, attachment: str = "", **more: Any) -> Upload:
    return Upload(AttachedFile("f.pdf", None, None, 1, digest), attachment, **more)  # type: ignore[arg-type]


def attachments(*uploads: Upload) -> Attachments:
    made: Any = Uploaded(*uploads)
    carried = Attachments()
    carried.uploads = made
    return carried


def post(size: int = 4, files: tuple[str, ...] = ("aa", "bb")) -> Post:
    note = Note("Hello", Visibility.PRIVATE, Status.PUBLISHED, files=files)
    prospects = tuple(f"P{i}" for i in range(size))
    request = Request(note, tuple(range(size)), prospects, tuple(map(str.encode, prospects)))
    return Post(request, NoteKey.of(note), 1)


def test_a_note_gets_its_ids_in_its_own_order_and_one_without_files_needs_none() -> None:
    carried, waiting, plain = (
        attachments(upload("bb", "B"), upload("aa", "A"), upload("cc", "C")),
        post(),
        post(files=()),
    )
    assert carried.complete(waiting) is None
    assert carried.complete(plain) is None
    assert waiting.request.note is not None
    assert waiting.request.note.attachments == ("A", "B")
    assert waiting.request.note.digest == waiting.key.digest


@pytest.mark.parametrize(
    ("without", "expected"),
    [(upload("bb", rejected=words("no")), Settle), (upload("bb", failed=words("lost")), Abandon)],
)
def test_a_note_that_lacks_an_id_does_not_leave(without: Upload, expected: type) -> None:
    assert isinstance(attachments(upload("aa", "A"), without).complete(post()), expected)


def test_a_part_of_a_request_names_the_files_anew() -> None:
    """Another part may use up the ID, so each gets uploads of its own if it is refused."""
    carried, whole = attachments(upload("aa", "A"), upload("bb", "B")), post()
    carried.complete(whole)
    carried.renew(whole)
    assert [(part.uploads, part.is_renewed) for part in whole.split(2)] == [((), False)] * 2


def test_a_refused_request_gets_uploads_of_its_own_and_others_wait_for_new_ids() -> None:
    old = upload("aa", "A")
    carried, refused, other = attachments(old), post(files=("aa",)), post(files=("aa",))
    carried.complete(refused)
    carried.renew(refused)
    assert carried.awaited(other) == ["aa"]
    assert carried.renewed() == [refused]
    assert carried.renewed() == []
    assert carried.complete(refused) is None
    assert refused.request.note is not None
    assert (refused.request.note.attachments, refused.is_renewed) == (("anew",), True)
