"""Excel's binary workbooks (.xls, .xlsb): bytes in, rows of text out, through calamine.

calamine knows neither error values nor how a number is shown: a date becomes ISO, another number its plain digits. It
also allocates the whole rectangle between the first and the last cell, so the extent of an .xlsb is looked at first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import python_calamine

from importer.errors import UnreadableFile
from importer.reading.book import Table
from importer.reading.formats import general, iso
from importer.reading.limits import Clock, Limits
from importer.reading.package import DAMAGED
from importer.reading.sheet import Found, Rows, letters

Extents = Callable[[str, Found], None]


def open_binary(file: IO[bytes], limits: Limits, clock: Clock, look: Extents | None = None) -> tuple[Table, ...]:
    """The sheets of a workbook. ``look`` is called with a sheet's name before calamine reads it, and may refuse it."""
    file.seek(0)
    with _calamine():
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]

    def table(name: str, *, hidden: bool) -> Table:
        return Table(name, hidden, lambda found: _rows(workbook, name, found, limits, clock, look))

    return tuple(
        table(sheet.name, hidden=sheet.visible != python_calamine.SheetVisibleEnum.Visible) for sheet in sheets
    )


def _rows(
    workbook: Any,
    name: str,
    found: Found,
    limits: Limits,
    clock: Clock,
    look: Extents | None,
) -> Rows:
    if look:
        look(name, found)
    with _calamine():
        sheet = workbook.get_sheet_by_name(name)
        start = sheet.start
        if start is None:
            return
        if start[1] + sheet.width > limits.columns:
            where = f'The sheet "{name}" uses column {letters(start[1] + sheet.width - 1)}'
            raise limits.refuse("columns", where)
        found.merged.extend((a[0] + 1, a[1], b[0] + 1, b[1]) for a, b in sheet.merged_cell_ranges or ())
        before = [""] * start[1]
        rows = sheet.iter_rows()
    # iter_rows starts at row 1 whatever the first cell's row, but at the first cell's column
    number = 0
    while True:
        with _calamine():
            values = next(rows, None)
        if values is None:
            return
        number += 1
        if not number % 10_000:
            clock.check()
        yield number, before + [_shown(value) for value in values]


@contextmanager
def _calamine() -> Iterator[None]:
    """Translate whatever calamine raises; a panic of its Rust code derives from BaseException."""
    try:
        yield
    except python_calamine.PasswordError as exc:
        raise UnreadableFile(
            "The workbook is locked with a password. Open it, remove the password, save it and import it again."
        ) from exc
    except UnreadableFile:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as exc:
        raise UnreadableFile(
            f"The workbook is damaged or of a kind that can't be read ({_reason(exc)}). {DAMAGED}"
        ) from exc


def _reason(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200] or type(exc).__name__


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return general(repr(value))
    if isinstance(value, dt.datetime):
        return iso(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.strftime("%H:%M:%S" if value.second else "%H:%M")
    if isinstance(value, dt.timedelta):
        whole = round(value.total_seconds())
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return str(value)
