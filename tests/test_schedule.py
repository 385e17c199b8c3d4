"""What `schedule` says to paste: the tools that read it take it, and find in it what was meant."""

import contextlib
import json
import os
import plistlib
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest
import yaml

from importer.cli import main
from importer.cli.scheduling import Night, System, text_for, this_program
from importer.errors import BadSettings
from importer.settings import SETTINGS
from importer.settings.kinds import TimeWindow
from importer.settings.secrets import KEY_VARIABLE
from importer.settings.sources import OTHER_VARIABLES

WINDOW = TimeWindow.parse("02:00-06:00")
OVER_MIDNIGHT = TimeWindow.parse("22:00-04:30")
AWKWARD = "/srv/Müller & Söhne <new>; (2) #1 -x"
READ = "\"'$%`\n\r\t\0\x0b\x0c\x1b\x1c\x1d\x1e\x7f\x85\u2028\u2029\u202e\ufeff"
posix = pytest.mark.skipif(os.name != "posix", reason="there is no shell here")


def night(*files: str, window: TimeWindow = WINDOW, profile: str = "night", **more: object) -> Night:
    return Night(files or (AWKWARD,), profile, window, **{"folder": "/srv", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("sign", [*READ, *("\\" if os.name == "posix" else "")], ids=ascii)
@pytest.mark.parametrize("place", ["files", "profile", "folder", "program"])
def test_a_sign_that_a_scheduler_reads_is_refused_wherever_it_is(place: str, sign: str) -> None:
    """What follows it could become a command: in a crontab's comment, in a unit, in a terminal."""
    text = f"/a{sign}0 0 * * * evil"
    values = {"files": [text], "program": [text]}.get(place, text)
    parts = {"files": ["/exports"], "profile": "night", "window": WINDOW, place: values}
    with pytest.raises(BadSettings, match="a scheduler would interpret"):
        Night(**parts)  # type: ignore[arg-type]


def test_a_name_in_a_scheduler_has_no_sign_that_any_of_them_reads() -> None:
    for profile, name in (("night ", "night"), ("a b", "a-b"), ("../h (x)", "h-x"), ("#", "profile")):
        assert night(profile=profile).name == f"note-importer-{name}"


def units_of(found: Night) -> dict[str, str]:
    parts = re.split(r"^# (\S+\.(?:service|timer))\n", text_for(found, System.SYSTEMD), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def line_of(unit: str, name: str) -> str:
    [line] = re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
    return str(line)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd isn't here")
@pytest.mark.parametrize("window", [WINDOW, OVER_MIDNIGHT], ids=str)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, window: TimeWindow) -> None:
    """Asked with its own tool, which sees unknown settings, bad times and programs that aren't there."""
    (place := tmp_path / "it is here; #1").mkdir()
    (program := place / "a program").write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    found = units_of(night(window=window, folder=str(place), program=[str(program)]))
    for name, text in found.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "verify", "--user", "--man=no", *(str(tmp_path / name) for name in found)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_unit_runs_what_was_said_whatever_the_names_hold() -> None:
    found = night(profile="its night", folder="/srv/100 #", program=["/opt/x/a", "-m"])
    service, timer = units_of(found).values()
    assert shlex.split(line_of(service, "ExecStart")) == [*found.program, *found.run()]
    assert found.run()[-1] == AWKWARD
    assert found.run()[1:3] == ["--profile", "its night"]
    assert line_of(service, "WorkingDirectory") == "/srv/100 #"
    assert line_of(timer, "OnCalendar") == "*-*-* 02:00:00"
    assert "Restart" not in service


@posix
def test_a_shell_reads_the_cron_line_as_it_was_meant(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    (place := tmp_path / "it is here; #1").mkdir()
    program = place / "a program"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\njson.dump([sys.argv[1:], os.getcwd()], open({str(told)!r}, 'w'))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    found = night(program=[str(program)], folder=str(place), profile="it (s)")
    comment, line = text_for(found, System.CRON).rstrip("\n").split("\n")
    assert comment == "# note-importer-it-s"
    minute, hour, *days, command = line.split(" ", 5)
    assert (minute, hour, days) == ("0", "2", ["*", "*", "*"])
    subprocess.run(["/bin/sh", "-c", command], env={}, timeout=20, check=True)
    arguments, where = json.loads(told.read_text(encoding="utf-8"))
    assert where == str(place)
    assert arguments == found.run("--quiet")
    assert arguments[-1] == AWKWARD


def test_an_agent_of_launchd_runs_what_was_said() -> None:
    found = night()
    agent = plistlib.loads(text_for(found, System.LAUNCHD).encode())
    assert agent["ProgramArguments"] == [*this_program(), *found.run("--quiet")]
    assert agent["StartCalendarInterval"] == {"Hour": 2, "Minute": 0}
    assert agent["WorkingDirectory"] == "/srv"


def test_the_task_runs_what_was_said() -> None:
    text = text_for(night(program=["C:/Program Files/note-importer.exe"], profile="a b"), System.WINDOWS)
    assert text.isascii()
    task = ElementTree.fromstring(text)
    assert task.tag == "{http://schemas.microsoft.com/windows/2004/02/mit/task}Task"
    for name, value in {
        "Command": "C:/Program Files/note-importer.exe",
        "Arguments": f'run --profile "a b" --between 02:00-06:00 --yes --quiet -- "{AWKWARD}"',
        "StartBoundary": "2025-01-01T02:00:00",
        "DaysInterval": "1",
        "MultipleInstancesPolicy": "IgnoreNew",
    }.items():
        assert task.findtext(f".//{{*}}{name}") == value
    if os.name != "posix":  # elsewhere a backslash is refused
        text = text_for(night("C:\\Müller & Co\\"), System.WINDOWS)
        assert str(ElementTree.fromstring(text).findtext(".//{*}Arguments")).endswith(r' -- "C:\Müller & Co\\"')


def test_the_job_of_kubernetes_runs_what_was_said() -> None:
    found = night(profile="It s Müller: #1")
    job = yaml.safe_load(text_for(found, System.KUBERNETES))
    assert job["metadata"]["name"] == "note-importer-it-s-m-ller-1"
    assert (job["spec"]["schedule"], job["spec"]["concurrencyPolicy"]) == ("0 2 * * *", "Forbid")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["args"] == found.run()
    variables = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    assert variables["TZ"] == job["spec"]["timeZone"]
    known = {setting.variable for setting in SETTINGS.values()} | {*OTHER_VARIABLES, KEY_VARIABLE, "TZ"}
    assert set(variables) <= known
    mounted = tuple(f"{mount['mountPath']}/" for mount in container["volumeMounts"])
    kept = [value for name, value in variables.items() if name.startswith("NOTE_IMPORTER_")]
    assert [value.startswith(mounted) for value in kept] == [True] * 3
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    long = yaml.safe_load(text_for(night(profile="a" * 39 + "-bc"), System.KUBERNETES))["metadata"]["name"]
    assert long == "note-importer-" + "a" * 38


def test_the_dag_of_airflow_runs_what_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 and 1 are success; of any other end a person hears. tests/test_airflow.py has a real Airflow."""
    found = night(profile="it s", folder="/srv/a b")
    (file := tmp_path / "note_import.py").write_text(text_for(found, System.AIRFLOW), encoding="utf-8")
    tasks: list[Callable[[], None]] = []
    dag = Mock(return_value=lambda function: function)

    def keep(function: Callable[[], None]) -> Mock:
        tasks.append(function)
        return Mock()

    task = Mock(return_value=keep)
    exceptions = Mock(AirflowFailException=RuntimeError)
    for name, module in {"": Mock(), ".sdk": Mock(dag=dag, task=task), ".sdk.exceptions": exceptions}.items():
        monkeypatch.setitem(sys.modules, f"airflow{name}", module)
    runpy.run_path(str(file))
    about = dag.call_args.kwargs
    assert (about["dag_id"], about["schedule"], about["catchup"]) == ("note-importer-it-s", "0 2 * * *", False)
    run = Mock()
    monkeypatch.setattr("subprocess.run", run)
    for status in (0, 1, 2, 3, 4, -9):
        run.return_value = Mock(returncode=status)
        with (
            contextlib.nullcontext()
            if status in (0, 1)
            else pytest.raises(RuntimeError, match=f"note-importer: {status}")
        ):
            tasks[0]()
    assert run.call_args.args == ([*this_program(), *found.run()],)
    assert run.call_args.kwargs["cwd"] == "/srv/a b"
    assert run.call_args.kwargs["env"]["TZ"] == str(about["start_date"].tzinfo)


@pytest.mark.parametrize("system", [one for one in System if os.name == "posix" or one is not System.SYSTEMD])
def test_schedule_makes_names_full_and_says_what_the_night_wont_know(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my exports").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTE_IMPORTER_BATCH_SIZE", "3")
    profiles.write_text('[night]\nbetween = "02:00-06:00"\n', encoding="utf-8")
    words = ["schedule", "my exports", "--profile", "night", "--system", system.value]
    assert main(words) == 0
    told = capsys.readouterr()
    named = "my exports" if system is System.KUBERNETES else str(tmp_path / "my exports")
    assert told.out == text_for(Night([named], "night", WINDOW), system)
    notes = " ".join(told.err.split())
    assert "To stop it, " in notes
    assert re.search(r"NOTE_IMPORTER_BATCH_SIZE.*\. Add the settings to the profile", notes)
    assert "SALESHANDY_API_KEY is not set there" in notes
    profiles.write_text('[night]\nbetween = "02:00-06:00"\napi-key-file = "key.txt"\nbatch-size = 3\n', "utf-8")
    assert main(words) == 0
    assert re.search("is not set there|BATCH_SIZE", capsys.readouterr().err) is None


def test_schedule_refuses_what_could_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    at_night = ("--between", "02:00-06:00")
    for arguments in (["."], ["nowhere", *at_night], [".", *at_night, "--profile", "nite"], at_night):
        assert main(["schedule", *arguments]) == 2
        assert capsys.readouterr().out == ""
