"""How the command line says what the library says: a setting's name becomes its flag.

Comes in: texts that name settings as `journal` or `journal practice.sqlite` (see :func:`importer.errors.by_name`). Goes
out: the same with --journal and --journal practice.sqlite.
"""

from __future__ import annotations

import re

from importer.errors import BadSettings, ImporterError
from importer.settings import SETTINGS

_OTHERS = ("overwrite", "report")  # flags of commands that no setting of a run stands behind
_NAMED = re.compile(rf"`({'|'.join([*SETTINGS, *_OTHERS])})((?: (?:\"[^\"]*\"|[^`\"])*)?)`")


def with_flags(text: str) -> str:
    """The text with flags in the place of settings."""
    return _NAMED.sub(r"--\1\2", text)


def words(error: ImporterError) -> str:
    """What the command line says of an error."""
    if isinstance(error, BadSettings) and error.setting:
        where = f", from {error.origin}" if error.origin else ""
        return f"Invalid value for '--{error.setting}'{where}: {with_flags(error.reason)}"
    return with_flags(str(error))
