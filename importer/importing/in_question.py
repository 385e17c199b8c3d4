"""Ask about rows that may be notes which were sent before.

Input: a file, and what is left to be sent. Output: questions, with some of the rows as their readers will see them.
"""

from __future__ import annotations

from collections.abc import Sequence

from importer import markup
from importer.importing.loaded import Loaded
from importer.messages import Cell, Message, render, say
from importer.models import Note, PossibleAnswer, Question, Remaining, Rows

_EACH = 3  # rows of each question


def text_of(note: Note) -> str:
    """Return a note as its readers will see it, with the targets of its links and pictures below."""
    if note.content != note.text or not any(sign in note.text for sign in "<&\n"):
        return note.text
    shown = markup.lines(note.content)
    targets = (target.partition(" ")[2] for target in markup.targets(note.content))
    return "\n".join([shown, *dict.fromkeys(target for target in targets if target not in shown)]).strip() or note.text


def asked(loaded: Loaded, remaining: Remaining) -> list[Question]:
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
        row = say("asked.row", row=str(rows.number[position]), prospect=str(rows.prospect[position]), words=first)
        samples.append(render(row))
    choices = [PossibleAnswer("in-doubt", value, say(f"asked.answer.{value}")) for value in values]
    return Question(text, choices, samples=samples, is_optional=True)
