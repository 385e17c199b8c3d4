"""A corrected copy has the texts of its source, the corrections, and sends nothing that the source sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from importer.api.saleshandy import SALESHANDY
from importer.cli import main
from importer.commands import corrected_copy, mending
from importer.commands.corrections import Act, Corrections, Step
from importer.commands.hide import Which, hide, what_to_hide
from importer.commands.loading import Loaded, load
from importer.commands.preview import Preview, plan
from importer.commands.problem_rows import NAME
from importer.commands.run import prepare
from importer.messages import render
from importer.models import Result, Role, Visibility
from importer.resultsfile import CORRECTED, TO_FIX
from importer.settings import Settings
from importer.settings.kinds import IfHidden, InDoubt
from importer.settings.reading import Values
from tests.page.conftest import HEAD, write
from tests.reading.catalogue import ENTRIES, Entry
from tests.running import check, run
from tests.sandbox import Sandbox

SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "samples").iterdir() if path.suffix in {".csv", ".xlsx"})
NOTHING = Corrections()


def copy_of(preview: Preview, target: Path, corrections: Corrections = NOTHING) -> corrected_copy.CorrectedCopy:
    """The corrected copy of a sheet that is open."""
    loaded = preview.loaded
    problems = {found[0].row: found for found in loaded.rows.problems.values()}
    return corrected_copy.write(target, loaded.sheet, problems, corrections, lambda *_: None)


def copied(path: Path, settings: Settings, *steps: Step) -> Path:
    """The corrected copy of a file."""
    with prepare(path, settings) as prepared:
        target, corrections = path.with_name(f"{path.stem} corrected.xlsx"), NOTHING.and_also(*steps)
        made = copy_of(prepared.preview, target, corrections).path
        made_without_checking_is_the_same(path, prepared.preview, corrections, made)
    return made


def made_without_checking_is_the_same(
    path: Path, preview: Preview, corrections: Corrections, made: Path
) -> list[tuple[str, int]]:
    """A copy for which the sheet is read again, but not checked again; and what was said while it was made."""
    said: list[tuple[str, int]] = []
    before, understanding = made.read_bytes(), mending.keep(made.with_name(NAME), preview)
    corrected_copy.copy(
        made, str(path), preview.settings, understanding, corrections, lambda *progress: said.append(progress)
    )
    assert made.read_bytes() == before
    return said


def texts(loaded: Loaded) -> dict[int, list[str]]:
    """The cells of each row, without those that say what was corrected."""
    width = len([heading for heading in loaded.sheet.headings if heading != CORRECTED])
    return {
        number: [column[at] for column in columns[:width]]
        for numbers, columns in loaded.sheet.columns()
        for at, number in enumerate(numbers)
    }


def same(path: Path, settings: Settings, target: Path, *, is_made_twice: bool = True) -> None:
    """The copy has the same texts in the same rows, the same roles, and the same problems."""
    with load(path, settings) as source:
        preview = plan(source, settings, None, SALESHANDY, None)
        made = copy_of(preview, target)
        if is_made_twice and preview.as_read.problems:
            made_without_checking_is_the_same(path, preview, NOTHING, target)
        as_source = replace(settings, header_row=made.header_row, sheet=made.sheet, encoding=None, delimiter=None)
        with load(target, as_source) as copy:
            assert texts(copy) == texts(source)
            assert copy.sheet.headings == (*source.sheet.headings, CORRECTED)
            assert copy.roles == source.roles
            assert copy.rows.problems.keys() == source.rows.problems.keys()
            assert copy.rows.skipped == source.rows.skipped
            assert copy.rows.notes == source.rows.notes
            assert (copy.rows.note == source.rows.note).all()
            assert (copy.rows.prospect == source.rows.prospect).all()
            assert [question.asks for question in copy.questions] == [question.asks for question in source.questions]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_copy_of_a_sample_reads_as_the_sample(path: Path, settings: Settings, tmp_path: Path) -> None:
    """Every untouched cell keeps its text, whatever the file is."""
    same(path, settings, tmp_path / "copy.xlsx")


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.rows], ids=lambda entry: entry.title)
def test_a_copy_of_any_file_reads_as_the_file(entry: Entry, settings: Settings, tmp_path: Path) -> None:
    """Dates, long numbers, blank rows, merged cells, damaged rows: the same texts, and the same rows with problems."""
    path = tmp_path / entry.name
    path.write_bytes(entry.content)
    how = {name: value for name, value in entry.options.items() if name in ("sheet", "header_row", "encoding")}
    same(path, replace(settings, **how), tmp_path / "copy of it.xlsx")  # type: ignore[arg-type]


ANYTHING = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=12)
LIKE_SOMETHING = st.sampled_from(
    [
        "=1+1",
        "@SUM(A1)",
        "'00123",
        "00123",
        "1E5",
        "2026-01-02",
        "#N/A",
        " x ",
        "_x0041_",
        "_x000D_",
        "a\r\nb",
        "a\tb",
        "\n",
    ]
)


@pytest.mark.slow
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(st.tuples(*[st.one_of(ANYTHING, LIKE_SOMETHING)] * 4), min_size=1, max_size=6))
def test_a_copy_of_any_text_reads_as_the_text(
    rows: Sequence[tuple[str, str, str, str]], settings: Settings, tmp_path: Path
) -> None:
    """Formulas, control characters, line breaks and outer spaces stay what they are."""
    path = write(tmp_path / "any.csv", [("p0", "Hello", "Public", "-"), *rows], (*HEAD, "Other"))
    same(path, replace(settings, encoding="utf-8", delimiter=","), tmp_path / "copy.xlsx", is_made_twice=False)


def test_a_text_that_is_too_long_for_spreadsheet_programs_is_whole_in_a_copy(
    settings: Settings, tmp_path: Path
) -> None:
    """The note is sent as it is in the CSV."""
    path = write(tmp_path / "n.csv", [("p1", "Long " * 10_000, "Public"), ("p2", "Hi", "Pubic")])
    same(path, settings, tmp_path / "copy.xlsx")


def test_the_rows_are_counted_while_they_are_read_and_while_they_are_written(
    settings: Settings, tmp_path: Path
) -> None:
    """Each count reaches the number of rows, or nearly, and never falls."""
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Pubic"), *[(f"p{i}", "Hello", "Public") for i in range(20_999)]])
    with prepare(path, settings) as prepared:
        made = copy_of(prepared.preview, tmp_path / "copy.xlsx").path
        said = made_without_checking_is_the_same(path, prepared.preview, NOTHING, made)
    written = [("written", rows) for rows in (8_000, 16_000, 21_000)]
    assert said == [("read", 19_999), *written]


def test_nothing_in_a_copy_is_a_formula_and_the_same_corrections_make_the_same_file(
    settings: Settings, tmp_path: Path
) -> None:
    """Every cell is a text, also in another program."""
    path = write(tmp_path / "n.csv", [("p1", "=1+1", "Pubic"), ("00123", "2026-01-02", "Public")])
    copy = copied(path, settings, Step(Act.WRITE, (2,), 2, "Public"))
    before = copy.read_bytes()
    rows = [*openpyxl.load_workbook(copy).worksheets[0].iter_rows()]
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} <= {"s", "inlineStr"}
    assert rows[2][0].value == "00123"
    assert copied(path, settings, Step(Act.WRITE, (2,), 2, "Public")).read_bytes() == before
    assert openpyxl.load_workbook(copy).properties.created.year == 2000  # not the moment


def test_a_row_that_is_left_out_is_skipped_with_its_cells_in_the_results(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """None of its cells raises a question any more; the results say what was corrected in the others."""
    rows = [("p1", "Hello", "Public"), ("p2", "Hi", "Secret"), ("p3", "Ho", "Secret"), ("p4", "", "Pubic")]
    path = write(tmp_path / "n.csv", rows)
    assert check(path, settings).questions  # what Secret means
    steps = Step(Act.LEAVE_OUT, (3, 4)), Step(Act.WRITE, (5,), 2, "Public"), Step(Act.WRITE, (5,), 1, "Hey\nyou")
    copy = copied(path, settings, *steps)
    assert not check(copy, settings).questions
    report = run(copy, settings)
    assert report is not None
    assert report.counts == {Result.CREATED: 2, Result.SKIPPED: 2}
    sheet = openpyxl.load_workbook(report.results)["Results"]
    found = [tuple(cell.value for cell in row)[:7] for row in sheet.iter_rows(min_row=2)]
    assert [row[:5] for row in found] == [
        ("p1", "Hello", "Public", None, "created"),
        ("p2", "Hi", "Secret", "left out", "skipped"),
        ("p3", "Ho", "Secret", "left out", "skipped"),
        ("p4", "Hey\nyou", "Public", "B5: (blank) → Hey you\nC5: Pubic → Public", "created"),
    ]
    assert found[1][6] == "left out by hand"
    assert sheet["D1"].value == CORRECTED


def test_a_row_that_is_left_out_raises_no_question(settings: Settings, tmp_path: Path) -> None:
    """Who of several people receives its note doesn't matter any more."""
    rows = [("al@example.com", "Hello", "Public"), ("jo@example.com; al@example.com", "Hi", "Public")]
    path = write(tmp_path / "n.csv", rows, ("Email", "Note", "Visibility"))
    assert check(path, settings).questions
    preview = check(copied(path, settings, Step(Act.LEAVE_OUT, (3,))), settings)
    assert not preview.questions
    assert preview.to_look_up == 1


def test_a_row_that_may_be_cut_off_stays_a_problem_until_somebody_says_that_it_is_right(
    settings: Settings, tmp_path: Path
) -> None:
    """A copy has no short rows, so that its last column says which one was short."""
    path = tmp_path / "n.csv"
    path.write_text("Prospect ID,Note,Visibility,Other\np1,Hello,Public,-\np2,Hi,Public\np3,Ho,Public,-\n", "utf-8")
    preview = check(copied(path, settings, Step(Act.WRITE, (3,), 1, "Hi there")), settings)
    (problem,) = [problem for problems in preview.loaded.rows.problems.values() for problem in problems]
    assert render(problem.text).startswith("not corrected yet: the row has fewer cells (3) than the header (4)")
    assert (problem.row, problem.column) == (3, None)
    again = copied(tmp_path / "n corrected.xlsx", settings, Step(Act.CONFIRM, (3,)))
    assert check(again, settings).loaded.rows.problems == {}
    assert check(copied(path, settings, Step(Act.CONFIRM, (3,))), settings).loaded.rows.problems == {}
    (change,) = [row[4].value for row in openpyxl.load_workbook(again).worksheets[0].iter_rows(min_row=3, max_row=3)]
    assert change == "B3: Hi → Hi there"


def test_a_hidden_flaw_of_a_cell_that_was_not_corrected_stays_a_problem(settings: Settings, tmp_path: Path) -> None:
    """The copy of an email without its formula's result would have another text than anyone saw."""
    path, book = tmp_path / "n.xlsx", openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (HEAD, ("p1", '="He"&"llo"', "Public"), ("p2", '="Hi"', "Public"), ("p3", "Hey", "Public")):
        sheet.append(row)
    book.save(path)
    assert len(check(path, settings).loaded.rows.problems) == 2
    preview = check(copied(path, settings, Step(Act.WRITE, (2,), 1, "Hello")), settings)
    assert [problems[0].row for problems in preview.loaded.rows.problems.values()] == [3]
    assert [note.text for note in preview.loaded.rows.notes] == ["Hello", "Hey"]


@pytest.mark.usefixtures("desk")
def test_a_night_that_reads_the_original_again_sends_nothing_that_the_copy_sent(
    settings: Settings, box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what is still a problem there fails; a word that gets a meaning later is sent no more either."""
    head = ("Prospect ID", "Note", "Visibility", "Task ID", "Key")
    rows = [
        ("p1", "Hello", "Public", "task-00000001", ""),
        ("p1", "Hello", "Pubic", "task-00000002", ""),  # becomes the same as the first row
        ("p2", "Hi", "Pubic", "task-00000003", "a"),
        ("p2", "Hi", "Public", "task-00000004", "b"),  # another occurrence
        ("p3", "#N/A", "Public", "task-00000005", ""),
        ("p4", "Ho", "", "task-00000006", ""),
    ]
    path = write(tmp_path / "n.csv", rows, head)
    steps = Step(Act.WRITE, (3, 4), 2, "Public"), Step(Act.WRITE, (6,), 1, "Hey"), Step(Act.LEAVE_OUT, (7,))
    keyed = replace(settings, key_column="Key")
    report = run(copied(path, keyed, *steps), keyed)
    assert report is not None
    assert report.counts == {Result.CREATED: 4, Result.DUPLICATE: 1, Result.SKIPPED: 1}
    sent = len(box.received)
    assert len(box.notes) == 4
    night = ["run", "n.csv", "--yes", "--key-column", "Key", "--json"]
    for more, counts in (
        ([], {"already imported": 2, "invalid": 4}),
        (["--value", "visibility:Pubic=Public"], {"already imported": 3, "duplicate": 1, "invalid": 2}),
    ):
        assert main([*night, *more]) == 1, capsys.readouterr()
        document = json.loads(capsys.readouterr().out)
        found = document["files"][0]["report"]["counts"]
        assert {result: rows for result, rows in found.items() if rows} == counts
    assert [received.path for received in box.received[sent:] if received.method == "POST"] == []
    assert len(box.notes) == 4


MEANT_LATER: Sequence[tuple[str, str, str, Sequence[str]]] = (
    # heading of the words, the wrong word, what the copy says, what the word means later
    ("Visibility", "Pubic", "Private", ["--value", "visibility:Pubic=Public"]),
    ("Visibility", "", "Private", ["--default-visibility", "public"]),
    ("Visibility", "Clients, partners and everybody who asks for it in the " * 2, "Private", []),
    ("Status", "Finl", "Draft", ["--value", "status:Finl=Published"]),
)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(("heading", "wrong", "right", "means"), MEANT_LATER, ids=lambda part: str(part)[:20])
def test_a_row_that_was_corrected_is_not_sent_again_once_its_word_has_a_meaning(
    heading: str,
    wrong: str,
    right: str,
    means: Sequence[str],
    settings: Settings,
    box: Sandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also the row that became a duplicate, and one whose text was corrected, too; but a further row is sent."""
    other = "Status" if heading == "Visibility" else "Visibility"
    said = {"Status": "Published", "Visibility": "Public"}[other]
    head = ("Prospect ID", "Note", heading, other)
    rows = [
        ("p1", "Hello", wrong, said),
        ("p2", "Hi", wrong, said),
        ("p2", "Hi", f"{wrong} " if wrong else " ", said),  # a duplicate in the copy
        ("p3", "Teh end", wrong, said),
        ("p4", "Ho", "Private" if heading == "Visibility" else "Draft", said),
    ]
    path = write(tmp_path / "n.csv", rows, head)
    copy = copied(path, settings, Step(Act.WRITE, (2, 3, 4, 5), 2, right), Step(Act.WRITE, (5,), 1, "The end"))
    source = write(tmp_path / "source.csv", rows, head)  # as the page keeps it
    assert run(copy, settings, copy_of={"print": source}) is not None
    assert len(box.notes) == 4
    if not means:
        means = ["--value", f"visibility:{wrong.strip()}=Public"]
    more = [("p1", "Hello there", wrong, said), ("p5", "Hello", wrong, said)]
    for further, made in ((rows, 4), ([*rows, *more], 6)):
        write(path, further, head)
        for _ in range(2):
            assert main(["run", "n.csv", "--yes", "--json", *means]) == 0, capsys.readouterr()
            assert len(box.notes) == made
    assert {(note.prospect_id, note.content) for note in box.notes[-2:]} == {
        ("p1", "<p>Hello there</p>"),
        ("p5", "<p>Hello</p>"),
    }


PUBLIC_LATER: Values = {(Role.VISIBILITY, None): {"Pubic": Visibility.PUBLIC, "Publik": Visibility.PUBLIC}}


@pytest.mark.parametrize("is_known", [False, True])
def test_what_a_corrected_row_repeats_counts_for_it_too(
    is_known: bool, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Its note may be there since an earlier sheet, or be that of another row of the copy. A copy has a copy, too."""
    if is_known:
        run(write(tmp_path / "earlier.csv", [("p1", "Hello", "Private"), ("p2", "Hi", "Private")]), settings)
    rows = [("p1", "Hello", "Pubic"), ("p2", "Hi", "Pubic"), ("p2", "Hi", "Publik"), ("p3", "Ho", "Pubic")]
    path = write(tmp_path / "n.csv", rows)
    first = copied(path, settings, Step(Act.WRITE, (2, 3, 4), 2, "Private"), Step(Act.WRITE, (5,), 2, "Publik"))
    copy = copied(first, settings, Step(Act.WRITE, (5,), 2, "Private"))
    report = run(copy, settings)
    assert report is not None
    assert report.counts[Result.DUPLICATE] == 1
    made = len(box.notes)
    only_one: Values = {(Role.VISIBILITY, None): {"Publik": Visibility.PUBLIC}}
    night = run(path, replace(settings, values=only_one))
    assert night is not None
    assert night.counts == {Result.ALREADY_IMPORTED: 1, Result.INVALID: 3}
    for sheet in (path, first, copy):
        night = run(sheet, replace(settings, values=PUBLIC_LATER))
        assert night is not None
        assert set(night.counts) <= {Result.ALREADY_IMPORTED, Result.DUPLICATE}
    assert len(box.notes) == made == 3
    assert {note.visibility for note in box.notes} == {"2"}


@pytest.mark.parametrize("template_of_copy", ["", "[{Date}: ]{Note}"])
@pytest.mark.parametrize("template", ["", "[{Date}: ]{Note}"])
def test_a_corrected_row_is_known_with_a_template_and_without(
    template_of_copy: str, template: str, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The note of a later month with the same words is sent, if its template tells it apart."""
    head = ("Prospect ID", "Note", "Visibility", "Date")
    rows = [("p1", "Called", "Pubic", "2026-01-01"), ("p2", "Hi", "Public", "2026-01-02")]
    path = write(tmp_path / "n.csv", rows, head)

    def composed(template: str) -> Settings:
        return replace(settings, mapping={Role.CONTENT: (template,)} if template else {}, values=PUBLIC_LATER)

    source = replace(composed(template_of_copy), values={})
    run(copied(path, source, Step(Act.WRITE, (2,), 2, "Private")), source)
    asked = run(path, composed(template))
    assert asked is not None
    assert set(asked.counts) == {Result.ALREADY_IMPORTED if template == template_of_copy else Result.NOT_SENT}
    night = run(path, replace(composed(template), in_doubt=InDoubt.SAME))
    assert night is not None
    assert night.counts == {Result.ALREADY_IMPORTED: 2}
    if template:
        later = write(tmp_path / "n.csv", [*rows, ("p1", "Called", "Pubic", "2026-02-01")], head)
        for counts in ({Result.CREATED: 1, Result.ALREADY_IMPORTED: 2}, {Result.ALREADY_IMPORTED: 3}):
            night = run(later, composed(template))
            assert night is not None
            assert night.counts == counts
    assert len(box.notes) == (3 if template else 2)


def test_a_row_is_known_if_only_the_copy_was_sent_with_the_template(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The copy was made before somebody thought of the template; the night has it, too."""
    rows = [("p1", "Called", "Pubic", "2026-01-01"), ("p1", "Called", "Pubic", "2026-02-01")]
    path = write(tmp_path / "n.csv", rows[:1], (*HEAD, "Date"))
    composed = replace(settings, mapping={Role.CONTENT: ("[{Date}: ]{Note}",)})
    run(copied(path, settings, Step(Act.WRITE, (2,), 2, "Private")), composed)
    for made, sheet in ((1, rows[:1]), (2, rows)):
        night = run(write(tmp_path / "n.csv", sheet, (*HEAD, "Date")), replace(composed, values=PUBLIC_LATER))
        assert night is not None
        assert len(box.notes) == made


@pytest.mark.parametrize("is_filled", [False, True])
def test_a_merged_word_that_counts_later_is_not_sent_for_a_corrected_row(
    is_filled: bool, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The cell was a problem of its row, until merged cells were said to count for all of their rows."""
    path, book = tmp_path / "n.xlsx", openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (HEAD, ("p1", "Hello", "Pubic"), ("p2", "Hi", None), ("p3", "Ho", "Public")):
        sheet.append(row)
    sheet.merge_cells("C2:C3")
    book.save(path)
    source = replace(settings, fill_merged=is_filled)
    assert run(copied(path, source, Step(Act.WRITE, (2, 3), 2, "Private")), source) is not None
    night = run(path, replace(settings, fill_merged=True, values=PUBLIC_LATER))
    assert night is not None
    assert night.counts == {Result.ALREADY_IMPORTED: 3}
    assert sorted((note.prospect_id, note.visibility) for note in box.notes) == [("p1", "2"), ("p2", "2"), ("p3", "1")]


def test_a_copy_that_was_sent_in_part_sends_nothing_that_a_night_sent_of_its_source_meanwhile(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Whoever comes first sends a row; the other one leaves it alone. A row that was hidden meanwhile is sent."""
    path = write(tmp_path / "n.csv", [(f"p{i}", "Hello", "Pubic") for i in range(4)])
    copy = copied(path, settings, Step(Act.WRITE, (2, 3, 4, 5), 2, "Private"))
    part = run(copy, replace(settings, first=1))
    night = run(path, replace(settings, values=PUBLIC_LATER))
    assert part is not None
    assert night is not None
    assert night.counts == {Result.CREATED: 3, Result.ALREADY_IMPORTED: 1}
    rest = run(copy, settings)
    assert rest is not None
    assert rest.counts == {Result.ALREADY_IMPORTED: 4}
    assert [(note.prospect_id, note.visibility) for note in box.notes] == [
        ("p0", "2"), ("p1", "1"), ("p2", "1"), ("p3", "1"),
    ]  # fmt: skip
    hide(what_to_hide(Which(night.run), settings), settings)
    rest = run(copy, replace(settings, hidden=IfHidden.SEND))
    assert rest is not None
    assert rest.counts == {Result.CREATED: 3, Result.ALREADY_IMPORTED: 1}


def test_a_second_copy_with_another_visibility_sends_no_row_that_the_first_sent(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Of the same rows in a later export, which somebody else may have corrected."""
    rows = [("p1", "Hello", "Pubic"), ("p2", "Hi", "Public")]
    path = write(tmp_path / "n.csv", rows)
    assert run(copied(path, settings, Step(Act.WRITE, (2,), 2, "Private")), settings) is not None
    path = write(tmp_path / "later.csv", [*rows, ("p3", "Hello", "Pubic")])
    report = run(copied(path, settings, Step(Act.WRITE, (2, 4), 2, "Public")), settings)
    assert report is not None
    assert report.counts == {Result.CREATED: 1, Result.ALREADY_IMPORTED: 2}
    assert [(note.prospect_id, note.visibility) for note in box.notes[-1:]] == [("p3", "1")]


def test_equal_rows_that_somebody_corrected_each_in_another_way_are_one_note_if_they_say_the_same(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The least visible counts. What says something else is another note, although both rows had no text."""
    rows = [("p1", "Hello", "Pubic"), ("p1", "Hello", "Pubic"), ("p2", "", "Pubic"), ("p2", "", "Pubic")]
    path = write(tmp_path / "n.csv", rows)
    steps = [Step(Act.WRITE, (2, 4, 5), 2, "Private"), Step(Act.WRITE, (3,), 2, "Public")]
    copy = copied(path, settings, *steps, Step(Act.WRITE, (4,), 1, "One"), Step(Act.WRITE, (5,), 1, "Two"))
    for made in (1, 2, 3):
        assert run(copy, replace(settings, first=1)) is not None
        assert len(box.notes) == made
    later = copied(write(tmp_path / "m.csv", rows[2:3]), settings, Step(Act.WRITE, (2,), 2, "Private"))
    again = copied(later, settings, Step(Act.WRITE, (2,), 1, "Three"))
    assert run(again, settings) is not None
    assert [note.visibility for note in box.notes] == ["2"] * 4


def test_all_is_sent_anew_with_again_and_counts_from_then_on(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    """Also what a run with --again sent of a corrected copy counts for the original."""
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Pubic")])
    run(copied(path, settings, Step(Act.WRITE, (2,), 2, "Private")), replace(settings, again=True))
    meant = replace(settings, values=PUBLIC_LATER)
    night = run(path, meant)
    assert night is not None
    assert night.counts == {Result.ALREADY_IMPORTED: 1}
    night = run(path, replace(meant, again=True))
    assert night is not None
    assert night.counts == {Result.CREATED: 1}
    assert [note.visibility for note in box.notes] == ["2", "1"]


def test_a_row_whose_corrected_note_was_hidden_is_sent_with_the_meaning_of_its_word(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """So a wrong correction can be undone."""
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Pubic"), ("p2", "Hi", "Public")])
    report = run(copied(path, settings, Step(Act.WRITE, (2,), 2, "Private")), settings)
    assert report is not None
    hide(what_to_hide(Which(report.run), settings), settings)
    night = run(path, replace(settings, values=PUBLIC_LATER, hidden=IfHidden.SEND))
    assert night is not None
    assert night.counts == {Result.CREATED: 2}


def test_an_email_that_was_corrected_is_sent_once(settings: Settings, tmp_path: Path) -> None:
    """The original's email stays a problem; the notes of the others are there already."""
    head = ("Email", "Note", "Visibility")
    path = write(tmp_path / "n.csv", [("al@example.com", "Hello", "Public"), ("jo@example", "Hi", "Public")], head)
    with Sandbox(prospects={"8PvBmrB7P1": "al@example.com", "8PvBmrB7P2": "jo@example.com"}) as box:
        here = replace(settings, base_url=box.url, key=box.api_key)
        report = run(copied(path, here, Step(Act.WRITE, (3,), 0, "jo@example.com")), here)
        assert report is not None
        assert report.counts == {Result.CREATED: 2}
        night = run(path, here)
        assert night is not None
        assert night.counts == {Result.ALREADY_IMPORTED: 1, Result.INVALID: 1}
        assert sorted(note.prospect_id for note in box.notes) == ["8PvBmrB7P1", "8PvBmrB7P2"]


def test_the_corrections_of_a_results_file_keep_its_row_numbers_and_its_note_ids(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """A copy of To fix is read as To fix is: our columns are ours, and source_row is the first file's."""
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Public"), ("p2", "Hi", "Pubic"), ("p3", "Ho", "Pubic")])
    report = run(path, settings)
    assert report is not None
    to_fix = replace(settings, sheet=TO_FIX)
    copy = copied(report.results, to_fix, Step(Act.WRITE, (2,), 4, "Public"))
    again = run(copy, to_fix)
    assert again is not None
    assert again.counts == {Result.CREATED: 1, Result.INVALID: 1}
    sheet = openpyxl.load_workbook(again.results)["Results"]
    headings = [cell.value for cell in sheet[1]]
    assert headings[:4] == [*HEAD, CORRECTED]
    assert [row[headings.index("source_row")].value for row in sheet.iter_rows(min_row=2)] == [3, 4]
    assert len(box.notes) == 2
