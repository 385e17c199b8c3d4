"""Parse a reply's JSON, which may be invalid, too deep, too large for memory, or hold any value anywhere.

Input: bytes. Output: values, or None for a value that is missing or can't be used. This module knows no vendor.
"""

from __future__ import annotations

import json
import re
from itertools import islice

from importer.api.exchange import Most

# A string, or a sign before a value. A string that doesn't end matches too, so that each byte is read only once.
_VALUE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
_SIGNS = (b'"', b"[", b"{", b",")  # each match begins with one of these, and counting them is fast
_SURROGATE = re.compile("[\ud800-\udfff]")


def parsed(data: bytes, most: Most) -> object:
    """Return the parsed JSON; None if it is invalid, too deep, or holds more values than ``most`` allows."""
    if sum(map(data.count, _SIGNS)) > most.values and _holds_more(data, most.values):
        return None
    try:
        return json.loads(data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _holds_more(data: bytes, values: int) -> bool:
    return next(islice(_VALUE.finditer(data), values, None), None) is not None


def at(value: object, *path: str) -> object:
    """Return the value at a path of field names; None if there is none."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_of(value: object) -> str | None:
    """Return an ID as text, from a text or a whole number; None for other values, and for text we can't encode."""
    if isinstance(value, str):
        is_odd = not value.isascii() and _SURROGATE.search(value)
        return None if is_odd else value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None
