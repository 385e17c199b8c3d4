"""Store the attachments of an account, and check the use of their IDs.

Input: an uploaded file, or the IDs that a note names. Output: the reply with the file's ID, or a refusal. What the
vendor's reference leaves open can be chosen: see README.md. Files whose names begin with ``failed`` are refused as
failed, and programs (such as ``.exe``) as an unsupported type.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from tests.sandbox.calls import BAD_TYPE, NOT_UPLOADED, TOO_LARGE, Document, ServiceReply, refused
from tests.sandbox.forms import UploadedFile

PATH = "/v1/notes/attachments"

_PROGRAMS = frozenset({".exe", ".com", ".bat", ".cmd", ".msi", ".scr", ".ps1", ".js", ".vbs", ".sh", ".jar", ".dll"})
_FORMS = (":attachmentId", ":list", ":x1", ":max=1000", ":known=A1,A2")
_COUNT = re.compile(r"[1-9]\d{0,9}")


@dataclass(frozen=True, slots=True)
class UploadBehaviour:
    """Behaviour of uploads and limits on the use of their IDs; ValueError if a value is impossible.

    The reply names the ID ``named``, in a list if it ``is_list``. An ID serves so many ``requests``; None is no limit.
    ``most`` is the largest file in bytes. ``known`` attachments exist already.
    """

    named: str = "attachmentId"
    is_list: bool = False
    requests: int | None = None
    most: int = 20_000_000
    known: Collection[str] = ()

    @classmethod
    def parse(cls, text: str) -> UploadBehaviour:
        """Read the behaviour from words separated by colons (see README.md); ValueError says what is wrong."""
        fields: dict[str, Any] = {}
        for word in filter(None, text.strip().split(":")):
            fields |= _worded(word, text)
        return cls(**fields)


def _worded(word: str, text: str) -> dict[str, Any]:
    name, _, value = word.partition("=")
    if word in ("attachmentId", "id"):
        return {"named": word}
    if word in ("object", "list"):
        return {"is_list": word == "list"}
    if name == "known" and value:
        return {"known": frozenset(value.split(","))}
    if re.fullmatch(r"x\d+", word):
        name, value = "requests", word[1:]
    if name in ("requests", "max") and _COUNT.fullmatch(value):
        return {"most" if name == "max" else name: int(value)}
    raise ValueError(f"{text!r} says nothing of uploads: {word!r} is none of {', '.join(_FORMS)}")


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """An uploaded file without its content: ``size`` is in bytes, ``sha256`` in hexadecimal."""

    id: str
    name: str
    type: str
    size: int
    sha256: str
    created_at: datetime
    requests: int = 0
    notes: int = 0


class Attachments:
    """The uploaded files. Not thread-safe: the owner's lock guards it."""

    def __init__(self, rules: UploadBehaviour, seed: int) -> None:
        self._rules, self._seed = rules, seed
        self._known = set(rules.known)
        self._stored: dict[str, StoredAttachment] = {}

    @property
    def stored(self) -> tuple[StoredAttachment, ...]:
        return tuple(self._stored.values())

    def know(self, ids: Iterable[str]) -> None:
        """Let attachments with these IDs exist, as if uploaded long ago."""
        self._known.update(ids)

    def store(self, upload: UploadedFile, now: datetime) -> ServiceReply:
        if upload.wrong or upload.name.lower().startswith("failed"):
            raise refused(400, 4000, NOT_UPLOADED)
        if PurePath(upload.name).suffix.lower() in _PROGRAMS:
            raise refused(400, 4001, BAD_TYPE)
        if upload.size > self._rules.most:
            raise refused(400, 4002, TOO_LARGE)
        place = len(self._stored) + 1
        attachment_id = f"At{hashlib.sha256(f'{self._seed} {place}'.encode()).hexdigest()[:8]}"
        self._stored[attachment_id] = StoredAttachment(
            attachment_id, upload.name, upload.type, upload.size, upload.sha256, now
        )
        payload: Document = {self._rules.named: attachment_id}
        document: Document = {
            "message": "Attachment uploaded successfully",
            "payload": [payload] if self._rules.is_list else payload,
        }
        return ServiceReply(201, document)

    def spend(self, ids: Collection[str], notes: int) -> None:
        """Count a request with ``notes`` notes that names these IDs; refuse it if an ID can't be used for it."""
        if not all(map(self._serves, ids)):
            raise refused(400, 1001, "Invalid attachment Id")
        for attachment_id in set(ids) & self._stored.keys():
            stored = self._stored[attachment_id]
            self._stored[attachment_id] = replace(stored, requests=stored.requests + 1, notes=stored.notes + notes)

    def _serves(self, attachment: str) -> bool:
        stored = self._stored.get(attachment)
        if stored is None:
            return attachment in self._known
        return self._rules.requests is None or stored.requests < self._rules.requests
