"""Saleshandy's API: its addresses and statuses. :mod:`.entries` knows its fields, :mod:`.refusals` its codes and words.

Facts come from the vendor's reference (developer.saleshandy.com), unless a comment says otherwise. A reply is never
trusted: if it can't be read with certainty, its outcome is unclear, and delivery looks it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from importer.api import (
    READS,
    Answer,
    Cause,
    Endpoint,
    Failure,
    FilePart,
    FoundProspect,
    NoteChange,
    NotesPage,
    Reply,
    Traits,
    Vendor,
    entries,
    refusals,
)
from importer.api.exchange import SMALL, Exchange, at, parsed, seconds_to_wait, title
from importer.api.refusals import Refusal
from importer.messages import Message, Quoted, say, words
from importer.models import Note

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_FAST = 2.0  # seconds; a limiter refuses faster (D33)
_REPEATABLE = READS | {Endpoint.UPLOAD}

_TEXTS = {
    Cause.BAD_KEY: "api.key-refused",
    Cause.NOT_PERMITTED: "api.not-permitted",
    Cause.WRONG_CALL: "api.wrong-call",
}
Value = TypeVar("Value")


class Saleshandy:
    """Saleshandy's API at one address, with one key, which appears in no message; see :class:`.NotesApi`."""

    # Saleshandy's IDs contain only letters and digits.
    traits = Traits(one_draft=True)

    def __init__(self, base_url: str, key: str, *, read_timeout: float, clock: Callable[[], float]) -> None:
        from importer.api.transport import Transport  # noqa: PLC0415 - loads requests, which not every command needs

        self._transport = Transport(base_url, key, "x-api-key", read_timeout=read_timeout, clock=clock)
        self._base = base_url
        self._brief = self._transport.secrets.brief

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        """Call *Create Note* for several prospects. Prospects without a certain answer are missing in the value."""
        fields: dict[str, Any] = {
            "content": note.content,
            "visibility": note.visibility.value,
            "status": note.status.value,
            "prospectIds": list(prospects),
        }
        if note.attachments:
            fields["attachmentIds"] = list(note.attachments)
        fields |= dict(note.further)

        read = partial(entries.answers, prospects=prospects, brief=self._brief)
        return self._call(Endpoint.CREATE, "POST", "/notes", fields, SMALL + 4 * 1024 * len(prospects), read)

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        """Call *Get Notes*, and return one page of a prospect's notes."""
        path = f"/prospects/{quote(prospect, safe='')}/notes?skip={skip}&take={take}"
        read = partial(entries.page, prospect=prospect, take=take)
        return self._call(Endpoint.READ, "GET", path, None, _page_of(take), read)

    def update(self, note_id: str, change: NoteChange) -> Reply[bool]:
        """Call *Update Note* with the fields that change."""
        fields = {name: str(value) for name, value in asdict(change).items() if value is not None}
        path, read = f"/notes/{quote(note_id, safe='')}", partial(entries.is_of, note_id, fields)
        return self._call(Endpoint.UPDATE, "PATCH", path, fields, _page_of(1), read)

    def upload(self, file: FilePart) -> Reply[str]:
        """Call *Upload Note Attachment*, and return the attachment's ID."""
        return self._call(Endpoint.UPLOAD, "POST", "/notes/attachments", {"file": file}, SMALL, entries.attachment)

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        """Call *List Prospects*, and return one page.

        A search matches names too. It isn't documented that the search may be left out, but it was seen.
        """
        size, search_query = self.traits.page, f"search={quote(search, safe='')}&" if search else ""
        path = f"/prospects?{search_query}pageSize={size}&page={page}&sort=ASC&sortBy=createdAt"
        return self._call(Endpoint.PROSPECTS, "GET", path, None, _page_of(size), entries.prospects)

    def renew(self) -> None:
        """Stop using all connections that are open now."""
        self._transport.renew()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    # -- what a reply means -----------------------------------------------------------------------------------------

    def _call(
        self,
        kind: Endpoint,
        method: str,
        path: str,
        fields: Mapping[str, Any] | None,
        most: int,
        read: Callable[[object], Value | None],
    ) -> Reply[Value]:
        """Make a call, and return its reply.

        ``read`` returns the value of a success's JSON; None if it can't be read. It raises Astray if the JSON answers
        another request.
        """
        answer = self._transport.call(method, path, fields, most)
        if answer.failure is not None:
            return Reply(kind, answer.began, answer.came, failure=answer.failure)
        value = None
        if 200 <= answer.status < 300:
            value, failure = self._success(kind, answer, read)
        else:
            failure = self._failure(kind, answer)
        return Reply(kind, answer.began, answer.came, value, failure, answer.status, answer.headers)

    def _success(
        self, kind: Endpoint, answer: Exchange, read: Callable[[object], Value | None]
    ) -> tuple[Value | None, Failure | None]:
        """Return a success's value, or why there is none. A gateway may send a success in place of a 504."""
        document = None if answer.cut else parsed(answer.data)
        why, is_astray = answer.cut or _why_unreadable(document), False
        if kind in (Endpoint.CREATE, Endpoint.UPDATE) and answer.status == 202:
            why = say("api.only-accepted")
        elif document is not None:
            try:
                if (value := read(document)) is not None:
                    return value, None
            except entries.Astray:
                why, is_astray = say("api.anothers-answer"), True
        return None, Failure(
            Cause.UNREADABLE,
            say("api.unreadable-success", why=why),
            at_work=True,
            is_accepted=not answer.cut and _is_receipt(answer, document),
            is_astray=is_astray,
            is_other=not answer.cut and at(document, "payload") is None,
        )

    def _failure(self, kind: Endpoint, answer: Exchange) -> Failure:
        status, headers = answer.status, answer.headers
        if 300 <= status < 400:
            parts = {"address": self._base, "status": str(status), "target": self._target(headers)}
            return Failure(Cause.REDIRECTED, say("api.redirected", **parts), at_work=True)
        refusal = Refusal.read(parsed(answer.data))
        said = Quoted(
            self._brief(refusal.words or title(answer.data) or f"{status} {_PHRASES.get(status, '(unknown status)')}")
        )
        wait = seconds_to_wait(headers.get("retry-after", ""), headers)
        meaning = refusals.meaning(kind, status, refusal)
        is_limit = meaning is not None and meaning.cause is Cause.RATE_LIMITED
        # A slow 429 may be a gateway's page for an upstream that timed out. An upload or a look-up may be repeated.
        is_limiters = kind in _REPEATABLE or answer.came - answer.began < _FAST
        if is_limit or (status == 429 and is_limiters):
            return Failure(Cause.RATE_LIMITED, say("api.too-many-calls", words=said), wait)
        is_over = meaning is not None and meaning.cause is Cause.FAILED
        if is_over or status < 300 or status >= 500 or status == 408:
            # Only the API's own words prove that the call has ended; an intermediary's reply may replace a 504.
            is_busy = status == 503
            return Failure(Cause.FAILED, say("api.failed", words=said), wait, at_work=not is_over, is_busy=is_busy)
        if meaning is not None:
            kind_of_text = _TEXTS.get(meaning.cause)
            text = say(kind_of_text, words=said) if kind_of_text else words(said)
            return Failure(meaning.cause, text, may_pass=meaning.may_pass)
        said = Quoted(f"{status} {said.text}") if refusal.words else said
        text = say("api.turned-away", words=say("doubt", before=said, why=answer.cut) if answer.cut else said)
        is_size, is_busy = status == 413, status == 429
        return Failure(Cause.INTERMEDIARY, text, wait, at_work=True, is_size=is_size, is_busy=is_busy)

    def _target(self, headers: Mapping[str, str]) -> str:
        """Return a redirect's scheme, host and port, as far as they can be read and shown."""
        try:
            parts = urlsplit(headers.get("location", ""))
            place = parts.netloc.rpartition("@")[2]
        except ValueError:
            return "another address"
        return self._brief(f"{parts.scheme}://{place}" if parts.scheme else place)[:100] or "another address"


SALESHANDY = Vendor("Saleshandy", Saleshandy.traits, Saleshandy)


def _page_of(notes: int) -> int:
    """Return a size that allows notes as long as two of a workbook's longest cells each, or a very long one."""
    return 4 * 1024 * 1024 + notes * 64 * 1024


def _is_receipt(answer: Exchange, document: object) -> bool:
    """Return whether an unreadable success may mean that the API accepted the request; a web page does not."""
    is_plain = isinstance(document, dict) and not Refusal.read(document).is_error
    return answer.status == 202 or not answer.data.strip() or is_plain


def _why_unreadable(document: object) -> Message:
    """Return why a success can't be read, with the names of the fields that it had instead."""
    if not isinstance(document, dict):
        return say("api.other-json")
    names = tuple(Quoted(f"'{name[:20]}'") for name in sorted(map(str, document))[:5])
    return say("api.no-payload", names=names or "nothing")
