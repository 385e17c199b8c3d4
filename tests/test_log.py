"""A log tells by lines what happened when, to which file and request; no note, email, key or API's word is in it."""

import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from importer.cli import main
from importer.importing import logs
from importer.telling.log_file import logging_to
from tests.listening import http_ear
from tests.sandbox import Fault, Sandbox

pytestmark = pytest.mark.usefixtures("jumping")

SHEET = (
    "Prospect ID,Note,Visibility\nP1,A secret1 note,Public\nINVALID1,A secret1 note,Public\n"
    "P3,secret2,secret3\njo.secret4@example.com,x,Public\n"
)
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d) (INFO|WARNING|ERROR|DEBUG) +(\w[^=]*?)((?: \S+=.*)?)")

Run = Callable[..., int]


@pytest.fixture
def run(desk: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder of the test's own, with a log."""
    monkeypatch.setenv("NOTE_IMPORTER_READ_TIMEOUT", "1")
    monkeypatch.setenv("NOTE_IMPORTER_LOG_FILE", "logs/a.log")
    Path("a.csv").write_text(SHEET, encoding="utf-8")
    return lambda *arguments: main([*arguments])


def events() -> list[tuple[str, str, str]]:
    found = []
    for line in Path("logs/a.log").read_text(encoding="utf-8").splitlines():
        match = LINE.fullmatch(line)
        assert match, line
        found.append((match[2], match[3].strip(), match[4]))
    return found


def test_each_event_is_a_line_with_time_run_file_request_and_counts(run: Run, box: Sandbox) -> None:
    box.add_fault(Fault.parse("503:before@1"))
    assert run("run", "a.csv", "--yes", "--batch-size", "2") == 1
    log = Path("logs/a.log").read_text(encoding="utf-8")
    found = {name: (level, rest) for level, name, rest in reversed(events())}
    assert events()[0][1] == "command begun"
    assert found.keys() >= {"results written", "file imported", "command over"}
    answered = r" request=\d+ notes=\d created=1 rejected=\d status=201 seconds=[\d.]+ "
    assert re.search(answered, "".join(rest for _, name, rest in events() if name == "request answered"))
    assert " file=a.csv" in found["request answered"][1]
    assert re.search(r" run=\d{8}-\d{6}-\w{8}$", found["request answered"][1].replace(" file=a.csv", ""))
    assert found["request failed"][0] == "WARNING"
    assert "status=503 cause=failed" in found["request failed"][1]
    assert "created=1 rejected=1 invalid=2" in found["run finished"][1]
    for secret in ("secret", box.api_key, "Internal server error"):
        assert secret not in log
    guide = (Path(__file__).parent.parent / "docs" / "every-night.md").read_text(encoding="utf-8")
    for shown in filter(None, map(LINE.fullmatch, guide.splitlines())):
        level, rest = found[shown[3].strip()]
        assert (shown[2], re.findall(r" (\w+)=", shown[4])) == (level, re.findall(r" (\w+)=", rest))


def test_who_debugs_sees_the_apis_words_but_no_key(run: Run, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_IMPORTER_DEBUG", "1")
    box.add_fault(Fault.parse("503:before@1"))
    run("run", "a.csv", "--yes")
    log = Path("logs/a.log").read_text(encoding="utf-8")
    assert "Internal server error" in log
    assert box.api_key not in log
    assert "secret4@" not in log


def test_why_nothing_was_sent_is_told(run: Run) -> None:
    """With the whole message, since whoever reads the log in the morning may have nothing else."""
    assert run("run", "none.csv") == 2
    assert any(
        level == "ERROR" and name == "file not imported" and "There is no file or folder none.csv" in rest
        for level, name, rest in events()
    )
    assert events()[-1][:2] == ("ERROR", "ended with an error")


def test_a_line_stays_a_line_and_steers_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    with logging_to(file), logs.about(file="a\n\x1b[2Jb\u202e jo@example.com.csv"):
        logs.event("begun")
    assert file.read_text(encoding="utf-8").count("\n") == 1
    assert 'file="a\\n\\u001b[2Jb\\u202e …@…"' in file.read_text(encoding="utf-8")


def test_days_have_files_of_their_own_and_old_ones_go(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    for day in range(1, 41):
        (tmp_path / f"a.log.2020-{1 + day // 28:02}-{1 + day % 28:02}").write_text("old\n", encoding="utf-8")
    file.write_text("2020-09-13T yesterday\n", encoding="utf-8")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    with logging_to(file):
        [other] = logging.getLogger("importer").handlers[-1:]
        with logging_to(file):  # as another program that began yesterday
            logging.getLogger("importer").removeHandler(other)
            logs.event("begun")
        logging.getLogger("importer").addHandler(other)
        logs.event("continued")
    kept = sorted(tmp_path.glob("a.log.*"))
    said = [re.findall("yesterday|begun|continued", one.read_text(encoding="utf-8")) for one in (kept[-1], file)]
    assert (len(kept), [*said[0], *said[1]]) == (30, ["yesterday", "begun", "continued"])
    if os.name == "posix":  # Windows gives no other name to a file that is open
        assert said[0] == ["yesterday"]
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_log_that_can_not_be_written_is_said_before_anything_is_sent(
    run: Run, box: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a person, a program and the recipients of notifications."""
    Path("logs").write_text("a file, and no folder", encoding="utf-8")
    with http_ear() as ear:
        monkeypatch.setenv("NOTE_IMPORTER_NOTIFY_ADDRESSES", f"ping-fail+http://{ear.place}/failed")
        assert run("run", "a.csv", "--yes", "--json") == 2
    shown = capsys.readouterr()
    assert "The log can't be written to " in " ".join(shown.err.split())
    assert (json.loads(shown.out)["exit_status"], len(ear.calls)) == (2, 1)
    assert run("check", "a.csv", "--json") == 2
    assert json.loads(capsys.readouterr().out)["exit_status"] == 2
    assert box.received == ()


def test_a_log_is_written_into_no_file_but_a_log(run: Run, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """On the next day it would have been renamed as an old log."""
    assert run("run", "a.csv", "--yes", "--log-file", "other.log", "--results", "a.xlsx") == 1
    since = len(box.received)
    for file in (Path("journal.sqlite"), Path("a.xlsx"), Path("a.csv")):
        before = file.read_bytes()
        assert run("run", "a.csv", "--yes", "--log-file", str(file)) == 2
        assert "that file is not a log" in " ".join(capsys.readouterr().err.split())
        assert file.read_bytes() == before
    assert len(box.received) == since


def test_quiet_prints_only_what_needs_somebody(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("good.csv").write_text("Prospect ID,Note,Visibility\nP1,x,Public\n", encoding="utf-8")
    for arguments, status, out, err in (
        (("run", "good.csv", "--quiet"), 0, "", ""),
        (("run", "good.csv", "--quiet", "--json"), 0, '"exit_status": 0', ""),
        (("run", "a.csv", "-q", "--json"), 1, '"exit_status": 1', "Results: a.results.xlsx"),
        (("run", "a.csv", "-q"), 1, "Results: a.results (2).xlsx", ""),
        *[(("run", "good.csv", "-q", "--results", "/proc/x.csv"), 0, "", "/proc could not be")]
        * Path("/proc").is_dir(),
        (("verify", "--quiet"), 0, "", ""),
        (("run", "none.csv", "--quiet"), 2, "", "There is no file or folder none.csv"),
    ):
        assert run(*arguments) == status
        shown = capsys.readouterr()
        assert (out in shown.out, err in shown.err) == (True, True)
        assert (bool(shown.out), bool(shown.err)) == (bool(out), bool(err))
    with pytest.MonkeyPatch.context() as patch:  # as after >&-
        patch.setattr("sys.stdout", None)
        assert run("run", "none.csv", "--quiet") == 2
