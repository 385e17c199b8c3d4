"""No note leaves without its files' ids, and how often what is refused is sent with uploads of its own."""

from __future__ import annotations

import pytest

from importer.api import Cause, Failure
from importer.delivery.decisions import Abandon, Settle
from importer.delivery.queue import UploadedAttachments
from importer.delivery.tasks import Post
from importer.journal import NoteKey
from importer.messages import words
from importer.models import Note, Request, Status, Visibility
from importer.rows.uploads import Uploaded

BOTH = frozenset({Cause.BAD_ATTACHMENT, Cause.BAD_REQUEST})


def post(size: int = 4, files: tuple[str, ...] = ("aa", "bb"), **more: object) -> Post:
    note = Note("Hello", Visibility.PRIVATE, Status.PUBLISHED, files=files)
    request = Request(note, tuple(range(size)), tuple(f"P{i}" for i in range(size)), ("",) * size)
    return Post(request, NoteKey.of(note), 1, **more)  # type: ignore[arg-type]


def test_a_note_gets_its_ids_in_its_own_order_and_one_without_files_needs_none() -> None:
    carried, waiting, plain = UploadedAttachments(), post(), post(files=())
    carried.uploaded = Uploaded({"bb": "B", "aa": "A", "cc": "C"})
    assert carried.complete(waiting) is None
    assert carried.complete(plain) is None
    assert waiting.request.note is not None
    assert waiting.request.note.attachments == ("A", "B")
    assert waiting.request.note.digest == waiting.key.digest


@pytest.mark.parametrize(
    ("uploaded", "expected"),
    [
        (Uploaded({"aa": "A"}, rejected={"bb": words("no")}), Settle),
        (Uploaded({"aa": "A"}, failed={"bb": words("lost")}), Abandon),
        (Uploaded({"aa": "A"}), Abandon),
        (Uploaded(), Abandon),
    ],
)
def test_a_note_that_lacks_an_id_does_not_leave(uploaded: Uploaded, expected: type) -> None:
    carried = UploadedAttachments()
    carried.uploaded = uploaded
    assert isinstance(carried.complete(post()), expected)


def test_what_was_renewed_is_not_renewed_again_for_the_same_but_where_a_prospect_stands_alone() -> None:
    """Else a note that the API never takes would cost an upload for each of its halves."""
    assert post().renewable == BOTH
    assert post(files=()).renewable == frozenset()
    renewed = post(uploaded=Uploaded({"aa": "A2", "bb": "B2"}), renewed_for=Cause.BAD_REQUEST)
    assert renewed.renewable == frozenset()
    halves = renewed.split(2)
    assert [half.renewable for half in halves] == [{Cause.BAD_ATTACHMENT}] * 2
    refused = post(uploaded=Uploaded(), renewed_for=Cause.BAD_ATTACHMENT).split(2)[0]
    assert refused.renewable == {Cause.BAD_REQUEST}
    assert refused.split(1)[0].renewable == BOTH


def test_what_was_refused_with_uploads_made_beside_many_others_gets_some_beside_fewer() -> None:
    """They may have grown old before it left; those that were made for it alone can't have, and no more are."""
    carried, refusal = UploadedAttachments(), Failure(Cause.BAD_ATTACHMENT, words("no"))
    for _ in range(20):
        carried.renew(post(1), refusal)
    sizes = []
    while stale := carried.take_stale():
        sizes.append(len(stale))
        for one in stale:
            one.uploaded = Uploaded({"aa": "A2", "bb": "B2"})
            if one.renewable:
                carried.renew(one, refusal)
    assert sizes == [8, 4, 2, *[1] * 20]


def test_what_would_be_turned_away_for_good_is_tried_with_uploads_of_its_own_once() -> None:
    assert post().may_renew
    assert not post(files=()).may_renew
    assert not post(renewed_for=Cause.INTERMEDIARY).may_renew
