"""What can be checked before the first night: the key, the account's limit, clocks, journal, disk and proxy.

Comes in: settings, with the key. Goes out: findings, each with what to do where something is wrong. One harmless call
is made, which reads; nothing is written but a file that is gone at once, and the tables of a journal that machines
share: whether this user may make them, only making them tells.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from importer import files
from importer.api import Cause, Failure, NotesPage, Reply, Vendor
from importer.api.headers import Announcement, ServerClock
from importer.api.protocol import API_REFUSED
from importer.api.proxy import certificates_for, proxy_for
from importer.api.saleshandy import SALESHANDY
from importer.commands import archiving
from importer.commands.calling import connected, steady_clock
from importer.commands.sayings import count, duration, rate_in_words, when
from importer.commands.workspaces import check_place, guard, is_first, learned_rate
from importer.errors import BadSettings, Busy, ImporterError, NeedsAPerson, Stopped, Unusable
from importer.journal import Journal
from importer.rows.attachments import Folder
from importer.settings import Settings, journal_place

_OFF = 5.0  # seconds by which a clock may be off before it is worth a word
_LITTLE, _ENOUGH = 100 * 2**20, 2**30  # bytes: an import may stop for want of room; plenty for a million rows


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what.
        text: how it is, and what to do where something is wrong.
        exit_status: that a run would end with because of it; 1 for what a person should look at, 0 where all is well.
    """

    about: str
    text: str
    exit_status: int = 0


def examine(settings: Settings, *, vendor: Vendor = SALESHANDY) -> Iterator[Finding]:
    """Look at everything but the settings themselves, which can be used or weren't made."""
    yield from _way(settings)
    yield from _api(settings, vendor)
    yield from _journal(settings)
    yield from _archive(settings)
    yield from _attachments(settings)
    yield from _room(settings)


def _way(settings: Settings) -> Iterator[Finding]:
    """The proxy and the certificates; whether they work, the call shows."""
    try:
        proxy, certificates = proxy_for(settings.base_url), certificates_for(settings.base_url)
    except BadSettings as error:
        yield Finding("Proxy", str(error), error.exit_status)
        return
    yield Finding("Proxy", f"{proxy.place}, from {proxy.origin}" if proxy else "none, calls go straight to the API")
    if certificates:
        yield Finding("Certificates", f"those in {certificates}")


# -- the API ----------------------------------------------------------------------------------------------------


def _api(settings: Settings, vendor: Vendor) -> Iterator[Finding]:
    if not settings.key:
        return
    try:
        reply = _ask(settings, vendor)
    except BadSettings:  # told of already: the proxy or the certificates
        return
    yield _key(reply.failure, settings, vendor)
    if reply.metadata is not None:
        yield from _limit(reply.metadata.headers, settings)
        yield from _clock(reply)


def try_key(settings: Settings, *, vendor: Vendor = SALESHANDY) -> Finding:
    """Whether the API accepts the key: one call that only reads.

    Raises:
        BadSettings: the proxy or the certificates can't be used.
    """
    return _key(_ask(settings, vendor).failure, settings, vendor)


def _ask(settings: Settings, vendor: Vendor) -> Reply[NotesPage]:
    """The notes of a prospect that surely isn't there."""
    api = connected(settings, vendor, steady_clock())
    try:
        return api.find(f"doctor{secrets.token_hex(6)}", 0, 1)
    finally:
        api.close()


def _key(failure: Failure | None, settings: Settings, vendor: Vendor) -> Finding:
    place = settings.base_url
    if failure is None or failure.cause is Cause.UNKNOWN_PROSPECT:
        whose = f"what stands in for {vendor.name}" if settings.is_on_this_machine else vendor.name
        return Finding("Key accepted", f"yes, by {whose} at {place}")
    match failure.cause:
        case Cause.BAD_KEY:
            return Finding("Key accepted", f"no. {failure.text}", NeedsAPerson.exit_status)
        case Cause.RATE_LIMITED:
            return Finding(
                "Key accepted", "not known: the account's limit is used up at the moment. Try again in a minute.", 1
            )
        case cause if cause in API_REFUSED:
            return Finding("Key accepted", f"it seems so; the API refused to show notes, though: {failure.text}", 1)
        case Cause.BLOCKED:
            return Finding("Key accepted", f"not known: {failure.text}", NeedsAPerson.exit_status)
    if failure.is_strange:
        return Finding(
            "Key accepted",
            f"not known: what answers at {place} doesn't speak as the API does: {failure.text}. Check the base URL,"
            " and what stands between this machine and the API.",
            NeedsAPerson.exit_status,
        )
    return Finding(
        "Key accepted", f"not known: {failure.text}. Check that this machine has a connection.", Stopped.exit_status
    )


def _limit(headers: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    said = Announcement.read(headers)
    learned = None
    if Journal.exists(settings.journal):
        with contextlib.suppress(ImporterError), Journal.open(settings.journal) as journal:  # it has its own finding
            learned = learned_rate(journal, settings)
    seen = (
        [f"{said.remaining:,} calls remain in this window" + (f" of {said.limit:,}" if said.limit else "")]
        if said
        else []
    )
    seen += [f"an earlier run saw {rate_in_words(learned.calls, learned.seconds)}"] if learned else []
    yield Finding("Limit", "; ".join(seen) or "none is told; a run finds out")


def _clock(reply: Reply[NotesPage]) -> Iterator[Finding]:
    """By the header, which a gateway may set: it serves for a word to the person, and for nothing else."""
    assert reply.metadata is not None
    clock = ServerClock()
    clock.observe(reply.metadata.headers.get("date", ""), reply.began, reply.came)
    if not clock.is_known:
        return
    least, most = clock.server_at_least(0.0), -clock.ours_at_least(0.0)
    off = max(least, -most, 0.0)
    if off < _OFF:
        yield Finding("Clock", "agrees with the server's")
        return
    direction = "behind" if least > 0 else "ahead of"
    yield Finding(
        "Clock",
        f"this machine's is {duration(off)} {direction} the server's: times in the results are off by that, and a"
        " window of the night opens and closes wrongly. Have the system set it by itself.",
        1,
    )


# -- this machine -----------------------------------------------------------------------------------------------


def _journal(settings: Settings) -> Iterator[Finding]:
    place = journal_place(settings.journal)
    try:
        if not Journal.exists(settings.journal):
            guard(None, settings)
            if isinstance(place, Path):
                check_place(settings)
                _try_folder(place)
                yield Finding("Journal", f"none yet; the first run makes it: {place}")
                yield from _first(None, settings)
                return
        with Journal.open(settings.journal) as journal:  # which looks whether it is whole
            guard(journal, settings)
            yield Finding(
                "Journal", f"whole, and {settings.workspace.profile}'s own: {place}{_last(journal, settings)}"
            )
            try:
                with journal.held(settings.workspace), journal.transaction():
                    pass  # a journal that can't be written refuses the very beginning
            except Busy as error:
                yield Finding("Journal", f"an import is at work: {error}")
            yield from _first(journal, settings)
    except (ImporterError, OSError) as error:
        status = error.exit_status if isinstance(error, ImporterError) else Unusable.exit_status
        yield Finding("Journal", str(error), status)


def _first(journal: Journal | None, settings: Settings) -> Iterator[Finding]:
    """Whether a run that can ask nobody would be refused, as nobody has confirmed the workspace."""
    if is_first(journal, settings):
        here = "" if journal is not None and journal.is_shared else " on this machine"
        yield Finding(
            "First import",
            f"nobody has confirmed yet{here} that profile {settings.profile!r} at {settings.base_url} is the"
            " right workspace, and the journal knows no run of it: one that can't ask ends with 2. Do the first run at"
            " a terminal.",
            1,
        )


def _last(journal: Journal, settings: Settings) -> str:
    runs = journal.runs.listed(settings.workspace)
    if not runs:
        return "; no run of this profile at this address yet"
    return f"; {count(len(runs), 'run')}, the latest on {when(runs[0].started_at)}"


def _try_folder(file: Path) -> None:
    """Raises OSError where the folder that is there already takes no file."""
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    with files.draft(folder / "note-importer-doctor"):
        pass


def _archive(settings: Settings) -> Iterator[Finding]:
    if settings.archive is None:
        return
    try:
        archiving.check(settings.archive)
    except ImporterError as error:
        yield Finding("Archive", error.reason if isinstance(error, BadSettings) else str(error), error.exit_status)
    else:
        yield Finding("Archive", f"finished files go to {settings.archive}")


def _attachments(settings: Settings) -> Iterator[Finding]:
    if settings.attachments is None or not settings.takes_files:
        return
    try:
        Folder(settings.attachments)
    except BadSettings as error:
        yield Finding("Attachments", error.reason, error.exit_status)
    else:
        yield Finding("Attachments", f"files that notes carry are taken from {settings.attachments.absolute()}")


def _room(settings: Settings) -> Iterator[Finding]:
    """On the disks of the journal and of temporary files."""
    disks = [("temporary files", Path(tempfile.gettempdir()))]
    if isinstance(file := journal_place(settings.journal), Path):
        disks.insert(0, ("journal", next(parent for parent in file.absolute().parents if parent.exists())))
    for name, place in disks:
        free = shutil.disk_usage(place).free
        if free < _ENOUGH:
            yield Finding(
                "Disk space",
                f"only {free >> 20:,} MB are free for the {name} in {place}. Make room, or a run may stop.",
                1 if free >= _LITTLE else Stopped.exit_status,
            )
        else:
            yield Finding("Disk space", f"{free >> 30:,} GB free for the {name} in {place}")
