"""Connect to a PostgreSQL server, with one connection that belongs to the journal while the journal is open.

Input: a URL and the environment (PGPASSFILE, PGSERVICEFILE, PGSSLMODE, …; libpq reads them). Output: a connection with
the session settings that a journal needs; or an error that says what is wrong and what to do. If either side vanishes,
the other notices within a minute. A pooler that uses another session for each transaction is refused, because no lock
holds in such sessions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from importer.errors import BadSettings, ImporterError, JournalFailed, UnusableJournal
from importer.messages import Message, say
from importer.settings.address import is_this_machine

SCHEMA = "note_importer"
"""Schema of the database that holds the tables; other programs may use the same database."""

_SESSION = {
    "lock_timeout": "30s",
    "idle_session_timeout": "0",  # a run may wait hours for its limit
    # If a machine vanishes, the server releases its locks 30 + 3 × 10 seconds after the last sign of life.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_OURS = {
    "connect_timeout": "10",
    "application_name": "note-importer",
    "client_encoding": "UTF8",
    # The same for the client: a run ends if the server vanishes.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_PASSES = re.compile(
    r"starting up|shutting down|too many|connection slots|recovery mode|not yet accepting|terminating connection"
    r"|closed the connection|timeout|timed out|SYSCALL|no more connections"
)
_REFUSED = re.compile(r"FATAL|service file|definition of service|password|\bSSL\b|certificate|GSSAPI")
_MISTOLD = re.compile(r"^(invalid|bad value for|weak sslmode|could not match|could not parse) ")
_ADVICE = (
    ("does not support SSL", "postgres.no-encryption"),
    ("root certificate", "postgres.no-root-certificate"),
    ("certificate verify failed", "postgres.certificate-not-accepted"),
    ("does not match host name", "postgres.another-host-name"),
    (r"\bSSL\b|certificate|GSSAPI", "postgres.encryption"),
    ("cleartext password", "postgres.asks-for-password"),
    ("password", "postgres.password"),
    ("FATAL", "postgres.refused"),
    ("", "postgres.mistold"),
)
"""Advice by a pattern in the driver's words; the first match counts."""
_KNOWS_REQUIRE_AUTH = 160_000  # version of libpq
_LOOKS = 5  # checks of whether each transaction gets another session


def connect(url: str) -> psycopg.Connection[Any]:
    """Return a connection to the database.

    Raises:
        BadSettings: the URL can't be read.
        JournalFailed: the server can't be reached now.
        UnusableJournal: the server refuses the connection, or a pooler uses another session for each transaction.
    """
    try:
        parts: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise BadSettings(say("postgres.bad-url", error=_words(error))) from error
    try:
        connection = _connection(parts)
        try:
            _prepare(connection)
            _see_that_it_stays(connection, parts, url)
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as error:
        raise _trouble(url, error) from error
    return connection


def _connection(parts: Mapping[str, Any]) -> psycopg.Connection[Any]:
    timeout = (
        {} if os.environ.get("PGCONNECT_TIMEOUT") is None else {"connect_timeout": os.environ["PGCONNECT_TIMEOUT"]}
    )
    return psycopg.connect(**{**_OURS, **timeout, **_encryption(parts), **parts})


def _encryption(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that keep the network from reading along, unless they are set elsewhere.

    The connection is encrypted. Unless the server's certificate is checked, anybody may be at its other end, so no
    server gets the password itself.
    """
    if _is_local(parts):
        return {}
    said = _said(parts)
    settings = {} if "sslmode" in said else {"sslmode": "require"}
    is_checked = str(said.get("sslmode")).startswith("verify-")
    if not is_checked and "require_auth" not in said and pq.version() >= _KNOWS_REQUIRE_AUTH:
        settings["require_auth"] = "!password"
    return settings


def _said(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return what the URL, the environment and a service file say about encryption."""
    said = {name: value for name in ("sslmode", "require_auth") if (value := os.environ.get(f"PG{_plain(name)}"))}
    if service := str(parts.get("service") or os.environ.get("PGSERVICE") or ""):
        # Only libpq knows all places of a service file, so libpq reads it. The host contacts no server.
        conninfo = make_conninfo(service=service, host="/nowhere", hostaddr="")
        attempt = pq.PGconn.connect_start(conninfo.encode())
        try:
            found = {option.keyword.decode(): option for option in attempt.info}
            said |= {
                name: option.val.decode()
                for name in ("sslmode", "require_auth")
                if (option := found.get(name)) and option.val not in (None, option.compiled)
            }
        finally:
            attempt.finish()
    return {**said, **{name: str(parts[name]) for name in ("sslmode", "require_auth") if name in parts}}


def _plain(name: str) -> str:
    return name.replace("_", "").upper()


def _is_local(parts: Mapping[str, Any]) -> bool:
    if "service" in parts or os.environ.get("PGSERVICE"):
        return False  # the host in the service file counts, and only libpq reads that
    candidates = [parts.get("hostaddr"), parts.get("host"), os.environ.get("PGHOSTADDR"), os.environ.get("PGHOST")]
    hosts = str(next(filter(None, candidates), ""))
    return all(host.startswith(("/", "@")) or is_this_machine(host) for host in hosts.split(",") if host)


def _prepare(connection: psycopg.Connection[Any]) -> None:
    """Set the session's settings; those that this server's version doesn't know are left out.

    No function is called before the search path is set: the database's own path may lead to other people's functions.
    """
    connection.execute(f"SET search_path TO {SCHEMA}, pg_temp")
    connection.execute(
        "SELECT set_config(name, wanted.value, false)"
        " FROM unnest(%s::text[], %s::text[]) AS wanted (name, value) JOIN pg_settings USING (name)",
        [[*_SESSION], [*_SESSION.values()]],
    )
    # A commit must be on the server's disk, because power may fail at any moment. A stricter setting is kept.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _see_that_it_stays(connection: psycopg.Connection[Any], parts: Mapping[str, Any], url: str) -> None:
    """Check that no pooler spreads the transactions of one connection over several sessions of the server.

    A pooler reports a session ID of its own when it is connected to. In that case a second connection is made. It must
    not be in the first one's session, and the first one must stay in its session.

    Raises:
        UnusableJournal: a pooler spreads the transactions.
    """
    session = _backend(connection)
    if session == connection.info.backend_pid:
        return
    with _connection(parts) as other:
        if any(_backend(other) == session or _backend(connection) != session for _ in range(_LOOKS)):
            raise UnusableJournal(say("postgres.pooler", url=url))


def _backend(connection: psycopg.Connection[Any]) -> int:
    """Return the ID of the server's session that a transaction is in."""
    [(backend,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
    connection.commit()
    return int(backend)


def _trouble(url: str, error: psycopg.Error) -> ImporterError:
    """Return why there is no connection, and what to do. The server may translate its words, but rarely its FATAL."""
    words = _words(error)
    if "statement pooling" in words:  # such a pooler supports no transactions at all
        return UnusableJournal(say("postgres.pooler", url=url))
    if not _MISTOLD.search(words) and (_PASSES.search(words) or not _REFUSED.search(words)):
        kind = "postgres.pool-used-up" if "query_wait_timeout" in words else "postgres.unreachable"
        return JournalFailed(say(kind, url=url, words=words))
    advice = next(Message(kind) for pattern, kind in _ADVICE if re.search(pattern, words))
    return UnusableJournal(say("postgres.unusable", url=url, words=words, advice=advice))


def _words(error: BaseException) -> str:
    """Return the driver's words in one line; several lines become sentences."""
    text = re.sub(r"^connection (failed|is bad): |\s*Is the server running.*?\?", "", str(error), flags=re.DOTALL)
    text = re.sub(r"(?<=[^\s.:])\s*\n\s*(?=[A-Z-])", ". ", text)  # a new sentence, not a continued line
    return " ".join(text.split()).rstrip(".") or type(error).__name__
