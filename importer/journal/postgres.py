"""Keep a journal in PostgreSQL; the rest of the journal doesn't depend on that database.

Input: the URL of a database. Output: a store over one connection, which also holds the workspace's lock. A process that
loses the connection loses the lock and can claim nothing. Reads see one state of the journal and take no lock.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from importer.errors import BadSettings, Busy, JournalFailed, UnusableJournal, WrongJournal
from importer.journal import schema
from importer.journal.connecting import SCHEMA, connect
from importer.journal.lock import user
from importer.journal.store import ForRows, Row, Store
from importer.messages import Message, render, say


class PostgresStore(Store):
    """Open PostgreSQL database, over one connection that is never replaced, because its lock would be lost."""

    is_shared = True
    failures = (psycopg.Error,)
    mend = say("postgres.mend")
    _home: int | None = None  # the connection that holds the lock

    @staticmethod
    def exists(url: str) -> bool:
        """Return whether a journal exists; also True if the database can't be checked."""
        try:
            with contextlib.closing(connect(url)) as connection:
                return bool(connection.execute(_with_values(_TABLES), {"schema": SCHEMA}).fetchall())
        except (JournalFailed, UnusableJournal, psycopg.Error):
            return True

    @classmethod
    def open(cls, url: str) -> PostgresStore:
        """Open a journal, and make its tables if there are none.

        Raises:
            Busy, JournalFailed, UnusableJournal, WrongJournal: see :meth:`importer.journal.Journal.open`.
        """
        store = cls(connect(url), url)
        try:
            schema.make(store, _version(store))
        except JournalFailed as error:
            store.close()
            # PostgreSQL reports tables as missing if their schema may not be used.
            if not isinstance(error.__cause__, (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
                raise
            words = str(error.__cause__).splitlines()[0]
            raise UnusableJournal(say("postgres.no-rights", name=url, error=words)) from error
        except BaseException:
            store.close()
            raise
        return store

    def _begin(self, *, writes: bool) -> None:
        if self.connection.closed:
            raise psycopg.OperationalError(render(say("journal.connection-lost")))
        self.connection.read_only = not writes
        self.connection.isolation_level = (
            psycopg.IsolationLevel.READ_COMMITTED if writes else psycopg.IsolationLevel.REPEATABLE_READ
        )

    def _run(self, text: str, values: Mapping[str, Any]) -> Any:
        return self.connection.execute(_with_values(text), values)

    def _run_for_all(self, statement: ForRows, rows: Sequence[Row], constants: Mapping[str, Any]) -> int:
        """Run one statement for all rows, which takes a third of the time of one for each row."""
        changed: int = self._run(_for_all(statement), {**constants, **_arrays(statement, rows)}).rowcount
        return changed

    def _matching(self, query: ForRows, rows: Sequence[Row], constants: Mapping[str, Any]) -> Sequence[Row]:
        found: list[Row] = self._run(_for_all(query), {**constants, **_arrays(query, rows)}).fetchall()
        return found

    def numbered(self, insert: ForRows, rows: Sequence[Row], **constants: object) -> list[int]:
        """See :class:`.store.Store`."""
        text = f"{_for_all(insert)} ORDER BY given.position RETURNING id"
        return sorted(number for (number,) in self._run(text, {**constants, **_arrays(insert, rows)}))

    def define(self, text: str) -> None:
        """See :class:`.store.Store`."""
        self.connection.execute(_with_own_types(text).encode())

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let only one process at a time change tables; make the schema, the views and further indexes."""
        with self.transaction():
            self.execute("SELECT pg_advisory_xact_lock(:key)", key=_key(""))
            if not self.scalar("SELECT to_regnamespace(:name) IS NOT NULL", name=SCHEMA):
                self.execute(f"CREATE SCHEMA {SCHEMA}")
            check_owners(self)  # another role may have made the schema since the last check
            yield
            # These pay off if a journal holds an agency's many workspaces, of which a run uses one.
            self.execute("CREATE INDEX IF NOT EXISTS ix_runs_workspace ON runs (workspace)")
            for view in (_RUNS, _DELIVERIES):
                self.define(view)

    @contextmanager
    def held(self, workspace: str) -> Iterator[None]:
        """Hold a workspace's lock on this connection; the server releases it whenever that connection ends.

        Raises:
            Busy: another connection holds the lock; the message says who, and since when.
            UnusableJournal: the user may not write all tables.
            WrongJournal: another version has changed the tables meanwhile.
        """
        key = _key(workspace)
        with self.transaction():
            if not self.scalar("SELECT pg_try_advisory_lock(:key)", key=key):
                raise _busy(self, key)
        try:
            with self.transaction():
                self.execute("SELECT set_config('application_name', :name, false)", name=_self())
            missing = self.rows(_NOT_WRITABLE, schema=SCHEMA)
            if missing:
                raise UnusableJournal(say("postgres.may-not-write", name=self.name, table=missing[0][0]))
            if int(self.about("schema")) > schema.VERSION:
                raise WrongJournal(say("journal.of-later-version", name=self.name))
            self.stay()
            yield
        finally:
            with contextlib.suppress(JournalFailed), self.transaction():
                self.execute("SELECT pg_advisory_unlock(:key)", key=key)

    def back_up(self, target: Path) -> None:
        """Refuse to copy the database, because its own tools can restore more than one moment.

        Raises:
            BadSettings: always.
        """
        raise BadSettings(say("postgres.copies-itself", file=str(target)))

    def now(self) -> float:
        """See :class:`.store.Store`."""
        [(now, connection)] = self.rows(_CLOCK)
        if self._home not in (None, connection):
            raise JournalFailed(say("journal.another-connection", name=self.name))
        return float(now)

    def stay(self) -> None:
        """Remember the current connection; :meth:`now` fails on any other."""
        [(_, self._home)] = self.rows(_CLOCK)


_CLOCK = "SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8), pg_backend_pid()"
_TYPES = {"INTEGER PRIMARY KEY": "BIGSERIAL PRIMARY KEY", "INTEGER": "BIGINT", "BLOB": "BYTEA", " WITHOUT ROWID": ""}


def _with_own_types(text: str) -> str:
    """Return a text with PostgreSQL's types in place of SQLite's."""
    for theirs, ours in _TYPES.items():
        text = text.replace(theirs, ours)
    return text


@functools.cache
def _with_values(text: str) -> bytes:
    """Return a text with the driver's ``%(name)s`` in place of ``:name``."""
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", text).encode()


@functools.cache
def _for_all(statement: ForRows) -> str:
    """Return the text of a statement that takes an array for each column."""
    columns = statement.columns
    rows = f"unnest({', '.join(f':{column}::{_with_own_types(type_)}[]' for column, type_ in columns.items())})"
    source = f"{rows} WITH ORDINALITY AS given ({', '.join(columns)}, position)"
    return statement.text.format(
        values="SELECT",
        end=f"FROM {source}",
        from_given=f"FROM {source}",
        using_given=f"USING {source}",
        and_given=f", {source}",
        given=f"SELECT * FROM {rows}",
        **{column: f"given.{column}" for column in columns},
    )


def _arrays(statement: ForRows, rows: Sequence[Row]) -> dict[str, list[Any]]:
    return dict(zip(statement.columns, map(list, zip(*rows, strict=True)), strict=True))


def _version(store: Store) -> int:
    """Return the schema version of the tables without changing anything; 0 if there are none."""
    check_owners(store)
    tables = {name for (name,) in store.rows(_TABLES, schema=SCHEMA)}
    if not tables:
        return 0
    about: dict[str, str] = dict(store.rows("SELECT name, value FROM about")) if "about" in tables else {}
    if about.get("application") != schema.APPLICATION:
        raise WrongJournal(say("postgres.foreign", name=store.name))
    version = schema.version_in(about, store.name)
    if version is None:
        raise WrongJournal(say("postgres.is-damaged", name=store.name))
    return version


_TABLES = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = :schema AND relkind = 'r'
"""
_NOT_WRITABLE = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = :schema AND relkind = 'r' AND relname <> 'about' AND NOT (
    has_table_privilege(pg_class.oid, 'INSERT') AND has_table_privilege(pg_class.oid, 'UPDATE')
    AND has_table_privilege(pg_class.oid, 'DELETE'))
ORDER BY relname
"""


# -- views for people who report on the journal with SQL --------------------------------------------------------------
# Their columns stay while the tables change: columns are added at a view's end, and rights are granted on the views.

_RUNS = """
CREATE OR REPLACE VIEW report_runs AS
SELECT runs.name AS run, workspaces.profile, workspaces.base_url, runs.file,
       to_timestamp(runs.started_at) AS started_at, to_timestamp(runs.ended_at) AS ended_at, runs.ended,
       (counts::jsonb ->> 'created')::bigint AS created,
       (counts::jsonb ->> 'duplicate')::bigint AS duplicate,
       (counts::jsonb ->> 'already imported')::bigint AS already_imported,
       (counts::jsonb ->> 'rejected')::bigint AS rejected,
       (counts::jsonb ->> 'invalid')::bigint AS invalid,
       (counts::jsonb ->> 'unconfirmed')::bigint AS unconfirmed,
       (counts::jsonb ->> 'not sent')::bigint AS not_sent,
       (counts::jsonb ->> 'skipped')::bigint AS skipped
FROM runs JOIN workspaces ON workspaces.id = runs.workspace
"""
# A reason is a message as JSON (see :func:`importer.journal.known.written`), of which the view shows the kind.
_DELIVERIES = r"""
CREATE OR REPLACE VIEW report_deliveries AS
SELECT workspaces.profile, workspaces.base_url, runs.name AS run, deliveries.prospect, deliveries.key,
       deliveries.state, deliveries.note_id, to_timestamp(deliveries.at) AS at,
       coalesce(substring(deliveries.reason from '^\["([^"]+)", \{'), deliveries.reason) AS reason,
       CASE notes.visibility WHEN '1' THEN 'public' WHEN '2' THEN 'private' END AS visibility,
       CASE notes.status WHEN '1' THEN 'published' WHEN '0' THEN 'draft' END AS status,
       deliveries.reason AS message
FROM deliveries
JOIN notes ON notes.id = deliveries.note
JOIN workspaces ON workspaces.id = deliveries.workspace
JOIN requests ON requests.id = deliveries.request
JOIN runs ON runs.id = requests.run
"""


# -- who owns the schema, and who else could add code to it that runs as the importer ----------------------------------

_OWNER = "note_importer.owner"
"""Setting with the owner's role; set for the database, a role or a connection."""


def check_owners(store: Store) -> None:
    """Check that nothing in the schema runs code written by another role; the schema may be missing.

    Anyone who may create objects in the database could create the schema first, with a trigger that runs with the
    importer's rights. So the schema and all its objects must belong to this user, to an administrator, or to the role
    in the setting ``note_importer.owner``.

    Raises:
        UnusableJournal: another role's code could run.
    """
    rows = store.rows(_STRANGE, schema=SCHEMA, owner=_OWNER)
    if not rows:
        return
    kind, thing, role = rows[0]
    why, mend = {"thing": thing, "role": role or say("owners.everybody")}, {"thing": thing, "role": role or "PUBLIC"}
    reasons = {"why": say(f"owners.{kind}", **why), "mend": say(f"owners.mend-{kind}", **mend)}
    raise UnusableJournal(say("owners.strange", name=store.name, **reasons))


# Each comparison is between equal types, so that no operator that somebody added to the schema takes precedence.
_STRANGE = """
WITH ours AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname = current_user
        OR rolname = pg_catalog.current_setting(:owner, true)
), space AS (
    SELECT oid, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = :schema
), held AS (
    SELECT pg_class.oid, relname, relowner, relacl FROM pg_catalog.pg_class JOIN space ON relnamespace = space.oid
), owned AS (
    SELECT 'schema' AS what, '' AS thing, nspowner AS owner FROM space
    UNION ALL SELECT 'object', relname, relowner FROM held
    UNION ALL SELECT 'object', proname, proowner FROM pg_catalog.pg_proc JOIN space ON pronamespace = space.oid
    UNION ALL SELECT 'object', typname, typowner FROM pg_catalog.pg_type JOIN space ON typnamespace = space.oid
    UNION ALL SELECT 'object', oprname, oprowner FROM pg_catalog.pg_operator JOIN space ON oprnamespace = space.oid
), granted AS (
    SELECT 'create' AS what, '' AS thing, grantee, privilege_type AS right_to
    FROM space, pg_catalog.aclexplode(nspacl)
    UNION ALL SELECT 'trigger', relname, grantee, privilege_type FROM held, pg_catalog.aclexplode(relacl)
)
SELECT what, thing, pg_catalog.pg_get_userbyid(owner) FROM owned WHERE owner NOT IN (SELECT oid FROM ours)
UNION ALL
SELECT what, thing, CASE WHEN grantee <> CAST(0 AS oid) THEN pg_catalog.pg_get_userbyid(grantee) END FROM granted
WHERE right_to = pg_catalog.upper(what) AND grantee NOT IN (SELECT oid FROM ours)
UNION ALL
SELECT 'has-trigger', relname, tgname FROM pg_catalog.pg_trigger JOIN held ON tgrelid = held.oid WHERE NOT tgisinternal
UNION ALL
SELECT 'has-rule', relname, rulename FROM pg_catalog.pg_rewrite JOIN held ON ev_class = held.oid
WHERE rulename <> '_RETURN'
"""


# -- the lock ---------------------------------------------------------------------------------------------------------


def _key(workspace: str) -> int:
    """Return the number of a workspace's lock; an empty name gives the lock for changing tables."""
    digest = hashlib.sha256(f"note-importer {workspace}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _self() -> str:
    """Return the connection's name, by which others see who holds the lock; at most 63 bytes long."""
    return f"note-importer {os.getpid()} {datetime.now(UTC):%Y%m%dT%H%M%SZ} {user()}@{platform.node()}"[:63]


def _busy(store: Store, key: int) -> Busy:
    holder = _who(store.scalar(_HOLDER, high=key >> 32 & 0xFFFFFFFF, low=key & 0xFFFFFFFF) or "")
    return Busy(say("lock.busy", who=holder), holder)


_HOLDER = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND pg_locks.objsubid = 1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = :high AND objid::bigint = :low
"""
_NAMED = re.compile(r"note-importer (\d+) (\d{8}T\d{6}Z) (.*)@(.*)")


def _who(name: str) -> Message:
    match = _NAMED.fullmatch(name)
    if match is None:
        return say("holder.calls-itself", name=name) if name else say("holder.nameless")
    process, since, holder, host = match.groups()
    began = datetime.strptime(since, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone()
    return say("holder.named", user=holder, host=host, process=process, since=f"{began:%Y-%m-%d %H:%M:%S}")
