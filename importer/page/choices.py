"""Represent a person's choices for a file as the query of its address, so that reloading the page loses nothing.

Input: the fields of a form or of an address. Output: settings, or an address with the same choices. Each field has the
name of its setting. The field `answer` holds a setting and its value, and becomes a field of that setting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from importer.commands.answering import answered
from importer.errors import BadSettings
from importer.messages import say
from importer.settings import Settings

FIELDS = (
    "sheet",
    "header-row",
    "encoding",
    "delimiter",
    "fill-merged",
    "several-in-cell",
    "dates",
    "map",
    "value",
    "ignore",
    "default-visibility",
    "key-column",
    "export",
    "first",
)
"""Names of the settings that a person may choose on the page."""


@dataclass(frozen=True)
class Choices:
    """Chosen settings and their values, in the order of :data:`FIELDS`."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> Choices:
        """Return the choices in the fields of a form or an address. Blank fields are ignored.

        Raises:
            BadSettings: a field has a name that is not in :data:`FIELDS`.
        """
        pairs = [field[1].partition(" ")[::2] if field[0] == "answer" else field for field in fields if field[1]]
        for name, _ in pairs:
            if name not in FIELDS:
                raise BadSettings(say("page.check.no-choice", name=repr(name)))
        return cls(tuple(sorted(dict.fromkeys(pairs), key=lambda pair: FIELDS.index(pair[0]))))

    @property
    def query(self) -> str:
        """Query string of an address with these choices; empty if there are none."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    def values(self, name: str) -> list[str]:
        """Return the values chosen for a setting."""
        return [value for setting, value in self.pairs if setting == name]

    def without(self, name: str) -> Choices:
        """Return the choices except those for one setting."""
        return Choices(tuple(pair for pair in self.pairs if pair[0] != name))

    def only(self, names: Collection[str]) -> Choices:
        """Return the choices for these settings only."""
        return Choices(tuple(pair for pair in self.pairs if pair[0] in names))

    def and_also(self, name: str, value: str) -> Choices:
        """Return the choices with this value as the setting's only value."""
        return Choices.of([*self.without(name).pairs, (name, value)])

    def applied(self, settings: Settings) -> Settings:
        """Return the settings with the choices applied.

        Raises:
            BadSettings: a setting can't take its chosen value.
        """
        for name, value in self.pairs:
            settings = answered(settings, name, value)
        return settings
