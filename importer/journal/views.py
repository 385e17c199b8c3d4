"""Make two views for people who report on the journal with SQL; their columns stay while the tables change.

Input: a store on PostgreSQL, inside a transaction that changes tables. Output: the views. Columns are added at a view's
end and never removed, because reports read them. Rights are granted on the views.
"""

from __future__ import annotations

from importer.journal.store import Store


def make(store: Store) -> None:
    """Make the views, or bring them up to date."""
    for statement in (_RUNS, _DELIVERIES):
        store.define(statement)


_RUNS = """
CREATE OR REPLACE VIEW report_runs AS
SELECT runs.name AS run, workspaces.profile, workspaces.base_url, runs.file,
       to_timestamp(runs.started_at) AS started_at, to_timestamp(runs.ended_at) AS ended_at, runs.ended,
       (counts::jsonb ->> 'created')::bigint AS created,
       (counts::jsonb ->> 'duplicate')::bigint AS duplicate,
       (counts::jsonb ->> 'already imported')::bigint AS already_imported,
       (counts::jsonb ->> 'rejected')::bigint AS rejected,
       (counts::jsonb ->> 'invalid')::bigint AS invalid,
       (counts::jsonb ->> 'unconfirmed')::bigint AS unconfirmed,
       (counts::jsonb ->> 'not sent')::bigint AS not_sent,
       (counts::jsonb ->> 'skipped')::bigint AS skipped
FROM runs JOIN workspaces ON workspaces.id = runs.workspace
"""
# For a message as JSON (see :func:`importer.journal.known.written`), the view shows the API's words: the first part
# named text. The pattern matches only what is certainly a JSON string. PostgreSQL's text can't hold U+0000.
_DELIVERIES = r"""
CREATE OR REPLACE VIEW report_deliveries AS
SELECT workspaces.profile, workspaces.base_url, runs.name AS run, deliveries.prospect, deliveries.occurrence,
       deliveries.state, deliveries.note_id, to_timestamp(deliveries.at) AS at,
       CASE WHEN deliveries.reason ~ '^\["[^"\\]+", \{.*\}\]$' THEN coalesce(
           ('[' || replace(replace(substring(
               deliveries.reason from '"text": ("(?:[^"\\\u0001-\u001f]|\\["\\/bfnrt]|\\u00[01][0-9a-f])*")'
           ), '\\', '\u005c'), '\u0000', '\ufffd') || ']')::json ->> 0,
           substring(deliveries.reason from '^\["([^"]+)"')
       ) ELSE deliveries.reason END AS reason,
       CASE notes.visibility WHEN '1' THEN 'public' WHEN '2' THEN 'private' END AS visibility,
       CASE notes.status WHEN '1' THEN 'published' WHEN '0' THEN 'draft' END AS status
FROM deliveries
JOIN notes ON notes.id = deliveries.note
JOIN workspaces ON workspaces.id = notes.workspace
JOIN requests ON requests.id = deliveries.request
JOIN runs ON runs.id = requests.run
"""
