"""Choose the notes of a preview that a person sees before they are sent.

Input: a :class:`~importer.importing.preview.Preview`, or its groups. Output: the notes with the most prospects, similar
notes, a few notes of each visibility as their readers will see them, and the questions about notes that may be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from importer import grouping, markup
from importer.importing import note_text
from importer.importing.overview import Example
from importer.importing.preview import Preview
from importer.messages import Cell, Message, Part, render, say
from importer.models import Group, Note, PossibleAnswer, Question, Visibility
from importer.settings.reading import kind_in_words

_LARGEST = 5  # notes with the most prospects
_OF_GROUP = 50  # maximum number of characters of a large group's note, which is shown on one line
_SIMILAR = 5  # maximum number of groups of similar notes
_SIMILAR_NOTES = 4  # maximum number of notes of such a group
_EACH = 3  # examples of each visibility
_MOST_FIRST = 10  # number of first notes up to which all of them are shown


def largest(groups: Sequence[Group]) -> Iterator[tuple[int, Message]]:
    """Yield the groups with the most prospects: their number, and the note on one line."""
    for group in sorted(groups, key=lambda group: -len(group.positions))[:_LARGEST]:
        text = markup.first_words(note_text.text_of(group.note), _OF_GROUP)
        yield len(group.positions), say("plan.group", words=Cell(text), about=_aside(group.note))


def similar(preview: Preview) -> Sequence[tuple[str, Sequence[int]]]:
    """Return groups of notes that differ only invisibly: first words, and the first row of some of the notes."""
    loaded = preview.loaded
    return [
        (
            markup.first_words(alike[0].note.text),
            [int(loaded.rows.number[group.positions[0]]) for group in alike[:_SIMILAR_NOTES]],
        )
        for alike in grouping.near_identical(loaded.plan.groups)[:_SIMILAR]
    ]


def examples(preview: Preview, characters: int) -> dict[Visibility, Sequence[Example]]:
    """Return up to three notes of each visibility that is about to be sent, with at most ``characters`` of each.

    The longest note is among them. If only few notes are sent first, all of them are returned.
    """
    first = preview.settings.first or 0
    each = first if _EACH < first <= _MOST_FIRST else _EACH
    by_visibility: dict[Visibility, Sequence[Example]] = {}
    for visibility in Visibility:
        if groups := [group for group in preview.remaining.groups if group.note.visibility is visibility]:
            longest = max(groups, key=lambda group: len(group.note.text))
            others = [group for group in groups[:each] if group is not longest]
            some = sorted([longest, *others[: each - 1]], key=lambda group: int(group.positions[0]))
            by_visibility[visibility] = [_example(group, preview, characters) for group in some]
    return by_visibility


def asked(preview: Preview) -> list[Question]:
    """Return the questions about rows that may be notes which were sent before, with some of the rows.

    Without an answer, these rows aren't sent; if a whole history seems to be sent again, nothing is.
    """
    remaining, file = preview.remaining, str(preview.loaded.sheet.source)
    in_doubt, later = remaining.asked.get("in_doubt", ()), remaining.asked.get("later", ())
    questions: list[Question] = []
    if remaining.sent_anew:
        new = [position for group in remaining.groups for position in group.positions[:_EACH].tolist()]
        text = say("asked.history", file=file, n=remaining.sent_anew)
        text = say("asked.besides", question=text, n=len(in_doubt)) if in_doubt else text
        questions.append(_question(preview, text, new, "in-doubt", "new"))
    elif in_doubt:
        text = say("asked.in-doubt", n=len(in_doubt))
        if later:
            numbers = tuple(say("row", row=str(preview.loaded.rows.number[at])) for at in later[:_EACH])
            text = say("asked.later", question=text, n=len(later), rows=numbers)
        earlier = [position for position in in_doubt if position not in {*later}]
        questions.append(_question(preview, text, earlier or later, "in-doubt", "same", "new"))
    if hidden := remaining.asked.get("hidden"):
        questions.append(_question(preview, say("asked.hidden", n=len(hidden)), hidden, "hidden", "send", "leave"))
    return questions


def _question(preview: Preview, text: Message, positions: Sequence[int], setting: str, *values: str) -> Question:
    rows = preview.loaded.rows
    samples = []
    for position in sorted(positions)[:_EACH]:
        first = Cell(markup.first_words(note_text.text_of(rows.notes[rows.note[position]])))
        row = say("asked.row", row=str(rows.number[position]), prospect=str(rows.prospect[position]), words=first)
        samples.append(render(row))
    choices = [PossibleAnswer(setting, value, say(f"asked.answer.{value}")) for value in values]
    return Question(text, text, choices, samples=samples, is_optional=True)


def _example(group: Group, preview: Preview, characters: int) -> Example:
    rows, first, others = preview.loaded.rows, group.positions[0], len(group.positions) - 1
    parts: dict[str, Part] = {
        "row": str(rows.number[first]),
        "prospect": str(rows.prospect[first]),
        "about": _aside(group.note),
    }
    about = say("note.of-several", **parts, n=others) if others else say("note.of", **parts)
    return Example(about, note_text.text_of(group.note), 0, note_text.html_of(group.note)).shortened(characters)


def _aside(note: Note) -> Message:
    """Return the properties of a note besides its text: its visibility, whether it is a draft, and its files."""
    parts = kind_in_words(note.visibility, note.status)
    if note.attachments:
        parts.append(say("note.with-attachments", ids=Cell(markup.first_words(", ".join(note.attachments)))))
    parts += [say("note.with-files", n=len(note.files))] if note.files else []
    return say("names", names=tuple(parts))
