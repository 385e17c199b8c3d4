"""Settings, samples and Quit in a real browser: as somebody uses them who types no commands."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from importer.settings.secrets import KEY_VARIABLE
from tests.page.conftest import write
from tests.page.test_browser import drop, looked_at, send
from tests.sandbox import Sandbox

pytestmark = pytest.mark.slow


def go(page: Page, name: str) -> None:
    """By the navigation; back when that screen is the one that is seen."""
    link = page.get_by_role("navigation").get_by_role("link", name=name)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")


def test_a_profile_is_made_given_its_key_and_defaults_and_sent_with(
    page: Page, box: Sandbox, profiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    go(page, "Import")
    looked_at(page, "import-no-key")
    profiles.write_text("# ours\n[default]\nbatch-size = 3\n", encoding="utf-8")
    go(page, "Settings")
    looked_at(page, "settings")
    page.get_by_text("Create a profile").click()
    page.get_by_label("Name (your choice)").fill("default")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Name (your choice)")).to_be_focused()
    looked_at(page, "settings-name")
    page.get_by_label("Name (your choice)").fill("spring fair")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status")).to_contain_text("The profile was created")
    page.get_by_label("If visibility is blank").select_option("private")
    page.get_by_label("Rate limit").fill("many")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Rate limit")).to_be_focused()
    expect(page.get_by_text("'many' is not valid here")).to_be_visible()
    looked_at(page, "settings-wrong")
    page.get_by_label("Rate limit").fill("100/1s")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    looked_at(page, "settings-saved")
    drop_one(page, tmp_path)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send 1 note?")
    looked_at(page, "no-key")
    page.get_by_role("link", name="Enter the key").click()
    page.get_by_label("The key for “spring fair”").fill(box.api_key)
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_text("You entered it here")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Saleshandy accepts the key.")
    looked_at(page, "settings-key")
    drop_one(page, tmp_path)
    page.get_by_role("button", name="Continue").click()
    send(page, "1 note")
    expect(page.get_by_role("status")).to_have_text("Done. All rows are delivered.")
    assert [note.visibility for note in box.notes] == ["2"], "as the default of the new profile says"
    now = profiles.read_text(encoding="utf-8")
    assert now.startswith("# ours\n[default]\nbatch-size = 3\n")
    assert 'default-visibility = "private"' in now
    assert box.api_key not in now


def drop_one(page: Page, folder: Path) -> None:
    """A file whose one note says nothing of who may see it."""
    go(page, "Import")
    drop(page, write(folder / "n.csv", [("p1", "Hello", "")]))
    expect(page.get_by_role("status")).to_have_text("Ready: 1 note to send.")
