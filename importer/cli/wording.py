"""How the command line says what the library says: a setting's name becomes its flag, a command names the profile.

Comes in: texts that name settings as `journal` or `journal practice.sqlite` (see :func:`importer.errors.by_name`). Goes
out: the same with --journal and --journal practice.sqlite, and commands such as `note-importer verify` with the profile
that is in force.
"""

from __future__ import annotations

from contextvars import ContextVar

from importer.errors import BadSettings, ImporterError
from importer.settings import profiles
from importer.settings.flags import as_flags

PROFILE = ContextVar("PROFILE", default=profiles.DEFAULT)
"""The profile of the command that is at work."""


def with_flags(text: str) -> str:
    """The text with flags in the place of settings, and with the profile in commands."""
    return profiles.in_commands(as_flags(text), PROFILE.get())


def words(error: ImporterError) -> str:
    """What the command line says of an error."""
    if isinstance(error, BadSettings) and error.setting:
        where = f", from {error.origin}" if error.origin else ""
        return f"Invalid value for '--{error.setting}'{where}: {with_flags(error.reason)}"
    return with_flags(str(error))
