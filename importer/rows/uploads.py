"""Upload the files of notes, once for each content, and remember their attachment IDs for a day.

Input: files from the attachments folder. Output: :class:`Upload` with the ID, or the reason why there is none.
IDs are recorded in the journal after each round, so that an interrupted run continues from there. A file is sent only
if its content is unchanged since it was hashed. Unclear uploads are repeated, because an unused upload does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from importer.api import Cause, Endpoint, Failure, FilePart, Reply
from importer.calls.dispatcher import Caller
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.files import why
from importer.journal import Memory
from importer.messages import Cell, Message, in_quotes, say
from importer.models import AttachedFile
from importer.rows.attachments import unchanged


@dataclass(eq=False, slots=True)
class Upload:
    """One file to upload: its attachment ID, or why it was refused, or isn't uploaded although it wasn't refused."""

    file: AttachedFile
    attachment: str = ""
    rejected: Message | None = None
    failed: Message | None = None
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.UPLOAD
    purpose: ClassVar[Message] = say("purpose.uploading-again")

    @property
    def has_ended(self) -> bool:
        """Whether the file is uploaded, or won't be."""
        return bool(self.attachment or self.rejected or self.failed)


class Uploads(Stage[Upload, tuple[str, str]]):
    """Uploading of attached files, of which the journal knows the IDs for a day.

    ``observe`` is called after each round with a message about the progress. ``latest`` has the latest upload of each
    file by its digest.
    """

    def __init__(
        self,
        caller: Caller,
        journal: Memory,
        files: Mapping[str, AttachedFile],
        observe: Callable[[Message], None],
    ) -> None:
        super().__init__(caller, (Upload.kind,), lambda ids: journal.enter(dict(ids)))
        self.latest: dict[str, Upload] = {}
        self._journal, self._files, self._observe = journal, files, observe

    def upload(self, digests: Sequence[str]) -> None:
        """Upload each of these files that the journal doesn't know.

        Raises Stopped if the run can't continue; the IDs of uploaded files are in the journal.
        """
        if digests:
            self._journal.expire()
            known = self._journal.known(digests)
            new = {digest: Upload(self._files[digest]) for digest in digests if digest not in known}
            self.latest |= new
            self._run([*new.values()])
            if self._dispatcher.stopped is not None:
                raise self._dispatcher.stopped
            self.latest |= {digest: Upload(self._files[digest], known[digest]) for digest in known}

    def forget(self, digests: Sequence[str]) -> None:
        """Forget the IDs of files, because the API refused a note with them."""
        self._journal.forget(digests)
        for digest in digests:
            self.latest.pop(digest, None)

    def _perform(self, task: Upload) -> Reply[str]:
        try:
            content = unchanged(task.file)
        except OSError as error:
            now = self._clock()
            return Reply(task.kind, now, now, failure=Failure(Cause.CLAIM_EXPIRED, why(error)))
        return self._api.upload(FilePart(task.file.name, content))

    def _succeeded(self, task: Upload, value: str) -> None:
        task.attachment = value
        self._unwritten.append((task.file.digest, value))

    def _tell(self) -> None:
        done = sum(upload.has_ended for upload in self.latest.values())
        self._observe(self._held_up(say("progress.uploading", done=done, total=len(self.latest))))

    def _refused(self, task: Upload, failure: Failure) -> None:
        self._any_success = True
        if failure.may_pass and self._dispatcher.retry(task, failure, self._few):
            return
        task.rejected = say("upload.refused", file=Cell(in_quotes(task.file.name)), why=failure.text)

    def _unclear(self, task: Upload, failure: Failure) -> None:
        """Retry an upload after a pause. If no retry is left, record why the file was refused or isn't uploaded."""
        name, is_turned_away = Cell(in_quotes(task.file.name)), failure.cause is Cause.INTERMEDIARY
        reason = say("upload.failed", file=name, why=failure.text)
        policy = replace(self._retry, attempts=0) if failure.cause is Cause.UNREACHABLE else self._retry
        if failure.cause is Cause.CLAIM_EXPIRED:  # the file has changed
            task.failed = say("upload.run-again", why=reason)
        elif self._dispatcher.retry(task, failure, self._few if is_turned_away else policy):
            return
        elif is_turned_away and (self._any_success or failure.is_size):
            task.rejected = reason
        else:
            task.failed = say("upload.run-again", why=reason)
