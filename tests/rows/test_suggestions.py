"""What the sheet itself speaks for comes first among the answers, by headings and by cells; nothing is taken by it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from importer.errors import UnclearColumns
from importer.importing.loading import load
from importer.messages import render
from importer.models import Question, Role
from importer.rows.columns import find
from importer.rows.suggestions import samples
from importer.settings import Settings
from tests.truth import write_csv

IDS = ("jzRkmgMdwA", "8PvBmrB7P7")
PROSE = ("Spoke about the annual plan; she wants an offer", "Left a message, will call again on Monday")
SHORT = ("Call", "Email")


def asked(role: Role, *columns: tuple[str, Sequence[str]]) -> Question:
    """The question for a role, of columns with what stands in them."""
    with pytest.raises(UnclearColumns) as error:
        find([heading for heading, _ in columns], Settings(), [cells for _, cells in columns])
    [question] = [question for question in error.value.questions if question.roles == [role]]
    return question


def likely(question: Question) -> list[str]:
    return [choice.value.partition("=")[2] for choice in question.choices if choice.is_likely]


@pytest.mark.parametrize(
    "heading",
    ["Full Comments", "Task Comments", "Activity - Note", "Call Note", "Description", "Call summary", "Body preview"],
)
def test_a_crm_s_column_of_texts_comes_first(heading: str) -> None:
    question = asked(Role.CONTENT, ("Subject", SHORT), ("Street", PROSE), (heading, PROSE), ("Owner", ("Jo Miller",)))
    assert likely(question)[0] == heading
    assert question.choices[0].samples == list(samples(PROSE))


EMAILS = ("eva@example.com",)
PEOPLE = ("who", ("ada@example.com", "bo@example.com"))
REST = (("Note", PROSE), ("Visibility", ("Public",)))
NUMBERED = ("Notiz - ID", [*map(str, range(98000, 98100)), "Gesamt: 100 Notizen"])


@pytest.mark.parametrize(
    ("role", "columns", "first"),
    [
        # the cells alone speak for texts, and against a count or a number of notes, whatever a footer says below it
        (Role.CONTENT, [("Type", SHORT), ("What was said", PROSE)], "What was said"),
        (Role.CONTENT, [("Number of notes body", ("3", "14")), ("What was said", PROSE)], "What was said"),
        (Role.CONTENT, [NUMBERED, ("Notiz - Inhalt", PROSE)], "Notiz - Inhalt"),
        # the vendor's ids; those of Salesforce and HubSpot look otherwise
        (Role.PROSPECT, [("Owner ID", ("0035g00000XyZabAAF",)), ("Record number", ("1234567890", "2234567890")),
                         ("External", IDS), *REST], "External"),
        # all notes would go to one colleague, if she is a prospect as well
        *((Role.PROSPECT, [(heading, EMAILS), ("Reach at", EMAILS), *REST], "Reach at")
          for heading in ("Contact Owner", "owner_email", "ownerEmail", "Assigned user mail", "CC")),
        # a sheet by hand says it in a sentence
        *((Role.VISIBILITY, [PEOPLE, ("what", PROSE), ("who may see?", cells)], "who may see?")
          for cells in (("yes", "no"), ("me", "all"), ("x",))),
    ],
)  # fmt: skip
def test_the_column_comes_first_that_headings_and_cells_speak_for(
    role: Role, columns: Sequence[tuple[str, Sequence[str]]], first: str
) -> None:
    assert likely(asked(role, *columns)) == [first]


def test_a_column_of_visibilities_comes_before_one_for_all() -> None:
    """A yes says nothing under a heading about something else, nor do words under one known for another role."""
    question = asked(Role.VISIBILITY, ("Prospect ID", IDS), ("Note", PROSE), ("Audience", ("Public", "Private")))
    assert [choice.value for choice in question.choices[:3]] == ["visibility=Audience", "private", "public"]
    for note, other in ((PROSE, ("Owner", ("Jo",))), (("Everyone", "All"), ("Opted in", ("yes", "no")))):
        question = asked(Role.VISIBILITY, ("Prospect ID", IDS), ("Note", note), other)
        assert [choice.value for choice in question.choices[:2]] == ["private", "public"]


@pytest.mark.parametrize(
    ("heading", "cells"),
    [("who may see?", ("Anna", "sales")), ("Who on the team sees this one", ("Anna", "sales")),
     ("Wer außer mir darf das sehen", ("Anna", "Vertrieb")), ("Circle", ("just us", "Everyone"))],
)  # fmt: skip
def test_a_column_that_something_speaks_for_stands_before_one_for_all(heading: str, cells: Sequence[str]) -> None:
    question = asked(Role.VISIBILITY, ("Prospect ID", IDS), ("Note", PROSE), ("Owner", ("Jo",)), (heading, cells))
    assert likely(question) == []
    assert [choice.value for choice in question.choices[:3]] == [f"visibility={heading}", "private", "public"]


def test_samples_are_few_short_and_one_line() -> None:
    assert samples(["a\nb", "x" * 100, "c", "d"]) == ["a b", "x" * 40 + "…", "c"]


TEXT = "Spoke about the annual plan and she wants an offer"


def test_where_no_column_can_say_it_the_question_is_who_may_see_the_notes(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "n.csv", ("Prospect ID", "Town", "Note"), ("8PvBmrB7P7", "Graz", TEXT))
    with load(path, Settings()) as loaded:
        [question] = [one for one in loaded.questions if Role.VISIBILITY in one.roles]
    assert render(question.asks) == "Who may see these notes?"
    assert [choice for choice in question.choices if choice.setting == "map"] == []


@pytest.mark.parametrize(("heading", "is_offered"), [("Note body", True), ("Notes", False)])
def test_hubspots_record_id_of_a_note_is_that_records_id(tmp_path: Path, heading: str, is_offered: bool) -> None:
    path = write_csv(tmp_path / "n.csv", ("Record ID", "Email", heading, "Visibility"),
                     ("151000123456", "jo@example.com", TEXT, "Public"))  # fmt: skip
    with load(path, Settings(mapping={Role.CONTENT: (heading,)})) as loaded:
        remarks = " ".join(map(render, loaded.rows.remarks))
    assert ('--map record="Record ID"' in remarks) is is_offered
