"""Build the JSON documents for programs, one per command; see docs/output.schema.json.

Input: the results of a command. Output: a document of numbers, words and lists, ready to be written as JSON.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sqlite3
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from importer.commands import preview_messages
from importer.errors import ImporterError
from importer.journal import VERSION
from importer.messages import Message, Said
from importer.models import PossibleAnswer, Question, Result
from importer.reading import column_letter
from importer.settings import SETTINGS
from importer.version import __version__

if TYPE_CHECKING:
    from importer.commands.batch import Batch, FileEnded
    from importer.commands.doctor import Check
    from importer.commands.history import History, PastRun
    from importer.commands.overview import Overview
    from importer.commands.report import NotFound, Report
    from importer.commands.verify import Verified
    from importer.settings.sources import Given

FORMAT = 1
"""Version of the format. It is raised if programs that read the documents have to change."""

Document = Mapping[str, Any]

_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*(?:;.*extra == ['"](\w+))?""")
_OF_DEVELOPERS = frozenset({"test", "dev", "bench"})


def failed(command: str, exit_status: int, kind: Message, text: Said, questions: Sequence[Question] = ()) -> Document:
    """Return the document of a failed command. ``kind`` names the kind of error, and ``text`` is its message."""
    asked = {"questions": _questions(questions)} if questions else {}
    return {**_head(command, exit_status), "error": {"kind": kind, "text": text}, **asked}


def run(batch: Batch) -> Document:
    """Return the document of an import of files."""
    return {
        **_head("run", batch.exit_status),
        "profile": batch.profile,
        "files": [_file(file) for file in batch.files],
        "left_out": [{"file": str(path.absolute()), "why": why} for path, why in batch.left_out],
    }


def _file(ended: FileEnded) -> Document:
    report = ended.report
    return {
        "file": str(ended.file.absolute()) if str(ended.file) != "-" else "-",
        "fate": ended.fate.value,
        "exit_status": ended.exit_status,
        **_span(ended.started_at, ended.ended_at),
        "why": ended.why or None,
        "error": _error(ended.error) if ended.error is not None else None,
        "archived": str(ended.archived.absolute()) if ended.archived is not None else None,
        "run": _report(report) if report is not None else None,
    }


def _report(report: Report) -> Document:
    return {
        "name": report.run,
        "practice": report.is_practice,
        **_span(report.started_at, report.ended_at),
        "counts": _counts(report.counts),
        "held_back": report.held_back,
        "reasons": [
            {"result": result.value, "kind": kind, "rows": rows}
            for result, kinds in report.reasons.items()
            for kind, rows in kinds.items()
        ],
        "requests": report.requests,
        "look_ups": report.looks,
        "uploads": report.uploads,
        "calls_to_find_prospects": report.finding_calls,
        "unknown_emails": str(report.unknown_emails.path.absolute()) if report.unknown_emails is not None else None,
        "told_to_wait": report.rate_limited,
        "results": str(report.results.absolute()),
        "remark": report.remark,
        "more_than_once": [{"row": row, "note_ids": list(ids)} for row, ids in report.duplicates.items()],
        **_read_back(report),
        "stopped": _error(report.stopped) if report.stopped is not None else None,
    }


def check(overview: Overview, exit_status: int, practised: Report | None = None) -> Document:
    """Return the document of a check: how the file was understood, its problems, and what would be sent."""
    remaining, estimate = overview.remaining, overview.estimate
    return {
        **_head("check", exit_status),
        "profile": overview.profile,
        "base_url": overview.base_url,
        "file": overview.file,
        "format_of_file": overview.format,
        "sheet": overview.sheet,
        "header_row": overview.header_row,
        "columns": [
            {
                "role": role.value,
                "column": column.letter,
                "heading": column.heading,
                "words": {
                    word: "left out" if value is None else value.name.lower() for word, value in column.meanings.items()
                },
            }
            for role, column in overview.mapping.items()
        ],
        "reading": overview.reading.name if overview.reading is not None else None,
        "unused": [heading for _, heading in overview.unused],
        "remarks": list(overview.remarks),
        "rows": overview.rows,
        "notes": overview.planned,
        "repeated_rows": overview.duplicates,
        "delivered_already": overview.done,
        "files": {"to_upload": overview.uploads[0], "bytes": overview.uploads[1]},
        "emails": {"to_look_up": overview.to_look_up, "rows_rejected": overview.rejected_rows},
        "imported_before": overview.imported_before,
        "left": {
            "notes": remaining.deliveries,
            "at_most": overview.most,
            "distinct_notes": remaining.notes,
            "requests": remaining.requests,
            "unclear": remaining.unclear,
            "held_back": remaining.held_back,
            "prospects_to_read": overview.to_compare,
            "seconds": None if estimate is None else estimate.seconds,
            "fit_into_the_hours": estimate.fitting if estimate is not None and estimate.ends else None,
            **overview.audience,
            "who_sees_the_private": preview_messages.owner_only(overview),
        },
        "readable_after": overview.readable_after,
        "questions": _questions(overview.must_decide),
        "guards": [{"setting": setting, "text": message} for setting, message in overview.guarded.items()],
        "problems": {
            "rows": overview.invalid,
            "total": overview.problem_count,
            "kinds": [{"kind": kind, "rows": rows} for kind, rows in overview.problem_kinds.items()],
            "first": [
                {"row": problem.row, "cell": problem.cell, "text": problem.text} for problem in overview.problems
            ],
        },
        "practice": {"counts": _counts(practised.counts), "results": str(practised.results.absolute())}
        if practised is not None
        else None,
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
    """Return the document of past runs, latest first, and of the seconds until new notes were readable, if measured."""
    runs = [_past(past) for past in found.runs]
    return {**_head("history", 0), "runs": runs, "readable_after": found.readable_after}


def _past(past: PastRun) -> Document:
    run = past.run
    return {
        "name": run.name,
        "profile": run.workspace.profile,
        "base_url": run.workspace.base_url,
        "file": run.file,
        "sheet": run.sheet or None,
        "ended": past.ended,
        **_span(run.started_at, run.ended_at),
        "counts": _counts(past.counts),
        "hidden": past.hidden,
        "not_found": _not_found(past.not_found),
        "reading": past.reading or None,
        "confirmed_by": (past.confirmed.by or None) if past.confirmed is not None else None,
        "confirmed_at": _time(past.confirmed.at) if past.confirmed is not None else None,
    }


def doctor(checks: Sequence[Check], given: Mapping[str, Given]) -> Document:
    """Return the document of a look at the installation: the versions, the settings that are set, and the findings.

    A setting's value is shown as it was given. No setting holds a secret: a key and a password are refused in one.
    """
    return {
        **_head("doctor", max((check.exit_status for check in checks), default=0)),
        "versions": _versions(),
        "settings": {
            name: {"value": setting.value, "from": setting.at(name) or setting.place.value}
            for name, setting in given.items()
        },
        "findings": [{"about": check.about, "exit_status": check.exit_status, "text": check.text} for check in checks],
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


def verify(found: Verified) -> Document:
    """Return the document of a look-up of unconfirmed deliveries."""
    return {
        **_head("verify", found.exit_status),
        "found": found.found,
        "absent": found.absent,
        "in_doubt": found.unconfirmed,
        "doubts": [{"why": why, "notes": notes} for why, notes in found.doubts.items()],
        "more_than_once": list(found.duplicates),
        **_read_back(found),
        "not_found_before": [{"run": run, "notes": notes} for run, notes in found.known_missing.items()],
        "stopped": _error(found.stopped) if found.stopped is not None else None,
    }


def _read_back(ended: Report | Verified) -> Document:
    return {
        "not_found": _not_found(ended.not_found),
        "could_not_look": ended.could_not_look,
        "not_looked_at": ended.not_looked_at,
    }


def _not_found(notes: Sequence[NotFound]) -> list[Document]:
    return [
        {
            "row": note.row,
            "prospect": note.prospect,
            "note_id": note.note_id,
            "run": note.run or None,
            "file": note.file or None,
        }
        for note in notes
    ]


def _head(command: str, exit_status: int) -> dict[str, Any]:
    return {"format": FORMAT, "command": command, "exit_status": exit_status}


def _error(error: ImporterError) -> Document:
    return {"kind": error.kind, "text": error.message}


def _counts(counts: Mapping[Result, int]) -> dict[str, int]:
    return {result.value: rows for result, rows in counts.items()}


def _span(started_at: float, ended_at: float | None) -> dict[str, Any]:
    return {
        "started_at": _time(started_at),
        "ended_at": _time(ended_at) if ended_at is not None else None,
        "seconds": round(ended_at - started_at, 1) if ended_at is not None else None,
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
