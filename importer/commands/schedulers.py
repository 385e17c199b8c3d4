"""Know the schedulers that start an import every night, and look up what is installed there, without changing anything.

Input: the scheduler's own files, and answers of its tool. Output: each installed import. What is installed is found by
its name: :mod:`importer.cli.scheduler_installing` gives each the name of its profile.
"""

from __future__ import annotations

import contextlib
import errno
import html
import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from importer.errors import BadSettings
from importer.messages import say
from importer.settings import TimeWindow

_PREFIX = "note-importer-"
_PATIENCE = 5.0
"""Seconds that all questions to a scheduler may take together."""
_CRON = re.compile(rf"(?!#)(\S+) (\S+) (\S+ \S+ \S+) (.*) # ({_PREFIX}\S+)")
_WINDOW = re.compile(r"-{2}between\W+(\d\d:\d\d-\d\d:\d\d)")
_TIME_OF_TIMER = re.compile(r"^OnCalendar=.*?(\d\d?:\d\d)", re.MULTILINE)
_COMMAND_OF_SERVICE = re.compile(r"^ExecStart=(.*)$", re.MULTILINE)
_STATES = frozenset({"active", "activating", "reloading", "deactivating", "inactive", "failed"})
_NAME_OF_TASK = re.compile(rf'^"\\?({_PREFIX}[^"\\]+)"', re.MULTILINE)
_OF_TASK = {name: re.compile(rf"<{name}>([^<]*)</{name}>") for name in ("StartBoundary", "Command", "Arguments")}
_IS_OFF = re.compile(r"<Settings>.*<Enabled>false</Enabled>.*</Settings>", re.DOTALL | re.IGNORECASE)


class System(StrEnum):
    """Scheduler that starts programs at a time of day."""

    CRON = "cron"
    SYSTEMD = "systemd"
    WINDOWS = "windows"
    MACOS = "macos"

    @classmethod
    def here(cls) -> System:
        """Return the scheduler of this system."""
        if os.name == "nt":
            return cls.WINDOWS
        if sys.platform == "darwin":
            return cls.MACOS
        return cls.SYSTEMD if Path("/run/systemd/system").exists() else cls.CRON


@dataclass(frozen=True)
class InstalledNight:
    """An import that a scheduler starts every night.

    Attributes:
        name: the name under which it is installed.
        at: the time of day at which it starts, as the scheduler has it; empty if that can't be read.
        command: the command that is started.
        is_on: whether the scheduler starts it; None if that isn't known.
    """

    name: str
    at: str
    command: str
    is_on: bool | None = True

    @property
    def profile(self) -> str:
        """Name of its profile, in which signs other than letters and digits are dashes."""
        return self.name.removeprefix(_PREFIX)

    @property
    def window(self) -> TimeWindow | None:
        """Window of the day in which it works; None if the command names none."""
        found = _WINDOW.search(self.command)
        with contextlib.suppress(BadSettings):
            return None if found is None else TimeWindow.parse(found[1])
        return None


def name_for(profile: str) -> str:
    """Return the name under which a profile's import is installed in the scheduler."""
    return _PREFIX + (re.sub(r"[^A-Za-z0-9_.-]+", "-", profile).strip("-") or "profile")


def folder_of(system: System) -> Path | None:
    """Return this user's folder for a scheduler's files; None if the scheduler keeps them itself."""
    if system is System.MACOS:
        return Path.home() / "Library" / "LaunchAgents"
    if system is System.SYSTEMD:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    return None


def domain() -> str:
    """Return launchd's name for the session of this user."""
    return f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui"


def installed(system: System) -> Sequence[InstalledNight]:
    """Return the imports that are installed for this user.

    Raises:
        BadSettings: the scheduler doesn't say what is installed, or not within five seconds.
    """
    readers: Mapping[System, Callable[[_Tool], Iterator[InstalledNight]]] = {
        System.CRON: _of_cron,
        System.SYSTEMD: _of_systemd,
        System.WINDOWS: _of_windows,
        System.MACOS: _of_macos,
    }
    try:
        return [*readers[system](_Tool())]
    except OSError as error:
        raise BadSettings(say("nights.unknown", why=error.strerror or str(error))) from error


def installed_here() -> Sequence[InstalledNight]:
    """Return the imports that are installed for this user, be it for systemd or, on the same machine, for cron.

    Raises:
        BadSettings: see :func:`installed`.
    """
    system = System.here()
    has_cron = system is System.SYSTEMD and shutil.which("crontab") is not None
    return [*installed(system), *(installed(System.CRON) if has_cron else ())]


class _Tool:
    """A scheduler's tool, which answers within a time."""

    def __init__(self) -> None:
        self._until = time.monotonic() + _PATIENCE

    def says(self, *command: str) -> tuple[int, str]:
        """Return the exit status of the tool, and its output.

        Raises:
            OSError: the tool isn't there, or takes too long.
        """
        try:
            done = subprocess.run(  # noqa: S603 - the scheduler's own tool
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=max(0.1, self._until - time.monotonic()),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), command[0]) from error
        return done.returncode, done.stdout.decode("oem" if os.name == "nt" else "utf-8", "replace")


def _of_cron(tool: _Tool) -> Iterator[InstalledNight]:
    status, table = tool.says("crontab", "-l")
    if status and "no crontab" not in table:
        raise OSError(table.strip())
    for line in table.splitlines():
        if (found := _CRON.fullmatch(line)) is not None:
            minute, hour, days, command, name = found.groups()
            is_daily = minute.isdecimal() and hour.isdecimal() and days == "* * *"
            at = f"{hour:0>2}:{minute:0>2}" if is_daily else f"{minute} {hour} {days}"
            yield InstalledNight(name, at, command.replace(r"\%", "%"))


def _of_systemd(tool: _Tool) -> Iterator[InstalledNight]:
    timers = sorted((folder_of(System.SYSTEMD) or Path()).glob(f"{_PREFIX}*.timer"))
    if not timers:
        return
    _, answer = tool.says("systemctl", "--user", "is-active", *(timer.name for timer in timers))
    states = answer.split()
    are_known = len(states) == len(timers) and _STATES.issuperset(states)
    for number, timer in enumerate(timers):
        at = _TIME_OF_TIMER.search(timer.read_text(encoding="utf-8", errors="replace"))
        service = timer.with_suffix(".service")
        unit = service.read_text(encoding="utf-8", errors="replace") if service.is_file() else ""
        command = _COMMAND_OF_SERVICE.search(unit)
        is_on = states[number] == "active" if are_known else None
        yield InstalledNight(timer.stem, at[1] if at else "", command[1] if command else "", is_on)


def _of_macos(tool: _Tool) -> Iterator[InstalledNight]:
    for path in sorted((folder_of(System.MACOS) or Path()).glob(f"{_PREFIX}*.plist")):
        try:
            agent = plistlib.loads(path.read_bytes())
            start = agent["StartCalendarInterval"]
            at, command = f"{start['Hour']:02}:{start['Minute']:02}", shlex.join(map(str, agent["ProgramArguments"]))
        except (ValueError, LookupError, TypeError, plistlib.InvalidFileException):
            at = command = ""
        status, _ = tool.says("launchctl", "print", f"{domain()}/{path.stem}")
        yield InstalledNight(path.stem, at, command, status == 0)


def _of_windows(tool: _Tool) -> Iterator[InstalledNight]:
    status, listed = tool.says("schtasks", "/Query", "/FO", "CSV", "/NH")
    if status:
        raise OSError(listed.strip())
    for name in dict.fromkeys(_NAME_OF_TASK.findall(listed)):
        status, task = tool.says("schtasks", "/Query", "/TN", name, "/XML")
        found = {part: pattern.search(task) for part, pattern in _OF_TASK.items()}
        parts = {part: html.unescape(match[1]) if match else "" for part, match in found.items()}
        at = parts["StartBoundary"].partition("T")[2][:5]
        command = f"{parts['Command']} {parts['Arguments']}".strip()
        yield InstalledNight(name, at, command, None if status else _IS_OFF.search(task) is None)
