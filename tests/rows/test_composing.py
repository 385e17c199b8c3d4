"""A note's text is composed from several columns, as a person would write it: nothing is left of blanks."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from importer.errors import UnclearColumns
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.messages import render
from importer.models import ContentKind, Role
from importer.rows.composing import Template
from importer.rows.readers import as_iso, readings
from importer.settings import Settings
from importer.settings.kinds import DateOrder
from tests.truth import write_csv

HEADINGS = ("Prospect ID", "Activity Date", "Assigned", "Comments", "Visibility")
TEMPLATE = "[{Activity Date}, ][{Assigned}: ]{Comments}"
DATED = "[{Activity Date}, ]{Comments}"
LINES = "On {Date}\nBy {Assigned} [[sic]]\n\n{Comments}\n{{end}}"


def loaded(
    tmp_path: Path, *rows: Sequence[str], template: str = TEMPLATE, headings: Sequence[str] = HEADINGS, **more: Any
) -> AbstractContextManager[Loaded]:
    path = tmp_path / "sheet.csv"
    write_csv(path, headings, *(("AbCdEfGh1", *row, "Public") for row in rows))
    return load(path, Settings(mapping={Role.CONTENT: (template,)}, **more))


def texts(opened: AbstractContextManager[Loaded]) -> list[str]:
    with opened as sheet:
        return [note.text for note in sheet.rows.notes]


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        *((template, values, text) for template in (TEMPLATE, "{Date}, {Assigned}: {Comments}") for values, text in (
            (("2026-11-01", "Ada"), "2026-11-01, Ada: Text"), (("", "Ada"), "Ada: Text"),
            (("2026-11-01", ""), "2026-11-01, Text"), (("", ""), "Text"),
        )),
        (LINES, ("1", "Ada"), "On 1\nBy Ada [sic]\n\nText\n{end}"),
        (LINES, ("1", ""), "On 1\n\nText\n{end}"),
        ("[{Date}]-[({Assigned}) ]{Comments}!", ("", ""), "-Text!"),
        ("[{Date}\n]{Assigned}: {Comments}", ("1", "Ada"), "1\nAda: Text"),
    ],
)  # fmt: skip
def test_nothing_is_left_of_a_blank_field(template: str, values: Sequence[str], text: str) -> None:
    assert Template(template).composed(values, "Text") == text


@pytest.mark.parametrize(
    ("template", "said"),
    [
        *((template, "Write a brace or a bracket that belongs to the text twice") for template in (
            "{Date", "{Date}}: {Note}", "[Call] {Note}", "[{Date}{Note}", "[{A}{B}]{Note}", "{}{Note}", "{A} [[{Note}]",
        )),
        ("{Activity Date}[: {Comments}]", "doesn't end with the column of the text"),
    ],
)  # fmt: skip
def test_a_template_with_a_bracket_too_many_or_without_its_text_is_refused(
    tmp_path: Path, template: str, said: str
) -> None:
    with loaded(tmp_path, template=template) as sheet:
        assert isinstance(sheet.unclear, UnclearColumns)
        assert said in str(sheet.unclear)


def test_letters_and_headings_name_columns_and_a_heading_that_is_written_so_comes_first(tmp_path: Path) -> None:
    row = ("2026-11-01", "Ada", "Left voicemail")
    assert texts(loaded(tmp_path, row, template="{B}, {assigned:}: {D}")) == ["2026-11-01, Ada: Left voicemail"]
    headings = ("Prospect ID", "Activity Date", "{Comments}", "Comments", "Visibility")
    assert texts(loaded(tmp_path, row, template="{Comments}", headings=headings)) == ["Ada"]


def test_a_column_that_the_template_names_and_the_sheet_lacks_stops_the_file(tmp_path: Path) -> None:
    """Otherwise a night would send the whole history again as it stands, because a column was renamed."""
    headings = ("Prospect ID", "Activity Date", "Owner", "Comments", "Visibility")
    with loaded(tmp_path, headings=headings) as sheet:
        assert "names 'Assigned', which isn't exactly one column of this sheet" in str(sheet.unclear)
    for names in ([TEMPLATE, "Comments"], [TEMPLATE, "{Owner}: {Comments}"]):
        path = tmp_path / "sheet.csv"
        with load(path, Settings(mapping={Role.CONTENT: tuple(names)})) as sheet:
            assert sheet.unclear is None


def test_a_blank_text_is_a_problem_and_so_is_a_cell_that_no_reader_should_see(tmp_path: Path) -> None:
    rows = [("2026-11-01", "Ada", ""), ("#N/A", "Ada", "Called"), ("2026-11-01", "\u200b", "Called")]
    with loaded(tmp_path, *rows) as sheet:
        assert [problem.cell for problems in sheet.rows.problems.values() for problem in problems] == ["D2", "B3"]
        assert [note.text for note in sheet.rows.notes] == ["2026-11-01, Called"]


def test_in_html_the_rest_is_escaped_and_stands_in_paragraphs_of_its_own(tmp_path: Path) -> None:
    rows = [("1.11.2026", "A & <b>", "<p>Called</p>"), ("1.11.2026", "A & <b>", "x < y"), ("", "", "<i>Called</i>")]
    with loaded(tmp_path, *rows) as sheet:
        assert [note.content for note in sheet.rows.notes] == [
            "<p>2026-11-01, A &amp; &lt;b&gt;:</p><p>Called</p>",
            "<p>2026-11-01, A &amp; &lt;b&gt;: x &lt; y</p>",
            "<i>Called</i>",
        ]
        assert sheet.rows.notes[1].text == "2026-11-01, A & <b>: x < y"
    with loaded(tmp_path, ("", "Ada", "Called"), content=ContentKind.HTML) as sheet:
        assert [note.content for note in sheet.rows.notes] == ["<p>Ada:</p>Called"]


@pytest.mark.parametrize(
    ("text", "iso"),
    [("2026-11-01T14:30:00.000Z", "2026-11-01 14:30 UTC"), ("2026-11-01T14:30:15+02:00", "2026-11-01 14:30:15 +02:00"),
     ("2026-11-01T00:00:00.000Z", "2026-11-01"), ("2026/1/5", "2026-01-05"), ("1.11.2026", "2026-11-01"),
     ("01.11.26", "2026-11-01"), ("1-Nov-26", "2026-11-01"), ("13. December 2026 9:05", "2026-12-13 09:05"),
     ("1.2.10", "1.2.10"), ("5 Mayfair 22", "5 Mayfair 22"), ("3 Sep 99", "3 Sep 99"),
     ("01.11.2026, 9:05", "2026-11-01 09:05"), ("31.02.2026", "31.02.2026"), ("11/1/2026", "11/1/2026"),
     ("13/1/2026", "13/1/2026"), ("2026-11", "2026-11"), ("1.2.3", "1.2.3")],
)  # fmt: skip
def test_a_date_with_one_meaning_everywhere_is_an_iso_date_and_others_stay(text: str, iso: str) -> None:
    """A date that is read by its neighbours would differ from one export to the next, and so would the note."""
    assert as_iso(text) == iso


def test_three_voicemails_on_three_dates_are_three_notes(tmp_path: Path) -> None:
    rows = [(f"2026-11-0{day}", "Ada", "Left voicemail") for day in (1, 2, 3)]
    with loaded(tmp_path, *rows) as sheet:
        assert sheet.plan.deliveries == 3
        assert sheet.template == TEMPLATE
    with loaded(tmp_path, *rows, template="Comments") as sheet:
        assert sheet.plan.deliveries == 1


DAY, MONTH, TEXT = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.AS_TEXT


def dated(
    folder: Path, *dates: str, order: DateOrder | None = None, template: str = DATED
) -> AbstractContextManager[Loaded]:
    rows = [(date, "Ada", "Hi") for date in dates]
    return loaded(folder, *rows, template=template, dates=order)


def dates_of(sheet: Loaded) -> list[str]:
    return [note.text.removesuffix(", Hi") for note in sheet.rows.notes]


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [("11/1/2026", "2026-01-11", "2026-11-01"), ("01-11-2026", "2026-11-01", "2026-01-11"),
     ("01/11/26", "2026-11-01", "2026-01-11"), ("11/1/2026 3:05 PM", "2026-01-11 15:05", "2026-11-01 15:05"),
     ("11/1/2026, 12:05:09\u202fa.m.", "2026-01-11 00:05:09", "2026-11-01 00:05:09"),
     ("11/1/2026 12:00 AM", "2026-01-11", "2026-11-01"),
     ("11/1/2026 15:05Z", "2026-01-11 15:05 UTC", "2026-11-01 15:05 UTC"), ("13/1/2026", "2026-01-13", None),
     ("2/29/2028", None, "2028-02-29"), ("2/29/2026", None, None), ("31/31/2026", None, None),
     ("11/1/68", "2068-01-11", "2068-11-01"), ("11/1/69", None, None), ("1/1/0001", None, None),
     ("11/1-2026", None, None), ("11/1/2026 13:05 PM", None, None), ("11/1/2026 24:00", None, None),
     ("call of 11/1/2026", None, None), ("11/1", None, None)],
)  # fmt: skip
def test_a_date_has_the_readings_that_the_calendar_allows(
    text: str, day_first: str | None, month_first: str | None
) -> None:
    assert readings(text).get(DAY) == day_first
    assert readings(text).get(MONTH) == month_first


@pytest.mark.parametrize(
    ("order", "notes"),
    [
        (DAY, ["2026-01-11", "2026-11-02 15:05", "2026-05-05", "31/31/2026"]),
        (MONTH, ["2026-11-01", "2026-02-11 15:05", "2026-05-05", "31/31/2026"]),
        (TEXT, ["11/1/2026", "2/11/2026 3:05 PM", "5/5/2026", "31/31/2026"]),
    ],
)
def test_an_answer_decides_the_order_and_impossible_dates_stay(
    tmp_path: Path, order: DateOrder, notes: list[str]
) -> None:
    with dated(tmp_path, "11/1/2026", "2/11/2026 3:05 PM", "5/5/2026", "31/31/2026", order=order) as sheet:
        assert dates_of(sheet) == notes
        assert sheet.undecided is None
        assert not sheet.rows.problems


@pytest.mark.parametrize("dates", [("11/1/2026",), ("26/11/01", "26/11/15"), ("13/1/2026", "1/13/2026", "1/2/2026")])
def test_an_order_that_no_date_proves_is_asked_and_nothing_is_sent_before(tmp_path: Path, dates: Sequence[str]) -> None:
    with dated(tmp_path, *dates) as sheet:
        assert sheet.undecided is not None
        assert sheet.settings.dates is None
        [question] = sheet.questions
        assert not question.is_optional
        assert {choice.setting for choice in question.choices} == {"dates"}
        assert "as-text" in str(sheet.undecided)


@pytest.mark.parametrize(("dates", "order"), [(("11/1/2026", "13/1/2026"), DAY), (("1/5/26", "1/13/2026"), MONTH)])
def test_a_date_that_has_one_meaning_proves_the_order(tmp_path: Path, dates: Sequence[str], order: DateOrder) -> None:
    with dated(tmp_path, *dates) as sheet:
        assert sheet.undecided is None
        assert sheet.settings.dates is order  # so that it can be remembered
        assert dates_of(sheet) == [readings(date)[order] for date in dates]


def test_a_proof_against_the_answer_is_asked_about(tmp_path: Path) -> None:
    """The same export under another locale: it isn't read as before, and not in another way either."""
    with dated(tmp_path, "11/1/2026", "13/1/2026", order=MONTH) as sheet:
        [question] = sheet.questions
        assert sheet.undecided is not None
        assert "contradicts the answer for this sheet: month first" in render(question.asks)
        assert [choice.value for choice in question.choices] == ["day-first", "as-text"]
        assert render(question.choices[0].means) == "day first: 13/1/2026 is 13 January 2026"


def test_a_single_date_in_the_other_order_is_a_problem_of_its_row(tmp_path: Path) -> None:
    with dated(tmp_path, "1/13/2026", "11/1/2026", "13/1/2026", order=MONTH) as sheet:
        assert sheet.undecided is None
        assert dates_of(sheet) == ["2026-01-13", "2026-11-01"]
        [[problem]] = sheet.rows.problems.values()
        assert (problem.cell, problem.value) == ("B4", "13/1/2026")


def test_without_such_dates_nothing_is_asked(tmp_path: Path) -> None:
    with dated(tmp_path, "2026-11-01", "1.11.2026", "5/5/2026", "Ada", "") as sheet:
        assert not sheet.questions
        assert sheet.settings.dates is None
        assert dates_of(sheet) == ["2026-11-01", "2026-05-05", "Ada", "Hi"]
