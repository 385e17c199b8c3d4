"""Which column is which: exact words only, a choice where there are two, a suggestion where one is misspelt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import UnclearColumns
from importer.fields import FIELDS
from importer.messages import render
from importer.models import Role, Visibility
from importer.resultsfile import OUR_COLUMNS
from importer.rows.columns import Roles, find, is_header
from importer.settings import Settings
from importer.settings.reading import folded_heading
from tests.rendered import answers_of

PLAIN = ("Prospect ID", "Note", "Visibility")


def found(*headings: str, needs_visibility: bool = True, **mapping: str) -> Roles:
    roles: Any = {Role(role): heading for role, heading in mapping.items()}
    default = None if needs_visibility else Visibility.PRIVATE
    return find(headings, Settings(mapping=roles, default_visibility=default))


def refused(*headings: str, needs_visibility: bool = True, **mapping: str) -> str:
    with pytest.raises(UnclearColumns) as error:
        found(*headings, needs_visibility=needs_visibility, **mapping)
    return str(error.value)


def places(roles: Roles) -> Mapping[str, int]:
    return {role.value: column for role, column in roles.columns.items()}


@pytest.mark.parametrize(
    ("headings", "mapping", "none"),
    [
        (PLAIN, {Role.EMAIL: ("Reach at",)}, "email="),
        (("Email", "Note", "Visibility"), {Role.PROSPECT: ("Ours",)}, "prospect="),
    ],
)
def test_where_prospects_are_named_the_other_way_it_can_be_said_so(
    headings: Sequence[str], mapping: Mapping[Role, tuple[str, ...]], none: str
) -> None:
    """The command names one export's column; another export has none such, and the question isn't a dead end."""
    with pytest.raises(UnclearColumns) as error:
        find(headings, Settings(mapping=mapping))
    [question] = error.value.questions
    [answer] = [choice for choice in question.choices if choice.value == none]
    assert render(answer.means) == f"none: column A, {headings[0]!r}, identifies the prospects"
    assert none in str(error.value)
    for names in (("",), (*next(iter(mapping.values())), "")):
        assert find(headings, Settings(mapping=dict.fromkeys(mapping, names))).columns


# -- found by their headings


@pytest.mark.parametrize(
    ("role", "heading"), [(role, heading) for role, field in FIELDS.items() for heading in field.headings]
)
def test_every_known_heading_is_found_whatever_its_case_spaces_and_underscores(role: Role, heading: str) -> None:
    """Each word of the table, spelt as people spell, settles its role."""
    for spelling in (heading, heading.upper(), heading.lower(), heading.replace(" ", "_"), f"  {heading}: "):
        assert found("x", spelling, *_fillers(role)).columns[role] == 1, spelling


def _fillers(role: Role) -> list[str]:
    others = {Role.PROSPECT: "Prospect ID", Role.CONTENT: "Note", Role.VISIBILITY: "Visibility"}
    return [heading for other, heading in others.items() if other is not role]


def test_no_heading_stands_for_two_roles() -> None:
    """A word that could mean two things would be guessed at, and a guess is never made."""
    meant: dict[str, Role] = {}
    for role, field in FIELDS.items():
        for heading in field.headings:
            assert meant.setdefault(folded_heading(heading), role) is role, heading


def test_other_columns_are_left_alone() -> None:
    """What has no role is named as unused."""
    roles = found("Company", "Prospect ID", "Owner", "Note", "Visibility", "")
    assert places(roles) == {"prospect": 1, "content": 3, "visibility": 4}
    assert roles.unused == (0, 2, 5)


# -- named with --map


def test_a_column_may_be_named_by_its_letter() -> None:
    """A letter, in either case, where no heading is so called; that column has no other role then."""
    for letter in ("c", "C", " C "):
        assert found("Prospect ID", "Visibility", "", content=letter).columns[Role.CONTENT] == 2
    for letter in ("b", "B"):
        roles = found("Prospect ID", "Note", "Notes", "Visibility", content="C", status=letter)
        assert roles.columns[Role.STATUS] == 1
    for letter in ("b", "B"):
        roles = found("Note", "Status", "Prospect ID", "Visibility", content=letter)
        assert Role.STATUS not in roles.columns


def test_a_heading_beats_a_letter() -> None:
    """A column that is headed ``A`` is meant by ``A``, even where it isn't column A, which keeps its own role."""
    roles = found("Prospect ID", "Visibility", "A", content="A")
    assert roles.columns[Role.CONTENT] == 2
    assert roles.columns[Role.PROSPECT] == 0


def test_a_heading_of_signs_only_is_told_from_a_blank_one() -> None:
    """``--map key="#"`` means the column headed ``#``, not the nameless ones."""
    assert found(*PLAIN, "", "#", "%", key="#").columns[Role.KEY] == 4


def test_an_empty_name_takes_the_role_from_every_column() -> None:
    """``--map status=`` leaves a column headed Status unused."""
    roles = found(*PLAIN, "Status", status="")
    assert Role.STATUS not in roles.columns
    assert roles.unused == (3,)


# -- what can't be settled


def test_a_missing_column_is_said_with_the_headings_found_and_how_to_choose() -> None:
    """What is missing, what there is, and the flag that settles it."""
    message = refused("Contact", "Summary of call", "Visibility")
    assert "No column for the prospect was found" in message
    assert "--map prospect=" in message
    assert "--map content=" in message
    assert "The headings are: 'Contact', 'Summary of call', 'Visibility'." in message


@pytest.mark.parametrize("near", ["Visiblity", "Visibilty", "visibillity"])
def test_a_near_miss_is_suggested_and_never_taken(near: str) -> None:
    """A misspelt heading is an error that names it."""
    message = refused("Prospect ID", "Note", near)
    assert f"\n--map visibility={near}  column C, {near!r}\n" in message


def test_two_candidates_are_named_with_their_letters() -> None:
    """Which two, and a flag that takes one of them."""
    message = refused("Prospect ID", "Note", "Comments", "Visibility")
    assert "\n--map content=Note  column B, 'Note'\n--map content=Comments  column C, 'Comments'\n" in message


def test_a_repeated_heading_is_chosen_by_its_letter() -> None:
    """The flag that is proposed settles it."""
    headings = ("Prospect ID", "Note", "note", "Visibility")
    message = refused(*headings)
    assert "--map content=B" in message
    assert found(*headings, content="B").columns[Role.CONTENT] == 1


def test_a_named_column_that_isnt_there_is_said_with_the_nearest() -> None:
    """A slip in ``--map`` is met with the heading that was meant."""
    message = refused(*PLAIN, "Call summary", content="Call sumary")
    assert "No column has the heading 'Call sumary', which was named as the content. Which column" in message
    assert message.split("\n")[1] == "--map \"content=Call summary\"  column D, 'Call summary'"


# -- a results file as input


def results(*own: str) -> tuple[str, ...]:
    return (*own, *OUR_COLUMNS)


def test_our_columns_of_a_results_file_are_recognised_and_have_no_role() -> None:
    """Our six headings at the end are ours, in both layouts."""
    roles = found(*results(*PLAIN))
    assert list(roles.ours.values()) == [3, 4, 5, 6, 7, 8]
    assert roles.unused == ()
    to_fix = ("result", "reason", *PLAIN, "note_id", "source_row", "finished_at", "request")
    roles = found(*to_fix)
    assert places(roles) == {"prospect": 2, "content": 3, "visibility": 4}
    assert dict(roles.ours) == {name: to_fix.index(name) for name in OUR_COLUMNS}


def test_a_column_of_the_users_that_is_called_like_one_of_ours_stays_theirs() -> None:
    """A lone ``result`` is the user's own, also before ours."""
    assert found("result", *PLAIN, "reason").ours == {}
    roles = found(*results("result", *PLAIN, "note_id"))
    assert roles.ours["result"] == 5
    assert roles.ours["note_id"] == 6
    assert roles.unused == (0, 4)


# -- whatever the headings


@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from([heading for field in FIELDS.values() for heading in field.headings]),
        max_size=12,
    )
)
def test_any_headings_settle_or_are_refused_in_words(headings: Sequence[str]) -> None:
    """Every column has one role at most, and the header row that is recognised is the one that settles."""
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
    """A title line above has fewer, and the key column counts where it was named."""
    wanted = Settings(mapping={Role.KEY: ("Date",)})
    assert not is_header(["Notes of last week"], wanted)
    assert not is_header(PLAIN, wanted)
    assert is_header([*PLAIN, "Date"], wanted)


def test_a_message_stays_short_however_long_and_many_the_headings_are() -> None:
    """Of a damaged file's headings each is cut, and a few are enough."""
    message = refused("x" * 400_000, *["y" * 400] * 1_000)
    assert len(message) < 4_000
    assert f"'{'x' * 60}…', 'yyy" in message
    assert message.endswith(" and 971 more.")


# -- columns that are set aside


def test_a_column_that_is_set_aside_has_no_role_whatever_its_heading() -> None:
    """By heading or letter; it stays one of the unused."""
    for name in ("status", "D"):
        roles = find((*PLAIN, "Status", "Notes"), Settings(ignored=(name, "Notes")))
        assert Role.STATUS not in roles.columns
        assert roles.columns[Role.CONTENT] == 1
        assert roles.unused == (3, 4)
        assert roles.unexplained == ()
        assert Role.STATUS in roles.vacant


def test_a_name_of_no_column_sets_nothing_aside() -> None:
    """The sheets of one profile may differ, and a slip is found by what it leaves unexplained."""
    roles = find((*PLAIN, "State"), Settings(ignored=("Stat",)))
    assert roles.unexplained == (3,)


def test_a_column_cant_be_named_and_set_aside() -> None:
    """One of the two is a mistake."""
    with pytest.raises(UnclearColumns, match="'State' is named as the status, but also ignored"):
        find((*PLAIN, "State"), Settings(mapping={Role.STATUS: ("State",)}, ignored=("State",)))


# -- several names for one role


def test_of_several_names_the_first_counts_that_the_sheet_has() -> None:
    """One profile serves the exports of several programs; a name beats a heading that is known."""
    wanted = Settings(mapping={Role.CONTENT: ("Full Comments", "Call notes", "Note body")})
    for headings, at in (
        (("Prospect ID", "Call notes", "Visibility"), 1),
        (("Prospect ID", "Visibility", "Call notes", "Full Comments"), 3),
        (("Prospect ID", "Note", "Visibility", "Note body"), 3),
    ):
        assert find(headings, wanted).columns[Role.CONTENT] == at
        assert is_header(headings, wanted)


def test_where_none_of_several_names_is_found_all_are_said() -> None:
    """And each of the columns is an answer."""
    with pytest.raises(
        UnclearColumns, match="No column has the heading 'A thing' or 'Some thing', which was named"
    ) as error:
        find(PLAIN, Settings(mapping={Role.CONTENT: ("A thing", "Some thing")}))
    answers = answers_of(error.value.questions[0])["map"]
    assert answers[0] == "content=Note"
    assert sorted(answers) == sorted(f"content={heading}" for heading in PLAIN)
