"""Which kind of file the results become, and where it stands in the end.

Comes in: a name, a sheet, its outcomes. Goes out: :class:`Written`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from importer import storage
from importer.delivery.outcomes import Outcomes
from importer.errors import BadSettings
from importer.files import Draft
from importer.messages import Message, say, words
from importer.models import Problem
from importer.results import csvfile
from importer.results.csvfile import write_csv
from importer.results.layout import Input, Summary, kept, result_rows
from importer.results.overwriting import NeverOverwrite, OverwriteLists, OverwritePolicy
from importer.results.saving import Written, plain, save
from importer.results.workbook import MOST_COLUMNS, MOST_ROWS, Contents, write_workbook
from importer.resultsfile import OUR_COLUMNS
from importer.storage import Url

_KINDS = (".xlsx", ".csv")


def check_target(path: Path) -> None:
    """See early whether results can be written under this name.

    Raises:
        BadSettings: its ending says neither ``.xlsx`` nor ``.csv``, its folder is missing, or it is a folder.
        ImporterError: it is a URL, where nothing can be put.
    """
    _check_kind(path)
    if isinstance(path, Url):
        storage.check_folder(path.parent)
        return
    try:
        place = path.resolve()
        folder_exists, is_folder = place.parent.is_dir(), place.is_dir()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # Python before 3.13 noticed links in a circle above
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a name that no system takes
        raise BadSettings(say("target.impossible", path=str(path), error=str(error))) from error
    if is_folder:
        raise BadSettings(say("target.is-folder", path=str(path)))
    if not folder_exists:
        raise BadSettings(say("target.no-folder", path=str(path), folder=str(path.parent)))


def _check_kind(path: Path) -> None:
    if path.suffix.lower() not in _KINDS:
        raise BadSettings(say("target.other-kind", file=repr(path.name)))


def write(
    target: Path,
    sheet: Input,
    outcomes: Outcomes,
    summary: Summary,
    *,
    policy: OverwritePolicy | None = None,
    ours: Mapping[str, int] | None = None,
    run: str = "",
    marked: Mapping[int, Collection[int]] | None = None,
) -> Written:
    """Write every row once, in order, with what became of it; nothing half-written ever stands under the name.

    Args:
        target: its ending decides the kind: ``.xlsx`` or ``.csv``.
        sheet: the rows as they were read; ``columns`` may be asked for more than once.
        outcomes: one for each of them.
        summary: what the workbook's sheet *Summary* says of the run; a CSV file has no place for it.
        policy: which files may be replaced; none without it.
        ours: where our own columns of an earlier results file stand (see :func:`importer.resultsfile.own_columns`); of
            them only ``source_row`` is carried over.
        run: the run's id, first part of ``request``.
        marked: row position → positions of the sheet's columns whose cells are to blame; coloured in a workbook.

    Raises:
        BadSettings: the name's ending says neither ``.xlsx`` nor ``.csv``.
        ResultsNotWritten: no folder took the file.
    """
    _check_kind(target)  # the folder may be gone since check_target: then another takes the file
    ours = ours or {}
    keep = kept(sheet.headings, ours.values())
    headings = [sheet.headings[position] for position in keep]
    remarks: list[Message] = []
    as_csv = target.suffix.lower() == ".csv"
    if not as_csv and (sheet.row_count > MOST_ROWS or len(keep) + len(OUR_COLUMNS) > MOST_COLUMNS):
        as_csv, target = True, target.with_suffix(".csv")
        sizes = {"columns": len(keep) + len(OUR_COLUMNS), "most_rows": MOST_ROWS, "most_columns": MOST_COLUMNS}
        remarks.append(say("written.too-large", n=sheet.row_count, **sizes))
    rows = partial(result_rows, sheet, outcomes, keep=keep, source_row=ours.get("source_row"), run=run)
    at_fault = {row: {keep.index(col) for col in columns if col in keep} for row, columns in (marked or {}).items()}
    cut = 0

    def as_text(draft: Draft) -> None:
        write_csv(draft.file, headings, rows())

    def as_workbook(draft: Draft) -> None:
        nonlocal cut
        cut = write_workbook(draft, Contents(headings, summary, at_fault), rows(), outcomes)

    policy = policy or NeverOverwrite()
    written = save(target, as_text, policy) if as_csv else _save_somehow(target, as_workbook, as_text, policy)
    if cut and written.path.suffix.lower() != ".csv":
        remarks.append(say("written.cut", n=cut))
    if written.remark:
        remarks.insert(0, written.remark)
    return replace(written, remark=say("written.remarks", remarks=tuple(remarks)) if remarks else None)


def _save_somehow(
    target: Path, as_workbook: Callable[[Draft], None], as_text: Callable[[Draft], None], policy: OverwritePolicy
) -> Written:
    """Save a workbook, or where that can't be, whatever the reason, CSV: it is the proof of what was delivered.

    Raises:
        Exception: what the workbook failed of, where CSV failed too.
    """
    try:
        return save(target, as_workbook, policy)
    except Exception as error:  # noqa: BLE001 - it is raised again unless CSV helps
        try:
            written = save(target.with_suffix(".csv"), as_text, policy)
        except Exception:  # noqa: BLE001 - the first failure is the one to tell of
            raise error from error.__cause__
        remark = say("written.no-workbook", why=_why(error))
        if written.remark is not None:
            remark = say("written.remarks", remarks=(remark, written.remark))
        return replace(written, remark=remark)


def _why(error: Exception) -> Message:
    cause = error.__cause__
    return plain(cause) if isinstance(cause, OSError) else words(f"{type(error).__name__}: {error}")


def write_problems(
    target: Path, headings: Sequence[str], problems: Mapping[int, Sequence[Problem]], source: Path | None = None
) -> Written:
    """Write every problem to a ``.csv`` file, in the order of the rows; of what stands there, only such a file goes.

    Who can't read ``source``, the sheet in which they were found, can't read the file either.

    Raises:
        ResultsNotWritten: no folder took the file.
    """
    found = [problem for _, row in sorted(problems.items()) for problem in row]
    policy = OverwriteLists(lambda name: say("stays.no-problems", file=name), csvfile.holds_problems, source)
    return save(target, lambda draft: csvfile.write_problems(draft.file, headings, found), policy)


def write_emails(target: Path, emails: Mapping[str, int], source: Path | None = None) -> Written:
    """Write the emails that nobody has, and in how many rows each stands; see :func:`write_problems`."""
    policy = OverwriteLists(lambda name: say("stays.no-emails", file=name), csvfile.holds_emails, source)
    return save(target, lambda draft: csvfile.write_emails(draft.file, emails), policy)
