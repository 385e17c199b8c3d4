"""Compose the texts of a sheet as earlier templates of its kind did, to find what was sent with them.

Input: a sheet, the roles of its columns, and templates. Output: for each template that fits the sheet, the content of
each row's note. Nothing is composed before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from importer.markup import content_of
from importer.reading import Sheet
from importer.rows.blocks import Block
from importer.rows.composing import Composition, composition
from importer.rows.headings import named
from importer.rows.readers import ComposedReader
from importer.settings import Settings
from importer.settings.kinds import DateOrder
from importer.settings.reading import Form, own_columns


def earlier_texts(sheet: Sheet, forms: Sequence[Form], settings: Settings) -> dict[Form, Callable[[int], str]]:
    """Return form → function that returns the content of a row's note, for forms whose template fits the sheet."""
    free, found = own_columns(sheet.headings), dict[Form, Callable[[int], str]]()
    for template, order in forms:
        composed = composition(template, lambda name: named(name, sheet.headings, free))
        if isinstance(composed, Composition):
            dates = DateOrder(order) if order else None
            found[template, order] = _content(sheet, composed, replace(settings, dates=dates))
    return found


def _content(sheet: Sheet, composed: Composition, settings: Settings) -> Callable[[int], str]:
    read = cache(lambda: _read(sheet, ComposedReader(composed, settings)))
    return lambda row: read()[row]


def _read(sheet: Sheet, reader: ComposedReader) -> list[str]:
    codes = [code for block in sheet.columns() for code in reader.codes(Block(*block)).tolist()]
    texts = [
        content_of(value, kind) if isinstance(value, str) else ""
        for value, kind in zip(reader.values, reader.kinds, strict=True)
    ]
    return [texts[code] for code in codes]
