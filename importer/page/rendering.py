"""Render the library's messages for the page: a setting becomes the label of its field.

Input: messages. Output: texts for a person who uses a mouse.
"""

from __future__ import annotations

import re

from importer.errors import unquoted
from importer.messages import Said, render, say
from importer.models import Role
from importer.page.choices import FIELDS as FOR_A_FILE
from importer.page.fields import BY_HAND, FIELDS
from importer.settings import SETTINGS

ROLES = {role: render(say(f"role.{role}")) for role in Role}


class PageFace:
    """Rendering for people with a mouse: settings are fields, and commands are buttons."""

    context = "page"

    def setting(self, name: str, value: str) -> str:
        """Return the label of the setting's field."""
        return _field(name, value)

    def command(self, command: str) -> str:
        """Return the command in quotation marks. Messages about commands have another wording on the page."""
        return f"“{command}”"


PAGE = PageFace()


def words(said: Said | None) -> str:
    """Return a message as the page shows it."""
    return render(said, PAGE)


def without_folders(file: str) -> str:
    """Return a file's name without its path, which a run started from a terminal may hold."""
    return re.split(r"[/\\]", file)[-1]


def _field(name: str, value: str) -> str:
    value = unquoted(value)
    for placeholder in ("ITS-HEADING", "ITS HEADING", "NAME", "NUMBER"):
        value = value.replace(placeholder, "…")
    if name == "map" and "=" in value:
        role, _, heading = value.partition("=")
        label = ROLES[Role(role)] if role in set(Role) else role
        return f"“{label}: {heading or 'no column'}”"
    if name == "value" and "=" in value:
        word, _, meaning = value.partition(":")[2].rpartition("=")
        return f"“{word} means {meaning or 'skip its rows'}”"
    if name in (*FOR_A_FILE, *FIELDS, *BY_HAND):
        field = f"“{words(SETTINGS[name].label)}{f': {value}' if value else ''}”"
        return field if name in FOR_A_FILE else f"{field} under Settings"
    return f"the setting “{name}{f' = {value}' if value else ''}” of the profile"
