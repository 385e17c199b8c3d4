"""Read the addresses for notifications. They are secrets, as the key is, and never printed.

Input: a file or an environment variable. Output: each address, with an origin that messages show instead.
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
    """Occasions for a notification."""

    PROBLEM = "problem"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class Recipient:
    """One address, and its ``origin`` for messages, which never show the address."""

    address: str = field(repr=False)
    origin: Message


def read_recipients(file: Path | None) -> tuple[Recipient, ...]:
    """Return the addresses from the file, one per line; without a file, from the environment, separated by spaces.

    Raises:
        BadSettings: the file can't be read, or holds no address.
    """
    if file is None:
        words = os.environ.get(ADDRESSES_VARIABLE, "").split()
        return tuple(
            Recipient(word, say("recipients.in-variable", number=str(number))) for number, word in enumerate(words, 1)
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = say("recipients.unreadable", file=str(file), error=why_unreadable(error))
        raise BadSettings(message, setting="notify-file") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    recipients = tuple(
        Recipient(line, say("recipients.in-file", line=str(number), file=str(file)))
        for number, line in lines
        if line and line[0] != "#"
    )
    if not recipients:
        raise BadSettings(say("recipients.none", file=str(file)), setting="notify-file")
    return recipients
