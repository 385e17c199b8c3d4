"""Define the commands for use before the first night: init, login, readings; doctor, with its live test."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import importing, operations, telling
from importer.cli.asking import which_workspace
from importer.cli.options import InGroups, Options, settings_about
from importer.cli.reporting import reporting
from importer.cli.terminal import argument, ask_for, ask_unseen, paragraph, say_line
from importer.cli.watching import Stopper
from importer.errors import BadSettings
from importer.files import make_private_folder, why
from importer.messages import Message, as_message, lines, render, say
from importer.models import Workspace
from importer.settings import SETTINGS, Settings, Topic, profiles, readings, secrets, sources
from importer.settings.address import LIVE, default_journal, journal_place
from importer.settings.kinds import any_file
from importer.settings.secrets import Recipient, can_be_key, who_can_read

if TYPE_CHECKING:
    from importer.operations.doctor import Check
    from importer.settings.reading import Reading


_CHECKED = [name for name in SETTINGS if name != "quiet"]


@click.command()
def init() -> int:
    """Create a profile by answering a few questions: the key, the time window, the notifications. Sends no note.

    The key is tried at once, with a call that only reads. Writes a profile with comments, which you may edit
    afterwards, and confirms the workspace. The first import as this profile then needs nobody at the terminal. The
    environment variables NOTE_IMPORTER_BASE_URL and NOTE_IMPORTER_JOURNAL count, as for all commands. The journal keeps
    the confirmation, for all machines that share it. If the key or the address was used under another profile, you are
    asked whether the new one continues with its deliveries.
    """
    paragraph(say("init.few-questions"))
    say_line()
    given = sources.gather({}, ["journal", "base-url", "guard-local-address"])
    name = _asked(say("init.ask-name"), "night", profiles.check_new)
    journal = sources.read(given, "journal") or default_journal()
    settings = Settings(
        profile=name,
        base_url=sources.read(given, "base-url") or LIVE,
        journal=journal,
        guard_local_address=sources.read(given, "guard-local-address") or False,
    )
    importing.workspaces.unconfirmed_yet(settings)  # a journal that can't be used is said before anything else is asked
    say_line(say("cli.workspace", workspace=str(settings.workspace)))
    chosen: dict[str, object] = {"base-url": settings.base_url} if settings.base_url != LIVE else {}
    chosen["max-invalid"] = "20%"  # of its rows have problems or unknown prospects: such a file is refused
    if (hours := _asked(say("init.ask-hours"), "02:00-06:00", _check_window)) != "-":
        chosen["between"] = hours
    if (archive := ask_for(say("init.ask-archive"), "done")) != "-":
        is_folder = isinstance(any_file(archive), Path)  # a URL is already absolute
        chosen["archive"] = str(Path(archive).expanduser().absolute()) if is_folder else archive
    chosen["results"] = "{name}.{date}.results.xlsx"
    key = _tried(_asked(say("init.ask-key"), "", _check_key, hidden=True), settings)
    meant = _meant(replace(settings, key=key))
    recipient = _asked(say("init.ask-notify"), "", _check_recipient)
    return _write(settings, chosen, key, recipient, meant)


def _meant(settings: Settings) -> Workspace | None:
    """Return the workspace whose deliveries the profile continues with, as a person says; None for one of its own.

    Raises:
        Abort: the person gives no answer.
    """
    unclear = importing.workspaces.unconfirmed_yet(settings)
    if unclear is None or (unclear.kind == "first" and not unclear.others):
        return None
    if (meant := which_workspace(unclear, settings.workspace)) is None:
        raise click.Abort
    return meant if meant != settings.workspace else None


def _tried(key: str, settings: Settings) -> str:
    """Try a key, and ask for another if the API doesn't accept it; Enter keeps it, because the API may be away."""
    while key:
        found = operations.doctor.try_key(replace(settings, key=key))
        paragraph(say("init.key-tried", found=found.text), "  ")
        if not found.exit_status or not (other := _asked(say("init.ask-key-again"), "", _check_key, hidden=True)):
            return key
        key = other
    return key


def _write(settings: Settings, chosen: dict[str, object], key: str, recipient: str, meant: Workspace | None) -> int:
    """Write the profile and its files, confirm the workspace, and print the next steps."""
    name = settings.profile
    if isinstance(archive := any_file(chosen.get("archive", ".")), Path):
        try:
            make_private_folder(archive)
        except OSError as error:
            raise BadSettings(say("init.folder-not-made", archive=str(archive), error=why(error))) from error
    if key:
        chosen["api-key-file"] = str(profiles.keep_beside(f"{name}.key", key))
    if recipient:
        chosen["notify-file"] = str(profiles.keep_beside(f"{name}.notify", recipient))
    key_file = profiles.beside(f"{name}.key")
    profiles.make(name, chosen, {} if key else {"api-key-file": str(key_file)})
    say_line()
    paragraph(say("init.written", name=repr(name), path=str(profiles.profiles_file())))
    importing.workspaces.confirm(replace(settings, key=key), meant)  # of a profile that is there
    if not isinstance(place := journal_place(settings.journal), Path):
        paragraph(say("init.confirmed", place=str(place)))
    profile = f"--profile {argument(name)}"
    if not key:
        paragraph(say("init.key-missing", file=str(key_file), profile=profile))
    say_line(say("init.next"))
    for line in (
        f"note-importer doctor {profile}" + (" --test-notification" if recipient else ""),
        f"note-importer check {profile} contacts.xlsx",
        f"note-importer run {profile} contacts.xlsx",
        f"note-importer schedule {profile}{'' if 'between' in chosen else ' --between 02:00-06:00'} exports",
    ):
        say_line(f"  {line}")
    return 0


def _asked(question: Message, usual: str, check: Callable[[str], object], *, hidden: bool = False) -> str:
    """Ask a question until the answer is valid, and return the answer."""
    while True:
        answer = ask_unseen(question) if hidden else ask_for(question, usual)
        try:
            check(answer)
        except BadSettings as error:
            paragraph(error.reason, "  ")
        else:
            return answer


def _check_key(text: str) -> None:
    if text and not can_be_key(text):
        raise BadSettings(say("key.none"))


def _check_window(text: str) -> None:
    if text != "-":
        SETTINGS["between"].read(text)


def _check_recipient(address: str) -> None:
    if address:
        telling.notifications.channel(Recipient(address, say("recipients.this-line")))


@click.command(cls=InGroups)
@click.option("--forget", is_flag=True, help="Remove the key from the key store instead.")
@settings_about(Topic.PLACE)
def login(*, forget: bool, **_: Any) -> int:
    """Store a profile's API key in the system's key store. Type or paste the key; it isn't shown.

    The key is stored for the profile and its address, and used if no other key is given. Without a terminal, the key is
    read from standard input.
    """
    workspace = Options.here().settings.workspace
    if forget:
        kind = "keys.taken-out" if secrets.forget_key(workspace) else "keys.none-there"
        say_line(say(kind, profile=repr(workspace.profile), url=workspace.base_url))
        return 0
    key = ask_unseen(say("keys.ask", profile=repr(workspace.profile), url=workspace.base_url))
    if not can_be_key(key):
        raise BadSettings(say("key.none"))
    store = secrets.keep_key(workspace, key)
    paragraph(say("keys.kept", store=store, profile=repr(workspace.profile), url=workspace.base_url))
    return 0


@click.command(cls=InGroups, name="readings")
@click.argument("name", required=False)
@click.option("--forget", is_flag=True, help="Forget its answers. The next sheet of this kind is asked about again.")
@settings_about("profile")
def show_readings(name: str | None, *, forget: bool, **_: Any) -> int:
    """List the kinds of sheets that the profile can read; with NAME, show the answers for one.

    A kind of sheet is known by its headings. What you answered about one sheet applies to each sheet of its kind.
    """
    profile = Options.here().profile
    if name is None:
        if forget:
            raise BadSettings(say("readings.which-name"))
        known = readings.of_profile(profile)
        for reading in known:
            say_line(_summary(reading))
        say_line(say("readings.how-to-see") if known else say("readings.none-yet"))
        return 0
    if forget:
        say_line(say("readings.is-forgotten", name=repr(readings.forget(profile, name).name), profile=repr(profile)))
        return 0
    reading = readings.one(profile, name)
    say_line(_summary(reading))
    paragraph(say("readings.headings", headings=reading.headings))
    paragraph(say("readings.same-as", settings=reading.as_settings))
    return 0


def _summary(reading: Reading) -> Message:
    return say("readings.listed", n=len(reading.headings), name=repr(reading.name), date=reading.day)


@click.command(cls=InGroups)
@settings_about(Topic.PLACE, Topic.CALLS, "yes", "notify-file", "log-file", "json", also=_CHECKED)
@click.option(
    "--test-notification", is_flag=True, help="Send a test notification to all addresses except ping addresses."
)
@click.option(
    "--live",
    metavar="PROSPECT",
    help="Try out instead what the service does with one private note on this prospect, an ID or an email. The note is "
    "made a draft and stays there, because the API can't delete notes.",
)
def doctor(*, test_notification: bool, live: str | None, **_: Any) -> int:
    """Check everything that can be checked before the first night. Makes one call, which only reads.

    First it shows the settings in force, and the source of each. Flags have priority over the environment, the
    environment over the profile, and the profile over the defaults.

    The exit status is that of a run with the same problems: 0 all is well; 1 something to look at; 2, 3 and 4 as for
    `run`. With --json, the document also has the versions and the settings, for somebody who helps you.
    """
    with reporting("doctor") as out:
        options, settings = out.options, out.options.settings
        say_line(say("cli.workspace", workspace=str(settings.workspace)))
        _show_settings(options)
        if live is None:
            findings = _shown(_findings(options, test_notification=test_notification))
        elif (nothing := _declined(live, options)) is not None:
            say_line(nothing)
            return out.over(2, lambda: telling.documents.failed("doctor", 2, say("live.not-agreed"), nothing))
        else:
            with Stopper() as stopper:
                stopper.arm()
                findings = _shown(operations.live.examine(live, options.settings_with_key, stop=stopper.why))
        status = max(finding.exit_status for finding in findings)
        return out.over(status, lambda: operations.documents.doctor(findings, options.given))


def _show_settings(options: Options) -> None:
    """Print every setting that isn't at its default, below its source. One that can't be used is an error."""
    width, from_source = max(map(len, options.given), default=0), defaultdict[str, list[str]](list)
    for name, given in options.given.items():
        sources.read(options.given, name)  # checks settings that no check below reads, too
        source = render(given.origin) or render(say("doctor.said-now"))
        from_source[source].append(f"  {name:{width}}  {sources.written(given.value)}")
    for source, lines_of_source in from_source.items():
        say_line(say("doctor.source", source=source))
        for line in lines_of_source:
            say_line(line)


def _shown(findings: Iterable[Check]) -> list[Check]:
    """Print findings as they come, and return them."""
    shown = []
    for finding in findings:
        mark = "ok" if not finding.exit_status else "look" if finding.exit_status == 1 else "WRONG"
        paragraph(finding.text, f"  {mark:5}  {finding.about}: ")
        shown.append(finding)
    return shown


def _declined(prospect: str, options: Options) -> Message | None:
    """Return why the note isn't created: nobody agrees to what it leaves behind. None if a person or an option does."""
    paragraph(say("live.leaves", prospect=prospect, workspace=str(options.settings.workspace)))
    return options.refusal(say("live.ask"))


def _findings(options: Options, *, test_notification: bool) -> Iterator[Check]:
    """Yield the findings about the key, those of :mod:`importer.operations.doctor`, and that about notifications."""
    checked, settings = operations.doctor.checked, options.settings
    yield checked("Key", partial(_key, options))
    with contextlib.suppress(BadSettings):  # it is reported already
        settings = sources.with_key(settings, options.given)
    yield from operations.doctor.examine(settings)
    yield checked("Notifications", partial(_notifications, options, is_test=test_notification))


def _key(options: Options) -> Message:
    settings = sources.with_key(options.settings, options.given)
    place, file = as_message(settings.origin.key_place or ""), sources.secret_file(options.given, "api-key-file")
    if file is not None and (warning := who_can_read(file)):
        raise operations.doctor.Look(warning)
    return place if file is not None else say("config.not-for-scheduler", place=place)


def _notifications(options: Options, *, is_test: bool) -> Message:
    channels = options.channels()
    pings = sum(one.ping is not None for one in channels)
    if not channels:
        nobody = say("config.nobody-notified")
        if is_test:
            raise operations.doctor.Look(nobody)
        return nobody
    if not is_test:
        return say("config.addresses", n=len(channels))
    trial = telling.notifications.trial(options.profile)
    if failures := telling.notifications.send(channels, trial):
        raise operations.doctor.Look(lines(*failures))
    sent = [say("config.test-sent")] if len(channels) > pings else []
    return lines(*sent, *([say("config.not-tried", n=pings)] if pings else []))


COMMANDS = (init, login, show_readings, doctor)
