"""Make the drop-downs of the Check screen. Each shows the value that was detected, and its error beside it.

Input: the overview of a file, the choices for it, the settings. Output: fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from importer.commands.answering import offered
from importer.commands.overview import ColumnOverview, Overview
from importer.messages import Message, Said, as_message, in_quotes, say
from importer.models import PossibleAnswer, Question, Role, Status, Visibility
from importer.page.choices import Choices
from importer.page.rendering import ROLES, words
from importer.settings import SETTINGS, Settings
from importer.settings.kinds import DateOrder, SeveralInCell
from importer.settings.meanings import MEANS
from importer.settings.remembering import NONE

ENCODINGS = "utf-8 cp1252 cp1250 cp1251 cp1253 cp1254 iso8859-15 mac-roman utf-16 shift_jis gb18030".split()
DELIMITERS = {
    "comma": say("page.form.comma"),
    "semicolon": say("page.form.semicolon"),
    "tab": say("page.form.tab"),
    "pipe": say("page.form.bar"),
}
_SIGNS = dict(zip(",;\t|", DELIMITERS.values(), strict=True))
_ROWS = 20
_ORDER = (Role.PROSPECT, Role.EMAIL, *(role for role in Role if role not in (Role.PROSPECT, Role.EMAIL, Role.KEY)))
_REQUIRED = (Role.PROSPECT, Role.CONTENT, Role.VISIBILITY)
_A_PROBLEM, _NO_COLUMN = say("page.form.problem"), say("page.no-column")
_OF_MERGED = {"remark.merged", "remark.merged-filled"}


@dataclass(frozen=True)
class DropDownOption:
    """Option of a drop-down."""

    value: str
    label: Said
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """Drop-down of the Check screen.

    Attributes:
        id: its ID on the page.
        name: its name in the address.
        label: its label.
        options: its options. The first leaves the setting blank.
        trouble: the question to decide here; empty if there is none.
        hint: advice shown beside the drop-down.
    """

    id: str
    name: str
    label: Said
    options: Sequence[DropDownOption]
    trouble: Said
    hint: Said


def _field(
    name: str,
    default_label: Said,
    options: Iterable[tuple[str, Said]],
    chosen: Iterable[str],
    *,
    label: Said = "",
    key: str = "",
    trouble: Said = "",
    hint: Said = "",
) -> Field:
    chosen, pairs = set(chosen), list(dict.fromkeys(options))
    pairs += [(value, value.partition("=")[2] or value) for value in chosen - {value for value, _ in pairs}]
    drop_down_options = [DropDownOption(value, text, value in chosen) for value, text in pairs]
    first = DropDownOption("", default_label, not any(option.is_chosen for option in drop_down_options))
    return Field(f"{name}{key}", name, label or SETTINGS[name].label, [first, *drop_down_options], trouble, hint)


def about_file(found: Overview, choices: Choices, settings: Settings) -> Iterator[Field]:
    """Yield the drop-downs about how the file is read: kind, sheet, header row, encoding, delimiter, merged cells."""

    def field(name: str, default_label: Said, options: Iterable[tuple[str, Said]]) -> Field:
        return _field(name, _found(default_label), options, choices.values(name))

    is_asked = any("export" in (choice.setting for choice in question.choices) for question in found.questions)
    if settings.exports and not is_asked:
        kinds: list[tuple[str, Said]] = [(export.name, export.name) for export in settings.exports]
        kinds.append((NONE, say("exports.another-kind")))
        detected = _found(found.export) if found.export else say("page.form.no-export")
        yield _field("export", detected, kinds, choices.values("export"))
    if len(found.sheets) > 1 or choices.values("sheet"):
        yield field("sheet", str(found.sheet), [(name, name) for name in found.sheets])
    rows = [(str(number), _row(number)) for number in range(1, _ROWS + 1)]
    yield field("header-row", _row(found.header_row), rows)
    if found.encoding is not None:
        yield field("encoding", found.encoding, [(name, name) for name in ENCODINGS])
    if found.delimiter is not None:
        yield field("delimiter", _SIGNS.get(found.delimiter, found.delimiter), DELIMITERS.items())
    if (is_chosen := choices.values("fill-merged")) or _tells_of_merged(found):
        yes = ("true", say("page.form.every-row"))
        yield _field("fill-merged", say("page.form.first-row"), [yes], is_chosen)
    if several := choices.values("several-in-cell"):
        answers = [(how.value, say(f"people.who.{how.value}")) for how in SeveralInCell]
        yield _field("several-in-cell", "–", answers, several)
    if chosen := choices.values("dates"):
        yield _field("dates", "–", [(order.value, say(f"dates.order.{order.value}")) for order in DateOrder], chosen)


def _row(number: int) -> Message:
    return say("page.form.row", number=str(number))


def _found(value: Said) -> Message:
    return say("page.form.found", value=value)


def _tells_of_merged(overview: Overview) -> bool:
    return any(not _OF_MERGED.isdisjoint(as_message(remark).kinds()) for remark in overview.remarks)


def roles(found: Overview, choices: Choices, settings: Settings) -> Iterator[Field]:
    """Yield the drop-downs that assign a column to each role, and the one for a blank visibility."""
    for role in _ORDER:
        chosen = [value for value in choices.values("map") if value.startswith(f"{role}=")]
        options: list[tuple[str, Said]] = [(f"{role}={column.name}", _called(column)) for column in found.columns]
        if role not in (Role.PROSPECT, Role.CONTENT):
            options.append((f"{role}=", _NO_COLUMN))
        role_questions = [question for question in found.questions if _is_about(question, role)]
        default_label = _unsaid(found, role, asked=bool(role_questions))
        trouble = " ".join(words(question.asks) for question in role_questions)
        likely = [_means(choice) for question in role_questions for choice in question.choices if choice.is_likely]
        hint = say("page.form.likely", choice=likely[0]) if likely else ""
        label = ROLES[role]
        yield _field("map", default_label, options, chosen, label=label, key=f"-{role}", trouble=trouble, hint=hint)
        if role is Role.VISIBILITY:
            yield _blank_visibility(choices, settings)
    headings = [(column.name, _called(column)) for column in found.columns]
    hint = say("page.form.about-key")
    key_column = settings.key_column or _NO_COLUMN
    yield _field("key-column", key_column, headings, choices.values("key-column"), hint=hint)


def _blank_visibility(choices: Choices, settings: Settings) -> Field:
    default = settings.default_visibility if not choices.values("default-visibility") else None
    private, public = say("page.form.private"), say("page.form.public")
    default_label = _A_PROBLEM
    if default is not None:
        default_label = say(
            "page.form.as-profile-says", visibility=private if default is Visibility.PRIVATE else public
        )
    options = [("private", private), ("public", public)]
    hint = say("page.form.blank-never-public")
    return _field("default-visibility", default_label, options, choices.values("default-visibility"), hint=hint)


def questions(found: Sequence[Question]) -> list[Field]:
    """Return the drop-downs for the other questions: overlooked columns, unknown words, which sheet."""
    fields = []
    for number, question in enumerate(found):
        if question.choices and not (len(question.roles) == 1 and _is_about(question, question.roles[0])):
            options = [(f"{choice.setting} {choice.value}", _means(choice)) for choice in offered(question)]
            label, trouble = question.asks, say("page.form.please-choose")
            fields.append(_field("answer", "–", options, (), label=label, key=f"-{number}", trouble=trouble))
    return fields


def said(found: Overview, choices: Choices) -> Iterator[Field]:
    """Return drop-downs for words that were given a meaning and for ignored columns, so that this can be undone."""
    for number, value in enumerate(choices.values("value")):
        role, _, rest = value.partition(":")
        yield _word(Role(role), rest.rpartition("=")[0], value, f"-{number}")
    for number, (role, word) in enumerate(found.words):
        yield _word(role, word, "", f"-open-{number}")
    for number, value in enumerate(choices.values("ignore")):
        options, label = [(value, say("page.form.ignored"))], say("page.form.column", name=in_quotes(value))
        yield _field("ignore", say("page.form.not-ignored"), options, [value], label=label, key=f"-{number}")


def _word(role: Role, word: str, chosen: str, key: str) -> Field:
    kinds: Iterable[Visibility | Status] = Status if role is Role.STATUS else Visibility
    options = [(f"{role}:{word}={kind.name.capitalize()}", MEANS[kind.name]) for kind in kinds]
    options.append((f"{role}:{word}=", say("page.skip-rows")))
    options = [(chosen if value.lower() == chosen.lower() else value, label) for value, label in options]
    label = say("page.form.meaning", word=in_quotes(word))
    return _field("value", _A_PROBLEM, options, [chosen] if chosen else [], label=label, key=key)


def contradictions(found: Sequence[Question]) -> list[Said]:
    """Return the questions about settings that contradict each other, which no drop-down can solve."""
    return [question.text for question in found if not question.choices]


def _is_about(question: Question, role: Role) -> bool:
    """Return whether the drop-down of this role answers the question."""
    names = {choice.setting for choice in question.choices}
    if not names or (question.roles[:1] != [role] and tuple(question.roles) != (role,)):
        return False
    return names <= {"map", "default-visibility"} and (question.column is None or len(question.choices) > 1)


def _unsaid(overview: Overview, role: Role, *, asked: bool) -> Message:
    position = overview.roles.get(role)
    if position is not None and position < len(overview.columns):
        return _found(_called(overview.columns[position]))
    if not overview.roles and not asked:  # no role has a column yet while a question about columns is open
        return say("page.form.automatic") if role in _REQUIRED else say("page.form.automatic-or-none")
    return _NO_COLUMN if role not in _REQUIRED or overview.roles else say("page.form.choose-one")


def _called(column: ColumnOverview) -> Said:
    if column.heading.strip():
        return f"{column.letter}: {column.heading}"
    return say("page.form.no-heading", letter=column.letter)


def _means(choice: PossibleAnswer) -> str:
    samples = f": {'; '.join(choice.samples)}" if choice.samples else ""
    return f"{words(choice.means)}{samples}"[:160]
