"""Saleshandy's API: its addresses, codes and words. Only this module and :mod:`importer.api.entries` know them.

Facts come from the vendor's reference (developer.saleshandy.com), unless a comment says otherwise. A reply is never
trusted: if it can't be read with certainty, its outcome is unclear, and delivery looks it up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from importer.api import entries
from importer.api.entries import Astray
from importer.api.exchange import SMALL, Exchange, Most, at, parsed, phrase, text_of, title
from importer.api.headers import Announcement, Signature, seconds_to_wait, server_now
from importer.api.protocol import (
    Answer,
    Cause,
    Endpoint,
    Failure,
    FilePart,
    FoundProspect,
    Metadata,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)
from importer.messages import Message, say, words
from importer.models import Note, Status, Visibility

_FAST = 2.0  # seconds; a limiter refuses faster, and a later 429 may replace an upstream's timeout

_OF_UPLOADS = {"4000": Cause.BAD_ATTACHMENT, "4001": Cause.BAD_ATTACHMENT, "4002": Cause.TOO_LARGE}
_READS = frozenset({Endpoint.READ, Endpoint.PROSPECTS})
_UPLOAD_FAILED = "4000"  # this code does not blame the file
_DOCUMENTED_CODES = frozenset({"1001", *_OF_UPLOADS})  # codes of refusals
_FAILURE_CODE = "5001"
_FAILURE_WORDS = re.compile(r"internal server error, please try again later", re.IGNORECASE)
_DOCUMENTED_WORDS = re.compile(r"invalid token|invalid prospect id|note not found or access denied", re.IGNORECASE)
# Words of refusals that aren't documented, but that no gateway uses. They name a part of the request, and not only
# "content", which HTTP uses itself (413 Content Too Large, 422 Unprocessable Content). Or they count things, while a
# gateway counts bytes and calls. Or they are about an API key, and then the call was refused before it had any effect.
_SPEAKS_OF_THE_REQUEST = re.compile(
    r"\b(prospects?|prospect[ _]?ids?|visibility|attachments?|attachment[ _]?ids?)\b"
    r"|[\"'`]content[\"'`]|\bnote('?s)? content\b"
    r"|[\"'`]?\bsearch\b[\"'`]? (must|should|(is|was|cannot be|can't be) (required|missing|empty|blank))\b"
    r"|\bcontent (must|should) |\bcontent (is|was|(cannot|can't|may not) be) (too long|required|missing|empty|blank)\b",
    re.IGNORECASE,
)
_COUNTS_THINGS = re.compile(
    r"\b(too many|at most|up to|maximum|max|limit|exceed\w*|more than|less than|fewer than|equal to)\b[\w ()]*?"
    r"\b(elements?|items?|entries|ids|recipients|contacts|notes)\b",
    re.IGNORECASE,
)
_JUDGED = 1000  # characters of a refusal's words that are searched; a search tries every position
_API_KEY = re.compile(r"\bapi[\s_-]*key\b", re.IGNORECASE)
# A gateway's words may contain the requested address, and so any of those words.
_ADDRESS = re.compile(r"\S*/\S*/\S*|(?<!\w)/\S*")
# "400 Invalid token" means a bad key (vendor's reference); the same code also means a bad prospect id.
_SPEAKS_OF_THE_KEY = re.compile(
    r"\b(invalid|expired|missing|revoked|wrong|unknown|bad|unauthori[sz]ed)\b.*\b(token|api[\s_-]*key|credentials?)\b"
    r"|\b(token|api[\s_-]*key|credentials?)\b.*\b(invalid|expired|missing|revoked|required|wrong|not valid)\b",
    re.IGNORECASE | re.DOTALL,
)
_SPEAKS_OF_SIZE = re.compile(
    r"\b(too many|too large|at most|up to|maximum|max|limit|exceed\w*)\b"
    r"|\b(more than|less than|fewer than|equal to) \d",
    re.IGNORECASE,
)
_SPEAKS_OF_AN_ATTACHMENT = re.compile(r"\battachments?\b|\battachment[ _]?ids?\b", re.IGNORECASE)
_KNOWS_NO_PROSPECT = re.compile(
    r"\b(invalid|unknown|no such|non-?existent)\b.*\bprospect\b"
    r"|\bprospect\b.*\b(invalid|unknown|not found|not exist|n't exist|no longer exists)\b",
    re.IGNORECASE,
)
Value = TypeVar("Value")


class Saleshandy:
    """Saleshandy's API at one address, with one key; see :class:`importer.api.NotesApi`.

    Args:
        base_url: the API's address.
        key: the API key; it appears in no message.
        connect_timeout: seconds to reach the server.
        read_timeout: seconds without a reply after which a call is given up.
        clock: returns seconds since 1970.
    """

    # Saleshandy's IDs contain only letters and digits.
    traits = Traits(one_draft=True, page=100, prospects_page=100, nobody="no prospect")

    def __init__(
        self, base_url: str, key: str, *, connect_timeout: float, read_timeout: float, clock: Callable[[], float]
    ) -> None:
        from importer.api.transport import Transport  # noqa: PLC0415 - loads requests, which not every command needs

        self._transport = Transport(
            base_url, key, "x-api-key", connect_timeout=connect_timeout, read_timeout=read_timeout, clock=clock
        )
        self._base = base_url
        self._brief = self._transport.secrets.brief
        self._signature = Signature()

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        """Call *Create Note* for several prospects. Prospects without a certain answer are missing in the value."""
        fields: dict[str, Any] = {
            "content": note.content,
            "visibility": entries.VISIBILITY[note.visibility],
            "status": entries.STATUS[note.status],
            "prospectIds": list(prospects),
        }
        if note.attachments:
            fields["attachmentIds"] = list(note.attachments)

        def read(document: object) -> dict[str, Answer] | Astray | None:
            results = at(document, "payload", "results")
            return entries.answers(results, prospects, self._brief) if isinstance(results, list) else None

        return self._call(Endpoint.CREATE, "POST", "/notes", fields, _answers_of(len(prospects)), read)

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        """Call *Get Notes*, and return one page of a prospect's notes."""
        path = f"/prospects/{quote(prospect, safe='')}/notes?skip={skip}&take={take}"
        return self._call(
            Endpoint.READ, "GET", path, None, _page_of(take), lambda document: entries.page(document, prospect, take)
        )

    def update(self, note_id: str, visibility: Visibility, status: Status) -> Reply[None]:
        """Call *Update Note*, which changes a note's visibility and status."""
        fields = {"visibility": entries.VISIBILITY[visibility], "status": entries.STATUS[status]}
        path = f"/notes/{quote(note_id, safe='')}"
        reply = self._call(Endpoint.UPDATE, "PATCH", path, fields, SMALL, lambda _: True)
        return Reply(reply.kind, reply.began, reply.came, None, reply.failure, reply.metadata)

    def upload(self, file: FilePart) -> Reply[str]:
        """Call *Upload Note Attachment*, and return the attachment's ID."""
        return self._call(Endpoint.UPLOAD, "POST", "/notes/attachments", {"file": file}, SMALL, entries.attachment)

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        """Call *List Prospects*, and return one page.

        A search matches names too. It isn't documented that the search may be left out.
        """
        size, search_query = self.traits.prospects_page, f"search={quote(search, safe='')}&" if search else ""
        path = f"/prospects?{search_query}pageSize={size}&page={page}"
        reply = self._call(Endpoint.PROSPECTS, "GET", path, None, _page_of(size), entries.prospects)
        if reply.failure is None or not search:
            return reply
        # A gateway's words may contain the requested address, and logs must not contain an email.
        email = re.compile(f"{re.escape(search)}|{re.escape(quote(search))}", re.I)
        text = reply.failure.text.changed(partial(email.sub, "(email)"))
        return replace(reply, failure=replace(reply.failure, text=text))

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
        most: Most,
        read: Callable[[object], Value | Astray | None],
    ) -> Reply[Value]:
        """Make a call, and return its reply.

        ``read`` returns the value of a success's JSON; None if it can't be read, ASTRAY if it answers another request.
        """
        answer = self._transport.call(method, path, fields, most)
        if answer.failure is not None:
            return Reply(kind, answer.began, answer.came, failure=answer.failure)
        value = None
        if 200 <= answer.status < 300:
            value, failure = self._success(kind, answer, most, read)
        else:
            failure = self._failure(kind, answer)
        if failure is None:
            self._signature.learn(answer.headers, kind, answer.came - answer.began)
        layout = () if failure is None else entries.layout(parsed(answer.data, SMALL))
        return Reply(kind, answer.began, answer.came, value, failure, Metadata(answer.status, answer.headers, layout))

    def _success(
        self, kind: Endpoint, answer: Exchange, most: Most, read: Callable[[object], Value | Astray | None]
    ) -> tuple[Value | None, Failure | None]:
        """Return a success's value, or why there is none. A gateway may send a success in place of a 504."""
        document = None if answer.cut else parsed(answer.data, most)
        value = None if document is None else read(document)
        why = answer.cut or _why_unreadable(document)
        if value == () and self._signature.is_other(answer.headers):
            value, why = None, say("api.came-another-way")
        if kind is Endpoint.CREATE and answer.status == 202:
            value, why = None, say("api.only-accepted")
        if value is not None and not isinstance(value, Astray):
            return value, None
        return None, Failure(
            Cause.UNREADABLE,
            say("api.unreadable-success", why=say("api.anothers-answer") if value else why),
            at_work=True,
            is_accepted=not answer.cut and _is_receipt(answer, document),
            is_astray=isinstance(value, Astray),
            is_other=not answer.cut and at(document, "payload") is None,
        )

    def _failure(self, kind: Endpoint, answer: Exchange) -> Failure:
        status, headers = answer.status, answer.headers
        document = parsed(answer.data, SMALL)
        words = entries.words(document)
        brief_words = self._brief(words or title(answer.data) or f"{status} {phrase(status)}")
        wait = seconds_to_wait(headers.get("retry-after", ""), server_now(headers, answer.came))
        is_own = words is not None and self._is_own(words, document, headers)
        if status == 429 and self._is_limiters(kind, answer, document):
            return Failure(Cause.RATE_LIMITED, say("api.too-many-calls", words=brief_words), wait)
        if status < 300 or status >= 500 or status == 408:
            # Only the API's own words prove that the call has ended; an intermediary's reply may replace a 504.
            is_over = text_of(at(document, "code")) == _FAILURE_CODE or _FAILURE_WORDS.search(brief_words) is not None
            return Failure(
                Cause.FAILED,
                say("api.failed", words=brief_words),
                wait,
                at_work=not is_over or self._signature.is_other(headers),
                is_busy=status == 503,
            )
        if status < 400:
            parts = {"address": self._base, "status": str(status), "target": self._target(headers)}
            return Failure(Cause.REDIRECTED, say("api.redirected", **parts), at_work=True)
        if status == 407:
            return Failure(Cause.BLOCKED, self._transport.proxy_wants_login(), at_work=True, has_left=True)
        if is_own:
            return self._own_failure(kind, status, brief_words, _code(document))
        body = say("doubt", before=brief_words, why=answer.cut) if answer.cut else brief_words
        text = (
            say("api.turned-away-with", status=str(status), words=body) if words else say("api.turned-away", words=body)
        )
        return Failure(
            Cause.INTERMEDIARY,
            text,
            wait,
            at_work=True,
            is_size=status == 413,
            is_busy=status == 429,
        )

    def _target(self, headers: Mapping[str, str]) -> str:
        """Return a redirect's scheme, host and port, as far as they can be read and shown."""
        try:
            parts = urlsplit(headers.get("location", ""))
            place = parts.netloc.rpartition("@")[2]
        except ValueError:
            return "another address"
        return self._brief(f"{parts.scheme}://{place}" if parts.scheme else place)[:100] or "another address"

    def _own_failure(self, kind: Endpoint, status: int, said: str, code: str | None) -> Failure:
        if status == 400 and kind is Endpoint.UPLOAD and code in _OF_UPLOADS:
            # The API's words may contain the file's name, and so any words.
            return Failure(_OF_UPLOADS[code], words(said), may_pass=code == _UPLOAD_FAILED)
        is_key = status == 401 or (kind not in _READS and status == 403)
        may_be_key = status in (400, 403)
        if is_key or (may_be_key and _SPEAKS_OF_THE_KEY.search(said)):
            return Failure(Cause.BAD_KEY, say("api.key-refused", words=said))
        if status not in (403, 413) and _SPEAKS_OF_AN_ATTACHMENT.search(said):
            return Failure(Cause.BAD_ATTACHMENT, words(said))
        if status == 413 or _SPEAKS_OF_SIZE.search(said):
            return Failure(Cause.TOO_LARGE, words(said))
        if status != 403 and _KNOWS_NO_PROSPECT.search(said):
            return Failure(Cause.UNKNOWN_PROSPECT, words(said))
        return Failure(Cause.BAD_REQUEST, words(said))

    def _is_own(self, words: str, document: object, headers: Mapping[str, str]) -> bool:
        """Return whether a refusal comes from the API itself, and not from an intermediary (D33).

        A refusal is the API's if it has the headers of its successes, *and* its words are documented or are about the
        request. The headers alone prove nothing, because a gateway may set the rate-limit headers.
        """
        if self._signature.is_other(headers):
            return False
        words = words[:_JUDGED]
        if _code(document) in _DOCUMENTED_CODES or _DOCUMENTED_WORDS.search(words):
            return True
        words = _ADDRESS.sub(" ", words)
        if _SPEAKS_OF_THE_REQUEST.search(words) or _COUNTS_THINGS.search(words):
            return True
        return _API_KEY.search(words) is not None and _SPEAKS_OF_THE_KEY.search(words) is not None

    def _is_limiters(self, kind: Endpoint, answer: Exchange, document: object) -> bool:
        """Return whether a 429 comes from a rate limiter, so that the call was not applied (D34).

        A 429 may also be a gateway's page for a failure. A slow 429 may replace an upstream's timeout, unless it has
        the API's form and says that no calls remain. A POST or PATCH that took about as long as a real call needs a
        time to retry, or the form of the API's refusals. An upload always counts, because it takes long and may be
        repeated.
        """
        if kind is Endpoint.UPLOAD:
            return True
        took, headers = answer.came - answer.began, answer.headers
        announcement = Announcement.read(headers)
        is_its_way = entries.words(document) is not None and not self._signature.is_other(headers)
        if is_its_way and announcement is not None and announcement.remaining == 0:
            return True
        if took >= _FAST:
            return False
        is_laid_out = is_its_way and text_of(at(document, "code")) is not None
        return kind in _READS or "retry-after" in headers or is_laid_out or took < self._signature.fastest(kind) / 2


SALESHANDY = Vendor("Saleshandy", Saleshandy.traits, Saleshandy)


def _answers_of(prospects: int) -> Most:
    return Most(64 * 1024 + prospects * 4 * 1024, 10_000 + prospects * 100)


def _page_of(notes: int) -> Most:
    """Return limits that allow notes as long as two of a workbook's longest cells each, or a very long one."""
    return Most(4 * 1024 * 1024 + notes * 64 * 1024, 10_000 + notes * 500)


def _is_receipt(answer: Exchange, document: object) -> bool:
    """Return whether an unreadable success may mean that the API accepted the request; a web page does not."""
    is_error = _code(document) is not None or at(document, "error") is not None
    return answer.status == 202 or not answer.data.strip() or (isinstance(document, dict) and not is_error)


def _why_unreadable(document: object) -> Message:
    """Return why a success can't be read, with the names of the fields that it had instead."""
    if not isinstance(document, dict):
        return say("api.other-json" if document is not None else "api.no-json")
    names = tuple(sorted(f"'{str(name)[:20]}'" for name in document)[:5])
    return say("api.no-payload", names=names or "nothing")


def _code(document: object) -> str | None:
    return text_of(at(document, "code")) or text_of(at(document, "error", "code"))
