"""One call to the API = one attempt. Replies → models, foreign errors → ours. The only module that knows ``requests``.

Comes in: a note and prospects, or a prospect to read back. Goes out: answers by prospect id, or one of the failures of
:class:`~importer.errors.CallFailed`, or one of :class:`~importer.errors.Stopped`. A reply is never trusted: what can't
be read with certainty is *unclear*, and delivery looks it up.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from importer import __version__
from importer.errors import CallFailed, KeyRefused, NotSent, RateLimited, Redirected, Refused, Stopped, Unclear
from importer.models import Answer, FoundNote, Note, NotesPage
from importer.pacing import Signals, seconds_to_wait

_LARGEST_REPLY = 32 * 1024 * 1024
_LONGEST_WORDS = 300
# "400 Invalid token" means a bad key (vendor's reference); the same code also means a bad prospect id.
_SPEAKS_OF_THE_KEY = re.compile(
    r"\b(invalid|expired|missing|revoked|wrong|unknown|bad|unauthori[sz]ed)\b.*\b(token|api[\s_-]*key|credentials?)\b"
    r"|\b(token|api[\s_-]*key|credentials?)\b.*\b(invalid|expired|missing|revoked|required|wrong|not valid)\b",
    re.IGNORECASE | re.DOTALL,
)
_NO_REASON = "the API did not accept this prospect and gave no reason; check that the id exists in this workspace"


class _Body(io.BytesIO):
    """A request's body that knows whether anyone began to send it: before that, nothing can have been applied."""

    is_started = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.is_started = True
        return super().read(size)


class _Unhurried(io.RawIOBase):
    """Reads from a socket, but not for ever: each byte may come just before the timeout, and the next one again."""

    def __init__(self, raw: io.RawIOBase, seconds: float | None) -> None:
        self._raw = raw
        self._ends = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._ends is not None and time.monotonic() > self._ends:
            raise TimeoutError("the reply took too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Reply(http.client.HTTPResponse):
    """A reply whose headers and body must come within twice the read timeout, and one wait more."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        timeout = sock.gettimeout()
        raw = _Unhurried(self.fp.detach(), None if timeout is None else 2 * timeout)
        self.fp = io.BufferedReader(raw)


class _Plain(urllib3.connection.HTTPConnection):
    response_class = _Reply


class _Secure(urllib3.connection.HTTPSConnection):
    response_class = _Reply


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """One connection, no repeats, and no reply without end."""

    def __init__(self) -> None:
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


class Client:
    """The API at one address, with one key. Safe to use from several threads; each has a session of its own.

    Args:
        base_url: such as ``https://open-api.saleshandy.com/v1``.
        key: the API key; it appears in no message.
        connect_timeout: seconds to reach the server.
        read_timeout: seconds without an answer after which a call is given up.
        observe: told of every reply's status, headers and times.
        clock: seconds since 1970.
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
        self._key = key
        self._timeout = (connect_timeout, read_timeout)
        self._observe = observe
        self._clock = clock
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        # Resolved once, since requests would do it anew for every call. Only https leaves this machine (see settings).
        proxies = (
            {} if self._base.startswith("http:") else requests.utils.get_environ_proxies(self._base, no_proxy=None)
        )
        self._proxies = proxies
        self._verify: str | bool = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True

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
        reply = self._call("POST", "/notes", fields)
        results = _at(reply, "payload", "results")
        if not isinstance(results, list):
            raise Unclear("the API said that it succeeded, but not for whom", at_work=False)
        return {
            prospect: Answer(answer.note_id, self._without_key(answer.reason))
            for prospect, answer in _answers(results, prospects).items()
        }

    def notes_of(self, prospect: str, skip: int, take: int = 100) -> NotesPage:
        """One page of a prospect's notes (vendor's reference, *Get Notes*).

        Raises:
            CallFailed, Stopped: as the class says; :class:`Unclear` for a reply that can't be read.
        """
        path = f"/prospects/{quote(prospect, safe='')}/notes?skip={skip}&take={take}"
        payload = _at(self._call("GET", path), "payload")
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
        self._call("PATCH", f"/notes/{quote(note_id, safe='')}", fields)

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()

    # -- one attempt ------------------------------------------------------------------------------------------------

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # proxies were resolved once; .netrc must not replace the key
            session.proxies = self._proxies
            session.verify = self._verify
            session.headers.update(
                {"x-api-key": self._key, "accept": "application/json", "user-agent": f"note-importer/{__version__}"}
            )
            adapter = _Adapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
            self._sessions.append(session)
        return session

    def _call(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> object:
        """Send one request and read its reply as JSON, whatever may go wrong on the way."""
        body = None if fields is None else _Body(json.dumps(fields).encode("ascii"))
        began = self._clock()
        try:
            with self._session().request(
                method,
                self._base + path,
                data=body,
                headers={"content-type": "application/json"} if body is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                self._observe(Signals(method, response.status_code, headers, began, self._clock()))
                data, cut = self._read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._lost(error, is_started=body is None or body.is_started) from error
        try:
            return self._reply(response, headers, data, cut)
        except (CallFailed, Stopped) as failure:
            failure.args = (self._without_key(str(failure)),)
            raise

    def _read(self, response: requests.Response) -> tuple[bytes, str | None]:
        """The reply's body, and why it is not whole, if it isn't."""
        parts = []
        size = 0
        try:
            while part := response.raw.read1(65536, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > _LARGEST_REPLY:
                    return b"", "the reply did not end"
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return b"", f"the reply broke off ({_plain(error)})"
        return b"".join(parts), None

    def _lost(self, error: Exception, *, is_started: bool) -> CallFailed:
        """What a call came to that brought no reply."""
        plain = self._without_key(_plain(error))
        if not is_started or _is_out_of_reach(error):
            return NotSent(f"{urlsplit(self._base).netloc} could not be reached: {plain}")
        return Unclear(f"the connection was lost before the API answered: {plain}", at_work=True)

    def _reply(self, response: requests.Response, headers: Mapping[str, str], data: bytes, cut: str | None) -> object:
        """The reply's JSON where the status says success; what else it means otherwise."""
        status = response.status_code
        reply = None if cut else _parsed(data)
        words = _words(reply)
        said = words or f"{status} {_phrase(status)}"
        wait = seconds_to_wait(headers.get("retry-after", ""), _server_now(headers, self._clock()))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(f"too many calls: {said}", wait=wait)
        if 300 <= status < 400:
            raise Redirected(
                f"The API at {self._base} answered with a redirect ({status}) to {_target(headers)}. The key is never"
                " sent to another address. Check the base URL, and that no proxy stands in between."
            )
        if status == HTTPStatus.UNAUTHORIZED or (response.request.method != "GET" and status == HTTPStatus.FORBIDDEN):
            raise KeyRefused(f"The API does not accept the key: {said}. {_CHECK_KEY}")
        if status == HTTPStatus.BAD_REQUEST and words and _SPEAKS_OF_THE_KEY.search(words):
            raise KeyRefused(f"The API does not accept the key: {said}. {_CHECK_KEY}")
        if status >= 500 or status < 200 or status == HTTPStatus.REQUEST_TIMEOUT:
            at_work = status not in (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NOT_IMPLEMENTED)
            raise Unclear(f"the API failed: {said}", wait=wait, at_work=at_work)
        if status >= 400 and cut and response.request.method == "GET":
            raise Unclear(f"the API refused the call ({status}), but {cut}", wait=wait, at_work=False)
        if status >= 400 and cut:
            raise NotSent(
                f"the API refused the call ({status}), but {cut}, so that its reason is unknown", has_left=True
            )
        if status >= 400:
            raise Refused(said, status=status, in_api_words=words is not None)
        if cut:
            raise Unclear(f"the API said that it succeeded, but {cut}", at_work=False)
        if reply is None:
            raise Unclear("the API said that it succeeded, but its reply can't be read", at_work=False)
        return reply

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "(key)") if self._key else text


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
    note_id = _text(_at(entry, "noteId"))
    success = _at(entry, "success")
    if success is True and note_id:
        return Answer(note_id)
    if success is False and not note_id:
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
    return FoundNote(note_id, content, visibility, its_status, _timestamp(created))


def _timestamp(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _at(value: object, *path: str) -> object:
    """The value at a path of an object's fields, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _text(value: object) -> str | None:
    """An id as text, whether it came as text or as a whole number."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _words(reply: object) -> str | None:
    """The API's own words for a failure; how they are laid out is not documented."""
    for path in (("message",), ("error", "message"), ("error",), ("reason",), ("errors",), ("payload", "message")):
        value = _at(reply, *path)
        if isinstance(value, list) and value:
            value = value[0] if isinstance(value[0], str) else _at(value[0], "message")
        if isinstance(value, str) and value.strip():
            return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())[:_LONGEST_WORDS]
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown status)"


def _target(headers: Mapping[str, str]) -> str:
    return urlsplit(headers.get("location", "")).netloc[:100] or "another address"


def _server_now(headers: Mapping[str, str], ours: float) -> float:
    """The server's clock by this reply, for a ``retry-after`` that is a date."""
    date = seconds_to_wait(headers.get("date", ""), 0.0)
    return date or ours


def _is_out_of_reach(error: BaseException) -> bool:
    """Whether no connection came about."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else inner
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _plain(error: BaseException) -> str:
    """A foreign error in a few words: its innermost cause, without the objects' addresses that libraries print."""
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        error = inner
    text = re.sub(r"<[^>]*object at 0x[0-9a-fA-F]+>(,?\s*|:\s*)", "", str(error)) or type(error).__name__
    return " ".join(text.split())[:_LONGEST_WORDS]
