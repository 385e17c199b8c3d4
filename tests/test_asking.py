"""At a terminal a person is asked what couldn't be decided, once; the night asks nothing, and says how to answer."""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from importer.cli import main
from importer.markup import visible
from tests.sandbox import Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import types
from tests.truth import write_csv

HEAD = ("Contact ID", "First Name", "Full Comments", "Shared?")
TEXTS = ("Spoke about the annual plan, she wants an offer", "Left a message, will call again on Monday")
ROWS = [(f"jzRkmgMdw{i}", "Jo", TEXTS[i % 2], ("Team only", "Yes")[i % 2]) for i in range(4)]


pytestmark = pytest.mark.usefixtures("desk")


def write(head: Sequence[str] = HEAD, rows: Sequence[Sequence[str]] = ROWS) -> str:
    return write_csv(Path("n.csv"), head, *rows).name


def test_what_is_undecided_is_asked_and_remembered_and_the_night_asks_nothing(
    box: Sandbox, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = types(["run", write()], ["1", "3", "1", "2", "y", "y"])
    assert seen.status == 0, seen.screen
    for words in (
        "Which column holds the text of the notes? 1 column C, 'Full Comments': Spoke about the annual plan",
        "Which column says who may see a note? 1 no column: all notes are private, visible only to the owner"
        " of the API key 2 no column: all notes are public, visible to the whole team",
        "3 column D, 'Shared?' (likely): Team only; Yes",
        "What does 'Team only' mean as the visibility? (2 rows) 1 Private: only the owner of the API key sees it 2 Pub",
        "What does 'Yes' mean as the visibility? (2 rows) The heading 'Shared?' suggests Public. 1 Private",
        "Send 4 notes to",
        "Your answers are kept as 'n' in",
    ):
        assert words in seen.screen
    assert sorted((note.prospect_id, note.visibility) for note in box.notes) == [
        ("jzRkmgMdw0", "2"), ("jzRkmgMdw1", "1"), ("jzRkmgMdw2", "2"), ("jzRkmgMdw3", "1"),
    ]  # fmt: skip
    (kept,) = tomllib.loads(profiles.read_text(encoding="utf-8"))["default"]["readings"]
    assert kept == {
        "name": "n", "answered": date.today(),  # noqa: DTZ011
        "headings": [*HEAD],
        "map": {"content": "Full Comments", "visibility": "Shared?"},
        "value": {"visibility": {"Shared?": {"Team only": "Private", "Yes": "Public"}}},
    }  # fmt: skip
    again = types(["run", write(rows=[*ROWS, ("jzRkmgMdw9", "Al", TEXTS[0], "Yes")])], ["y"])
    assert again.status == 0
    assert "Which column" not in again.screen
    assert "Your answers are kept" not in again.screen
    assert f"As answered on {kept['answered'].day} {kept['answered']:%B %Y} for 'n'." in again.screen
    capsys.readouterr()
    assert main(["run", write(rows=[("jzRkmgMdx1", "Al", TEXTS[0], "Team only")]), "--yes"]) == 0
    assert len(box.notes) == 6


@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_nobody_is_asked_at_night_and_the_message_names_the_settings(
    box: Sandbox, capsys: pytest.CaptureFixture[str], at_a_terminal: bool
) -> None:
    """Neither with --yes nor without a terminal: 2, nothing sent, and how to answer each question.

    The command that asks has the address and the journal of the command line, or it would ask for another workspace.
    """
    run = ["run", write(), "--base-url", box.url, "--journal", "my journal.sqlite"]
    if at_a_terminal:
        seen = types([*run, "--yes"], [])
        status, said = seen.status, seen.screen
    else:
        status, said = main(run), " ".join("".join(capsys.readouterr()).split())
    assert status == 2
    for words in (
        "No column for the content was found", '--map "content=Full Comments" column',
        "--default-visibility private no column: all notes are private",
        f'`note-importer run "n.csv" --base-url {box.url} --journal "my journal.sqlite"`',
    ):  # fmt: skip
        assert words in said
    assert "Enter alone stops" not in said
    assert box.received == ()


def test_who_doesnt_know_stops_and_nothing_is_sent_or_remembered(box: Sandbox, profiles: Path) -> None:
    seen = types(["run", write()], ["1", ""])
    assert seen.status == 2
    assert "--default-visibility private" in seen.screen
    assert "Run the command again and enter a number, or add one of the settings above." in seen.screen
    assert "note-importer run" not in seen.screen
    seen = types(["run", write()], [])
    assert seen.status == 2
    assert "Nothing was sent." in seen.screen
    assert box.received == ()
    assert profiles.read_text(encoding="utf-8") == ""


def test_answers_are_kept_only_once_the_send_begins(box: Sandbox, profiles: Path) -> None:
    seen = types(["run", write()], ["1", "1", "perhaps", "n"])
    assert seen.status == 2
    assert "Your answers are kept" not in seen.screen
    assert types(["check", write()], ["1", "1"]).status == 0
    assert types(["run", write(), "--max-notes", "1"], ["1", "1", "y"]).status == 2
    assert box.received == ()
    assert profiles.read_text(encoding="utf-8") == ""


def test_a_column_is_named_by_heading_or_letter_too(box: Sandbox, profiles: Path) -> None:
    seen = types(["run", write()], ["9", "Nonsense", "c", "C", "1", "y", "y"])
    assert seen.status == 0, seen.screen
    for words in (
        "'9' is not one of the answers", "No column has the heading 'Nonsense'",
        "'Full Comments' can't be both the content and the visibility",
    ):  # fmt: skip
        assert words in seen.screen
    assert {note.visibility for note in box.notes} == {"2"}
    assert "Nonsense" not in profiles.read_text(encoding="utf-8")


def test_notes_of_each_visibility_are_shown_before_they_are_sent(box: Sandbox) -> None:
    texts = ["Ann<br>wants <b>an offer</b>", "One\ntwo", "Three", "The longest, for it says more than all the others"]
    rows = [(f"P{i}", text, "Everyone") for i, text in enumerate(texts)] + [("P9", "For me", "Only me")]
    path = write(("Prospect ID", "Note", "Visibility"), rows)
    for answer, status in (("n", 2), ("y", 0)):
        assert not box.notes
        seen = types(["run", path], [answer])
        assert seen.status == status
        sizes = "public: 4 (all team members see them) private: 1 (only the owner of the API key sees them) drafts: 0"
        shown = seen.screen.partition(sizes)[2].partition("Send 5 notes to")
        for text in ("(private): | For me", "| Ann | wants an offer", "| One | two", "(public): | Three"):
            assert text in shown[0]
        assert texts[3] not in shown[0]
        assert shown[1]


NIGHTS: Sequence[tuple[dict[str, str], Sequence[str], str]] = [
    ({}, ["1", "2", "y"], "11"),  # a person said that all notes are public
    ({"Region": "EMEA"}, ["1", "y"], "11"),
    ({"Shared": "No"}, ["1", "3", "1", "y"], "21"),
    ({"Shared": "No", "Region": "EMEA"}, ["1", "y"], "21"),
    ({"Classification": "TLP:RED"}, ["1", "3", "1", "y"], "21"),
    ({"Phase": "Draft"}, ["1", "1", "y"], "10"),
    ({"Stage": "Draft"}, ["1", "2", "y"], "11"),
]
"""Columns beside the contact's ID and the text, a person's answers, and the visibility and status that a note has."""


def test_each_kind_of_sheet_is_asked_about_once_and_no_note_is_more_than_its_column_says(box: Sandbox) -> None:
    asked = Counter[str]()
    for number, (columns, answers, kind) in enumerate([*NIGHTS[:3], NIGHTS[0], *NIGHTS[3:], *NIGHTS]):
        head, row = ["Contact ID", *columns, "Full Comments"], [f"jzRkmgMd{number:02}", *columns.values(), TEXTS[0]]
        if main(["run", write(head, [row]), "--yes"]) == 2:
            asked["".join(columns)] += 1
            seen = types(["run", "n.csv"], answers)
            assert seen.status == 0, seen.screen
        [note] = [note for note in box.notes if note.prospect_id == row[0]]
        assert note.visibility + note.status == kind, (number, columns)
    assert max(asked.values()) == 1, asked


HUBSPOT = (("Recipient", "Engagement body"), ("a@x.com", TEXTS[0]), ("b@x.com", TEXTS[1]))


def two_sheets(*rows: Sequence[str]) -> str:
    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("Second")
    assert first is not None
    first.append(("Prospect ID", "Note", "Visibility"))
    first.append(("P-1", "x", "Public"))
    for row in rows:
        second.append(row)
    book.save("n.xlsx")
    return "n.xlsx"


def test_a_second_sheet_that_seems_to_hold_notes_is_asked_about_and_stops_the_night(
    box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its notes would be lost, because the file counts as imported. No name of a sheet is remembered."""
    path = two_sheets(*HUBSPOT)
    assert main(["run", path, "--yes"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "Several sheets may be meant: 'Sheet' starts with" in error
    assert "'Second' starts with Recipient, Engagement body" in error
    assert "--sheet Second the sheet 'Second'" in error
    assert box.received == ()
    seen = types(["run", path], ["1", "y"])
    assert "1 the sheet 'Sheet': Prospect ID; Note; Visibility 2 the sheet 'Second': Recipient" in seen.screen
    assert [note.prospect_id for note in box.notes] == ["P-1"], seen.screen
    assert main(["run", path, "--yes"]) == 2
    assert main(["run", path, "--sheet", "Sheet", "--yes"]) == 0


@pytest.mark.parametrize(
    "rows",
    [
        [("Email", "City"), ("a@x.com", "Paris"), ("b@x.com", "Rome")],
        [("Code", "Description"), ("C1", TEXTS[0]), ("C2", TEXTS[1])],
        [("Owner email", "Territory"), ("a@x.com", TEXTS[0]), ("b@x.com", TEXTS[1])],
        [("Export of 3 May",), (TEXTS[0],), (TEXTS[1],)],
        [("Owner", "Calls"), ("Ann", "3"), ("Total", "3")],
        HUBSPOT[:2],
    ],
    ids=["contacts", "codes", "owners", "cover", "pivot", "one-row"],
)
def test_a_second_sheet_of_another_kind_stops_no_night(rows: Sequence[Sequence[str]]) -> None:
    assert main(["check", two_sheets(*rows)]) == 0


def test_how_an_export_is_encoded_is_asked_once(
    box: Sandbox, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def export(text: str, head: str = "Prospect ID,Note,Visibility") -> str:
        Path("n.csv").write_bytes(f"{head}\r\n{text}\r\n".encode("cp1250"))
        return "n.csv"

    assert main(["run", export("jzRkmgMdw1,Met Jan Kočka,Private"), "--yes"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--encoding cp1250" in said
    assert "--encoding cp1252" in said
    assert not box.notes
    answer = "1" if said.index("cp1250") < said.index("cp1252") else "2"
    seen = types(["run", "n.csv"], [answer, "y", "y"])
    assert "such as UTF-8. 1 'K" in seen.screen
    assert seen.status == 0, seen.screen
    assert 'encoding = "cp1250"' in profiles.read_text(encoding="utf-8")
    assert main(["run", export("jzRkmgMdw2,Met Jan Kočka again,Private"), "--yes"]) == 0
    assert box.notes[-1].sent_content == "Met Jan Kočka again"
    assert (
        main(["run", export("jzRkmgMdw2,Met Jan Kočka again,Private", "Prospect ID,Remark,Visibility"), "--yes"]) == 2
    )


TOLD = ("Prospect ID", "Activity Date", "Assigned", "Comments", "Visibility")
CALLS = [(f"jzRkmgMdw{i}", f"2026-11-0{i}", ("Ada Adams", "")[i % 2], TEXTS[i % 2], "Public") for i in range(1, 5)]


def test_dates_and_authors_are_offered_with_the_first_notes_shown_both_ways(
    box: Sandbox, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = types(["run", write(TOLD, CALLS)], ["1", "y"])
    assert seen.status == 0, seen.screen
    for words in (
        "The notes don't use 'Activity Date' and 'Assigned'. Which notes do you want to send?",
        f"1 notes with these columns before the text 2026-11-01, {TEXTS[1]} 2026-11-02, Ada Adams: {TEXTS[0]} 2026-",
        f"2 notes as they stand in the sheet {TEXTS[1]} {TEXTS[0]} {TEXTS[1]} Number (Enter: the notes stay as they",
        "content: composed as [{Activity Date}, ][{Assigned}: ]{Comments}",
        "4 notes in 4 requests.",
    ):
        assert words in seen.screen, seen.screen
    assert {visible(note.content) for note in box.notes} >= {f"2026-11-02, Ada Adams: {TEXTS[0]}"}
    assert 'content = "[{Activity Date}, ][{Assigned}: ]{Comments}"' in profiles.read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["run", write(TOLD, [*CALLS, ("jzRkmgMdw9", "2026-11-09", "Al", "New", "Public")]), "--yes"]) == 0
    assert visible(box.notes[-1].content) == "2026-11-09, Al: New"
    assert "Which notes" not in types(["run", write(TOLD, CALLS)], []).screen


@pytest.mark.parametrize(("answer", "is_remembered"), [("2", True), ("", False)])
def test_who_declines_sends_them_as_they_stand_and_is_asked_no_more_if_that_is_remembered(
    box: Sandbox, profiles: Path, answer: str, is_remembered: bool
) -> None:
    seen = types(["run", write(TOLD, CALLS)], [answer, "y"])
    assert (seen.status, seen.screen.count("Which notes do you want to send?")) == (0, 1), seen.screen
    assert {visible(note.content) for note in box.notes} == {*TEXTS}
    again = types(["run", write(TOLD, [*CALLS, ("jzRkmgMdw9", "2026-11-09", "Al", "New", "Public")])], ["", "y"])
    assert ("Which notes do you want to send?" not in again.screen) is is_remembered


def test_the_time_window_of_the_profile_is_for_runs_that_nobody_watches(
    box: Sandbox, profiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person who starts a run outside it is told, and asked as always. One who says a window means it."""
    now = datetime.now().astimezone()
    shut = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    profiles.write_text(f'[default]\nbetween = "{shut}"\n', encoding="utf-8")
    sheet = write(("Prospect ID", "Note", "Visibility"), [("jzRkmgMdw1", "Hello", "Public")])
    assert main(["run", sheet, "--yes"]) == 3
    assert "outside the window" in " ".join(capsys.readouterr().err.split())
    seen = types(["run", sheet, "--between", shut], [])
    assert (seen.status, len(box.notes)) == (3, 0)
    seen = types(["run", sheet], ["y"])
    assert (seen.status, len(box.notes)) == (0, 1), seen.screen
    assert f"It is outside the time window {shut} of the profile." in seen.screen


def test_hide_asks_before_it_changes_anything(box: Sandbox) -> None:
    path = write(("Prospect ID", "Note", "Visibility"), [(f"P{i}", f"Note {i}", "1") for i in range(7)])
    assert "[y/N]" not in types(["run", path, "--yes"], []).screen
    for answer, status, hidden in (("n", 2, 0), ("y", 0, 7)):
        seen = types(["hide", "last"], ["j", answer])
        assert "Make them private drafts? [y/N]: Enter y for yes, or n for no. Make them private" in seen.screen
        assert "7 notes would become private drafts:" in seen.screen
        shown = re.findall(r"row (\d), prospect P(\d), note \w+: Note \2", seen.screen)
        assert len(shown) == seen.screen.count(", note ") == 5
        assert all(int(row) == int(prospect) + 2 for row, prospect in shown)
        assert (seen.status, sum(note.status == "0" for note in box.notes)) == (status, hidden)


def test_more_visible_or_a_new_public_text_needs_a_yes_in_this_very_run(box: Sandbox) -> None:
    head = ("Prospect ID", "Note", "Visibility", "Activity ID")
    run, ids = ["run", "n.csv", "--map", "record=Activity ID", "--update"], ("00T5f00000AbCdE", "00T5f00000AbCdF")
    same = "They asked for what we had promised in spring and " * 3
    write(head, [("P1", f"{same}Trms", "Public", ids[0]), ("P2", "Offer", "Private", ids[1])])
    assert main([*run, "--yes"]) == 0
    write(head, [("P1", f"{same}Terms", "Public", ids[0]), ("P2", "Offer", "Public", ids[1])])
    before = box.notes
    assert types([*run, "--yes"], []).status == 1
    for answer in ("n", "y"):
        assert box.notes == before
        seen = types(run, [answer])
        assert (seen.status, "2 rows wait for a person" in seen.screen) == ((1, True) if answer == "n" else (0, False))
        for words in (
            "Make these 2 changes? [y/N]:", "row 2, prospect P1: public",
            "row 3, prospect P2: private. Afterwards public",
        ):  # fmt: skip
            assert words in seen.screen
        assert re.search(r"before: … [a-z ]+ Trms after: … [a-z ]+ Terms", seen.screen)
    notes = sorted(box.notes, key=lambda note: note.prospect_id)
    assert [(note.content, note.visibility) for note in notes] == [(f"<p>{same}Terms</p>", "1"), ("<p>Offer</p>", "1")]


def test_a_keyboard_is_no_table() -> None:
    """``-`` without a pipe is said at once, instead of waiting for somebody to type a CSV."""
    seen = types(["check", "-"], [])
    assert seen.status == 2
    assert "Nothing is piped into standard input." in seen.screen
