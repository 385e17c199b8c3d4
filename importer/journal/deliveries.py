"""Record deliveries, and return what the journal knows of them.

Input: claims (requests about to be sent) and answers. Output: the state of deliveries. A claim is one insert or
update that only one process can win. It is on disk before the request's first byte leaves. Callers enter claims
and answers inside :meth:`importer.journal.Journal.transaction`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from importer.api import Answer
from importer.journal import delivery_sql as sql
from importer.journal import notes as known_notes
from importer.journal.entries import Answered, Claim
from importer.journal.known import STATES, DeliveryState, KnownDelivery, Made, SampleState, duplicates_in, written
from importer.journal.notes import NoteKey
from importer.journal.runs import Run
from importer.journal.schema import deliveries, notes, requests, workspaces
from importer.journal.statements import Row
from importer.journal.store import Store
from importer.models import Note, Status, Visibility, Workspace


class Deliveries:
    """Record of all deliveries, with one entry for each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- notes ------------------------------------------------------------------------------------------------------

    def enter_notes(self, workspace: Workspace, keys: Sequence[NoteKey]) -> tuple[list[int], set[int]]:
        """Enter notes unless they are known; return the number of each, and the set of numbers known before."""
        return known_notes.enter(self._store, workspace, keys)

    def find_notes(self, workspace: Workspace, keys: Sequence[NoteKey | Note]) -> list[int | None]:
        """Return the numbers of notes in their order; None for notes that were never sent."""
        return known_notes.find(self._store, workspace, keys)

    def key_of(self, note: int) -> NoteKey:
        """Return the key of the note with this number."""
        return known_notes.key_of(self._store, note)

    # -- requests and answers ---------------------------------------------------------------------------------------

    def claim(self, run: Run, claims: Sequence[Claim], sent_at: float) -> list[int] | None:
        """Record that requests are about to be sent; call this inside a transaction.

        Args:
            run: the run that sends the requests.
            claims: the requests.
            sent_at: the time now, by our clock.

        Returns:
            the requests' numbers; None if another run has claimed or made one of their deliveries. In that case leave
            the transaction by an exception.
        """
        if not claims:
            return []
        new_requests = [
            {"run": run.id, "note": claim.note, "sent_at": sent_at, "since": claim.since} for claim in claims
        ]
        numbers = [int(row.id) for row in self._store.execute(sql.NEW_REQUESTS, new_requests)]
        rows: defaultdict[int | None, list[Row]] = defaultdict(list)  # by the replaced request, mostly None
        for number, claim in zip(numbers, claims, strict=True):
            resent_at = sent_at if claim.is_resent else None
            for prospect, key in zip(claim.request.prospects, claim.request.keys, strict=True):
                rows[claim.replaces].append((claim.note, prospect, key, number, resent_at))
        claimed = sum(
            self._store.many(sql.CLAIM, batch, at=sent_at, replaces=replaces) for replaces, batch in rows.items()
        )
        return numbers if claimed == sum(map(len, rows.values())) else None

    def answer(self, answers: Iterable[Answered]) -> None:
        """Record answers to requests."""
        rows = [
            (note, prospect, occurrence, request, _became(answer).value, answer.note_id, written(answer.reason), at)
            for request, note, prospect, occurrence, answer, at in answers
        ]
        self._store.many(sql.ANSWER, rows)

    def unconfirm(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Record these deliveries, (prospect, occurrence), as unconfirmed: no read can show whether they were made."""
        self._store.many(sql.UNCONFIRM, which, of_note=note, of_request=number)

    def accept(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Record that the API confirmed these deliveries without a note ID; it may take minutes to create the notes."""
        self._store.many(sql.ACCEPT, which, of_note=note, of_request=number)

    def release(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Record that these deliveries were certainly not made, and give up the claim on them."""
        self._store.many(sql.RELEASE, which, of_note=note, of_request=number)

    def hide(self, hidden: Sequence[KnownDelivery]) -> None:
        """Record that notes were made private drafts."""
        rows = [(delivery.note, delivery.prospect, delivery.occurrence) for delivery in hidden]
        with self._store.transaction():
            self._store.many(sql.HIDE, rows)

    def hide_duplicates(self, hidden: Sequence[KnownDelivery]) -> None:
        """Record that duplicates were made private drafts. Each is given as its delivery with its own note ID."""
        hidden_ids = {delivery.note_id for delivery in hidden}
        with self._store.transaction():
            for delivery in {
                (delivery.note, delivery.prospect, delivery.occurrence): delivery for delivery in hidden
            }.values():
                key = (delivery.note, delivery.prospect, delivery.occurrence)
                duplicates = self.known([key[:2]])[key].duplicates
                self.checked(*key, [note_id for note_id in duplicates if note_id not in hidden_ids])

    def checked(self, note: int, prospect: str, occurrence: str, duplicates: Sequence[str]) -> None:
        """Record that a delivery was checked for duplicates, and the IDs of the duplicates found."""
        with self._store.transaction():
            ids_as_json = json.dumps(list(duplicates)) if duplicates else None
            self._store.many(sql.CHECKED, [(note, prospect, occurrence)], twins=ids_as_json)

    def sample(self, which: Sequence[tuple[int, str, str]], sample: SampleState | None) -> None:
        """Set the sample state of deliveries, (note, prospect, occurrence); None removes them from the sample."""
        self._store.many(sql.SAMPLE, which, sample=sample)

    def sample_all(self, run: int, *, drafts: bool) -> None:
        """Record that all notes created by a run are to be read back; drafts only if ``drafts`` is true."""
        self._store.execute(sql.SAMPLE_ALL if drafts else sql.SAMPLE_PUBLISHED, {"of_run": run})

    # -- queries ----------------------------------------------------------------------------------------------------

    def known(self, wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str, str], KnownDelivery]:
        """Return the known deliveries of these notes to prospects. All of them must fit in memory.

        Args:
            wanted: pairs of a note's number and a prospect.

        Returns:
            (note's number, prospect, occurrence) → the delivery.
        """
        with self._store.reading():
            known_deliveries = map(KnownDelivery.from_row, self._store.among(sql.KNOWN, wanted))
            return {(delivery.note, delivery.prospect, delivery.occurrence): delivery for delivery in known_deliveries}

    def delivered(self, workspace: Workspace, note_ids: Sequence[str]) -> dict[str, Made]:
        """Return note ID → when the note was made, for those of a few hundred IDs at most that deliveries have.

        Call this rarely: a file has no index over IDs, because such an index would multiply what each answer writes.
        """
        values = {**_owner(workspace), "of_ids": note_ids}
        rows = self._store.rows(sql.WITH_IDS, values) if note_ids else ()
        return {row.note_id: _made(row) for row in rows}

    def latest_created(self, workspace: Workspace, run: int | None = None) -> tuple[str, str] | None:
        """Return the prospect and ID of a recently created note, or None; a draft only if there is no published note.

        With ``run``, only notes that were named in an answer to that run count.
        """
        values = _owner(workspace) if run is None else {**_owner(workspace), "of_run": run}
        rows = self._store.rows(sql.LATEST if run is None else sql.LATEST_OF_RUN, values)
        return next(((row.prospect, row.note_id) for row in rows), None)

    def has_note_of(self, workspace: Workspace, prospect: str) -> bool:
        """Return whether a delivery of the workspace created a note for the prospect; call this rarely."""
        return bool(self._store.rows(sql.A_NOTE_OF, {**_owner(workspace), "of_prospect": prospect}))

    def has_sent(self, workspace: Workspace, visibility: Visibility) -> bool:
        """Return whether a note with this visibility was sent to the workspace, or may have been."""
        return bool(self._store.rows(sql.SENT, {**_owner(workspace), "of_visibility": visibility.value}))

    def adopted(self, workspace: Workspace, key: NoteKey, prospect: str, *, any_draft: bool) -> dict[str, Made]:
        """Return note ID → when the note was made, for the prospect's notes that deliveries have, including duplicates.

        Only notes that look the same to a reader count. If this note is a draft, ``any_draft`` makes all drafts count.
        """
        query = sql.ADOPTED_OR_DRAFT if any_draft and key.status is Status.DRAFT else sql.ADOPTED
        values = {**_owner(workspace), "of_seen": key.seen, "of_prospect": prospect}
        made_by_id = {}
        for row in self._store.rows(query, values):
            made_by_id[row.note_id] = _made(row)
            made_by_id |= dict.fromkeys(duplicates_in(row.twins), _made(row)._replace(is_answer=False))
        return made_by_id

    def has_another(self, workspace: Workspace, prospect: str, seen: bytes, note_id: str) -> bool:
        """Return whether the prospect has deliveries of a note with this visible text, but none with this note ID."""
        values = {**_owner(workspace), "of_seen": seen, "of_prospect": prospect}
        note_ids = {row.note_id for row in self._store.rows(sql.ALIKE, values)}
        return bool(note_ids) and note_id not in note_ids

    def note_ids(self, workspace: Workspace) -> Iterator[str]:
        """Yield the IDs of all notes that deliveries have, including duplicates."""
        for row in self._store.each(sql.NOTE_IDS, _owner(workspace)):
            yield row.note_id
            yield from duplicates_in(row.twins)

    def unclear_at(self, workspace: Workspace, prospect: str) -> list[NoteKey]:
        """Return the note of each unclear delivery to the prospect, from any sheet."""
        return [key for key, _ in self._few(workspace, deliveries.c.prospect == prospect, sql.IS_UNCLEAR)]

    def unsettled(self, workspace: Workspace) -> dict[int, tuple[NoteKey, list[KnownDelivery]]]:
        """Return the deliveries whose outcome is unclear: request number → note and deliveries."""
        by_request: dict[int, tuple[NoteKey, list[KnownDelivery]]] = {}
        for key, delivery in self._few(workspace, sql.IS_UNCLEAR):
            by_request.setdefault(delivery.request, (key, []))[1].append(delivery)
        return by_request

    def resent(self, workspace: Workspace) -> list[tuple[NoteKey, KnownDelivery]]:
        """Return the deliveries that were sent again and exist, but have not been checked for duplicates since."""
        return self._few(workspace, deliveries.c.resent_at.is_not(None), deliveries.c.note_id.is_not(None))

    def sampled(self, workspace: Workspace, *, missing: bool = False) -> list[KnownDelivery]:
        """Return the created notes to be read back, from any run; with ``missing``, also those that were not found."""
        samples = [SampleState.DUE.value, SampleState.ALL.value, *([SampleState.MISSING.value] if missing else [])]
        is_due = deliveries.c.sample.in_(samples)
        return [
            delivery for _, delivery in self._few(workspace, is_due, deliveries.c.state == DeliveryState.CREATED.value)
        ]

    def _few(self, workspace: Workspace, *conditions: Any) -> list[tuple[NoteKey, KnownDelivery]]:
        """Return a workspace's deliveries by an indexed condition. The workspace is compared last, to read less."""
        query = sql.known_query().add_columns(*known_notes.COLUMNS, notes.c.workspace)
        query = query.join(notes, notes.c.id == deliveries.c.note).where(*conditions).order_by(deliveries.c.request)
        with self._store.reading():
            owner = self._store.number_of(workspace)
            rows = self._store.rows(query)
        return [(NoteKey.from_row(row), KnownDelivery.from_row(row)) for row in rows if row.workspace == owner]

    def with_duplicates(self, workspace: Workspace) -> list[KnownDelivery]:
        """Return the deliveries whose note was found more than once; call this rarely: it reads the whole table."""
        return [delivery for _, delivery in self._few(workspace, deliveries.c.twins.is_not(None))]

    def created_by(self, run: Run) -> list[KnownDelivery]:
        """Return the notes that a run created and that were not hidden since."""
        of_run = sa.select(requests.c.note).where(requests.c.run == run.id)
        query = (
            sql.known_query()
            .where(
                deliveries.c.note.in_(of_run),
                requests.c.run == run.id,
                deliveries.c.state == DeliveryState.CREATED.value,
            )
            .order_by(deliveries.c.request)
        )
        return [KnownDelivery.from_row(row) for row in self._store.rows(query)]

    def hidden_of(self, run: Run) -> tuple[int, int]:
        """Return how many of the notes that a run created are hidden, and how many aren't."""
        of_run = sa.select(requests.c.note).where(requests.c.run == run.id)
        query = (
            sa.select(deliveries.c.state, sa.func.count().label("number"))
            .join(requests, requests.c.id == deliveries.c.request)
            .where(deliveries.c.note.in_(of_run), requests.c.run == run.id)
            .group_by(deliveries.c.state)
        )
        counts = {STATES[row.state]: int(row.number) for row in self._store.rows(query)}
        return counts.get(DeliveryState.HIDDEN, 0), counts.get(DeliveryState.CREATED, 0)

    def hidden_by_run(self, workspace: Workspace | None = None) -> dict[int, int]:
        """Return run → how many of its notes are hidden, if any, for one workspace or all. Reads all notes."""
        query, owner = sa.select(requests.c.run, sa.func.count().label("number")).group_by(requests.c.run), {}
        query = query.join(deliveries, deliveries.c.request == requests.c.id)
        query = query.where(deliveries.c.state == DeliveryState.HIDDEN.value)
        if workspace is not None:
            query, owner = query.join(notes, notes.c.id == deliveries.c.note).where(sql.IS_OWNERS), _owner(workspace)
        return {row.run: int(row.number) for row in self._store.rows(query, owner)}

    def workspaces_of(self, note_ids: Sequence[str]) -> list[Workspace]:
        """Return the workspaces in which notes with any of these IDs, a few hundred at most, were created."""
        query = (
            sa.select(workspaces.c.profile, workspaces.c.base_url)
            .distinct()
            .join(notes, notes.c.workspace == workspaces.c.id)
            .join(deliveries, deliveries.c.note == notes.c.id)
            .where(deliveries.c.note_id.in_(note_ids))
            .order_by(workspaces.c.profile, workspaces.c.base_url)
        )
        return [Workspace(row.profile, row.base_url) for row in self._store.rows(query)]


def _became(answer: Answer) -> DeliveryState:
    return DeliveryState.CREATED if answer.note_id is not None else DeliveryState.REJECTED


def _owner(workspace: Workspace) -> dict[str, Any]:
    return {"of_profile": workspace.profile, "of_url": workspace.base_url}


def _made(row: Any) -> Made:
    # Earlier versions stored no reason for a note that a later run read back, maybe by another clock.
    is_answer = row.reason is None and 0 <= row.at - row.sent_at <= sql.LONGEST_ANSWER
    return Made(row.sent_at, row.at, row.run, is_answer=is_answer)
