"""Upload files and return the attachment IDs for their notes.

Input: files from the attachments folder. Output: :class:`Upload` with the ID, or the reason why there is none.
IDs are recorded in the journal after each round, so that an interrupted run continues from there. A file is sent only
if its content is unchanged since it was hashed. Unclear uploads are repeated, because an unused upload does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from importer.api import Cause, Endpoint, Failure, FilePart, Reply
from importer.calls.caller import Caller
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.files import why
from importer.journal import KnownUploads
from importer.messages import Cell, Message, in_quotes, say
from importer.models import AttachedFile, Note
from importer.rows.attachments import unchanged

_TRIES_IF_TURNED_AWAY = 3
"""Attempts at an upload that an intermediary refuses, or that the API refuses for a reason that may pass."""


@dataclass(eq=False, slots=True)
class Upload:
    """One file to upload.

    Attributes:
        attachment: the attachment ID, once the file is uploaded.
        rejected: why the API, or an intermediary in front of it, refused the file.
        failed: why the file isn't uploaded although it wasn't refused.
    """

    file: AttachedFile
    attachment: str = ""
    rejected: Message | None = None
    failed: Message | None = None
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.UPLOAD
    purpose: ClassVar[Message] = say("purpose.uploading-again")


@dataclass
class Uploaded:
    """The results of uploads by the file's digest: its ID, or the reason why it has none."""

    ids: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, Message] = field(default_factory=dict)
    failed: dict[str, Message] = field(default_factory=dict)

    @classmethod
    def of(cls, uploads: Iterable[Upload]) -> Uploaded:
        """Collect the results of uploads."""
        uploaded = cls()
        for upload in uploads:
            uploaded.ids |= {upload.file.digest: upload.attachment} if upload.attachment else {}
            uploaded.rejected |= {upload.file.digest: upload.rejected} if upload.rejected else {}
            uploaded.failed |= {upload.file.digest: upload.failed} if upload.failed else {}
        return uploaded

    def why_rejected(self, note: Note) -> Message | None:
        """Return why one of the note's files was refused, or None if none was."""
        return next((self.rejected[digest] for digest in note.files if digest in self.rejected), None)

    def why_failed(self, note: Note) -> Message | None:
        """Return why one of the note's files isn't uploaded, or None if all are."""
        missing = next((digest for digest in note.files if digest not in self.ids), None)
        return None if missing is None else self.failed.get(missing, say("upload.not-uploaded"))

    def with_ids(self, note: Note) -> Note:
        """Return the note with the IDs of its files, all of which must be uploaded."""
        return replace(note, attachments=tuple(self.ids[digest] for digest in note.files))


class Uploads(Stage[Upload, tuple[str, str]]):
    """Uploading of attached files.

    Args:
        caller: makes the calls.
        journal: records the IDs of uploaded files.
        observe: called after each round with a message about the progress.
    """

    def __init__(self, caller: Caller, journal: KnownUploads, observe: Callable[[Message], None]) -> None:
        super().__init__(caller, Upload.kind, lambda ids: journal.enter(dict(ids)))
        self._observe = observe
        self._done = self._total = 0

    def upload(self, files: Sequence[AttachedFile]) -> list[Upload]:
        """Upload each file, even if the journal has its ID, and return the uploads with their results, in this order.

        Raises:
            Stopped: the run can't continue; the IDs of uploaded files are in the journal.
        """
        tasks = [Upload(file) for file in files]
        self._total = len(tasks)
        self._run(tasks)
        if self._dispatcher.stopped is not None:
            raise self._dispatcher.stopped
        return tasks

    def _perform(self, task: Upload) -> Reply[str]:
        try:
            content = unchanged(task.file)
        except OSError as error:
            now = self._clock()
            return Reply(task.kind, now, now, failure=Failure(Cause.CLAIM_EXPIRED, why(error)))
        with content:
            return self._api.upload(FilePart(task.file.name, task.file.size, content))

    def _succeeded(self, task: Upload, value: str) -> None:
        task.attachment = value
        self._unwritten.append((task.file.digest, value))
        self._done += 1

    def _tell(self) -> None:
        self._observe(self._held_up(say("progress.uploading", done=self._done, total=self._total)))

    def _refused(self, task: Upload, failure: Failure) -> None:
        self._any_success = True
        few = replace(self._retry, attempts=_TRIES_IF_TURNED_AWAY)
        if failure.may_pass and self._dispatcher.retry(task, failure, few):
            return
        task.rejected = say("upload.refused", file=Cell(in_quotes(task.file.name)), why=failure.text)
        self._done += 1

    def _unclear(self, task: Upload, failure: Failure) -> None:
        """Retry an upload after a pause. If no retry is left, record why the file was refused or isn't uploaded."""
        name, is_turned_away = Cell(in_quotes(task.file.name)), failure.cause is Cause.INTERMEDIARY
        reason = say("upload.failed", file=name, why=failure.text)
        tries = {Cause.INTERMEDIARY: _TRIES_IF_TURNED_AWAY, Cause.UNREACHABLE: 0}
        policy = replace(self._retry, attempts=tries.get(failure.cause, self._retry.attempts))
        if failure.cause is Cause.CLAIM_EXPIRED:  # the file has changed
            task.failed = say("upload.not-sent", file=name, why=failure.text)
        elif self._dispatcher.retry(task, failure, policy):
            return
        elif is_turned_away and (self._any_success or failure.is_size):
            task.rejected = reason
        else:
            task.failed = say("upload.run-again", why=reason)
        self._done += 1
