"""A workspace's journal, guarded: the right one, with the lock held, and what is known in it of earlier runs.

Comes in: settings. Goes out: the journal; a run by its name; what earlier runs learned.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from importer.calls.workers import LONGEST_WAIT
from importer.commands.rendering import listed
from importer.errors import BadSettings, Busy, Interrupted, UnusableJournal
from importer.journal import Journal, Run, accounts, identity
from importer.journal.runs import Latest
from importer.messages import Message, Said, as_message, say
from importer.models import Group, Progress, Visibility, Workspace
from importer.settings import Rate, Settings, journal_place

_SEVERAL = 3  # other profiles; of more, those are told that this one may be a slip for


@contextmanager
def held(
    settings: Settings,
    *,
    rows: int = 0,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
) -> Iterator[Journal]:
    """The workspace's journal, with its lock held; another import of it is waited for as long as the settings say.

    Args:
        settings: which workspace.
        rows: of the file that is to be imported.
        observe: told what is waited for.
        stop: asked while it waits; a sentence ends that.

    Raises:
        WrongJournal: it is another than the workspace had so far.
        Busy: another import of the workspace is still at work.
        Interrupted: it was to end while it waited.
    """
    if not Journal.exists(settings.journal):
        check_journal(None, settings)  # before one is made in the place of what may only be out of reach
    until = time.monotonic() + settings.wait
    with Journal.open(settings.journal) as journal, ExitStack() as stack:
        check_journal(journal, settings)
        while True:
            try:
                stack.enter_context(_locks(journal, settings))
                break
            except Busy as error:
                if (left := until - time.monotonic()) <= 0:
                    raise
                trouble = say("progress.waits", holder=error.holder)
            if (why := stop()) is not None:
                raise Interrupted(say("stopped.nothing-sent", why=as_message(why)))
            observe(Progress(rows, 0, 0, 0, 0, trouble))
            time.sleep(min(LONGEST_WAIT, left))
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
    """Whether its key may be one profile's only; for practice on this machine all may use one."""
    return bool(settings.key) and not settings.is_for_practice


def check_journal(journal: Journal | None, settings: Settings) -> None:
    """See that it is the journal that the workspace had so far, and that no other workspace has its key.

    Raises:
        WrongJournal: it is another journal.
        SharedKey: the key was used for another profile, or at another address.
    """
    if _is_guarded_by_key(settings):
        accounts.check(settings.workspace, settings.key, is_shared=settings.shared_account)
    if not settings.new_journal:
        journal_id, latest = (journal.id, journal.runs.latest) if journal else (None, Latest)
        identity.check(settings.workspace, journal_id, str(settings.journal), latest)


def check_place(settings: Settings) -> None:
    """See that a journal could be made where none is yet, as far as that can be seen without making it.

    Raises:
        UnusableJournal: what should be its folder is none.
    """
    file = journal_place(settings.journal)
    if not isinstance(file, Path):
        return  # it was looked for there, so its server was reached
    for folder in file.absolute().parents:
        if folder.exists():
            if not folder.is_dir():
                raise UnusableJournal(say("journals.folder-is-none", file=str(file), folder=str(folder)))
            return


def keep_in_mind(journal: Journal, settings: Settings) -> None:
    """Remember that this is the workspace's journal; for practice on this machine anybody may take a new one."""
    if not settings.is_for_practice:
        identity.remember(settings.workspace, journal.id, journal.place, journal.runs.latest())
        journal.count = identity.counter(settings.workspace, journal.id)
    if _is_guarded_by_key(settings):
        accounts.remember(settings.workspace, settings.key)


def is_first(journal: Journal | None, settings: Settings) -> bool:
    """Whether nothing was imported into the workspace yet and no person has confirmed it; on this machine none has to.

    A slip in a profile's name or an address would deliver everything again, or to strangers.
    """
    if settings.is_for_practice or identity.is_confirmed(settings.workspace):
        return False
    return journal is None or not journal.runs.is_confirmed(settings.workspace)


def never_sent(journal: Journal | None, settings: Settings, groups: Sequence[Group]) -> frozenset[Visibility]:
    """Return the visibilities of these notes of which the workspace was sent no note yet."""
    present = {group.note.visibility for group in groups}
    return frozenset(
        visibility
        for visibility in present
        if journal is None or not journal.deliveries.has_sent(settings.workspace, visibility)
    )


def confirm(settings: Settings) -> None:
    """Remember that a person has confirmed the workspace: that this profile, at this address, is what they mean.

    Where machines share the journal, it is remembered there, and for all of them; else for this user.

    Raises:
        ImporterError: that can't be kept.
    """
    if isinstance(journal_place(settings.journal), Path):
        identity.confirm(settings.workspace)
        return
    with Journal.open(settings.journal) as journal:
        journal.runs.confirm(settings.workspace, time.time())


def find_run(journal: Journal, name: str, workspace: Workspace) -> Run:
    """The run of this name, or ``last`` for the workspace's latest that a person didn't decline.

    Raises:
        BadSettings: there is none.
    """
    if name == "last":
        found = next((run for run in journal.runs.listed(workspace) if run.ended != "declined"), None)
        kind = "workspaces.no-last-run"
    else:
        found = next(iter(journal.runs.listed(name=name)), None)
        kind = "workspaces.no-such-run"
    if found is None:
        about = {"workspace": str(workspace)} if name == "last" else {}
        raise BadSettings(say(kind, journal=journal.name, run=repr(name), **about))
    return found


def elsewhere(journal: Journal, settings: Settings) -> Message | None:
    """Of which workspaces the journal knows runs, where it knows none of this one: a flag may be forgotten."""
    known = journal.runs.workspaces()
    if not known or settings.workspace in known:
        return None
    return say(
        "workspaces.elsewhere",
        journal=journal.name,
        workspace=str(settings.workspace),
        known=listed([*map(str, known)]),
    )


def learned_rate(journal: Journal, settings: Settings) -> Rate | None:
    """What the API allowed an earlier run, if it told."""
    limit = journal.learned.limit(settings.workspace)
    return Rate(*limit) if limit else None


def other_profiles(journal: Journal, settings: Settings) -> list[str]:
    """As which profiles earlier runs delivered at this address, where none did as this one.

    An agency has hundreds, and a new one is nothing new; of those only what is spelt alike is meant, perhaps.
    """
    known = journal.runs.workspaces()
    if settings.workspace in known:
        return []
    others = [workspace.profile for workspace in known if workspace.base_url == settings.base_url]
    return others if len(others) <= _SEVERAL else difflib.get_close_matches(settings.profile, others, _SEVERAL)
