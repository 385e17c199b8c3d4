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
    origin: str


def read_recipients(file: Path | None) -> tuple[Recipient, ...]:
    """The addresses of a file where one is named, one a line, else of the environment, with spaces between them.

    Raises:
        BadSettings: the file can't be read, or holds none.
    """
    if file is None:
        words = os.environ.get(ADDRESSES_VARIABLE, "").split()
        where = f"the environment variable {ADDRESSES_VARIABLE}"
        return tuple(Recipient(word, f"address {number} in {where}") for number, word in enumerate(words, 1))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't a text file"
        raise BadSettings(
            f"The addresses for notifications could not be read from {file}: {reason}. Put the file there, or name"
            " another.",
            setting="notify-file",
        ) from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    found = tuple(Recipient(line, f"line {number} of {file}") for number, line in lines if line and line[0] != "#")
    if not found:
        raise BadSettings(
            f"The file {file} holds no address for notifications. Write one a line.", setting="notify-file"
        )
    return found
