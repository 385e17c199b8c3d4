"""What is shown before anything is sent, and what was agreed to: an overview as values, examples, choices."""

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from importer.errors import Changed, UnclearColumns
from importer.importing.run import prepare
from importer.journal import Journal
from importer.messages import render
from importer.messages import words as in_words
from importer.models import ContentKind, PossibleAnswer, Result, Role, Visibility
from importer.operations import hide
from importer.page.rendering import words
from importer.settings import Settings
from importer.settings.readings import answered
from importer.telling import preview_messages, sheet_details
from tests.running import run
from tests.sandbox import Sandbox
from tests.truth import write_csv

HEAD = ["Prospect ID", "Note", "Visibility", "Status"]


def write(path: Path, *rows: list[str], head: list[str] = HEAD) -> Path:
    return write_csv(path, head, *rows)


def seen(path: Path, settings: Settings) -> preview_messages.Described:
    with prepare(path, settings) as prepared:
        found = sheet_details.described(prepared)
    copy: preview_messages.Described = pickle.loads(pickle.dumps(found))
    assert copy == found
    return copy


def test_an_overview_tells_all_that_is_to_be_shown_and_outlives_the_sheet(settings: Settings, tmp_path: Path) -> None:
    rows = [[f"p{i}", "Hello", ["public", "private"][i % 2], ["", "draft"][i == 0]] for i in range(8)]
    found = seen(write(tmp_path / "n.csv", *rows, ["", "Hello", "pubic", ""], ["p9", "", "public", ""]), settings)
    assert [column.name for column in found.columns] == HEAD
    assert found.roles[Role.CONTENT] == 1
    assert (found.rows, found.total, found.remaining.notes, found.remaining.requests) == (10, 8, 3, 3)
    assert (found.expected.counts, found.exit_status) == ({Result.CREATED: 8, Result.INVALID: 2}, 1)
    assert found.audience == {"public": 4, "private": 4, "drafts": 1}
    assert sum(trouble.count for trouble in found.troubles) == 3
    assert "C10" in {one.cell for trouble in found.troubles for one in trouble.problems}
    assert found.can_be_sent
    assert not replace(found, guarded={"min-rows": "too few rows"}).can_be_sent


def test_notes_that_are_more_visible_than_the_sheet_says_come_first_in_the_plan(
    settings: Settings, tmp_path: Path
) -> None:
    run(write(tmp_path / "n.csv", *[[f"p{i}", "Hello", "public", ""] for i in range(3)]), settings)
    others = [["p0", "Hello", "private", ""], ["p1", "Hello", "public", "draft"], ["p7", "Hello", "private", ""]]
    same = write(tmp_path / "m.csv", *others, ["p2", "Hello", "public", ""], ["p2", "Bye", "private", ""])
    found = seen(same, settings)
    assert (found.total, found.expected.more_visible, found.updates["differ"]) == (2, 2, 2)
    first = render(next(preview_messages.sizes(found)).text)
    assert first.startswith("2 notes are more visible than your sheet says. Nothing is changed.")
    assert seen(same, replace(settings, again=True)).remaining.there_twice == 3
    assert seen(same, replace(settings, profile="other")).expected.more_visible == 0
    assert hide.hide(hide.what_to_hide(hide.Which("last"), settings), settings).hidden == 3
    found = seen(same, settings)
    assert (found.total, found.expected.more_visible, found.expected.asked) == (2, 0, 3)


def test_results_with_nothing_to_fix_say_so(settings: Settings, tmp_path: Path) -> None:
    run(write(tmp_path / "n.csv", ["p1", "Hello", "public", ""]), settings)
    (results,) = tmp_path.glob("n.results*.xlsx")
    with prepare(results, replace(settings, sheet="To fix")) as prepared:
        (reason,) = prepared.preview.guarded.values()
    assert words(reason).startswith(f"Nothing to fix: the sheet “To fix” of {results} has no row.")
    empty = seen(write(tmp_path / "empty.csv"), settings).guarded["min-rows"]
    assert "has 0 rows below its headings" in words(empty)


def test_whoever_only_receives_an_overview_waits_for_nothing_heavy() -> None:
    """The module loads neither numpy nor the journal, and nor does what puts the overview into words."""
    code = (
        "import importer.importing.preview, importer.telling.preview_messages, sys;"
        " print({'numpy', 'requests'} & {*sys.modules})"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "set()\n"


def test_where_several_sheets_would_do_each_is_an_answer(settings: Settings, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("May", "June"):
        sheet = book.create_sheet(name)
        sheet.append(HEAD)
        sheet.append([f"p-{name}", "Hello", "public", ""])
    del book["Sheet"]
    book.save(tmp_path / "n.xlsx")
    with pytest.raises(UnclearColumns) as undecided, prepare(tmp_path / "n.xlsx", settings):
        pass
    (question,) = undecided.value.questions
    assert [(choice.setting, choice.value) for choice in question.choices] == [("sheet", "May"), ("sheet", "June")]
    found = seen(tmp_path / "n.xlsx", answered(settings, "sheet", "June"))
    assert (found.sheet, found.sheets) == ("June", ("May", "June"))


def test_a_choice_counts_before_what_the_profile_says(settings: Settings) -> None:
    before = replace(settings, mapping={Role.CONTENT: ("Text", "Remark"), Role.STATUS: ("State",)}, ignored=("Old",))
    after = answered(answered(answered(before, "map", "content=Remark"), "map", "status="), "ignore", "New")
    assert after.mapping == {Role.CONTENT: ("Remark",), Role.STATUS: ("",)}
    assert after.ignored == ("Old", "New")
    assert answered(replace(settings, encoding="cp1252"), "encoding", "utf-8").encoding == "utf-8"


def test_three_of_each_visibility_are_shown(settings: Settings, tmp_path: Path) -> None:
    rows = [[f"p{i}", "x" * (i + 1), "Public", ""] for i in range(8)]
    rows += [[who, "y" * 3_010, "Private", "Draft"] for who in ("q1", "q2")]
    found = seen(write(tmp_path / "n.csv", *rows), settings).examples
    shown = {kind: [(render(one.about), one.text) for one in examples] for kind, examples in found.items()}
    assert [*shown.items()] == [
        (Visibility.PRIVATE, [("row 10, for q1 and 1 more prospect (private, draft)", "y" * 3_000 + "…")]),
        (Visibility.PUBLIC, [(f"row {row}, for p{row - 2} (public)", "x" * (row - 1)) for row in (2, 3, 4)]),
    ]


def test_a_note_is_shown_as_its_readers_see_it(settings: Settings, tmp_path: Path) -> None:
    html = "<p>Met at the <b>fair</b></p><ul><li>R&amp;D</li></ul>"
    for kind, reads in ((ContentKind.AUTO, "Met at the fair\nR&D"), (ContentKind.TEXT, html)):
        found = seen(write(tmp_path / "n.csv", ["p1", html, "Public", ""]), replace(settings, content=kind)).examples
        assert found[Visibility.PUBLIC][0].text == reads


def test_to_prepare_leaves_nothing_behind(tmp_path: Path, settings: Settings, box: Sandbox) -> None:
    path = write(tmp_path / "n.csv", ["P1", "x", "1"], ["P2", "x", "1"], ["P2", "", "1"], head=HEAD[:3])
    with prepare(path, replace(settings, key="")) as prepared:
        assert prepared.preview.remaining.total == 2
        assert prepared.preview.questions == ()
    assert [found.name for found in tmp_path.iterdir()] == ["n.csv"]
    assert box.received == ()


def test_what_another_import_did_since_is_seen_and_refused(tmp_path: Path, settings: Settings, box: Sandbox) -> None:
    path = write(tmp_path / "n.csv", ["P1", "x", "1"], ["P2", "x", "1"], ["P3", "x", "1"], head=HEAD[:3])
    with prepare(path, settings) as prepared:
        agreed = prepared.preview.digest
        run(write(tmp_path / "other.csv", ["P1", "x", "1"], head=HEAD[:3]), settings)
        with pytest.raises(Changed, match="have changed since you agreed") as error:
            prepared.send(agreed=agreed)
    assert error.value.exit_status == 2
    assert len(box.notes) == 1
    with Journal.open(settings.journal) as journal:
        assert [run.ended for run in journal.runs.listed()] == ["declined", "finished"]
    with prepare(path, settings) as prepared:
        report = prepared.send(agreed=prepared.preview.digest)
    assert report.exit_status == 0
    assert len(box.notes) == 3


def test_an_answer_is_not_refused_for_a_column_that_it_does_not_concern(tmp_path: Path, settings: Settings) -> None:
    sheet = tmp_path / "n.csv"
    sheet.write_text("Prospect ID,First words,More words,Visibility\nP1,a text,another text,Public\n", encoding="utf-8")
    contradictory = replace(settings, mapping={Role.VISIBILITY: ("Visibility",)}, ignored=("Visibility",))
    with prepare(sheet, contradictory) as prepared:
        assert [bool(question.choices) for question in prepared.loaded.questions] == [True, False]
        prepared.decide(PossibleAnswer("map", "content=More words", in_words("")))
        [left] = prepared.loaded.questions
    assert left.choices == ()
