"""With --json a program reads one document on standard output, in the shape that docs/output.schema.json describes."""

import importlib.metadata
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from importer import __version__
from importer.cli import main
from importer.models import Result
from importer.settings import SETTINGS
from importer.settings.secrets import KEY_VARIABLE
from importer.telling.documents import FORMAT
from tests.output_schema import FILE, generated
from tests.sandbox import Fault, Sandbox

SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
HEAD = "Prospect ID,Note,Visibility\n"
SHEET = HEAD + "P1,Hello,Public\nINVALID1,Hello,Public\nP3,Ümläut,pubic\n"

Ask = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def ask(desk: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command with --json; its status, its document, which is valid, and what else it said."""
    monkeypatch.setenv("NOTE_IMPORTER_READ_TIMEOUT", "1")
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())

    def ask(*arguments: str) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        status = main([*arguments, "--json"])
        shown = capsys.readouterr()
        assert shown.out.isascii()
        document = json.loads(shown.out)
        validator.validate(document)
        assert (document["format"], document["command"]) == (FORMAT, arguments[0])
        assert document["exit_status"] == status
        return status, document, shown.err

    return ask


def test_the_schema_is_one_and_lets_nothing_else_pass() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert {result.value for result in Result} <= set(SCHEMA["$defs"]["result"]["enum"])
    assert generated(SCHEMA) == SCHEMA, "make it anew: python -m tests.output_schema"
    valid = {"format": 1, "command": "history", "exit_status": 0, "runs": []}
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid(valid)
    assert not validator.is_valid(valid | {"run": []})
    assert not validator.is_valid(valid | {"format": 2})
    assert not validator.is_valid({"format": 1, "command": "history", "exit_status": 0})
    assert not validator.is_valid(valid | {"command": "verify"})


def test_run_tells_of_each_file(ask: Ask) -> None:
    """Counts, kinds of reasons, where the results are; what a person reads goes to standard error.

    One that can't be read is told with its error, and the worst status counts.
    """
    Path("a.csv").write_text(SHEET, encoding="utf-8")
    Path("b.csv").write_text("", encoding="utf-8")
    status, document, said = ask("run", "a.csv", "b.csv", "--yes")
    assert status == 2
    file, other = document["files"]
    assert (file["fate"], file["exit_status"], file["error"], file["archived"]) == ("imported", 1, None, None)
    assert file["file"] == str(Path("a.csv").absolute())
    report = file["report"]
    assert report["counts"] == {"created": 1, "rejected": 1, "invalid": 1}
    assert report["reasons"]["invalid"] == {
        "… is not a valid visibility. Did you mean Public? Use Public (or 1) or Private (or 2)": 1
    }
    assert Path(report["results"]).exists()
    assert (report["requests"], report["stopped"], report["duplicates"]) == (1, None, {})
    assert "Results: a.results.xlsx" in said
    assert (other["fate"], other["error"]["kind"], other["report"]) == ("not imported", "the file can't be read", None)


@pytest.mark.parametrize(
    ("arguments", "status", "kind"),
    [
        (("run", "none.csv"), 2, "the file can't be read"),
        (("check", "none.csv"), 2, "the file can't be read"),
        (("verify", "--profile", "nite"), 2, "a setting can't be used"),
        (("history", "20200101-000000-aaaa"), 2, "a setting can't be used"),
        (("history", "--nonsense"), 2, "the command line can't be used"),
        (("verify", "--all"), 2, "the command line can't be used"),
        (("verify", "sheet.csv"), 2, "the command line can't be used"),
    ],
)
def test_what_comes_to_nothing_says_why(ask: Ask, arguments: tuple[str, ...], status: int, kind: str) -> None:
    found, document, said = ask(*arguments)
    assert found == status
    error = document["files"][0]["error"] if "files" in document else document["error"]
    assert error["kind"] == kind
    assert "Error: " in said
    assert not any(f"`{name}" in error["text"] for name in SETTINGS)


def test_check_tells_what_was_understood(ask: Ask) -> None:
    Path("a.csv").write_text(SHEET, encoding="utf-8")
    status, document, _ = ask("check", "a.csv")
    assert status == 1
    plan = document["plan"]
    assert [*plan["mapping"]] == ["prospect", "content", "visibility"]
    assert (plan["remaining"]["requests"], plan["expected"]["counts"]) == (1, {"created": 2, "invalid": 1})
    [trouble] = plan["troubles"]
    assert (trouble["count"], trouble["problems"][0]["cell"]) == (1, "C4")
    Path("b.csv").write_text("Prospect ID,Note,Visibility,State\nP1,x,1,Draft\n", encoding="utf-8")
    assert "Ümläut" not in json.dumps(document, ensure_ascii=False), "the text of a note"
    status, document, _ = ask("check", "b.csv")
    assert status == 2
    assert document["questions"][0]["column"] == "D"
    assert "map" in document["questions"][0]["answers"][0]["settings"]


@pytest.mark.usefixtures("jumping")
def test_history_and_verify_tell_theirs(ask: Ask, box: Sandbox) -> None:
    Path("a.csv").write_text(SHEET, encoding="utf-8")
    assert ask("history")[1]["runs"] == []
    box.add_fault(Fault.parse("500:after@1"))
    box.add_fault(Fault.parse("403:GET@2-"))
    status, document, _ = ask("run", "a.csv", "--yes", "--give-up-after", "2")
    name = document["files"][0]["report"]["run"]
    box.clear_faults()
    runs = ask("history")[1]["runs"]
    assert [run["name"] for run in runs] == [name]
    assert runs[0]["seconds"] >= 0
    [one] = ask("history", name)[1]["runs"]
    assert one["reading"]["map"] == {"prospect": "0", "content": "1", "visibility": "2"}
    assert [one] == runs
    status, document, _ = ask("verify")
    assert (status, document["found"] + document["absent"]) == (0, 2)
    assert ask("verify", "a.csv", "--all")[1]["counts"]["undelivered"] == 2  # one row is invalid
    assert str(Path("a.results.xlsx").absolute()) in ask("run", ".", "--yes")[1]["left_out"]


def test_doctor_tells_versions_settings_without_secrets_and_findings(
    ask: Ask, box: Sandbox, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    monkeypatch.delenv("NOTE_IMPORTER_BASE_URL")
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:secret-of-proxy@127.0.0.1:9")
    monkeypatch.setenv("PGPASSWORD", "secret-of-database")
    Path("key.txt").write_text(box.api_key, encoding="utf-8")
    Path("notify.txt").write_text("json://127.0.0.1:9/secret-of-hook", encoding="utf-8")
    for name in ("key.txt", "notify.txt"):
        Path(name).chmod(0o600)
    files = 'api-key-file = "key.txt"\nnotify-file = "notify.txt"\n'
    profiles.write_text(f'[night]\nbatch-size = 3\nbase-url = "{box.url}"\n{files}', encoding="utf-8")
    status, document, said = ask("doctor", "--profile", "night", "--rate", "5/1s")
    assert (status, document["exit_status"]) == (0, 0), said
    assert document["versions"]["note-importer"] == __version__
    assert document["versions"]["python"] == f"CPython {platform.python_version()}"
    assert document["versions"]["pandas"] == importlib.metadata.version("pandas")
    assert document["versions"]["flask"] == importlib.metadata.version("flask")
    assert document["settings"]["rate"] == {"value": "5/1s", "from": "said now"}
    assert document["settings"]["batch-size"] == {"value": 3, "from": f"the profile 'night' in {profiles}"}
    assert document["settings"]["settle"] == {"value": "0", "from": "the environment variable NOTE_IMPORTER_SETTLE"}
    found = {finding["about"]: finding for finding in document["findings"]}
    assert found["Key accepted"]["exit_status"] == 0
    assert found["Journal"]["text"].startswith("none yet.")
    assert "Key accepted: " in said
    for secret in (box.api_key, "secret-of-proxy", "secret-of-database", "secret-of-hook"):
        assert secret not in json.dumps(document)
