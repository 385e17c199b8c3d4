"""Two tabs of one file: what is sent is what the sending tab showed, or nothing; only what begins is remembered."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from importer.errors import Changed
from importer.importing.run import prepare
from importer.journal import Journal
from importer.operations.corrections import Act, Corrections, Step
from importer.page.jobs import BEGUN, Job, Send, Word
from importer.page.screens import Parts
from importer.page.state import State
from importer.page.uploads import DroppedFile
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.page.conftest import HEAD, OURS, write
from tests.page.test_mending import TEXT, Mender, dropped, parts, readers
from tests.sandbox import Sandbox

__all__ = ["dropped", "parts", "readers"]

CHANGES: dict[str, dict[str, str]] = {
    "a cell": {"cell_2_2": "Public"},
    "a word that is put": {"write": "3 2 Public"},
    "a row left out": {"leave_out": "4"},
    "a row taken back": {"take_back": "2"},
    "all of a kind": {"write_kind": "0", "kind_text": "Public"},
    "undo": {"undo": "yes"},
}
BEFORE = Corrections((Step(Act.WRITE, (2,), 2, "Private"),))


def test_of_two_tabs_with_the_rows_only_the_one_that_shows_all_corrections_goes_on(
    dropped: Callable[..., Mender],
) -> None:
    """Whatever was done in the other tab, and whatever is done in this one then: a change, or Continue."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Pubic"), ("p3", TEXT, "Pubic")])
    mender.sees()
    for first, second in itertools.product(("a cell", "undo"), [*CHANGES, "continue"]):
        mender.upload.state = State().correct((), BEFORE)
        stale = mender.seen  # both tabs show row 2 as private
        assert mender._post("change", CHANGES[first]).status_code == 303, first
        steps = mender.corrections.steps
        fields = {"cell_2_2": "Private", "continue": "yes"} if second == "continue" else CHANGES[second]
        why = mender.is_refused("change", seen=stale, **fields)
        assert "changed in another tab" in why, (first, second)
        assert mender.corrections.steps == steps, (first, second)
    mender.upload.state = State().correct((), BEFORE)
    stale = mender.seen
    mender.continues()  # which changes nothing of what the other tab shows
    mender.does(cell_2_2="Public", seen=stale)
    assert mender.corrections.by_row[2].texts == {2: "Public"}


class Tab:
    """A tab with the screen that asks."""

    def __init__(self, client: FlaskClient, parts: Parts, upload: DroppedFile) -> None:
        self._client, self._parts, self.upload = client, parts, upload
        self._fields: dict[str, str] = {}

    def asks(self) -> Tab:
        """Open the screen that asks."""
        until, text = time.monotonic() + 60, "data-poll"
        while "data-poll" in text and time.monotonic() < until:
            text = self._client.get(f"/file/{self.upload.id}/confirm", base_url=OURS).text
        self._fields = dict(re.findall(r'<input type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]*)"', text))
        assert "digest" in self._fields, text
        return self

    def begins(self) -> Job:
        """Press the button that sends."""
        address = f"/file/{self.upload.id}/send"
        answer = self._client.post(address, base_url=OURS, headers={"Origin": OURS}, data=self._fields)
        assert answer.status_code == 303, answer.text
        return next(iter(self._parts.jobs))

    def is_refused(self) -> bool:
        """Press it, and see that nothing begins."""
        address = f"/file/{self.upload.id}/send"
        data, headers = self._fields, {"Origin": OURS}
        return self._client.post(address, base_url=OURS, headers=headers, data=data).status_code == 409

    def sends(self) -> Job:
        """Press it, and wait for the end."""
        job = self.begins()
        job.listener.join(60)
        return job


ACTS: dict[str, tuple[str, dict[str, str]]] = {
    "an answer": ("choose", {"answer": "default-visibility public"}),
    "the first alone": ("choose", {"answer": "first 2"}),
    "a correction": ("mend/change", {"cell-2-1": "Another text"}),
    "send": ("send", {}),
}


@pytest.mark.parametrize(
    ("first", "second"),
    [("an answer", "send"), ("the first alone", "a correction"), ("a correction", "send"), ("send", "a correction")],
)
def test_of_two_tabs_of_a_file_only_the_one_that_shows_its_state_acts(
    friend: FlaskClient,
    parts: Parts,
    box: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    second: str,
) -> None:
    """Whatever was done in the other tab, and whatever is done in this one then; each note is sent once."""
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    rows = [("p0", "", ""), *((f"p{n}", TEXT, "") for n in range(1, 4))]
    path = write(tmp_path / "notes.csv", rows, HEAD)
    upload = parts.uploads.add("notes.csv", lambda to: to.write_bytes(path.read_bytes()))
    upload.state = State((("default-visibility", "private"),))
    tab = Tab(friend, parts, upload).asks()

    def does(act: str) -> int:
        address, fields = ACTS[act]
        data, headers = {**tab._fields, **fields}, {"Origin": OURS}
        answer = friend.post(f"/file/{upload.id}/{address}", base_url=OURS, headers=headers, data=data)
        for job in parts.jobs:
            job.listener.join(60)
        return answer.status_code

    assert does(first) == 303
    state, sent = upload.state, len(box.notes)
    assert sent == (3 if first == "send" else 0)
    status = does(second)
    assert status == (303 if first == "send" else 409)
    assert first == "send" or upload.state is state
    assert len(box.notes) == (3 if "send" in (first, second) and first == "send" else sent)
    assert {note.visibility for note in box.notes} <= {"2"}


def begins(task: Send) -> bool:
    """Do a job in the test's own process; whether it says that it begins."""
    server, own = multiprocessing.Pipe()
    with server, own:
        with contextlib.suppress(Changed):
            task.do(Word(own))
        told = [server.recv() for _ in iter(server.poll, False)]
    return BEGUN in told


def is_confirmed(settings: Settings) -> bool:
    with Journal.open(settings.journal) as journal:
        return journal.runs.confirmation(settings.workspace) is not None


def test_a_file_is_remembered_only_once_a_send_begins(
    settings: Settings, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the workspace is right has been said by then, as on the terminal."""
    monkeypatch.chdir(tmp_path)
    settings = replace(settings, guard_local_address=True)
    write(tmp_path / "notes.csv", [("p1", TEXT, "Public")], HEAD)
    with prepare("notes.csv", settings) as prepared:
        digest = prepared.preview.digest
    refused, sent = (
        Send(settings, tmp_path, "notes.csv", is_right=True, digest=shown, is_meant=True)
        for shown in ("0" * 64, digest)
    )
    assert not begins(refused)
    assert (is_confirmed(settings), box.notes) == (True, ())
    assert begins(sent)
    assert len(box.notes) == 1


def test_while_a_file_is_being_sent_its_corrections_stay(
    dropped: Callable[..., Mender], parts: Parts, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab that showed other corrections sends nothing, neither during the job nor after it."""
    mender = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Public")])
    mender.sees()
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    mender.does(cell_2_2="Public")
    stale = Tab(mender._client, parts, mender.upload).asks()
    mender.does(cell_2_2="Private")
    first, twice = (Tab(mender._client, parts, mender.upload).asks() for _ in range(2))
    box.latency = 1.0
    job = first.begins()
    assert twice.begins() is job
    assert stale.begins() is job
    assert "Sending notes.csv. Wait" in mender.is_refused("change", cell_2_1="Another text")
    job.listener.join(60)
    assert stale.is_refused()
    assert sorted((note.prospect_id, note.visibility) for note in box.notes) == [("p1", "2"), ("p2", "1")]
