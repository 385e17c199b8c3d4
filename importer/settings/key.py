"""The API key: from a file or the environment, for one address, and never printed.

Comes in: what a person said, and where. Goes out: the key, or an error that says how to give one.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from importer.errors import BadSettings, NoKey
from importer.messages import Message, say, words

KEY_VARIABLE = "SALESHANDY_API_KEY"
_SETTING = "api-key-file"
_ASSIGNED = re.compile(
    rf"^[ \t]*(?:export[ \t]+)?{KEY_VARIABLE}[ \t]*=[ \t]*([\"']?)([^\n]*?)\1[ \t\r]*$", re.MULTILINE
)


def read_key(key_file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """The API key, from a file where one is named, else from the environment.

    The file holds the key and nothing else, or a line ``SALESHANDY_API_KEY=…`` as files of environment variables do.

    Raises:
        BadSettings: there is none, or it can't be one.
    """
    if key_file is not None:
        try:
            key = _in_file(key_file.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            said = say("key.file-unreadable", file=str(key_file), error=why_unreadable(error))
            raise BadSettings(said, setting=_SETTING) from error
        if not key:
            raise BadSettings(say("key.file-empty", file=str(key_file)), setting=_SETTING)
        if not can_be_key(key):
            raise BadSettings(say("key.not-in-file", file=str(key_file), why=WHAT_A_KEY_IS), setting=_SETTING)
        return key
    key = environment.get(KEY_VARIABLE, "").strip()
    if not key:
        raise NoKey(say("key.not-given"))
    if not can_be_key(key):
        raise BadSettings(say("key.not-in-variable", why=WHAT_A_KEY_IS))
    return key


def why_unreadable(error: OSError | UnicodeDecodeError) -> Message:
    """Return why a text file can't be read."""
    return words(str(error.strerror)) if isinstance(error, OSError) else say("key.not-a-text-file")


def _in_file(text: str) -> str:
    """The key in a file's text: after ``SALESHANDY_API_KEY=`` where that stands there, the last one; else the text."""
    assigned = _ASSIGNED.findall(text)
    return str(assigned[-1][1] if assigned else text).strip()


WHAT_A_KEY_IS = say("key.what-it-is")


def can_be_key(text: str) -> bool:
    """Whether it can travel in a header."""
    return text.isascii() and text.isprintable() and " " not in text


def who_can_read(file: Path, kind: str = "key.others-can-read") -> Message | None:
    """A message where others on this machine can read a file that holds a secret; None where they can't.

    Only POSIX systems say so by a file's mode. A pipe, such as a shell's ``<(…)``, stores nothing.

    Args:
        file: the file.
        kind: of the message.
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
