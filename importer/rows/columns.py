"""Find the column of each role (prospect, email, content, visibility, …) by the settings and the headings.

Input: the headings of a sheet and the user's settings. Output: :class:`Roles`, or one error that lists the headings and
says how to choose. Only exact headings count. Similar ones are suggested, never used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from importer.errors import UnclearColumns
from importer.fields import FIELDS, WORDED
from importer.messages import Cell, Message, cut, in_quotes, lines, say, some, texts
from importer.models import PossibleAnswer, Question, Role
from importer.reading import column_letter
from importer.resultsfile import our_columns, own_columns
from importer.rows.composing import Composition, composition, template_in
from importer.rows.suggestions import LIKELY, emails_among, likeliness, role_of, samples
from importer.settings import Settings
from importer.settings.reading import folded_heading, key, numbered

MOST_SHOWN, MOST_CHARACTERS = 30, 60
"""Maximum number of headings in a message, and of characters shown of each."""

_OTHER = {Role.PROSPECT: Role.EMAIL, Role.EMAIL: Role.PROSPECT}
"""Role that names prospects → the other such role. A sheet needs a column for only one of the two."""

_ALWAYS = (Role.PROSPECT, Role.CONTENT)
"""Roles that need a column in every import."""


@dataclass(frozen=True)
class Roles:
    """The column of each role.

    Attributes:
        ours: heading → position of the columns that an earlier results file added; empty for other files.
        unused: positions of the other columns, of which the user has not ignored the ``unexplained``.
        doubtful: unused columns that are ignored only because the reading of this kind of sheet ignores them.
        vacant: roles without a column, unless the user stated that this sheet has no such column.
        listed: role → the columns after the first that the user lists for it. Those of visibility and status can only
            make notes less visible than the first says.
        further_emails: columns with further emails of the same person. The first that is filled counts.
        foreign: the column of another program's IDs, which the emails replace; None if there is no such column.
        composition: the template by which several columns make the text of a note, if the user gave one.
    """

    columns: Mapping[Role, int]
    ours: Mapping[str, int]
    unused: tuple[int, ...]
    unexplained: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    vacant: tuple[Role, ...] = ()
    listed: Mapping[Role, tuple[int, ...]] = field(default_factory=dict)
    further_emails: tuple[int, ...] = ()
    foreign: int | None = None
    composition: Composition | None = None

    def of(self, role: Role) -> tuple[int, ...]:
        """Return all columns of a role: none, one, or those that the user lists for it."""
        return (self.columns[role], *self.listed.get(role, ())) if role in self.columns else ()


class SheetHeadings:
    """The headings of a sheet, and the settings about columns that apply to them.

    Attributes:
        ours: heading → position of the columns that an earlier results file added; ``free`` are the others.
        ignored: positions of the columns that have no role. Ignored names that the sheet lacks are allowed.
        doubtful: those of them that are ignored only because the reading of this kind of sheet ignores them.
        compositions: templates for the text whose columns the sheet has.
        mistaken: why further templates can't be used, although the sheet has the column of their text.
    """

    def __init__(self, headings: Sequence[str], settings: Settings) -> None:
        self.headings, self.ours = headings, our_columns(headings)
        self.free = own_columns(headings)
        self.compositions: dict[str, Composition] = {}
        self.mistaken: list[Message] = []
        for name in settings.mapping.get(Role.CONTENT, ()):
            found = None if self._named(name) else composition(name, self._named)
            if isinstance(found, Composition):
                self.compositions[name] = found
            elif found is not None:
                self.mistaken.append(found)
        self.needs_visibility, self.mapping = settings.default_visibility is None, settings.mapping
        before = () if settings.reading is None else settings.reading.answers.get("ignore", ())
        self.ignored = {i for name in settings.ignored for i in self._named(name)}
        self.doubtful = self.ignored - {i for name in settings.ignored if name not in before for i in self._named(name)}

    def candidates(self, role: Role) -> list[int]:
        """Return the columns that may have the role: those that the mapping names, else those with a known heading."""
        if role in self.mapping:
            return self.first_named(role, self.mapping[role])
        return [i for i in self.unclaimed() if role_of(self.headings[i]) is role]

    def unclaimed(self) -> list[int]:
        """Return the columns that are neither mapped to a role nor ignored."""
        claimed = {i for role, names in self.mapping.items() for i in self.first_named(role, names)}
        return [i for i in self.free if i not in claimed and i not in self.ignored]

    def lacks(self, role: Role) -> bool:
        """Return whether no column has a role that needs one: every import needs it, or the mapping names columns."""
        is_always_needed = role in _ALWAYS or (role is Role.VISIBILITY and self.needs_visibility)
        is_named = "" not in self.mapping.get(role, ("",))
        if not (is_always_needed or is_named) or self.candidates(role):
            return False
        other = _OTHER.get(role)
        if other is None or (is_named and not any(self.mapping.get(other, ()))):
            return True  # no other role names prospects, or the mapping names only this one
        return not self.candidates(other)

    def first_named(self, role: Role, names: Sequence[str]) -> list[int]:
        """Return the columns of the first name that the sheet has. A name may list several columns."""
        named = self._named_in_list if role in _OTHER or role in WORDED else self._named
        return next((positions for name in names if name and (positions := named(name))), [])

    def are_listed(self, role: Role, positions: Sequence[int]) -> bool:
        """Return whether a name lists these columns, and none of the role's names is the heading of one of them."""
        names = self.mapping.get(role, ())
        return any(names) and not any(set(positions).intersection(self._named(name)) for name in names if name)

    def emails_of_one_person(self, cells: Sequence[Sequence[str]]) -> list[int]:
        """Return the columns that hold emails of the same person, those with a known heading first.

        There are none if a column with a known heading may hold another person's emails, or if the user named one.
        """
        known, alike = self.candidates(Role.EMAIL), dict[int, str]()
        for i in self.unclaimed():
            name = folded_heading(self.headings[i])
            are_emails = not cells or 2 * emails_among(cells[i]) >= len(cells[i])
            if are_emails and re.fullmatch(FIELDS[Role.EMAIL].of_one_person, name):
                alike[i] = name
        are_of_one = bool(known) and alike.keys() >= {*known} and len({*alike.values()}) == len(alike)
        return [*dict.fromkeys([*known, *alike])] if are_of_one and Role.EMAIL not in self.mapping else []

    def composition(self) -> Composition | None:
        """Return the template that applies to the sheet; None if a single column holds the text."""
        names = (name for name in self.mapping.get(Role.CONTENT, ()) if self._named(name))
        return self.compositions.get(next(names, ""))

    def _named(self, name: str) -> list[int]:
        if name in self.compositions:
            return [self.compositions[name].columns[-1]]
        return named(name, self.headings, self.free)

    def _named_in_list(self, name: str) -> list[int]:
        """Return the columns that a name lists, with commas between them, unless a heading matches the whole name."""
        if positions := self._named(name):
            return positions
        for comma in reversed([match.start() for match in re.finditer(",", name)]):
            first, others = name[:comma].strip(), name[comma + 1 :].strip()
            if first and others and (positions := self._named(first)) and (further := self._named_in_list(others)):
                return [*dict.fromkeys([*positions, *further])]
        return []


def named(name: str, headings: Sequence[str], free: Sequence[int]) -> list[int]:
    """Return the columns with this heading; else with its number (``Note #2``), as readings have it, or this letter."""
    folded_name = folded_heading(name) if template_in(name) is None else ""
    by_heading = [
        i
        for i in free
        if (folded_heading(headings[i]) == folded_name if folded_name else headings[i].strip() == name.strip())
    ]
    if by_heading or "#" not in name:
        return by_heading or [i for i in free if column_letter(i) == name.strip().upper()]
    names = numbered([headings[i] for i in free])
    return [i for i, own_name in zip(free, names, strict=True) if key(own_name) == key(name)]


def is_header(headings: Sequence[str], settings: Settings) -> bool:
    """Return whether each role that needs a column has a heading in this row."""
    sheet = SheetHeadings(headings, settings)
    return not any(sheet.lacks(role) for role in Role)


def find(headings: Sequence[str], settings: Settings, cells: Sequence[Sequence[str]] = ()) -> Roles:
    """Find the column of each role; some ``cells`` of each column rank suggested answers.

    Raises:
        UnclearColumns: a required role has no column, a role has two, or settings conflict; lists the headings.
    """
    sheet = SheetHeadings(headings, settings)
    columns: dict[Role, Sequence[int]] = {}
    questions: list[Question] = []
    if sheet.mistaken and not sheet.first_named(Role.CONTENT, settings.mapping[Role.CONTENT]):
        questions += [Question(trouble, roles=[Role.CONTENT]) for trouble in sheet.mistaken]
    emails = sheet.emails_of_one_person(cells)
    further_emails = tuple(emails[1:])
    for role in Role if not questions else ():
        positions = (emails[:1] if role is Role.EMAIL else []) or sheet.candidates(role)
        if role is Role.EMAIL and Role.PROSPECT in columns and role not in sheet.mapping:
            positions = positions[:1]  # the IDs are compared with its emails
        if len(positions) > 1 and not sheet.are_listed(role, positions):
            choices = _choices(role, headings, positions, cells)
            questions.append(Question(say(f"column.which.{role}"), choices, positions[0], [role]))
        elif positions:
            columns[role] = positions
        elif sheet.lacks(role):
            questions.append(_missing(role, sheet, cells))
    first_role: dict[int, Role] = {}
    for role, column in ((role, i) for role, positions in columns.items() for i in positions):
        heading = shown(headings[column])
        if column in sheet.ignored:
            text = say("columns.named-and-ignored", heading=heading, role=role)
            questions.append(Question(text, (), column, [role]))
        if column in first_role and {first_role[column], role} != {Role.KEY, Role.RECORD}:
            text = say("columns.named-twice", heading=heading, role=role, other=first_role[column])
            questions.append(Question(text, (), column, [first_role[column], role]))
        first_role[column] = role
    if questions:
        raise UnclearColumns(lines(*(question.text for question in questions), _listed(headings)), questions)
    template = sheet.composition()
    composed = () if template is None else template.columns
    unused = tuple(i for i in sheet.free if i not in first_role and i not in further_emails)
    long_ago = settings.reading.answers.get("map", {}) if settings.reading is not None else {}
    absent = [role for role, names in settings.mapping.items() if not any(names) and role not in long_ago]
    return Roles(
        {role: positions[0] for role, positions in columns.items()},
        sheet.ours,
        tuple(i for i in unused if i not in composed),
        unexplained=tuple(i for i in unused if i not in sheet.ignored),
        doubtful=tuple(i for i in unused if i in sheet.doubtful),
        vacant=tuple(role for role in Role if role not in columns and role not in absent),
        composition=template,
        listed={role: tuple(positions[1:]) for role, positions in columns.items()},
        further_emails=further_emails,
    )


def not_named(names: Sequence[str], headings: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the names that refer to other columns than ``name`` does."""
    all_positions = range(len(headings))
    positions = set(named(name, headings, all_positions))
    return tuple(other for other in names if not positions.intersection(named(other, headings, all_positions)))


def _choices(
    role: Role,
    headings: Sequence[str],
    positions: Sequence[int],
    cells: Sequence[Sequence[str]],
    others: Sequence[PossibleAnswer] = (),
) -> list[PossibleAnswer]:
    """Return the columns that the user may map to a role, the likeliest first.

    A column that seems to hold emails identifies the prospects by these. The ``others``, which name no column, stand
    after the columns whose heading or cells suggest the role.
    """
    # The user can't mean a column that the importer added, or one without a heading and without values.
    own = {*own_columns(headings)}
    positions = [i for i in positions if i in own and (headings[i].strip() or not cells or cells[i])]
    values = {i: cells[i] if cells else () for i in positions}
    scores = {i: likeliness(role, headings[i], values[i]) for i in positions}
    by_email = {i: likeliness(Role.EMAIL, headings[i], values[i]) for i in positions if role is Role.PROSPECT}
    by_email = {i: 100 + score for i, score in by_email.items() if score >= LIKELY}  # before all others
    scores |= by_email
    choices = []
    positions = sorted(positions, key=lambda i: -scores[i])[:MOST_SHOWN]
    for i in positions:
        means, of = in_words(headings, i), role
        if i in by_email:
            means, of = say("column.by-email", means=means), Role.EMAIL
        value, is_likely = f"{of}={called(headings, i)}", scores[i] >= LIKELY
        choices.append(PossibleAnswer("map", value, means, samples(values[i]), is_likely=is_likely))
    suggested = sum(scores[i] > 0 for i in positions)
    return [*choices[:suggested], *others, *(choices[suggested:] if role is not Role.VISIBILITY or not others else ())]


def _missing(role: Role, sheet: SheetHeadings, cells: Sequence[Sequence[str]]) -> Question:
    """Return the question which column has a role that needs one, if none does."""
    headings, named = sheet.headings, [name for name in sheet.mapping.get(role, ()) if name]
    others = _without_column(role, sheet, is_named=bool(named))
    settled = {i for one in Role if one not in (role, _OTHER.get(role)) for i in sheet.candidates(one)}
    choices = _choices(role, headings, [i for i in range(len(headings)) if i not in settled], cells, others)
    has_columns = any(choice.setting == "map" for choice in choices)
    asks = say(f"column.which.{role}") if has_columns or not others else say("column.none.visibility")
    first = say("columns.none-found", role=role, known=FIELDS[role].headings[:4])
    if named:
        first = say("columns.not-headed", names=tuple(Cell(in_quotes(name)) for name in named), role=role)
    why = say("columns.and", first=first, more=(asks,))
    return Question(why if named else asks, choices, roles=[role], why=why)


def _without_column(role: Role, sheet: SheetHeadings, *, is_named: bool) -> list[PossibleAnswer]:
    """Return the answers that give a role no column."""
    if role is Role.VISIBILITY and sheet.needs_visibility:
        return [PossibleAnswer("default-visibility", name, say(f"default.{name}")) for name in ("private", "public")]
    other = _OTHER.get(role)
    naming = sheet.candidates(other) if other is not None else []
    if not is_named or (len(naming) != 1 and f"none.{role}" not in texts()):
        return []
    column = say("column.names-them", column=in_words(sheet.headings, naming[0])) if naming else None
    return [PossibleAnswer("map", f"{role}=", column or say(f"none.{role}"))]


def called(headings: Sequence[str], position: int) -> str:
    """Return the column's name for settings: its heading, or its letter if the heading is blank, long or repeated."""
    heading = headings[position]
    same = [other for other in headings if folded_heading(other) == folded_heading(heading)]
    is_handy = len(same) == 1 and heading.strip() and len(heading) <= MOST_CHARACTERS
    return heading if is_handy else column_letter(position)


def headed(headings: Sequence[str], name: str) -> str:
    """Return the column's heading in place of its letter, because letters differ between sheets."""
    if (template := template_in(name)) is not None and not named(name, headings, range(len(headings))):
        return template.renamed(lambda field: headed(headings, field))
    positions = named(name, headings, range(len(headings))) if name else []
    return called(headings, positions[0]) if len(positions) == 1 else name


def _listed(headings: Sequence[str]) -> Message:
    """Return a message that lists at most :data:`MOST_SHOWN` headings."""
    named = [shown(heading) for heading in headings if heading.strip()]
    return say("columns.headings", headings=some(named, MOST_SHOWN)) if named else say("columns.no-headings")


def in_words(headings: Sequence[str], position: int) -> Message:
    """Return a column's letter and heading."""
    return say("column.called", column=column_letter(position), heading=shown(headings[position]))


def shown(heading: str) -> Cell:
    """Return a heading for a message, quoted and at most :data:`MOST_CHARACTERS` characters long."""
    return Cell(in_quotes(cut(heading, MOST_CHARACTERS)))
