"""Create, read and change the notes of a live test, always private, and count what is left behind.

Input: a context for calls, and a prospect. Output: replies, and pages of the prospect's notes. A note is created at
most once: no request that may have been applied is made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from importer.api import Answer, Endpoint, Failure, FoundNote, NotesPage, Reply
from importer.commands.calling import Context
from importer.commands.live_calls import LiveCalls
from importer.commands.live_findings import content, number_of, text_of
from importer.errors import Outage
from importer.messages import say
from importer.models import Note, Status, Visibility


@dataclass(frozen=True)
class Left:
    """What a live test leaves behind.

    Attributes:
        notes: number of published notes.
        drafts: number of drafts.
        unclear: number of further notes that may exist, because no answer said so.
        files: number of uploaded files.
    """

    notes: int
    drafts: int
    unclear: int
    files: int


@dataclass
class LiveNotes:
    """Notes of a live test on one prospect.

    Attributes:
        context: makes the calls.
        prospect: ID of the prospect.
        lag: seconds by which reads lag behind writes, as far as measured.
        ids: note ID → number of the note.
        drafts: IDs of the notes that are drafts.
        refused: numbers of the notes that the API refused.
        files: number of uploaded files.
    """

    context: Context
    prospect: str
    lag: float = 0.0
    ids: dict[str, int] = field(default_factory=dict)
    drafts: set[str] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    files: int = 0
    _unclear: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.calls, self._api = LiveCalls(self.context), self.context.caller.api

    @property
    def left(self) -> Left:
        """Count of what is left behind, as far as known."""
        unclear, drafts = self._unclear - {*self.ids.values()}, len(self.drafts)
        return Left(len(self.ids) - drafts, drafts, len(unclear), self.files)

    def create(
        self,
        number: int,
        prospects: Sequence[str] = (),
        status: Status = Status.PUBLISHED,
        attachments: tuple[str, ...] = (),
    ) -> Reply[dict[str, Answer]]:
        """Create the note with this number, never on another prospect that exists."""
        self._unclear.add(number)
        note = Note(text_of(number), Visibility.PRIVATE, status, attachments, content(number))
        to = list(prospects) or [self.prospect]
        reply: Reply[dict[str, Answer]] = self.calls.ask(Endpoint.CREATE, lambda: self._api.create(note, to))
        answer = (reply.value or {}).get(self.prospect)
        is_clear = answer is not None or (reply.failure is not None and reply.failure.is_applied is False)
        self._unclear -= {number} if is_clear else set()
        if answer is not None and answer.note_id is not None:
            self.ids[answer.note_id] = number
            self.drafts |= {answer.note_id} if status is Status.DRAFT else set()
        elif is_clear:
            self.refused.add(number)
        return reply

    def page(self, pause: float = 0.0, skip: int = 0, take: int = 100) -> NotesPage:
        """Return a page of the prospect's notes, after a pause in seconds. Raise Outage if it can't be read."""
        ask = partial(self._api.find, self.prospect, skip, take)
        reply: Reply[NotesPage] = self.calls.ask(Endpoint.READ, ask, pause)
        page = reply.value
        if page is None:
            raise Outage(say("stopped.keeps-failing", why=reply.failure.text if reply.failure is not None else ""))
        for note in page.all:
            if number := number_of(note):  # another person may write notes meanwhile
                self.ids.setdefault(note.note_id, number)
        return page

    def caught_up(self) -> NotesPage:
        """Return all notes, after the time that reads need to show the latest change."""
        return self.page(pause=1.0 + 1.25 * self.lag)  # the lag is the age of a note that was shown

    def update(self, note_id: str, status: Status) -> Failure | None:
        """Make a note of the test a draft, or publish it. It stays private."""
        failure = self.calls.ask(Endpoint.UPDATE, lambda: self._api.update(note_id, Visibility.PRIVATE, status)).failure
        if failure is None:
            self.drafts = self.drafts | {note_id} if status is Status.DRAFT else self.drafts - {note_id}
        return failure

    def forget(self, note_id: str) -> None:
        """Record that a note is gone."""
        self.ids.pop(note_id, None)
        self.drafts.discard(note_id)

    def id_of(self, number: int) -> str:
        """Return the ID of the note with this number; empty if it isn't known."""
        return next((note_id for note_id, other in self.ids.items() if other == number), "")

    def by_number(self, page: NotesPage) -> dict[int, FoundNote]:
        """Return the test's notes on a page: number → note."""
        return {self.ids[note.note_id]: note for note in page.all if note.note_id in self.ids}
