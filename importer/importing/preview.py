"""Plan what a run of a file would send, and check the file as a whole: it may be empty, or not the right file.

Input: a loaded file, settings, and the journal, if there is one yet. Output: a :class:`Preview`, and each guard that
fires as an error. Nothing is sent and no journal is written. A run calls :func:`foreseen` again under the lock, and
refuses if that isn't what was agreed to.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from importer import results
from importer.api import Endpoint, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.delivery.changes import Wish
from importer.delivery.earlier import Earlier, foresee
from importer.errors import BadSettings, Guarded, UnclearColumns
from importer.importing import estimate
from importer.importing.api_context import batch_size
from importer.importing.email_lookup import LookedUpEmails, asked, last_row, unknown
from importer.importing.estimate import Estimate
from importer.importing.known_rows import known_rows
from importer.importing.loading import Loaded, writable
from importer.importing.wording import count
from importer.importing.workspaces import Unconfirmed, learned_rates, never_sent, unconfirmed
from importer.journal import Journal
from importer.messages import Message, SettingPart, say
from importer.models import AttachedFile, Question, Remaining, Rows, Visibility
from importer.resultsfile import repeats_results
from importer.rows.blocks import Block
from importer.rows.lookups import calls_for
from importer.rows.naming import EmailAnswers
from importer.rows.people import COLUMNS, people_of
from importer.rows.readers import ComposedReader
from importer.settings import Rate, Settings
from importer.storage import is_same, place


@dataclass(frozen=True)
class Preview:
    """Summary of what a run would do.

    Attributes:
        loaded: the file, as long as it is open.
        settings: the settings for sending it.
        remaining: the notes that no earlier run delivered, or that may not be delivered: each is agreed to. Their files
            are those that aren't uploaded yet.
        batch_size: maximum number of prospects in a request.
        as_read: the rows as they are in the file, with emails that aren't looked up.
        rates: the limit of each kind of call, as far as an earlier run learned it.
        vendor: the vendor whose API receives the notes.
        unconfirmed: why a person has to say whose workspace the profile is; None if that is known.
        answers: the prospects that are known for the file's emails.
        to_look_up: number of emails that aren't looked up yet; until then each counts as one prospect.
        never_sent: visibilities of these notes that no note sent to the workspace has had yet.
        wishes: how notes that are there can follow the sheet.
    """

    loaded: Loaded
    settings: Settings
    remaining: Remaining
    batch_size: int
    as_read: Rows
    rates: Mapping[Endpoint, Rate] = field(default_factory=dict)
    vendor: Vendor = SALESHANDY
    unconfirmed: Unconfirmed | None = None
    answers: EmailAnswers = field(default_factory=EmailAnswers)
    to_look_up: int = 0
    never_sent: Collection[Visibility] = ()
    wishes: Sequence[Wish] = ()

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
        return every_guard(self.loaded, self.unknown_emails, self.remaining, self.settings)

    @property
    def to_upload(self) -> list[AttachedFile]:
        """Files to upload, each once."""
        return [self.loaded.rows.files[digest] for digest in self.remaining.files]

    @property
    def to_compare(self) -> int:
        """Number of prospects whose notes are read first, to skip those that are there already."""
        return self.people if self.settings.skip_existing else 0

    @property
    def people(self) -> int:
        """Number of prospects, or emails before their look-up, that receive the remaining notes."""
        prospect = self.loaded.rows.prospect
        return len({*chain.from_iterable(prospect[group.positions].tolist() for group in self.remaining.groups)})

    @property
    def estimate(self) -> Estimate | None:
        """How long the calls take; None if there are none."""
        remaining, rows = self.remaining, self.loaded.rows
        calls = {
            Endpoint.PROSPECTS: calls_for(self.to_look_up),
            Endpoint.UPLOAD: len(remaining.files),
            Endpoint.READ: self.to_compare,
            Endpoint.CREATE: remaining.requests,
        }
        return estimate.of(calls, self.rates, self.settings, remaining.groups, rows, self.batch_size)


def plan(
    loaded: Loaded, settings: Settings, journal: Journal | None, vendor: Vendor, before: EmailAnswers | None
) -> Preview:
    """Plan what a run of a file would do; ``before`` are the look-ups since it was read.

    Raises:
        JournalFailed: the journal can't be read.
    """
    occurrence = occurrence_of(loaded, settings, journal)
    looked_up = asked(loaded, journal, settings, occurrence, before)
    resolved = looked_up.resolved
    remaining, wishes = _left(resolved, settings, journal, occurrence)
    return Preview(
        resolved,
        settings,
        remaining,
        batch_size(settings, journal),
        loaded.rows,
        rates=learned_rates(journal, settings),
        vendor=vendor,
        unconfirmed=unconfirmed(journal, settings),
        answers=looked_up.answers,
        to_look_up=_to_look_up(looked_up, resolved.rows, remaining, settings),
        never_sent=never_sent(journal, settings, remaining.groups),
        wishes=wishes,
    )


def _to_look_up(looked_up: LookedUpEmails, rows: Rows, remaining: Remaining, settings: Settings) -> int:
    """Return the number of emails that a run has to look up: only those of the first notes if no others are sent."""
    if settings.first is None or not remaining.groups:
        return len(looked_up.open)
    return len(looked_up.open_until(last_row(rows, remaining)))


def _left(
    loaded: Loaded, settings: Settings, journal: Journal | None, occurrence: str
) -> tuple[Remaining, Sequence[Wish]]:
    """Return what is left to be sent of a file, with the files that aren't uploaded yet; and what can be changed."""
    known = known_rows(loaded, settings, journal, occurrence)
    remaining = foreseen(known, loaded, settings)
    if journal is not None:
        uploaded = journal.uploads(settings.workspace, time.time).known(remaining.files)
        remaining = replace(remaining, files=tuple(digest for digest in remaining.files if digest not in uploaded))
    return remaining, known.wishes


def foreseen(known: Earlier, loaded: Loaded, settings: Settings) -> Remaining:
    """Return the notes of a file that no earlier run delivered: what a run would send or look up."""
    return foresee(known, loaded.plan, batch_size(settings, known.journal), settings.first)


def occurrence_of(loaded: Loaded, settings: Settings, journal: Journal | None) -> str:
    """Return the prefix of every row's key in the next run; empty unless the file is imported again."""
    if not settings.again or journal is None:
        return ""
    return journal.runs.unfinished_again(settings.workspace, loaded.sheet.fingerprint) or "again"


# -- guards --------------------------------------------------------------------------------------------------------


def every_guard(
    loaded: Loaded, unknown_emails: Mapping[str, int], remaining: Remaining, settings: Settings
) -> list[Guarded]:
    """Return the errors of all guards that fire. If there is one, nothing of the file is sent.

    Args:
        loaded: the file.
        unknown_emails: emails that no prospect has → number of their rows.
        remaining: the notes still to be sent, and how many of their IDs the API refused in earlier runs.
        settings: the settings with the limits.
    """
    return [
        *guards_of_rows(loaded, settings),
        *_of_prospects(loaded, unknown_emails, remaining, settings),
        *_of_notes(loaded, remaining, settings),
    ]


def guards_of_rows(loaded: Loaded, settings: Settings) -> list[Guarded]:
    """Return the guards that fire because of the file alone."""
    rows, least, limit = _data_rows(loaded), settings.min_rows, settings.max_invalid
    guards, file, in_words = [], writable(loaded.sheet.source), count(rows, "row")
    if loaded.unclear is None and rows < least:
        message = say("guard.no-rows", file=file, n=least)
        if not rows and repeats_results(loaded.sheet.headings):
            message = say("guard.nothing-to-fix", file=file)
        elif rows:
            message = say("guard.few-rows", file=file, rows=in_words, n=least, enough=str(rows))
        guards.append(Guarded(message, "min-rows"))
    invalid = len(loaded.rows.problems)
    if limit is not None and invalid > limit * rows:
        share, first = f"{limit * 100:.4g}", loaded.first_problem
        message = say("guard.many-problems", n=invalid, rows=in_words, file=file, share=share, first=first)
        guards.append(Guarded(message, "max-invalid"))
    return guards


def _of_notes(loaded: Loaded, remaining: Remaining, settings: Settings) -> list[Guarded]:
    """Return the guards that fire because of the number of notes still to be sent."""
    guards, file = [], writable(loaded.sheet.source)
    if remaining.sent_anew:
        message = say("guard.history-again", n=remaining.sent_anew, file=file)
        guards.append(Guarded(message, "in-doubt"))
    remaining = _surely(loaded, remaining)
    for setting, limit, number, noun in (
        ("max-notes", settings.max_notes, remaining.total, "note"),
        ("max-public", settings.max_public, remaining.public, "public-note"),
    ):
        if limit is not None and number > limit:
            notes, enough = count(number, noun), SettingPart(setting, str(number))
            message = say("guard.many-notes", notes=notes, file=file, most=limit, setting=enough)
            guards.append(Guarded(message, setting))
    return guards


def _of_prospects(
    loaded: Loaded, unknown_emails: Mapping[str, int], remaining: Remaining, settings: Settings
) -> list[Guarded]:
    """Return the guard that fires if too many rows name a prospect that the workspace doesn't have."""
    emails, refused, rows, limit = (
        sum(unknown_emails.values()),
        remaining.refused,
        len(loaded.rows) - len(loaded.rows.skipped),  # of several people in a row, each counts
        settings.max_unknown,
    )
    if limit is None or emails + refused <= limit * rows:
        return []
    parts: tuple[Message, ...] = (say("guard.by-email", n=emails),) if emails else ()
    parts += (say("guard.by-id", n=refused),) if refused else ()
    share = math.ceil((emails + refused) / rows * 100)
    message = say(
        "guard.unknown-prospects",
        n=emails + refused,
        rows=count(rows, "row" if loaded.rows.sheet_rows is None else "note"),
        file=writable(loaded.sheet.source),
        how=parts,
        share=f"{limit * 100:.4g}",
        profile=repr(settings.profile),
        enough=f"{share}%",
    )
    return [Guarded(message, "max-unknown")]


def _data_rows(loaded: Loaded) -> int:
    return loaded.rows.in_sheet - len(loaded.rows.skipped)  # a report's footer isn't data, however long it is


def _surely(loaded: Loaded, remaining: Remaining) -> Remaining:
    """Return the notes that certainly aren't sent yet. Rows whose email isn't looked up may be delivered already."""
    rows = loaded.rows
    if rows.email is None:
        return remaining
    is_open = (rows.email != "") & ((rows.prospect == rows.email) | loaded.roles.in_doubt)
    opened = [(group.note, int(is_open[group.positions].sum())) for group in remaining.groups]
    public = sum(size for note, size in opened if note.visibility is Visibility.PUBLIC)
    return replace(
        remaining,
        deliveries=max(0, remaining.deliveries - sum(size for _, size in opened)),
        public=max(0, remaining.public - public),
    )


# -- lists ---------------------------------------------------------------------------------------------------------


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
    loaded, composition = preview.loaded, preview.loaded.roles.composition
    texts: dict[int, str] | None = None
    if composition is not None:
        reader = ComposedReader(composition, preview.settings)
        codes = (code for block in loaded.sheet.columns() for code in reader.codes(Block(*block)).tolist())
        texts = {at: text for at, code in enumerate(codes) if isinstance(text := reader.values[code], str)}
    return results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file, texts)


def write_people(settings: Settings, loaded: Loaded, emails: Collection[str]) -> results.Written | None:
    """Write the people whose emails no prospect has, if there are any and the settings name a file for them."""
    if settings.unknown_emails is None or not emails:
        return None
    people, source = people_of(loaded.sheet, loaded.roles, loaded.rows, emails), place(loaded.sheet.source)
    return results.write_people(settings.unknown_emails, COLUMNS, people, source)
