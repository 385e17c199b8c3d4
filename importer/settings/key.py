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

from importer.errors import BadSettings, NoKey, by_name

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
            reason = error.strerror if isinstance(error, OSError) else "it isn't a text file"
            raise BadSettings(
                f"The API key could not be read from {key_file}: {reason}. Put the file there, or name another.",
                setting=_SETTING,
            ) from error
        origin = f"The file {key_file}"
    else:
        key = environment.get(KEY_VARIABLE, "").strip()
        origin = f"The environment variable {KEY_VARIABLE}"
        if not key:
            raise NoKey(
                f"No API key was given. Put it into the environment variable {KEY_VARIABLE}, or into a file that you"
                f" name: {by_name(_SETTING)}; or keep it in the system's key store with `note-importer login`."
            )
    setting = _SETTING if key_file is not None else ""
    if not key:
        raise BadSettings(
            f"{origin} is empty; it should hold the API key and nothing else"
            + (f", or a line {KEY_VARIABLE}=…" if key_file is not None else "")
            + ".",
            setting=setting,
        )
    if not can_be_key(key):
        raise BadSettings(f"{origin} does not hold an API key: {WHAT_A_KEY_IS}.", setting=setting)
    return key


def _in_file(text: str) -> str:
    """The key in a file's text: after ``SALESHANDY_API_KEY=`` where that stands there, the last one; else the text."""
    assigned = _ASSIGNED.findall(text)
    return str(assigned[-1][1] if assigned else text).strip()


WHAT_A_KEY_IS = "a key is one word of plain characters"


def can_be_key(text: str) -> bool:
    """Whether it can travel in a header."""
    return text.isascii() and text.isprintable() and " " not in text


def who_can_read(file: Path, what: str = "the API key") -> str | None:
    """A sentence where others on this machine can read a file that holds a secret; None where they can't.

    Only POSIX systems say so by a file's mode. A pipe, such as a shell's ``<(…)``, stores nothing.
    """
    if os.name != "posix":
        return None
    try:
        mode = file.stat().st_mode
    except OSError:  # gone since it was read
        return None
    if not stat.S_ISREG(mode) or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    return (
        f"Other users of this machine can read {what} in {file}. Keep it to yourself: chmod 600"
        f" {shlex.quote(str(file))}"
    )
