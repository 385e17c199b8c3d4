"""What each result is called, looks like, and asks of the reader.

Comes in: a :class:`~importer.models.Result`. Goes out: words and colours, the same on every sheet and in the chart.
"""

from __future__ import annotations

from dataclasses import dataclass

from importer.models import Result


@dataclass(frozen=True)
class Words:
    """How a result is explained and coloured.

    Attributes:
        means: what happened, in a sentence.
        next: what the reader does about it.
        ink: the text's colour.
        fill: the cell's colour.
        row: the tint of the row's other cells, or None to leave them white.
        chart: the colour in the chart.
    """

    means: str
    next: str
    ink: str
    fill: str
    row: str | None
    chart: str


WORDS: dict[Result, Words] = {
    Result.CREATED: Words("The note is on the prospect.", "Nothing to do.", "#1B6B3A", "#DFF2E3", None, "#4BA36A"),
    Result.DUPLICATE: Words(
        "Same note and prospect as an earlier row, which is delivered.",
        "Nothing to do. If it is meant twice: --key-column.",
        "#56626C",
        "#E9EDF0",
        None,
        "#AAB5BD",
    ),
    Result.ALREADY_IMPORTED: Words(
        "An earlier import created this note.", "Nothing to do.", "#1F6F6B", "#DDF0EE", None, "#7CBDB6"
    ),
    Result.REJECTED: Words(
        "Saleshandy did not accept it; the reason says why.",
        "Correct the row on the sheet To fix, then import that sheet.",
        "#A3201A",
        "#FADCD9",
        "#FDF1F0",
        "#CC4B40",
    ),
    Result.INVALID: Words(
        "A cell of the row can't be used; the reason says which.",
        "Correct the row on the sheet To fix, then import that sheet.",
        "#A3201A",
        "#FADCD9",
        "#FDF1F0",
        "#E58A7F",
    ),
    Result.UNCONFIRMED: Words(
        "The note may or may not exist; it could not be checked.",
        "Run note-importer verify. It is never sent again by itself.",
        "#845400",
        "#FDE9BF",
        "#FEF8EA",
        "#E3A21A",
    ),
    Result.NOT_SENT: Words(
        "The run ended before this row's turn.",
        "See the reason, then run the same import again; what was delivered is left alone.",
        "#845400",
        "#FEF3D9",
        None,
        "#F3CF7A",
    ),
}

COLUMN_WORDS: dict[str, str] = {
    "result": "What became of the row, in one of the words above.",
    "note_id": "The note's id in Saleshandy, where it exists.",
    "reason": "Why, where there is something to say.",
    "source_row": "The row's number in the file that was imported first; empty for rows that were added since.",
    "finished_at": "When it was settled, by the clock and time zone of the computer that ran the import.",
    "request": "The run's id and the number of the request to Saleshandy, for tracing.",
}
