"""Keep a journal in PostgreSQL; the rest of the journal doesn't depend on that database.

Input: the URL of a database and the environment (PGPASSFILE, PGSSLMODE, …; libpq reads them). Output: a store over one
connection, which also holds the workspace's lock. A process that loses the connection loses the lock and can claim
nothing. If either side vanishes, the other notices within a minute. Reads see one state and take no lock.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from importer.errors import BadSettings, Busy, ImporterError, JournalFailed, UnusableJournal
from importer.journal import Journal, schema
from importer.journal.machine import holder, this_process
from importer.messages import say
from importer.models import hashed
from importer.settings.address import is_this_machine

SCHEMA = "note_importer"
"""Schema of the database that holds the tables; other programs may use the same database."""


class PostgresJournal(Journal):
    """Journal in PostgreSQL, over one connection that is never replaced, because its lock would be lost."""

    is_shared = True
    failures = (psycopg.Error,)
    mend = say("postgres.mend")
    spelling = (
        ("INTEGER PRIMARY KEY", "BIGSERIAL PRIMARY KEY"),
        ("INTEGER", "BIGINT"),
        ("BLOB", "BYTEA"),
        (" WITHOUT ROWID", ""),
        (r"(?<!:):(\w+)", r"%(\1)s"),
    )

    @classmethod
    def is_at(cls, url: str) -> bool:
        """See :class:`.Journal`."""
        try:
            with contextlib.closing(connect(url)) as connection:
                return bool(connection.execute(_TABLES).fetchall())
        except (JournalFailed, UnusableJournal, psycopg.Error):
            return True

    @classmethod
    def opened(cls, url: str) -> PostgresJournal:
        """See :class:`.Journal`."""
        journal = cls(connect(url), url)
        try:
            if tables := {name for (name,) in journal.rows(_TABLES)}:
                about = journal.rows("SELECT name, value FROM about") if "about" in tables else []
                schema.check(dict(about), url)
            else:
                with journal.transaction():
                    journal.execute("SELECT pg_advisory_xact_lock(:key)", key=_key(""))  # one process at a time
                    journal.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                    schema.make_tables(journal)
        except BaseException as error:
            journal.close()
            # PostgreSQL reports tables as missing if their schema may not be used.
            if isinstance(error.__cause__, (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
                words = str(error.__cause__).splitlines()[0]
                raise UnusableJournal(say("postgres.no-rights", name=url, error=words)) from error
            raise
        return journal

    def _begin(self, *, writes: bool) -> None:
        self.connection.read_only = not writes
        self.connection.isolation_level = (
            psycopg.IsolationLevel.READ_COMMITTED if writes else psycopg.IsolationLevel.REPEATABLE_READ
        )

    def inserted(self, text: str, **values: object) -> int:
        """See :class:`.Journal`."""
        return int(self._run(f"{text} RETURNING id", values).fetchone()[0])

    @contextmanager
    def _locked(self, workspace: str) -> Iterator[None]:
        """Hold a workspace's lock on this connection; the server releases it whenever that connection ends."""
        key = _key(workspace)
        with self.transaction():
            if not self.scalar("SELECT pg_try_advisory_lock(:key)", key=key):
                found = self.rows(_HOLDER, high=key >> 32 & 0xFFFFFFFF, low=key & 0xFFFFFFFF)
                who = holder(*found[0]) if found else say("holder.nameless")
                raise Busy(say("lock.busy", who=who), who)
        try:
            yield
        finally:
            with contextlib.suppress(JournalFailed), self.transaction():
                self.execute("SELECT pg_advisory_unlock(:key)", key=key)

    def back_up(self, target: Path) -> None:
        """Refuse to copy the database, because its own tools can restore more than one moment."""
        raise BadSettings(say("postgres.copies-itself", file=str(target)))

    def now(self) -> float:
        """See :class:`.Journal`."""
        return float(self.scalar("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)"))


JOURNAL = PostgresJournal
_TABLES = f"""
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = '{SCHEMA}' AND relkind = 'r'
"""
_HOLDER = """
SELECT application_name, CAST(extract(epoch FROM backend_start) AS float8)
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND pg_locks.objsubid = 1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = :high AND objid::bigint = :low
"""


def _key(workspace: str) -> int:
    """Return the number of a workspace's lock; an empty name gives the lock for making tables."""
    digest = hashed(f"note-importer {workspace}")
    return int.from_bytes(digest[:8], "big", signed=True)


# -- the connection ---------------------------------------------------------------------------------------------------

# If a machine vanishes, the server releases its locks 30 + 3 × 10 seconds after the last sign of life. The client does
# the same: a run ends if the server vanishes.
_SIGNS_OF_LIFE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
_SESSION = {
    "search_path": f"{SCHEMA}, pg_temp",
    "idle_session_timeout": "0",  # a run may wait hours for its limit
    "lock_timeout": "30000",
    **{f"tcp_{name}": seconds for name, seconds in _SIGNS_OF_LIFE.items()},
    "tcp_user_timeout": "60000",
}
_OURS = {"client_encoding": "UTF8", **_SIGNS_OF_LIFE, "tcp_user_timeout": "60000"}
_PASSES = re.compile(
    r"starting up|shutting down|too many|connection slots|recovery mode|not yet accepting|terminating connection"
    r"|closed the connection|timeout|timed out|SYSCALL|no more connections"
)
_REFUSED = re.compile(r"FATAL|password|\bSSL\b|certificate|GSSAPI|^(invalid|bad value for|weak sslmode|could not) ")
_ADVICE = (
    (r"\bSSL\b|certificate|GSSAPI|host name", "postgres.encryption"),
    ("cleartext password", "postgres.asks-for-password"),
    ("password", "postgres.password"),
    ("", "postgres.refused"),
)
"""Advice by a pattern in the driver's words; the first match counts."""


def connect(url: str) -> psycopg.Connection[Any]:
    """Return a connection to the database.

    Raises BadSettings if the URL can't be read, or names a service file; JournalFailed if the server can't be reached
    now; UnusableJournal if it refuses the connection, or is a pooler, in which no lock is sure to hold.
    """
    try:
        parts: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise BadSettings(say("postgres.bad-url", error=_words(error))) from error
    if "service" in parts or os.environ.get("PGSERVICE"):  # only libpq could tell whether its host is this machine
        raise BadSettings(say("postgres.service"))
    timeout = os.environ.get("PGCONNECT_TIMEOUT", "10")
    ours = {**_OURS, "application_name": this_process(), "connect_timeout": timeout, **_encryption(parts)}
    try:
        connection = psycopg.connect(**{**ours, **parts})
        try:
            _prepare(connection, url)
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as error:
        raise _trouble(url, error) from error
    return connection


def _prepare(connection: psycopg.Connection[Any], url: str) -> None:
    """Set the session's settings. No function is called before the search path: it may lead to other people's."""
    connection.execute("".join(f"SET {name} TO {value};" for name, value in _SESSION.items()).encode())
    # A commit must be on the server's disk, because power may fail at any moment. A stricter setting is kept.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    [(session,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
    connection.commit()
    if session != connection.info.backend_pid:  # a pooler reports a session ID of its own
        raise UnusableJournal(say("postgres.pooler", url=url))


def _encryption(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that keep the network from reading along, unless the URL or the environment says otherwise.

    The connection is encrypted. Unless the server's certificate is checked, anybody may be at its other end, so no
    server gets the password itself.
    """
    candidates = [parts.get("hostaddr"), parts.get("host"), os.environ.get("PGHOSTADDR"), os.environ.get("PGHOST")]
    hosts = str(next(filter(None, candidates), "")).split(",")
    if all(host.startswith(("/", "@")) or is_this_machine(host) for host in hosts if host):
        return {}
    mode = str(parts.get("sslmode") or os.environ.get("PGSSLMODE") or "require")
    is_told = mode.startswith("verify-") or "PGREQUIREAUTH" in os.environ
    return {"sslmode": mode, **({} if is_told else {"require_auth": "!password"})}


def _trouble(url: str, error: psycopg.Error) -> ImporterError:
    """Return why there is no connection, and what to do. The server may translate its words, but rarely its FATAL."""
    words = _words(error)
    if _PASSES.search(words) or not _REFUSED.search(words):
        return JournalFailed(say("postgres.unreachable", url=url, words=words))
    advice = next(say(kind) for pattern, kind in _ADVICE if re.search(pattern, words))
    return UnusableJournal(say("postgres.unusable", url=url, words=words, advice=advice))


def _words(error: BaseException) -> str:
    """Return the driver's words in one line; several lines become sentences."""
    text = re.sub(r"^connection (failed|is bad): |\s*Is the server running.*?\?", "", str(error), flags=re.DOTALL)
    text = re.sub(r"(?<=[^\s.:])\s*\n\s*(?=[A-Z-])", ". ", text)  # a new sentence, not a continued line
    return " ".join(text.split()).rstrip(".") or type(error).__name__
