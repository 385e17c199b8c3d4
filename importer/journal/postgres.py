"""PostgreSQL, and nothing else of the journal knows that it is PostgreSQL.

Comes in: the URL of a database. Goes out: a store over one connection, which also holds the workspace's lock: whoever
loses the connection has lost the lock, and can claim nothing. Reads see one state and take no lock.
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
    """One statement for all rows, which come as an array a column: run for each, it would take three times as long."""
    text, known = _for_all(many)
    assert constants.keys() <= known.keys()
    columns = map(list, zip(*rows, strict=True))
    return text, {**known, **constants, **dict(zip(many.varying, columns, strict=True))}


@functools.cache
def _for_all(many: Many) -> tuple[str, dict[str, Any]]:
    compiled, constants = many.compiled(_COMPILER, postgresql.insert)
    types = {name: compiled.binds[name].type.compile(_COMPILER) for name in many.varying}
    arrays = ", ".join(f"%({name})s::{type_}[]" for name, type_ in types.items())
    rows = f"unnest({arrays}) AS given ({', '.join(many.varying)})"
    text = re.sub(
        r"%\((\w+)\)s(::\w+)?",
        lambda found: f"given.{found[1]}" if found[1] in many.varying else found[0],
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
    """The query for any number of tuples of values, given as an array a column."""
    arrays = [sa.bindparam(column.name, type_=postgresql.ARRAY(column.type)) for column in among.columns]
    names = (column.name for column in among.columns)
    given = sa.func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    same = (column == given.c[column.name] for column in among.columns)
    return str(among.query.join(given, sa.and_(*same)).compile(dialect=_COMPILER))


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
    """A journal in a database: the place of one that may not be there yet.

    Attributes:
        name: what messages call it.
        is_shared: whether other machines may use it.
        beside: what small files that go with it, on this machine, are called after.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        self.name = url
        self.beside = identity.folder() / f"journal-{hashlib.sha256(url.encode()).hexdigest()[:16]}"

    def exists(self) -> bool:
        """Whether there is one, or something in its place that can't even be looked at."""
        try:
            with contextlib.closing(connect(self.name)) as connection:
                return bool(connection.execute(_TABLES, [SCHEMA]).fetchall())
        except (JournalFailed, UnusableJournal, psycopg.Error):
            return True

    def open(self) -> Store:
        """Its store, with the present tables.

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
        """Look at the tables without changing anything; the version of their schema, 0 where there are none."""
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
        """The same in other words, where a right is missing."""
        cause = getattr(error.__cause__, "orig", error.__cause__)
        # Tables of a schema that may not be used are as if they weren't there.
        if not isinstance(cause, (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
            return None
        return UnusableJournal(say("postgres.no-rights", name=self.name, error=str(cause).splitlines()[0]))

    @contextmanager
    def held(self, store: Store, workspace: str) -> Iterator[None]:
        """Hold a workspace's lock on the store's own connection; the server lets it go when that ends, however it ends.

        Raises:
            Busy: another connection holds it; says who, and since when.
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
        """Who loses the connection can claim nothing."""

    def go_on_numbering(self, store: Store) -> None:
        """Give the next rows numbers after those that are there, inside a transaction."""
        for table in schema.tables.sorted_tables:
            if (column := table.autoincrement_column) is not None:
                query = f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), max({column.name}))"
                store.connection.exec_driver_sql(f"{query} FROM {table.name} HAVING count(*) > 0")

    def back_up(self, _: Store, target: Path) -> None:
        """The database has means of its own, which keep more than a moment.

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
    """An engine of one connection: if that is lost, so is the lock, and no other takes its place."""
    made: list[psycopg.Connection[Any]] = []

    def only() -> psycopg.Connection[Any]:
        if made:
            raise psycopg.OperationalError(render(say("journal.connection-lost")))
        made.append(connect(url))
        return made[0]

    engine = sa.create_engine(
        "postgresql+psycopg://", creator=only, poolclass=sa.NullPool, pool_reset_on_return=None, use_native_hstore=False
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        inner: Any = connection.connection.driver_connection
        writes = bool(connection.get_execution_options().get(WRITES))
        inner.read_only = not writes
        inner.isolation_level = (
            psycopg.IsolationLevel.READ_COMMITTED if writes else psycopg.IsolationLevel.REPEATABLE_READ
        )

    return engine


def _begin_migration(store: Store) -> None:
    """One process at a time changes tables; the schema is made where it isn't there."""
    store.scalar(sa.text("SELECT pg_advisory_xact_lock(:key) IS NULL"), key=_key(""))
    if not store.scalar(sa.text("SELECT to_regnamespace(:name) IS NOT NULL"), name=SCHEMA):
        store.connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    owners.check(store)  # somebody else may have made it since it was looked at


# -- the lock ---------------------------------------------------------------------------------------------------------


def _key(workspace: str) -> int:
    """The number of a workspace's lock, or of that under which tables are changed."""
    digest = hashlib.sha256(f"note-importer {workspace}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _self() -> str:
    """How a holder calls itself, in the 63 bytes of a connection's name; administrators see it, too."""
    return f"note-importer {os.getpid()} {datetime.now(UTC):%Y%m%dT%H%M%SZ} {user()}@{platform.node()}"[:63]


def _busy(store: Store, key: int) -> Busy:
    found = store.rows(sa.text(_HOLDER), {"high": key >> 32 & 0xFFFFFFFF, "low": key & 0xFFFFFFFF})
    who = _who(found[0].application_name if found else "")
    return Busy(say("lock.busy", who=who), who)


_HOLDER = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND pg_locks.objsubid = 1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = :high AND objid::bigint = :low
"""
_NAMED = re.compile(r"note-importer (\d+) (\d{8}T\d{6}Z) (.*)@(.*)")


def _who(name: str) -> Message:
    found = _NAMED.fullmatch(name)
    if found is None:
        return say("holder.calls-itself", name=name) if name else say("holder.nameless")
    process, since, who, host = found.groups()
    began = datetime.strptime(since, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone()
    return say("holder.named", user=who, host=host, process=process, since=f"{began:%Y-%m-%d %H:%M:%S}")
