"""What the sheet itself speaks for comes first among the answers, by headings and by cells; nothing is taken by it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from importer.errors import UnclearColumns
from importer.models import Question, Role
from importer.rows.columns import find
from importer.rows.suggestions import samples
from importer.settings import Settings

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
    """Whatever stands before it, and although other columns hold texts."""
    question = asked(Role.CONTENT, ("Subject", SHORT), ("Street", PROSE), (heading, PROSE), ("Owner", ("Jo Miller",)))
    assert likely(question)[0] == heading
    assert question.choices[0].samples == list(samples(PROSE))


def test_a_column_of_texts_comes_first_whatever_its_heading() -> None:
    """The cells alone speak for it."""
    assert likely(asked(Role.CONTENT, ("Type", SHORT), ("What was said", PROSE))) == ["What was said"]


def test_a_column_that_is_called_so_but_holds_no_texts_does_not_come_first() -> None:
    """HubSpot's count of notes, say."""
    question = asked(Role.CONTENT, ("Number of notes body", ("3", "14")), ("What was said", PROSE))
    assert likely(question) == ["What was said"]


def test_a_footer_below_numbers_makes_no_texts_of_them() -> None:
    """Pipedrive's number of a note, headed almost like the notes, with the report's total below."""
    numbers = [str(number) for number in range(98000, 98100)]
    question = asked(Role.CONTENT, ("Notiz - ID", [*numbers, "Gesamt: 100 Notizen"]), ("Notiz - Inhalt", PROSE))
    assert likely(question) == ["Notiz - Inhalt"]


def test_a_column_of_ids_like_the_vendor_s_comes_first() -> None:
    """Ids of Salesforce and HubSpot look otherwise, and do not."""
    foreign = (("Owner ID", ("0035g00000XyZabAAF",)), ("Record number", ("1234567890", "2234567890")))
    question = asked(Role.PROSPECT, *foreign, ("External", IDS), ("Note", PROSE), ("Visibility", ("Public",)))
    assert likely(question) == ["External"]
    assert question.choices[0].value == "prospect=External"


@pytest.mark.parametrize("heading", ["Contact Owner", "owner_email", "ownerEmail", "Assigned user mail", "CC"])
def test_the_emails_of_others_are_not_suggested(heading: str) -> None:
    """All notes would go to one colleague, if she is a prospect as well."""
    emails = ("eva@example.com",)
    question = asked(
        Role.PROSPECT, (heading, emails), ("Reach at", emails), ("Note", PROSE), ("Visibility", ("Public",))
    )
    assert likely(question) == ["Reach at"]


def test_a_column_of_visibilities_comes_before_one_for_all() -> None:
    """By its words; without one the choices for all rows come first."""
    columns = (("Prospect ID", IDS), ("Note", PROSE))
    question = asked(Role.VISIBILITY, *columns, ("Audience", ("Public", "Private")))
    assert [choice.value for choice in question.choices[:3]] == ["visibility=Audience", "private", "public"]
    question = asked(Role.VISIBILITY, *columns, ("Owner", ("Jo",)))
    assert [choice.value for choice in question.choices[:2]] == ["private", "public"]


@pytest.mark.parametrize("cells", [("yes", "no"), ("me", "all"), ("x",)])
def test_the_words_of_a_heading_count(cells: Sequence[str]) -> None:
    """A sheet by hand says it in a sentence; the column of the prospects is not the first that is offered."""
    columns = (("who", ("ada@example.com", "bo@example.com")), ("what", PROSE), ("who may see?", cells))
    assert likely(asked(Role.VISIBILITY, *columns)) == ["who may see?"]


@pytest.mark.parametrize(
    ("heading", "cells"),
    [("who may see?", ("Anna", "sales")), ("Who on the team sees this one", ("Anna", "sales")),
     ("Wer außer mir darf das sehen", ("Anna", "Vertrieb")), ("Circle", ("just us", "Everyone"))],
)  # fmt: skip
def test_a_column_that_something_speaks_for_stands_before_one_for_all(heading: str, cells: Sequence[str]) -> None:
    """A few words of the heading or some of the cells do, though that isn't enough to suggest it."""
    question = asked(Role.VISIBILITY, ("Prospect ID", IDS), ("Note", PROSE), ("Owner", ("Jo",)), (heading, cells))
    assert likely(question) == []
    assert [choice.value for choice in question.choices[:3]] == [f"visibility={heading}", "private", "public"]


def test_a_yes_says_nothing_under_a_heading_about_something_else() -> None:
    """Nor do columns of visibility count by their cells if the heading is known for another role."""
    question = asked(Role.VISIBILITY, ("Prospect ID", IDS), ("Note", ("Everyone", "All")), ("Opted in", ("yes", "no")))
    assert [choice.value for choice in question.choices[:2]] == ["private", "public"]


def test_samples_are_few_short_and_one_line() -> None:
    """A long note shows its beginning."""
    assert samples(["a\nb", "x" * 100, "c", "d"]) == ["a b", "x" * 39 + "…", "c"]
