"""The page, served to a browser or to bare requests; and the browser, where this machine has one."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect, sync_playwright

from importer import messages
from importer.operations.corrections import Corrections
from importer.page.current_settings import CurrentSettings
from importer.page.jobs import Ended, Jobs, Task, Word
from importer.page.reading import Readers, check, rows_of_file
from importer.page.screens import Parts
from importer.page.serving import PageServer
from importer.page.site import Access, make
from importer.page.uploads import Answers, DroppedFile, DroppedFiles
from importer.settings import SETTINGS, Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.page.person import HOME, Friend, Person, inside
from tests.sandbox import Sandbox
from tests.truth import write_csv

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "msedge")
_PATIENCE = 40_000  # milliseconds: processes begin slowly on a machine that has much to do
expect.set_options(timeout=_PATIENCE)
SECRET = "sesame-0123456789"
HEAD = ("Prospect ID", "Note", "Visibility")


def write(path: Path, rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> Path:
    return write_csv(path, head, *rows)


def told_of(settings: Settings) -> CurrentSettings:
    """What the page is told where all of this is said when it is started; the key isn't."""
    usual = Settings()
    said = {
        setting.name: value
        for setting in SETTINGS.values()
        if setting.attribute and (value := getattr(settings, setting.attribute)) != getattr(usual, setting.attribute)
    }
    return CurrentSettings(said, [*SETTINGS])


@contextmanager
def served(settings: Settings, folder: Path, readers: Readers) -> Iterator[PageServer]:
    """The page, with this folder for its files; the key comes from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, settings.key)
        server = PageServer(told_of(settings), folder=folder)
        own, server.parts.reading = server.parts.reading, readers  # it would take seconds to begin processes of its own
        with server:
            try:
                yield server
            finally:
                for job in server.stop_jobs(messages.words("The test is over.")):
                    job.listener.join(30)
                server.parts.reading = own  # the others go on to the next test


def home_of(server: PageServer) -> str:
    """The address of the page's first screen, with the session's secret path."""
    return f"http://127.0.0.1:{server.port}{server.guard.home}/"


@pytest.fixture(scope="session")
def readers() -> Iterator[Readers]:
    reading = Readers()
    yield reading
    reading.close()


@pytest.fixture
def server(settings: Settings, tmp_path: Path, readers: Readers) -> Iterator[PageServer]:
    patient = replace(settings, give_up=300)  # it is looked at while it is held up
    with served(patient, tmp_path / "uploads", readers) as server:
        yield server


@pytest.fixture
def guard() -> Access:
    guard = Access(8765)
    guard.home = HOME
    return guard


@pytest.fixture
def parts(settings: Settings, tmp_path: Path, readers: Readers) -> Parts:
    uploads = DroppedFiles(tmp_path / "uploads")
    return Parts(told_of(settings), uploads, readers, Jobs(uploads, readers))


@pytest.fixture
def site(guard: Access, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The page without a server; nobody's key is in the environment."""
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    site = make(parts, guard)
    site.test_client_class = Friend
    return site


@pytest.fixture
def friend(site: Flask, guard: Access) -> FlaskClient:
    client = site.test_client()
    assert client.get(guard.address).status_code == 200
    return client


@pytest.fixture
def stranger(site: Flask) -> FlaskClient:
    """A browser that was never here, and that knows the secret path nonetheless."""
    return site.test_client()


@pytest.fixture
def person(friend: FlaskClient) -> Person:
    return inside(friend)


@pytest.fixture
def sender(person: Person, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    return person


@pytest.fixture
def read_here(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process, and each time anew."""
    monkeypatch.chdir(tmp_path)  # and back

    def look(upload: DroppedFile, answers: Answers, settings: Settings, corrected: Corrections, **_: object) -> object:
        return check(upload.folder, upload.name, settings, rows_of_file(upload, answers), corrected)

    monkeypatch.setattr(parts.reading, "look", look)


def done(task: Task) -> Ended:
    """What a process of its own would tell at last."""
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        return task.do(Word(theirs))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser that is on this machine; where there is none, the test is skipped, unless in CI."""
    path = os.environ.get("BROWSER_FOR_TESTS") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        why = f"no browser was found ({', '.join(BROWSERS)}); name one in BROWSER_FOR_TESTS"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if is_root else [])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: PageServer) -> Iterator[Page]:
    """A tab with the page's first screen; at its end nothing was asked elsewhere, and nothing stands on the console."""
    ours = home_of(server)
    with browser.new_context(accept_downloads=True) as context:
        context.set_default_timeout(_PATIENCE)
        tab = context.new_page()
        said: list[str] = []
        elsewhere: list[str] = []
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        tab.goto(server.guard.address)
        context.on("request", lambda request: None if request.url.startswith(ours) else elsewhere.append(request.url))
        tab.wait_for_url(ours)  # loaded, and the script with it
        yield tab
    assert [text for text in said if "ERR_INTERNET_DISCONNECTED" not in text] == []  # what a test did on purpose
    assert elsewhere == []
