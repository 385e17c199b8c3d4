"""What a person chose for a file, as the address holds it: a reload loses nothing, and nothing is kept elsewhere.

Comes in: the fields of a form, or of an address. Goes out: settings, or an address with the same. Fields are called as
settings are; `answer` holds a setting and its value, and becomes a field of that setting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from importer.commands.answering import chosen
from importer.errors import BadSettings
from importer.settings import Settings
from importer.settings.remembering import REMEMBERED

FIELDS = (
    "sheet",
    "header-row",
    "encoding",
    "delimiter",
    "fill-merged",
    "map",
    "value",
    "ignore",
    "default-visibility",
    "key-column",
    "first",
)
"""The settings that may be chosen on the page."""


@dataclass(frozen=True)
class Choices:
    """Settings and their values, in the order of :data:`FIELDS`."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> Choices:
        """What the fields of a form or an address say; those that are blank say nothing.

        Raises:
            BadSettings: there is a field of another name.
        """
        said = [field[1].partition(" ")[::2] if field[0] == "answer" else field for field in fields if field[1]]
        for name, _ in said:
            if name not in FIELDS:
                raise BadSettings(f"The address holds {name!r}, which can't be chosen here. Begin with the file again.")
        return cls(tuple(sorted(dict.fromkeys(said), key=lambda pair: FIELDS.index(pair[0]))))

    @property
    def query(self) -> str:
        """The same as the end of an address."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    def values(self, name: str) -> list[str]:
        """What was chosen for a setting."""
        return [value for found, value in self.pairs if found == name]

    def without(self, name: str) -> Choices:
        """The same, with nothing said of a setting."""
        return Choices(tuple(pair for pair in self.pairs if pair[0] != name))

    def only(self, names: Collection[str]) -> Choices:
        """The same, with nothing said of other settings."""
        return Choices(tuple(pair for pair in self.pairs if pair[0] in names))

    def and_also(self, name: str, value: str) -> Choices:
        """The same, with a setting given this value."""
        return Choices.of([*self.without(name).pairs, (name, value)])

    def applied(self, settings: Settings) -> Settings:
        """The settings as they were chosen.

        Raises:
            BadSettings: one can't be given that.
        """
        for name, value in self.pairs:
            settings = chosen(settings, name, value)
        return settings

    @property
    def to_remember(self) -> set[str]:
        """The settings among them that a profile can keep."""
        return {name for name, _ in self.pairs} & {*REMEMBERED}
