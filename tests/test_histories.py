"""A history of notes is imported once, however its texts are composed, and whatever its records say by now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.errors import UnclearColumns
from importer.importing.run import prepare
from importer.journal import Journal
from importer.markup import visible
from importer.messages import render
from importer.models import Remaining, Result, Role
from importer.operations.hide import Which, hide, what_to_hide
from importer.settings import Settings
from importer.settings.kinds import InDoubt
from tests.sandbox import Sandbox
from tests.truth import read_results, write_csv

pytestmark = pytest.mark.usefixtures("jumping")

HEADINGS = ("Prospect ID", "Date", "Assigned", "Comments", "Visibility")
TEMPLATE = "[{Date}, ][{Assigned}: ]{Comments}"
WITH_IDS = (*HEADINGS, "Activity ID")
RECORDS = ("Activity ID", "Note ID", "")
ADA, BEN = "AbCdEfGh1", "AbCdEfGh2"


class History:
    """Imports of sheets, one after the other, with one journal."""

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box, self.folder, self.count = box, folder, 0

    def run(
        self, *rows: Sequence[str], headings: Sequence[str] = HEADINGS, template: str = "", **more: object
    ) -> tuple[Mapping[str, int], list[dict[str, str]], Remaining]:
        """Import rows; return the numbers of results, the rows of the results file, and what the preview said."""
        self.count += 1
        path = self.folder / f"sheet{self.count}.csv"
        write_csv(path, headings, *rows)
        settings = self.settings(template, results=self.folder / f"results{self.count}.csv", **more)
        with prepare(path, settings) as prepared:
            foreseen = prepared.preview.remaining
            report = prepared.send(agreed=prepared.preview.digest)
        results = read_results(report.results)
        return {result.value: count for result, count in report.counts.items()}, results, foreseen

    def settings(self, template: str, **more: Any) -> Settings:
        """Return settings with the journal, the columns of records' IDs and a template, if there is one."""
        mapping = {Role.RECORD: RECORDS, **({Role.CONTENT: (template,)} if template else {})}
        journal = self.folder / "journal.sqlite"
        more = {"mapping": mapping, **more}
        return Settings(base_url=self.box.url, key=self.box.api_key, journal=journal, **more)

    @property
    def there(self) -> Counter[str]:
        return Counter(visible(note.content) for note in self.box.notes)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with Sandbox() as box:
        yield History(box, tmp_path)


def voicemails(*days: int, who: str = "Ada", text: str = "Left voicemail", prospect: str = ADA) -> list[list[str]]:
    return [[prospect, f"2026-11-{day:02}", who, text, "Public"] for day in days]


def with_ids(rows: Sequence[Sequence[str]], start: int = 0) -> list[list[str]]:
    return [[*row, f"00T5g0000{number:03}"] for number, row in enumerate(rows, start)]


def test_what_is_there_as_it_stands_is_a_question_and_later_notes_are_sent(history: History) -> None:
    """One note stood for all three voicemails then, so that all three rows are the same notes; next month's isn't."""
    assert history.run(*voicemails(1, 2, 3))[0] == {"created": 1, "duplicate": 2}
    counts, results, foreseen = history.run(*voicemails(1, 2, 3), *voicemails(5, text="Called"), template=TEMPLATE)
    assert counts == {"created": 1, "not sent": 3}
    assert (foreseen.total, foreseen.in_doubt, foreseen.changed) == (1, 3, 0)
    assert "sent these words in another form" in results[0]["reason"]
    counts, results, _ = history.run(*voicemails(1, 2, 3), template=TEMPLATE, in_doubt=InDoubt.SAME)
    assert counts == {"already imported": 3}
    assert len({row["note_id"] for row in results}) == 1
    counts, _, foreseen = history.run(*voicemails(2, 3, 9), template=TEMPLATE)
    assert counts == {"created": 1, "already imported": 2}
    assert (foreseen.in_doubt, foreseen.changed) == (0, 0)
    assert history.there == {
        "Left voicemail": 1, "2026-11-05, Ada: Called": 1, "2026-11-09, Ada: Left voicemail": 1,
    }  # fmt: skip


def test_what_is_there_composed_is_a_question_where_the_template_is_forgotten(history: History) -> None:
    """The rows of one prospect are one note then. Of another prospect, the same text is new."""
    assert history.run(*voicemails(1, 2), template=TEMPLATE)[0] == {"created": 2}
    rows = [*voicemails(1, 2), *voicemails(1, prospect=BEN)]
    counts, results, foreseen = history.run(*rows)
    assert counts == {"created": 1, "not sent": 2}
    assert (foreseen.total, foreseen.in_doubt) == (1, 1)
    assert "sent these words in another form" in results[0]["reason"]
    assert history.run(*rows, in_doubt=InDoubt.SAME)[0] == {"already imported": 2, "duplicate": 1}
    assert history.run(*rows)[0] == {"already imported": 2, "duplicate": 1}
    assert history.run(*voicemails(1, 2, 3), template=TEMPLATE)[0] == {"created": 1, "already imported": 2}
    assert history.there == {
        **{f"2026-11-0{day}, Ada: Left voicemail": 1 for day in (1, 2, 3)},
        "Left voicemail": 1,
    }  # fmt: skip


def test_a_row_without_a_date_beside_one_with_a_date_is_a_note_of_its_own(history: History) -> None:
    """Even if the run broke off between the two."""
    bare = [ADA, "", "", "Left voicemail", "Public"]
    assert history.run(*voicemails(1), template=TEMPLATE)[0] == {"created": 1}
    assert history.run(*voicemails(1), bare, template=TEMPLATE)[0] == {"created": 1, "already imported": 1}
    assert history.there == {"2026-11-01, Ada: Left voicemail": 1, "Left voicemail": 1}


def test_what_was_first_sent_again_is_known_by_its_record_and_without_its_template(history: History) -> None:
    """In an ordinary run afterwards, however its text is composed by then. Without records, that is a question."""
    rows = with_ids(voicemails(1, 2))
    assert history.run(*rows, headings=WITH_IDS, template=TEMPLATE, again=True)[0] == {"created": 2}
    assert history.run(*rows, headings=WITH_IDS, template="{Date}: {Comments}")[0] == {"already imported": 2}
    plain = voicemails(3, text="Called")
    assert history.run(*plain, again=True)[0] == {"created": 1}
    assert history.run(*plain, template=TEMPLATE)[0] == {"not sent": 1}
    assert history.run(*plain, template=TEMPLATE, in_doubt=InDoubt.SAME)[0] == {"already imported": 1}
    assert history.run(*voicemails(4, text="Called"), template=TEMPLATE)[0] == {"created": 1}


def test_two_contacts_of_one_activity_each_have_its_note(history: History) -> None:
    shared = [[*voicemails(20, prospect=who, text="Met both")[0], "00T5g0000999"] for who in (ADA, BEN)]
    assert history.run(*shared, headings=WITH_IDS)[0] == {"created": 2}
    assert history.run(*shared, headings=WITH_IDS, template=TEMPLATE)[0] == {"already imported": 2}


@pytest.mark.parametrize(
    "ids",
    [
        ("1", "2", "3"),  # a person's own numbers, which begin anew in each sheet
        ("5.01235E+17", "5.01236E+17", "5.01237E+17"),
        ("00T5g\ufffd0000001", "00T5g\ufffd0000002", "00T5g\ufffd0000003"),  # damaged
        ("501235000000000000", "501236000000000000", "501237000000000000"),
    ],
)
def test_ids_that_may_belong_to_other_records_suppress_nothing(history: History, ids: Sequence[str]) -> None:
    def rows(text: str) -> list[list[str]]:
        return [[*row, record] for row, record in zip(voicemails(1, 2, 3, text=text), ids, strict=True)]

    assert history.run(*rows("One"), headings=WITH_IDS, template=TEMPLATE)[0] == {"created": 3}
    assert history.run(*rows("Two"), headings=WITH_IDS, template=TEMPLATE)[0] == {"created": 3}


@pytest.mark.parametrize(("heading", "is_offered"), [("Task ID", True), ("Deal ID", False)])
def test_only_a_column_that_a_person_chose_counts(history: History, heading: str, *, is_offered: bool) -> None:
    """Whoever guesses an ID could keep a later note from being sent. A heading that names records is offered."""
    headings = (*HEADINGS, heading)
    for text in ("One", "Two"):
        rows = with_ids(voicemails(1, text=text))
        assert history.run(*rows, headings=headings, template=TEMPLATE)[0] == {"created": 1}
    with prepare(history.folder / "sheet2.csv", history.settings(TEMPLATE)) as prepared:
        offers = [text for text in map(render, prepared.loaded.rows.remarks) if heading in text]
    assert offers == ["Column F, 'Task ID', may identify each record. If you choose it, a record whose text changes "
                      "after its import isn't sent again: --map record=\"Task ID\""] * is_offered  # fmt: skip
    rows = with_ids(voicemails(2, text="One"), start=7)
    chosen = {Role.RECORD: (heading,), Role.CONTENT: (TEMPLATE,)}
    assert history.run(*rows, headings=headings, mapping=chosen)[0] == {"created": 1}
    rows[0][3] = "Two"
    assert history.run(*rows, headings=headings, mapping=chosen)[0] == {"already imported": 1}


def test_a_record_with_another_visibility_is_sent_only_if_its_note_was_hidden(history: History) -> None:
    """A person hides what was sent with the wrong visibility, and imports it with the right one, and says so."""
    rows, other = with_ids(voicemails(1)), "{Date}: {Comments}"
    history.run(*rows, headings=WITH_IDS, template=TEMPLATE)
    corrected = [[*rows[0][:4], "Private", rows[0][5]]]
    counts, results, foreseen = history.run(*corrected, headings=WITH_IDS, template=other)
    assert (counts, foreseen.changed, foreseen.more_visible) == ({"already imported": 1}, 1, 1)
    assert "Still public. Your sheet says private" in results[0]["reason"]
    settings = history.settings("")
    with Journal.open(settings.journal) as journal:
        name = journal.runs.listed(settings.workspace)[-1].name
    hide(what_to_hide(Which(name), settings), settings)
    for each in rows, corrected:
        assert history.run(*each, headings=WITH_IDS, template=other)[0] == {"not sent": 1}
    counts, _, _ = history.run(*corrected, headings=WITH_IDS, template=other, in_doubt=InDoubt.SEND_HIDDEN)
    assert counts == {"created": 1}
    assert history.run(*corrected, headings=WITH_IDS, template=TEMPLATE)[0] == {"already imported": 1}
    assert [(note.visibility, note.status) for note in history.box.notes] == [("2", "0"), ("2", "1")]


def test_a_record_left_unclear_is_looked_up_and_never_sent_with_another_text(history: History) -> None:
    """Its request was applied, and the answer never came; the run was killed."""
    rows = with_ids(voicemails(1))
    history.run(*rows, headings=WITH_IDS, template=TEMPLATE)
    with Journal.open(history.folder / "journal.sqlite") as journal, journal.transaction():
        journal.execute("UPDATE deliveries SET state = 'unclear', note_id = NULL, at = 0")
        journal.execute("UPDATE requests SET since = NULL")
    counts, _, _ = history.run(*rows, headings=WITH_IDS, template="{Date}: {Comments}")
    assert counts == {Result.CREATED.value: 1}
    assert sum(history.there.values()) == 1


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_results_show_the_composed_text_and_are_corrected_in_the_sheets_own_columns(
    history: History, ending: str
) -> None:
    """What was sent stands beside the row; next time it is composed anew, from the columns that a person corrects."""
    rows = [*voicemails(1), *voicemails(2, text=""), [ADA, "2026-11-03", "=Ben", "Called", "Pubic"]]
    _, results, _ = history.run(*rows, template=TEMPLATE)
    assert [row["composed_text"] for row in results] == ["2026-11-01, Ada: Left voicemail", "", ""]
    assert list(results[0])[-1] == "composed_text"
    path = history.folder / "results1.csv"
    text = (
        path.read_text(encoding="utf-8-sig")
        .replace("Pubic", "Public")
        .replace("2026-11-02,Ada,,", "2026-11-02,Ada,Hi,")
    )
    again = history.folder / "corrected.csv"
    again.write_text(text, encoding="utf-8")
    settings = history.settings(TEMPLATE, results=history.folder / f"corrected.results{ending}")
    with prepare(again, settings) as prepared:
        report = prepared.send()
    assert {result.value: count for result, count in report.counts.items()} == {"already imported": 1, "created": 2}
    assert set(history.there) == {
        "2026-11-01, Ada: Left voicemail", "2026-11-02, Ada: Hi", "2026-11-03, =Ben: Called",
    }  # fmt: skip
    if ending == ".xlsx":
        headings, *cells = openpyxl.load_workbook(report.results)["Results"].iter_rows(values_only=True)
        assert headings.count("composed_text") == 1
        assert [row[-1] for row in cells] == [
            "2026-11-01, Ada: Left voicemail", "2026-11-02, Ada: Hi", "2026-11-03, =Ben: Called",
        ]  # fmt: skip


def test_results_of_composed_notes_are_not_imported_without_their_template_unasked(history: History) -> None:
    """The rest would be sent with another text, and a note without a clear answer could be there twice."""
    history.run(*voicemails(1), *voicemails(2, text=""), template=TEMPLATE)
    results = history.folder / "results1.csv"
    corrected = history.folder / "corrected.csv"
    corrected.write_text(results.read_text(encoding="utf-8-sig").replace("02,Ada,,", "02,Ada,Hi,"), encoding="utf-8")
    with prepare(corrected, history.settings("")) as prepared:
        with pytest.raises(UnclearColumns, match="A template composed the notes of these results"):
            prepared.send()
        [question] = prepared.loaded.questions
    for choice, text in zip(question.choices, ("2026-11-02, Ada: Hi", "Hi"), strict=True):
        with prepare(corrected, history.settings("")) as prepared:
            prepared.decide(choice)
            assert text in [group.note.text for group in prepared.loaded.plan.groups]
    for template in (TEMPLATE, "Comments"):
        with prepare(corrected, history.settings(template)) as prepared:
            assert prepared.loaded.questions == ()


def test_a_refusal_of_an_earlier_run_is_no_result_of_a_later_one(history: History) -> None:
    """The record's note is there with another text since."""
    rows = with_ids(voicemails(1))
    history.box.max_content = len("Left voicemail")
    assert history.run(*rows, headings=WITH_IDS, template=TEMPLATE)[0] == {"rejected": 1}
    assert history.run(*rows, headings=WITH_IDS)[0] == {"created": 1}
    assert history.run(*rows, headings=WITH_IDS, template=TEMPLATE)[0] == {"already imported": 1}
