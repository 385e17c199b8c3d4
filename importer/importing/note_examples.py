"""Choose the notes of a plan that a person sees before they are sent.

Input: the rows of a file, and what is left to be sent. Output: a few notes of each visibility as their readers will see
them, and the questions about notes that may be there.
"""

from __future__ import annotations

from collections.abc import Sequence

from importer import markup
from importer.importing.loaded import Loaded
from importer.importing.preview import Example
from importer.markup import cut
from importer.messages import Cell, Message, Part, render, say
from importer.models import Group, Note, PossibleAnswer, Question, Remaining, Rows, Visibility
from importer.settings.reading import kind_in_words

_EACH = 3  # examples of each visibility
_LONGEST = 3_000  # maximum number of characters shown of a note


def text_of(note: Note) -> str:
    """Return a note as its readers will see it, with the targets of its links and pictures below."""
    if note.content != note.text or not any(sign in note.text for sign in "<&\n"):
        return note.text
    shown = markup.lines(note.content)
    targets = (target.partition(" ")[2] for target in markup.targets(note.content))
    return "\n".join([shown, *dict.fromkeys(target for target in targets if target not in shown)]).strip() or note.text


def examples(rows: Rows, remaining: Remaining) -> dict[Visibility, Sequence[Example]]:
    """Return the first three notes of each visibility that is about to be sent, or the beginning of long ones."""
    found: dict[Visibility, Sequence[Example]] = {}
    for visibility in Visibility:
        if groups := [group for group in remaining.groups if group.note.visibility is visibility]:
            found[visibility] = [_example(group, rows) for group in groups[:_EACH]]
    return found


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


def _example(group: Group, rows: Rows) -> Example:
    first, others = group.positions[0], len(group.positions) - 1
    parts: dict[str, Part] = {
        "row": str(rows.number[first]),
        "prospect": str(rows.prospect[first]),
        "about": _aside(group.note),
    }
    about = say("note.of-several", **parts, n=others) if others else say("note.of", **parts)
    return Example(about, cut(text_of(group.note), _LONGEST))


def _aside(note: Note) -> Message:
    """Return the properties of a note besides its text: its visibility, whether it is a draft, and its files."""
    parts = kind_in_words(note.visibility, note.status)
    if note.attachments:
        parts.append(say("note.with-attachments", ids=Cell(markup.first_words(", ".join(note.attachments)))))
    parts += [say("note.with-files", n=len(note.files))] if note.files else []
    return say("names", names=tuple(parts))
