"""Represent a person's choices for a file as the query of its address, so that reloading the page loses nothing.

Input: the fields of a form or of an address. Output: settings, or an address with the same choices. Each field has the
name of its setting. The field `answer` holds a setting and its value, and becomes a field of that setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from importer.errors import BadSettings
from importer.importing.answers import answered
from importer.messages import say
from importer.models import Role
from importer.settings import SETTINGS, Settings
from importer.settings.readings import HELD

OF_THE_FILE = tuple(name for name, setting in SETTINGS.items() if setting.decides_rows)
"""Names of the settings about how a file is read."""
OF_THIS_TIME = ("first", "in-doubt", "hidden", "update")
"""Names of the settings that are chosen anew each time a file is sent."""
FIELDS = (*OF_THE_FILE, *(name for name in HELD if name not in OF_THE_FILE), "export", *OF_THIS_TIME)
"""Names of the settings that a person may choose on the page."""

OF_FORM = ("shown", "text", "next")
"""Fields of the form that are not choices."""
PART = "part "
"""Beginning of the answer that a column becomes a part of the notes' text."""


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

    @classmethod
    def in_form(cls, fields: Iterable[tuple[str, str]]) -> Choices:
        """Return the choices in the submitted form of the Check screen.

        A new choice replaces the one shown for the same role, and columns that become a part of the text change the
        template.

        Raises:
            BadSettings: see :meth:`of`.
        """
        fields = list(fields)
        parts = [value.removeprefix(PART) for name, value in fields if name == "answer" and value.startswith(PART)]
        about = {name: value for name, value in fields if name in OF_FORM}
        shown = cls.of(parse_qsl(about.get("shown", ""))).pairs
        pairs = cls.of(pair for pair in fields if pair[0] not in OF_FORM and not pair[1].startswith(PART)).pairs
        new = {_subject(pair) for pair in pairs if pair not in shown}
        pairs = tuple(pair for pair in pairs if pair not in shown or _subject(pair) not in new)
        texts = [pair[1].partition("=")[2] for pair in pairs if _subject(pair) == _TEXT and pair not in shown]
        text = texts[-1] if texts else about.get("text", "")
        if not text or "{" in "".join(texts) or (composed := with_parts(text, parts)) == text:
            return cls(pairs)
        return cls.of([*(pair for pair in pairs if _subject(pair) != _TEXT), ("map", f"{Role.CONTENT}={composed}")])

    @property
    def query(self) -> str:
        """Query string of an address with these choices; empty if there are none."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    @property
    def is_answer(self) -> bool:
        """Whether a send would keep a choice for sheets of this kind."""
        return any(name in HELD for name, _ in self.pairs)

    def values(self, name: str) -> list[str]:
        """Return the values chosen for a setting."""
        return [value for setting, value in self.pairs if setting == name]

    def without(self, *names: str) -> Choices:
        """Return the choices except those for some settings."""
        return Choices(tuple(pair for pair in self.pairs if pair[0] not in names))

    def except_for(self, others: Choices) -> Choices:
        """Return the choices that the others don't contain."""
        return Choices(tuple(pair for pair in self.pairs if pair not in others.pairs))

    @property
    def of_the_file(self) -> str:
        """Query of the choices about how the file is read. With others, it has other rows."""
        return Choices(tuple(pair for pair in self.pairs if pair[0] in OF_THE_FILE)).query

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


_TEXT = ("map", str(Role.CONTENT))


def _subject(pair: tuple[str, str]) -> tuple[str, str]:
    """Return what a choice is about. Only one choice about it counts."""
    role = role_of(pair)
    return pair if role is None else ("map", str(role))


def role_of(pair: tuple[str, str]) -> Role | None:
    """Return the role that a choice gives to its columns; None if it gives none."""
    role = pair[1].partition("=")[0]
    return Role(role) if pair[0] == "map" and role in set(Role) else None


def columns_named(pair: tuple[str, str]) -> list[str]:
    """Return the columns that a choice gives a role, or that it ignores. Of a template, that is the one of the text."""
    name, value = pair
    if name == "map":
        return text_columns(value.partition("=")[2])
    return [value] if name == "ignore" else []


def text_columns(name: str) -> list[str]:
    """Return the columns that a name in a mapping gives the role: itself, those it lists, or a template's last one."""
    if fields := _fields(name):
        return fields[-1:]
    return [name, *(part.strip() for part in name.split(",") if "," in name)]


def with_parts(text: str, parts: Sequence[str]) -> str:
    """Return the template that puts these columns before the text, or the text's column alone if there are none.

    Args:
        text: the column of the text, or the template so far, which stays as it is if it has just these columns.
        parts: the columns before the text.
    """
    *before, column = _fields(text) or [text]
    if {*before} == {*parts}:
        return text
    fields = [f"[{{{name}}}{', ' if name != parts[-1] else ': '}]" for name in parts]
    return f"{''.join(fields)}{{{column}}}" if fields else column


def _fields(template: str) -> list[str]:
    """Return the columns of a template (see :mod:`importer.rows.composing`); none if the name is a heading."""
    return [name.strip() for name in re.findall(r"\{\{|\}\}|\{([^{}]*)\}", template) if name.strip()]
