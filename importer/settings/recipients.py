"""Where notifications go: addresses from a file or the environment. They are secrets, as the key is, and never printed.

Comes in: a file or a variable that holds them. Goes out: each address, and where it stood, so that a message can name
it without showing it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings.key import why_unreadable

ADDRESSES_VARIABLE = "NOTE_IMPORTER_NOTIFY_ADDRESSES"


class Occasion(StrEnum):
    """When a notification goes out."""

    PROBLEM = "problem"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class Recipient:
    """One address; ``origin`` says where it stood, for messages, which never show the address."""

    address: str = field(repr=False)
    origin: Message


def read_recipients(file: Path | None) -> tuple[Recipient, ...]:
    """The addresses of a file where one is named, one a line, else of the environment, with spaces between them.

    Raises:
        BadSettings: the file can't be read, or holds none.
    """
    if file is None:
        words = os.environ.get(ADDRESSES_VARIABLE, "").split()
        return tuple(
            Recipient(word, say("recipients.in-variable", number=str(number))) for number, word in enumerate(words, 1)
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = say("recipients.unreadable", file=str(file), error=why_unreadable(error))
        raise BadSettings(said, setting="notify-file") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    found = tuple(
        Recipient(line, say("recipients.in-file", line=str(number), file=str(file)))
        for number, line in lines
        if line and line[0] != "#"
    )
    if not found:
        raise BadSettings(say("recipients.none", file=str(file)), setting="notify-file")
    return found
