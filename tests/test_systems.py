"""The small functions in which systems differ, as if this were Windows: wine shows these wrongly or not at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from importer import files
from importer.cli import scheduling
from importer.importing import choosing

WINDOWS = SimpleNamespace(name="nt", environ={})


@pytest.mark.parametrize(("system", "kind"), [(WINDOWS, "choosing.locked"), (SimpleNamespace(name="posix"), None)])
def test_a_file_that_another_program_keeps_to_itself_waits_for_the_next_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: SimpleNamespace, kind: str | None
) -> None:
    """Elsewhere a refusal has other reasons, and is said when the file is read."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (path := tmp_path / "contacts.xlsx").touch()
    monkeypatch.setattr(files, "opened", refuse)
    monkeypatch.setattr(choosing, "os", system)
    why = choosing.why_not_yet(path, 1e12)
    assert (why.kind if why else None) == kind


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
