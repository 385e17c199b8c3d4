"""Results are read as the run read its sheet, whatever the headings are: columns, words and templates."""

import struct
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from importer.cli import main
from importer.errors import UnclearColumns, UnreadableFile
from importer.importing.run import prepare
from importer.journal import Journal
from importer.messages import say
from importer.models import PossibleAnswer, Role, Visibility
from importer.operations.choosing import choose
from importer.reading.detection import is_results
from importer.resultsfile import OF_RUN, TO_FIX
from importer.settings import SETTINGS, Settings
from importer.settings.reading import Reading
from importer.settings.secrets import KEY_VARIABLE
from tests.running import ran
from tests.sandbox import Sandbox
from tests.truth import OUR_COLUMNS, write_csv

HEAD = ("Nr", "Owner id", "What was said", "Who sees it", "State of note", "When")
ROWS = [
    ("1", "8PvBmrB7P1", "Spoke about terms", "Everyone", "Offen", "2026-11-01"),
    ("2", "8PvBmrB7P2", "Spoke about the price", "Nobody", "Offen", "2026-11-02"),
    ("3", "8PvBmrB7P3", "", "Everyone", "Offen", "2026-11-03"),
    ("4", "8PvBmrB7P4", "Wants an offer", "Pubic", "Fertig", "2026-11-04"),
    ("5", "8PvBmrB7P5", "Thinks about it", "Sharde", "Offen", "2026-11-05"),
    ("Hidden", "8PvBmrB7P6", "Never mind", "Pubic", "Fertig", "2026-11-06"),
]
WORDS = {"visibility:Nobody": "Private", "status:Offen": "Draft", "status:Fertig": "Published"}
WORDS |= {"visibility:Shared": "Private", "visibility:Hidden": "Private"}  # no valid row has them


@pytest.fixture
def told(settings: Settings) -> Settings:
    """The settings with what a person said about this very sheet."""
    return replace(
        settings,
        mapping={
            Role.PROSPECT: ("Owner id",),
            Role.CONTENT: ("{When}: {What was said}",),
            Role.VISIBILITY: ("Who sees it, Nr",),
            Role.STATUS: ("State of note",),
        },
        values=SETTINGS["value"].read([f"{word}={meaning}" for word, meaning in WORDS.items()]),  # type: ignore[arg-type]
    )


@pytest.fixture
def results(told: Settings, tmp_path: Path) -> Path:
    """The results of that sheet, whose rows to fix were corrected in a spreadsheet program."""
    path = tmp_path / "n.csv"
    write_csv(path, HEAD, *ROWS)
    report = ran(path, told)
    book = openpyxl.load_workbook(report.results)
    headings = [cell.value for cell in book[TO_FIX][1]]
    assert headings[2:8] == [*HEAD]
    book[TO_FIX].cell(2, headings.index("What was said") + 1, "Spoke about the contract")
    for row, word in enumerate(("Public", "Shared", "Public"), 3):
        book[TO_FIX].cell(row, headings.index("Who sees it") + 1, word)
    book.save(report.results)
    return report.results


def test_what_was_corrected_is_sent_as_the_sheet_was(box: Sandbox, settings: Settings, results: Path) -> None:
    with prepare(results, settings) as prepared:
        assert prepared.loaded.to_fix == TO_FIX
    with prepare(results, replace(settings, sheet=TO_FIX)) as prepared:
        assert prepared.loaded.questions == ()
        assert prepared.to_learn is None
        prepared.send()
    assert sorted((note.prospect_id, note.sent_content, note.visibility, note.status) for note in box.notes) == [
        ("8PvBmrB7P1", "2026-11-01: Spoke about terms", "1", "0"),
        ("8PvBmrB7P2", "2026-11-02: Spoke about the price", "2", "0"),
        ("8PvBmrB7P3", "2026-11-03: Spoke about the contract", "1", "0"),
        ("8PvBmrB7P4", "2026-11-04: Wants an offer", "1", "1"),
        ("8PvBmrB7P5", "2026-11-05: Thinks about it", "2", "0"),
        ("8PvBmrB7P6", "2026-11-06: Never mind", "2", "1"),
    ]


def test_answers_to_results_replace_no_other_remembered_ones(settings: Settings, results: Path) -> None:
    other = Reading("n", ("Note", "Date"), date(2026, 1, 2), {"ignore": ("Date",)})
    with prepare(results, replace(settings, sheet=TO_FIX, readings=(other,))) as prepared:
        prepared.decide(PossibleAnswer("value", "status:Erledigt=Published", say("words.leave-out")))
        reading = prepared.to_learn
    assert reading is not None
    assert reading.name == "n 2"
    assert reading.answers["map"][Role.STATUS] == ("State of note",)
    assert reading.answers["value"][Role.STATUS, "State of note"].keys() == {"Offen", "Fertig", "Erledigt"}


def test_a_word_of_a_second_column_that_the_journal_must_not_hold_is_not_forgotten(
    settings: Settings, told: Settings, results: Path
) -> None:
    person = SETTINGS["value"].read(["visibility:jo@example.com=Private"])
    report = ran(results.parent / "n.csv", replace(told, values={**told.values, **person}, again=True))  # type: ignore[dict-item]
    with pytest.raises(UnreadableFile, match="second column"), prepare(report.results, settings):
        pass


@pytest.mark.parametrize("head", ["Visibility", "Other"])
def test_that_blank_was_public_does_not_count_again(
    settings: Settings,
    box: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    head: str,
) -> None:
    """Nothing that a file says itself makes a note public: a blank cell is invalid, and a missing column a question."""
    path = tmp_path / "n.csv"
    path.write_text(f"Prospect ID,Note,{head}\nP1,Hello,\nP2,#N/A,\n", encoding="utf-8")
    report = ran(path, replace(settings, default_visibility=Visibility.PUBLIC))
    book = openpyxl.load_workbook(report.results)
    for name, row in (("Results", 3), (TO_FIX, 2)):
        columns = [cell.value for cell in book[name][1]]
        book[name].cell(row, columns.index("Note") + 1, "Corrected")
    book.save(report.results)
    arguments = ["run", str(report.results), "--sheet", "Results", "--yes", "--base-url", settings.base_url]
    arguments += ["--journal", str(settings.journal)]
    monkeypatch.setenv(KEY_VARIABLE, settings.key)
    assert main(arguments) == {"Visibility": 1, "Other": 2}[head]
    assert len(box.notes) == 1
    assert head == "Visibility" or "default-visibility" in capsys.readouterr().err
    with prepare(report.results, replace(settings, sheet="Results", default_visibility=Visibility.PRIVATE)) as prepared:
        again = prepared.send().results
    assert [note.visibility for note in box.notes] == ["1", "2"]
    with prepare(again, settings) as prepared:  # that it was private does
        assert prepared.loaded.settings.default_visibility is Visibility.PRIVATE
        assert prepared.loaded.questions == ()


def is_known(path: Path, settings: Settings) -> bool:
    """Whether a sheet is read as a run read it; otherwise it is an ordinary one, and asks."""
    with prepare(path, settings) as prepared:
        known = prepared.loaded.settings.reading is not None
        assert bool(prepared.loaded.questions) is not known
    return known


def test_results_are_read_as_their_run_in_its_workspace_and_under_its_headings_only(
    settings: Settings, results: Path, tmp_path: Path
) -> None:
    """The properties of a workbook are copied into another one in a moment, also into one of another profile."""
    book, other, settings = openpyxl.load_workbook(results), tmp_path / "other.xlsx", replace(settings, sheet=TO_FIX)
    assert is_known(results, settings)
    for elsewhere in ({"profile": "other"}, {"journal": str(tmp_path / "another.sqlite")}):
        assert not is_known(results, replace(settings, **elsewhere))  # type: ignore[arg-type]
    headings = [str(cell.value) for cell in book[TO_FIX][1]]
    for heading in ("State of note", "result", "Who sees it"):
        book[TO_FIX].cell(1, headings.index(heading) + 1, f"{heading} now")
        book.save(other)
        assert not is_known(other, settings), heading
        book[TO_FIX].cell(1, headings.index(heading) + 1, heading)
    book[TO_FIX].delete_cols(9, len(headings))  # ours, which stand before and after the sheet's own
    book[TO_FIX].delete_cols(1, 2)
    book.save(other)
    assert not is_known(other, settings)
    with Journal.open(settings.journal) as journal, journal.transaction():
        journal.execute("UPDATE runs SET name = name || ' of another'")
    assert not is_known(results, settings)


def test_results_without_their_run_offer_the_rows_to_fix_first_and_none_of_our_columns(
    settings: Settings, results: Path
) -> None:
    book = openpyxl.load_workbook(results)
    assert str(book.properties.description).startswith(OF_RUN)
    book.properties.description = None
    book.save(results)
    asked: list[UnclearColumns] = []
    with prepare(results, settings, choose=asked.append) as prepared:
        assert prepared.loaded.questions
    [question] = asked[0].questions
    assert [choice.value for choice in question.choices] == [TO_FIX, "Results"]
    with prepare(results, replace(settings, sheet=TO_FIX)) as prepared:
        offered = {choice.value.partition("=")[2] for asked in prepared.loaded.questions for choice in asked.choices}
        assert offered >= {"What was said"}
        assert not offered.intersection(OUR_COLUMNS)


def test_a_hostile_directory_is_not_listed_to_look_for_answers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fill the memory."""
    looked_at: list[object] = []
    monkeypatch.setattr(zipfile, "ZipFile", looked_at.append)
    path = tmp_path / "n.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(100) + b"PK\x05\x06" + bytes(8) + struct.pack("<L", 1 << 30) + bytes(6))
    with pytest.raises(UnreadableFile), prepare(path, settings):
        pass
    with path.open("rb") as file:
        assert not is_results(file)
    assert [candidate.path for candidate in choose([tmp_path]).candidates] == [path]
    assert looked_at == []


def test_nothing_that_a_file_claims_changes_a_meaning(
    settings: Settings, told: Settings, results: Path, tmp_path: Path
) -> None:
    """It may have forged properties, and name another workspace's run."""
    book = openpyxl.load_workbook(results)
    mine = str(book.properties.description)
    assert "Private" not in mine
    public = SETTINGS["value"].read([f"{word}=Public" for word in WORDS if word.startswith("visibility")])
    other = replace(told, profile="other", values={**told.values, **public})  # type: ignore[dict-item]
    report = ran(tmp_path / "n.csv", replace(other, results=tmp_path / "other.xlsx"))
    for claim in (f"{OF_RUN}{report.run}", mine.replace("Results", "Answers"), f"{mine} visibility:Nobody=Public"):
        book.properties.description = claim
        book.save(results)
        assert not is_known(results, settings)
    book.properties.description = mine
    book.save(results)
    assert is_known(results, settings)
