"""Apply a user's settings about columns to the headings of a sheet: which columns they name, and which they leave out.

Input: the headings of a sheet and the user's settings. Output: the columns that may have a role.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from importer.fields import WORDED
from importer.messages import Message
from importer.models import Role
from importer.reading import column_letter
from importer.resultsfile import added_columns, our_columns
from importer.rows.composing import Composition, composition, template_in
from importer.rows.suggestions import role_of
from importer.settings import Settings
from importer.settings.reading import folded_heading, key, numbered

OTHER = {Role.PROSPECT: Role.EMAIL, Role.EMAIL: Role.PROSPECT}
"""Role that names prospects → the other such role. A sheet needs a column for only one of the two."""

_ALWAYS = (Role.PROSPECT, Role.CONTENT)
"""Roles that need a column in every import."""


class SheetHeadings:
    """The headings of a sheet, and the settings about columns that apply to them.

    Attributes:
        headings: the sheet's headings.
        mapping: role → names of its column.
        ours: heading → position of the columns that an earlier results file added.
        free: positions of the sheet's own columns.
        ignored: positions of the columns that have no role. Ignored names that the sheet lacks are allowed.
        doubtful: those of them that are ignored only because the reading of this kind of sheet ignores them.
        compositions: templates for the text whose columns the sheet has.
        mistaken: why further templates can't be used, although the sheet has the column of their text.
    """

    def __init__(self, headings: Sequence[str], settings: Settings) -> None:
        self.headings, self.ours = headings, our_columns(headings)
        added = added_columns(headings)
        self.free = [i for i in range(len(headings)) if i not in added]
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
        other = OTHER.get(role)
        if other is None or (is_named and not any(self.mapping.get(other, ()))):
            return True  # no other role names prospects, or the mapping names only this one
        return not self.candidates(other)

    def first_named(self, role: Role, names: Sequence[str]) -> list[int]:
        """Return the columns of the first name that the sheet has. A name may list several columns."""
        named = self._named_in_list if role in OTHER or role in WORDED else self._named
        return next((positions for name in names if name and (positions := named(name))), [])

    def are_listed(self, role: Role, positions: Sequence[int]) -> bool:
        """Return whether a name lists these columns, and none of the role's names is the heading of one of them."""
        names = self.mapping.get(role, ())
        return any(names) and not any(set(positions).intersection(self._named(name)) for name in names if name)

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
