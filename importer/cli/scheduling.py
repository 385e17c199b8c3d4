"""Define the command schedule, which shows what imports files every night, for each scheduler.

Input: files, the window of the night, and a profile. Output: the text to paste into cron, systemd, launchd, Windows'
scheduler, Kubernetes or Airflow.
"""

from __future__ import annotations

import html
import json
import os
import plistlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import click

from importer.cli.manual import InGroups
from importer.cli.options import AnyPath, Options, settings_about
from importer.cli.terminal import paragraph, say_line, with_flags
from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings import KEY_VARIABLE, TimeWindow, sources

_CARRIED_ON = ("NOTE_IMPORTER_PROFILES", "NOTE_IMPORTER_JOURNALS")
_LONGEST_OF_TASK = 260
"""Maximum length of a path in a Windows task, other than in its arguments."""


def _template(name: str) -> str:
    """Return one of the texts in ``schedules/``, whose parts in braces are filled in."""
    return resources.files("importer.cli").joinpath("schedules", name).read_text(encoding="utf-8")


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


def inherited_variables() -> dict[str, str]:
    """Return the environment variables that a scheduled run needs, too. All other settings belong in the profile."""
    return {name: str(Path(os.environ[name]).absolute()) for name in _CARRIED_ON if os.environ.get(name)}


@dataclass(frozen=True)
class Night:
    """Import to run every night.

    Attributes:
        files: paths of files or folders, absolute ones but for Kubernetes.
        profile: the profile's name.
        window: the window of the day.
        program: the command that starts this program.
        variables: the environment variables to set.
        folder: the folder where the import runs; relative paths in the profile then mean the same as in a run by hand.

    Raises:
        BadSettings: a text holds a line break, a control character or the like. No scheduler is asked to hold one,
            because what follows it could become a command.
    """

    files: Sequence[str]
    profile: str
    window: TimeWindow
    program: Sequence[str] = field(default_factory=this_program)
    variables: Mapping[str, str] = field(default_factory=inherited_variables)
    folder: str = field(default_factory=os.getcwd)

    def __post_init__(self) -> None:
        for text in (*self.files, self.folder, self.profile, *self.program, *self.variables.values()):
            if not text.isprintable():
                raise BadSettings(say("schedule.line-break", text=repr(text)))

    @property
    def name(self) -> str:
        """Name of the import in the scheduler. Any other sign than a letter, a digit, a dot or a dash is a dash."""
        return "note-importer-" + (re.sub(r"[^A-Za-z0-9.]+", "-", self.profile).strip("-.") or "profile")

    @property
    def cron(self) -> str:
        """Time at which the window opens, as cron writes it."""
        return f"{self.window.opens.minute} {self.window.opens.hour} * * *"

    def run(self, *more: str) -> list[str]:
        """Return the arguments of the import, without the program."""
        flags = ["--profile", self.profile, "--between", str(self.window), "--yes", *more]
        return ["run", *flags, "--", *self.files]


def text_for(night: Night, system: System) -> str:
    """Return what to paste into a scheduler.

    Raises:
        BadSettings: the scheduler can't hold one of the texts.
    """
    texts: Mapping[System, Callable[[Night], str]] = {
        System.CRON: _cron,
        System.SYSTEMD: _systemd,
        System.LAUNCHD: _launchd,
        System.WINDOWS: _windows,
        System.KUBERNETES: _kubernetes,
        System.AIRFLOW: _airflow,
    }
    return texts[system](night)


def _cron(night: Night) -> str:
    """Return a comment and a line. cron mails whatever is printed, so nothing is printed if all is well."""
    variables = [f"{name}={_cron_word(value)}" for name, value in night.variables.items()]
    words = [*variables, *map(_cron_word, [*night.program, *night.run("--quiet")])]
    return f"# {night.name}\n{night.cron} cd {_cron_word(night.folder)} && {' '.join(words)}\n"


def _cron_word(word: str) -> str:
    r"""Return a word quoted for the shell, and for cron, which ends a command at a bare ``%``, even within quotes.

    cron reads ``\%`` as ``%``, and some of them ``\\`` as ``\``. So after a backslash, quotes are closed and opened.
    """
    return shlex.quote(word).replace("\\", "\\''").replace("%", r"\%")


def _systemd(night: Night) -> str:
    variables = (_systemd_word(f"{name}={value}") for name, value in night.variables.items())
    program, *words = [*night.program, *night.run()]
    if not set("\"'\\").isdisjoint(program):
        raise BadSettings(say("schedule.program", program=program))
    return _template("systemd.txt").format(
        name=night.name,
        variables="".join(f"Environment={variable}\n" for variable in variables),
        folder=night.folder.replace("%", "%%") + "/",  # otherwise a backslash at its end continues the line
        command=" ".join([_systemd_word(program), *(_systemd_word(word).replace("$", "$$") for word in words)]),
        opens=f"{night.window.opens:%H:%M}",
    )


def _systemd_word(word: str) -> str:
    """Return one word quoted for systemd, which expands ``%``. In a command's arguments, it also expands ``$``."""
    escaped = word.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _launchd(night: Night) -> str:
    agent = {
        "Label": night.name,
        "ProgramArguments": [*night.program, *night.run("--quiet")],
        "EnvironmentVariables": dict(night.variables),
        "WorkingDirectory": night.folder,
        "StartCalendarInterval": {"Hour": night.window.opens.hour, "Minute": night.window.opens.minute},
    }
    return plistlib.dumps(agent, sort_keys=False).decode()


def _windows(night: Night) -> str:
    if night.variables:
        raise BadSettings(say("schedule.variables", variables=", ".join(night.variables)))
    program, *words = [*night.program, *night.run("--quiet")]
    for word in (program, *words, night.folder):
        if word.count("%") > 1:
            raise BadSettings(say("schedule.percent", word=repr(word)))
    for path in (program, night.folder):
        if len(path) > _LONGEST_OF_TASK:
            raise BadSettings(say("schedule.long-path", path=path, count=str(_LONGEST_OF_TASK)))
    parts = {"program": program, "arguments": subprocess.list2cmdline(words), "folder": night.folder}
    texts = {name: html.escape(text, quote=False) for name, text in parts.items()}
    text = _template("windows.xml").format(opens=f"{night.window.opens:%H:%M}", **texts)
    return text.encode("ascii", "xmlcharrefreplace").decode()  # ASCII is valid in any encoding of the file


def _kubernetes(night: Night) -> str:
    """Return a CronJob. Its container starts the program by itself, and has the files at the paths that were named."""
    arguments = [word.replace("$", "$$") for word in night.run()]  # otherwise it fills in $(NAME)
    name = re.sub(r"[^a-z0-9]+", "-", night.name.lower())[:52].strip("-")
    written = json.dumps(arguments, ensure_ascii=False)
    return _template("kubernetes.yaml").format(name=name, cron=night.cron, arguments=written)


def _airflow(night: Night) -> str:
    command, variables = ascii([*night.program, *night.run()]), ascii(dict(night.variables))
    parts = {"command": command, "variables": variables, "folder": ascii(night.folder), "name": ascii(night.name)}
    return _template("airflow.py.txt").format(cron=night.cron, **parts)


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

    The import starts when the time window opens (`between`). Until the window closes, it waits for the API and for
    files that somebody is working on. All other settings belong in the profile.
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
            if "://" not in name and not Path(name).exists():
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
    given = sources.gather({"profile": options.profile}, ["profile", "api-key-file"])
    if "api-key-file" not in given or not given["api-key-file"].is_of_profile:
        yield say("schedule.key", variable=KEY_VARIABLE, profile=repr(options.profile))
    inherited = inherited_variables()
    if ignored := [name for name in sorted(os.environ) if name.startswith("NOTE_IMPORTER_") and name not in inherited]:
        yield say("schedule.lost", lost=", ".join(ignored))


COMMANDS = (schedule,)
