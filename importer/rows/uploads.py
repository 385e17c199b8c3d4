"""Upload files and return the attachment IDs for their notes.

Input: files from the attachments folder. Output: :class:`Upload` with the ID, or the reason why there is none.
IDs are recorded in the journal after each round, so that an interrupted run continues from there. A file is sent only
if its content is unchanged since it was hashed. Unclear uploads are repeated, because an unused upload does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from importer.api import Cause, Failure, FilePart, NotesApi, Reply
from importer.api.protocol import API_REFUSED
from importer.calls.caller import Caller, stopped_by
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts, RetryPolicy
from importer.files import why
from importer.journal import KnownUploads as Journalled
from importer.messages import Cell, Message, say
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

    kind: ClassVar[str] = "UPLOAD"
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


def _perform(api: NotesApi, clock: Callable[[], float], task: Upload) -> Reply[str]:
    """Upload a file; runs in a worker thread."""
    try:
        content = unchanged(task.file)
    except OSError as error:
        now = clock()
        return Reply(task.kind, now, now, failure=Failure(Cause.CLAIM_EXPIRED, why(error)))
    with content:
        return api.upload(FilePart(task.file.name, task.file.size, content))


class Uploads:
    """Uploading of attached files.

    Args:
        caller: makes the calls.
        journal: records the IDs of uploaded files.
        retry: the policy for repeating one call.
        observe: called after each round with the number of finished files and the reason for a delay, if any.

    Attributes:
        calls: number of calls sent to the API, answered or not.
    """

    def __init__(
        self,
        caller: Caller,
        journal: Journalled,
        retry: RetryPolicy,
        observe: Callable[[int, Message | None], None] = lambda *_: None,
    ) -> None:
        self.calls = 0
        self._journal, self._retry, self._observe = journal, retry, observe
        self._dispatcher: Dispatcher[Upload] = Dispatcher(
            caller, partial(_perform, caller.api, caller.clock), (Upload.kind,)
        )
        self._few = replace(retry, attempts=_TRIES_IF_TURNED_AWAY)
        self._unwritten: dict[str, str] = {}
        self._done = 0
        self._any_success = False

    def upload(self, files: Iterable[AttachedFile]) -> list[Upload]:
        """Upload each file, even if the journal has its ID, and return the uploads with their results, in this order.

        Raises:
            Stopped: the run can't continue; the IDs of uploaded files are in the journal.
        """
        tasks = [Upload(file) for file in files]
        self._dispatcher.add_all(tasks)
        for task, reply in self._dispatcher.replies(enter=self._enter, after_round=self._tell):
            self.calls += reply.has_left
            if reply.failure is not None:
                self._failed(task, reply.failure)
                continue
            assert reply.value is not None
            self._any_success = True
            task.attachment = self._unwritten[task.file.digest] = reply.value
            self._done += 1
        self._enter()
        if self._dispatcher.stopped is not None:
            raise self._dispatcher.stopped
        return tasks

    def _enter(self, _: Sequence[Upload] = ()) -> bool:
        if self._unwritten:
            self._journal.enter(self._unwritten)
            self._unwritten = {}
        return True

    def _tell(self) -> None:
        self._observe(self._done, self._dispatcher.trouble)

    def _failed(self, task: Upload, failure: Failure) -> None:
        name = Cell(repr(task.file.name))
        match failure.cause:
            case Cause.RATE_LIMITED:
                self._dispatcher.add(task)
            case Cause.CLAIM_EXPIRED:
                task.failed = say("upload.not-sent", file=name, why=failure.text)
                self._done += 1
            case Cause.BAD_KEY | Cause.BLOCKED:
                self._dispatcher.halt(stopped_by(failure))
            case Cause.REDIRECTED if not self._any_success:
                self._dispatcher.halt(stopped_by(failure))
            case cause if cause in API_REFUSED:
                self._any_success = True
                if failure.may_pass and self._dispatcher.retry(task, failure, self._few):
                    return
                task.rejected = say("upload.refused", file=name, why=failure.text)
                self._done += 1
            case _:
                self._again(task, failure)

    def _again(self, task: Upload, failure: Failure) -> None:
        """Retry an upload after a pause. If no retry is left, record why the file was refused or isn't uploaded."""
        is_turned_away = failure.cause is Cause.INTERMEDIARY
        tries = {Cause.INTERMEDIARY: _TRIES_IF_TURNED_AWAY, Cause.UNREACHABLE: 0}.get(
            failure.cause, self._retry.attempts
        )
        if self._dispatcher.retry(task, failure, replace(self._retry, attempts=tries)):
            return
        reason = say("upload.failed", file=Cell(repr(task.file.name)), why=failure.text)
        if is_turned_away and (self._any_success or failure.is_size):
            task.rejected = reason
        else:
            task.failed = say("upload.run-again", why=reason)
        self._done += 1
