"""Look up the prospects that have some emails, in few calls, and replace emails in rows by the prospects' IDs.

Input: rows. Output: rows with prospect IDs. Matches are recorded in the journal after each round, in case a run stops.
No email is guessed and no prospect is created. A row is rejected if no prospect or several have its email. An ID takes
precedence over the email in the same row; if the email belongs to another prospect, the row has a problem.

A few emails are searched one by one; for many, all prospects are listed, a hundred per call. Listing isn't documented
and returns no total, so with *e* emails page *e* + 1 is requested first: if it is empty, listing takes fewer calls.
Emails that the list lacks are searched, because prospects may move between pages meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

import numpy as np

from importer.api import Cause, Endpoint, Failure, FoundProspect, Reply
from importer.calls.dispatcher import Caller
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.errors import Outage
from importer.journal import Memory, Owners
from importer.messages import Cell, Message, as_argument, say, some
from importer.models import Ints, Problem, Rows
from importer.reading import Sheet, cell_name
from importer.rows.columns import called
from importer.rows.values import TEXT

_LEAST = 3  # emails; with fewer, listing saves no calls
_AHEAD = 10  # pages read for each page in flight, so that few calls are wasted
_MOST_PAGES = 1_000  # pages of one search; a text with more matches is not an email
_MOST_NAMED = 5

Answers: TypeAlias = "Mapping[str, Owners | Message]"
"""Email → the prospects that have it, possibly none, or why it was refused. Others have unknown prospects."""


def calls_for(emails: int) -> int:
    """Return about how many calls it takes to look up so many emails, if the list of prospects saves none."""
    return emails if emails < _LEAST else emails + 2


@dataclass(eq=False, slots=True)
class ProspectsPage:
    """One page of the search for an email, or of the list of all prospects, without an email.

    ``found`` are the matches on earlier pages. If ``is_end``, it only shows whether the list has so many pages.
    """

    email: str = ""
    page: int = 1
    found: list[str] = field(default_factory=list)
    is_end: bool = False
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.PROSPECTS
    purpose: ClassVar[Message] = say("purpose.looking-up-emails-again")


class Lookups(Stage[ProspectsPage, tuple[str, Owners]]):
    """Lookup of the prospects of emails; the journal records the matches.

    ``observe`` is called after each round with a message about the progress, and the seconds left; None if unknown.
    """

    def __init__(self, caller: Caller, journal: Memory, observe: Callable[[Message, float | None], None]) -> None:
        super().__init__(caller, (ProspectsPage.kind,), lambda found: journal.enter(dict(found)))
        self._observe = observe
        self._size = caller.api.traits.page
        self._found: dict[str, Owners] = {}
        self._refusals: dict[str, Message] = {}
        self._wanted: Sequence[str] = ()
        self._missing: set[str] = set()  # emails on none of the pages read so far
        self._next, self._end, self._read, self._in_flight = 1, math.inf, 0, 0  # pages
        self._is_listing = False

    def look_up(self, wanted: Sequence[str]) -> Answers:
        """Find the prospects of each email; raise Stopped if the run can't continue."""
        self._wanted, self._missing = wanted, set(wanted)
        self._is_listing = len(wanted) >= _LEAST
        if self._is_listing:
            self._run([ProspectsPage(page=len(wanted) + 1, is_end=True)])
        else:
            self._run([ProspectsPage(email) for email in wanted])
        if self._dispatcher.stopped is not None:
            raise self._dispatcher.stopped
        return {**self._found, **self._refusals}

    def _perform(self, task: ProspectsPage) -> Reply[tuple[FoundProspect, ...]]:
        return self._api.look_up(task.email, task.page)

    def _succeeded(self, task: ProspectsPage, value: tuple[FoundProspect, ...]) -> None:
        if task.email:
            self._searched(task, value)
        elif task.is_end:
            self._begin(value)
        else:
            self._take_page(task, value)

    # -- one by one -------------------------------------------------------------------------------------------------

    def _searched(self, task: ProspectsPage, page: tuple[FoundProspect, ...]) -> None:
        task.found += [prospect.prospect_id for prospect in page if prospect.email == task.email]
        if len(page) >= self._size and task.page < _MOST_PAGES:
            self._dispatcher.add(ProspectsPage(task.email, task.page + 1, task.found))
        else:
            self._know(task.email, task.found)

    # -- page by page -----------------------------------------------------------------------------------------------

    def _begin(self, page: tuple[FoundProspect, ...]) -> None:
        """Search for the emails if there are more pages than emails; else list all prospects."""
        if page:
            self._search_missing()
            return
        self._end = len(self._wanted) + 1
        self._ask_on()

    def _ask_on(self) -> None:
        """Request the next pages, few enough that hardly any call is wasted; finish listing once none is in flight."""
        while self._missing and self._next < self._end and self._in_flight < max(1, self._read // _AHEAD):
            self._dispatcher.add(ProspectsPage(page=self._next))
            self._next += 1
            self._in_flight += 1
        if not self._in_flight:
            self._search_missing()

    def _take_page(self, task: ProspectsPage, page: tuple[FoundProspect, ...]) -> None:
        self._in_flight -= 1
        if not self._is_listing:
            return
        self._read += 1
        if len(page) < self._size:
            self._end = min(self._end, task.page)
        for prospect in page:
            if prospect.email in self._missing or prospect.email in self._found:
                self._missing.discard(prospect.email)
                self._know(prospect.email, [*self._found.get(prospect.email, ()), prospect.prospect_id])
        self._ask_on()

    def _search_missing(self) -> None:
        """End the listing, and search for the emails that it lacks."""
        if self._is_listing:
            self._is_listing = False
            self._dispatcher.add_all([ProspectsPage(email) for email in self._wanted if email in self._missing])

    # -- results ----------------------------------------------------------------------------------------------------

    def _know(self, email: str, prospects: Iterable[str]) -> None:
        self._found[email] = owners = tuple(dict.fromkeys(prospects))
        if owners:  # somebody may have the email at any time
            self._unwritten.append((email, owners))

    def _tell(self) -> None:
        done, total = len(self._found) + len(self._refusals), len(self._wanted)
        is_end_known = not self._is_listing or self._end <= self._next  # until then, nobody knows how long the list is
        seconds_left = self._dispatcher.seconds_for({}) if is_end_known else None
        self._observe(self._held_up(say("progress.finding", done=done, total=total)), seconds_left)

    def _refused(self, task: ProspectsPage, failure: Failure) -> None:
        if task.email:
            self._refusals[task.email] = say("email.failed", email=Cell(task.email), why=failure.text)
        else:
            self._search_missing()

    def _unclear(self, task: ProspectsPage, failure: Failure) -> None:
        """Retry a call after a pause. If no retry is left, search instead, make a probe, or stop the run."""
        is_turned_away, is_search = failure.cause is Cause.INTERMEDIARY, bool(task.email) and task not in self._probes
        if self._dispatcher.retry(task, failure, self._few if is_turned_away and not is_search else self._retry):
            return
        if is_turned_away and task in self._suspects:
            self._refused(task, failure)
        elif is_turned_away and is_search:
            self._probe(task, ProspectsPage(next(iter(self._found), "")))
        elif is_turned_away and task not in self._probes:
            self._search_missing()
        else:
            self._dispatcher.halt(Outage(say("stopped.no-look-ups", why=failure.text)))


# -- rows -----------------------------------------------------------------------------------------------------------


def emails_of(rows: Rows, is_there: np.ndarray | None = None) -> list[str]:
    """Return the distinct emails of the rows that can be delivered, without the rows whose note is there."""
    return [] if rows.email is None else list(dict.fromkeys(rows.email[_with_emails(rows, is_there)].tolist()))


def _with_emails(rows: Rows, is_there: np.ndarray | None) -> Ints:
    assert rows.email is not None
    is_open = True if is_there is None else ~is_there
    return np.flatnonzero((rows.note >= 0) & (rows.email != "") & is_open).astype(np.int32)


def named(rows: Rows, answers: Answers, sheet: Sheet, column: int, is_there: np.ndarray | None = None) -> Rows:
    """Return the rows with IDs in place of emails, except of those that weren't looked up or whose note is there."""
    assert rows.email is not None
    prospect, note = rows.prospect.copy(), rows.note.copy()
    rejected, problems = dict(rows.rejected), dict(rows.problems)
    usable = _with_emails(rows, is_there)
    for position in usable.tolist():
        email, named_by = str(rows.email[position]), str(rows.prospect[position])
        answer = answers.get(email)
        if named_by != email:
            if isinstance(answer, tuple) and answer and named_by not in answer:
                note[position] = -1
                problems[position] = [_mismatch(named_by, email, answer, sheet, int(rows.number[position]), column)]
        elif isinstance(answer, tuple) and len(answer) == 1:
            prospect[position] = answer[0]
        elif answer is not None:
            note[position] = -1
            rejected[position] = answer if isinstance(answer, Message) else why_not(email, answer)
    return replace(rows, prospect=prospect, note=note, rejected=rejected, problems=problems)


def with_more(rows: Rows, further: Sequence[tuple[int, str, str]]) -> Rows:
    """Return the rows, followed by one for each further person: the position of its row, the ID or email, the email."""
    if not further:
        return rows
    positions, prospects, emails = zip(*further, strict=True)
    source = np.concatenate([np.arange(len(rows), dtype=np.int32), np.array(positions, dtype=np.int32)])
    prospect, email = rows.prospect[source], None if rows.email is None else rows.email[source]
    prospect[len(rows) :] = np.array(prospects, dtype=TEXT)
    if email is not None:
        email[len(rows) :] = np.array(emails, dtype=TEXT)
    return replace(
        rows,
        number=rows.number[source],
        prospect=prospect,
        email=email,
        note=rows.note[source],
        key=None if rows.key is None else rows.key[source],
        record=None if rows.record is None else rows.record[source],
        sheet_rows=rows.of_sheet(source),
    )


def why_not(email: str, owners: Owners) -> Message:
    """Return the reason why an email doesn't name exactly one prospect."""
    if not owners:
        return say("email.nobodys", email=Cell(email))
    return say("email.several", email=Cell(email), prospects=some(owners, _MOST_NAMED))


def _mismatch(prospect: str, email: str, owners: Owners, sheet: Sheet, number: int, column: int) -> Problem:
    named, heading = tuple(map(Cell, owners[:_MOST_NAMED])), Cell(as_argument(called(sheet.headings, column)))
    text = say("email.of-another-prospect", prospect=Cell(prospect), email=Cell(email), owners=named, column=heading)
    return Problem(number, column, cell_name(sheet.name, number, column), email, text)
