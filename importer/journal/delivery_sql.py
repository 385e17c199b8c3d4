"""Build the SQL statements for deliveries once, because SQLAlchemy would otherwise build them at each call.

Input: none. Output: statements whose values are bound when they run.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from importer.journal.known import ACCEPTED, DeliveryState, SampleState
from importer.journal.schema import deliveries, notes, requests, runs, workspaces
from importer.journal.statements import Among, Many, Upsert
from importer.models import Status

LONGEST_ANSWER = 300.0
"""Maximum number of seconds from sending a request to the answer that names its note."""

_LATELY = 100  # the latest requests of a workspace, which are searched for a created note


def known_query() -> sa.Select[Any]:
    """Return the query for deliveries, with columns in the order of the attributes of :class:`.known.KnownDelivery`."""
    return sa.select(
        deliveries.c.note,
        deliveries.c.prospect,
        deliveries.c.occurrence,
        deliveries.c.state,
        deliveries.c.note_id,
        deliveries.c.at,
        deliveries.c.reason,
        deliveries.c.request,
        deliveries.c.resent_at,
        deliveries.c.twins,
        deliveries.c.sample,
        requests.c.run,
        requests.c.sent_at,
        requests.c.since,
    ).join(requests, requests.c.id == deliveries.c.request)


def _claim(upsert: Upsert) -> Any:
    """Return the statement for claims; constants are part of its text, since SQLite would bind them for each row."""
    insert = upsert(deliveries).values(
        note=sa.bindparam("note"),
        prospect=sa.bindparam("prospect"),
        occurrence=sa.bindparam("occurrence"),
        state=_literal(DeliveryState.SENDING),
        request=sa.bindparam("request"),
        at=sa.bindparam("at"),
        resent_at=sa.bindparam("resent_at"),
    )
    proposed = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["note", "prospect", "occurrence"],
        set_={
            "state": proposed.state,
            "request": proposed.request,
            "at": proposed.at,
            "note_id": sa.null(),
            "reason": sa.null(),
            "resent_at": sa.func.coalesce(proposed.resent_at, deliveries.c.resent_at),
        },
        where=sa.or_(
            deliveries.c.state == _literal(DeliveryState.REJECTED),
            sa.and_(deliveries.c.request == sa.bindparam("replaces"), IS_UNCLEAR),
        ),
    )


def _literal(state: DeliveryState) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{state.value}'", sa.Text)


IS_UNCLEAR = deliveries.c.state.in_(
    [_literal(DeliveryState.SENDING), _literal(DeliveryState.UNCONFIRMED)]
)  # the same condition as in the index
_IS_DELIVERY = sa.and_(
    deliveries.c.note == sa.bindparam("of_note"),
    deliveries.c.prospect == sa.bindparam("p"),
    deliveries.c.occurrence == sa.bindparam("o"),
)
_IS_OF_REQUEST = sa.and_(_IS_DELIVERY, deliveries.c.request == sa.bindparam("of_request"))
KNOWN = Among(known_query(), (deliveries.c.note, deliveries.c.prospect))
NEW_REQUESTS = sa.insert(requests).returning(requests.c.id, sort_by_parameter_order=True)


_OWNER = (
    sa.select(workspaces.c.id)
    .where(workspaces.c.profile == sa.bindparam("of_profile"), workspaces.c.base_url == sa.bindparam("of_url"))
    .scalar_subquery()
)
IS_OWNERS = notes.c.workspace == _OWNER


def _latest(*, of_run: bool = False) -> sa.Select[Any]:
    is_of_run = [requests.c.run == sa.bindparam("of_run")] if of_run else []
    latest_requests = (
        sa.select(requests.c.id, requests.c.note, requests.c.sent_at)
        .join(runs, runs.c.id == requests.c.run)
        .where(runs.c.workspace == _OWNER, *is_of_run)
        .order_by(requests.c.id.desc())
        .limit(_LATELY)
        .subquery()
    )
    duration = deliveries.c.at - latest_requests.c.sent_at
    is_answer = [deliveries.c.reason.is_(None), duration.between(0.0, LONGEST_ANSWER)] if of_run else []
    return (
        sa.select(deliveries.c.prospect, deliveries.c.note_id)
        .join(
            latest_requests,
            sa.and_(deliveries.c.note == latest_requests.c.note, deliveries.c.request == latest_requests.c.id),
        )
        .join(notes, notes.c.id == deliveries.c.note)
        .where(IS_OWNERS, deliveries.c.state == DeliveryState.CREATED.value, *is_answer)
        .order_by(sa.case((notes.c.status == Status.PUBLISHED.value, 0), else_=1), latest_requests.c.id.desc())
        .limit(1)
    )


def _made_where(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query for the IDs of a workspace's notes, and when each note was made."""
    return (
        sa.select(
            deliveries.c.note_id,
            deliveries.c.twins,
            deliveries.c.at,
            deliveries.c.reason,
            requests.c.sent_at,
            requests.c.run,
        )
        .join(notes, notes.c.id == deliveries.c.note)
        .join(requests, requests.c.id == deliveries.c.request)
        .where(IS_OWNERS, *conditions)
    )


def _adopted_where(is_alike: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return _made_where(
        is_alike, deliveries.c.prospect == sa.bindparam("of_prospect"), deliveries.c.note_id.is_not(None)
    )


ALIKE = (
    sa.select(deliveries.c.note_id)
    .join(notes, notes.c.id == deliveries.c.note)
    .where(IS_OWNERS, notes.c.seen == sa.bindparam("of_seen"), deliveries.c.prospect == sa.bindparam("of_prospect"))
)
LATEST = _latest()
LATEST_OF_RUN = _latest(of_run=True)
A_NOTE_OF = (
    sa.select(deliveries.c.note_id)
    .join(notes, notes.c.id == deliveries.c.note)
    .where(IS_OWNERS, deliveries.c.prospect == sa.bindparam("of_prospect"), deliveries.c.note_id.is_not(None))
    .limit(1)
)
SENT = (
    sa.select(notes.c.id)
    .where(
        IS_OWNERS,
        notes.c.visibility == sa.bindparam("of_visibility"),
        sa.exists().where(deliveries.c.note == notes.c.id, deliveries.c.state != DeliveryState.REJECTED.value),
    )
    .limit(1)
)
NOTE_IDS = (
    sa.select(deliveries.c.note_id, deliveries.c.twins)
    .join(notes, notes.c.id == deliveries.c.note)
    .where(IS_OWNERS, deliveries.c.note_id.is_not(None))
)
WITH_IDS = _made_where(deliveries.c.note_id.in_(sa.bindparam("of_ids", expanding=True)))
ADOPTED = _adopted_where(notes.c.seen == sa.bindparam("of_seen"))
_DRAFTS = _adopted_where(notes.c.status == sa.literal_column(f"'{Status.DRAFT.value}'"))
ADOPTED_OR_DRAFT = sa.union(ADOPTED, _DRAFTS)  # a union, because one combined condition would use no index
CLAIM = Many(_claim, "note", "prospect", "occurrence", "request", "resent_at")
ANSWER = Many(
    deliveries.update()
    .where(_IS_DELIVERY, deliveries.c.request == sa.bindparam("q"))
    .values(state=sa.bindparam("s"), note_id=sa.bindparam("i"), reason=sa.bindparam("r"), at=sa.bindparam("t")),
    "of_note",
    "p",
    "o",
    "q",
    "s",
    "i",
    "r",
    "t",
)
UNCONFIRM = Many(deliveries.update().where(_IS_OF_REQUEST).values(state=DeliveryState.UNCONFIRMED.value), "p", "o")
ACCEPT = Many(deliveries.update().where(_IS_OF_REQUEST).values(reason=sa.literal_column(f"'{ACCEPTED}'")), "p", "o")
RELEASE = Many(deliveries.delete().where(_IS_OF_REQUEST), "p", "o")
HIDE = Many(deliveries.update().where(_IS_DELIVERY).values(state=DeliveryState.HIDDEN.value), "of_note", "p", "o")
CHECKED = Many(
    deliveries.update().where(_IS_DELIVERY).values(resent_at=None, twins=sa.bindparam("twins")),
    "of_note",
    "p",
    "o",
)
SAMPLE = Many(deliveries.update().where(_IS_DELIVERY).values(sample=sa.bindparam("sample")), "of_note", "p", "o")


def _sample_all(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    of_run = requests.c.run == sa.bindparam("of_run")
    note_numbers = sa.select(requests.c.note).join(notes, notes.c.id == requests.c.note).where(of_run, *conditions)
    request_numbers = sa.select(requests.c.id).where(of_run)
    return (
        deliveries.update()
        .where(deliveries.c.note.in_(note_numbers), deliveries.c.request.in_(request_numbers))
        .where(deliveries.c.state == DeliveryState.CREATED.value)
        .where(sa.func.coalesce(deliveries.c.sample, "") != SampleState.MISSING.value)
        .values(sample=SampleState.ALL.value)
    )


SAMPLE_ALL = _sample_all()
SAMPLE_PUBLISHED = _sample_all(notes.c.status == Status.PUBLISHED.value)
