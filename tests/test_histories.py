"""A history of notes is imported once, however its texts are composed, and whatever its records say by now."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.errors import UnclearColumns
from importer.importing.run import prepare
from importer.markup import visible
from importer.messages import render
from importer.models import Role
from importer.settings import Settings
from importer.settings.kinds import InDoubt
from tests.importing.test_identity import ADA, BEN, Desk
from tests.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("jumping")

HEADINGS = ("Prospect ID", "Date", "Assigned", "Comments", "Visibility")
TEMPLATE = "[{Date}, ][{Assigned}: ]{Comments}"
WITH_IDS = (*HEADINGS, "Activity ID")
RECORDS = ("Activity ID", "Note ID", "")


class History(Desk):
    headings = HEADINGS

    def settings(self, *, template: str = "", **more: Any) -> Settings:
        mapping = {Role.RECORD: RECORDS, **({Role.CONTENT: (template,)} if template else {})}
        return replace(super().settings(ids=None), **{"mapping": mapping, **more})

    @property
    def texts(self) -> Counter[str]:
        return Counter(visible(note.content) for note in self.box.notes)


@pytest.fixture
def history(box: Sandbox, tmp_path: Path) -> History:
    return History(box, tmp_path)


def voicemails(*days: int, who: str = "Ada", text: str = "Left voicemail", prospect: str = ADA) -> list[list[str]]:
    return [[prospect, f"2026-11-{day:02}", who, text, "Public"] for day in days]


def with_ids(rows: Sequence[Sequence[str]], start: int = 0) -> list[list[str]]:
    return [[*row, f"00T5g0000{number:03}"] for number, row in enumerate(rows, start)]


def test_what_is_there_as_it_stands_is_a_question_and_later_notes_are_sent(history: History) -> None:
    assert history.run(*voicemails(1, 2, 3)).counts == {"created": 1, "duplicate": 2}
    ran = history.run(*voicemails(1, 2, 3), *voicemails(5, text="Called"), template=TEMPLATE)
    assert ran.counts == {"created": 1, "not sent": 3}
    assert (ran.preview.remaining.total, ran.preview.expected.asked, ran.preview.updates["differ"]) == (1, 3, 0)
    assert "sent these words in another form" in ran.rows[0]["reason"]
    ran = history.run(*voicemails(1, 2, 3), template=TEMPLATE, in_doubt=InDoubt.SAME)
    assert ran.counts == {"already imported": 3}
    assert len({row["note_id"] for row in ran.rows}) == 1
    ran = history.run(*voicemails(2, 3, 9), template=TEMPLATE)
    assert ran.counts == {"created": 1, "already imported": 2}
    assert (ran.preview.expected.asked, ran.preview.updates["differ"]) == (0, 0)
    assert history.texts == {
        "Left voicemail": 1, "2026-11-05, Ada: Called": 1, "2026-11-09, Ada: Left voicemail": 1,
    }  # fmt: skip


def test_what_is_there_composed_is_a_question_where_the_template_is_forgotten(history: History) -> None:
    assert history.run(*voicemails(1, 2), template=TEMPLATE).counts == {"created": 2}
    rows = [*voicemails(1, 2), *voicemails(1, prospect=BEN)]
    ran = history.run(*rows)
    assert ran.counts == {"created": 1, "not sent": 2}
    assert (ran.preview.remaining.total, ran.preview.expected.asked) == (1, 2)
    assert "sent these words in another form" in ran.rows[0]["reason"]
    assert history.run(*rows, in_doubt=InDoubt.SAME).counts == {"already imported": 2, "duplicate": 1}
    assert history.run(*rows).counts == {"already imported": 2, "duplicate": 1}
    assert history.run(*voicemails(1, 2, 3), template=TEMPLATE).counts == {"created": 1, "already imported": 2}
    assert history.texts == {
        **{f"2026-11-0{day}, Ada: Left voicemail": 1 for day in (1, 2, 3)},
        "Left voicemail": 1,
    }  # fmt: skip


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

    counts = {"created" if ids[0] == "1" else "invalid": 3}
    assert history.run(*rows("One"), headings=WITH_IDS, template=TEMPLATE).counts == counts
    assert history.run(*rows("Two"), headings=WITH_IDS, template=TEMPLATE).counts == counts


@pytest.mark.parametrize(("heading", "is_offered"), [("Task ID", True), ("Deal ID", False)])
def test_only_a_column_that_a_person_chose_counts(history: History, heading: str, *, is_offered: bool) -> None:
    """Whoever guesses an ID could keep a later note from being sent. A heading that names records is offered."""
    headings = (*HEADINGS, heading)
    for text in ("One", "Two"):
        rows = with_ids(voicemails(1, text=text))
        assert history.run(*rows, headings=headings, template=TEMPLATE).counts == {"created": 1}
    with prepare(history.folder / "2.csv", history.settings(template=TEMPLATE)) as prepared:
        offers = [text for text in map(render, prepared.loaded.rows.remarks) if heading in text]
    offer = (
        "Column F, 'Task ID', may identify each record. If you choose it, a record whose text changes after an "
        'import with this column isn\'t sent again: --map record="Task ID"'
    )
    assert offers == [offer] * is_offered
    rows = with_ids(voicemails(2, text="One"), start=7)
    chosen = {Role.RECORD: (heading,), Role.CONTENT: (TEMPLATE,)}
    assert history.run(*rows, headings=headings, mapping=chosen).counts == {"created": 1}
    rows[0][3] = "Two"
    assert history.run(*rows, headings=headings, mapping=chosen).counts == {"already imported": 1}


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_results_show_the_composed_text_and_are_corrected_in_the_sheets_own_columns(
    history: History, ending: str
) -> None:
    rows = [*voicemails(1), *voicemails(2, text=""), [ADA, "2026-11-03", "=Ben", "Called", "Pubic"]]
    ran = history.run(*rows, template=TEMPLATE)
    assert [row["composed_text"] for row in ran.rows] == ["2026-11-01, Ada: Left voicemail", "", ""]
    assert list(ran.rows[0])[-1] == "composed_text"
    text = (history.folder / "results 1.csv").read_text(encoding="utf-8-sig")
    again = history.folder / "corrected.csv"
    again.write_text(text.replace("Pubic", "Public").replace("02,Ada,,", "02,Ada,Hi,"), encoding="utf-8")
    with prepare(again, history.settings(template=TEMPLATE, results=history.folder / f"c.results{ending}")) as prepared:
        report = prepared.send()
    assert {result.value: count for result, count in report.counts.items()} == {"already imported": 1, "created": 2}
    composed = ["2026-11-01, Ada: Left voicemail", "2026-11-02, Ada: Hi", "2026-11-03, =Ben: Called"]
    assert set(history.texts) == {*composed}
    if ending == ".xlsx":
        headings, *cells = openpyxl.load_workbook(report.results)["Results"].iter_rows(values_only=True)
        assert headings.count("composed_text") == 1
        assert [row[-1] for row in cells] == composed


def test_results_of_composed_notes_are_not_imported_without_their_template_unasked(history: History) -> None:
    """The rest would be sent with another text, and a note without a clear answer could be there twice."""
    history.run(*voicemails(1), *voicemails(2, text=""), template=TEMPLATE)
    results = history.folder / "results 1.csv"
    corrected = history.folder / "corrected.csv"
    corrected.write_text(results.read_text(encoding="utf-8-sig").replace("02,Ada,,", "02,Ada,Hi,"), encoding="utf-8")
    with prepare(corrected, history.settings()) as prepared:
        with pytest.raises(UnclearColumns, match="A template composed the notes of these results"):
            prepared.send()
        [question] = prepared.loaded.questions
    for choice, text in zip(question.choices, ("2026-11-02, Ada: Hi", "Hi"), strict=True):
        with prepare(corrected, history.settings()) as prepared:
            prepared.decide(choice)
            assert text in [group.note.text for group in prepared.loaded.plan.groups]
    for template in (TEMPLATE, "Comments"):
        with prepare(corrected, history.settings(template=template)) as prepared:
            assert prepared.loaded.questions == ()
