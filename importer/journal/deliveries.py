"""Record deliveries, the changes of their notes, and who was told what; return what the journal knows of them.

Input: claims (requests about to be sent) and answers. Output: the state of deliveries. A claim is one insert or
update that only one process can win. It is on disk before the request's first byte leaves. Callers enter claims
and answers inside :meth:`importer.journal.Journal.transaction`. Notes are stored by their digests, never by their text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import repeat

from importer.journal import delivery_sql as sql
from importer.journal.known import READ_BACK, Answered, Claim, DeliveryState, KnownDelivery, NoteKey
from importer.journal.runs import Run
from importer.journal.store import Store
from importer.models import Status, Workspace


class Deliveries:
    """Record of all deliveries, with one entry for each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- requests and answers ---------------------------------------------------------------------------------------

    def claim(self, run: Run, claims: Sequence[Claim], sent_at: float) -> list[int] | None:
        """Record inside a transaction that requests are about to be sent; return their numbers.

        Return None if another run has claimed or made one of them; then leave the transaction by an exception.
        """
        return self._enter(
            run, claims, sent_at, {"state": DeliveryState.UNCLEAR.value, "note_id": None, "reason": None}
        )

    def found(self, run: Run, claim: Claim, note_id: str, at: float) -> None:
        """Record a note that its prospect had already, whoever made it; it answers for its row from now on."""
        with self._store.transaction():
            how = {"state": DeliveryState.FOUND.value, "note_id": note_id, "reason": READ_BACK.kind}
            self._enter(run, [claim], at, how)

    def _enter(self, run: Run, claims: Sequence[Claim], at: float, how: Mapping[str, object]) -> list[int] | None:
        """Enter requests and their deliveries; return the requests' numbers, or None if a delivery is there already."""
        of_run = {"workspace": self._store.entered(run.workspace), "occurrence": run.occurrence, "at": at, **how}
        forms = self._entered(run.workspace, [claim.form for claim in claims])
        numbers: list[int] = []
        rows: list[dict[str, object]] = []
        for form, claim in zip(forms, claims, strict=True):
            numbers.append(self._store.inserted(sql.NEW_REQUEST, run=run.id, sent_at=at, since=claim.since))
            of_request = {**of_run, "request": numbers[-1], "note": form, "replaces": claim.replaces}
            of_request |= {"resent_at": at if claim.is_resent else None}
            keys = claim.keys or repeat("", len(claim.request))
            rows += (
                {**of_request, "name": name, "prospect": prospect, "key": key}
                for name, prospect, key in zip(claim.request.names, claim.request.prospects, keys, strict=True)
            )
        entered = self._store.many(sql.ENTER, rows)
        if entered < len(rows):
            entered += self._store.many(sql.CLAIM_AGAIN, rows)
        return numbers if entered == len(rows) else None

    def _entered(self, workspace: Workspace, forms: Sequence[NoteKey]) -> list[int]:
        """Enter forms of notes unless they are known; return the number of each."""
        owner = self._store.entered(workspace)
        self._store.many(sql.NEW_NOTES, ({"workspace": owner, **form.as_row()} for form in forms))
        numbers: dict[bytes, int] = dict(
            self._store.among(sql.NUMBERS, (form.digest for form in forms), workspace=workspace)
        )
        return [numbers[form.digest] for form in forms]

    def answer(self, answers: Iterable[Answered]) -> None:
        """Record answers to requests. Raises JournalFailed if one names the note of another delivery."""
        self._store.many(sql.ANSWER, map(_as_row, answers))

    def explain(self, number: int, names: Sequence[bytes], reason: str) -> None:
        """Record why these deliveries of a request are unclear, by a reason of :mod:`.known`."""
        self._each(sql.EXPLAIN, names, request=number, reason=reason)

    def release(self, number: int, names: Sequence[bytes]) -> None:
        """Record that these deliveries were certainly not made, and give up the claim on them."""
        self._each(sql.FORGET, names, request=number)
        self._each(sql.RELEASE, names, request=number)

    def leave_hidden(self, names: Sequence[bytes]) -> None:
        """Record that a person wants these hidden notes to stay hidden."""
        with self._store.transaction():
            self._each(sql.LEAVE, names)

    def hide_duplicates(self, hidden: Sequence[KnownDelivery]) -> None:
        """Record that duplicates were made private drafts. Each is given as its delivery with its own note ID."""
        hidden_ids = {delivery.note_id for delivery in hidden}
        with self._store.transaction():
            for delivery in self.named([delivery.name for delivery in hidden]).values():
                self.checked(delivery.name, [one for one in delivery.duplicates if one not in hidden_ids])

    def checked(self, name: bytes, duplicates: Sequence[str]) -> None:
        """Record that a delivery was checked for duplicates, and the IDs of the duplicates found."""
        with self._store.transaction():
            self._each(sql.CHECKED, [name], twins=json.dumps(list(duplicates)) if duplicates else None)

    def missed(self, name: bytes) -> None:
        """Record that the note of a delivery was not found when read back."""
        self._each(sql.MISSED, [name])

    def _each(self, statement: str, names: Iterable[bytes], **constants: object) -> None:
        self._store.many(statement, ({"name": name, **constants} for name in names))

    # -- changes of notes -------------------------------------------------------------------------------------------

    def change(
        self, workspace: Workspace, changes: Sequence[tuple[KnownDelivery, NoteKey]]
    ) -> list[KnownDelivery] | None:
        """Record that notes are about to get another form; return their deliveries as they are then.

        Return None if a delivery isn't as given; then leave the transaction by an exception.
        """
        numbers = self._entered(workspace, [form for _, form in changes])
        changing = [one._replace(changing=at, opened=form) for (one, form), at in zip(changes, numbers, strict=True)]
        rows = (
            {"name": one.name, "note": one.note, "open": before.changing or 0, "form": one.changing}
            for one, (before, _) in zip(changing, changes, strict=True)
        )
        return changing if self._store.many(sql.CHANGE, rows) == len(changes) else None

    def changed(self, workspace: Workspace, one: KnownDelivery, form: NoteKey, state: DeliveryState) -> None:
        """Record that a note has another form, and the state of its delivery."""
        [number] = self._entered(workspace, [form])
        draft = int(form.status is Status.DRAFT)
        self._each(sql.CHANGED, [one.name], form=number, state=state.value, draft=draft)

    def unchanged(self, name: bytes, touched: float | None = None) -> None:
        """Record that a note surely didn't get another form, and when somebody else's change was seen, if one was."""
        self._each(sql.UNCHANGED, [name], touched=touched)

    # -- queries ----------------------------------------------------------------------------------------------------

    def named(self, names: Sequence[bytes]) -> dict[bytes, KnownDelivery]:
        """Return name → the delivery with this name, for those that are known."""
        with self._store.reading():
            rows = self._store.among(sql.NAMED, dict.fromkeys(names))
            return {known.name: known for known in map(KnownDelivery.from_row, rows)}

    def delivered(self, workspace: Workspace, note_ids: Iterable[str]) -> dict[str, KnownDelivery]:
        """Return note ID → its delivery, for those of these IDs that deliveries have."""
        rows = self._store.among(sql.WITH_IDS, note_ids, workspace=workspace)
        return {known.note_id or "": known for known in map(KnownDelivery.from_row, rows)}

    def latest_created(self, workspace: Workspace, *, published: bool = False) -> list[tuple[str, str]]:
        """Return the prospects and IDs of some recently created notes; drafts come last, or not at all."""
        rows = self._store.rows(sql.LATEST, workspace=workspace, any_status=not published)
        return [(prospect, note_id) for prospect, note_id in rows]

    def adopted(
        self, workspace: Workspace, key: NoteKey, prospect: str, *, any_draft: bool
    ) -> dict[str, KnownDelivery]:
        """Return note ID → its delivery, for the prospect's notes that deliveries have, and their duplicates.

        Only notes that look the same to a reader count; with ``any_draft`` all drafts do, too.
        """
        found = dict[str, KnownDelivery]()
        for known in self._few(workspace, sql.AT_PROSPECT, prospect=prospect):
            is_draft = any_draft and known.form.status is Status.DRAFT
            if known.note_id and (known.form.seen == key.seen or is_draft):
                found[known.note_id] = known
                found |= dict.fromkeys(known.duplicates, known._replace(reason=READ_BACK.kind))
        return found

    def unclear_at(self, workspace: Workspace, prospect: str) -> list[NoteKey]:
        """Return the note of each unclear delivery to the prospect, from any sheet."""
        found = self._few(workspace, sql.AT_PROSPECT, prospect=prospect)
        return [known.form for known in found if known.is_unclear]

    def unsettled(self, workspace: Workspace) -> dict[int, list[KnownDelivery]]:
        """Return the deliveries whose outcome is unclear, by the number of their request."""
        by_request: dict[int, list[KnownDelivery]] = {}
        for delivery in self._few(workspace, sql.UNCLEAR):
            by_request.setdefault(delivery.request, []).append(delivery)
        return by_request

    def resent(self, workspace: Workspace) -> list[KnownDelivery]:
        """Return the deliveries that were sent again and exist, but have not been checked for duplicates since."""
        return self._few(workspace, sql.RESENT)

    def missing(self, workspace: Workspace) -> list[KnownDelivery]:
        """Return the created notes, of any run, that were not found when read back."""
        return self._few(workspace, sql.MISSING)

    def copies(self, workspace: Workspace, note_ids: Collection[str]) -> list[KnownDelivery]:
        """Return the deliveries that have copies with these IDs, each with its copy's ID. Reads the whole table."""
        found = self._few(workspace, sql.WITH_DUPLICATES)
        return [one._replace(note_id=copy, opened=None) for one in found for copy in one.duplicates if copy in note_ids]

    def _few(self, workspace: Workspace, query: str, **values: object) -> list[KnownDelivery]:
        rows = self._store.rows(query, workspace=workspace, **values)
        return [KnownDelivery.from_row(row) for row in rows]

    def created_by(self, run: Run) -> list[KnownDelivery]:
        """Return the notes that a run created, also those that were hidden since."""
        return [KnownDelivery.from_row(row) for row in self._store.rows(sql.CREATED, run=run.id)]

    def states_of(self, run: Run) -> Counter[DeliveryState]:
        """Return the number of a run's notes by state."""
        return Counter({DeliveryState(state): n for state, n in self._store.rows(sql.STATES_OF_RUN, run=run.id)})


Identity = tuple[str, bytes, bytes]
"""A prospect, or the keyed digest of its email; the digest of what it was told; and the name of the delivery."""


class Identities:
    """The digests of the deliveries of all workspaces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, workspace: Workspace, identities: Iterable[Identity]) -> None:
        """Enter digests of deliveries; those that are known stay."""
        if told := [*identities]:
            with self._store.transaction():
                number = self._store.entered(workspace)
                rows = ({"workspace": number, "who": who, "what": what, "name": name} for who, what, name in told)
                self._store.many(sql.IDENTIFY, rows)

    def any(self, workspace: Workspace) -> bool:
        """Return whether any delivery of the workspace is known."""
        return bool(self._store.rows(sql.ANY, workspace=workspace))

    def told(self, workspace: Workspace, who: Sequence[str]) -> Iterator[tuple[str, KnownDelivery]]:
        """Yield the deliveries of these prospects or emails, with their digests. All of them must fit in memory."""
        found: dict[tuple[str, bytes], tuple[KnownDelivery, list[bytes]]] = {}
        with self._store.reading():
            for row in self._store.among(sql.TOLD, who, workspace=workspace):
                name = row[0], row[2]
                if name in found:
                    found[name][1].append(row[1])
                else:
                    found[name] = KnownDelivery.from_row(row[2:]), [row[1]]
        for (one, _), (delivery, digests) in found.items():
            yield one, delivery._replace(identities=frozenset(digests))


def _as_row(one: Answered) -> dict[str, object]:
    """Return the values to store for an answer."""
    row = {"name": one.name, "request": one.request, "at": one.at}
    note_id, reason = one.answer.note_id, one.answer.reason
    state = DeliveryState.REJECTED if note_id is None else DeliveryState.CREATED
    return {**row, "state": state.value, "note_id": note_id, "reason": None if reason is None else reason.kind}
