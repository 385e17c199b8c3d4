"""What is durable, kept across runs: which deliveries were made, by which run, and what was learned on the way.

Comes in: intents and answers. Goes out: what is known of a delivery. It holds digests and ids, never a note's text or
the key. One import of a workspace at a time writes it (:meth:`Journal.held`); a read waits for no writer.

    runs         executions: begun, ended, listed
    deliveries   claims and answers, and what is known of each delivery
    learned      what an API was seen to take and allow
    files        which results files were written
    found        which prospects have an email, until an import is finished
    uploads      under which id a file was uploaded, for a day
    notes        a note as the journal knows it, and its number
    identity     which journal a workspace's deliveries are recorded in, remembered outside of it
    unwritten    runs whose results are still to be written, beside the journal
    accounts     whose key is whose, remembered there too
    lock         one import of a workspace at a time
    schema       the tables; migrations: what leads to them from earlier versions
    store        transactions and reads over one connection
    sqlite       all that is SQLite's own
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from importer.errors import BadSettings, JournalFailed, UnusableJournal, by_name
from importer.files import OWNER_ONLY, draft
from importer.journal import lock, migrations, sqlite
from importer.journal.deliveries import Deliveries, Known, State
from importer.journal.files import Files
from importer.journal.found import Found, Match, Matches
from importer.journal.learned import Learned
from importer.journal.notes import NoteKey
from importer.journal.runs import Run, Runs
from importer.journal.schema import VERSION, about
from importer.journal.store import Store
from importer.journal.unwritten import Unwritten
from importer.journal.uploads import Uploads
from importer.models import Workspace
from importer.settings import journal_file

__all__ = ["VERSION", "Found", "Journal", "Known", "Match", "Matches", "NoteKey", "Run", "State", "Uploads"]


class Journal:
    """An open journal. Not for several threads at once.

    Attributes:
        name: what messages call it: its file.
        id: random, and its own: no other journal has it.
        runs, deliveries, learned, files: its four parts.
    """

    def __init__(self, store: Store, file: Path | None) -> None:
        self.name, self._store, self._file = store.name, store, file
        self.runs, self.deliveries = Runs(store), Deliveries(store)
        self.learned, self.files = Learned(store), Files(store)
        self.unwritten = Unwritten(file)
        self.id: str = store.rows(sa.select(about.c.value).where(about.c.name == "id"))[0].value

    @staticmethod
    def exists(address: Path | str) -> bool:
        """Whether there is one, or something in its place that can't even be looked at."""
        try:
            return journal_file(address).exists()
        except OSError:
            return True

    @classmethod
    def open(cls, address: Path | str) -> Self:
        """Open a journal, making or migrating it where need be.

        Args:
            address: a file's path, or a URL: ``sqlite:///FILE``.

        Raises:
            BadSettings: it is a URL that can't be used.
            Busy: it is to be migrated, and an import is at work with it.
            UnusableJournal: the file can't be opened or made.
            WrongJournal: it is damaged, isn't ours, or is of a later version; it is left untouched.
        """
        path = journal_file(address)
        try:
            version = sqlite.examine(path)
            sqlite.create_private(path)
            store = Store(sqlite.engine(path), str(path))
            try:
                if version != VERSION:
                    migrations.bring_up(store, version, lambda name: lock.held(path, name))
                return cls(store, path)
            except BaseException:
                store.close()
                raise
        except (*sqlite.FAILURES, JournalFailed, OSError) as error:
            raise UnusableJournal(
                f"The journal {path} can't be used: {sqlite.cause(error)}. Nothing was sent and the file was left as it"
                f" is. See that the folder exists and may be written to, or name another with {by_name('journal')}."
            ) from error

    @classmethod
    def in_memory(cls, content: bytes | None = None) -> Self:
        """A journal of this process alone, for tests and simulations; ``content`` is another's :meth:`content`."""
        store = Store(sqlite.in_memory(content), "in memory")
        if content is None:
            migrations.name_it(store)
        return cls(store, None)

    def content(self) -> bytes:
        """All that was committed to a journal in memory: what its next process would find after a crash."""
        return sqlite.content(self._store.connection)

    def back_up(self, target: Path) -> None:
        """Put a copy of it, as it is now, into a file; an import may be at work. The copy is the same journal, by id.

        Raises:
            BadSettings: something else than an earlier copy of this journal stands there.
            UnusableJournal: the copy can't be written.
        """
        assert self._file is not None
        is_itself = target.exists() and target.samefile(self._file)
        if is_itself or (target.exists() and sqlite.identity_of(target) != self.id):
            what = "is the journal itself" if is_itself else "is something else than an earlier copy of this journal"
            raise BadSettings(f"{target} {what}, and was left alone. Name another file for the copy.")
        try:
            with draft(target) as new:
                sqlite.copy(self._file, new.path)
                new.finish(OWNER_ONLY)
                new.put(target)
        except (*sqlite.FAILURES, OSError) as error:
            raise UnusableJournal(
                f"The journal {self.name} could not be copied to {target}: {sqlite.cause(error)}. See that the folder"
                " exists, may be written to and has room, or name another file."
            ) from error

    def found(self, workspace: Workspace, key: str, clock: Callable[[], float]) -> Found:
        """What an import that isn't finished yet has found for emails, known by their digests with the API's key."""
        return Found(self._store, workspace, key, clock)

    def uploads(self, workspace: Workspace, clock: Callable[[], float]) -> Uploads:
        """Under which ids files were uploaded for a workspace."""
        return Uploads(self._store, workspace, clock)

    def close(self) -> None:
        """Close it."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on disk when the block is left.

        Raises:
            JournalFailed: it could not be written, and nothing of the block was.
        """
        with self._store.transaction():
            yield

    def held(self, workspace: Workspace) -> AbstractContextManager[None]:
        """Hold the workspace's lock, so that one import at a time claims its deliveries.

        Raises:
            Busy: another process holds it; says who, and since when.
            UnusableJournal: the lock can't be made there.
        """
        return nullcontext() if self._file is None else lock.held(self._file, str(workspace))
