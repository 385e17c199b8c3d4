"""Words of their own in the cells of the visibility and the status: what a person said they mean, and what is to ask.

Comes in: the setting ``value``, and the problems of a sheet. Goes out: the vocabularies by which cells are read, and a
question for each word that stands in several rows and that nobody knows; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from importer.errors import BadSettings, as_argument, by_name
from importer.models import Answer, Problem, Question, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows.columns import called, shown
from importer.rows.values import STATUS_WORDS, VISIBILITY_WORDS, Vocabulary, cleaned_id, folded, meaning
from importer.settings.kinds import MEANS

MOST_WORDS = 6
"""So many words are asked about one by one; a column with more is rather none of this role."""
_OFTEN = 2  # a word that stands in a single row may be a slip, and is a problem of its cell

Values = Mapping[Role, Mapping[str, Visibility | Status | None]]


def vocabularies(values: Values) -> tuple[Vocabulary[Visibility], Vocabulary[Status]]:
    """How cells of the visibility and the status are read.

    Raises:
        BadSettings: a word was given two meanings.
    """
    visibility: dict[str, Visibility | None] = {}
    status: dict[str, Status | None] = {}
    for role, words in values.items():
        for word, value in words.items():
            own: dict[str, Visibility | None] | dict[str, Status | None]
            own = visibility if role is Role.VISIBILITY else status
            key = folded(cleaned_id(word))
            if own.setdefault(key, value) is not value:  # type: ignore[arg-type]
                raise BadSettings(
                    f"{word!r} was given two meanings as the {role}. Keep one of them: {by_name('value')}."
                )
    return (
        Vocabulary(Role.VISIBILITY, VISIBILITY_WORDS, "Public (or 1) and Private (or 2)", visibility),
        Vocabulary(Role.STATUS, STATUS_WORDS, "Published (or 1), Draft (or 0), and blank for published", status),
    )


def unknown(
    problems: Iterable[Sequence[Problem]], columns: Mapping[Role, int], headings: Sequence[str]
) -> list[Question]:
    """What to ask of the words that stand in several rows, and are none of these columns' values."""
    roles = {columns[role]: role for role in _ALLOWED if role in columns}
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
        often = [(spelt[column, key], count) for key, count in counts[column].most_common() if count >= _OFTEN]
        where = f"Column {column_letter(column)}, {shown(headings[column])},"
        if len(often) > MOST_WORDS:
            questions.append(_another_column(role, column, headings, where, often))
        else:
            questions += [_word(role, column, headings, where, word, count) for word, count in often]
    return questions


_ALLOWED: Mapping[Role, Sequence[Visibility | Status]] = {
    Role.VISIBILITY: tuple(Visibility),
    Role.STATUS: (Status.PUBLISHED, Status.DRAFT),
}


def _word(role: Role, column: int, headings: Sequence[str], where: str, word: str, count: int) -> Question:
    choices = [Answer("value", meaning(role, word, value), MEANS[value.name]) for value in _ALLOWED[role]]
    choices.append(Answer("value", meaning(role, word, None), "none of these: leave its rows out"))
    choices.append(_not_this(role, column, headings))
    ways = [by_name("value", meaning(role, as_argument(word), value)) for value in (*_ALLOWED[role], None)]
    text = (
        f"{where} holds {word!r} in {count:,} rows, which is no {role} that is known. Say what it means: {ways[0]} or"
        f" {ways[1]}. To leave these rows out: {ways[2]}. If the column isn't the {role}:"
        f" {by_name('ignore', as_argument(choices[3].value))}"
    )
    asks = f"What does {word!r} mean as the {role}? ({count:,} rows)"
    return Question(text, asks, choices, column, [role], [word], count)


def _another_column(
    role: Role, column: int, headings: Sequence[str], where: str, often: Sequence[tuple[str, int]]
) -> Question:
    choice = _not_this(role, column, headings)
    listed = ", ".join(f"{word!r} ({count:,})" for word, count in often[:MOST_WORDS])
    what = f"{where} holds {len(often):,} words that are no {role} that is known: {listed} and more."
    example = by_name("value", meaning(role, as_argument(often[0][0]), _ALLOWED[role][-1]))
    aside = by_name("ignore", as_argument(choice.value))
    text = f"{what} If it isn't the {role}: {aside}. If it is, say what each means: {example}"
    words = [word for word, _ in often[:MOST_WORDS]]
    return Question(text, f"{what} Is it the {role} at all?", [choice], column, [role], words, len(often))


def _not_this(role: Role, column: int, headings: Sequence[str]) -> Answer:
    means = f"column {column_letter(column)} isn't the {role}; it has nothing to do with it"
    return Answer("ignore", called(headings, column), means)
