"""Every row is read before the first request: into a note, or into problems that name the cell and the way out."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from importer.fields import FIELDS, WORDED
from importer.importing.loading import load
from importer.markup import ContentKind
from importer.messages import render
from importer.models import Note, Role, Rows, Status, Visibility
from importer.reading.spool import BLOCK_ROWS
from importer.resultsfile import CUT_MARK, OUR_COLUMNS
from importer.settings import Settings
from tests.rendered import told
from tests.truth import write_csv

HEADINGS = ("Prospect ID", "Note", "Visibility", "Status", "Attachment IDs")
STRICT = Settings()


def read(
    *lines: Sequence[str],
    headings: Sequence[str] = HEADINGS,
    settings: Settings = STRICT,
    key: str | None = None,
    name: str | None = None,
) -> Rows:
    """Validate lines as they come out of a real file: a CSV, or a workbook whose sheet is called ``name``."""
    with tempfile.TemporaryDirectory() as folder:
        table = [tuple(headings), *(tuple(line) + ("",) * (len(headings) - len(line)) for line in lines)]
        path = Path(folder) / ("notes.csv" if name is None else "notes.xlsx")
        if name is None:
            write_csv(path, *table)
        else:
            book = Workbook()
            sheet = book.worksheets[0]
            sheet.title = name
            for line in table:
                sheet.append(line)
            book.save(path)
        named = {} if key is None else {Role.KEY: (key,)}
        loaded = load(
            path, replace(settings, mapping={**settings.mapping, **named}, encoding="utf-8" if name is None else None)
        )
        loaded.sheet.close()
        return loaded.rows


def only_note(*line: str, settings: Settings = STRICT) -> Note:
    rows = read(line, settings=settings)
    assert rows.problems == {}
    note = rows.notes[rows.note[0]]
    assert isinstance(note, Note)
    return note


def only_problem(*line: str, settings: Settings = STRICT) -> str:
    rows = read(line, settings=settings)
    assert rows.notes == []
    assert rows.note.tolist() == [-1]
    [[problem]] = rows.problems.values()
    return told(problem)


# -- columns that nobody recognised


def overlooked(*values: str, default: Visibility | None = None, **settings: Any) -> list[str]:
    """What is said of a column X with these values, beside the usual ones; without a visibility where one is given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notes.csv"
        rows = [("Prospect ID", "Note", "X", *(() if default else ("Visibility",)))]
        rows += [(f"P{i}", "n", value, *(() if default else ("1",))) for i, value in enumerate(values)]
        write_csv(path, *rows)
        loaded = load(path, Settings(default_visibility=default, **settings))
        loaded.sheet.close()
        return [render(question.text) for question in loaded.rows.questions]


@pytest.mark.parametrize(
    "values",
    [("Draft", "Published"), ("draft ", "", " PUBLISHED"), ("Entwurf", "Veröffentlicht"), ("Rascunho",), ("Live",),
     ("Draft", "1"), ("Draft", "Private", "Published"), ("\u00a0Draft\u200b",), *[("Draft",) * 9_000]],
)  # fmt: skip
def test_a_column_of_nothing_but_statuses_is_overlooked(values: tuple[str, ...]) -> None:
    """In any language and spelling that counts in a status column; beside them visibilities and numbers."""
    [sentence] = overlooked(*values)
    assert "Column C, 'X', is not used" in sentence
    assert "\n--map status=X  " in sentence
    assert "--ignore X" in sentence


@pytest.mark.parametrize(
    "values",
    [("Draft", "Published", "Pubished"), ("Published", "Published", "In review"), ("Draft", "Pubished"),
     ("Entwurf", "", "Veröffentlicht", "Entwrf", "Veröfentlicht", "Veröffentlich", "Verffentlicht", "In Prüfung"),
     (*["Draft"] * 9_000, "Other"), ("Draft", "Published", *["Pending"] * 9), (*["Published"] * 150, "?", "n/a")],
)  # fmt: skip
def test_a_column_of_mostly_statuses_is_overlooked_whatever_its_heading(values: tuple[str, ...]) -> None:
    """One typing error must not publish all drafts, without a question."""
    [sentence] = overlooked(*values)
    assert "although it looks like" in sentence
    assert "\n--map status=X  " in sentence


def test_a_column_of_mostly_visibilities_is_overlooked_where_one_visibility_was_given_for_all() -> None:
    """Where all notes are to be private anyway, nothing that it says can be lost."""
    values = ("Private", "Public", "Privte")
    [sentence] = overlooked(*values, default=Visibility.PUBLIC)
    assert "\n--map visibility=X  " in sentence
    assert overlooked(*values, default=Visibility.PRIVATE) == []
    assert overlooked("Team", "Pro", default=Visibility.PUBLIC) == []  # plans


@pytest.mark.parametrize(
    "values",
    [("0", "1", "2"), ("TRUE", "FALSE"), ("Yes", "No"), ("", " "), ("Open", "Closed"), ("Active", "Inactive"),
     ("Draft 2",), ("Everyone", "Shared"), ("Everyone", "1"), ("Draft" * 1000,), ("Draft", "Sent", "Signed", "Paid"),
     ("Live", "Live", "Lost"), ("Final", "Preliminary"), ("Public", "Private", "Other"),
     ("Draft", "Draft", "Draft", "Ada", "Ben", "Cleo", "Dan")],
)  # fmt: skip
def test_a_column_in_which_anything_else_stands_is_the_persons_own(values: tuple[str, ...]) -> None:
    """Bare numbers are everywhere; and where the visibility has its column, a second one may say the same."""
    assert overlooked(*values) == []


@pytest.mark.parametrize(
    "values", [("private", "private"), ("confidential", ""), ("Private note", "Public note"), ("Public", "Private")]
)
def test_a_column_of_nothing_but_visibilities_is_asked_about_if_it_may_restrict_public_notes(
    values: tuple[str, ...],
) -> None:
    """Whatever its heading is. With the answer, the least visible of both columns counts."""
    [sentence] = overlooked(*values)
    assert '--map "visibility=Visibility, X"' in sentence


def test_a_column_of_visibilities_is_overlooked_where_one_visibility_was_given_for_all() -> None:
    """What all rows are to have may not be what the column says."""
    [sentence] = overlooked("Only me", "Everyone", default=Visibility.PUBLIC)
    assert "\n--map visibility=X  " in sentence
    [sentence] = overlooked("Private", "Draft", default=Visibility.PUBLIC)
    assert "--map status=X" in sentence
    assert "--map visibility=X" in sentence


def test_a_role_that_has_a_column_or_was_said_to_have_none_is_looked_for_no_more() -> None:
    """Nor is a column looked at that was set aside."""
    assert overlooked("Draft", "Published", mapping={Role.STATUS: "X"}) == []
    assert overlooked("Draft", "Published", mapping={Role.STATUS: ""}) == []
    assert overlooked("Draft", "Published", ignored=["x"]) == []
    assert overlooked("Draft", "Published", ignored=["C"]) == []
    assert overlooked("Draft", "Published", ignored=["Y"]) != []


# -- visibility and status


@pytest.mark.parametrize("meant", Visibility)
def test_visibility_in_everyday_words(meant: Visibility) -> None:
    """Each word of the table, whatever its case and the spaces around it, and in wide signs."""
    words = FIELDS[Role.VISIBILITY].words[meant]
    spelt = [spelling for word in words for spelling in (word, word.upper(), f" {word.lower()} ", f"\u00a0{word}")]
    rows = read(*((f"P{i}", "x", word) for i, word in enumerate(spelt)))
    assert rows.problems == {}
    assert {rows.notes[number].visibility for number in rows.note} == {meant}
    assert only_note("P", "x", chr(ord(meant.value) - ord("0") + ord("０"))).visibility is meant


@pytest.mark.parametrize("meant", Status)
def test_status_in_everyday_words(meant: Status) -> None:
    """Each word of the table stands for its value."""
    rows = read(*((f"P{i}", "x", "1", word.title()) for i, word in enumerate(FIELDS[Role.STATUS].words[meant])))
    assert rows.problems == {}
    assert {rows.notes[number].status for number in rows.note} == {meant}


def test_no_word_stands_for_two_values() -> None:
    """A word of both lists would be a guess."""
    for words in (field.words for field in WORDED.values()):
        every = [word.casefold() for found in words.values() for word in found]
        assert len(every) == len(set(every))


def test_a_blank_status_is_published() -> None:
    """The API's own default."""
    assert only_note("P", "x", "1", " ").status is Status.PUBLISHED
    assert read(("P", "x", "1"), headings=HEADINGS[:3]).notes[0].status is Status.PUBLISHED


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0", "\u200b"])
def test_a_blank_visibility_is_a_problem_and_never_public(blank: str) -> None:
    """Whatever kind of blank."""
    problem = only_problem("P", "x", blank, "1")
    assert problem.startswith("C2: the visibility is blank")
    assert "--default-visibility private" in problem


@pytest.mark.parametrize("default", Visibility)
def test_a_default_visibility_fills_blanks_only(default: Visibility) -> None:
    """It doesn't change what was said, nor excuse a slip."""
    settings = Settings(default_visibility=default)
    assert only_note("P", "x", "", settings=settings).visibility is default
    assert only_note("P", "x", "Private", settings=settings).visibility is Visibility.PRIVATE
    assert "Did you mean Public?" in only_problem("P", "x", "Pubic", settings=settings)
    assert read(("P", "x"), headings=HEADINGS[:2], settings=settings).notes[0].visibility is default


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("Pubic", "Public"),
        ("pivate", "Private"),
        ("Publc", "Public"),
        ("only  mee", "Only me"),
        ("Öffentlch", "Öffentlich"),
    ],
)
def test_a_near_miss_is_suggested_and_never_taken(slip: str, meant: str) -> None:
    """What stands there, what is allowed, and what was probably meant."""
    problem = only_problem("P", "x", slip)
    assert problem == (
        f"C2: {slip!r} is not a valid visibility. Did you mean {meant}? Use Public (or 1) or Private (or 2)"
    )


# -- content


@pytest.mark.parametrize(
    "empty", ["", "   ", "\n\t", "\u00a0", "\u200b\ufeff", "<p></p>", "<p>&nbsp;</p>", "<p><br></p>"]
)
def test_an_empty_note_is_a_problem(empty: str) -> None:
    """Also one of spaces and of signs that nobody sees."""
    assert only_problem("P", empty, "1").startswith("B2: the note is empty")


@pytest.mark.parametrize("text", ["<follow up>", "<3>", '<p><img src="https://example.com/a.png"></p>'])
def test_what_only_looks_like_markup_or_shows_a_picture_is_not_empty(text: str) -> None:
    assert read(("P", text, "1")).problems == {}


def test_outer_space_and_line_ends_make_no_other_note() -> None:
    """Rows that differ in these only hold one note."""
    rows = read(("A", "one\ntwo", "1"), ("B", "  one\r\ntwo\n", "Public"), ("C", "one\rtwo", "everyone", "Published"))
    assert rows.note.tolist() == [0, 0, 0]
    assert rows.notes[0].text == "one\ntwo"


def test_inner_space_and_the_unicode_form_make_another_note() -> None:
    """What differs inside is sent as it stands."""
    texts = ["caf\u00e9 bar", "cafe\u0301 bar", "caf\u00e9  bar", "caf\u00e9\u00a0bar"]
    rows = read(*((f"P{i}", text, "1") for i, text in enumerate(texts)))
    assert [note.text for note in rows.notes] == texts


def test_visibility_status_and_attachments_make_another_note() -> None:
    """The same text for others, as a draft, or with a file is not the same note."""
    rows = read(
        ("A", "x", "1"), ("B", "x", "2"), ("C", "x", "1", "Draft"), ("D", "x", "1", "", "f1"),
        ("E", "x", "1", "", "f2"), ("F", "x", "1"),
    )  # fmt: skip
    assert rows.note.tolist() == [0, 1, 2, 3, 4, 0]


@pytest.mark.parametrize("sign", ["\x01", "\x08", "\x1b", "\x7f"])
def test_a_control_character_is_taken_out_of_a_note_and_that_is_said(sign: str) -> None:
    """It can't be sent and nobody sees it; tabs and line breaks stay."""
    rows = read(("P", f"a{sign}b\tc\nd", "1"), ("Q", f"a{sign}b\tc\nd", "1"), ("R", "plain", "1"))
    assert [note.text for note in rows.notes] == ["ab\tc\nd", "plain"]
    assert [*map(render, rows.remarks)] == [
        "1 text contained invisible control characters, which can't be sent and were removed."
    ]


@pytest.mark.parametrize("sign", ["\x0b", "\x0c"])
def test_what_word_processors_break_lines_with_is_a_line_break(sign: str) -> None:
    """Taken out, it would run two words into one."""
    assert only_note("P", f"one{sign}two", "1").text == "one\ntwo"


def test_a_note_cut_by_an_earlier_results_workbook_is_a_problem() -> None:
    """Only its beginning stands there; sending that would lose the rest."""
    assert "only the beginning" in only_problem("P", "Begin" + CUT_MARK.format("40,000"), "1")


def test_what_is_sent_depends_on_how_the_content_is_meant() -> None:
    """Plain text with signs of HTML is escaped, HTML goes as it is, and a flag overrules the look of it."""
    plain, html = "R&D <now>\nnext", "<p>Hi</p>"
    assert only_note("P", plain, "1").content == "<p>R&amp;D &lt;now&gt;<br>next</p>"
    assert only_note("P", html, "1").content == html
    assert only_note("P", "plain", "1").content == "plain"
    as_text, as_html = Settings(content=ContentKind.TEXT), Settings(content=ContentKind.HTML)
    assert only_note("P", html, "1", settings=as_text).content == "<p>&lt;p&gt;Hi&lt;/p&gt;</p>"
    assert only_note("P", plain, "1", settings=as_html).content == plain


# -- ids


@pytest.mark.parametrize("prospect", ["8PvBmrB7P7", "00123", "1E5", "a-b_c.d", "12345678901234567890", "é", "x" * 200])
def test_an_id_arrives_as_it_stands(prospect: str) -> None:
    """Ids are opaque; no digit and no zero is lost."""
    rows = read((f" {prospect}\u00a0", "x", "1"))
    assert rows.problems == {}
    assert rows.prospect.tolist() == [prospect]


@pytest.mark.parametrize(
    ("prospect", "words"),
    [
        ("", "is blank"),
        ("\u200b", "is blank"),
        ("a b", "contains a space"),
        ("a\nb", "contains a space or a line break"),
        ("1.23457E+15", "for a number and lost digits"),
        ("1,23457E+15", "for a number and lost digits"),
        ("12345678901234600000", "for a number and lost digits"),
        ("x" * 201, "is not a valid prospect ID"),
        ("a\x02b", "is not a valid prospect ID"),
        ("https://app.example.com/prospects/8PvBmrB7P7", "is not a valid prospect ID"),
        ("-", "is not a valid prospect ID"),
        ("TRUE", "is not a valid prospect ID"),
        ("FALSE", "is not a valid prospect ID"),
        ("true", "is not a valid prospect ID"),
    ],
)
def test_what_surely_is_no_id_is_a_problem(prospect: str, words: str) -> None:
    """Nothing is sent for it, and the cell is named."""
    problem = only_problem(prospect, "x", "1")
    assert problem.startswith("A2: ")
    assert words in problem
    assert len(problem) < 400


def test_an_email_among_ids_is_a_problem() -> None:
    """A column of emails names the prospects by them, whatever its heading."""
    rows = read(("8PvBmrB7P7", "x", "1"), ("jo@example.com", "y", "1"))
    [[problem]] = rows.problems.values()
    assert "is an email address, not a prospect ID" in told(problem)
    assert read(("jo@example.com", "x", "1")).prospect.tolist() == ["jo@example.com"]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "#NV", "#BEZUG!", "#¡DIV/0!", " #N/A "])
def test_what_a_failed_formula_shows_is_a_problem_in_every_kind_of_file(error: str) -> None:
    """A CSV, or an earlier results file, holds it as plain text; in a longer note it may be meant."""
    assert f"the error {error.strip()}." in only_problem(error, "x", "1")
    assert f"the error {error.strip()}." in only_problem("P1", error, "1")
    assert not read(("P1", f"The sheet shows {error}", "1")).problems


def test_what_nobody_sees_in_ids_and_words_is_removed() -> None:
    """No-break and zero-width spaces come along with copied ids. A note keeps its own."""
    rows = read(
        *((prospect, "a\u00a0b", "\u200bpublic\u00a0") for prospect in ("\u00a0P1", "P1\u00a0", "P\u200b1", "\ufeffP1"))
    )
    assert {*rows.prospect.tolist()} == {"P1"}
    assert [(note.content, note.visibility) for note in rows.notes] == [("a\u00a0b", Visibility.PUBLIC)]


def test_attachment_ids_are_separated_by_commas_or_semicolons() -> None:
    """In the sheet's order, each once."""
    assert only_note("P", "x", "1", "1", " a, b;c;;a\nd ").attachments == ("a", "b", "c", "d")
    assert only_note("P", "x", "1", "1", " ; ").attachments == ()
    assert only_problem("P", "x", "1", "1", "a, my file").startswith("E2: the attachment ID 'my file' contains")


@pytest.mark.parametrize("name", ["call.pdf", "tool.exe", "my call.md", "2026/call", "C:\\call.7z", "a.b.Pages"])
def test_the_name_of_a_file_passes_for_no_attachment_id(name: str) -> None:
    """Of whatever kind the file is."""
    told = only_problem("P", "x", "1", "1", f"At3kLm90Qx, {name}")
    assert told.startswith(f"E2: '{name}' is a file name, not an attachment ID")


@pytest.mark.parametrize("id_", ["a1b2-c3", "550e8400-e29b-41d4-a716-446655440000", "file_9", "x.y_z", "a.longer1"])
def test_what_an_attachment_id_may_look_like_is_taken(id_: str) -> None:
    assert only_note("P", "x", "1", "1", id_).attachments == (id_,)


# -- problems


def test_every_problem_of_a_row_is_named() -> None:
    """One look at the row corrects it."""
    rows = read(("", "", "x", "y", "a b"))
    assert [problem.cell for problem in rows.problems[0]] == ["A2", "B2", "C2", "D2", "E2"]


def test_a_problem_names_the_sheet_the_cell_and_its_value() -> None:
    """``'My notes'!C3`` is what a spreadsheet program calls it."""
    rows = read(("P", "x", "Public"), ("P", "x", "x" * 100), name="My notes")
    [problem] = rows.problems[1]
    assert problem.cell == "'My notes'!C3"
    assert (problem.row, problem.column) == (3, 2)
    assert problem.value == "x" * 60 + "…"
    assert "x" * 61 not in render(problem.text)


# -- occurrence keys


def test_a_key_column_tells_rows_apart() -> None:
    """Its cells are the keys; without such a column there are none."""
    rows = read(("P", " monday ", "x", "1"), ("P", "tuesday", "x", "1"), ("P", "", "x", "1"),
                headings=("Prospect ID", "Date", "Note", "Visibility"), key="date")  # fmt: skip
    assert rows.key is not None
    assert rows.key.tolist() == ["monday", "tuesday", ""]
    assert read(("P", "x", "1")).key is None


def test_a_key_that_no_index_of_a_database_could_hold_is_a_problem() -> None:
    rows = read(("P", "k" * 400, "x", "1"), ("P", "k" * 401, "x", "1"),
                headings=("Prospect ID", "Date", "Note", "Visibility"), key="date")  # fmt: skip
    assert [(place, "400 characters" in render(problem.text)) for place, [problem] in rows.problems.items()] == [
        (1, True)
    ]


# -- a results file as input


def test_a_note_id_is_read_whatever_else_stands_in_its_row() -> None:
    """Also when a cell has become wrong since."""
    ours = ("created", "N1", "", "2", "", "")
    rows = read(
        ("P1", "x", "1", *ours), ("", "", "?", *ours), ("P3", "x", "1", "rejected", "", "no", "4", "", ""),
        ("P4", "", "1", "invalid", " ", "empty", "5", "", ""),
        headings=(*HEADINGS[:3], *OUR_COLUMNS),
    )  # fmt: skip
    assert rows.done == {0: ("N1",), 1: ("N1",)}
    assert list(rows.problems) == [3]
    assert rows.note.tolist() == [0, -1, 0, -1]


# -- whatever the rows

cells = st.one_of(
    st.sampled_from(
        ["", "P1", "P2", "x", "Public", "2", "Draft", "pubic", "\u00a0", "a b", "=1+1", "'=1", "<p>hi</p>"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
lines = st.lists(st.tuples(cells, cells, cells, cells, cells), max_size=12)


@given(lines)
@pytest.mark.slow
def test_every_row_has_a_note_or_a_problem(found: list[tuple[str, ...]]) -> None:
    """Every row of the sheet is there once, with its number, and is either usable or explained."""
    rows = read(*found)
    written = [line for line in found if "".join(line).strip()]
    if len(written) == len(found) and not any("\n" in cell or "\r" in cell for line in found for cell in line):
        assert len(rows) == len(found)
        assert rows.number.tolist() == list(range(2, len(found) + 2))
    for position in range(len(rows)):
        assert (rows.note[position] >= 0) != (position in rows.problems)
    for problems in rows.problems.values():
        for problem in problems:
            assert re.match(r"([A-Z]+\d+|row \d+): \S", told(problem))
    assert sorted({number for number in rows.note.tolist() if number >= 0}) == list(range(len(rows.notes)))
    assert len(set(rows.notes)) == len(rows.notes)


def test_notes_are_the_same_across_blocks() -> None:
    """Rows far apart, read in different blocks, share one note, and their problems keep their numbers."""
    count = BLOCK_ROWS + 10
    found: list[tuple[str, ...]] = [(f"P{i}", f"Note {i % 3}", "1") for i in range(count)]
    found[-1] = ("P", "", "1")
    rows = read(*found)
    assert len(rows.notes) == 3
    assert rows.note.tolist() == [*(i % 3 for i in range(count - 1)), -1]
    assert [problem.cell for problem in rows.problems[count - 1]] == [f"B{count + 1}"]
