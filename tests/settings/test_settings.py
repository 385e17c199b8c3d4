"""Settings are checked before anything is sent, and the key stays out of sight."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from importer.errors import BadSettings
from importer.importing.run import prepare
from importer.messages import render
from importer.models import Visibility, Workspace
from importer.settings import Settings, readings
from importer.settings.address import LIVE, checked_url, default_journal, journal_place
from importer.settings.profiles import check_new, load
from importer.settings.reading import Reading
from importer.settings.secrets import KEY_VARIABLE, read_key, who_can_read
from tests.truth import write_csv

# -- the address


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (  # a name that merely begins like this machine's is somebody else's, and the key would travel in the open
            ["http://open-api.saleshandy.com/v1", "http://127.0.0.1.example/v1", "http://127.evil.example/v1",
             "http://localhost.example/v1", "http://0.0.0.0/v1", "http://10.0.0.1/v1", "http://[::2]/v1"],
            "does not use https, so the API key would be sent unencrypted",
        ),
        (
            ["", "open-api.saleshandy.com/v1", "ftp://a.example", "https://", "https:///v1", "file:///etc",
             "https://a b.example", "https://a.example/v 1", "https://a.example:99999", "https://[::1",
             "https://a.example/v1\x00"],
            LIVE,
        ),
        (  # they may hold a secret, which isn't shown
            ["https://me:pw@a.example", "https://a.example/v1?key=pw", "https://a.example/#x", "https://@a.example/v1",
             "https://a.example/v1?", "https://a.example/v1#"],
            "must not contain a user name, a password, a query or a fragment",
        ),
        (  # by its spelling another workspace, and the same one for the server
            [f"https://a.example{path}" for path in
             ("/v1/.", "/v1/./", "/./v1", "/v1/../v1", "/..", "/v1/%2e", "/%2E%2e/v1", "/v1/.%2E", "/v1/..%2fv1",
              "//v1", "/a//v1", "/v1/%76", "/v1\\..", "/v1%", "/v%3", "/vé", "/v1/%zz")],
            "is not a plain",
        ),
        (  # a host that can be spelled in two ways
            ["https://ä.example/v1", "https://%61.example/v1", "https://a..example/v1", "https://a.example../v1",
             "https://[fe80::1%25eth0]/v1", "https://a,b.example/v1"],
            "is not a plain",
        ),
    ],
)  # fmt: skip
def test_an_address_that_is_none_or_may_be_another_is_refused(urls: list[str], words: str) -> None:
    for url in urls:
        with pytest.raises(BadSettings, match=words) as error:
            checked_url(url)
        assert "pw" not in str(error.value)


@pytest.mark.parametrize(
    ("spelling", "url"),
    [
        ("  http://127.9.9.9/v1/ ", "http://127.9.9.9/v1"),
        ("https://api.example:8443/v1", "https://api.example:8443/v1"),
        ("HTTPS://Open-API.Saleshandy.com/v1", LIVE),
        ("https://open-api.saleshandy.com:443/v1//", LIVE),
        ("https://open-api.saleshandy.com./v1", LIVE),
        ("https://open-api.saleshandy.com:/v1", LIVE),
        ("https://open-api.saleshandy.com/api/open-api/v1/", LIVE),  # the address in the vendor's own command line
        ("https://a.example/api/open-api/v1", "https://a.example/api/open-api/v1"),
        ("HTTP://LOCALHOST.:80/V1/", "http://localhost/V1"),
        ("http://localhost:443", "http://localhost:443"),
        ("http://localhost:08081/a~b", "http://localhost:8081/a~b"),
        ("http://[0:0:0:0:0:0:0:1]:8081/v1", "http://[::1]:8081/v1"),
        ("https://[2001:DB8::0]/", "https://[2001:db8::]"),
    ],
)
def test_an_address_has_one_spelling(spelling: str, url: str) -> None:
    """Deliveries are remembered under it, so that another spelling sends nothing again; the path keeps its case."""
    assert checked_url(spelling) == url
    assert checked_url(url) == url
    assert Settings(base_url=spelling).workspace == Workspace("default", url)
    assert str(Settings(base_url=spelling).workspace) == f"default at {url}"


# -- the key


def test_the_key_is_read_from_the_file_that_is_named_or_else_from_the_environment_and_is_never_shown(
    tmp_path: Path,
) -> None:
    assert read_key(None, {KEY_VARIABLE: " abc-123\n"}) == "abc-123"
    file = tmp_path / "key.txt"
    file.write_text("from-file\n", encoding="utf-8-sig")
    assert read_key(file, {KEY_VARIABLE: "from-environment"}) == "from-file"
    assert "hush" not in repr(Settings(key="hush")) + str(replace(Settings(), key="hush"))


def test_a_missing_key_is_said_with_both_ways_to_give_one() -> None:
    for environment in ({}, {KEY_VARIABLE: ""}, {KEY_VARIABLE: " "}):
        with pytest.raises(BadSettings, match=f"{KEY_VARIABLE}.*--api-key-file"):
            read_key(None, environment)


@pytest.mark.parametrize("key", ["two words", "ключ", "a\nb", "a\tb", "a\x00b", "“abc”"])
def test_what_cant_be_a_key_is_refused_and_not_repeated(key: str, tmp_path: Path) -> None:
    """It couldn't travel in a header; the message doesn't show it, for it may be nearly one."""
    file = tmp_path / "key.txt"
    file.write_text(key, encoding="utf-8")
    for key_file in (file, None):
        with pytest.raises(BadSettings) as error:
            read_key(key_file, {KEY_VARIABLE: key})
        assert "does not contain an API key" in str(error.value)
        assert key not in str(error.value)
    with pytest.raises(BadSettings) as error:
        Settings(key=key)
    assert str(error.value) == "This is not an API key: an API key is one word of plain characters."


def test_a_key_file_that_cant_be_read_is_said(tmp_path: Path) -> None:
    (empty := tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    (binary := tmp_path / "key.bin").write_bytes(b"\xff\xfe\xfa")
    unreadable = dict.fromkeys((tmp_path / "none.txt", binary, tmp_path), "could not be read")
    for file, words in {**unreadable, empty: "does not contain an API key"}.items():
        with pytest.raises(BadSettings, match=words) as error:
            read_key(file, {KEY_VARIABLE: "unused"})
        assert str(file) in str(error.value)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's mode says nothing of who can read it")
def test_a_file_that_others_can_read_is_told_from_a_pipe_and_from_nothing(tmp_path: Path) -> None:
    """Only what stands on the disk can be closed."""
    file, pipe = tmp_path / "key.txt", tmp_path / "pipe"
    file.touch()
    file.chmod(0o644)
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    assert f"chmod 600 {file}" in render(who_can_read(file))
    assert who_can_read(pipe) is None
    assert who_can_read(tmp_path / "none.txt") is None


# -- what follows from them


OF_POSIX = [Path("postgresql://me:secret@db.example/notes"), Path("sqlite:///journal.sqlite")]  # Windows turns slashes


@pytest.mark.parametrize(
    ("journals", "words"),
    [
        (  # the next run would know of nothing that was delivered
            [Path(name) for name in (":memory:", "./:memory:", "file::memory:", "FILE:x?mode=memory&cache=shared")],
            "it has to outlast the run",
        ),
        (  # no folder is made that is called like the address
            ["postgresql+psycopg://me:secret@db.example/notes", "POSTGRESQL://db/notes", "mysql://db/notes",
             "sqlite:///journal.sqlite", *(OF_POSIX if os.name == "posix" else [])],
            r"not supported\. A journal is a SQLite file, or a database at postgresql:// or postgres://\. Name",
        ),
        (  # a URL is told in messages, remembered, and on a command line seen by all users
            ["postgresql://me:secret@db.example/notes", "postgres://me:secret@/notes", "postgresql://me:@db/notes",
             "postgresql://db/notes?sslmode=require&password=secret", "postgresql://db/notes?%70assword=secret",
             "postgresql:///notes?sslpassword=secret", "postgresql://me:sec/ret@db/notes"],
            r"contains a password.*PGPASSFILE",
        ),
    ],
)  # fmt: skip
def test_what_can_be_no_journal_is_refused_and_no_password_shown(journals: list[Path | str], words: str) -> None:
    for journal in journals:
        with pytest.raises(BadSettings, match=words) as caught:
            Settings(journal=journal)
        assert "secret" not in str(caught.value)


def test_a_journal_is_named_by_its_path_or_its_url() -> None:
    """The usual one stands in the user's own folder, not where the program was started: so every run finds it."""
    assert (default_journal().is_absolute(), default_journal().name) == (True, "journal.sqlite")
    for file in ("C:/folder/journal.sqlite", "what? a journal"):
        assert (journal_place(file), Settings(journal=file).journal) == (Path(file), file)
    for url in (
        "postgresql://importer@db.example/notes", "postgres://db1:5432,db2:5433/notes?target_session_attrs=read-write",
        "postgresql://importer@[::1]:5432/notes",
    ):  # fmt: skip
        assert journal_place(url) == Settings(journal=url).journal == url


@pytest.mark.parametrize("name", ["default", " ", "a\nb", "https://x"])
def test_a_new_profile_has_a_name_of_its_own(name: str, profiles: Path) -> None:
    profiles.write_text("[default]\n", encoding="utf-8")
    with pytest.raises(BadSettings):
        check_new(name)


LEARNED = Reading("B", ("x",), date(2026, 11, 4), {"encoding": "cp1252"})


@pytest.mark.parametrize("text", ['night = {{rate = "5/s", {}}}', '[night]\nrate = "5/s"\n{}\n[day]\n'])
def test_a_reading_is_kept_in_a_profile_whose_tables_have_no_headings(text: str, profiles: Path) -> None:
    entry = 'readings = [{name = "A", headings = ["a"], answered = 2026-11-03}]'
    profiles.write_text(text.format(entry), encoding="utf-8")
    before = readings.of_profile("night")
    readings.keep("night", LEARNED)
    assert readings.of_profile("night") == (*before, LEARNED)
    assert load("night") == {"rate": "5/s"}


def test_a_file_of_profiles_that_cant_be_changed_is_left_as_it_is(profiles: Path) -> None:
    """tomlkit would write another heading of the same table."""
    profiles.write_text(text := 'default.rate = "5/s"\ndefault.map.content = "x"\n', encoding="utf-8")
    with pytest.raises(BadSettings, match="such as \\[default\\], and each setting on a line of its own"):
        readings.keep("default", LEARNED)
    assert profiles.read_text(encoding="utf-8") == text


def test_changes_at_the_same_time_are_all_kept(profiles: Path) -> None:
    several = [replace(LEARNED, name=str(number)) for number in range(10, 30)]
    with ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda reading: readings.keep("default", reading), several)]
    assert sorted(readings.of_profile("default"), key=lambda reading: reading.name) == several


def test_a_word_that_has_quotation_marks_itself_is_answered_as_suggested(tmp_path: Path) -> None:
    sheet = write_csv(tmp_path / "n.csv", ["Prospect ID", "Note", "Visibility"], ["P1", "Note", '"Intern"'])
    with prepare(sheet, Settings(journal=tmp_path / "journal.sqlite")) as prepared:
        prepared.decide(prepared.loaded.questions[0].choices[0])
        assert [note.visibility for note in prepared.loaded.rows.notes] == [Visibility.PRIVATE]
