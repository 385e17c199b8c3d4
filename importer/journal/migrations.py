"""Migrate the tables of an earlier version, one version at a time.

Input: an open database and its version. Output: the current tables with all earlier content; or, if anything fails, the
database as it was. The SQL of each step is written out, because the definitions in :mod:`.schema` keep changing. Until
version 5 a workspace was a text, ``PROFILE at ADDRESS``; only this module parses it.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import sqlalchemy as sa

from importer.journal.schema import APPLICATION, VERSION, about, tables
from importer.journal.store import Store
from importer.models import Workspace
from importer.settings import canonical_url


def bring_up(
    store: Store,
    version: int,
    held: Callable[[str], AbstractContextManager[None]],
    begin: Callable[[], None] = lambda: None,
    end: Callable[[], None] = lambda: None,
) -> None:
    """Bring the tables to the current version.

    Args:
        store: the database.
        version: the apparent version of its tables, 0 if there are none.
        held: holds the lock of the workspace with this name.
        begin: called first in the transaction that changes the tables.
        end: called last in that transaction.

    Raises:
        Busy: an import of an earlier version is using the database, and its tables would be replaced.
        JournalFailed: the tables could not be written.
    """
    with contextlib.ExitStack() as locks:
        if version:
            names = {row[0] for row in store.rows(sa.text(_NAMES if version < 5 else _NAMES_SINCE_5))}
            for name in sorted(names | {str(workspace_called(name)) for name in names}):
                locks.enter_context(held(name))
        with store.transaction():
            begin()
            if not version:
                tables.create_all(store.connection)
            else:
                for step in range(
                    int(store.about("schema")), VERSION
                ):  # another process may have migrated it meanwhile
                    _STEPS[store.dialect.name][step](store)
                store.execute(sa.update(about).where(about.c.name == "schema").values(value=str(VERSION)))
            name_it(store)
            end()


def name_it(store: Store) -> None:
    """Store the application's name, the schema's version and, if it is missing, a new ID in the journal."""
    rows = {"application": APPLICATION, "schema": str(VERSION), "id": secrets.token_hex(16)}
    with store.transaction():
        store.execute(
            store.upsert(about).on_conflict_do_nothing(),
            [{"name": name, "value": value} for name, value in rows.items()],
        )


def workspace_called(name: str) -> Workspace:
    """Return the workspace with this old name. A valid address becomes canonical, a missing one becomes empty."""
    profile, separator, url = name.rpartition(" at ")
    if not separator or "://" not in url:
        return Workspace(name, "")
    with contextlib.suppress(ValueError):
        url = canonical_url(url)
    return Workspace(profile, url)


_NAMES = "SELECT profile FROM runs UNION SELECT profile FROM notes"
_NAMES_SINCE_5 = "SELECT profile || ' at ' || base_url FROM workspaces"


def _run(store: Store, statements: Sequence[str], **values: str) -> None:
    for statement in statements:
        store.connection.exec_driver_sql(statement, values)


def _from_1(store: Store) -> None:
    _run(store, ["CREATE TABLE learned (profile TEXT NOT NULL, batch_size INTEGER NOT NULL, PRIMARY KEY (profile))"])


def _from_2(store: Store) -> None:
    _run(
        store,
        [
            "CREATE TABLE limits (profile TEXT NOT NULL, calls INTEGER NOT NULL, seconds FLOAT NOT NULL,"
            " PRIMARY KEY (profile))",
            "CREATE TABLE written (digest BLOB NOT NULL, place BLOB NOT NULL, PRIMARY KEY (digest, place))",
        ],
    )


def _from_3(store: Store) -> None:
    """Merge workspaces that differ only in the spelling of their address."""
    for row in store.rows(sa.text("SELECT profile FROM runs UNION SELECT profile FROM notes ORDER BY 1")):
        workspace = workspace_called(row.profile)
        if workspace.base_url and str(workspace) != row.profile:
            _run(store, _MERGE, old=row.profile, new=str(workspace))


# The workspace :old is merged into :new, another spelling of it. If both have a delivery, the more certain one stays as
# it is. The other may have a note of its own, so it becomes another occurrence, as with --again; only a rejection is
# dropped.
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


def _from_4(store: Store) -> None:
    """Add a table of workspaces, with a row for each in ``learned``, and a column for deliveries sent again."""
    _run(store, _TABLES_OF_5)
    names = store.rows(
        sa.text(
            "SELECT profile FROM old_runs UNION SELECT profile FROM old_notes UNION SELECT profile FROM old_learned"
            " UNION SELECT profile FROM limits ORDER BY 1"
        )
    )
    for name in (row.profile for row in names):
        workspace = workspace_called(name)
        _run(store, _CALL, name=name, profile=workspace.profile, base_url=workspace.base_url)
    _run(store, _CONTENT_OF_5)


_TABLES_OF_5 = (
    *(f"ALTER TABLE {table} RENAME TO old_{table}" for table in ("runs", "notes", "requests", "deliveries", "learned")),
    "DROP INDEX ix_notes_seen",
    "CREATE TEMP TABLE called (name TEXT PRIMARY KEY, workspace INTEGER NOT NULL)",
    """CREATE TABLE workspaces (id INTEGER NOT NULL, profile TEXT NOT NULL, base_url TEXT NOT NULL, PRIMARY KEY (id),
       UNIQUE (profile, base_url))""",
    """CREATE TABLE runs (id INTEGER NOT NULL, name TEXT NOT NULL, workspace INTEGER NOT NULL, file TEXT NOT NULL,
       fingerprint TEXT NOT NULL, occurrence TEXT NOT NULL, started_at FLOAT NOT NULL, ended_at FLOAT, ended TEXT,
       counts TEXT, PRIMARY KEY (id), UNIQUE (name), FOREIGN KEY(workspace) REFERENCES workspaces (id))""",
    """CREATE TABLE notes (id INTEGER NOT NULL, workspace INTEGER NOT NULL, digest BLOB NOT NULL, seen BLOB NOT NULL,
       readings BLOB NOT NULL, visibility TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (id),
       UNIQUE (workspace, digest), FOREIGN KEY(workspace) REFERENCES workspaces (id))""",
    """CREATE TABLE requests (id INTEGER NOT NULL, run INTEGER NOT NULL, note INTEGER NOT NULL, sent_at FLOAT NOT NULL,
       since FLOAT, PRIMARY KEY (id), FOREIGN KEY(run) REFERENCES runs (id),
       FOREIGN KEY(note) REFERENCES notes (id))""",
    """CREATE TABLE deliveries (note INTEGER NOT NULL, prospect TEXT NOT NULL, occurrence TEXT NOT NULL,
       state TEXT NOT NULL, note_id TEXT, request INTEGER NOT NULL, at FLOAT NOT NULL, reason TEXT, resent_at FLOAT,
       twins TEXT, PRIMARY KEY (note, prospect, occurrence), FOREIGN KEY(note) REFERENCES notes (id),
       FOREIGN KEY(request) REFERENCES requests (id)) WITHOUT ROWID""",
    """CREATE TABLE learned (workspace INTEGER NOT NULL, batch_size INTEGER, calls INTEGER, seconds FLOAT,
       read_lag FLOAT, read_lag_at FLOAT, PRIMARY KEY (workspace),
       FOREIGN KEY(workspace) REFERENCES workspaces (id))""",
)
_CALL = (
    "INSERT OR IGNORE INTO workspaces (profile, base_url) VALUES (:profile, :base_url)",
    "INSERT INTO called SELECT :name, id FROM workspaces WHERE profile = :profile AND base_url = :base_url",
)
_CONTENT_OF_5 = (
    """INSERT INTO runs SELECT id, old_runs.name, workspace, file, fingerprint, occurrence, started_at, ended_at, ended,
       counts FROM old_runs JOIN called ON called.name = profile ORDER BY id""",
    """INSERT INTO notes SELECT id, workspace, digest, seen, readings, visibility, status
       FROM old_notes JOIN called ON name = profile ORDER BY id""",
    "INSERT INTO requests SELECT id, run, note, sent_at, since FROM old_requests ORDER BY id",
    """INSERT INTO deliveries
       SELECT note, prospect, occurrence, state, note_id, request, at, reason, NULL, NULL FROM old_deliveries
       ORDER BY note, prospect, occurrence""",
    """INSERT OR IGNORE INTO learned SELECT workspace, batch_size, calls, seconds, NULL, NULL FROM called
       LEFT JOIN old_learned ON old_learned.profile = name LEFT JOIN limits ON limits.profile = name
       WHERE batch_size IS NOT NULL OR calls IS NOT NULL""",
    *(f"DROP TABLE {table}" for table in ("old_deliveries", "old_requests", "old_notes", "old_runs", "old_learned")),
    "DROP TABLE limits",
    "DROP TABLE called",
    "CREATE INDEX ix_notes_seen ON notes (seen)",
    "CREATE INDEX ix_notes_drafts ON notes (workspace, status) WHERE status = '0'",
    "CREATE INDEX ix_requests_run ON requests (run)",
    "CREATE INDEX ix_deliveries_state ON deliveries (state) WHERE state IN ('sending', 'unconfirmed')",
    "CREATE INDEX ix_deliveries_resent_at ON deliveries (resent_at) WHERE resent_at IS NOT NULL",
    "CREATE INDEX ix_written_place ON written (place)",
)


def _from_5(store: Store) -> None:
    """Add the table of prospects found for emails, kept until the import is finished."""
    _run(
        store,
        [
            """CREATE TABLE found (workspace INTEGER NOT NULL, digest BLOB NOT NULL, prospect TEXT NOT NULL,
           place INTEGER NOT NULL, created_at FLOAT, is_whole BOOLEAN NOT NULL, at FLOAT NOT NULL,
           PRIMARY KEY (workspace, digest, prospect), FOREIGN KEY(workspace) REFERENCES workspaces (id))""",
        ],
    )


def _from_6(store: Store) -> None:
    """Add the table of uploaded files' IDs, by the digests of the files."""
    _run(
        store,
        [
            """CREATE TABLE uploads (workspace INTEGER NOT NULL, digest BLOB NOT NULL, attachment TEXT NOT NULL,
           at FLOAT NOT NULL, PRIMARY KEY (workspace, digest), FOREIGN KEY(workspace) REFERENCES workspaces (id))""",
        ],
    )


def _from_7(store: Store) -> None:
    """Record in the workspaces' table, for shared journals, that a person has confirmed a workspace."""
    _run(store, ["ALTER TABLE workspaces ADD COLUMN confirmed_at FLOAT"])


def _from_8(store: Store) -> None:
    """Record for each delivery whether its note is to be read back, or was not found."""
    _run(
        store,
        [
            "ALTER TABLE deliveries ADD COLUMN sample TEXT",
            "CREATE INDEX ix_deliveries_sample ON deliveries (sample) WHERE sample IS NOT NULL",
        ],
    )


def _from_9(store: Store) -> None:
    """Change no table. From now on reasons are JSON, which an earlier version would show unparsed."""


_STEPS: dict[str, dict[int, Callable[[Store], None]]] = {
    "sqlite": {
        1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4, 5: _from_5, 6: _from_6, 7: _from_7, 8: _from_8, 9: _from_9,
    },
    "postgresql": {7: _from_7, 8: _from_8, 9: _from_9},  # PostgreSQL is supported since version 7
}  # fmt: skip
