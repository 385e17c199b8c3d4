"""A note's text is composed from several columns, as a person would write it: nothing is left of blanks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from importer.errors import UnclearColumns
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.markup import ContentKind
from importer.models import Role
from importer.rows.composing import Template
from importer.rows.readers import as_iso
from importer.settings import Settings
from tests.truth import write_csv

HEADINGS = ("Prospect ID", "Activity Date", "Assigned", "Comments", "Visibility")
TEMPLATE = "[{Activity Date}, ][{Assigned}: ]{Comments}"


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
        (TEMPLATE, ("2026-11-01", "Ada"), "2026-11-01, Ada: Text"),
        (TEMPLATE, ("", "Ada"), "Ada: Text"),
        (TEMPLATE, ("2026-11-01", ""), "2026-11-01, Text"),
        (TEMPLATE, ("", ""), "Text"),
        ("{Date}, {Assigned}: {Comments}", ("2026-11-01", "Ada"), "2026-11-01, Ada: Text"),
        ("{Date}, {Assigned}: {Comments}", ("", "Ada"), "Ada: Text"),
        ("{Date}, {Assigned}: {Comments}", ("2026-11-01", ""), "2026-11-01, Text"),
        ("{Date}, {Assigned}: {Comments}", ("", ""), "Text"),
        ("On {Date}\nBy {Assigned} [[sic]]\n\n{Comments}\n{{end}}", ("1", "Ada"), "On 1\nBy Ada [sic]\n\nText\n{end}"),
        ("On {Date}\nBy {Assigned} [[sic]]\n\n{Comments}\n{{end}}", ("1", ""), "On 1\n\nText\n{end}"),
        ("[{Date}]-[({Assigned}) ]{Comments}!", ("", ""), "-Text!"),
        ("[{Date}\n]{Assigned}: {Comments}", ("1", "Ada"), "1\nAda: Text"),
    ],
)
def test_nothing_is_left_of_a_blank_field(template: str, values: Sequence[str], text: str) -> None:
    assert Template(template).composed(values, "Text") == text


@pytest.mark.parametrize(
    "template",
    ["{Date", "{Date}}: {Note}", "[Call] {Note}", "[{Date}{Note}", "[{A}{B}]{Note}", "{}{Note}", "{A} [[{Note}]"],
)
def test_a_template_with_a_bracket_too_many_is_refused_with_advice(tmp_path: Path, template: str) -> None:
    """A typing error isn't sent as text."""
    with loaded(tmp_path, template=template) as sheet:
        assert isinstance(sheet.unclear, UnclearColumns)
        assert "Write a brace or a bracket that belongs to the text twice" in str(sheet.unclear)


def test_the_text_itself_stands_last_and_outside_of_brackets(tmp_path: Path) -> None:
    with loaded(tmp_path, template="{Activity Date}[: {Comments}]") as sheet:
        assert "doesn't end with the column of the text" in str(sheet.unclear)


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
    [
        ("2026-11-01T14:30:00.000Z", "2026-11-01 14:30 UTC"),
        ("2026-11-01T14:30:15+02:00", "2026-11-01 14:30:15 +02:00"),
        ("2026-11-01T00:00:00.000Z", "2026-11-01"),
        ("2026/1/5", "2026-01-05"),
        ("1.11.2026", "2026-11-01"),
        ("01.11.2026, 9:05", "2026-11-01 09:05"),
        ("31.02.2026", "31.02.2026"),
        ("11/1/2026", "11/1/2026"),
        ("13/1/2026", "13/1/2026"),
        ("2026-11", "2026-11"),
        ("1.2.3", "1.2.3"),
    ],
)
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
