"""Old results go when a person asks for it; what a person changed or made stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from importer.cli import main
from importer.sandbox import Sandbox
from importer.settings import KEY_VARIABLE


@pytest.fixture
def done(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an export, its results, the same corrected by a person, and a file of theirs; all a year old."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    monkeypatch.setenv("NOTE_IMPORTER_JOURNAL", "journal.sqlite")
    monkeypatch.setenv("NOTE_IMPORTER_BASE_URL", box.url)
    folder = tmp_path / "done"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text("Prospect ID,Note,Visibility\nP1,x,Public\n", encoding="utf-8")
        assert main(["run", f"done/{name}.csv", "--yes", "--results", f"done/{name}.results.csv"]) == 0
    with (folder / "b.results.csv").open("a", encoding="utf-8") as file:
        file.write("corrected\n")
    (folder / "mine.xlsx").write_bytes(b"mine")
    for path in folder.iterdir():
        os.utime(path, (time.time() - 365 * 86_400,) * 2)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_results_that_are_as_a_run_wrote_them_go(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And only old ones, and only with a person's word."""
    everything = names(done)
    assert main(["prune", "done", "--older-than", "400", "--yes"]) == 0
    assert main(["prune", "done", "--older-than", "90"]) == 2
    assert names(done) == everything
    assert "To run without questions, add --yes." in capsys.readouterr().out
    assert main(["prune", "done", "--older-than", "90", "--yes"]) == 0
    assert names(done) == everything - {"a.results.csv"}


def test_without_the_journal_nothing_is_known_to_be_a_runs(done: Path) -> None:
    """So nothing goes."""
    everything = names(done)
    assert main(["prune", "done", "--older-than", "90", "--yes", "--journal", "another.sqlite"]) == 0
    assert names(done) == everything
    assert not Path("another.sqlite").exists()
