"""Implement the API's state and rules, without HTTP.

Input: a call. Output: a reply. Shapes and refusals are those of ``tests/api/reference/``. Where it is silent, it is
strict: it refuses unknown fields and parameters, numbers in place of strings, a prospect named twice and unknown
attachments. A prospect ID that begins with ``MALFORMED`` or holds white space makes the whole request fail.
"""

import html
import random
import re
import string
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from tests.sandbox.attachments import Attachments, StoredAttachment, UploadBehaviour
from tests.sandbox.calls import (
    Call,
    Document,
    Refused,
    ServiceReply,
    choice,
    fields,
    invalid,
    number,
    only,
    refused,
    strings,
)
from tests.sandbox.clock import Clock, iso_text, moment
from tests.sandbox.forms import UploadedFile
from tests.sandbox.prospects import PARAMETERS, Directory, looks_like_id

INVALID_PROSPECT = "Invalid prospect Id"
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_ALPHABET = string.ascii_letters + string.digits
_NEVER = datetime.min.replace(tzinfo=UTC)

Person = Mapping[str, str]
"""A note's author, as the API shows one."""

OWNER: Person = {"firstName": "Avery", "lastName": "Stone", "email": "avery.stone@example.com"}
COLLEAGUE: Person = {"firstName": "Robin", "lastName": "Lake", "email": "robin.lake@example.com"}


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note that exists: ``content`` is the HTML that reading back shows, ``sent_content`` the text that was sent."""

    id: str
    prospect_id: str
    content: str
    sent_content: str
    visibility: str
    status: str
    attachment_ids: tuple[str, ...]
    author: Person
    created_at: datetime
    updated_at: datetime
    edited_at: datetime | None = None
    pinned_at: datetime | None = None

    @property
    def place(self) -> tuple[datetime, datetime]:
        """Value by which notes are sorted, those that are pinned last."""
        return self.pinned_at or _NEVER, self.created_at


@dataclass(frozen=True, slots=True)
class View:
    """Distortion of the notes when they are read: ``hides`` those not visible yet, ``shown`` rewrites their texts."""

    hides: Callable[[StoredNote], bool]
    shown: Callable[[str], str]
    moves: int = 0


@dataclass(kw_only=True, eq=False)
class ServiceRules:
    """Rules that the vendor's reference leaves open.

    ``prospects`` names the only ones that exist, as IDs or as a mapping from ID to email, the oldest first; None lets
    all exist. Only those with an email are listed and found. Unless it ``lists``, a page of prospects without a search
    is refused. With ``any_email``, a search for any email finds a prospect. Without ``any_id``, an ID exists only if it
    looks like those in the vendor's reference. ``notes_behind`` is how far the clock that dates notes is behind that of
    the replies, in seconds. The owner of the key is the ``author`` of its notes; an empty one isn't shown. If
    ``updates_text``, the content of an update is plain text, as the reference says. It also changes the fields in
    ``update_resets``.
    """

    prospects: Collection[str] | Mapping[str, str] | None = field(default=None, repr=False)
    lists: bool = True
    any_email: bool = False
    any_id: bool = True
    max_batch: int | None = None
    bad_key_status: int = 400
    notes_behind: float = 0.0
    uploads: UploadBehaviour = field(default_factory=UploadBehaviour)
    author: Person = field(default_factory=lambda: OWNER)
    updates_text: bool = False
    update_resets: Mapping[str, str] = field(default_factory=dict)


class Service:
    """The notes of the account that a key opens, and the calls that make, show and change them. Thread-safe."""

    def __init__(self, rules: ServiceRules, clock: Clock, api_key: str, seed: int) -> None:
        self._rules, self._api_key = rules, api_key
        self._clock = clock
        self._lock = threading.Lock()
        self._ids = _note_ids(seed)
        self._attachments = Attachments(rules.uploads, seed)
        self._opened = moment(clock.now())
        # A dictionary keeps the order of its keys, so this one is also the list of notes by age.
        self._notes: dict[str, StoredNote] = {}
        self._by_prospect: dict[str, list[StoredNote]] = {}
        prospects = rules.prospects
        # Prospects without an email address can't be found by one, so a plain collection of IDs lists none.
        emails = prospects if isinstance(prospects, Mapping) else {}
        self._known = prospects if prospects is None or isinstance(prospects, Mapping) else frozenset(prospects)
        self._has_seen_ids = False
        self._directory = Directory(emails, self._opened, lists=rules.lists, any_email=rules.any_email)

    @property
    def notes(self) -> tuple[StoredNote, ...]:
        with self._lock:
            return tuple(self._notes.values())

    @property
    def attachments(self) -> tuple[StoredAttachment, ...]:
        with self._lock:
            return self._attachments.stored

    def know_attachments(self, ids: Iterable[str]) -> None:
        with self._lock:
            self._attachments.know(ids)

    def answer(self, call: Call, withheld: Collection[str] = (), view: View | None = None) -> ServiceReply:
        """Do what the call asks, and reply; notes for ``withheld`` prospects are reported as created, but are not."""
        try:
            return self._routed(call, withheld, view)
        except Refused as error:
            return error.reply

    def _routed(self, call: Call, withheld: Collection[str], view: View | None) -> ServiceReply:
        if call.path != "/v1" and not call.path.startswith("/v1/"):
            raise refused(404, 404, f"Cannot {call.method} {call.path}")
        if call.key != self._api_key:
            raise refused(self._rules.bad_key_status, 1001, "Invalid token")
        match [unquote(part) for part in call.path.split("/")[2:]]:
            case ["notes"]:
                only("POST", call)
                return self._create(call, withheld)
            case ["notes", "attachments"]:
                only("POST", call)
                with self._lock:
                    return self._attachments.store(call.upload or UploadedFile(wrong="file is missing"), self._now())
            case ["notes", note_id] if note_id:
                only("PATCH", call)
                return self._update(note_id, call)
            case ["prospects"]:
                only("GET", call, *PARAMETERS)
                return self._directory.page(call, 0 if view is None else view.moves)
            case ["prospects", prospect_id, "notes"] if prospect_id:
                only("GET", call, "skip", "take")
                return self._show(prospect_id, call.query, view)
            case _:
                raise refused(404, 404, f"Cannot {call.method} {call.path}")

    def _create(self, call: Call, withheld: Collection[str]) -> ServiceReply:
        body = fields(call, required=("content", "visibility", "prospectIds"), optional=("attachmentIds", "status"))
        content = self._content(body["content"])
        visibility = choice(body, "visibility", ("1", "2"))
        status = choice(body, "status", ("0", "1")) if "status" in body else "1"
        attachments = strings(body, "attachmentIds") if "attachmentIds" in body else ()
        prospects = strings(body, "prospectIds")
        if not prospects:
            raise invalid("prospectIds must be a list of strings value, with at least one")
        if self._rules.max_batch is not None and len(prospects) > self._rules.max_batch:
            raise invalid(f"prospectIds must contain no more than {self._rules.max_batch} elements")
        if any(_is_malformed(prospect) for prospect in prospects):
            raise refused(400, 1001, INVALID_PROSPECT)
        if len(set(prospects)) < len(prospects):
            raise invalid("prospectIds must be a list of distinct strings value")
        shown = _as_html(content)
        results: list[Document] = []
        with self._lock:
            now = self._now()
            self._has_seen_ids |= any(map(looks_like_id, prospects))
            self._attachments.spend(attachments, len(prospects))
            for prospect in prospects:
                note_id = next(self._ids) if self._exists(prospect) else None
                if note_id is not None and prospect not in withheld:
                    author = self._rules.author
                    self._keep(
                        StoredNote(note_id, prospect, shown, content, visibility, status, attachments, author, now, now)
                    )
                results.append({"prospectId": prospect, "noteId": note_id, "success": note_id is not None})
        document: Document = {"message": "Notes created successfully", "payload": {"results": results}}
        return ServiceReply(201, document)

    def _update(self, note_id: str, call: Call) -> ServiceReply:
        body = fields(call, required=(), optional=("content", "visibility", "status"))
        if not body:
            raise invalid("one of content, visibility and status must be a given value")
        with self._lock:
            old = self._notes.get(note_id)
            if old is None:
                raise refused(400, 1001, "Note not found or access denied")
            content, shown = old.sent_content, old.content
            body = {**body, **self._rules.update_resets}
            if "content" in body:
                content = self._content(body["content"])
                shown = f"<p>{html.escape(content, quote=False)}</p>" if self._rules.updates_text else _as_html(content)
            new = replace(
                old,
                content=shown,
                sent_content=content,
                visibility=choice(body, "visibility", ("1", "2")) if "visibility" in body else old.visibility,
                status=choice(body, "status", ("0", "1")) if "status" in body else old.status,
                updated_at=self._now(),
                edited_at=self._now(),
            )
            self._keep(new)
        payload = {name: value for name, value in _as_read(new).items() if name not in ("author", "pinnedAt")}
        return ServiceReply(200, {"message": "Note updated successfully", "payload": payload})

    def write(self, prospect: str, content: str, author: Person) -> str:
        with self._lock:
            note_id, now = next(self._ids), self._now()
            self._keep(StoredNote(note_id, prospect, _as_html(content), content, "1", "1", (), author, now, now))
        return note_id

    def change(self, note_id: str, **fields: str) -> None:
        """Change the visibility, status or content of a note, as somebody does in the product."""
        if "content" in fields:
            fields["sent_content"], fields["content"] = fields["content"], _as_html(fields["content"])
        with self._lock:
            self._keep(replace(self._notes[note_id], edited_at=self._now(), updated_at=self._now(), **fields))  # type: ignore[arg-type]

    def remove(self, note_id: str) -> None:
        with self._lock:
            note = self._notes.pop(note_id)
            self._by_prospect[note.prospect_id].remove(note)

    def pin(self, note_id: str) -> None:
        with self._lock:
            self._keep(replace(self._notes[note_id], pinned_at=self._now()))

    def _keep(self, note: StoredNote) -> None:
        old, siblings = self._notes.get(note.id), self._by_prospect.setdefault(note.prospect_id, [])
        self._notes[note.id] = note
        if old is None:
            siblings.append(note)
        else:
            siblings[siblings.index(old)] = note

    def _show(self, prospect: str, query: Mapping[str, str], view: View | None) -> ServiceReply:
        skip = number(query, "skip", 0)
        take = number(query, "take", 20)
        if not 1 <= take <= 100:
            raise invalid("take must be a number value from 1 to 100")
        if _is_malformed(prospect) or not self._exists(prospect):
            raise refused(400, 1001, INVALID_PROSPECT)
        with self._lock:
            notes = [*self._by_prospect.get(prospect, [])]
        # Notes of one moment stay in the order in which they were made.
        notes = sorted(notes, key=lambda note: note.place)[::-1]
        if view is not None:
            notes = [replace(note, content=view.shown(note.content)) for note in notes if not view.hides(note)]
        published = [note for note in notes if note.status == "1"]
        draft = next((note for note in notes if note.status == "0"), None)
        payload: Document = {
            "notes": [_as_read(note) for note in published[skip : skip + take]],
            "draftNote": None if draft is None else _as_read(draft),
            "pagination": {"skip": skip, "take": take, "hasMore": len(published) > skip + take},
        }
        return ServiceReply(200, {"message": "Notes fetched successfully", "payload": payload})

    def _now(self) -> datetime:
        return moment(self._clock.now() - self._rules.notes_behind)

    def _exists(self, prospect: str) -> bool:
        if prospect.startswith("INVALID"):
            return False
        if self._known is not None:
            return prospect in self._known
        return self._rules.any_id or looks_like_id(prospect, among_ids=self._has_seen_ids)

    def _content(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise invalid("content must be a string value that is not empty")
        return value


def _note_ids(seed: int) -> Iterator[str]:
    """Yield random IDs of eight letters and digits, which the seed decides; among so many, none comes twice."""
    chance = random.Random(seed)
    while True:
        yield "".join(chance.choices(_ALPHABET, k=8))


def _as_read(note: StoredNote) -> Document:
    return {
        "id": note.id,
        "prospectId": note.prospect_id,
        "visibility": note.visibility,
        "status": note.status,
        "pinnedAt": _text_of(note.pinned_at),
        "createdAt": _text_of(note.created_at),
        "updatedAt": _text_of(note.updated_at),
        "editedAt": _text_of(note.edited_at),
        "author": {**note.author},
        "editedBy": None if note.edited_at is None else {**note.author},  # nobody else changes a note here
        "content": note.content,
    }


def _text_of(at: datetime | None) -> str | None:
    return None if at is None else iso_text(at)


def _as_html(content: str) -> str:
    """Return the HTML that reading back shows for a text; a text with a tag in it is HTML already."""
    if _TAG.search(content):
        return content
    return f"<p>{_LINE_BREAK.sub('<br>', html.escape(content, quote=False))}</p>"


def _is_malformed(prospect: str) -> bool:
    return prospect.startswith("MALFORMED") or any(letter.isspace() for letter in prospect)
