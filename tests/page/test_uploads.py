"""Files that were dropped: kept for their owner alone, until every row is delivered, thirty days at most."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from importer.models import Workspace
from importer.page.uploads import DroppedFile, DroppedFiles, State

LIVE = Workspace("sales", "https://api.example.test/v1")
STATE = State((("map", "content=Comments"),))
DAY = 86_400.0


def dropped(uploads: DroppedFiles, name: str = "n.csv", content: bytes = b"a,b\n") -> DroppedFile:
    return uploads.add(name, lambda path: path.write_bytes(content))


def test_a_file_that_is_not_finished_is_there_again_after_a_restart(tmp_path: Path) -> None:
    uploads = DroppedFiles(tmp_path / "page")
    upload = dropped(uploads)
    uploads.change(
        upload, upload.state.digest, lambda state: replace(state, answers=(*STATE.answers, ("in-doubt", "same")))
    )
    uploads.is_sent(upload, LIVE)
    (upload.folder / "n.results.xlsx").write_bytes(b"")
    uploads.has_results(upload, "run-1", upload.folder / "n.results.xlsx", is_done=False)
    uploads.has_results(upload, "run-2", upload.folder / "n.results.xlsx", is_done=False)
    if os.name == "posix":
        for path in (tmp_path / "page", upload.folder, upload.path, upload.folder / ".record"):
            assert path.stat().st_mode & 0o77 == 0, path
    again = DroppedFiles(tmp_path / "page").of_run(upload.fingerprint, LIVE)
    assert again is not None
    assert (again.id, again.name, again.workspace, again.state) == (upload.id, "n.csv", LIVE, STATE)
    assert again.results_of("run-2") == upload.folder / "n.results.xlsx"
    assert again.results_of("run-1") is None, "a later run has replaced them"
    assert DroppedFiles(tmp_path / "page").of_run(upload.fingerprint, Workspace("other", LIVE.base_url)) is None


def test_what_needs_not_be_kept_is_removed_at_the_next_start(tmp_path: Path) -> None:
    now = [time.time()]
    uploads = DroppedFiles(tmp_path, lambda: now[0])
    done, open_ = dropped(uploads, content=b"done"), dropped(uploads, content=b"open")
    for upload in (done, open_):
        uploads.is_sent(upload, LIVE)
        uploads.has_results(upload, "run", upload.folder / "n.results.xlsx", is_done=upload is done)
    (tmp_path / ("a" * 32)).mkdir()
    (tmp_path / "not ours").mkdir()
    assert [*DroppedFiles(tmp_path, lambda: now[0])] != []
    assert not done.folder.exists()
    assert open_.path.read_bytes() == b"open"
    assert not (tmp_path / ("a" * 32)).exists()
    now[0] += 30 * DAY + 1
    assert [*DroppedFiles(tmp_path, lambda: now[0])] == []
    assert [path.name for path in tmp_path.iterdir()] == ["not ours"]


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"name": "n.csv"}', "\x00"])
def test_a_record_that_says_nothing_harms_nobody(record: str, tmp_path: Path) -> None:
    upload = dropped(DroppedFiles(tmp_path))
    (upload.folder / ".record").write_text(record, encoding="utf-8")
    assert [*DroppedFiles(tmp_path)] == []


def test_the_same_file_dropped_again_is_the_same(tmp_path: Path) -> None:
    uploads = DroppedFiles(tmp_path)
    first = dropped(uploads)
    assert dropped(uploads) is first
    assert dropped(uploads, "m.csv") is not first
    assert dropped(uploads, content=b"a,b\nc,d\n") is not first
    assert len([*uploads]) == 3
    uploads.forget(first)
    assert not first.folder.exists()
    assert len([*DroppedFiles(tmp_path)]) == 2
