"""An import end to end, in this process: a real file in, notes in a real sandbox, a real results file out."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from importer import results
from importer.errors import BadSettings
from importer.importing.report import Report
from importer.markup import visible
from importer.messages import render
from importer.models import Remaining, Result, Role
from importer.settings import Settings
from importer.settings.kinds import InDoubt, SeveralInCell
from tests import running
from tests.sandbox import Limit, Received, Sandbox
from tests.truth import OUR_COLUMNS, latest, read_results, write_csv

pytestmark = pytest.mark.usefixtures("jumping")

HEADINGS = ("Prospect ID", "Note", "Visibility")
CREATED, DUPLICATE, ALREADY, REJECTED, INVALID = (
    "created", "duplicate", "already imported", "rejected", "invalid",
)  # fmt: skip

AT = 1_772_280_000.0
DAY = f"{datetime.fromtimestamp(AT).astimezone():%Y-%m-%d}"

Line = Sequence[str]


def write(path: Path, *lines: Line, headings: Line = HEADINGS) -> Path:
    return write_csv(path, headings, *lines)


def rows_of(path: Path, sheet: str = "Results") -> list[dict[str, str]]:
    """The latest results file of this name, a dictionary a row; empty cells of a workbook are empty texts."""
    path = latest(path)
    if path.suffix == ".csv":
        return read_results(path)
    book = openpyxl.load_workbook(path)
    first, *others = book[sheet].iter_rows(values_only=True)
    return [
        {str(heading): "" if cell is None else str(cell) for heading, cell in zip(first, row, strict=True)}
        for row in others
    ]


def column(path: Path, name: str) -> list[str]:
    return [row[name] for row in rows_of(path)]


def ran(path: str | Path, settings: Settings, **hooks: Any) -> Report:
    report = running.ran(path, settings, **hooks)
    assert report.stopped is None, report.stopped
    return report


def posts(box: Sandbox, start: int = 0) -> list[Received]:
    return [call for call in box.received[start:] if call.method == "POST"]


def sent_to(box: Sandbox, start: int = 0) -> list[str]:
    return sorted(prospect for call in posts(box, start) for prospect in _prospects(call))


def _prospects(call: Received) -> list[str]:
    assert call.body is not None
    found = call.body["prospectIds"]
    assert isinstance(found, list)
    return found


@pytest.fixture(params=[".csv", ".xlsx"])
def kind(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


def test_every_note_arrives_and_every_row_has_its_id(
    box: Sandbox, settings: Settings, tmp_path: Path, kind: str
) -> None:
    lines = [(f"P{i}", f"Note {i % 7}", "Public" if i % 7 < 3 else "Private") for i in range(500)]
    path = write(tmp_path / "notes.csv", *lines)
    report = ran(path, replace(settings, results=tmp_path / f"out{kind}"))
    assert report.exit_status == 0
    assert report.counts == {Result.CREATED: 500}
    assert report.requests == len(posts(box)) == 7
    assert report.results == tmp_path / f"out{kind}"
    rows = rows_of(report.results)
    assert [tuple(row[heading] for heading in HEADINGS) for row in rows] == lines
    on_server = {note.id: note for note in box.notes}
    assert len(on_server) == 500
    for row in rows:
        note = on_server[row["note_id"]]
        assert (note.prospect_id, note.sent_content) == (row["Prospect ID"], row["Note"])
        assert note.visibility == {"Public": "1", "Private": "2"}[row["Visibility"]]
        assert note.status == "1"
        assert row["result"] == CREATED
        assert row["request"].startswith(f"{report.run}/")
        assert row["finished_at"]
    assert [row["source_row"] for row in rows] == [str(i) for i in range(2, 502)]


def test_every_kind_of_row_gets_its_outcome(box: Sandbox, settings: Settings, tmp_path: Path, kind: str) -> None:
    """Created, duplicate, rejected, invalid, already imported: in the sheet's order, with a reason where one is due."""
    ran(write(tmp_path / "before.csv", ("P0", "x", "1")), settings)
    lines = [
        ("P0", "x", "1"), ("P1", "x", "1"), ("P1", " x ", "public"), ("INVALID2", "x", "1"), ("INVALID2", "x", "1"),
        ("P3", "", "1"), ("P4", "x", "?"),
    ]  # fmt: skip
    report = ran(write(tmp_path / "n.csv", *lines), replace(settings, results=tmp_path / f"out{kind}"))
    rows = rows_of(report.results)
    assert [row["result"] for row in rows] == [ALREADY, CREATED, DUPLICATE, REJECTED, REJECTED, INVALID, INVALID]
    assert report.counts == {
        Result.CREATED: 1, Result.DUPLICATE: 1, Result.ALREADY_IMPORTED: 1, Result.REJECTED: 2, Result.INVALID: 2,
    }  # fmt: skip
    assert report.exit_status == 1
    ids = {note.prospect_id: note.id for note in box.notes}
    assert [row["note_id"] for row in rows] == [ids["P0"], ids["P1"], ids["P1"], "", "", "", ""]
    reasons = [row["reason"] for row in rows]
    assert reasons[0].startswith("imported on 2")
    assert reasons[1] == ""
    assert reasons[2] == "the same note for the same prospect as row 3. To send both: --map key=HEADING"
    assert "did not accept this prospect" in reasons[3]
    assert reasons[4] == "the same note for the same prospect as row 5, which is rejected. See the reason of that row"
    assert reasons[5].startswith("B7 (row 7, Note): the note is empty")
    assert reasons[6].startswith("C8 (row 8, Visibility): '?' is not a valid visibility")
    if kind == ".xlsx":
        assert [row["source_row"] for row in rows_of(report.results, "To fix")] == ["5", "6", "7", "8"]
        texts = {"2 of 7 rows delivered, 1 repeats one of them, 4 to correct.", "1 → public, public → public"}
        book = openpyxl.load_workbook(report.results)
        assert texts <= {cell.value for row in book["Summary"]["B:C"] for cell in row}


def test_check_knows_what_earlier_runs_did_and_learned(tmp_path: Path) -> None:
    with Sandbox(max_batch=10, limit=Limit.parse("6/1s:headers:429")) as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "j.sqlite", settle=0)
        first = [(f"P{i}", "x", "1") for i in range(120)]
        ran(write(tmp_path / "n.csv", *first), settings)
        calls = len(box.received)
        before = Path(settings.journal).read_bytes()
        preview = running.check(write(tmp_path / "m.csv", *first[:50], ("P1", "y", "1"), *[("Q", "x", "1")]), settings)
        assert preview.remaining == Remaining(2, 2, 2)
        assert preview.estimate.rate.calls == 6
        assert len(box.received) == calls
        assert Path(settings.journal).read_bytes() == before


def test_results_of_another_workspace_are_not_believed(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    results = ran(write(tmp_path / "n.csv", ("P1", "x", "1"), ("P2", "y", "1")), settings).results
    other = replace(settings, profile="other")
    assert ran(ran(results, other).results, other).counts == {Result.NOT_SENT: 2}, "nor are their results, later"
    assert ran(results, settings).counts == {Result.ALREADY_IMPORTED: 2}
    elsewhere = replace(other, journal=tmp_path / "another computer.sqlite")
    report = ran(results, elsewhere)
    assert (report.counts, report.exit_status) == ({Result.NOT_SENT: 2}, 1), "no file says what was sent"
    assert ran(results, replace(elsewhere, in_doubt=[InDoubt.SAME])).counts == {Result.ALREADY_IMPORTED: 2}
    assert ran(results, elsewhere).counts == {Result.ALREADY_IMPORTED: 2}, "an answer stays one"
    book = openpyxl.load_workbook(results)
    book["Results"]["A2"] = "P9"
    book.save(results)
    for answers in ([], [InDoubt.SAME]):
        anothers = ran(results, replace(elsewhere, in_doubt=answers))
        assert anothers.counts == {Result.NOT_SENT: 1, Result.ALREADY_IMPORTED: 1}, "the ID is that of another's note"
        assert rows_of(anothers.results)[0]["reason"].startswith("the sheet has the ID of another note for this row")
    assert len(box.notes) == 2


def test_drafts_attachments_and_numbers_travel_as_the_api_wants_them(
    box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    box.know_attachments("f1", "f2")
    path = write(
        tmp_path / "n.csv",
        ("00123", "x", "Public", "", ""), ("1E5", "x", "Public", "Published", ""), ("P3", "x", "Private", "Draft", ""),
        ("P4", "x", "Public", "", "f1; f2"), ("P5", "x", "Public", "", "f1,f2"),
        headings=(*HEADINGS, "Status", "Attachment IDs"),
    )  # fmt: skip
    report = ran(path, settings)
    assert report.exit_status == 0
    bodies = sorted((call.body or {} for call in posts(box)), key=lambda body: str(body["prospectIds"]))
    assert bodies == [
        {"content": "x", "visibility": "1", "status": "1", "prospectIds": ["00123", "1E5"]},
        {"content": "x", "visibility": "2", "status": "0", "prospectIds": ["P3"]},
        {"content": "x", "visibility": "1", "status": "1", "prospectIds": ["P4", "P5"], "attachmentIds": ["f1", "f2"]},
    ]
    assert column(report.results, "Prospect ID")[:2] == ["00123", "1E5"]


def test_a_results_file_is_corrected_and_imported(box: Sandbox, settings: Settings, tmp_path: Path, kind: str) -> None:
    first = ran(
        write(tmp_path / "n.csv", ("P1", "=x", "1", "a"), ("P2", "", "1", "b"), ("INVALID3", "=x", "1", "+c"),
              headings=(*HEADINGS, "Mine")),
        replace(settings, results=tmp_path / f"n.results{kind}"),
    )  # fmt: skip
    old = rows_of(first.results)
    corrected = [dict(row) for row in old]
    corrected[1]["Note"], corrected[2]["Prospect ID"] = "now filled", "P3"
    path = first.results
    if kind == ".csv":
        write(path, *(list(row.values()) for row in corrected), headings=list(corrected[0]))
    else:
        book = openpyxl.load_workbook(path)
        book["Results"]["B3"], book["Results"]["A4"] = "now filled", "P3"
        book.save(path)
    before = len(box.received)
    report = ran(
        path,
        replace(settings, results=tmp_path / f"second{kind}", sheet=None if kind == ".csv" else "Results"),
    )
    assert sent_to(box, before) == ["P2", "P3"]
    rows = rows_of(report.results)
    assert list(rows[0]) == [*HEADINGS, "Mine", *OUR_COLUMNS]
    assert [row["result"] for row in rows] == [ALREADY, CREATED, CREATED]
    assert rows[0]["note_id"] == old[0]["note_id"]
    assert rows[0]["reason"].startswith("imported on ")
    assert [(row["Prospect ID"], row["Note"], row["Mine"]) for row in rows] == [
        (row["Prospect ID"], row["Note"], row["Mine"]) for row in corrected
    ]
    assert {note.sent_content for note in box.notes} == {"=x", "now filled"}


def test_a_note_of_two_rows_with_other_texts_makes_them_invalid(settings: Settings, tmp_path: Path) -> None:
    first = rows_of(ran(write(tmp_path / "n.csv", ("P1", "x", "1"), ("P2", "y", "1")), settings).results)
    one, two = ((row["result"], row["note_id"], "", "", "", "") for row in first)
    lines = ("P1", "x", "1", *one), ("P1", "z", "1", *one), ("P2", "y", "?", *two)
    emptied = ("", "", "", *one), ("Total", "", "", *one), ("P2", "y", "1", *two)
    path = write(tmp_path / "m.csv", *emptied, headings=(*HEADINGS, *OUR_COLUMNS))
    assert column(ran(path, settings).results, "result") == ["skipped", "skipped", ALREADY]
    path = write(tmp_path / "m.csv", *lines, headings=(*HEADINGS, *OUR_COLUMNS))
    assert column(ran(path, settings).results, "result") == [INVALID, INVALID, ALREADY]
    assert column(ran(path, replace(settings, again=True)).results, "result") == [CREATED, CREATED, INVALID]
    unknown = ("P3", "x", "Pubic", CREATED, "N9", *one[2:])
    several = ("8PvBmrB7P7, 9QwCnsC8Q8", "x", "1", CREATED, "N7; N8", *one[2:])
    path = write(tmp_path / "m.csv", lines[2], unknown, several, headings=(*HEADINGS, *OUR_COLUMNS))
    for said in (), (InDoubt.SAME,):
        told = replace(settings, in_doubt=said, several_in_cell=SeveralInCell.EACH)
        rows = rows_of(ran(path, told).results)
        assert [row["note_id"] for row in rows[:2]] == [two[1], "N9"]
        assert [row["result"] for row in rows] == [ALREADY, INVALID, ALREADY if said else "not sent"]
        assert "Did you mean Public" in rows[1]["reason"]
        assert rows[2]["note_id"] == ("N7" if said else "N7; N8")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (None, ["a.csv", "a.results.xlsx", "a.results.xlsx"]),
        (None, ["a.results (2).xlsx", "a.results.xlsx"]),
        ("{name}.{date}.results.csv", ["a.csv", f"a.{DAY}.results.csv", f"a.{DAY}.results.csv"]),
        ("{name}.out.csv", ["a.csv", "a.out.csv", "a.out.out.csv"]),
    ],
)
def test_results_of_results_have_the_same_name(tmp_path: Path, pattern: str | None, names: list[str]) -> None:
    for name, following in itertools.pairwise(names):
        assert results.target_of(tmp_path / name, Settings(results=pattern), AT).name == following


def test_results_always_take_a_new_name(settings: Settings, tmp_path: Path, kind: str) -> None:
    theirs = write(tmp_path / f"out{kind}", ("P9", "theirs", "1")).read_bytes()
    path, told = write(tmp_path / "n.csv", ("P1", "x", "1")), replace(settings, results=tmp_path / f"out{kind}")
    found = [ran(path, told), ran(path, told), ran(path, replace(told, journal=tmp_path / "another.sqlite"))]
    names = [f"out ({number}){kind}" for number in range(2, 5)]
    assert [report.results.name for report in found] == names
    for name, remark in zip(names, (report.remark for report in found), strict=True):
        assert render(remark) == f"out{kind} already exists, so the new file is {name}."
    assert (tmp_path / f"out{kind}").read_bytes() == theirs
    assert [column(report.results, "result") for report in found] == [[CREATED], [ALREADY], [CREATED]]


@pytest.mark.parametrize("name", ["out.txt", "out", "missing/out.csv", "folder.csv"])
def test_results_that_cant_be_written_are_said_before_anything_is_sent(
    box: Sandbox, settings: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    path = write(tmp_path / "n.csv", ("P1", "x", "1"))
    with pytest.raises(BadSettings):
        running.run(path, replace(settings, results=tmp_path / name))
    assert box.received == ()


lines = st.lists(
    st.tuples(
        st.sampled_from(["P1", "P2", "P3", "INVALID", "MALFORMED", "", "a b"]),
        st.sampled_from(["x", " x", "y\nz", "", "=1", "<p>x</p>"]),
        st.sampled_from(["1", "private", "", "?"]),
        st.sampled_from(["", "a", "b"]),
    ),
    max_size=15,
)


@hypothesis_settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=lines, second=lines, keyed=st.booleans(), batch=st.sampled_from([1, 2, 100]))
def test_every_row_in_has_one_row_out_and_nothing_is_sent_twice(
    tmp_path_factory: pytest.TempPathFactory, first: list[Line], second: list[Line], keyed: bool, batch: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with Sandbox() as box:
        settings = Settings(
            base_url=box.url, key=box.api_key, journal=folder / "j.sqlite", settle=0, workers=2,
            batch_size=batch, results=folder / "out.csv", mapping={Role.KEY: ("Key",)} if keyed else {}, min_rows=0,
        )  # fmt: skip
        for round_ in range(2):
            for found in (first, second):
                path = write(folder / "n.csv", *found, headings=(*HEADINGS, "Key"))
                report = ran(path, settings)
                rows = rows_of(report.results)
                kept = [line for line in found if "".join(line).strip()]
                assert [[row[h] for h in HEADINGS[::2]] for row in rows] == [[line[0], line[2]] for line in kept]
                assert sum(report.counts.values()) == len(kept)
                held = {note.id: note for note in box.notes}
                for row in rows:
                    if row["note_id"]:
                        assert held[row["note_id"]].prospect_id == row["Prospect ID"]
                        assert row["result"] in (CREATED, ALREADY, DUPLICATE)
                    else:
                        is_read = any(row[heading] for heading in (*HEADINGS, *(["Key"] if keyed else [])))
                        assert row["result"] in ((REJECTED, INVALID) if is_read else (Result.SKIPPED.value,))
                        assert row["reason"]
            if round_ == 0:
                made = len(box.notes)
        assert len(box.notes) == made
        wanted = {
            (prospect, visible(text), key if keyed else "")
            for prospect, text, seen, key in [*first, *second]
            if prospect in ("P1", "P2", "P3") and text and seen in ("1", "private")
        }
        unclear = {(one, visible(text)) for one, text, seen, _ in [*first, *second] if seen not in ("1", "private")}
        assert len({one[:2] for one in wanted} - unclear) <= made <= len(wanted)  # a blank key is any key
        for call in posts(box):
            assert len(set(_prospects(call))) == len(_prospects(call)) <= batch
