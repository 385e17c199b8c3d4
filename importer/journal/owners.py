"""Whose the journal's schema in PostgreSQL is, and who else may put into it what would run as the importer.

Comes in: a store. Goes out: nothing, or word of what isn't ours. Whoever may create things in the database could make
the schema first, with a trigger: it would run with the importer's rights. So the schema and all in it belong to this
user, to an administrator, or to the role that the setting ``note_importer.owner`` names.
"""

from __future__ import annotations

import sqlalchemy as sa

from importer.errors import UnusableJournal
from importer.journal.connecting import SCHEMA
from importer.journal.store import Store
from importer.messages import say

OWNER = "note_importer.owner"
"""A setting of the database, of the role or of the connection."""


def check(store: Store) -> None:
    """See that nothing in the schema runs what somebody else wrote; there need not be a schema.

    Raises:
        UnusableJournal: something could.
    """
    found = store.rows(sa.text(_STRANGE), {"schema": SCHEMA, "owner": OWNER})
    if not found:
        return
    what, thing, role = found[0]
    why, mend = {"thing": thing, "role": role or say("owners.everybody")}, {"thing": thing, "role": role or "PUBLIC"}
    said = {"why": say(f"owners.{what}", **why), "mend": say(f"owners.mend-{what}", **mend)}
    raise UnusableJournal(say("owners.strange", name=store.name, **said))


# Each comparison is one of the same types, so that no operator which somebody put into the schema fits better.
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
