"""Render the library's messages for the page: a setting becomes the label of its field.

Input: messages. Output: texts for a person who uses a mouse.
"""

from __future__ import annotations

import re

from importer.errors import unquoted
from importer.messages import Said, render
from importer.models import Role

ROLES = {
    Role.PROSPECT: "Prospect",
    Role.EMAIL: "Email address",
    Role.CONTENT: "Text of the note",
    Role.VISIBILITY: "Who may see it",
    Role.STATUS: "Published or draft",
    Role.ATTACHMENTS: "Attachments",
    Role.KEY: "Key for repeated notes",
}
FIELDS = {
    "sheet": "Sheet",
    "header-row": "Header row",
    "encoding": "Encoding",
    "delimiter": "Column separator",
    "fill-merged": "Merged cells",
    "default-visibility": "If visibility is blank",
    "key-column": ROLES[Role.KEY],
    "first": "Only the first five",
    "map": "Columns",
    "value": "Your own words",
    "ignore": "Ignored columns",
}
"""Labels of the settings that a person may choose for a file."""
IN_SETTINGS = {
    "default-visibility": FIELDS["default-visibility"],
    "content": "Format of the notes",
    "key-column": ROLES[Role.KEY],
    "attachments": "Folder of attachments",
    "attachments-are": "Content of the attachments column",
    "on-several": "If several prospects have the email address",
    "sheet": FIELDS["sheet"],
    "header-row": FIELDS["header-row"],
    "encoding": "Encoding of text files",
    "delimiter": FIELDS["delimiter"],
    "fill-merged": FIELDS["fill-merged"],
    "limit": "Reading limits",
    "batch-size": "Prospects per request",
    "base-url": "Address of the API",
    "journal": "Journal",
    "api-key-file": "File with the API key",
    "guard-local-address": "The address on this machine leads to the live service",
    "shared-account": "Allow this key for several profiles or addresses",
    "workers": "Simultaneous calls",
    "rate": "Rate limit",
    "connect-timeout": "Seconds to reach the server",
    "read-timeout": "Seconds to wait for a reply",
    "settle": "Seconds until a note can be read back",
    "give-up-after": "Seconds without progress",
    "wait": "Wait for another import",
    "min-rows": "Fewest rows",
    "max-invalid": "Most rows with problems",
    "max-unknown": "Most rows with unknown prospects",
    "max-notes": "Most notes",
    "max-public": "Most public notes",
    "between": "Time window",
    "for": "Stop after",
}
"""Labels of the profile's settings on the Settings screen."""
CHOICES = {
    "content": {"auto": "automatic", "text": "as plain text", "html": "as HTML"},
    "attachments-are": {"ids": "IDs of Saleshandy", "files": "names of files in the folder"},
    "on-several": {"reject": "nobody gets the note", "newest": "the newest", "oldest": "the oldest", "all": "each"},
}
"""Labels for values of settings that aren't clear by themselves."""


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
    if name in FIELDS:
        return f"“{FIELDS[name]}{f': {value}' if value else ''}”"
    if name in IN_SETTINGS:
        return f"“{IN_SETTINGS[name]}{f': {value}' if value else ''}” under Settings"
    return f"the setting “{name}{f' = {value}' if value else ''}” of the profile"
