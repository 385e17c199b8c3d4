"""Files in S3, by a real S3 server on this machine: fetched, imported, and put back with their results."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator

import openpyxl
import pytest

from importer import storage
from importer.errors import NotReached
from importer.storage import Url
from tests.api.canned import Canned
from tests.listening import http_ear
from tests.sandbox import Sandbox
from tests.stores import ACCOUNT, BUCKET, Ask, Store, serving
from tests.test_storage import HEAD, ROOM, s3fs
from tests.typing_commands import Terminal

pytestmark = pytest.mark.slow  # each is a fraction of a second; the server's libraries take some to load

INBOX, DONE = f"s3://{BUCKET}/inbox", f"s3://{BUCKET}/done"


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with serving() as store:
        yield store


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:

    def lead(url: str) -> None:
        for name, value in {**ACCOUNT, "AWS_ENDPOINT_URL": url}.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()

    return lead


@pytest.fixture
def store(server: Store, lead: Callable[[str], None]) -> Store:
    lead(server.url)
    server.begin()
    return server


def results(content: bytes) -> list[str]:
    return [row["result"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]


def test_a_folder_in_s3_is_imported_and_moved_with_its_results(type_: Terminal, box: Sandbox, store: Store) -> None:
    store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\nP-2,there,private\n")
    store.put("inbox/deeper/c.csv", f"{HEAD}P-9,not meant,private\n")
    store.put("inbox/read me.md", "no spreadsheet")
    assert type_("run", f"{INBOX}/", "--yes", "--archive", f"{DONE}/", "--json").status == 0
    assert store.names("done") == ["a.csv", "a.results.xlsx"]
    assert store.names("inbox") == ["c.csv", "read me.md"]
    (told,) = json.loads(type_.last.out)["files"]
    assert (told["file"], told["archived"]) == (f"{INBOX}/a.csv", f"{DONE}/a.csv")
    assert told["report"]["results"] == f"{DONE}/a.results.xlsx"
    summary = openpyxl.load_workbook(io.BytesIO(store.read("done/a.results.xlsx")))["Summary"]
    assert f"{INBOX}/a.csv" in [cell for row in summary.iter_rows(values_only=True) for cell in row]
    assert type_("history").status == 0
    assert f"{INBOX}/a.csv" in type_.last.all
    assert sorted(path.name for path in type_.folder.iterdir() if "journal" not in path.name) == []
    assert sorted(note.prospect_id for note in box.notes) == ["P-1", "P-2"]


def test_notes_of_a_file_elsewhere_carry_files_of_this_machine(type_: Terminal, box: Sandbox, store: Store) -> None:
    (forms := type_.folder / "forms").mkdir()
    (forms / "call.pdf").write_bytes(b"the summary of a call")
    url = store.put("inbox/a.csv", "Prospect ID,Note,Visibility,Attachments\nP-1,hello,private,call.pdf\n")
    more = ("--attachments", str(forms))
    assert type_("check", url, "--attachments", str(forms)).status == 0
    assert f"{url}: CSV" in type_.last.all
    assert {method for method, _ in store.asked} <= {"GET", "HEAD"}
    assert type_("run", url, *ROOM, *more).status == 0
    [stored] = box.attachments
    assert [(note.prospect_id, note.attachment_ids) for note in box.notes] == [("P-1", (stored.id,))]
    assert type_("run", url, *ROOM, *more).status == 0
    assert results(store.read("inbox/a.results.csv")) == ["created"]
    assert results(store.read("inbox/a.results (2).csv")) == ["already imported"]
    assert f"Results: {INBOX}/a.results (2).csv" in type_.last.all


def test_a_file_is_never_moved_over_another(store: Store) -> None:
    mine, theirs = Url(store.put("inbox/a.csv", "mine")), Url(store.put("done/a.csv", "a colleague's"))
    with pytest.raises(FileExistsError):
        storage.move(mine, theirs, hashlib.sha256(b"mine").hexdigest())
    assert store.read("done/a.csv") == b"a colleague's"
    assert store.keys() == ["done/a.csv", "inbox/a.csv"]


def test_a_file_that_changed_since_it_was_read_stays(type_: Terminal, box: Sandbox, store: Store) -> None:
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
        assert type_(*run).status == 3
        assert f"{INBOX}/a.csv was changed during the import, so it was not moved" in type_.last.all
        assert store.names("done") == sorted(written[:number])
        assert store.read("inbox/a.csv") == longer.encode()
    store.before = lambda _: None
    assert type_(*run).status == 0
    assert store.read("done/a (3).csv") == longer.encode()
    assert len(box.notes) == 2


def test_a_store_that_goes_away_before_the_results_are_put(
    type_: Terminal, box: Sandbox, lead: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as store, http_ear() as ear:
        monkeypatch.setenv("NOTE_IMPORTER_NOTIFY_ADDRESSES", f"json://{ear.place}")
        lead(store.url)
        store.begin()
        url = store.put("inbox/a.csv", f"{HEAD}P-1,hello,private\n")
        store.before = lambda ask: store.stop() if ask[1].endswith("a.results.xlsx") else None
        assert type_("run", url, "--yes", "--json").status == 3
        (told,) = json.loads(type_.last.out)["files"]
        kept = type_.folder / "a.results.xlsx"
        assert (told["fate"], told["exit_status"]) == ("stopped before its end", 3)
        assert (told["report"]["counts"], told["report"]["results"]) == ({"created": 1}, str(kept))
        assert "the storage can't be reached, or does not work" in told["why"]
        assert str(kept) in told["why"]
        assert [path.name for path in type_.folder.iterdir() if "journal" not in path.name] == [kept.name]
        assert openpyxl.load_workbook(kept)["Summary"].max_row > 1
        assert "a.results.xlsx could not be moved to s3://sales/inbox" in ear.calls[0].body
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else it tries for most of a minute
        lead("http://127.0.0.1:9")
        with pytest.raises(NotReached):
            storage.files_in(Url(INBOX))
        assert type_("run", f"{INBOX}/a.csv", "--yes").status == 3, "it isn't a person's matter"
    assert len(box.notes) == 1


def test_what_cannot_be_read_is_said(
    type_: Terminal, box: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, said in (
        (f"{INBOX}/none.csv", f"There is no {INBOX}/none.csv"),
        ("s3://nosuch/inbox/a.csv", "There is no s3://nosuch/inbox/a.csv"),
        ("s3://nosuch/inbox/", "There is no s3://nosuch/inbox"),
        (f"{INBOX}/", f"There is no spreadsheet in the folder {INBOX}"),
    ):
        assert type_("run", url, "--yes").status == 2
        assert said in type_.last.all
    url = store.put("inbox/a.csv", HEAD)
    store.denies = lambda _: True
    for named in (url, f"{INBOX}/"):
        assert type_("run", named, "--yes").status == 2
        assert "the storage refuses the request (Access Denied)" in type_.last.all
    store.denies = lambda _: False
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    s3fs.S3FileSystem.clear_instance_cache()
    assert type_("run", url, "--yes").status == 2
    assert "the storage refuses the request (Unable to locate credentials)" in type_.last.all
    assert box.received == ()


@pytest.mark.parametrize("answer", [b"404 No\r\n\r\nno such route", b"404 No\r\n\r\n", b"200 OK\r\n\r\n"])
def test_what_is_not_s3_has_no_empty_folder(
    type_: Terminal, store: Store, lead: Callable[[str], None], answer: bytes
) -> None:
    """A wrong address would else be a success every night, where an empty folder is allowed."""
    empty = (f"{INBOX}/", f"{INBOX}/*.csv", f"s3://{BUCKET}")
    for named in empty:
        assert type_("run", named, "--yes", "--min-rows", "0").status == 0
        assert "There is no spreadsheet in" in type_.last.all
    with Canned(b"HTTP/1.1 " + answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as elsewhere:
        lead(elsewhere.url.removesuffix("/v1"))
        for named in empty:
            assert type_("run", named, "--yes", "--min-rows", "0").status == 2
            assert "the server that answers is not an S3 service" in type_.last.all
