"""A reply's JSON, read without trust: it may be none, be deep or crowded beyond all memory, or hold anything anywhere.

Comes in: bytes. Goes out: values, or None for what isn't there or can't be used. Knows no vendor.
"""

from __future__ import annotations

import json
import re
from itertools import islice

from importer.api.exchange import Most

# A text, or what begins or follows another value; a text that doesn't end is one too, so that each byte is seen once.
_VALUE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
_SIGNS = (b'"', b"[", b"{", b",")  # with one of which each begins; they are counted in no time
_SURROGATE = re.compile("[\ud800-\udfff]")


def parsed(data: bytes, most: Most) -> object:
    """The JSON, or None for what is none or holds more values than there is memory for."""
    if sum(map(data.count, _SIGNS)) > most.values and _holds_more(data, most.values):
        return None
    try:
        return json.loads(data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _holds_more(data: bytes, values: int) -> bool:
    return next(islice(_VALUE.finditer(data), values, None), None) is not None


def at(value: object, *path: str) -> object:
    """The value at a path of an object's fields, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_of(value: object) -> str | None:
    """An id as text, whether it came as text or as a whole number; None for what could not be written down."""
    if isinstance(value, str):
        is_odd = not value.isascii() and _SURROGATE.search(value)
        return None if is_odd else value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None
