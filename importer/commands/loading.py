"""A file, read, checked and grouped; nothing was sent, and no key is needed.

Comes in: a file and settings. Goes out: :class:`Loaded`, which owns the open sheet until it is closed; and where the
results of it go.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np

from importer import grouping, reading, resultsfile
from importer.errors import BadSettings, UnclearColumns, UnreadableFile
from importer.messages import Cell, Message, render, say, some
from importer.models import Group, Plan, Role, Rows, Status, Visibility
from importer.reading import Sheet, column_letter
from importer.results import check_target
from importer.rows import columns, foreign, suggestions, unmapped, validation
from importer.rows.attachments import Folder, are_names
from importer.rows.columns import Roles
from importer.rows.values import TEXT
from importer.settings import SETTINGS, Settings, Topic, journal_place
from importer.storage import Url, is_same, place

_MOST_ALIKE = 3  # files that hold the same as others which are named


@dataclass(frozen=True)
class Loaded:
    """A file that was read; to be closed by whoever has it.

    Attributes:
        sheet: open, and this one's own.
        roles: which column is which; nothing where that is unclear.
        rows: what stands in them; none where the columns are unclear.
        plan: the rows, grouped.
        unclear: why it can't be said which column is which, or None.
    """

    sheet: Sheet
    roles: Roles
    rows: Rows
    plan: Plan
    unclear: UnclearColumns | None = None

    @property
    def headings(self) -> dict[Role, str]:
        """Role → heading of the column that has it."""
        return {role: self.sheet.headings[at] for role, at in self.roles.columns.items()}

    def close(self) -> None:
        """Give back what the sheet holds."""
        self.sheet.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def load(path: str | Path, settings: Settings) -> Loaded:
    """Read, check and group a file; sends nothing and needs no key.

    Raises:
        Unusable: the file can't be used.
    """
    wanted = columns.ColumnSettings.of(settings)
    options = reading.Options(
        settings.sheet,
        settings.header_row,
        settings.encoding,
        settings.delimiter,
        settings.limits,
        settings.fill_merged,
    )
    needed = len(wanted.required)
    sheet = reading.read(
        path,
        options,
        is_header=lambda cells: columns.recognised(cells, wanted) == needed,
        is_copy=resultsfile.repeats_results,
    )
    try:
        return understood(sheet, settings)
    except BaseException:
        sheet.close()
        raise


def understood(sheet: Sheet, settings: Settings, *, by_email: bool = False) -> Loaded:
    """Check and group what stands in an open sheet, as the settings say.

    Args:
        sheet: the open sheet.
        settings: how it is read.
        by_email: whether the IDs were found to be another program's, so that the emails count.
    """
    wanted = columns.ColumnSettings.of(settings)
    try:
        cells = suggestions.glance(sheet)
        roles = foreign.find(sheet, wanted, cells, by_email=by_email)
    except UnclearColumns as error:
        nothing = Rows(np.zeros(0, np.int32), np.full(0, "", TEXT), np.zeros(0, np.int32), [])
        return Loaded(sheet, Roles({}, {}, ()), nothing, grouping.plan(nothing), error)
    if roles.ours and sheet.delimiter is not None:
        sheet = sheet.restored(resultsfile.unprotected)  # a results file in CSV marks what a program would run
    folder = _folder(sheet, settings) if Role.ATTACHMENTS in roles.columns else None
    rules = validation.ValidationRules(settings.default_visibility, settings.content, settings.values, folder)
    rows = validation.validate(sheet, roles, rules)
    rows.remarks += columns.remarks(sheet.headings, wanted, roles) + foreign.remarks(sheet, roles)
    rows.remarks += _of_files_alike(folder) if folder is not None else []
    _see_to_files(rows, sheet, roles, settings, cells)
    return Loaded(sheet, roles, rows, grouping.plan(rows))


def _see_to_files(rows: Rows, sheet: Sheet, roles: Roles, settings: Settings, cells: Sequence[Sequence[str]]) -> None:
    """Where there is a folder of files, and no column that names any, ask or at least say so."""
    if settings.attachments is None or not settings.takes_files or Role.ATTACHMENTS not in roles.vacant:
        return
    found = [i for i in roles.unexplained if are_names(cells[i], settings.attachments)]
    says = say("overlooked.names-files")
    rows.overlooked += [unmapped.question(sheet.headings, i, [Role.ATTACHMENTS], cells[i], says) for i in found]
    if not found:
        rows.remarks.append(say("attachments.named-nowhere"))


def _of_files_alike(folder: Folder) -> list[Message]:
    """What to say where files hold the same: whoever sees a note sees the name of one of them."""
    shown = [
        say("attachments.as", name=Cell(repr(name)), first=Cell(repr(first))) for name, first in folder.alike.items()
    ]
    return [say("attachments.alike", files=some(shown, _MOST_ALIKE))] if shown else []


def _folder(sheet: Sheet, settings: Settings) -> Folder | None:
    """The folder that files are taken from, and what is never taken from it; None where there are no files.

    Raises:
        BadSettings: it isn't there.
    """
    if settings.attachments is None or not settings.takes_files:
        return None
    given = (place(sheet.source), settings.unknown_emails, settings.results)
    never = [file for file in given if file is not None and not isinstance(file, Url)]  # of a URL's there is none here
    journal = journal_place(settings.journal)
    beside = [*settings.secret_files, *([journal] if isinstance(journal, Path) else [])]
    return Folder(settings.attachments, never, beside, settings.key)


def results_path(path: str | Path, settings: Settings, at: float | None = None, taken: Collection[Path] = ()) -> Path:
    """Where the results go: where the person said, or beside the input.

    Args:
        path: the input.
        settings: where results go, or how they are called.
        at: seconds since 1970, for the date in their name; None: now.
        taken: where those of other files go.

    Raises:
        BadSettings: results can't be written there, or it is the input itself, or the journal.
        UnreadableFile: the folder isn't there in which the input would be, and beside which they go.
    """
    source = Path("standard input.csv") if str(path) == "-" else place(path)
    wanted = settings.results
    if wanted is None:
        if not isinstance(source, Url) and not os.path.lexists(source.parent):
            raise UnreadableFile(say("files.no-such-file", source=str(source)))
        pattern = settings.results_name or "{name}.results.xlsx"
        wanted = source.parent / (_next(pattern, source.stem) or _filled(pattern, source.stem, at))
        if wanted in taken:
            wanted = source.parent / _filled(pattern, source.name, at)
    check_target(wanted)
    if is_same(wanted, source):
        raise BadSettings(say("results.would-replace-file", source=str(source)))
    journal = journal_place(settings.journal)
    if isinstance(journal, Path) and is_same(wanted, journal):  # which nobody may open but its database
        raise BadSettings(say("results.would-replace-journal", journal=str(journal)))
    return wanted


_FIELDS = {"{name}": ".+", "{date}": r"\d{4}-\d\d-\d\d", "{time}": r"\d{4}"}


def _next(pattern: str, stem: str) -> str:
    """The name of the results of results: x.results.xlsx → x.results-2.xlsx → x.results-3.xlsx; empty for others."""
    ending = Path(pattern).suffix
    before = pattern.removesuffix(ending)
    if not before.endswith(".results"):  # without that word any file could be called so
        return ""
    parts = re.split(r"(\{(?:name|date|time)\})", before)
    wanted = "".join(_FIELDS.get(part) or re.escape(part) for part in parts)
    match = re.fullmatch(rf"({wanted})(?:-(\d+))?", stem)
    return f"{match[1]}-{int(match[2] or 1) + 1}{ending}" if match else ""


def _filled(pattern: str, name: str, at: float | None) -> str:
    """The name of results; texts are put in one step, as a file may be called {date}."""
    now = datetime.fromtimestamp(time.time() if at is None else at).astimezone()
    values = {"name": name, "date": f"{now:%Y-%m-%d}", "time": f"{now:%H%M}"}
    return re.sub(r"\{(name|date|time)\}", lambda field: values[field[1]], pattern)


def counted(groups: Sequence[Group]) -> dict[str, int]:
    """How many notes are public, private, drafts."""
    sizes = [(group.note, len(group.positions)) for group in groups]
    return {
        "public": sum(size for note, size in sizes if note.visibility is Visibility.PUBLIC),
        "private": sum(size for note, size in sizes if note.visibility is Visibility.PRIVATE),
        "drafts": sum(size for note, size in sizes if note.status is Status.DRAFT),
    }


def about_file(loaded: Loaded) -> list[tuple[str, str]]:
    """What a summary says of the file, and of how it was read."""
    sheet = loaded.sheet
    lines = [("File", writable(sheet.source)), ("Format", render(sheet.format))]
    if sheet.name is not None:
        lines.append(("Sheet", sheet.name))
    if sheet.encoding is not None:
        lines.append(("Encoding", sheet.encoding))
    lines.append(("Rows", f"{loaded.rows.in_sheet:,}"))
    lines += [("Good to know", render(remark)) for remark in (*sheet.remarks, *loaded.rows.remarks)]
    return lines


def how_understood(loaded: Loaded) -> list[tuple[str, str]]:
    """What a summary says of the columns, and of who may see the notes."""
    headings, columns_of = loaded.sheet.headings, loaded.roles.columns.items()
    listed = ", ".join(f"{role} {column_letter(at)} {columns.shown(headings[at]).text}" for role, at in columns_of)
    sizes = ", ".join(f"{size:,} {name}" for name, size in counted(loaded.plan.groups).items())
    return [("Columns", listed), ("Visibility", sizes)]


def how_read(settings: Settings) -> str:
    """A digest of the settings by which a file is read: by others its rows would be others."""
    how = [getattr(settings, found.attribute) for found in SETTINGS.values() if found.topic is Topic.FILE]
    return hashlib.sha256(repr(how).encode()).hexdigest()


def writable(name: str) -> str:
    """A file's name as it can be written down; what of it is no text, as on other systems' disks, becomes a ?."""
    return name.encode("utf-8", "replace").decode("utf-8")


def marked(loaded: Loaded) -> dict[int, Collection[int]]:
    """The cells to blame: row position → positions of columns."""
    email = loaded.roles.columns.get(Role.EMAIL)
    found: dict[int, Collection[int]] = {}
    if email is not None:
        found |= {position: {email} for position in loaded.rows.rejected}
    for position, problems in loaded.rows.problems.items():
        found[position] = {problem.column for problem in problems if problem.column is not None}
    return found
