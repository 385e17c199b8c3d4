"""The deliveries. Comes in: intents and answers. Goes out: what is known of a delivery.

A claim is one insert or update that only one can win, and it is on disk before the request's first byte leaves.
Who claims and enters answers does so inside :meth:`importer.journal.Journal.transaction`.
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
    """Each delivery once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- notes ------------------------------------------------------------------------------------------------------

    def enter_notes(self, workspace: Workspace, keys: Sequence[NoteKey]) -> tuple[list[int], set[int]]:
        """The numbers of notes, in their order; new notes are entered. Also the numbers that were known before."""
        return known_notes.enter(self._store, workspace, keys)

    def find_notes(self, workspace: Workspace, keys: Sequence[NoteKey | Note]) -> list[int | None]:
        """The numbers of notes, in their order; None for those that were never sent."""
        return known_notes.find(self._store, workspace, keys)

    def key_of(self, note: int) -> NoteKey:
        """Return what is kept of the note of a number."""
        return known_notes.key_of(self._store, note)

    # -- what is sent, and what comes back --------------------------------------------------------------------------

    def claim(self, run: Run, claims: Sequence[Claim], sent_at: float) -> list[int] | None:
        """Enter that requests are about to be sent; to be called inside a transaction.

        Args:
            run: the run that sends them.
            claims: the requests.
            sent_at: now, by our clock.

        Returns:
            the requests' numbers, or None when another has claimed or made one of their deliveries; leave the
            transaction by an exception then.
        """
        if not claims:
            return []
        entered = [{"run": run.id, "note": claim.note, "sent_at": sent_at, "since": claim.since} for claim in claims]
        numbers = [int(row.id) for row in self._store.execute(sql.NEW_REQUESTS, entered)]
        rows: defaultdict[int | None, list[Row]] = defaultdict(list)  # by what they replace, mostly nothing
        for number, claim in zip(numbers, claims, strict=True):
            resent_at = sent_at if claim.is_resent else None
            for prospect, key in zip(claim.request.prospects, claim.request.keys, strict=True):
                rows[claim.replaces].append((claim.note, prospect, key, number, resent_at))
        won = sum(self._store.many(sql.CLAIM, some, at=sent_at, replaces=replaces) for replaces, some in rows.items())
        return numbers if won == sum(map(len, rows.values())) else None

    def answer(self, answers: Iterable[Answered]) -> None:
        """Enter answers to requests."""
        rows = [
            (note, prospect, occurrence, request, _became(answer).value, answer.note_id, written(answer.reason), at)
            for request, note, prospect, occurrence, answer, at in answers
        ]
        self._store.many(sql.ANSWER, rows)

    def unconfirm(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Enter that it can't be found out whether these deliveries, (prospect, occurrence), were made."""
        self._store.many(sql.UNCONFIRM, which, of_note=note, of_request=number)

    def accept(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Enter that the API confirmed these deliveries without a note's id: it may take minutes to make the notes."""
        self._store.many(sql.ACCEPT, which, of_note=note, of_request=number)

    def release(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Enter that these deliveries surely were not made: the claim is given up."""
        self._store.many(sql.RELEASE, which, of_note=note, of_request=number)

    def hide(self, hidden: Sequence[KnownDelivery]) -> None:
        """Enter that notes were made private drafts."""
        rows = [(known.note, known.prospect, known.occurrence) for known in hidden]
        with self._store.transaction():
            self._store.many(sql.HIDE, rows)

    def hide_duplicates(self, hidden: Sequence[KnownDelivery]) -> None:
        """Enter that further notes, each given as its delivery with the note's own id, were made private drafts."""
        gone = {known.note_id for known in hidden}
        with self._store.transaction():
            for known in {(known.note, known.prospect, known.occurrence): known for known in hidden}.values():
                key = (known.note, known.prospect, known.occurrence)
                duplicates = self.known([key[:2]])[key].duplicates
                self.checked(*key, [note_id for note_id in duplicates if note_id not in gone])

    def checked(self, note: int, prospect: str, occurrence: str, duplicates: Sequence[str]) -> None:
        """Enter that somebody has looked whether a delivery is there twice: under these ids, too."""
        with self._store.transaction():
            found = json.dumps(list(duplicates)) if duplicates else None
            self._store.many(sql.CHECKED, [(note, prospect, occurrence)], twins=found)

    def sample(self, which: Sequence[tuple[int, str, str]], sample: SampleState | None) -> None:
        """Enter of deliveries, (note, prospect, occurrence), that they are in a sample, or in none any more."""
        self._store.many(sql.SAMPLE, which, sample=sample)

    def sample_all(self, run: int, *, drafts: bool) -> None:
        """Enter that every note that a run created is to be read back; drafts only if they are wanted."""
        self._store.execute(sql.SAMPLE_ALL if drafts else sql.SAMPLE_PUBLISHED, {"of_run": run})

    # -- what is known ----------------------------------------------------------------------------------------------

    def known(self, wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str, str], KnownDelivery]:
        """What is known of the deliveries of notes to prospects, for as many as are to be held in memory at once.

        Args:
            wanted: a note's number and a prospect each.

        Returns:
            (note's number, prospect, occurrence) → what is known.
        """
        with self._store.reading():
            found = map(KnownDelivery.from_row, self._store.among(sql.KNOWN, wanted))
            return {(known.note, known.prospect, known.occurrence): known for known in found}

    def delivered(self, workspace: Workspace, note_ids: Sequence[str]) -> dict[str, Made]:
        """Of these note ids, a few hundred at most, those that deliveries have → when each was made.

        No index helps it, for one over ids would multiply what each answer writes; so it is to be asked rarely.
        """
        values = {**_owner(workspace), "of_ids": note_ids}
        found = self._store.rows(sql.WITH_IDS, values) if note_ids else ()
        return {row.note_id: _made(row) for row in found}

    def latest_created(self, workspace: Workspace, run: int | None = None) -> tuple[str, str] | None:
        """The prospect and the id of a note that was created lately, if there is one; a draft for want of others.

        With ``run``, of a note that an answer to that run named.
        """
        values = _owner(workspace) if run is None else {**_owner(workspace), "of_run": run}
        rows = self._store.rows(sql.LATEST if run is None else sql.LATEST_OF_RUN, values)
        return next(((row.prospect, row.note_id) for row in rows), None)

    def has_note_of(self, workspace: Workspace, prospect: str) -> bool:
        """Whether a delivery of the workspace made a note of the prospect; to be asked rarely."""
        return bool(self._store.rows(sql.A_NOTE_OF, {**_owner(workspace), "of_prospect": prospect}))

    def has_sent(self, workspace: Workspace, visibility: Visibility) -> bool:
        """Return whether a note of this visibility was sent to the workspace, or may have been."""
        return bool(self._store.rows(sql.SENT, {**_owner(workspace), "of_visibility": visibility.value}))

    def adopted(self, workspace: Workspace, key: NoteKey, prospect: str, *, any_draft: bool) -> dict[str, Made]:
        """Ids of the prospect's notes that a delivery already has, twins too → when each was made.

        They are the notes in which a reader sees the same as in this one; with ``any_draft``, for a draft all drafts.
        """
        query = sql.ADOPTED_OR_DRAFT if any_draft and key.status is Status.DRAFT else sql.ADOPTED
        values = {**_owner(workspace), "of_seen": key.seen, "of_prospect": prospect}
        found = {}
        for row in self._store.rows(query, values):
            found[row.note_id] = _made(row)
            found |= dict.fromkeys(duplicates_in(row.twins), _made(row)._replace(is_answer=False))
        return found

    def has_another(self, workspace: Workspace, prospect: str, seen: bytes, note_id: str) -> bool:
        """Whether there are deliveries of a note that reads so to the prospect, and none of them has this note."""
        values = {**_owner(workspace), "of_seen": seen, "of_prospect": prospect}
        found = {row.note_id for row in self._store.rows(sql.ALIKE, values)}
        return bool(found) and note_id not in found

    def note_ids(self, workspace: Workspace) -> Iterator[str]:
        """The ids of all notes that deliveries have."""
        for row in self._store.each(sql.NOTE_IDS, _owner(workspace)):
            yield row.note_id
            yield from duplicates_in(row.twins)

    def unclear_at(self, workspace: Workspace, prospect: str) -> list[NoteKey]:
        """The notes of the prospect's deliveries that are unclear, of whichever sheet they are."""
        return [key for key, _ in self._few(workspace, deliveries.c.prospect == prospect, sql.IS_UNCLEAR)]

    def unsettled(self, workspace: Workspace) -> dict[int, tuple[NoteKey, list[KnownDelivery]]]:
        """Deliveries of which no run knows what became of them: request number → note and deliveries."""
        found: dict[int, tuple[NoteKey, list[KnownDelivery]]] = {}
        for key, known in self._few(workspace, sql.IS_UNCLEAR):
            found.setdefault(known.request, (key, []))[1].append(known)
        return found

    def resent(self, workspace: Workspace) -> list[tuple[NoteKey, KnownDelivery]]:
        """Deliveries that were sent again and are there, at which nobody has looked since whether they are twice."""
        return self._few(workspace, deliveries.c.resent_at.is_not(None), deliveries.c.note_id.is_not(None))

    def sampled(self, workspace: Workspace, *, missing: bool = False) -> list[KnownDelivery]:
        """Return the created notes that are to be read back, of whichever run; also those that were ``missing``."""
        samples = [SampleState.DUE.value, SampleState.ALL.value, *([SampleState.MISSING.value] if missing else [])]
        wanted = deliveries.c.sample.in_(samples)
        return [known for _, known in self._few(workspace, wanted, deliveries.c.state == DeliveryState.CREATED.value)]

    def _few(self, workspace: Workspace, *conditions: Any) -> list[tuple[NoteKey, KnownDelivery]]:
        """Deliveries that an index knows by a condition; whose they are is seen only then, lest all of its are read."""
        query = sql.known_query().add_columns(*known_notes.COLUMNS, notes.c.workspace)
        query = query.join(notes, notes.c.id == deliveries.c.note).where(*conditions).order_by(deliveries.c.request)
        with self._store.reading():
            owner = self._store.number_of(workspace)
            rows = self._store.rows(query)
        return [(NoteKey.from_row(row), KnownDelivery.from_row(row)) for row in rows if row.workspace == owner]

    def with_duplicates(self, workspace: Workspace) -> list[KnownDelivery]:
        """Deliveries whose note was seen to stand there more than once; rarely asked, for it reads the whole table."""
        return [known for _, known in self._few(workspace, deliveries.c.twins.is_not(None))]

    def created_by(self, run: Run) -> list[KnownDelivery]:
        """The notes that a run created and that were not hidden since."""
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
        """How many notes that a run created are hidden, and how many aren't."""
        of_run = sa.select(requests.c.note).where(requests.c.run == run.id)
        query = (
            sa.select(deliveries.c.state, sa.func.count().label("number"))
            .join(requests, requests.c.id == deliveries.c.request)
            .where(deliveries.c.note.in_(of_run), requests.c.run == run.id)
            .group_by(deliveries.c.state)
        )
        found = {STATES[row.state]: int(row.number) for row in self._store.rows(query)}
        return found.get(DeliveryState.HIDDEN, 0), found.get(DeliveryState.CREATED, 0)

    def hidden_by_run(self, workspace: Workspace | None = None) -> dict[int, int]:
        """How many notes that each run created are hidden, where any are; of all workspaces or one. Reads all notes."""
        query, owner = sa.select(requests.c.run, sa.func.count().label("number")).group_by(requests.c.run), {}
        query = query.join(deliveries, deliveries.c.request == requests.c.id)
        query = query.where(deliveries.c.state == DeliveryState.HIDDEN.value)
        if workspace is not None:
            query, owner = query.join(notes, notes.c.id == deliveries.c.note).where(sql.IS_OWNERS), _owner(workspace)
        return {row.run: int(row.number) for row in self._store.rows(query, owner)}

    def workspaces_of(self, note_ids: Sequence[str]) -> list[Workspace]:
        """The workspaces in which notes with some of these ids were created; at most a few hundred ids."""
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
    # Earlier versions gave no reason to a note that a later run read back, maybe by another clock.
    is_answer = row.reason is None and 0 <= row.at - row.sent_at <= sql.LONGEST_ANSWER
    return Made(row.sent_at, row.at, row.run, is_answer=is_answer)
