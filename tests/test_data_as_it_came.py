"""Cells of a sheet and words of the API are shown as they came: no face reads anything of its own into them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from importer import messages
from importer.page.serving import PageServer
from importer.settings import KEY_VARIABLE, Settings
from tests.page.conftest import told_of, write
from tests.page.test_site import Visitor
from tests.sandbox import Fault, Sandbox, service, wire
from tests.sandbox.state import DEFAULT_KEY
from tests.test_cli import Terminal

REFUSAL = "`content` is too long; run again, or run `note-importer verify`: {why}"
"""What the API says: names of its fields in backticks, and words that are ours elsewhere."""
REJECTED = f"the API refused it: {REFUSAL}"


@pytest.fixture(autouse=True)
def refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox refuses the prospect MALFORMED with these words, and what a fault strikes with them."""
    monkeypatch.setattr(service, "INVALID_PROSPECT", REFUSAL)
    for status in (401, 422):
        monkeypatch.setitem(wire._MESSAGES, status, (status, REFUSAL))


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, box, capsys)


@pytest.fixture
def visitor(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """A visitor of the page."""
    monkeypatch.setenv(KEY_VARIABLE, DEFAULT_KEY)
    settings = Settings(base_url=box.url, journal=tmp_path / "journal.sqlite", settle=0)
    with PageServer(told_of(settings), folder=tmp_path / "uploads") as server, Visitor(server) as visitor:
        yield visitor
        for job in server.stop_jobs(messages.words("The test is over.")):
            job.listener.join(30)


def text_of(screen: str) -> str:
    """Return what a person reads on a screen, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", screen)).split())


@pytest.mark.slow
def test_a_cell_is_shown_on_the_page_as_it_stands(visitor: Visitor, tmp_path: Path) -> None:
    """Its words are no action of ours, and its backticks name no setting."""
    rows = [("p1", "Hello", "run again"), ("p2", "Hello", "`value`"), ("p3", "Please run again", "Private")]
    checked = visitor.drop(write(tmp_path / "n.csv", rows))
    said = text_of(checked.text)
    assert (
        "“run again means Private” or “run again means Public”, and so on (found: 'run again', '`value`') C2, C3"
        in said
    )
    assert "1 × Please run again (private)" in said
    assert "import it again" not in said
    ended = text_of(visitor.see(visitor.agree(checked).url).text)
    assert "C2 (row 2, Visibility): 'run again' is not a valid visibility" in ended
    assert "C3 (row 3, Visibility): '`value`' is not a valid visibility" in ended


def test_a_cell_is_shown_at_the_terminal_and_in_the_results_as_it_stands(type_: Terminal) -> None:
    write(type_.folder / "n.csv", [("p1", "Hello", "`value`"), ("p2", "Hello", "Public")])
    assert "C2: '`value`' is not a valid visibility" in type_("check", "n.csv").all
    for name in ("n.results.csv", "n.results.xlsx"):
        assert type_("run", "n.csv", "--yes", "--results", name).status == 1
        assert any("'`value`' is not a valid visibility" in reason for reason in reasons(type_.folder / name))


@pytest.mark.slow
def test_what_the_api_says_is_shown_on_the_page_as_it_came(visitor: Visitor, tmp_path: Path) -> None:
    """While it was sent, and in the history of what was sent."""
    checked = visitor.drop(write(tmp_path / "n.csv", [("MALFORMED", "Hello", "Private")]))
    ended = visitor.see(visitor.agree(checked).url)
    assert REJECTED in text_of(ended.text)


@pytest.mark.parametrize("name", ["n.results.xlsx", "n.results.csv"])
def test_what_the_api_says_stands_in_the_results_as_it_came(type_: Terminal, name: str) -> None:
    write(type_.folder / "n.csv", [("MALFORMED", "Hello", "Private")])
    assert type_("run", "n.csv", "--yes", "--results", name).status == 1
    assert reasons(type_.folder / name) == {REJECTED}


def test_what_the_api_says_is_shown_at_the_terminal_as_it_came(type_: Terminal, box: Sandbox) -> None:
    write(type_.folder / "n.csv", [("P1", "Hello", "Private")])
    assert type_("run", "n.csv", "--yes").status == 0
    box.add_fault(Fault.parse("422:PATCH"))
    ended = type_("hide", "last", "--yes")
    assert ended.status == 1
    assert f": {REFUSAL}" in ended.all


def test_what_the_api_says_is_printed_as_json_as_it_came(type_: Terminal, box: Sandbox) -> None:
    write(type_.folder / "n.csv", [("P1", "Hello", "Private")])
    box.add_fault(Fault.parse("401:POST"))
    ended = type_("run", "n.csv", "--yes", "--json")
    assert any(f"does not accept the key: {REFUSAL}" in text for text in texts(json.loads(ended.out)))


def reasons(path: Path) -> set[str]:
    """Return the reasons in a results file."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {row["reason"] for row in csv.DictReader(file)}
    head, *rows = openpyxl.load_workbook(path)["Results"].iter_rows(values_only=True)
    return {str(row[head.index("reason")]) for row in rows}


def texts(value: object) -> Iterator[str]:
    """Yield each text in a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)
