"""What verify says of unconfirmed deliveries is what it found, and how they came to be unconfirmed."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from importer.cli import main
from importer.settings.secrets import KEY_VARIABLE
from tests.delivering import KEY, counts, deliver
from tests.sandbox import Fault, Sandbox
from tests.truth import Line

pytestmark = pytest.mark.usefixtures("jumping")

LINES = [Line("P1", "Hello"), Line("P2", "Something else")]


def verify(
    box: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int = 1
) -> str:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    capsys.readouterr()
    given = ["--journal", str(folder / "journal.sqlite"), "--base-url", box.url, "--settle", "0.05"]
    assert main(["verify", *given, "--read-timeout", "1"]) == status
    return " ".join(capsys.readouterr().out.split())


def by_hand(box: Sandbox, line: Line) -> None:
    """Somebody writes the same note."""
    body = {"prospectIds": [line.prospect], "content": line.note, "visibility": line.visibility, "status": line.status}
    headers = {"content-type": "application/json", "x-api-key": KEY}
    request = urllib.request.Request(f"{box.url}/notes", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert reply.status == 201


def test_what_only_a_date_stood_against_verify_settles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API's clock is ten minutes behind, and nothing has shown that: a single note that reads the same is ours."""
    with Sandbox(api_key=KEY, notes_behind=600.0, faults=[Fault.parse("500:after@1")]) as box:
        report = deliver(box, tmp_path, LINES[:1])
        assert counts(report)["unconfirmed"] == 1
        verify(box, tmp_path, monkeypatch, capsys, status=0)
        assert counts(deliver(box, tmp_path, LINES[:1]))["already imported"] == 1
        assert len(box.notes) == 1


def test_verify_says_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(api_key=KEY, notes_behind=600.0, faults=[Fault.parse("500:after@1")]) as box:
        report = deliver(box, tmp_path, LINES[:1])
        assert counts(report)["unconfirmed"] == 1
        by_hand(box, LINES[0])
        said = verify(box, tmp_path, monkeypatch, capsys)
    assert "1 note still unconfirmed. 1: " in said
    assert "found, but it is not known yet how the clocks differ" in said
    assert "could not be looked up" not in said
    assert "got no clear reply" in said
