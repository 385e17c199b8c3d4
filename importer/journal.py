"""The durable record of deliveries, kept across runs. The only module that knows SQL.

Comes in: intents and answers. Goes out: what is known of a delivery. It holds digests and ids, never a note's text
or the key. SQLite by default, through SQLAlchemy Core; one writer at a time (see :mod:`importer.lock`).

A delivery is one note for one prospect, and for one *occurrence* where a sheet means the same text more than once. Its
primary key is what makes it happen once: a claim is one insert or update that only one can win, and it is on disk
before the request's first byte leaves. Notes are known by small integers given in the order in which they come, so
that the deliveries of a run are appended to the table's end, however random digests and ids are.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert

from importer.errors import JournalFailed, UnusableJournal, WrongJournal
from importer.files import make_private_folder
from importer.lock import held
from importer.models import Answer, Request, Result, Status, Visibility
from importer.settings import canonical_workspace

SCHEMA = 4
_APPLICATION = "note-importer"
_LAST_WITH_SPELLINGS = 3  # the version in which the last address stood as a person had typed it
_MANY = 500  # parameters of one IN (...)
_LONGEST_COUNTS = 10_000  # characters, ten times what all results with the largest numbers need
_RESULTS = frozenset(result.value for result in Result)

_tables = sa.MetaData()
_about = sa.Table(
    "about",
    _tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
_runs = sa.Table(
    "runs",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),  # SHA-256 of the file
    sa.Column("occurrence", sa.Text, nullable=False),  # what --again added to the deliveries' keys
    sa.Column("started_at", sa.Float, nullable=False),  # every time is in seconds since 1970
    sa.Column("ended_at", sa.Float),
    sa.Column("ended", sa.Text),  # how, in words; NULL while it runs, and after a crash
    sa.Column("counts", sa.Text),  # JSON: result → rows
)
_notes = sa.Table(
    "notes",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("seen", sa.LargeBinary, nullable=False, index=True),  # digest of what a reader sees
    sa.Column("readings", sa.LargeBinary, nullable=False),  # digests of all that it may be read back as, 32 bytes each
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.UniqueConstraint("profile", "digest"),
)
_requests = sa.Table(
    "requests",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("note", sa.Integer, sa.ForeignKey("notes.id"), nullable=False),
    sa.Column("sent_at", sa.Float, nullable=False),  # by our clock
    sa.Column("since", sa.Float),  # the earliest time of the first attempt by the server's clock, where it is known
)
_deliveries = sa.Table(
    "deliveries",
    _tables,
    sa.Column("note", sa.Integer, sa.ForeignKey("notes.id"), primary_key=True, autoincrement=False),
    sa.Column("prospect", sa.Text, primary_key=True),
    sa.Column("occurrence", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("note_id", sa.Text),
    sa.Column("request", sa.Integer, sa.ForeignKey("requests.id"), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("reason", sa.Text),  # the API's words for a rejection
    sqlite_with_rowid=False,
)

_learned = sa.Table(
    "learned",
    _tables,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("batch_size", sa.Integer, nullable=False),  # the largest that the API took after it refused a larger one
)
_limits = sa.Table(
    "limits",
    _tables,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("calls", sa.Integer, nullable=False),  # what the API allowed, as last told
    sa.Column("seconds", sa.Float, nullable=False),
)
_written = sa.Table(
    "written",
    _tables,
    sa.Column("digest", sa.LargeBinary, primary_key=True),  # SHA-256 of a results file
    sa.Column("place", sa.LargeBinary, primary_key=True),  # SHA-256 of its path
)


# What leads from each version of the schema to the next; written out, for the tables above may change further. Version
# 4 has the tables of version 3: since then a workspace's address has one spelling, see _MERGE.
_STEPS: Mapping[int, Sequence[str]] = {
    1: ["CREATE TABLE learned (profile TEXT NOT NULL, batch_size INTEGER NOT NULL, PRIMARY KEY (profile))"],
    2: [
        "CREATE TABLE limits (profile TEXT NOT NULL, calls INTEGER NOT NULL, seconds FLOAT NOT NULL,"
        " PRIMARY KEY (profile))",
        "CREATE TABLE written (digest BLOB NOT NULL, place BLOB NOT NULL, PRIMARY KEY (digest, place))",
    ],
    3: [],
}

# Two spellings of one workspace become one, :old becomes :new. Of a delivery that both have, the one of which more is
# certain stays what it is. The other may stand for a note of its own, so it becomes another occurrence, as --again
# would have made of it; only a rejection is dropped.
_MERGE = (
    "CREATE TEMP TABLE twins (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)",
    """INSERT INTO twins SELECT mine.id, theirs.id FROM notes AS mine
       JOIN notes AS theirs ON theirs.profile = :new AND theirs.digest = mine.digest WHERE mine.profile = :old""",
    """CREATE TEMP TABLE losers AS
       WITH certainty (state, rank) AS (
           VALUES ('rejected', 0), ('unconfirmed', 1), ('sending', 2), ('hidden', 3), ('created', 4)
       )
       SELECT CASE WHEN ours.rank > others.rank THEN theirs.note ELSE mine.note END AS note, prospect, occurrence
       FROM twins
       JOIN deliveries AS mine ON mine.note = twins.old
       JOIN deliveries AS theirs USING (prospect, occurrence)
       JOIN certainty AS ours ON ours.state = mine.state
       JOIN certainty AS others ON others.state = theirs.state
       WHERE theirs.note = twins.new""",
    """DELETE FROM deliveries
       WHERE state = 'rejected' AND (note, prospect, occurrence) IN (SELECT note, prospect, occurrence FROM losers)""",
    """UPDATE deliveries
       SET occurrence = (SELECT 'again ' || runs.name FROM requests JOIN runs ON runs.id = requests.run
                         WHERE requests.id = deliveries.request) || occurrence
       WHERE (note, prospect, occurrence) IN (SELECT note, prospect, occurrence FROM losers)""",
    "UPDATE deliveries SET note = (SELECT new FROM twins WHERE old = note) WHERE note IN (SELECT old FROM twins)",
    "UPDATE requests SET note = (SELECT new FROM twins WHERE old = note) WHERE note IN (SELECT old FROM twins)",
    "DELETE FROM notes WHERE id IN (SELECT old FROM twins)",
    "UPDATE notes SET profile = :new WHERE profile = :old",
    "UPDATE runs SET profile = :new WHERE profile = :old",
    "UPDATE OR IGNORE learned SET profile = :new WHERE profile = :old",
    "DELETE FROM learned WHERE profile = :old",
    "UPDATE OR IGNORE limits SET profile = :new WHERE profile = :old",
    "DELETE FROM limits WHERE profile = :old",
    "DROP TABLE twins",
    "DROP TABLE losers",
)


class State(StrEnum):
    """What the journal knows of a delivery."""

    SENDING = "sending"  # on its way; unclear if the run that sent it is over
    CREATED = "created"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    HIDDEN = "hidden"  # created, then made a private draft on a person's request


@dataclass(frozen=True, slots=True)
class NoteKey:
    """What the journal keeps of a note.

    Attributes:
        digest: 32 bytes that tell it from every other note.
        seen: 32 bytes that it shares with every note in which a reader sees the same text.
        readings: digests of all that it may be read back as.
    """

    digest: bytes
    seen: bytes
    readings: frozenset[bytes]
    visibility: Visibility
    status: Status


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal knows of one delivery; times in seconds since 1970."""

    prospect: str
    occurrence: str
    state: State
    note_id: str | None
    at: float
    reason: str | None
    request: int
    run: int
    sent_at: float
    since: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """One execution; ``ended`` is None while it runs, and for ever after a crash."""

    id: int
    name: str
    profile: str
    file: str
    fingerprint: str
    occurrence: str
    started_at: float
    ended_at: float | None
    ended: str | None
    counts: Mapping[str, int]


class Journal:
    """An open journal. Not for several threads at once."""

    def __init__(self, engine: sa.Engine, path: Path) -> None:
        self.path = path
        self._engine = engine
        self._connection = engine.connect()
        self._inside = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a journal, making or migrating it where need be.

        Raises:
            Busy: it is to be migrated, and an import of an earlier version is at work with it.
            UnusableJournal: the file can't be opened or made.
            WrongJournal: it is damaged, isn't ours, or is of a later version; it is left untouched.
        """
        try:
            version = _examine(path)
            _create_private(path)
            journal = cls(_engine(path), path)
            try:
                with contextlib.ExitStack() as locks:
                    spellings = journal._spellings() if 0 < version <= _LAST_WITH_SPELLINGS else {}
                    for old in spellings:
                        locks.enter_context(held(path, old))  # its import would go on with numbers that are no more
                    with journal.transaction():
                        journal._migrate(version, spellings)
            except BaseException:
                journal.close()
                raise
        except (sa.exc.DBAPIError, sqlite3.Error, JournalFailed, OSError) as error:
            raise UnusableJournal(
                f"The journal {path} can't be used: {_cause(error)}. Nothing was sent and the file was left as it is."
                " See that the folder exists and may be written to, or name another with --journal."
            ) from error
        return journal

    def _spellings(self) -> dict[str, str]:
        """The workspaces whose address stands here in another spelling than the one that is used: old → new."""
        names = [row.profile for row in self._rows(sa.union(sa.select(_runs.c.profile), sa.select(_notes.c.profile)))]
        return {name: canonical_workspace(name) for name in names if canonical_workspace(name) != name}

    def _migrate(self, version: int, spellings: Mapping[str, str]) -> None:
        """Bring the tables from this version of the schema, 0 for none at all, to the present one."""
        if version == 0:
            _tables.create_all(self._connection)
            # Another process may have made them meanwhile.
            about = [{"name": "application", "value": _APPLICATION}, {"name": "schema", "value": str(SCHEMA)}]
            self._execute(upsert(_about).on_conflict_do_nothing(), about)
            return
        for step in range(version, SCHEMA):
            for statement in _STEPS[step]:
                self._connection.exec_driver_sql(statement)
        for old, new in spellings.items():
            for statement in _MERGE:
                self._connection.exec_driver_sql(statement, {"old": old, "new": new})
        self._execute(sa.update(_about).where(_about.c.name == "schema").values(value=str(SCHEMA)))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._engine.dispose()

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
        if self._inside:
            yield
            return
        self._inside = True
        try:
            with self._connection.begin():
                yield
        except sa.exc.DBAPIError as error:
            raise JournalFailed(
                f"The journal {self.path} could not be written: {_cause(error)}. Nothing more was sent."
                " Make room, or see that the file may be written to; then run the same command again."
            ) from error
        finally:
            self._inside = False

    # -- runs -------------------------------------------------------------------------------------------------------

    def begin_run(self, profile: str, file: str, fingerprint: str, started_at: float, *, again: bool) -> Run:
        """Record that a run begins.

        With ``again``, its deliveries have keys of their own; an earlier such run of the same file that did not come
        to its end is gone on with instead.
        """
        name = f"{datetime.fromtimestamp(started_at, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        occurrence = (self._open_occurrence(profile, fingerprint) or f"again {name}") if again else ""
        values = {
            "name": name,
            "profile": profile,
            "file": file,
            "fingerprint": fingerprint,
            "occurrence": occurrence,
            "started_at": started_at,
        }
        with self.transaction():
            key = self._execute(sa.insert(_runs).values(values)).inserted_primary_key
        assert key is not None
        return Run(key[0], name, profile, file, fingerprint, occurrence, started_at, None, None, {})

    def end_run(self, run: Run, ended: str, counts: Mapping[str, int], at: float) -> None:
        """Record how a run ended, in words, and its rows per result."""
        with self.transaction():
            self._execute(
                sa.update(_runs)
                .where(_runs.c.id == run.id)
                .values(ended=ended, counts=json.dumps(dict(counts)), ended_at=at)
            )

    def runs(self, profile: str | None = None) -> list[Run]:
        """Every run, the latest first."""
        others = (column for column in _runs.c if column is not _runs.c.counts)
        query = sa.select(*others, _counts_column()).order_by(_runs.c.id.desc())
        if profile is not None:
            query = query.where(_runs.c.profile == profile)
        return [Run(**{**row, "counts": _counts(row["counts"])}) for row in (row._mapping for row in self._rows(query))]

    def workspaces(self) -> list[str]:
        """Those of which a run sent something, or may have, in the order of their names."""
        is_declined = sa.func.coalesce(_runs.c.ended, "") == "declined"
        query = sa.select(_runs.c.profile).distinct().where(~is_declined).order_by(_runs.c.profile)
        return [row.profile for row in self._rows(query)]

    def _open_occurrence(self, profile: str, fingerprint: str) -> str | None:
        query = (
            sa.select(_runs.c.occurrence, _runs.c.ended, _counts_column())
            .where(_runs.c.profile == profile, _runs.c.fingerprint == fingerprint, _runs.c.occurrence != "")
            .order_by(_runs.c.id.desc())
            .limit(1)
        )
        found = next(iter(self._rows(query)), None)
        if found is None:
            return None
        is_over = found.ended == "finished" and not _counts(found.counts).get("unconfirmed")
        return None if is_over else str(found.occurrence)

    def learned_batch_size(self, profile: str) -> int | None:
        """The batch size that proved to work after a larger one was refused, if one was."""
        query = sa.select(_learned.c.batch_size).where(_learned.c.profile == profile)
        return next((row.batch_size for row in self._rows(query)), None)

    def learn_batch_size(self, profile: str, batch_size: int) -> None:
        """Keep a batch size for later runs."""
        change = upsert(_learned).on_conflict_do_update(index_elements=["profile"], set_={"batch_size": batch_size})
        with self.transaction():
            self._execute(change, [{"profile": profile, "batch_size": batch_size}])

    def learned_limit(self, profile: str) -> tuple[int, float] | None:
        """The calls in a time, in seconds, that the API allowed an earlier run, if it told."""
        query = sa.select(_limits).where(_limits.c.profile == profile)
        return next(((row.calls, row.seconds) for row in self._rows(query)), None)

    def learn_limit(self, profile: str, calls: int, seconds: float) -> None:
        """Keep a limit, to say beforehand how long a run will take."""
        limit = {"calls": calls, "seconds": seconds}
        change = upsert(_limits).on_conflict_do_update(index_elements=["profile"], set_=limit)
        with self.transaction():
            self._execute(change, [{"profile": profile, **limit}])

    # -- results files ----------------------------------------------------------------------------------------------

    def enter_file(self, digest: bytes, place: bytes) -> None:
        """Enter that a results file is about to stand somewhere; the file and its path by their SHA-256."""
        with self.transaction():
            self._execute(upsert(_written).on_conflict_do_nothing(), [{"digest": digest, "place": place}])

    def wrote(self, digest: bytes) -> bool:
        """Whether such a results file was entered, wherever it stood."""
        return bool(self._rows(sa.select(_written.c.place).where(_written.c.digest == digest).limit(1)))

    def wrote_at(self, place: bytes) -> bool:
        """Whether any results file was entered for this place."""
        return bool(self._rows(sa.select(_written.c.place).where(_written.c.place == place).limit(1)))

    # -- notes ------------------------------------------------------------------------------------------------------

    def note_numbers(self, profile: str, keys: Sequence[NoteKey]) -> tuple[list[int], set[int]]:
        """The numbers of notes, in their order; new notes are entered. Also the numbers that were known before."""
        with self.transaction():
            found = self._numbers(profile, keys)
            known = set(found.values())
            last = self._execute(sa.select(sa.func.max(_notes.c.id))).scalar() or 0
            new = list({key.digest: key for key in keys if key.digest not in found}.values())
            found.update((key.digest, number) for number, key in enumerate(new, last + 1))
            for start in range(0, len(new), _MANY):  # a dict for each of a million notes would not stay small
                self._execute(
                    sa.insert(_notes),
                    [
                        {
                            "id": found[key.digest],
                            "profile": profile,
                            "digest": key.digest,
                            "seen": key.seen,
                            "readings": b"".join(sorted(key.readings)),
                            "visibility": key.visibility.value,
                            "status": key.status.value,
                        }
                        for key in new[start : start + _MANY]
                    ],
                )
        return [found[key.digest] for key in keys], known

    def find_notes(self, profile: str, keys: Sequence[NoteKey]) -> list[int | None]:
        """The numbers of notes, in their order; None for those that were never sent."""
        with self.transaction():
            found = self._numbers(profile, keys)
        return [found.get(key.digest) for key in keys]

    def _numbers(self, profile: str, keys: Sequence[NoteKey]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for start in range(0, len(keys), _MANY):
            digests = [key.digest for key in keys[start : start + _MANY]]
            query = sa.select(_notes.c.digest, _notes.c.id).where(
                _notes.c.profile == profile, _notes.c.digest.in_(digests)
            )
            found.update((row.digest, row.id) for row in self._execute(query))
        return found

    # -- deliveries -------------------------------------------------------------------------------------------------

    def known(self, note: int, prospects: Sequence[str]) -> dict[tuple[str, str], Known]:
        """What is known of a note's deliveries to these prospects: (prospect, occurrence) → state."""
        base = _known_query().where(_deliveries.c.note == note)
        wanted = set(prospects)
        found: dict[tuple[str, str], Known] = {}
        if len(wanted) > 4 * _MANY:
            queries: Iterable[sa.Select[Any]] = [base]
        else:
            ids = list(wanted)
            queries = [
                base.where(_deliveries.c.prospect.in_(ids[start : start + _MANY]))
                for start in range(0, len(ids), _MANY)
            ]
        for query in queries:
            for row in self._rows(query):
                if row.prospect in wanted:
                    found[row.prospect, row.occurrence] = _known(row)
        return found

    def claim(
        self,
        run: Run,
        note: int,
        request: Request,
        occurrence: str,
        *,
        sent_at: float,
        since: float | None,
        replaces: int | None = None,
    ) -> int | None:
        """Enter that a request is about to be sent; to be called inside a transaction.

        Args:
            run: the run that sends it.
            note: the note's number.
            request: its prospects and keys.
            occurrence: what the run puts before every key.
            sent_at: now, by our clock.
            since: the earliest that the server's clock may show now, or showed at the first attempt; None if unknown.
            replaces: the request whose deliveries, known to be absent, this one sends again.

        Returns:
            the request's number, or None when another has claimed or made one of its deliveries; leave the
            transaction by an exception then.
        """
        values = {"run": run.id, "note": note, "sent_at": sent_at, "since": since}
        key = self._execute(_NEW_REQUEST, values).inserted_primary_key
        assert key is not None
        number = int(key[0])
        rows = list(zip(request.prospects, (occurrence + key for key in request.keys), strict=True))
        won = self._many(_CLAIM, rows, note=note, request=number, at=sent_at, replaces=replaces)
        return number if won == len(rows) else None

    def answer(self, number: int, note: int, answers: Iterable[tuple[str, str, Answer]], at: float) -> None:
        """Enter answers to a request, each for a (prospect, occurrence)."""
        rows = [
            (
                prospect,
                occurrence,
                (State.CREATED if answer.note_id is not None else State.REJECTED).value,
                answer.note_id,
                answer.reason or None,
            )
            for prospect, occurrence, answer in answers
        ]
        self._many(_ANSWER, rows, of_note=note, of_request=number, at=at)

    def unconfirm(self, number: int, note: int, deliveries: Iterable[tuple[str, str]]) -> None:
        """Enter that it can't be found out whether these deliveries were made."""
        rows = [{"p": prospect, "o": occurrence} for prospect, occurrence in deliveries]
        if rows:
            change = _one_delivery(_deliveries.update(), note, number).values(state=State.UNCONFIRMED.value)
            self._execute(change, rows)

    def release(self, number: int, note: int, deliveries: Iterable[tuple[str, str]]) -> None:
        """Enter that these deliveries surely were not made: the claim is given up."""
        rows = [{"p": prospect, "o": occurrence} for prospect, occurrence in deliveries]
        if rows:
            self._execute(_one_delivery(_deliveries.delete(), note, number), rows)

    def adopted(self, profile: str, key: NoteKey, prospect: str) -> set[str]:
        """Ids of the prospect's notes that a delivery already has, among those that reading back may show for this one.

        They are the notes in which a reader sees the same; for a draft all drafts, of which only the last is shown.
        """
        alike = _notes.c.seen == key.seen
        if key.status is Status.DRAFT:
            alike = sa.or_(alike, _notes.c.status == Status.DRAFT.value)
        query = (
            sa.select(_deliveries.c.note_id)
            .join(_notes, _notes.c.id == _deliveries.c.note)
            .where(
                _notes.c.profile == profile,
                alike,
                _deliveries.c.prospect == prospect,
                _deliveries.c.note_id.is_not(None),
            )
        )
        return {row.note_id for row in self._rows(query)}

    def unsettled(self, profile: str) -> dict[int, tuple[int, NoteKey, list[Known]]]:
        """Deliveries of which no run knows what became of them: request number → note's number, note, deliveries."""
        query = (
            _known_query()
            .add_columns(_deliveries.c.note, *_note_columns())
            .join(_notes, _notes.c.id == _deliveries.c.note)
            .where(
                _notes.c.profile == profile,
                _deliveries.c.state.in_([State.SENDING.value, State.UNCONFIRMED.value]),
            )
        )
        found: dict[int, tuple[int, NoteKey, list[Known]]] = {}
        for row in self._rows(query):
            found.setdefault(row.request, (row.note, _note_key(row), []))[2].append(_known(row))
        return found

    def profiles_of(self, note_ids: Sequence[str]) -> list[str]:
        """The workspaces in which notes with some of these ids were created; at most a few hundred ids."""
        query = (
            sa.select(_notes.c.profile)
            .distinct()
            .join(_deliveries, _deliveries.c.note == _notes.c.id)
            .where(_deliveries.c.note_id.in_(note_ids))
            .order_by(_notes.c.profile)
        )
        return [row.profile for row in self._rows(query)]

    def created_by(self, run: Run) -> list[tuple[int, Known]]:
        """The notes that a run created and that were not hidden since: note's number and delivery."""
        query = (
            _known_query()
            .add_columns(_deliveries.c.note)
            .where(_requests.c.run == run.id, _deliveries.c.state == State.CREATED.value)
            .order_by(_deliveries.c.request)
        )
        return [(row.note, _known(row)) for row in self._rows(query)]

    def hide(self, notes: Iterable[tuple[int, Known]]) -> None:
        """Enter that notes were made private drafts."""
        change = sa.update(_deliveries).where(
            _deliveries.c.note == sa.bindparam("n"),
            _deliveries.c.prospect == sa.bindparam("p"),
            _deliveries.c.occurrence == sa.bindparam("o"),
        )
        rows = [{"n": note, "p": known.prospect, "o": known.occurrence} for note, known in notes]
        if rows:
            with self.transaction():
                self._execute(change.values(state=State.HIDDEN.value), rows)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement inside the transaction that the caller has opened."""
        assert self._inside
        return self._connection.execute(statement, parameters)

    def _many(self, statement: _Many, rows: Sequence[tuple[object, ...]], **constants: object) -> int:
        """Run a statement for each row, inside the transaction that the caller has opened; how many it changed."""
        assert self._inside
        if not rows:
            return 0
        return self._connection.exec_driver_sql(statement.text, statement.parameters(rows, constants)).rowcount

    def _rows(self, query: sa.Executable) -> Sequence[Any]:
        with self.transaction():
            rows: Sequence[Any] = self._execute(query).all()
        return rows


def _counts_column() -> Any:
    """What is of any use of ``counts``, however much stands there."""
    return sa.func.substr(_runs.c.counts, 1, _LONGEST_COUNTS + 1).label("counts")


def _counts(text: object) -> dict[str, int]:
    """Rows by result as :meth:`Journal.end_run` wrote them; of what something else wrote there, nothing."""
    if not isinstance(text, str) or len(text) > _LONGEST_COUNTS:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    counts = found.items() if isinstance(found, dict) else ()
    return {result: rows for result, rows in counts if result in _RESULTS and type(rows) is int and 0 <= rows < 1 << 63}


def _one_delivery(change: Any, note: int, number: int) -> Any:
    return change.where(
        _deliveries.c.note == note,
        _deliveries.c.prospect == sa.bindparam("p"),
        _deliveries.c.occurrence == sa.bindparam("o"),
        _deliveries.c.request == number,
    )


class _Many:
    """A statement that is run for many rows, compiled once; SQLAlchemy would make dicts of all rows each time.

    Args:
        statement: with ``bindparam`` where a value comes in.
        varying: the names of those that differ from row to row, in the order of a row's values.
    """

    def __init__(self, statement: Any, *varying: str) -> None:
        compiled = statement.compile(dialect=sqlite.dialect())
        self.text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if name not in varying}
        order = [*self._constants, *varying]
        self._arranged = itemgetter(*(order.index(name) for name in compiled.positiontup))

    def parameters(
        self, rows: Iterable[tuple[object, ...]], constants: Mapping[str, object]
    ) -> list[tuple[object, ...]]:
        """The rows' values and what is the same for all of them, in the order of the statement."""
        assert constants.keys() <= self._constants.keys()
        same = tuple({**self._constants, **constants}.values())
        return [self._arranged(same + row) for row in rows]


def _claim() -> sa.Insert:
    insert = upsert(_deliveries).values(
        note=sa.bindparam("note"),
        prospect=sa.bindparam("prospect"),
        occurrence=sa.bindparam("occurrence"),
        state=State.SENDING.value,
        request=sa.bindparam("request"),
        at=sa.bindparam("at"),
    )
    state, new = _deliveries.c.state, insert.excluded
    unclear = sa.or_(state == State.SENDING.value, state == State.UNCONFIRMED.value)
    return insert.on_conflict_do_update(
        index_elements=["note", "prospect", "occurrence"],
        set_={"state": new.state, "request": new.request, "at": new.at, "note_id": None, "reason": None},
        where=sa.or_(
            state == State.REJECTED.value, sa.and_(_deliveries.c.request == sa.bindparam("replaces"), unclear)
        ),
    )


_NEW_REQUEST = sa.insert(_requests)
_CLAIM = _Many(_claim(), "prospect", "occurrence")
_ANSWER = _Many(
    _deliveries.update()
    .where(
        _deliveries.c.note == sa.bindparam("of_note"),
        _deliveries.c.prospect == sa.bindparam("p"),
        _deliveries.c.occurrence == sa.bindparam("o"),
        _deliveries.c.request == sa.bindparam("of_request"),
    )
    .values(
        state=sa.bindparam("s"), note_id=sa.bindparam("i"), reason=sa.bindparam("r"), at=sa.bindparam("at")
    ),
    "p", "o", "s", "i", "r",
)  # fmt: skip


def _known_query() -> sa.Select[Any]:
    return sa.select(
        _deliveries.c.prospect,
        _deliveries.c.occurrence,
        _deliveries.c.state,
        _deliveries.c.note_id,
        _deliveries.c.at,
        _deliveries.c.reason,
        _deliveries.c.request,
        _requests.c.run,
        _requests.c.sent_at,
        _requests.c.since,
    ).join(_requests, _requests.c.id == _deliveries.c.request)


def _note_columns() -> list[sa.Column[Any]]:
    return [_notes.c.digest, _notes.c.seen, _notes.c.readings, _notes.c.visibility, _notes.c.status]


def _note_key(row: Any) -> NoteKey:
    readings = frozenset(row.readings[start : start + 32] for start in range(0, len(row.readings), 32))
    return NoteKey(row.digest, row.seen, readings, Visibility(row.visibility), Status(row.status))


def _known(row: Any) -> Known:
    return Known(
        row.prospect, row.occurrence, State(row.state), row.note_id, row.at, row.reason, row.request, row.run,
        row.sent_at, row.since,
    )  # fmt: skip


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path.absolute())), connect_args={"timeout": 30.0})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, see _begin
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk: power may fail at any moment

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _examine(path: Path) -> int:
    """Look at an existing file without changing it; the version of its schema, 0 where there is nothing yet.

    Raises:
        UnusableJournal: it is no file.
        WrongJournal: it is damaged, isn't a journal of ours, or is of a later version.
        sqlite3.OperationalError: it can't be opened or read.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return 0
    untouched = "It was left as it is, and nothing was sent. Name another with --journal."
    if not path.is_file():
        raise UnusableJournal(f"The journal {path} is not a file. {untouched}")
    try:
        # Unless a log stands beside it, everything is in the file, and SQLite need not make a log in order to read it.
        log = path.with_name(f"{path.name}-wal")
        mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=30.0)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            columns = {row[1] for row in connection.execute("PRAGMA table_info(about)")}
            is_ours = {"name", "value"} <= columns
            about = dict(connection.execute("SELECT name, value FROM about")) if is_ours else {}
            state = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if about else "ok"
        finally:
            connection.close()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise WrongJournal(f"The journal {path} is damaged, or no journal at all: {error}. {untouched}") from error
    if tables and about.get("application") != _APPLICATION:
        raise WrongJournal(f"{path} is a database of some other program. {untouched}")
    schema = str(about.get("schema", "0" if not tables else ""))
    if state != "ok" or not re.fullmatch(r"\d{1,9}", schema):
        raise WrongJournal(f"The journal {path} is damaged: {state if state != 'ok' else 'no schema'}. {untouched}")
    if int(schema) > SCHEMA:
        raise WrongJournal(
            f"The journal {path} was written by a later version of note-importer; install that one. {untouched}"
        )
    return int(schema)


def _create_private(path: Path) -> None:
    """Make the file readable by its owner only, before anything stands in it."""
    make_private_folder(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _cause(error: BaseException) -> str:
    """The database's own words, without the statement that SQLAlchemy adds."""
    original = getattr(error, "orig", None)
    return str(original or error)
