"""Files in S3, by a real S3 server on this machine: fetched, imported, and put back with their results."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openpyxl
import pytest
from s3fs.core import S3File

from importer import storage
from importer.errors import NotReached
from importer.importing.inbox import choose
from importer.storage import Url
from tests import listening
from tests.listening import http_ear
from tests.sandbox import Sandbox
from tests.stores import ACCOUNT, BUCKET, Ask, Store, serving
from tests.test_storage import HEAD, ROOM, Typed, s3fs, type_

__all__ = ["type_"]

pytestmark = pytest.mark.slow  # each is a fraction of a second; the server's libraries take some to load

INBOX, DONE = f"s3://{BUCKET}/inbox", f"s3://{BUCKET}/done"


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with serving() as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A bucket, and an environment that leads to it."""
    for name, value in {**ACCOUNT, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    server.begin()
    return server


def results(content: bytes) -> list[str]:
    return [row["result"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]


def test_a_folder_in_s3_is_imported_and_moved_with_its_results(type_: Typed, box: Sandbox, store: Store) -> None:
    """What is shown and kept names URLs: the screen, the document, the journal and the results."""
    store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\nP-2,there,private\n")
    store.put("inbox/deeper/c.csv", f"{HEAD}P-9,not meant,private\n")
    store.put("inbox/read me.md", "no spreadsheet")
    assert type_("run", f"{INBOX}/", "--yes", "--archive", f"{DONE}/", "--json") == 0, type_.all
    assert store.names("done") == ["a.csv", "a.results.xlsx"]
    assert store.names("inbox") == ["c.csv", "read me.md"]
    (told,) = json.loads(type_.out)["files"]
    assert (told["file"], told["archived"]) == (f"{INBOX}/a.csv", f"{DONE}/a.csv")
    assert told["report"]["results"] == f"{DONE}/a.results.xlsx"
    summary = openpyxl.load_workbook(io.BytesIO(store.read("done/a.results.xlsx")))["Summary"]
    assert f"{INBOX}/a.csv" in [cell for row in summary.iter_rows(values_only=True) for cell in row]
    assert type_("history") == 0
    assert f"{INBOX}/a.csv" in type_.all
    assert sorted(path.name for path in type_.folder.iterdir() if "journal" not in path.name) == []
    assert sorted(note.prospect_id for note in box.notes) == ["P-1", "P-2"]


def test_a_file_in_s3_is_checked(type_: Typed, box: Sandbox, store: Store) -> None:
    """Sending nothing, and putting nothing there."""
    url = store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\nP-2,,private\n")
    assert type_("check", url) == 1
    assert f"{url}: CSV" in type_.all
    assert {method for method, _ in store.asked} <= {"GET", "HEAD"}
    assert box.received == ()


def test_notes_of_a_file_elsewhere_carry_files_of_this_machine(type_: Typed, box: Sandbox, store: Store) -> None:
    """Results, and the list of emails that nobody has, go where the file is."""
    forms = type_.folder / "forms"
    forms.mkdir()
    (forms / "call.pdf").write_bytes(b"the summary of a call")
    url = store.put("inbox/a.csv", "Prospect ID,Note,Visibility,Attachments\nP-1,hello,private,call.pdf\n")
    more = ("--attachments", str(forms), "--unknown-emails", f"{INBOX}/unknown.csv")
    assert type_("run", url, *ROOM, *more) == 0, type_.all
    [stored] = box.attachments
    assert [(note.prospect_id, note.attachment_ids) for note in box.notes] == [("P-1", (stored.id,))]
    assert "a.results.csv" in store.names("inbox")


def test_a_file_is_never_moved_over_another(store: Store) -> None:
    """Both stay as they are; the archive then tries the next name."""
    mine, theirs = Url(store.put("inbox/a.csv", "mine")), Url(store.put("done/a.csv", "a colleague's"))
    with pytest.raises(FileExistsError):
        storage.move(mine, theirs, hashlib.sha256(b"mine").hexdigest(), 100)
    assert store.read("done/a.csv") == b"a colleague's"
    assert store.keys() == ["done/a.csv", "inbox/a.csv"]


def test_to_see_whether_a_file_is_a_results_file_only_parts_of_it_are_fetched(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may put a large one into the inbox; it is copied once its size is known to be allowed."""
    url, fetched, fetch = store.put("inbox/a.csv", HEAD + "P-1,hello,private\n" * 1_000_000), [], S3File._fetch_range

    def count(file: S3File, start: int, end: int) -> bytes:
        fetched.append(end - start)
        return bytes(fetch(file, start, end))

    monkeypatch.setattr(S3File, "_fetch_range", count)
    assert [str(candidate.path) for candidate in choose([INBOX]).candidates] == [url]
    assert 0 < sum(fetched) < 5 << 20


def test_results_that_are_there_stay(type_: Typed, store: Store) -> None:
    """As on a disk: no file is replaced."""
    url = store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\n")
    assert type_("run", url, *ROOM) == 0
    assert type_("run", url, *ROOM) == 0
    assert results(store.read("inbox/a.results.csv")) == ["created"]
    assert results(store.read("inbox/a.results (2).csv")) == ["already imported"]
    assert f"Results: {INBOX}/a.results (2).csv" in type_.all


def test_a_file_that_changed_since_it_was_read_stays(type_: Typed, box: Sandbox, store: Store) -> None:
    """Be it before it is copied, or while it is: what is new in it is imported by the next run, under the next name."""
    longer = f"{HEAD}P-1,hello,private\nP-2,new,private\n"

    def changes(moment: Ask) -> None:
        def before(ask: Ask) -> None:
            if ask == moment:
                store.put("inbox/a.csv", longer)

        store.before = before

    run = ("run", f"{INBOX}/", *ROOM, "--archive", DONE)
    results_put, archived = ("PUT", f"/{BUCKET}/done/a.results.csv"), ("PUT", f"/{BUCKET}/done/a (2).csv")
    written = ["a.results.csv", "a.results (2).csv"]
    for number, moment in enumerate((results_put, archived), 1):
        store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\n")
        changes(moment)
        assert type_(*run) == 3, type_.all
        assert f"{INBOX}/a.csv was changed during the import, so it was not moved" in type_.all
        assert store.names("done") == sorted(written[:number])
        assert store.read("inbox/a.csv") == longer.encode()
    store.before = lambda _: None
    assert type_(*run) == 0
    assert store.read("done/a (3).csv") == longer.encode()
    assert len(box.notes) == 2


def test_results_that_cannot_be_put_there_are_kept_here(type_: Typed, box: Sandbox, store: Store) -> None:
    """The file stays, the run says where the results are, and the next one puts them where they belong."""
    url = store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\n")
    other = store.put("inbox/b.csv", f"{HEAD}P-2,hello,private\n")
    run = ("run", url, *ROOM, "--archive", DONE)
    store.denies = lambda ask: ask[0] == "PUT"
    assert type_("run", url, other, *ROOM, "--archive", DONE) == 3
    kept = type_.folder / "a.results.csv"
    assert results(kept.read_bytes()) == ["created"]
    assert "1 created the note was created" in type_.all
    assert "a.results.csv could not be moved to s3://sales/done: the storage refuses the request" in type_.all
    assert f"saved here: {kept}" in type_.all
    assert "1 imported, 1 not begun" in type_.all  # it would fare no better
    assert store.keys() == ["inbox/a.csv", "inbox/b.csv"]
    store.denies = lambda _: False
    assert type_(*run) == 0
    assert store.names("done") == ["a.csv", "a.results.csv"]
    assert len(box.notes) == 1


def test_a_store_that_goes_away_before_the_results_are_put(
    type_: Typed, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of the rows is said even so, and one file is kept: the workbook, where it is said to be."""
    with serving() as store, http_ear() as ear:
        variables = {"AWS_ENDPOINT_URL": store.url, "NOTE_IMPORTER_NOTIFY_ADDRESSES": f"json://{ear.place}"}
        for name, value in {**ACCOUNT, **variables}.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        store.begin()
        url = store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\n")
        store.before = lambda ask: store.stop() if ask[1].endswith("a.results.xlsx") else None
        assert type_("run", url, "--yes", "--json") == 3, type_.all
        (told,) = json.loads(type_.out)["files"]
        kept = type_.folder / "a.results.xlsx"
        assert (told["fate"], told["exit_status"], told["error"]) == ("imported", 3, None)
        assert (told["report"]["counts"], told["report"]["results"]) == ({"created": 1}, str(kept))
        assert told["why"] == told["report"]["remark"]
        assert "the storage can't be reached, or does not work" in told["why"]
        assert [path.name for path in type_.folder.iterdir() if "journal" not in path.name] == [kept.name]
        assert openpyxl.load_workbook(kept)["Summary"].max_row > 1
        assert "a.results.xlsx could not be moved to s3://sales/inbox" in ear.calls[0].body
    assert len(box.notes) == 1


def test_what_cannot_be_read_is_said(type_: Typed, box: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such file, no such bucket, access denied, no credentials: a person has to help."""
    for url, said in (
        (f"{INBOX}/none.csv", f"There is no file or folder {INBOX}/none.csv"),
        ("s3://nosuch/inbox/a.csv", "there is no such bucket"),
        ("s3://nosuch/inbox/", "there is no such bucket"),
        (f"{INBOX}/", f"There is no spreadsheet in the folder {INBOX}"),
    ):
        assert type_("run", url, "--yes") == 2
        assert said in type_.all
    url = store.put("inbox/a.csv", HEAD)
    store.denies = lambda _: True
    for named in (url, f"{INBOX}/"):
        assert type_("run", named, "--yes") == 2
        assert "the storage refuses the request (Access Denied)" in type_.all
    store.denies = lambda _: False
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    s3fs.S3FileSystem.clear_instance_cache()
    assert type_("run", url, "--yes") == 2
    assert "the storage refuses the request (Unable to locate credentials)" in type_.all
    assert box.received == ()


def test_a_long_listing_comes_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server shows a thousand names at once; here it shows two."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        store.put(f"inbox/{number}.csv", HEAD)
    store.asked.clear()
    found = storage.files_in(Url(INBOX))
    assert [url.name for url in found or []] == [f"{number}.csv" for number in range(5)]
    assert len([ask for ask in store.asked if ask == ("GET", f"/{BUCKET}")]) >= 3


def test_a_store_that_is_away_is_no_persons_matter(
    type_: Typed, box: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 3: the same command again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else it tries for most of a minute
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(NotReached):
        storage.files_in(Url(INBOX))
    assert type_("run", f"{INBOX}/a.csv", "--yes") == 3
    assert "the storage can't be reached, or does not work" in type_.all
    assert box.received == ()


class _Elsewhere(BaseHTTPRequestHandler):
    """What isn't S3, and answers everything in the same way: a status, a kind and a body."""

    answer = (404, "text/plain", b"")

    def do_GET(self) -> None:
        status, kind, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - its library calls it so

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.mark.parametrize(
    "answer",
    [
        (404, "text/plain", b"no such route"),
        (404, "text/plain", b""),
        (404, "application/json", b'{"error": "not found"}'),
        (200, "text/plain", b""),
    ],
)
def test_what_is_not_s3_has_no_empty_folder(
    type_: Typed, store: Store, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, bytes]
) -> None:
    """A wrong address would else be a success every night, where an empty folder is allowed."""
    monkeypatch.setattr(_Elsewhere, "answer", answer)
    with listening.serving(ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)) as place:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{place}")
        s3fs.S3FileSystem.clear_instance_cache()
        for named in (f"{INBOX}/", f"{INBOX}/*.csv", f"s3://{BUCKET}"):
            assert type_("run", named, "--yes", "--min-rows", "0") == 2
            assert "the server that answers is not an S3 service" in type_.all


def test_an_empty_folder_may_be_allowed(type_: Typed, store: Store) -> None:
    """Where S3 itself shows that nothing is there."""
    for named in (f"{INBOX}/", f"{INBOX}/*.csv", f"s3://{BUCKET}"):
        assert type_("run", named, "--yes", "--min-rows", "0") == 0
        assert "There is no spreadsheet in" in type_.all
