"""Check what a run needs before the first night: key, clocks, journal, disk and proxy.

Input: settings, with the key. Output: findings, each with advice if something is wrong. One harmless call is made,
which only reads. A file is written and removed at once. The tables of a shared journal are created, because nothing
else shows whether this user may create them.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from importer import files
from importer.api import API_REFUSED, STOPS, Cause, Failure, NotesPage, Reply, Vendor
from importer.api.exchange import seconds_since_1970
from importer.api.proxy import certificates_for, proxy_for
from importer.api.saleshandy import SALESHANDY
from importer.errors import BadSettings, Busy, ImporterError, NeedsAPerson, Stopped, Unusable
from importer.importing.api_context import connected, steady_clock
from importer.importing.archiving import check_archive
from importer.importing.workspaces import unconfirmed_yet
from importer.journal import Journal
from importer.journal.lock import check_journal
from importer.messages import Message, Said, say
from importer.rows.attachments import Folder
from importer.settings import Settings
from importer.settings.address import journal_place
from importer.telling.rendering import duration

_OFF = 5.0  # seconds by which a clock may be off without being reported
_LITTLE, _ENOUGH = 100 * 2**20, 2**30  # bytes: too little for an import; enough for a million rows


@dataclass(frozen=True)
class Check:
    """Result of one check: the finding about a subject, and the exit status of a run with this finding."""

    about: str
    text: Said
    exit_status: int = 0


class Look(ImporterError):
    """A finding that a person should look at, although a run may begin."""

    exit_status = 1


def checked(about: str, check: Callable[[], Said]) -> Check:
    """Return the result of a check, which returns what it found, or raises an error if something is wrong."""
    try:
        return Check(about, check())
    except OSError as error:
        return Check(about, files.why(error), Unusable.exit_status)
    except ImporterError as error:
        return Check(about, error.reason if isinstance(error, BadSettings) else error.message, error.exit_status)


def examine(settings: Settings, *, vendor: Vendor = SALESHANDY) -> Iterator[Check]:
    """Run all checks. The settings need none, because a :class:`Settings` object with unusable values can't exist."""
    yield checked("Proxy", partial(_way, settings))
    if settings.key:
        yield from _api(settings, vendor)
    journal = checked("Journal", partial(_journal, settings))
    yield journal
    if not journal.exit_status:
        yield checked("First import", partial(_first, settings))
    folders = ("Archive", check_archive, settings.archive), ("Attachments", Folder, settings.attachments)
    for about, check, folder in folders:
        if folder is not None:
            yield checked(about, partial(_folder, check, folder))
    if isinstance(file := journal_place(settings.journal), Path):
        yield checked("Disk space", partial(_room, _existing_folder(file)))
    yield checked("Disk space", partial(_room, Path(tempfile.gettempdir())))


def _way(settings: Settings) -> Message:
    """Return the proxy and the certificates. Only a call shows whether they work."""
    proxy, certificates = proxy_for(settings.base_url), certificates_for(settings.base_url)
    way = say("doctor.proxy", place=str(proxy.place), origin=proxy.origin) if proxy else say("doctor.no-proxy")
    return say("doctor.with-certificates", way=way, certificates=certificates) if certificates else way


# -- the API ----------------------------------------------------------------------------------------------------


def _api(settings: Settings, vendor: Vendor) -> Iterator[Check]:
    try:
        reply = _ask(settings, vendor)
    except BadSettings:  # already reported: the proxy or the certificates
        return
    yield _key(reply.failure, settings, vendor)
    if reply.status:
        yield checked("Clock", partial(_clock, reply, reply.headers.get("date", "")))


def try_key(settings: Settings, *, vendor: Vendor = SALESHANDY) -> Check:
    """Check with one call that only reads whether the API accepts the key. Raises BadSettings if it can't be made."""
    return _key(_ask(settings, vendor).failure, settings, vendor)


def _ask(settings: Settings, vendor: Vendor) -> Reply[NotesPage]:
    """Ask for the notes of a prospect that certainly doesn't exist."""
    api = connected(settings, vendor, steady_clock())
    try:
        return api.find(f"doctor{secrets.token_hex(6)}", 0, 1)
    finally:
        api.close()


def _key(failure: Failure | None, settings: Settings, vendor: Vendor) -> Check:
    """Return what the call shows about the key. If the API refuses the request in its own words, it accepts the key."""
    about = "Key accepted"
    if failure is None or failure.cause in API_REFUSED:
        return Check(about, say("doctor.key-accepted", vendor=vendor.name, place=settings.base_url))
    if failure.cause is Cause.BAD_KEY:
        return Check(about, say("doctor.key-refused", why=failure.text), NeedsAPerson.exit_status)
    if failure.cause is Cause.RATE_LIMITED:
        return Check(about, say("doctor.limit-used-up"), 1)
    if failure.is_strange:
        return Check(about, say("doctor.other-than-api", why=failure.text), NeedsAPerson.exit_status)
    if failure.cause in STOPS:
        return Check(about, say("doctor.not-known", why=failure.text), NeedsAPerson.exit_status)
    return Check(about, say("doctor.no-connection", why=failure.text), Stopped.exit_status)


def _clock(reply: Reply[NotesPage], date: str) -> Message:
    """Compare the clocks by the reply's date header. A gateway may set the header, so nothing else relies on it."""
    at = seconds_since_1970(date)
    if at is None:
        return say("doctor.no-clock-told")
    off = max(at - reply.came, reply.began - at - 1.0, 0.0)  # the header is cut to whole seconds
    if off >= _OFF:
        raise Look(say("doctor.clock-off", time=duration(off)))
    return say("doctor.clock-agrees")


# -- this machine -----------------------------------------------------------------------------------------------


def _journal(settings: Settings) -> Message:
    place = journal_place(settings.journal)
    if not Journal.exists(settings.journal):
        check_journal(None, settings)
        if isinstance(place, Path):
            with files.draft(_existing_folder(place) / "note-importer-doctor"):
                return say("doctor.no-journal-yet", place=str(place))
    with Journal.open(settings.journal) as journal:  # opening the journal checks that it isn't damaged
        check_journal(journal, settings)
        try:
            with journal.held(settings.workspace), journal.transaction():
                runs = len(journal.runs.listed(settings.workspace))
        except Busy as error:
            return say("doctor.import-at-work", why=error.message)
        return say("doctor.journal", profile=settings.profile, place=str(place), n=runs)


def _first(settings: Settings) -> Message:
    """Return that an unattended run may begin, or raise: nobody has said yet whose workspace the profile is."""
    if (unclear := unconfirmed_yet(settings)) is not None:
        raise Look(say("doctor.unconfirmed", why=unclear.why)) if unclear.kind == "first" else unclear.error
    return say("doctor.confirmed")


def _folder(check: Callable[[Path], object], folder: Path) -> Message:
    check(folder)
    return say("doctor.folder", folder=str(folder))


def _existing_folder(file: Path) -> Path:
    return next(folder for folder in file.absolute().parents if folder.exists())


def _room(folder: Path) -> Message:
    free, place = shutil.disk_usage(folder).free, str(folder)
    if free >= _ENOUGH:
        return say("doctor.room", size=free >> 30, place=place)
    raise (Look if free >= _LITTLE else Stopped)(say("doctor.little-room", size=free >> 20, place=place))
