"""Access to an API for notes, with each vendor behind the same protocol.

Input: notes and prospect IDs. Output: a :class:`Reply` for each call, in which failures are values, not exceptions.

    protocol     :class:`NotesApi` and :class:`Vendor`; replies and causes of failures as values
    saleshandy   the only vendor so far: its addresses and statuses
    refusals     Saleshandy's refusals: the table of their words and codes, and what each means
    entries      entries of Saleshandy's replies, read without trust: answers, notes, prospects, attachments
    headers      limits and times in the headers of replies
    exchange     one attempt at a call as a value, with a reply's JSON read without trust
    proxy        the proxy and the certificates that the environment names
    connections  connections that record whether a request has begun to leave, and replies with a deadline
    transport    HTTP through ``requests``: one attempt per call, replies of limited size, the key masked
"""

from importer.api.protocol import (
    Answer,
    Cause,
    Endpoint,
    Failure,
    FilePart,
    FoundNote,
    FoundProspect,
    Metadata,
    NoteChange,
    NotesApi,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)

__all__ = [
    "Answer",
    "Cause",
    "Endpoint",
    "Failure",
    "FilePart",
    "FoundNote",
    "FoundProspect",
    "Metadata",
    "NoteChange",
    "NotesApi",
    "NotesPage",
    "Reply",
    "Traits",
    "Vendor",
]
