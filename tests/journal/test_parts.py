"""The journal's parts: what is kept for later, at what cost, and how one process stays out of another's way."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from importer.api import Answer
from importer.errors import Busy, JournalFailed
from importer.journal import (
    Answered,
    Claim,
    Journal,
    NoteKey,
    Run,
    delivery_sql,
    memory,
    runs,
    sqlite,
    store,
)
from importer.models import Note, Request, Result, Status, Visibility, Workspace
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

NOTE = Note("Spoke about the annual plan.", Visibility.PUBLIC, Status.PUBLISHED)
HERE = Workspace("default", "https://notes.example/v1")
THERE = Workspace("other", "https://notes.example/v1")
DAY = 86_400.0


@pytest.fixture
def journal(address: str) -> Iterator[Journal]:
    with Journal.open(address) as journal:
        yield journal


def begin(journal: Journal, workspace: Workspace = HERE) -> Run:
    return journal.runs.begin(workspace, "notes.csv", "f", 1000.0, again=False)


def sent(journal: Journal, run: Run, *prospects: str, is_resent: bool = False, what: Note = NOTE) -> int:
    """Claim a request of a note; its number."""
    request = Request(what, tuple(range(len(prospects))), prospects, tuple(name(one, what) for one in prospects))
    with journal.transaction():
        numbers = journal.deliveries.claim(run, [Claim(NoteKey.of(what), request, is_resent=is_resent)], 1001.0)
    assert numbers is not None
    return numbers[0]


def name(prospect: str, what: Note = NOTE) -> bytes:
    return (prospect if what == NOTE else f"{prospect} {what.status}").encode()


def answer(journal: Journal, number: int, *prospects: str, what: Note = NOTE) -> None:
    with journal.transaction():
        journal.deliveries.answer(
            [Answered(number, name(one, what), Answer(f"N-{one}-{what.status}"), 1002.0) for one in prospects],
        )


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of any SQLite database meanwhile, in SQL."""
    found: list[str] = []

    connect = sqlite.connect

    def watched(place: Path | str) -> sqlite3.Connection:
        connection = connect(place)
        connection.set_trace_callback(found.append)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "connect", watched)
        yield found


# -- other names of a workspace ----------------------------------------------------------------------------------------


def test_another_name_of_a_workspace_has_all_that_it_has(journal: Journal, address: str) -> None:
    first, third = begin(journal), Workspace("third", "https://gateway.example/v1")
    answer(journal, sent(journal, first, "P1"), "P1")
    journal.identities.enter(HERE, [("P1", b"what", name("P1"))])
    journal.learned(HERE).enter({"keeps markup": True})
    journal.uploads(HERE, lambda: 5.0).enter({"ab": "F-1"})
    journal.runs.confirm(third, None, same_as=THERE)
    assert journal.owner(third) == THERE
    journal.runs.confirm(THERE, None, "the-key", same_as=HERE)
    journal.runs.confirm(HERE, None, same_as=third)
    for name_ in (HERE, THERE, third):
        assert journal.owner(name_) == HERE
        assert journal.runs.listed(name_) == journal.runs.listed(HERE) != []
        assert journal.learned(name_).all() == {"keeps markup": True}
        assert journal.uploads(name_, lambda: 5.0).known(["ab"]) == {"ab": "F-1"}
        assert [*journal.deliveries.delivered(name_, ["N-P1-1"])] == ["N-P1-1"]
        assert [who for who, *_ in journal.identities.told(name_, ["P1"])] == ["P1"]
        assert journal.runs.has_key(name_)
    assert begin(journal, third).id in {run.id for run in journal.runs.listed(HERE)}
    assert journal.runs.workspaces() == [HERE]
    with Journal.open(address) as other, journal.held(third), pytest.raises(Busy), other.held(THERE):
        pass


def test_a_name_that_is_given_while_its_lock_is_taken_has_the_other_workspaces_lock(journal: Journal) -> None:
    """The run that waited for it holds the lock of the deliveries that it will see."""
    begin(journal)
    taken: list[str] = []
    held = journal._locked

    @contextmanager
    def meanwhile(workspace: str) -> Iterator[None]:
        taken.append(workspace)
        with held(workspace):
            journal.runs.confirm(THERE, None, same_as=HERE)
            yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "_locked", meanwhile)
        with journal.held(THERE):
            assert taken == [str(THERE), str(HERE)]


def test_a_key_is_known_by_a_digest(journal: Journal) -> None:
    journal.runs.confirm(HERE, None, "a-key")
    journal.runs.confirm(HERE, None, "another")
    journal.runs.confirm(HERE, None, "a-key")
    journal.runs.confirm(THERE, None, "another")
    assert journal.runs.used_with("a-key") == [HERE]
    assert journal.runs.used_with("another") == [HERE, THERE]
    assert journal.runs.used_with("a-third") == []
    kept = [row[0] for row in journal.rows("SELECT name FROM remembered")]
    assert len(kept) == 3
    assert not {"a-key", "another"} & {*kept}


# -- who waits for whom -----------------------------------------------------------------------------------------------


def test_reads_wait_for_no_writer_and_see_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal.open(path) as journal:
        run = begin(journal)
        answer(journal, sent(journal, run, "P1"), "P1")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE deliveries SET state = 'hidden'")
        with Journal.open(path) as journal:
            journal.connection.execute("PRAGMA busy_timeout = 0")
            assert [found.name for found in journal.runs.listed()] == [run.name]
            found = journal.deliveries.named([b"P1"])[b"P1"]
            assert (found.state, found.form, found.forms) == ("created", NoteKey.of(NOTE), (NoteKey.of(NOTE),))
            assert journal.learned(HERE).all() == {}
            with pytest.raises(JournalFailed, match="locked"):
                begin(journal)
        writer.execute("ROLLBACK")


def test_many_groups_are_looked_up_with_few_queries(
    box: Sandbox, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one each: a sheet of a hundred thousand different notes would take a minute. Here 50 go into a query."""
    assert store._AT_ONCE == 500
    monkeypatch.setattr(store, "_AT_ONCE", 50)
    sheet = write_sheet(tmp_path / "n.csv", [Line(f"P{row}", f"Note {row}") for row in range(60)])
    running.ran(sheet, settings)
    with statements() as queries:
        assert running.ran(sheet, settings).counts == {Result.ALREADY_IMPORTED: 60}
    # Two for the plan, two when it is planned anew.
    assert sum("JOIN deliveries" in query or "JOIN identities" in query for query in queries) == 4


# -- what is looked for is found by an index --------------------------------------------------------------------------


def test_the_latest_note_that_was_created_is_a_published_one_or_for_want_of_such_a_draft(journal: Journal) -> None:
    """By it an earlier run tells who writes our notes; a draft may be hidden by a later one."""
    run, draft = begin(journal), replace(NOTE, status=Status.DRAFT)
    assert journal.deliveries.latest_created(HERE) == []
    answer(journal, sent(journal, run, "P1", what=draft), "P1", what=draft)
    answer(journal, sent(journal, run, "P2", what=draft), "P2", what=draft)
    assert journal.deliveries.latest_created(HERE)[0] == ("P2", "N-P2-0")
    assert journal.deliveries.latest_created(HERE, published=True) == []
    answer(journal, sent(journal, run, "P3"), "P3")
    answer(journal, sent(journal, run, "P4", what=draft), "P4", what=draft)
    sent(journal, run, "P5")
    assert journal.deliveries.latest_created(HERE)[0] == ("P3", "N-P3-1")
    assert journal.deliveries.latest_created(THERE) == []


# These walk back over the last hundred requests, or read everything by their meaning.
WHOLE = {"delivery_sql.LATEST", "delivery_sql.WITH_DUPLICATES"}


def statements_of_the_journal() -> dict[str, str]:
    modules = (delivery_sql, memory, runs, store)
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": value.replace("{given}", ":one, :two")
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, str) and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE) ", value)
    }


def explained(journal: Journal, statement: str) -> list[str]:
    """How the database would run a statement; each of its values is unknown."""
    is_file = isinstance(journal, sqlite.SQLiteJournal)
    values = dict.fromkeys(re.findall(r"(?<!:):(\w+)", statement))
    with journal.reading():
        found = journal._run(f"EXPLAIN {'QUERY PLAN ' if is_file else ''}{statement}", values)
        return [row[3 if is_file else 0] for row in found]


def test_each_statement_is_understood_by_both_databases(journal: Journal) -> None:
    for statement in statements_of_the_journal().values():
        explained(journal, statement)


def test_no_query_reads_a_whole_table(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        plans = {name: explained(journal, statement) for name, statement in statements_of_the_journal().items()}
    all_of_them = re.compile(
        r"SCAN (deliveries|notes|requests|written)|SEARCH notes .*\(workspace=\?\)|SEARCH .*\(workspace=\? AND note_id>"
    )
    read = {name for name, plan in plans.items() if any(map(all_of_them.match, plan))}
    assert len(plans) >= 40
    assert read - WHOLE == set()


# -- what later runs need ---------------------------------------------------------------------------------------------


def test_what_was_sent_again_is_kept_until_somebody_has_looked(journal: Journal) -> None:
    run = begin(journal)
    answer(journal, sent(journal, run, "P1"), "P1")
    number = sent(journal, run, "P2", "P3", is_resent=True)
    assert journal.deliveries.resent(HERE) == []
    answer(journal, number, "P2", "P3")
    assert journal.deliveries.resent(THERE) == []
    found = journal.deliveries.resent(HERE)
    assert [(known.prospect, known.resent_at, known.note_id) for known in found] == [
        ("P2", 1001.0, "N-P2-1"),
        ("P3", 1001.0, "N-P3-1"),
    ]
    assert {known.form for known in found} == {NoteKey.of(NOTE)}
    journal.deliveries.checked(b"P2", ["N-X", "N-Y"])
    assert [known.prospect for known in journal.deliveries.resent(HERE)] == ["P3"]
    known = journal.deliveries.named([b"P2", b"P3"])
    assert [known[prospect].duplicates for prospect in (b"P2", b"P3")] == [("N-X", "N-Y"), ()]


def test_a_note_that_was_not_found_is_missing_until_it_is_hidden(journal: Journal) -> None:
    answer(journal, sent(journal, begin(journal), "P1", "P2"), "P1", "P2")
    with journal.transaction():
        journal.deliveries.missed(b"P2")
    assert [known.prospect for known in journal.deliveries.missing(HERE)] == ["P2"]
    assert journal.deliveries.missing(THERE) == []
    with journal.transaction():
        journal.execute("UPDATE deliveries SET state = 'hidden'")
    assert journal.deliveries.missing(HERE) == []


# -- what was looked up of emails -------------------------------------------------------------------------------------

JO, KIM = "jo@example.com", "kim@example.com"


class Time:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_what_was_found_is_known_again_to_its_key_in_its_workspace(journal: Journal) -> None:
    found = journal.found(HERE, "key", Time())
    assert found.known([JO, KIM]) == {}
    found.enter({JO: ["P1"], KIM: ["P9", "P2"]})
    assert found.known([JO, KIM, "nobody@example.com"]) == {JO: ["P1"], KIM: ["P9", "P2"]}
    for workspace, key in ((THERE, "key"), (HERE, "another key"), (HERE, "")):
        assert journal.found(workspace, key, Time()).known([JO]) == {}
    found.forget([JO])
    assert found.known([JO, KIM]) == {KIM: ["P9", "P2"]}
    for prospects in (["P1"], ["P2"], ["P3", "P1"]):
        found.enter({JO: prospects})
    assert found.known([JO]) == {JO: ["P3", "P1"]}


def test_it_is_believed_for_a_day(journal: Journal) -> None:
    """And not where the clock was set back, for then nobody knows how old it is."""
    time = Time()
    found = journal.found(HERE, "key", time)
    found.enter({JO: ["P1"]})
    for later, is_believed in ((DAY, True), (1, False), (-DAY - 60, False), (DAY + 60, False)):
        time.now += later
        assert found.known([JO]) == ({JO: ["P1"]} if is_believed else {})
    found.enter({KIM: ["P1"]})
    found.expire()
    assert (found.known([JO]), found.known([KIM])) == ({}, {KIM: ["P1"]})


def test_the_journal_holds_no_email(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        journal.found(HERE, "key", Time()).enter({JO: ["P1"], KIM: ["P9"]})
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"P9" in held
    assert b"example.com" not in held
    assert b"key" not in held.replace(b" KEY", b"").replace(b"key TEXT", b"").replace(b"keys TEXT", b"").lower()
