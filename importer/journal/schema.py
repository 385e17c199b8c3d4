"""The tables of the journal, as they are now; what leads there from earlier versions is in :mod:`.migrations`.

A delivery is one note for one prospect, and for one *occurrence* where a sheet means the same text more than once. Its
primary key is what makes it happen once. Notes are known by numbers that the database gives in the order in which they
come, so that the deliveries of a run are appended to the table's end, however random digests and ids are.

Indexes are where a query would otherwise read a whole table again and again. ``deliveries.note_id`` has none in a file,
on purpose: one query a run asks by it, and an index over random ids would multiply what every answer writes.
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
    sa.Column("base_url", sa.Text, nullable=False),  # in its one spelling
    sa.Column("confirmed_at", sa.Float),  # when a person said that it is what they mean, where machines share this
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
    sa.Column("occurrence", sa.Text, nullable=False),  # what --again added to the deliveries' keys
    sa.Column("started_at", sa.Float, nullable=False),  # every time is in seconds since 1970
    sa.Column("ended_at", sa.Float),
    sa.Column("ended", sa.Text),  # how, in words; NULL while it runs, and after a crash
    sa.Column("counts", sa.Text),  # JSON: result → rows, and that numbers were read exactly
)
notes = sa.Table(
    "notes",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("seen", sa.LargeBinary, nullable=False, index=True),  # digest of what a reader sees
    sa.Column("readings", sa.LargeBinary, nullable=False),  # digests of all that it may be read back as, 32 bytes each
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.UniqueConstraint("workspace", "digest"),
)
requests = sa.Table(
    "requests",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("run", sa.BigInteger, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("note", sa.BigInteger, sa.ForeignKey("notes.id"), nullable=False),  # that of all its deliveries
    sa.Column("sent_at", sa.Float, nullable=False),  # by our clock
    sa.Column("since", sa.Float),  # the earliest time of the first attempt by the server's clock, where it is known
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
    sa.Column("reason", sa.Text),  # a message as JSON, an earlier version's words, READ_BACK or ACCEPTED: see .known
    sa.Column("resent_at", sa.Float),  # when it was sent again after an unclear answer; NULL once that was looked at
    sa.Column("twins", sa.Text),  # JSON: ids of further notes like it that stand there
    sa.Column("sample", sa.Text),  # a Sample in :mod:`.known`: the note is to be read back, or was not found
)
# One journal in PostgreSQL may be an agency's: many workspaces, of which a run means one. There an index pays.
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
    sa.Column("batch_size", sa.BigInteger),  # the largest that the API took after it refused a larger one
    sa.Column("calls", sa.BigInteger),  # what the API allowed, as last told
    sa.Column("seconds", sa.Float),
    sa.Column("read_lag", sa.Float),  # seconds by which reading is behind writing
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
    sa.Column("place", sa.BigInteger, nullable=False),  # among several prospects that have the email
    sa.Column("created_at", sa.Float),  # when the prospect was made, by the API's clock
    sa.Column("is_whole", sa.Boolean, nullable=False),  # whether surely no other prospect has it
    sa.Column("at", sa.Float, nullable=False),
)
uploads = sa.Table(
    "uploads",
    tables,
    sa.Column("workspace", sa.BigInteger, sa.ForeignKey("workspaces.id"), primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary, primary_key=True),  # SHA-256 of the file
    sa.Column("attachment", sa.Text, nullable=False),  # its latest id
    sa.Column("at", sa.Float, nullable=False),
)
