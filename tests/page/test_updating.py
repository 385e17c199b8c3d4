"""Updates on the page: offered, shown before they are made, and agreed to where they make notes more visible."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from importer import importing
from importer.messages import render
from importer.page import jobs
from importer.page.screens import Parts
from importer.settings import Settings
from tests.page.conftest import OURS, write
from tests.page.test_history import done, imported, kept
from tests.sandbox import Sandbox

BEFORE = [("p1", "Hello", "Public"), ("p2", "Hello", "Private")]
AFTER = [("p1", "Hello", "Private"), ("p2", "Hello", "Public")]


def test_notes_that_differ_are_offered_to_be_updated(
    friend: FlaskClient, parts: Parts, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Also if the file was checked before they were sent.

    The screen before it has a button that says all it does, and a box to tick for what becomes more visible.
    """
    upload = kept(parts, write(tmp_path / "later.csv", [*AFTER, ("p3", "Ho", "Public")]))
    assert "Ready: 3 notes to send." in read(friend, f"/file/{upload.id}")
    imported(write(tmp_path / "n.csv", BEFORE), settings)
    offered = read(friend, f"/file/{upload.id}")  # in the same minute
    assert "Update 2 notes …" in offered
    data = {"seen": upload.state.digest, "answer": "update yes"}
    answer = friend.post(f"/file/{upload.id}/choose", base_url=OURS, headers={"Origin": OURS}, data=data)
    asked = read(friend, answer.headers["Location"])
    assert "<h1>Send 1 note, and update 2?</h1>" in asked
    assert ">Send 1 note, and update 2</button>" in asked
    assert "Also make the change that makes 1 note more visible" in asked
    assert re.search(r"row 3, prospect p2: private\. Afterwards public", asked)
    assert {note.prospect_id: note.visibility for note in box.notes} == {"p1": "1", "p2": "2"}


def read(friend: FlaskClient, address: str) -> str:
    """Return a screen once the file is read."""
    for _ in range(600):
        text = friend.get(address, base_url=OURS, follow_redirects=True).text
        if "data-poll" not in text:
            break
        time.sleep(0.05)
    return text


@pytest.mark.parametrize(("agrees", "seen"), [(False, {"p1": "2", "p2": "2"}), (True, {"p1": "2", "p2": "1"})])
def test_without_a_tick_nothing_becomes_more_visible(
    settings: Settings, box: Sandbox, tmp_path: Path, *, agrees: bool, seen: dict[str, str]
) -> None:
    imported(write(tmp_path / "n.csv", BEFORE), settings)
    path, settings = write(tmp_path / "later.csv", AFTER), replace(settings, update=True)
    with contextlib.chdir(tmp_path), importing.run.prepare(path.name, settings) as prepared:
        digest = prepared.preview.digest
    ended = done(jobs.Send(settings, tmp_path, path.name, digest=digest, agrees=agrees))
    assert ended.exit_status == 0, [render(line) for line in ended.besides]
    assert {note.prospect_id: note.visibility for note in box.notes} == seen
