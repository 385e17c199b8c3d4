"""SQL for deliveries and their notes.

Input: none. Output: statements whose values are bound when they run.
"""

from __future__ import annotations

from importer.journal.known import ACCEPTED, LONGEST_ANSWER
from importer.journal.store import ForRows

_OWNER = "(SELECT id FROM workspaces WHERE profile = :profile AND base_url = :base_url)"
_OWN = f"FROM deliveries JOIN notes ON notes.id = deliveries.note WHERE notes.workspace = {_OWNER}"
_KEY = "note INTEGER, prospect TEXT, occurrence TEXT"
_IS_KEY = "deliveries.note = {note} AND deliveries.prospect = {prospect} AND deliveries.occurrence = {occurrence}"
_PAIR = "prospect TEXT, occurrence TEXT"
_IS_OF_REQUEST = """
    deliveries.note = :note AND deliveries.prospect = {prospect} AND deliveries.occurrence = {occurrence}
    AND deliveries.request = :request
"""

# -- notes ------------------------------------------------------------------------------------------------------------

_NOTE = "notes.digest, notes.seen, notes.readings, notes.visibility, notes.status"
"""Columns of a note's key, in the order of the attributes of :class:`.known.NoteKey`."""

NOTE = f"SELECT {_NOTE} FROM notes WHERE id = :number"
NUMBERS = ForRows(
    "SELECT digest, id FROM notes WHERE workspace = :workspace AND digest IN ({given})",
    "digest BLOB",
)
WITH_TEXT = ForRows(
    "SELECT seen, visibility, status, id FROM notes WHERE seen IN ({given}) AND +workspace = :workspace",  # index: seen
    "seen BLOB",
)
NEW_NOTES = ForRows(
    """
    INSERT INTO notes (workspace, digest, seen, readings, visibility, status)
    {values} :workspace, {digest}, {seen}, {readings}, {visibility}, {status} {end}
    """,
    "digest BLOB, seen BLOB, readings BLOB, visibility TEXT, status TEXT",
)

# -- requests and answers ---------------------------------------------------------------------------------------------

NEW_REQUESTS = ForRows(
    """
    INSERT INTO requests (run, note, sent_at, since) {values} :run, {note}, :sent_at, {since} {end}
    """,
    "note INTEGER, since FLOAT",
)
CLAIM = ForRows(
    """
    INSERT INTO deliveries (note, prospect, occurrence, state, request, at, resent_at)
    {values} {note}, {prospect}, {occurrence}, 'sending', {request}, :at, {resent_at} {end}
    ON CONFLICT (note, prospect, occurrence) DO UPDATE
    SET state = excluded.state, request = excluded.request, at = excluded.at, note_id = NULL, reason = NULL,
        resent_at = coalesce(excluded.resent_at, deliveries.resent_at)
    WHERE deliveries.state = 'rejected'
       OR deliveries.request = :replaces AND deliveries.state IN ('sending', 'unconfirmed')
    """,
    f"{_KEY}, request INTEGER, resent_at FLOAT",
)
ANSWER = ForRows(
    f"""
    UPDATE deliveries SET state = {{state}}, note_id = {{note_id}}, reason = {{reason}}, at = {{at}} {{from_given}}
    WHERE {_IS_KEY} AND deliveries.request = {{request}}
    """,
    f"{_KEY}, request INTEGER, state TEXT, note_id TEXT, reason TEXT, at FLOAT",
)
UNCONFIRM = ForRows(f"UPDATE deliveries SET state = 'unconfirmed' {{from_given}} WHERE {_IS_OF_REQUEST}", _PAIR)
ACCEPT = ForRows(f"UPDATE deliveries SET reason = '{ACCEPTED}' {{from_given}} WHERE {_IS_OF_REQUEST}", _PAIR)
RELEASE = ForRows(f"DELETE FROM deliveries {{using_given}} WHERE {_IS_OF_REQUEST}", _PAIR)
HIDE = ForRows(f"UPDATE deliveries SET state = 'hidden' {{from_given}} WHERE {_IS_KEY}", _KEY)
CHECKED = ForRows(f"UPDATE deliveries SET resent_at = NULL, twins = :twins {{from_given}} WHERE {_IS_KEY}", _KEY)
SAMPLE = ForRows(f"UPDATE deliveries SET sample = :sample {{from_given}} WHERE {_IS_KEY}", _KEY)
SAMPLE_ALL = """
    UPDATE deliveries SET sample = 'all'
    WHERE note IN (
        SELECT notes.id FROM requests JOIN notes ON notes.id = requests.note
        WHERE requests.run = :run AND (notes.status = '1' OR :drafts)
    )
    AND request IN (SELECT id FROM requests WHERE run = :run)
    AND state = 'created' AND coalesce(sample, '') <> 'missing'
"""

# -- known deliveries -------------------------------------------------------------------------------------------------

_KNOWN = """
    deliveries.note, deliveries.prospect, deliveries.occurrence, deliveries.state, deliveries.note_id, deliveries.at,
    deliveries.reason, deliveries.request, deliveries.resent_at, deliveries.twins, deliveries.sample, requests.run,
    requests.sent_at, requests.since FROM deliveries JOIN requests ON requests.id = deliveries.request
"""
"""Columns in the order of the attributes of :class:`.known.KnownDelivery`, and where they are from."""

_OF_RUN = "deliveries.note IN (SELECT note FROM requests WHERE run = :run) AND requests.run = :run"  # finds by the key
KNOWN = ForRows(
    f"SELECT {_KNOWN} WHERE (deliveries.note, deliveries.prospect) IN ({{given}})", "note INTEGER, prospect TEXT"
)
KNOWN_BY_ALIAS = ForRows(
    f"""
    SELECT aliases.digest, notes.visibility, notes.status, {_KNOWN}
    JOIN aliases ON aliases.note = deliveries.note AND aliases.prospect = deliveries.prospect
        AND aliases.occurrence = deliveries.occurrence
    JOIN notes ON notes.id = deliveries.note
    WHERE aliases.workspace = :workspace AND aliases.digest IN ({{given}})
    """,
    "digest BLOB",
)
REQUESTED = """
    SELECT runs.id FROM runs
    WHERE runs.workspace = :workspace AND EXISTS (SELECT 1 FROM requests WHERE requests.run = runs.id) LIMIT 1
"""
ANY_ALIAS = "SELECT note FROM aliases WHERE workspace = :workspace AND digest BETWEEN :first AND :last LIMIT 1"
WITH_ALIAS = ForRows(
    "SELECT note, prospect, occurrence, digest FROM aliases WHERE (note, prospect) IN ({given})",
    "note INTEGER, prospect TEXT",
)
NEW_ALIASES = ForRows(
    """
    INSERT INTO aliases (workspace, digest, note, prospect, occurrence)
    {values} :workspace, {digest}, {note}, {prospect}, {occurrence} {end}
    ON CONFLICT (workspace, digest) DO UPDATE
    SET note = excluded.note, prospect = excluded.prospect, occurrence = excluded.occurrence
    WHERE (aliases.note, aliases.prospect, aliases.occurrence)
        <> (excluded.note, excluded.prospect, excluded.occurrence)
    """,
    f"digest BLOB, {_KEY}",
)
NO_ALIAS = ForRows(
    """
    DELETE FROM aliases {using_given}
    WHERE aliases.note = {note} AND aliases.prospect = {prospect} AND aliases.occurrence = {occurrence}
      AND NOT EXISTS (
          SELECT 1 FROM deliveries WHERE deliveries.note = aliases.note AND deliveries.prospect = aliases.prospect
          AND deliveries.occurrence = aliases.occurrence AND deliveries.state <> 'rejected'
      )
    """,
    _KEY,
)
CREATED = f"SELECT {_KNOWN} WHERE {_OF_RUN} AND deliveries.state = 'created' ORDER BY deliveries.request"
STATES_OF_RUN = f"""
    SELECT deliveries.state, count(*) FROM deliveries JOIN requests ON requests.id = deliveries.request
    WHERE {_OF_RUN} GROUP BY deliveries.state
"""
HIDDEN_BY_RUN = """
    SELECT requests.run, count(*) FROM deliveries
    JOIN requests ON requests.id = deliveries.request JOIN runs ON runs.id = requests.run
    WHERE deliveries.state = 'hidden' AND (:is_any OR runs.workspace = :workspace)
    GROUP BY requests.run
"""


def _few(condition: str) -> str:
    """Return the query for deliveries of all workspaces by an indexed condition, with note and workspace."""
    return f"""
        SELECT notes.workspace, {_NOTE}, {_KNOWN} JOIN notes ON notes.id = deliveries.note
        WHERE {condition} ORDER BY deliveries.request
    """


_IS_UNCLEAR = "deliveries.state IN ('sending', 'unconfirmed')"  # the same condition as in the index
UNCLEAR = _few(_IS_UNCLEAR)
UNCLEAR_AT = _few(f"deliveries.prospect = :prospect AND {_IS_UNCLEAR}")
RESENT = _few("deliveries.resent_at IS NOT NULL AND deliveries.note_id IS NOT NULL")
SAMPLED = _few("deliveries.sample IN ('due', 'all') AND deliveries.state = 'created'")
SAMPLED_OR_MISSING = _few("deliveries.sample IS NOT NULL AND deliveries.state = 'created'")
WITH_DUPLICATES = _few("deliveries.twins IS NOT NULL")

# -- notes that were made ---------------------------------------------------------------------------------------------


def _latest(of_run: str, is_answer: str) -> str:
    """Return the query for the latest created note, if possible one that an answer named and that is published.

    Only the workspace's latest requests are searched.
    """
    return f"""
        SELECT deliveries.prospect, deliveries.note_id
        FROM (
            SELECT requests.id, requests.note, requests.sent_at FROM requests JOIN runs ON runs.id = requests.run
            WHERE runs.workspace = {_OWNER} {of_run} ORDER BY requests.id DESC LIMIT 100
        ) AS latest
        JOIN deliveries ON deliveries.note = latest.note AND deliveries.request = latest.id
        JOIN notes ON notes.id = deliveries.note
        WHERE deliveries.state = 'created' {is_answer}
        ORDER BY CASE WHEN deliveries.reason IS NULL THEN 0 ELSE 1 END, CASE notes.status WHEN '1' THEN 0 ELSE 1 END,
            latest.id DESC
        LIMIT 1
    """


LATEST = _latest("", "")
LATEST_OF_RUN = _latest(
    "AND requests.run = :run",
    f"AND deliveries.reason IS NULL AND deliveries.at - latest.sent_at BETWEEN 0.0 AND {LONGEST_ANSWER}",
)
_MADE = f"""
    SELECT deliveries.note_id, deliveries.twins, requests.sent_at, deliveries.at, requests.run, deliveries.reason
    FROM deliveries JOIN notes ON notes.id = deliveries.note JOIN requests ON requests.id = deliveries.request
    WHERE notes.workspace = {_OWNER}
"""
WITH_IDS = ForRows(f"{_MADE} AND deliveries.note_id IN ({{given}})", "note_id TEXT")
_IS_ADOPTED = "deliveries.prospect = :prospect AND deliveries.note_id IS NOT NULL"
ADOPTED = f"{_MADE} AND {_IS_ADOPTED} AND notes.seen = :seen"
# A union, because one combined condition would use no index.
ADOPTED_OR_DRAFT = f"{ADOPTED} UNION {_MADE} AND {_IS_ADOPTED} AND notes.status = '0'"
ALIKE = f"SELECT deliveries.note_id {_OWN} AND notes.seen = :seen AND deliveries.prospect = :prospect"
NOTE_OF = f"""
    SELECT deliveries.note_id {_OWN} AND deliveries.prospect = :prospect AND deliveries.note_id IS NOT NULL LIMIT 1
"""
NOTE_IDS = f"SELECT deliveries.note_id, deliveries.twins {_OWN} AND deliveries.note_id IS NOT NULL"
SENT = f"SELECT notes.id {_OWN} AND notes.visibility = :visibility AND deliveries.state <> 'rejected' LIMIT 1"
WORKSPACES_OF = ForRows(
    """
    SELECT DISTINCT workspaces.profile, workspaces.base_url FROM deliveries
    JOIN notes ON notes.id = deliveries.note JOIN workspaces ON workspaces.id = notes.workspace
    WHERE deliveries.note_id IN ({given}) ORDER BY workspaces.profile, workspaces.base_url
    """,
    "note_id TEXT",
)
