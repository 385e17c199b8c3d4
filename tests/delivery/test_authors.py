"""The API shows who wrote a note by name and email, without an ID: a colleague's note is never taken for ours."""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from importer.api import FoundNote, NotesPage
from importer.delivery.evidence import Evidence
from importer.journal import READ_BACK, DeliveryState, KnownDelivery
from importer.models import Status, Visibility, Workspace
from importer.settings import Settings
from tests import running
from tests.jumping import jumping
from tests.truth import Line, read_results, write_sheet

OURS = {"firstName": "Avery", "lastName": "Stone", "email": "Avery@Example.com"}
COLLEAGUE = {"firstName": "Avery", "lastName": "Stone", "email": "a.stone@example.com"}


class Notes(ThreadingHTTPServer):
    """Notes as the vendor's reference shows them, a colleague's pinned and first.

    Of every five requests, the last is lost before it has an effect. On its prospect, a colleague writes the same text
    in that moment.
    """

    daemon_threads = True

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.clock, self.lock = clock, Lock()
        self.notes: list[dict[str, Any]] = []
        self.posts = 0

    def write(self, prospect: str, content: str, author: dict[str, str], *, is_pinned: bool = False) -> str:
        now = datetime.fromtimestamp(self.clock(), UTC).isoformat().replace("+00:00", "Z")
        note = {
            "id": f"N{len(self.notes)}", "prospectId": prospect, "visibility": "1", "status": "1",
            "pinnedAt": now if is_pinned else None, "createdAt": now, "updatedAt": now, "editedAt": None,
            "author": author, "editedBy": None, "content": f"<p>{content}</p>",
        }  # fmt: skip
        self.notes.append(note)
        return str(note["id"])


class _Handler(BaseHTTPRequestHandler):
    server: Notes

    def do_GET(self) -> None:
        if self.path.startswith("/v1/prospects?"):
            return self.answer(200, {"message": "ok", "payload": []})
        match = re.fullmatch(r"/v1/prospects/(\w+)/notes\?skip=(\d+)&take=(\d+)", self.path)
        assert match is not None, self.path
        prospect, skip, take = match[1], int(match[2]), int(match[3])
        with self.server.lock:
            notes = [note for note in self.server.notes if note["prospectId"] == prospect]
        notes.sort(key=lambda note: note["pinnedAt"] is None)
        pagination = {"skip": skip, "take": take, "hasMore": len(notes) > skip + take}
        page = {"notes": notes[skip : skip + take], "draftNote": None, "pagination": pagination}
        return self.answer(200, {"message": "Notes fetched successfully", "payload": page})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        [prospect] = body["prospectIds"]
        with self.server.lock:
            self.server.posts += 1
            if self.server.posts % 5 == 0:
                self.server.write(prospect, body["content"], COLLEAGUE, is_pinned=True)
                self.close_connection = True
                return None
            made = self.server.write(prospect, body["content"], OURS)
        results = [{"prospectId": prospect, "noteId": made, "success": True}]
        return self.answer(201, {"message": "Notes created successfully", "payload": {"results": results}})

    def answer(self, status: int, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_note_that_was_only_read_back_does_not_show_who_writes_ours() -> None:
    """If a colleague's note was adopted by mistake, the colleague's other notes would be taken for ours, too."""
    evidence: Any = Evidence.__new__(Evidence)
    evidence.authors, evidence._offsets, evidence._run = defaultdict(set), {}, 2
    evidence._context = SimpleNamespace(runs={1: SimpleNamespace(account="key")})
    notes = [
        FoundNote(note_id, "Hello", Visibility.PUBLIC, Status.PUBLISHED, 100.0, author)
        for note_id, author in (
            ("N1", "us@example.com"),
            ("N2", "colleague@example.com"),
            ("N3", "colleague@example.com"),
        )
    ]
    named = KnownDelivery(
        b"", 1, "P1", "", "", DeliveryState.CREATED, "N1", 101.0, None, 1, None, (), False, Visibility.PUBLIC,
        Status.PUBLISHED, 1, 99.0, None,
    )  # fmt: skip
    delivered = {"N1": named, "N2": named._replace(reason=READ_BACK.kind)}
    journal: Any = SimpleNamespace(delivered=lambda *_: delivered)
    evidence._deliveries, evidence._workspace, evidence._own = journal, Workspace("p", "u"), OrderedDict()
    evidence.read(NotesPage(tuple(notes), None, has_more=False))
    assert evidence.authors == {"key": {"us@example.com"}}


@pytest.fixture
def service() -> Iterator[Notes]:
    with jumping() as clock, Notes(clock) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_colleagues_note_with_the_same_text_is_not_adopted(service: Notes, tmp_path: Path) -> None:
    lines = [Line(f"P{number}", "Spoke about the annual plan.") for number in range(20)]
    given = Settings(
        base_url=f"http://127.0.0.1:{service.server_address[1]}/v1", key="k", batch_size=1, workers=2, settle=1.0,
        read_timeout=2.0, journal=tmp_path / "journal.sqlite", results=tmp_path / "results.csv",
    )  # fmt: skip
    report = running.run(write_sheet(tmp_path / "sheet.csv", lines), given)
    assert report is not None
    written = {note["id"]: note for note in service.notes}
    ours = [note for note in service.notes if note["author"] == OURS]
    assert Counter(note["prospectId"] for note in ours) == Counter(line.prospect for line in lines)
    assert len(service.notes) > len(ours)
    for row in read_results(report.results):
        assert row["result"] == "created"
        assert written[row["note_id"]]["author"] == OURS
