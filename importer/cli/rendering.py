"""Render the library's messages for the command line: a setting becomes its flag, and a command names the profile.

Input: messages. Output: texts for a terminal.
"""

from __future__ import annotations

from contextvars import ContextVar

from importer.errors import BadSettings, ImporterError
from importer.messages import Plain, Said, render
from importer.settings import profiles

PROFILE = ContextVar("PROFILE", default=profiles.DEFAULT)
"""Name of the current command's profile."""


class Terminal(Plain):
    """Rendering for people who type: settings are flags, and commands name the profile."""

    def command(self, command: str) -> str:
        """Return the command with the profile in force."""
        return profiles.in_commands(super().command(command), PROFILE.get())


TERMINAL = Terminal()


def with_flags(said: Said) -> str:
    """Return a message as text, with settings as flags, and with the profile in commands."""
    return render(said, TERMINAL)


def words(error: ImporterError) -> str:
    """Return the text of an error for the command line."""
    if isinstance(error, BadSettings) and error.setting:
        where = f", from {with_flags(error.origin)}" if error.origin else ""
        return f"Invalid value for '--{error.setting}'{where}: {with_flags(error.reason)}"
    return with_flags(error.message)
