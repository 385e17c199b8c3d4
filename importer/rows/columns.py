"""Headings → roles: which column holds the prospect or the email, the content, the visibility, and so on.

Comes in: the headings of a sheet and what the person said of them. Goes out: :class:`Roles`, or one error
that names the headings found and says how to choose. Only exact words count; near misses are suggested, never taken.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from importer.errors import UnclearColumns, as_argument
from importer.messages import Cell, Message, SettingPart, lines, say, some
from importer.models import PossibleAnswer, Question, Role
from importer.reading import column_letter
from importer.resultsfile import own_columns
from importer.rows.headings import HEADINGS
from importer.rows.suggestions import LIKELY, folded_heading, likeliness, samples
from importer.settings import Settings

MOST_SHOWN, MOST_CHARACTERS = 30, 60
"""So many headings are listed by a message, and so much of each of them is shown."""

_MAY_BE_MISSING = (Role.VISIBILITY, Role.STATUS, Role.ATTACHMENTS)
"""The roles that a sheet need not have a column for; the others are needed."""

_OTHER = {Role.PROSPECT: Role.EMAIL, Role.EMAIL: Role.PROSPECT}
"""The two that name prospects: one of them will do."""

_ROLE_OF = {folded_heading(heading): role for role, headings in HEADINGS.items() for heading in headings}


@dataclass(frozen=True)
class ColumnSettings:
    """What the person said about columns.

    Attributes:
        mapping: role → heading, or a column's letter where no heading is so called; of several the first counts that
            the sheet has; empty: no column has the role. An empty one after others: a sheet may have none of them.
        needs_visibility: False where a default visibility was given.
        ignored: headings, or letters, of columns that have no role.
        lasting: those of them that are named for all sheets; a column that is named for a role now has it all the same.
        usual: roles of which the mapping speaks for other sheets, too: of names that a sheet hasn't, or that are to be
            ignored, nothing was said then, where a heading of it is known.
    """

    mapping: Mapping[Role, str | Sequence[str]] = field(default_factory=dict)
    needs_visibility: bool = True
    ignored: Sequence[str] = ()
    usual: Collection[Role] = ()
    lasting: Collection[str] = ()

    @classmethod
    def of(cls, settings: Settings) -> ColumnSettings:
        """What the settings say."""
        mapping = dict(settings.mapping)
        if settings.key_column:
            mapping[Role.KEY] = settings.key_column
        needs_visibility = settings.default_visibility is None
        return cls(mapping, needs_visibility, tuple(settings.ignored), settings.usual, settings.lasting)

    def names(self, role: Role) -> tuple[str, ...] | None:
        """The columns that were named for a role; None where nothing was said."""
        named = self.mapping.get(role)
        return None if named is None else (named,) if isinstance(named, str) else tuple(named)

    @property
    def required(self) -> tuple[Role, ...]:
        """The roles without which nothing can be imported, and those that were named."""
        always = [Role.PROSPECT, Role.CONTENT] + [Role.VISIBILITY] * self.needs_visibility
        named = [role for role in self.mapping if "" not in (self.names(role) or ("",))]
        return tuple(dict.fromkeys([*always, *named]))


@dataclass(frozen=True)
class Roles:
    """Which column is which.

    Attributes:
        columns: role → position of its column, from 0.
        ours: the columns of an earlier results file that the importer added: heading → position; empty in other files.
        unused: positions of the other columns.
        unexplained: those of the unused of which the person has not said that they have no role.
        doubtful: those of the unused that are ignored in all sheets alike.
        vacant: roles that no column has, though the person has not said so of this very sheet.
        instead: those that a column has by its heading, as none has a name that was usual.
        foreign: the column of IDs that are not Saleshandy's and that the emails replace, or None.
        in_doubt: whether the IDs may be another program's: three emails are looked up to compare their IDs.
    """

    columns: Mapping[Role, int]
    ours: Mapping[str, int]
    unused: tuple[int, ...]
    unexplained: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    vacant: tuple[Role, ...] = ()
    instead: tuple[Role, ...] = ()
    foreign: int | None = None
    in_doubt: bool = False


def recognised(headings: Sequence[str], wanted: ColumnSettings) -> int:
    """How many of the required roles have a heading in this row; a header row has all of them."""
    ours = own_columns(headings)
    here = _here(headings, wanted, ours)
    return sum(
        role not in here.required
        or bool(_candidates(role, headings, here, ours))
        or _is_named_otherwise(role, headings, here, ours)
        for role in wanted.required
    )


def find(headings: Sequence[str], wanted: ColumnSettings, cells: Sequence[Sequence[str]] = ()) -> Roles:
    """Settle which column has which role.

    Args:
        headings: of the sheet.
        wanted: what the person said.
        cells: for each column some of what stands there, by which answers are suggested; none is taken by it.

    Raises:
        UnclearColumns: a required role has no column, or a role has two; lists the headings found.
    """
    ours = own_columns(headings)
    everywhere, wanted = wanted, _here(headings, wanted, ours)
    columns: dict[Role, int] = {}
    troubles: list[Question] = []
    for role in Role:
        found = _candidates(role, headings, wanted, ours)
        if len(found) > 1 and role is Role.EMAIL and Role.PROSPECT in columns and role not in wanted.mapping:
            continue  # with an id in each row, none of them is needed
        if len(found) > 1:
            names = tuple(
                say("column.by-letter", column=column_letter(i), heading=shown(headings[i])) for i in found[:MOST_SHOWN]
            )
            text = say(
                "columns.several", names=names, role=role, choice=mapped(role, as_argument(called(headings, found[0])))
            )
            troubles.append(
                Question(text, say(f"column.which.{role}"), _choices(role, headings, found, cells), found[0], [role])
            )
        elif found:
            columns[role] = found[0]
        elif role in wanted.required and not _is_named_otherwise(role, headings, wanted, ours):
            troubles.append(_missing(role, headings, wanted, cells))
    taken: dict[int, Role] = {}
    aside = _set_aside(headings, wanted, ours)
    for role, column in columns.items():
        if column in aside:
            text = say("columns.named-and-ignored", heading=shown(headings[column]), role=role)
            troubles.append(Question(text, text, (), column, [role]))
        if column in taken:
            text = say("columns.named-twice", heading=shown(headings[column]), role=role, other=taken[column])
            troubles.append(Question(text, text, (), column, [taken[column], role]))
        taken[column] = role
    if troubles:
        raise UnclearColumns(lines(*(question.text for question in troubles), _listed(headings)), troubles)
    used = {*columns.values(), *ours.values()}
    unused = tuple(i for i in range(len(headings)) if i not in used)
    said = [role for role, names in everywhere.mapping.items() if names == "" and role not in everywhere.usual]
    vacant = tuple(role for role in Role if role not in columns and role not in said)
    instead = tuple(role for role in columns if everywhere.mapping.get(role) and role not in wanted.mapping)
    now = _set_aside(headings, replace(wanted, ignored=[n for n in wanted.ignored if n not in wanted.lasting]), ours)
    doubtful = tuple(i for i in unused if i in aside - now)
    return Roles(columns, ours, unused, tuple(i for i in unused if i not in aside), doubtful, vacant, instead)


def candidates(role: Role, headings: Sequence[str], wanted: ColumnSettings) -> list[int]:
    """Return the columns that may have a role, by what the person said and by their headings."""
    ours = own_columns(headings)
    return _candidates(role, headings, _here(headings, wanted, ours), ours)


def _here(headings: Sequence[str], wanted: ColumnSettings, ours: Mapping[str, int]) -> ColumnSettings:
    """What was said, as it counts for these headings."""
    aside = _set_aside(headings, wanted, ours)
    free = [i for i in range(len(headings)) if i not in ours.values()]
    mapping = dict(wanted.mapping)
    for role in wanted.usual:
        names = [
            name for name in wanted.names(role) or () if not (name and aside.intersection(_named(name, headings, free)))
        ]
        del mapping[role]
        known = _candidates(role, headings, replace(wanted, mapping=mapping), ours)
        if _first_named(names, headings, free) or (names and not known):
            mapping[role] = tuple(names)
    return replace(wanted, mapping=mapping)


def _is_named_otherwise(role: Role, headings: Sequence[str], wanted: ColumnSettings, ours: Mapping[str, int]) -> bool:
    """Whether it is one of the two columns that name prospects which is missing, and the other one does.

    Where a person named the one alone, that is the one.
    """
    other = _OTHER.get(role)
    if other is None or (wanted.mapping.get(role) and not wanted.mapping.get(other)):
        return False
    return bool(_candidates(other, headings, wanted, ours))


def _candidates(role: Role, headings: Sequence[str], wanted: ColumnSettings, ours: Mapping[str, int]) -> list[int]:
    """The columns that may have the role: those that were named, else those whose heading says so."""
    named = wanted.names(role)
    free = [i for i in range(len(headings)) if i not in ours.values()]
    if named is not None:
        return _first_named(named, headings, free)
    claimed = {i for other in wanted.mapping for i in _first_named(wanted.names(other) or (), headings, free)}
    claimed |= _set_aside(headings, wanted, ours)
    return [i for i in free if _ROLE_OF.get(folded_heading(headings[i])) is role and i not in claimed]


def _first_named(names: Sequence[str], headings: Sequence[str], free: Sequence[int]) -> list[int]:
    """The columns that the first name means which means any."""
    return next((found for name in names if name and (found := _named(name, headings, free))), [])


def _set_aside(headings: Sequence[str], wanted: ColumnSettings, ours: Mapping[str, int]) -> set[int]:
    """The columns that are to be ignored. A name that no column has is no mistake: sheets of one profile may differ."""
    free = [i for i in range(len(headings)) if i not in ours.values()]
    mapped = [wanted.names(role) or () for role in wanted.mapping if role not in wanted.usual]
    now = {i for names in mapped for i in _first_named(names, headings, free)}
    return {
        i for name in wanted.ignored for i in _named(name, headings, free) if not (name in wanted.lasting and i in now)
    }


def not_named(names: Sequence[str], headings: Sequence[str], name: str) -> tuple[str, ...]:
    """Return those of the names that mean other columns than ``name`` does."""
    everything = range(len(headings))
    found = set(_named(name, headings, everything))
    return tuple(other for other in names if not found.intersection(_named(other, headings, everything)))


def remarks(headings: Sequence[str], wanted: ColumnSettings, roles: Roles) -> list[Message]:
    """What to say of columns that have a role by their headings alone, though others were named for it."""
    return [
        say(
            "columns.instead",
            names=_named_for(role, wanted),
            heading=shown(headings[roles.columns[role]]),
            role=role,
        )
        for role in roles.instead
    ]


def _named_for(role: Role, wanted: ColumnSettings) -> tuple[Cell, ...]:
    """The columns that were named for a role, for a message."""
    return tuple(Cell(repr(name)) for name in wanted.names(role) or () if name)


def _choices(
    role: Role, headings: Sequence[str], found: Sequence[int], cells: Sequence[Sequence[str]]
) -> list[PossibleAnswer]:
    """Columns that may be named for a role, the likeliest first."""
    found = [i for i in found if headings[i].strip() or not cells or cells[i]]  # a blank column speaks for nothing
    scores = {i: _score(role, headings[i], cells[i] if cells else ()) for i in found}
    setting, before = ("key-column", "") if role is Role.KEY else ("map", f"{role}=")
    return [
        PossibleAnswer(
            setting,
            f"{before}{called(headings, i)}",
            _column(headings, i),
            samples(cells[i]) if cells else (),
            is_likely=scores[i] >= LIKELY,
        )
        for i in sorted(found, key=lambda i: -scores[i])[:MOST_SHOWN]
    ]


def _score(role: Role, heading: str, values: Sequence[str]) -> int:
    """How likely a column has a role; one that is known for another surely hasn't, unless a person says so."""
    known = _ROLE_OF.get(folded_heading(heading))
    if known is not None and known is not role:
        return 0
    words = [folded_heading(word) for word in HEADINGS[role]]
    is_slip = bool(difflib.get_close_matches(folded_heading(heading), words, n=1, cutoff=0.8))
    return likeliness(role, heading, values) + LIKELY * is_slip


def _named(name: str, headings: Sequence[str], free: Sequence[int]) -> list[int]:
    """The columns that a name may mean: by heading, or by letter where no heading is so called."""
    wanted = folded_heading(name)
    same = [
        i for i in free if (folded_heading(headings[i]) == wanted if wanted else headings[i].strip() == name.strip())
    ]
    return same or [i for i in free if column_letter(i) == name.strip().upper()]


def _missing(role: Role, headings: Sequence[str], wanted: ColumnSettings, cells: Sequence[Sequence[str]]) -> Question:
    named = [name for name in wanted.names(role) or () if name]
    choices = _choices(role, headings, range(len(headings)), cells)
    guess = next((choice.value.removeprefix(f"{role}=") for choice in choices if choice.is_likely), None)
    near = _near(named[-1], headings) if named else guess
    ways: list[SettingPart | Message] = [mapped(role, as_argument(guess or "ITS HEADING"))]
    if role is Role.PROSPECT:
        found = _choices(Role.EMAIL, headings, range(len(headings)), cells)
        emails = [
            replace(choice, means=say("column.by-email", means=choice.means)) for choice in found if choice.is_likely
        ]
        theirs = {choice.value.partition("=")[2] for choice in emails}
        choices = emails + [choice for choice in choices if choice.value.partition("=")[2] not in theirs]
        column = as_argument(emails[0].value.partition("=")[2] if emails else "ITS HEADING")
        ways.append(say("columns.or-their-emails", choice=mapped(Role.EMAIL, column)))
    likely = sum(choice.is_likely for choice in choices)
    if role is Role.VISIBILITY and wanted.needs_visibility:
        choices[likely:likely] = [
            PossibleAnswer("default-visibility", name, say(f"default.{name}")) for name in ("private", "public")
        ]
        if not named:
            ways.append(say("columns.or-one-for-all"))
        else:
            ways.append(say("columns.or-none-with-one-for-all", choice=mapped(role, "")))
    elif named and (instead := _without(role, headings, wanted)):
        choices.insert(likely, PossibleAnswer("map", f"{role}=", instead))
        ways.append(say("columns.or-none", choice=mapped(role, "")))
    advice = [say("columns.did-you-mean", heading=shown(near))] if near else []
    advice.append(say("columns.say-which", ways=tuple(ways)))
    if named:
        first = say("columns.not-headed", names=_named_for(role, wanted), role=role)
        asks = say("columns.and", first=first, more=(say(f"column.which.{role}"),))
    else:
        first = say("columns.none-found", role=role, known=HEADINGS[role][:4])
        asks = say(f"column.which.{role}")
        advice[:0] = [
            say("columns.claimed", heading=shown(headings[i]), role=other)
            for other in wanted.mapping
            for i in _first_named(wanted.names(other) or (), headings, range(len(headings)))
            if _ROLE_OF.get(folded_heading(headings[i])) is role
        ]
    return Question(say("columns.and", first=first, more=tuple(advice)), asks, choices, roles=[role])


def _without(role: Role, headings: Sequence[str], wanted: ColumnSettings) -> Message | None:
    """What it means that no column has the role; None where one is needed, and no other names the prospects."""
    if role in _MAY_BE_MISSING:
        return say(f"none.{role}")
    other = _OTHER.get(role)
    found = _candidates(other, headings, wanted, own_columns(headings)) if other is not None else []
    return say("column.names-them", column=_column(headings, found[0])) if len(found) == 1 else None


def _near(name: str, headings: Sequence[str]) -> str | None:
    near = difflib.get_close_matches(
        folded_heading(name), [folded_heading(heading) for heading in headings], n=1, cutoff=0.7
    )
    return next((heading for heading in headings if near and folded_heading(heading) == near[0]), None)


def called(headings: Sequence[str], position: int) -> str:
    """What names this column: its heading, or its letter where the heading is blank, long, or stands twice."""
    heading = headings[position]
    same = [other for other in headings if folded_heading(other) == folded_heading(heading)]
    is_handy = len(same) == 1 and heading.strip() and len(heading) <= MOST_CHARACTERS
    return heading if is_handy else column_letter(position)


def headed(headings: Sequence[str], name: str) -> str:
    """What names a column in other sheets, too: its heading, where it was named by a letter, which is another there."""
    found = _named(name, headings, range(len(headings))) if name else []
    return called(headings, found[0]) if len(found) == 1 else name


def _listed(headings: Sequence[str]) -> Message:
    """The headings for a message, few enough to be read."""
    named = [shown(heading) for heading in headings if heading.strip()]
    return say("columns.headings", headings=some(named, MOST_SHOWN)) if named else say("columns.no-headings")


def _column(headings: Sequence[str], position: int) -> Message:
    return say("column.called", column=column_letter(position), heading=shown(headings[position]))


def shown(heading: str) -> Cell:
    """A heading for a message, short enough to be read."""
    return Cell(repr(heading if len(heading) <= MOST_CHARACTERS else f"{heading[:MOST_CHARACTERS]}…"))


def mapped(role: Role, name: str) -> SettingPart:
    """The setting that names a role's column."""
    return SettingPart("key-column", name) if role is Role.KEY else SettingPart("map", f"{role}={name}")
