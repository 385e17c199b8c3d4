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
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from importer.errors import BadSettings, Busy, JournalFailed, UnusableJournal, WrongJournal
from importer.journal import identity, migrations, owners, schema, views
from importer.journal.connecting import SCHEMA, connect
from importer.journal.lock import user
from importer.journal.statements import Among, Dialect, Many, Row
from importer.journal.store import WRITES, Store
from importer.messages import Message, render, say

schema.drafts.dialect_options["postgresql"]["where"] = sa.text("status = '0'")
schema.unclear.dialect_options["postgresql"]["where"] = sa.text("state IN ('sending', 'unconfirmed')")
schema.resent.dialect_options["postgresql"]["where"] = sa.text("resent_at IS NOT NULL")
schema.sampled.dialect_options["postgresql"]["where"] = sa.text("sample IS NOT NULL")


def _many(many: Many, rows: Sequence[Row], constants: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return one statement for all rows, with an array for each column. Row by row would take three times as long."""
    text, defaults = _for_all(many)
    assert constants.keys() <= defaults.keys()
    columns = map(list, zip(*rows, strict=True))
    return text, {**defaults, **constants, **dict(zip(many.varying, columns, strict=True))}


@functools.cache
def _for_all(many: Many) -> tuple[str, dict[str, Any]]:
    compiled, constants = many.compiled(_COMPILER, postgresql.insert)
    types = {name: compiled.binds[name].type.compile(_COMPILER) for name in many.varying}
    arrays = ", ".join(f"%({name})s::{type_}[]" for name, type_ in types.items())
    rows = f"unnest({arrays}) AS given ({', '.join(many.varying)})"
    text = re.sub(
        r"%\((\w+)\)s(::\w+)?",
        lambda match: f"given.{match[1]}" if match[1] in many.varying else match[0],
        str(compiled),
    )
    text = re.sub(r"^(INSERT .*?)VALUES \((.*?)\)(?= ON CONFLICT|$)", rf"\1SELECT \2 FROM {rows}", text)
    text = re.sub(r"^(UPDATE .*?) WHERE", rf"\1 FROM {rows} WHERE", text)
    return re.sub(r"^(DELETE .*?) WHERE", rf"\1 USING {rows} WHERE", text), constants


def _among(among: Among, values: Sequence[Row]) -> tuple[str, dict[str, Any]]:
    names = [column.name for column in among.columns]
    return _text(among), dict(zip(names, map(list, zip(*values, strict=True)), strict=True))


@functools.cache
def _text(among: Among) -> str:
    """Return the query for any number of value tuples, which are passed as an array for each column."""
    arrays = [sa.bindparam(column.name, type_=postgresql.ARRAY(column.type)) for column in among.columns]
    names = (column.name for column in among.columns)
    values = sa.func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    equalities = (column == values.c[column.name] for column in among.columns)
    return str(among.query.join(values, sa.and_(*equalities)).compile(dialect=_COMPILER))


_COMPILER: sa.Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
DIALECT = Dialect(
    "postgresql",
    postgresql.insert,
    _many,
    _among,
    (sa.exc.DBAPIError, psycopg.Error),
    say("postgres.mend"),
    clock=sa.text("SELECT extract(epoch FROM clock_timestamp())::float8 AS now, pg_backend_pid() AS connection"),
)


class PostgresServer:
    """Location of a journal in a PostgreSQL database, whether or not the journal exists yet.

    Attributes:
        name: its name in messages.
        is_shared: whether other machines may use it.
        beside: the path after which the journal's small files on this machine are named.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        self.name = url
        self.beside = identity.folder() / f"journal-{hashlib.sha256(url.encode()).hexdigest()[:16]}"

    def exists(self) -> bool:
        """Return whether a journal exists; also True if the database can't be checked."""
        try:
            with contextlib.closing(connect(self.name)) as connection:
                return bool(connection.execute(_TABLES, [SCHEMA]).fetchall())
        except (JournalFailed, UnusableJournal, psycopg.Error):
            return True

    def open(self) -> Store:
        """Open the journal's store, with its tables at the current version.

        Raises:
            Busy, JournalFailed, UnusableJournal, WrongJournal: see :meth:`importer.journal.Journal.open`.
        """
        store = Store(_engine(self.name), self.name, DIALECT)
        try:
            version = self._examine(store)
            if version != schema.VERSION:
                migrations.bring_up(
                    store,
                    version,
                    lambda name: self.held(store, name),
                    lambda: _begin_migration(store),
                    lambda: views.make(store),
                )
        except JournalFailed as error:
            store.close()
            raise self._without_rights(error) or error from error
        except BaseException:
            store.close()
            raise
        return store

    def _examine(self, store: Store) -> int:
        """Return the schema version of the tables without changing anything; 0 if there are none."""
        owners.check(store)
        tables = {row[0] for row in store.rows(sa.text(_TABLES.replace("%s", ":schema")), {"schema": SCHEMA})}
        if not tables:
            return 0
        about: dict[str, str] = {}
        if "about" in tables:
            about = {row.name: row.value for row in store.rows(sa.select(schema.about))}
        if about.get("application") != schema.APPLICATION:
            raise WrongJournal(say("postgres.foreign", name=self.name))
        version = about.get("schema", "")
        if not re.fullmatch(r"\d{1,9}", version):
            raise WrongJournal(say("postgres.is-damaged", name=self.name))
        if int(version) > schema.VERSION:
            raise WrongJournal(say("journal.of-later-version", name=self.name))
        return int(version)

    def _without_rights(self, error: JournalFailed) -> UnusableJournal | None:
        """Return the error in clearer words if a missing right caused it, otherwise None."""
        cause = getattr(error.__cause__, "orig", error.__cause__)
        # PostgreSQL reports tables as missing if their schema may not be used.
        if not isinstance(cause, (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
            return None
        return UnusableJournal(say("postgres.no-rights", name=self.name, error=str(cause).splitlines()[0]))

    @contextmanager
    def held(self, store: Store, workspace: str) -> Iterator[None]:
        """Hold a workspace's lock on the store's connection; the server releases it whenever that connection ends.

        Raises:
            Busy: another connection holds the lock; the message says who, and since when.
            UnusableJournal: the user may not write all tables.
            WrongJournal: another version has changed the tables meanwhile.
        """
        key = _key(workspace)
        with store.transaction():
            if not store.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), key=key):
                raise _busy(store, key)
        try:
            with store.transaction():
                store.scalar(sa.text("SELECT set_config('application_name', :name, false)"), name=_self())
            missing = store.rows(sa.text(_NOT_WRITABLE), {"schema": SCHEMA})
            if missing:
                raise UnusableJournal(say("postgres.may-not-write", name=self.name, table=missing[0].relname))
            if int(store.about("schema")) > schema.VERSION:
                raise WrongJournal(say("journal.of-later-version", name=self.name))
            store.stay()
            yield
        finally:
            with contextlib.suppress(JournalFailed), store.transaction():
                store.scalar(sa.text("SELECT pg_advisory_unlock(:key)"), key=key)

    def see_that_it_stands(self) -> None:
        """Do nothing, because a process that loses the connection can claim nothing."""

    def go_on_numbering(self, store: Store) -> None:
        """Make the next row numbers follow those of the existing rows; call this inside a transaction."""
        for table in schema.tables.sorted_tables:
            if (column := table.autoincrement_column) is not None:
                query = f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), max({column.name}))"
                store.connection.exec_driver_sql(f"{query} FROM {table.name} HAVING count(*) > 0")

    def back_up(self, _: Store, target: Path) -> None:
        """Refuse to copy the database, because its own tools can restore more than one moment.

        Raises:
            BadSettings: always.
        """
        raise BadSettings(say("postgres.copies-itself", file=str(target)))


_TABLES = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s AND relkind = 'r'
"""
_NOT_WRITABLE = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = :schema AND relkind = 'r' AND relname <> 'about' AND NOT (
    has_table_privilege(pg_class.oid, 'INSERT') AND has_table_privilege(pg_class.oid, 'UPDATE')
    AND has_table_privilege(pg_class.oid, 'DELETE'))
ORDER BY relname
"""


def _engine(url: str) -> sa.Engine:
    """Return an engine of one connection, which is never replaced, because its lock would be lost."""
    connections: list[psycopg.Connection[Any]] = []

    def only() -> psycopg.Connection[Any]:
        if connections:
            raise psycopg.OperationalError(render(say("journal.connection-lost")))
        connections.append(connect(url))
        return connections[0]

    engine = sa.create_engine(
        "postgresql+psycopg://", creator=only, poolclass=sa.NullPool, pool_reset_on_return=None, use_native_hstore=False
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        driver_connection: Any = connection.connection.driver_connection
        writes = bool(connection.get_execution_options().get(WRITES))
        driver_connection.read_only = not writes
        driver_connection.isolation_level = (
            psycopg.IsolationLevel.READ_COMMITTED if writes else psycopg.IsolationLevel.REPEATABLE_READ
        )

    return engine


def _begin_migration(store: Store) -> None:
    """Let only one process at a time change tables, and create the schema if it is missing."""
    store.scalar(sa.text("SELECT pg_advisory_xact_lock(:key) IS NULL"), key=_key(""))
    if not store.scalar(sa.text("SELECT to_regnamespace(:name) IS NOT NULL"), name=SCHEMA):
        store.connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    owners.check(store)  # another role may have made the schema since the last check


# -- the lock ---------------------------------------------------------------------------------------------------------


def _key(workspace: str) -> int:
    """Return the number of a workspace's lock; an empty name gives the lock for changing tables."""
    digest = hashlib.sha256(f"note-importer {workspace}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _self() -> str:
    """Return the connection's name, by which others see who holds the lock; at most 63 bytes long."""
    return f"note-importer {os.getpid()} {datetime.now(UTC):%Y%m%dT%H%M%SZ} {user()}@{platform.node()}"[:63]


def _busy(store: Store, key: int) -> Busy:
    rows = store.rows(sa.text(_HOLDER), {"high": key >> 32 & 0xFFFFFFFF, "low": key & 0xFFFFFFFF})
    holder = _who(rows[0].application_name if rows else "")
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
