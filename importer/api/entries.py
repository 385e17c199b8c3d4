"""Saleshandy's entries: what stands in its replies, read without trust.

Comes in: a reply's JSON. Goes out: values, or None where any of it can't be read with certainty. Field names are the
vendor's reference's, unless a comment says otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum

from importer import messages
from importer.api.document import at, text_of
from importer.api.headers import seconds_since_1970
from importer.api.protocol import Answer, FoundNote, FoundProspect, NotesPage
from importer.messages import say
from importer.models import Status, Visibility

VISIBILITY: Mapping[Visibility, str] = {Visibility.PUBLIC: "1", Visibility.PRIVATE: "2"}
STATUS: Mapping[Status, str] = {Status.DRAFT: "0", Status.PUBLISHED: "1"}
_VISIBILITY = {code: visibility for visibility, code in VISIBILITY.items()}
_STATUS = {code: status for status, code in STATUS.items()}


class Astray(Enum):
    """What is read from a reply that belongs to another request."""

    ASTRAY = "astray"


ASTRAY = Astray.ASTRAY


def page(document: object, prospect: str, take: int) -> NotesPage | Astray | None:
    """Return a page of a prospect's notes; None if any of it can't be read."""
    payload = at(document, "payload")
    entries = at(payload, "notes")
    if not isinstance(payload, dict) or not isinstance(entries, list):
        return None
    draft = payload.get("draftNote")
    owners = [text_of(at(entry, "prospectId")) for entry in (*entries, draft)]
    if any(owner is not None and owner != prospect for owner in owners):
        return ASTRAY
    notes = [_found(entry) for entry in entries]
    found = [note for note in notes if note is not None]
    if len(found) < len(notes) or None in owners[:-1]:  # a page proves whose it is by each of its notes
        return None
    has_more = at(payload, "pagination", "hasMore")
    return NotesPage(
        tuple(found),
        _found(draft, "0") if draft is not None else None,
        has_more if isinstance(has_more, bool) else len(found) >= take,
    )


def prospects(document: object) -> tuple[FoundProspect, ...] | None:
    """The prospects on a page, or None where any of it can't be read: that could be the one which is wanted."""
    entries = at(document, "payload")
    if not isinstance(entries, list) or at(document, "error") is not None:
        return None
    found = [_prospect(entry) for entry in entries]
    known = tuple(prospect for prospect in found if prospect is not None)
    return known if len(known) == len(found) else None


def _prospect(entry: object) -> FoundProspect | None:
    prospect_id, email, created = text_of(at(entry, "id")), at(entry, "email"), at(entry, "createdAt")
    if not prospect_id or not (email is None or isinstance(email, str)):
        return None
    return FoundProspect(prospect_id, email or "", seconds_since_1970(created) if isinstance(created, str) else None)


def answers(
    results: Iterable[object], prospects: Sequence[str], brief: Callable[[str], str]
) -> dict[str, Answer] | Astray:
    """What the reply says with certainty, matched by prospect id and never by position; ``brief`` cuts its words."""
    asked = set(prospects)
    found: dict[str, Answer | None] = {}
    for entry in results:
        prospect = text_of(at(entry, "prospectId"))
        if prospect is None:
            continue
        if prospect not in asked:
            return ASTRAY
        answer = _answer(entry, brief)
        if prospect in found and found[prospect] != answer:
            answer = None  # two answers that contradict one another
        found[prospect] = answer
    ids = Counter(answer.note_id for answer in found.values() if answer is not None and answer.note_id is not None)
    repeated = {note_id for note_id, count in ids.items() if count > 1}
    return {
        prospect: answer
        for prospect, answer in found.items()
        if answer is not None and answer.note_id not in repeated  # one note can't be two prospects'
    }


def _answer(entry: object, brief: Callable[[str], str]) -> Answer | None:
    given, success = at(entry, "noteId"), at(entry, "success")
    note_id = text_of(given)
    if success is True and note_id:
        return Answer(note_id)
    if success is False and (given is None or (isinstance(given, str) and not given.strip())):
        said = words(entry)
        return Answer(None, messages.words(brief(said)) if said else say("api.gave-no-reason"))
    return None


def _found(entry: object, default_status: str | None = None) -> FoundNote | None:
    """Return a note as it was read back; None if the entry can't be read."""
    note_id, content = text_of(at(entry, "id")), at(entry, "content")
    if content is None and isinstance(entry, dict) and "content" in entry:
        content = ""  # a note of attachments only
    visibility, its_status = text_of(at(entry, "visibility")), text_of(at(entry, "status")) or default_status
    if not note_id or not isinstance(content, str) or visibility is None or its_status is None:
        return None
    created = at(entry, "createdAt")
    created_at = seconds_since_1970(created) if isinstance(created, str) else None
    author = text_of(at(entry, "author", "id")) or text_of(at(entry, "author")) or ""
    return FoundNote(note_id, content, _VISIBILITY.get(visibility), _STATUS.get(its_status), created_at, author)


def words(reply: object) -> str | None:
    """The API's own words for a failure, uncut; how they are laid out is not documented."""
    for path in (("message",), ("error", "message"), ("error",), ("reason",), ("errors",), ("payload", "message")):
        value = at(reply, *path)
        if isinstance(value, list) and value:
            value = value[0] if isinstance(value[0], str) else at(value[0], "message")
        if isinstance(value, str) and value.strip():
            return value
    return None


def attachment(document: object) -> str | None:
    """The id of a file that was uploaded; how it is laid out is not documented."""
    entry = at(document, "payload") if at(document, "payload") is not None else document
    if isinstance(entry, list):
        entry = entry[0] if len(entry) == 1 else None  # one file was sent
    return text_of(at(entry, "attachmentId")) or text_of(at(entry, "id"))
