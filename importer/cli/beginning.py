"""Define init, the command that writes a profile by asking a few questions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from importer import commands
from importer.cli.terminal import argument, ask, ask_for, ask_unseen, paragraph, say_line, with_flags
from importer.errors import BadSettings, ImporterError
from importer.messages import Message, say
from importer.settings import (
    LIVE,
    SETTINGS,
    Recipient,
    Settings,
    default_journal,
    journal_place,
    keystore,
    make_private_folder,
    profiles,
    sources,
)
from importer.settings.kinds import AnyFile
from importer.settings.secrets import WHAT_A_KEY_IS, can_be_key

_Value = TypeVar("_Value")

_HINTS = {
    "map": 'map = { content = "Call summary" }',
    "key-column": 'key-column = "Call ID"',
    "rate": 'rate = "20/1s"',
    "max-notes": "max-notes = 5000",
}
"""Settings that a new profile suggests in comments."""


@click.command()
def init() -> int:
    """Create a profile by answering a few questions: the key, the time window, the notifications. Sends nothing.

    Writes a profile with comments, which you may edit afterwards, and confirms the workspace. The first import as this
    profile then needs nobody at the terminal. If NOTE_IMPORTER_JOURNAL names a journal that several machines share, the
    workspace is confirmed for all of them.
    """
    try:
        return _init()
    except click.Abort:
        say_line(err=True)
        say_line(say("init.nothing-written"), err=True)
        return 2


def _init() -> int:
    paragraph(say("init.few-questions"))
    say_line()
    journal = sources.read(sources.gather({}, ["journal"]), "journal") or default_journal()
    name = _asked(say("init.ask-name"), "night", _new_name)
    chosen: dict[str, object] = {}
    address = _asked(say("init.ask-address"), LIVE, lambda text: str(SETTINGS["base-url"].read(text)))
    if address != LIVE:
        chosen["base-url"] = address
    _ask_visibility(chosen)
    guard_question = say("init.ask-guard")
    if share := _asked(guard_question, "20%", lambda text: _checked("max-invalid", text)):
        chosen["max-invalid"] = chosen["max-unknown"] = share
    hours = _asked(say("init.ask-hours"), "02:00-06:00", lambda text: _checked("between", text))
    if archive := _asked(say("init.ask-archive"), "", _folder):
        chosen["archive"] = archive
    chosen["results-name"] = "{name}.{date}.results.xlsx"
    key = _asked_unseen(say("init.ask-key"))
    recipient = _asked(say("init.ask-notify"), "", _recipient)
    in_store = bool(key) and keystore.is_there() and ask(say("init.ask-key-store"))
    settings = Settings(profile=name, base_url=address, journal=journal)
    return _write(settings, chosen, key, recipient, in_store=in_store, hours=hours)


def _write(
    settings: Settings, chosen: dict[str, object], key: str, recipient: str, *, in_store: bool, hours: str
) -> int:
    """Write the profile and its files, confirm the workspace, and print the next steps."""
    name = settings.profile
    if isinstance(archive := AnyFile().read(chosen.get("archive", ".")), Path):
        try:
            make_private_folder(archive)
        except OSError as error:
            raise BadSettings(
                say("init.folder-not-made", archive=str(archive), error=error.strerror or str(error))
            ) from error
    if key and not in_store:
        chosen["api-key-file"] = str(profiles.keep_beside(f"{name}.key", key))
    if recipient:
        chosen["notify-file"] = str(profiles.keep_beside(f"{name}.notify", recipient))
    key_file = profiles.beside(f"{name}.key")
    hints = _HINTS if key else {"api-key-file": f"api-key-file = {json.dumps(str(key_file))}", **_HINTS}
    path = profiles.make(name, chosen, hints)
    if in_store:
        keystore.keep(settings.workspace, key)
    say_line()
    paragraph(say("init.written", name=repr(name), path=str(path)))
    status = _confirm(settings)
    profile = f"--profile {argument(name)}"
    if not key:
        paragraph(say("init.key-missing", file=str(key_file), profile=profile))
    if recipient and commands.notifications.lacks_package(recipient):
        paragraph(say("init.needs-package"))
    say_line(say("init.next"))
    for line in (
        f"note-importer doctor {profile}" + (" --test-notification" if recipient else ""),
        f"note-importer check {profile} contacts.xlsx",
        f"note-importer run {profile} contacts.xlsx",
        f"note-importer schedule {profile} --between {hours or '02:00-06:00'} exports",
    ):
        say_line(f"  {line}")
    return status


def _confirm(settings: Settings) -> int:
    """Record that the workspace is confirmed, and say where if the journal is shared; return the exit status."""
    try:
        commands.workspaces.confirm(settings)
    except ImporterError as error:
        paragraph(say("init.not-confirmed", why=with_flags(error.message)))
        paragraph(say("init.asks-once-more"))
        return error.exit_status
    if not isinstance(place := journal_place(settings.journal), Path):
        paragraph(say("init.confirmed", place=str(place)))
    return 0


def _asked(question: Message, usual: str, read: Callable[[str], _Value]) -> _Value:
    """Ask a question until the answer is valid, and return the answer."""
    while True:
        try:
            return read(ask_for(question, usual))
        except BadSettings as error:
            paragraph(error.reason, "  ")


def _asked_unseen(question: Message) -> str:
    while True:
        key = ask_unseen(question)
        if not key or can_be_key(key):
            return key
        paragraph(say("keys.no-key", why=WHAT_A_KEY_IS), "  ")


def _checked(setting: str, text: str) -> str:
    """Return the text if it is valid for the setting, or an empty text for a dash. Otherwise raise BadSettings."""
    if text == "-":
        return ""
    SETTINGS[setting].read(text)
    return text


def _folder(folder: str) -> str:
    """Return a folder's absolute path if it exists or can be made."""
    if not folder or not isinstance(AnyFile().read(folder), Path):  # a URL is already absolute, and needs no folder
        return folder
    path = Path(folder).expanduser().absolute()
    if not next(place for place in (path, *path.parents) if place.exists()).is_dir():
        raise BadSettings(say("init.no-folder", path=str(path)))
    return str(path)


def _recipient(address: str) -> str:
    """Return the address after checking it. Skip the check if its package is missing, which may be installed later."""
    if address and not commands.notifications.lacks_package(address):
        commands.notifications.Notifier.to([Recipient(address, say("recipients.this-line"))])
    return address


def _new_name(name: str) -> str:
    profiles.check_new(name)
    return name


def _ask_visibility(chosen: dict[str, object]) -> None:
    def read(text: str) -> str:
        if text == "problem":
            return ""
        SETTINGS["default-visibility"].read(text)
        return text

    if visibility := _asked(say("init.ask-visibility"), "problem", read):
        chosen["default-visibility"] = visibility


COMMANDS = (init,)
