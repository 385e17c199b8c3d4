"""Define the journal's tables.

A delivery is one note for one prospect. Its name makes it happen only once, and its identities say by what it is found
again: who was told what. Visibility and status are attributes of its note, which may be changed later.

An index exists where a query would otherwise read a whole table again and again.
Types are SQLite's; :mod:`.postgres` replaces them. Every time is in seconds since 1970.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from importer.errors import WrongJournal
from importer.journal.store import Store
from importer.messages import say

VERSION = 23
APPLICATION = "note-importer"

TABLES = {
    "about": """
        name TEXT NOT NULL PRIMARY KEY,  -- application, schema or id
        value TEXT NOT NULL
    """,
    "workspaces": """
        id INTEGER PRIMARY KEY,
        profile TEXT NOT NULL,
        base_url TEXT NOT NULL,  -- in canonical form
        same_as INTEGER REFERENCES workspaces (id),  -- the workspace that this is another name of
        UNIQUE (profile, base_url)
    """,
    "runs": """
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        workspace INTEGER NOT NULL REFERENCES workspaces (id),
        file TEXT NOT NULL,
        sheet TEXT NOT NULL,  -- its name if the workbook has several, otherwise empty
        fingerprint TEXT NOT NULL,  -- SHA-256 of the file
        kind TEXT NOT NULL,  -- digest that sheets of one kind share
        occurrence TEXT NOT NULL,  -- what importing again added to the keys of the deliveries
        started_at FLOAT NOT NULL,
        ended_at FLOAT,
        ended TEXT,  -- how the run ended, in words; NULL while it runs, and after a crash
        counts TEXT,  -- JSON of result → rows
        reading TEXT,  -- JSON of how the sheet was read, and of the settings that decided what was sent
        account TEXT NOT NULL,  -- digest of the key, whose owner wrote the notes
        rest FLOAT NOT NULL  -- seconds after it left for which a request of the run may still be applied
    """,
    "notes": """
        id INTEGER PRIMARY KEY,
        workspace INTEGER NOT NULL REFERENCES workspaces (id),
        digest BLOB NOT NULL,
        seen BLOB NOT NULL,  -- digest of what a reader sees
        readings BLOB NOT NULL,  -- digests of every text it may be read back as, 32 bytes each
        visibility TEXT NOT NULL,
        status TEXT NOT NULL,
        UNIQUE (workspace, digest)
    """,
    "requests": """
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        sent_at FLOAT NOT NULL,  -- by our clock
        since FLOAT  -- the earliest time of the first attempt by the clock of the server, if known
    """,
    "deliveries": """
        id INTEGER PRIMARY KEY,
        workspace INTEGER NOT NULL REFERENCES workspaces (id),
        name BLOB NOT NULL UNIQUE,  -- digest of what the row that made it said, so that nobody else claims it
        note INTEGER NOT NULL REFERENCES notes (id),  -- the note in the form that it was sent in, or changed to
        prospect TEXT NOT NULL,
        key TEXT NOT NULL,
        occurrence TEXT NOT NULL,  -- what importing again added; empty for a first import
        state TEXT NOT NULL,
        note_id TEXT,
        request INTEGER NOT NULL REFERENCES requests (id),
        at FLOAT NOT NULL,
        reason TEXT,  -- the kind of a message, such as READ_BACK, or ACCEPTED of known.py
        resent_at FLOAT,  -- when sent again after an unclear answer; NULL once checked for duplicates
        twins TEXT,  -- JSON list of the IDs of the duplicates of its note that were found
        sample TEXT,  -- 'missing' if the note was created, but not found when read back
        was INTEGER REFERENCES notes (id),  -- the form before its latest change
        changing INTEGER REFERENCES notes (id),  -- the form that a change without a clear answer gives it
        touched FLOAT  -- when somebody else's change of the note was seen
    """,
    "identities": """
        workspace INTEGER NOT NULL REFERENCES workspaces (id),
        who TEXT NOT NULL,  -- a prospect, or the HMAC of an email that named it
        what BLOB NOT NULL,  -- digest of a record, a text, or words that a template composes
        delivery INTEGER NOT NULL REFERENCES deliveries (id),
        PRIMARY KEY (workspace, who, what, delivery)
    """,
    "remembered": """
        workspace INTEGER NOT NULL REFERENCES workspaces (id),
        kind TEXT NOT NULL,  -- learned, emails, uploads, left out, keys or confirmed; see memory.py and runs.py
        name TEXT NOT NULL,  -- what the value is about: a name, or a digest
        value TEXT NOT NULL,  -- as JSON
        at FLOAT NOT NULL,  -- when it was entered
        PRIMARY KEY (workspace, kind, name)
    """,
}
"""Table → its columns; each table stands after those that it refers to."""

_INDEXES = (
    "UNIQUE INDEX IF NOT EXISTS ix_deliveries_note_id ON deliveries (workspace, note_id) WHERE note_id IS NOT NULL",
    "INDEX IF NOT EXISTS ix_runs_workspace ON runs (workspace)",
    "INDEX IF NOT EXISTS ix_requests_run ON requests (run)",
    "INDEX IF NOT EXISTS ix_deliveries_request ON deliveries (request)",
    "INDEX IF NOT EXISTS ix_identities_delivery ON identities (delivery)",
    # Each of these holds only the few rows that are searched by it.
    "INDEX IF NOT EXISTS ix_deliveries_state ON deliveries (state) WHERE state = 'unclear'",
    "INDEX IF NOT EXISTS ix_deliveries_changing ON deliveries (changing) WHERE changing IS NOT NULL",
    "INDEX IF NOT EXISTS ix_deliveries_resent_at ON deliveries (resent_at) WHERE resent_at IS NOT NULL",
    "INDEX IF NOT EXISTS ix_deliveries_sample ON deliveries (sample) WHERE sample IS NOT NULL",
)


def check(about: Mapping[str, str], name: str) -> None:
    """Check that this program can use the tables of a journal that describes itself like this.

    Raises WrongJournal if it is another program's, damaged, or of another version.
    """
    version = about.get("schema", "")
    if about.get("application") != APPLICATION or not re.fullmatch(r"\d{1,9}", version):
        raise WrongJournal(say("journal.foreign", name=name))
    if int(version) != VERSION:
        age = "later" if int(version) > VERSION else "earlier"
        raise WrongJournal(say(f"journal.of-{age}-version", name=name))


def make_tables(store: Store) -> None:
    """Make the tables unless they exist, and give the journal an ID; call this inside a transaction."""
    for name, columns in TABLES.items():
        rows = " WITHOUT ROWID" if name == "identities" else ""  # a file keeps identities in the tree of their key
        store.execute(f"CREATE TABLE IF NOT EXISTS {name} ({_COMMENT.sub('', columns)}){rows}")
    for index in _INDEXES:
        store.execute(f"CREATE {index}")
    for name, value in (("application", APPLICATION), ("schema", str(VERSION)), ("id", secrets.token_hex(16))):
        store.execute(_DESCRIBE, name=name, value=value)


_COMMENT = re.compile(r" +--.*")
_DESCRIBE = "INSERT INTO about (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING"
