"""Files at a URL, without a store; tests/test_s3.py has a real server."""

import sys
from pathlib import Path

import pytest

from importer.results.writing import here
from importer.storage import Url, place
from tests.sandbox import Sandbox
from tests.typing_commands import Terminal

HEAD = "prospect,note,visibility\n"
ROOM = ("--yes", "--results", "{name}.results.csv")

s3fs = pytest.importorskip("s3fs")


def test_a_url_is_named_as_a_path_is_and_stays_a_url() -> None:
    url = place("s3://sales/inbox/a b.csv")
    assert isinstance(url, Url)
    assert (str(url), str(url.parent), url.suffix) == ("s3://sales/inbox/a b.csv", "s3://sales/inbox", ".csv")
    assert str(url.with_name("x.csv")) == str(url.parent / "x.csv") == "s3://sales/inbox/x.csv"
    assert str(url.absolute()) == str(url)
    assert place("s3://sales/inbox/") == url.parent
    for path in ("inbox/a.csv", "C:\\inbox\\a.csv", "/inbox", "s3:/x"):
        assert not isinstance(place(path), Url)


def test_urls_are_taken_where_paths_are(type_: Terminal) -> None:
    assert type_("schedule", "s3://sales/inbox/", "--between", "02:00-06:00", "--system", "cron").status == 0
    assert "s3://sales/inbox" in type_.last.out
    assert type_("check", "sftp://me:secret@host/a.csv").status == 2
    assert "host/a.csv can't be used." in type_.last.all
    assert "secret" not in type_.last.all


@pytest.mark.parametrize(
    ("name", "kept"),
    [("a.csv", "a.csv"), ("a\\..\\b.csv", "b.csv"), ("C:x.csv", "x.csv"), ("..\\", "file"), ("a\\..", "file")],
)
def test_results_that_are_kept_here_have_such_a_name_too(name: str, kept: str) -> None:
    assert here(Url("s3://inbox") / name) == Path.cwd() / kept


def test_a_store_that_nothing_here_speaks_to_is_named(type_: Terminal, box: Sandbox) -> None:
    assert type_("run", "nosuch://inbox/a.csv", "--yes").status == 2
    assert "nosuch://inbox/a.csv can't be used." in type_.last.all
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "s3fs", None)
        assert type_("check", "s3://sales/a.csv").status == 2
    assert "pip install 'note-importer[s3]'" in type_.last.all


def test_what_lies_in_different_stores_is_not_moved(type_: Terminal, box: Sandbox) -> None:
    (type_.folder / "a.csv").write_text(f"{HEAD}P-1,hello,private\n")
    assert type_("run", "a.csv", "--yes", "--archive", "s3://done").status == 2
    assert "a.csv can't be moved to s3://done" in type_.last.all
    assert box.received == ()
