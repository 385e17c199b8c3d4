"""Define the command schedule, which shows what imports files every night, for each scheduler.

Input: files, the window of the night, and a profile. Output: the text to paste into cron, systemd, launchd, Windows'
scheduler, Kubernetes or Airflow.
"""

from __future__ import annotations

import glob
import html
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import click

from importer.cli.options import AnyPath, InGroups, Options, settings_about
from importer.cli.terminal import paragraph, say_line, with_flags
from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings import SETTINGS, sources
from importer.settings.kinds import TimeWindow
from importer.settings.secrets import KEY_VARIABLE

_READ = r"""["'$%`]""" if os.name == "nt" else r"""["'$%`\\]"""
"""Pattern of the signs that a scheduler reads in a way of its own, however they are quoted."""


class System(StrEnum):
    """Scheduler that starts programs at a time of day."""

    CRON = "cron"
    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    WINDOWS = "windows"
    KUBERNETES = "kubernetes"
    AIRFLOW = "airflow"

    @classmethod
    def here(cls) -> System:
        """Return the scheduler of this system."""
        if os.name == "nt":
            return cls.WINDOWS
        if sys.platform == "darwin":
            return cls.LAUNCHD
        return cls.SYSTEMD if Path("/run/systemd/system").exists() else cls.CRON


def this_program() -> list[str]:
    """Return the command that starts this program, for any user and in any folder."""
    script = Path(sys.executable).with_name("note-importer" + (".exe" if os.name == "nt" else ""))
    return [str(script)] if script.exists() else [sys.executable, "-P", "-m", "importer"]


@dataclass(frozen=True)
class Night:
    """Import to run every night.

    Attributes:
        files: paths of files or folders, absolute ones but for Kubernetes.
        profile: the profile's name.
        window: the window of the day.
        program: the command that starts this program.
        folder: the folder where the import runs; relative paths in the profile then mean the same as in a run by hand.

    Raises:
        BadSettings: a text holds a character that a scheduler would interpret. What follows it could become a
            command.
    """

    files: Sequence[str]
    profile: str
    window: TimeWindow
    program: Sequence[str] = field(default_factory=this_program)
    folder: str = field(default_factory=os.getcwd)

    def __post_init__(self) -> None:
        for text in (*self.files, self.folder, self.profile, *self.program):
            if re.search(_READ, text) or not text.isprintable():
                raise BadSettings(say("schedule.sign", text=repr(text)))

    @property
    def name(self) -> str:
        """Name of the import in the scheduler. Any other sign than a letter, a digit, a dot or a dash is a dash."""
        return "note-importer-" + (re.sub(r"[^A-Za-z0-9.]+", "-", self.profile).strip("-.") or "profile")

    def run(self, *more: str) -> list[str]:
        """Return the arguments of the import, without the program."""
        flags = ["--profile", self.profile, "--between", str(self.window), "--yes", *more]
        return ["run", *flags, "--", *self.files]


def text_for(night: Night, system: System) -> str:
    """Return what to paste into a scheduler. cron and others mail whatever is printed, so only trouble is printed."""
    is_mailed = system in (System.CRON, System.LAUNCHD, System.WINDOWS)
    words = [*night.program, *night.run(*["--quiet"] * is_mailed)]
    parts = {"name": night.name, "folder": night.folder, "program": words[0]}
    match system:
        case System.CRON:
            command = shlex.join(words)
            parts["folder"] = shlex.quote(night.folder)
        case System.SYSTEMD:
            command = " ".join(f'"{word}"' for word in words)
        case System.LAUNCHD:
            command = "".join(f"<string>{_in_xml(word)}</string>" for word in words)
            parts["folder"] = _in_xml(night.folder)
        case System.WINDOWS:
            command = _in_xml(subprocess.list2cmdline(words[1:]))
            parts |= {"folder": _in_xml(night.folder), "program": _in_xml(words[0])}
        case System.KUBERNETES:  # its container starts the program by itself
            command = json.dumps(night.run(), ensure_ascii=False)
            parts["name"] = re.sub(r"[^a-z0-9]+", "-", night.name.lower())[:52].strip("-")
        case System.AIRFLOW:
            command = ascii(words)
            parts |= {"name": ascii(night.name), "folder": ascii(night.folder)}
    template = resources.files("importer.cli").joinpath("schedules", f"{system}.txt").read_text(encoding="utf-8")
    return template.format(command=command, opens=night.window.opens, **parts)


def _in_xml(text: str) -> str:
    """Return text for an XML file, in ASCII, which is valid in any encoding of the file."""
    return html.escape(text, quote=False).encode("ascii", "xmlcharrefreplace").decode()


@click.command(cls=InGroups)
@click.argument("files", nargs=-1, type=AnyPath())
@settings_about("profile", "between")
@click.option(
    "--system",
    type=click.Choice([system.value for system in System]),
    help="The scheduler to write for. Default: this system's.",
)
def schedule(*, files: tuple[Path, ...], system: str | None, **_: Any) -> int:
    """Show what to paste into a scheduler to import FILES every night. FILES are usually folders.

    The import starts when the time window opens (`between`). Until the window closes, it waits for the API, and for
    another import of the workspace. All other settings belong in the profile.
    """
    options = Options.here()
    scheduler = System(system) if system else System.here()
    if not files:
        raise click.UsageError(with_flags(say("schedule.say-what")))
    window = sources.read(options.given, "between")
    if window is None:
        raise BadSettings(say("schedule.say-when"))
    if scheduler is System.KUBERNETES:  # the files are in the container
        named = [file.as_posix() for file in files]
    else:
        named = [str(file.absolute()) for file in files]
        for name in named:
            if "://" not in name and not Path(name).exists() and not glob.has_magic(name):
                raise BadSettings(say("schedule.no-file", file=name))
    night = Night(named, options.profile, window)
    for line in text_for(night, scheduler).rstrip("\n").split("\n"):
        say_line(line)
    paragraph(say(f"schedule.to-install.{scheduler}", name=night.name), err=True)
    for note in _missed_at_night(options):
        paragraph(note, "Note: ", err=True)
    return 0


def _missed_at_night(options: Options) -> Iterator[Message]:
    """Yield notes about settings of this session that a scheduler's session lacks."""
    given = sources.gather({"profile": options.profile}, SETTINGS, {})
    if "api-key-file" not in given:
        yield say("schedule.key", variable=KEY_VARIABLE, profile=repr(options.profile))
    lasting = {(SETTINGS[name].variable, sources.written(one.value)) for name, one in given.items()}
    if ignored := sorted(name for name, _ in os.environ.items() - lasting if name.startswith("NOTE_IMPORTER_")):
        yield say("schedule.lost", lost=", ".join(ignored))


COMMANDS = (schedule,)
