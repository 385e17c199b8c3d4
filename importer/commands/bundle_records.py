"""Collect facts for a bundle from what the program recorded: the journal, its latest runs, and the log.

Input: the settings, and the log file. Output: facts. Of the log, only known events with known details are kept.
"""

from __future__ import annotations

import glob
import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from importer.api import Cause
from importer.commands import choosing, history, workspaces
from importer.commands.batch import FileResult
from importer.commands.bundle_facts import Facts, Word, kinds, known, tried
from importer.journal import ACCEPTED, READ_BACK, DeliveryState, Journal, SampleState
from importer.journal.known import read_reason
from importer.messages import is_kind
from importer.models import Result
from importer.settings import Settings, journal_place

_RUNS, _EVENTS = 20, 5_000  # the latest that are kept
_RUN = r"\d{8}-\d{6}-[0-9a-f]{8}"


def of_journal(settings: Settings) -> Facts:
    """Return the state of the journal, its numbers of rows, and the latest runs of the workspace."""
    with workspaces.opened(settings) as journal:
        if journal is None:
            return {"integrity": Word("no journal yet")}
        place, workspace = journal_place(settings.journal), settings.workspace
        return {
            "integrity": Word("not checked" if journal.is_shared else "whole"),
            "bytes": place.stat().st_size if isinstance(place, Path) else None,
            "rows": tried(journal.counts),
            "deliveries": tried(lambda: {"groups": _deliveries(journal)}),
            "workspaces_with_runs": tried(lambda: {"number": len(journal.runs.workspaces())}),
            "learned": tried(lambda: _learned(journal, settings)),
            "results_to_write": len(journal.pending_results.pending(workspace)),
            "runs": tried(lambda: {"latest": [*_runs(settings)]}),
        }


def _deliveries(journal: Journal) -> list[Facts]:
    """Return the number of deliveries by state, sample state and kinds of reason."""
    groups: Counter[tuple[str, str | None, tuple[Word, ...]]] = Counter()
    for state, sample, reason, number in journal.states():
        groups[state, sample, _reasons(reason)] += number
    return [
        {"state": known(state, DeliveryState), "sample": known(sample, SampleState), "reason": why, "number": number}
        for (state, sample, why), number in sorted(groups.items(), key=lambda group: -group[1])
    ]


def _reasons(text: str | None) -> tuple[Word, ...]:
    message = read_reason(text)
    if message is None or text in (ACCEPTED, READ_BACK.kind):
        return (Word(text),) if text else ()
    return kinds(message)


def _learned(journal: Journal, settings: Settings) -> Facts:
    learned, workspace = journal.learned, settings.workspace
    return {
        "batch_size": learned.batch_size(workspace),
        "limits": learned.limits(workspace),
        "replication_lag": learned.replication_lag(workspace),
        "reminders": [kinds(message) for message in learned.reminder(workspace)],
    }


def _runs(settings: Settings) -> Iterator[Facts]:
    """Yield the latest runs of the workspace. The same file has the same number."""
    numbers: dict[str, int] = {}
    for past in history.history(settings, history.RunFilter(last=_RUNS)).runs:
        run = past.run
        yield {
            "run": Word(run.name) if re.fullmatch(_RUN, run.name) else None,
            "file": numbers.setdefault(run.fingerprint, len(numbers) + 1),
            "type": known(Path(run.file).suffix.lower(), choosing.ENDINGS),
            "is_again": bool(run.occurrence),
            "started_at": datetime.fromtimestamp(run.started_at, UTC),
            "seconds": None if past.seconds is None else round(past.seconds, 1),
            "ended": known(past.ended, history.ENDED),
            "rows": past.counts,
            "hidden": past.hidden,
        }


# -- the log ------------------------------------------------------------------------------------------------------

_NUMBERS = (
    *("request", "notes", "status", "asks_to_wait", "seconds", "requests", "unclear", "look_ups", "told_to_wait"),
    *("emails", "nobody", "refused", "calls", "files", "exit_status"),
    *(result.value.replace(" ", "_") for result in Result),
    "rows",
)
_DETAILS = {
    **dict.fromkeys(_NUMBERS, r"\d{1,9}(\.\d{1,3})?"),
    "cause": "|".join(Cause),
    "command": "check|hide|history|run|verify",
    "error": r"[\w.+-]+",
    "run": _RUN,
    "version": r"[\d.]+",
}
"""Detail of an event → pattern of its value. Other details are left out: files, addresses, and messages."""

_KNOWN_EVENT = re.compile(
    r"command (begun|over)|(request|look-up) (answered|failed)|notification (sent|failed)|emails looked up|looked up"
    r"|files uploaded|run (begun|finished|stopped|broken off)|results written|ended with an error"
    r"|it will be tried again: nobody is notified|file (" + "|".join(FileResult) + ")"
)
_LINE = re.compile(r"(\S+) (INFO|WARNING|ERROR) +(.+?)(?:  (\w+=.*))?")
_DETAIL = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


def of_log(file: Path | None) -> Facts:
    """Return the latest events of the log and its earlier days, and the number of all other lines."""
    logs = [] if file is None else [*sorted(file.parent.glob(f"{glob.escape(file.name)}.????-??-??")), file]
    events: deque[Facts] = deque(maxlen=_EVENTS)
    others = 0
    for log in filter(Path.is_file, logs):
        with log.open(encoding="utf-8", errors="replace") as lines_of_log:
            for line in lines_of_log:
                if (event := _event(line.rstrip("\n"))) is not None:
                    events.append(event)
                else:
                    others += 1
    return {"events": [*events], "other_lines": others}


def _event(line: str) -> Facts | None:
    """Return the time, level, event and known details of a line of the log; None if it is anything else."""
    match = _LINE.fullmatch(line)
    if match is None or _KNOWN_EVENT.fullmatch(match[3]) is None:
        return None
    try:
        at = datetime.fromisoformat(match[1])
    except ValueError:
        return None
    details = {name: value.strip('"') for name, value in _DETAIL.findall(match[4] or "")}
    known = {name: value for name, value in details.items() if re.fullmatch(_DETAILS.get(name, "(?!)"), value)}
    numbers = {name: float(value) if "." in value else int(value) for name, value in known.items() if name in _NUMBERS}
    words = {name: Word(value) for name, value in known.items() if name not in _NUMBERS}
    if "error" in words:
        words["error"] = Word("+".join(kind for kind in words["error"].split("+") if is_kind(kind)))
    return {"at": at, "level": Word(match[2]), "event": Word(match[3]), **numbers, **words}
