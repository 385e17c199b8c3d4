"""Words of their own in the cells of the visibility and the status: what a person said they mean, and what is to ask.

Comes in: the setting ``value``, and the problems of a sheet. Goes out: the vocabularies by which cells are read, and a
question for each word that stands in several rows and that nobody knows; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from importer.errors import BadSettings, as_argument
from importer.messages import Cell, Message, SettingPart, say
from importer.models import PossibleAnswer, Problem, Question, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows import directions
from importer.rows.columns import called, shown
from importer.rows.values import STATUS_WORDS, VISIBILITY_WORDS, Vocabulary, cleaned_id, folded, meaning
from importer.settings.meanings import MEANS, Scope, Values, Words

MOST_WORDS = 6
"""So many words are asked about one by one; a column with more is rather none of this role."""
_OFTEN = 2  # a word that stands in a single row may be a slip, and is a problem of its cell


def vocabularies(values: Values, headings: Mapping[Role, str]) -> tuple[Vocabulary[Visibility], Vocabulary[Status]]:
    """Return how cells of the visibility and the status are read.

    Args:
        values: the words that were given a meaning.
        headings: role → heading of its column; none for a role that no column has.

    Raises:
        BadSettings: a word was given two meanings.
    """
    visibility: Vocabulary[Visibility] = _vocabulary(
        Role.VISIBILITY, VISIBILITY_WORDS, values, headings.get(Role.VISIBILITY)
    )
    status: Vocabulary[Status] = _vocabulary(Role.STATUS, STATUS_WORDS, values, headings.get(Role.STATUS))
    return visibility, status


def _vocabulary(
    role: Role, known: Mapping[Any, tuple[str, ...]], values: Values, heading: str | None
) -> Vocabulary[Any]:
    if heading is None:
        return Vocabulary(role, known)
    is_plain = directions.is_plain(role, heading)
    own: dict[str, Visibility | Status | None] = {}
    for words in _counting(values.get(role, {}), heading, is_plain=is_plain):
        layer: dict[str, Visibility | Status | None] = {}
        for word, value in words:
            if layer.setdefault(folded(cleaned_id(word)), value) is not value:
                raise BadSettings(say("words.two-meanings", word=Cell(repr(word)), role=role))
        own |= layer
    return Vocabulary(role, known, own, "" if is_plain else heading or "–", partial(directions.offered, role, heading))


def _counting(
    columns: Mapping[str | Scope, Words], heading: str, *, is_plain: bool
) -> Iterator[list[tuple[str, Visibility | Status | None]]]:
    """Yield the words that count for a column, with their meanings, those that count least first."""
    if is_plain:
        yield [*columns.get(Scope.PLAIN, {}).items()]
    same = (words for column, words in columns.items() if isinstance(column, str) and folded(column) == folded(heading))
    yield [pair for words in same for pair in words.items()]
    yield [*columns.get(Scope.RUN, {}).items()]


def ever(values: Values, role: Role) -> set[str]:
    """Return the words that were ever given a meaning for a role, folded, whatever the column."""
    return {folded(cleaned_id(word)) for words in values.get(role, {}).values() for word in words}


def unknown(
    problems: Iterable[Sequence[Problem]], columns: Mapping[Role, int], headings: Sequence[str], values: Values
) -> list[Question]:
    """What to ask of the words that stand in several rows, and are none of these columns' values."""
    roles = {columns[role]: role for role in (Role.VISIBILITY, Role.STATUS) if role in columns}
    counts: dict[int, Counter[str]] = {column: Counter() for column in roles}
    spelt: dict[tuple[int, str], str] = {}
    for found in problems:
        for problem in found:
            if problem.word and problem.column in counts:
                key = folded(problem.word)
                counts[problem.column][key] += 1
                spelt.setdefault((problem.column, key), problem.word)
    questions = []
    for column, role in roles.items():
        least = _OFTEN if directions.is_plain(role, headings[column]) else 1
        often = [(spelt[column, key], count) for key, count in counts[column].most_common() if count >= least]
        where = say("column.at-the-start", column=column_letter(column), heading=shown(headings[column]))
        if len(often) > MOST_WORDS:
            questions.append(_another_column(role, column, headings, where, often))
        else:
            questions += [_word(role, column, headings, where, word, count, values) for word, count in often]
    return questions


def _word(
    role: Role, column: int, headings: Sequence[str], where: Message, word: str, count: int, values: Values
) -> Question:
    likely = directions.reading(role, headings[column], word)
    choices = [
        PossibleAnswer("value", meaning(role, word, value), MEANS[value.name], is_likely=value is likely)
        for value in directions.VALUES[role]
    ]
    choices.append(PossibleAnswer("value", meaning(role, word, None), say("words.leave-out")))
    choices.append(_not_this(role, column, headings))
    offered = directions.offered(role, headings[column], word)
    ways = tuple(SettingPart("value", meaning(role, as_argument(word), value)) for value in offered)
    is_open = directions.depends_on_heading(word) and not directions.is_plain(role, headings[column])
    shown_word, rows = Cell(repr(word)), say("words.rows", n=count)
    text = say(
        "words.not-known-under-heading" if is_open else "words.not-known",
        column=where,
        word=shown_word,
        rows=rows,
        role=role,
        ways=ways,
        left_out=SettingPart("value", meaning(role, as_argument(word), None)),
        ignore=SettingPart("ignore", as_argument(choices[3].value)),
    )
    if folded(word) in map(folded, values.get(role, {}).get(Scope.PLAIN, {})):
        text = say("words.counts-elsewhere", question=text)
    asks = say("words.what-means", word=shown_word, role=role, rows=rows)
    if likely is not None:
        meant = likely.name.capitalize()
        asks = say("words.suggests", question=asks, heading=shown(headings[column]), value=meant)
    return Question(text, asks, choices, column, [role], [word], count)


def _another_column(
    role: Role, column: int, headings: Sequence[str], where: Message, often: Sequence[tuple[str, int]]
) -> Question:
    choice = _not_this(role, column, headings)
    listed = tuple(say("words.counted", word=Cell(repr(word)), n=count) for word, count in often[:MOST_WORDS])
    what = say("words.many", column=where, n=len(often), role=role, words=listed)
    likely = directions.offered(role, headings[column], often[0][0])[0]
    text = say(
        "words.many-say",
        what=what,
        role=role,
        ignore=SettingPart("ignore", as_argument(choice.value)),
        example=SettingPart("value", meaning(role, as_argument(often[0][0]), likely)),
    )
    words = [word for word, _ in often[:MOST_WORDS]]
    return Question(text, say("words.is-it", what=what, role=role), [choice], column, [role], words, len(often))


def _not_this(role: Role, column: int, headings: Sequence[str]) -> PossibleAnswer:
    return PossibleAnswer(
        "ignore", called(headings, column), say("words.not-this", column=column_letter(column), role=role)
    )
