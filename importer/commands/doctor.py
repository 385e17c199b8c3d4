"""Check what a run needs before the first night: key, account limit, clocks, journal, disk and proxy.

Input: settings, with the key. Output: findings, each with advice if something is wrong. One harmless call is made,
which only reads. A file is written and removed at once. The tables of a shared journal are created, because nothing
else shows whether this user may create them.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from importer import files
from importer.api import Cause, Endpoint, Failure, NotesPage, Reply, Vendor
from importer.api.headers import Announcement, ServerClock
from importer.api.protocol import API_REFUSED, STOPS
from importer.api.proxy import certificates_for, proxy_for
from importer.api.saleshandy import SALESHANDY
from importer.commands import archiving
from importer.commands.calling import connected, steady_clock
from importer.commands.rendering import duration, rate, when
from importer.commands.workspaces import check_journal, check_place, is_first, learned_rates, opened
from importer.errors import BadSettings, Busy, ImporterError, NeedsAPerson, Stopped, Unusable
from importer.journal import Journal
from importer.messages import Message, Said, say
from importer.rows.attachments import Folder
from importer.settings import Rate, Settings, journal_place

_OFF = 5.0  # seconds by which a clock may be off without being reported
_LITTLE, _ENOUGH = 100 * 2**20, 2**30  # bytes: too little for an import; enough for a million rows

_ENDPOINTS = {
    Endpoint.CREATE: "endpoint.create",
    Endpoint.READ: "endpoint.read",
    Endpoint.UPDATE: "endpoint.update",
    Endpoint.UPLOAD: "endpoint.upload",
    Endpoint.PROSPECTS: "endpoint.prospects",
}


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes:
        about: the subject of the check.
        text: the finding, with advice if something is wrong.
        exit_status: exit status of a run with this finding; 1 if a person should look at it, 0 if all is well.
    """

    about: str
    text: Said
    exit_status: int = 0


def examine(settings: Settings, *, vendor: Vendor = SALESHANDY) -> Iterator[Check]:
    """Run all checks. The settings need none, because a :class:`Settings` object with unusable values can't exist."""
    yield from _way(settings)
    yield from _api(settings, vendor)
    yield from _journal(settings)
    if (archive := settings.archive) is not None:
        yield _checked("Archive", partial(archiving.check, archive), say("doctor.archive", archive=str(archive)))
    if (folder := settings.attachments) is not None and settings.takes_files:
        all_is_well = say("doctor.attachments", folder=str(folder.absolute()))
        yield _checked("Attachments", partial(Folder, folder), all_is_well)
    yield from _room(settings)


def _checked(about: str, check: Callable[[], object], all_is_well: Message) -> Check:
    """Return the result of a check that raises an error if something is wrong."""
    try:
        check()
    except ImporterError as error:
        return Check(about, error.reason if isinstance(error, BadSettings) else error.message, error.exit_status)
    return Check(about, all_is_well)


def _way(settings: Settings) -> Iterator[Check]:
    """Report the proxy and the certificates. Only a call shows whether they work."""
    try:
        proxy, certificates = proxy_for(settings.base_url), certificates_for(settings.base_url)
    except BadSettings as error:
        yield Check("Proxy", error.message, error.exit_status)
        return
    message = say("doctor.proxy", place=str(proxy.place), origin=proxy.origin) if proxy else say("doctor.no-proxy")
    yield Check("Proxy", message)
    if certificates:
        yield Check("Certificates", say("doctor.certificates", certificates=certificates))


# -- the API ----------------------------------------------------------------------------------------------------


def _api(settings: Settings, vendor: Vendor) -> Iterator[Check]:
    if not settings.key:
        return
    try:
        reply = _ask(settings, vendor)
    except BadSettings:  # already reported: the proxy or the certificates
        return
    yield _key(reply.failure, settings, vendor)
    if reply.metadata is not None:
        yield from _limit(reply.metadata.headers, settings)
        yield from _clock(reply)


def try_key(settings: Settings, *, vendor: Vendor = SALESHANDY) -> Check:
    """Check whether the API accepts the key, with one call that only reads.

    Raises:
        BadSettings: the proxy or the certificates can't be used.
    """
    return _key(_ask(settings, vendor).failure, settings, vendor)


def _ask(settings: Settings, vendor: Vendor) -> Reply[NotesPage]:
    """Ask for the notes of a prospect that certainly doesn't exist."""
    api = connected(settings, vendor, steady_clock())
    try:
        return api.find(f"doctor{secrets.token_hex(6)}", 0, 1)
    finally:
        api.close()


def _key(failure: Failure | None, settings: Settings, vendor: Vendor) -> Check:
    url, about = settings.base_url, "Key accepted"
    if failure is None or failure.cause is Cause.UNKNOWN_PROSPECT:
        kind = "doctor.key-accepted-by-stand-in" if settings.is_on_this_machine else "doctor.key-accepted"
        return Check(about, say(kind, vendor=vendor.name, place=url))
    reason, needs_a_person = failure.text, NeedsAPerson.exit_status
    match failure.cause:
        case Cause.BAD_KEY:
            return Check(about, say("doctor.key-refused", why=reason), needs_a_person)
        case Cause.RATE_LIMITED:
            return Check(about, say("doctor.limit-used-up"), 1)
        case cause if cause in API_REFUSED:
            return Check(about, say("doctor.no-notes-shown", why=reason), 1)
        case cause if cause in STOPS:
            return Check(about, say("doctor.not-known", why=reason), needs_a_person)
    if failure.is_strange:
        return Check(about, say("doctor.other-than-api", place=str(url), why=reason), needs_a_person)
    return Check(about, say("doctor.no-connection", why=reason), Stopped.exit_status)


def _limit(headers: Mapping[str, str], settings: Settings) -> Iterator[Check]:
    announcement = Announcement.read(headers)
    learned: dict[Endpoint, Rate] = {}
    with contextlib.suppress(ImporterError), opened(settings) as journal:  # the journal is checked separately
        learned = learned_rates(journal, settings)
    limits = []
    if announcement:
        kind = "doctor.calls-remain-of" if announcement.limit else "doctor.calls-remain"
        limit = {"limit": announcement.limit} if announcement.limit else {}
        limits.append(say(kind, n=announcement.remaining, **limit))
    for kind_of_call, seen in learned.items():
        pace = rate(seen.calls, seen.seconds)
        limits.append(say("doctor.earlier-run-saw", rate=pace, kind=say(_ENDPOINTS[kind_of_call])))
    yield Check("Limit", say("doctor.limit", seen=tuple(limits)) if limits else say("doctor.no-limit-told"))


def _clock(reply: Reply[NotesPage]) -> Iterator[Check]:
    """Compare the clocks by the reply's date header. A gateway may set the header, so nothing else relies on it."""
    assert reply.metadata is not None
    clock = ServerClock()
    clock.observe(reply.metadata.headers.get("date", ""), reply.began, reply.came)
    if not clock.is_known:
        return
    least, most = clock.server_at_least(0.0), -clock.ours_at_least(0.0)
    difference = max(least, -most, 0.0)
    if difference < _OFF:
        yield Check("Clock", say("doctor.clock-agrees"))
        return
    kind = "doctor.clock-behind" if least > 0 else "doctor.clock-ahead"
    yield Check("Clock", say(kind, time=duration(difference)), 1)


# -- this machine -----------------------------------------------------------------------------------------------


def _journal(settings: Settings) -> Iterator[Check]:
    place = journal_place(settings.journal)
    try:
        if not Journal.exists(settings.journal):
            check_journal(None, settings)
            if isinstance(place, Path):
                check_place(settings)
                _try_folder(place)
                yield Check("Journal", say("doctor.no-journal-yet", place=str(place)))
                yield from _first(None, settings)
                return
        with Journal.open(settings.journal) as journal:  # opening the journal checks that it isn't damaged
            check_journal(journal, settings)
            profile, runs = settings.workspace.profile, _last(journal, settings)
            yield Check("Journal", say("doctor.journal", profile=profile, place=str(place), runs=runs))
            try:
                with journal.held(settings.workspace), journal.transaction():
                    pass  # fails if the journal can't be written
            except Busy as error:
                yield Check("Journal", say("doctor.import-at-work", why=error.message))
            yield from _first(journal, settings)
    except (ImporterError, OSError) as error:
        status = error.exit_status if isinstance(error, ImporterError) else Unusable.exit_status
        yield Check("Journal", error.message if isinstance(error, ImporterError) else files.why(error), status)


def _first(journal: Journal | None, settings: Settings) -> Iterator[Check]:
    """Report if an unattended run would be refused because nobody has confirmed the workspace."""
    if is_first(journal, settings):
        is_shared = journal is not None and journal.is_shared
        kind = "doctor.unconfirmed" if is_shared else "doctor.unconfirmed-here"
        about = {"profile": repr(settings.profile), "url": settings.base_url}
        yield Check("First import", say(kind, **about), 1)


def _last(journal: Journal, settings: Settings) -> Message:
    runs = journal.runs.listed(settings.workspace)
    if not runs:
        return say("doctor.no-run-yet")
    return say("doctor.runs", n=len(runs), time=when(runs[0].started_at))


def _try_folder(file: Path) -> None:
    """Check that a file can be created in the nearest existing folder. Raise OSError if it can't."""
    with files.draft(_existing_folder(file) / "note-importer-doctor"):
        pass


def _existing_folder(file: Path) -> Path:
    return next(folder for folder in file.absolute().parents if folder.exists())


def _room(settings: Settings) -> Iterator[Check]:
    disks = [(say("doctor.temporary-files"), Path(tempfile.gettempdir()))]
    if isinstance(file := journal_place(settings.journal), Path):
        disks.insert(0, (say("doctor.the-journal"), _existing_folder(file)))
    for name, folder in disks:
        free, place = shutil.disk_usage(folder).free, str(folder)
        if free >= _ENOUGH:
            yield Check("Disk space", say("doctor.room", size=free >> 30, name=name, place=place))
        else:
            status = 1 if free >= _LITTLE else Stopped.exit_status
            yield Check("Disk space", say("doctor.little-room", size=free >> 20, name=name, place=place), status)
