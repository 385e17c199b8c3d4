"""A journal in PostgreSQL: what stands in the way is said, and whoever loses the connection can claim nothing."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from importer.api import Answer
from importer.cli import main
from importer.errors import BadSettings, ImporterError, JournalFailed, UnusableJournal, WrongJournal
from importer.journal import VERSION, Answered, Claim, Journal, NoteKey, connecting, owners
from importer.journal.connecting import SCHEMA
from importer.journal.postgres import PostgresStore
from importer.journal.store import Store
from importer.messages import words
from importer.models import Note, Request, Result, Status, Visibility, Workspace
from importer.rows.values import LONGEST_ID, LONGEST_KEY
from importer.settings import Settings
from tests import running
from tests.postgres import Postgres
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

NOTE = Note("Spoke about the annual plan.", Visibility.PUBLIC, Status.PUBLISHED)
HERE, THERE = Workspace("here", "https://notes.example/v1"), Workspace("there", "https://notes.example/v1")


def claim(journal: Journal, *prospects: str, workspace: Workspace = HERE) -> int:
    """Claim deliveries of :data:`NOTE`; the request's number."""
    run = journal.runs.begin(workspace, "notes.csv", "f", 1000.0, again=False)
    [note], _ = journal.deliveries.enter_notes(workspace, [NoteKey.of(NOTE)])
    request = Request(NOTE, tuple(range(len(prospects))), prospects, tuple(map(str.encode, prospects)))
    with journal.transaction():
        journal.now()
        numbers = journal.deliveries.claim(run, [Claim(note, request, None)], 1001.0)
    assert numbers is not None
    return numbers[0]


# -- what stands in the way -------------------------------------------------------------------------------------------


def _nobody_there(postgres: Postgres, _: Path) -> str:
    return "postgresql://postgres@127.0.0.1:1/notes"


def _no_name(postgres: Postgres, _: Path) -> str:
    return "postgresql://postgres@host.invalid/notes?connect_timeout=2"


def _no_database(postgres: Postgres, _: Path) -> str:
    return postgres.url("nowhere")


def _no_user(postgres: Postgres, _: Path) -> str:
    return postgres.url("postgres", user="stranger")


def _no_password(postgres: Postgres, _: Path) -> str:
    return postgres.url("postgres", user="importer_by_password")


def _odd(postgres: Postgres, _: Path) -> str:
    return postgres.url("postgres") + "?colour=green"


def _misspelt(postgres: Postgres, _: Path) -> str:
    return postgres.url("postgres") + "?sslmode=somewhat"


def _no_number(postgres: Postgres, _: Path) -> str:
    return postgres.url("postgres") + "?connect_timeout=soon"


def _no_service(postgres: Postgres, folder: Path) -> str:
    return "postgresql:///?service=missing"


def _not_encrypted(postgres: Postgres, folder: Path) -> str:
    """What a service file names may be anywhere, so it is encrypted, which this server can't."""
    (folder / "services").write_text(f"[notes]\nhost=127.0.0.1\nport={postgres.port}\ndbname=postgres\nuser=postgres\n")
    return "postgresql:///?service=notes"


def _foreign(postgres: Postgres, _: Path) -> str:
    url = postgres.empty()
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}; CREATE TABLE {SCHEMA}.about (author text)")
        connection.execute(f"ALTER TABLE {SCHEMA}.about RENAME TO songs")
    return url


def _later(postgres: Postgres, _: Path) -> str:
    url = postgres.empty()
    Journal.open(url).close()
    with psycopg.connect(url) as connection:
        connection.execute(f"UPDATE {SCHEMA}.about SET value = '{VERSION + 1}' WHERE name = 'schema'")
    return url


def _may_make_nothing(postgres: Postgres, _: Path) -> str:
    url = postgres.empty()
    postgres.role("reader")
    return url.replace("postgres@", "reader@")


def _may_read_nothing(postgres: Postgres, _: Path) -> str:
    Journal.open(url := postgres.empty()).close()
    postgres.role("reader")
    return url.replace("postgres@", "reader@")


def _may_only_read(postgres: Postgres, _: Path) -> str:
    Journal.open(url := postgres.empty()).close()
    postgres.role("reader")
    with psycopg.connect(url) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO reader")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO reader")
    return url.replace("postgres@", "reader@")


@pytest.mark.parametrize(
    ("make", "status", "words"),
    [
        (_nobody_there, 3, "can't be reached.*run the same command again"),
        (_no_name, 3, "host.invalid.*can't be reached"),
        (_no_database, 2, 'database "nowhere" does not exist'),
        (_no_user, 2, 'role "stranger" does not exist'),
        (_no_password, 2, "PGPASSFILE"),
        (_odd, 2, "can't be read.*colour.*postgresql://importer@"),
        (_no_service, 2, 'definition of service "missing" not found|service file .* not found'),
        (_misspelt, 2, "sslmode.*somewhat.*Correct the URL"),
        (_no_number, 2, "connect_timeout.*Correct the URL"),
        (_not_encrypted, 2, "SSL.*does not support encryption.*sslmode=disable"),
        (_foreign, 4, "belongs to another program"),
        (_later, 4, "later version"),
        (_may_make_nothing, 2, "may not use or create its tables .*docs/machines.md"),
        (_may_read_nothing, 2, "may not use or create its tables"),
        (_may_only_read, 2, "may not write to deliveries"),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_is_sent(
    make: Callable[[Postgres, Path], str], status: int, words: str, postgres: Postgres, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """3 where the same command may go through later, 2 where a setting or a right is wrong, 4 where it isn't ours."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    url = make(postgres, tmp_path)
    with pytest.raises(ImporterError, match=words) as caught, Journal.open(url) as journal, journal.held(HERE):
        pass
    assert caught.value.exit_status == status
    assert "Nothing was sent" in str(caught.value) or "nothing was sent" in str(caught.value) or make is _odd
    assert isinstance(caught.value, (JournalFailed, UnusableJournal, WrongJournal, BadSettings))


def test_who_may_only_read_sees_history_and_reports(postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--all", "--journal", _may_only_read(postgres, Path())]) == 0
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
        ("host=db.example", {"PGSSLMODE": "disable"}, None),
        ("host=127.0.0.1", {}, None),
        ("host=localhost,db.example", {}, "require"),
        ("host=/run/postgresql", {}, None),
        ("", {}, None),
        ("", {"PGHOST": "db.example"}, "require"),
        ("", {"PGSERVICE": "notes"}, "require"),
        ("service=notes", {}, "require"),
        ("service=open", {}, None),
        ("", {"PGSERVICE": "open"}, None),
        ("service=missing", {}, "require"),
    ],
)
def test_the_way_to_another_machine_is_encrypted_unless_something_says_otherwise(
    said: str, environment: dict[str, str], mode: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said to the connection alone: nothing else in the process finds its surroundings changed."""
    (tmp_path / "services").write_text("[notes]\nhost=db.example\n[open]\nhost=db.example\nsslmode=disable\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    for name in ("PGHOST", "PGSERVICE", "PGSSLMODE", "PGHOSTADDR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    calls: list[dict[str, str]] = []

    def call(**parts: str) -> None:
        assert {name: value for name, value in os.environ.items() if name.startswith("PG")} == surroundings
        calls.append(parts)
        raise psycopg.OperationalError("refused")

    surroundings = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    monkeypatch.setattr(psycopg, "connect", call)
    with pytest.raises(psycopg.OperationalError):
        connecting._connection(psycopg.conninfo.conninfo_to_dict(said))
    assert calls[0].get("sslmode") == mode


# -- one connection ---------------------------------------------------------------------------------------------------


def end_connections_of(journal: Journal) -> None:
    """As if the server had been restarted."""
    own = journal._store.scalar("SELECT pg_backend_pid()")
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
            [(_, found)] = other.deliveries.unsettled(HERE).values()
            assert [(known.request, known.prospect) for known in found] == [(number, "P1")]
    with Journal.open(url) as journal, journal.held(HERE):
        pass


def test_a_claim_is_written_by_the_session_that_holds_the_lock_or_not_at_all(url: str) -> None:
    """Should something on the way be a pooler after all, for reasons that nobody foresaw."""
    with Journal.open(url) as journal, journal.held(HERE):
        store = journal._store
        assert isinstance(store, PostgresStore)
        assert store._home is not None
        store._home += 1
        with pytest.raises(JournalFailed, match="another connection than the one that holds the lock"):
            claim(journal, "P1")
        assert journal.deliveries.unsettled(HERE) == {}
        store._home -= 1


def test_its_clock_is_the_servers(url: str) -> None:
    with Journal.open(url) as journal, psycopg.connect(url) as connection:
        before = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()[0][0]
        connection.commit()
        assert 0 <= journal.now() - before < 60


def test_a_vanished_machines_lock_is_free_within_a_minute(url: str) -> None:
    """What the server is told to do about connections on which nothing is heard: 30 + 3 × 10 seconds."""
    with Journal.open(url) as journal:
        found = journal._store.rows("SELECT name, setting FROM pg_settings WHERE name LIKE :name", name="tcp_%")
    kept = {name: int(setting) for name, setting in found}
    assert kept["tcp_keepalives_idle"] + kept["tcp_keepalives_interval"] * kept["tcp_keepalives_count"] == 60
    assert kept["tcp_user_timeout"] == 60_000


def test_reads_are_read_only_and_wait_for_no_writer(url: str) -> None:
    with Journal.open(url) as journal, journal.held(HERE):
        claim(journal, "P1")
        with journal.transaction():
            journal._store.execute("UPDATE deliveries SET state = 'hidden'")
            with Journal.open(url) as other, other._store.reading():
                assert other._store.scalar("SHOW transaction_read_only") == "on"
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


# -- what it keeps ----------------------------------------------------------------------------------------------------


def test_texts_with_the_one_character_that_it_refuses_come_back_as_they_were(url: str) -> None:
    """A key of the sheet may hold U+0000, and so may the API's words; no two texts become one."""
    texts = ["a\0b", "a\ue000b", "a\ue0000b", "\0\ue0001\0", "a0b"]
    with Journal.open(url) as journal:
        number = claim(journal, *texts)
        assert journal.deliveries.key_of(1) == NoteKey.of(NOTE)
        with journal.transaction():
            journal.deliveries.answer(
                HERE, [Answered(number, text.encode(), Answer(None, words(f"no {text}")), 2.0) for text in texts]
            )
        found = journal.deliveries.named([text.encode() for text in texts])
        assert {known.prospect: known.why for known in found.values()} == {text: words(f"no {text}") for text in texts}


def test_reports_are_read_from_views(url: str, box: Sandbox, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "One"), Line("P2", "One"), Line("INVALID1", "Two", "2")])
    report = running.run(sheet, Settings(base_url=box.url, key=box.api_key, journal=url, results=tmp_path / "r.csv"))
    assert report is not None
    with psycopg.connect(url) as connection:
        [run] = connection.execute(
            f"SELECT run, profile, file, ended, created, rejected, ended_at >= started_at FROM {SCHEMA}.report_runs"
        )
        made = connection.execute(
            f"SELECT run, prospect, state, visibility, status FROM {SCHEMA}.report_deliveries ORDER BY prospect"
        ).fetchall()
        text = (Path(__file__).parents[2] / "docs" / "machines.md").read_text(encoding="utf-8")
        [example] = re.findall(r"^```sql\n(.*?)^```", text.partition("### Reports")[2], re.M | re.S)
        assert [(row[0], row[2]) for row in connection.execute(example)] == [("default", 2)]
    assert run == (report.run, "default", str(sheet), "finished", 2, 1, True)
    assert made == [
        (report.run, "INVALID1", "rejected", "private", "published"),
        (report.run, "P1", "created", "public", "published"),
        (report.run, "P2", "created", "public", "published"),
    ]


def test_a_copy_is_the_databases_own_business(url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["journal", "backup", str(tmp_path / "copy"), "--journal", url]) == 2
    assert "pg_dump" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()


def test_advice_fits_a_server(url: str) -> None:
    with Journal.open(url) as journal:
        end_connections_of(journal)
        with pytest.raises(JournalFailed, match="Check that the database is running, has free space") as caught:
            claim(journal, "P1")
    assert "Free some space" not in str(caught.value)


def test_two_workspaces_are_imported_at_once(url: str, box: Sandbox, tmp_path: Path) -> None:
    """Each its own notes, numbers and runs, though they write the same tables."""
    ended: dict[str, Result] = {}
    lines = [Line(f"P{number}", f"Note {number % 9}") for number in range(200)]

    def run(profile: str) -> None:
        sheet = write_sheet(
            tmp_path / f"{profile}.csv", [Line(f"{profile}{line.prospect}", line.note) for line in lines]
        )
        settings = Settings(
            base_url=box.url, key=box.api_key, journal=url, profile=profile, results=tmp_path / f"{profile}.r.csv",
            batch_size=5,
        )  # fmt: skip
        report = running.run(sheet, settings)
        assert report is not None
        ended[profile] = dict(report.counts)  # type: ignore[assignment]

    threads = [threading.Thread(target=run, args=[profile]) for profile in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert ended == {profile: {Result.CREATED: 200} for profile in ("a", "b", "c")}  # type: ignore[comparison-overlap]
    assert len({(note.prospect_id, note.sent_content) for note in box.notes}) == len(box.notes) == 600


# -- what would run with the importer's rights ------------------------------------------------------------------------


@pytest.fixture
def shared(postgres: Postgres) -> dict[str, str]:
    """A database in which two roles may create things: the importer, and another that means no good."""
    url = postgres.empty()
    for role in ("importer", "eve"):
        postgres.role(role)
        postgres.execute(f"GRANT CREATE ON DATABASE {url.rpartition('/')[2]} TO {role}")
    return {role: url.replace("postgres@", f"{role}@") for role in ("postgres", "importer", "eve")}


_TRIGGER = """
CREATE TABLE public.proof (who text);
GRANT ALL ON public.proof TO PUBLIC;
CREATE FUNCTION public.spy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.proof VALUES (current_user); RETURN NEW; END $$;
"""


def _refused(url: str, words: str) -> None:
    """Nothing is entered, and the message says what to do."""
    with pytest.raises(UnusableJournal, match=words) as caught, Journal.open(url) as journal, journal.held(HERE):
        claim(journal, "P1")
    assert "nothing was sent" in str(caught.value)


def test_a_schema_that_another_role_made_first_is_refused_and_its_trigger_never_runs(shared: dict[str, str]) -> None:
    Journal.open(shared["eve"]).close()
    with psycopg.connect(shared["postgres"]) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO eve")
    with psycopg.connect(shared["eve"]) as connection:
        connection.execute(_TRIGGER)
        connection.execute(f"CREATE TRIGGER spy BEFORE INSERT ON {SCHEMA}.runs EXECUTE FUNCTION public.spy()")
        connection.execute(f"GRANT ALL ON SCHEMA {SCHEMA} TO importer")
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {SCHEMA} TO importer")
        connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO importer")
    _refused(shared["importer"], "the schema note_importer belongs to the role eve.*SET note_importer.owner = 'eve'")
    with psycopg.connect(shared["postgres"]) as connection:
        assert connection.execute("SELECT who FROM public.proof").fetchall() == []


def test_a_schema_that_another_role_makes_in_the_very_moment_is_refused(
    shared: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the making."""
    looks, check = [0], owners.check

    def look(store: Store) -> None:
        check(store)
        looks[0] += 1
        if looks[0] == 1:
            with psycopg.connect(shared["eve"]) as connection:
                connection.execute(f"CREATE SCHEMA {SCHEMA}; GRANT ALL ON SCHEMA {SCHEMA} TO importer")

    monkeypatch.setattr(owners, "check", look)
    _refused(shared["importer"], "the schema note_importer belongs to the role eve")


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        (f"GRANT CREATE ON SCHEMA {SCHEMA} TO eve", "", "eve may create objects.*REVOKE CREATE ON SCHEMA"),
        (f"GRANT CREATE ON SCHEMA {SCHEMA} TO PUBLIC", "", r"everybody \(PUBLIC\) may create.*FROM PUBLIC"),
        (f"GRANT TRIGGER ON {SCHEMA}.runs TO eve", "", "eve may add triggers to the table runs.*REVOKE TRIGGER ON"),
        (
            f"GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO eve",
            f"CREATE FUNCTION {SCHEMA}.upper(name) RETURNS text LANGUAGE sql AS $$ SELECT 'eve' $$",
            "upper in the schema note_importer belongs to the role eve",
        ),
        (
            f"GRANT USAGE ON SCHEMA {SCHEMA} TO eve; GRANT TRIGGER ON {SCHEMA}.runs TO eve",
            f"CREATE TRIGGER spy BEFORE INSERT ON {SCHEMA}.runs EXECUTE FUNCTION public.spy()",
            "the table runs has a trigger that note-importer did not create .*DROP TRIGGER spy ON note_importer.runs",
        ),
        (
            f"CREATE RULE spy AS ON INSERT TO {SCHEMA}.runs DO ALSO INSERT INTO public.proof VALUES ('')",
            "",
            "the table runs has a rule that note-importer did not create .*DROP RULE spy",
        ),
    ],
)
def test_what_another_role_could_put_into_the_schema_is_refused(
    shared: dict[str, str], first: str, then: str, words: str
) -> None:
    """Also what it has left there and may not do any more."""
    Journal.open(shared["importer"]).close()
    with psycopg.connect(shared["postgres"]) as connection:
        connection.execute(_TRIGGER)
        connection.execute(first)
    if then:
        with psycopg.connect(shared["eve"]) as connection:
            connection.execute(then)
        with psycopg.connect(shared["postgres"]) as connection:
            connection.execute(f"REVOKE ALL ON SCHEMA {SCHEMA} FROM eve; REVOKE ALL ON {SCHEMA}.runs FROM eve")
    _refused(shared["importer"], words)


def test_the_owner_that_a_url_names_is_taken(shared: dict[str, str]) -> None:
    Journal.open(shared["eve"]).close()
    with psycopg.connect(shared["eve"]) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO importer")
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {SCHEMA} TO importer")
        connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO importer")
        connection.execute(f"REVOKE TRIGGER ON ALL TABLES IN SCHEMA {SCHEMA} FROM importer")
    named = f"{shared['importer']}?options=-c%20note_importer.owner%3Deve"
    with Journal.open(named) as journal, journal.held(HERE):
        claim(journal, "P1")


def test_functions_on_a_path_that_the_database_has_are_not_called(shared: dict[str, str]) -> None:
    with psycopg.connect(shared["postgres"]) as connection:
        connection.execute(_TRIGGER)
        connection.execute(
            "CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO public.proof VALUES (current_user); RETURN $2; END $$"
        )
        connection.execute(f"ALTER DATABASE {shared['eve'].rpartition('/')[2]} SET search_path = public, pg_catalog")
    Journal.open(shared["importer"]).close()
    with psycopg.connect(shared["postgres"]) as connection:
        assert connection.execute("SELECT who FROM public.proof").fetchall() == []


# -- what the document says of rights ---------------------------------------------------------------------------------


def test_the_rights_in_the_document_are_enough_and_no_more(
    postgres: Postgres, box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its own words, run by the administrator; then the owner makes the tables, a worker imports, a reader reports."""
    text = (Path(__file__).parents[2] / "docs" / "machines.md").read_text(encoding="utf-8")
    first, then = re.findall(r"^```sql\n(.*?)^```", text.partition("### With the least rights")[2], re.M | re.S)[:2]
    url = postgres.empty()
    owner, worker, reader = (url.replace("postgres@", f"journal_{role}@") for role in ("owner", "worker", "reader"))
    with psycopg.connect(url) as connection:
        connection.execute(first)
    assert main(["history", "--journal", worker]) == 0  # there is nothing yet, and it makes nothing
    monkeypatch.setenv("SALESHANDY_API_KEY", box.api_key)
    doctor = ["doctor", "--base-url", box.url, "--journal"]
    assert main([*doctor, worker]) == 2
    assert "WRONG  Journal: The journal" in (said := capsys.readouterr().out)
    assert "permission denied for schema note_importer" in " ".join(said.split())
    assert main([*doctor, owner]) == 0
    assert "ok     Journal: whole" in capsys.readouterr().out
    with psycopg.connect(url) as connection:
        connection.execute(then)
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "One"), Line("P2", "Two")])
    report = running.run(sheet, Settings(base_url=box.url, key=box.api_key, journal=worker, results=tmp_path / "r.csv"))
    assert report is not None
    assert report.exit_status == 0
    with psycopg.connect(reader) as connection:
        assert connection.execute(f"SELECT created FROM {SCHEMA}.report_runs").fetchall() == [(2,)]
        assert len(connection.execute(f"SELECT FROM {SCHEMA}.report_deliveries").fetchall()) == 2
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT FROM {SCHEMA}.deliveries")
    with psycopg.connect(worker) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"UPDATE {SCHEMA}.about SET value = '1'")


def test_the_longest_key_of_the_longest_prospect_is_kept(url: str) -> None:
    """An index of PostgreSQL takes 2,704 bytes a row, which a sheet's own key can't use up."""
    with Journal.open(url) as journal:
        run = journal.runs.begin(HERE, "notes.csv", "f", 1000.0, again=True)
        [note], _ = journal.deliveries.enter_notes(HERE, [NoteKey.of(NOTE)])
        chance = random.Random(1)
        key, prospect = (
            "".join(chr(chance.randrange(0x20000, 0x2A000)) for _ in range(size)) for size in (LONGEST_KEY, LONGEST_ID)
        )
        request = Request(NOTE, (0,), (prospect,), (f"{run.occurrence} {prospect} {key}".encode(),))
        with journal.transaction():
            assert journal.deliveries.claim(run, [Claim(note, request, None)], 1001.0)
