"""The first import of another profile from the page: it continues, or a person says that it has another account."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from importer.importing import workspaces
from importer.page.screens import Parts
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests import running
from tests.page.conftest import OURS, write
from tests.page.test_mending import parts, readers
from tests.page.test_two_tabs import Tab
from tests.sandbox import Sandbox

__all__ = ["parts", "readers"]

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
def tab(friend: FlaskClient, parts: Parts, monkeypatch: pytest.MonkeyPatch, box: Sandbox, tmp_path: Path) -> Tab:
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    content = write(tmp_path / "n.csv", ROWS).read_bytes()
    upload = parts.uploads.add("n.csv", lambda to: to.write_bytes(content))
    return Tab(friend, parts, upload).asks()


def pressed(tab: Tab, friend: FlaskClient, meant: str) -> tuple[int, str]:
    """Press a button that continues with a workspace's deliveries; return the status, and where it leads."""
    data = {**tab._fields, "meant": meant}
    address = f"/file/{tab.upload.id}/continue"
    answer = friend.post(address, base_url=OURS, headers={"Origin": OURS}, data=data)
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_a_person_continues_with_the_other_profiles_deliveries(
    tab: Tab, friend: FlaskClient, box: Sandbox, settings: Settings
) -> None:
    """The screen says so before anything is sent; then only what the other profile didn't send is."""
    shown = friend.get(f"/file/{tab.upload.id}/confirm", base_url=OURS).text
    assert "The API key was used before as" in shown
    assert "notes are in another account: send these as" in shown
    [meant] = re.findall(r'<button name="meant" value="([^"]*)"', shown)
    assert meant == f"default at {settings.base_url}"
    assert pressed(tab, friend, "somebody at https://else.invalid/v1")[0] == 409
    status, place = pressed(tab, friend, meant)
    assert (status, place.rpartition("/")[2]) == (303, "confirm")
    tab.asks()
    assert "Send 1 note?" in friend.get(f"/file/{tab.upload.id}/confirm", base_url=OURS).text
    assert "is-right" not in tab._fields
    assert tab.sends().ended.exit_status == 0  # type: ignore[union-attr]
    assert [note.prospect_id for note in box.notes] == ["p1", "p2"]


def test_a_person_says_that_the_other_notes_are_in_another_account(tab: Tab, box: Sandbox) -> None:
    """With a tick, without which nothing is sent."""
    fields = tab._fields
    tab._fields = {name: value for name, value in fields.items() if name != "is-right"}
    assert tab.sends().ended.error  # type: ignore[union-attr]
    assert len(box.notes) == 1
    tab._fields = fields
    assert not tab.sends().ended.error  # type: ignore[union-attr]
    assert sorted(note.prospect_id for note in box.notes) == ["p1", "p1", "p2"]
