"""Carry out the experiments of a live test, on one prospect, with private notes only.

Input: a context for calls, and the prospect. Output: findings (:mod:`importer.commands.live_findings`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from importer.api import Answer, Cause, Endpoint, FilePart, NotesPage, Reply
from importer.api.protocol import API_REFUSED
from importer.commands import live_findings as judge
from importer.commands.live_findings import Finding, found, unanswered
from importer.commands.live_notes import LiveNotes
from importer.commands.rendering import count
from importer.errors import BadSettings, Stopped
from importer.messages import say
from importer.models import Status, Visibility

_LOOKS = 20
_LONGEST_PAUSE = 20.0  # seconds after a look at a note that was missed
_PAUSE = 5.0  # seconds after a look at a note that was shown, if it was missed before
_PAGE = 3  # notes on a page, to see how pages follow each other
_SIZES = (10, 20, 50, 100)


@dataclass
class Experiments:
    """Experiments under way.

    Attributes:
        notes: the test's notes, and its calls. The prospect may be given by its email.
        findings: what was found out so far.
    """

    notes: LiveNotes
    findings: list[Finding] = field(default_factory=list)
    _email: str = ""

    def __post_init__(self) -> None:
        self._ask, self._api = self.notes.calls.ask, self.notes.context.caller.api

    def begin(self) -> None:
        """Find the prospect, and check that it has no notes.

        Raises:
            BadSettings: there is no such prospect, or it has notes. Nothing was created.
        """
        if "@" in self.notes.prospect:
            self._email = self.notes.prospect
            self._find_by_email()
        reply = self._ask(Endpoint.READ, lambda: self._api.find(self.notes.prospect, 0, self._api.traits.page))
        if reply.failure is not None:
            raise BadSettings(say("live.no-such-prospect", why=reply.failure.text))
        if reply.value is not None and (there := len(reply.value.all)):
            raise BadSettings(say("live.has-notes", n=there))

    def carry_out(self, *, with_file: bool) -> None:
        """Carry out all experiments. The texts of the notes are in :mod:`importer.commands.live_findings`."""
        self._layout_of_errors()
        self._one_note()
        self._several_prospects()
        self._texts()
        self._second_draft()
        self._change()
        self._lists()
        if with_file:
            self._files()

    # -- notes ----------------------------------------------------------------------------------------------------

    def _layout_of_errors(self) -> None:
        """Change a note that can't exist."""
        nobody = self._api.traits.nobody
        reply = self._ask(Endpoint.UPDATE, lambda: self._api.update(nobody, Visibility.PRIVATE, Status.DRAFT))
        self.findings.append(judge.error(reply))

    def _one_note(self) -> None:
        """Create one note, and look at it until it is certainly shown. Raise Stopped if it never is."""
        reply = self.notes.create(judge.SINGLE)
        self.findings.append(judge.created(reply, self.notes.prospect))
        if judge.SINGLE in self.notes.refused:
            why = (reply.value or {self.notes.prospect: Answer(None)})[self.notes.prospect].reason
            raise Stopped(say("live.first-refused", why=reply.failure.text if reply.failure else why or ""))
        self.findings.append(judge.limits(reply.metadata))
        looks: list[tuple[float, bool]] = []
        note, pause = None, 0.0
        while len(looks) < _LOOKS:
            note = self.notes.by_number(self.notes.page(pause)).get(judge.SINGLE)
            looks.append((self.notes.context.caller.clock() - reply.came, note is not None))
            misses = sum(not is_shown for _, is_shown in looks)
            pause = min(1.5**misses, _LONGEST_PAUSE if note is None else _PAUSE)
        if self.notes.id_of(judge.SINGLE):  # otherwise nothing shows that the note exists
            lag, finding = judge.lag(looks)
            self.findings.append(finding)
        if note is None:
            raise Stopped(say("live.never-shown"))
        self.notes.lag = lag
        self.findings += judge.shown_note(note, reply.began, reply.came)
        if note.visibility is not Visibility.PRIVATE:
            raise Stopped(say("live.not-private"))  # whatever follows might be seen by others

    def _several_prospects(self) -> None:
        """Create a note beside a prospect that can't exist, and one for the same prospect twice."""
        nobody, prospect = self._api.traits.nobody, self.notes.prospect
        self.findings += judge.beside(self.notes.create(judge.BESIDE, [nobody, prospect]), nobody, prospect)
        self.notes.create(judge.TWICE, [prospect, prospect])

    def _texts(self) -> None:
        """Create notes with all that may be changed in a text; then look at these, at their order, and at pages."""
        for number in judge.TEXTS:
            self.notes.create(number)
        page = self.notes.caught_up()
        made = sum(self.notes.ids.get(note.note_id) == judge.TWICE for note in page.notes)
        is_refused = judge.TWICE in self.notes.refused
        self.findings.append(
            found("twice", "assumed-refused" if is_refused else "assumed-created", notes=count(made, "note"))
        )
        self.findings += judge.texts(self.notes.by_number(page), self.notes.refused)
        self.findings.append(judge.order(page))
        first, second = (self.notes.page(skip=skip, take=_PAGE) for skip in (0, _PAGE))
        self.findings.append(judge.paging(page, first, second, _PAGE))

    def _second_draft(self) -> None:
        """Create two drafts, and publish the first at once, so that one draft at most is left."""
        self.notes.create(judge.FIRST_DRAFT, status=Status.DRAFT)
        page = self.notes.caught_up()
        if not (first := self.notes.id_of(judge.FIRST_DRAFT)):
            self.findings.append(found("drafts", "unknown"))
            return
        self.findings.append(judge.shown_draft(page))
        self.notes.create(judge.SECOND_DRAFT, status=Status.DRAFT)
        failure = self.notes.update(first, Status.PUBLISHED)
        page = self.notes.caught_up()
        if failure is not None and failure.cause not in API_REFUSED:
            self.findings.append(unanswered("drafts", failure))
        elif judge.SECOND_DRAFT in self.notes.refused:
            self.findings.append(found("drafts", "refused", "second-draft"))
        elif not (second := self.notes.id_of(judge.SECOND_DRAFT)):
            self.findings.append(found("drafts", "unknown"))
        else:
            self._judge_drafts("drafts", [first, second], page)

    def _judge_drafts(self, about: str, expected: Sequence[str], page: NotesPage) -> None:
        """Judge whether these notes, which are or were drafts, still exist, and are different notes."""
        lost = {*expected} - {note.note_id for note in page.all}
        is_replaced = lost or len({*expected}) < len(expected)
        self.findings.append(found(about, "replaced", "drafts") if is_replaced else found(about, "assumed"))
        for note_id in lost:
            self.notes.forget(note_id)

    def _change(self) -> None:
        """Make the first note a draft and publish it again, and see whether this replaces the draft that is there."""
        single, draft = self.notes.id_of(judge.SINGLE), self.notes.id_of(judge.SECOND_DRAFT)
        failure = self.notes.update(single, Status.DRAFT)
        hidden = {note.note_id for note in self.notes.caught_up().notes} if failure is None else set()
        failure = failure or self.notes.update(single, Status.PUBLISHED)
        if failure is not None:
            self.findings.append(found("change", "refused", "change", cause=failure.cause))
            return
        page = self.notes.caught_up()
        if single in hidden or single not in {note.note_id for note in page.notes}:
            self.findings.append(found("change", "no-effect", "change"))
            return
        self.findings.append(found("change", "documented"))
        if draft in self.notes.drafts:
            self._judge_drafts("drafts-by-change", [draft], page)

    # -- prospects and files ----------------------------------------------------------------------------------------

    def _search(self, text: str, page: int = 1) -> Reply[Any]:
        return self._ask(Endpoint.PROSPECTS, lambda: self._api.look_up(text, page))

    def _find_by_email(self) -> None:
        """Find the ID of the prospect. Raise BadSettings unless exactly one prospect has the email."""
        email, reply = self._email.casefold(), self._search(self._email)
        if reply.failure is not None:
            raise BadSettings(say("live.not-searched", why=reply.failure.text))
        emails = {entry.prospect_id: entry.email.casefold() for entry in reply.value or ()}
        matches = [prospect for prospect, other in emails.items() if other == email]
        if len(matches) != 1:
            raise BadSettings(say("live.not-one-prospect", n=len(matches)))
        self.notes.prospect = matches[0]
        is_exact = all(email in other for other in emails.values())  # a name that holds the email is unlikely
        self.findings.append(found("exact-search", "documented" if is_exact else "others"))

    def _lists(self) -> None:
        """Search for a part of the email, and list prospects with each size of page. Only numbers are kept."""
        if not self._email:
            self.findings.append(found("search", "unknown"))
        else:
            entries = self._search(self._email[1:-1]).value or ()
            is_there = self.notes.prospect in {entry.prospect_id for entry in entries}
            self.findings.append(found("search", "documented" if is_there else "not-found"))
        usual, what = self._api.traits, "documented"
        for size in _SIZES:
            self._api.traits = replace(usual, prospects_page=size)
            reply = self._search("")
            if reply.failure is not None:
                what = "assumed-refused"
                break
            if len(reply.value or ()) > size:
                what = "more"
            elif size == max(_SIZES) > len(reply.value or ()) and self._search("", 2).value:
                what = "fewer"
        self._api.traits = usual
        self.findings.append(found("sizes", what))

    def _upload(self, name: str) -> Reply[str]:
        data = judge.text_of(judge.FIRST_FILE).encode()
        file = FilePart(name, len(data), io.BytesIO(data))
        reply: Reply[str] = self._ask(Endpoint.UPLOAD, lambda: self._api.upload(file))
        self.notes.files += reply.failure is None
        return reply

    def _files(self) -> None:
        """Upload a file, use its ID for two notes, and upload a file of a type that should be refused."""
        reply, refused = self._upload("note-importer test.txt"), self.notes.refused
        if reply.value is None:
            self.findings.append(found("upload", "failed", "upload"))
        else:
            self.findings.append(found("upload", "documented"))
            for number in (judge.FIRST_FILE, judge.SECOND_FILE):
                self.notes.create(number, attachments=(reply.value,))
            is_refused = [number in refused for number in (judge.FIRST_FILE, judge.SECOND_FILE)]
            self.findings.append(found("file", "refused" if is_refused[0] else "once" if is_refused[1] else "assumed"))
        failure = self._upload("note-importer test.exe").failure
        is_refused_type = failure is not None and failure.cause is Cause.BAD_ATTACHMENT
        self.findings.append(
            found("type", "documented" if is_refused_type else "accepted" if not failure else "unclear")
        )
