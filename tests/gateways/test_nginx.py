"""With a real nginx in between, which speaks for the API in its own ways, no note doubles, is lost, or is slandered."""

from collections import Counter
from pathlib import Path

import pytest

from importer.errors import NeedsAPerson, WrongAddress
from importer.importing.report import Report
from importer.settings.kinds import Rate
from tests.delivering import KEY, counts, deliver
from tests.gateways.nginx import Nginx, need
from tests.sandbox import Sandbox
from tests.test_gateway_faults import faults
from tests.truth import Line

pytestmark = pytest.mark.slow  # each starts a program, and what it is told to wait is waited
PEM = Path(__file__).parents[1] / "tls" / "loopback.pem"
TLS = f'ssl_certificate "{PEM}"; ssl_certificate_key "{PEM}";'
# Twelve prospects share a note, and six have each their own.
LINES = [
    *(Line(f"P{number}", "Spoke about the annual plan.") for number in range(12)),
    *(Line(f"P{number}", f"Call number {number}") for number in range(6)),
]
ALL = Counter({"created": len(LINES)})
WAYS = {
    "404, for the page is missing": "error_page 500 502 503 504 /pages/missing.html;",
    "400": "error_page 500 502 503 504 =400 /pages/page.html;",
    "302": "error_page 500 502 503 504 http://127.0.0.1:9/sorry;",
    "500": "error_page 502 503 504 =500 /pages/page.html;",
    "200, in JSON": "error_page 500 502 503 504 =200 /nowhere;",
}


@pytest.fixture(autouse=True)
def _nginx_is_here() -> None:
    need()


def twice(box: Sandbox, nginx: Nginx, folder: Path, **more: object) -> tuple[Report, Counter[str]]:
    """An import by way of nginx, and the same once more when nothing is wrong; nobody is ever slandered."""
    (folder / "nginx" / "pages" / "page.html").write_text("<html><h1>Sorry</h1></html>")
    first = deliver(box, folder, LINES, base_url=nginx.url, **more)
    assert counts(first)["rejected"] == 0
    box.clear_faults()
    again = counts(deliver(box, folder, LINES, base_url=nginx.url, **more))
    assert again["created"] + again["already imported"] == len(LINES)
    assert len(box.notes) == len(LINES)
    return first, again


@pytest.mark.parametrize(("way", "moment"), [*((way, "after") for way in WAYS), ("400", "before")])
def test_an_error_that_nginx_shows_as_another_is_looked_up(way: str, moment: str, tmp_path: Path) -> None:
    with (
        Sandbox(api_key=KEY, faults=faults(f"500:{moment}@5,7", f"502:{moment}@8")) as box,
        Nginx(tmp_path, box.port, location=f"proxy_intercept_errors on; {WAYS[way]}") as nginx,
    ):
        first, _ = twice(box, nginx, tmp_path)
    assert counts(first) == ALL


@pytest.mark.parametrize("way", ["400", "200, in JSON"])
def test_a_timeout_that_nginx_shows_as_another_error_is_looked_up(way: str, tmp_path: Path) -> None:
    with (
        Sandbox(api_key=KEY, faults=faults("late=1.2@5,7")) as box,
        Nginx(tmp_path, box.port, location=f"proxy_read_timeout 200ms; {WAYS[way]}") as nginx,
    ):
        first, _ = twice(box, nginx, tmp_path, read_timeout=1.6)
    assert counts(first) == ALL


def test_a_timeout_that_nginx_shows_as_too_many_calls_is_looked_up(tmp_path: Path) -> None:
    """A limiter says no at once; what takes longer than that may have been applied."""
    way = "proxy_read_timeout 2200ms; error_page 504 =429 /pages/page.html;"
    with Sandbox(api_key=KEY, faults=faults("late=2.6@5,7")) as box, Nginx(tmp_path, box.port, location=way) as nginx:
        first, _ = twice(box, nginx, tmp_path, read_timeout=4.0)
    assert counts(first) == ALL


def test_a_cache_for_everything_is_passed_by(tmp_path: Path) -> None:
    cache = f'proxy_cache_path "{tmp_path}/nginx/cache" keys_zone=all:1m;'
    location = "proxy_cache all; proxy_cache_valid any 5m; proxy_cache_key $request_uri; proxy_cache_methods GET HEAD;"
    with (
        Sandbox(api_key=KEY, faults=faults("500:after@5,7", "500:before@6,9")) as box,
        Nginx(tmp_path, box.port, http=cache, location=location) as nginx,
    ):
        first, _ = twice(box, nginx, tmp_path)
    assert counts(first) == ALL


ELSE: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    # what answers instead of the API: how nginx is set up then, and how without it; what the run says
    "a route that stays lost": ({"server": "location /v1/ { return 404; }"}, {"server": ""}, "404"),
    # a parking page, or that of a network which wants a login first
    "a page for everything": (
        {"server": "default_type text/html; return 200 '<html><h1>This domain is for sale</h1></html>';"},
        {"server": ""}, "is not the API",
    ),
    "plain http on a TLS port": ({"http": TLS}, {"http": ""}, "400"),
    "a client certificate that is wanted": (
        {"http": f'{TLS} ssl_client_certificate "{PEM}"; ssl_verify_client on;'}, {"http": TLS}, "400",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ELSE)
def test_another_answer_ends_the_run_and_is_told(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))
    odd, usual, words = ELSE[case]
    with Sandbox(api_key=KEY) as box, Nginx(tmp_path, box.port, is_tls="http" in odd, **odd) as nginx:
        url = nginx.url.replace("https:", "http:") if case.startswith("plain") else nginx.url
        report = deliver(box, tmp_path, LINES, base_url=url, give_up=2.0)
        assert isinstance(report.stopped, NeedsAPerson if "certificate" in case else WrongAddress)
        assert (report.exit_status, len(box.received)) == (4, 0)
        assert counts(report)["created"] + counts(report)["rejected"] == 0
        assert words in str(report.stopped)
        if not case.startswith("plain"):
            nginx.reload(**usual)
            twice(box, nginx, tmp_path)


@pytest.mark.parametrize(
    ("zone", "limit"),
    [
        ("limit_req_zone $server_port zone=all:1m rate=10r/s;", "limit_req zone=all burst=2 nodelay;"),
        ("limit_conn_zone $server_port zone=all:1m;", "limit_conn all 1;"),
    ],
    ids=["limit_req", "limit_conn"],
)
def test_a_limiter_that_says_503_is_kept_to(zone: str, limit: str, tmp_path: Path) -> None:
    """Fifteen a second would be too many for it, and so are two at once: hardly more is asked than has to be."""
    lines = [Line(f"P{number}", f"Call number {number}") for number in range(60)]
    with Sandbox(api_key=KEY, latency=0.1) as box, Nginx(tmp_path, box.port, http=zone, location=limit) as nginx:
        first = deliver(box, tmp_path, lines, base_url=nginx.url, workers=8)
        assert counts(first) == Counter({"created": 60})
    assert first.requests < 3 * 60


def test_connections_that_nginx_has_closed_meanwhile_cost_nothing_but_a_moment(tmp_path: Path) -> None:
    """It closes them after a second, and after five requests, whether or not somebody is just sending."""
    lines = [Line(f"P{number}", f"Call number {number}") for number in range(24)]
    with (
        Sandbox(api_key=KEY, faults=faults("500:after@7", "500:before@9")) as box,
        Nginx(tmp_path, box.port, server="keepalive_timeout 1s; keepalive_requests 5;") as nginx,
    ):
        first = deliver(box, tmp_path, lines, base_url=nginx.url, rate=Rate(6, 1.0), read_timeout=600.0, workers=6)
        assert counts(first) == Counter({"created": 24})
        assert len(box.notes) == 24
