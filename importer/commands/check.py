"""What is wrong in a sheet, written to a file; see :func:`importer.commands.prepare` for all the rest of a check."""

from __future__ import annotations

from pathlib import Path

from importer import results
from importer.commands.run import Preview
from importer.errors import BadSettings
from importer.messages import say
from importer.results import Written
from importer.storage import is_same


def check_report(report: Path, file: Path) -> None:
    """See before anything else whether the problems can be written there.

    Raises:
        BadSettings: they can't.
    """
    if report.suffix.lower() != ".csv":
        raise BadSettings(say("check.no-csv", report=repr(report.name)))
    results.check_target(report)
    if is_same(report, file):
        raise BadSettings(say("check.would-replace", file=str(file)))


def write_report(report: Path, preview: Preview, file: Path) -> Written:
    """Write every problem of a file to a .csv file."""
    loaded = preview.loaded
    return results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file)


def write_unknown_emails(preview: Preview, file: Path) -> Written | None:
    """Write the emails that nobody has, where that is wanted."""
    target = preview.settings.unknown_emails
    return None if target is None else results.write_emails(target, preview.unknown_emails, file)


def exit_status(preview: Preview) -> int:
    """The exit status that a run would end with if the API accepted everything."""
    if preview.questions or preview.guarded:
        return 2
    return 1 if preview.loaded.rows.problems or preview.loaded.rows.rejected else 0
