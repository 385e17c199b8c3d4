"""The form of the Check screen: columns and words with what they are, what is chosen beforehand, what a change does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from importer.models import Role
from importer.operations import hide
from importer.page import reading
from importer.page.screens import Parts
from importer.page.state import State
from importer.page.uploads import DroppedFile
from importer.settings import Settings
from tests.page.conftest import HEAD, OURS, write
from tests.running import run

TEXT = "Spoke about the annual plan, wants a quote next week"


class Screen(HTMLParser):
    """What a person sees of the form, and what the browser hands over.

    Attributes:
        hidden: fields that nobody sees.
        chosen: label of a drop-down → name, value and text of the chosen option.
        options: label of a drop-down → text of an option → its value.
        rows: the texts of the tables' rows.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hidden: list[tuple[str, str]] = []
        self.chosen: dict[str, tuple[str, str, str]] = {}
        self.options: dict[str, dict[str, str]] = {}
        self.rows: list[str] = []
        self._select = self._name = self._text = ""
        self._option: dict[str, str | None] | None = None
        self._is_in_row = False
        self.feed(html[html.index("<main") : html.index('<p class="actions go">')])

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag == "input" and about.get("name") == "seen":
            self.hidden.append((str(about["name"]), str(about["value"])))
        elif tag == "select":
            self._select, self._name = about.get("aria-label") or str(about["id"]), about.get("name") or ""
        elif tag == "option":
            self._option, self._text = about, ""
        elif tag == "tr":
            self.rows.append("")
            self._is_in_row = True

    def handle_data(self, data: str) -> None:
        self._text += data
        if self._option is None and self._is_in_row:
            self.rows[-1] = " ".join(f"{self.rows[-1]} {data}".split())

    def handle_endtag(self, tag: str) -> None:
        if tag == "option" and self._option is not None:
            text, value = self._text.strip(), str(self._option["value"])
            self.options.setdefault(self._select, {})[text] = value
            if "selected" in self._option:
                self.chosen[self._select] = (self._name, value, text)
            self._option = None
        self._is_in_row &= tag != "tr"

    def row(self, start: str) -> str:
        """The one row that begins with this text."""
        (row,) = [row for row in self.rows if row.startswith(start)]
        return row

    def submitted(self, changes: dict[str, str], **more: str) -> list[tuple[str, str]]:
        """The fields of the form, with other options chosen in some drop-downs."""
        chosen = {
            label: (name, self.options[label][changes[label]] if label in changes else value)
            for label, (name, value, _) in self.chosen.items()
        }
        return [*self.hidden, *(pair for pair in chosen.values() if pair[0]), *more.items()]


class Person:
    """Somebody who drops files and presses buttons; files are read in this process.

    Attributes:
        address: the address of the last screen.
        text: its HTML.
    """

    address = text = ""
    upload: DroppedFile

    def __init__(self, client: FlaskClient, parts: Parts) -> None:
        self._client, self._parts = client, parts
        self._uploads: dict[Path, DroppedFile] = {}
        self._of_form: set[str] = set()
        parts.reading.look = lambda upload, _, settings, *__, **___: reading.check(  # type: ignore[method-assign]
            upload.folder, upload.name, settings, upload.folder / "rows.db"
        )

    def sees(self, path: Path, fields: Sequence[tuple[str, str]] = ()) -> Screen:
        """The Check screen of a file that is dropped, or that follows when the form is submitted with these fields."""
        self.goes_on(path, fields)
        return Screen(self.text)

    def goes_on(self, path: Path, fields: Sequence[tuple[str, str]]) -> None:
        """Submit the form, or answer questions by buttons."""
        if path not in self._uploads:
            self._uploads[path] = self._parts.uploads.add(path.name, lambda to: to.write_bytes(path.read_bytes()))
        self.upload = self._uploads[path]
        address = f"/file/{self.upload.id}"
        data = MultiDict([pair if pair[0] in self._of_form else ("answer", " ".join(pair)) for pair in fields])
        if fields:
            data.setdefault("seen", self.upload.state.digest)
            answer = self._client.post(
                f"{address}/choose", base_url=OURS, headers={"Origin": OURS}, data=data, follow_redirects=True
            )
        else:
            answer = self._client.get(address, base_url=OURS)
        self.address, self.text = answer.request.full_path, answer.text
        self._of_form |= {"seen", "next", "answer", *re.findall(r'<select id="([^"]*)"', self.text)}

    @property
    def chose(self) -> list[tuple[str, str]]:
        """The answers about the file."""
        return [*self.upload.state.answers]


@pytest.fixture
def person(friend: FlaskClient, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.chdir(tmp_path)  # and back
    return Person(friend, parts)


def test_what_is_likely_is_chosen_marked_and_sent_as_it_was_shown(person: Person, tmp_path: Path) -> None:
    """The first look shows the notes already; nothing is chosen where two columns are likely, or one is empty."""
    head = ("Contact ID", "Full Comments", "Visibility", "Owner")
    path = write(tmp_path / "n.csv", [("p1", TEXT, "Public", "Ann"), ("p2", TEXT, "Private", "Ben")], head)
    screen = person.sees(path)
    assert "Ready: 2 notes to send." in person.text
    assert screen.row("A Contact ID").endswith("matched by heading")
    assert screen.row("B Full Comments").endswith("likely")
    assert screen.chosen["Column B: Full Comments"] == ("column-1", "", "Text of the note")
    assert screen.chosen["Column D: Owner"] == ("column-3", "", "not imported")
    person.goes_on(path, screen.submitted({}, next="confirm"))
    marked = re.findall(r"<dt>([^<]+)</dt><dd>(?:(?!</dd>).)*likely</span></dd>", person.text)
    assert marked == ["Text of the note"]
    assert person.chose == []
    chosen = {"Column B: Full Comments": "not imported", "Column D: Owner": "Text of the note"}
    person.goes_on(path, screen.submitted(chosen, next="confirm"))
    person.goes_on(path, Screen(person.text).submitted({}, next="confirm"))
    assert "Send 2 notes?" in person.text
    assert "likely" not in person.text
    both = write(
        tmp_path / "m.csv", [("p1", TEXT, TEXT, "Public")], ("ID", "Call notes", "Full Comments", "Visibility")
    )
    screen = person.sees(both)
    assert "2 things to decide" in person.text or "1 thing to decide" in person.text
    assert "likely" not in " ".join(screen.rows)
    assert screen.row("D Visibility").endswith("matched by heading")
    empty = write(tmp_path / "e.csv", [("p1", "", "Public")], ("Prospect ID", "Full Comments", "Visibility"))
    assert "likely" not in " ".join(person.sees(empty).rows)


@pytest.mark.parametrize("words", [("Public", "Private"), ("Yes", "No")])
def test_who_may_see_a_note_is_a_question_however_likely_a_column_is(
    person: Person, tmp_path: Path, words: tuple[str, str]
) -> None:
    """As in the terminal; what is shown and sent is what a person chose."""
    rows = [(f"p{i}", TEXT, word) for i, word in enumerate(words)]
    path = write(tmp_path / "n.csv", rows, ("Prospect ID", "Note", "Who can see"))
    screen = person.sees(path)
    assert "1 thing to decide" in person.text
    assert "likely" not in person.text
    assert screen.chosen["answer-0"][2] == "– please choose –"
    person.goes_on(path, screen.submitted({}, next="confirm"))
    assert "/confirm" not in person.address


def test_a_new_choice_replaces_the_one_that_was_shown_for_the_role(person: Person, tmp_path: Path) -> None:
    """Whichever column stands first. What no drop-down shows is kept."""
    head = ("Prospect ID", "One", "Two", "Visibility")
    path = write(tmp_path / "n.csv", [("p1", "first", "second", "Public")], head)
    screen = person.sees(path, [("map", "content=Two"), ("ignore", "Elsewhere")])
    assert screen.row("C Two").endswith("your choice")
    screen = person.sees(path, screen.submitted({"Column B: One": "Text of the note"}))
    assert screen.chosen["Column B: One"][2] == "Text of the note"
    assert screen.chosen["Column C: Two"][2] == "not imported"
    assert person.chose == [("map", "content=One"), ("ignore", "Elsewhere")]
    screen = person.sees(
        path, screen.submitted({"Column A: Prospect ID": "Key for repeated notes", "Column C: Two": "Prospect"})
    )
    screen = person.sees(path, screen.submitted({"Column D: Visibility": "Key for repeated notes"}))
    assert ("map", "key=Visibility") in person.chose
    assert [value for _, value in person.chose].count("key=Visibility") == 1


def test_columns_become_a_part_of_the_text_and_leave_it_again(person: Person, tmp_path: Path) -> None:
    """Two at once, then without one, then another text; and the notes that follow are on the screen."""
    head = ("Prospect ID", "Day", "Who", "Note", "Other", "Visibility")
    path = write(tmp_path / "n.csv", [("p1", "Monday", "Ann", "Called", "Wrote", "Public")], head)
    screen = person.sees(path)
    screen = person.sees(
        path, screen.submitted({"Column B: Day": "Part of the text", "Column C: Who": "Part of the text"})
    )
    assert "Monday, Ann: Called" in person.text
    assert screen.row("B Day").endswith("your choice")
    screen = person.sees(path, screen.submitted({"Column B: Day": "not imported"}))
    assert ">Ann: Called<" in person.text
    screen = person.sees(path, screen.submitted({"Column E: Other": "Text of the note"}))
    assert ">Ann: Wrote<" in person.text
    person.sees(path, screen.submitted({"Column C: Who": "not imported"}))
    assert '<blockquote dir="auto">Wrote</blockquote>' in person.text
    assert "{" not in str(person.chose)


def test_each_word_says_how_often_it_is_there_and_what_it_means(person: Person, tmp_path: Path) -> None:
    """Those that a person gave a meaning, too; a choice can be undone."""
    rows = [(f"p{i}", "Hello", word) for i, word in enumerate(["Public", "public", "Secret", "Secret", "", "Private"])]
    path = write(tmp_path / "n.csv", rows)
    screen = person.sees(path)
    assert screen.row("Who may see it 'Public'").endswith("2 a known word")
    assert screen.chosen["Meaning of 'Public'"][2] == "Public: all team members see the note"
    assert screen.row("Who may see it 'Secret'").endswith("please choose")
    assert screen.chosen["If visibility is blank"][2] == "leave as an error"
    assert screen.row("Who may see it If visibility is blank"), "the label that messages name is there"
    private = "Private: only the owner of the API key sees it"
    screen = person.sees(path, screen.submitted({"Meaning of 'Secret'": private, "If visibility is blank": private}))
    assert "Ready: 6 notes to send." in person.text
    assert screen.row("Who may see it 'Secret'").endswith("2 your choice")
    screen = person.sees(path, screen.submitted({"Meaning of 'Secret'": "– undo my choice –"}))
    assert screen.row("Who may see it 'Secret'").endswith("please choose")
    assert screen.chosen["If visibility is blank"][2] == private


def test_a_misspelled_word_can_be_given_a_meaning(person: Person, tmp_path: Path) -> None:
    """Under a heading of the user's own, the word has a row for it."""
    path = write(
        tmp_path / "n.csv", [("p1", TEXT, "Public"), ("p2", TEXT, "Pubilc")], ("Prospect ID", "Note", "Audience")
    )
    mapped = [("map", "visibility=Audience")]
    screen = person.sees(path, mapped)
    assert screen.row("Who may see it 'Pubilc' 1").endswith("1")
    assert screen.chosen["Meaning of 'Pubilc'"][2] == "leave as an error"
    private = "Private: only the owner of the API key sees it"
    person.sees(path, screen.submitted({"Meaning of 'Pubilc'": private}))
    assert ("value", "visibility:Pubilc=Private") in person.chose
    assert "Ready: 2 notes to send." in person.text


def test_a_status_without_a_known_word_need_not_be_imported(person: Person, tmp_path: Path) -> None:
    """A CRM's own: each of its words has that choice, too."""
    rows = [(f"p{i}", "Hello", "Public", word) for i, word in enumerate(("Open", "Won"))]
    path = write(tmp_path / "n.csv", rows, ("Prospect ID", "Note", "Visibility", "Status"))
    screen = person.sees(path)
    assert screen.row("Published or draft 'Won'").endswith("please choose")
    no = next(text for text in screen.options["Meaning of 'Open'"] if text.startswith("no: column D is not"))
    person.sees(path, screen.submitted({"Meaning of 'Open'": no}))
    assert person.chose == [("ignore", "Status")]
    assert "Ready: 2 notes to send." in person.text


def test_what_was_answered_last_time_says_so(person: Person, profiles: Path, tmp_path: Path) -> None:
    profiles.write_text(
        '[[default.readings]]\nname = "Calls"\nanswered = 2026-11-03\n'
        'headings = ["Prospect ID", "Said", "Seen", "Old"]\n'
        'map = { content = "Said", visibility = "Seen" }\nvalue = { visibility = { Seen = { us = "Public" } } }\n'
        'ignore = ["Old"]\n',
        encoding="utf-8",
    )
    path = write(tmp_path / "n.csv", [("p1", "Hello", "us", "x")], ("Prospect ID", "Said", "Seen", "Old"))
    screen = person.sees(path)
    assert screen.row("A Prospect ID").endswith("matched by heading")
    for row in ("B Said", "C Seen", "D Old", "Who may see it 'us'"):
        assert screen.row(row).endswith("as last time"), row


def test_of_a_results_file_the_sheet_with_the_corrections_is_read(
    person: Person, settings: Settings, tmp_path: Path
) -> None:
    """The other sheet is one choice away."""
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Public"), ("p2", "Hi", "pubic")])
    run(path, replace(settings, results=tmp_path / "n.results.xlsx"))
    book = openpyxl.load_workbook(tmp_path / "n.results.xlsx")
    sheet = book["To fix"]
    sheet.cell(2, [cell.value for cell in sheet[1]].index("Visibility") + 1).value = "Public"
    book.save(tmp_path / "corrected.xlsx")
    screen = person.sees(tmp_path / "corrected.xlsx")
    assert screen.chosen["sheet"] == ("sheet", "", "To fix (found)")
    assert "Ready: 1 note to send." in person.text
    assert [label for label in screen.chosen if label.startswith("Column")] == [
        f"Column {letter}: {name}" for letter, name in zip("CDE", HEAD, strict=True)
    ]
    screen = person.sees(tmp_path / "corrected.xlsx", screen.submitted({"sheet": "Results"}))
    assert screen.chosen["sheet"] == ("sheet", "sheet Results", "Results")
    assert "There is nothing to send." in person.text


def test_a_column_that_is_asked_about_is_a_question_on_top(person: Person, profiles: Path, tmp_path: Path) -> None:
    """Nothing is chosen there beforehand, and what was found stays shown."""
    profiles.write_text('[default]\ndefault-visibility = "private"\n', encoding="utf-8")
    path = write(
        tmp_path / "n.csv", [("p1", "Hi", "Public"), ("p2", "Hi", "Private")], ("Prospect ID", "Note", "Sharing")
    )
    screen = person.sees(path)
    assert "1 thing to decide" in person.text
    assert screen.chosen["answer-0"] == ("answer-0", "", "– please choose –")
    assert screen.row("A Prospect ID").endswith("matched by heading")
    [no] = [text for text, value in screen.options["answer-0"].items() if value == "ignore Sharing"]
    ignored = person.sees(path, screen.submitted({"answer-0": no}))
    assert "Ready: 2 notes to send." in person.text
    assert ignored.row("C Sharing").endswith("your choice")
    assert ignored.row("Who may see it If visibility is blank").startswith("Who may see it If visibility is blank 2")
    person.sees(path, ignored.submitted({"Column C: Sharing": "Who may see it"}))
    assert "(public)" in person.text


def test_columns_that_a_person_lists_have_the_role_together(person: Person, tmp_path: Path) -> None:
    head = ("Contact 1", "Contact 2", "Note", "Visibility")
    path = write(tmp_path / "n.csv", [("a@example.com", "b@example.com", "Hi", "Public")], head)
    screen = person.sees(path, [("map", "email=Contact 1, Contact 2")])
    assert [screen.chosen[f"Column {name}"][2] for name in ("A: Contact 1", "B: Contact 2")] == ["Email address"] * 2
    person.sees(path, screen.submitted({}))
    assert person.chose == [("map", "email=Contact 1, Contact 2")]


def test_rows_that_may_be_notes_which_were_sent_are_a_question_with_buttons(
    person: Person, settings: Settings, tmp_path: Path
) -> None:
    """Unanswered they aren't sent. An answer can be changed, and isn't kept for the next time."""
    head = ("Prospect ID", "Date", "Note", "Visibility")
    rows = [(f"p{i}", "2026-01-05", "Left voicemail", "Public") for i in range(4)]
    run(write(tmp_path / "n.csv", rows, head), replace(settings, mapping={Role.CONTENT: ("Note",)}))
    path = write(tmp_path / "m.csv", [*rows, ("p9", "2026-01-06", "Met", "Public")], head)
    screen = person.sees(path, composed := [("map", "content=[{Date}: ]{Note}")])
    assert "4 rows have words that were sent in another form. Are they the same notes, or new ones?" in person.text
    assert "row 4, for p2: 2026-01-05: Left voicemail</bdi>" in person.text
    assert "Ready: 1 note to send." in person.text
    assert "Use “The same notes” if they are the same notes, or “New notes” if they are new ones" in person.text
    assert _buttons(person.text) == {"in-doubt": ["The same notes", "New notes"]}
    screen = person.sees(path, screen.submitted({}, answer="in-doubt same"))
    assert (person.chose, _buttons(person.text)) == ([*composed, ("in-doubt", "same")], {})
    assert "Ready: 1 note to send." in person.text
    screen = person.sees(path, screen.submitted({"in-doubt": "new notes"}))
    assert person.chose == [*composed, ("in-doubt", "new")]
    assert "Ready: 5 notes to send." in person.text
    assert State(tuple(person.chose)).for_next_time().answers == tuple(composed)


def test_hidden_notes_are_a_question_with_buttons(person: Person, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Public"), ("p2", "Hello", "Public")])
    run(path, settings)
    hide.hide(hide.what_to_hide(hide.Which("last"), settings), settings)
    screen = person.sees(path)
    assert "2 notes were hidden. Send them again, or leave them hidden?" in person.text
    assert _buttons(person.text) == {"in-doubt": ["Send again", "Leave hidden"]}
    screen = person.sees(path, screen.submitted({}, answer="in-doubt send-hidden"))
    assert "Ready: 2 notes to send." in person.text
    person.sees(path, screen.submitted({"in-doubt-hidden": "leave hidden"}))
    assert "There is nothing to send." in person.text


def test_a_history_that_is_about_to_be_sent_again_waits_for_its_answer(
    person: Person, settings: Settings, tmp_path: Path
) -> None:
    days = [(f"p{i}", f"Call {i}", "Public") for i in range(12)]
    for week in (10, 11, 12):
        run(write(tmp_path / "n.csv", days[:week]), settings)
    path = write(tmp_path / "n.csv", [(who, f"{text}, cleaned", seen) for who, text, seen in days])
    screen = person.sees(path)
    assert "If these are new notes: “New notes”" in person.text
    assert "Ready" not in person.text
    assert _buttons(person.text) == {"in-doubt": ["New notes"]}
    person.sees(path, screen.submitted({}, answer="in-doubt new"))
    assert "Ready: 12 notes to send." in person.text


def _buttons(html: str) -> dict[str, list[str]]:
    """Name of the setting → buttons that answer a question about it."""
    found: dict[str, list[str]] = {}
    for name, caption in re.findall(r'<button name="answer" value="(in-doubt) [\w-]+">([^<]+)</button>', html):
        found.setdefault(name, []).append(caption)
    return found
