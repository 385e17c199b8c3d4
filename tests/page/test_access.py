"""Who is let in, and what every answer carries; and that nothing of a file can become a part of the page."""

from __future__ import annotations

import http.client
import os
import re
import socket
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from importer.page import serving
from importer.page.access import HEADERS, Access
from importer.page.serving import PageServer
from importer.page.uploads import plain_name
from tests.page.conftest import HOME, HOST, OURS

NUMBER = "0" * 32
EVERYTHING = [
    ("GET", "/"), ("GET", "/template.xlsx"), ("GET", "/static/page.css"), ("GET", f"/file/{NUMBER}"),
    ("GET", f"/file/{NUMBER}/confirm"),
    ("GET", f"/file/{NUMBER}/mend"), ("POST", f"/file/{NUMBER}/mend/change"),
    ("GET", f"/file/{NUMBER}/corrected.xlsx"),
    ("GET", f"/job/{NUMBER}"), ("GET", f"/job/{NUMBER}/results"),
    ("GET", f"/job/{NUMBER}/people.csv"),
    ("POST", "/file"), ("POST", f"/file/{NUMBER}/send"),
    ("POST", f"/file/{NUMBER}/practise"), ("POST", f"/file/{NUMBER}/choose"),
    ("POST", f"/file/{NUMBER}/continue"),
    ("POST", f"/job/{NUMBER}/stop"), ("POST", f"/file/{NUMBER}/forget"),
    ("GET", "/runs"), ("POST", "/runs/look-up"),
    ("GET", f"/runs/{NUMBER}"), ("GET", f"/runs/{NUMBER}/results"),
    ("GET", f"/runs/{NUMBER}/hide"), ("POST", f"/runs/{NUMBER}/hide/now"),
    ("GET", "/settings"), ("POST", "/settings/profile"),
    ("POST", f"/file/{NUMBER}/attachments"), ("POST", f"/file/{NUMBER}/attachments/remove"),
    ("POST", "/settings/new"), ("POST", "/settings/key"), ("POST", "/settings/key/forget"),
    ("POST", "/settings/reading"), ("POST", "/settings/change"),
    ("POST", "/sample"), ("POST", "/quit"),
    ("GET", "/no-such-page"), ("POST", "/no-such-page"),
]  # fmt: skip


def test_every_address_is_in_the_matrix(site: Flask) -> None:
    """A screen that is added has to be added here."""
    rules = {
        rule.rule.replace("<number>", NUMBER).replace("<run>", NUMBER).replace("<path:filename>", "page.css")
        for rule in site.url_map.iter_rules()
    }
    assert rules <= {path for _, path in EVERYTHING}


def test_whoever_lacks_the_cookie_gets_nothing(stranger: FlaskClient, guard: Access) -> None:
    """Neither without one, nor with another's, nor with one of the right name and a wrong value."""
    for _ in ("none", "a wrong one"):
        for method, path in EVERYTHING:
            answer = stranger.open(path, method=method, base_url=OURS, headers={"Origin": OURS})
            assert answer.status_code == 403, (method, path)
        stranger.set_cookie(guard.cookie, "guessed", domain="127.0.0.1", path="/")


def test_the_cookie_alone_opens_nothing(friend: FlaskClient, site: Flask, guard: Access) -> None:
    """Other ports of this machine get cookies, too; the secret path they don't, and no refusal tells it."""
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
    """Names that somebody lets lead here are no names of ours, whatever cookie comes along."""
    names = ("localhost:8765", "127.0.0.1", "127.0.0.1:80", f"{HOST}.", "evil.example:8765", "0.0.0.0:8765", "")
    for method, path in EVERYTHING:
        for name in names:
            answer = friend.open(path, method=method, base_url=OURS, headers={"Host": name, "Origin": OURS})
            assert answer.status_code == 421, (method, path, name)


@pytest.mark.parametrize("path", [path for method, path in EVERYTHING if method == "POST"])
def test_another_site_can_change_nothing(friend: FlaskClient, path: str) -> None:
    """Not even with the cookie: whatever isn't a GET says that it comes from here."""
    others = ("null", "http://evil.example", "http://127.0.0.1:9999", "http://localhost:8765", f"https://{HOST}")
    for headers in ({}, *({"Origin": origin} for origin in others)):
        assert friend.post(path, base_url=OURS, headers=headers).status_code == 403, headers
    assert friend.post(path, base_url=OURS, headers={"Origin": OURS}).status_code != 403


def test_there_are_no_other_methods(friend: FlaskClient) -> None:
    """The server takes GET and POST."""
    for path in ("/", f"/job/{NUMBER}/stop", "/no-such-page"):
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
            answer = friend.open(path, method=method, base_url=OURS, headers={"Origin": OURS})
            assert answer.status_code == 405, (method, path)


def test_no_get_changes_anything(friend: FlaskClient) -> None:
    """What is changed by a POST isn't by a GET."""
    for path in [path for method, path in EVERYTHING if method == "POST" and "no-such" not in path]:
        assert friend.get(path, base_url=OURS).status_code in (404, 405), path


def test_the_launch_token_is_good_for_once(site: Flask, guard: Access, stranger: FlaskClient) -> None:
    """A wrong one opens nothing and spends nothing; the right one gives a cookie that scripts and other sites lack."""
    assert stranger.get("/start/guessed", base_url=OURS).status_code == 403
    address = guard.address
    answer = stranger.get(address, base_url=OURS)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("note-importer-8765=")
    assert {"HttpOnly", "SameSite=Strict", f"Path={HOME}/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    for token in (address.rpartition("/")[2], guard.address.rpartition("/")[2]):
        assert token not in cookie + answer.text
    assert stranger.get("/", base_url=OURS).status_code == 200
    for client in (stranger, site.test_client()):
        refused = client.get(address, base_url=OURS)
        assert refused.status_code == 403
        assert "start note-importer page once more" in refused.text
        assert "Ctrl-C" not in refused.text


def test_a_second_start_with_the_same_options_opens_the_page_again(
    site: Flask, guard: Access, friend: FlaskClient, stranger: FlaskClient, tmp_path: Path
) -> None:
    """Through a file that only its owner can read; each address works once, and none is left at the end."""
    place = serving.place_for(tmp_path / "page", {"profile": "night"}, 0)
    assert place != serving.place_for(tmp_path / "page", {"profile": "day"}, 0)
    assert place != serving.place_for(tmp_path / "page", {"profile": "night"}, 8765)
    assert serving.address_in(place) is None
    with serving.offered(place, lambda: guard.address) as guard.renewed:
        first = serving.address_in(place)
        assert first is not None
        if os.name == "posix":
            assert (place.parent.stat().st_mode & 0o77, place.stat().st_mode & 0o77) == (0, 0)
        assert stranger.get("/", base_url=OURS).status_code == 403
        assert stranger.get(first, base_url=OURS).status_code == 200
        assert stranger.get("/", base_url=OURS).status_code == 200
        assert friend.get("/", base_url=OURS).status_code == 200, "the tab that is open stays good"
        second = serving.address_in(place)
        assert second not in (None, first)
        assert site.test_client().get(first, base_url=OURS).status_code == 403
    assert serving.address_in(place) is None
    assert not place.exists()
    assert [*place.parent.iterdir()] == [], "nor a lock"


def test_a_page_that_was_killed_is_not_opened_again(guard: Access, tmp_path: Path) -> None:
    """Its file is left behind, without its lock: whoever has the port now doesn't get the key of the next visitor."""
    place = serving.place_for(tmp_path / "page", {}, 0)
    place.write_text(guard.address)
    place.with_suffix(".lock").touch()
    assert serving.address_in(place) is None


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/no-such-page", "/start/guessed", "/template.xlsx"])
@pytest.mark.parametrize("who", ["friend", "stranger"])
def test_every_answer_carries_the_headers(request: pytest.FixtureRequest, who: str, path: str) -> None:
    """Refusals and errors too."""
    if path == "/template.xlsx" and who == "friend":
        pytest.skip("needs a process; the browser's tests get it")
    with request.getfixturevalue(who).get(path, base_url=OURS) as answer:
        headers = answer.headers
    assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Access-Control-Allow-Origin" not in headers


def test_no_page_holds_a_script_or_a_style_of_its_own() -> None:
    """The policy would not let them in; and no template takes a text as it is."""
    for template in (Path(__file__).parents[2] / "importer" / "page" / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\|\s*safe|autoescape|https?:", text), (
            template
        )


def test_a_server_listens_on_this_machine_alone_and_writes_no_log(
    server: PageServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only the loopback address answers; neither token nor key is printed; nothing is told of what serves it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path in (server.address.partition(str(server.port))[2], f"{server.guard.home}/", "/%00", server.guard.home):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status in (200, 403)
        assert answer.headers["Server"] == "note-importer"
        answer.read()
        connection.close()
    for address in {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
        if not str(address).startswith("127."):
            with pytest.raises(OSError, match=r".*"):
                socket.create_connection((str(address), server.port), timeout=2)
    said = capfd.readouterr()
    assert said.out + said.err == ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("contacts.xlsx", "contacts.xlsx"), ("Kontakte März.csv", "Kontakte März.csv"), (r"C:\Users\me\a.csv", "a.csv"),
        ("../../etc/passwd", "passwd"), ("-", "file -"), ("--help.csv", "file --help.csv"), ("..", "file"),
        ("con.csv", "file con.csv"), ('a<b>:"|?*.csv', "a_b______.csv"), ("a\u202evsc.exe", "a_vsc.exe"),
        ("a\n\x00b.csv", "a__b.csv"), (".csv", "csv"), ("x" * 300 + ".xlsx", "x" * 100 + ".xlsx"),
    ],
)  # fmt: skip
def test_a_name_is_only_ever_a_name(given: str, kept: str) -> None:
    """No folder, no device, no sign that a system or a command takes for something else."""
    assert plain_name(given) == kept


def test_ids_that_nobody_gave_lead_nowhere(friend: FlaskClient) -> None:
    """Neither paths nor guesses."""
    for number in (NUMBER, "..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "contacts.xlsx"):
        for path in (f"/file/{number}", f"/job/{number}/results", f"/file/{number}/corrected.xlsx"):
            assert friend.get(path, base_url=OURS).status_code == 404


def test_a_form_that_is_too_large_is_refused(friend: FlaskClient) -> None:
    """Fields beside the file may hold little."""
    part = 'Content-Disposition: form-data; name="expected"'
    body = f"--x\r\n{part}\r\n\r\n{'9' * 2_000_000}\r\n--x--\r\n".encode()
    kind = "multipart/form-data; boundary=x"
    answer = friend.post("/file", base_url=OURS, headers={"Origin": OURS}, data=body, content_type=kind)
    assert answer.status_code == 413
