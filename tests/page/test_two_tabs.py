"""Two tabs of one file: what is sent is what the sending tab showed, or nothing; only what begins is remembered."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from importer.operations.corrections import Act, Corrections, Step
from importer.page.screens import Parts
from importer.page.uploads import State
from importer.settings import Settings
from tests.page.conftest import write
from tests.page.person import Person, inside
from tests.page.test_mending import CONTINUE, TEXT, Drop, dropped
from tests.sandbox import Sandbox

__all__ = ["dropped"]
pytestmark = pytest.mark.slow  # each act waits for what a process reads

CHANGES: dict[str, dict[str, Any]] = {
    "a cell": {"cell_2_2": "Public"}, "a word that is put": {"write": "3 2 Public"},
    "a row left out": {"leave_out": "4"}, "a row taken back": {"take_back": "2"},
    "all of a kind": {"write_kind": "0", "kind_text": "Public"},
    "undo": {"undo": "yes"},
    "continue": {"cell_2_2": "Private", "continue": "yes"},
}  # fmt: skip
BEFORE = Corrections((Step(Act.WRITE, (2,), 2, "Private"),))


def test_of_two_tabs_only_the_one_that_shows_all_corrections_goes_on(dropped: Drop, friend: FlaskClient) -> None:
    mender, other = dropped([(f"p{i}", TEXT, "Pubic") for i in (1, 2, 3)]), inside(friend)
    other.file = mender.person.file
    for first, second in itertools.product(("a cell", "undo"), CHANGES):
        mender.upload.state = State().correct(Settings(), BEFORE)
        mender.sees()
        other.sees("mend")  # both tabs show row 2 as private
        other.posts("mend/change", **CHANGES[first])
        steps = mender.corrections.steps
        assert "changed in another tab" in mender.does(409, **CHANGES[second]), (first, second)
        assert mender.corrections.steps == steps, (first, second)
    mender.upload.state = State().correct(Settings(), BEFORE)
    mender.sees()
    other.sees("mend")
    other.posts("mend/change", **CONTINUE)
    mender.does(cell_2_2="Public")  # nothing of what this tab shows was changed
    assert mender.corrections.by_row[2].texts == {2: "Public"}


ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "an answer": ("choose", {"answer": "default-visibility public"}),
    "an update": ("choose", {"answer": "update yes"}),
    "a correction": ("mend/change", {"cell_2_1": "Another text"}),
    "send": ("send", {}),
}


@pytest.mark.parametrize(
    ("first", "second"),
    [("an answer", "send"), ("an update", "a correction"), ("a correction", "send"), ("send", "a correction")],
)
def test_of_two_tabs_of_a_file_only_the_one_that_shows_its_state_acts(
    sender: Person, friend: FlaskClient, parts: Parts, box: Sandbox, tmp_path: Path, first: str, second: str
) -> None:
    rows = [("p0", "", ""), *((f"p{n}", TEXT, "") for n in range(1, 4))]
    sender.drops(write(tmp_path / "notes.csv", rows))
    [upload] = parts.uploads
    upload.state = State((("default-visibility", "private"),))
    other = inside(friend)
    other.file = sender.file
    for tab in (sender, other):
        tab.sees("confirm")
    address, fields = ACTS[first]
    sender.posts(address, **{**(sender.ticks if first == "send" else {}), **fields})
    state, sent = upload.state, len(box.notes)
    assert sent == (3 if first == "send" else 0)
    address, fields = ACTS[second]
    other.posts(address, status=200 if first == "send" else 409, **{**other.ticks, **fields})
    assert first == "send" or upload.state is state
    assert len(box.notes) == sent
    assert {note.visibility for note in box.notes} <= {"2"}


def test_while_a_file_is_being_sent_its_corrections_stay(
    dropped: Drop, sender: Person, friend: FlaskClient, parts: Parts, box: Sandbox
) -> None:
    mender, stale = dropped([("p1", TEXT, "Pubic"), ("p2", TEXT, "Public")]), inside(friend)
    stale.file = sender.file
    mender.does(cell_2_2="Public")
    stale.sees("confirm")
    sender.sees("mend")
    mender.does(cell_2_2="Private")
    sender.sees("confirm")
    box.latency = 1.0
    begun, *again = (tab.presses("send", **tab.ticks) for tab in (sender, sender, stale))
    [job] = parts.jobs.under_way
    assert [answer.address for answer in again] == [begun.address] * 2
    assert "Sending notes.csv. Wait" in mender.does(409, cell_2_1="Another text")
    box.latency = 0.0
    job.listener.join(60)
    assert stale.presses("send", **stale.ticks).status == 409
    assert sorted((note.prospect_id, note.visibility) for note in box.notes) == [("p1", "2"), ("p2", "1")]
