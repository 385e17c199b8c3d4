"""Represent what a person decided about a dropped file: answers about how it is read, and corrections of its cells.

Input: answers, which are settings and their values as texts, and steps of corrections. Output: settings, and a digest
of both. Each form holds the digest of what its tab showed, so that a tab with an earlier state changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from importer.errors import BadSettings
from importer.importing.run import answered
from importer.messages import say
from importer.models import Role
from importer.operations.corrections import Corrections
from importer.settings import SETTINGS, Settings
from importer.settings.readings import HELD

Answers = tuple[tuple[str, str], ...]
"""Settings and their values, in the order of :data:`FIELDS`."""

OF_THE_FILE = tuple(name for name, setting in SETTINGS.items() if setting.decides_rows)
"""Names of the settings about how a file is read. Corrections belong to one way to read it."""
OF_THIS_TIME = ("in-doubt", "update")
"""Names of the settings that are chosen anew each time a file is sent."""
FIELDS = (*OF_THE_FILE, *(name for name in HELD if name not in (*OF_THE_FILE, "content")), "export", *OF_THIS_TIME)
"""Names of the settings that a person may choose on the page."""


def in_order(pairs: Iterable[tuple[str, str]]) -> Answers:
    """Return answers in their order, each once. Blank ones are ignored; BadSettings is raised for other settings."""
    pairs = dict.fromkeys(pair for pair in pairs if pair[1])
    for name, _ in pairs:
        if name not in FIELDS:
            raise BadSettings(say("page.check.no-choice", name=repr(name)))
    return tuple(sorted(pairs, key=lambda pair: FIELDS.index(pair[0])))


def pairs_of(options: Iterable[str]) -> list[tuple[str, str]]:
    """Return the answers of options: each is a setting, a space and a value. Blank ones are ignored."""
    return [(name, value) for name, _, value in (option.partition(" ") for option in options if option)]


def applied(answers: Answers, settings: Settings) -> Settings:
    """Return the settings with the answers applied; raise BadSettings if one can't take its value."""
    for name, value in answers:
        settings = answered(settings, name, value)
    return settings


def values(answers: Answers, name: str) -> list[str]:
    """Return the values chosen for a setting."""
    return [value for setting, value in answers if setting == name]


@dataclass(frozen=True)
class State:
    """Everything that a person decided about a dropped file.

    Attributes:
        answers: the answers about the file.
        corrected: how the file is read (the answers about that, as JSON) → the corrections of its cells.
    """

    answers: Answers = ()
    corrected: Mapping[str, Corrections] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """16 digits that stand for the whole state."""
        return hashlib.sha256(json.dumps(self.as_json()).encode()).hexdigest()[:16]

    def corrections(self, answers: Answers) -> Corrections:
        """Return the corrections of the file as it is read with these answers."""
        return self.corrected.get(_way(answers), Corrections())

    def correct(self, answers: Answers, corrections: Corrections) -> State:
        """Return the state with these corrections of the file as it is read with these answers."""
        return replace(self, corrected={**self.corrected, _way(answers): corrections})

    def for_next_time(self) -> State:
        """Return the state without the answers that are chosen anew each time the file is sent."""
        return replace(self, answers=tuple(pair for pair in self.answers if pair[0] not in OF_THIS_TIME))

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"answers": self.answers, "corrected": {way: one.as_json() for way, one in self.corrected.items()}}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> State:
        """Return the state from JSON values; raise ValueError, TypeError, KeyError or BadSettings if they hold none."""
        answers = in_order((str(name), str(value)) for name, value in state["answers"])
        return cls(answers, {str(way): Corrections.from_json(steps) for way, steps in state["corrected"].items()})


def _way(answers: Answers) -> str:
    return json.dumps([pair for pair in answers if pair[0] in OF_THE_FILE])


TEXT = ("map", str(Role.CONTENT))


def subject(pair: tuple[str, str]) -> tuple[str, str]:
    """Return what an answer is about. Only one answer about it counts."""
    role, (name, value) = role_of(pair), pair
    if role is not None:
        return "map", str(role)
    return pair if name in ("value", "ignore", "map") else (name, value.partition("-")[2] if name == "in-doubt" else "")


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
