"""Emails by the command line: what `check` says and calls, and a run that is killed while it looks them up."""

from pathlib import Path

import pytest

from importer.cli import main
from tests.importing.test_emails import PEOPLE, by_email, notes, write
from tests.sandbox import Sandbox


def arguments(command: str, sheet: Path, box: Sandbox, *more: str) -> list[str]:
    place = ["--base-url", box.url, "--journal", str(sheet.with_name("journal.sqlite"))]
    return [command, str(sheet), *place, *more]


def test_check_calls_nobody_and_a_run_sends_to_who_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = write(tmp_path, by_email(["jo@example.com", "nobody@example.com", "twice@example.com"]))
    with Sandbox(prospects=PEOPLE) as box:
        assert main(arguments("check", sheet, box)) == 0
        plan = " ".join(capsys.readouterr().out.split())
        assert "3 email addresses are looked up first, in about 5 calls" in plan  # two find out whether listing is less
        assert box.received == ()
        monkeypatch.setenv("SALESHANDY_API_KEY", box.api_key)
        assert main(arguments("run", sheet, box, "--yes")) == 1
        assert notes(box) == [("P1", "Hello")]
