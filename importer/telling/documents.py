"""Build the JSON documents about plans and runs for programs; see docs/output.schema.json.

Input: the results of a command. Output: a document of numbers, words and lists, ready to be written as JSON.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from importer.errors import ImporterError
from importer.journal.runs import Confirmation
from importer.messages import Message, Said
from importer.models import PossibleAnswer, Question, Status, Visibility
from importer.reading import column_letter
from importer.settings import SETTINGS
from importer.settings.reading import Reading

if TYPE_CHECKING:
    from importer.importing.batch import Batch
    from importer.importing.preview import Preview

FORMAT = 1
"""Version of the format. It is raised if programs that read the documents have to change."""

Document = Mapping[str, Any]

_TIMES = {"started_at", "ended_at", "at"}


def failed(command: str, exit_status: int, kind: Message, text: Said, questions: Sequence[Question] = ()) -> Document:
    """Return the document of a failed command. ``kind`` names the kind of error, and ``text`` is its message."""
    asked = {"questions": _questions(questions)} if questions else {}
    return {**head(command, exit_status), "error": {"kind": kind, "text": text}, **asked}


def run(batch: Batch) -> Document:
    """Return the document of an import of files."""
    return {**head("run", batch.exit_status), **plain(batch)}


def check(overview: Preview) -> Document:
    """Return the document of a check: how the file was understood, its problems, and what would be sent."""
    return {
        **head("check", overview.exit_status),
        "plan": plain(overview),
        "questions": _questions(overview.must_decide),
    }


def _questions(questions: Sequence[Question]) -> list[Document]:
    return [
        {
            "kind": question.asks.kind,
            "text": question.text,
            "column": column_letter(question.column) if question.column is not None else None,
            "answers": [
                {"text": answer.means, "settings": {answer.setting: _value(answer)}}
                for answer in sorted(question.choices, key=lambda answer: not answer.is_likely)
            ],
        }
        for question in questions
    ]


def _value(answer: PossibleAnswer) -> str | list[str]:
    return [answer.value] if SETTINGS[answer.setting].many else answer.value


def head(command: str, exit_status: int) -> dict[str, Any]:
    """Return what each document begins with."""
    return {"format": FORMAT, "command": command, "exit_status": exit_status}


def plain(value: Any) -> Any:
    """Return a value as JSON values and messages; a dataclass as its fields, except those that ``repr`` leaves out."""
    match value:
        case Message() | str() | int() | float() | None if not isinstance(value, Enum):
            return value
        case ImporterError():
            return {"kind": value.kind, "text": value.message}
        case Visibility() | Status() | Reading():
            return value.name.lower() if isinstance(value, Enum) else value.name
        case Enum():
            return value.value
        case Mapping():
            return {plain(key): plain(item) for key, item in value.items()}
        case Confirmation():
            return some(value, *value._fields)
        case Collection():
            return [plain(item) for item in value]
    if not dataclasses.is_dataclass(value):  # a path or a URL
        return str(value.absolute() if str(value) != "-" else value)
    return some(value, *(field.name for field in dataclasses.fields(value) if field.repr))


def some(value: object, *names: str) -> dict[str, Any]:
    """Return some attributes of a value. Times are local, with their offset from UTC."""
    found = {name: getattr(value, name) for name in names}
    return {name: _time(item) if name in _TIMES else plain(item) for name, item in found.items()}


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
