"""Know whose workspace a profile is, and what earlier runs of it learned.

Input: settings. Output: why a person has to say whose workspace it is; the rates that were learned.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from importer.api import Endpoint
from importer.errors import Changed, FirstRun
from importer.journal import Journal, machine
from importer.journal.lock import check_journal, opened
from importer.journal.runs import Confirmation
from importer.messages import Message, say
from importer.models import Workspace
from importer.settings import Settings
from importer.settings.kinds import Rate

_SEVERAL = 3  # maximum number of other profiles that are shown


def workspace_of(journal: Journal | None, settings: Settings) -> Workspace:
    """Return the workspace that the settings' profile stands for, by the journal if there is one."""
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
    owner = workspace_of(journal, settings)
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
    owner, parts = workspace_of(journal, settings), {"profile": repr(settings.profile), "url": settings.base_url}
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


def unconfirmed_yet(settings: Settings) -> Unconfirmed | None:
    """Return the same by the journal's current content."""
    with opened(settings) as journal:
        return unconfirmed(journal, settings)


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
