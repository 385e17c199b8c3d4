"""Headings → roles: which column holds the prospect, the content, the visibility, the status, the attachments.

Comes in: the headings of a sheet and what the person said with ``--map``. Goes out: :class:`Roles`, or one error
that names the headings found and says how to choose. Only exact words count; near misses are suggested, never taken.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from importer.errors import UnclearColumns
from importer.reading import column_letter


class Role(StrEnum):
    """What a column is for; the values are the words of ``--map``."""

    PROSPECT = "prospect"
    CONTENT = "content"
    VISIBILITY = "visibility"
    STATUS = "status"
    ATTACHMENTS = "attachments"
    KEY = "key"


# The words people use, per role: English, then German, French, Spanish, Portuguese.
HEADINGS: Mapping[Role, tuple[str, ...]] = {
    Role.PROSPECT: (
        "Prospect ID", "Prospect", "Prospect IDs", "Prospect Key", "Contact ID", "Lead ID", "Saleshandy ID",
        "Saleshandy Prospect ID",
        "Interessenten-ID", "Kontakt-ID", "Lead-ID",
        "ID prospect", "ID du prospect", "Identifiant prospect", "ID contact", "ID du contact",
        "ID de prospecto", "ID prospecto", "ID de contacto", "ID contacto",
        "ID do prospect", "ID do contato", "ID contato", "ID do contacto", "ID do lead",
    ),
    Role.CONTENT: (
        "Note", "Notes", "Content", "Body", "Note Content", "Note Body", "Note Text", "Text", "Message", "Comment",
        "Comments", "Remark", "Remarks",
        "Notiz", "Notizen", "Notiztext", "Inhalt", "Kommentar", "Bemerkung",
        "Contenu", "Contenu de la note", "Texte", "Commentaire", "Remarque",
        "Nota", "Notas", "Contenido", "Texto", "Comentario",
        "Conteúdo", "Conteúdo da nota", "Comentário", "Observação",
    ),
    Role.VISIBILITY: (
        "Visibility", "Note Visibility", "Visible To", "Who Can See It", "Shared With", "Access", "Privacy",
        "Sichtbarkeit", "Sichtbar für", "Zugriff",
        "Visibilité", "Visible par", "Confidentialité",
        "Visibilidad", "Visible para", "Privacidad",
        "Visibilidade", "Visível para", "Privacidade",
    ),
    Role.STATUS: (
        "Status", "Note Status", "Publication Status",
        "Veröffentlichungsstatus", "Statut", "Estado", "Situação",
    ),
    Role.ATTACHMENTS: (
        "Attachment IDs", "Attachment ID", "Attachments", "Attachment", "Note Attachments", "File IDs",
        "Anhänge", "Anhang-IDs", "Anlagen",
        "Pièces jointes", "ID des pièces jointes",
        "Adjuntos", "ID de adjuntos", "Archivos adjuntos",
        "Anexos", "ID dos anexos",
    ),
    Role.KEY: (),
}  # fmt: skip

OUR_COLUMNS: tuple[str, ...] = ("result", "note_id", "reason", "source_row", "finished_at", "request")
"""The headings that follow the input's own, always in this order and always the last."""

FIX_FIRST: tuple[str, ...] = ("result", "reason")
FIX_LAST: tuple[str, ...] = ("note_id", "source_row", "finished_at", "request")
"""On the sheet *To fix* what is wrong comes first, and the rest of our columns last."""

MOST_SHOWN = 30
MOST_CHARACTERS = 60
"""So many headings are listed by a message, and of each so much."""
MOST_VALUES = 8
"""So many of a column's values are listed."""

_IGNORED = re.compile(r"[\W_]+")


def folded(heading: str) -> str:
    """A heading without case, spaces, underscores and other signs, by which headings are compared."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", heading)).casefold()


_ROLE_OF = {folded(heading): role for role, headings in HEADINGS.items() for heading in headings}


@dataclass(frozen=True)
class Wanted:
    """What the person said about columns.

    Attributes:
        mapping: role → heading, or a column's letter where no heading is so called; empty: no column has the role.
        needs_visibility: False where a default visibility was given.
        ignored: headings, or letters, of columns that have no role.
    """

    mapping: Mapping[Role, str] = field(default_factory=dict)
    needs_visibility: bool = True
    ignored: Sequence[str] = ()

    @property
    def required(self) -> tuple[Role, ...]:
        """The roles without which nothing can be imported, and those that were named."""
        always = [Role.PROSPECT, Role.CONTENT] + [Role.VISIBILITY] * self.needs_visibility
        return tuple(dict.fromkeys([*always, *(role for role, name in self.mapping.items() if name)]))


@dataclass(frozen=True)
class Roles:
    """Which column is which.

    Attributes:
        columns: role → position of its column, from 0.
        ours: the columns of an earlier results file that the importer added: heading → position; empty in other files.
        unused: positions of the other columns.
        unexplained: those of the unused of which the person has not said that they have no role.
        vacant: roles that no column has, though the person has not said so.
    """

    columns: Mapping[Role, int]
    ours: Mapping[str, int]
    unused: tuple[int, ...]
    unexplained: tuple[int, ...] = ()
    vacant: tuple[Role, ...] = ()


def recognised(headings: Sequence[str], wanted: Wanted) -> int:
    """How many of the required roles have a heading in this row; a header row has all of them."""
    ours = own_columns(headings)
    return sum(bool(_candidates(role, headings, wanted, ours)) for role in wanted.required)


def find(headings: Sequence[str], wanted: Wanted) -> Roles:
    """Settle which column has which role.

    Raises:
        UnclearColumns: a required role has no column, or a role has two; lists the headings found.
    """
    ours = own_columns(headings)
    columns: dict[Role, int] = {}
    troubles = []
    for role in Role:
        found = _candidates(role, headings, wanted, ours)
        if len(found) > 1:
            names = " and ".join(f"{_shown(headings[i])} (column {column_letter(i)})" for i in found[:MOST_SHOWN])
            troubles.append(f"{names} could each be the {role}. Choose one: --map {role}={_quoted(headings, found[0])}")
        elif found:
            columns[role] = found[0]
        elif role in wanted.required:
            troubles.append(_missing(role, headings, wanted))
    taken: dict[int, Role] = {}
    aside = _set_aside(headings, wanted, ours)
    for role, column in columns.items():
        if column in aside:
            troubles.append(f"{_shown(headings[column])} was named as the {role}, and is to be ignored as well.")
        if column in taken:
            troubles.append(f"{_shown(headings[column])} can't be both the {taken[column]} and the {role}.")
        taken[column] = role
    if troubles:
        raise UnclearColumns("\n".join([*troubles, f"The headings found: {_listed(headings)}."]))
    used = {*columns.values(), *ours.values()}
    unused = tuple(i for i in range(len(headings)) if i not in used)
    vacant = tuple(role for role in Role if role not in columns and role not in wanted.mapping)
    return Roles(columns, ours, unused, tuple(i for i in unused if i not in aside), vacant)


def own_columns(headings: Sequence[str]) -> dict[str, int]:
    """Where our columns stand in an earlier results file: heading → position, or nothing if it isn't one.

    Knows both layouts: *Results* (and CSV), and *To fix*. A lone ``result`` or ``reason`` is the user's own.
    """
    start = _last_run(headings, OUR_COLUMNS)
    if start is not None:
        return {name: start + i for i, name in enumerate(OUR_COLUMNS)}
    start = _last_run(headings, FIX_LAST)
    if start is not None and tuple(headings[: len(FIX_FIRST)]) == FIX_FIRST:
        places = [*range(len(FIX_FIRST)), *range(start, start + len(FIX_LAST))]
        return dict(zip(FIX_FIRST + FIX_LAST, places, strict=True))
    return {}


def _last_run(headings: Sequence[str], wanted: tuple[str, ...]) -> int | None:
    for start in range(len(headings) - len(wanted), -1, -1):
        if tuple(headings[start : start + len(wanted)]) == wanted:
            return start
    return None


def repeats_results(headings: Sequence[str]) -> bool:
    """Whether these are the headings of *To fix*, whose rows stand on *Results* as well."""
    return bool(own_columns(headings)) and tuple(headings[: len(FIX_FIRST)]) == FIX_FIRST


def _candidates(role: Role, headings: Sequence[str], wanted: Wanted, ours: Mapping[str, int]) -> list[int]:
    """The columns that may have the role: those that were named, else those whose heading says so."""
    named = wanted.mapping.get(role)
    free = [i for i in range(len(headings)) if i not in ours.values()]
    if named == "":
        return []
    if named is not None:
        return _named(named, headings, free)
    claimed = {i for name in wanted.mapping.values() if name for i in _named(name, headings, free)}
    claimed |= _set_aside(headings, wanted, ours)
    return [i for i in free if _ROLE_OF.get(folded(headings[i])) is role and i not in claimed]


def _set_aside(headings: Sequence[str], wanted: Wanted, ours: Mapping[str, int]) -> set[int]:
    """The columns that are to be ignored. A name that no column has is no mistake: sheets of one profile may differ."""
    free = [i for i in range(len(headings)) if i not in ours.values()]
    return {i for name in wanted.ignored for i in _named(name, headings, free)}


def overlooked(headings: Sequence[str], position: int, roles: Sequence[Role], values: Sequence[str]) -> str:
    """What to say of a column that has no role, though all that stands in it are words of these roles' values."""
    name = _quoted(headings, position)
    listed = ", ".join(map(_shown, values[:MOST_VALUES]))
    more = f" and {len(values) - MOST_VALUES:,} more" if len(values) > MOST_VALUES else ""
    heading = _shown(headings[position]) if headings[position].strip() else "without a heading"
    ways = " or ".join(f"--map {role}={name}" for role in roles)
    return (
        f"Column {column_letter(position)}, {heading}, is not used, yet all that stands in it says who may see a note"
        f" or whether it is published: {listed}{more}. Say what it is: {ways}. If it has nothing to do with the notes:"
        f" --ignore {name}"
    )


def _named(name: str, headings: Sequence[str], free: Sequence[int]) -> list[int]:
    """The columns that a name may mean: by heading, or by letter where no heading is so called."""
    wanted = folded(name)
    same = [i for i in free if (folded(headings[i]) == wanted if wanted else headings[i].strip() == name.strip())]
    return same or [i for i in free if column_letter(i) == name.strip().upper()]


def _missing(role: Role, headings: Sequence[str], wanted: Wanted) -> str:
    named = wanted.mapping.get(role)
    if named:
        near = _near(named, headings)
        return f"No column is headed {named!r}, which was named as the {role}.{near}"
    claimed = [
        f" {_shown(headings[i])} was named as the {other}."
        for other, name in wanted.mapping.items()
        if name
        for i in _named(name, headings, range(len(headings)))
        if _ROLE_OF.get(folded(headings[i])) is role
    ]
    guesses = [
        heading
        for heading in headings
        if folded(heading) not in _ROLE_OF
        and difflib.get_close_matches(folded(heading), [folded(word) for word in HEADINGS[role]], n=1, cutoff=0.8)
    ]
    near = f" Did you mean {_shown(guesses[0])}?" if guesses else ""
    advice = f"Say which column it is: --map {role}={_as_argument(guesses[0] if guesses else 'ITS HEADING')}"
    if role is Role.VISIBILITY:
        advice += ", or give one visibility for all rows: --default-visibility private"
    return (
        f"No column for the {role} was found (looked for {', '.join(HEADINGS[role][:4])} and the like)."
        f"{''.join(claimed)}{near} {advice}."
    )


def _near(name: str, headings: Sequence[str]) -> str:
    near = difflib.get_close_matches(folded(name), [folded(heading) for heading in headings], n=1, cutoff=0.7)
    match = next((heading for heading in headings if near and folded(heading) == near[0]), None)
    return f" Did you mean {_shown(match)}?" if match else ""


def _quoted(headings: Sequence[str], position: int) -> str:
    """What names this column on a command line: its heading, or its letter where the heading stands twice."""
    same = [heading for heading in headings if folded(heading) == folded(headings[position])]
    is_handy = len(same) == 1 and len(headings[position]) <= MOST_CHARACTERS
    return _as_argument(headings[position] if is_handy else column_letter(position))


def _listed(headings: Sequence[str]) -> str:
    """The headings for a message, few enough to be read."""
    named = [heading for heading in headings if heading.strip()]
    more = f" and {len(named) - MOST_SHOWN:,} more" if len(named) > MOST_SHOWN else ""
    return (", ".join(map(_shown, named[:MOST_SHOWN])) or "none") + more


def _shown(heading: str) -> str:
    return repr(heading if len(heading) <= MOST_CHARACTERS else f"{heading[:MOST_CHARACTERS]}…")


def _as_argument(text: str) -> str:
    return f'"{text}"' if re.search(r"[^\w-]", text) else text
