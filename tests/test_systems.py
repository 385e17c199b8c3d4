"""The small functions in which systems differ, as if this were Windows: wine shows these wrongly or not at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from importer.cli import scheduling

WINDOWS = SimpleNamespace(name="nt", environ={})


def test_the_scheduler_is_windows_own_and_starts_the_program_as_it_was_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By pip as note-importer.exe beside Python; in the zip by Python itself."""
    python = tmp_path / "python.exe"
    monkeypatch.setattr(scheduling, "os", WINDOWS)
    monkeypatch.setattr(scheduling, "sys", SimpleNamespace(executable=str(python)))
    assert scheduling.System.here() is scheduling.System.WINDOWS
    assert scheduling.this_program() == [str(python), "-P", "-m", "importer"]
    (tmp_path / "note-importer.exe").touch()
    assert scheduling.this_program() == [str(tmp_path / "note-importer.exe")]
