"""Build the JSON documents for programs, one per command; see docs/output.schema.json.

Input: the results of a command. Output: a document of numbers, words and lists, ready to be written as JSON.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import re
import sqlite3
import ssl
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from importer.commands import preview_messages
from importer.errors import ImporterError
from importer.journal import VERSION
from importer.journal.runs import Confirmation
from importer.messages import Message, Said
from importer.models import PossibleAnswer, Question, Status, Visibility
from importer.reading import column_letter
from importer.settings import SETTINGS
from importer.version import __version__

if TYPE_CHECKING:
    from importer.commands.batch import Batch
    from importer.commands.doctor import Check
    from importer.commands.history import History
    from importer.commands.overview import Overview
    from importer.commands.report import Report
    from importer.commands.verify import Verified
    from importer.settings.sources import Given

FORMAT = 1
"""Version of the format. It is raised if programs that read the documents have to change."""

Document = Mapping[str, Any]

_TIMES = {"started_at", "ended_at", "due_at", "at"}
_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*(?:;.*extra == ['"](\w+))?""")
_OF_DEVELOPERS = frozenset({"test", "dev", "bench"})


def failed(command: str, exit_status: int, kind: Message, text: Said, questions: Sequence[Question] = ()) -> Document:
    """Return the document of a failed command. ``kind`` names the kind of error, and ``text`` is its message."""
    asked = {"questions": _questions(questions)} if questions else {}
    return {**_head(command, exit_status), "error": {"kind": kind, "text": text}, **asked}


def run(batch: Batch) -> Document:
    """Return the document of an import of files."""
    left_out = [{"file": str(path.absolute()), "why": why} for path, why in batch.left_out]
    return {**_head("run", batch.exit_status), **_plain(batch), "left_out": left_out}


def check(overview: Overview, exit_status: int, practised: Report | None = None) -> Document:
    """Return the document of a check: how the file was understood, its problems, and what would be sent."""
    more = {
        "reading": overview.reading.name if overview.reading is not None else None,
        "who_sees_the_private": preview_messages.owner_only(overview),
    }
    return {
        **_head("check", exit_status),
        "plan": {**_plain(overview), **more},
        "questions": _questions(overview.must_decide),
        "practice": _plain(practised),
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


def history(found: History) -> Document:
    """Return the document of past runs, latest first."""
    runs = [
        {
            **_some(past.run, "name", "file", "sheet", "started_at", "ended_at"),
            **_plain(past.run.workspace),
            **_some(past, "ended", "seconds", "counts", "hidden", "not_found", "reading", "confirmed"),
        }
        for past in found.runs
    ]
    return {**_head("history", 0), "runs": runs}


def verify(found: Verified) -> Document:
    """Return the document of a look-up of unconfirmed deliveries."""
    return {**_head("verify", found.exit_status), **_plain(found)}


def doctor(checks: Sequence[Check], given: Mapping[str, Given]) -> Document:
    """Return the document of a look at the installation: the versions, the settings that are set, and the findings.

    A setting's value is shown as it was given. No setting holds a secret: a key and a password are refused in one.
    """
    return {
        **_head("doctor", max((check.exit_status for check in checks), default=0)),
        "versions": _versions(),
        "settings": {
            name: {"value": setting.value, "from": setting.origin or setting.place.value}
            for name, setting in given.items()
        },
        "findings": _plain(checks),
    }


def _versions() -> Document:
    """Return the versions of the program, of what it runs on, and of the packages that it and its extras ask for."""
    try:
        requirements = importlib.metadata.requires("note-importer") or []
    except importlib.metadata.PackageNotFoundError:  # the program runs from a folder of source code
        requirements = []
    asked = (match for match in map(_REQUIREMENT.match, requirements) if match and match[2] not in _OF_DEVELOPERS)
    return {
        "note-importer": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "journal": str(VERSION),
        **{name: _version_of(name) for name in sorted({match[1].lower() for match in asked})},
    }


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _head(command: str, exit_status: int) -> dict[str, Any]:
    return {"format": FORMAT, "command": command, "exit_status": exit_status}


def _plain(value: Any) -> Any:
    """Return a value as JSON values and messages; a dataclass as its fields, except those that ``repr`` leaves out."""
    match value:
        case Message() | str() | int() | float() | None if not isinstance(value, Enum):
            return value
        case ImporterError():
            return {"kind": value.kind, "text": value.message}
        case Visibility() | Status():
            return value.name.lower()
        case Enum():
            return value.value
        case Mapping():
            return {_plain(key): _plain(item) for key, item in value.items()}
        case Confirmation():
            return _some(value, *value._fields)
        case Collection():
            return [_plain(item) for item in value]
    if not dataclasses.is_dataclass(value):  # a path or a URL
        return str(value.absolute() if str(value) != "-" else value)
    return _some(value, *(field.name for field in dataclasses.fields(value) if field.repr))


def _some(value: object, *names: str) -> dict[str, Any]:
    """Return some attributes of a value. Times are local, with their offset from UTC."""
    found = {name: getattr(value, name) for name in names}
    return {name: _time(item) if name in _TIMES else _plain(item) for name, item in found.items()}


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
