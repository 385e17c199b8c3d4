"""`make audit` lists known advisories, and says so plainly where they can't be fetched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parent.parent / ".ci" / "audit"
# Stands in for pip-audit, which needs the network: it keeps what it is asked, and answers what the test says.
TOOL = """
import json, pathlib, sys
said = json.loads(pathlib.Path(sys.argv[1]).read_text())
asked = pathlib.Path(sys.argv[sys.argv.index("--requirement") + 1]).read_text()
pathlib.Path(sys.argv[1]).write_text(asked)
print(said["out"])
print(said["err"], file=sys.stderr)
sys.exit(said["status"])
"""
FOUND = {"name": "requests", "version": "2.30", "vulns": [{"id": "PYSEC-2023-74", "fix_versions": ["2.31.0"]}]}
FINE = {"name": "tqdm", "version": "4.67", "vulns": []}
SKIPPED = {"name": "inhouse", "skip_reason": "not found"}


def audit(tmp_path: Path, out: object, status: int, err: str = "") -> tuple[int, str, str]:
    """Exit status, what it said, and which packages it asked about."""
    answer, tool = tmp_path / "answer", tmp_path / "tool.py"
    answer.write_text(
        json.dumps({"out": out if isinstance(out, str) else json.dumps(out), "err": err, "status": status})
    )
    tool.write_text(TOOL)
    done = subprocess.run(
        [sys.executable, AUDIT, sys.executable, sys.executable, tool, answer], capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout, answer.read_text()


@pytest.mark.slow
def test_advisories_are_listed_with_the_version_that_mends_them(tmp_path: Path) -> None:
    status, said, asked = audit(tmp_path, {"dependencies": [FOUND, FINE, SKIPPED]}, 1)
    assert status == 1
    assert said == (
        "requests 2.30: PYSEC-2023-74, mended in 2.31.0\nNot looked up: inhouse\n"
        "Packages looked up: 2. With known advisories: 1.\n"
    )
    names = {line.partition("==")[0].lower() for line in asked.splitlines()}
    assert {"xlrd", "olefile", "lxml", "requests"} <= names
    assert "note-importer" not in names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("out", "err"),
    [("", "Traceback (most recent call last):\n  File …\nConnectionError: unreachable"), ("<html>", "a proxy says no")],
)
def test_where_advisories_cant_be_fetched_that_is_said_and_no_traceback_is_shown(
    tmp_path: Path, out: str, err: str
) -> None:
    status, said, _ = audit(tmp_path, out, 1, err)
    assert status == 2
    assert said.startswith("Nothing is known of advisories: they can't be fetched from here (")
    assert err.splitlines()[-1] in said
    assert "Traceback" not in said
    assert audit(tmp_path, {"dependencies": [FINE]}, 0)[:2] == (0, "Packages looked up: 1. With known advisories: 0.\n")
