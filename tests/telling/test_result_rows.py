"""The rows of a run as the page keeps them: each with its result and note, found by result and by words, in pages."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.importing.run import prepare
from importer.models import Result, Role
from importer.reading import Correction
from importer.settings import Settings
from importer.telling.result_rows import TO_FIX, RowPage, read, write
from tests.sandbox import Sandbox
from tests.truth import write_csv

HEAD = ("Prospect ID", "Note", "Visibility")


class Kept:
    """The rows of the latest import, which are kept in a file."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.sheet, self.path = settings, folder / "n.csv", folder / "rows.sqlite"

    def imports(self, rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, **how: Any) -> None:
        write_csv(self.sheet, head, *rows)
        with prepare(self.sheet, self.settings, **how) as prepared:
            prepared.send(agreed=prepared.preview.digest)
            assert prepared.sent is not None
            write(self.path, *prepared.sent)

    def found(self, number: int = 1, **wanted: Any) -> RowPage:
        page = read(self.path, **wanted, number=number)
        assert page is not None
        return page

    def numbers(self, **wanted: Any) -> list[int]:
        return [row.row for row in self.found(**wanted).rows]


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Kept:
    return Kept(settings, tmp_path)


def test_rows_are_found_by_their_result_and_by_any_word(kept: Kept) -> None:
    rows = [("p1", "Müller <called>", "Public"), ("INVALID-1", "Other", "Public"), ("p 3", "Other", "pubic"),
            ("P4", "100 % sure_it's", "Private"), ("p5", "STRASSE", "Public")]  # fmt: skip
    kept.imports(rows)
    assert [(row.row, row.prospect, row.result, row.text) for row in kept.found().rows] == [
        (2, "p1", Result.CREATED, "Müller <called>"), (3, "INVALID-1", Result.REJECTED, "Other"),
        (4, "p 3", Result.INVALID, "Other"), (5, "P4", Result.CREATED, "100 % sure_it's"),
        (6, "p5", Result.CREATED, "STRASSE"),
    ]  # fmt: skip
    for wanted, numbers in (
        ({"result": TO_FIX}, [3, 4]), ({"result": "created"}, [2, 5, 6]), ({"words": "MÜLLER <C"}, [2]),
        ({"words": "p4"}, [5]), ({"words": "%"}, [5]), ({"words": "straße"}, [6]),
        ({"words": "did you mean public"}, [4]), ({"words": "other", "result": "created"}, []),
        ({"words": "other", "result": "rejected"}, [3]), ({"words": "other", "result": "invalid"}, [4]),
    ):  # fmt: skip
        assert kept.numbers(**wanted) == numbers, wanted
    assert "'pubic'" in kept.found(result="invalid").rows[0].reason


@pytest.mark.usefixtures("jumping")
def test_all_rows_can_be_looked_at_in_pages_of_a_hundred(kept: Kept) -> None:
    kept.imports([(f"p{i}", "Hello", "Public") for i in range(230)])
    pages = [kept.found(number) for number in (1, 2, 3)]
    assert [row.row for page in pages for row in page.rows] == [*range(2, 232)]
    assert [(page.total, page.number, page.pages, page.start) for page in pages] == [
        (230, number, 3, 1 + 100 * (number - 1)) for number in (1, 2, 3)
    ]
    assert kept.found(99) == pages[2]
    assert kept.found(words="nowhere") == RowPage([], 0, 1, words="nowhere")


def test_html_is_kept_as_it_reads_and_long_notes_are_cut(kept: Kept) -> None:
    texts = ["<p>Met at the <b>fair</b></p>", "x" * 3_010, "a < b", "<b>" + "y" * 3_010 + "</b>"]
    kept.imports([(f"p{i}", text, "Public") for i, text in enumerate(texts)])
    assert [len(row.text) for row in kept.found().rows] == [15, 3_001, 5, 3_001]
    assert kept.numbers(words="the fair") == [2]
    assert kept.numbers(words="<b>") == []


def test_rows_say_who_may_see_them_and_have_note_ids(kept: Kept, box: Sandbox) -> None:
    head = (*HEAD, "Status")
    kept.imports([("p1", "A", "Public", "Draft"), ("p2", "B", "Private", ""), ("p3", "C", "x", "")], head)
    assert [row.audience for row in kept.found().rows] == ["public, draft", "private, published", ""]
    ids = {note.prospect_id: note.id for note in box.notes}
    assert kept.numbers(words=f" {ids['p2']} ") == [3]
    assert kept.numbers(words=ids["p1"][:-1]) == [], "a part of it would be found by chance"
    kept.imports([("p1", "A", "Public", "Draft")], head)
    assert [(row.result, row.audience) for row in kept.found().rows] == [(Result.ALREADY_IMPORTED, "")]


def test_an_invalid_row_has_its_text_as_it_stands_in_the_sheet(kept: Kept) -> None:
    bad = " <b>Bad</b>\n"
    rows = [
        ("p1", "Good", "Public", "one"), ("p2", bad, "pubic", "two"), ("p3", "", "Public", ""),
        ("p4", "Left out", "pubic", "four"), ("p5", bad, "pubic", "five"),
    ]  # fmt: skip
    kept.settings = replace(kept.settings, mapping={Role.CONTENT: ("{Call}: {Note}",)})
    kept.imports(rows, (*HEAD, "Call"), corrections={5: Correction(is_left_out=True)})
    assert [(row.result, row.text) for row in kept.found().rows] == [
        (Result.CREATED, "one: Good"), (Result.INVALID, bad), (Result.INVALID, ""), (Result.SKIPPED, "Left out"),
        (Result.INVALID, bad),
    ]  # fmt: skip
    assert kept.numbers(words="<b>bad") == [3, 6]


def test_a_row_named_by_email_is_found_by_it(kept: Kept) -> None:
    with Sandbox(prospects={"p77": "ada@example.com"}) as box:
        kept.settings = replace(kept.settings, base_url=box.url, key=box.api_key)
        kept.imports([("Ada@Example.com", "Hello", "Public")], ("Email", "Note", "Visibility"))
    [row] = kept.found(words="ADA@").rows
    assert (row.prospect, row.email, row.result) == ("p77", "ada@example.com", Result.CREATED)


def test_rows_that_cant_be_kept_or_read_are_no_error(kept: Kept, tmp_path: Path) -> None:
    kept.path = tmp_path / "no folder" / "rows.sqlite"
    kept.imports([("p1", "Hello", "Public"), ("p2", "", "Public")])
    assert not kept.path.exists()
    (tmp_path / "no database").write_bytes(b"no database")
    assert read(tmp_path / "no database") is None
    assert read(tmp_path / "nowhere") is None
