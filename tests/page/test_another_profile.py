"""The first import of another profile from the page: it continues, or a person says that it has another account."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from importer.importing import workspaces
from importer.settings import Settings
from tests import running
from tests.page.conftest import write
from tests.page.person import Person
from tests.sandbox import Sandbox

ROWS = [("p1", "Spoke about terms", "Public"), ("p2", "Sent an offer", "Private")]


@pytest.fixture
def settings(settings: Settings, profiles: Path, tmp_path: Path) -> Settings:
    """Settings of the profile ``night``, after ``default`` has sent the first row with its key."""
    profiles.write_text("[night]\n", encoding="utf-8")
    guarded = replace(settings, guard_local_address=True)
    workspaces.confirm(guarded)
    assert running.run(write(tmp_path / "n.csv", ROWS[:1]), guarded) is not None
    return replace(guarded, profile="night")


@pytest.fixture
def asked(sender: Person, settings: Settings, tmp_path: Path) -> str:
    sender.drops(write(tmp_path / "n.csv", ROWS))
    return sender.sees("confirm")


def test_one_continues_with_the_others_deliveries(asked: str, sender: Person, box: Sandbox, settings: Settings) -> None:
    assert "The API key was used before as" in asked
    assert "notes are in another account: send these as" in asked
    [meant] = re.findall(r'<button name="meant" value="([^"]*)"', asked)
    assert meant == f"default at {settings.base_url}"
    assert sender.presses("continue", meant="somebody at https://else.invalid/v1").status == 409
    assert "Send 1 note?" in sender.posts("continue", meant=meant)
    assert "is-right" not in sender.ticks
    sender.sends()
    assert [note.prospect_id for note in box.notes] == ["p1", "p2"]


def test_a_person_says_that_the_other_notes_are_in_another_account(asked: str, sender: Person, box: Sandbox) -> None:
    for box_of in ("", "first"):  # of another question
        sender.sees("confirm")
        assert "tick the box before you send" in sender.posts("send", **{**sender.ticks, "is-right": box_of})
    assert len(box.notes) == 1
    sender.sends()
    assert sorted(note.prospect_id for note in box.notes) == ["p1", "p1", "p2"]
