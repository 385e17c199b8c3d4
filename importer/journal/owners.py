"""Check who owns the journal's schema in PostgreSQL, and who else could add code to it that runs as the importer.

Input: a store. Output: nothing, or an error that names the foreign object. Anyone who may create objects in the
database could create the schema first, with a trigger that runs with the importer's rights. So the schema and all its
objects must belong to this user, to an administrator, or to the role in the setting ``note_importer.owner``.
"""

from __future__ import annotations

from importer.errors import UnusableJournal
from importer.journal.connecting import SCHEMA
from importer.journal.store import Store
from importer.messages import say

OWNER = "note_importer.owner"
"""Setting with the owner's role; set for the database, a role or a connection."""


def check(store: Store) -> None:
    """Check that nothing in the schema runs code written by another role; the schema may be missing.

    Raises:
        UnusableJournal: another role's code could run.
    """
    rows = store.rows(_STRANGE, schema=SCHEMA, owner=OWNER)
    if not rows:
        return
    kind, thing, role = rows[0]
    why, mend = {"thing": thing, "role": role or say("owners.everybody")}, {"thing": thing, "role": role or "PUBLIC"}
    reasons = {"why": say(f"owners.{kind}", **why), "mend": say(f"owners.mend-{kind}", **mend)}
    raise UnusableJournal(say("owners.strange", name=store.name, **reasons))


# Each comparison is between equal types, so that no operator that somebody added to the schema takes precedence.
_STRANGE = """
WITH ours AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname = current_user
        OR rolname = pg_catalog.current_setting(:owner, true)
), space AS (
    SELECT oid, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = :schema
), held AS (
    SELECT pg_class.oid, relname, relowner, relacl FROM pg_catalog.pg_class JOIN space ON relnamespace = space.oid
), owned AS (
    SELECT 'schema' AS what, '' AS thing, nspowner AS owner FROM space
    UNION ALL SELECT 'object', relname, relowner FROM held
    UNION ALL SELECT 'object', proname, proowner FROM pg_catalog.pg_proc JOIN space ON pronamespace = space.oid
    UNION ALL SELECT 'object', typname, typowner FROM pg_catalog.pg_type JOIN space ON typnamespace = space.oid
    UNION ALL SELECT 'object', oprname, oprowner FROM pg_catalog.pg_operator JOIN space ON oprnamespace = space.oid
), granted AS (
    SELECT 'create' AS what, '' AS thing, grantee, privilege_type AS right_to
    FROM space, pg_catalog.aclexplode(nspacl)
    UNION ALL SELECT 'trigger', relname, grantee, privilege_type FROM held, pg_catalog.aclexplode(relacl)
)
SELECT what, thing, pg_catalog.pg_get_userbyid(owner) FROM owned WHERE owner NOT IN (SELECT oid FROM ours)
UNION ALL
SELECT what, thing, CASE WHEN grantee <> CAST(0 AS oid) THEN pg_catalog.pg_get_userbyid(grantee) END FROM granted
WHERE right_to = pg_catalog.upper(what) AND grantee NOT IN (SELECT oid FROM ours)
UNION ALL
SELECT 'has-trigger', relname, tgname FROM pg_catalog.pg_trigger JOIN held ON tgrelid = held.oid WHERE NOT tgisinternal
UNION ALL
SELECT 'has-rule', relname, rulename FROM pg_catalog.pg_rewrite JOIN held ON ev_class = held.oid
WHERE rulename <> '_RETURN'
"""
