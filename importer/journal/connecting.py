"""The way to a PostgreSQL server: one connection, which is a journal's for as long as that is open.

Comes in: a URL, and what the environment says (PGPASSFILE, PGSERVICEFILE, PGSSLMODE, …; libpq reads them). Goes out: a
connection whose session is set as a journal needs it, or word of what stands in the way and what to do. Who vanishes is
noticed within a minute, by either side. What hands out another session for each transaction is refused: in it no lock
holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn
from psycopg.types.string import StrDumperUnknown, TextLoader

from importer.errors import BadSettings, ImporterError, JournalFailed, UnusableJournal
from importer.messages import Message, say
from importer.settings.address import is_this_machine

SCHEMA = "note_importer"
"""Of the database, in which the tables are; a database may be others' too."""

_SESSION = {
    "lock_timeout": "30s",
    "idle_session_timeout": "0",  # a run may wait for hours for its limit
    # The server lets go of what a machine holds that vanished: 30 + 3 × 10 seconds after it was last heard of.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_OURS = {
    "connect_timeout": "10",
    "application_name": "note-importer",
    "client_encoding": "UTF8",
    # The same the other way round: a server that vanished ends the run.
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
    ("password", "postgres.password"),
    ("FATAL", "postgres.refused"),
    ("", "postgres.mistold"),
)
"""What to do, by what the driver's words hold; the first that fits."""
_LOOKS = 5  # by which it shows whether each transaction gets another session

# PostgreSQL's texts can't hold U+0000, which a key or the API's words may: it is written as two signs of which nobody
# types the first.
_MARK, _NUL, _ITSELF = "\ue000", "\ue0000", "\ue0001"


class _Dumper(StrDumperUnknown):
    """A text on its way into the database."""

    def dump(self, obj: str) -> Any:
        """See :class:`psycopg.abc.Dumper`."""
        if "\0" in obj or _MARK in obj:
            obj = obj.replace(_MARK, _ITSELF).replace("\0", _NUL)
        return super().dump(obj)


class _Loader(TextLoader):
    """A text on its way out of it."""

    def load(self, data: Any) -> Any:
        """See :class:`psycopg.abc.Loader`."""
        text = super().load(data)
        if isinstance(text, str) and _MARK in text:
            text = text.replace(_NUL, "\0").replace(_ITSELF, _MARK)
        return text


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection to the database.

    Raises:
        BadSettings: the URL can't be read.
        JournalFailed: the server can't be reached now.
        UnusableJournal: it says no, or it isn't the server itself but hands out another session for each transaction.
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
    ours = {} if os.environ.get("PGCONNECT_TIMEOUT") is None else {"connect_timeout": os.environ["PGCONNECT_TIMEOUT"]}
    connection = psycopg.connect(**{**_OURS, **ours, **_encryption(parts), **parts})
    connection.adapters.register_dumper(str, _Dumper)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, _Loader)
    return connection


def _encryption(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return how the connection is encrypted, unless it stays on this machine or something says that already."""
    if "sslmode" in parts or os.environ.get("PGSSLMODE") or _is_local(parts):
        return {}
    service = str(parts.get("service") or os.environ.get("PGSERVICE") or "")
    return {} if service and _says_how(service) else {"sslmode": "require"}


def _says_how(service: str) -> bool:
    """Whether a service file says how a connection is encrypted. Only libpq knows all its places: it reads the file."""
    nowhere = make_conninfo(service=service, host="/nowhere", hostaddr="")  # so that nobody is called
    looked_up = PGconn.connect_start(nowhere.encode())
    try:
        [mode] = [option for option in looked_up.info if option.keyword == b"sslmode"]
        return mode.val not in (None, mode.compiled)
    finally:
        looked_up.finish()


def _is_local(parts: Mapping[str, Any]) -> bool:
    if "service" in parts or os.environ.get("PGSERVICE"):
        return False  # a service file knows, and what stands in it counts
    given = [parts.get("hostaddr"), parts.get("host"), os.environ.get("PGHOSTADDR"), os.environ.get("PGHOST")]
    hosts = str(next(filter(None, given), ""))
    return all(host.startswith(("/", "@")) or is_this_machine(host) for host in hosts.split(",") if host)


def _prepare(connection: psycopg.Connection[Any]) -> None:
    """Set the session; what this server's version doesn't know is left out.

    Until the path is set, the database may have one on which others put functions, so nothing is called before.
    """
    connection.execute(f"SET search_path TO {SCHEMA}, pg_temp")
    connection.execute(
        "SELECT set_config(name, wanted.value, false)"
        " FROM unnest(%s::text[], %s::text[]) AS wanted (name, value) JOIN pg_settings USING (name)",
        [[*_SESSION], [*_SESSION.values()]],
    )
    # A commit is on the server's disk: power may fail there at any moment. Who asks for more than that gets it.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _see_that_it_stays(connection: psycopg.Connection[Any], parts: Mapping[str, Any], url: str) -> None:
    """See that nothing between us and the server gives transactions of one connection to several of its sessions.

    What stands between them names a session of its own when it is called. Then a second connection is made: it must
    not be where the first is, nor must the first be anywhere else afterwards.

    Raises:
        UnusableJournal: it does.
    """
    own = _backend(connection)
    if own == connection.info.backend_pid:
        return
    with _connection(parts) as other:
        if any(_backend(other) == own or _backend(connection) != own for _ in range(_LOOKS)):
            raise UnusableJournal(say("postgres.pooler", url=url))


def _backend(connection: psycopg.Connection[Any]) -> int:
    """Which of the server's sessions a transaction is in."""
    [(backend,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
    connection.commit()
    return int(backend)


def _trouble(url: str, error: psycopg.Error) -> ImporterError:
    """Why there is no connection, and what to do. The server's words may be of any language; its FATAL hardly is."""
    words = _words(error)
    if "statement pooling" in words:  # it knows no transactions at all
        return UnusableJournal(say("postgres.pooler", url=url))
    if not _MISTOLD.search(words) and (_PASSES.search(words) or not _REFUSED.search(words)):
        kind = "postgres.pool-used-up" if "query_wait_timeout" in words else "postgres.unreachable"
        return JournalFailed(say(kind, url=url, words=words))
    advice = next(Message(kind) for held, kind in _ADVICE if re.search(held, words))
    return UnusableJournal(say("postgres.unusable", url=url, words=words, advice=advice))


def _words(error: BaseException) -> str:
    """The driver's words in one line; where they took several, as sentences."""
    text = re.sub(r"^connection (failed|is bad): |\s*Is the server running.*?\?", "", str(error), flags=re.DOTALL)
    text = re.sub(r"(?<=[^\s.:])\s*\n\s*(?=[A-Z-])", ". ", text)  # a new sentence, not a line that goes on
    return " ".join(text.split()).rstrip(".") or type(error).__name__
