"""Write the results as a workbook or a CSV file, under a name that no file has yet.

Input: a path, a sheet, and its outcomes. Output: :class:`Written`. No existing file is replaced. Others may use the
folder, so a name is taken exclusively, and no link at it is followed. Spreadsheet programs open our CSV correctly and
run no formula in it: it is UTF-8 with a byte order mark (Excel needs it to detect UTF-8), with commas and CRLF, and its
texts are protected against formulas by :func:`protected`.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from importer import files, storage
from importer.delivery.outcomes import Outcomes
from importer.errors import BadSettings, ImporterError, ResultsNotWritten, UnreadableFile
from importer.files import Draft
from importer.messages import Message, say, words
from importer.reading import Sheet
from importer.results.layout import ResultTable, Summary, encodable
from importer.results.workbook import MOST_COLUMNS, MOST_ROWS, write_workbook
from importer.resultsfile import ResultColumn
from importer.settings import Settings
from importer.settings.address import journal_place
from importer.storage import Url, place

_KINDS = (".xlsx", ".csv")
_OF_RESULTS = re.compile(r"(\.\d{4}-\d\d-\d\d)?\.results( \(\d+\))?$")
"""End of the stem of a results file; the results of results have the same name, with the next number."""

# Signs after which some program begins a cell. In many countries Excel splits our lines at semicolons, and ignores
# quotation marks that aren't beside its own separators.
_BORDER = r'[,;|"\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]'
# Characters that programs ignore at a cell's beginning; none of them is a border.
_PASSED_OVER = r"[ \x00-\x08\x0e-\x1b\x1f\xa0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]*"
# A formula begins with one of these signs: OWASP's list (CSV injection), with their wide and small forms.
_SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
_SIGN = f"[{re.escape(_SIGNS)}]"
_START = re.compile(rf"'*(?:{_PASSED_OVER}[\t\r\n]'*)*{_PASSED_OVER}{_SIGN}")
_INSIDE = re.compile(rf"{_BORDER}(?='*{_PASSED_OVER}{_SIGN})")
_INSIDE_MARKED = re.compile(rf"({_BORDER})'(?='*{_PASSED_OVER}{_SIGN})")
_NUMBER = re.compile(r"'*[+-](\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


def target_of(path: str | Path, settings: Settings, at: float | None = None) -> Path:
    """Return the path for the results: the one in the settings, or one beside the input.

    Raises:
        BadSettings: results can't be written there, or the path is the journal's.
        UnreadableFile: the folder of the input, where the results would go, doesn't exist.
    """
    source = Path("standard input.csv") if str(path) == "-" else place(path)
    target = settings.results or "{name}.results.xlsx"
    if isinstance(target, str):
        if not isinstance(source, Url) and not os.path.lexists(source.parent):
            raise UnreadableFile(say("files.none", file=str(source)))
        now = datetime.fromtimestamp(time.time() if at is None else at, UTC).astimezone()
        values = {"name": _OF_RESULTS.sub("", source.stem), "date": f"{now:%Y-%m-%d}", "time": f"{now:%H%M}"}
        target = source.parent / re.sub(r"\{(name|date|time)\}", lambda field: values[field[1]], target)
    _check_target(target)
    journal = journal_place(settings.journal)
    if isinstance(journal, Path) and os.path.realpath(target) == os.path.realpath(journal):  # only SQLite may open it
        raise BadSettings(say("target.is-journal", journal=str(journal)))
    return target


def _check_target(path: Path) -> None:
    _check_kind(path)
    if isinstance(path, Url):
        storage.check_folder(path.parent)
        return
    try:
        place = path.resolve()
        folder_exists, is_folder = place.parent.is_dir(), place.is_dir()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # raises for circular links; before Python 3.13, the lines above do
    except (OSError, RuntimeError, ValueError) as error:  # circular links, or an invalid name
        raise BadSettings(say("target.impossible", path=str(path), error=files.why(error))) from error
    if is_folder:
        raise BadSettings(say("target.is-folder", path=str(path)))
    if not folder_exists:
        raise BadSettings(say("target.no-folder", path=str(path), folder=str(path.parent)))


def _check_kind(path: Path) -> None:
    if path.suffix.lower() not in _KINDS:
        raise BadSettings(say("target.other-kind", file=repr(path.name)))


def write(
    target: Path,
    sheet: Sheet,
    outcomes: Outcomes,
    summary: Summary,
    *,
    source: Path | None = None,
    ours: Mapping[str, int] | None = None,
    marked: Mapping[int, Collection[int]] | None = None,
) -> Written:
    """Write every row once, in order, with its outcome. The path never holds an incomplete file.

    The suffix of ``target``, a path or URL, decides the format. The new file is readable by no more users than
    ``source``, the imported file. ``ours`` is heading → position of our columns in an earlier results file (see
    :class:`ResultTable`). ``marked`` has the cells with problems: row position → positions of columns.

    Raises:
        BadSettings: the name doesn't end in ``.xlsx`` or ``.csv``.
        ResultsNotWritten: the file can't be written to any folder.
    """
    _check_kind(target)  # not the folder: if it was deleted since that was checked, another folder is used
    table = ResultTable(sheet, outcomes, summary, ours or {}, marked or {})
    remarks: list[Message] = []
    as_csv, width = target.suffix.lower() == ".csv", len(table.theirs) + len(table.ours)
    if not as_csv and (sheet.row_count > MOST_ROWS or width > MOST_COLUMNS):
        as_csv, target = True, target.with_suffix(".csv")
        sizes = {"columns": width, "most_rows": MOST_ROWS, "most_columns": MOST_COLUMNS}
        remarks.append(say("written.too-large", n=sheet.row_count, **sizes))
    cut = 0

    def as_text(draft: Draft) -> None:
        _write_csv(draft.file, table)

    def as_workbook(draft: Draft) -> None:
        nonlocal cut
        cut = write_workbook(draft, table)

    written = save(target, as_text, source) if as_csv else _save_somehow(target, as_workbook, as_text, source)
    if cut and written.path.suffix.lower() != ".csv":
        remarks.append(say("written.cut", n=cut))
    if written.remark:
        remarks.insert(0, written.remark)
    return replace(written, remark=say("written.remarks", remarks=tuple(remarks)) if remarks else None)


def _save_somehow(
    target: Path, as_workbook: Callable[[Draft], None], as_text: Callable[[Draft], None], source: Path | None
) -> Written:
    """Save a workbook, or CSV if this fails for any reason, because the results prove the deliveries."""
    try:
        return save(target, as_workbook, source)
    except Exception as error:  # noqa: BLE001 - it is raised again unless CSV helps
        try:
            written = save(target.with_suffix(".csv"), as_text, source)
        except Exception:  # noqa: BLE001 - the first failure is reported
            raise error from error.__cause__
        remark = say("written.no-workbook", why=_why(error))
        if written.remark is not None:
            remark = say("written.remarks", remarks=(remark, written.remark))
        return replace(written, remark=remark)


def _why(error: Exception) -> Message:
    cause = error.__cause__
    return files.why(cause) if isinstance(cause, OSError) else words(f"{type(error).__name__}: {error}")


def _write_csv(file: BinaryIO, table: ResultTable) -> None:
    file.write(codecs.BOM_UTF8 + _encoded([protected_all(encodable([*table.theirs.values(), *table.ours]))]))
    for block in table.blocks():
        ours = (_cells(column, values) for column, values in zip(table.ours.values(), block.ours, strict=True))
        file.write(_encoded(zip(*map(protected_all, block.theirs), *ours, strict=True)))


def protected(text: str) -> str:
    """Return the text with apostrophes before ``=``, ``+``, ``-``, ``@``, …, so that no program runs it as a formula.

    The apostrophes are added at the beginning, and wherever a program may begin a new cell. A text that is only a
    number (``-5``, ``+49``) stays unchanged. The inverse is :func:`unprotected`.
    """
    if _START.match(text) is None:
        return _INSIDE.sub(r"\g<0>'", text)
    return text if _NUMBER.fullmatch(text) else "'" + _INSIDE.sub(r"\g<0>'", text)


def protected_all(texts: Sequence[str]) -> Sequence[str]:
    """Return many texts, each :func:`protected`; fast if no text needs this, or if few texts are repeated often."""
    whole_text = "".join(texts)
    if not any(sign in whole_text for sign in _SIGNS + "'"):
        return texts
    protected_texts = {text: protected(text) for text in set(texts)}
    return [protected_texts[text] for text in texts]


def unprotected(text: str) -> str:
    """Return the text that :func:`protected` was given; other texts stay unchanged."""
    if "'" not in text:
        return text
    if text.startswith("'") and _START.match(text, 1) is not None:
        return text if _NUMBER.fullmatch(text) else _INSIDE_MARKED.sub(r"\1", text[1:])
    return _INSIDE_MARKED.sub(r"\1", text)


def _cells(column: ResultColumn, values: Sequence[Any]) -> Sequence[Any]:
    if column.cells == "time":
        return ["" if math.isnan(seconds) else _local(int(seconds)) for seconds in values]
    return values if column.cells == "number" else protected_all(values)


@lru_cache(maxsize=4096)
def _local(seconds: int) -> str:
    """Return seconds since 1970 as ISO 8601 in local time, with its offset."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat()


def _encoded(lines: Iterable[Iterable[object]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


@dataclass(frozen=True)
class Written:
    """A file that was saved at a path or URL.

    ``remark`` says why it has another form or place than wanted.
    """

    path: Path
    remark: Message | None = None


def save(target: Path, fill: Callable[[Draft], object], source: Path | None = None) -> Written:
    """Save a new file at ``target``, or as near to it as possible; raise ResultsNotWritten if no folder takes it.

    If the name is taken, the file gets the next free numbered name. If the folder can't be written, the current folder,
    the home folder and the system's temporary folder are tried. ``fill`` may be called more than once. The new file is
    readable by no more users than ``source``, from which it is made.
    """
    if isinstance(target, Url):
        return _put(target, fill, source)
    wanted = target.parent.resolve()
    failures: list[tuple[Path, Message]] = []
    last_error: OSError | None = None
    for folder in _folders(wanted):
        try:
            with files.draft(folder / target.name) as draft:
                fill(draft)
                _finish(draft, wanted, source)
                path = files.at_free_name(folder / target.name, draft.put_new)
        except OSError as error:
            failures.append((folder, files.why(error)))
            last_error = error.with_traceback(None)
            continue
        if folder == wanted:
            return _written(target, target.with_name(path.name))
        why_not = failures[0][1]
        return Written(path, say("written.elsewhere", folder=str(target.parent), why=why_not, file=str(path)))
    listed = tuple(say("labelled", label=str(folder), text=why_not) for folder, why_not in failures)
    raise ResultsNotWritten(say("written.nowhere", file=target.name, troubles=listed)) from last_error


def _written(wanted: Path, path: Path) -> Written:
    return Written(path, None if path == wanted else say("written.beside", taken=wanted.name, file=path.name))


def _put(target: Url, fill: Callable[[Draft], object], source: Path | None) -> Written:
    """Write a file in a private temporary folder and upload it. If this fails, save it in the current folder."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder,
            files.draft(Path(folder) / f"results{target.suffix}") as draft,
        ):
            fill(draft)
            draft.finish(files.OWNER_ONLY)
            url = next(url for url in files.numbered(target) if storage.version(url) is None)
            draft.file.seek(0)
            storage.put(draft.file.read(), url)
            return _written(target, url)
    except (OSError, ImporterError) as error:
        kept = save(here(target), fill, source)
        about = {"file": target.name, "folder": str(target.parent), "here": str(kept.path)}
        return Written(kept.path, say("written.owed", **about, why=files.why(error)))


def here(url: Url) -> Path:
    """Return a file's path in the current folder, without parts that Windows takes for folders, a drive or a stream."""
    return Path.cwd() / (re.split(r"[\\:]", url.name)[-1].strip(". ") or "file")


def _folders(wanted: Path) -> list[Path]:
    folders = [wanted]
    for locate in (Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RuntimeError):  # the folder was deleted, or the user has no home folder
            folders.append(locate().resolve())
    return list(dict.fromkeys(folders))


def _finish(draft: Draft, wanted: Path, source: Path | None) -> None:
    """Finish the file with no more access rights than its source and the umask allow."""
    rights = files.USUAL if draft.folder == wanted else files.OWNER_ONLY  # others may have access to that folder
    bound = None
    if source is not None:
        try:
            bound = Path(source).stat()
        except OSError:  # standard input, a URL, or the source was deleted
            rights = files.OWNER_ONLY
    draft.finish(rights, bound)
