"""What each result means, asks of the reader, and looks like.

Comes in: a :class:`~importer.models.Result`. Goes out: words, the same on every sheet and in every face; and colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from importer.messages import Message, render, say
from importer.models import Result


@dataclass(frozen=True)
class Meaning:
    """What a result means, in the same words wherever it is explained.

    Attributes:
        means: what happened; begins small and has no full stop.
        next: what the reader does about it; empty where there is nothing to do.
    """

    means: Message
    next: Message | None = None

    @property
    def sentence(self) -> str:
        """What happened, as a sentence."""
        return _sentence(self.means)

    @property
    def advice(self) -> str:
        """What to do, as a sentence."""
        return _sentence(self.next or say("result.nothing-to-do"))


def _sentence(message: Message) -> str:
    text = render(message)
    return f"{text[:1].upper()}{text[1:]}."


MEANINGS: Mapping[Result, Meaning] = {
    Result.CREATED: Meaning(say("result.created")),
    Result.DUPLICATE: Meaning(say("result.duplicate"), say("result.duplicate.next")),
    Result.ALREADY_IMPORTED: Meaning(say("result.already-imported")),
    Result.REJECTED: Meaning(say("result.rejected"), say("result.rejected.next")),
    Result.INVALID: Meaning(say("result.invalid"), say("result.invalid.next")),
    Result.UNCONFIRMED: Meaning(say("result.unconfirmed"), say("result.unconfirmed.next")),
    Result.NOT_SENT: Meaning(say("result.not-sent"), say("result.not-sent.next")),
    Result.SKIPPED: Meaning(say("result.skipped")),
}

HELD_BACK = Meaning(say("result.held-back"), say("result.held-back.next"))
"""What *not sent* means where a person is to look at the first rows before the rest."""

PASSED_OVER = Meaning(say("result.passed-over"), MEANINGS[Result.NOT_SENT].next)
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
