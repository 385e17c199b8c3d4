"""Tell what a sheet holds: its corrections, problems and rows in question, and what the texts could have besides.

Input: a loaded file. Output: questions, problems and messages as values; the offer to compose texts of several
columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from importer import markup
from importer.importing.loaded import Loaded
from importer.messages import Cell, Message, Part, in_quotes, render, say
from importer.models import Note, PossibleAnswer, Problem, Question, Remaining, Role, Rows
from importer.reading import Sheet, column_letter
from importer.rows.columns import called
from importer.rows.composing import suggested
from importer.rows.readers import ComposedReader
from importer.rows.values import Block, quoted, shortened

_EACH = 3  # examples of a question
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


def text_of(note: Note) -> str:
    """Return a note as its readers will see it, with the targets of its links and pictures below."""
    if note.content != note.text or not any(sign in note.text for sign in "<&\n"):
        return note.text
    shown = markup.lines(note.content)
    targets = (target.partition(" ")[2] for target in markup.targets(note.content))
    return "\n".join([shown, *dict.fromkeys(target for target in targets if target not in shown)]).strip() or note.text


def in_question(loaded: Loaded, remaining: Remaining) -> list[Question]:
    """Return the questions about rows that may be notes which were sent before, with some of the rows.

    Without an answer, these rows aren't sent; if a whole history seems to be sent again, nothing is.
    """
    rows, file = loaded.rows, str(loaded.sheet.source)
    in_doubt, later = remaining.asked.get("in_doubt", ()), remaining.asked.get("later", ())
    questions: list[Question] = []
    if remaining.sent_anew:
        new = [position for group in remaining.groups for position in group.positions[:_EACH].tolist()]
        text = say("asked.history", file=file, n=remaining.sent_anew)
        text = say("asked.besides", question=text, n=len(in_doubt)) if in_doubt else text
        questions.append(_question(rows, text, new, "new"))
    elif in_doubt:
        text = say("asked.in-doubt", n=len(in_doubt))
        if later:
            numbers = tuple(say("row", row=str(rows.number[at])) for at in later[:_EACH])
            text = say("asked.later", question=text, n=len(later), rows=numbers)
        earlier = [position for position in in_doubt if position not in {*later}]
        questions.append(_question(rows, text, earlier or later, "same", "new"))
    if hidden := remaining.asked.get("hidden"):
        text = say("asked.hidden", n=len(hidden))
        questions.append(_question(rows, text, hidden, "send-hidden", "leave-hidden"))
    return questions


def _question(rows: Rows, text: Message, positions: Sequence[int], *values: str) -> Question:
    samples = []
    for position in sorted(positions)[:_EACH]:
        first = Cell(markup.first_words(text_of(rows.notes[rows.note[position]])))
        row = say("asked.row", row=str(rows.number[position]), prospect=Cell(rows.person(position)), words=first)
        samples.append(render(row))
    choices = [PossibleAnswer("in-doubt", value, say(f"asked.answer.{value}")) for value in values]
    return Question(text, choices, samples=samples, is_optional=True)


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


def by_kind(loaded: Loaded) -> list[list[Problem]]:
    """Return the problems, grouped by column and kind, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for _, of_row in sorted(loaded.rows.problems.items()):
        for problem in of_row:
            kinds.setdefault((problem.column, problem.text.without_others()), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> Message:
    """Return a message about a problem that several cells share, with the cells' values if they differ."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    counts = Counter(problem.value for problem in problems)
    values: tuple[Part, ...] = tuple(_times(Cell(quoted(value)), n) for value, n in counts.most_common(_VALUES))
    if len(counts) > _VALUES:
        values = (say("problems.other-values", values=values, n=len(counts) - _VALUES),)
    return say("problems.alike", kind=problems[0].text.without_others(), values=values)


def _times(value: Cell, times: int) -> Part:
    return say("beside", text=value, beside=times) if times > 1 else value
