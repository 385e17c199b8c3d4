"""Files at a URL, in a store in this process's memory; tests/test_s3.py has a real server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from importer.cli import main
from importer.errors import BadSettings
from importer.importing.inbox import choose
from importer.storage import Url, local_name, move, place
from tests.sandbox import Sandbox

HEAD = "prospect,note,visibility\n"
ROOM = ("--yes", "--results", "{name}.results.csv")

fsspec = pytest.importorskip("fsspec")


class Typed:
    """Types commands, and says how they ended."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capture = folder, capture
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        self._capture.readouterr()
        status = main(list(arguments))
        self.out, self.err = self._capture.readouterr()
        assert "Traceback" not in self.all
        assert f"{tempfile.gettempdir()}{os.sep}note-importer-" not in self.all, (
            "the folder that a file is fetched to is no name"
        )
        return status

    @property
    def all(self) -> str:
        return " ".join((self.out + " " + self.err).split())


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    variables = {"BASE_URL": box.url, "JOURNAL": str(tmp_path / "journal.sqlite"), "SETTLE": "0", "GIVE_UP_AFTER": "20"}
    for name, value in variables.items():
        monkeypatch.setenv(f"NOTE_IMPORTER_{name}", value)
    monkeypatch.setenv("SALESHANDY_API_KEY", box.api_key)
    monkeypatch.chdir(tmp_path)
    return Typed(tmp_path, capsys)


# -- URLs as paths


def test_a_url_is_named_as_a_path_is_and_stays_a_url() -> None:
    """Name, suffix, parent and what is beside it are URLs again; a path is none."""
    url = place("s3://sales/inbox/a b.csv")
    assert isinstance(url, Url)
    assert (str(url), str(url.parent), url.suffix) == ("s3://sales/inbox/a b.csv", "s3://sales/inbox", ".csv")
    assert str(url.with_name("x.csv")) == str(url.parent / "x.csv") == "s3://sales/inbox/x.csv"
    assert str(url.absolute()) == str(url)
    assert place("s3://sales/inbox/") == url.parent
    for path in ("inbox/a.csv", "C:\\inbox\\a.csv", "/inbox", "s3:/x"):
        assert not isinstance(place(path), Url)


def test_a_password_in_a_url_is_refused() -> None:
    """It would stand in the shell's history, in messages and in the journal."""
    with pytest.raises(BadSettings, match="password"):
        place("sftp://me:secret@host/inbox")


def test_urls_are_taken_where_paths_are(type_: Typed) -> None:
    """On the command line, and in a schedule; a password is refused."""
    assert type_("schedule", "s3://sales/inbox/", "--between", "02:00-06:00", "--system", "cron") == 0
    assert "s3://sales/inbox" in type_.out
    assert type_("check", "sftp://me:secret@host/a.csv") == 2
    assert "The URL contains a password, which others can read." in type_.all


# -- any store of fsspec's, here one in memory


@pytest.fixture
def memory() -> Iterator[dict[str, object]]:
    """An empty store in the memory of this process."""
    held = fsspec.get_filesystem_class("memory").store
    held.clear()
    yield held
    held.clear()


def put_in_memory(path: str, text: str, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
    held = fsspec.filesystem("memory")
    held.pipe_file(path, text.encode())
    held.store[path].modified = at


@pytest.mark.parametrize(
    ("name", "here"),
    [("a.csv", "a.csv"), ("a\\..\\b.csv", "b.csv"), ("C:x.csv", "x.csv"), ("..\\", "file"), ("a\\..", "file")],
)
def test_results_that_are_kept_here_have_such_a_name_too(name: str, here: str) -> None:
    assert local_name(Url("memory://inbox") / name) == here


def test_a_file_is_never_moved_over_another(memory: dict[str, object]) -> None:
    """Both stay as they are; the archive then tries the next name."""
    for folder, text in (("inbox", "mine"), ("done", "a colleague's")):
        put_in_memory(f"/{folder}/a.csv", text)
    with pytest.raises(FileExistsError):
        move(Url("memory://inbox/a.csv"), Url("memory://done/a.csv"), None, 100)
    assert fsspec.filesystem("memory").cat("/done/a.csv") == b"a colleague's"
    assert sorted(memory) == ["/done/a.csv", "/inbox/a.csv"]


def test_notes_of_a_file_elsewhere_carry_files_of_this_machine(
    type_: Typed, box: Sandbox, memory: dict[str, object]
) -> None:
    """Results, and the list of emails that nobody has, go where the file is."""
    forms = type_.folder / "forms"
    forms.mkdir()
    (forms / "call.pdf").write_bytes(b"the summary of a call")
    put_in_memory("/inbox/a.csv", "Prospect ID,Note,Visibility,Attachments\nP-1,hello,private,call.pdf\n")
    more = ("--attachments", str(forms), "--unknown-emails", "memory://inbox/unknown.csv")
    assert type_("run", "memory://inbox/a.csv", *ROOM, *more) == 0, type_.all
    [stored] = box.attachments
    assert [(note.prospect_id, note.attachment_ids) for note in box.notes] == [("P-1", (stored.id,))]
    assert "/inbox/a.results.csv" in memory


def test_a_file_that_may_not_be_whole_yet_is_left(type_: Typed, box: Sandbox, memory: dict[str, object]) -> None:
    """Stores of files, unlike those of objects, show what is still being written."""
    put_in_memory("/inbox/a.csv", f"{HEAD}P-1,hello,private\n", datetime.now(UTC))
    assert type_("run", "memory://inbox", *ROOM) == 3
    assert "may be incomplete" in type_.all
    assert box.notes == ()


def test_a_store_that_nothing_here_speaks_to_is_named(type_: Typed, box: Sandbox) -> None:
    """With what to install where that is known, and before anything is sent."""
    assert type_("run", "nosuch://inbox/a.csv", "--yes") == 2
    assert "nosuch://inbox/a.csv uses a kind of storage that is not supported" in type_.all
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "fsspec.core", None)
        assert type_("check", "s3://sales/a.csv") == 2
    assert "pip install 'note-importer[s3]'" in type_.all


def test_what_lies_in_different_stores_is_not_moved(type_: Typed, box: Sandbox) -> None:
    """Said before anything is sent."""
    (type_.folder / "a.csv").write_text(f"{HEAD}P-1,hello,private\n")
    assert type_("run", "a.csv", "--yes", "--archive", "memory://done") == 2
    assert "a.csv can't be moved to memory://done" in type_.all
    assert box.received == ()


def test_to_see_whether_a_file_is_a_results_file_only_parts_of_it_are_fetched(
    memory: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may put a large one into the inbox; it is copied once its size is known to be allowed."""
    put_in_memory("/inbox/a.csv", HEAD + "P-1,hello,private\n" * 1_000_000)
    file_class = type(memory["/inbox/a.csv"])
    read, taken = BytesIO.read, []

    def count(file: BytesIO, size: int | None = -1) -> bytes:
        content = read(file, size)
        taken.append(len(content))
        return content

    monkeypatch.setattr(file_class, "read", count, raising=False)
    chosen = choose(["memory://inbox/"])
    assert [str(candidate.path) for candidate in chosen.candidates] == ["memory://inbox/a.csv"]
    assert 0 < sum(taken) < 3 << 20
