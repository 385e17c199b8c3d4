"""Define the commands for use before the first night: init, login, readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import importing, operations, telling
from importer.cli.asking import which_workspace
from importer.cli.manual import InGroups
from importer.cli.options import Options, settings_about
from importer.cli.terminal import argument, ask_for, ask_unseen, paragraph, say_line
from importer.errors import BadSettings
from importer.files import make_private_folder
from importer.messages import Message, say
from importer.models import Workspace
from importer.settings import SETTINGS, Settings, Topic, profiles, readings, secrets, sources
from importer.settings.address import LIVE, default_journal, journal_place
from importer.settings.kinds import any_file
from importer.settings.secrets import Recipient, can_be_key

if TYPE_CHECKING:
    from importer.settings.reading import Reading


_LARGEST_SHARE = "20%"
"""Share of rows with problems or unknown prospects from which a new profile refuses a file."""


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
    with importing.workspaces.opened(settings):  # a journal that can't be used is said before anything else is asked
        say_line(say("cli.workspace", workspace=str(settings.workspace)))
    chosen: dict[str, object] = {"base-url": settings.base_url} if settings.base_url != LIVE else {}
    chosen["max-invalid"] = _LARGEST_SHARE
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
    with importing.workspaces.opened(settings) as journal:
        unclear = importing.workspaces.unconfirmed(journal, settings)
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
    """Confirm the workspace, write the profile and its files, and print the next steps."""
    name = settings.profile
    if isinstance(archive := any_file(chosen.get("archive", ".")), Path):
        try:
            make_private_folder(archive)
        except OSError as error:
            raise BadSettings(
                say("init.folder-not-made", archive=str(archive), error=error.strerror or str(error))
            ) from error
    importing.workspaces.confirm(replace(settings, key=key), meant)
    if key:
        chosen["api-key-file"] = str(profiles.keep_beside(f"{name}.key", key))
    if recipient:
        chosen["notify-file"] = str(profiles.keep_beside(f"{name}.notify", recipient))
    key_file = profiles.beside(f"{name}.key")
    profiles.make(name, chosen, {} if key else {"api-key-file": str(key_file)})
    say_line()
    paragraph(say("init.written", name=repr(name), path=str(profiles.profiles_file())))
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


COMMANDS = (init, login, show_readings)
