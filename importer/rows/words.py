"""Apply the user's own words for visibility and status, and ask about unknown words.

Input: the setting ``value``, and a sheet's problems. Output: vocabularies, and questions; meanings are never guessed.
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
"""Maximum number of words with a question each; a column with more unknown words probably has another role."""
_OFTEN = 2  # rows; under a plain heading a word in a single row may be a typing error, and is a problem of its cell


def vocabularies(values: Values, headings: Mapping[Role, str]) -> tuple[Vocabulary[Visibility], Vocabulary[Status]]:
    """Return the vocabularies of visibility and status.

    Args:
        values: the user's words with their meanings.
        headings: role → heading of its column; roles without a column are missing.

    Raises:
        BadSettings: a word has two meanings.
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
    """Yield the words that count for a column with their meanings, lowest precedence first."""
    if is_plain:
        yield [*columns.get(Scope.PLAIN, {}).items()]
    for_heading = (
        words for column, words in columns.items() if isinstance(column, str) and folded(column) == folded(heading)
    )
    yield [pair for words in for_heading for pair in words.items()]
    yield [*columns.get(Scope.RUN, {}).items()]


def ever(values: Values, role: Role) -> set[str]:
    """Return all words, folded, that have a meaning for a role in any column."""
    return {folded(cleaned_id(word)) for words in values.get(role, {}).values() for word in words}


def unknown(
    problems: Iterable[Sequence[Problem]], columns: Mapping[Role, int], headings: Sequence[str], values: Values
) -> list[Question]:
    """Return questions about unknown words, under a plain heading only about those that are in several rows."""
    roles = {columns[role]: role for role in (Role.VISIBILITY, Role.STATUS) if role in columns}
    counts: dict[int, Counter[str]] = {column: Counter() for column in roles}
    spellings: dict[tuple[int, str], str] = {}
    for row_problems in problems:
        for problem in row_problems:
            if problem.word and problem.column in counts:
                key = folded(problem.word)
                counts[problem.column][key] += 1
                spellings.setdefault((problem.column, key), problem.word)
    questions = []
    for column, role in roles.items():
        minimum = _OFTEN if directions.is_plain(role, headings[column]) else 1
        frequent = [(spellings[column, key], count) for key, count in counts[column].most_common() if count >= minimum]
        column_label = say("column.at-the-start", column=column_letter(column), heading=shown(headings[column]))
        if len(frequent) > MOST_WORDS:
            questions.append(_another_column(role, column, headings, column_label, frequent))
        else:
            questions += [_word(role, column, headings, column_label, word, count, values) for word, count in frequent]
    return questions


def _word(
    role: Role, column: int, headings: Sequence[str], column_label: Message, word: str, count: int, values: Values
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
        column=column_label,
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
    role: Role, column: int, headings: Sequence[str], column_label: Message, counts: Sequence[tuple[str, int]]
) -> Question:
    choice = _not_this(role, column, headings)
    listed = tuple(say("words.counted", word=Cell(repr(word)), n=count) for word, count in counts[:MOST_WORDS])
    summary = say("words.many", column=column_label, n=len(counts), role=role, words=listed)
    likely = directions.offered(role, headings[column], counts[0][0])[0]
    text = say(
        "words.many-say",
        what=summary,
        role=role,
        ignore=SettingPart("ignore", as_argument(choice.value)),
        example=SettingPart("value", meaning(role, as_argument(counts[0][0]), likely)),
    )
    words = [word for word, _ in counts[:MOST_WORDS]]
    return Question(text, say("words.is-it", what=summary, role=role), [choice], column, [role], words, len(counts))


def _not_this(role: Role, column: int, headings: Sequence[str]) -> PossibleAnswer:
    return PossibleAnswer(
        "ignore", called(headings, column), say("words.not-this", column=column_letter(column), role=role)
    )
