"""What each result means, asks of the reader, and looks like.

Comes in: a :class:`~importer.models.Result`. Goes out: words, the same on every sheet and in every face; and colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from importer.errors import by_name
from importer.models import Result


@dataclass(frozen=True)
class Meaning:
    """What a result means, in the same words wherever it is explained.

    Attributes:
        means: what happened; begins small and has no full stop.
        next: what the reader does about it; empty where there is nothing to do.
    """

    means: str
    next: str = ""

    @property
    def sentence(self) -> str:
        """What happened, as a sentence."""
        return f"{self.means[0].upper()}{self.means[1:]}."

    @property
    def advice(self) -> str:
        """What to do, as a sentence."""
        following = self.next or "nothing to do"
        return f"{following[0].upper()}{following[1:]}."


MEANINGS: Mapping[Result, Meaning] = {
    Result.CREATED: Meaning("the note exists now"),
    Result.DUPLICATE: Meaning(
        "the same note for the same prospect as an earlier row; not sent twice",
        f"if it is meant twice, see {by_name('key-column')}",
    ),
    Result.ALREADY_IMPORTED: Meaning("an earlier run created it; left alone"),
    Result.REJECTED: Meaning("turned down; the reason says why", "correct the row, run again"),
    Result.INVALID: Meaning("something is wrong in the sheet", "correct the cell, run again"),
    Result.UNCONFIRMED: Meaning("may or may not exist", "run `note-importer verify`"),
    Result.NOT_SENT: Meaning("the run stopped before it", "run the same command again"),
    Result.SKIPPED: Meaning("no data: a report's footer, or a row that is blank in every column that is used"),
}

HELD_BACK = Meaning(f"held back by {by_name('first')}", "look at the others in Saleshandy, then run again without it")
"""What *not sent* means where a person is to look at the first rows before the rest."""

PASSED_OVER = Meaning("it could not be sent; the reason says why", MEANINGS[Result.NOT_SENT].next)
"""What it means in a run that came to its end."""


def meaning_of(result: Result, not_sent: Meaning = MEANINGS[Result.NOT_SENT]) -> Meaning:
    """What a result means; of *not sent* it is to be told."""
    return not_sent if result is Result.NOT_SENT else MEANINGS[result]


@dataclass(frozen=True)
class Colours:
    """How a result is coloured.

    Attributes:
        ink: the text's colour.
        fill: the cell's colour.
        row: the tint of the row's other cells, or None to leave them white.
        chart: the colour in the chart.
    """

    ink: str
    fill: str
    row: str | None
    chart: str


COLOURS: Mapping[Result, Colours] = {
    Result.CREATED: Colours("#1B6B3A", "#DFF2E3", None, "#4BA36A"),
    Result.DUPLICATE: Colours("#56626C", "#E9EDF0", None, "#AAB5BD"),
    Result.ALREADY_IMPORTED: Colours("#1F6F6B", "#DDF0EE", None, "#7CBDB6"),
    Result.REJECTED: Colours("#A3201A", "#FADCD9", "#FDF1F0", "#CC4B40"),
    Result.INVALID: Colours("#A3201A", "#FADCD9", "#FDF1F0", "#E58A7F"),
    Result.UNCONFIRMED: Colours("#845400", "#FDE9BF", "#FEF8EA", "#E3A21A"),
    Result.NOT_SENT: Colours("#845400", "#FEF3D9", None, "#F3CF7A"),
    Result.SKIPPED: Colours("#56626C", "#F4F6F7", None, "#D5DCE1"),
}

COLUMN_MEANINGS: dict[str, str] = {
    "result": "What became of the row, in one of the words above.",
    "note_id": "The note's id in Saleshandy, where it exists.",
    "reason": "Why, where there is something to say.",
    "source_row": "The row's number in the file that was imported first; empty for rows that were added since.",
    "finished_at": "When it was settled, by the clock and time zone of the computer that ran the import.",
    "request": "The run's id and the number of the request to Saleshandy, for tracing.",
}
