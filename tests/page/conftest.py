"""The page, served to a browser or to bare requests; and the browser, where this machine has one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.test import TestResponse

from importer import messages
from importer.page.access import Access
from importer.page.current_settings import CurrentSettings
from importer.page.jobs import Jobs
from importer.page.reading import Readers
from importer.page.screens import Parts
from importer.page.serving import PageServer
from importer.page.site import make
from importer.page.uploads import DroppedFiles
from importer.settings import SETTINGS, Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.truth import write_csv

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "msedge")
_PATIENCE = 40_000  # milliseconds: processes begin slowly on a machine that has much to do
expect.set_options(timeout=_PATIENCE)
HOST = "127.0.0.1:8765"
OURS = f"http://{HOST}"
HOME = "/secret-of-this-session"
SECRET = "sesame-0123456789"
HEAD = ("Prospect ID", "Note", "Visibility")


def write(path: Path, rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> Path:
    """A CSV file."""
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


class Inside(FlaskClient):
    """A client that asks for addresses below the secret path, except for those that open the page."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask for an address."""
        if isinstance(args[0], str):
            path = args[0]
            is_whole = "/start/" in path or path.startswith(f"{HOME}/")
            args = (path if is_whole else f"{HOME}{path}", *args[1:])
        return super().open(*args, **kwargs)


@contextmanager
def served(settings: Settings, folder: Path) -> Iterator[PageServer]:
    """The page, with this folder for its files; the key comes from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, settings.key)
        with PageServer(told_of(settings), folder=folder) as server:
            yield server
            for job in server.stop_jobs(messages.words("The test is over.")):
                job.listener.join(30)


def home_of(server: PageServer) -> str:
    """The address of the page's first screen, with the session's secret path."""
    return f"http://127.0.0.1:{server.port}{server.guard.home}/"


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[PageServer]:
    """The page, for the test's own sandbox and journal."""
    with served(replace(settings, give_up=300), tmp_path / "uploads") as server:  # it is looked at while it is held up
        yield server


@pytest.fixture
def guard() -> Access:
    """A guard, with a secret path that tests know."""
    guard = Access(8765)
    guard.home = HOME
    return guard


@pytest.fixture
def parts(settings: Settings, tmp_path: Path) -> Iterator[Parts]:
    """What screens work with, for the test's own sandbox and journal."""
    reading, current, jobs = Readers(), told_of(settings), Jobs()
    yield Parts(current, DroppedFiles(tmp_path / "uploads"), reading, jobs)
    reading.close()


@pytest.fixture
def site(guard: Access, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The page without a server."""
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    return make(parts, guard)


@pytest.fixture
def friend(site: Flask, guard: Access) -> FlaskClient:
    """The browser that the page was opened in."""
    site.test_client_class = Inside
    client = site.test_client()
    assert client.get(guard.address, base_url=OURS).status_code == 200
    return client


@pytest.fixture
def stranger(site: Flask) -> FlaskClient:
    """A browser that was never here, and that knows the secret path nonetheless."""
    site.test_client_class = Inside
    return site.test_client()


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
        tab.goto(server.address)
        context.on("request", lambda request: None if request.url.startswith(ours) else elsewhere.append(request.url))
        tab.wait_for_url(ours)  # loaded, and the script with it
        yield tab
    assert [text for text in said if "ERR_INTERNET_DISCONNECTED" not in text] == []  # what a test did on purpose
    assert elsewhere == []
