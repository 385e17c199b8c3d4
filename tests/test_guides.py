"""The guides in docs/ for people who run it: what they quote is said, and what they show works."""

from __future__ import annotations

import io
import itertools
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from importer.cli import main
from tests.delivering import counts, deliver
from tests.sandbox import Fault, Limit, Sandbox
from tests.test_messages import FORMS
from tests.truth import Line

ROOT = Path(__file__).parent.parent


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


# -- when something went wrong


def said() -> str:
    """Every text in one line, with what there is to do; where a value or a setting stands, a gap."""
    actions = {kind: texts[0] for kind, texts in FORMS.items() if kind.startswith("action.")}
    found = []
    for text in (text for texts in FORMS.values() for text in texts):
        whole = re.sub(r"\{(action\.[\w-]+)\}", lambda action: actions[action[1]], text.replace("\n", " "))
        found.append(re.sub(r"\{[^{}]*\}|`[^`]*`", "\0", whole))
    return "\n".join(found)


def test_every_sentence_that_the_guide_explains_is_one_that_a_person_can_see() -> None:
    """Word for word, so that it can be searched for."""
    quoted = re.findall(r"“([^”]+)”", text_of("when-something-went-wrong.md").replace("\n", " "))
    words = said()
    assert len(quoted) > 10
    assert [quote for quote in quoted if quote not in words] == []


# -- Kubernetes


# -- faults

FAULTS = (ROOT / "tests" / "sandbox" / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\| [^|]+ \| `(--[^|]+)` \| ([^|]+) \|$", FAULTS, re.MULTILINE)
STATUS = {"--fault 400-token@3": 4, "--fault firewall=invoice": 1}


@pytest.mark.parametrize(("told", "expected"), SHOWN, ids=[flags for flags, _ in SHOWN])
@pytest.mark.usefixtures("jumping")
def test_what_the_guide_lets_one_expect_of_a_fault_comes_true(told: str, expected: str, tmp_path: Path) -> None:
    """Notes are there once, and the rows end as is said."""
    given: dict[str, list[str]] = {}
    for flag, value in itertools.pairwise(shlex.split(told.replace("`", " "))):
        given.setdefault(flag, []).append(value)
    rules: dict[str, Any] = {"faults": [*map(Fault.parse, given.get("--fault", []))]}
    if "--rate-limit" in given:
        rules["limit"] = Limit.parse(given["--rate-limit"][0])
    lines = [Line(f"P{i}", "about the invoice" if i == 5 else f"note {i}") for i in range(6)]
    if "--max-batch" in given:
        rules["max_batch"] = int(given["--max-batch"][0])
        lines = [Line(f"P{i}", "alike") for i in range(30)]
    with Sandbox(**rules) as box:
        report = deliver(box, tmp_path, lines, key=box.api_key, workers=1, read_timeout=2, settle=5.0, batch_size=100)
        found = counts(report)
    assert report.exit_status == STATUS.get(told, 0)
    assert set(re.findall(r"[*`]([a-z ]+)[*`]", expected)) <= set(found)
    if not STATUS.get(told):
        assert set(found) == {"created"}


# -- the five commands


def test_the_five_commands_of_the_readme_lead_to_a_schedule(
    box: Sandbox, tmp_path: Path, profiles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its commands one after the other, as they stand there; only the address is the sandbox's, and it is night."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    part = readme.partition("## Five commands")[2].partition("\n## ")[0]
    [block] = re.findall(r"^```\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    (tmp_path / "exports").mkdir()
    sheet = tmp_path / "exports" / "contacts.csv"
    sheet.write_text("Prospect ID,Note,Visibility\nP1,Called back,Public\nP2,Called back,Private\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTE_IMPORTER_JOURNAL", str(tmp_path / "journal.sqlite"))
    monkeypatch.setattr("importer.importing.inbox.STILL_YOUNG", 0.0)  # nobody waits a minute for a file in a test
    for line in block.strip().splitlines():
        if line == "note-importer init":
            monkeypatch.setenv("NOTE_IMPORTER_BASE_URL", box.url)
            answers = ("", "00:00-23:59", "", box.api_key, "")
            monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        assert main(shlex.split(line)[1:]) == 0, line
        monkeypatch.delenv("NOTE_IMPORTER_BASE_URL", raising=False)
    assert {(note.prospect_id, note.visibility) for note in box.notes} == {("P1", "1"), ("P2", "2")}
    installed = capsys.readouterr().out.partition("Results: ")[2]
    assert str(tmp_path / "exports") in installed
    assert "00:00-23:59" in installed


# -- Apache Airflow


def test_the_program_reads_the_profiles_that_the_dag_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no variable says which; tests/test_airflow.py has a real Airflow, and says which."""
    tasks: dict[str, Any] = {}

    def task(function: Any = None, **_: Any) -> Any:
        if function is None:
            return task
        tasks[function.__name__] = function
        return Mock()

    monkeypatch.delenv("NOTE_IMPORTER_PROFILES", raising=False)
    sdk = Mock(dag=lambda *_, **__: lambda function: function, task=task)
    for name, module in {"": Mock(), ".sdk": sdk, ".sdk.exceptions": Mock()}.items():
        monkeypatch.setitem(sys.modules, f"airflow{name}", module)
    runpy.run_path(str(ROOT / "samples" / "airflow" / "note_import.py"))
    run = Mock(return_value=Mock(returncode=0, stdout='{"files": []}'))
    monkeypatch.setattr("subprocess.run", run)
    tasks["import_files"]("acme")
    assert run.call_args.kwargs["env"]["NOTE_IMPORTER_PROFILES"] == "/etc/note-importer/profiles.toml"
