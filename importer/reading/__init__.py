"""Read any spreadsheet as a sheet of text, exactly as the spreadsheet program shows it.

Input: a path, a URL or standard input, and the person's settings for the file (``Options``). Output: a ``Sheet``, or an
ImporterError that says what is wrong and what to do. ``read`` calls these modules in turn:

    opening    opens the file, bounds what is read, and computes its fingerprint
    detection  recognises the file type, and our results, by the content; opens zip packages and old containers
    workbook   .xlsx, with xls, opendocument and xmlsheet beside it, ``elements`` parses XML
    html       tables of a web page; ``text`` is for CSV and the like, with ``encodings`` guessed by ``spelling``
    cells      turns a workbook's cells into text, numbers by ``formats`` and ``numbers``
    book       the tables that the readers return; chooses the table and its header row
    sheet      writes the rows to the ``spool``; the result is a ``Sheet``
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from importer.errors import ImporterError, UnreadableFile
from importer.messages import Quoted, say
from importer.reading import detection
from importer.reading.book import Book, choose
from importer.reading.cells import Correction, Flaw, column_letter
from importer.reading.numbers import MONTHS, iso
from importer.reading.opening import IsHeader, IsLikely, KnownSheet, Limits, Options, opened
from importer.reading.sheet import Sheet, cell_name, spooled

__all__ = [
    "MONTHS",
    "Correction",
    "Flaw",
    "KnownSheet",
    "Limits",
    "Options",
    "Sheet",
    "cell_name",
    "column_letter",
    "iso",
    "read",
]

DEFAULTS = Options()


def read(
    path: str | Path,
    options: Options = DEFAULTS,
    *,
    is_header: IsHeader,
    is_likely: IsLikely = lambda *_: False,
) -> Sheet:
    """Read a whole spreadsheet once; "-" is standard input.

    ``is_header`` returns whether a row's texts are the headings that the import needs. It decides the header row, the
    sheet and a text file's delimiter. If no row qualifies, the row with the most filled cells becomes the header (the
    first such row), so that the caller can say what is missing. ``is_likely`` returns whether a sheet without the
    needed headings may be meant too, by its header and its first rows.

    Raises UnreadableFile if the file can't be read, and UnclearColumns if it is unclear which sheet is meant.
    """
    source = str(path)
    try:
        return _read(source, options, is_header, is_likely)
    except ImporterError as exc:
        if {source, repr(source)}.isdisjoint(exc.message.all()):  # the message doesn't name the file yet
            exc.message = say("labelled", label=source, text=exc.message)
        raise
    except MemoryError as exc:
        raise UnreadableFile(say("reading.no-memory", file=source)) from exc
    except OSError as exc:
        raise UnreadableFile(say("reading.not-to-its-end", file=source, error=str(exc))) from exc
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"[:200]
        raise UnreadableFile(say("reading.not-understood", file=source, reason=Quoted(reason))) from exc


def _read(name: str, options: Options, is_header: IsHeader, is_likely: IsLikely) -> Sheet:
    with opened(name, options, is_header, is_likely) as source:
        reader, content = detection.recognise(source)
        # Only this reader's module is loaded, because loading takes time.
        book: Book = import_module(f"importer.reading.{reader}").open_book(content)
        choice, remarks = choose(book, source)
        return spooled(source, book, choice, [*book.remarks, *remarks])
