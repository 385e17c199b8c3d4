"""Define the journal's current tables; :mod:`.migrations` changes the tables of earlier versions.

A delivery is one note for one prospect, and for one *occurrence* if a sheet means the same text more than once. Its
primary key makes it happen only once. The database numbers notes in the order of entry. So a run's deliveries are
appended to the table's end, although digests and IDs are random.

An index exists where a query would otherwise read a whole table again and again. ``deliveries.note_id`` has none in a
file, on purpose: only one query in a run needs it, and an index over random IDs would multiply what each answer writes.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 10
APPLICATION = "note-importer"

tables = sa.MetaData()

about = sa.Table(
    "about",
    tables,
    sa.Column("name", sa.Text, primary_key=True),  # application, schema, id
    sa.Column("value", sa.Text, nullable=False),
)
workspaces = sa.Table(
    "workspaces",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),  # in canonical form
    sa.Column("confirmed_at", sa.Float),  # when a person confirmed the workspace, in a shared journal
    sa.UniqueConstraint("profile", "base_url"),
)
runs = sa.Table(
    "runs",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),  # SHA-256 of the file
    sa.Column("occurrence", sa.Text, nullable=False),  # the part that --again added to the deliveries' keys
    sa.Column("started_at", sa.Float, nullable=False),  # every time is in seconds since 1970
    sa.Column("ended_at", sa.Float),
    sa.Column("ended", sa.Text),  # how the run ended, in words; NULL while it runs, and after a crash
    sa.Column("counts", sa.Text),  # JSON: result → rows, and marks of how the file was read
)
notes = sa.Table(
    "notes",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("seen", sa.LargeBinary, nullable=False, index=True),  # digest of what a reader sees
    sa.Column(
        "readings", sa.LargeBinary, nullable=False
    ),  # digests of every text it may be read back as, 32 bytes each
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.UniqueConstraint("workspace", "digest"),
)
requests = sa.Table(
    "requests",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("run", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("note", sa.BigInteger, sa.ForeignKey("notes.id"), nullable=False),  # the note of all its deliveries
    sa.Column("sent_at", sa.Float, nullable=False),  # by our clock
    sa.Column("since", sa.Float),  # the earliest time of the first attempt by the server's clock, if known
)
deliveries = sa.Table(
    "deliveries",
    tables,
    sa.Column("note", sa.BigInteger, sa.ForeignKey("notes.id"), primary_key=True, autoincrement=False),
    sa.Column("prospect", sa.Text, primary_key=True),
    sa.Column("occurrence", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("note_id", sa.Text),
    sa.Column("request", sa.BigInteger, sa.ForeignKey("requests.id"), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("reason", sa.Text),  # a message as JSON, an earlier version's text, READ_BACK or ACCEPTED: see .known
    sa.Column("resent_at", sa.Float),  # when sent again after an unclear answer; NULL once checked for duplicates
    sa.Column("twins", sa.Text),  # JSON: IDs of the duplicates of its note that were found
    sa.Column("sample", sa.Text),  # a SampleState of :mod:`.known`: the note is to be read back, or was not found
)
# A journal in PostgreSQL may hold an agency's many workspaces, of which a run uses one. There these indexes pay off.
sa.Index("ix_runs_workspace", runs.c.workspace).ddl_if(dialect="postgresql")
sa.Index("ix_deliveries_note_id", deliveries.c.note_id).ddl_if(dialect="postgresql")
drafts = sa.Index("ix_notes_drafts", notes.c.workspace, notes.c.status)
unclear = sa.Index("ix_deliveries_state", deliveries.c.state)
resent = sa.Index("ix_deliveries_resent_at", deliveries.c.resent_at)
sampled = sa.Index("ix_deliveries_sample", deliveries.c.sample)
learned = sa.Table(
    "learned",
    tables,
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), primary_key=True, autoincrement=False),
    sa.Column("batch_size", sa.BigInteger),  # the largest that the API accepted after it refused a larger one
    sa.Column("calls", sa.BigInteger),  # calls that the API last announced as allowed, within these seconds:
    sa.Column("seconds", sa.Float),
    sa.Column("read_lag", sa.Float),  # seconds by which reads lag behind writes
    sa.Column("read_lag_at", sa.Float),  # when that was measured
)
written = sa.Table(
    "written",
    tables,
    sa.Column("digest", sa.LargeBinary, primary_key=True),  # SHA-256 of a results file
    sa.Column("place", sa.LargeBinary, primary_key=True, index=True),  # SHA-256 of its path
)
found = sa.Table(
    "found",
    tables,
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary, primary_key=True),  # HMAC of an email, with the API's key
    sa.Column("prospect", sa.Text, primary_key=True),
    sa.Column("place", sa.BigInteger, nullable=False),  # position among the prospects that have the email
    sa.Column("created_at", sa.Float),  # when the prospect was created, by the API's clock
    sa.Column("is_whole", sa.Boolean, nullable=False),  # whether certainly no other prospect has the email
    sa.Column("at", sa.Float, nullable=False),
)
uploads = sa.Table(
    "uploads",
    tables,
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary, primary_key=True),  # SHA-256 of the file
    sa.Column("attachment", sa.Text, nullable=False),  # the file's latest ID
    sa.Column("at", sa.Float, nullable=False),
)
