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
from importer.journal import notes as known_notes
from importer.journal.entries import Answered, Claim
from importer.journal.known import ACCEPTED, STATES, Known, Made, Sample, State, twins_in
from importer.journal.notes import NoteKey
from importer.journal.runs import Run
from importer.journal.schema import deliveries, notes, requests, runs, workspaces
from importer.journal.statements import Among, Many, Row, Upsert
from importer.journal.store import Store
from importer.models import Status, Workspace

_LATELY = 100  # a workspace's requests among which a note that was created lately is looked for


class Deliveries:
    """Each delivery once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- notes ------------------------------------------------------------------------------------------------------

    def enter_notes(self, workspace: Workspace, keys: Sequence[NoteKey]) -> tuple[list[int], set[int]]:
        """The numbers of notes, in their order; new notes are entered. Also the numbers that were known before."""
        return known_notes.enter(self._store, workspace, keys)

    def find_notes(self, workspace: Workspace, keys: Sequence[NoteKey]) -> list[int | None]:
        """The numbers of notes, in their order; None for those that were never sent."""
        return known_notes.find(self._store, workspace, keys)

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
        numbers = [int(row.id) for row in self._store.execute(_NEW_REQUESTS, entered)]
        rows: defaultdict[int | None, list[Row]] = defaultdict(list)  # by what they replace, mostly nothing
        for number, claim in zip(numbers, claims, strict=True):
            resent_at = sent_at if claim.is_resent else None
            for prospect, key in zip(claim.request.prospects, claim.request.keys, strict=True):
                rows[claim.replaces].append((claim.note, prospect, key, number, resent_at))
        won = sum(self._store.many(_CLAIM, some, at=sent_at, replaces=replaces) for replaces, some in rows.items())
        return numbers if won == sum(map(len, rows.values())) else None

    def answer(self, answers: Iterable[Answered]) -> None:
        """Enter answers to requests."""
        rows = [
            (note, prospect, occurrence, request, _became(answer).value, answer.note_id, answer.reason or None, at)
            for request, note, prospect, occurrence, answer, at in answers
        ]
        self._store.many(_ANSWER, rows)

    def unconfirm(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Enter that it can't be found out whether these deliveries, (prospect, occurrence), were made."""
        self._store.many(_UNCONFIRM, which, of_note=note, of_request=number)

    def accept(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Enter that the API confirmed these deliveries without a note's id: it may take minutes to make the notes."""
        self._store.many(_ACCEPT, which, of_note=note, of_request=number)

    def release(self, number: int, note: int, which: Sequence[tuple[str, str]]) -> None:
        """Enter that these deliveries surely were not made: the claim is given up."""
        self._store.many(_RELEASE, which, of_note=note, of_request=number)

    def hide(self, hidden: Sequence[Known]) -> None:
        """Enter that notes were made private drafts."""
        rows = [(known.note, known.prospect, known.occurrence) for known in hidden]
        with self._store.transaction():
            self._store.many(_HIDE, rows)

    def hide_twins(self, hidden: Sequence[Known]) -> None:
        """Enter that further notes, each given as its delivery with the note's own id, were made private drafts."""
        gone = {known.note_id for known in hidden}
        with self._store.transaction():
            for known in {(known.note, known.prospect, known.occurrence): known for known in hidden}.values():
                key = (known.note, known.prospect, known.occurrence)
                twins = self.known([key[:2]])[key].twins
                self.checked(*key, [note_id for note_id in twins if note_id not in gone])

    def checked(self, note: int, prospect: str, occurrence: str, twins: Sequence[str]) -> None:
        """Enter that somebody has looked whether a delivery is there twice: under these ids, too."""
        with self._store.transaction():
            found = json.dumps(list(twins)) if twins else None
            self._store.many(_CHECKED, [(note, prospect, occurrence)], twins=found)

    def sample(self, which: Sequence[tuple[int, str, str]], sample: Sample | None) -> None:
        """Enter of deliveries, (note, prospect, occurrence), that they are in a sample, or in none any more."""
        self._store.many(_SAMPLE, which, sample=sample)

    def sample_all(self, run: int, *, drafts: bool) -> None:
        """Enter that every note that a run created is to be read back; drafts only if they are wanted."""
        self._store.execute(_SAMPLE_ALL if drafts else _SAMPLE_PUBLISHED, {"of_run": run})

    # -- what is known ----------------------------------------------------------------------------------------------

    def known(self, wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str, str], Known]:
        """What is known of the deliveries of notes to prospects, for as many as are to be held in memory at once.

        Args:
            wanted: a note's number and a prospect each.

        Returns:
            (note's number, prospect, occurrence) → what is known.
        """
        with self._store.reading():
            found = map(Known.from_row, self._store.among(_KNOWN, wanted))
            return {(known.note, known.prospect, known.occurrence): known for known in found}

    def delivered(self, workspace: Workspace, note_ids: Sequence[str]) -> dict[str, Made]:
        """Of these note ids, a few hundred at most, those that deliveries have → when each was made.

        No index helps it, for one over ids would multiply what each answer writes; so it is to be asked rarely.
        """
        values = {**_owner(workspace), "of_ids": note_ids}
        found = self._store.rows(_WITH_IDS, values) if note_ids else ()
        return {row.note_id: _made(row) for row in found}

    def latest_created(self, workspace: Workspace, run: int | None = None) -> tuple[str, str] | None:
        """The prospect and the id of a note that was created lately, if there is one; a draft for want of others.

        With ``run``, of a note that an answer to that run named.
        """
        values = _owner(workspace) if run is None else {**_owner(workspace), "of_run": run}
        rows = self._store.rows(_LATEST if run is None else _LATEST_OF_RUN, values)
        return next(((row.prospect, row.note_id) for row in rows), None)

    def has_note_of(self, workspace: Workspace, prospect: str) -> bool:
        """Whether a delivery of the workspace made a note of the prospect; to be asked rarely."""
        return bool(self._store.rows(_A_NOTE_OF, {**_owner(workspace), "of_prospect": prospect}))

    def adopted(self, workspace: Workspace, key: NoteKey, prospect: str, *, any_draft: bool) -> dict[str, Made]:
        """Ids of the prospect's notes that a delivery already has, twins too → when each was made.

        They are the notes in which a reader sees the same as in this one; with ``any_draft``, for a draft all drafts.
        """
        query = _ADOPTED_OR_DRAFT if any_draft and key.status is Status.DRAFT else _ADOPTED
        values = {**_owner(workspace), "of_seen": key.seen, "of_prospect": prospect}
        found = {}
        for row in self._store.rows(query, values):
            found[row.note_id] = _made(row)
            found |= dict.fromkeys(twins_in(row.twins), _made(row)._replace(is_answer=False))
        return found

    def note_ids(self, workspace: Workspace) -> Iterator[str]:
        """The ids of all notes that deliveries have."""
        return (row.note_id for row in self._store.each(_NOTE_IDS, _owner(workspace)))

    def unclear_at(self, workspace: Workspace, prospect: str) -> list[NoteKey]:
        """The notes of the prospect's deliveries that are unclear, of whichever sheet they are."""
        return [key for key, _ in self._few(workspace, deliveries.c.prospect == prospect, _IS_UNCLEAR)]

    def unsettled(self, workspace: Workspace) -> dict[int, tuple[NoteKey, list[Known]]]:
        """Deliveries of which no run knows what became of them: request number → note and deliveries."""
        found: dict[int, tuple[NoteKey, list[Known]]] = {}
        for key, known in self._few(workspace, _IS_UNCLEAR):
            found.setdefault(known.request, (key, []))[1].append(known)
        return found

    def resent(self, workspace: Workspace) -> list[tuple[NoteKey, Known]]:
        """Deliveries that were sent again and are there, at which nobody has looked since whether they are twice."""
        return self._few(workspace, deliveries.c.resent_at.is_not(None), deliveries.c.note_id.is_not(None))

    def sampled(self, workspace: Workspace) -> list[Known]:
        """Return the created notes that are to be read back, of whichever run."""
        wanted = deliveries.c.sample.in_([Sample.DUE.value, Sample.ALL.value])
        return [known for _, known in self._few(workspace, wanted, deliveries.c.state == State.CREATED.value)]

    def _few(self, workspace: Workspace, *conditions: Any) -> list[tuple[NoteKey, Known]]:
        """Deliveries that an index knows by a condition; whose they are is seen only then, lest all of its are read."""
        query = _known_query().add_columns(*known_notes.COLUMNS, notes.c.workspace)
        query = query.join(notes, notes.c.id == deliveries.c.note).where(*conditions).order_by(deliveries.c.request)
        with self._store.reading():
            owner = self._store.number_of(workspace)
            rows = self._store.rows(query)
        return [(NoteKey.from_row(row), Known.from_row(row)) for row in rows if row.workspace == owner]

    def with_twins(self, workspace: Workspace) -> list[Known]:
        """Deliveries whose note was seen to stand there more than once; rarely asked, for it reads the whole table."""
        return [known for _, known in self._few(workspace, deliveries.c.twins.is_not(None))]

    def created_by(self, run: Run) -> list[Known]:
        """The notes that a run created and that were not hidden since."""
        of_run = sa.select(requests.c.note).where(requests.c.run == run.id)
        query = (
            _known_query()
            .where(deliveries.c.note.in_(of_run), requests.c.run == run.id, deliveries.c.state == State.CREATED.value)
            .order_by(deliveries.c.request)
        )
        return [Known.from_row(row) for row in self._store.rows(query)]

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
        return found.get(State.HIDDEN, 0), found.get(State.CREATED, 0)

    def hidden_by_run(self, workspace: Workspace | None = None) -> dict[int, int]:
        """How many notes that each run created are hidden, where any are; of all workspaces or one. Reads all notes."""
        query, owner = sa.select(requests.c.run, sa.func.count().label("number")).group_by(requests.c.run), {}
        query = query.join(deliveries, deliveries.c.request == requests.c.id)
        query = query.where(deliveries.c.state == State.HIDDEN.value)
        if workspace is not None:
            query, owner = query.join(notes, notes.c.id == deliveries.c.note).where(_IS_OWNERS), _owner(workspace)
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


def _known_query() -> sa.Select[Any]:
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


def _became(answer: Answer) -> State:
    return State.CREATED if answer.note_id is not None else State.REJECTED


def _claim(upsert: Upsert) -> Any:
    """What is the same for every claim stands in the statement: SQLite would take it anew for each row."""
    insert = upsert(deliveries).values(
        note=sa.bindparam("note"),
        prospect=sa.bindparam("prospect"),
        occurrence=sa.bindparam("occurrence"),
        state=_literal(State.SENDING),
        request=sa.bindparam("request"),
        at=sa.bindparam("at"),
        resent_at=sa.bindparam("resent_at"),
    )
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["note", "prospect", "occurrence"],
        set_={
            "state": new.state,
            "request": new.request,
            "at": new.at,
            "note_id": sa.null(),
            "reason": sa.null(),
            "resent_at": sa.func.coalesce(new.resent_at, deliveries.c.resent_at),
        },
        where=sa.or_(
            deliveries.c.state == _literal(State.REJECTED),
            sa.and_(deliveries.c.request == sa.bindparam("replaces"), _IS_UNCLEAR),
        ),
    )


def _literal(state: State) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{state.value}'", sa.Text)


_IS_UNCLEAR = deliveries.c.state.in_([_literal(State.SENDING), _literal(State.UNCONFIRMED)])  # as its index has it
_IS_DELIVERY = sa.and_(
    deliveries.c.note == sa.bindparam("of_note"),
    deliveries.c.prospect == sa.bindparam("p"),
    deliveries.c.occurrence == sa.bindparam("o"),
)
_IS_OF_REQUEST = sa.and_(_IS_DELIVERY, deliveries.c.request == sa.bindparam("of_request"))
_KNOWN = Among(_known_query(), (deliveries.c.note, deliveries.c.prospect))
_NEW_REQUESTS = sa.insert(requests).returning(requests.c.id, sort_by_parameter_order=True)


def _owner(workspace: Workspace) -> dict[str, Any]:
    return {"of_profile": workspace.profile, "of_url": workspace.base_url}


_OWNER = (
    sa.select(workspaces.c.id)
    .where(workspaces.c.profile == sa.bindparam("of_profile"), workspaces.c.base_url == sa.bindparam("of_url"))
    .scalar_subquery()
)
_IS_OWNERS = notes.c.workspace == _OWNER


def _latest(of_requests: Sequence[Any] = (), of_deliveries: Sequence[Any] = ()) -> sa.Select[Any]:
    lately = (
        sa.select(requests.c.id, requests.c.note)
        .join(runs, runs.c.id == requests.c.run)
        .where(runs.c.workspace == _OWNER, *of_requests)
        .order_by(requests.c.id.desc())
        .limit(_LATELY)
        .subquery()
    )
    return (
        sa.select(deliveries.c.prospect, deliveries.c.note_id)
        .join(lately, sa.and_(deliveries.c.note == lately.c.note, deliveries.c.request == lately.c.id))
        .join(notes, notes.c.id == deliveries.c.note)
        .where(_IS_OWNERS, deliveries.c.state == State.CREATED.value, *of_deliveries)
        .order_by(sa.case((notes.c.status == Status.PUBLISHED.value, 0), else_=1), lately.c.id.desc())
        .limit(1)
    )


def _made(row: Any) -> Made:
    return Made(row.sent_at, row.at, row.run, is_answer=row.reason is None and row.at >= row.sent_at)


def _made_where(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query for the IDs of a workspace's notes, and when each was made."""
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
        .where(_IS_OWNERS, *conditions)
    )


def _adopted_where(is_alike: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return _made_where(
        is_alike, deliveries.c.prospect == sa.bindparam("of_prospect"), deliveries.c.note_id.is_not(None)
    )


_LATEST = _latest()
_LATEST_OF_RUN = _latest([requests.c.run == sa.bindparam("of_run")], [deliveries.c.reason.is_(None)])
_A_NOTE_OF = (
    sa.select(deliveries.c.note_id)
    .join(notes, notes.c.id == deliveries.c.note)
    .where(_IS_OWNERS, deliveries.c.prospect == sa.bindparam("of_prospect"), deliveries.c.note_id.is_not(None))
    .limit(1)
)
_NOTE_IDS = (
    sa.select(deliveries.c.note_id)
    .join(notes, notes.c.id == deliveries.c.note)
    .where(_IS_OWNERS, deliveries.c.note_id.is_not(None))
)
_WITH_IDS = _made_where(deliveries.c.note_id.in_(sa.bindparam("of_ids", expanding=True)))
_ADOPTED = _adopted_where(notes.c.seen == sa.bindparam("of_seen"))
_DRAFTS = _adopted_where(notes.c.status == sa.literal_column(f"'{Status.DRAFT.value}'"))
_ADOPTED_OR_DRAFT = sa.union(_ADOPTED, _DRAFTS)  # not as one condition, for which no index would be used
_CLAIM = Many(_claim, "note", "prospect", "occurrence", "request", "resent_at")
_ANSWER = Many(
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
_UNCONFIRM = Many(deliveries.update().where(_IS_OF_REQUEST).values(state=State.UNCONFIRMED.value), "p", "o")
_ACCEPT = Many(deliveries.update().where(_IS_OF_REQUEST).values(reason=sa.literal_column(f"'{ACCEPTED}'")), "p", "o")
_RELEASE = Many(deliveries.delete().where(_IS_OF_REQUEST), "p", "o")
_HIDE = Many(deliveries.update().where(_IS_DELIVERY).values(state=State.HIDDEN.value), "of_note", "p", "o")
_CHECKED = Many(
    deliveries.update().where(_IS_DELIVERY).values(resent_at=None, twins=sa.bindparam("twins")), "of_note", "p", "o"
)
_SAMPLE = Many(deliveries.update().where(_IS_DELIVERY).values(sample=sa.bindparam("sample")), "of_note", "p", "o")


def _sample_all(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    of_run = requests.c.run == sa.bindparam("of_run")
    wanted = sa.select(requests.c.note).join(notes, notes.c.id == requests.c.note).where(of_run, *conditions)
    ids = sa.select(requests.c.id).where(of_run)
    return (
        deliveries.update()
        .where(deliveries.c.note.in_(wanted), deliveries.c.request.in_(ids))
        .where(deliveries.c.state == State.CREATED.value)
        .where(sa.func.coalesce(deliveries.c.sample, "") != Sample.MISSING.value)
        .values(sample=Sample.ALL.value)
    )


_SAMPLE_ALL = _sample_all()
_SAMPLE_PUBLISHED = _sample_all(notes.c.status == Status.PUBLISHED.value)
