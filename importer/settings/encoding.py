"""How text files are encoded, as a person says it: of all files, or of kinds of export, which their headings tell.

Comes in: what a flag or a profile holds. Goes out: the name of an encoding, or headings → name.
"""

from __future__ import annotations

from collections.abc import Mapping

from importer.errors import BadSettings
from importer.messages import say


class EncodingOf:
    """The name of an encoding; or that of each kind of export, whose headings are one text with commas between them."""

    def read(self, value: object) -> str | dict[str, str]:
        """See :class:`importer.settings.kinds.Kind`."""
        if isinstance(value, Mapping) and all(isinstance(name, str) for name in value.values()):
            return {str(headings): str(name) for headings, name in value.items()}
        if not isinstance(value, str):
            raise BadSettings(say("kind.no-encoding", value=repr(value)))
        headings, sign, name = value.rpartition("=")
        return {headings: name} if sign else value
