"""Read the entries of Saleshandy's replies without trust: answers, notes, prospects and attachments.

Input: a reply's JSON. Output: values, or None if any of it can't be read with certainty. Field names come from the
vendor's reference. Live replies of other calls were seen to differ from it: fields stand in ``payload`` or beside it,
an ID has another name, numbers stand for texts. All of these forms are read if only one reading is possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from importer.api import Answer, FoundNote, FoundProspect, NotesPage
from importer.api.exchange import at, seconds_since_1970, text_of
from importer.api.refusals import Refusal
from importer.messages import Quoted, say, words
from importer.models import Status, Visibility

_VISIBILITY = {visibility.value: visibility for visibility in Visibility}
_STATUS = {status.value: status for status in Status}


class Astray(Exception):
    """The reply belongs to another request."""


def _holder(document: object, name: str) -> object:
    """Return the object that holds a list with this name, the reply or its payload; None if neither or both do."""
    holders = [part for part in (document, at(document, "payload")) if isinstance(at(part, name), list)]
    return holders[0] if len(holders) == 1 else None


def page(document: object, prospect: str, take: int) -> NotesPage | None:
    """Return a page of a prospect's notes; None if it can't be read. Raises Astray if it is another's (D35)."""
    holder = _holder(document, "notes")
    entries, draft = at(holder, "notes"), at(holder, "draftNote") or at(document, "draftNote") or None
    if not isinstance(entries, list):
        return None
    owners = {text_of(at(entry, "prospectId")) for entry in (*entries, draft)}
    if owners - {prospect, None}:
        raise Astray
    notes, shown = [note for entry in entries if (note := _found(entry)) is not None], _found(draft, "0")
    if len(notes) < len(entries) or (draft is not None and shown is None):
        return None
    has_more = at(holder, "pagination", "hasMore")
    return NotesPage(
        tuple(notes),
        shown,
        has_more if isinstance(has_more, bool) else len(notes) >= take,
    )


def prospects(document: object) -> tuple[FoundProspect, ...] | None:
    """Return the prospects on a page; None if an entry can't be read, because it may be the wanted prospect."""
    entries = at(document, "payload")
    if not isinstance(entries, list) or Refusal.read(document).is_error:
        return None
    readings = [_prospect(entry) for entry in entries]
    prospects = tuple(prospect for prospect in readings if prospect is not None)
    return prospects if len(prospects) == len(readings) else None


def _prospect(entry: object) -> FoundProspect | None:
    prospect_id, email = text_of(at(entry, "id")), at(entry, "email")
    if not prospect_id or not (email is None or isinstance(email, str)):
        return None
    return FoundProspect(prospect_id, (email or "").strip().lower())


def answers(document: object, prospects: Sequence[str], brief: Callable[[str], str]) -> dict[str, Answer] | None:
    """Return the certain answers, by prospect ID and never by position (D35); None if the reply has no results.

    Raises Astray if a prospect wasn't asked for.
    """
    payload = at(document, "payload")
    results = payload if isinstance(payload, list) else at(_holder(document, "results"), "results")
    if not isinstance(results, list) or (results is payload and at(document, "results") is not None):
        return None
    asked = set(prospects)
    by_id: dict[str, Answer | None] = {}
    for entry in results:
        prospect = text_of(at(entry, "prospectId"))
        if prospect is None:
            continue
        if prospect not in asked:
            raise Astray
        answer = _answer(entry, brief)
        if prospect in by_id and by_id[prospect] != answer:
            answer = None  # the answers contradict each other
        by_id[prospect] = answer
    ids = Counter(answer.note_id for answer in by_id.values() if answer is not None and answer.note_id is not None)
    repeated = {note_id for note_id, count in ids.items() if count > 1}
    return {
        prospect: answer
        for prospect, answer in by_id.items()
        if answer is not None and answer.note_id not in repeated  # one note can't belong to two prospects
    }


def _answer(entry: object, brief: Callable[[str], str]) -> Answer | None:
    has_name = isinstance(entry, dict) and "noteId" in entry
    raw_id, success = at(entry, "noteId" if has_name else "id"), at(entry, "success")
    note_id = text_of(raw_id)
    if success is True and note_id:
        return Answer(note_id)
    if success is False and (raw_id is None or (isinstance(raw_id, str) and not raw_id.strip())):
        reason = Refusal.read(entry).words
        return Answer(None, words(Quoted(brief(reason))) if reason else say("api.gave-no-reason"))
    return None


def _found(entry: object, default_status: str | None = None) -> FoundNote | None:
    note_id, content = text_of(at(entry, "id")), at(entry, "content")
    if content is None and isinstance(entry, dict) and "content" in entry:
        content = ""  # a note that has only attachments
    visibility, status = text_of(at(entry, "visibility")), text_of(at(entry, "status")) or default_status
    if not note_id or not isinstance(content, str) or visibility is None or status is None:
        return None
    created_at, edited_at = (_time(at(entry, name)) for name in ("createdAt", "editedAt"))
    author, editor = (_person(at(entry, name)) for name in ("author", "editedBy"))
    form = _VISIBILITY.get(visibility), _STATUS.get(status)
    return FoundNote(note_id, content, *form, created_at, author, edited_at, editor)


def _time(value: object) -> float | None:
    return seconds_since_1970(value) if isinstance(value, str) else None


def is_of(note_id: str, change: Mapping[str, str], document: object) -> bool | None:
    """Return that the reply to a change may be about this note; None if it is an error, or shows another form.

    Raises Astray if it names another note.
    """
    if text_of(at(document, "payload", "id")) not in (note_id, None):
        raise Astray
    of_form = {"visibility", "status"} & change.keys()
    differs = any(text_of(at(document, "payload", name)) not in (None, change[name]) for name in of_form)
    return None if differs or Refusal.read(document).is_error or not isinstance(document, dict) else True


def _person(entry: object) -> str:
    """Return what tells a person from others: the email address, or else the ID, or else the name; empty if none."""
    email, number, *names = (text_of(at(entry, name)) for name in ("email", "id", "firstName", "lastName"))
    return (email or "").lower() or number or " ".join(name for name in names if name)


def attachment(document: object) -> str | None:
    """Return the ID of an uploaded file; None if it can't be read. Its field isn't documented."""
    entry = at(document, "payload") if at(document, "payload") is not None else document
    if isinstance(entry, list):
        entry = entry[0] if len(entry) == 1 else None  # only one file was sent
    return text_of(at(entry, "attachmentId")) or text_of(at(entry, "id"))
