"""What can be chosen for a file, as drop-downs: each says what was found out by itself, and has its trouble beside it.

Comes in: what was found in a file, what was chosen for it, the settings. Goes out: fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from importer.commands.answering import offered
from importer.commands.overview import ColumnOverview, Overview
from importer.messages import Said, as_message
from importer.models import PossibleAnswer, Question, Role, Status, Visibility
from importer.page.choices import Choices
from importer.page.rendering import FIELDS, ROLES, words
from importer.settings import Settings
from importer.settings.meanings import MEANS

ENCODINGS = (
    "utf-8",
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "iso8859-15",
    "mac-roman",
    "utf-16",
    "shift_jis",
    "gb18030",
)
DELIMITERS = {"comma": "a comma", "semicolon": "a semicolon", "tab": "a tab", "pipe": "a bar |"}
_SIGNS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar |"}
_ROWS = 20
_ORDER = (Role.PROSPECT, Role.EMAIL, Role.CONTENT, Role.VISIBILITY, Role.STATUS, Role.ATTACHMENTS)
_OPTIONAL = (Role.EMAIL, Role.STATUS, Role.ATTACHMENTS)
_OF_MERGED = {"remark.merged", "remark.merged-filled"}


@dataclass(frozen=True)
class DropDownOption:
    """One of a field's options."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """A drop-down.

    Attributes:
        id: on the page.
        name: in the address.
        label: what it is called.
        options: the first is that nothing is said.
        trouble: what is to be decided here; empty where nothing is.
        hint: what is good to know of it.
    """

    id: str
    name: str
    label: str
    options: Sequence[DropDownOption]
    trouble: str
    hint: str


def _field(
    name: str,
    label: str,
    unsaid: str,
    options: Iterable[tuple[str, str]],
    chosen: Iterable[str],
    *,
    key: str = "",
    trouble: str = "",
    hint: str = "",
) -> Field:
    chosen, listed = set(chosen), list(dict.fromkeys(options))
    listed += [(value, value.partition("=")[2] or value) for value in chosen - {value for value, _ in listed}]
    found = [DropDownOption(value, said, value in chosen) for value, said in listed]
    first = DropDownOption("", unsaid, not any(option.is_chosen for option in found))
    return Field(f"{name}{key}", name, label, [first, *found], trouble, hint)


def about_file(found: Overview, choices: Choices) -> list[Field]:
    """How the file is read."""
    fields = []
    if len(found.sheets) > 1 or choices.values("sheet"):
        sheets = [(name, name) for name in found.sheets]
        fields.append(_field("sheet", FIELDS["sheet"], f"{found.sheet} (found)", sheets, choices.values("sheet")))
    rows = [(str(number), f"row {number}") for number in range(1, _ROWS + 1)]
    unsaid = f"row {found.header_row} (found)"
    fields.append(_field("header-row", FIELDS["header-row"], unsaid, rows, choices.values("header-row")))
    if found.encoding is not None:
        names = [(name, name) for name in ENCODINGS]
        unsaid = f"{found.encoding} (found)"
        fields.append(_field("encoding", FIELDS["encoding"], unsaid, names, choices.values("encoding")))
    if found.delimiter is not None:
        unsaid = f"{_SIGNS.get(found.delimiter, found.delimiter)} (found)"
        signs = DELIMITERS.items()
        fields.append(_field("delimiter", FIELDS["delimiter"], unsaid, signs, choices.values("delimiter")))
    if choices.values("fill-merged") or _tells_of_merged(found):
        fields.append(
            _field(
                "fill-merged",
                FIELDS["fill-merged"],
                "count for their first row",
                [("true", "count for every row that they cover")],
                choices.values("fill-merged"),
            )
        )
    return fields


def _tells_of_merged(found: Overview) -> bool:
    return any(not _OF_MERGED.isdisjoint(as_message(remark).kinds()) for remark in found.remarks)


def roles(found: Overview, choices: Choices, settings: Settings) -> list[Field]:
    """Which column is which; and what a blank visibility means."""
    fields = []
    for role in _ORDER:
        chosen = [value for value in choices.values("map") if value.startswith(f"{role}=")]
        none = [] if role in (Role.PROSPECT, Role.CONTENT) else [(f"{role}=", "no column")]
        options = [(f"{role}={column.name}", _called(column)) for column in found.columns]
        asked = [question for question in found.questions if _is_about(question, role)]
        trouble = " ".join(words(question.asks) for question in asked)
        likely = [_means(choice) for question in asked for choice in question.choices if choice.is_likely]
        hint = f"Likely: {likely[0]}" if likely else ""
        fields.append(
            _field(
                "map",
                ROLES[role],
                _unsaid(found, role, asked=bool(asked)),
                options + none,
                chosen,
                key=f"-{role}",
                trouble=trouble,
                hint=hint,
            )
        )
        if role is Role.VISIBILITY:
            fields.append(_blank_visibility(choices, settings))
    headings = [(column.name, _called(column)) for column in found.columns]
    fields.append(
        _field(
            "key-column",
            ROLES[Role.KEY],
            settings.key_column or "no column",
            headings,
            choices.values("key-column"),
            hint="Only where the same note is meant for the same prospect more than once, as for two calls.",
        )
    )
    return fields


def _blank_visibility(choices: Choices, settings: Settings) -> Field:
    usual = settings.default_visibility if not choices.values("default-visibility") else None
    unsaid = "a problem" if usual is None else f"{usual.name.lower()}, as the profile says"
    options = [("private", "private"), ("public", "public")]
    hint = "A blank cell is never public by itself."
    label = FIELDS["default-visibility"]
    return _field("default-visibility", label, unsaid, options, choices.values("default-visibility"), hint=hint)


def questions(found: Sequence[Question]) -> list[Field]:
    """What else couldn't be decided: columns that were overlooked, words that nobody knows, which sheet."""
    fields = []
    for number, question in enumerate(found):
        if question.choices and not (len(question.roles) == 1 and _is_about(question, question.roles[0])):
            options = [(f"{choice.setting} {choice.value}", _means(choice)) for choice in offered(question)]
            trouble = "Please choose."
            fields.append(_field("answer", words(question.asks), "–", options, (), key=f"-{number}", trouble=trouble))
    return fields


def said(found: Overview, choices: Choices) -> Iterator[Field]:
    """Words that were given a meaning or could be, columns that were set aside: so that it can be taken back."""
    for number, value in enumerate(choices.values("value")):
        role, _, rest = value.partition(":")
        yield _word(Role(role), rest.rpartition("=")[0], value, f"-{number}")
    for number, (role, word) in enumerate(found.words):
        yield _word(role, word, "", f"-open-{number}")
    for number, value in enumerate(choices.values("ignore")):
        yield _field("ignore", f"Column {value!r}", "not set aside", [(value, "set aside")], [value], key=f"-{number}")


def _word(role: Role, word: str, chosen: str, key: str) -> Field:
    kinds: Iterable[Visibility | Status] = Status if role is Role.STATUS else Visibility
    options = [(f"{role}:{word}={kind.name.capitalize()}", words(MEANS[kind.name])) for kind in kinds]
    options.append((f"{role}:{word}=", "leave its rows out"))
    options = [(chosen if value.lower() == chosen.lower() else value, label) for value, label in options]
    return _field("value", f"What {word!r} means", "nothing: a problem", options, [chosen] if chosen else [], key=key)


def contradictions(found: Sequence[Question]) -> list[Said]:
    """What was said twice, and differently; no choice mends it by itself."""
    return [question.text for question in found if not question.choices]


def _is_about(question: Question, role: Role) -> bool:
    """Whether it is answered by the drop-down of a role: which column has it."""
    names = {choice.setting for choice in question.choices}
    if not names or (question.roles[:1] != [role] and tuple(question.roles) != (role,)):
        return False
    return names <= {"map", "default-visibility"} and (question.column is None or len(question.choices) > 1)


def _unsaid(found: Overview, role: Role, *, asked: bool) -> str:
    position = found.roles.get(role)
    if position is not None and position < len(found.columns):
        return f"{_called(found.columns[position])} (found)"
    if not found.roles and not asked:  # it isn't said what was found as long as anything is asked of columns
        return "found by itself, or none" if role in _OPTIONAL else "found by itself"
    return "no column" if role in _OPTIONAL or found.roles else "– please choose –"


def _called(column: ColumnOverview) -> str:
    return f"{column.letter}: {column.heading}" if column.heading.strip() else f"{column.letter} (no heading)"


def _means(choice: PossibleAnswer) -> str:
    held = f": {'; '.join(choice.samples)}" if choice.samples else ""
    return f"{words(choice.means)}{held}"[:160]
