"""Upload the files of a run's notes before the first note is sent, unless the journal already knows their IDs.

A file is uploaded again if a note needs a new ID for it.

Input: the rows of a file, and the context of the run. Output: the ID of each uploaded file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from importer.commands import logs
from importer.commands.calling import Context
from importer.messages import Message
from importer.models import AttachedFile, Note, Rows
from importer.rows.uploads import Upload, Uploaded, Uploads


class Attaching:
    """Uploader for the files of a run's notes.

    Args:
        context: the context of the run. The journal knows earlier uploads, and new ones are recorded there.
        rows: the rows, with the files of their notes.
        observe: called with a short message about the progress.

    Attributes:
        calls: number of calls that were sent to the API.
    """

    def __init__(self, context: Context, rows: Rows, observe: Callable[[Message], None]) -> None:
        self.calls = 0
        self._rows, self._caller, self._observe = rows, context.caller, observe
        self._journal = context.journal.uploads(context.settings.workspace, context.caller.clock)

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
        uploads = Uploads(self._caller, self._journal, self._observe)
        try:
            uploaded = uploads.upload(to_upload)
        finally:
            self.calls += uploads.calls
        refused = sum(bool(upload.rejected) for upload in uploaded)
        logs.event("files uploaded", files=len(to_upload), refused=refused, calls=uploads.calls)
        return uploaded
