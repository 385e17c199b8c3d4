"""The files that notes carry: which of them are there already, which are uploaded, before the first note and anew.

Comes in: a loaded file, the journal, what calls are made with. Goes out: under which ids the files are.
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
    """Uploads the files of a run's notes.

    Args:
        rows: where the files are.
        settings: whose notes they are.
        journal: what it knows; what is uploaded is entered there.
        caller: makes the calls.
        retry: of one call.
        observe: told in a few words how far it is.

    Attributes:
        calls: that left for the API.
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
        """See that these files are there: those that the journal doesn't know are uploaded, each once.

        Raises:
            Stopped: the run can't go on; which are there stands in the journal.
        """
        if not digests:
            return Uploaded()
        self._journal.expire()
        known = self._journal.known(digests)
        new = self._made(self._rows.files[digest] for digest in digests if digest not in known)
        uploaded = Uploaded.of(new)
        return Uploaded({**known, **uploaded.ids}, uploaded.rejected, uploaded.failed)

    def renew(self, notes: Sequence[Note]) -> list[Uploaded]:
        """Upload the files of each of these notes once more, for it alone: the ids that it had didn't serve.

        Raises:
            Stopped: the run can't go on.
        """
        new = iter(self._made(self._rows.files[digest] for note in notes for digest in note.files))
        return [Uploaded.of([next(new) for _ in note.files]) for note in notes]

    def _made(self, files: Iterable[AttachedFile]) -> list[Upload]:
        wanted = list(files)
        total = len(wanted)

        def tell(done: int, trouble: Message | None) -> None:
            far = say("progress.uploading", done=done, total=total)
            self._observe(far if trouble is None else say("progress.held-up", far=far, trouble=trouble))

        uploads = Uploads(self._caller, self._journal, self._retry, tell)
        try:
            made = uploads.upload(wanted)
        finally:
            self.calls += uploads.calls
        refused = sum(bool(one.rejected) for one in made)
        logs.event("files uploaded", files=total, refused=refused, calls=uploads.calls)
        return made
