"""What a message calls a setting → the flag that a person types; or as another face says it.

Comes in: texts that name settings as `journal` or `journal practice.sqlite` (see :func:`importer.errors.by_name`). Goes
out: the same with --journal and --journal practice.sqlite.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache

from importer.settings.table import SETTINGS

_OTHERS = ("overwrite", "report")  # flags of commands that no setting of a run stands behind
_NAMED = re.compile(rf"`({'|'.join([*SETTINGS, *_OTHERS])})((?: [^`]*)?)`")


@lru_cache(maxsize=4096)  # a million rows have few reasons
def as_flags(text: str) -> str:
    """The text with flags in the place of settings."""
    return _NAMED.sub(r"--\1\2", text)


IN_WORDS: ContextVar[Callable[[str], str]] = ContextVar("IN_WORDS", default=as_flags)
"""How the face that is at work says what names settings: as flags, unless it is none where they are typed."""


def in_words(text: str) -> str:
    """The text as the face that is at work says it."""
    return IN_WORDS.get()(text)
