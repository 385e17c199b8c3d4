"""Every row is read before the first request: into a note, or into problems that name the cell and the way out."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from importer.fields import FIELDS, WORDED
from importer.importing.loading import load
from importer.messages import render
from importer.models import ContentKind, Note, Role, Rows, Status, Visibility
from importer.reading.spool import BLOCK_ROWS
from importer.resultsfile import CUT_MARK
from importer.settings import Settings
from tests.rendered import told
from tests.truth import write_csv

HEADINGS = ("Prospect ID", "Note", "Visibility", "Status", "Attachment IDs")
STRICT = Settings()


def read(*lines: Sequence[str], headings: Sequence[str] = HEADINGS, settings: Settings = STRICT) -> Rows:
    """Validate lines as they come out of a real file."""
    with tempfile.TemporaryDirectory() as folder:
        width = len(headings)
        path = write_csv(Path(folder) / "n.csv", headings, *((*line, *[""] * (width - len(line))) for line in lines))
        with load(path, replace(settings, encoding="utf-8")) as loaded:
            return loaded.rows


def only_note(*line: str, settings: Settings = STRICT) -> Note:
    rows = read(line, settings=settings)
    assert rows.problems == {}
    note: Note = rows.notes[rows.note[0]]
    return note


def only_problem(*line: str, settings: Settings = STRICT) -> str:
    rows = read(line, settings=settings)
    assert rows.notes == []
    [[problem]] = rows.problems.values()
    return told(problem)


def overlooked(*values: str, default: Visibility | None = None, **settings: Any) -> list[str]:
    """What is said of a column X with these values, beside the usual ones; without a visibility where one is given."""
    headings, one = ("Prospect ID", "Note", "X", "Visibility"), "1"
    rows = read(
        *(("P", "n", value, one)[: 3 if default else 4] for value in values), headings=headings[: 3 if default else 4],
        settings=Settings(default_visibility=default, **settings),
    )  # fmt: skip
    return [render(question.text) for question in rows.questions]


@pytest.mark.parametrize(
    ("said", "values"),
    [
        *(("is not used", values) for values in (
            ("Draft", "Published"), ("draft ", "", " PUBLISHED"), ("Entwurf", "Veröffentlicht"), ("Rascunho",),
            ("Live",), ("Draft", "1"), ("Draft", "Private", "Published"), ("\u00a0Draft\u200b",), ("Draft",) * 9_000,
        )),
        *(("although it looks like", values) for values in (
            ("Draft", "Published", "Pubished"), ("Published", "Published", "In review"), ("Draft", "Pubished"),
            ("Entwurf", "", "Veröffentlicht", "Entwrf", "Veröfentlicht", "Veröffentlich", "Verffentlicht", "Prüfung"),
            (*["Draft"] * 9_000, "Other"), ("Draft", "Published", *["Pending"] * 9), (*["Published"] * 150, "?", "n/a"),
        )),
    ],
)  # fmt: skip
def test_a_column_of_statuses_is_overlooked(said: str, values: tuple[str, ...]) -> None:
    """In any language; and one typing error must not publish all drafts without a question."""
    [sentence] = overlooked(*values)
    assert said in sentence
    assert "\n--map status=X  " in sentence
    assert "--ignore X" in sentence


@pytest.mark.parametrize(
    "values",
    [("0", "1", "2"), ("TRUE", "FALSE"), ("Yes", "No"), ("", " "), ("Open", "Closed"), ("Active", "Inactive"),
     ("Draft 2",), ("Everyone", "Shared"), ("Everyone", "1"), ("Draft" * 1000,), ("Draft", "Sent", "Signed", "Paid"),
     ("Live", "Live", "Lost"), ("Final", "Preliminary"), ("Private equity", "Privately held"),
     ("Draft", "Draft", "Draft", "Ada", "Ben", "Cleo", "Dan")],
)  # fmt: skip
def test_a_column_in_which_anything_else_stands_is_the_persons_own(values: tuple[str, ...]) -> None:
    """Bare numbers are everywhere; and where the visibility has its column, a second one may say the same."""
    assert overlooked(*values) == []


@pytest.mark.parametrize(
    "values",
    [("private", "private"), ("confidential", ""), ("Private note", "Public note"), ("Public", "Private", "Other"),
     (*"ABCDEFG", "Private"), (*"ABCDEFG", "Private note"), ("Only me", "Nur ich"), (*"ABCDEFG", "only me")],
)  # fmt: skip
def test_a_column_of_visibilities_is_asked_about_if_it_may_restrict_public_notes(values: tuple[str, ...]) -> None:
    [sentence] = overlooked(*values)
    assert '--map "visibility=Visibility, X"' in sentence


@pytest.mark.parametrize(
    ("values", "roles"),
    [(("Only me", "Everyone"), ["visibility"]), (("Private", "Draft"), ["status", "visibility"]),
     (("Private", "Public", "Privte"), ["visibility"])],
)  # fmt: skip
def test_a_column_of_visibilities_is_overlooked_where_public_was_given_for_all(
    values: tuple[str, ...], roles: list[str]
) -> None:
    """A column of mostly visibilities says nothing that can be lost where all notes are to be private."""
    [sentence] = overlooked(*values, default=Visibility.PUBLIC)
    assert [role for role in ("status", "visibility") if f"--map {role}=X" in sentence] == roles
    if "Privte" in values:
        assert overlooked(*values, default=Visibility.PRIVATE) == []
    assert overlooked("Team", "Pro", default=Visibility.PUBLIC) == []  # plans


@pytest.mark.parametrize(
    "said",
    [{"mapping": {Role.STATUS: "X"}}, {"mapping": {Role.STATUS: ""}}, {"ignored": ["x"]}, {"ignored": ["C"]}, {}],
)
def test_a_role_that_was_answered_for_and_a_column_that_was_set_aside_are_asked_about_no_more(
    said: dict[str, Any],
) -> None:
    assert bool(overlooked("Draft", "Published", **said)) is not bool(said)
    assert overlooked("Draft", "Published", ignored=["Y"])


@pytest.mark.parametrize("meant", [*Visibility, *Status])
def test_everyday_words_are_known(meant: Visibility | Status) -> None:
    role = Role.VISIBILITY if isinstance(meant, Visibility) else Role.STATUS
    words = [*FIELDS[role].words[meant], chr(ord(meant.value) - ord("0") + ord("０"))]
    spelt = [spelling for word in words for spelling in (word, word.upper(), f" {word.lower()} ", f"\u00a0{word}")]
    rows = read(*(("P", "x", word, "1") if role is Role.VISIBILITY else ("P", "x", "1", word) for word in spelt))
    assert rows.problems == {}
    assert [(note.visibility, note.status)[role is Role.STATUS] for note in rows.notes] == [meant]


def test_no_word_stands_for_two_values() -> None:
    """A word of both lists would be a guess."""
    for words in (field.words for field in WORDED.values()):
        every = [word.casefold() for found in words.values() for word in found]
        assert len(every) == len(set(every))


def test_a_blank_status_is_published() -> None:
    assert only_note("P", "x", "1", " ").status is Status.PUBLISHED
    assert read(("P", "x", "1"), headings=HEADINGS[:3]).notes[0].status is Status.PUBLISHED


@pytest.mark.parametrize("default", Visibility)
def test_a_default_visibility_fills_blanks_only(default: Visibility) -> None:
    settings = Settings(default_visibility=default)
    assert only_note("P", "x", "", settings=settings).visibility is default
    assert only_note("P", "x", "Private", settings=settings).visibility is Visibility.PRIVATE
    assert only_problem("P", "x", "Pubic", settings=settings)
    assert read(("P", "x"), headings=HEADINGS[:2], settings=settings).notes[0].visibility is default


@pytest.mark.parametrize(
    "text", ["<follow up>", "<3>", '<p><img src="https://example.com/a.png"></p>', "It shows #N/A"]
)
def test_what_only_looks_like_markup_or_an_error_or_shows_a_picture_is_a_note(text: str) -> None:
    assert read(("P", text, "1")).problems == {}


@pytest.mark.parametrize(
    ("lines", "notes"),
    [
        # outer space and line ends make no other note
        ((("one\ntwo", "1"), ("  one\r\ntwo\n", "Public"), ("one\rtwo", "everyone", "Published")), [0, 0, 0]),
        # inner space and the Unicode form do: what differs inside is sent as it stands
        ((("caf\u00e9 bar", "1"), ("cafe\u0301 bar", "1"), ("caf\u00e9  bar", "1"), ("caf\u00e9\u00a0bar", "1")),
         [0, 1, 2, 3]),
        # so do visibility, status and files
        ((("x", "1"), ("x", "2"), ("x", "1", "Draft"), ("x", "1", "", "f1"), ("x", "1", "", "f2"), ("x", "1")),
         [0, 1, 2, 3, 4, 0]),
    ],
)  # fmt: skip
def test_which_rows_are_one_note(lines: Sequence[Sequence[str]], notes: list[int]) -> None:
    rows = read(*((f"P{i}", *line) for i, line in enumerate(lines)))
    assert rows.note.tolist() == notes
    assert rows.notes[0].text == lines[0][0]


@pytest.mark.parametrize(
    ("sign", "becomes"), [("\x01", ""), ("\x7f", ""), ("\x0b", "\n"), ("\x0c", "\n"), ("\t", "\t")]
)
def test_a_control_character_is_taken_out_of_a_note_and_that_is_said(sign: str, becomes: str) -> None:
    """It can't be sent and nobody sees it. What word processors break lines with is a line break, and tabs stay."""
    rows = read(("P", f"a{sign}b", "1"), ("Q", f"a{sign}b", "1"), ("R", "plain", "1"))
    assert [note.text for note in rows.notes] == [f"a{becomes}b", "plain"]
    said = "1 text contained invisible control characters, which can't be sent and were removed."
    assert [*map(render, rows.remarks)] == ([said] if not becomes else [])


def test_what_is_sent_depends_on_how_the_content_is_meant() -> None:
    plain, html = "R&D <now>\nnext", "<p>Hi</p>"
    assert only_note("P", plain, "1").content == "<p>R&amp;D &lt;now&gt;<br>next</p>"
    assert only_note("P", html, "1").content == html
    assert only_note("P", "plain", "1").content == "plain"
    as_text, as_html = Settings(content=ContentKind.TEXT), Settings(content=ContentKind.HTML)
    assert only_note("P", html, "1", settings=as_text).content == "<p>&lt;p&gt;Hi&lt;/p&gt;</p>"
    assert only_note("P", plain, "1", settings=as_html).content == plain


@pytest.mark.parametrize("prospect", ["8PvBmrB7P7", "00123", "1E5", "a-b_c.d", "12345678901234567890", "é", "x" * 200])
def test_an_id_arrives_as_it_stands(prospect: str) -> None:
    rows = read((f" {prospect}\u00a0", "x", "1"))
    assert rows.problems == {}
    assert rows.prospect.tolist() == [prospect]


def test_an_email_among_ids_is_a_problem() -> None:
    rows = read(("8PvBmrB7P7", "x", "1"), ("jo@example.com", "y", "1"))
    [[problem]] = rows.problems.values()
    assert "is an email address, not a prospect ID" in told(problem)
    assert read(("jo@example.com", "x", "1")).prospect.tolist() == ["jo@example.com"]


def test_what_nobody_sees_in_ids_and_words_is_removed() -> None:
    rows = read(
        *((prospect, "a\u00a0b", "\u200bpublic\u00a0") for prospect in ("\u00a0P1", "P1\u00a0", "P\u200b1", "\ufeffP1"))
    )
    assert {*rows.prospect.tolist()} == {"P1"}
    assert [(note.content, note.visibility) for note in rows.notes] == [("a\u00a0b", Visibility.PUBLIC)]


@pytest.mark.parametrize(
    ("cell", "ids"),
    [(" a, b;c;;a\nd ", ("a", "b", "c", "d")), (" ; ", ()),
     *((one, (one,)) for one in ("a1b2-c3", "550e8400-e29b-41d4-a716-446655440000", "file_9", "x.y_z", "a.longer1"))],
)  # fmt: skip
def test_attachment_ids_are_separated_by_commas_or_semicolons(cell: str, ids: tuple[str, ...]) -> None:
    assert only_note("P", "x", "1", "1", cell).attachments == ids


ERRORS = ("#N/A", "#REF!", "#NAME?", "#DIV/0!", "#NV", "#BEZUG!", "#¡DIV/0!", " #N/A ", "#RIF!", "Err:502")
SLIP = "is not a valid visibility. Did you mean {}? Use Public (or 1) or Private (or 2)"
NO_ID = "is not a valid prospect ID"
FILES = ("call.pdf", "tool.exe", "my call.md", "2026/call", "C:\\call.7z", "a.b.Pages")
PROBLEMS = {
    "A": {
        "": "is blank", "\u200b": "is blank", "a b": "contains a space or a line break",
        "a\nb": "contains a space or a line break", "1.23457E+15": "for a number and lost digits",
        "1,23457E+15": "for a number and lost digits", "12345678901234600000": "for a number and lost digits",
        **dict.fromkeys(("x" * 201, "a\x02b", "https://app.example.com/prospects/8PvBmrB7P7", "-"), NO_ID),
        **dict.fromkeys(("TRUE", "FALSE", "true"), NO_ID), **{error: f"the error {error.strip()}." for error in ERRORS},
    },
    "B": {
        **dict.fromkeys(("", "   ", "\n\t", "\u00a0", "\u200b\ufeff"), "the note is empty"),
        **dict.fromkeys(("<p></p>", "<p>&nbsp;</p>", "<p><br></p>"), "the note is empty"),
        "Begin" + CUT_MARK.format("40,000"): "only the beginning",
        **{error: f"the error {error.strip()}." for error in ERRORS},
    },
    "C": {
        **dict.fromkeys(("", "  ", "\u00a0", "\u200b"), "the visibility is blank"), "Pubic": SLIP.format("Public"),
        "pivate": SLIP.format("Private"), "only  mee": SLIP.format("Only me"), "Öffentlch": SLIP.format("Öffentlich"),
    },
    "E": {
        "a, my file": "the attachment ID 'my file' contains",
        **{f"At3kLm90Qx, {name}": f"'{name}' is a file name, not an attachment ID" for name in FILES},
    },
}  # fmt: skip
"""Column → what stands there, and what is said of it."""


@pytest.mark.parametrize(
    ("column", "cell", "words"), [(column, *one) for column, cells in PROBLEMS.items() for one in cells.items()]
)
def test_a_cell_that_cant_be_used_is_a_problem_and_never_guessed(column: str, cell: str, words: str) -> None:
    line = ["P", "x", "1", "1", ""]
    line["ABCDE".index(column)] = cell
    problem = only_problem(*line)
    assert problem.startswith(f"{column}2: ")
    assert words in problem
    assert len(problem) < 400
    assert ("--default-visibility private" in problem) is (words == "the visibility is blank")


def test_every_problem_of_a_row_names_the_sheet_the_cell_and_its_value(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].title = "My notes"
    for line in (HEADINGS, ("P", "x", "Public"), ("", "", "x" * 100, "y", "a b")):
        book.worksheets[0].append(line)
    book.save(tmp_path / "n.xlsx")
    with load(tmp_path / "n.xlsx", STRICT) as loaded:
        problems = loaded.rows.problems[1]
    assert [problem.cell for problem in problems] == [f"'My notes'!{column}3" for column in "ABCDE"]
    problem = problems[2]
    assert (problem.cell, problem.row, problem.column, problem.value) == ("'My notes'!C3", 3, 2, "x" * 60 + "…")
    assert "x" * 61 not in render(problem.text)


def test_a_key_column_tells_rows_apart() -> None:
    keys = (" monday ", "tuesday", "", "k" * 400, "k" * 401)
    rows = read(*(("P", key, "x", "1") for key in keys), headings=("Prospect ID", "Date", "Note", "Visibility"),
                settings=Settings(mapping={Role.KEY: ("date",)}))  # fmt: skip
    assert rows.key is not None
    assert rows.key.tolist()[:4] == ["monday", "tuesday", "", "k" * 400]
    assert [(place, "400 characters" in render(why.text)) for place, [why] in rows.problems.items()] == [(4, True)]
    assert read(("P", "x", "1")).key is None


def test_a_row_is_held_while_one_that_says_the_same_does_not_tell_who_may_see_that() -> None:
    """Nobody knows yet that it isn't private. What shows as little as can be is sent, and so is a row of its own."""
    rows = read(
        ("P1", "x", "1"), ("P1", "x", "pivate"), ("P2", "x", "1"), ("P3", "x", "2"), ("P3", "x", ""),
        ("P4", "x", "2"), ("P4", "x", "2", "Publsihed"), ("P5", "x", "1"), ("P5", "y", "?"), ("P6", "x", "1"),
        ("P6", "x", "left", "Draft"), settings=replace(STRICT, values={(Role.VISIBILITY, None): {"left": None}}),
    )  # fmt: skip
    assert [at for at, note in enumerate(rows.note) if note >= 0] == [2, 3, 7, 9]
    assert "Row 3 says the same to the same prospect, and it isn't clear who may see that" in told(rows.problems[0][0])


def test_notes_are_the_same_across_blocks() -> None:
    count = BLOCK_ROWS + 10
    found: list[tuple[str, ...]] = [(f"P{i}", f"Note {i % 3}", "1") for i in range(count)]
    found[-1] = ("P", "", "1")
    rows = read(*found)
    assert len(rows.notes) == 3
    assert rows.note.tolist() == [*(i % 3 for i in range(count - 1)), -1]
    assert [problem.cell for problem in rows.problems[count - 1]] == [f"B{count + 1}"]
