"""Open and lock a workspace's journal after checking that it is the right journal.

Input: settings. Output: the journal; why a person has to say whose workspace it is; what earlier runs learned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from importer.api import Endpoint
from importer.calls.workers import LONGEST_WAIT
from importer.errors import Busy, Changed, FirstRun, Interrupted
from importer.journal import Journal, machine
from importer.journal.runs import Confirmation
from importer.messages import Message, Said, as_message, say
from importer.models import Progress, Workspace
from importer.settings import Settings
from importer.settings.kinds import Rate

_SEVERAL = 3  # maximum number of other profiles that are shown


def opened(settings: Settings) -> AbstractContextManager[Journal | None]:
    """Return the journal, opened to read it without a lock; None if there is none yet."""
    return Journal.open(settings.journal) if Journal.exists(settings.journal) else nullcontext()


@contextmanager
def held(
    settings: Settings,
    *,
    wait: float = 0.0,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
) -> Iterator[Journal]:
    """Yield the workspace's journal with its lock held. Raises WrongJournal, Busy, Interrupted.

    Another import is waited for up to ``wait`` seconds, until ``stop`` returns a sentence. ``observe`` receives why.
    """
    if not Journal.exists(settings.journal):
        check_journal(None, settings)  # so that none is created while the right journal is out of reach

    def tell(attempt: RetryCallState) -> None:
        busy = attempt.outcome and attempt.outcome.exception()
        assert isinstance(busy, Busy)
        if (reason := stop()) is not None:
            raise Interrupted(say("stopped.nothing-sent", why=as_message(reason)))
        observe(Progress(0, 0, say("progress.waits", holder=busy.holder)))

    over, is_busy, pause = stop_after_delay(wait), retry_if_exception_type(Busy), wait_fixed(LONGEST_WAIT)
    with Journal.open(settings.journal) as journal, ExitStack() as stack:
        check_journal(journal, settings)
        for attempt in Retrying(retry=is_busy, stop=over, wait=pause, before_sleep=tell, reraise=True):
            with attempt:
                stack.enter_context(_locks(journal, settings))
        yield journal


@contextmanager
def _locks(journal: Journal, settings: Settings) -> Iterator[None]:
    is_alone = not settings.key or settings.is_unguarded
    with journal.held(settings.workspace), nullcontext() if is_alone else machine.account_held(settings.key):
        yield


def check_journal(journal: Journal | None, settings: Settings) -> None:
    """Check that the workspace had this journal so far. Raises WrongJournal."""
    if not settings.new_journal:
        journal_id, latest = (journal.id, journal.runs.latest_request) if journal else (None, int)
        machine.check(_owner(journal, settings), journal_id, str(settings.journal), latest)


def _owner(journal: Journal | None, settings: Settings) -> Workspace:
    return settings.workspace if journal is None else journal.owner(settings.workspace)


def check_confirmed(journal: Journal, settings: Settings, *, is_agreed: bool) -> None:
    """Raise FirstRun unless a person said whose workspace it is, or agreed to an import and no other is possible."""
    unclear = unconfirmed(journal, settings)
    if unclear is not None and not (is_agreed and unclear.kind != "key-of-another"):
        raise unclear.error


def keep_in_mind(journal: Journal, settings: Settings, *, is_agreed: bool = False) -> None:
    """Remember that this is the workspace's journal and its key, but not for a test server on this machine.

    Raises FirstRun if nobody has confirmed the workspace or its key, and no person has agreed to an import.
    """
    if settings.is_unguarded:
        return
    if not is_agreed:
        check_confirmed(journal, settings, is_agreed=False)
    owner = _owner(journal, settings)
    journal.runs.confirm(owner, None, settings.key)
    journal.count = machine.remember(owner, journal.id, journal.name, journal.runs.latest_request(), settings.key)


@dataclass(frozen=True)
class Unconfirmed:
    """Reason why a person has to say whose workspace a profile is, before anything is sent as this profile.

    Attributes:
        kind: ``first``: nobody has imported as the profile yet; ``key-of-another``: its key was used for other
            workspaces; ``new-key``: it had another key so far.
        why: the reason, in one sentence or two.
        others: workspaces in its journal that it may be another name of.
    """

    kind: str
    why: Message
    others: Sequence[Workspace] = ()

    @property
    def error(self) -> FirstRun:
        """Error if nobody can be asked."""
        return FirstRun(say("unconfirmed.refused", why=self.why, then=say(f"unconfirmed.{self.kind}.then")))


def unconfirmed(journal: Journal | None, settings: Settings) -> Unconfirmed | None:
    """Return why a person has to say whose workspace the profile is; None if that is known.

    A mistyped profile or address, or a wrong key, would deliver everything again, or to strangers. For a test server on
    this machine nobody is asked.
    """
    if settings.is_unguarded:
        return None
    owner, parts = _owner(journal, settings), {"profile": repr(settings.profile), "url": settings.base_url}
    used, workspaces = _used_with(journal, settings.key), [] if journal is None else journal.runs.workspaces()
    if owner in used:
        return None
    is_used = owner in workspaces  # otherwise it can become another name of a workspace
    if used:
        why = say("unconfirmed.key-of-another", **parts, others=", ".join(repr(str(other)) for other in used))
        there = [other for other in used if journal is not None and journal.has(other)]
        return Unconfirmed("key-of-another", why, [] if is_used else there)
    is_confirmed = is_used or (journal is not None and journal.runs.confirmation(owner))
    if machine.remembered(owner) is None and not is_confirmed:
        others = [other for other in workspaces if other.base_url == settings.base_url]
        if not others or len(others) > _SEVERAL:  # as at an agency, where a new profile is normal
            return Unconfirmed("first", say("unconfirmed.first", **parts))
        why = say("unconfirmed.first-beside", **parts, others=", ".join(repr(other.profile) for other in others))
        return Unconfirmed("first", why, others)
    if settings.key and journal is not None and journal.runs.has_key(owner):
        return Unconfirmed("new-key", say("unconfirmed.new-key", **parts))
    return None


def _used_with(journal: Journal | None, key: str) -> list[Workspace]:
    """Return the workspaces that the key was used for, in this journal or on this machine."""
    if not key:
        return []
    here = machine.known_as(key)
    if journal is None:
        return here
    return [*dict.fromkeys(map(journal.owner, (*journal.runs.used_with(key), *here)))]


def confirm(settings: Settings, meant: Workspace | None = None) -> None:
    """Keep in the journal that a person has said whose workspace the profile is, at this address and with this key.

    From now on it is another name of ``meant``; None: it has one of its own. Raises Changed if it can't become that.
    """
    if not Journal.exists(settings.journal):
        check_journal(None, settings)
    with Journal.open(settings.journal) as journal, ExitStack() as stack:
        if meant is not None:
            stack.enter_context(journal.held(settings.workspace))  # no run as the profile itself is under way
            if (unclear := unconfirmed(journal, settings)) is None or meant not in unclear.others:
                raise Changed(say("unconfirmed.not-continued", other=str(meant), profile=repr(settings.profile)))
        confirmation = Confirmation(time.time(), machine.user())
        journal.runs.confirm(settings.workspace, confirmation, settings.key, same_as=meant)


def learned_rates(journal: Journal | None, settings: Settings) -> dict[Endpoint, Rate]:
    """Return the rate of each kind of call that the API allowed an earlier run, as far as they are known."""
    learned = {} if journal is None else journal.learned(settings.workspace).all()
    return {kind: Rate(*learned[kind]) for kind in Endpoint if kind in learned}
