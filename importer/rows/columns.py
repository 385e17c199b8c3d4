"""Headings → roles: which column holds the prospect or the email, the content, the visibility, and so on.

Comes in: the headings of a sheet and what the person said of them. Goes out: :class:`Roles`, or one error
that names the headings found and says how to choose. Only exact words count; near misses are suggested, never taken.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from importer.errors import UnclearColumns, as_argument, by_name
from importer.models import Answer, Question, Role
from importer.reading import column_letter
from importer.resultsfile import own_columns
from importer.rows.headings import HEADINGS
from importer.rows.suggestions import LIKELY, folded_heading, likeliness, samples
from importer.settings import Settings

MOST_SHOWN, MOST_VALUES = 30, 8
"""So many headings are listed by a message, and so many of a column's values."""
MOST_CHARACTERS = 60
"""So much of each of them is shown."""

_WHICH = {
    Role.PROSPECT: "Which column names the prospect, by the id that Saleshandy shows or by the email?",
    Role.CONTENT: "Which column holds the text of the notes?",
    Role.VISIBILITY: "Which column says who may see a note?",
}
_NONE = {
    Role.VISIBILITY: "what counts for blank cells counts for all",
    Role.STATUS: "all are published",
    Role.ATTACHMENTS: "no note has attachments",
}
"""What it means that a sheet has no column for a role; the others are needed."""

_OTHER = {Role.PROSPECT: Role.EMAIL, Role.EMAIL: Role.PROSPECT}
"""The two that name prospects: one of them will do."""

_ROLE_OF = {folded_heading(heading): role for role, headings in HEADINGS.items() for heading in headings}


@dataclass(frozen=True)
class Wanted:
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
    def of(cls, settings: Settings) -> Wanted:
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


def recognised(headings: Sequence[str], wanted: Wanted) -> int:
    """How many of the required roles have a heading in this row; a header row has all of them."""
    ours = own_columns(headings)
    here = _here(headings, wanted, ours)
    return sum(
        role not in here.required
        or bool(_candidates(role, headings, here, ours))
        or _is_named_otherwise(role, headings, here, ours)
        for role in wanted.required
    )


def find(headings: Sequence[str], wanted: Wanted, cells: Sequence[Sequence[str]] = ()) -> Roles:
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
            names = " and ".join(f"{shown(headings[i])} (column {column_letter(i)})" for i in found[:MOST_SHOWN])
            choice = _mapped(role, _quoted(headings, found[0]))
            text = f"{names} could each be the {role}. Choose one: {choice}"
            troubles.append(Question(text, which(role), _choices(role, headings, found, cells), found[0], [role]))
        elif found:
            columns[role] = found[0]
        elif role in wanted.required and not _is_named_otherwise(role, headings, wanted, ours):
            troubles.append(_missing(role, headings, wanted, cells))
    taken: dict[int, Role] = {}
    aside = _set_aside(headings, wanted, ours)
    for role, column in columns.items():
        if column in aside:
            text = f"{shown(headings[column])} was named as the {role}, and is to be ignored as well."
            troubles.append(Question(text, text, (), column, [role]))
        if column in taken:
            text = f"{shown(headings[column])} can't be both the {taken[column]} and the {role}."
            troubles.append(Question(text, text, (), column, [taken[column], role]))
        taken[column] = role
    if troubles:
        message = "\n".join([*map(str, troubles), f"The headings found: {_listed(headings)}."])
        raise UnclearColumns(message, troubles)
    used = {*columns.values(), *ours.values()}
    unused = tuple(i for i in range(len(headings)) if i not in used)
    said = [role for role, names in everywhere.mapping.items() if names == "" and role not in everywhere.usual]
    vacant = tuple(role for role in Role if role not in columns and role not in said)
    instead = tuple(role for role in columns if everywhere.mapping.get(role) and role not in wanted.mapping)
    now = _set_aside(headings, replace(wanted, ignored=[n for n in wanted.ignored if n not in wanted.lasting]), ours)
    doubtful = tuple(i for i in unused if i in aside - now)
    return Roles(columns, ours, unused, tuple(i for i in unused if i not in aside), doubtful, vacant, instead)


def candidates(role: Role, headings: Sequence[str], wanted: Wanted) -> list[int]:
    """Return the columns that may have a role, by what the person said and by their headings."""
    ours = own_columns(headings)
    return _candidates(role, headings, _here(headings, wanted, ours), ours)


def _here(headings: Sequence[str], wanted: Wanted, ours: Mapping[str, int]) -> Wanted:
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


def _is_named_otherwise(role: Role, headings: Sequence[str], wanted: Wanted, ours: Mapping[str, int]) -> bool:
    """Whether it is one of the two columns that name prospects which is missing, and the other one does.

    Where a person named the one alone, that is the one.
    """
    other = _OTHER.get(role)
    if other is None or (wanted.mapping.get(role) and not wanted.mapping.get(other)):
        return False
    return bool(_candidates(other, headings, wanted, ours))


def _candidates(role: Role, headings: Sequence[str], wanted: Wanted, ours: Mapping[str, int]) -> list[int]:
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


def _set_aside(headings: Sequence[str], wanted: Wanted, ours: Mapping[str, int]) -> set[int]:
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


def overlooked(
    headings: Sequence[str],
    position: int,
    roles: Sequence[Role],
    values: Sequence[str],
    says: str,
) -> Question:
    """What to say of a column that has no role, though what stands in it are values of these roles, as it ``says``."""
    name = _quoted(headings, position)
    listed = ", ".join(map(shown, values[:MOST_VALUES]))
    more = f" and {len(values) - MOST_VALUES:,} more" if len(values) > MOST_VALUES else ""
    heading = shown(headings[position]) if headings[position].strip() else "without a heading"
    ways = " or ".join(_mapped(role, name) for role in roles)
    text = (
        f"Column {column_letter(position)}, {heading}, is not used, yet {says}: {listed}{more}. Say what it is: {ways}."
        f" If it has nothing to do with the notes: {by_name('ignore', name)}"
    )
    own = called(headings, position)
    choices = [Answer("map", f"{role}={own}", f"the {role} of the notes") for role in roles]
    choices.append(Answer("ignore", own, "nothing to do with the notes"))
    asks = f"What is column {column_letter(position)}, {heading}? It holds {listed}{more}."
    return Question(text, asks, choices, position, roles, values[:MOST_VALUES], len(values))


def remarks(headings: Sequence[str], wanted: Wanted, roles: Roles) -> list[str]:
    """What to say of columns that have a role by their headings alone, though others were named for it."""
    return [
        f"No column is headed {' or '.join(repr(name) for name in wanted.names(role) or () if name)}, as the profile"
        f" has it. {shown(headings[roles.columns[role]])} counts as the {role}: it is headed so."
        for role in roles.instead
    ]


def which(role: Role) -> str:
    """The question for a role's column."""
    return _WHICH.get(role, f"Which column is the {role}?")


def _choices(role: Role, headings: Sequence[str], found: Sequence[int], cells: Sequence[Sequence[str]]) -> list[Answer]:
    """Columns that may be named for a role, the likeliest first."""
    found = [i for i in found if headings[i].strip() or not cells or cells[i]]  # a blank column speaks for nothing
    scores = {i: _score(role, headings[i], cells[i] if cells else ()) for i in found}
    setting, before = ("key-column", "") if role is Role.KEY else ("map", f"{role}=")
    return [
        Answer(
            setting,
            f"{before}{called(headings, i)}",
            f"column {column_letter(i)}, {shown(headings[i])}",
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


def _missing(role: Role, headings: Sequence[str], wanted: Wanted, cells: Sequence[Sequence[str]]) -> Question:
    named = [name for name in wanted.names(role) or () if name]
    choices = _choices(role, headings, range(len(headings)), cells)
    claimed = [
        f" {shown(headings[i])} was named as the {other}."
        for other in wanted.mapping
        for i in _first_named(wanted.names(other) or (), headings, range(len(headings)))
        if _ROLE_OF.get(folded_heading(headings[i])) is role
    ]
    guess = next((choice.value.removeprefix(f"{role}=") for choice in choices if choice.is_likely), None)
    near = _near(named[-1], headings) if named else f" Did you mean {shown(guess)}?" if guess else ""
    advice = f"Say which column it is: {_mapped(role, as_argument(guess or 'ITS HEADING'))}"
    if role is Role.PROSPECT:
        found = _choices(Role.EMAIL, headings, range(len(headings)), cells)
        emails = [replace(choice, means=f"{choice.means}, by the email") for choice in found if choice.is_likely]
        theirs = {choice.value.partition("=")[2] for choice in emails}
        choices = emails + [choice for choice in choices if choice.value.partition("=")[2] not in theirs]
        column = as_argument(emails[0].value.partition("=")[2] if emails else "ITS HEADING")
        advice += f", or which one holds their emails: {_mapped(Role.EMAIL, column)}"
    likely = sum(choice.is_likely for choice in choices)
    none = f", or say that none is: {_mapped(role, '')}" if named else ""
    if role is Role.VISIBILITY and wanted.needs_visibility:
        choices[likely:likely] = [
            Answer("default-visibility", "private", "none: all are private, for the owner of the API key"),
            Answer("default-visibility", "public", "none: all are public, for the whole team"),
        ]
        with_it = f"{none} with" if named else ", or give one visibility for all rows:"
        advice += f"{with_it} {by_name('default-visibility', 'private')}"
    elif named and (instead := _NONE.get(role) or _named_by(_OTHER.get(role), headings, wanted)):
        choices.insert(likely, Answer("map", f"{role}=", f"none: {instead}"))
        advice += none
    if not named:
        text = f"No column for the {role} was found (looked for {', '.join(HEADINGS[role][:4])} and the like)."
        return Question(f"{text}{''.join(claimed)}{near} {advice}.", which(role), choices, roles=[role])
    text = f"No column is headed {' or '.join(map(repr, named))}, which was named as the {role}."
    return Question(f"{text}{near} {advice}.", f"{text} {which(role)}", choices, roles=[role])


def _named_by(role: Role | None, headings: Sequence[str], wanted: Wanted) -> str:
    """That prospects are named by the column of this role; empty where there is none, or several may be."""
    found = _candidates(role, headings, wanted, own_columns(headings)) if role is not None else []
    return f"column {column_letter(found[0])}, {shown(headings[found[0]])}, names them" if len(found) == 1 else ""


def _near(name: str, headings: Sequence[str]) -> str:
    near = difflib.get_close_matches(
        folded_heading(name), [folded_heading(heading) for heading in headings], n=1, cutoff=0.7
    )
    match = next((heading for heading in headings if near and folded_heading(heading) == near[0]), None)
    return f" Did you mean {shown(match)}?" if match else ""


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


def _quoted(headings: Sequence[str], position: int) -> str:
    """The same as one argument of a command line."""
    return as_argument(called(headings, position))


def _listed(headings: Sequence[str]) -> str:
    """The headings for a message, few enough to be read."""
    named = [heading for heading in headings if heading.strip()]
    more = f" and {len(named) - MOST_SHOWN:,} more" if len(named) > MOST_SHOWN else ""
    return (", ".join(map(shown, named[:MOST_SHOWN])) or "none") + more


def shown(heading: str) -> str:
    """A heading for a message, short enough to be read."""
    return repr(heading if len(heading) <= MOST_CHARACTERS else f"{heading[:MOST_CHARACTERS]}…")


def _mapped(role: Role, name: str) -> str:
    return by_name("key-column", name) if role is Role.KEY else by_name("map", f"{role}={name}")
