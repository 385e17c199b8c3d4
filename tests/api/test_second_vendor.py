"""A second vendor is one file: a whole import over it, and nothing but that file knows its words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import openpyxl
import pytest

import importer
from importer.errors import KeyRefused
from importer.importing import describing
from importer.importing.report import Report
from importer.importing.run import prepare
from importer.messages import render
from importer.models import Result
from importer.operations.hide import Which, hide, what_to_hide
from importer.settings import Settings
from importer.telling import preview_messages
from tests.api import second_vendor
from tests.api.second_vendor import LEDGERLY
from tests.truth import Line, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

PASS = "ledgerly-pass"
MOST = 3  # people in one memo


@dataclass
class Ledger:
    """What the stand-in holds, and what it was asked.

    Attributes:
        loses: numbers of the POSTs that are applied, and whose answer is then lost.
    """

    memos: list[dict[str, Any]] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    loses: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ledger = ledger


class Handler(BaseHTTPRequestHandler):
    """Ledgerly's API, in its own words."""

    server: Service

    def do_POST(self) -> None:
        ledger = self.server.ledger
        if self.path.endswith("/files"):
            ledger.files.append(self.rfile.read(int(self.headers["content-length"])))
            return self.answer(200, {"file": f"F{len(ledger.files)}"})
        body = self.body()
        with ledger.lock:
            ledger.posts.append(body)
            number = len(ledger.posts)
            if self.headers["x-pass"] != PASS:
                return self.answer(418, {"problem": "bad_pass"})
            if len(body["people"]) > MOST:
                return self.answer(409, {"problem": "too_many_people"})
            made = [self.made(body, person) for person in body["people"]]
        return None if number in ledger.loses else self.answer(200, {"memos": made})

    def made(self, body: dict[str, Any], person: str) -> dict[str, Any]:
        if person.startswith("gone"):
            return {"person": person, "whys": ["left the company"]}
        memo = f"M{len(self.server.ledger.memos) + 1}"
        when = int(time.time() * 1000)
        self.server.ledger.memos.append({**body, "people": None, "person": person, "memo": memo, "when": when})
        return {"person": person, "memo": memo}

    def do_GET(self) -> None:
        person = self.path.split("/")[3]
        if self.headers["x-pass"] != PASS:
            return self.answer(418, {"problem": "bad_pass"})
        if not person:
            return self.answer(200, [])
        with self.server.ledger.lock:
            self.server.ledger.looked_up.append(person)
            found = [memo for memo in self.server.ledger.memos if memo["person"] == person]
        return self.answer(200, {"memos": found[::-1], "more": False})

    def do_PATCH(self) -> None:
        body, name = self.body(), self.path.split("/")[3]
        with self.server.ledger.lock:
            next(memo for memo in self.server.ledger.memos if memo["memo"] == name).update(body)
        self.answer(200, {})

    def body(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        return fields

    def answer(self, status: int, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def ledgerly(ledger: Ledger, tmp_path: Path) -> Iterator[Settings]:
    with Service(ledger) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Settings(
            base_url=f"http://127.0.0.1:{server.server_address[1]}/api", key=PASS, journal=tmp_path / "j.sqlite",
            batch_size=MOST, connect_timeout=5, read_timeout=2, settle=0, give_up=20,
        )  # fmt: skip
        server.shutdown()
        thread.join()


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a results workbook."""
    book = openpyxl.load_workbook(path, read_only=True)
    headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    return [dict(zip(map(str, headings), [str(cell or "") for cell in row], strict=True)) for row in rows]


LINES = [
    Line("P1", "Hello"), Line("P2", "Hello"), Line("gone1", "Hello"), Line("P3", "Hello"),
    Line("P1", "Secret", visibility="2"), Line("P2", "Soon", status="0"), Line("P2", "Hello"),
]  # fmt: skip


def run(sheet: Path, settings: Settings) -> Report:
    with prepare(sheet, settings, vendor=LEDGERLY) as prepared:
        return prepared.send()


def test_a_whole_import_runs_over_another_vendor(ledger: Ledger, ledgerly: Settings, tmp_path: Path) -> None:
    """With its journal, an answer that was lost and read back, a refusal, a note it has no place for, and results."""
    ledger.loses = {1, 2, 3}
    sheet = write_sheet(tmp_path / "notes.csv", LINES)
    report = run(sheet, ledgerly)
    assert report.stopped is None
    there = sorted((memo["person"], memo["text"], memo["audience"]) for memo in ledger.memos)
    assert there == [
        ("P1", "Hello", "everyone"), ("P1", "Secret", "author"), ("P2", "Hello", "everyone"),
        ("P3", "Hello", "everyone"),
    ]  # fmt: skip
    assert {"P1", "P2", "P3"} <= set(ledger.looked_up)
    rows = rows_of(report.results)
    ids = {(memo["person"], memo["text"]): memo["memo"] for memo in ledger.memos}
    for line, row in zip(LINES, rows, strict=True):
        assert row["note_id"] == ids.get((line.prospect, line.note), "")
    assert [row["result"] for row in rows] == [
        "created", "created", "rejected", "created", "created", "rejected", "duplicate",
    ]  # fmt: skip
    assert "left the company" in rows[2]["reason"]
    assert "Ledgerly has no drafts" in rows[5]["reason"]
    assert all(set(post) == {"text", "audience", "people", "files"} for post in ledger.posts)

    before = len(ledger.memos)
    again = run(sheet, replace(ledgerly, results=tmp_path / "again.xlsx"))
    assert again.counts[Result.ALREADY_IMPORTED] == 4
    assert len(ledger.memos) == before


def test_its_word_for_too_many_people_halves_and_its_word_for_the_key_stops(
    ledger: Ledger, ledgerly: Settings, tmp_path: Path
) -> None:
    sheet = write_sheet(tmp_path / "notes.csv", [Line(f"P{number}", "Hello") for number in range(8)])
    refused = run(sheet, replace(ledgerly, key="other"))
    assert isinstance(refused.stopped, KeyRefused)
    assert refused.exit_status == 4
    done = run(sheet, replace(ledgerly, batch_size=100, results=tmp_path / "r.xlsx"))
    assert done.counts == {Result.CREATED: 8}
    assert len(ledger.memos) == 8
    assert ledger.looked_up == []


def test_its_notes_can_be_hidden(ledger: Ledger, ledgerly: Settings, tmp_path: Path) -> None:
    run(write_sheet(tmp_path / "notes.csv", LINES[:2]), ledgerly)
    assert hide(what_to_hide(Which("last"), ledgerly), ledgerly, vendor=LEDGERLY).hidden == 2
    assert {memo["audience"] for memo in ledger.memos} == {"author"}


def test_its_notes_can_carry_files(ledger: Ledger, ledgerly: Settings, tmp_path: Path) -> None:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "form.txt").write_text("Signed", encoding="utf-8")
    rows = "".join(f"P{number},Hello,Public,form.txt\n" for number in range(2 * MOST))
    sheet = tmp_path / "notes.csv"
    sheet.write_text(f"Prospect ID,Note,Visibility,Attachments\n{rows}", encoding="utf-8")
    run(sheet, replace(ledgerly, attachments=tmp_path / "forms"))
    assert [b"Signed" in file and b'name="upload"' in file for file in ledger.files] == [True]
    assert [memo["files"] for memo in ledger.memos] == [["F1"]] * 2 * MOST


def test_it_is_one_short_file_that_owes_saleshandys_nothing() -> None:
    source = Path(second_vendor.__file__).read_text(encoding="utf-8")
    assert "importer.api.saleshandy" not in source
    assert len(source.splitlines()) < 100


def test_only_its_own_modules_know_saleshandys_words() -> None:
    """The stand-in in tests knows them by itself, so that no mistake can agree with itself."""
    words = r"x-api-key|prospectIds?\b|attachmentIds?\b|noteId|draftNote|createdAt|invalid token"
    assert _who_says(words) == {"api/saleshandy.py", "api/entries.py", "api/refusals.py"}
    assert _who_says(r"rate[ -]\S*limit exceeded|failed to \(|should not exist\\b") == {"api/refusals.py"}
    assert _who_says(r"open-api\.saleshandy") == {"settings/address.py"}  # the default address, which help needs


def _who_says(words: str) -> set[str]:
    pattern = re.compile(words, re.I)
    root = Path(importer.__file__).parent
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }


# -- one draft of a prospect ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one_draft", [True, False])
def test_that_one_draft_hides_another_is_said_of_the_vendor_of_which_it_is_true(
    ledgerly: Settings, tmp_path: Path, one_draft: bool
) -> None:
    vendor = replace(LEDGERLY, traits=replace(LEDGERLY.traits, one_draft=one_draft))
    sheet = write_sheet(tmp_path / "notes.csv", [Line("P1", "a", status="0"), Line("P1", "b", status="0")])
    with prepare(sheet, ledgerly, vendor=vendor) as prepared:
        said = " ".join(render(saying.text) for saying in preview_messages.check(describing.of(prepared.preview)))
    assert ("Ledgerly shows one draft for each prospect" in said) is one_draft
    assert "Saleshandy" not in said
