"""Read the words of visibility and status, of which some depend on their column's heading, and ask about unknown words.

Input: a column's heading, its words, and the setting ``value``. Output: values, and questions. Only exact words count.
Similar words, and the likely meaning of a yes or a no under a heading, are only suggested.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from importer.errors import BadSettings
from importer.fields import ABOUT_VISIBILITY, BESIDE, NEGATION, NO, WORDED, YES
from importer.messages import Cell, in_quotes, say
from importer.models import PossibleAnswer, Problem, Question, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows.columns import called, shown
from importer.rows.suggestions import SPELLED, role_of, suggests
from importer.rows.values import Value, Wrong, cleaned_id, folded, is_footer, meaning, quoted
from importer.settings import Settings
from importer.settings.kinds import Values, with_marks
from importer.settings.reading import MEANS, folded_heading

LEAST: Mapping[Role, Value] = {Role.VISIBILITY: Visibility.PRIVATE, Role.STATUS: Status.DRAFT}
"""Role → its value for the least visible note."""
MOST_WORDS = 6
"""Maximum number of words with a question each; a column with more probably has another role: one is asked about."""
_OFTEN = 2  # rows; under a plain heading a word in a single row may be a typing error, and is a problem of its cell
_LIKE = 0.8  # a less similar text is probably the user's own word, not a typing error
_LONGEST_NEAR = 40  # characters of a text for which a similar word is sought; the longest known word has 16

_PLAIN = {role: frozenset(map(folded_heading, field.headings)) for role, field in WORDED.items()}

_USUAL = frozenset().union(*SPELLED.values())
_PRIVATE = re.compile(f"(?:is)?(?:{WORDED[Role.VISIBILITY].in_headings[Visibility.PRIVATE][0]})")
PHRASES = {folded(word) for word in WORDED[Role.VISIBILITY].words[Visibility.PRIVATE] if " " in word}
"""Usual words for private that mean it wherever they stand alone: *Only me*."""


def is_plain(role: Role, heading: str) -> bool:
    """Return whether a heading plainly asks for the role's value, so that the API's codes count under it."""
    return folded_heading(heading) in _PLAIN[role]


def depends_on_heading(word: str) -> bool:
    """Return whether a word has a meaning only together with its heading: a yes, a no, or a code."""
    return _bare_word(word) in YES | NO or _bare_word(word).isdecimal()


def speaks(role: Role, heading: str, *, weakly: bool = True) -> bool:
    """Return whether a heading is about the role: visibility, or publication status.

    ``weakly`` is whether words count that mean it only among words of their kind: *Owner*, *Team only*.
    """
    words = _words(heading)
    is_about = role is Role.VISIBILITY and any(map(ABOUT_VISIBILITY.fullmatch, words))
    if is_about or role_of(heading) is role or any(_named(role, _bare(word))[1] for word in words):
        return True
    weak = {word for word in words if weakly and _named(role, word)[0] is not None}
    return bool(weak) and all(word in weak or NEGATION.fullmatch(word) or BESIDE.fullmatch(word) for word in words)


def is_about(role: Role, heading: str) -> bool:
    """Return whether a heading is so clearly about the role that words under it are asked about even if unknown."""
    return speaks(role, heading, weakly=False) or suggests(role, heading)


@lru_cache(maxsize=1000)
def says_only(role: Role, text: str) -> bool:
    """Return whether a text is about the role and nothing else: *confidential*, *Private note*."""
    found = [] if re.search(r"\d", text) else _words(text)
    strong = [word for word in found if _named(role, word)[1]]
    return bool(strong) and all(word in strong or BESIDE.fullmatch(word) for word in found)


def says_private(text: str) -> bool:
    """Return whether any word of a text means private."""
    return any(map(_PRIVATE.fullmatch, _words(text)))


def is_word(text: str) -> bool:
    """Return whether a text is a usual word or a code of visibility or status, or a yes or a no."""
    return folded(text) in _USUAL or depends_on_heading(text)


def is_of(role: Role, text: str) -> bool:
    """Return whether a text is a usual word of the role, and no code."""
    return folded(text) in SPELLED[role] and not depends_on_heading(text)


@lru_cache(maxsize=1000)  # there are few words, in many rows
def is_misspelled(text: str) -> bool:
    """Return whether a text is like a usual word of visibility or status, so that it is probably a typing error."""
    return bool(_nearest(text, _USUAL))


def _nearest(text: str, known: Collection[str]) -> str:
    """Return the known word that a text is most like; empty if there is none, or if the text is long."""
    near = difflib.get_close_matches(folded(text), known, n=1, cutoff=_LIKE) if len(text) <= _LONGEST_NEAR else []
    return near[0] if near else ""


def is_strong(role: Role, word: str) -> bool:
    """Return whether a word of the role means it in any context, unlike *Live*. *Only me* and own words do."""
    return " " in word or folded(word) not in _USUAL or any(_named(role, part)[1] for part in _words(word))


def reading(role: Role, heading: str, word: str) -> Value | None:
    """Return the likely value of a yes, a no or a blank, which is a no; None if the heading names no single value."""
    direction = _direction(role, heading)
    if direction is None or _bare_word(word) not in YES | NO | {""}:
        return None
    return next(value for value in WORDED[role].words if (value is direction) == (_bare_word(word) in YES))


def _bare_word(word: str) -> str:
    """Return a yes, a no or a code in comparable form: ``1.0`` becomes ``1``, ``✔️`` loses its variation selector."""
    text = folded(word).replace("\ufe0f", "").removesuffix(".")
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _direction(role: Role, heading: str) -> Value | None:
    """Return the one value that a heading names; None if it names both or none, or holds a negation."""
    words = _words(heading)
    if re.search("[!≠¬]", heading) or any(_negates(word) for word in words):
        return None
    values = {_named(role, word)[0] for word in words} - {None}
    return values.pop() if len(values) == 1 else None


def _words(heading: str) -> list[str]:
    """Return the words of a heading without case and accents; ``IsPrivate`` has two words."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", heading))
    return re.findall(r"[^\W\d_]+", without_accents(spaced.replace("'", "").replace("’", "").casefold()))


def without_accents(text: str) -> str:
    """Return a text without accents."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


@lru_cache(maxsize=1000)
def _named(role: Role, word: str) -> tuple[Value | None, bool]:
    """Return the value that a word of a heading names, and whether it does so beside any other words."""
    for is_strong in (True, False):
        for value, (strong, weak) in WORDED[role].in_headings.items():
            if re.fullmatch(f"(?:is)?(?:{strong})" if is_strong else weak, word):
                return value, is_strong
    return None, False


def _negates(word: str) -> bool:
    """Return whether a word is a negation or begins with one (``unshared``); words for drafts are not negations."""
    bare = _bare(word)
    is_turned = bare != word and any(_named(role, bare)[1] for role in WORDED)
    return _named(Role.STATUS, word) != (Status.DRAFT, True) and (bool(NEGATION.fullmatch(word)) or is_turned)


def _bare(word: str) -> str:
    return re.sub("^(?:un|non|not|nicht)", "", word)


def vocabulary(role: Role, heading: str, values: Values) -> Callable[[str], Value | Wrong]:
    """Return a function that reads a word in one column of visibility or status, the user's own words first.

    Only exact words count, and codes only under a plain heading; similar words are suggested. Raises BadSettings if a
    word has two meanings.
    """
    has_codes, own = is_plain(role, heading), _own_words(role, heading, values)
    known = {
        folded(word): value
        for value, usual_words in WORDED[role].words.items()
        for word in usual_words
        if has_codes or not word.isdecimal()
    }

    def read(text: str) -> Value | Wrong:
        word, shown_text = folded(text), Cell(quoted(text))
        if word in own:
            left_out = Wrong(say("skipped.left-out", value=shown_text, role=role), is_left_out=True)
            return left_out if (own_value := own[word]) is None else own_value
        if word in known:
            return known[word]
        near = SPELLED[role].get(_nearest(text, known), "")
        use = say(f"use.{role}") if has_codes else say(f"use.{role}.by-name")
        reason = say("value.unknown", value=shown_text, role=role, use=use)
        if near:
            reason = say("value.near", value=shown_text, role=role, near=near, use=use)
        is_no_word = has_codes and (len(text) > _LONGEST_NEAR or not any(sign.isalpha() for sign in text))
        return Wrong(reason, "" if near or is_no_word else text, near=near)

    return read


def _own_words(role: Role, heading: str, values: Values) -> dict[str, Value | None]:
    """Return the user's own words for a column, folded; those that name no column count more."""
    own: dict[str, Value | None] = {}
    of_role = {column: words for (of, column), words in values.items() if of is role}
    under_it = [words for column, words in of_role.items() if column and folded(column) == folded(heading)]
    for several in (under_it, [of_role.get(None, {})]):
        layer: dict[str, Value | None] = {}
        for word, value in (pair for words in several for pair in words.items()):
            if layer.setdefault(folded(cleaned_id(word)), value) is not value:
                raise BadSettings(say("words.two-meanings", word=Cell(in_quotes(word)), role=role))
        own |= layer
    return own


def in_further(values: Values, *, is_listed: bool = True) -> Values:
    """Return the meanings that count in a further column: those that name no column only if they say less.

    ``is_listed``: whether the user says that the column counts. Otherwise only a heading says what a yes or a no means.
    """
    return {
        (role, column): {
            word: value
            for word, value in own.items()
            if column or (value in (None, LEAST[role]) and (is_listed or not depends_on_heading(word)))
        }
        for (role, column), own in values.items()
    }


def ever(values: Values, role: Role) -> set[str]:
    """Return all words, folded, that have a meaning for a role in any column."""
    return {folded(cleaned_id(word)) for (of, _), words in values.items() if of is role for word in words}


def unknown(
    problems: Iterable[Sequence[Problem]],
    columns: Mapping[Role, int],
    headings: Sequence[str],
    settings: Settings,
    known: Mapping[Role, Iterable[str]],
) -> list[Question]:
    """Return questions about unknown words; ``known`` are the words of each column that have a meaning.

    Under a plain heading, a word in a single row is a problem of its cell. It is asked about only if no word of the
    column is known and no setting names the column, because such a column may not have the role at all.
    """
    values = settings.values
    found = Counter((problem.column, problem.word) for of_row in problems for problem in of_row if problem.word)
    questions = []
    for role, of_column in known.items():
        answered = ever(values, role) if "value" in settings.origin.said else set()  # one says nothing of others
        is_said = any(folded(word) not in {"", *answered} for word in of_column)
        is_sure = is_said or any(settings.mapping.get(role, ()))
        minimum = _OFTEN if is_sure and is_plain(role, headings[columns[role]]) else 1
        rows = counted({word: n for (column, word), n in found.items() if column == columns[role]})
        frequent = [(word, n) for word, n in rows.most_common() if n >= minimum]
        asked_now = frequent if len(frequent) <= MOST_WORDS else frequent[:1]
        questions += [_word(role, headings, columns[role], word, count) for word, count in asked_now]
    return questions


def counted(texts: Mapping[str, int]) -> Counter[str]:
    """Return the words of a column and their rows, without blank cells and footers; the first spelling counts."""
    spellings: dict[str, str] = {}
    rows = Counter[str]()
    for text, n in texts.items():
        if (word := cleaned_id(text)) and not is_footer(text):
            rows[spellings.setdefault(folded(word), word)] += n
    return rows


def _word(role: Role, headings: Sequence[str], position: int, word: str, count: int) -> Question:
    """Return the question what a word means."""
    heading, likely = headings[position], reading(role, headings[position], word)
    choices = [
        PossibleAnswer("value", meaning(role, with_marks(word), value), MEANS[value.name], is_likely=value is likely)
        for value in WORDED[role].words
    ]
    choices.append(PossibleAnswer("value", meaning(role, with_marks(word), None), say("words.leave-out")))
    means = say("words.not-this", column=column_letter(position), role=role)
    choices.append(PossibleAnswer("ignore", called(headings, position), means))
    asks = say("words.what-means", word=Cell(in_quotes(word)), role=role, rows=say("count.row", n=count))
    if likely is not None:
        asks = say("words.suggests", question=asks, heading=shown(heading), value=likely.name.capitalize())
    return Question(asks, choices, position, [role], [word], count)
