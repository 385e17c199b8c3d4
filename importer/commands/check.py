"""Write the problems of a sheet to a file. See :func:`importer.commands.prepare` for the rest of a check."""

from __future__ import annotations

from pathlib import Path

from importer import results
from importer.commands.run import Preview
from importer.errors import BadSettings
from importer.messages import say
from importer.results import Written
from importer.storage import is_same


def check_report(report: Path, file: Path) -> None:
    """Check, before anything else, that the problems can be written to the report.

    Raises:
        BadSettings: they can't be written there.
    """
    if report.suffix.lower() != ".csv":
        raise BadSettings(say("check.no-csv", report=repr(report.name)))
    results.check_target(report)
    if is_same(report, file):
        raise BadSettings(say("check.would-replace", file=str(file)))


def write_report(report: Path, preview: Preview, file: Path) -> Written:
    """Write all problems of a file to a .csv file."""
    loaded = preview.loaded
    return results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file)


def write_unknown_emails(preview: Preview, file: Path) -> Written | None:
    """Write the emails that no prospect has, if the settings name a file for them."""
    target = preview.settings.unknown_emails
    return None if target is None else results.write_emails(target, preview.unknown_emails, file)
