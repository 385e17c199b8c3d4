"""What `schedule` says to install: the tools that read it take it, and find in it what was meant."""

from __future__ import annotations

import json
import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from datetime import time as dt_time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from importer.cli import main
from importer.cli.scheduler_files import Night, files_of, this_program
from importer.commands import schedulers
from importer.commands.hours import Tries, repeat
from importer.commands.schedulers import InstalledNight, System, installed, installed_here
from importer.errors import BadSettings, Interrupted
from importer.messages import Message, render
from importer.sandbox import Sandbox
from importer.settings import KEY_VARIABLE, TimeWindow

WINDOW = TimeWindow.parse("02:00-06:00")
OVER_MIDNIGHT = TimeWindow.parse("22:00-04:30")
AWKWARD = Path('/srv/Müller\'s "exports" $HOME 50%d \\ 100%')
posix = pytest.mark.skipif(os.name != "posix", reason="there is no shell here")


def night(*files: Path, window: TimeWindow = WINDOW, profile: str = "night", **more: object) -> Night:
    return Night(files or (AWKWARD,), profile, window, **more)  # type: ignore[arg-type]


def service_of(found: Night) -> str:
    return files_of(found, System.SYSTEMD)[0].text


def line_of(unit: str, name: str) -> str:
    [line] = re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
    return str(line)


def words_of(command: str) -> list[str]:
    """A command as systemd reads it: quoted words, then %% and $$ for one."""
    assert "%" not in command.replace("%%", "")
    assert "$" not in command.replace("$$", "")
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(command)]


# -- systemd


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd isn't here")
@pytest.mark.parametrize("window", [WINDOW, OVER_MIDNIGHT], ids=str)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, window: TimeWindow) -> None:
    """Asked with its own tool, which sees unknown settings, bad times and programs that aren't there."""
    (place := tmp_path / "it's 100% here").mkdir()
    variables = {"NOTE_IMPORTER_PROFILES": 'a "b" %h $c'}
    found = files_of(night(window=window, variables=variables, folder=place), System.SYSTEMD)
    for unit in found:
        (tmp_path / unit.name).write_text(unit.text, encoding="utf-8")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "verify", "--user", "--man=no", *(str(tmp_path / unit.name) for unit in found)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    spoilt = tmp_path / found[0].name
    spoilt.write_text(found[0].text.replace("RestartSec=", "RestartSecs="), encoding="utf-8")
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "RestartSecs" in ended.stderr


def test_the_unit_runs_what_was_said_whatever_the_names_hold() -> None:
    """Quotes, dollars, percents and backslashes arrive as they are."""
    found = night(profile="it's night")
    assert words_of(line_of(service_of(found), "ExecStart")) == [*this_program(), *found.run]
    assert found.run[-1] == str(AWKWARD)
    assert found.run[1:3] == ["--profile", "it's night"]
    assert 'Environment="NOTE_IMPORTER_TRIES=02:00-06:00 600s"' in service_of(found)


def test_a_backslash_at_the_end_of_a_name_joins_no_lines() -> None:
    unit = service_of(night(profile="night\\", folder=Path("/srv/exports\\")))
    assert line_of(unit, "Description").endswith('(profile "night\\")')
    assert line_of(unit, "WorkingDirectory") == "/srv/exports\\/"
    assert not any(line.endswith("\\") for line in unit.splitlines())


def test_the_unit_repeats_on_3_and_never_on_2_or_4() -> None:
    """Beside that only after a crash, whose end is no exit status; and never as often as systemd would give up."""
    text = service_of(night())
    assert line_of(text, "RestartForceExitStatus") == "3"
    assert line_of(text, "Restart") == "on-abnormal"  # signals and timeouts, no exit status
    assert line_of(text, "StartLimitIntervalSec") == "0"


@posix
@pytest.mark.parametrize(
    ("window", "shown", "is_open"),
    [
        (WINDOW, "0159", False), (WINDOW, "0200", True), (WINDOW, "0559", True), (WINDOW, "0600", False),
        (OVER_MIDNIGHT, "2159", False), (OVER_MIDNIGHT, "2200", True), (OVER_MIDNIGHT, "0000", True),
        (OVER_MIDNIGHT, "0429", True), (OVER_MIDNIGHT, "0430", False), (TimeWindow.parse("20:00-24:00"), "2359", True),
        (TimeWindow.parse("20:00-24:00"), "0000", False), (TimeWindow.parse("08:00-09:30"), "0915", True),
    ],
)  # fmt: skip
def test_the_unit_starts_nothing_outside_of_the_window(
    window: TimeWindow, shown: str, is_open: bool, tmp_path: Path
) -> None:
    """What it asks a real shell before each start, at different times of the day."""
    date = tmp_path / "date"
    date.write_text(f'#!/bin/sh\n[ "$1" = +%H%M ] && echo {shown}\n', encoding="utf-8")
    date.chmod(0o755)
    command = words_of(line_of(service_of(night(window=window)), "ExecCondition"))
    ended = subprocess.run(command, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=20, check=False)
    assert (ended.returncode == 0) is is_open
    assert ended.returncode < 255  # which systemd would take for a failure of the condition itself


# -- cron


def cron_line(found: Night) -> str:
    [unit] = files_of(found, System.CRON)
    return unit.text


def as_cron_reads(command: str, *, takes_double: bool) -> str:
    """The command that cron gives to the shell: up to a bare %, without escaping backslashes (Vixie's do_command.c)."""
    read: list[str] = []
    is_escaped = False
    for sign in command:
        if is_escaped:
            is_escaped = False
            if sign == "%" or (takes_double and sign == "\\"):
                read.pop()
        elif sign == "%":
            break
        else:
            is_escaped = sign == "\\"
        read.append(sign)
    return "".join(read)


@posix
@pytest.mark.parametrize("takes_double", [False, True])
@pytest.mark.parametrize("name", ["it's 100% here", r"a\%b", r"a\\%%b\\", "50%"])
def test_a_shell_reads_the_cron_line_as_it_was_meant(tmp_path: Path, name: str, takes_double: bool) -> None:
    """Started as cron does it: a backslash before a percent is taken away, the rest is /bin/sh's."""
    program = tmp_path / "a program"
    told = tmp_path / "told.json"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"json.dump([sys.argv[1:], os.environ.get('NOTE_IMPORTER_PROFILES'), os.getcwd()], open({str(told)!r}, 'w'))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    place = tmp_path / name
    place.mkdir()
    variables = {"NOTE_IMPORTER_PROFILES": "/a 'b' %d/profiles.toml"}
    found = night(program=[str(program)], variables=variables, folder=place)
    minute, hour, *days, command = cron_line(found).rstrip("\n").split(" ", 5)
    assert (minute, hour, days) == ("0", "2", ["*", "*", "*"])
    shell = ["/bin/sh", "-c", as_cron_reads(command, takes_double=takes_double)]
    subprocess.run(shell, env={}, timeout=20, check=True)
    arguments, profiles, where = json.loads(told.read_text(encoding="utf-8"))
    assert where == str(place)
    assert arguments == found.repeated
    assert profiles == "/a 'b' %d/profiles.toml"


@pytest.mark.skipif(shutil.which("crontab") is None, reason="there is no crontab here")
def test_crontab_takes_the_line(tmp_path: Path) -> None:
    """Asked with its own tool, which installs nothing then; a line that is none is refused."""
    flag = "-n" if "-n" in _help_of_crontab() else "-T"
    table = tmp_path / "table"
    for text, is_taken in ((cron_line(night()), True), (cron_line(night()).replace("0 2 ", "61 2 "), False)):
        table.write_text(text, encoding="utf-8")
        ended = subprocess.run(["crontab", flag, str(table)], capture_output=True, timeout=20, check=False)
        assert (ended.returncode == 0) is is_taken


def _help_of_crontab() -> str:
    ended = subprocess.run(["crontab", "-h"], capture_output=True, text=True, timeout=20, check=False)
    return ended.stdout + ended.stderr


# -- Windows


_TEXT, _YES_NO, _DURATION = ".+", "true|false", r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?"
_PATH = ".{1,260}"
# What the Task Scheduler's published schema says of the elements that a task of ours may use: those whose children have
# an order (xs:sequence) with that order, and the text that an element without children may hold.
_ORDERED: dict[str, list[str]] = {
    "CalendarTrigger": ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "RandomDelay",
                        "ScheduleByDay"],
}  # fmt: skip
_IN_ANY_ORDER: dict[str, set[str]] = {
    "Task": {"RegistrationInfo", "Triggers", "Settings", "Actions"},
    "RegistrationInfo": {"Description"},
    "Triggers": {"CalendarTrigger"},
    "ScheduleByDay": {"DaysInterval"},
    "Settings": {"MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries",
                 "StartWhenAvailable", "ExecutionTimeLimit"},
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}  # fmt: skip
_HOLDS: dict[str, str] = {
    "Description": _TEXT, "Arguments": _TEXT, "Command": _PATH, "WorkingDirectory": _PATH, "Enabled": _YES_NO,
    "DisallowStartIfOnBatteries": _YES_NO, "StopIfGoingOnBatteries": _YES_NO, "StartWhenAvailable": _YES_NO,
    "ExecutionTimeLimit": _DURATION, "StartBoundary": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "DaysInterval": r"\d{1,3}",
    "MultipleInstancesPolicy": "Parallel|Queue|IgnoreNew|StopExisting",
}  # fmt: skip


def against_the_schema(task: ElementTree.Element) -> list[str]:
    """Where a task and the schema disagree."""
    wrong = []
    for element in task.iter():
        name, children = _name(element), [_name(child) for child in element]
        if order := _ORDERED.get(name):
            known = [child for child in children if child in order]
            wrong += [f"{name}: {children}"] if known != children or children != sorted(known, key=order.index) else []
        elif name in _HOLDS:
            wrong += [f"{name}: {element.text}"] if not re.fullmatch(_HOLDS[name], element.text or "") else []
        elif not children or not set(children) <= _IN_ANY_ORDER.get(name, set()) or len({*children}) < len(children):
            wrong += [f"{name}: {children}"]
    return wrong


def _name(element: ElementTree.Element) -> str:
    namespace, _, name = element.tag.rpartition("}")
    return name if namespace == "{http://schemas.microsoft.com/windows/2004/02/mit/task" else f"foreign {name}"


@pytest.mark.parametrize("window", [WINDOW, OVER_MIDNIGHT], ids=str)
def test_the_task_is_as_windows_schema_has_it(window: TimeWindow) -> None:
    """Elements, their order, and what they hold; a task that isn't so is seen."""
    [unit] = files_of(night(Path(r"C:\Müller & Co"), window=window, variables={}), System.WINDOWS)
    assert against_the_schema(ElementTree.fromstring(unit.text)) == []
    enabled = "<Enabled>true</Enabled>"
    for here, instead, is_right in (
        ("<StartBoundary>", f"{enabled}<StartBoundary>", True),
        ("</StartBoundary>", f"</StartBoundary>{enabled}", False),
        ("P1D", "1 day", False),
        ("IgnoreNew", "Ignore", False),
        ("mit/task", "mit/job", False),
    ):
        changed = ElementTree.fromstring(unit.text.replace(here, instead))
        assert (against_the_schema(changed) == []) is is_right, instead


def test_the_task_runs_what_was_said() -> None:
    """At the window's opening, every day, one at a time; names are quoted as Windows takes them apart."""
    found = night(Path(r"C:\Müller & Co\exports"), program=[r"C:\Program Files\note-importer.exe"], variables={})
    [unit] = files_of(found, System.WINDOWS)
    assert unit.text.isascii()
    names = {"": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    task = ElementTree.fromstring(unit.text)
    assert task.findtext(".//Command", namespaces=names) == r"C:\Program Files\note-importer.exe"
    assert task.findtext(".//Arguments", namespaces=names) == (
        "repeat --between 02:00-06:00 --every 10m run --profile night --between 02:00-06:00 --yes --quiet --"
        r' "C:\Müller & Co\exports"'
    )
    assert str(task.findtext(".//StartBoundary", namespaces=names)).endswith("T02:00:00")
    assert task.findtext(".//DaysInterval", namespaces=names) == "1"
    assert task.findtext(".//MultipleInstancesPolicy", namespaces=names) == "IgnoreNew"


def test_what_a_task_cant_hold_is_refused() -> None:
    """A variable's name between percents would be filled in, an environment it has none, and long paths it refuses."""
    long = Path("C:/" + 26 * "note-importer/")
    for found in (
        night(Path("C:/%TEMP%/x"), variables={}), night(variables={"NOTE_IMPORTER_PROFILES": "x"}),
        night(Path("x"), variables={}, folder=Path("C:/%TEMP%")), night(Path("x"), variables={}, folder=long),
        night(Path("x"), variables={}, program=[str(long / "note-importer.exe")]),
    ):  # fmt: skip
        with pytest.raises(BadSettings):
            files_of(found, System.WINDOWS)


# -- the command


def test_schedule_makes_names_full_and_says_what_the_night_wont_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What to install is on standard output, alone; the rest beside it. The window may stand in the profile."""
    (tmp_path / "my exports").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTE_IMPORTER_WORKERS", "3")
    profiles.write_text('[night]\nbetween = "02:00-06:00"\n', encoding="utf-8")
    assert main(["schedule", "my exports", "--profile", "night", "--system", "cron"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"0 2 * * * cd {shlex.quote(str(tmp_path))} && NOTE_IMPORTER_PROFILES=")
    assert f"-- '{tmp_path / 'my exports'}'" in told.out
    notes = " ".join(told.err.split())
    assert "will not apply: NOTE_IMPORTER_WORKERS. Add them to the profile." in notes
    assert "SALESHANDY_API_KEY is not set there" in notes
    profiles.write_text('[night]\nbetween = "02:00-06:00"\napi-key-file = "key.txt"\n', encoding="utf-8")
    assert main(["schedule", "my exports", "--profile", "night", "--system", "cron"]) == 0
    assert "is not set there" not in capsys.readouterr().err


def test_schedule_writes_files_when_told_where(tmp_path: Path) -> None:
    """Named after the profile."""
    where = tmp_path / "units"
    told = ["schedule", str(tmp_path), "--between", "02:00-06:00", "--system", "systemd", "--write", str(where)]
    assert main(told) == 0
    assert {file.name for file in where.iterdir()} == {"note-importer-default.service", "note-importer-default.timer"}


@pytest.mark.parametrize(
    "arguments",
    [["."], ["nowhere", "--between", "02:00-06:00"], [".", "--between", "02:00-06:00", "--profile", "nite"]],
)
def test_schedule_refuses_what_could_not_run(arguments: list[str]) -> None:
    """No window, no such folder, no such profile."""
    assert main(["schedule", *arguments]) == 2


# -- installing


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the schedulers' tools, alone in PATH, which write down their calls; the crontab is a file."""
    (bin_ := tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PATH", str(bin_))
    table = tmp_path / "crontab"
    for name in ("crontab", "systemctl", "launchctl"):
        (tool := bin_ / name).write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
            f"with open({str(tmp_path / 'calls')!r}, 'a') as calls: print({name!r}, *sys.argv[1:], file=calls)\n"
            f"table = Path({str(table)!r})\n"
            f"if {name!r} != 'crontab' or Path({str(tmp_path / 'locked')!r}).exists():\n"
            f"    sys.exit('you may not' if {name!r} == 'crontab' else 0)\n"
            "if sys.argv[1] == '-': table.write_bytes(sys.stdin.buffer.read())\n"
            "elif table.exists(): sys.stdout.buffer.write(table.read_bytes())\n"
            "else: sys.exit('no crontab for you')\n",
            encoding="utf-8",
        )
        tool.chmod(0o755)
    (tmp_path / "exports").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


INSTALL = ("schedule", "exports", "--between", "02:00-06:00", "--yes", "--install", "--system")
REMOVE = ("schedule", "--yes", "--remove", "--system")


@posix
def test_schedule_installs_a_line_of_the_crontab_and_leaves_the_others(tools: Path) -> None:
    """Once, however often; and takes away its own alone. What can't be read isn't replaced."""
    table = tools / "crontab"
    table.write_bytes(others := b"# mine \xe9\n0 1 * * * other # note-importer-default-2\n")
    for _ in range(2):
        assert main([*INSTALL, "cron"]) == 0
    assert table.read_bytes().startswith(others)
    [line] = table.read_bytes().removeprefix(others).decode().splitlines()
    assert line.startswith(f"0 2 * * * cd {tools} && ")
    assert line.endswith(" # note-importer-default")
    (tools / "locked").touch()
    assert main([*REMOVE, "cron"]) == 2
    assert main([*INSTALL, "cron"]) == 2
    (tools / "locked").unlink()
    assert main([*REMOVE, "cron"]) == 0
    assert table.read_bytes() == others
    table.unlink()
    assert main([*INSTALL, "cron"]) == 0
    assert len(table.read_text().splitlines()) == 1


@posix
@pytest.mark.parametrize(
    ("system", "folder", "files", "installs", "removes"),
    [
        (
            "systemd", ".config/systemd/user", {"note-importer-default.service", "note-importer-default.timer"},
            ["systemctl --user daemon-reload", "systemctl --user enable --now note-importer-default.timer"],
            ["systemctl --user disable --now note-importer-default.timer", "systemctl --user daemon-reload"],
        ),
        (
            "macos", "Library/LaunchAgents", {"note-importer-default.plist"},
            ["launchctl bootout gui/{user}/note-importer-default", "launchctl bootstrap gui/{user} {path}"],
            ["launchctl bootout gui/{user}/note-importer-default"],
        ),
    ],
)  # fmt: skip
def test_schedule_puts_its_files_where_the_scheduler_looks_and_has_them_read(
    tools: Path, system: str, folder: str, files: set[str], installs: list[str], removes: list[str]
) -> None:
    """And takes them away again; where there is nothing, nothing is called."""
    place, calls = tools / "home" / folder, tools / "calls"
    about = {"user": str(os.getuid()), "path": str(place / "note-importer-default.plist")}
    assert main([*INSTALL, system]) == 0
    assert {file.name for file in place.iterdir()} == files
    assert calls.read_text().splitlines() == [call.format(**about) for call in installs]
    calls.unlink()
    assert main([*REMOVE, system]) == 0
    assert [*place.iterdir()] == []
    assert calls.read_text().splitlines() == [call.format(**about) for call in removes]
    calls.unlink()
    assert main([*REMOVE, system]) == 0
    assert not calls.exists()


# -- what is installed


def stand_in(tools: Path, name: str, says: str, status: int = 0) -> None:
    """A scheduler's tool that says this, whatever it is asked."""
    (tool := tools / "bin" / name).write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n", encoding="utf-8")
    tool.chmod(0o755)


@posix
def test_what_is_installed_in_the_crontab_is_found_and_left_alone(tools: Path) -> None:
    """With its time and its command; lines of others, and such as are switched off, are none of it."""
    table = tools / "crontab"
    assert installed(System.CRON) == []
    table.write_bytes(b"# mine \xe9\n0 1 * * * other\n# 0 3 * * * old # note-importer-old\n")
    assert main([*INSTALL, "cron"]) == 0
    with table.open("a", encoding="utf-8") as file:
        file.write("30 1 * * 1-5 cd /x && note-importer run 100\\% # note-importer-sales\n")
    before = table.read_bytes()
    own, other = installed(System.CRON)
    assert (own.name, own.profile, own.at, own.is_on) == ("note-importer-default", "default", "02:00", True)
    assert own.window == WINDOW
    assert str(tools / "exports") in own.command
    assert other == InstalledNight("note-importer-sales", "30 1 * * 1-5", "cd /x && note-importer run 100%")
    assert other.window is None
    assert table.read_bytes() == before


@posix
def test_what_is_installed_in_systemd_and_macos_is_found_with_its_state(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is on is asked; where nobody knows, that is said. Beside systemd there may be cron."""
    assert installed(System.SYSTEMD) == installed(System.MACOS) == []
    assert main([*INSTALL, "systemd"]) == main([*INSTALL, "macos"]) == 0
    for says, is_on in (("active", True), ("inactive", False), ("Failed to connect to bus", None), ("", None)):
        stand_in(tools, "systemctl", says)
        [timer] = installed(System.SYSTEMD)
        assert (timer.name, timer.at, timer.is_on, timer.window) == ("note-importer-default", "02:00", is_on, WINDOW)
    for status, is_on in ((0, True), (113, False)):
        stand_in(tools, "launchctl", "", status)
        [agent] = installed(System.MACOS)
        assert (agent.name, agent.at, agent.is_on, agent.window) == ("note-importer-default", "02:00", is_on, WINDOW)
    monkeypatch.setattr(System, "here", lambda: System.SYSTEMD)
    assert main([*INSTALL, "cron"]) == 0
    assert [timer.is_on for timer in installed_here()] == [None, True]
    (tools / "bin" / "crontab").unlink()
    assert [timer.is_on for timer in installed_here()] == [None]
    (tools / "home/Library/LaunchAgents/note-importer-x.plist").write_bytes(b"no plist")
    assert installed(System.MACOS)[1] == InstalledNight("note-importer-x", "", "", is_on=False)


@posix
def test_a_task_of_windows_is_found_among_the_others(tools: Path) -> None:
    """In the list, which is in the system's language, and then as XML, whose head names another encoding."""
    [unit] = files_of(night(Path("C:/Müller & Co"), variables={}), System.WINDOWS)
    listed = '"\\Other","N/A","Bereit"\n"\\note-importer-night","30.11.2026 02:00:00","Bereit"\n' * 2
    for name, text in (("list", listed), ("task", f'<?xml version="1.0" encoding="UTF-16"?>\n{unit.text}')):
        (tools / name).write_text(text, encoding="utf-8")
    (tool := tools / "bin" / "schtasks").write_text(
        f'#!/bin/sh\n[ "$2" = /TN ] && exec /bin/cat {tools}/task\nexec /bin/cat {tools}/list\n', encoding="utf-8"
    )
    tool.chmod(0o755)
    [task] = installed(System.WINDOWS)
    assert (task.name, task.at, task.is_on, task.window) == ("note-importer-night", "02:00", True, WINDOW)
    assert "Müller & Co" in task.command
    off = unit.text.replace("<Settings>", "<Settings><Enabled>false</Enabled>")
    (tools / "task").write_text(off, encoding="utf-8")
    assert installed(System.WINDOWS)[0].is_on is False
    stand_in(tools, "schtasks", "Zugriff verweigert", 1)
    with pytest.raises(BadSettings):
        installed(System.WINDOWS)


@posix
def test_a_scheduler_that_does_not_say_what_is_installed_is_not_waited_for(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses, it isn't there, or it takes too long."""
    (tools / "locked").touch()
    for makes_it_so in (
        lambda: None,
        lambda: (tools / "bin" / "crontab").write_text("#!/bin/sh\nexec /bin/sleep 60\n"),
        (tools / "bin" / "crontab").unlink,
    ):
        makes_it_so()
        monkeypatch.setattr(schedulers, "_PATIENCE", 1.0)
        with pytest.raises(BadSettings):
            installed(System.CRON)


@posix
def test_without_a_yes_and_without_a_tool_nothing_is_installed(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which is said, with what to do."""
    without_yes = [word for word in INSTALL if word != "--yes"]
    assert main([*without_yes, "cron"]) == 2
    assert not (tools / "crontab").exists()
    assert "because nobody could be asked" in " ".join(capsys.readouterr().out.split())
    (tools / "bin" / "crontab").unlink()
    assert main([*INSTALL, "cron"]) == 2
    assert "The scheduler could not be changed (crontab -l)" in " ".join(capsys.readouterr().err.split())
    assert main(["schedule", "--between", "02:00-06:00"]) == 2


def test_a_macos_agent_runs_what_was_said() -> None:
    """At the window's opening; a property list holds any name as it is."""
    found = night(variables={"NOTE_IMPORTER_PROFILES": 'a "b" & c'})
    agent = plistlib.loads(files_of(found, System.MACOS)[0].text.encode())
    assert agent["ProgramArguments"] == [*this_program(), *found.repeated]
    assert agent["StartCalendarInterval"] == {"Hour": 2, "Minute": 0}
    assert agent["EnvironmentVariables"] == {"NOTE_IMPORTER_PROFILES": 'a "b" & c'}


# -- repeat

START = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)


def tried(
    statuses: list[int], *, breaks_off: bool = False, told: list[str] | None = None
) -> tuple[int, list[datetime]]:
    """The status in the end and the times of the tries, each of which takes no time. A wait ends in the window."""
    now, tries, said = START, [], [] if told is None else told

    def run() -> int:
        tries.append(now)
        return statuses.pop(0)

    def wait(seconds: float) -> bool:
        nonlocal now
        now += timedelta(seconds=seconds)
        assert WINDOW.holds(now.time())
        return breaks_off

    def tell(message: Message) -> None:
        said.append(render(message))

    return repeat(run, Tries(WINDOW, 600), now=lambda: now, wait=wait, tell=tell), tries


@pytest.mark.parametrize("shown", ["01:59", "06:00"])
def test_outside_of_the_window_nothing_is_begun(shown: str) -> None:
    """Not even once."""
    at = datetime.combine(START, dt_time.fromisoformat(shown))
    with pytest.raises(Interrupted, match=f"It is {shown} here, outside the window 02:00-06:00"):
        repeat(lambda: pytest.fail("it was run"), Tries(WINDOW, 600), now=lambda: at, wait=lambda _: True, tell=print)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("os._exit(99)", "exit status 99"),
        pytest.param("os.kill(os.getpid(), 9)", "SIGKILL", marks=posix),
    ],
)
def test_what_is_killed_is_said_and_begun_again(
    end: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first try ends as no command does, the second delivers."""
    monkeypatch.chdir(tmp_path)
    script = f"import os\ntry: open('begun', 'x')\nexcept OSError: os._exit(1)\n{end}"
    monkeypatch.setattr("importer.cli.scheduler_files.this_program", lambda: [sys.executable, "-c", script])
    now = datetime.now().astimezone()
    all_day = f"{now:%H:%M}-{now - timedelta(minutes=1):%H:%M}"
    assert main(["repeat", "--between", all_day, "--every", "0s", "run"]) == 1
    assert f"The command was killed ({said})" in (err := " ".join(capfd.readouterr().err.split()))
    assert "Next try at" in err


@pytest.mark.parametrize("status", [0, 1, 2, 4])
def test_what_is_over_or_needs_a_person_is_not_repeated(status: int) -> None:
    """Neither 2 nor 4, nor of course what went well."""
    assert tried([status, 0]) == (status, [START])


def test_what_stopped_before_its_end_is_repeated_while_the_window_is_open() -> None:
    """Every ten minutes, until it ends otherwise or the window is over; whoever breaks it off has broken it off."""
    ten = timedelta(minutes=10)
    assert tried([3, 3, 0]) == (0, [START, START + ten, START + 2 * ten])
    assert tried([3] * 9) == (3, [START, START + ten, START + 2 * ten])
    assert tried([3, 4, 0])[0] == 4
    assert tried([3] * 9, breaks_off=True) == (3, [START])


def test_when_the_next_try_is_is_said_and_when_none_fits_it_ends_at_once() -> None:
    """Without a last wait that leads nowhere."""
    told: list[str] = []
    tried([3] * 9, told=told)
    assert told == [
        "Next try at 05:40.",
        "Next try at 05:50.",
        "No further try, because the window 02:00-06:00 ends before it.",
    ]


@pytest.fixture
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command that repeats an import, in processes of their own, all day long; its last word is to be the address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, "sandbox-key")
    (tmp_path / "n.csv").write_text("Prospect ID,Note,Visibility\nP1,x,Public\n", encoding="utf-8")
    import_it = ["run", "n.csv", "--yes", "--journal", "journal.sqlite", "--settle", "0", "--give-up-after", "1"]
    return [*this_program(), "repeat", "--between", "00:00-23:59", "--every", "1s", *import_it, "--base-url"]


@pytest.mark.slow
def test_an_outage_is_outlived_by_repeating(at_work: list[str]) -> None:
    """Two tries find the API away, a later one delivers; the exit status is the last one's."""
    with Sandbox() as gone:
        port, url = gone.port, gone.url
    with subprocess.Popen([*at_work, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        stops = 0
        while stops < 2:
            line = process.stdout.readline()
            assert line, "it ended"
            stops += line.startswith("Stopped before the end.")
        with Sandbox(port=port) as again:
            process.stdout.read()
            assert process.wait(60) == 0
            assert [note.prospect_id for note in again.notes] == ["P1"]


@pytest.mark.slow
@posix
def test_who_asks_it_to_end_ends_the_import_and_nothing_is_begun_any_more(at_work: list[str], tmp_path: Path) -> None:
    """SIGTERM is passed on; the import ends in good order, with 3, and is not repeated."""
    with Sandbox(latency=20) as slow, subprocess.Popen([*at_work, slow.url]) as process:
        deadline = time.monotonic() + 30
        while not slow.received and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(40) == 3
    assert (tmp_path / "n.results.xlsx").exists()
