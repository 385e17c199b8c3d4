"""The vendor behind a protocol: what the importer asks of an API for notes, and what it hears from it.

Comes in: notes and prospect ids. Goes out: a :class:`Reply` for every call, whatever happened on the way; nothing here
raises for what an API or a network may do.

    protocol     :class:`NotesApi` and :class:`Vendor`, replies and causes as values
    saleshandy   the one vendor: its addresses, codes and prose
    entries      its entries, read without trust: answers, notes, prospects, attachments
    headers      what replies say of limits and times, whichever form that comes in
    signature    how successes come, by which the API's own refusals are told from others'
    document     a reply's JSON, read without trust
    exchange     one attempt at a call as a value
    bodies       what a request carries: JSON, or a form with a file
    proxy        the proxy and the certificates that the environment names
    connections  connections that know whether a request has begun to leave, and replies that end
    transport    HTTP through ``requests``: one attempt a call, replies that are bounded, the key masked
"""

from importer.api.protocol import (
    Answer,
    Cause,
    Failure,
    FilePart,
    FoundNote,
    FoundProspect,
    Metadata,
    NotesApi,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)

__all__ = [
    "Answer",
    "Cause",
    "Failure",
    "FilePart",
    "FoundNote",
    "FoundProspect",
    "Metadata",
    "NotesApi",
    "NotesPage",
    "Reply",
    "Traits",
    "Vendor",
]
