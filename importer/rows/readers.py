"""Read block by block the columns from which a template composes the text of each note.

Input: blocks of a sheet. Output: a code for each row, by which rows with equal values are found quickly; the content of
each row's note as earlier templates of this kind of sheet composed it. Nothing is composed before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from importer.markup import ContentKind, content_of, is_html
from importer.models import Ints
from importer.reading import Sheet
from importer.rows.blocks import Block, ColumnReader
from importer.rows.columns import named
from importer.rows.composing import Composition, composition
from importer.rows.dates import FieldDates
from importer.rows.values import Wrong, has_control, read_content, read_field
from importer.settings import Settings
from importer.settings.kinds import DateOrder
from importer.settings.reading import Form, own_columns


class ComposedReader(ColumnReader):
    """Reader of the columns of a template. Each distinct text that they make is represented by a code.

    ``kinds`` has the format of the text of each code, ``uncomposed`` the cell's own text, empty if that is not valid.
    Unless it ``reads_dates``, they stay as they are in the cells.
    """

    def __init__(self, composition: Composition, settings: Settings, *, reads_dates: bool = True) -> None:
        *others, text = composition.columns
        super().__init__(text, read_content, has_control)
        self.kinds: list[ContentKind] = []
        self.uncomposed: list[str] = []
        self.dates = FieldDates(settings.dates)
        self._kind, self._template = settings.content, composition.template
        read = self.dates.read if reads_dates else read_field
        self._others = [ColumnReader(position, partial(read, position)) for position in others]
        self._texts: dict[str, tuple[str | Wrong, bool]] = {}

    def codes(self, block: Block) -> Ints:
        """Return the code of each row's text: an index into ``values``."""
        fields = [[reader.values[code] for code in reader.codes(block).tolist()] for reader in self._others]
        composed = self._template.composed
        codes = []
        for text, *values in zip(block.column(self.position), *fields, strict=True):
            content, as_html = self._texts.get(text) or self._first(text)
            made = content
            if not isinstance(content, Wrong):
                wrong = None
                for value in values:
                    if isinstance(value, Wrong):
                        wrong = wrong or value
                made = wrong or composed(values, content, as_html=as_html)
            code = self._code(made)
            if code == len(self.kinds):
                self.kinds.append(ContentKind.HTML if as_html else ContentKind.TEXT)
                self.uncomposed.append("" if isinstance(content, Wrong) else content)
            codes.append(code)
        self._count_cleaned(block)
        return np.array(codes, dtype=np.int32)

    def _first(self, text: str) -> tuple[str | Wrong, bool]:
        """Read a text that has not occurred yet; return it, and whether it is HTML."""
        content = read_content(text)
        is_markup = isinstance(content, str) and is_html(content)
        as_html = self._kind is ContentKind.HTML or (self._kind is ContentKind.AUTO and is_markup)
        if has_control(text):
            self._unclean.add(text)
        self._texts[text] = content, as_html
        return content, as_html


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
