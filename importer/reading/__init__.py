"""Reading: any spreadsheet in, a sheet of text exactly as the spreadsheet program shows it out.

``read`` tells the story; each kind of file has a module that turns it into tables of rows (``book.Table``):

    opening ─▶ kinds ─▶ workbook | xlsb | binary | opendocument | xmlsheet | html | text ─▶ choice ─▶ gathering ─▶ sheet

Whatever the file is, the outcome is a ``Sheet``, or an ImporterError that says what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from importer.errors import ImporterError, UnreadableFile
from importer.reading import binary, html, kinds, opendocument, text, workbook, xlsb, xmlsheet
from importer.reading.book import Book
from importer.reading.choice import choose
from importer.reading.gathering import gather
from importer.reading.kinds import Kind
from importer.reading.limits import Clock, Limits
from importer.reading.opening import opened
from importer.reading.package import Package
from importer.reading.sheet import Flaw, Sheet, cell_name, column_letter

__all__ = ["Flaw", "Limits", "Options", "Sheet", "cell_name", "column_letter", "read"]

IsHeader = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Options:
    """What a person may say about a file instead of leaving it to be found out.

    Attributes:
        sheet: the worksheet's name, whatever its case.
        header_row: the header's row number, from 1.
        encoding: how a text file's characters are encoded.
        delimiter: what separates a text file's columns: one character, or its name (tab, comma, semicolon, pipe).
        limits: how much is read at most.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    limits: Limits = field(default_factory=Limits)


DEFAULTS = Options()


def read(
    path: str | Path, options: Options = DEFAULTS, *, is_header: IsHeader, is_copy: IsHeader = lambda _: False
) -> Sheet:
    """Read a spreadsheet whole, once; "-" is standard input.

    ``is_header`` says whether a row's texts are the headings that the import needs: it picks the header row, the sheet
    and a text file's delimiter. Where no row qualifies, the first of the fullest rows is taken for the header, so that
    the caller can say what is missing. ``is_copy`` says whether a header is that of a sheet whose rows stand on
    another sheet of the workbook as well; such a sheet is taken only by its name.

    Raises UnreadableFile for a file that can't be read, and UnclearColumns where it is open which sheet is meant.
    """
    source = str(path)
    try:
        return _read(source, options, is_header, is_copy)
    except ImporterError as exc:
        if source in str(exc):
            raise
        raise type(exc)(f"{source}: {exc}") from exc
    except MemoryError as exc:
        raise UnreadableFile(f"{source} needs more memory than there is. Split it, or save it as CSV.") from exc
    except RecursionError as exc:
        raise UnreadableFile(f"{source} is nested deeper than any real spreadsheet. Save it again as .xlsx.") from exc
    except OSError as exc:
        raise UnreadableFile(
            f"{source} can't be read to its end ({exc}). Check that the disk isn't full and that "
            "the file's drive stays connected."
        ) from exc
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"[:200]
        raise UnreadableFile(
            f"{source} is damaged or made in a way that isn't understood ({reason}). Open it in a spreadsheet program, "
            "save it as .xlsx and import that."
        ) from exc


def _read(source: str, options: Options, is_header: IsHeader, is_copy: IsHeader) -> Sheet:
    clock = Clock(options.limits)
    with opened(source, options.limits, clock) as (file, fingerprint):
        kind, book = _open_book(file, source, options, is_header, clock)
        choice = choose(book, source, options.sheet, options.header_row, is_header, is_copy)
        renamed = kinds.other_than_named(kind, source)
        remarks = [*([renamed] if renamed else []), *book.remarks, *choice.remarks]
        return gather(source, book, choice, remarks, fingerprint, options.limits, clock)


def _open_book(file: IO[bytes], source: str, options: Options, is_header: IsHeader, clock: Clock) -> tuple[Kind, Book]:
    """Hand the file to the reader of its kind."""
    limits = options.limits
    kind = kinds.recognise(file, source, encoded=options.encoding is not None)
    if kind is Kind.CSV:
        return kind, text.open_text(file, options.encoding, options.delimiter, is_header, limits, clock)
    if kind is Kind.HTML:
        return kind, html.open_html(file, options.encoding, source, is_header, limits, clock)
    if kind is Kind.XML:
        return kind, Book(kind.value, xmlsheet.open_xml(file, limits, clock))
    if kind is Kind.XLS:
        return kind, Book(kind.value, binary.tables(kinds.stream(file, source), limits, clock))
    package = Package(file, limits, clock)
    kind = kinds.in_package(package, source)
    if kind is Kind.ODS:
        return kind, Book(kind.value, opendocument.open_document(package))
    if kind is Kind.XLSB:
        return kind, xlsb.open_workbook(package, kind.value)
    return kind, workbook.open_workbook(package, kind.value)
