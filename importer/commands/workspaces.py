"""Open and lock a workspace's journal after checking that it is the right journal; copy a journal.

Input: settings, and for a copy a file. Output: the journal, a run with a certain name, or what earlier runs learned; a
complete copy of the journal at one moment, which is possible even during an import.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from importer.api import Endpoint
from importer.calls.workers import LONGEST_WAIT
from importer.commands.rendering import listed
from importer.errors import BadSettings, Busy, Interrupted, UnusableJournal
from importer.journal import Journal, Run, accounts, identity, lock
from importer.journal.runs import Confirmation
from importer.messages import Message, Said, as_message, say
from importer.models import Group, Progress, Visibility, Workspace
from importer.settings import Rate, Settings, journal_place

_SEVERAL = 3  # maximum number of other profiles; of more, only those with a similar name are shown


@contextmanager
def opened(settings: Settings) -> Iterator[Journal | None]:
    """Yield the journal, to read it without a lock; None if there is none yet."""
    if not Journal.exists(settings.journal):
        yield None
        return
    with Journal.open(settings.journal) as journal:
        yield journal


@contextmanager
def held(
    settings: Settings,
    *,
    rows: int = 0,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
) -> Iterator[Journal]:
    """Yield the workspace's journal with its lock held, after waiting for another import as long as the settings say.

    Args:
        settings: the settings, which name the workspace.
        rows: number of rows of the file that is to be imported.
        observe: receives the reason for waiting.
        stop: called while waiting. If it returns a sentence, waiting ends.

    Raises:
        WrongJournal: the workspace had another journal so far.
        Busy: another import of the workspace is still running.
        Interrupted: the run was asked to stop while it waited.
    """
    if not Journal.exists(settings.journal):
        check_journal(None, settings)  # so that none is created while the right journal is out of reach

    def tell(attempt: RetryCallState) -> None:
        busy = attempt.outcome and attempt.outcome.exception()
        assert isinstance(busy, Busy)
        if (reason := stop()) is not None:
            raise Interrupted(say("stopped.nothing-sent", why=as_message(reason)))
        observe(Progress(rows, 0, 0, 0, 0, say("progress.waits", holder=busy.holder)))

    over, is_busy, pause = stop_after_delay(settings.wait), retry_if_exception_type(Busy), wait_fixed(LONGEST_WAIT)
    with Journal.open(settings.journal) as journal, ExitStack() as stack:
        check_journal(journal, settings)
        for attempt in Retrying(retry=is_busy, stop=over, wait=pause, before_sleep=tell, reraise=True):
            with attempt:
                stack.enter_context(_locks(journal, settings))
        yield journal


@contextmanager
def _locks(journal: Journal, settings: Settings) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(journal.held(settings.workspace))
        if _is_guarded_by_key(settings):
            workspace, is_shared = settings.workspace, settings.shared_account
            stack.enter_context(accounts.held(workspace, settings.key, is_shared=is_shared))
        yield


def _is_guarded_by_key(settings: Settings) -> bool:
    """Return whether the key may be used for one profile only; not for a test server on this machine."""
    return bool(settings.key) and not settings.is_unguarded


def check_journal(journal: Journal | None, settings: Settings) -> None:
    """Check that the workspace had this journal so far, and that no other workspace uses its key.

    Raises:
        WrongJournal: the workspace had another journal.
        SharedKey: the key was used for another profile, or at another address.
    """
    if _is_guarded_by_key(settings):
        accounts.check(settings.workspace, settings.key, is_shared=settings.shared_account)
    if not settings.new_journal:
        journal_id, latest = (journal.id, journal.runs.latest_request) if journal else (None, int)
        identity.check(settings.workspace, journal_id, str(settings.journal), latest)


def check_place(settings: Settings) -> None:
    """Check that a journal could be created, as far as that is possible without creating it.

    Raises:
        UnusableJournal: the path of the journal's folder isn't a folder.
    """
    file = journal_place(settings.journal)
    if not isinstance(file, Path):
        return  # looking for the journal has shown that its server can be reached
    folder = next(filter(Path.exists, file.absolute().parents), None)
    if folder is not None and not folder.is_dir():
        raise UnusableJournal(say("journals.folder-is-none", file=str(file), folder=str(folder)))


def keep_in_mind(journal: Journal, settings: Settings) -> None:
    """Remember that this is the workspace's journal, but not for a test server on this machine.

    The journal is told who confirmed the workspace, if that was remembered before the first run.
    """
    if not settings.is_unguarded:
        if (confirmation := identity.confirmation(settings.workspace)) is not None:
            journal.runs.confirm(settings.workspace, confirmation)
        latest = journal.runs.latest_request()
        journal.count = identity.remember(settings.workspace, journal.id, journal.place, latest)
    if _is_guarded_by_key(settings):
        accounts.remember(settings.workspace, settings.key)


def is_first(journal: Journal | None, settings: Settings) -> bool:
    """Return whether nobody has imported into the workspace or confirmed it. False for a test server on this machine.

    A mistyped profile or address would deliver everything again, or to strangers.
    """
    if settings.is_unguarded or identity.is_confirmed(settings.workspace):
        return False
    return journal is None or not journal.runs.is_confirmed(settings.workspace)


def never_sent(journal: Journal | None, settings: Settings, groups: Sequence[Group]) -> frozenset[Visibility]:
    """Return the visibilities of these notes that no note sent to the workspace has had yet."""
    present = {group.note.visibility for group in groups}
    return frozenset(
        visibility
        for visibility in present
        if journal is None or not journal.deliveries.has_sent(settings.workspace, visibility)
    )


def confirm(settings: Settings) -> None:
    """Remember that a person has confirmed the workspace: this profile at this address is what they mean.

    A journal that machines share keeps this for all of them. Otherwise, it is remembered for this user, until the first
    run enters it into the journal: a journal that was copied from another machine may still have to take its place.

    Raises:
        ImporterError: the confirmation can't be kept.
    """
    confirmation = Confirmation(time.time(), lock.user())
    if isinstance(journal_place(settings.journal), Path):
        identity.confirm(settings.workspace, confirmation)
        return
    with Journal.open(settings.journal) as journal:
        journal.runs.confirm(settings.workspace, confirmation)


def find_run(journal: Journal, name: str, workspace: Workspace) -> Run:
    """Return the run with this name, or for ``last`` the workspace's latest run that a person didn't decline.

    Raises:
        BadSettings: there is no such run.
    """
    if name == "last":
        run = next((run for run in journal.runs.listed(workspace) if run.ended != "declined"), None)
        kind = "workspaces.no-last-run"
    else:
        run = next(iter(journal.runs.listed(name=name)), None)
        kind = "workspaces.no-such-run"
    if run is None:
        about = {"workspace": str(workspace)} if name == "last" else {}
        there = elsewhere(journal, workspace) if name == "last" else None
        raise BadSettings(there or say(kind, journal=journal.name, run=repr(name), **about))
    return run


def elsewhere(journal: Journal, workspace: Workspace) -> Message | None:
    """Return a message that names the journal's workspaces if this one has no runs: a flag may be missing."""
    workspaces = journal.runs.workspaces()
    if not workspaces or workspace in workspaces:
        return None
    return say(
        "workspaces.elsewhere",
        journal=journal.name,
        workspace=str(workspace),
        known=listed([*map(str, workspaces)]),
    )


def learned_rates(journal: Journal | None, settings: Settings) -> dict[Endpoint, Rate]:
    """Return the rate of each kind of call that the API allowed an earlier run, as far as they are known."""
    limits = {} if journal is None else journal.learned.limits(settings.workspace)
    return {kind: Rate(*limits[kind]) for kind in Endpoint if kind in limits}


def other_profiles(journal: Journal | None, settings: Settings) -> list[str]:
    """Return the profiles of earlier runs at this address, if none had this profile.

    With more than three others, as at an agency, a new profile is normal. Then only similar names are returned.
    """
    workspaces = [] if journal is None else journal.runs.workspaces()
    if settings.workspace in workspaces:
        return []
    others = [workspace.profile for workspace in workspaces if workspace.base_url == settings.base_url]
    return others if len(others) <= _SEVERAL else difflib.get_close_matches(settings.profile, others, _SEVERAL)


# -- copies --------------------------------------------------------------------------------------------------------


def back_up(settings: Settings, target: Path) -> None:
    """Copy the journal to a file. An earlier copy of the same journal is replaced, and no other file.

    Raises:
        BadSettings: there is no journal, or another file is in the copy's place.
        Unusable: the journal can't be read, or the copy can't be written.
    """
    if not Journal.exists(settings.journal):
        raise BadSettings(say("journals.none", journal=str(settings.journal), profile=repr(settings.profile)))
    with Journal.open(settings.journal) as journal:
        journal.back_up(target)
