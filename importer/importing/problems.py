"""Tell the problems of a sheet's cells: by kind, in words, without cell values, and as lists.

Input: a loaded file. Output: problems and messages as values; a .csv file of all problems, or of the people whose
emails no prospect has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from importer import results
from importer.errors import BadSettings
from importer.importing.loading import Loaded
from importer.messages import Cell, Message, Part, say
from importer.models import Problem
from importer.rows.blocks import Block
from importer.rows.naming import people_of
from importer.rows.readers import ComposedReader
from importer.rows.values import quoted
from importer.settings import Settings
from importer.storage import place

_VALUES = 4  # maximum number of values shown for one kind of problem


def in_order(loaded: Loaded) -> Iterator[Problem]:
    """Yield the problems in the order of the rows."""
    return (problem for _, row_problems in sorted(loaded.rows.problems.items()) for problem in row_problems)


def by_kind(loaded: Loaded) -> list[list[Problem]]:
    """Return the problems, grouped by column and kind, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for problem in in_order(loaded):
        kinds.setdefault((problem.column, problem.kind), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> Message:
    """Return a message about a problem that several cells share, with the cells' values if they differ."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    counts = Counter(problem.value for problem in problems)
    values: tuple[Part, ...] = tuple(_times(Cell(quoted(value)), n) for value, n in counts.most_common(_VALUES))
    if len(counts) > _VALUES:
        values = (say("problems.other-values", values=values, n=len(counts) - _VALUES),)
    kind, text = problems[0].kind, problems[0].text
    if (ways := dict(text.parts).get("ways")) is not None:
        return say("problems.or-say", kind=kind, ways=ways, values=values)
    return say("problems.alike", kind=kind, values=values)


def _times(value: Cell, times: int) -> Part:
    return say("problems.times", value=value, times=times) if times > 1 else value


def summaries(loaded: Loaded) -> Counter[Message]:
    """Return the number of rows by kind of problem. Of several problems in a row, the first counts."""
    role_of = {column: role.value for role, column in loaded.roles.columns.items()}
    return Counter(_kind(row_problems[0], role_of) for row_problems in loaded.rows.problems.values() if row_problems)


def _kind(problem: Problem, role_of: Mapping[int, str]) -> Message:
    role = role_of.get(problem.column) if problem.column is not None else None
    if role is None:
        return say("why.row-unreadable")
    return say("why.cell-unusable" if problem.value.strip() else "why.cell-blank", role=role)


def check_list(target: Path, setting: str = "") -> None:
    """Check, before anything else, that a list about a file can be written.

    Args:
        target: path for the list.
        setting: the setting that names the list; if empty, the list is of all problems.

    Raises:
        BadSettings: it can't be written there.
    """
    if target.suffix.lower() != ".csv":
        raise BadSettings(say(f"{setting or 'check'}.no-csv", target=repr(target.name)), setting=setting)
    results.check_target(target)


def write_problems(report: Path, loaded: Loaded, file: Path) -> results.Written:
    """Write all problems of a file to a .csv file."""
    composition, texts = loaded.roles.composition, None
    if composition is not None:
        reader = ComposedReader(composition, loaded.settings)
        codes = (code for block in loaded.sheet.columns() for code in reader.codes(Block(*block)).tolist())
        texts = {at: text for at, code in enumerate(codes) if isinstance(text := reader.values[code], str)}
    return results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file, texts)


def write_people(settings: Settings, loaded: Loaded, emails: Collection[str]) -> results.Written | None:
    """Write the people whose emails no prospect has, if there are any and the settings name a file for them."""
    if settings.unknown_emails is None or not emails:
        return None
    people, source = people_of(loaded.sheet, loaded.roles, loaded.rows, emails), place(loaded.sheet.source)
    return results.write_people(settings.unknown_emails, people, source)
