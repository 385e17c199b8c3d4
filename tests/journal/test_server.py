"""A journal in PostgreSQL: what stands in the way is said, and whoever loses the connection can claim nothing."""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from importer.cli import main
from importer.errors import BadSettings, ImporterError, JournalFailed, UnusableJournal, WrongJournal
from importer.journal import VERSION, Claim, Journal, NoteKey
from importer.journal.postgres import SCHEMA, connect
from importer.models import Note, Request, Status, Visibility, Workspace
from importer.rows.values import LONGEST_ID, LONGEST_KEY
from tests.postgres import Postgres

NOTE = Note("Spoke about the annual plan.", Visibility.PUBLIC, Status.PUBLISHED)
HERE = Workspace("here", "https://notes.example/v1")


def claim(journal: Journal, *prospects: str, workspace: Workspace = HERE) -> int:
    """Claim deliveries of :data:`NOTE`; the request's number."""
    run = journal.runs.begin(workspace, "notes.csv", "f", 1000.0, again=False)
    request = Request(NOTE, tuple(range(len(prospects))), prospects, tuple(map(str.encode, prospects)))
    with journal.transaction():
        journal.now()
        numbers = journal.deliveries.claim(run, [Claim(NoteKey.of(NOTE), request)], 1001.0)
    assert numbers is not None
    return numbers[0]


def _with(*statements: str, ours: bool = True, user: str = "postgres") -> Callable[[Postgres], str]:
    """A database in which these statements were run, with a journal or without; by whom it is to be used."""

    def make(postgres: Postgres) -> str:
        url = postgres.empty()
        postgres.role("reader")
        if ours:
            Journal.open(url).close()
        with psycopg.connect(url) as connection:
            for statement in statements:
                connection.execute(statement)
        return url.replace("postgres@", f"{user}@")

    return make


FOREIGN = _with(f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.songs (author text)", ours=False)
LATER = _with(f"UPDATE {SCHEMA}.about SET value = '{VERSION + 1}' WHERE name = 'schema'")
MAY_ONLY_READ = _with(
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO reader", f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO reader",
    user="reader",
)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "status", "words"),
    [
        (lambda _: "postgresql://postgres@127.0.0.1:1/notes", 3, "can't be reached.*run the same command again"),
        (lambda _: "postgresql://postgres@host.invalid/notes?connect_timeout=2", 3, "host.invalid.*can't be reached"),
        (lambda postgres: postgres.url("nowhere"), 2, 'database "nowhere" does not exist'),
        (lambda postgres: postgres.url("postgres", user="stranger"), 2, 'role "stranger" does not exist'),
        (lambda postgres: postgres.url("postgres", user="importer_by_password"), 2, "PGPASSFILE"),
        (lambda postgres: postgres.url("postgres") + "?colour=green", 2, "read.*colour.*postgresql://importer@"),
        (lambda _: "postgresql:///?service=notes", 2, "service file.*Write what it says into the URL"),
        (lambda postgres: postgres.url("postgres") + "?sslmode=somewhat", 2, "sslmode.*somewhat.*Check the URL"),
        (lambda postgres: postgres.url("postgres") + "?connect_timeout=soon", 3, "connect_timeout.*can't be reached"),
        (lambda postgres: postgres.url("postgres") + "?sslmode=require", 2, "SSL.*Check the server's encryption"),
        (FOREIGN, 4, "belongs to another program"),
        (LATER, 4, "later version"),
        (_with(ours=False, user="reader"), 2, "may not use or create its tables .*Ask the owner of the database"),
        (_with(user="reader"), 2, "may not use or create its tables"),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_is_sent(
    make: Callable[[Postgres], str], status: int, words: str, postgres: Postgres
) -> None:
    url = make(postgres)
    with pytest.raises(ImporterError, match=words) as caught, Journal.open(url) as journal, journal.held(HERE):
        pass
    assert caught.value.exit_status == status
    assert "nothing was sent" in str(caught.value).lower() or "Write " in str(caught.value)
    assert isinstance(caught.value, (JournalFailed, UnusableJournal, WrongJournal, BadSettings))


def test_who_may_only_read_sees_history_and_reports(postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--all", "--journal", MAY_ONLY_READ(postgres)]) == 0
    assert "no run" in capsys.readouterr().out.lower()


def test_the_password_comes_from_a_file(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.empty()
    postgres.role("importer_by_password", "PASSWORD 'open sesame'")
    postgres.execute(f"GRANT CREATE ON DATABASE {url.rpartition('/')[2]} TO importer_by_password")
    place = tmp_path / "passwords"
    monkeypatch.setenv("PGPASSFILE", str(place))
    by_password = url.replace("postgres@", "importer_by_password@")
    for password in ("wrong", "open sesame"):
        place.write_text(f"127.0.0.1:*:*:importer_by_password:{password}\n")
        place.chmod(0o600)
        if password == "wrong":
            with pytest.raises(UnusableJournal, match="password") as caught:
                Journal.open(by_password)
            assert "wrong" not in str(caught.value)
    with Journal.open(by_password) as journal, journal.held(HERE):
        claim(journal, "P1")


@pytest.mark.parametrize(
    ("said", "environment", "mode"),
    [
        ("host=db.example", {}, "require"),
        ("host=db.example sslmode=verify-full", {}, "verify-full"),
        ("host=db.example", {"PGSSLMODE": "disable"}, "disable"),
        ("host=127.0.0.1", {}, None),
        ("host=localhost,db.example", {}, "require"),
        ("host=/run/postgresql", {}, None),
        ("", {}, None),
        ("", {"PGHOST": "db.example"}, "require"),
    ],
)
def test_the_way_to_another_machine_is_encrypted_unless_something_says_otherwise(
    said: str, environment: dict[str, str], mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGSERVICE", "PGSSLMODE", "PGHOSTADDR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    calls: list[dict[str, str]] = []

    def call(**parts: str) -> None:
        calls.append(parts)
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr(psycopg, "connect", call)
    with pytest.raises(JournalFailed):
        connect(said)
    assert calls[0].get("sslmode") == mode


def end_connections_of(journal: Journal) -> None:
    """As if the server had been restarted."""
    own = journal.scalar("SELECT pg_backend_pid()")
    with psycopg.connect(journal.name, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [own])
        while connection.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [own]).rowcount:
            pass


def test_who_loses_the_connection_has_lost_the_lock_and_claims_nothing(url: str) -> None:
    """It is never made anew: another import may hold the workspace by then."""
    with Journal.open(url) as journal, journal.held(HERE):
        number = claim(journal, "P1")
        end_connections_of(journal)
        for _ in range(3):
            with pytest.raises(JournalFailed, match="could not be written"):
                claim(journal, "P2")
            with pytest.raises(JournalFailed):
                journal.now()
        with Journal.open(url) as other, other.held(HERE):
            [found] = other.deliveries.unsettled(HERE).values()
            assert [(known.request, known.prospect) for known in found] == [(number, "P1")]
    with Journal.open(url) as journal, journal.held(HERE):
        pass


def test_a_vanished_machines_lock_is_free_within_a_minute(url: str) -> None:
    """What the server is told to do about connections on which nothing is heard: 30 + 3 × 10 seconds."""
    with Journal.open(url) as journal:
        found = journal.rows("SELECT name, setting FROM pg_settings WHERE name LIKE :name", name="tcp_%")
    kept = {name: int(setting) for name, setting in found}
    assert kept["tcp_keepalives_idle"] + kept["tcp_keepalives_interval"] * kept["tcp_keepalives_count"] == 60
    assert kept["tcp_user_timeout"] == 60_000


def test_reads_are_read_only_and_wait_for_no_writer(url: str) -> None:
    with Journal.open(url) as journal, journal.held(HERE):
        claim(journal, "P1")
        with journal.transaction():
            journal.execute("UPDATE deliveries SET state = 'hidden'")
            with Journal.open(url) as other, other.reading():
                assert other.scalar("SHOW transaction_read_only") == "on"
                assert len(other.deliveries.unsettled(HERE)) == 1


def test_tables_are_made_once_however_many_begin_at_the_same_moment(postgres: Postgres) -> None:
    url, ids = postgres.empty(), list[str]()

    def begin() -> None:
        with Journal.open(url) as journal:
            ids.append(journal.id)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_a_copy_is_the_databases_own_business(url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["journal", "backup", str(tmp_path / "copy"), "--journal", url]) == 2
    assert "pg_dump" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()


def test_the_longest_key_of_the_longest_prospect_is_kept(url: str) -> None:
    """An index of PostgreSQL takes 2,704 bytes a row, which a sheet's own key can't use up."""
    with Journal.open(url) as journal:
        run = journal.runs.begin(HERE, "notes.csv", "f", 1000.0, again=True)
        chance = random.Random(1)
        key, prospect = (
            "".join(chr(chance.randrange(0x20000, 0x2A000)) for _ in range(size)) for size in (LONGEST_KEY, LONGEST_ID)
        )
        request = Request(NOTE, (0,), (prospect,), (f"{run.occurrence} {prospect} {key}".encode(),))
        with journal.transaction():
            assert journal.deliveries.claim(run, [Claim(NoteKey.of(NOTE), request)], 1001.0)
