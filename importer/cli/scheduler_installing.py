"""Install what starts an import every night into this user's own scheduler, or remove it, by the scheduler's tool.

Input: the files of :mod:`importer.cli.scheduler_files`, and the name under which they are installed. Output: files in
the scheduler's folder, and its tool called. A line of the crontab is found again by the name, in a comment at its end.
"""

from __future__ import annotations

import getpass
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from importer.cli import scheduler_files
from importer.cli.scheduler_files import SchedulerFile
from importer.commands.schedulers import System, domain, folder_of
from importer.errors import BadSettings
from importer.messages import say


def install(name: str, files: Sequence[SchedulerFile], system: System) -> None:
    """Install the files; whatever was installed under this name before is replaced.

    Raises:
        BadSettings: a file can't be written, or the scheduler's tool isn't there or refuses.
    """
    if system is System.CRON:
        _set_crontab([*_others(name), f"{files[0].text.rstrip()} {_mark(name)}"])
        return
    with tempfile.TemporaryDirectory() as temporary:
        paths = [scheduler_files.write(file, folder_of(system) or Path(temporary)) for file in files]
        if system is System.WINDOWS:
            user = ("/RU", getpass.getuser(), "/RP", "*")
            _call("schtasks", "/Create", "/TN", name, "/XML", str(paths[0]), "/F", *user, asks=True)
        elif system is System.MACOS:
            _call("launchctl", "bootout", f"{domain()}/{name}", may_say="")
            _call("launchctl", "bootstrap", domain(), str(paths[0]))
        else:
            _call("systemctl", "--user", "daemon-reload")
            _call("systemctl", "--user", "enable", "--now", f"{name}.timer")


def remove(name: str, system: System) -> bool:
    """Remove what was installed under this name, and return whether there was anything.

    Raises:
        BadSettings: a file can't be removed, or the scheduler's tool isn't there or refuses.
    """
    if system is System.CRON:
        others = _others(name)
        was_there = others != _crontab()
        if was_there:
            _set_crontab(others)
        return was_there
    if system is System.WINDOWS:
        return _call("schtasks", "/Delete", "/TN", name, "/F", may_say="") is not None
    folder = folder_of(system)
    endings = (".plist",) if system is System.MACOS else (".timer", ".service")
    paths = [path for ending in endings if folder and (path := folder / f"{name}{ending}").exists()]
    if not paths:
        return False
    if system is System.MACOS:
        _call("launchctl", "bootout", f"{domain()}/{name}", may_say="")
    else:
        _call("systemctl", "--user", "disable", "--now", f"{name}.timer")
    for path in paths:
        path.unlink(missing_ok=True)
    if system is System.SYSTEMD:
        _call("systemctl", "--user", "daemon-reload")
    return True


def _mark(name: str) -> str:
    return f"# {name}"


def _others(name: str) -> list[str]:
    return [line for line in _crontab() if not line.endswith(f" {_mark(name)}")]


def _crontab() -> list[str]:
    """Return the lines of this user's crontab; none if there is none. If it can't be read, it must not be replaced."""
    return (_call("crontab", "-l", may_say="no crontab") or "").splitlines()


def _set_crontab(lines: Sequence[str]) -> None:
    _call("crontab", "-", given="".join(f"{line}\n" for line in lines))


def _call(*command: str, given: str | None = None, may_say: str | None = None, asks: bool = False) -> str | None:
    """Run a scheduler's tool, and return its output.

    Args:
        command: the tool and its arguments.
        given: what it reads on standard input.
        may_say: words in the error that is no error; then None is returned. Empty: any error.
        asks: whether it asks a person, so that it has the terminal.

    Raises:
        BadSettings: the tool isn't there, or failed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the scheduler's own tool
            command,
            input=given,
            capture_output=not asks,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except OSError as error:
        raise BadSettings(say("units.tool-failed", command=" ".join(command), error=str(error.strerror))) from error
    words = (done.stderr or "").strip() or str(done.returncode)
    if done.returncode and (may_say is None or may_say not in words):
        raise BadSettings(say("units.tool-failed", command=" ".join(command), error=words))
    return None if done.returncode else done.stdout or ""
