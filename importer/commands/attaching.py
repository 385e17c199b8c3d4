"""Upload the files of a run's notes before the first note is sent, unless the journal already knows their IDs.

A file is uploaded again if a note needs a new ID for it.

Input: a loaded file, the journal, and a caller for the API. Output: the ID of each uploaded file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from importer.calls.caller import Caller
from importer.calls.retry import RetryPolicy
from importer.commands import logs
from importer.journal import Journal
from importer.messages import Message, say
from importer.models import AttachedFile, Note, Rows
from importer.rows.uploads import Upload, Uploaded, Uploads
from importer.settings import Settings


class Attaching:
    """Uploader for the files of a run's notes.

    Args:
        rows: the rows, with the files of their notes.
        settings: the settings, which name the workspace of the notes.
        journal: the journal. It knows earlier uploads, and new ones are recorded there.
        caller: makes the calls.
        retry: retry policy of each call.
        observe: called with a short message about the progress.

    Attributes:
        calls: number of calls that were sent to the API.
    """

    def __init__(
        self,
        rows: Rows,
        settings: Settings,
        journal: Journal,
        caller: Caller,
        retry: RetryPolicy,
        observe: Callable[[Message], None],
    ) -> None:
        self.calls = 0
        self._rows, self._caller, self._retry, self._observe = rows, caller, retry, observe
        self._journal = journal.uploads(settings.workspace, caller.clock)

    def upload(self, digests: Sequence[str]) -> Uploaded:
        """Upload each file that the journal doesn't know, once. Return the ID of each file, or why it has none.

        Raises:
            Stopped: the run can't go on. Finished uploads are recorded in the journal.
        """
        if not digests:
            return Uploaded()
        self._journal.expire()
        file_ids = self._journal.known(digests)
        uploads = self._made(self._rows.files[digest] for digest in digests if digest not in file_ids)
        uploaded = Uploaded.of(uploads)
        return Uploaded({**file_ids, **uploaded.ids}, uploaded.rejected, uploaded.failed)

    def renew(self, notes: Sequence[Note]) -> list[Uploaded]:
        """Upload each note's files again, for that note alone, because their earlier IDs didn't work.

        Raises:
            Stopped: the run can't go on.
        """
        uploads = iter(self._made(self._rows.files[digest] for note in notes for digest in note.files))
        return [Uploaded.of([next(uploads) for _ in note.files]) for note in notes]

    def _made(self, files: Iterable[AttachedFile]) -> list[Upload]:
        to_upload = list(files)
        total = len(to_upload)

        def tell(done: int, trouble: Message | None) -> None:
            progress = say("progress.uploading", done=done, total=total)
            self._observe(progress if trouble is None else say("progress.held-up", far=progress, trouble=trouble))

        uploads = Uploads(self._caller, self._journal, self._retry, tell)
        try:
            uploaded = uploads.upload(to_upload)
        finally:
            self.calls += uploads.calls
        refused = sum(bool(upload.rejected) for upload in uploaded)
        logs.event("files uploaded", files=total, refused=refused, calls=uploads.calls)
        return uploaded
