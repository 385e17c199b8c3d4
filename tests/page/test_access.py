"""Who is let in, and what every answer carries; and that nothing of a file can become a part of the page."""

import http.client
import os
import re
import socket
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from importer.page import serving
from importer.page.serving import PageServer
from importer.page.site import HEADERS, Access
from importer.page.uploads import plain_name
from tests.listening import http_ear
from tests.page.conftest import home_of
from tests.page.person import HOME, HOST, OURS

NUMBER = "0" * 32
FILE, JOB, RUN = (f"/{kind}/{NUMBER}" for kind in ("file", "job", "runs"))
GETS = [
    *("/", "/template.xlsx", "/static/page.css", "/runs", "/settings", "/no-such-page"),
    *(f"{FILE}{name}" for name in ("", "/confirm", "/mend", "/corrected.xlsx")),
    *(f"{JOB}{name}" for name in ("", "/results")),
    *(f"{RUN}{name}" for name in ("", "/results", "/hide")),
]
POSTS = [
    *("/file", "/sample", "/quit", "/no-such-page", "/runs/look-up", f"{RUN}/hide/now", f"{JOB}/stop"),
    *(f"{FILE}/{name}" for name in ("send", "practise", "choose", "continue", "forget", "mend/change")),
    *(f"{FILE}/attachments{name}" for name in ("", "/remove")),
    *(f"/settings/{name}" for name in ("profile", "new", "key", "key/forget", "reading", "change")),
]
EVERYTHING = [*(("GET", path) for path in GETS), *(("POST", path) for path in POSTS)]


def test_every_address_is_in_the_matrix(site: Flask) -> None:
    rules = {re.sub("<(number|run)>", NUMBER, rule.rule) for rule in site.url_map.iter_rules()}
    assert rules - {"/static/<path:filename>"} <= {*GETS, *POSTS}


def test_whoever_lacks_the_cookie_gets_nothing(stranger: FlaskClient, guard: Access) -> None:
    for _ in ("none", "a wrong one"):
        for method, path in EVERYTHING:
            answer = stranger.open(path, method=method)
            assert answer.status_code == 403, (method, path)
        stranger.set_cookie(guard.cookie, "guessed", domain="127.0.0.1", path="/")


def test_the_cookie_alone_opens_nothing(friend: FlaskClient, site: Flask, guard: Access) -> None:
    cookie = friend.get_cookie(guard.cookie, domain="127.0.0.1", path=f"{HOME}/")
    assert cookie is not None
    site.test_client_class = FlaskClient
    thief = site.test_client()
    thief.set_cookie(guard.cookie, cookie.value, domain="127.0.0.1", path="/")
    homes = ("", "/guessed", HOME[:-1], f"{HOME}x", f"/{HOME}", HOME.upper(), f"/x{HOME}", f"/start{HOME}")
    for home in homes:
        for method, path in EVERYTHING:
            answer = thief.open(f"{home}{path}", method=method, base_url=OURS, headers={"Origin": OURS})
            assert answer.status_code == 403, (method, home, path)
            assert HOME not in answer.text + str(answer.headers)
    assert thief.get(HOME, base_url=OURS).status_code == 403
    assert thief.get(f"{HOME}/", base_url=OURS).status_code == 200


def test_another_name_for_this_machine_is_misdirected(friend: FlaskClient) -> None:
    names = ("localhost:8765", "127.0.0.1", "127.0.0.1:80", f"{HOST}.", "evil.example:8765", "0.0.0.0:8765", "")
    for method, path in EVERYTHING:
        for name in names:
            answer = friend.open(path, method=method, headers={"Host": name, "Origin": OURS})
            assert answer.status_code == 421, (method, path, name)


@pytest.mark.parametrize("path", POSTS)
def test_another_site_can_change_nothing(friend: FlaskClient, path: str) -> None:
    others = ("null", "http://evil.example", "http://127.0.0.1:9999", "http://localhost:8765", f"https://{HOST}")
    for headers in ({}, *({"Origin": origin} for origin in others)):
        assert friend.post(path, headers=headers).status_code == 403, headers
    assert friend.post(path).status_code != 403


def test_there_are_no_other_methods_and_no_get_changes_anything(friend: FlaskClient) -> None:
    for path in ("/", f"{JOB}/stop", "/no-such-page"):
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
            assert friend.open(path, method=method).status_code == 405, (method, path)
    for path in {*POSTS} - {"/no-such-page"}:
        assert friend.get(path).status_code in (404, 405), path


def test_the_launch_token_is_good_for_once(site: Flask, guard: Access, stranger: FlaskClient) -> None:
    assert stranger.get("/start/guessed").status_code == 403
    address = guard.address
    answer = stranger.get(address)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("note-importer-8765=")
    assert {"HttpOnly", "SameSite=Strict", f"Path={HOME}/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    for token in (address.rpartition("/")[2], guard.address.rpartition("/")[2]):
        assert token not in cookie + answer.text
    assert stranger.get("/").status_code == 200
    for client in (stranger, site.test_client()):
        refused = client.get(address)
        assert refused.status_code == 403
        assert "start note-importer page once more" in refused.text
        assert "Ctrl-C" not in refused.text


def test_a_second_start_with_the_same_options_opens_the_page_again(
    site: Flask, guard: Access, friend: FlaskClient, stranger: FlaskClient, tmp_path: Path
) -> None:
    place = serving.place_for(tmp_path / "page", {"profile": "night"}, 0)
    assert place != serving.place_for(tmp_path / "page", {"profile": "day"}, 0)
    assert place != serving.place_for(tmp_path / "page", {"profile": "night"}, 8765)
    assert serving.address_in(place) is None
    with serving.offered(place, lambda: guard.address) as guard.renewed:
        first = serving.address_in(place)
        assert first is not None
        if os.name == "posix":
            assert (place.parent.stat().st_mode & 0o77, place.stat().st_mode & 0o77) == (0, 0)
        assert stranger.get("/").status_code == 403
        assert stranger.get(first).status_code == 200
        assert stranger.get("/").status_code == 200
        assert friend.get("/").status_code == 200, "the tab that is open stays good"
        second = serving.address_in(place)
        assert second not in (None, first)
        assert site.test_client().get(first).status_code == 403
    assert serving.address_in(place) is None
    assert not place.exists()
    assert [*place.parent.iterdir()] == [], "nor a lock"


def test_a_page_that_was_killed_is_not_opened_again(guard: Access, tmp_path: Path) -> None:
    """Its file is left behind, without its lock: whoever has the port now doesn't get the key of the next visitor."""
    place = serving.place_for(tmp_path / "page", {}, 0)
    place.write_text(f'<a href="{guard.address}">')
    place.with_suffix(".html.lock").touch()
    assert serving.address_in(place) is None


@pytest.mark.parametrize("who", ["friend", "stranger"])
def test_every_answer_carries_the_headers(request: pytest.FixtureRequest, who: str) -> None:
    for path in ("/", "/static/page.js", "/no-such-page", "/start/guessed"):
        with request.getfixturevalue(who).get(path) as answer:
            headers = answer.headers
        assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert "Access-Control-Allow-Origin" not in headers


def test_no_page_holds_a_script_or_a_style_of_its_own() -> None:
    """The policy would not let them in; and no template takes a text as it is."""
    for template in (Path(__file__).parents[2] / "importer" / "page" / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\|\s*safe|autoescape|https?:", text), (
            template
        )


def test_a_server_listens_here_alone_and_writes_no_log(server: PageServer, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither token nor key is printed; nothing is told of what serves it; a bare path gets no server's own words."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    home, start = server.guard.home, server.guard.address.partition(str(server.port))[2]
    for path in (start, f"{home}/", "/%00", home):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status in (200, 403), answer.headers["Server"]) == (True, "note-importer")
        answer.read()
        connection.close()
    for address in {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
        if not str(address).startswith("127."):
            with pytest.raises(OSError, match=r".*"):
                socket.create_connection((str(address), server.port), timeout=2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("begin", [b"", b"POST /x HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\nx"])
def test_a_silent_connection_is_hung_up(
    server: PageServer, begin: bytes, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving._PageHandler, "timeout", 0.1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(begin)
        while connection.recv(4096):  # a refusal, perhaps, and then the end
            pass
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_another_port_learns_neither_the_cookie_nor_the_secret_path(browser: Browser, server: PageServer) -> None:
    """Another user may have it, whatever leads the browser there. A stolen cookie opens nothing here."""
    ours, home = f"http://127.0.0.1:{server.port}", server.guard.home
    with http_ear() as thief, browser.new_context() as context:
        page = context.new_page()
        page.goto(server.guard.address)
        page.wait_for_url(home_of(server))
        context.new_page().goto(f"http://{thief.place}/settings/")
        page.get_by_role("link", name="Settings").click()
        page.wait_for_url(f"{ours}{home}/settings")
        page.evaluate("address => { location.href = address }", f"http://{thief.place}/")
        page.wait_for_url(f"http://{thief.place}/")
        assert page.evaluate("document.referrer") == ""
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
        held = context.cookies(page.url)
    assert {"/", "/settings/"} <= {call.path for call in thief.calls}
    told = str([(call.path, call.headers) for call in thief.calls]).lower()
    assert home.lower() not in told and str(server.port) not in told and "cookie" not in told
    assert [cookie["path"] for cookie in held] == [f"{home}/"]
    for path in ("/", "/settings", "/static/page.css"):
        stolen = {cookie["name"]: cookie["value"] for cookie in held}
        answer = requests.get(f"{ours}{path}", cookies=stolen, timeout=30)
        assert (answer.status_code, home in answer.text) == (403, False)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("contacts.xlsx", "contacts.xlsx"), ("Kontakte März.csv", "Kontakte März.csv"), (r"C:\Users\me\a.csv", "a.csv"),
        ("../../etc/passwd", "passwd"), ("-", "file -"), ("--help.csv", "file --help.csv"), ("..", "file"),
        ("con.csv", "file con.csv"), ('a<b>:"|?*.csv', "a_b______.csv"), ("a\u202evsc.exe", "a_vsc.exe"),
        ("a\n\x00b.csv", "a__b.csv"), (".csv", "csv"), ("x" * 300 + ".xlsx", "x" * 200 + ".xlsx"),
        ("客" * 90 + ".csv", "客" * 66 + ".csv"), ("Attachments", "file Attachments"),  # a folder beside it
    ],
)  # fmt: skip
def test_a_name_is_only_ever_a_name(given: str, kept: str) -> None:
    """No folder, no device, no sign that a system or a command takes for something else."""
    assert plain_name(given) == kept


def test_ids_that_nobody_gave_lead_nowhere(friend: FlaskClient) -> None:
    for number in (NUMBER, "..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "contacts.xlsx"):
        for path in (f"/file/{number}", f"/job/{number}/results", f"/file/{number}/corrected.xlsx"):
            assert friend.get(path).status_code == 404


def test_a_form_that_is_too_large_is_refused(friend: FlaskClient) -> None:
    part = 'Content-Disposition: form-data; name="expected"'
    body = f"--x\r\n{part}\r\n\r\n{'9' * 2_000_000}\r\n--x--\r\n".encode()
    kind = "multipart/form-data; boundary=x"
    answer = friend.post("/file", headers={"Origin": OURS}, data=body, content_type=kind)
    assert answer.status_code == 413
