"""Notes that follow the sheet: less visible unasked, more visible with a person's yes, and nothing else is changed."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from importer.delivery.updating import Updating
from importer.errors import Busy, Changed, JournalReplaced
from importer.importing.run import prepare
from importer.journal import Journal
from importer.journal.deliveries import Deliveries
from importer.journal.sqlite import SQLiteJournal
from importer.messages import render, say
from importer.models import Result, Role, Visibility
from importer.operations import report_messages
from importer.operations.hide import Which, described, hide, what_to_hide
from importer.operations.history import history
from importer.settings.kinds import InDoubt, SeveralInCell
from tests.importing.test_identity import ADA, BEN, HEADINGS, SECOND, Desk, Ran, row
from tests.sandbox import Fault, Sandbox

pytestmark = pytest.mark.usefixtures("jumping")

PRIVATE_DRAFT, AS_SENT = ("2", "0"), ("1", "1")
CAL = "AbCdEfGh3"
TEXT = "Spoke about the terms of the new contract, and sent the offer to all of them"


@pytest.fixture
def desk(box: Sandbox, tmp_path: Path) -> Desk:
    return Desk(box, tmp_path)


def seen(desk: Desk) -> list[tuple[str, str]]:
    """Return how each note stands, in the order of their prospects."""
    return [(note.visibility, note.status) for note in sorted(desk.box.notes, key=lambda note: note.prospect_id)]


def known(desk: Desk) -> list[Any]:
    with Journal.open(desk.folder / "journal.sqlite") as journal:
        runs = [*reversed(journal.runs.listed())]
        return [one for run in runs for one in journal.deliveries.created_by(run)]


# -- each line of identity's table that left something too visible: one update, and it is right


@pytest.mark.parametrize("ids", [True, False])
def test_a_public_note_that_is_private_in_the_sheet_becomes_private(desk: Desk, *, ids: bool) -> None:
    desk.run(row(ADA, "Terms"), ids=ids)
    ran = desk.run(row(ADA, "Terms", "Private"), ids=ids, update=True)
    assert (ran.counts, ran.status) == ({"updated": 1}, 0)
    assert ran.rows[0]["reason"] == "updated: private now"
    assert ran.rows[0]["note_id"] == desk.box.notes[0].id
    assert (ran.changes, seen(desk)) == ([{"visibility": "2"}], [("2", "1")])
    for update in (False, True):
        ran = desk.run(row(ADA, "Terms", "Private"), ids=ids, update=update)
        assert (ran.counts, ran.status, ran.calls) == ({"already imported": 1}, 0, [])


def test_the_first_that_went_out_as_public_follow_the_rest(desk: Desk) -> None:
    rows = [row(f"AbCdEfGh{i}", "Terms", "") for i in range(10)]
    desk.run(*rows[:5], default_visibility=Visibility.PUBLIC)
    ran = desk.run(*rows, default_visibility=Visibility.PRIVATE, update=True)
    assert (ran.counts, ran.status) == ({"created": 5, "updated": 5}, 0)
    assert ran.preview.updates["notes"] == 5
    assert ran.changes == [{"visibility": "2"}] * 5 + ["POST"]
    assert ran.report.requests == 6, "the summary counts what was sent"
    before, first, after = ((call.method, call.path) for call in ran.calls[:3])
    assert (before[0], first[0], after) == ("GET", "PATCH", before)
    assert {*seen(desk)} == {("2", "1")}


def test_a_profile_may_do_what_makes_notes_less_visible_and_nothing_more(desk: Desk) -> None:
    headings = (*HEADINGS, "Status")
    desk.run([*row(ADA, "Terms"), "Draft"], [*row(BEN, "Terms", "Private"), "Published"], headings=headings)
    rows = [*row(ADA, "Terms", "Private"), "Published"], [*row(BEN, "Terms"), "Published"]
    ran = desk.run(*rows, headings=headings, update=True)
    assert (ran.counts, ran.status) == ({"updated": 1, "already imported": 1}, 1)
    assert "; not changed yet, because a person has to agree. With a yes: published now." in ran.rows[0]["reason"]
    assert "than your sheet says; not changed yet, because" in ran.rows[1]["reason"]
    updates = ran.preview.updates
    assert (updates["notes"], updates["asked"], updates["public"], updates["published"]) == (1, 2, 1, 1)
    assert (ran.report.to_agree, ran.report.to_fix) == (2, 2), "the run says at its end how many wait for a yes"
    assert seen(desk) == [("2", "0"), ("2", "1")]
    ran = desk.run(*rows, headings=headings, update=True, agrees=True)
    assert (ran.counts, seen(desk)) == ({"updated": 2}, [("2", "1"), ("1", "1")])
    assert (ran.report.to_agree, ran.report.to_fix, ran.status) == (0, 0, 0)


def test_a_yes_is_for_what_was_seen(desk: Desk) -> None:
    desk.run(row(ADA, "Terms", "Private"), row(BEN, "Terms", "Private"))
    path = desk.folder / "later.csv"
    lines = [",".join(line) for line in (HEADINGS, row(ADA, "Terms"), row(BEN, "Terms"))]
    path.write_text("\n".join(lines), encoding="utf-8")
    with prepare(path, desk.settings(update=True)) as prepared:
        prepared.agree_to_updates()
        desk.run(row(BEN, "Terms"), update=True, agrees=True)
        desk.run(row(BEN, "Terms", "Private"), update=True)
        before = desk.box.notes
        with pytest.raises(Changed):
            prepared.send()
    assert desk.box.notes == before


def test_a_yes_is_not_for_what_shows_only_once_emails_are_looked_up(tmp_path: Path) -> None:
    with Sandbox(prospects={ADA: "ada@example.com", BEN: "ben@example.com"}) as box:
        desk, headings = Desk(box, tmp_path), (*HEADINGS, "Email")
        desk.run(*([*row(who, "Terms", "Private"), ""] for who in (ADA, BEN)), headings=headings)
        rows = [*row(ADA, "Terms"), ""], [*row("", "Terms"), "ben@example.com"]
        for asked, to_agree, public in ((1, 1, ["1", "2"]), (1, 0, ["1", "1"])):
            ran = desk.run(*rows, headings=headings, update=True, agrees=True)
            assert (ran.preview.updates["asked"], ran.report.to_agree) == (asked, to_agree)
            assert [visibility for visibility, _ in seen(desk)] == public


# -- texts


def test_a_private_notes_new_text_follows_and_a_public_ones_needs_a_yes(desk: Desk) -> None:
    desk.run(row(ADA, "Trms", "Private"), row(BEN, "Trms", record=SECOND), ids=True)
    rows = row(ADA, "Terms", "Private"), row(BEN, "Terms", record=SECOND)
    for counts, changes in (({"updated": 1, "already imported": 1}, ["Terms"]), ({"already imported": 2}, [])):
        ran = desk.run(*rows, ids=True, update=True)
        assert (ran.counts, ran.status, [change["content"] for change in ran.changes]) == (counts, 1, changes)
        assert "; its text has changed since run" in ran.rows[1]["reason"]
        assert "; not changed yet, because a person has to agree. With a yes: a new text." in ran.rows[1]["reason"]
    ran = desk.run(*rows, ids=True, update=True, agrees=True)
    assert ran.counts == {"already imported": 1, "updated": 1}
    assert {note.content for note in desk.box.notes} == {"<p>Terms</p>"}
    assert desk.run(*rows, ids=True, update=True).changes == []
    assert desk.run(row(ADA, "Trms", "Private"), ids=True).counts == {"already imported": 1}, "it is known by each text"


def test_a_key_says_which_note_a_new_text_belongs_to_once_a_person_has_said_so(desk: Desk) -> None:
    """A key may come back with another note, so that it is a question; unanswered, nothing is changed or sent."""
    keyed: dict[str, Any] = {"headings": (*HEADINGS[:4], "Call ID"), "keys": "Call ID"}
    desk.run(row(ADA, "Trms", "Private", "1"), row(ADA, "Offer", "Private", "2"), **keyed)
    rows = row(ADA, "Terms", "Private", "1"), row(ADA, "Offer", "Private", "2"), row(ADA, "New", "Private", "3")
    ran = desk.run(*rows, update=True, **keyed)
    assert (ran.status, ran.changes) == (1, ["POST"])
    assert ran.counts == {"not sent": 1, "already imported": 1, "created": 1}
    assert "sent a note with this key and another text" in ran.rows[0]["reason"]
    assert ran.report.reasons == {Result.NOT_SENT: {say("why.in-question"): 1}}
    ran = desk.run(*rows, update=True, in_doubt=InDoubt.SAME, **keyed)
    assert (ran.counts, ran.status) == ({"updated": 1, "already imported": 2}, 0)
    assert ran.changes == [{"content": "Terms"}]
    later = row(ADA, "Trms", "Private", "1"), row(ADA, "Later", "Private", "2")
    ran = desk.run(*later, update=True, in_doubt=InDoubt.NEW, **keyed)
    assert (ran.counts, ran.changes) == ({"updated": 1, "created": 1}, [{"content": "Trms"}, "POST"])
    assert desk.run(row(ADA, "Another", "Private", "1"), **keyed).counts == {"created": 1}, "it follows only if told to"


def test_a_text_with_markup_waits_until_markup_was_seen_to_survive(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"), ids=True)
    line = row(ADA, "<b>New</b> terms", "Private")
    ran = desk.run(line, ids=True, update=True)
    assert (ran.counts, ran.status, ran.changes) == ({"updated": 1}, 1, [{"visibility": "2"}])
    assert "its new text has line breaks or markup" in ran.rows[0]["reason"]
    with Journal.open(desk.folder / "journal.sqlite") as journal:
        journal.learned(desk.settings().workspace).enter({"keeps markup": True})
    assert desk.run(line, ids=True, update=True).counts == {"updated": 1}
    assert desk.box.notes[0].content == "<b>New</b> terms"


def test_attachments_cant_be_changed_and_the_reason_says_so(desk: Desk) -> None:
    headings = (*HEADINGS, "Attachment IDs")
    desk.box.know_attachments("a1", "a2")
    desk.run([*row(ADA, "Terms"), "a1"], headings=headings, ids=True)
    ran = desk.run([*row(ADA, "Terms"), "a2"], headings=headings, ids=True, update=True)
    assert (ran.counts, ran.status, ran.changes) == ({"already imported": 1}, 1, [])
    assert "not its attachments" in ran.rows[0]["reason"]


# -- what somebody else did


@pytest.mark.parametrize("what", [{"content": "Mine"}, {"visibility": "2", "status": "0"}, {"status": "0"}, None])
def test_a_note_that_somebody_changed_is_left_alone(desk: Desk, what: dict[str, str] | None) -> None:
    desk.run(row(ADA, "Terms"))
    [note] = desk.box.notes
    if what is None:
        desk.box.remove(note.id)
    else:
        edit(desk, **what)
    before = desk.box.notes
    ran = desk.run(row(ADA, "Terms", "Private"), update=True)
    assert (ran.counts, ran.status) == ({"already imported": 1}, 1)
    assert ("somebody changed it on" if what else "it is gone") in ran.rows[0]["reason"]
    assert (ran.changes, desk.box.notes) == ([], before)
    if what:
        ran = desk.run(row(ADA, "Terms", "Private"), update=True)
        assert (ran.status, ran.preview.expected.left_alone, ran.calls) == (1, 1, [])
        assert hidden(desk, Which(note_ids=[note.id])) == 1
        assert seen(desk) == [PRIVATE_DRAFT]


def edit(desk: Desk, **fields: str) -> None:
    desk.box.change(desk.box.notes[0].id, **fields)


def never_answered(desk: Desk, line: list[str], **how: Any) -> Ran:
    """Update a note whose PATCH is applied, though neither an answer nor a look says so; then all is well again."""
    desk.box.set_faults([Fault.parse("500:after:PATCH@1-"), Fault.parse("500:GET@2-")])
    ran = desk.run(line, update=True, give_up=1, **how)
    desk.box.clear_faults()
    return ran


def test_a_second_draft_of_a_prospect_is_not_made(desk: Desk) -> None:
    headings = (*HEADINGS, "Status")
    rows = [[*row(who, text), "Published"] for who, text in ((ADA, "One"), (BEN, "One"), (CAL, "One"), (CAL, "Two"))]
    desk.run([*row(ADA, "Two"), "Draft"], *rows, headings=headings)
    ran = desk.run([*row(ADA, "One", "Private"), "Draft"], headings=headings, update=True)
    assert (ran.counts, ran.status) == ({"updated": 1}, 1)
    assert ran.rows[0]["reason"].startswith("updated: private now")
    assert "its prospect has another draft" in ran.rows[0]["reason"]
    ran = desk.run([*row(BEN, "One"), "Draft"], [*row(BEN, "New"), "Draft"], headings=headings, update=True)
    assert ran.counts == {"already imported": 1, "created": 1}
    ran = desk.run([*row(CAL, "One"), "Draft"], [*row(CAL, "Two"), "Draft"], headings=headings, update=True)
    assert ran.counts == {"updated": 1, "already imported": 1}


def test_another_kind_of_sheet_changes_nothing(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"))
    ran = desk.run([ADA, "Terms", "Private"], headings=("Prospect ID", "Note", "Visibility"), update=True)
    assert (ran.counts, ran.status, ran.changes) == ({"already imported": 1}, 1, [])
    assert "a sheet of another kind made it" in ran.rows[0]["reason"]


# -- an API that isn't as it should be


@pytest.mark.parametrize(
    "resets",
    [{"visibility": "1"}, {"status": "0"}, {"content": f"<p>{TEXT[:-12]}</p>"}],
    ids=["visibility", "status", "a text that is cut off, by which it would still be recognised"],
)
def test_an_api_that_changes_what_was_not_named_is_found_out_by_the_first_note(
    desk: Desk, resets: dict[str, str]
) -> None:
    headings, wanted = (*HEADINGS, "Status"), ("Private", "Published")
    first = ("Public", "Published")
    if "visibility" in resets:
        first, wanted = ("Private", "Published"), ("Private", "Draft")
    rows = [[*row(f"AbCdEfGh{i}", TEXT, first[0]), first[1]] for i in range(4)]
    desk.run(*rows, headings=headings)
    desk.box.update_resets = resets
    ran = desk.run(*([*line[:3], wanted[0], line[4], wanted[1]] for line in rows), headings=headings, update=True)
    assert (ran.status, len(ran.changes)) == (4, 1)
    assert {*seen(desk)[1:]} == {("2" if first[0] == "Private" else "1", "1")}


def test_a_change_that_waited_too_long_at_a_shared_journal_is_entered_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, begun, begin = [True], list[Any](), Deliveries.change

    class Once(float):
        """A limit that is over at once for the first call."""

        def __radd__(self, now: float) -> float:
            return 0.0 if late and late.pop() else now + 5.0

    def counted(deliveries: Deliveries, workspace: Any, some: Any) -> Any:
        begun.extend(some)
        return begin(deliveries, workspace, some)

    monkeypatch.setattr("importer.delivery.updating.LONGEST_CLAIM", Once(5.0))
    monkeypatch.setattr(Deliveries, "change", counted)
    desk.run(row(ADA, "Terms"))
    monkeypatch.setattr("importer.journal.Journal.is_shared", True)
    ran = desk.run(row(ADA, "Terms", "Private"), update=True)
    assert (ran.counts, len(begun), ran.changes) == ({"updated": 1}, 2, [{"visibility": "2"}])


def test_nothing_is_changed_once_the_journal_is_another_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: Journal) -> None:
        raise JournalReplaced(say("journal.gone-unsaved", file="journal", error="x"))

    desk.run(row(ADA, "Terms"))
    monkeypatch.setattr(SQLiteJournal, "see_that_it_stands", gone)
    ran = desk.run(row(ADA, "Terms", "Private"), update=True)
    assert (ran.status, ran.changes) == (4, [])


def test_an_update_that_is_never_answered_is_settled_by_the_next_run(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"))
    ran = never_answered(desk, row(ADA, "Terms", "Private"))
    assert (ran.counts, ran.status) == ({"unconfirmed": 1}, 3)
    assert ran.rows[0]["note_id"] == desk.box.notes[0].id
    ran = desk.run(row(ADA, "Terms", "Private"))
    assert (ran.counts, ran.status) == ({"already imported": 1}, 1), "it may be public still"
    ran = desk.run(row(ADA, "Terms", "Private"), update=True)
    assert (ran.counts, ran.status, ran.changes) == ({"updated": 1}, 0, [])
    assert [one.changing for one in known(desk)] == [None]


def test_an_unclear_change_counts_as_the_more_visible_one(desk: Desk) -> None:
    desk.run(row(ADA, "Terms", "Private"))
    assert never_answered(desk, row(ADA, "Terms"), agrees=True).counts == {"unconfirmed": 1}
    ran = desk.run(row(ADA, "Terms", "Private"))
    assert (ran.status, ran.preview.expected.more_visible) == (1, 1)
    assert desk.run(row(ADA, "Terms", "Private"), update=True).counts == {"updated": 1}
    assert seen(desk) == [("2", "1")]


def test_an_update_that_the_api_refuses_is_told_in_its_words(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"), row(BEN, "Terms"))
    desk.box.add_fault(Fault.parse("422:PATCH@1"))
    ran = desk.run(row(ADA, "Terms", "Private"), row(BEN, "Terms", "Private"), update=True)
    assert (ran.counts, ran.status) == ({"updated": 1, "already imported": 1}, 1)
    assert "Unprocessable" in "".join(line["reason"] for line in ran.rows)


def test_a_key_that_is_refused_changes_nothing(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"))
    desk.box.add_fault(Fault.parse("400-token:PATCH@1-"))
    ran = desk.run(row(ADA, "Terms", "Private"), update=True)
    assert (ran.counts, ran.status, seen(desk)) == ({"already imported": 1}, 4, [AS_SENT])
    assert [one.changing for one in known(desk)] == [None]


def test_only_one_process_at_a_time_changes_notes(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"))
    settings, since = desk.settings(), len(desk.box.received)
    with Journal.open(settings.journal) as journal, journal.held(settings.workspace):
        with pytest.raises(Busy):
            desk.run(row(ADA, "Terms", "Private"), update=True)
        with pytest.raises(Busy):
            hide(what_to_hide(Which("last"), settings), settings)
    assert len(desk.box.received) == since


# -- hide, and back


def hidden(desk: Desk, which: Which, **more: Any) -> int:
    settings = desk.settings(**more)
    return hide(what_to_hide(which, settings), settings).hidden


def test_hidden_notes_are_given_back_as_they_were(desk: Desk) -> None:
    headings = (*HEADINGS, "Status")
    rows = [*row(ADA, "One"), "Draft"], [*row(BEN, "Two"), "Published"], [*row(BEN, "Three", "Private"), "Published"]
    desk.run(*rows, headings=headings)
    before = sorted(seen(desk))
    assert (hidden(desk, Which("last")), {*seen(desk)}) == (3, {PRIVATE_DRAFT})
    planned = what_to_hide(Which("last", undo=True), desk.settings())
    assert "(public for all team members: 1)" in render(next(report_messages.hiding(planned, {})).text)
    assert (hidden(desk, Which("last", undo=True)), sorted(seen(desk))) == (3, before)
    ran = desk.run(*rows, headings=headings)
    assert (ran.counts, ran.status) == ({"already imported": 3}, 0)
    assert hidden(desk, Which("last", undo=True)) == 0


def test_a_note_whose_row_was_sent_again_stays_hidden_and_is_named(desk: Desk) -> None:
    desk.run(row(ADA, "One"), row(BEN, "Two"))
    with Journal.open(desk.folder / "journal.sqlite") as journal:
        [run] = journal.runs.listed()
    hidden(desk, Which(run.name))
    desk.run(row(ADA, "One"), in_doubt=InDoubt.SEND_HIDDEN)
    settings = desk.settings()
    planned = what_to_hide(Which(run.name, undo=True), settings)
    assert [one.prospect for one in planned.notes] == [BEN]
    assert [one.prospect for one in planned.left] == [ADA]
    assert hide(planned, settings).hidden == 1
    assert sorted((note.prospect_id, note.status) for note in desk.box.notes) == [(ADA, "0"), (ADA, "1"), (BEN, "1")]


def test_a_note_that_was_recognised_by_its_likeness_alone_is_not_hidden(desk: Desk) -> None:
    """It may be a colleague's."""
    desk.run(row(ADA, "One"))
    with closing(sqlite3.connect(desk.folder / "journal.sqlite")) as journal, journal:
        journal.execute("""UPDATE deliveries SET reason = '["outcome.found-rewritten", {}]'""")
    planned = what_to_hide(Which("last"), desk.settings())
    assert ([*planned.notes], len(planned.left)) == ([], 1)


def test_a_file_and_single_notes_can_be_hidden(desk: Desk) -> None:
    desk.run(*(row(f"AbCdEfGh{i}", "Terms") for i in range(5)))
    path = desk.folder / "some.csv"
    lines = [HEADINGS, *(row(f"AbCdEfGh{i}", "Terms") for i in (1, 3, 4))]
    path.write_text("\n".join(map(",".join, lines)), encoding="utf-8")
    assert hidden(desk, Which(file=path)) == 3
    assert [status for _, status in seen(desk)] == ["1", "0", "1", "0", "0"]
    ids = [note.id for note in sorted(desk.box.notes, key=lambda note: note.prospect_id)]
    assert hidden(desk, Which(note_ids=[ids[3]], undo=True)) == 1
    assert [status for _, status in seen(desk)] == ["1", "0", "1", "1", "0"]
    assert hidden(desk, Which(file=path)) == 1
    assert hidden(desk, Which(file=path, undo=True)) == 3
    assert [status for _, status in seen(desk)] == ["1"] * 5


def test_each_note_of_a_file_is_hidden_whatever_its_row_says_of_visibility(desk: Desk) -> None:
    """The answers of the import aren't given again. Rows whose notes aren't found are named, and the status is 1."""
    lines = [row(f"{ADA}; {BEN}", "Open"), row(CAL, "Blank", ""), row(CAL, "Odd", "Team"), row(ADA, "Secret", "Secret")]
    values = {(Role.VISIBILITY, None): {"team": Visibility.PUBLIC, "secret": None}}
    said: Any = {"default_visibility": Visibility.PUBLIC, "several_in_cell": SeveralInCell.EACH, "values": values}
    assert desk.run(*lines, **said).counts == {"created": 3, "skipped": 1}
    planned = what_to_hide(Which(file=desk.folder / "1.csv"), settings := desk.settings())
    rows = [rows for rows, *_ in described(planned, settings).values()]
    assert (planned.unmatched, rows) == ([5], [[2], [3], [4], [2]])
    told = [render(line.text) for line in report_messages.hiding(planned, {})]
    assert any("for 1 row, or for some of its people: row 5." in line for line in told)
    assert (hide(planned, settings).exit_status, {*seen(desk)}) == (1, {PRIVATE_DRAFT})


def test_the_last_run_is_the_last_that_made_notes_and_those_of_other_runs_of_its_file_are_named(desk: Desk) -> None:
    """One of them was broken off. Its notes are counted, although its end isn't recorded."""
    lines = [row(ADA, "Terms"), row(BEN, "Terms")]
    for again in (False, True, False):
        desk.run(*lines, again=again)
    with closing(sqlite3.connect(desk.folder / "journal.sqlite")) as journal, journal:
        journal.execute("UPDATE runs SET ended = NULL, counts = NULL WHERE id = 1")
    first = history(settings := desk.settings()).runs[-1]
    assert (first.ended, first.counts) == ("broken off", {Result.CREATED: 2})
    done = hide(what_to_hide(Which("last"), settings), settings)
    assert (done.hidden, done.others) == (2, {first.run.name: 2})
    assert f"hide {first.run.name}`" in render([*report_messages.hidden(done)][-1].text)
    assert hidden(desk, Which("last")) == 0
    desk.run(*lines)
    assert hidden(desk, Which("last", undo=True)) == 2


@pytest.mark.parametrize("undo", [False, True])
def test_a_hide_or_undo_without_a_clear_answer_is_repeated_once_it_can_come_no_more(desk: Desk, *, undo: bool) -> None:
    """Otherwise a late one could change the note after a later change."""
    desk.run(row(ADA, "Terms"))
    if undo:
        hidden(desk, Which("last"))
    since = len(desk.box.received)
    desk.box.add_fault(Fault.parse("reset:after:PATCH@1"))
    assert hidden(desk, Which("last", undo=undo), read_timeout=60.0) == 1
    first, again = [call.at for call in desk.box.received[since:] if call.method == "PATCH"]
    assert (again - first).total_seconds() >= 60
    assert seen(desk) == [AS_SENT if undo else PRIVATE_DRAFT]


def test_what_somebody_changes_while_a_change_rests_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = Updating._rest

    def meanwhile(*given: Any) -> None:
        rest(*given)
        edit(desk, content="Mine")

    monkeypatch.setattr(Updating, "_rest", meanwhile)
    desk.run(row(ADA, "Terms"))
    desk.box.add_fault(Fault.parse("500:before:PATCH@1"))
    ran = desk.run(row(ADA, "Terms", "Private"), update=True)
    assert (ran.counts, ran.status) == ({"already imported": 1}, 1)
    assert (len(ran.changes), desk.box.notes[0].content, seen(desk)) == (1, "<p>Mine</p>", [AS_SENT])
