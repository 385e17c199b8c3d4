"""Print messages as lines on standard output. Nothing is computed or worded here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from importer.cli.terminal import paragraph, say_line
from importer.commands.rendering import Line, LineKind
from importer.errors import as_argument

_INDENTS = {LineKind.TEXT: "", LineKind.NOTE: "  Note: ", LineKind.DETAIL: "  ", LineKind.QUOTE: "  | "}


def show(lines: Iterable[Line]) -> None:
    """Print messages, each in the format of its kind."""
    for line in lines:
        if line.kind is LineKind.LINE:
            say_line(line.text)
        else:
            paragraph(line.text, _INDENTS[line.kind])


def argument(text: Path | str) -> str:
    """Return a path or a name as one word of a command line, quoted if necessary."""
    return as_argument(str(text)) if re.search(r"[^\w./:-]", str(text)) else str(text)
