"""Plan what a run of a file would send.

Input: a loaded file, settings, and the journal, if there is one yet. Output: a :class:`Preview`. Nothing is sent and
no journal is written. A run calls :func:`foreseen` again under the lock, and refuses if that isn't what was agreed to.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from importer import results
from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.commands import guards
from importer.commands.calling import batch_size
from importer.commands.email_lookup import asked, unknown
from importer.commands.loading import Loaded
from importer.commands.workspaces import is_first, learned_rate, never_sent, other_profiles
from importer.delivery.earlier import foresee
from importer.errors import BadSettings, Guarded, UnclearColumns
from importer.journal import Journal
from importer.messages import say
from importer.models import AttachedFile, Question, Remaining, Rows, Visibility
from importer.rows.naming import EmailAnswers
from importer.settings import Rate, Settings
from importer.storage import is_same, place


@dataclass(frozen=True)
class Preview:
    """Summary of what a run would do.

    Attributes:
        loaded: the file, as long as it is open.
        settings: the settings for sending it.
        remaining: the notes that no earlier run delivered.
        batch_size: maximum number of prospects in a request.
        as_read: the rows as they are in the file, with emails that aren't looked up.
        rate: the rate that the API allowed an earlier run, if it is known.
        other_profiles: profiles of earlier runs at this address, if none had this profile.
        vendor: the vendor whose API receives the notes.
        is_first: whether nobody has imported into this workspace yet, so that a person has to confirm it.
        answers: the prospects that are known for the file's emails.
        to_look_up: number of emails that aren't looked up yet; until then each counts as one prospect.
        readable_after: seconds until notes of earlier runs were readable, if measured in the last 30 days.
        never_sent: visibilities of these notes that no note sent to the workspace has had yet.
    """

    loaded: Loaded
    settings: Settings
    remaining: Remaining
    batch_size: int
    as_read: Rows
    rate: Rate | None = None
    other_profiles: Sequence[str] = ()
    vendor: Vendor = SALESHANDY
    is_first: bool = False
    answers: EmailAnswers = field(default_factory=EmailAnswers)
    to_look_up: int = 0
    readable_after: float | None = None
    never_sent: Collection[Visibility] = ()

    @property
    def unknown_emails(self) -> dict[str, int]:
        """Emails that no prospect has, as far as they were looked up → number of rows with the email."""
        return unknown(self.loaded, self.answers)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions that are undecided. While there are any, nothing can be sent."""
        return self.loaded.questions

    @property
    def undecided(self) -> UnclearColumns | None:
        """Error about the undecided questions; None if there are none."""
        return self.loaded.undecided

    @property
    def guarded(self) -> list[Guarded]:
        """Problems with the file as a whole. While there are any, nothing can be sent."""
        return guards.every(self.loaded, self.unknown_emails, self.remaining, self.settings)

    @property
    def to_upload(self) -> list[AttachedFile]:
        """Files to upload, each once."""
        return [self.loaded.rows.files[digest] for digest in self.remaining.files]

    @property
    def seconds(self) -> float | None:
        """Duration of the calls at the slower of the API's and the person's limit; None if it is unknown."""
        calls = self.remaining.requests + self.to_look_up + len(self.remaining.files)
        if not calls or (rate := self.slower) is None:
            return None
        return (calls - 1) // rate.calls * rate.seconds  # the first calls leave at once

    @property
    def slower(self) -> Rate | None:
        """Slower of the rates that the API and the person allow; None if neither limits the rate."""
        rates = [rate for rate in (self.settings.rate, self.rate) if rate is not None]
        return min(rates, key=lambda rate: rate.calls / rate.seconds, default=None)


def plan(
    loaded: Loaded, settings: Settings, journal: Journal | None, vendor: Vendor, before: EmailAnswers | None
) -> Preview:
    """Plan what a run of a file would do; ``before`` are the look-ups since it was read.

    Raises:
        JournalFailed: the journal can't be read.
    """
    occurrence = occurrence_of(loaded, settings, journal)
    looked_up = asked(loaded, journal, settings, occurrence, before)
    remaining, lag = foreseen(looked_up.resolved, settings, journal, occurrence), None
    if journal is not None:
        uploaded = journal.uploads(settings.workspace, time.time).known(remaining.files)
        remaining = replace(remaining, files=tuple(digest for digest in remaining.files if digest not in uploaded))
        lag = journal.learned.replication_lag(settings.workspace)
    return Preview(
        looked_up.resolved,
        settings,
        remaining,
        batch_size(settings, journal),
        as_read=loaded.rows,
        rate=learned_rate(journal, settings),
        other_profiles=other_profiles(journal, settings),
        vendor=vendor,
        is_first=is_first(journal, settings),
        answers=looked_up.answers,
        to_look_up=len(looked_up.open),
        readable_after=lag,
        never_sent=never_sent(journal, settings, remaining.groups),
    )


def foreseen(loaded: Loaded, settings: Settings, journal: Journal | None, occurrence: str) -> Remaining:
    """Return the notes of a file that no earlier run delivered: what a run would send or look up."""
    size = batch_size(settings, journal)
    return foresee(loaded.rows, loaded.plan, journal, settings.workspace, size, occurrence, settings.first)


def occurrence_of(loaded: Loaded, settings: Settings, journal: Journal | None) -> str:
    """Return the prefix of every row's key in the next run; empty unless the file is imported again."""
    if not settings.again or journal is None:
        return ""
    return journal.runs.unfinished_again(settings.workspace, loaded.sheet.fingerprint) or "again"


def check_list(target: Path, file: str | Path, setting: str = "") -> None:
    """Check, before anything else, that a list about a file can be written.

    Args:
        target: path for the list.
        file: the file that the list is about.
        setting: the setting that names the list; if empty, the list is of all problems.

    Raises:
        BadSettings: it can't be written there.
    """
    about = setting or "check"
    if target.suffix.lower() != ".csv":
        raise BadSettings(say(f"{about}.no-csv", target=repr(target.name)), setting=setting)
    results.check_target(target)
    if is_same(target, place(file)):
        raise BadSettings(say(f"{about}.would-replace", file=str(file)), setting=setting)


def write_problems(report: Path, preview: Preview, file: Path) -> results.Written:
    """Write all problems of a file to a .csv file."""
    loaded = preview.loaded
    return results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file)


def write_unknown_emails(settings: Settings, emails: Mapping[str, int], file: Path) -> results.Written | None:
    """Write the emails that no prospect has, if the settings name a file for them."""
    target = settings.unknown_emails
    return None if target is None else results.write_emails(target, emails, file)
