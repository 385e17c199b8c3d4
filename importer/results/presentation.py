"""Explain each result: its meaning, the next step for the user, and its colours.

Input: a :class:`~importer.models.Result`. Output: texts, the same on every sheet and in every interface, and colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from importer.messages import Message, render, say
from importer.models import Result


@dataclass(frozen=True)
class Meaning:
    """The meaning of a result, worded the same wherever it is explained, and the user's next step.

    Both begin with a lowercase letter and have no full stop. There is no next step if there is nothing to do.
    """

    means: Message
    next: Message | None = None

    @property
    def sentence(self) -> str:
        """The meaning of the result, as a sentence."""
        return _sentence(self.means)

    @property
    def advice(self) -> str:
        """The next step for the user, as a sentence."""
        return _sentence(self.next or say("result.nothing-to-do"))


def _sentence(message: Message) -> str:
    text = render(message)
    return f"{text[:1].upper()}{text[1:]}."


MEANINGS: Mapping[Result, Meaning] = {
    Result.CREATED: Meaning(say("result.created")),
    Result.UPDATED: Meaning(say("result.updated")),
    Result.DUPLICATE: Meaning(say("result.duplicate"), say("result.duplicate.next")),
    Result.ALREADY_IMPORTED: Meaning(say("result.already-imported")),
    Result.REJECTED: Meaning(say("result.rejected"), say("result.rejected.next")),
    Result.INVALID: Meaning(say("result.invalid"), say("result.invalid.next")),
    Result.UNCONFIRMED: Meaning(say("result.unconfirmed"), say("result.unconfirmed.next")),
    Result.NOT_SENT: Meaning(say("result.not-sent"), say("result.not-sent.next")),
    Result.SKIPPED: Meaning(say("result.skipped")),
}

_IN_THE_ORIGINAL = say("result.practised.next")
PRACTISED: Mapping[Result, Meaning] = {
    **MEANINGS,
    Result.CREATED: Meaning(say("result.practised")),
    Result.REJECTED: Meaning(MEANINGS[Result.REJECTED].means, _IN_THE_ORIGINAL),
    Result.INVALID: Meaning(MEANINGS[Result.INVALID].means, _IN_THE_ORIGINAL),
}
"""Meanings of the results of practice."""


@dataclass(frozen=True)
class Colours:
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
