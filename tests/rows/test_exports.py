"""What was answered about a sheet counts for its kind: known by its headings, in any order, and for no other."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.commands.loading import Loaded, load
from importer.commands.run import prepare
from importer.errors import BadSettings, UnclearColumns
from importer.messages import render, words
from importer.models import PossibleAnswer, Role, Visibility
from importer.settings import SETTINGS, Settings, remembering, sources
from importer.settings.exports import Export

HEAD = ("Email", "First Name", "Call report", "Private?", "Stage", "Town")
ROW = ("ada@example.com", "Ada", "Wants an offer by Friday", "Yes", "Lead", "Graz")
CALLS = Export(
    "Calls",
    HEAD,
    date(2026, 11, 3),
    {
        "map": {Role.CONTENT: ("Call report",), Role.VISIBILITY: ("Private?",)},
        "value": {(Role.VISIBILITY, "Private?"): {"Yes": Visibility.PRIVATE, "No": Visibility.PUBLIC}},
    },
)


def write(path: Path, *rows: Sequence[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def settings(profile: str = "default", **said: Any) -> Settings:
    """As the profile has it."""
    return sources.settings_of(sources.gather({"profile": profile, **said}, list(SETTINGS), {}))


def seen(folder: Path, head: Sequence[str], row: Sequence[str], **said: Any) -> Loaded:
    with load(write(folder / "n.csv", head, row), settings(**said)) as loaded:
        return loaded


def remark(loaded: Loaded) -> str:
    return render(loaded.rows.remarks[0]) if loaded.rows.remarks else ""


@pytest.fixture
def kept(profiles: Path) -> Export:
    remembering.keep("default", CALLS)
    return CALLS


def test_the_order_of_the_columns_doesnt_matter_and_the_plan_says_when_it_was_answered(
    tmp_path: Path, kept: Export
) -> None:
    loaded = seen(tmp_path, HEAD[::-1], ROW[::-1])
    assert loaded.settings.remembered == kept
    assert (loaded.roles.columns[Role.CONTENT], loaded.roles.columns[Role.VISIBILITY]) == (3, 2)
    assert [note.visibility for note in loaded.rows.notes] == [Visibility.PRIVATE]
    assert remark(loaded).startswith("As answered on 3 November")
    assert remark(loaded).endswith("for 'Calls'.")


@pytest.mark.parametrize(
    ("new", "value"),
    [
        ("Lifecycle", "MQL"), ("Mailing Street", "1 Main St"), ("Email Opt Out", "0"), ("Email Sent", "TRUE"),
        ("Note length", "33"), ("Owner", "Jo Rep"), ("Owner Email", "jo@firm.example"),
        ("Prospect Owner", "Jo"),
    ],
)  # fmt: skip
def test_a_new_column_that_means_nothing_doesnt_stop_the_night(
    tmp_path: Path, kept: Export, new: str, value: str
) -> None:
    """It is said."""
    loaded = seen(tmp_path, ("Email", new, *HEAD[1:]), (ROW[0], value, *ROW[1:]))
    assert loaded.settings.remembered == kept
    assert f"This sheet has a new column ('{new}')." in remark(loaded)


@pytest.mark.parametrize(
    ("new", "value"),
    [
        ("Secondary Email", "ada@home.example"), ("Assistant", "bob@example.com"), ("Contact ID", "jzRkmgMdw1"),
        ("Manager notes", "secret"), ("Description", "Long talk about the plan of the year"), ("Shared", "Yes"),
        ("Confidential", ""), ("Sensitive", "TRUE"), ("Owner only", "yes"),
        ("Status", "Done"), ("Attachments", ""), ("Attached files", "a.pdf"), ("Files", ""),
    ],
)  # fmt: skip
def test_a_new_column_of_a_person_a_text_visibility_status_or_files_is_asked_about(
    tmp_path: Path, kept: Export, new: str, value: str
) -> None:
    """The old answers first; with them it is as before, and without them the columns are asked about anew."""
    loaded = seen(tmp_path, (*HEAD, new), (*ROW, value))
    (question,) = loaded.questions
    new_one = f"resembles 'Calls', answered on {render(kept.day)}, but it has a new column ('{new}')"
    assert new_one in render(question.asks)
    assert [(choice.setting, choice.value) for choice in question.choices] == [("export", "Calls"), ("export", "none")]
    assert "--export Calls" in render(question.text)
    assert seen(tmp_path, (*HEAD, new), (*ROW, value), export="Calls").settings.remembered == kept
    anew = seen(tmp_path, (*HEAD, new), (*ROW, value), export="none")
    assert anew.settings.remembered is None
    assert any(choice.setting == "map" for question in anew.questions for choice in question.choices)


@pytest.mark.parametrize("visibility", ["public", "private"])
@pytest.mark.parametrize("new", ["Audience", "Who can view"])
def test_a_new_column_that_may_speak_of_visibility_is_asked_about_if_all_notes_are_public(
    tmp_path: Path, kept: Export, visibility: str, new: str
) -> None:
    """Even if its words tell nothing. If all notes are private anyway, the night goes on."""
    short = (*HEAD[:3], *HEAD[4:]), (*ROW[:3], *ROW[4:])
    with prepare(write(tmp_path / "n.csv", *short), settings(export="Calls")) as prepared:
        prepared.decide(PossibleAnswer("default-visibility", visibility, words("")))
        export = prepared.learned(settings())
    assert export is not None
    remembering.keep("default", export)
    loaded = seen(tmp_path, (*short[0], new), (*short[1], "Internal"))
    if visibility == "public":
        assert f"it has a new column ('{new}')" in render(loaded.questions[0].asks)
    else:
        assert [note.visibility for note in loaded.rows.notes] == [Visibility.PRIVATE]


@pytest.mark.parametrize("gone", ["Private?", "Call report"])
def test_a_column_that_was_answered_for_has_to_be_there(tmp_path: Path, kept: Export, gone: str) -> None:
    """Perhaps it has another heading now. If it is said to be the same kind, the rest of the answers counts."""
    at = HEAD.index(gone)
    head, row = (*HEAD[:at], *HEAD[at + 1 :]), (*ROW[:at], *ROW[at + 1 :])
    (question,) = seen(tmp_path, head, row).questions
    assert f"no longer has a column ('{gone}')" in render(question.asks)
    same = seen(tmp_path, head, row, export="Calls")
    assert f"No column has the heading '{gone}'" in render(same.questions[0].text)


def test_a_column_that_nothing_was_answered_for_may_go(tmp_path: Path, kept: Export) -> None:
    loaded = seen(tmp_path, HEAD[:-1], ROW[:-1])
    assert loaded.settings.remembered == kept
    assert "no longer has a column ('Town')" in remark(loaded)


def test_nights_that_alternate_are_each_answered_once(tmp_path: Path, kept: Export) -> None:
    """One has no column for the visibility. What was answered for the other stays true, and blanks stay a problem."""
    short = (*HEAD[:3], *HEAD[4:]), (*ROW[:3], *ROW[4:])
    path = write(tmp_path / "n.csv", *short)
    with prepare(path, settings(export="Calls")) as prepared:
        prepared.decide(PossibleAnswer("default-visibility", "public", words("")))
        export = prepared.learned(settings())
    assert export is not None
    assert (export.of_all, "default-visibility" in export.answers) == (Visibility.PUBLIC, False)
    remembering.keep("default", export)
    for _ in range(2):
        assert [note.visibility for note in seen(tmp_path, *short).rows.notes] == [Visibility.PUBLIC]
        assert [note.visibility for note in seen(tmp_path, HEAD, ROW).rows.notes] == [Visibility.PRIVATE]
    blank = seen(tmp_path, HEAD, (*ROW[:3], "", *ROW[4:]))
    assert not blank.rows.notes
    assert len(blank.rows.problems) == 1


@pytest.mark.parametrize(
    ("heading", "value", "is_asked"),
    [
        ("Classification", "TLP:AMBER", True), ("TLP", "Red", True), ("NDA", "signed", True),
        ("Permission", "internal", True), ("Level of TLP", "Red", True), ("Customer NDA", "3", True),
        ("Sharing permissions", "Sales", True), ("Confidentiality", "C3", True),
        ("Vertraulichkeitsstufe", "3", True), ("Sensitivity label", "C3", True), ("Security", "", False),
        ("Agenda", "Terms", False), ("Panda", "Terms", False), ("NDA", "", False),
    ],
)  # fmt: skip
def test_a_new_column_that_may_say_who_sees_a_note_is_asked_about_if_all_were_public(
    tmp_path: Path, profiles: Path, heading: str, value: str, is_asked: bool
) -> None:
    """Whatever its words; a column without a cell says nothing."""
    head, row = ("Prospect ID", "Note", "Town"), ("jzRkmgMdw1", "Hello", "Graz")
    with prepare(write(tmp_path / "n.csv", head, row), settings()) as prepared:
        prepared.decide(PossibleAnswer("default-visibility", "public", words("")))
        export = prepared.learned(settings())
    assert export is not None
    remembering.keep("default", export)
    assert seen(tmp_path, head, row).questions == ()
    asked = [
        choice.setting for one in seen(tmp_path, (*head, heading), (*row, value)).questions for choice in one.choices
    ]
    assert ("export" in asked) is is_asked


def test_another_sheet_is_another_kind(tmp_path: Path, kept: Export) -> None:
    """Its headings are others; what was answered counts for none of its columns, and it isn't asked about."""
    loaded = seen(tmp_path, ("Prospect ID", "Note", "Private?"), ("jzRkmgMdw1", "Hello", "Yes"))
    assert loaded.settings.remembered is None
    assert "export" not in {choice.setting for question in loaded.questions for choice in question.choices}
    assert loaded.questions


def test_what_is_said_now_counts_more(tmp_path: Path, kept: Export) -> None:
    loaded = seen(tmp_path, HEAD, ROW, value=["visibility:Yes=Public"], map=["content=Town"])
    assert [(note.text, note.visibility) for note in loaded.rows.notes] == [("Graz", Visibility.PUBLIC)]
    remembering.keep("default", Export("Calls", HEAD, CALLS.answered, {**CALLS.answers, "content": "html"}))
    assert seen(tmp_path, HEAD, ROW).settings.content == "html"
    assert seen(tmp_path, HEAD, ROW, content="text").settings.content == "text"


def test_a_letter_counts_only_where_the_order_is_the_same(tmp_path: Path, profiles: Path) -> None:
    """A column without a heading can't be known otherwise."""
    head, row = ("Prospect ID", "", "Visibility"), ("jzRkmgMdw1", "Hello", "Private")
    first: dict[str, Any] = {"header-row": 1}
    with prepare(write(tmp_path / "n.csv", head, row), settings(**first)) as prepared:
        prepared.decide(PossibleAnswer("map", "content=B", words("")))
        export = prepared.learned(settings())
    assert export is not None
    assert export.answers["map"] == {Role.CONTENT: ("B",)}
    remembering.keep("default", export)
    assert [note.text for note in seen(tmp_path, (*head, "Town"), (*row, "Graz")).rows.notes] == ["Hello"]
    assert seen(tmp_path, head[::-1], row[::-1]).questions


def test_a_row_of_data_is_no_headings(tmp_path: Path, profiles: Path) -> None:
    """Of a sheet without headings nothing is remembered: the next one has other data there."""
    path = write(tmp_path / "n.csv", ("ada@example.com", "Hello"), ("ben@example.com", "Hi"))
    said = settings(map=["email=A", "content=B"], **{"default-visibility": "private"})
    with prepare(path, said) as prepared:
        assert prepared.learned(settings()) is None


def test_two_kinds_with_the_same_headings_are_told_apart_by_name(tmp_path: Path, kept: Export) -> None:
    """A new one is begun by its name."""
    path = write(tmp_path / "n.csv", HEAD, ROW)
    said = settings(export="Visits", map=["content=Town", "visibility=Private?"], value=["visibility:Yes=Public"])
    with prepare(path, said) as prepared:
        visits = prepared.learned(settings())
    assert visits is not None
    remembering.keep("default", visits)
    (question,) = seen(tmp_path, HEAD, ROW).questions
    assert "those of several exports: 'Calls', 'Visits'" in render(question.text)
    other = seen(tmp_path, ("Prospect ID", "Note", "Visibility"), ("jzRkmgMdw1", "Hello", "Private"), export="Calls")
    assert [note.text for note in other.rows.notes] == ["Hello"]  # in a folder, it isn't said of every sheet
    *named, none = [render(choice.means) for choice in question.choices]
    assert named == [f"'{each.name}', answered on {render(each.day)}" for each in (kept, visits)]
    assert none == "another kind: use no earlier answers"
    for name, text in (("Calls", ROW[2]), ("visits", "Graz")):
        assert [note.text for note in seen(tmp_path, HEAD, ROW, export=name).rows.notes] == [text]


def test_our_own_columns_are_left_out(tmp_path: Path, kept: Export) -> None:
    """So a corrected results file is known as what it was made of."""
    ours = ("result", "note_id", "reason", "row")
    with_results = seen(tmp_path, (*HEAD, *ours), (*ROW, "invalid", "", "no prospect", "2"))
    assert with_results.settings.remembered in (kept, None)
    if with_results.roles.ours:
        assert with_results.settings.remembered == kept


def test_how_the_file_is_read_is_known_again(tmp_path: Path, profiles: Path) -> None:
    """Which of two sheets with such headings, and in which row; merged cells count for every row."""
    book = openpyxl.Workbook()
    del book["Sheet"]
    for name in ("Calls", "Old"):
        sheet = book.create_sheet(name)
        for row in (("Report of May",), ("Prospect ID", "Note", "Visibility"), (f"P-{name}", "x", "Public")):
            sheet.append(row)
        sheet.append((f"Q-{name}", None, "Public"))
        sheet.merge_cells("B3:B4")
    book.save(tmp_path / "n.xlsx")
    said: dict[str, Any] = {"sheet": "Old", "header-row": 2, "fill-merged": True}
    with prepare(tmp_path / "n.xlsx", settings(**said)) as prepared:
        export = prepared.learned(settings())
    assert export is not None
    assert export.answers == said
    with pytest.raises(UnclearColumns):
        load(tmp_path / "n.xlsx", settings())
    remembering.keep("default", export)
    with load(tmp_path / "n.xlsx", settings()) as loaded:
        assert loaded.rows.prospect.tolist() == ["P-Old", "Q-Old"]
        assert loaded.rows.note.tolist() == [0, 0]


def test_one_export_for_all_workspaces_of_an_agency(tmp_path: Path, kept: Export, profiles: Path) -> None:
    """Twenty profiles; one that answered otherwise keeps its own; and each can go back to its own alone."""
    shared = remembering.change("default", kept, is_shared=True)
    names = [f"client-{number}" for number in range(20)]
    text = profiles.read_text(encoding="utf-8") + "".join(f"\n[{name}]\nworkers = 2\n" for name in names)
    profiles.write_text(text, encoding="utf-8")
    remembering.keep("client-7", Export("Calls", HEAD, date(2026, 11, 4), {"map": {Role.CONTENT: ("Town",)}}))
    path = write(tmp_path / "n.csv", HEAD, ROW)
    for name in names:
        with load(path, settings(name)) as loaded:
            expected = [] if name == "client-7" else [(ROW[2], Visibility.PRIVATE)]
            assert [(note.text, note.visibility) for note in loaded.rows.notes] == expected, name
    remembering.change("client-3", shared, is_shared=False)
    stored = tomllib.loads(profiles.read_text(encoding="utf-8"))
    assert [entry["name"] for entry in stored["client-3"]["exports"]] == ["Calls"]
    assert "exports" not in stored
    assert stored["client-3"]["workers"] == 2


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('name = "x"\n', "it needs a name, a list of headings, and the day"),
        ('name = "none"\nanswered = 2026-11-03\nheadings = []\n', "can't be the name of an export"),
        ('name = "x"\nanswered = 2026-11-03\nheadings = ["a"]\nwokers = 1\n', "it can't hold 'wokers'"),
        ('name = "x"\nanswered = 2026-11-03\nheadings = ["a"]\ncontent = "rtf"\n', "'rtf' is not"),
    ],
)
def test_an_entry_that_cant_be_used_is_an_error_and_says_where(profiles: Path, entry: str, reason: str) -> None:
    """A misspelt answer never silently doesn't count."""
    profiles.write_text(f"[[default.exports]]\n{entry}", encoding="utf-8")
    with pytest.raises(BadSettings) as error:
        settings()
    said = render(error.value.message)
    assert reason in said
    assert str(profiles) in said


def test_what_a_person_wrote_by_hand_stays(profiles: Path) -> None:
    """Comments, order, and the other entries; a name that another export has is refused."""
    mine = '# mine\n[default]\nworkers = 4  # by trial\n\n[[default.exports]]  # Monday\nname = "Old"\n'
    mine += 'answered = 2026-01-02\nheadings = ["A", "B"]\ncontent = "text"\n\n[other]\nworkers = 3\n'
    profiles.write_text(mine, encoding="utf-8")
    remembering.keep("default", CALLS)
    text = profiles.read_text(encoding="utf-8")
    for part in ("# mine", "# by trial", '"Old"', "[other]\nworkers = 3"):
        assert part in text
    assert [export.name for export in remembering.exports_of("default")] == ["Old", "Calls"]
    with pytest.raises(BadSettings, match="another export named"):
        remembering.change("default", CALLS, name="old")
    renamed = remembering.change("default", CALLS, name="Phone calls")
    assert [export.name for export in remembering.exports_of("default")] == ["Old", "Phone calls"]
    remembering.forget_export("default", renamed)
    assert [export.name for export in remembering.exports_of("default")] == ["Old"]
    remembering.forget_export("default", remembering.export_named("default", "OLD"))
    assert remembering.exports_of("default") == ()
    assert tomllib.loads(profiles.read_text(encoding="utf-8")) == {"default": {"workers": 4}, "other": {"workers": 3}}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("apollo-contacts-2026-11-03.csv", "apollo contacts"), ("Notes (3).xlsx", "Notes"),
        ("20261103.csv", "20261103"), ("/a/b/hubspot_export_2026.11.03_1200.results.csv", "hubspot export"),
        ("-", "export"), ("calls.csv", "calls 2"),
    ],
)  # fmt: skip
def test_an_export_is_named_after_its_file_without_the_day(file: str, name: str) -> None:
    assert remembering.name_for(file, ["Calls"]) == name
