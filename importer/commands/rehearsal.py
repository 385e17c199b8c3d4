"""Rehearse a run: let all of it happen on this machine, with an API in memory that accepts every note.

Input: the preview of a file, with what earlier runs delivered. Output: settings and a vendor with which a run of the
file needs no key, calls nothing, and leaves the workspace's journal as it is. The results are marked as a rehearsal's.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from importer import storage
from importer.api import (
    Answer,
    Endpoint,
    FilePart,
    FoundNote,
    FoundProspect,
    Metadata,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)
from importer.api.protocol import Connect
from importer.commands.loading import results_path
from importer.commands.preview import Preview
from importer.commands.workspaces import opened
from importer.delivery.earlier import sort_plan
from importer.journal import Answered, Claim, Journal
from importer.models import Note, Request, Status, Visibility
from importer.settings import Settings, Topic
from importer.storage import Url

_Value = TypeVar("_Value")


@contextmanager
def stage(preview: Preview) -> Iterator[tuple[Settings, Vendor]]:
    """Yield the settings and the vendor for a rehearsal, whose journal is removed when the block ends.

    The journal knows what earlier runs delivered, so that these rows end as in a real run. The address is on this
    machine and belongs to nobody. Nothing calls it.

    Raises:
        JournalFailed: the workspace's journal can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder:
        settings = preview.settings.only(
            (Topic.FILE, Topic.PROSPECTS),
            profile=preview.settings.profile,
            base_url="http://127.0.0.1/rehearsal",
            journal=Path(folder) / "journal.sqlite",
            batch_size=preview.batch_size,
            unknown_emails=None,
            min_rows=0,
        )
        _enter_made(preview, settings)
        traits, prospects = replace(preview.vendor.traits, is_rehearsal=True), _prospects(preview)
        connect: Connect = lambda *_, clock, **__: _Accepting(traits, prospects, clock)  # noqa: E731
        yield settings, replace(preview.vendor, traits=traits, connect=connect)


def results_of(source: str, settings: Settings) -> Path:
    """Return the path for the results of a rehearsal: beside the file, or in the current folder if that is elsewhere.

    Raises:
        BadSettings: results can't be written there.
    """
    target = results_path(source, replace(settings, results=None, results_name="{name}.rehearsal.xlsx"))
    return Path.cwd() / storage.local_name(target) if isinstance(target, Url) else target


def _enter_made(preview: Preview, settings: Settings) -> None:
    """Copy the deliveries of the file that earlier runs made from the workspace's journal to the rehearsal's."""
    loaded, live = preview.loaded, preview.settings
    with opened(live) as journal:
        if journal is None:
            return
        made = [one for one in sort_plan(loaded.rows, loaded.plan, journal, live.workspace) if one.made]
    if not made:
        return
    with Journal.open(settings.journal) as journal, journal.transaction():
        deliveries, run = journal.deliveries, journal.runs.begin(settings.workspace, "", "", 0.0, again=False)
        numbers, _ = deliveries.enter_notes(settings.workspace, [one.key for one in made])
        for number, one in zip(numbers, made, strict=True):
            positions = one.group.positions[[i for i, _ in one.made]]
            prospects, keys = map(tuple, loaded.rows.deliveries(positions))
            claim = Claim(number, Request(one.group.note, tuple(positions.tolist()), prospects, keys), None)
            [request] = deliveries.claim(run, [claim], 0.0) or [0]
            deliveries.answer(
                Answered(request, number, prospect, key, Answer(known.note_id), known.at)
                for prospect, key, (_, known) in zip(prospects, keys, one.made, strict=True)
            )


def _prospects(preview: Preview) -> dict[str, tuple[FoundProspect, ...]]:
    """Return the prospects by email: those that were looked up, those beside an ID, and an invented one for each other.

    An email that was looked up in vain has none, as in the workspace.
    """
    rows, looked_up = preview.loaded.rows, preview.answers.found
    found = {email: {one.prospect: one.created_at for one in matches.all} for email, matches in looked_up.items()}
    pairs = [] if rows.email is None else zip(rows.email.tolist(), rows.prospect.tolist(), strict=True)
    for number, (email, prospect) in enumerate(sorted(pairs, key=lambda pair: pair[0] == pair[1])):  # IDs first
        if email and email not in looked_up and (email != prospect or email not in found):
            found.setdefault(email, {})[prospect if email != prospect else f"rehearsal-{number}"] = float(number)
    return {email: tuple(FoundProspect(one, email, at) for one, at in ids.items()) for email, ids in found.items()}


class _Accepting:
    """API in memory that has the prospects of one sheet and accepts every note and file. See :class:`NotesApi`."""

    def __init__(
        self, traits: Traits, prospects: Mapping[str, Sequence[FoundProspect]], clock: Callable[[], float]
    ) -> None:
        self.traits, self._clock, self._numbers = traits, clock, itertools.count(1)
        self._by_email, self._all = prospects, list(itertools.chain.from_iterable(prospects.values()))
        self._notes: dict[str, list[FoundNote]] = {}  # by prospect, the oldest first

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        ids = {prospect: f"rehearsal-{next(self._numbers)}" for prospect in prospects}
        for prospect, note_id in ids.items():
            found = FoundNote(note_id, note.content, note.visibility, note.status, self._clock())
            self._notes.setdefault(prospect, []).append(found)
        return self._reply(Endpoint.CREATE, {prospect: Answer(note_id) for prospect, note_id in ids.items()})

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        notes = self._notes.get(prospect, [])[::-1]
        return self._reply(Endpoint.READ, NotesPage(tuple(notes[skip : skip + take]), None, len(notes) > skip + take))

    def update(self, note_id: str, visibility: Visibility, status: Status) -> Reply[None]:  # noqa: ARG002
        return self._reply(Endpoint.UPDATE, None)

    def upload(self, file: FilePart) -> Reply[str]:  # noqa: ARG002
        return self._reply(Endpoint.UPLOAD, f"rehearsal-{next(self._numbers)}")

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        found, size = self._by_email.get(search, ()) if search else self._all, self.traits.prospects_page
        return self._reply(Endpoint.PROSPECTS, tuple(found[(page - 1) * size : page * size]))

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _reply(self, kind: Endpoint, value: _Value) -> Reply[_Value]:
        return Reply(kind, self._clock(), self._clock(), value, metadata=Metadata(200, {}))
