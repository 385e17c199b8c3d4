"""Read the secrets, which are never printed: the API key, and the addresses for notifications.

Input: the file that a person named, if any, and the environment. Output: the key, or an error that says how to set it;
each address, with an origin that messages show instead.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from importer.errors import BadSettings, NoKey
from importer.messages import Message, say, words

KEY_VARIABLE = "SALESHANDY_API_KEY"
ADDRESSES_VARIABLE = "NOTE_IMPORTER_NOTIFY_ADDRESSES"
WHAT_A_KEY_IS = say("key.what-it-is")
_SETTING = "api-key-file"


def read_key(key_file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the API key, from the file if one is named, otherwise from the environment.

    Raises:
        BadSettings: there is no key, or the text can't be a key.
    """
    if key_file is not None:
        key = _text_of(key_file, "key.file-unreadable", _SETTING).strip()
        if not key or not can_be_key(key):
            raise BadSettings(say("key.not-in-file", file=str(key_file), why=WHAT_A_KEY_IS), setting=_SETTING)
        return key
    key = environment.get(KEY_VARIABLE, "").strip()
    if not key:
        raise NoKey(say("key.not-given"))
    if not can_be_key(key):
        raise BadSettings(say("key.not-in-variable", why=WHAT_A_KEY_IS))
    return key


def _text_of(file: Path, kind: str, setting: str) -> str:
    """Return a file's text. Raises BadSettings of this kind."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = words(str(error.strerror)) if isinstance(error, OSError) else say("key.not-a-text-file")
        raise BadSettings(say(kind, file=str(file.absolute()), error=why), setting=setting) from error


def can_be_key(text: str) -> bool:
    """Return whether a text can be a key, which is sent in an HTTP header."""
    return text.isascii() and text.isprintable() and " " not in text


def who_can_read(file: Path, kind: str = "key.others-can-read") -> Message | None:
    """Return a warning if other users of this machine can read a file with a secret; otherwise None.

    Only POSIX systems show this by a file's mode. A pipe, such as a shell's ``<(…)``, stores nothing.

    Args:
        file: the file.
        kind: the kind of the message.
    """
    if os.name != "posix":
        return None
    try:
        mode = file.stat().st_mode
    except OSError:  # gone since it was read
        return None
    if not stat.S_ISREG(mode) or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    return say(kind, file=str(file), argument=shlex.quote(str(file)))


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
        addresses = os.environ.get(ADDRESSES_VARIABLE, "").split()
        return tuple(
            Recipient(address, say("recipients.in-variable", number=str(number)))
            for number, address in enumerate(addresses, 1)
        )
    text = _text_of(file, "recipients.unreadable", "notify-file")
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    recipients = tuple(
        Recipient(line, say("recipients.in-file", line=str(number), file=str(file)))
        for number, line in lines
        if line and line[0] != "#"
    )
    if not recipients:
        raise BadSettings(say("recipients.none", file=str(file)), setting="notify-file")
    return recipients
