"""The API's calls: replies → models. What a reply means is decided here; how it travels is the transport's.

Comes in: a note and prospects, or a prospect to read back. Goes out: answers by prospect id, or one of the failures of
:class:`~importer.errors.CallFailed`, or one of :class:`~importer.errors.Stopped`. A reply is never trusted: what can't
be read with certainty is *unclear*, and delivery looks it up.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from importer.errors import Blocked, KeyRefused, NotSent, RateLimited, Redirected, Refused, Unclear
from importer.models import Answer, FoundNote, Note, NotesPage
from importer.pacing import Signals, seconds_since_1970, seconds_to_wait
from importer.transport import SMALL, Most, Reply, Transport

# "400 Invalid token" means a bad key (vendor's reference); the same code also means a bad prospect id.
_SPEAKS_OF_THE_KEY = re.compile(
    r"\b(invalid|expired|missing|revoked|wrong|unknown|bad|unauthori[sz]ed)\b.*\b(token|api[\s_-]*key|credentials?)\b"
    r"|\b(token|api[\s_-]*key|credentials?)\b.*\b(invalid|expired|missing|revoked|required|wrong|not valid)\b",
    re.IGNORECASE | re.DOTALL,
)
# A text, or what begins or follows another value; a text that doesn't end is one too, so that each byte is seen once.
_VALUE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_REASON = "the API did not accept this prospect and gave no reason; check that the id exists in this workspace"


class Client:
    """The API at one address, with one key. Safe to use from several threads; each has a session of its own.

    Args:
        base_url: such as ``https://open-api.saleshandy.com/v1``.
        key: the API key; it appears in no message.
        connect_timeout: seconds to reach the server.
        read_timeout: seconds without an answer after which a call is given up.
        observe: told of every reply's status, headers and times.
        clock: seconds since 1970.

    Raises:
        BadSettings: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        observe: Callable[[Signals], None],
        clock: Callable[[], float],
    ) -> None:
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._transport = Transport(
            self._base, key, connect_timeout=connect_timeout, read_timeout=read_timeout, observe=observe, clock=clock
        )
        self._brief = self._transport.secrets.brief

    def create_notes(self, note: Note, prospects: Sequence[str]) -> dict[str, Answer]:
        """Create one note for each prospect (vendor's reference, *Create Note*).

        Returns:
            prospect id → answer; a prospect of which the reply says nothing certain is missing.

        Raises:
            CallFailed, Stopped: as the class says.
        """
        fields: dict[str, Any] = {
            "content": note.content,
            "visibility": note.visibility.value,
            "status": note.status.value,
            "prospectIds": list(prospects),
        }
        if note.attachments:
            fields["attachmentIds"] = list(note.attachments)
        reply = self._call("POST", "/notes", fields, _answers_of(len(prospects)))
        results = _at(reply, "payload", "results")
        if not isinstance(results, list):
            raise Unclear("the API said that it succeeded, but not for whom", at_work=False)
        return {
            prospect: Answer(answer.note_id, self._brief(answer.reason))
            for prospect, answer in _answers(results, prospects).items()
        }

    def notes_of(self, prospect: str, skip: int, take: int = 100) -> NotesPage:
        """One page of a prospect's notes (vendor's reference, *Get Notes*).

        Raises:
            CallFailed, Stopped: as the class says; :class:`Unclear` for a reply that can't be read.
        """
        path = f"/prospects/{quote(prospect, safe='')}/notes?skip={skip}&take={take}"
        payload = _at(self._call("GET", path, None, _page_of(take)), "payload")
        notes = _at(payload, "notes")
        if not isinstance(payload, dict) or not isinstance(notes, list):
            raise Unclear("the prospect's notes were answered in a form that can't be read", at_work=False)
        found = []
        for entry in notes:
            note = _found(entry, prospect)
            if note is None:
                raise Unclear("one of the prospect's notes was answered in a form that can't be read", at_work=False)
            found.append(note)
        draft = payload.get("draftNote")
        has_more = _at(payload, "pagination", "hasMore")
        return NotesPage(
            tuple(found),
            _found(draft, prospect, status="0") if draft is not None else None,
            has_more if isinstance(has_more, bool) else len(found) >= take,
        )

    def update_note(self, note_id: str, **fields: str) -> None:
        """Change a note's ``content``, ``visibility`` or ``status`` (vendor's reference, *Update Note*).

        Raises:
            CallFailed, Stopped: as the class says.
        """
        self._call("PATCH", f"/notes/{quote(note_id, safe='')}", fields, SMALL)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _call(self, method: str, path: str, fields: Mapping[str, Any] | None, most: Most) -> object:
        """Send one request; its reply's JSON where the status says success, else what it means."""
        reply = self._transport.call(method, path, fields, most)
        if 200 <= reply.status < 300:
            return _content(reply, most)
        words = _words(_parsed(reply.data, SMALL))
        said = self._brief(words) if words else f"{reply.status} {_phrase(reply.status)}"
        wait = seconds_to_wait(reply.headers.get("retry-after", ""), _server_now(reply.headers, self._clock()))
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(f"too many calls: {said}", wait=wait)
        self._stop_if_hopeless(method, reply.status, said, words, reply.headers)
        if reply.status < 400 or reply.status >= 500 or reply.status == HTTPStatus.REQUEST_TIMEOUT:
            at_work = reply.status not in (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NOT_IMPLEMENTED)
            raise Unclear(f"the API failed: {said}", wait=wait, at_work=at_work)
        if reply.cut and not reply.is_too_large:  # one that is too large holds no words of the API's
            why = f"the API refused the call ({reply.status}), but {reply.cut}"
            if method == "GET":
                raise Unclear(why, wait=wait, at_work=False)
            raise NotSent(f"{why}, so that its reason is unknown", has_left=True)
        raise Refused(said, status=reply.status, in_api_words=words is not None)

    def _stop_if_hopeless(
        self, method: str, status: int, said: str, words: str | None, headers: Mapping[str, str]
    ) -> None:
        """Raise where every further call would come to the same, and only a person can help."""
        if 300 <= status < 400:
            raise Redirected(
                f"The API at {self._base} answered with a redirect ({status}) to {self._target(headers)}. The key is"
                " never sent to another address. Check the base URL, and that no proxy stands in between."
            )
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise Blocked(self._transport.proxy_wants_login())
        is_about_the_key = status == HTTPStatus.BAD_REQUEST and words is not None and _SPEAKS_OF_THE_KEY.search(said)
        if (
            is_about_the_key
            or status == HTTPStatus.UNAUTHORIZED
            or (method != "GET" and status == HTTPStatus.FORBIDDEN)
        ):
            raise KeyRefused(f"The API does not accept the key: {said}. {_CHECK_KEY}")

    def _target(self, headers: Mapping[str, str]) -> str:
        """Where a redirect leads, as far as that can be read and shown."""
        try:
            place = urlsplit(headers.get("location", "")).netloc.rpartition("@")[2]
        except ValueError:
            place = ""
        return self._brief(place)[:100] or "another address"


def _answers_of(prospects: int) -> Most:
    """How large a reply may be that answers for so many prospects."""
    return Most(64 * 1024 + prospects * 4 * 1024, 10_000 + prospects * 100)


def _page_of(notes: int) -> Most:
    """How large a page of so many notes may be: twice a workbook's longest cell for each, or one very long one."""
    return Most(4 * 1024 * 1024 + notes * 64 * 1024, 10_000 + notes * 500)


def _content(reply: Reply, most: Most) -> object:
    """The JSON of a success."""
    if reply.cut:
        raise Unclear(f"the API said that it succeeded, but {reply.cut}", at_work=False)
    content = _parsed(reply.data, most)
    if content is None:
        raise Unclear("the API said that it succeeded, but its reply can't be read", at_work=False)
    return content


_CHECK_KEY = (
    "Check that it is whole and still valid, and how it is given: by the environment variable SALESHANDY_API_KEY, or"
    " a file named with --api-key-file."
)


def _answers(results: Iterable[object], prospects: Sequence[str]) -> dict[str, Answer]:
    """What the reply says with certainty, matched by prospect id and never by position."""
    asked = set(prospects)
    found: dict[str, Answer | None] = {}
    for entry in results:
        prospect = _text(_at(entry, "prospectId"))
        if prospect not in asked:
            continue
        answer = _answer(entry)
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


def _answer(entry: object) -> Answer | None:
    given, success = _at(entry, "noteId"), _at(entry, "success")
    note_id = _text(given)
    if success is True and note_id:
        return Answer(note_id)
    if success is False and (given is None or (isinstance(given, str) and not given.strip())):
        return Answer(None, _words(entry) or _NO_REASON)
    return None


def _found(entry: object, prospect: str, status: str | None = None) -> FoundNote | None:
    """A note as read back, or None where the entry can't be read or belongs to another prospect."""
    note_id, content = _text(_at(entry, "id")), _at(entry, "content")
    if content is None and isinstance(entry, dict) and "content" in entry:
        content = ""  # a note of attachments only
    visibility, its_status = _text(_at(entry, "visibility")), _text(_at(entry, "status")) or status
    owner = _at(entry, "prospectId")
    if not note_id or not isinstance(content, str) or visibility is None or its_status is None:
        return None
    if owner is not None and _text(owner) != prospect:
        return None
    created = _at(entry, "createdAt")
    created_at = seconds_since_1970(created) if isinstance(created, str) else None
    return FoundNote(note_id, content, visibility, its_status, created_at)


def _at(value: object, *path: str) -> object:
    """The value at a path of an object's fields, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _text(value: object) -> str | None:
    """An id as text, whether it came as text or as a whole number; None for what could not be written down."""
    if isinstance(value, str):
        return None if _SURROGATE.search(value) else value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _parsed(data: bytes, most: Most) -> object:
    """The JSON, or None for what is none or holds more values than there is memory for."""
    if any(count > most.values for count, _ in enumerate(_VALUE.finditer(data), 1)):
        return None
    try:
        return json.loads(data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _words(reply: object) -> str | None:
    """The API's own words for a failure, uncut; how they are laid out is not documented."""
    for path in (("message",), ("error", "message"), ("error",), ("reason",), ("errors",), ("payload", "message")):
        value = _at(reply, *path)
        if isinstance(value, list) and value:
            value = value[0] if isinstance(value[0], str) else _at(value[0], "message")
        if isinstance(value, str) and value.strip():
            return value
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown status)"


def _server_now(headers: Mapping[str, str], ours: float) -> float:
    """The server's clock by this reply, for a ``retry-after`` that is a date."""
    date = seconds_to_wait(headers.get("date", ""), 0.0)
    return date or ours
