"""Make the names of dropped files valid on every system, and compare them.

Input: a name as a browser gives it. Output: a name without folders; whether it is valid; a valid name in its place.
"""

from __future__ import annotations

import os
import re
import unicodedata

_MOST_CHARACTERS = 100
_MOST_BYTES = 255
_UNFIT = re.compile(r'[/\\<>:"|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # names of devices on Windows


def name_of(name: str) -> str:
    """Return a file's name without the folders that a browser may put before it."""
    return re.split(r"[/\\]", name)[-1]


def folded(name: str) -> str:
    """Return a file's name in the form by which Windows and macOS compare names."""
    return unicodedata.normalize("NFC", name).casefold()


def is_fit(name: str) -> bool:
    """Return whether a file's name is valid on every system, because the name must stay as it is in the spreadsheet."""
    is_plain = name == name.strip(" .") and not _UNFIT.search(name) and not _RESERVED.match(name)
    return bool(name) and is_plain and len(os.fsencode(name)) <= _MOST_BYTES


def plain_name(name: str) -> str:
    """Return a name that is valid on every system: without folders, shortened, invalid characters replaced."""
    name = _UNFIT.sub("_", name_of(name))
    stem, dot, ending = name.strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    name = f"{stem[:_MOST_CHARACTERS].strip()}{dot}{ending[:10].strip()}"
    return f"file {name}".strip() if not stem or name.startswith("-") or _RESERVED.match(name) else name
