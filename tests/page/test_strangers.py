"""Other users of this machine: what they can learn, and that they can't keep the owner out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Browser, expect

from importer.page import serving
from importer.page.serving import PageServer
from tests.page.conftest import home_of


class Thief(ThreadingHTTPServer):
    """A page of another user, on another port of 127.0.0.1, that records what browsers send."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Recorder)
        self.address = f"http://127.0.0.1:{self.server_port}/"
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.body = ""


class _Recorder(BaseHTTPRequestHandler):
    server: Thief

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Thief</title><p>{self.server.body}".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def thief() -> Iterator[Thief]:
    with Thief() as thief:
        threading.Thread(target=thief.serve_forever, args=(0.02,), daemon=True).start()
        yield thief
        thief.shutdown()


@pytest.mark.slow
def test_a_page_on_another_port_learns_neither_the_cookie_nor_the_secret_path(
    browser: Browser, server: PageServer, thief: Thief
) -> None:
    """Whatever leads the browser there; and what it guesses there opens nothing here."""
    ours, home = f"http://127.0.0.1:{server.port}", server.guard.home
    thief.body = f'<img src="{ours}/static/icon.svg"><iframe src="/frame"></iframe>'
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(server.address)
        page.wait_for_url(home_of(server))
        lured = context.new_page()
        lured.goto(thief.address)
        lured.goto(f"{thief.address}settings/")
        page.get_by_role("link", name="Settings").click()
        page.wait_for_url(f"{ours}{home}/settings")
        page.evaluate("address => { location.href = address }", thief.address)
        expect(page).to_have_title("Thief")
        assert page.evaluate("document.referrer") == ""
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
        held = context.cookies(page.url)
    assert {"/", "/settings/", "/frame"} <= {*thief.requests}
    assert home not in str((thief.requests, thief.headers))
    assert str(server.port) not in str(thief.headers)
    assert {headers.get("cookie") for headers in thief.headers} == {None}
    assert [cookie["path"] for cookie in held] == [f"{home}/"]
    for path in ("/", "/settings", "/static/page.css"):
        stolen = {cookie["name"]: cookie["value"] for cookie in held}
        answer = requests.get(f"{ours}{path}", cookies=stolen, timeout=30)
        assert answer.status_code == 403
        assert home not in answer.text


@pytest.mark.parametrize("begin", [b"", b"POST /x HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\nx"])
def test_a_silent_connection_is_hung_up(
    server: PageServer, begin: bytes, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody keeps the page's threads for long; and nothing is printed of it."""
    monkeypatch.setattr(serving._PageHandler, "timeout", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(begin)
        while connection.recv(4096):  # a refusal, perhaps, and then the end
            pass
    said = capfd.readouterr()
    assert said.out + said.err == ""
