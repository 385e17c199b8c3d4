"""Another vendor, as one short file: other addresses, fields, codes and words than Saleshandy's, and no drafts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from importer.api import (
    Answer,
    Cause,
    Endpoint,
    Failure,
    FoundNote,
    FoundProspect,
    Metadata,
    NoteChange,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)
from importer.api.exchange import SMALL, Exchange
from importer.api.protocol import FilePart
from importer.api.transport import Transport
from importer.messages import words
from importer.models import Note, Status, Visibility

_AUDIENCE = {Visibility.PUBLIC: "everyone", Visibility.PRIVATE: "author"}
_VISIBILITY = {audience: visibility for visibility, audience in _AUDIENCE.items()}
_CAUSES = {"too_many_people": Cause.TOO_LARGE, "no_such_person": Cause.UNKNOWN_PROSPECT, "bad_pass": Cause.BAD_KEY}


class Ledgerly:
    traits = Traits(one_draft=False, page=20)

    def __init__(self, base_url: str, key: str, /, **timing: Any) -> None:
        self._clock, self._http = timing["clock"], Transport(base_url, key, "x-pass", **timing)

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        if note.status is Status.DRAFT:
            failure = Failure(Cause.BAD_REQUEST, words("Ledgerly has no drafts"))
            return Reply(Endpoint.CREATE, self._clock(), self._clock(), failure=failure)
        memo = {"text": note.content, "audience": _AUDIENCE[note.visibility], "files": note.attachments}
        return self._call(Endpoint.CREATE, "POST", "/memos", memo | {"people": prospects}, _answers)

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        return self._call(Endpoint.READ, "GET", f"/people/{prospect}/memos?from={skip}&count={take}", None, _page)

    def update(self, note_id: str, change: NoteChange) -> Reply[None]:
        fields = {"audience": _AUDIENCE[change.visibility]} if change.visibility else {}
        return self._call(Endpoint.UPDATE, "PATCH", f"/memos/{note_id}", fields, lambda _: None)

    def upload(self, file: FilePart) -> Reply[str]:
        return self._call(Endpoint.UPLOAD, "POST", "/files", {"upload": file}, lambda document: str(document["file"]))

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        path = f"/people/{search}/{page}"
        return self._call(Endpoint.PROSPECTS, "GET", path, None, lambda one: (FoundProspect(*one[:2]),) if one else ())

    def renew(self) -> None:
        self._http.renew()

    def close(self) -> None:
        self._http.close()

    def _call(self, kind: Endpoint, method: str, path: str, fields: Any, read: Callable[[Any], Any]) -> Reply[Any]:
        came = self._http.call(method, path, fields, SMALL)
        metadata = Metadata(came.status, came.headers) if came.status else None
        failure, value = came.failure or (_failure(came) if came.status != 200 else None), None
        try:
            value = read(json.loads(came.data)) if failure is None else None
        except (ValueError, KeyError, TypeError):
            failure = Failure(Cause.UNREADABLE, words("Ledgerly's reply can't be read"))
        return Reply(kind, came.began, came.came, value, failure, metadata)


def _failure(came: Exchange) -> Failure:
    try:
        problem = json.loads(came.data)["problem"]
    except (ValueError, KeyError, TypeError):
        cause = Cause.FAILED if came.status >= 500 else Cause.INTERMEDIARY
        return Failure(cause, words(f"It said {came.status}"), at_work=True)
    return Failure(_CAUSES.get(problem, Cause.BAD_REQUEST), words(str(problem)))


def _answers(document: Any) -> dict[str, Answer]:
    return {one["person"]: Answer(one.get("memo"), *map(words, one.get("whys", ()))) for one in document["memos"]}


def _page(document: Any) -> NotesPage:
    notes = [
        FoundNote(one["memo"], one["text"], _VISIBILITY.get(one["audience"]), Status.PUBLISHED, one["when"] / 1000)
        for one in document["memos"]
    ]
    return NotesPage(tuple(notes), None, document["more"])


LEDGERLY = Vendor("Ledgerly", Ledgerly.traits, Ledgerly)
