"""Write the sheet *Summary*: the results of the run, the next steps, and the settings of the run. Count the reasons.

Input: a summary and the number of rows by result. Output: cells and a native chart; the number of rows by kind of
reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from importer.delivery.outcomes import Outcomes
from importer.messages import Message, Said, render, say
from importer.models import DELIVERED, Result, Rows
from importer.results.layout import ResultTable, Summary, encodable
from importer.settings import profiles
from importer.texts import TEXTS

_NAME = "Summary"


class Colours(NamedTuple):
    """The colours of a result: its text, its cell, the row's other cells (None leaves these white), and the chart."""

    ink: str
    fill: str
    row: str | None
    chart: str


COLOURS: Mapping[Result, Colours] = {
    Result.CREATED: Colours("#1B6B3A", "#DFF2E3", None, "#4BA36A"),
    Result.UPDATED: Colours("#1F4E79", "#DCE9F5", None, "#6FA0CE"),
    Result.DUPLICATE: Colours("#56626C", "#E9EDF0", None, "#AAB5BD"),
    Result.ALREADY_IMPORTED: Colours("#1F6F6B", "#DDF0EE", None, "#7CBDB6"),
    Result.REJECTED: Colours("#A3201A", "#FADCD9", "#FDF1F0", "#CC4B40"),
    Result.INVALID: Colours("#A3201A", "#FADCD9", "#FDF1F0", "#E58A7F"),
    Result.UNCONFIRMED: Colours("#845400", "#FDE9BF", "#FEF8EA", "#E3A21A"),
    Result.NOT_SENT: Colours("#845400", "#FEF3D9", None, "#F3CF7A"),
    Result.SKIPPED: Colours("#56626C", "#F4F6F7", None, "#D5DCE1"),
}


def write_summary(book: Workbook, table: ResultTable) -> None:
    """Add the sheet *Summary* about the rows' outcomes, with an explanation of our columns."""
    summary, counts = table.summary, table.outcomes.counts()
    sheet = book.add_worksheet(_NAME)
    sheet.set_tab_color("#44525F")
    sheet.hide_gridlines(2)
    for col, width in enumerate((2, 20, 12, 10, 66, 58)):
        sheet.set_column(col, col, width)
    title = book.add_format({"bold": True, "font_size": 18, "font_color": "#26323B"})
    lead = book.add_format({"font_size": 12, "font_color": "#56626C"})
    sheet.set_row(1, 28)
    sheet.write_string(1, 1, *_text(summary.title, title))
    sheet.write_string(2, 1, *_text(summary.headline, lead))
    row = _table(book, sheet, table.outcomes, 4, summary)
    row = _chart(book, sheet, counts, row + 1, summary.headline)
    row = _pairs(book, sheet, say("summary.run"), summary.lines, row + 1)
    columns: list[tuple[Said, Said | int]] = [
        (heading, say(f"column-of-results.{column.heading}"))
        for heading, column in table.ours.items()
        if not (summary.is_practice and column.heading == "request")  # there is neither a run nor a request
    ]
    _pairs(book, sheet, say("summary.columns"), columns, row + 1)


def headline(outcomes: Outcomes) -> Message:
    """Return a sentence with the number of rows by result."""
    counts = outcomes.counts()
    parts = [
        say("counts.more-visible", n=len(outcomes.visible)),
        say("counts.to-agree", n=outcomes.to_agree),
        say("counts.left-alone", n=len(outcomes.left)),
        say("counts.twins", n=len(outcomes.duplicates)),
        say("counts.missing", n=len(outcomes.missing)),
        say("counts.repeated", n=counts.get(Result.DUPLICATE, 0)),
        say("counts.to-correct", n=counts.get(Result.REJECTED, 0) + counts.get(Result.INVALID, 0)),
        say("counts.to-check", n=counts.get(Result.UNCONFIRMED, 0)),
        say("counts.not-sent", n=counts.get(Result.NOT_SENT, 0)),
        say("counts.no-data", n=counts.get(Result.SKIPPED, 0)),
    ]
    total = sum(counts.values()) - counts.get(Result.SKIPPED, 0)
    delivered = say("counts.delivered", delivered=sum(counts.get(result, 0) for result in DELIVERED), n=total)
    return say("counts", parts=(delivered, *(part for part in parts if ("n", 0) not in part.parts)))


def _table(book: Workbook, sheet: Worksheet, outcomes: Outcomes, row: int, summary: Summary) -> int:
    """Write the table of results with rows, share, meaning and next step; return the first free row."""
    line: dict[str, object] = {"bottom": 1, "bottom_color": "#D5DCE1", "valign": "vcenter"}
    head = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#44525F", "valign": "vcenter"}
    left, right = book.add_format(head), book.add_format({**head, "align": "right"})
    text = book.add_format({**line, "indent": 1})
    number, share = (book.add_format({**line, "num_format": number_format}) for number_format in ("#,##0", "0.0%"))
    bold = {**line, "bold": True, "bottom": 0}
    counts, to_fix = outcomes.counts(), outcomes.to_fix()
    total = sum(counts.values())
    sheet.set_row(row, 22)
    names = (
        ("Result", left),
        ("Rows", right),
        ("Share", right),
        ("  What it means", left),
        ("  What to do next", left),
    )
    for col, (name, cell_format) in enumerate(names, 1):
        sheet.write_string(row, col, name, cell_format)
    for result, count in counts.items():
        row += 1
        colours, meaning = COLOURS[result], summary.meanings[result]
        chip = book.add_format({**line, "bold": True, "indent": 1, "font_color": colours.ink, "bg_color": colours.fill})
        sheet.set_row(row, 20)
        sheet.write_string(row, 1, result.value, chip)
        sheet.write_number(row, 2, count, number)
        sheet.write_number(row, 3, count / total, share)
        is_marked = to_fix[outcomes.positions(result)].any()
        otherwise = say("result.see-to-fix") if is_marked else say("result.nothing-to-do")
        advice = render(say("series.sentence", why=meaning.next or otherwise))
        sheet.write_string(row, 4, *_text(say("series.sentence", why=meaning.means), text))
        sheet.write_string(row, 5, *_text(profiles.in_commands(advice, summary.profile), text))
    row += 1
    sheet.set_row(row, 20)
    sheet.write_string(row, 1, "all rows", book.add_format({**bold, "indent": 1}))
    sheet.write_number(row, 2, total, book.add_format({**bold, "num_format": "#,##0"}))
    return row + 1


def _chart(book: Workbook, sheet: Worksheet, counts: Mapping[Result, int], row: int, outcome: Message) -> int:
    """Insert a chart with a coloured bar for each result, described by ``outcome``; return the first free row."""
    if not counts:
        return row
    first, last = 5, 4 + len(counts)
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Rows",
            "categories": [_NAME, first, 1, last, 1],
            "values": [_NAME, first, 2, last, 2],
            "categories_data": [result.value for result in counts],  # for viewers that don't calculate cells
            "values_data": list(counts.values()),
            "points": [{"fill": {"color": COLOURS[result].chart}} for result in counts],
            "data_labels": {"value": True, "num_format": "#,##0"},
        }
    )
    chart.set_title({"name": "Rows by result"})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"visible": False, "min": 0, "major_gridlines": {"visible": False}})
    height = 90 + 34 * len(counts)
    chart.set_size({"width": 820, "height": height})
    sheet.insert_chart(row, 1, chart, {"description": render(outcome), "object_position": 2})
    return row + height // 20 + 2


def _pairs(book: Workbook, sheet: Worksheet, title: Message, pairs: Sequence[tuple[Said, Said | int]], row: int) -> int:
    """Write a heading and rows of label and value; return the first free row."""
    if not pairs:
        return row
    heading = book.add_format({"bold": True, "font_size": 13, "font_color": "#26323B"})
    label = book.add_format({"font_color": "#56626C", "valign": "top", "text_wrap": True})
    value = book.add_format({"num_format": "@", "valign": "top"})
    number = book.add_format({"num_format": "#,##0", "align": "left", "valign": "top"})
    sheet.write_string(row, 1, *_text(title, heading))
    for name, text in pairs:
        row += 1
        sheet.write_string(row, 1, *_text(name, label))
        if isinstance(text, int):
            sheet.write_number(row, 2, text, number)
        else:
            sheet.write_string(row, 2, *_text(text, value))
    return row + 2


def _text(text: Said, cell_format: Format) -> tuple[str, Format]:
    """Return a cell's text, cut to 2,000 characters, and its format."""
    return encodable([render(text)])[0][:2000], cell_format


def reasons(rows: Rows, outcomes: Outcomes, stopped: Message | None = None) -> dict[Result, Mapping[Message, int]]:
    """Return the number of rows by kind of reason, for each result that needs action; the most frequent first.

    These kinds hold no cell values, so that they may leave this computer. ``stopped`` is the kind of the run's end.
    """
    otherwise = {
        Result.REJECTED: say("why.refused"),
        Result.UNCONFIRMED: say("why.no-clear-answer"),
        Result.NOT_SENT: stopped or say("outcome.broke-off"),
    }
    counters = {result: _summaries(outcomes, result, other) for result, other in otherwise.items()}
    problems = (found[0].text.without_others() for found in rows.problems.values() if found)
    counters[Result.INVALID] = Counter(problems)
    return {result: dict(counter.most_common()) for result, counter in counters.items() if counter}


def _summaries(outcomes: Outcomes, result: Result, otherwise: Message) -> Counter[Message]:
    """Return the number of rows by summary of their reason, which has a text of its own for some kinds."""
    counts: Counter[Message] = Counter()
    for reason, rows in outcomes.reasons(result).items():
        kinds_of = [*reason.kinds()] if reason is not None else []
        names = (kind.replace(".", "-") for kind in kinds_of)
        summary = next((say(f"why.of-{name}") for name in names if f"why.of-{name}" in TEXTS), otherwise)
        counts[say("why.in-question") if any(kind.startswith("in-question.") for kind in kinds_of) else summary] += rows
    return counts
