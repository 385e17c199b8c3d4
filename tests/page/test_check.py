"""The form of the Check screen: columns and words with what they are, what is chosen beforehand, what a change does."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from importer.models import Role
from importer.operations import hide
from importer.page.screens import Parts
from importer.page.uploads import State
from importer.settings import Settings
from importer.settings.kinds import InDoubt
from tests.page.conftest import write
from tests.page.person import Form, Person
from tests.running import run

TEXT = "Spoke about the annual plan, wants a quote next week"
PRIVATE = "Private: only the owner of the API key sees it"
pytestmark = pytest.mark.usefixtures("read_here")


def sees(person: Person, path: Path, *answers: str) -> Form:
    """Drop a file, and give answers by buttons."""
    person.drops(path)
    if answers:
        person.posts("choose", answer=answers)
    return Form(person)


def chose(parts: Parts) -> list[tuple[str, str]]:
    [upload] = parts.uploads
    return [*upload.state.answers]


def buttons(person: Person) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    pattern = r'<button name="answer" value="(in-doubt) [\w-]+">([^<]+)</button>'
    for name, caption in re.findall(pattern, person.html):
        found.setdefault(name, []).append(caption)
    return found


def test_what_is_likely_is_chosen_marked_and_sent_as_it_was_shown(person: Person, parts: Parts, tmp_path: Path) -> None:
    head = ("Contact ID", "Full Comments", "Visibility", "Owner")
    rows = [("p1", TEXT, "Public", "Ann"), ("p2", TEXT, "Private", "Ben")]
    form = sees(person, write(tmp_path / "n.csv", rows, head))
    assert "Ready: 2 notes to send." in person.html
    assert form.row("A Contact ID").endswith("matched by heading")
    assert form.row("B Full Comments").endswith("likely")
    assert form.chosen["Column B: Full Comments"] == ("column-1", "", "Text of the note")
    assert form.chosen["Column D: Owner"] == ("column-3", "", "not imported")
    form.chooses(next="confirm")
    assert re.findall(r"<dt>([^<]+)</dt><dd>(?:(?!</dd>).)*likely</span></dd>", person.html) == ["Text of the note"]
    assert chose(parts) == []
    person.sees()
    form = form.chooses({"Column B: Full Comments": "not imported", "Column D: Owner": "Text of the note"})
    form.chooses(next="confirm")
    assert "Send 2 notes?" in person.html
    assert "likely" not in person.html
    both = ("ID", "Call notes", "Full Comments", "Visibility")
    form = sees(person, write(tmp_path / "m.csv", [("p1", TEXT, TEXT, "Public")], both))
    assert re.search(r"[12] things? to decide", person.html)
    assert "likely" not in " ".join(form.rows)
    assert form.row("D Visibility").endswith("matched by heading")
    empty = write(tmp_path / "e.csv", [("p1", "", "Public")], ("Prospect ID", "Full Comments", "Visibility"))
    assert "likely" not in " ".join(sees(person, empty).rows)


@pytest.mark.parametrize("words", [("Public", "Private"), ("Yes", "No")])
def test_who_may_see_a_note_is_asked_even_if_likely(person: Person, tmp_path: Path, words: tuple[str, str]) -> None:
    rows = [(f"p{i}", TEXT, word) for i, word in enumerate(words)]
    form = sees(person, write(tmp_path / "n.csv", rows, ("Prospect ID", "Note", "Who can see")))
    assert "1 thing to decide" in person.html
    assert "likely" not in person.html
    assert form.chosen["answer-0"][2] == "– please choose –"
    form.chooses(next="confirm")
    assert "/confirm" not in person.answer.address


def test_a_new_choice_replaces_the_one_shown_for_the_role(person: Person, parts: Parts, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [("p1", "first", "second", "Public")], ("Prospect ID", "One", "Two", "Visibility"))
    form = sees(person, path, "map content=Two", "ignore Elsewhere")
    assert form.row("C Two").endswith("your choice")
    form = form.chooses({"Column B: One": "Text of the note"})
    assert form.chosen["Column B: One"][2] == "Text of the note"
    assert form.chosen["Column C: Two"][2] == "not imported"
    assert chose(parts) == [("map", "content=One"), ("ignore", "Elsewhere")]
    form = form.chooses({"Column A: Prospect ID": "Key for repeated notes", "Column C: Two": "Prospect"})
    form.chooses({"Column D: Visibility": "Key for repeated notes"})
    assert [value for _, value in chose(parts)].count("key=Visibility") == 1


def test_what_was_said_of_one_columns_words_says_nothing_of_anothers(
    person: Person, parts: Parts, tmp_path: Path
) -> None:
    path = write(tmp_path / "n.csv", [("p1", TEXT, "Yes", "Yes")], ("Prospect ID", "Note", "Public?", "Confidential"))
    said = ("map visibility=Public?", "value visibility:Yes=Public", "default-visibility public", "ignore Elsewhere")
    sees(person, path, *said).chooses({"Column D: Confidential": "Who may see it"})
    assert chose(parts) == [("map", "visibility=Confidential"), ("ignore", "Elsewhere")]


def test_columns_become_a_part_of_the_text_and_leave_it_again(person: Person, parts: Parts, tmp_path: Path) -> None:
    head = ("Prospect ID", "Day", "Who", "Note", "Other", "Visibility")
    form = sees(person, write(tmp_path / "n.csv", [("p1", "Monday", "Ann", "Called", "Wrote", "Public")], head))
    form = form.chooses({"Column B: Day": "Part of the text", "Column C: Who": "Part of the text"})
    assert "Monday, Ann: Called" in person.html
    assert form.row("B Day").endswith("your choice")
    form = form.chooses({"Column B: Day": "not imported"})
    assert ">Ann: Called<" in person.html
    form = form.chooses({"Column E: Other": "Text of the note"})
    assert ">Ann: Wrote<" in person.html
    form.chooses({"Column C: Who": "not imported"})
    assert '<blockquote dir="auto">Wrote</blockquote>' in person.html
    assert "{" not in str(chose(parts))


def test_each_word_says_how_often_it_is_there_and_what_it_means(person: Person, tmp_path: Path) -> None:
    rows = [(f"p{i}", "Hello", word) for i, word in enumerate(["Public", "public", "Secret", "Secret", "", "Private"])]
    form = sees(person, write(tmp_path / "n.csv", rows))
    assert form.row("Who may see it 'Public'").endswith("2 a known word")
    assert form.chosen["Meaning of 'Public'"][2] == "Public: all team members see the note"
    assert form.row("Who may see it 'Secret'").endswith("please choose")
    assert form.chosen["If visibility is blank"][2] == "don't send these rows"
    assert form.row("Who may see it If visibility is blank"), "the label that messages name is there"
    form = form.chooses({"Meaning of 'Secret'": PRIVATE, "If visibility is blank": PRIVATE})
    assert "Ready: 6 notes to send." in person.html
    assert form.row("Who may see it 'Secret'").endswith("2 your choice")
    form = form.chooses({"Meaning of 'Secret'": "– undo my choice –"})
    assert form.row("Who may see it 'Secret'").endswith("please choose")
    assert form.chosen["If visibility is blank"][2] == PRIVATE


def test_columns_that_a_person_lists_have_the_role_together(person: Person, parts: Parts, tmp_path: Path) -> None:
    head = ("Contact 1", "Contact 2", "Note", "Visibility")
    path = write(tmp_path / "n.csv", [("a@example.com", "b@example.com", "Hi", "Public")], head)
    form = sees(person, path, "map email=Contact 1, Contact 2")
    assert [form.chosen[f"Column {name}"][2] for name in ("A: Contact 1", "B: Contact 2")] == ["Email address"] * 2
    form.chooses()
    assert chose(parts) == [("map", "email=Contact 1, Contact 2")]


def test_rows_that_may_be_notes_which_were_sent_are_a_question_with_buttons(
    person: Person, parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    head = ("Prospect ID", "Date", "Note", "Visibility")
    rows = [(f"p{i}", "2026-01-05", "Left voicemail", "Public") for i in range(4)]
    run(write(tmp_path / "n.csv", rows, head), replace(settings, mapping={Role.CONTENT: ("Note",)}))
    path = write(tmp_path / "m.csv", [*rows, ("p9", "2026-01-06", "Met", "Public")], head)
    form = sees(person, path, "map content=[{Date}: ]{Note}")
    composed = [("map", "content=[{Date}: ]{Note}")]
    assert "4 rows have words that were sent in another form. Are they the same notes, or new ones?" in person.html
    assert "row 4, for p2: 2026-01-05: Left voicemail</bdi>" in person.html
    assert "Ready: 1 note to send." in person.html
    assert "Use “The same notes” if they are the same notes, or “New notes” if they are new ones" in person.html
    assert buttons(person) == {"in-doubt": ["The same notes", "New notes"]}
    form = form.chooses(answer="in-doubt same")
    assert (chose(parts), buttons(person)) == ([*composed, ("in-doubt", "same")], {})
    assert "Ready: 1 note to send." in person.html
    form.chooses({"in-doubt": "new notes"})
    assert chose(parts) == [*composed, ("in-doubt", "new")]
    assert "Ready: 5 notes to send." in person.html
    assert State(tuple(chose(parts))).for_next_time().answers == tuple(composed)


def test_hidden_notes_are_a_question_with_buttons(person: Person, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Public"), ("p2", "Hello", "Public")])
    run(path, settings)
    hide.hide(hide.what_to_hide(hide.Which("last"), settings), settings)
    form = sees(person, path)
    assert "2 notes were hidden. Send them again, or leave them hidden?" in person.html
    assert "1 thing to decide before the notes can be sent." in person.html
    assert buttons(person) == {"in-doubt": ["Send again", "Leave hidden"]}
    form = form.chooses(answer="in-doubt send-hidden")
    assert "Ready: 2 notes to send." in person.html
    form.chooses({"in-doubt-hidden": "leave hidden"})
    assert "There is nothing to send." in person.html
    run(path, replace(settings, in_doubt=[InDoubt.LEAVE_HIDDEN]))
    assert len(hide.what_to_hide(hide.Which("last", undo=True), settings).notes) == 2
