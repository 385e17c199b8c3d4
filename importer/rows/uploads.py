"""Files → the ids by which notes name them.

Comes in: files that were taken from the folder. Goes out: under which id each was uploaded, or why it wasn't; ids are
entered in the journal round by round, so that what is broken off is gone on with. A file is opened when its call
leaves, and what it holds is sent only if it is what was hashed. What ends unclear is made again: an upload that nobody
uses harms nobody.
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
"""Also where the API says no more than that it failed."""


@dataclass(eq=False, slots=True)
class Upload:
    """One file that is to be uploaded.

    Attributes:
        attachment: its id, once it is there.
        rejected: why it isn't taken, in the API's words or those of who stands before it.
        failed: why it isn't there though nobody refused it.
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
    """What became of files: the id of each, or why it has none; by its digest."""

    ids: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, Message] = field(default_factory=dict)
    failed: dict[str, Message] = field(default_factory=dict)

    @classmethod
    def of(cls, uploads: Iterable[Upload]) -> Uploaded:
        """What became of these."""
        found = cls()
        for one in uploads:
            found.ids |= {one.file.digest: one.attachment} if one.attachment else {}
            found.rejected |= {one.file.digest: one.rejected} if one.rejected else {}
            found.failed |= {one.file.digest: one.failed} if one.failed else {}
        return found

    def why_rejected(self, note: Note) -> Message | None:
        """Return why one of the note's files isn't taken; None if none is refused."""
        return next((self.rejected[digest] for digest in note.files if digest in self.rejected), None)

    def why_failed(self, note: Note) -> Message | None:
        """Return why one of the note's files isn't there; None if all are."""
        missing = next((digest for digest in note.files if digest not in self.ids), None)
        return None if missing is None else self.failed.get(missing, say("upload.not-uploaded"))

    def carried(self, note: Note) -> Note:
        """The note with the ids of its files, all of which are there."""
        return replace(note, attachments=tuple(self.ids[digest] for digest in note.files))


def _perform(api: NotesApi, clock: Callable[[], float], task: Upload) -> Reply[str]:
    """Make a file's call; a worker does."""
    try:
        content = unchanged(task.file)
    except OSError as error:
        now = clock()
        return Reply(task.kind, now, now, failure=Failure(Cause.CLAIM_EXPIRED, why(error)))
    with content:
        return api.upload(FilePart(task.file.name, task.file.size, content))


class Uploads:
    """Uploads files.

    Args:
        caller: makes the calls.
        journal: under which ids they are is entered there.
        retry: of one call.
        observe: told after every round how many are done, and what holds it up.

    Attributes:
        calls: that left for the API, answered or not.
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
        self._dispatcher: Dispatcher[Upload] = Dispatcher.of(
            caller, partial(_perform, caller.api, caller.clock), (Upload.kind,)
        )
        self._few = replace(retry, attempts=_TRIES_IF_TURNED_AWAY)
        self._unwritten: dict[str, str] = {}
        self._done = 0
        self._any_success = False

    def upload(self, files: Iterable[AttachedFile]) -> list[Upload]:
        """Upload each of these, whether the journal knows it or not; what became of them, in their order.

        Raises:
            Stopped: the run can't go on; which are there stands in the journal.
        """
        wanted = [Upload(file) for file in files]
        self._dispatcher.add_all(wanted)
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
        return wanted

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
        """A failure that may pass: the same again, after a pause, as long as that is of use."""
        is_turned_away = failure.cause is Cause.INTERMEDIARY
        tries = {Cause.INTERMEDIARY: _TRIES_IF_TURNED_AWAY, Cause.UNREACHABLE: 0}.get(
            failure.cause, self._retry.attempts
        )
        if self._dispatcher.retry(task, failure, replace(self._retry, attempts=tries)):
            return
        why = say("upload.failed", file=Cell(repr(task.file.name)), why=failure.text)
        if is_turned_away and (self._any_success or failure.is_size):
            task.rejected = why
        else:
            task.failed = say("upload.run-again", why=why)
        self._done += 1
