"""What `schedule` says to paste: the tools that read it take it, and find in it what was meant."""

from __future__ import annotations

import json
import os
import plistlib
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest
import yaml

from importer.cli import main
from importer.cli.schedulers import Night, System, text_for, this_program
from importer.errors import BadSettings
from importer.settings import TimeWindow

WINDOW = TimeWindow.parse("02:00-06:00")
OVER_MIDNIGHT = TimeWindow.parse("22:00-04:30")
AWKWARD = '/srv/Müller\'s "exports" $HOME $(HOME) 50%d \\ 100% \\% \\\\ \\'
BREAKS = "\n\r\t\0\x0b\x0c\x1b\x1c\x1d\x1e\x7f\x85\u2028\u2029\u202e\ufeff"
posix = pytest.mark.skipif(os.name != "posix", reason="there is no shell here")


def night(*files: str, window: TimeWindow = WINDOW, profile: str = "night", **more: object) -> Night:
    return Night(files or (AWKWARD,), profile, window, **{"folder": "/srv", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("sign", BREAKS, ids=ascii)
@pytest.mark.parametrize("place", ["files", "profile", "folder", "program", "variables"])
def test_a_line_break_and_a_control_character_are_refused_wherever_they_are(place: str, sign: str) -> None:
    """What follows one could become a command: in a crontab's comment, in a unit, in a terminal."""
    text = f"/a{sign}0 0 * * * evil"
    values = {"files": [text], "program": [text], "variables": {"NOTE_IMPORTER_PROFILES": text}}.get(place, text)
    parts = {"files": ["/exports"], "profile": "night", "window": WINDOW, place: values}
    with pytest.raises(BadSettings, match="no scheduler can hold"):
        Night(**parts)  # type: ignore[arg-type]


def test_a_name_in_a_scheduler_has_no_sign_that_any_of_them_reads() -> None:
    """So a comment, a file's name and a description are safe, whatever the profile's name holds."""
    for profile, name in (("night\\", "night"), ("a b\\", "a-b"), ("../%h $(x)", "h-x"), ("\\", "profile")):
        assert night(profile=profile).name == f"note-importer-{name}"


# -- systemd


def units_of(found: Night) -> dict[str, str]:
    """Each file of systemd by its name."""
    parts = re.split(r"^# (\S+\.(?:service|timer))\n", text_for(found, System.SYSTEMD), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def line_of(unit: str, name: str) -> str:
    [line] = re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
    return str(line)


def words_of(command: str) -> list[str]:
    """A command as systemd reads it: quoted words, %% for one, and behind the program $$ for one."""
    assert "%" not in command.replace("%%", "")
    program, *words = [word.replace("%%", "%") for word in shlex.split(command)]
    assert "$" not in "".join(words).replace("$$", "")
    return [program, *(word.replace("$$", "$") for word in words)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd isn't here")
@pytest.mark.parametrize("window", [WINDOW, OVER_MIDNIGHT], ids=str)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, window: TimeWindow) -> None:
    """Asked with its own tool, which sees unknown settings, bad times and programs that aren't there."""
    (place := tmp_path / "it's 100% here $HOME \\").mkdir()
    (tmp_path / "100% $HOME").mkdir()
    (program := tmp_path / "100% $HOME" / "a program").write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    variables = {"NOTE_IMPORTER_PROFILES": 'a "b" %h $c \\'}
    found = units_of(night(window=window, variables=variables, folder=str(place), program=[str(program)]))
    for name, text in found.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "verify", "--user", "--man=no", *(str(tmp_path / name) for name in found)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    spoilt, text = next(iter(found.items()))
    for here, instead, said in (
        ("TimeoutStopSec=", "TimeoutStop=", "TimeoutStop"),
        ("a program", "no program", "is not executable"),
    ):
        (tmp_path / spoilt).write_text(text.replace(here, instead), encoding="utf-8")
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert said in ended.stderr


def test_the_unit_runs_what_was_said_whatever_the_names_hold() -> None:
    """Quotes, dollars, percents and backslashes arrive as they are, and no line is continued by the next one."""
    variables = {"NOTE_IMPORTER_PROFILES": "/a \\"}
    found = night(profile="it's night \\", folder="/srv/100% \\", variables=variables, program=["/opt/$x/a", "-m"])
    service, timer = units_of(found).values()
    assert words_of(line_of(service, "ExecStart")) == [*found.program, *found.run()]
    assert found.run()[-1] == AWKWARD
    assert found.run()[1:3] == ["--profile", "it's night \\"]
    assert line_of(service, "WorkingDirectory") == "/srv/100%% \\/"
    assert line_of(service, "Environment") == '"NOTE_IMPORTER_PROFILES=/a \\\\"'
    assert [line for line in (service + timer).splitlines() if line.endswith("\\")] == []
    assert line_of(timer, "OnCalendar") == "*-*-* 02:00:00"
    assert "Restart" not in service


@pytest.mark.parametrize("sign", "\"'\\")
def test_a_program_that_systemd_would_not_start_is_refused(sign: str) -> None:
    """It takes no such path, however that is quoted, as its tool says."""
    with pytest.raises(BadSettings, match="Install note-importer in a folder with another name"):
        text_for(night(program=[f"/opt/{sign}/note-importer"]), System.SYSTEMD)


# -- cron


def as_cron_reads_it(line: str, *, halves_backslashes: bool) -> str:
    """The command of a line as cron hands it to the shell. Vixie's cron halves backslashes, cronie doesn't."""
    command, escaped = "", False
    for sign in line:
        if escaped and (sign == "%" or (halves_backslashes and sign == "\\")):
            command = command[:-1] + sign
            escaped = False
        elif escaped:
            command, escaped = command + sign, False
        elif sign == "%":
            break  # the rest is for standard input
        else:
            command, escaped = command + sign, sign == "\\"
    return command


@posix
@pytest.mark.parametrize("halves_backslashes", [True, False], ids=["vixie", "cronie"])
def test_a_shell_reads_the_cron_line_as_it_was_meant(tmp_path: Path, *, halves_backslashes: bool) -> None:
    """Started as each cron does it, with every sign that one of them or the shell reads."""
    told = tmp_path / "told.json"
    place = tmp_path / "it's 100% \\% \\\\% here\\"
    place.mkdir()
    program = place / "a program"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"json.dump([sys.argv[1:], os.environ.get('NOTE_IMPORTER_PROFILES'), os.getcwd()], open({str(told)!r}, 'w'))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    variables = {"NOTE_IMPORTER_PROFILES": "/a 'b' %d \\%/profiles.toml"}
    found = night(program=[str(program)], variables=variables, folder=str(place), profile="it's \\")
    comment, line = text_for(found, System.CRON).rstrip("\n").split("\n")
    assert comment == "# note-importer-it-s"
    minute, hour, *days, command = line.split(" ", 5)
    assert (minute, hour, days) == ("0", "2", ["*", "*", "*"])
    read = as_cron_reads_it(command, halves_backslashes=halves_backslashes)
    subprocess.run(["/bin/sh", "-c", read], env={}, timeout=20, check=True)
    arguments, profiles, where = json.loads(told.read_text(encoding="utf-8"))
    assert where == str(place)
    assert arguments == found.run("--quiet")
    assert arguments[-1] == AWKWARD
    assert profiles == variables["NOTE_IMPORTER_PROFILES"]


@pytest.mark.skipif(shutil.which("crontab") is None, reason="there is no crontab here")
def test_crontab_takes_the_lines(tmp_path: Path) -> None:
    """Asked with its own tool, which installs nothing then; a line that is none is refused."""
    flag = "-n" if "-n" in _help_of_crontab() else "-T"
    table = tmp_path / "table"
    text = text_for(night(), System.CRON)
    for tried, is_taken in ((text, True), (text.replace("0 2 ", "61 2 "), False)):
        table.write_text(tried, encoding="utf-8")
        ended = subprocess.run(["crontab", flag, str(table)], capture_output=True, timeout=20, check=False)
        assert (ended.returncode == 0) is is_taken


def _help_of_crontab() -> str:
    ended = subprocess.run(["crontab", "-h"], capture_output=True, text=True, timeout=20, check=False)
    return ended.stdout + ended.stderr


# -- launchd


def test_an_agent_of_launchd_runs_what_was_said() -> None:
    """At the window's opening; a property list holds any name as it is."""
    found = night(variables={"NOTE_IMPORTER_PROFILES": 'a "b" & c \\'})
    agent = plistlib.loads(text_for(found, System.LAUNCHD).encode())
    assert agent["ProgramArguments"] == [*this_program(), *found.run("--quiet")]
    assert agent["StartCalendarInterval"] == {"Hour": 2, "Minute": 0}
    assert agent["EnvironmentVariables"] == {"NOTE_IMPORTER_PROFILES": 'a "b" & c \\'}
    assert agent["WorkingDirectory"] == "/srv"


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
    "Task": {"Triggers", "Settings", "Actions"},
    "Triggers": {"CalendarTrigger"},
    "ScheduleByDay": {"DaysInterval"},
    "Settings": {"MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries",
                 "StartWhenAvailable", "ExecutionTimeLimit"},
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}  # fmt: skip
_HOLDS: dict[str, str] = {
    "Arguments": _TEXT, "Command": _PATH, "WorkingDirectory": _PATH, "Enabled": _YES_NO,
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
    text = text_for(night(r"C:\Müller & Co", window=window, variables={}), System.WINDOWS)
    assert against_the_schema(ElementTree.fromstring(text)) == []
    enabled = "<Enabled>true</Enabled>"
    for here, instead, is_right in (
        ("<StartBoundary>", f"{enabled}<StartBoundary>", True),
        ("</StartBoundary>", f"</StartBoundary>{enabled}", False),
        ("P1D", "1 day", False),
        ("IgnoreNew", "Ignore", False),
        ("mit/task", "mit/job", False),
    ):
        changed = ElementTree.fromstring(text.replace(here, instead))
        assert (against_the_schema(changed) == []) is is_right, instead


def test_the_task_runs_what_was_said() -> None:
    """At the window's opening, every day, one at a time; names are quoted as Windows takes them apart."""
    program = [r"C:\Program Files\note-importer.exe"]
    text = text_for(night("C:\\Müller & Co\\", program=program, variables={}, profile='a "b"'), System.WINDOWS)
    assert text.isascii()
    names = {"": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    task = ElementTree.fromstring(text)
    assert task.findtext(".//Command", namespaces=names) == r"C:\Program Files\note-importer.exe"
    assert task.findtext(".//Arguments", namespaces=names) == (
        r'run --profile "a \"b\"" --between 02:00-06:00 --yes --quiet -- "C:\Müller & Co\\"'
    )
    assert str(task.findtext(".//StartBoundary", namespaces=names)).endswith("T02:00:00")
    assert task.findtext(".//DaysInterval", namespaces=names) == "1"
    assert task.findtext(".//MultipleInstancesPolicy", namespaces=names) == "IgnoreNew"


def test_what_a_task_cant_hold_is_refused() -> None:
    """A variable's name between percents would be filled in, an environment it has none, and long paths it refuses."""
    long = "C:/" + 26 * "note-importer/"
    for found in (
        night("C:/%TEMP%/x", variables={}), night("x", variables={"NOTE_IMPORTER_PROFILES": "x"}),
        night("x", variables={}, folder="C:/%TEMP%"), night("x", variables={}, folder=long),
        night("x", variables={}, program=[f"{long}note-importer.exe"]),
    ):  # fmt: skip
        with pytest.raises(BadSettings):
            text_for(found, System.WINDOWS)


# -- Kubernetes


def as_kubernetes_fills_in(word: str) -> str:
    """A word of a container's command: $$ is one dollar, and $(NAME) would be a variable's value."""
    assert "$(" not in word.replace("$$", "")
    return word.replace("$$", "$")


def test_the_job_of_kubernetes_runs_what_was_said() -> None:
    """Once a night, in the time zone of its container. Any name is a word of its command."""
    found = night(profile="It's \\ Müller: #1")
    job = yaml.safe_load(text_for(found, System.KUBERNETES))
    assert job["metadata"]["name"] == "note-importer-it-s-m-ller-1"
    assert (job["spec"]["schedule"], job["spec"]["concurrencyPolicy"]) == ("0 2 * * *", "Forbid")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert [as_kubernetes_fills_in(word) for word in container["args"]] == found.run()
    variables = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert variables["TZ"] == job["spec"]["timeZone"]
    long = yaml.safe_load(text_for(night(profile="a" * 39 + "-bc"), System.KUBERNETES))["metadata"]["name"]
    assert long == "note-importer-" + "a" * 38


# -- Airflow


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """A stand-in of Airflow, which keeps what a DAG declares; tests/test_airflow.py has a real one."""
    found: dict[str, object] = {}

    def task(**about: object) -> object:
        def keep(function: object) -> object:
            found["task"], found["of task"] = function, about
            return Mock()

        return keep

    def dag(**about: object) -> object:
        found["of dag"] = about
        return lambda function: function

    monkeypatch.setitem(sys.modules, "airflow", Mock())
    monkeypatch.setitem(sys.modules, "airflow.sdk", Mock(dag=dag, task=task))
    monkeypatch.setitem(sys.modules, "airflow.sdk.exceptions", Mock(AirflowFailException=RuntimeError))
    yield found


def test_the_dag_of_airflow_runs_what_was_said(
    tmp_path: Path, tasks: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 and 1 are success; of any other end a person hears."""
    found = night(profile="it's \\", folder="/srv/a \\", variables={"NOTE_IMPORTER_PROFILES": "/a 'b'"})
    (file := tmp_path / "note_import.py").write_text(text_for(found, System.AIRFLOW), encoding="utf-8")
    runpy.run_path(str(file))
    about = tasks["of dag"]
    assert isinstance(about, dict)
    assert (about["dag_id"], about["schedule"], about["catchup"]) == ("note-importer-it-s", "0 2 * * *", False)
    run = Mock()
    monkeypatch.setattr("subprocess.run", run)
    for status in (0, 1, 2, 3, 4, -9):
        run.return_value = Mock(returncode=status)
        if status in (0, 1):
            tasks["task"]()  # type: ignore[operator]
        else:
            with pytest.raises(RuntimeError, match=f"note-importer: {status}"):
                tasks["task"]()  # type: ignore[operator]
    assert run.call_args.args == ([*this_program(), *found.run()],)
    assert run.call_args.kwargs["cwd"] == "/srv/a \\"
    environment = run.call_args.kwargs["env"]
    assert (environment["NOTE_IMPORTER_PROFILES"], environment["TZ"]) == ("/a 'b'", str(about["start_date"].tzinfo))


# -- the command


@pytest.mark.parametrize("system", [one for one in System if os.name == "posix" or one is not System.SYSTEMD])
def test_schedule_makes_names_full_and_says_what_the_night_wont_know(
    system: System,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profiles: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What to paste is on standard output, alone and whole; the rest beside it. The window may be in the profile."""
    (tmp_path / "my exports").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTE_IMPORTER_WORKERS", "3")
    if system is System.WINDOWS:
        monkeypatch.delenv("NOTE_IMPORTER_PROFILES")
        monkeypatch.delenv("NOTE_IMPORTER_JOURNALS", raising=False)
        monkeypatch.setattr("importer.settings.profiles.profiles_file", lambda: profiles)
    profiles.write_text('[night]\nbetween = "02:00-06:00"\n', encoding="utf-8")
    words = ["schedule", "my exports", "--profile", "night", "--system", system.value]
    assert main(words) == 0
    told = capsys.readouterr()
    named = "my exports" if system is System.KUBERNETES else str(tmp_path / "my exports")
    assert told.out == text_for(Night([named], "night", WINDOW), system)
    notes = " ".join(told.err.split())
    assert "To stop it, " in notes
    assert "will not apply: NOTE_IMPORTER_WORKERS. Add them to the profile." in notes
    assert "SALESHANDY_API_KEY is not set there" in notes
    profiles.write_text('[night]\nbetween = "02:00-06:00"\napi-key-file = "key.txt"\n', encoding="utf-8")
    assert main(words) == 0
    assert "is not set there" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["."],
        ["nowhere", "--between", "02:00-06:00"],
        [".", "--between", "02:00-06:00", "--profile", "nite"],
        ["--between", "02:00-06:00"],
    ],
)
def test_schedule_refuses_what_could_not_run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No window, no such folder, no such profile, no file."""
    assert main(["schedule", *arguments]) == 2
    assert capsys.readouterr().out == ""


@posix
def test_schedule_prints_nothing_if_a_name_holds_a_line_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder := tmp_path / "a\u20280 0 * * * evil").mkdir()
    assert main(["schedule", str(folder), "--between", "02:00-06:00", "--system", "cron"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Rename it." in told.err
