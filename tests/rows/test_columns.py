"""Which column is which: exact words only, a choice where there are two, a suggestion where one is misspelt."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import UnclearColumns
from importer.fields import FIELDS
from importer.models import Role
from importer.rows.columns import Roles, find, is_header
from importer.settings import Settings
from importer.settings.reading import folded_heading
from tests.truth import OUR_COLUMNS

PLAIN = ("Prospect ID", "Note", "Visibility")


def found(*headings: str, ignored: Sequence[str] = (), **mapping: Any) -> Roles:
    roles: Any = {Role(role): heading for role, heading in mapping.items()}
    return find(headings, Settings(mapping=roles, ignored=tuple(ignored)))


def refused(*headings: str, **mapping: Any) -> str:
    with pytest.raises(UnclearColumns) as error:
        found(*headings, **mapping)
    return str(error.value)


def places(roles: Roles) -> Mapping[str, int]:
    return {role.value: column for role, column in roles.columns.items()}


KNOWN = [(role, heading) for role, field in FIELDS.items() for heading in field.headings + field.vague_headings]


@pytest.mark.parametrize(("role", "heading"), KNOWN)
def test_every_known_heading_is_found_whatever_its_case_spaces_and_underscores(role: Role, heading: str) -> None:
    for spelling in (heading, heading.upper(), heading.lower(), heading.replace(" ", "_"), f"  {heading}: "):
        assert found("x", spelling, *_fillers(role)).columns[role] == 1, spelling


def _fillers(role: Role) -> list[str]:
    others = {Role.PROSPECT: "Prospect ID", Role.CONTENT: "Note", Role.VISIBILITY: "Visibility"}
    return [heading for other, heading in others.items() if other is not role]


def test_no_heading_stands_for_two_roles() -> None:
    """A word that could mean two things would be guessed at, and a guess is never made."""
    meant: dict[str, Role] = {}
    for role, heading in KNOWN:
        assert meant.setdefault(folded_heading(heading), role) is role, heading


def test_other_columns_are_left_alone() -> None:
    roles = found("Company", "Prospect ID", "Owner", "Note", "Visibility", "")
    assert places(roles) == {"prospect": 1, "content": 3, "visibility": 4}
    assert roles.unused == (0, 2, 5)


@pytest.mark.parametrize(
    ("headings", "mapping", "roles"),
    [
        *((("Prospect ID", "Visibility", ""), {"content": letter}, {"content": 2}) for letter in ("c", "C", " C ")),
        (("Prospect ID", "Note", "Notes", "Visibility"), {"content": "C", "status": "b"}, {"content": 2, "status": 1}),
        (("Note", "Status", "Prospect ID", "Visibility"), {"content": "B"}, {"content": 1, "status": None}),
        (("Prospect ID", "Visibility", "A"), {"content": "A"}, {"content": 2, "prospect": 0}),
        ((*PLAIN, "", "#", "%"), {"key": "#"}, {"key": 4}),
        ((*PLAIN, "Status"), {"status": ""}, {"status": None}),
    ],
)  # fmt: skip
def test_a_column_is_named_by_its_heading_or_its_letter(
    headings: Sequence[str], mapping: dict[str, str], roles: Mapping[str, int | None]
) -> None:
    settled = places(found(*headings, **mapping))
    assert {role: settled.get(role) for role in roles} == roles


@pytest.mark.parametrize(
    ("headings", "mapping", "said"),
    [
        (("Contact", "Summary of call", "Visibility"), {}, (
            "No column for the prospect was found", "--map prospect=",  # a column with another role is not offered
            "--map \"content=Summary of call\"  column B, 'Summary of call'\nThe headings are: 'Contact', 'Summary of ",
        )),
        *((("Prospect ID", "Note", near), {}, (f"\n--map visibility={near}  column C, {near!r}\n",))
          for near in ("Visiblity", "visibillity")),
        (("Prospect ID", "Note", "Comments", "Visibility"), {}, (
            "\n--map content=Note  column B, 'Note'\n--map content=Comments  column C, 'Comments'\n",
        )),
        (("Prospect ID", "Note", "note", "Visibility"), {}, ("--map content=B",)),
        ((*PLAIN, "Call summary"), {"content": "Call sumary"}, (
            "No column has the heading 'Call sumary', which was named as the content. Which column",
            "\n--map \"content=Call summary\"  column D, 'Call summary'",
        )),
        ((*PLAIN, "A"), {"content": ("A thing", "Some thing")}, (
            "No column has the heading 'A thing' or 'Some thing', which was named",
        )),
        ((*PLAIN, "State"), {"status": "State", "ignored": ["State"]}, (
            "'State' is named as the status, but also ignored",
        )),
    ],
)  # fmt: skip
def test_what_cant_be_settled_is_said_with_the_headings_and_each_answer(
    headings: Sequence[str], mapping: dict[str, Any], said: Sequence[str]
) -> None:
    message = refused(*headings, **mapping)
    assert [part for part in said if part not in message] == []


def test_our_columns_of_a_results_file_are_recognised_and_have_no_role() -> None:
    """A column of the user's that is called like one of ours stays theirs."""
    roles = found(*PLAIN, *OUR_COLUMNS)
    assert list(roles.ours.values()) == [3, 4, 5, 6, 7, 8]
    assert roles.unused == ()
    to_fix = ("result", "reason", *PLAIN, "note_id", "source_row", "finished_at", "request")
    roles = found(*to_fix)
    assert places(roles) == {"prospect": 2, "content": 3, "visibility": 4}
    assert dict(roles.ours) == {name: to_fix.index(name) for name in OUR_COLUMNS}
    assert found("result", *PLAIN, "reason").ours == found(*PLAIN, "reason", "request").ours == {}
    for less in ((*PLAIN, *OUR_COLUMNS[:-1]), (*PLAIN, "result", "reason", "source_row", "finished_at"), to_fix[:-1]):
        roles = found(*less)  # a person deleted some of them
        assert (roles.unused, dict(roles.ours)) == ((), {name: less.index(name) for name in less if name not in PLAIN})
    roles = found("result", *PLAIN, "note_id", *OUR_COLUMNS)
    assert roles.ours["result"] == 5
    assert roles.ours["note_id"] == 6
    assert roles.unused == (0, 4)


@given(st.lists(st.text(max_size=12) | st.sampled_from([heading for _, heading in KNOWN]), max_size=12))
def test_any_headings_settle_or_are_refused_in_words(headings: Sequence[str]) -> None:
    wanted = Settings()
    try:
        roles = find(headings, wanted)
    except UnclearColumns as error:
        listed = any(heading.strip() for heading in headings)
        assert ("\nThe headings are: " if listed else "\nThere are no headings.") in str(error)
        return
    assert is_header(headings, wanted)
    every = [*roles.columns.values(), *roles.ours.values(), *roles.unused, *roles.further_emails]
    assert sorted(every) == list(range(len(headings)))


def test_a_header_row_is_one_that_has_every_required_role() -> None:
    wanted = Settings(mapping={Role.KEY: ("Date",)})
    assert not is_header(["Notes of last week"], wanted)
    assert not is_header(PLAIN, wanted)
    assert is_header([*PLAIN, "Date"], wanted)


def test_a_column_that_is_set_aside_has_no_role_whatever_its_heading() -> None:
    for name in ("status", "D"):
        roles = find((*PLAIN, "Status", "Notes"), Settings(ignored=(name, "Notes")))
        assert Role.STATUS not in roles.columns
        assert roles.columns[Role.CONTENT] == 1
        assert roles.unused == (3, 4)
        assert roles.unexplained == ()
        assert Role.STATUS in roles.vacant
    slip = find((*PLAIN, "State"), Settings(ignored=("Stat",)))
    assert slip.unexplained == (3,)


def test_of_several_names_the_first_counts_that_the_sheet_has() -> None:
    wanted = Settings(mapping={Role.CONTENT: ("Full Comments", "Call notes", "Note body")})
    for headings, at in (
        (("Prospect ID", "Call notes", "Visibility"), 1),
        (("Prospect ID", "Visibility", "Call notes", "Full Comments"), 3),
        (("Prospect ID", "Note", "Visibility", "Note body"), 3),
    ):
        assert find(headings, wanted).columns[Role.CONTENT] == at
        assert is_header(headings, wanted)
