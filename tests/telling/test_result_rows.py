"""The rows of a run as the page keeps them: each with its result and note, found by result and by words, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.importing.run import prepare
from importer.models import Result, Role
from importer.reading import Correction
from importer.settings import Settings
from importer.telling.result_rows import TO_FIX, RowPage, Seen, read, write
from tests.sandbox import Sandbox
from tests.truth import write_csv

HEAD = ("Prospect ID", "Note", "Visibility")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.sqlite"


def imported(
    tmp_path: Path, settings: Settings, rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, **how: Any
) -> Path:
    """A sheet with these rows, after its import; its rows are kept."""
    sheet = tmp_path / "n.csv"
    write_csv(sheet, head, *rows)
    with prepare(sheet, settings, **how) as prepared:
        seen: list[Seen] = []
        prepared.send(see=lambda *both: seen.append(both), agreed=prepared.preview.digest)
        write(tmp_path / "rows.sqlite", *seen[0])
    return sheet


def found(path: Path, page_number: int = 1, **wanted: Any) -> RowPage:
    page = read(path, **wanted, number=page_number)
    assert page is not None
    return page


def numbers(path: Path, **wanted: Any) -> list[int]:
    return [row.row for row in found(path, **wanted).rows]


@pytest.mark.usefixtures("box")
def test_rows_are_found_by_their_result_and_by_any_word(settings: Settings, tmp_path: Path, path: Path) -> None:
    """In upper or lower case, in the prospect, the note or the reason, which keeps its cells; and both together."""
    rows = [("p1", "Müller <called>", "Public"), ("INVALID-1", "Other", "Public"), ("p3", "Other", "pubic"),
            ("P4", "100 % sure_it's", "Private"), ("p5", "STRASSE", "Public")]  # fmt: skip
    imported(tmp_path, settings, rows)
    assert [(row.row, row.prospect, row.result, row.text) for row in found(path).rows] == [
        (2, "p1", Result.CREATED, "Müller <called>"), (3, "INVALID-1", Result.REJECTED, "Other"),
        (4, "p3", Result.INVALID, "Other"), (5, "P4", Result.CREATED, "100 % sure_it's"),
        (6, "p5", Result.CREATED, "STRASSE"),
    ]  # fmt: skip
    assert numbers(path, result=TO_FIX) == [3, 4]
    assert numbers(path, result="created") == [2, 5, 6]
    assert numbers(path, words="MÜLLER <C") == [2]
    assert numbers(path, words="p4") == [5]
    assert numbers(path, words="%") == [5]
    assert numbers(path, words="straße") == [6]
    assert numbers(path, words="did you mean public") == [4]
    assert numbers(path, words="other", result="created") == []
    assert numbers(path, words="other", result="rejected") == [3]
    assert numbers(path, words="other", result="invalid") == [4]
    assert "'pubic'" in found(path, result="invalid").rows[0].reason


@pytest.mark.usefixtures("box", "jumping")
def test_all_rows_can_be_looked_at_in_pages_of_a_hundred(settings: Settings, tmp_path: Path, path: Path) -> None:
    """A page beyond the last one is the last one."""
    imported(tmp_path, settings, [(f"p{i}", "Hello", "Public") for i in range(230)])
    pages = [found(path, number) for number in (1, 2, 3)]
    assert [row.row for page in pages for row in page.rows] == [*range(2, 232)]
    assert [(page.total, page.number, page.pages, page.start) for page in pages] == [
        (230, number, 3, 1 + 100 * (number - 1)) for number in (1, 2, 3)
    ]
    assert found(path, 99) == pages[2]
    assert found(path, words="nowhere") == RowPage([], 0, 1, words="nowhere")


@pytest.mark.usefixtures("box")
def test_html_is_kept_as_it_reads_and_long_notes_are_cut(settings: Settings, tmp_path: Path, path: Path) -> None:
    """It is searched as it reads; a text has the number of characters that aren't shown."""
    texts = ["<p>Met at the <b>fair</b></p>", "x" * 3_010, "a < b", "<b>" + "y" * 3_010 + "</b>"]
    imported(tmp_path, settings, [(f"p{i}", text, "Public") for i, text in enumerate(texts)])
    assert [len(row.text) for row in found(path).rows] == [15, 3_001, 5, 3_001]
    assert numbers(path, words="the fair") == [2]
    assert numbers(path, words="<b>") == []


def test_rows_say_who_may_see_them_and_have_note_ids(
    settings: Settings, box: Sandbox, tmp_path: Path, path: Path
) -> None:
    """An ID that was copied from the workbook; a row without a valid note says nothing, nor does an earlier run's."""
    head = (*HEAD, "Status")
    imported(
        tmp_path, settings, [("p1", "A", "Public", "Draft"), ("p2", "B", "Private", ""), ("p3", "C", "x", "")], head
    )
    said = [row.audience for row in found(path).rows]
    assert said == ["public, draft", "private, published", ""]
    ids = {note.prospect_id: note.id for note in box.notes}
    assert numbers(path, words=f" {ids['p2']} ") == [3]
    assert numbers(path, words=ids["p1"][:-1]) == [], "a part of it would be found by chance"
    imported(tmp_path, settings, [("p1", "A", "Public", "Draft")], head)
    assert [(row.result, row.audience) for row in found(path).rows] == [(Result.ALREADY_IMPORTED, "")]


@pytest.mark.usefixtures("box")
def test_an_invalid_row_has_its_text_as_it_stands_in_the_sheet(settings: Settings, tmp_path: Path, path: Path) -> None:
    """Also if it was left out, or if several columns make the notes; markup isn't interpreted."""
    rows = [
        ("p1", "Good", "Public", "one"),
        ("p2", " <b>Bad</b>\n", "pubic", "two"),
        ("p3", "", "Public", ""),
        ("p4", "Left out", "pubic", "four"),
        ("p5", " <b>Bad</b>\n", "pubic", "five"),
    ]
    composed = replace(settings, mapping={Role.CONTENT: ("{Call}: {Note}",)})
    imported(tmp_path, composed, rows, (*HEAD, "Call"), corrections={5: Correction(is_left_out=True)})
    assert [(row.result, row.text) for row in found(path).rows] == [
        (Result.CREATED, "one: Good"), (Result.INVALID, " <b>Bad</b>\n"), (Result.INVALID, ""),
        (Result.SKIPPED, "Left out"), (Result.INVALID, " <b>Bad</b>\n"),
    ]  # fmt: skip
    assert numbers(path, words="<b>bad") == [3, 6]


def test_a_row_named_by_email_is_found_by_it(settings: Settings, tmp_path: Path, path: Path) -> None:
    with Sandbox(prospects={"p77": "ada@example.com"}) as box:
        there = replace(settings, base_url=box.url, key=box.api_key)
        imported(tmp_path, there, [("Ada@Example.com", "Hello", "Public")], ("Email", "Note", "Visibility"))
    [row] = found(path, words="ADA@").rows
    assert (row.prospect, row.email, row.result) == ("p77", "ada@example.com", Result.CREATED)


@pytest.mark.usefixtures("box")
def test_rows_that_cant_be_kept_or_read_are_no_error(settings: Settings, tmp_path: Path, path: Path) -> None:
    """The results have all of them."""
    sheet = imported(tmp_path, settings, [("p1", "Hello", "Public"), ("p2", "", "Public")])
    with prepare(sheet, replace(settings, results=tmp_path / "again.csv")) as prepared:
        seen: list[Seen] = []
        prepared.send(see=lambda *both: seen.append(both))
        write(tmp_path / "no folder" / "rows.sqlite", *seen[0])
        write(tmp_path / "again.sqlite", *seen[0])
    assert numbers(tmp_path / "again.sqlite", words="empty") == [3]
    path.write_bytes(b"no database")
    assert read(path) is None
    assert read(tmp_path / "nowhere") is None
