"""Make the drop-downs of the Check screen, and take what a person chose in them.

Input: the overview of a file, the answers about it, the settings; a submitted form. Output: fields, each of whose
options is an answer (a setting and its value); the answers after the form was submitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from importer.messages import Message, Said, in_quotes, say
from importer.models import PossibleAnswer, Question, Role, Status, Visibility
from importer.page.rendering import CAPTIONS, ROLES, words
from importer.page.uploads import Answers, in_order, pairs_of, values
from importer.settings import SETTINGS, Settings
from importer.settings.kinds import with_marks
from importer.settings.reading import MEANS, Reading
from importer.settings.readings import NONE
from importer.telling.preview_messages import Described, SheetColumn, SheetWord
from importer.telling.rendering import offered

ENCODINGS = "utf-8 cp1252 cp1250 cp1251 cp1253 cp1254 iso8859-15 mac-roman utf-16 shift_jis gb18030".split()
DELIMITERS = {
    "comma": say("page.form.comma"),
    "semicolon": say("page.form.semicolon"),
    "tab": say("page.form.tab"),
    "pipe": say("page.form.bar"),
}
_SIGNS = dict(zip(",;\t|", DELIMITERS.values(), strict=True))
PART = "part "
"""Beginning of the option that a column becomes a part of the notes' text."""
TEXT = ("map", str(Role.CONTENT))
"""Subject of the answers that say which columns make the notes' text."""
_ROWS = 20
_ORDER = (Role.PROSPECT, Role.EMAIL, *(role for role in Role if role not in (Role.PROSPECT, Role.EMAIL)))
_PLEASE_CHOOSE = say("page.form.choose-one")


@dataclass(frozen=True)
class Field:
    """Drop-down of the Check screen.

    Attributes:
        id: its ID on the page, and its name in the form.
        label: its label.
        options: value and label of its options. One with a blank value leaves the setting as it is.
        chosen: value of the chosen option.
    """

    id: str
    label: Said
    options: Sequence[tuple[str, Said]]
    chosen: str = ""


@dataclass(frozen=True)
class Row:
    """Row of a table of drop-downs: a column of the sheet, or a word.

    Attributes:
        field: its drop-down.
        of: the column of the sheet, or the role of the word's column.
        heading: the column's heading, or the word.
        origin: how its value came about: found, as last time, likely, chosen; "choose" while that is open.
        asks: the question about it; empty if there is none.
        rows: number of rows with the word.
        is_unused: whether it belongs to the columns that are not imported.
    """

    field: Field
    of: SheetColumn | Role
    heading: Said
    origin: str
    asks: Said = ""
    rows: int = 0
    is_unused: bool = False


def _field(
    id: str,  # noqa: A002 - as in HTML
    label: Said,
    default_label: Said,
    options: Iterable[tuple[str, Said]],
    chosen: str = "",
) -> Field:
    pairs = {"": default_label, **dict(options)}
    if chosen not in pairs:
        pairs[chosen] = re.split("[= ]", chosen, maxsplit=1)[1]
    return Field(id, label, [*pairs.items()], chosen)


class CheckForm:
    """The form of the Check screen.

    Args:
        found: the overview of a file.
        answers: the answers that a person gave about it.
        everything: these answers, and those that are likely.
        settings: the settings with all these answers.

    Attributes:
        questions: the drop-downs of the questions that are about no single word.
        columns: the columns of the sheet.
        words: the words of visibility and status.
        about_file: the drop-downs about how the file is read.
    """

    def __init__(self, found: Described, answers: Answers, everything: Answers, settings: Settings) -> None:
        self._found, self._chosen = found, answers
        self._likely = tuple(pair for pair in everything if pair not in answers)
        self._answers = {} if found.reading is None else found.reading.answers
        on_top = [question for question in found.questions if not _is_about_words(question)]
        self.questions = questions(on_top, settings.readings)
        self.columns = [self._column(at) for at, column in enumerate(found.columns) if not column.is_ours]
        self.words = [self._word(word) for word in found.words if word.word or word.role is Role.VISIBILITY]
        if found.mapping and Role.VISIBILITY not in found.mapping:
            self.words.append(self._blank(SheetWord(Role.VISIBILITY, "", found.rows, found.default_visibility)))
        self.about_file = [*_about_file(found, answers, settings)]

    def after(self, submitted: Mapping[str, str], pressed: Sequence[str]) -> Answers:
        """Return the answers after the form was submitted.

        Only drop-downs that were changed count. A new answer replaces the one that gave its role to another column, and
        what was said of that column's words. Columns that become a part of the text change the template.
        """
        of_rows = (row.field for row in (*self.columns, *self.words))
        fields = (*self.questions, *of_rows, *self.about_file)
        both = [(field.chosen, submitted.get(field.id, field.chosen)) for field in fields]
        kept = {after for before, after in both if before == after}
        undone = {before for before, after in both if before != after} - kept
        changed = [*(after for before, after in both if before != after), *pressed]
        new = pairs_of(value for value in changed if not value.startswith(PART))
        subjects = {subject(pair) for pair in new}
        pairs = [pair for pair in self._chosen if " ".join(pair) not in undone and subject(pair) not in subjects]
        moved = {role_of(pair) for pair in (*new, *pairs_of(undone))}
        moved |= {column.role for column in self._found.columns if ("ignore", column.name) in new}
        if any(name == "ignore" for name, _ in pairs_of(undone)):  # the column may get either role
            moved |= {Role.VISIBILITY, Role.STATUS}
        pairs = [pair for pair in pairs if _whose_words(pair) not in moved - {None}]
        texts = [value.partition("=")[2] for name, value in new if subject((name, value)) == TEXT]
        parts = [value.removeprefix(PART) for _, value in both if value.startswith(PART)]
        text = texts[-1] if texts else self.text
        if text and "{" not in "".join(texts) and (composed := with_parts(text, parts)) != text:
            new = [*(pair for pair in new if subject(pair) != TEXT), ("map", f"{Role.CONTENT}={composed}")]
            pairs = [pair for pair in pairs if subject(pair) != TEXT]
        return in_order([*pairs, *new])

    @property
    def text(self) -> str:
        """Column of the notes' text, or the template that composes it; empty if it is unknown."""
        found, at = self._found, self._found.roles.get(Role.CONTENT)
        return found.template or ("" if at is None or at >= len(found.columns) else found.columns[at].name)

    # -- columns ------------------------------------------------------------------------------------------------------

    def _column(self, at: int) -> Row:
        column = self._found.columns[at]
        said = [pair for pair in self._chosen if column.name in columns_named(pair)]
        ignored = ("ignore", column.name)
        is_used, chosen = column.role is not None or column.is_part, ""
        options: list[tuple[str, Said]] = []
        for role in _ORDER:
            is_chosen = role is column.role
            explicit = next((choice for choice in said if role_of(choice) is role), None)
            value = "" if is_chosen and explicit is None else " ".join(explicit or ("map", f"{role}={column.name}"))
            options.append((value, ROLES[role]))
            chosen = value if is_chosen else chosen
        if column.is_part or (self.text and column.role is not Role.CONTENT and not {*"{}[]"} & {*column.name}):
            options.append((f"{PART}{column.name}", say("page.form.part")))
            chosen = options[-1][0] if column.is_part else chosen
        value = "" if not is_used and ignored not in said else " ".join(ignored)
        options.append((value, say("page.form.not-imported")))
        chosen = chosen if is_used else value
        field = Field(f"column-{at}", say("page.form.column", name=_called(column)), options, chosen)
        return Row(field, column, column.heading, self._origin(column, said), is_unused=not is_used)

    def _origin(self, column: SheetColumn, said: Sequence[tuple[str, str]]) -> str:
        if any(column.name in columns_named(pair) for pair in self._likely):
            return "likely"
        if said or (column.is_part and any(role_of(pair) is Role.CONTENT for pair in self._chosen)):
            return "chosen"
        role, mapping = Role.CONTENT if column.is_part else column.role, self._answers.get("map", {})
        if role in mapping or (role is None and column.name in self._answers.get("ignore", ())):
            return "last-time"
        return "" if role is None else "found"

    # -- words --------------------------------------------------------------------------------------------------------

    def _word(self, word: SheetWord) -> Row:
        if not word.word:
            return self._blank(word)
        heading, start = in_quotes(word.word), f"{word.role}:{with_marks(word.word)}="
        label, key = say("page.form.meaning", word=heading), f"-{word.role}-{crc32(word.word.casefold().encode())}"
        for question in self._found.questions:
            if _is_about_words(question) and question.roles[0] is word.role and word.word in question.samples:
                answers = [(f"{choice.setting} {choice.value}", choice.means) for choice in offered(question)]
                field = _field(f"value{key}", label, _PLEASE_CHOOSE, answers)
                return Row(field, word.role, heading, "choose", question.asks, word.rows)
        kinds: Iterable[Visibility | Status] = Status if word.role is Role.STATUS else Visibility
        options = [(f"{start}{kind.name.capitalize()}", MEANS[kind.name]) for kind in kinds]
        options.append((start, say("page.skip-rows")))
        chosen = [value for value in values(self._chosen, "value") if value.lower().startswith(start.lower())][-1:]
        spelled = {value.lower(): value for value in chosen}
        options = [(spelled.get(value.lower(), value), text) for value, text in options]
        field = _meaning(word, "value", options, chosen, label, f"value{key}")
        return Row(field, word.role, heading, "chosen" if chosen else self._origin_of(word), rows=word.rows)

    def _blank(self, word: SheetWord) -> Row:
        options = [(kind.name.lower(), MEANS[kind.name]) for kind in Visibility]
        name, chosen = "default-visibility", values(self._chosen, "default-visibility")
        field = _meaning(word, name, options, chosen, SETTINGS[name].label, name)
        return Row(field, word.role, field.label, "chosen" if chosen else self._origin_of(word), rows=word.rows)

    def _origin_of(self, word: SheetWord) -> str:
        if not word.is_known:
            return ""
        answers = self._answers.get("value", {})
        known = [text.casefold() for (role, _), words_of in answers.items() if role is word.role for text in words_of]
        return "last-time" if word.word.casefold() in known else "word"


def _meaning(
    word: SheetWord,
    name: str,
    options: Iterable[tuple[str, Said]],
    chosen: Sequence[str],
    label: Said,
    id: str,  # noqa: A002 - as in HTML
) -> Field:
    """Return the drop-down of a word whose meaning is known or chosen, or which is a problem."""
    found = say("page.form.as-found") if chosen else _means(word)
    others = _answers(name, (option for option in options if option[1] != found))
    return _field(id, label, found, others, next((f"{name} {value}" for value in chosen), ""))


def _means(word: SheetWord) -> Message:
    if word.meaning is not None:
        return MEANS[word.meaning.name]
    return say("page.skip-rows") if word.is_known else say("page.form.problem")


def _whose_words(pair: tuple[str, str]) -> Role | None:
    """Return the role whose column has the words, or blanks, of which an answer says what they mean, if it does."""
    if pair[0] == "value":
        return Role(pair[1].partition(":")[0])
    return Role.VISIBILITY if pair[0] == "default-visibility" else None


def _is_about_words(question: Question) -> bool:
    return any(choice.setting == "value" for choice in question.choices)


def likely(found: Described, answers: Answers) -> Answers:
    """Return the answers with what is likely, if one column is. Visibility and status are always asked about."""
    pairs, used = list(answers), {name for pair in answers for name in columns_named(pair)}
    if found.to_fix and not values(answers, "sheet"):
        return in_order([*pairs, ("sheet", found.to_fix)])
    for question in found.questions:
        if not {Role.VISIBILITY, Role.STATUS}.isdisjoint(question.roles):
            continue
        columns = [
            (choice.setting, choice.value)
            for choice in question.choices
            if choice.is_likely and choice.samples and choice.setting == "map"
        ]
        if len(columns) == 1 and used.isdisjoint(columns_named(columns[0])):
            pairs += columns
            used.update(columns_named(columns[0]))
    return in_order(pairs)


def _about_file(found: Described, answers: Answers, settings: Settings) -> Iterator[Field]:
    """Yield the drop-downs about how the file is read: kind, sheet, header row, encoding, delimiter."""

    def field(name: str, default_label: Said, options: Iterable[tuple[str, Said]]) -> Field:
        chosen = next((f"{name} {value}" for value in values(answers, name)), "")
        return _field(name, SETTINGS[name].label, default_label, _answers(name, options), chosen)

    is_asked = any("export" in (choice.setting for choice in question.choices) for question in found.questions)
    if settings.readings and not is_asked:
        kinds: list[tuple[str, Said]] = [(reading.name, reading.name) for reading in settings.readings]
        kinds.append((NONE, say("readings.another-kind")))
        detected = _found(found.reading.name) if found.reading is not None else say("page.form.no-export")
        yield field("export", detected, kinds)
    if len(found.sheets) > 1 or values(answers, "sheet"):
        yield field("sheet", _found(str(found.sheet)), [(name, name) for name in found.sheets])
    rows = [(str(number), _row(number)) for number in range(1, _ROWS + 1)]
    yield field("header-row", _found(_row(found.header_row)), rows)
    if found.encoding is not None:
        yield field("encoding", _found(found.encoding), [(name, name) for name in ENCODINGS])
    if found.delimiter is not None:
        yield field("delimiter", _found(_SIGNS.get(found.delimiter, found.delimiter)), DELIMITERS.items())
    for name in ("several-in-cell", "dates"):
        yield field(name, "–", CAPTIONS[name].items())
    for name, value in answers:
        if name in ("in-doubt", "update"):  # a button was pressed
            captions, about = CAPTIONS[name], subject((name, value))
            options = _answers(name, ((one, captions[one]) for one in captions if subject((name, one)) == about))
            yield _field("-".join(filter(None, about)), SETTINGS[name].label, "–", options, f"{name} {value}")


def _answers(name: str, options: Iterable[tuple[str, Said]]) -> list[tuple[str, Said]]:
    return [(f"{name} {value}", label) for value, label in options]


def _row(number: int) -> Message:
    return say("page.form.row", number=str(number))


def _found(value: Said) -> Message:
    return say("page.form.found", value=value)


def questions(found: Sequence[Question], readings: Sequence[Reading] = ()) -> list[Field]:
    """Return the drop-downs of questions with choices, those of other kinds of sheets (``readings``) first."""
    fields = []
    for number, question in enumerate(found):
        if question.choices:
            options = [(f"{choice.setting} {choice.value}", _choice(choice)) for choice in offered(question, readings)]
            fields.append(_field(f"answer-{number}", question.asks, _PLEASE_CHOOSE, options))
    return fields


def _called(column: SheetColumn) -> Said:
    if column.heading.strip():
        return f"{column.letter}: {column.heading}"
    return say("page.form.no-heading", letter=column.letter)


def _choice(choice: PossibleAnswer) -> str:
    samples = f": {'; '.join(choice.samples)}" if choice.samples else ""
    return f"{words(choice.means)}{samples}"[:160]


def subject(pair: tuple[str, str]) -> tuple[str, str]:
    """Return what an answer is about. Only one answer about it counts."""
    role, (name, value) = role_of(pair), pair
    if role is not None:
        return "map", str(role)
    return pair if name in ("value", "ignore", "map") else (name, value.partition("-")[2] if name == "in-doubt" else "")


def role_of(pair: tuple[str, str]) -> Role | None:
    """Return the role that a choice gives to its columns; None if it gives none."""
    role = pair[1].partition("=")[0]
    return Role(role) if pair[0] == "map" and role in set(Role) else None


def columns_named(pair: tuple[str, str]) -> list[str]:
    """Return the columns that a choice gives a role, or that it ignores; of a template, its last one, the text's."""
    name, value = pair
    if name != "map":
        return [value] if name == "ignore" else []
    column = value.partition("=")[2]
    if fields := _fields(column):
        return fields[-1:]
    return [column, *(part.strip() for part in column.split(",") if "," in column)]


def with_parts(text: str, parts: Sequence[str]) -> str:
    """Return the template that puts these columns before the text, or the text's column alone if there are none.

    Args:
        text: the column of the text, or the template so far, which stays as it is if it has just these columns.
        parts: the columns before the text.
    """
    *before, column = _fields(text) or [text]
    if {*before} == {*parts}:
        return text
    fields = [f"[{{{name}}}{', ' if name != parts[-1] else ': '}]" for name in parts]
    return f"{''.join(fields)}{{{column}}}" if fields else column


def _fields(template: str) -> list[str]:
    """Return the columns of a template (see :mod:`importer.rows.composing`); none if the name is a heading."""
    return [name.strip() for name in re.findall(r"\{\{|\}\}|\{([^{}]*)\}", template) if name.strip()]
