"""Try on one prospect what the service does with a note: create it, read it back, compare it, and make it a draft.

Input: settings with the key, and the ID or email of a prospect that a person named. Output: a
:class:`~importer.operations.doctor.Check` for each thing that was seen. The note is private, and it stays there as a
draft, because the API can't delete notes. Only calls that read are made again. The journal remembers only whether a
changed note keeps the markup of its text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from importer.api import API_REFUSED, Cause, FoundNote, NoteChange, NotesApi, Reply, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.errors import BadSettings, CallRefused, NeedsAPerson, Stopped
from importer.importing.api_context import connected, steady_clock
from importer.journal.lock import opened
from importer.markup import content_of, seen_digests
from importer.messages import Message, Said, say
from importer.models import ContentKind, Note, Status, Visibility
from importer.operations.doctor import Check
from importer.settings import Settings
from importer.settings.reading import WORDS
from importer.telling.rendering import duration

_TEXT = "note-importer test, may be ignored\nÄrger, „süß“ & R&D \N{PARTY POPPER}\n\nnew paragraph"
_NOTE = Note(_TEXT, Visibility.PRIVATE, Status.PUBLISHED, content=content_of(_TEXT, ContentKind.AUTO))
_MARKUP = "<p>note-importer test, may be ignored. <b>Changed</b></p>"
_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before each look; an account may read 20 times a minute
_FAR = 300.0  # seconds by which the service's clock may be off without being reported


def examine(
    prospect: str,
    settings: Settings,
    *,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    sleep: Callable[[float], object] = time.sleep,
    vendor: Vendor = SALESHANDY,
) -> Iterator[Check]:
    """Yield what is seen, call by call, after a person has agreed to it.

    ``prospect`` is an ID or an email. ``stop`` is called before each look; if it returns a sentence, nothing more is
    looked at.

    Raises:
        BadSettings: there is no such prospect, or it has a draft, which ours could replace. Nothing was created.
        Stopped: the key is refused, or calls don't get through. Nothing was created.
    """
    clock = clock or steady_clock()
    with closing(connected(settings, vendor, clock)) as api:
        test = _Test(api, _id_of(prospect, api), stop, sleep)
        test.check_prospect()
        yield from test.of_note()
        with opened(settings) as journal:
            if journal is not None and test.keeps_markup is not None:
                journal.learned(settings.workspace).enter({"keeps markup": test.keeps_markup})


def _id_of(prospect: str, api: NotesApi) -> str:
    """Return the ID of the prospect that a person named by its ID or email."""
    if "@" not in prospect:
        return prospect
    found = _got(api.look_up(prospect, 1))
    ids: list[str] = [one.prospect_id for one in found if one.email.lower() == prospect.lower()]
    if len(ids) != 1:
        raise BadSettings(say("live.not-one-prospect", n=len(ids)))
    return ids[0]


def _got(reply: Reply[Any]) -> Any:
    """Return the value of the reply to a call before the note is created.

    Raises:
        BadSettings: the API refused the call in its own words.
        Stopped: the call didn't get through.
    """
    if (failure := reply.failure) is None:
        return reply.value
    if failure.cause in API_REFUSED:
        raise BadSettings(say("live.no-such-prospect", why=failure.text))
    if failure.cause in (Cause.BAD_KEY, Cause.BLOCKED, Cause.REDIRECTED):
        raise CallRefused(failure.text, failure.cause)
    raise Stopped(say("live.no-answer", why=failure.text))


@dataclass
class _Test:
    """One note on one prospect; ``keeps_markup`` is None until a changed text was seen."""

    api: NotesApi
    prospect: str
    stop: Callable[[], Said | None]
    sleep: Callable[[float], object]
    keeps_markup: bool | None = None
    _before: set[str] = field(default_factory=set)  # IDs of the notes that were there already
    _note_id: str = ""

    def check_prospect(self) -> None:
        """Read the prospect's notes, before anything is created. See :func:`examine` for the errors."""
        page = _got(self.api.find(self.prospect, 0, self.api.traits.page))
        if page.draft is not None:
            raise BadSettings(say("live.has-draft"))
        self._before = {note.note_id for note in page.all}

    def of_note(self) -> Iterator[Check]:
        """Create the note, look at it, and make it a draft. Whatever happens, tell what is left behind."""
        reply = self.api.create(_NOTE, [self.prospect])
        answer, failure = (reply.value or {}).get(self.prospect), reply.failure
        self._note_id = (answer.note_id if answer is not None else None) or ""
        if self._note_id:
            yield Check("Creating a note", say("live.created", status=str(reply.status), id=self._note_id))
        else:
            why = failure.text if failure is not None else (answer.reason if answer is not None else None)
            yield Check("Creating a note", say("live.not-created", why=why or ""), Stopped.exit_status)
        is_refused = failure.is_applied is False if failure is not None else answer is not None and not self._note_id
        if is_refused:
            yield Check("Left behind", say("live.left-nothing"))
            return
        note, took = self._shown(reply.came)
        if note is not None:
            yield Check("Reading it back", say("live.shown", time=duration(took)))
            yield from _compared(note, reply)
            yield from self._changed(note)
            return
        if (reason := self.stop()) is not None:
            yield Check("Reading it back", reason, Stopped.exit_status)
        else:
            yield Check("Reading it back", say("live.never-shown", time=duration(sum(_PAUSES))), 1)
        left = say("live.left-note", id=self._note_id) if self._note_id else say("live.left-unclear")
        yield Check("Left behind", left, 1)

    def _changed(self, note: FoundNote) -> Iterator[Check]:
        """Make the note a draft with another text, and look whether that is shown, and whether its markup survives."""
        change = NoteChange(Visibility.PRIVATE, Status.DRAFT, _MARKUP)
        failure = self.api.update(note.note_id, change).failure
        shown, _ = (None, 0.0) if failure is not None else self._shown(0.0, lambda one: one.status is Status.DRAFT)
        if shown is None:
            why = failure.text if failure is not None else say("live.change-not-shown")
            yield Check("Changing it", say("live.not-changed", why=why), 1)
            yield Check("Left behind", say("live.left-note", id=note.note_id), 1)
            return
        if shown.content == note.content:
            yield Check("Changing it", say("live.text-still-old"), 1)
        else:
            self.keeps_markup = "<b>" in shown.content
            yield Check("Changing it", say("live.markup-kept" if self.keeps_markup else "live.markup-lost"))
        yield Check("Left behind", say("live.left-draft", id=note.note_id))

    def _shown(
        self, since: float, is_wanted: Callable[[FoundNote], bool] = lambda _: True
    ) -> tuple[FoundNote | None, float]:
        """Look until the note is shown as wanted; return it, and the seconds since a time."""
        reply: Reply[Any] | None = None
        for pause in _PAUSES:
            self.sleep(pause)
            if self.stop() is not None:
                break
            reply = self.api.find(self.prospect, 0, self.api.traits.page)
            for note in reply.value.all if reply.value is not None else ():
                if self._is_ours(note) and is_wanted(note):
                    self._note_id = note.note_id
                    return note, reply.came - since
        return None, 0.0

    def _is_ours(self, note: FoundNote) -> bool:
        """Return whether it is the note, by its ID, or else because it is new and reads the same."""
        if self._note_id:
            return note.note_id == self._note_id
        return note.note_id not in self._before and _reads_the_same(note)


def _reads_the_same(note: FoundNote) -> bool:
    return not seen_digests(note.content).isdisjoint(seen_digests(_NOTE.content))


def _compared(note: FoundNote, created: Reply[Any]) -> Iterator[Check]:
    """Compare the note as it is shown with what was sent."""
    is_same = _reads_the_same(note)
    text = say("live.text-same") if is_same else say("live.text-changed", text=note.content)
    yield Check("Text", text, int(not is_same))
    is_private = note.visibility is Visibility.PRIVATE
    yield Check("Visibility", _word(note.visibility), 0 if is_private else NeedsAPerson.exit_status)
    yield Check("Status", _word(note.status), int(note.status is not Status.PUBLISHED))
    yield Check("Author", note.author or say("live.not-told"), int(not note.author))
    if note.created_at is None:
        yield Check("Date", say("live.not-told"), 1)
        return
    off = max(note.created_at - created.came, created.began - note.created_at, 0.0)
    yield Check("Date", say("live.date", time=duration(off)), int(off > _FAR))


def _word(value: Visibility | Status | None) -> Message:
    return say("live.not-told") if value is None else WORDS[value.name]
