"""The journal: what it holds, what it refuses, and what happens when it can't be written."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from importer import pipeline
from importer.errors import UnusableJournal
from importer.journal import Journal
from importer.models import Result
from importer.sandbox import Sandbox
from importer.settings import Settings

# A process whose files can't grow beyond so many bytes, as on a full disk; then the importer.
_ON_A_FULL_DISK = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["importer", *sys.argv[2:]]
runpy.run_module("importer", run_name="__main__")
"""


def sheet(path: Path, rows: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Prospect ID", "Note", "Visibility"])
        writer.writerows([f"P{i}", f"A secret plan, number {i % 40}", "Private"] for i in range(rows))
    return path


def test_it_holds_no_text_and_no_key_and_is_its_owners_alone(tmp_path: Path) -> None:
    with Sandbox() as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "j.sqlite")
        pipeline.run(sheet(tmp_path / "n.csv", 50), settings)
    for file in tmp_path.glob("j.sqlite*"):
        content = file.read_bytes()
        assert b"secret plan" not in content
        assert box.api_key.encode() not in content
    if os.name == "posix":
        assert (tmp_path / "j.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", ["damaged", "foreign", "later", "text"])
def test_a_file_that_cant_be_a_journal_is_said_and_left_untouched(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    if kind == "text":
        path.write_text("dear diary\n" * 500, encoding="utf-8")
    elif kind == "foreign":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE songs (name TEXT)")
        other.close()
    else:
        Journal.open(path).close()
        with sqlite3.connect(path) as ours:
            ours.execute("PRAGMA journal_mode = DELETE")
            if kind == "later":
                ours.execute("UPDATE about SET value = '999' WHERE name = 'schema'")
        ours.close()
    if kind == "damaged":
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        path.write_bytes(content)
    before = path.read_bytes()
    with Sandbox() as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=path)
        with pytest.raises(UnusableJournal, match=r"left as it (is|was)"):
            pipeline.run(sheet(tmp_path / "n.csv", 3), settings)
        assert box.received == ()
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="the limit on file sizes is POSIX's")
def test_a_full_disk_stops_the_run_before_more_is_sent_and_nothing_is_lost(tmp_path: Path) -> None:
    path = sheet(tmp_path / "n.csv", 2000)
    with Sandbox() as box:
        arguments = ["run", str(path), "--base-url", box.url, "--journal", str(tmp_path / "j.sqlite"), "--yes",
                     "--results", str(tmp_path / "r.csv"), "--read-timeout", "1", "--settle", "0.1",
                     "--batch-size", "10"]  # fmt: skip
        ended = subprocess.run(
            [sys.executable, "-c", _ON_A_FULL_DISK, "260000", *arguments], capture_output=True, text=True, check=False,
            env={**os.environ, "SALESHANDY_API_KEY": box.api_key}, timeout=60,
        )  # fmt: skip
        said = " ".join((ended.stdout + ended.stderr).split())
        assert ended.returncode == 3, said
        assert "could not be written" in said
        assert "Traceback" not in said
        assert 0 < len(box.notes) < 2000
        settings = Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "j.sqlite",
                            results=tmp_path / "r.csv", read_timeout=1, settle=0.1)  # fmt: skip
        report = pipeline.run(path, settings)
        assert report is not None
        assert report.exit_status == 0
        assert set(Counter((note.prospect_id, note.sent_content) for note in box.notes).values()) == {1}
        assert len(box.notes) == 2000


def test_the_batch_size_that_proved_to_work_is_remembered(tmp_path: Path) -> None:
    with Sandbox(max_batch=25) as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "j.sqlite")
        pipeline.run(sheet(tmp_path / "n.csv", 4000), settings)
        assert len(box.notes) == 4000
        before = len(box.received)
        report = pipeline.run(tmp_path / "n.csv", replace(settings, again=True))
        assert report is not None
        assert report.counts == {Result.CREATED: 4000}
        assert len(box.received) - before == 4000 // 25
