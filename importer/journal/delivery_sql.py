"""SQL for deliveries and their notes, with values that are bound later. ``{given}`` stands for several values."""

from __future__ import annotations

_IS_NAMED = "deliveries.name = :name"
_IS_OF_REQUEST = "deliveries.name = :name AND deliveries.request = :request"
# The deliveries of a prospect are found by their identities, and by no other index.
_AT_PROSPECT = """
    deliveries.prospect = :prospect AND deliveries.id IN (
        SELECT delivery FROM identities WHERE identities.workspace = :workspace AND identities.who = :prospect
    )
"""

# -- notes ------------------------------------------------------------------------------------------------------------

NUMBERS = "SELECT digest, id FROM notes WHERE workspace = :workspace AND digest IN ({given})"
NEW_NOTES = """
    INSERT INTO notes (workspace, digest, seen, readings, visibility, status)
    VALUES (:workspace, :digest, :seen, :readings, :visibility, :status) ON CONFLICT DO NOTHING
"""

# -- requests and answers ---------------------------------------------------------------------------------------------

NEW_REQUEST = "INSERT INTO requests (run, sent_at, since) VALUES (:run, :sent_at, :since)"
ENTER = """
    INSERT INTO deliveries (workspace, name, note, prospect, key, occurrence, state, note_id, request, at, reason,
        resent_at)
    VALUES (:workspace, :name, :note, :prospect, :key, :occurrence, :state, :note_id, :request, :at, :reason,
        :resent_at)
    ON CONFLICT DO NOTHING
"""
CLAIM_AGAIN = f"""
    UPDATE deliveries
    SET state = :state, note = :note, request = :request, at = :at, note_id = :note_id, reason = :reason,
        resent_at = coalesce(:resent_at, deliveries.resent_at)
    WHERE {_IS_NAMED}
      AND (deliveries.state = 'rejected' OR deliveries.request = :replaces AND deliveries.state = 'unclear')
"""
ANSWER = f"""
    UPDATE deliveries SET state = :state, note_id = :note_id, reason = :reason, at = :at WHERE {_IS_OF_REQUEST}
"""
EXPLAIN = f"UPDATE deliveries SET reason = :reason WHERE {_IS_OF_REQUEST}"
RELEASE = f"DELETE FROM deliveries WHERE {_IS_OF_REQUEST}"
CHANGE = f"""
    UPDATE deliveries SET changing = :form
    WHERE {_IS_NAMED} AND deliveries.note = :note AND coalesce(deliveries.changing, 0) = :open
"""
CHANGED = f"""
    UPDATE deliveries SET was = deliveries.note, note = :form, changing = NULL, touched = NULL, state = :state,
        sample = CASE WHEN deliveries.sample = 'missing' OR :draft = 0 THEN deliveries.sample END
    WHERE {_IS_NAMED}
"""
UNCHANGED = f"UPDATE deliveries SET changing = NULL, touched = :touched WHERE {_IS_NAMED}"
LEAVE = f"UPDATE deliveries SET state = 'left' WHERE {_IS_NAMED} AND deliveries.state = 'hidden'"
CHECKED = f"UPDATE deliveries SET resent_at = NULL, twins = :twins WHERE {_IS_NAMED}"
MISSED = f"UPDATE deliveries SET sample = 'missing' WHERE {_IS_NAMED}"

# -- known deliveries -------------------------------------------------------------------------------------------------

_KNOWN = """
    deliveries.name, deliveries.note, deliveries.prospect, deliveries.key, deliveries.occurrence, deliveries.note_id,
    deliveries.at, deliveries.reason, deliveries.request, deliveries.resent_at, requests.run, requests.sent_at,
    requests.since, deliveries.changing, deliveries.touched, deliveries.state, deliveries.twins,
    deliveries.sample = 'missing',
    notes.digest, notes.seen, notes.readings, notes.visibility, notes.status,
    opened.digest, opened.seen, opened.readings, opened.visibility, opened.status,
    was.digest, was.seen, was.readings, was.visibility, was.status
"""
"""Columns in the order of the attributes of :class:`.known.KnownDelivery`."""

_FROM = """
    FROM deliveries JOIN requests ON requests.id = deliveries.request JOIN notes ON notes.id = deliveries.note
    LEFT JOIN notes AS opened ON opened.id = deliveries.changing LEFT JOIN notes AS was ON was.id = deliveries.was
"""
_OF_RUN = "deliveries.request IN (SELECT id FROM requests WHERE run = :run)"
NAMED = f"SELECT {_KNOWN} {_FROM} WHERE deliveries.name IN ({{given}})"
WITH_IDS = f"SELECT {_KNOWN} {_FROM} WHERE deliveries.workspace = :workspace AND deliveries.note_id IN ({{given}})"

# -- identities -------------------------------------------------------------------------------------------------------

ANY = "SELECT 1 FROM identities WHERE workspace = :workspace LIMIT 1"
TOLD = f"""
    SELECT identities.who, identities.what, {_KNOWN}
    {_FROM} JOIN identities ON identities.delivery = deliveries.id
    WHERE identities.workspace = :workspace AND identities.who IN ({{given}})
"""
IDENTIFY = """
    INSERT INTO identities (workspace, who, what, delivery)
    SELECT :workspace, :who, :what, deliveries.id FROM deliveries WHERE deliveries.name = :name
    ON CONFLICT DO NOTHING
"""
FORGET = """
    DELETE FROM identities
    WHERE identities.delivery = (SELECT id FROM deliveries WHERE name = :name AND request = :request)
"""
CREATED = f"""
    SELECT {_KNOWN} {_FROM} WHERE {_OF_RUN} AND deliveries.state IN ('created', 'hidden', 'left')
    ORDER BY deliveries.request
"""
STATES_OF_RUN = f"SELECT deliveries.state, count(*) FROM deliveries WHERE {_OF_RUN} GROUP BY deliveries.state"


def _few(condition: str) -> str:
    """Return the query for deliveries by an indexed condition; no index looks for the workspace."""
    return f"""
        SELECT {_KNOWN} {_FROM} WHERE {condition} AND +deliveries.workspace = :workspace
        ORDER BY +deliveries.request, deliveries.id
    """


UNCLEAR = _few("deliveries.state = 'unclear'")
AT_PROSPECT = _few(_AT_PROSPECT)
RESENT = _few("deliveries.resent_at IS NOT NULL AND deliveries.note_id IS NOT NULL")
MISSING = _few("deliveries.sample = 'missing' AND deliveries.state = 'created'")
WITH_DUPLICATES = _few("deliveries.twins IS NOT NULL")

# -- notes that were made ---------------------------------------------------------------------------------------------


# First those that an answer named and that are published. Only the workspace's latest requests are searched.
LATEST = """
    SELECT deliveries.prospect, deliveries.note_id
    FROM (
        SELECT requests.id FROM requests JOIN runs ON runs.id = requests.run
        WHERE runs.workspace = :workspace ORDER BY requests.id DESC LIMIT 100
    ) AS latest
    JOIN deliveries ON deliveries.request = latest.id
    JOIN notes ON notes.id = deliveries.note
    WHERE deliveries.state = 'created' AND (notes.status = '1' OR :any_status)
    ORDER BY CASE WHEN deliveries.reason IS NULL THEN 0 ELSE 1 END, CASE notes.status WHEN '1' THEN 0 ELSE 1 END,
        latest.id DESC
    LIMIT 5
"""
