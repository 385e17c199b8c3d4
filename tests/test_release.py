"""When `make release` refuses, and which licences it stops at."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
RELEASE = runpy.run_path(str(ROOT / ".ci" / "release"))
LICENCES = runpy.run_path(str(ROOT / ".ci" / "licences"))
CHANGELOG = "# Changelog\n\n## 0.2.0 (2026-11-28)\n\nNew.\nMore.\n\n## 0.1.0\n\nThe first.\n"


def notes(folder: Path, changelog: str, *, is_trial: bool = False) -> str:
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return str(RELEASE["notes_in"](folder, "0.2.0", is_trial=is_trial))


def test_the_notes_are_the_section_of_the_version(tmp_path: Path) -> None:
    assert notes(tmp_path, CHANGELOG) == "New.\nMore."


@pytest.mark.parametrize(
    ("changelog", "why"),
    [
        ("# Changelog\n\n## 0.1.0\n\nThe first.\n", "notes under '## 0.1.0', above any of version 0.2.0"),
        (CHANGELOG.replace("0.2.0 (2026-11-28)", "Not released yet"), "Rename that heading to '## 0.2.0'"),
        (CHANGELOG.replace("## 0.2.0", "## Not released yet\n\nLater.\n\n## 0.2.0"), "or raise the version"),
        ("# Changelog\n", "has no section '## 0.2.0'"),
    ],
)
def test_without_a_section_of_the_version_nothing_is_released(tmp_path: Path, changelog: str, why: str) -> None:
    """Nor if something is above it, which belongs to no version."""
    with pytest.raises(RELEASE["Refused"], match=why.replace("(", r"\(")):
        notes(tmp_path, changelog)


def test_a_trial_takes_the_first_section(tmp_path: Path) -> None:
    assert notes(tmp_path, "# Changelog\n\n## Not released yet\n\nLater.\n\n## 0.1.0\n", is_trial=True) == "Later."


def test_an_empty_section_for_what_comes_next_is_no_obstacle(tmp_path: Path) -> None:
    assert notes(tmp_path, CHANGELOG.replace("## 0.2.0", "## Not released yet\n\n## 0.2.0")) == "New.\nMore."


def test_what_is_not_committed_is_named(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    RELEASE["check_clean"](tmp_path)
    (tmp_path / "new.py").touch()
    with pytest.raises(RELEASE["Refused"], match=r"Commit or remove:\n  \?\? new.py"):
        RELEASE["check_clean"](tmp_path)


@pytest.mark.parametrize(("licence", "name"), [("GPL-3.0-only", "new"), ("", "new"), ("MIT AND LGPL-2.1", "new")])
def test_a_licence_that_nobody_looked_at_stops_it(licence: str, name: str) -> None:
    with pytest.raises(LICENCES["Missing"]):
        LICENCES["judged"](LICENCES["Part"](name, "1", licence, {}))


def test_copyleft_that_was_looked_at_is_named_and_other_licences_are_not() -> None:
    def judged(name: str, licence: str) -> Any:
        return LICENCES["judged"](LICENCES["Part"](name, "1", licence, {}))

    assert judged("psycopg", "LGPL-3.0-only").startswith("LGPL-3.0: ")
    assert judged("new", "BSD-3-Clause AND Apache-2.0") is None


def test_a_library_that_nobody_looked_at_stops_it(tmp_path: Path) -> None:
    (tmp_path / "libreadline.so.8").touch()
    with pytest.raises(LICENCES["Missing"], match=r"libreadline.so.8: nobody has looked"):
        list(LICENCES["libraries"](tmp_path))


def test_a_package_without_the_text_of_its_licence_stops_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (information := tmp_path / "packages" / "x-1.dist-info").mkdir(parents=True)
    (information / "METADATA").write_text("Name: x\nVersion: 1\nLicense-Expression: MIT\n", encoding="utf-8")
    assert LICENCES["main"](str(tmp_path), str(tmp_path / "all.txt")) == 1
    assert "x: no licence text" in capsys.readouterr().err
