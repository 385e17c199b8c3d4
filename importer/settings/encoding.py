"""Read the setting `encoding`: an encoding for all text files, or one for each kind of export.

Input: the value of a flag or a profile. Output: the name of an encoding, or headings → name.
"""

from __future__ import annotations

from collections.abc import Mapping

from importer.errors import BadSettings
from importer.messages import say


class EncodingOf:
    """The name of an encoding; or headings of a kind of export, joined with commas → the name of its encoding."""

    def read(self, value: object) -> str | dict[str, str]:
        """See :class:`importer.settings.kinds.ValueKind`."""
        if isinstance(value, Mapping) and all(isinstance(name, str) for name in value.values()):
            return {str(headings): str(name) for headings, name in value.items()}
        if not isinstance(value, str):
            raise BadSettings(say("kind.no-encoding", value=repr(value)))
        headings, equals_sign, name = value.rpartition("=")
        return {headings: name} if equals_sign else value
