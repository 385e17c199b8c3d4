"""Make the files that run a profile's import every night: a cron line, a systemd timer, a macOS agent, a Windows task.

Input: the program, the files to import, the profile, and the window of the day. Output: texts to install, with every
path and quote escaped for that system. Each repeats a run that stopped before its end (exit status 3) while the window
is open. Other runs aren't repeated, because only a person can help there.
"""

from __future__ import annotations

import html
import os
import plistlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from importer import commands
from importer.commands.schedulers import System, name_for
from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings import TimeWindow, make_private_folder

PAUSE = 600
"""Seconds between two tries."""

_CARRIED_ON = ("NOTE_IMPORTER_PROFILES", "NOTE_IMPORTER_JOURNALS")
_LONGEST_OF_TASK = 260
"""Maximum length of a path in a Windows task, other than in its arguments."""
_TASK = """\
<Task xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task" version="1.2">
  <RegistrationInfo>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2025-01-01T{opens}:00</StartBoundary>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>P1D</ExecutionTimeLimit>
  </Settings>
  <Actions>
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


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
        files: absolute paths of files, folders or patterns.
        profile: the profile's name.
        window: the window of the day.
        program: the command that starts this program.
        variables: the environment variables to set.
        folder: the folder where the import runs; relative paths in the profile then mean the same as in a run by hand.
    """

    files: Sequence[Path]
    profile: str
    window: TimeWindow
    program: Sequence[str] = field(default_factory=this_program)
    variables: Mapping[str, str] = field(default_factory=inherited_variables)
    folder: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        for text in (*map(str, self.files), str(self.folder), self.profile, *self.program, *self.variables.values()):
            if not text.isprintable():
                raise BadSettings(say("units.line-break", text=repr(text)))

    @property
    def name(self) -> str:
        """Name under which the import is installed in the scheduler."""
        return name_for(self.profile)

    @property
    def run(self) -> list[str]:
        """Arguments of the import, without the program."""
        return self._run()

    @property
    def repeated(self) -> list[str]:
        """Arguments that make this program repeat the import, for schedulers that can't tell exit statuses apart.

        cron mails whatever is printed, so nothing is printed if all is well.
        """
        return ["repeat", "--between", str(self.window), "--every", f"{PAUSE // 60}m", *self._run("--quiet")]

    def _run(self, *more: str) -> list[str]:
        flags = ["--profile", self.profile, "--between", str(self.window), "--yes", *more]
        return ["run", *flags, "--", *map(str, self.files)]


@dataclass(frozen=True)
class SchedulerFile:
    """File to install, or a line of one.

    Attributes:
        name: the file's name.
        text: the file's content.
        install: instructions for installing it.
    """

    name: str
    text: str
    install: Message


def files_of(night: Night, system: System) -> list[SchedulerFile]:
    """Return the files to install on a system."""
    makers: Mapping[System, Callable[[Night], list[SchedulerFile]]] = {
        System.CRON: _cron,
        System.SYSTEMD: _systemd,
        System.WINDOWS: _windows,
        System.MACOS: _macos,
    }
    return makers[system](night)


def write(scheduler_file: SchedulerFile, folder: Path) -> Path:
    """Write a file into a folder, replacing an existing one; return its path.

    Raises:
        BadSettings: the file can't be written there.
    """
    path = folder / scheduler_file.name
    try:
        make_private_folder(folder)
        path.write_text(scheduler_file.text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadSettings(say("units.not-written", path=str(path), error=error.strerror or str(error))) from error
    return path


def _cron(night: Night) -> list[SchedulerFile]:
    variables = [f"{name}={_cron_word(value)}" for name, value in night.variables.items()]
    words = [*variables, *map(_cron_word, [*night.program, *night.repeated])]
    command = f"cd {_cron_word(str(night.folder))} && {' '.join(words)}"
    opens = night.window.opens
    line = f"{opens.minute} {opens.hour} * * * {command}\n"
    return [SchedulerFile(f"{night.name}.cron", line, say("units.crontab"))]


def _cron_word(word: str) -> str:
    r"""Return one word quoted for cron's shell.

    cron ends the command at a bare %, even within quotes, and takes the backslash from ``\%``, in some versions also
    from ``\\``. So each % stands alone as ``\%``, and no backslash of the word stands before a backslash or a %.
    """
    return shlex.quote(word).replace("\\", "\\''").replace("%", r"'\%'" if shlex.quote(word) != word else r"\%")


def _systemd(night: Night) -> list[SchedulerFile]:
    opens, closes = (f"{at:%H%M}" for at in (night.window.opens, night.window.closes))
    operator = "&&" if night.window.opens < night.window.closes else "||"
    is_open = f't=$(date +%H%M); [ "$t" -ge {opens} ] {operator} [ "$t" -lt {closes} ]'
    tries = dict([commands.hours.Tries(night.window, PAUSE).variable])
    service = [
        "[Unit]",
        f'Description=Import of notes (profile "{_specifiers(night.profile)}")',  # a \ at its end would join the lines
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        *(
            f"Environment={_systemd_word(f'{name}={value}', variables=False)}"
            for name, value in {**night.variables, **tries}.items()
        ),
        f"WorkingDirectory={_specifiers(str(night.folder))}/",
        "# Outside the window, nothing starts or repeats.",
        f"ExecCondition=/bin/sh -c {_systemd_word(is_open)}",
        f"ExecStart={' '.join(map(_systemd_word, [*night.program, *night.run]))}",
        "# 3: stopped before the end, to be continued. 2 and 4 need your attention, and are not repeated.",
        "Restart=on-abnormal",
        "RestartForceExitStatus=3",
        f"RestartSec={PAUSE}",
        "# It stops within 30 seconds when asked to.",
        "TimeoutStopSec=60",
    ]
    timer = [
        "[Unit]",
        f"Description=Starts {night.name}.service",
        "",
        "[Timer]",
        f"OnCalendar=*-*-* {night.window.opens:%H:%M}:00",
        "# If the machine was off or asleep, it starts later, if the window is still open.",
        "Persistent=true",
        "AccuracySec=1min",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    install = say("units.systemd", night=night.name)
    return [
        SchedulerFile(f"{night.name}.service", "\n".join(service) + "\n", install),
        SchedulerFile(f"{night.name}.timer", "\n".join(timer) + "\n", install),
    ]


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _systemd_word(word: str, *, variables: bool = True) -> str:
    """Return one word quoted for systemd, which expands ``%``, and in a command also ``$``."""
    escaped = _specifiers(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("$", "$$") if variables else escaped}"'


def _macos(night: Night) -> list[SchedulerFile]:
    agent = {
        "Label": night.name,
        "ProgramArguments": [*night.program, *night.repeated],
        "EnvironmentVariables": dict(night.variables),
        "WorkingDirectory": str(night.folder),
        "StartCalendarInterval": {"Hour": night.window.opens.hour, "Minute": night.window.opens.minute},
    }
    text = plistlib.dumps(agent, sort_keys=False).decode()
    return [SchedulerFile(f"{night.name}.plist", text, say("units.macos", night=night.name))]


def _windows(night: Night) -> list[SchedulerFile]:
    if night.variables:
        raise BadSettings(say("units.variables", variables=", ".join(night.variables)))
    program, folder = night.program[0], str(night.folder)
    for word in (*night.program, *night.repeated, folder):
        if word.count("%") > 1:
            raise BadSettings(say("units.percent", word=repr(word)))
    for path in (program, folder):
        if len(path) > _LONGEST_OF_TASK:
            raise BadSettings(say("units.long-path", path=path, count=str(_LONGEST_OF_TASK)))
    parts = {
        "description": f"Import of notes, profile {night.profile}",
        "program": program,
        "arguments": subprocess.list2cmdline([*night.program[1:], *night.repeated]),
        "folder": folder,
    }
    texts = {name: html.escape(text, quote=False) for name, text in parts.items()}
    text = _TASK.format(opens=f"{night.window.opens:%H:%M}", **texts)
    text = text.encode("ascii", "xmlcharrefreplace").decode()  # ASCII is valid in any encoding of the file
    return [SchedulerFile(f"{night.name}.xml", text, say("units.windows", night=night.name))]
