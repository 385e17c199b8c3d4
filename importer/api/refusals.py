"""Understand Saleshandy's refusals: where a reply has words and a code, and the one table of their meanings.

Input: the kind of call, and the HTTP status and JSON of its reply. Output: the cause of the failure; None if the words
may be an intermediary's. A gateway can turn an upstream's timeout into a refusal of its own, after the API applied the
request. So a refusal counts only if its words or its code are listed here, or if its words name a part of the request.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from importer.api import Cause, Endpoint
from importer.api.exchange import at, text_of

_JUDGED = 1000  # characters of a refusal's words that are searched, because a search tries every position
_ADDRESS = re.compile(r"\S*/\S*/\S*|(?<!\w)/\S*")  # a gateway's words may quote it, and it may hold any words
_SHARED_CODE = "1001"  # the API's own, but it stands for a bad key, an unknown prospect and an unknown note alike


class Layout(NamedTuple):
    """The paths of an error's words, of its code, and of a field that no success has: beside it, the code counts."""

    words: Sequence[str]
    code: Sequence[str]
    proof: Sequence[str]


LAYOUTS = (
    Layout(["message"], ["code"], ["code"]),
    Layout(["messages"], ["code"], ["code"]),
    Layout(["error_message"], ["error_code"], ["error_message"]),  # Cloudflare's errors have an error_code, too
    Layout(["error"], ["code"], ["error"]),
)
"""The layouts of the API's errors: ``{code, type, message}``, ``{statusCode, message(s), error}``, and
``{error, error_code, error_message}``. The first that has words counts."""


class Refusal(NamedTuple):
    """What a reply's JSON says, in any of the API's layouts; None for what it doesn't say."""

    words: str | None
    code: str | None
    is_error: bool

    @classmethod
    def read(cls, document: object) -> Refusal:
        """Read the words and the code of an error. Several messages are one text."""
        proved = [layout for layout in LAYOUTS if at(document, *layout.proof) is not None]
        codes = (text_of(at(document, *layout.code)) for layout in proved)
        words = (_said(at(document, *layout.words)) for layout in LAYOUTS)
        return cls(next(filter(None, words), None), next(filter(None, codes), None), bool(proved))


def _said(value: object) -> str:
    texts = value if isinstance(value, list) else [value]
    return "; ".join(text for text in texts if isinstance(text, str) and text.strip())


class Meaning(NamedTuple):
    """A row of the table: a refusal with these words, or with this code, has this cause.

    Attributes:
        words: pattern that is searched in the words; empty if they don't matter.
        code: the code that has this meaning, whatever the words are; empty if none has.
        statuses: the HTTP statuses of such a refusal; empty for any, because the API answers a limit with 400.
        calls: the kinds of calls.
        may_pass: see :class:`importer.api.Failure`.
    """

    cause: Cause
    words: str = ""
    code: str = ""
    statuses: Collection[int] = ()
    calls: Collection[Endpoint] = tuple(Endpoint)
    may_pass: bool = False

    def fits(self, kind: Endpoint, status: int, refusal: Refusal) -> bool:
        """Return whether the row is about such a refusal of this kind of call."""
        if kind not in self.calls or (self.statuses and status not in self.statuses):
            return False
        if not self.words:
            return self.code in ("", refusal.code)
        words = (refusal.words or "")[:_JUDGED]
        is_said = re.search(self.words, words, re.IGNORECASE | re.DOTALL) is not None
        return is_said or bool(self.code and self.code == refusal.code)


_KEY = r"(token|api[\s_-]*key|credentials?)"
_UPLOAD = (Endpoint.UPLOAD,)
_CHANGES = (Endpoint.CREATE, Endpoint.UPDATE, Endpoint.UPLOAD)

LISTED = (
    # Specification. The words may hold the file's name, and so any words.
    Meaning(Cause.BAD_ATTACHMENT, r"^\W*the file type you are trying to add is not supported", "4001", calls=_UPLOAD),
    Meaning(Cause.TOO_LARGE, r"^\W*file exceeds the \d+ ?MB upload limit", "4002", calls=_UPLOAD),
    # Seen with 400 and the codes 40000 and 4000, and with 429.
    Meaning(Cause.RATE_LIMITED, r"^\W*rate[ -]?limit (exceeded|reached)\b"),
    # Seen: an unknown field or parameter. The program sent it, and would send it again.
    Meaning(Cause.WRONG_CALL, r"\bproperty \S+ should not exist\b"),
    # Reference; seen with 400 and 401.
    Meaning(Cause.BAD_KEY, r"\binvalid token\b"),
    # Specification.
    Meaning(Cause.UNKNOWN_PROSPECT, r"\binvalid prospect id\b"),
    Meaning(Cause.BAD_REQUEST, r"\bnote not found or access denied\b"),
    Meaning(Cause.NOT_PERMITTED, r"\bdon'?t have required permissions\b", "4003"),
    Meaning(Cause.BAD_ATTACHMENT, r"^\W*failed to upload attachment\b", "4000", calls=_UPLOAD, may_pass=True),
    Meaning(Cause.FAILED, r"^\W*failed to (create|fetch|update) (note|prospect)s?\b", "4000"),  # the general failure
    Meaning(Cause.FAILED, r"\binternal server error, please try again later\b", "5001"),
)
"""Refusals that the API is documented or seen to give, whose words or code prove that they are the API's own.

The first row that fits counts. One code stands for several refusals, so words come before codes.
"""

_UNLISTED = (
    Meaning(
        Cause.BAD_KEY,
        rf"\b(invalid|expired|missing|revoked|wrong|unknown|bad|unauthori[sz]ed)\b.*\b{_KEY}\b"
        rf"|\b{_KEY}\b.*\b(invalid|expired|missing|revoked|required|wrong|not valid)\b",
        statuses=(400, 401, 403),
    ),
    Meaning(Cause.BAD_KEY, statuses=(401,)),
    Meaning(Cause.NOT_PERMITTED, statuses=(403,), calls=_CHANGES),
    Meaning(Cause.BAD_REQUEST, statuses=(403,)),
    Meaning(Cause.TOO_LARGE, statuses=(413,)),
    Meaning(Cause.BAD_ATTACHMENT, r"\battachments?\b|\battachment[ _]?ids?\b"),
    Meaning(
        Cause.TOO_LARGE,
        r"\b(too many|too large|at most|up to|maximum|max|limit|exceed\w*)\b"
        r"|\b(more than|less than|fewer than|equal to) \d",
    ),
    Meaning(
        Cause.UNKNOWN_PROSPECT,
        r"\b(invalid|unknown|no such|non-?existent)\b.*\bprospect\b"
        r"|\bprospect\b.*\b(invalid|unknown|not found|not exist|n't exist|no longer exists)\b",
    ),
    Meaning(Cause.BAD_REQUEST),
)
"""Meanings of other refusals, if something else shows that they are the API's own."""

# Words that aren't listed, but that no gateway uses. They name a part of the request, and not only "content", which
# HTTP uses itself (413 Content Too Large). Or they count things, while a gateway counts bytes and calls. Or they are
# about an API key, and then the call was refused before it had any effect.
_OURS = re.compile(
    r"\b(prospects?|prospect[ _]?ids?|visibility|attachments?|attachment[ _]?ids?)\b"
    r"|[\"'`]content[\"'`]|\bnote('?s)? content\b"
    r"|[\"'`]?\bsearch\b[\"'`]? (must|should|(is|was|cannot be|can't be) (required|missing|empty|blank))\b"
    r"|\bcontent (must|should) |\bcontent (is|was|(cannot|can't|may not) be) (too long|required|missing|empty|blank)\b"
    r"|\b(too many|at most|up to|maximum|max|limit|exceed\w*|more than|less than|fewer than|equal to)\b[\w ()]*?"
    r"\b(elements?|items?|entries|ids|recipients|contacts|notes)\b",
    re.IGNORECASE,
)
_API_KEY = re.compile(r"\bapi[\s_-]*key\b", re.IGNORECASE)


def meaning(kind: Endpoint, status: int, refusal: Refusal) -> Meaning | None:
    """Return what a refusal of this kind of call means; None if it may not be the API's own (D33)."""
    if refusal.words is None:
        return None
    if found := next((row for row in LISTED if row.fits(kind, status, refusal)), None):
        return found
    found = next(row for row in _UNLISTED if row.fits(kind, status, refusal))
    words = _ADDRESS.sub(" ", refusal.words[:_JUDGED])
    is_about_key = found.cause is Cause.BAD_KEY and bool(found.words) and _API_KEY.search(words)
    return found if refusal.code == _SHARED_CODE or _OURS.search(words) or is_about_key else None
