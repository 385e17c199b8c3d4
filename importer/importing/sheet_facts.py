"""Tell what a sheet holds: its corrections and problems, and what the notes' texts could have besides.

Input: a loaded file. Output: problems and messages as values; the offer to compose texts of several
columns; a .csv file of the people whose emails no prospect has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from importer import markup, results
from importer.errors import BadSettings
from importer.importing.loaded import Loaded
from importer.messages import Cell, Message, Part, in_quotes, say
from importer.models import PossibleAnswer, Problem, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows.blocks import Block
from importer.rows.columns import called
from importer.rows.composing import suggested
from importer.rows.naming import people_of
from importer.rows.readers import ComposedReader
from importer.rows.values import quoted, shortened
from importer.settings import Settings
from importer.storage import place

_EACH = 3  # examples of an offer
_FIRST = 200  # rows in which examples of an offer are looked for


def offer(loaded: Loaded) -> Question | None:
    """Return the offer to compose the texts from columns that tell when, by whom or about what a note was written.

    Its samples are the headings of the columns, and those of each choice are the first notes.
    """
    settings = loaded.settings
    remembered = {} if settings.reading is None else settings.reading.answers.get("map", {})
    sheet, at = loaded.sheet, None if Role.CONTENT in remembered else loaded.roles.columns.get(Role.CONTENT)
    unused = [i for i in loaded.roles.unused if i in loaded.roles.unexplained and "{" not in sheet.headings[i]]
    composition = None if at is None or loaded.template else suggested(sheet.headings, unused, at)
    block = next(sheet.columns(), None) if composition is not None else None
    if at is None or composition is None or block is None:
        return None
    reader = ComposedReader(composition, settings)
    numbers, columns = block
    head = Block(numbers[:_FIRST], [column[:_FIRST] for column in columns])
    codes = dict.fromkeys(reader.codes(head).tolist())
    if reader.dates.questions(sheet.headings):  # an ISO date beside an undecided one looks like a fault
        reader = ComposedReader(composition, settings, reads_dates=False)
        codes = dict.fromkeys(reader.codes(head).tolist())
    first = [code for code in codes if reader.uncomposed[code] not in ("", reader.values[code])][:_EACH]
    template, text = composition.renamed(partial(called, sheet.headings)), called(sheet.headings, at)
    choices = [
        PossibleAnswer(
            "map",
            f"{Role.CONTENT}={name}",
            say(f"offered.{kind}"),
            [markup.first_words(str(texts[code])) for code in first],
        )
        for name, kind, texts in ((template, "composed", reader.values), (text, "as-it-stands", reader.uncomposed))
    ]
    names = tuple(Cell(in_quotes(called(sheet.headings, i))) for i in composition.columns[:-1])
    return Question(say("offer.asks", names=names), choices, at, [Role.CONTENT]) if first else None


def changes(sheet: Sheet) -> dict[int, Message]:
    """Return what a person changed in the cells of each corrected row, by the row's number."""
    written = {number: one.texts for number, one in (sheet.corrections or {}).items() if not one.is_left_out}
    found: dict[int, Message] = {}
    if not written:  # most sheets; the rows would all be read once more
        return found
    with sheet.as_it_stands(written) as before:
        for number, cells in before.rows():
            texts = sorted(written[number].items())
            changed = tuple(_change(at, number, cells[at], text) for at, text in texts if text != cells[at])
            if changed:
                found[number] = say("outcome.corrected", changes=changed)
    return found


def _change(column: int, number: int, before: str, after: str) -> Message:
    lines = (" ".join(text.split()) for text in (before, after))
    texts = [Cell(shortened(line)) if line else say("corrected.blank") for line in lines]
    return say("corrected.cell", cell=f"{column_letter(column)}{number}", before=texts[0], after=texts[1])


# -- problems ---------------------------------------------------------------------------------------------------------

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


def check_list(target: Path) -> None:
    """Check, before anything else, that the list of people can be written. Raises BadSettings."""
    if target.suffix.lower() != ".csv":
        raise BadSettings(say("unknown-emails.no-csv", target=repr(target.name)), setting="unknown-emails")
    results.check_target(target)


def write_people(settings: Settings, loaded: Loaded, emails: Collection[str]) -> results.Written | None:
    """Write the people whose emails no prospect has, if there are any and the settings name a file for them."""
    if settings.unknown_emails is None or not emails:
        return None
    people, source = people_of(loaded.sheet, loaded.roles, loaded.rows, emails), place(loaded.sheet.source)
    return results.write_people(settings.unknown_emails, people, source)
