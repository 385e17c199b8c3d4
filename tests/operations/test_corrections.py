"""Corrections are laid over a sheet while it is read; what was sent of them, or left out, is known from then on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import openpyxl
import pytest

from importer.cli import main
from importer.errors import UnreadableFile
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.importing.preview import Preview
from importer.importing.report import Report
from importer.messages import render
from importer.models import Result, Role, Visibility
from importer.operations import corrected_sheet
from importer.operations.corrections import Act, Corrections, Step
from importer.operations.hide import Which, hide, what_to_hide
from importer.reading import Correction
from importer.settings import Settings
from importer.settings.kinds import InDoubt, SeveralInCell, Values
from tests import running
from tests.page.conftest import HEAD, write
from tests.reading.catalogue import ENTRIES, Entry
from tests.running import check
from tests.sandbox import Sandbox

PUBLIC_LATER: Values = {(Role.VISIBILITY, None): {"Pubic": Visibility.PUBLIC, "Publik": Visibility.PUBLIC}}


def of(*steps: Step) -> Mapping[int, Correction]:
    return Corrections().and_also(*steps).by_row


def wrote(row: int, column: int, text: str) -> Step:
    return Step(Act.WRITE, (row,), column, text)


def left_out(*rows: int) -> Step:
    return Step(Act.LEAVE_OUT, rows)


def run(path: Path, settings: Settings, *steps: Step) -> Report:
    """Import a file with corrections, as the page does."""
    return running.ran(path, settings, corrections=of(*steps))


night = running.ran  # a file as it is, as no page imports it


def rows_of(report: Report) -> list[dict[str, object]]:
    headings, *rows = openpyxl.load_workbook(report.results)["Results"].iter_rows(values_only=True)
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows]


def texts(loaded: Loaded) -> dict[int, list[str]]:
    return dict(loaded.sheet.rows())


def problems(preview: Preview) -> list[tuple[int, str]]:
    return sorted((one.row, render(one.text)) for alike in preview.troubles for one in alike.problems)


# -- over the sheet


def test_a_correction_is_read_for_its_cell_and_is_named(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    rows = [("p1", "Hello", "Public"), ("p2", "Hi", "Secret"), ("p3", "Ho", "Secret"), ("p4", "", "Pubic")]
    path = write(tmp_path / "n.csv", [*rows, ("p5", "", "Pubic")])
    before = path.read_bytes()
    assert check(path, settings).questions  # what Secret means
    steps = left_out(3, 4), wrote(5, 2, "Public"), wrote(5, 1, "Hey\nyou"), wrote(6, 2, "Public")
    assert not check(path, settings, of(*steps)).questions
    report = run(path, settings, *steps)
    assert report.counts == {Result.CREATED: 2, Result.SKIPPED: 2, Result.INVALID: 1}
    *good, wrong = rows_of(report)
    assert str(wrong["reason"]).endswith("; corrected: C6: Pubic → Public")
    assert [(*(row[name] for name in (*HEAD, "result")), row["reason"]) for row in good] == [
        ("p1", "Hello", "Public", "created", None),
        ("p2", "Hi", "Secret", "skipped", "left out by hand"),
        ("p3", "Ho", "Secret", "skipped", "left out by hand"),
        ("p4", "Hey\nyou", "Public", "created", "corrected: B5: (blank) → Hey you, C5: Pubic → Public"),
    ]
    assert path.read_bytes() == before


def test_a_flaw_of_a_cell_that_was_not_corrected_stays_a_problem(settings: Settings, tmp_path: Path) -> None:
    """A formula without its result is one; and so is what nobody can read, whoever wrote it."""
    path, book = tmp_path / "n.xlsx", openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (HEAD, ("p1", '="He"&"llo"', "Public"), ("p2", '="Hi"', "Public"), ("p3", "Hey", "Public")):
        sheet.append(row)
    book.save(path)
    assert [row for row, _ in problems(check(path, settings))] == [2, 3]
    preview = check(path, settings, of(wrote(2, 1, "Hello"), wrote(4, 1, "H\ufffd")))
    assert [row for row, _ in problems(preview)] == [3, 4]
    assert [note.text for notes in preview.examples.values() for note in notes] == ["Hello"]


# -- known from then on


@pytest.mark.usefixtures("desk")
def test_a_night_that_reads_the_file_again_sends_nothing_that_was_sent_of_its_corrections(
    settings: Settings, box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    steps = Step(Act.WRITE, (3, 4), 2, "Public"), wrote(6, 1, "Hey"), left_out(7)
    report = run(path, replace(settings, mapping={Role.KEY: ("Key",)}), *steps)
    assert report.counts == {Result.CREATED: 4, Result.DUPLICATE: 1, Result.SKIPPED: 1}
    sent = len(box.received)
    assert len(box.notes) == 4
    nightly = ["run", "n.csv", "--yes", "--map", "key=Key", "--json", "--value", "visibility:Pubic=Public"]
    assert main(nightly) == 1, capsys.readouterr()
    found = json.loads(capsys.readouterr().out)["files"][0]["report"]["counts"]
    counts = {"already imported": 3, "duplicate": 1, "invalid": 1, "skipped": 1}
    assert {result: rows for result, rows in found.items() if rows} == counts
    assert [received.path for received in box.received[sent:] if received.method == "POST"] == []
    assert len(box.notes) == 4


MEANT_LATER: Sequence[tuple[str, str, str, Sequence[str]]] = (
    # heading of the words, the wrong word, how it is corrected, what the word means later
    ("Visibility", "Pubic", "Private", ["--value", "visibility:Pubic=Public"]),
    ("Visibility", "", "Private", ["--default-visibility", "public"]),
    ("Visibility", "Clients, partners and everybody who asks for it in the " * 2, "Private", []),
    ("Status", "Finl", "Draft", ["--value", "status:Finl=Published"]),
)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("case", MEANT_LATER, ids=lambda case: "".join(case[:2])[:20])
def test_a_row_that_was_corrected_is_not_sent_again_once_its_word_has_a_meaning(
    case: tuple[str, str, str, Sequence[str]], settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    heading, wrong, right, means = case
    other = "Status" if heading == "Visibility" else "Visibility"
    said = {"Status": "Published", "Visibility": "Public"}[other]
    head = ("Prospect ID", "Note", heading, other)
    rows = [
        ("p1", "Hello", wrong, said),
        ("p2", "Hi", wrong, said),
        ("p2", "Hi", f"{wrong} " if wrong else " ", said),  # becomes a duplicate
        ("p3", "Teh end", wrong, said),
        ("p4", "Ho", "Private" if heading == "Visibility" else "Draft", said),
    ]
    path = write(tmp_path / "n.csv", rows, head)
    run(path, settings, Step(Act.WRITE, (2, 3, 4, 5), 2, right), wrote(5, 1, "The end"))
    assert len(box.notes) == 4
    means = means or ["--value", f"visibility:{wrong.strip()}=Public"]
    more = [("p1", "Hello there", wrong, said), ("p5", "Hello", wrong, said)]
    for further, made in ((rows, 4), ([*rows, *more], 6)):
        write(path, further, head)
        for _ in range(2):
            assert main(["run", "n.csv", "--yes", "--json", *means]) == 0
            assert len(box.notes) == made
    made_last = {(note.prospect_id, note.content) for note in box.notes[-2:]}
    assert made_last == {("p1", "<p>Hello there</p>"), ("p5", "<p>Hello</p>")}


@pytest.mark.parametrize(
    ("template_of_page", "template"), [("", "[{Date}: ]{Note}"), ("[{Date}: ]{Note}", ""), ("[{Date}: ]{Note}",) * 2]
)
def test_a_corrected_row_is_known_with_a_template_and_without(
    template_of_page: str, template: str, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Another template is a question. A later month's note with the same words is sent if a template tells it apart."""
    head = ("Prospect ID", "Note", "Visibility", "Date")
    rows = [("p1", "Called", "Pubic", "2026-01-01"), ("p2", "Hi", "Public", "2026-01-02")]
    path = write(tmp_path / "n.csv", rows, head)

    def composed(template: str) -> Settings:
        return replace(settings, mapping={Role.CONTENT: (template,)} if template else {}, values=PUBLIC_LATER)

    run(path, replace(composed(template_of_page), values={}), wrote(2, 2, "Private"))
    asked = night(path, composed(template))
    is_asked = template != template_of_page
    assert set(asked.counts) == {Result.NOT_SENT if is_asked else Result.ALREADY_IMPORTED}
    answered = night(path, replace(composed(template), in_doubt=[InDoubt.SAME]))
    assert answered.counts == {Result.ALREADY_IMPORTED: 2}
    if template:
        later = write(tmp_path / "n.csv", [*rows, ("p1", "Called", "Pubic", "2026-02-01")], head)
        for counts in ({Result.CREATED: 1, Result.ALREADY_IMPORTED: 2}, {Result.ALREADY_IMPORTED: 3}):
            assert night(later, composed(template)).counts == counts
    assert len(box.notes) == (3 if template else 2)


def test_the_rest_of_a_file_sends_nothing_that_a_night_sent(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    rows = [(f"p{i}", "Hello", "Pubic") for i in range(4)]
    path, private = write(tmp_path / "n.csv", rows), Step(Act.WRITE, (2, 3, 4, 5), 2, "Private")
    run(write(tmp_path / "some.csv", rows[:1]), settings, wrote(2, 2, "Private"))
    report = night(path, replace(settings, values=PUBLIC_LATER))
    assert report.counts == {Result.CREATED: 3, Result.ALREADY_IMPORTED: 1}
    assert run(path, settings, private).counts == {Result.ALREADY_IMPORTED: 4}
    assert [(note.prospect_id, note.visibility) for note in box.notes] == [
        ("p0", "2"), ("p1", "1"), ("p2", "1"), ("p3", "1"),
    ]  # fmt: skip
    hide(what_to_hide(Which(report.run), settings), settings)
    rest = run(path, replace(settings, in_doubt=[InDoubt.SEND_HIDDEN]), private)
    assert rest.counts == {Result.CREATED: 3, Result.ALREADY_IMPORTED: 1}


def test_equal_rows_that_somebody_corrected_each_in_another_way_are_one_note_if_they_say_the_same(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    rows = [("p1", "Hello", "Pubic"), ("p1", "Hello", "Pubic"), ("p2", "", "Pubic"), ("p2", "", "Pubic")]
    path = write(tmp_path / "n.csv", [*rows, ("p3", "Hi", "Private")])
    steps = [Step(Act.WRITE, (2, 4, 5), 2, "Private"), wrote(3, 2, "Public"), wrote(4, 1, "One"), wrote(5, 1, "Two")]
    for later in [], [wrote(4, 1, "Uno"), wrote(5, 1, "Dos"), wrote(6, 1, "Hi!")]:
        found = rows_of(run(path, settings, *steps, *later))
        assert len(box.notes) == 4
    assert all("its text has changed since" in str(row["reason"]) for row in found[2:])
    run(write(tmp_path / "m.csv", rows[2:3]), settings, wrote(2, 2, "Private"), wrote(2, 1, "Three"))
    assert [note.visibility for note in box.notes] == ["2"] * 5


def test_all_is_sent_anew_with_again_and_counts_from_then_on(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Pubic"), ("p2", "Ho", "Public")])
    run(path, replace(settings, again=True), wrote(2, 2, "Private"), left_out(3))
    meant = replace(settings, values=PUBLIC_LATER)
    assert night(path, meant).counts == {Result.ALREADY_IMPORTED: 1, Result.SKIPPED: 1}
    assert night(path, replace(meant, again=True)).counts == {Result.CREATED: 2}
    assert [(note.prospect_id, note.visibility) for note in box.notes] == [("p1", "2"), ("p1", "1"), ("p2", "1")]


@pytest.fixture
def by_email(settings: Settings) -> Iterator[Settings]:
    with Sandbox(prospects={"8PvBmrB7P1": "al@example.com", "8PvBmrB7P2": "jo@example.com"}) as box:
        yield replace(settings, base_url=box.url, key=box.api_key)


# -- left out from then on


def test_of_a_corrected_row_of_several_people_none_is_told_twice_nor_who_was_taken_out(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    one, two, three, four = (f"8PvBmrB7P{i}" for i in range(1, 5))
    settings = replace(settings, several_in_cell=SeveralInCell.EACH)
    rows = [(f"{one}, {two}", "Helo", "Public"), (f"{one}, {two}", "Hi", "Public"), (one, "Hey", "Public")]
    path = write(tmp_path / "n.csv", rows)
    run(path, settings, wrote(2, 1, "Hello"), wrote(3, 0, f"{two}, {three}"), wrote(4, 0, three))
    for later in rows, [*rows, (four, "Hey", "Public")], rows[2:]:
        night(write(path, later), settings)
    added = night(write(tmp_path / "added.csv", [(f"{one}, {four}", "Hi", "Public")]), settings)
    assert (f"{one} skipped (" in str(rows_of(added)[0]["reason"]), added.counts) == (True, {Result.CREATED: 1})
    told = sorted((note.sent_content, note.prospect_id) for note in box.notes)
    assert told == [
        ("Hello", one),
        ("Hello", two),
        ("Hey", three),
        ("Hey", four),
        *(("Hi", who) for who in (two, three, four)),
    ]


@pytest.mark.parametrize("head", [HEAD, ("Email", *HEAD[1:])])
def test_a_row_that_is_left_out_after_it_was_sent_keeps_the_id_of_its_note(
    settings: Settings, by_email: Settings, tmp_path: Path, head: Sequence[str]
) -> None:
    settings, who = (by_email, "al@example.com") if head[0] == "Email" else (settings, "p1")
    path = write(tmp_path / "n.csv", [(who, "Hello", "Public"), (who, "Hi", "Public")], head)
    [first, _] = rows_of(run(path, settings))
    report = run(path, settings, left_out(2))
    [row, _] = rows_of(report)
    assert (report.counts, report.exit_status, row["note_id"]) == ({Result.ALREADY_IMPORTED: 2}, 0, first["note_id"])
    assert str(row["reason"]).endswith("; left out by hand")


@pytest.mark.parametrize("head", [HEAD, ("Email", *HEAD[1:])])
def test_a_row_that_was_left_out_is_skipped_in_the_next_sheets_too(
    settings: Settings, by_email: Settings, box: Sandbox, tmp_path: Path, head: Sequence[str]
) -> None:
    settings = by_email if head[0] == "Email" else settings
    al, jo = ("al@example.com", "jo@example.com") if head[0] == "Email" else ("p1", "p2")
    path = write(tmp_path / "n.csv", [(al, "Hello", "Secret"), (jo, "Hi", "Public")], head)
    assert run(path, settings, left_out(2)).counts == {Result.CREATED: 1, Result.SKIPPED: 1}
    for word, other in (("Secret", "p9"), ("Public", "p10")):
        text = "Good morning" if head[0] == "Email" else "Hello"
        rows = [(al, "Hello", word), (al, f"Hello {other}", "Public"), (jo, text + other, "Public")]
        later = write(tmp_path / "later.csv", rows, head)
        preview = check(later, settings)
        assert not preview.questions
        assert preview.remaining.total == 2
        report = night(later, settings)
        assert (report.counts, report.exit_status) == ({Result.CREATED: 2, Result.SKIPPED: 1}, 0)
        assert str(rows_of(report)[0]["reason"]).endswith("n.csv was imported")
    assert night(path, settings).counts == {Result.ALREADY_IMPORTED: 1, Result.SKIPPED: 1}


def test_a_record_that_was_left_out_is_known_by_its_id(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    head, told = (*HEAD, "Activity ID"), replace(settings, mapping={Role.RECORD: ("Activity ID",)})
    rows = [("p1", "Hello", "Pubic", "activity-1"), ("p2", "Hi", "Public", "activity-2")]
    path = write(tmp_path / "n.csv", rows, head)
    run(path, told, left_out(2))
    rows = [("p1", "Hello, edited", "Public", "activity-1"), ("p1", "Hello", "Public", "activity-3")]
    assert night(write(tmp_path / "m.csv", rows, head), told).counts == {Result.CREATED: 1, Result.SKIPPED: 1}
    assert night(write(tmp_path / "m.csv", [("p1", "Hello", "Public")]), settings).counts == {Result.SKIPPED: 1}
    run(write(tmp_path / "o.csv", [("p3", "Ho", "Public", "activity-4")], head), settings, left_out(2))
    assert check(write(path, [("p3", "Ho", "Public", "activity-5")], head), told).remaining.total == 0


def test_a_row_left_out_of_a_sheet_stays_out_however_the_sheet_is_read(by_email: Settings, tmp_path: Path) -> None:
    settings = replace(by_email, several_in_cell=SeveralInCell.EACH)
    al, jo, head, book = "al@example.com", "jo@example.com", ("Email", *HEAD[1:], "Day"), openpyxl.Workbook()
    rows = (al, "Hello", "Public", "May"), (f"{al}; {jo}", "Hi", "Public", "May"), (al, "Ho", "Public", "May")
    for sheet in book.worksheets[0], book.create_sheet("Later"):
        for row in head, *rows:
            sheet.append(row)
    book.save(path := tmp_path / "n.xlsx")
    run(path, replace(settings, sheet="Sheet"), left_out(2, 3), wrote(4, 0, jo))
    run(path, replace(settings, sheet="Later"), left_out(4))
    for other in {}, {"key": "another"}, {"mapping": {Role.CONTENT: ("{Day}: {Note}",)}}:
        assert check(path, replace(settings, sheet="Sheet", **other)).remaining.total == 0
    with_ids = write(tmp_path / "m.csv", [("8PvBmrB7P1", *row) for row in rows[::2]], ("Prospect ID", *head))
    assert check(with_ids, settings).remaining.total == 0
    path = write(tmp_path / "o.csv", [(f"{jo}; no@example.com", "Hey", "Public")], head[:3])
    run(path, settings, wrote(2, 1, "Hey!"))
    assert check(path, settings).to_look_up == 1, "who wasn't there wasn't taken out"


def test_of_rows_that_repeat_each_other_one_may_be_left_out(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    rows = [("p1", "Hello", "Pubic"), ("p1", "Hello", "Public"), ("p2", "Hi", "Pubic"), ("p2", "Hi", "Pubic")]
    path = write(tmp_path / "n.csv", rows)
    steps = left_out(2, 4), wrote(5, 2, "Public")
    assert run(path, settings, *steps).counts == {Result.CREATED: 2, Result.SKIPPED: 2}
    assert run(path, settings, *steps).counts == {Result.ALREADY_IMPORTED: 2, Result.SKIPPED: 2}
    assert night(write(tmp_path / "m.csv", rows[1:2]), settings).counts == {Result.ALREADY_IMPORTED: 1}


def test_who_takes_it_back_has_the_row_sent(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Pubic"), ("p2", "Hi", "Pubic"), ("p9", "Hi", "Public")])
    run(path, settings, left_out(2, 3))
    again = run(path, settings, left_out(3), wrote(2, 2, "Public"))
    assert again.counts == {Result.CREATED: 1, Result.ALREADY_IMPORTED: 1, Result.SKIPPED: 1}
    later = write(tmp_path / "m.csv", [("p1", "Hello", "Public"), ("p2", "Hi", "Pubic")])
    assert run(later, settings).counts == {Result.ALREADY_IMPORTED: 1, Result.SKIPPED: 1}
    assert run(later, settings, wrote(3, 2, "Public")).counts == {Result.ALREADY_IMPORTED: 1, Result.CREATED: 1}
    assert night(later, settings).counts == {Result.ALREADY_IMPORTED: 1, Result.INVALID: 1}
    assert len(box.notes) == 3


# -- the corrected sheet as a file

FIT = [entry for entry in ENTRIES if entry.rows and entry.title != "a very long cell"]
"""Files whose texts a workbook can hold."""


def written(path: Path, settings: Settings, *steps: Step) -> Path:
    target = path.with_name("sheet.xlsx")
    corrected_sheet.write(target, str(path), settings, of(*steps))
    return target


@pytest.mark.parametrize("entry", FIT[::3], ids=lambda entry: entry.title)
def test_the_corrected_sheet_has_a_files_texts_in_its_rows(entry: Entry, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / entry.name
    path.write_bytes(entry.content)
    how = {name: value for name, value in entry.options.items() if name in ("sheet", "header_row", "encoding")}
    told = replace(settings, **how)  # type: ignore[arg-type]
    with load(path, told) as source:
        told = replace(settings, header_row=source.sheet.header_row)
        with load(written(path, replace(told, **how)), told) as sheet:  # type: ignore[arg-type]
            assert texts(sheet) == {number: cells for number, cells in texts(source).items() if any(cells)}


def test_the_corrected_sheet_is_an_ordinary_workbook(settings: Settings, tmp_path: Path) -> None:
    """Its cells are texts, whatever XlsxWriter takes them for: a formula, markup, or one escaped character of two."""
    markup = '<r></r></is></c><c r="D4"><f>1+1</f></c><c r="E4"><is><r></r>'
    rows = [("p1", "=1+1", "Pubic"), ("p2", "Hi", "Pubic"), ("00123", markup, "_x0041_x0041_")]
    path = write(tmp_path / "n.csv", rows)
    made = openpyxl.load_workbook(written(path, settings, wrote(2, 2, "Public"), left_out(3))).worksheets[0]
    assert [[cell.value for cell in row] for row in made.iter_rows()] == [
        [*HEAD], ["p1", "=1+1", "Public"], [None, None, None], ["00123", markup, "_x005F_x0041_x005F_x0041_"],
    ]  # fmt: skip
    assert {cell.data_type for row in made.iter_rows() for cell in row if cell.value} <= {"s", "inlineStr"}


def test_a_corrected_sheet_that_fails_leaves_nothing_behind(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that no workbook can hold is named, and so is a full disk."""
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Pubic"), ("p2", "Long " * 10_000, "Public")])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(UnreadableFile, match="No workbook can hold what is in B3"):
        written(path, settings, wrote(2, 2, "Public"))
    monkeypatch.setattr("zipfile.ZipFile.write", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left on device"):
        written(path, settings, left_out(3))
    assert [*tmp_path.iterdir()] == [path]
