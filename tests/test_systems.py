"""The small functions in which systems differ, as if this were Windows: wine shows these wrongly or not at all."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import cast

import pytest

from importer.cli import scheduling
from importer.journal import shares

WINDOWS = SimpleNamespace(name="nt", environ={})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (r"\\server\share\journal.sqlite", "\\\\server\\share\\"),
        (r"S:\journal.sqlite", "S:"),
        (r"C:\Users\me\journal.sqlite", None),
        (r"\\?\C:\Users\me\journal.sqlite", None),
    ],
)
def test_a_journal_on_a_share_is_known_by_its_drive(
    monkeypatch: pytest.MonkeyPatch, path: str, kind: str | None
) -> None:
    """By its name, or because Windows says that the drive is another machine's."""
    drives = SimpleNamespace(GetDriveTypeW=lambda root: 4 if root == "S:\\" else 3)
    monkeypatch.setattr(shares, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(shares, "ctypes", SimpleNamespace(windll=SimpleNamespace(kernel32=drives)))
    found = shares.kind_of(cast(Path, PureWindowsPath(path)))
    assert (found or "").rstrip("\\") == (kind or "").rstrip("\\")


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
