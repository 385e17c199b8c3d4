"""Who was told what: nothing twice, nothing lost, nothing more visible than the sheet says, or a question."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from importer.errors import Guarded
from importer.importing.batch import Batch, FileEnded, FileResult
from importer.importing.preview import Preview
from importer.importing.report import Report
from importer.importing.run import prepare
from importer.importing.workspaces import confirm
from importer.journal import Journal
from importer.models import Role, Visibility
from importer.operations.hide import Which, hide, what_to_hide
from importer.settings import Origin, Settings
from importer.settings.kinds import DateOrder, InDoubt, SeveralInCell
from importer.settings.reading import Reading
from importer.settings.readings import entry_of, from_entry
from importer.telling import preview_messages
from importer.telling.notifications import notification
from tests.sandbox import Received, Sandbox
from tests.truth import read_results, write_csv
from tests.typing_commands import Terminal

pytestmark = pytest.mark.usefixtures("jumping")

HEADINGS = ("Prospect ID", "Date", "Note", "Visibility", "Activity ID")
TEMPLATE = "[{Date}, ]{Note}"
DAY = date(2026, 11, 3)
PUBLIC = Visibility.PUBLIC
ADA, BEN = "AbCdEfGh1", "AbCdEfGh2"
FIRST, SECOND, LONG = "00T5f00000AbCdE", "00T5f00000AbCdF", "00T5f00000AbCdEEAV"  # the first in two spellings


@dataclass
class Ran:
    counts: dict[str, int]
    status: int
    rows: list[dict[str, str]]
    preview: Preview
    report: Report
    calls: list[Received]

    @property
    def changes(self) -> list[Any]:
        """What the server was asked to change: the fields of each PATCH, the method of other calls."""
        return [call.body if call.method == "PATCH" else call.method for call in self.calls if call.method != "GET"]


class Desk:
    headings: Sequence[str] = HEADINGS

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box, self.folder, self.count = box, folder, 0

    def run(self, *rows: Sequence[str], headings: Sequence[str] = (), agrees: bool = False, **more: Any) -> Ran:
        """Import rows; a person may agree to what makes notes more visible. Practice says so before."""
        self.count, since = self.count + 1, len(self.box.received)
        path, results = self.folder / f"{self.count}.csv", self.folder / f"results {self.count}.csv"
        write_csv(path, headings or self.headings, *rows)
        with prepare(path, replace(self.settings(**more), results=results)) as prepared:
            preview, practised = prepared.preview, prepared.practise()
            assert preview.expected.counts == practised.counts
            if agrees:
                prepared.agree_to_updates()
            report = prepared.send(agreed=prepared.preview.digest)
        written = read_results(results)
        for said, row in zip(read_results(practised.results), () if more.get("update") else written, strict=False):
            assert said["result (practice)"] == row["result"]
            assert row["result"] == "created" or said["reason"] == row["reason"]
        counts = {result.value: count for result, count in report.counts.items()}
        return Ran(counts, report.exit_status, written, preview, report, [*self.box.received[since:]])

    def settings(self, *, ids: bool | None = False, template: str = "", keys: str = "", **more: Any) -> Settings:
        """Return settings; with the IDs of records, with a template, with a column of keys."""
        mapping = {} if ids is None else {Role.RECORD: ("Activity ID",) if ids else ("",)}
        mapping |= {Role.CONTENT: (template,)} if template else {}
        mapping |= {Role.KEY: (keys,)} if keys else {}
        return Settings(
            base_url=self.box.url, key=self.box.api_key, journal=self.folder / "journal.sqlite", mapping=mapping,
            **{"settle": 0, **more},
        )  # fmt: skip

    def there(self) -> Counter[tuple[str, str]]:
        return Counter((note.prospect_id, note.visibility) for note in self.box.notes)


@pytest.fixture
def desk(box: Sandbox, tmp_path: Path) -> Desk:
    return Desk(box, tmp_path)


def row(who: str, text: str, seen: str = "Public", record: str = FIRST, day: int = 1) -> list[str]:
    return [who, f"2026-11-{day:02}", text, seen, record]


GUARDED = "NOTE_IMPORTER_GUARD_LOCAL_ADDRESS"  # the sandbox is guarded as the live service is


@pytest.fixture
def moving(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A terminal whose profile ``default`` has sent two notes."""
    type_ = Terminal(tmp_path, box, capsys)
    type_.file("n.csv", "Prospect ID,Note,Visibility\nP1,Spoke about terms,Public\nP2,Sent an offer,Private\n")
    type_.variables[GUARDED] = "yes"
    confirm(Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "journal.sqlite", guard_local_address=True))
    assert type_("run", "n.csv", "--yes").status == 0
    assert len(box.notes) == 2
    return type_


@pytest.mark.parametrize(("answer", "status", "notes"), [("1", 0, 2), ("2", 0, 4), ("", 2, 2)])
def test_who_moves_to_another_profile_as_init_leads_him_has_each_note_once(
    moving: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, notes: int
) -> None:
    answers = ("night", "-", "-", moving.box.api_key, answer, "")
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in answers)))
    ended = moving("init")
    assert ended.status == status
    assert f"The API key was used before as 'default at {moving.box.url}'" in ended.all
    assert "Only if the other profile's notes are in another account" in ended.all
    assert ("[night]" in profiles.read_text(encoding="utf-8")) is (not status)
    if not status:
        assert moving("run", "n.csv", "--profile", "night", "--yes").status == int(notes == 4)  # they are there twice
        assert moving("run", "n.csv", "--yes").status == 0
    assert len(moving.box.notes) == notes


def test_who_follows_the_refusal_of_another_profile_has_each_note_once(
    moving: Terminal, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.write_text("[night]\n", encoding="utf-8")
    calls = len(moving.box.received)
    ended = moving("run", "n.csv", "--profile", "night", "--yes")
    assert ended.status == 2
    assert "Run `note-importer run FILE --profile night` once at a terminal and answer there" in ended.all
    assert "shared-account" not in ended.all
    assert len(moving.box.received) == calls
    with monkeypatch.context() as patch:
        for module in ("asking", "importing"):
            patch.setattr(f"importer.cli.{module}.is_terminal", lambda _: True)
        patch.setattr("sys.stdin", io.StringIO("1\n"))
        ended = moving("run", "n.csv", "--profile", "night")
    assert (ended.status, len(moving.box.notes)) == (0, 2)
    assert f"1 The account of default at {moving.box.url}: continue" in ended.all
    moving.file("n.csv", "Prospect ID,Note,Visibility\nP1,Spoke about terms,Public\nP3,Another,Public\n")
    assert moving("run", "n.csv", "--profile", "night", "--yes").status == 0
    assert moving("run", "n.csv", "--yes").status == 0
    assert sorted(note.prospect_id for note in moving.box.notes) == ["P1", "P2", "P3"]


@pytest.mark.parametrize("ids", [True, False])
def test_a_public_note_that_is_private_in_the_sheet_needs_attention(desk: Desk, *, ids: bool) -> None:
    desk.run(row(ADA, "Terms"), ids=ids)
    with Journal.open(desk.folder / "journal.sqlite") as journal, journal.transaction():
        journal.execute("UPDATE deliveries SET state = 'unclear', note_id = NULL")
    for night in range(3):
        ran = desk.run(row(ADA, "Terms", "Private"), ids=ids)
        assert (ran.counts, ran.status) == ({"already imported" if night else "created": 1}, 1)
        assert ran.preview.expected.more_visible == bool(night)
        assert "; still public, although your sheet says private. Nothing was changed." in ran.rows[0]["reason"]
    assert desk.there() == {(ADA, "1"): 1}


def test_a_column_of_records_counts_from_then_on(
    tmp_path: Path, box: Sandbox, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever forgets it the next time would send each changed text a second time."""
    type_ = Terminal(tmp_path, box, capsys)
    sheet = "Prospect ID,Note,Visibility,Activity ID\n{},{},Private,{}\n"
    type_.file("n.csv", sheet.format(ADA, "Spoke about terms", FIRST))
    assert type_("run", "n.csv", "--yes", "--map", "record=Activity ID").status == 0
    type_.file("n.csv", sheet.format(ADA, "Spoke about the terms", FIRST))
    assert type_("run", "n.csv", "--yes").status == 0
    assert len(box.notes) == 1
    assert "record" in profiles.read_text(encoding="utf-8")


def test_who_may_get_a_second_note_is_said(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"), ids=False)
    ran = desk.run(row(ADA, "Terms"), row(BEN, "Terms"), ids=False)
    assert preview_messages.keeps_edited(ran.preview)
    again = desk.run(row(ADA, "Terms"), ids=False)
    assert not preview_messages.keeps_edited(again.preview), "nothing is sent"


def test_notes_that_are_less_visible_than_the_sheet_says_are_one_count(desk: Desk) -> None:
    first = [*row(ADA, "Terms", "Private"), "Published"], [*row(BEN, "Terms"), "Draft"]
    desk.run(*first, headings=(*HEADINGS, "Status"))  # a column that later sheets lack
    ran = desk.run(row(ADA, "Terms"), row(BEN, "Terms"))
    assert (ran.counts, ran.status, ran.preview.updates["differ"]) == ({"already imported": 2}, 0, 2)
    assert sorted((note.visibility, note.status) for note in desk.box.notes) == [("1", "0"), ("2", "1")]


def test_a_new_call_with_a_new_record_and_the_same_words_is_sent(desk: Desk) -> None:
    desk.run(row(ADA, "Left voicemail"), ids=True)
    ran = desk.run(row(ADA, "Left voicemail"), row(ADA, "Left voicemail", record=SECOND, day=8), ids=True)
    assert (ran.counts, len(desk.box.notes)) == ({"already imported": 1, "created": 1}, 2)


def test_a_row_is_known_in_each_form_that_its_kind_of_sheet_had(desk: Desk) -> None:
    first = Reading("Calls", HEADINGS, DAY, {"map": {Role.CONTENT: (TEMPLATE,)}, "dates": DateOrder.DAY_FIRST})
    early = (ADA, "3/11/2026", "Left voicemail", "Public", ""), (BEN, "4/11/2026", "Called", "Public", "")
    assert desk.run(*early, readings=(first,)).counts == {"created": 2}
    second = _taught(desk, first, template="{Note} on {Date}")
    assert second.earlier == ((TEMPLATE, "day-first"),)
    third = _taught(desk, second, template="{Note} on {Date}", dates=DateOrder.MONTH_FIRST)
    assert [*third.forms] == [*second.forms, ("{Note} on {Date}", "month-first")]
    assert from_entry(entry_of(third)) == third
    later = (ADA, "11/10/2026", "Called", "Public", "")
    assert desk.run(later, readings=(second,)).counts == {"created": 1}
    ran = desk.run(*early, later, readings=(third,))
    assert (ran.counts, ran.status) == ({"already imported": 3}, 0)


def _taught(desk: Desk, before: Reading, **answers: Any) -> Reading:
    """Return what a kind of sheet is remembered by after other answers."""
    path = desk.folder / "taught.csv"
    path.write_text(f"{','.join(HEADINGS)}\n{ADA},1/2/2026,Left,Public,\n", encoding="utf-8")
    settings = replace(
        desk.settings(**answers),
        readings=(before,),
        export=before.name,
        origin=Origin(frozenset({"export", "map", *answers})),
    )
    with prepare(path, settings) as prepared:
        found = prepared.to_learn
    assert found is not None
    return found


@pytest.mark.parametrize("ids", [True, False])
def test_a_status_or_a_visibility_that_differs_within_a_sheet_is_the_least(desk: Desk, *, ids: bool) -> None:
    ran = desk.run(row(ADA, "Terms"), row(ADA, "Terms", "Private", LONG), ids=ids)
    assert ran.counts == {"created": 1, "duplicate": 1}
    assert (ran.preview.remaining.lessened, desk.there()) == (1, {(ADA, "2"): 1})
    assert ran.rows[0]["reason"].startswith("row 3 says the same"), "the row says why it was sent as private"


def test_a_record_with_two_texts_in_one_sheet_is_invalid(desk: Desk) -> None:
    rows = row(ADA, "One"), row(f"{BEN};{ADA}", "Two", record=LONG), row(ADA, "Three", record=SECOND)
    ran = desk.run(*rows, ids=True, several_in_cell=SeveralInCell.EACH)
    assert (ran.counts, len(desk.box.notes)) == ({"created": 1, "invalid": 2}, 1)
    ran = desk.run(row(ADA, "One"), row(ADA, "Three, edited", record=SECOND), ids=True)
    assert ran.counts == {"created": 1, "already imported": 1}


def test_a_note_that_was_sent_without_its_record_is_known_by_it_from_then_on(desk: Desk) -> None:
    desk.run(row(ADA, "One"))
    desk.run(row(ADA, "One"), ids=True)
    ran = desk.run(row(ADA, "One, edited"), ids=True)
    assert (ran.counts, len(desk.box.notes)) == ({"already imported": 1}, 1)


def weekly(desk: Desk, *, shift: int = 0, weeks: int = 3) -> list[list[str]]:
    """The rows of a whole export, of which the last is new each week."""
    return [row(ADA, f"Call {number}", day=number + shift) for number in range(1, 9 + weeks)]


def test_dates_that_shift_by_a_day_are_a_question(desk: Desk) -> None:
    for week in range(3):
        desk.run(*weekly(desk, weeks=week), template=TEMPLATE)
    there = len(desk.box.notes)
    with pytest.raises(Guarded, match="a history may be sent again") as caught:
        desk.run(*weekly(desk, shift=1), template=TEMPLATE)
    assert (caught.value.exit_status, len(desk.box.notes)) == (2, there)
    ran = desk.run(*weekly(desk, shift=1), template=TEMPLATE, in_doubt=InDoubt.NEW)
    assert ran.counts == {"created": 11}


def test_an_export_of_each_weeks_notes_is_none(desk: Desk) -> None:
    for week in range(4):
        for _ in range(2):
            ran = desk.run(*(row(ADA, f"Week {week}, call {number}") for number in range(5)))
        assert ran.counts == {"already imported": 5}


def test_the_notification_says_first_what_is_public_still(desk: Desk) -> None:
    desk.run(row(ADA, "Terms"), row(BEN, "Left voicemail"))
    path, results = desk.folder / "night.csv", desk.folder / "night results.csv"
    write_csv(path, HEADINGS, row(ADA, "Terms", "Private"), row(BEN, "Left voicemail", day=2))
    with prepare(path, replace(desk.settings(), results=results)) as prepared:
        report = prepared.send()
    assert (report.more_visible, report.asked, report.exit_status) == (1, 0, 1)
    file_ended = FileEnded(path, FileResult.IMPORTED, 1, report=report)
    said = notification(Batch("default", [file_ended]))
    lines = said.body.splitlines()
    assert "1 note is more visible than your sheet says. Nothing is changed." in lines[1], lines
    assert "1 row" in said.title


@pytest.mark.parametrize("ids", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_question_once_answered_stays_answered_for_twenty_nights(desk: Desk, *, ids: bool) -> None:
    """A whole export grows night by night: a template begins, and notes are hidden. Each is asked about once."""
    rows, asked, made = list[list[str]](), dict[int, tuple[int, list[str]]](), 0
    answers = {6: InDoubt.SAME, 11: InDoubt.LEAVE_HIDDEN, 16: InDoubt.SEND_HIDDEN}
    for night in range(1, 21):
        new = row(ADA, "Left voicemail" if night > 5 else f"Call {night}", record=f"00T5f00000Ab{night:03}", day=night)
        rows.append(new)
        how: dict[str, Any] = {"ids": ids, "template": TEMPLATE if night > 5 else ""}
        ran = desk.run(*rows, **how)
        made += ran.counts["created"]
        if waiting := ran.preview.expected.asked:
            asked[night] = waiting, [question.choices[0].value for question in ran.preview.asked]
            assert (ran.status, ran.counts["not sent"]) == (1, waiting)
            told = " ".join(row["reason"] for row in ran.rows)
            assert "--in-doubt" in told
            assert "--again" not in told, "no message advises it for a single row"
            answer = answers[night]
            how["in_doubt"] = answer
            made += desk.run(*rows, **how).counts.get("created", 0)
        else:
            assert ran.counts == {"created": 1} | (
                {"already imported": night - 1 - (night > 11)} if night > 1 else {}
            ) | ({"skipped": 1} if night > 11 else {})
        if night in (10, 15):
            hide(what_to_hide(Which("last"), desk.settings()), desk.settings())
    hidden = {night: (1, ["send-hidden"]) for night in (11, 16)}
    assert asked == hidden | ({} if ids else {6: (5, ["same"])})
    assert made == len(desk.box.notes) == 21, "each thing said once, and what was hidden and is sent again"
