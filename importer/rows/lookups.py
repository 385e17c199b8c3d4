"""Look up the prospects that have some emails, in few calls.

Input: emails. Output: :class:`EmailAnswers`. Matches are recorded in the journal after each round, in case a run stops.

A few emails are searched one by one; for many, all prospects are listed, a hundred per call. Listing isn't documented
and returns no total, so with *e* emails page *e* + 1 is requested first: if it is empty, listing takes fewer calls.
Emails on which rows depend are searched if the list lacks them, because prospects may move between pages meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, TypeAlias

from importer.api import Cause, Failure, FoundProspect, NotesApi, Reply
from importer.api.protocol import API_REFUSED
from importer.calls.caller import Caller, stopped_by
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts, RetryPolicy
from importer.errors import Outage
from importer.journal import EmailMatches, Match, Matches
from importer.messages import Cell, Message, say
from importer.rows.naming import EmailAnswers, Emails

_LEAST = 3  # emails; with fewer, listing saves no calls
_AHEAD = 10  # pages read for each page in flight, so that few calls are wasted
_LISTING_TRIES = 3
_MOST_PAGES = 1_000  # pages of one search; a text with more matches is not an email


@dataclass(eq=False, slots=True)
class Search:
    """One page of the search for an email.

    Attributes:
        found: the matches on earlier pages.
    """

    email: str
    page: int = 1
    found: list[Match] = field(default_factory=list)
    attempts: Attempts | None = None

    kind: ClassVar[str] = "GET"
    purpose: ClassVar[Message] = say("purpose.looking-up-emails-again")


@dataclass(eq=False, slots=True)
class Listing:
    """One page of the list of all prospects; with ``is_probe``, it only shows whether the list has so many pages."""

    page: int
    is_probe: bool = False
    attempts: Attempts | None = None

    kind: ClassVar[str] = "GET"
    purpose: ClassVar[Message] = say("purpose.looking-up-emails-again")


_Task: TypeAlias = Search | Listing


def _perform(api: NotesApi, task: _Task) -> Reply[tuple[FoundProspect, ...]]:
    return api.look_up(task.email if isinstance(task, Search) else "", task.page)


class Lookups:
    """Lookup of the prospects of emails.

    Args:
        caller: makes the calls.
        journal: records the matches.
        retry: the policy for repeating one call.
        needs_whole: whether all prospects with an email are needed; else the lookup stops once each email is found.
        observe: called after each round with the number of finished emails and the reason for a delay, if any.

    Attributes:
        calls: number of calls sent to the API, answered or not.
    """

    def __init__(
        self,
        caller: Caller,
        journal: EmailMatches,
        retry: RetryPolicy,
        *,
        needs_whole: bool,
        observe: Callable[[int, Message | None], None] = lambda *_: None,
    ) -> None:
        self.calls = 0
        self._journal, self._retry, self._needs_whole, self._observe = journal, retry, needs_whole, observe
        self._dispatcher: Dispatcher[_Task] = Dispatcher(caller, partial(_perform, caller.api), (Search.kind,))
        self._size = caller.api.traits.prospects_page
        self._found: dict[str, Matches] = {}
        self._refused: dict[str, Message] = {}
        self._unwritten: dict[str, Matches] = {}
        self._wanted = Emails()
        self._all: frozenset[str] = frozenset()
        self._listed: dict[str, dict[str, Match]] = {}  # email → prospect ID → match, from the pages read so far
        self._missing: set[str] = set()  # emails on none of the pages read so far
        self._next, self._end, self._read, self._in_flight = 1, math.inf, 0, 0  # pages
        self._is_listing = self._is_searching = self._any_success = False

    def look_up(self, wanted: Emails) -> EmailAnswers:
        """Find the prospects of each email.

        Raises:
            Stopped: the run can't continue; matches found so far are in the journal.
        """
        self._wanted, self._all, self._missing = wanted, frozenset(wanted.all), set(wanted.all)
        if len(wanted) >= _LEAST:
            self._dispatcher.add(Listing(len(wanted) + 1, is_probe=True))
        else:
            self._search(wanted.all)
        for task, reply in self._dispatcher.replies(enter=self._enter, after_round=self._tell):
            self.calls += reply.has_left
            if reply.failure is not None:
                self._failed(task, reply.failure)
                continue
            assert reply.value is not None
            self._any_success = True
            if isinstance(task, Search):
                self._searched(task, reply.value)
            elif task.is_probe:
                self._begin(reply.value)
            else:
                self._take_page(task, reply.value)
        self._enter()
        if self._dispatcher.stopped is not None:
            raise self._dispatcher.stopped
        return EmailAnswers(self._found, self._refused)

    # -- one by one -------------------------------------------------------------------------------------------------

    def _search(self, emails: Sequence[str]) -> None:
        self._dispatcher.add_all([Search(email) for email in emails])

    def _searched(self, task: Search, page: tuple[FoundProspect, ...]) -> None:
        task.found += [_match(prospect) for prospect in page if _email(prospect) == task.email]
        if len(page) >= self._size and task.page < _MOST_PAGES:
            self._dispatcher.add(Search(task.email, task.page + 1, task.found))
            return
        self._know(task.email, task.found, is_whole=True)

    # -- page by page -----------------------------------------------------------------------------------------------

    def _begin(self, page: tuple[FoundProspect, ...]) -> None:
        """Search for the emails if there are more pages than emails; else list all prospects."""
        if page:
            self._search(self._wanted.all)
            return
        self._is_listing, self._end = True, len(self._wanted) + 1
        self._ask_on()

    def _ask_on(self) -> None:
        """Request the next pages, few enough that hardly any call is wasted; finish listing once none is in flight."""
        is_enough = not self._missing and not self._needs_whole
        while not is_enough and self._next < self._end and self._in_flight < max(1, self._read // _AHEAD):
            self._dispatcher.add(Listing(self._next))
            self._next += 1
            self._in_flight += 1
        if not self._in_flight:
            self._finish(is_whole=not is_enough)

    def _take_page(self, task: Listing, page: tuple[FoundProspect, ...]) -> None:
        self._in_flight -= 1
        if not self._is_listing:
            return
        self._read += 1
        if len(page) < self._size:
            self._end = min(self._end, task.page)
        for prospect in page:
            if (email := _email(prospect)) in self._all:
                self._missing.discard(email)
                matches = self._listed.setdefault(email, {})
                matches[prospect.prospect_id] = _match(prospect)
                if not self._needs_whole:
                    self._know(email, matches.values(), is_whole=False)
        self._ask_on()

    def _finish(self, *, is_whole: bool) -> None:
        """End the listing: record the matches found, and search for missing emails that name a row's prospect."""
        self._is_listing = False
        for email, matches in self._listed.items() if is_whole else ():
            self._know(email, matches.values(), is_whole=True)
        self._search([email for email in self._wanted.naming if email in self._missing])
        for email in self._wanted.compared:
            if email in self._missing:
                self._know(email, (), is_whole=True)

    def _search_instead(self) -> None:
        if not self._is_searching:
            self._is_searching, self._is_listing = True, False
            self._search([email for email in self._wanted.all if self._needs_whole or email in self._missing])

    # -- results ----------------------------------------------------------------------------------------------------

    def _know(self, email: str, prospects: Iterable[Match], *, is_whole: bool) -> None:
        matches = Matches(tuple({match.prospect: match for match in prospects}.values()), is_whole)
        self._found[email] = self._unwritten[email] = matches

    def _enter(self, _: object = None) -> bool:
        if self._unwritten:
            self._journal.enter(self._unwritten)
            self._unwritten = {}
        return True

    def _tell(self) -> None:
        self._observe(len(self._found) + len(self._refused), self._dispatcher.trouble)

    def _failed(self, task: _Task, failure: Failure) -> None:
        match failure.cause:
            case Cause.RATE_LIMITED | Cause.CLAIM_EXPIRED:
                self._dispatcher.add(task)
            case Cause.BAD_KEY | Cause.BLOCKED:
                self._dispatcher.halt(stopped_by(failure))
            case Cause.REDIRECTED if not self._any_success:
                self._dispatcher.halt(stopped_by(failure))
            case cause if cause in API_REFUSED and isinstance(task, Listing):
                self._search_instead()
            case cause if cause in API_REFUSED and isinstance(task, Search):
                self._refused[task.email] = say("email.refused", email=Cell(task.email), why=failure.text)
            case _:
                self._again(task, failure)

    def _again(self, task: _Task, failure: Failure) -> None:
        """Retry a call after a pause. If no retry is left, search instead, refuse the email, or stop the run."""
        policy = self._retry
        is_turned_away = failure.cause is Cause.INTERMEDIARY
        if isinstance(task, Listing) and is_turned_away:
            policy = RetryPolicy(_LISTING_TRIES, policy.seconds)
        if self._dispatcher.retry(task, failure, policy):
            return
        if isinstance(task, Listing) and is_turned_away:
            self._search_instead()
        elif isinstance(task, Search) and is_turned_away and self._any_success:
            self._refused[task.email] = say("email.failed", email=Cell(task.email), why=failure.text)
        else:
            self._dispatcher.halt(Outage(say("stopped.no-look-ups", why=failure.text)))


def _email(prospect: FoundProspect) -> str:
    return prospect.email.strip().lower()


def _match(prospect: FoundProspect) -> Match:
    return Match(prospect.prospect_id, prospect.created_at)
