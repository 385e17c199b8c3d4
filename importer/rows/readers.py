"""Read the columns from which a template composes the text of notes, and write the dates in them in ISO form.

Input: blocks of a sheet, and the order of day and month. Output: a code for each row, by which rows with equal values
are found quickly, or the question which order is meant. ``2026/1/5`` and ``5.1.2026`` read the same everywhere;
``11/1/2026`` doesn't. Only a person's answer, or a date such as ``11/13/2026`` in the same sheet, decides its order.
Otherwise nothing may be sent: another order makes other notes of the same history.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from importer.markup import content_of, is_html, with_breaks
from importer.messages import Cell, Message, day, say
from importer.models import ContentKind, Ints, PossibleAnswer, Question, Role
from importer.reading import MONTHS, Sheet, iso
from importer.resultsfile import own_columns
from importer.rows.columns import in_words, named
from importer.rows.composing import Composition, composition
from importer.rows.values import Block, ColumnReader, Wrong, quoted, read_content, read_field
from importer.settings import Settings
from importer.settings.kinds import DateOrder
from importer.settings.reading import Form

_TIME = (
    r"(?:[T,]?\s?(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\.\d+)?"
    r"(?:\s?(?P<half>[AP])\.?M\.?)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS)
_CLEAR = tuple(re.compile(form + _TIME, re.IGNORECASE) for form in (
    r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign)(?P<day>\d\d?)",
    r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4}|(?<=\d\d\.\d\d\.)\d\d)",  # 1.2.10 may be a version
    rf"(?P<day>\d\d?)(?:[- ]|\. ?)(?P<month>{_MONTH})[- ](?P<year>\d{{4}}|\d\d)",
))  # fmt: skip
"""Forms of dates that read the same in every country. Workbooks show months by their English names."""
_EITHER = re.compile(
    r"(?P<first>\d\d?)(?P<sign>[-/])(?P<second_part>\d\d?)(?P=sign)(?P<year>\d{4}|\d\d)" + _TIME, re.IGNORECASE
)
_LONG_YEAR = re.compile(r"\d\d?[-/]\d\d?[-/]\d{4}")
_LAST_SHORT_YEAR = 68  # as in POSIX; later ones would be of the last century
_FIRST_YEAR = 1000  # programs write 1/1/0001 if there is no date
_ORDERS = (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)


def as_iso(text: str) -> str:
    """Return a date as ISO 8601 writes it if it reads the same in every country; other texts are unchanged."""
    match = next(filter(None, (form.fullmatch(text) for form in _CLEAR)), None) if text[:1].isdecimal() else None
    return text if match is None else _iso(match, *match.group("year", "month", "day")) or text


def readings(text: str) -> dict[DateOrder, str]:
    """Return the ISO dates that a text such as 11/1/2026 may stand for; empty if it isn't a date like that."""
    match = _EITHER.fullmatch(text) if text[:1].isdecimal() else None
    if match is None:
        return {}
    first, second, year = match.group("first", "second_part", "year")
    found = {
        DateOrder.DAY_FIRST: _iso(match, year, second, first),
        DateOrder.MONTH_FIRST: _iso(match, year, first, second),
    }
    return {order: moment for order, moment in found.items() if moment}


def _iso(match: re.Match[str], year: str, month: str, day: str) -> str:
    """Return a date and a time other than 00:00 in ISO form; empty if there is no such date, or no certain century."""
    hour, minute, second, half, zone = match.group("hour", "minute", "second", "half", "zone")
    years, hours = int(year), int(hour or 0)
    months = next((i for i, name in enumerate(MONTHS, 1) if name.startswith(month.capitalize())), 0) or int(month)
    if len(year) == 2:
        years = 2000 + years if years <= _LAST_SHORT_YEAR else 0
    if years < _FIRST_YEAR or (half and hours > 12):
        return ""
    if half:
        hours = hours % 12 + (12 if half in "pP" else 0)
    try:
        moment = datetime(years, months, int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return ""
    shown = iso(moment)
    return shown if zone is None or " " not in shown else f"{shown} {'UTC' if zone in 'Zz' else zone}"


class _Example(NamedTuple):
    """A date in a sheet: its column, its text, and its readings by the order of day and month."""

    column: int
    text: str
    readings: Mapping[DateOrder, str]


class FieldDates:
    """Reader of the fields that a template puts before the text of notes, and of the dates in them."""

    def __init__(self, order: DateOrder | None) -> None:
        self._order = order
        self._open: _Example | None = None  # the first date with two readings
        self._only: dict[DateOrder, _Example] = {}  # order → the first date that has no other reading
        self._is_proven = False  # whether the year of such a date is certain; 26/11/01 may begin with it

    def read(self, column: int, text: str) -> str | Wrong:
        """Return a field's value, with a date in ISO form, or why it is not valid."""
        value = read_field(column, text)
        if isinstance(value, Wrong) or not value[:1].isdecimal():
            return value
        found = self.look(column, value)
        if not found:
            return as_iso(value)
        if self._order is DateOrder.AS_TEXT:
            return value
        if len(found) == 2 and len({*found.values()}) == 1:  # 5/5/2026
            return found[DateOrder.DAY_FIRST]
        if self._order is None:
            return value  # nothing is sent before the question is answered
        if self._order in found:
            return found[self._order]
        return Wrong(say("dates.wrong", value=Cell(quoted(value)), order=_named(self._order)), column=column)

    def look(self, column: int, text: str) -> Mapping[DateOrder, str]:
        """Take note of a date, and return its readings."""
        found = readings(text)
        if len(found) == 1:
            [order] = found
            self._only.setdefault(order, _Example(column, text, found))
            self._is_proven = self._is_proven or _LONG_YEAR.match(text) is not None
        elif self._open is None and len({*found.values()}) == 2:
            self._open = _Example(column, text, found)
        return found

    @property
    def proven(self) -> DateOrder | None:
        """Order that the dates prove: some have no other reading, and none has only the other one."""
        return next(iter(self._only)) if self._is_proven and len(self._only) == 1 else None

    def questions(self, headings: Sequence[str]) -> list[Question]:
        """Return the question which order is meant, unless it is decided and no date contradicts it."""
        orders = [order for order in _ORDERS if order is not self._order]
        is_contradicted = len(orders) == 1 and orders[0] in self._only and self._order not in self._only
        shown = self._only[orders[0]] if is_contradicted else self._open or next(iter(self._only.values()), None)
        if shown is None or not (self._order is None or is_contradicted):
            return []
        choices = []
        for order in orders:
            example = shown if order in shown.readings else self._only.get(order)
            if example is not None:
                on = day(date.fromisoformat(example.readings[order][:10]))
                meaning = say("dates.is", order=_named(order), date=Cell(example.text), meaning=on)
                choices.append(PossibleAnswer("dates", order.value, meaning))
        choices.append(PossibleAnswer("dates", DateOrder.AS_TEXT.value, _named(DateOrder.AS_TEXT)))
        found = tuple(Cell(example.text) for example in self._only.values()) if len(self._only) == 2 else None
        column, dates = in_words(headings, shown.column), found or (Cell(shown.text),)
        asks = say("dates.which", column=column, dates=dates)
        if is_contradicted and self._order is not None:
            asks = say("dates.contradicted", column=column, date=Cell(shown.text), order=_named(self._order))
        return [Question(asks, choices, shown.column, [Role.CONTENT], [shown.text])]

    def remarks(self) -> list[Message]:
        """Return how the dates are read."""
        order = self._order
        example = None if order in (None, DateOrder.AS_TEXT) else self._open or self._only.get(order)
        if example is None or order is None:
            return []
        return [say("dates.read", order=_named(order), date=Cell(example.text), iso=Cell(example.readings[order]))]


def proven(sheet: Sheet, composition: Composition) -> DateOrder | None:
    """Return the order of day and month that the dates in a template's columns prove, if they do."""
    dates = FieldDates(None)
    for _, cells in sheet.columns():
        for column in composition.columns[:-1]:
            for text in {*cells[column]}:
                dates.look(column, text.strip())
    return dates.proven


def _named(order: DateOrder) -> Message:
    return say(f"dates.order.{order.value}")


class ComposedReader(ColumnReader):
    """Reader of the columns of a template. Each distinct text that they make is represented by a code.

    ``kinds`` has the format of the text of each code, ``uncomposed`` the cell's own text, empty if that is not valid.
    """

    def __init__(self, composition: Composition, settings: Settings) -> None:
        *others, text = composition.columns
        super().__init__(text, read_content)
        self.kinds: list[ContentKind] = []
        self.uncomposed: list[str] = []
        self.dates = FieldDates(settings.dates)
        self._kind, self._template = settings.content, composition.template
        self._others = [ColumnReader(position, partial(self.dates.read, position)) for position in others]
        self._texts: dict[str, tuple[str | Wrong, bool]] = {}
        self.texts = self._texts.keys()

    def codes(self, block: Block) -> Ints:
        """Return the code of each row's text: an index into ``values``."""
        fields = [[reader.values[code] for code in reader.codes(block).tolist()] for reader in self._others]
        composed = self._template.composed
        codes = []
        for text, *values in zip(block.column(self.position), *fields, strict=True):
            content, as_html = self._texts.get(text) or self._first(text)
            made = content
            if not isinstance(content, Wrong):
                wrong = next((value for value in values if isinstance(value, Wrong)), None)
                made = wrong or composed(values, content, as_html=as_html)
            code = self._code(made)
            if code == len(self.kinds):
                self.kinds.append(ContentKind.HTML if as_html else ContentKind.TEXT)
                self.uncomposed.append("" if isinstance(content, Wrong) else content)
            codes.append(code)
        return np.array(codes, dtype=np.int32)

    def _first(self, text: str) -> tuple[str | Wrong, bool]:
        """Read a text that has not occurred yet; return it, and whether it is HTML."""
        content, as_html = read_content(text), self._kind is ContentKind.HTML
        if self._kind is ContentKind.AUTO and isinstance(content, str) and is_html(content):
            content, as_html = with_breaks(content), True
        self._texts[text] = content, as_html
        return content, as_html


def earlier_texts(sheet: Sheet, forms: Sequence[Form], settings: Settings) -> dict[Form, Callable[[], Sequence[str]]]:
    """Return form → function that returns the contents of the rows' notes, for forms whose template fits the sheet."""
    free, found = own_columns(sheet.headings), dict[Form, Callable[[], Sequence[str]]]()
    for template, order in forms:
        composed = composition(template, lambda name: named(name, sheet.headings, free))
        if isinstance(composed, Composition):
            dates = DateOrder(order) if order else None
            found[template, order] = cache(partial(_contents, sheet, composed, replace(settings, dates=dates)))
    return found


def _contents(sheet: Sheet, composed: Composition, settings: Settings) -> list[str]:
    reader = ComposedReader(composed, settings)
    codes = [code for block in sheet.columns() for code in reader.codes(Block(*block)).tolist()]
    texts = [
        content_of(value, kind) if isinstance(value, str) else ""
        for value, kind in zip(reader.values, reader.kinds, strict=True)
    ]
    return [texts[code] for code in codes]
