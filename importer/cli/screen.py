"""What a person reads, printed: sayings in, lines on standard output out. Nothing is reckoned or worded here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from importer.cli.terminal import paragraph, say_line
from importer.commands.sayings import Kind, Saying
from importer.errors import as_argument

_INDENTS = {Kind.TEXT: "", Kind.NOTE: "  Note: ", Kind.DETAIL: "  ", Kind.QUOTE: "  | "}


def show(sayings: Iterable[Saying]) -> None:
    """Print sayings, each in the way of its kind."""
    for saying in sayings:
        if saying.kind is Kind.LINE:
            say_line(saying.text)
        else:
            paragraph(saying.text, _INDENTS[saying.kind])


def argument(text: Path | str) -> str:
    """A path or a name as one word of a command line."""
    return as_argument(str(text)) if re.search(r"[^\w./:-]", str(text)) else str(text)
