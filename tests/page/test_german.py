"""The page in the language of the browser: German, while files and notifications stay English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import openpyxl
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from importer.messages import render, say
from importer.models import Progress, Result, Role
from importer.page.rendering import chosen_language
from importer.page.screens import Parts
from importer.page.serving import Launch, PageServer
from importer.sandbox import Limit, Sandbox
from tests.page.conftest import HEAD, OURS, home_of, write
from tests.page.german import english_in
from tests.page.test_browser import TEXTS, accessible, wide
from tests.test_messages import TEXTS as CATALOGUE

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("de", "de"),
        ("de-DE", "de"),
        ("DE-at", "de"),
        ("de-DE,en;q=0.5", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr,de;q=0.5,en;q=0.2", "de"),
        ("de;q=0,fr", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_the_first_language_of_the_browser_that_has_a_catalogue_counts(
    friend: FlaskClient, wanted: str, language: str
) -> None:
    """A screen says which one it is, for those who have it read out."""
    answer = friend.get("/", base_url=OURS, headers={"Accept-Language": wanted})
    assert re.findall(r'<html lang="(\w+)">', answer.text) == [language]
    assert ("Tabelle wählen" in answer.text) is (language == "de")


def test_a_language_of_a_region_has_a_catalogue_of_its_own_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    languages = {"pt": "pt", "pt-br": "pt_BR", "en": "en"}
    monkeypatch.setattr("importer.page.rendering.LANGUAGES", languages)
    assert chosen_language([("pt-BR", 1)]) == "pt_BR"
    assert chosen_language([("pt-PT", 1)]) == "pt"


def test_requests_of_two_browsers_get_their_own_language_each(friend: FlaskClient) -> None:
    """Nothing is left from the request before."""
    for _ in range(2):
        assert '<html lang="de">' in friend.get("/runs", base_url=OURS, headers=GERMAN).text
        assert '<html lang="en">' in friend.get("/runs", base_url=OURS).text


def test_refusals_and_what_is_not_there_are_german_too(friend: FlaskClient, stranger: FlaskClient) -> None:
    refused = stranger.get("/", base_url=OURS, headers=GERMAN)
    assert (refused.status_code, english_in(refused.text)) == (403, [])
    for answer, status in (
        (friend.get("/no-such-page", base_url=OURS, headers=GERMAN), 404),
        (friend.post("/runs", base_url=OURS, headers={**GERMAN, "Origin": OURS}), 405),
        (friend.post("/file", base_url=OURS, headers={**GERMAN, "Origin": OURS}), 400),
        (friend.post("/", base_url=OURS, headers=GERMAN), 403),
    ):
        assert (answer.status_code, english_in(answer.text)) == (status, [])


def test_the_file_that_opens_the_page_speaks_every_language() -> None:
    """No request tells it the browser's. It is gone once the page is open."""
    launch = Launch("http://127.0.0.1:1/start/x?a&b")
    file = Path(url2pathname(urlsplit(launch.address).path))
    links = re.findall(r'<a href="([^"]+)" lang="(\w+)">([^<]+)</a>', file.read_text(encoding="utf-8"))
    address = "http://127.0.0.1:1/start/x?a&amp;b"
    assert links == [(address, "de", "note-importer öffnen"), (address, "en", "Open note-importer")]
    launch.remove()
    assert not file.parent.exists()


def test_what_is_told_of_a_run_under_way_is_german(
    friend: FlaskClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what another process says about trouble, with its numbers."""
    trouble = say("trouble.again-in", seconds=1_200, why=say("trouble.limit", seconds=1_500))
    progress = Progress(2_000, 1_234, 1_234, 0, 0, trouble, {Result.CREATED: 1_234, Result.NOT_SENT: 1})

    class UnderWay:
        task = ended = None
        stopping, expected, began_at = False, 2_000, 0.0

    job = UnderWay()
    job.progress = progress  # type: ignore[attr-defined]
    monkeypatch.setattr(parts.jobs, "get", lambda _: job)
    state = json.loads(friend.get(f"/job/{'0' * 32}/state", base_url=OURS, headers=GERMAN).text)
    assert state["done"] == "1.234 von 2.000 Notizen"
    assert state["counts"] == "angelegt 1.234, nicht gesendet 1"
    assert "1.500 s" in state["holds"]
    assert not re.search(r"\b(waiting|trying|account)\b", str(state))


def test_the_words_of_results_and_roles_are_in_the_catalogue() -> None:
    """In English they are those of the results file and of the settings."""
    for member in (*Result, *Role):
        assert f"word.{member.replace(' ', '-')}" in CATALOGUE.of
        assert render(say("words", text=member)) == member


def test_the_search_for_english_finds_what_there_is(friend: FlaskClient) -> None:
    said = friend.get("/", base_url=OURS).text.replace('<html lang="en">', '<html lang="de">')
    found = english_in(said)
    assert "Choose a spreadsheet" in found
    assert len(found) > 10


@pytest.fixture
def tab(browser: Browser, server: PageServer) -> Iterator[Page]:
    """A tab of a German browser, with the page's first screen."""
    with browser.new_context(accept_downloads=True, locale="de-DE") as context:
        tab = context.new_page()
        tab.goto(server.address)
        tab.wait_for_url(home_of(server))
        yield tab


def german(tab: Page) -> None:
    """This screen, and what the script has filled in, is German; no rule of axe's is broken, and nothing sticks out."""
    accessible(tab)
    wide(tab)
    assert english_in(tab.content()) == [], tab.url


def agree(tab: Page) -> None:
    """Send the notes, and say who should see a workspace's first ones, if that is asked."""
    button = tab.get_by_role("button", name=re.compile("Notiz(en)? senden"))
    button.wait_for()
    if (tick := tab.locator("[name=is-meant]")).count():
        tick.check()
    button.click()


@pytest.mark.slow
def test_a_whole_import_in_a_german_browser(tab: Page, box: Sandbox, tmp_path: Path) -> None:
    """Dropped, checked, agreed to, watched, stopped and finished; its results are English as those of the terminal."""
    rows = [(f"p{i}", TEXTS[i % 2], ("Public", "Private")[i % 2]) for i in range(6)]
    rows += [("INVALID-1", TEXTS[0], "Public"), ("p8", "", "Public"), ("p9", TEXTS[0], "pubic")]
    german(tab)
    tab.get_by_label("Ziehen Sie die Datei hierher").set_input_files(write(tmp_path / "Kontakte März.csv", rows, HEAD))
    expect(tab.get_by_role("status")).to_contain_text("7 Notizen")
    german(tab)
    tab.get_by_role("button", name="Weiter").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("7 Notizen senden?")
    german(tab)
    box.set_limit(Limit.parse("1/300s:headers:429"))
    agree(tab)
    expect(tab.locator("[data-field=counts]")).to_contain_text("angelegt")
    expect(tab.locator("[data-field=holds]")).to_contain_text("Wartezeit")
    german(tab)
    tab.get_by_role("button", name="Anhalten").click()
    rest = tab.get_by_role("link", name="Rest senden")
    rest.wait_for()
    german(tab)
    box.set_limit(None)
    rest.click()
    tab.get_by_role("button", name="Weiter").click()
    agree(tab)
    expect(tab.get_by_role("heading", level=1)).to_have_text("Ergebnisse von Kontakte März.csv")
    expect(tab.get_by_text("6 von 9 Zeilen zugestellt.")).to_be_visible()
    expect(tab.get_by_role("row", name="INVALID-1")).to_contain_text("abgelehnt")
    german(tab)
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Ergebnisse herunterladen").click()
    download.value.save_as(tmp_path / "taken.xlsx")
    book = openpyxl.load_workbook(tmp_path / "taken.xlsx")
    results = [*book["Results"].iter_rows(min_row=2, values_only=True)]
    assert {str(row[3]) for row in results} == {"created", "already imported", "rejected", "invalid"}
    assert "'pubic' is not a valid visibility" in str(results)
    tab.get_by_role("link", name="angelegt").click()
    expect(tab.get_by_role("row", name="p1")).to_contain_text(TEXTS[1])
    german(tab)
    assert sorted(note.prospect_id for note in box.notes) == [f"p{i}" for i in range(6)]
