"""What was answered about a sheet counts for its kind: known by its headings, in any order, and for no other."""

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.errors import BadSettings, UnclearColumns
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.importing.run import prepare
from importer.messages import render, words
from importer.models import PossibleAnswer, Role, Visibility
from importer.settings import SETTINGS, Settings, readings, sources
from importer.settings.reading import Reading
from importer.telling.rendering import offered
from tests.truth import write_csv

HEAD = ("Email", "First Name", "Call report", "Private?", "Stage", "Town")
ROW = ("ada@example.com", "Ada", "Wants an offer by Friday", "Yes", "Lead", "Graz")
CALLS = Reading(
    "Calls",
    HEAD,
    date(2026, 11, 3),
    {
        "map": {Role.CONTENT: ("Call report",), Role.VISIBILITY: ("Private?",)},
        "value": {(Role.VISIBILITY, "Private?"): {"Yes": Visibility.PRIVATE, "No": Visibility.PUBLIC}},
    },
)


def settings(profile: str = "default", **said: Any) -> Settings:
    return sources.settings_of(sources.gather({"profile": profile, **said}, list(SETTINGS), {}))


def seen(folder: Path, head: Sequence[str], row: Sequence[str], **said: Any) -> Loaded:
    with load(write_csv(folder / "n.csv", head, row), settings(**said)) as loaded:
        return loaded


def taught(folder: Path, head: Sequence[str], row: Sequence[str], *answers: tuple[str, str], **said: Any) -> Reading:
    """The reading that the profile has after these answers about a sheet."""
    with prepare(write_csv(folder / "n.csv", head, row), settings(**said)) as prepared:
        for setting, value in answers:
            prepared.decide(PossibleAnswer(setting, value, words("")))
        reading = prepared.to_learn
    assert reading is not None
    readings.keep("default", reading)
    return reading


def remark(loaded: Loaded) -> str:
    return " ".join(map(render, loaded.rows.remarks))


@pytest.fixture
def kept(profiles: Path) -> Reading:
    readings.keep("default", CALLS)
    return CALLS


def test_the_order_of_the_columns_doesnt_matter_and_the_plan_says_when_it_was_answered(
    tmp_path: Path, kept: Reading
) -> None:
    loaded = seen(tmp_path, HEAD[::-1], ROW[::-1])
    assert loaded.settings.reading == kept
    assert (loaded.roles.columns[Role.CONTENT], loaded.roles.columns[Role.VISIBILITY]) == (3, 2)
    assert [note.visibility for note in loaded.rows.notes] == [Visibility.PRIVATE]
    assert remark(loaded).startswith("As answered on 3 November 2026")
    assert remark(loaded).endswith("for 'Calls'.")


@pytest.mark.parametrize(
    ("new", "value"),
    [
        ("Lifecycle", "MQL"), ("Mailing Street", "1 Main St"), ("Email Opt Out", "0"), ("Email Sent", "TRUE"),
        ("Note length", "33"), ("Owner", "Jo Rep"), ("Owner Email", "jo@firm.example"),
        ("Prospect Owner", "Jo"), ("Security", ""), ("Agenda", "Terms"), ("Panda", "Terms"), ("NDA", ""),
    ],
)  # fmt: skip
def test_a_new_column_that_means_nothing_doesnt_stop_the_night(
    tmp_path: Path, kept: Reading, new: str, value: str
) -> None:
    loaded = seen(tmp_path, ("Email", new, *HEAD[1:]), (ROW[0], value, *ROW[1:]))
    assert loaded.settings.reading == kept
    assert f"This sheet has a new column ('{new}')." in remark(loaded)


@pytest.mark.parametrize(
    ("new", "value"),
    [
        ("Secondary Email", "ada@home.example"), ("Assistant", "bob@example.com"), ("Contact ID", "jzRkmgMdw1"),
        ("Manager notes", "secret"), ("Description", "Long talk about the plan of the year"), ("Shared", "Yes"),
        ("Confidential", ""), ("Sensitive", "TRUE"), ("Owner only", "yes"),
        ("Status", "Done"), ("Attachments", ""), ("Attached files", "a.pdf"), ("Files", ""), ("Audience", "Internal"),
        ("Classification", "TLP:AMBER"), ("Permission", "x"), ("NDA", "signed"), ("Activity ID", "00T5g00000ABCDE"),
        ("TLP", "Red"), ("Level of TLP", "Red"), ("Customer NDA", "3"), ("Sharing permissions", "Sales"),
        ("Confidentiality", "C3"), ("Vertraulichkeitsstufe", "3"), ("Sensitivity label", "C3"),
    ],
)  # fmt: skip
def test_with_a_new_column_of_a_person_a_text_visibility_status_or_files_the_questions_are_asked(
    tmp_path: Path, kept: Reading, new: str, value: str
) -> None:
    loaded = seen(tmp_path, (*HEAD, new), (*ROW, value))
    assert loaded.settings.reading is None
    assert any(choice.setting == "map" for question in loaded.questions for choice in question.choices)
    assert seen(tmp_path, (*HEAD, new), (*ROW, value), export="Calls").settings.reading == kept
    assert seen(tmp_path, (*HEAD, new), (*ROW, value), export="none").settings.reading is None


@pytest.mark.parametrize("gone", ["Private?", "Call report"])
def test_a_column_that_was_answered_for_has_to_be_there(tmp_path: Path, kept: Reading, gone: str) -> None:
    assert seen(tmp_path, HEAD[:-1], ROW[:-1]).settings.reading == kept
    at = HEAD.index(gone)
    head, row = (*HEAD[:at], *HEAD[at + 1 :]), (*ROW[:at], *ROW[at + 1 :])
    for said in ({}, {"export": "Calls"}):
        loaded = seen(tmp_path, head, row, **said)
        assert loaded.settings.reading is None
        assert loaded.questions


@pytest.mark.parametrize("heading", ["Status", "State of note"])
def test_a_column_of_statuses_that_is_gone_tonight_is_asked_about(tmp_path: Path, profiles: Path, heading: str) -> None:
    """Whether it was found by its heading or by an answer: without it, drafts would be published."""
    head, row = ("Prospect ID", "Was said", "Visibility", heading), ("jzRkmgMdw1", "Hello", "Private", "Draft")
    named = ["content=Was said", *([] if heading == "Status" else [f"status={heading}"])]
    taught(tmp_path, head, row, map=named, export="Calls")
    assert seen(tmp_path, head, row).questions == ()
    assert seen(tmp_path, head[:-1], row[:-1]).questions


def test_nights_that_alternate_are_each_answered_once(tmp_path: Path, kept: Reading) -> None:
    short = (*HEAD[:3], *HEAD[4:]), (*ROW[:3], *ROW[4:])
    assert taught(tmp_path, *short, ("map", "content=Call report"), ("default-visibility", "public")).name == "n"
    for _ in range(2):
        assert [note.visibility for note in seen(tmp_path, *short).rows.notes] == [Visibility.PUBLIC]
        assert [note.visibility for note in seen(tmp_path, HEAD, ROW).rows.notes] == [Visibility.PRIVATE]
    blank = seen(tmp_path, HEAD, (*ROW[:3], "", *ROW[4:]))
    assert not blank.rows.notes
    assert len(blank.rows.problems) == 1
    wider = (*short[0], "Lifecycle"), (*short[1], "MQL")
    (question,) = seen(tmp_path, *wider).questions  # the narrower reading never wins
    assert [choice.value for choice in question.choices] == ["n", "Calls", "none"]
    taught(tmp_path, *wider, ("export", "n"))
    for night in (wider, short):
        assert [note.visibility for note in seen(tmp_path, *night).rows.notes] == [Visibility.PUBLIC]


def test_one_visibility_for_all_says_nothing_of_the_blank_cells_of_a_new_column(tmp_path: Path, profiles: Path) -> None:
    head, row = ("Prospect ID", "Note"), ("jzRkmgMdw1", "Hello")
    reading = taught(tmp_path, head, row, ("default-visibility", "public"))
    loaded = seen(tmp_path, (*head, "Visibility"), (*row, ""), export="n")
    assert loaded.settings.reading == reading
    assert not loaded.rows.notes
    assert len(loaded.rows.problems) == 1


def test_what_is_said_now_counts_more(tmp_path: Path, kept: Reading) -> None:
    loaded = seen(tmp_path, HEAD, ROW, value=["visibility:Yes=Public"], map=["content=Town"])
    assert [(note.text, note.visibility) for note in loaded.rows.notes] == [("Graz", Visibility.PUBLIC)]
    readings.keep("default", Reading("Calls", HEAD, CALLS.answered, {**CALLS.answers, "content": "html"}))
    assert seen(tmp_path, HEAD, ROW).settings.content == "html"
    assert seen(tmp_path, HEAD, ROW, content="text").settings.content == "text"


def test_a_column_without_a_heading_is_known_by_its_number_among_such(tmp_path: Path, profiles: Path) -> None:
    head, row = ("Prospect ID", "", "Visibility", "Info", "Info"), ("jzRkmgMdw1", "Hello", "Private", "a", "b")
    first: dict[str, Any] = {"header-row": 1}
    for column, name, text in (("B", "#1", "Hello"), ("E", "Info #2", "b")):
        reading = taught(tmp_path, head, row, ("map", f"content={column}"), export="X", **first)
        assert (reading.name, reading.answers["map"]) == ("X", {Role.CONTENT: (name,)})
        for lines in (((*head, "Town"), (*row, "Graz")), (("Town", *head), ("Graz", *row))):
            assert [note.text for note in seen(tmp_path, *lines).rows.notes] == [text]
        assert seen(tmp_path, (*head, "", "Info"), (*row, "Other", "c")).questions


def test_a_row_of_data_is_no_headings(tmp_path: Path, profiles: Path) -> None:
    path = write_csv(tmp_path / "n.csv", ("ada@example.com", "Hello"), ("ben@example.com", "Hi"))
    said = settings(map=["email=A", "content=B"], export="X", **{"default-visibility": "private"})
    with prepare(path, said) as prepared:
        assert prepared.to_learn is None


def test_two_kinds_with_the_same_headings_are_told_apart_by_name(tmp_path: Path, kept: Reading) -> None:
    named = ["content=Town", "visibility=Private?"]
    visits = taught(tmp_path, HEAD, ROW, export="Visits", map=named, value=["visibility:Yes=Public"])
    (question,) = seen(tmp_path, HEAD, ROW).questions
    assert "those of several kinds of sheets" in render(question.text)
    other = seen(tmp_path, ("Prospect ID", "Note", "Visibility"), ("jzRkmgMdw1", "Hello", "Private"), export="Calls")
    assert [note.text for note in other.rows.notes] == ["Hello"]  # in a folder, it isn't said of every sheet
    *kinds, none = [render(choice.means) for choice in question.choices]
    assert kinds == [f"'{each.name}', answered on {render(each.day)}" for each in (kept, visits)]
    assert none == "another kind: use no earlier answers"
    for name, text in (("Calls", ROW[2]), ("visits", "Graz")):
        assert [note.text for note in seen(tmp_path, HEAD, ROW, export=name).rows.notes] == [text]


def test_how_the_file_is_read_is_known_again(tmp_path: Path, profiles: Path) -> None:
    said: dict[str, Any] = {"sheet": "March", "export": "Calls", "map": ["content=Spoke about"]}
    for month, above in (("March", 1), ("April", 4)):
        book = openpyxl.Workbook()
        del book["Sheet"]
        sheet = book.create_sheet(month)
        rows = [("Report",)] * above + [("Prospect ID", "Spoke about", "Visibility"), (f"P-{month}", "x", "Public")]
        for row in rows:
            sheet.append(row)
        book.save(tmp_path / f"{month}.xlsx")
    with prepare(tmp_path / "March.xlsx", settings(**said)) as prepared:
        reading = prepared.to_learn
    assert reading is not None
    assert reading.answers == {"map": {Role.CONTENT: ("Spoke about",)}}
    readings.keep("default", reading)
    with load(tmp_path / "April.xlsx", settings()) as loaded:
        assert loaded.rows.prospect.tolist() == ["P-April"]
        assert loaded.rows.note.tolist() == [0]
    book = openpyxl.load_workbook(tmp_path / "April.xlsx")
    book.copy_worksheet(book["April"]).title = "March"
    book.save(tmp_path / "both.xlsx")
    # Neither is ignored without a word.
    with pytest.raises(UnclearColumns, match="March"), load(tmp_path / "both.xlsx", settings()):
        pass


def test_a_remembered_encoding_loses_to_a_file_that_is_valid_utf_8(tmp_path: Path, profiles: Path) -> None:
    head = ("Prospect ID", "Note", "Visibility")
    readings.keep("default", Reading("n", head, date(2026, 11, 3), {"encoding": "cp1252"}))
    loaded = seen(tmp_path, head, ("jzRkmgMdw1", "Met Jan Kočka", "Private"))
    assert loaded.settings.reading is not None
    assert [note.text for note in loaded.rows.notes] == ["Met Jan Kočka"]


def test_the_first_question_says_which_reading_would_apply_but_for_which_column(tmp_path: Path, kept: Reading) -> None:
    because = "answered on 3 November 2026 for 'Calls', but the column 'Visible to' is new and may matter"
    loaded = seen(tmp_path, ("Visible to", *HEAD), ("Legal", *ROW))
    assert because in render(loaded.questions[0].asks)
    assert loaded.undecided is not None
    assert because in render(loaded.undecided.message)
    plain = [one if one != "Call report" else "Note" for one in HEAD if one != "Private?"]
    cells = [cell for cell, one in zip(ROW, HEAD, strict=True) if one != "Private?"]
    readings.keep(
        "default", Reading("Plain", tuple(plain), date(2026, 11, 3), {"default-visibility": Visibility.PRIVATE})
    )
    loaded = seen(tmp_path, (*plain, "Visibility"), (*cells, "Private"))
    assert loaded.questions == ()
    assert "for 'Plain', but the column 'Visibility' is new and may matter" in remark(loaded)


def test_the_meaning_that_a_word_had_under_this_heading_is_offered_first(tmp_path: Path, kept: Reading) -> None:
    head, row = ("Email", "Note", "Visible", "Private?"), ("ada@example.com", "Hello", "No", "No")
    for role, first in (("Private?", "Public"), ("Visible", "Private")):
        loaded = seen(tmp_path, head, row, map=[f"visibility={role}"])
        [question] = [one for one in loaded.questions if one.samples == ["No"] and one.choices[0].setting == "value"]
        assert offered(question, [kept])[0].value == f"visibility:No={first}"


def test_a_column_that_was_said_to_mean_nothing_is_asked_about_again_only_with_known_words(
    tmp_path: Path, profiles: Path
) -> None:
    head, row = ("Prospect ID", "Note", "Visibility", "Audience"), ("jzRkmgMdw1", "Hello", "Public")
    assert taught(tmp_path, head, (*row, "Sales"), ("ignore", "Audience")).seen == {"Audience": ()}
    assert seen(tmp_path, head, (*row, "Legal")).questions == ()
    [question] = seen(tmp_path, head, (*row, "Private")).questions
    assert "(it was ignored before, but not with these words)" in render(question.text)


WHOLE = 'name = "x"\nanswered = 2026-11-03\nheadings = ["a"]\n'


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('name = "x"\n', "it needs a name, a list of headings, and the day"),
        (WHOLE.replace("x", "none"), "can't be the name of a reading"),
        (f"{WHOLE}wokers = 1\n", "it can't hold 'wokers'"),
        (f"{WHOLE}[default.readings.seen]\nsettle = 1\n", "it can't hold 'settle'. Settings of a profile stand above"),
        (f'{WHOLE}content = "rtf"\n', "'rtf' is not"),
        (f'{WHOLE}earlier = ["{{a}}"]\n', "has to be pairs"),
        (f"{WHOLE}seen = 5\n", "seen words has to be a table"),
        (f'{WHOLE}earlier = [["{{a}}", "some"]]\n', "'some' is not"),
    ],
)
def test_an_entry_that_cant_be_used_is_an_error_and_says_where(profiles: Path, entry: str, reason: str) -> None:
    """A misspelt answer never silently doesn't count."""
    profiles.write_text(f"[[default.readings]]\n{entry}", encoding="utf-8")
    with pytest.raises(BadSettings) as error:
        settings()
    said = render(error.value.message)
    assert reason in said
    assert str(profiles) in said


def test_what_a_person_wrote_by_hand_stays(profiles: Path) -> None:
    mine = '# mine\n[default]\nbatch-size = 4  # by trial\n\n[[default.readings]]  # Monday\nname = "Old"\n'
    mine += 'answered = 2026-01-02\nheadings = ["A", "B"]\ncontent = "text"\n\n[other]\nbatch-size = 3\n'
    profiles.write_text(mine, encoding="utf-8")
    readings.keep("default", CALLS)
    text = profiles.read_text(encoding="utf-8")
    for part in ("# mine", "# by trial", '"Old"', "[other]\nbatch-size = 3"):
        assert part in text
    assert [reading.name for reading in readings.of_profile("default")] == ["Old", "Calls"]
    comment = "# Sheets with these headings are read like this, as answered on 2026-11-03. You can change the"
    assert f"[[default.readings]]\n{comment}" in text
    for name in ("Calls", "OLD"):
        readings.forget("default", name)
    assert readings.of_profile("default") == ()
    assert tomllib.loads(profiles.read_text(encoding="utf-8")) == {
        "default": {"batch-size": 4},
        "other": {"batch-size": 3},
    }


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("apollo-contacts-2026-11-03.csv", "apollo contacts"), ("Notes (3).xlsx", "Notes"),
        ("20261103.csv", "export"), ("/a/b/hubspot_export_2026.11.03_1200.results.csv", "hubspot export"),
        ("-", "export"), ("calls.csv", "calls 2"),
    ],
)  # fmt: skip
def test_an_export_is_named_after_its_file_without_the_day(file: str, name: str) -> None:
    assert readings.name_for(file, ["Calls"]) == name
