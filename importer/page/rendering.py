"""How the page says what the library says: a setting becomes what its field is called here.

Comes in: messages. Goes out: texts for a person who has a mouse.
"""

from __future__ import annotations

import re

from importer.errors import unquoted
from importer.messages import Said, render
from importer.models import Role

ROLES = {
    Role.PROSPECT: "Prospect",
    Role.EMAIL: "Email of the prospect",
    Role.CONTENT: "Text of the note",
    Role.VISIBILITY: "Who may see it",
    Role.STATUS: "Published or draft",
    Role.ATTACHMENTS: "Attachments",
    Role.KEY: "Tells repeats apart",
}
FIELDS = {
    "sheet": "Sheet",
    "header-row": "Row of the headings",
    "encoding": "Encoding",
    "delimiter": "Columns are separated by",
    "fill-merged": "Merged cells",
    "default-visibility": "Where nothing says who may see it",
    "key-column": ROLES[Role.KEY],
    "first": "Only the first five",
    "map": "Columns",
    "value": "Words of your own",
    "ignore": "Columns set aside",
}
"""What the settings are called that can be chosen for a file."""
IN_SETTINGS = {
    "default-visibility": FIELDS["default-visibility"],
    "content": "How the texts are written",
    "key-column": ROLES[Role.KEY],
    "attachments": "Folder of the files that are attached",
    "attachments-are": "What names the files that are attached",
    "on-several": "Who gets it where several have an email",
    "sheet": FIELDS["sheet"],
    "header-row": FIELDS["header-row"],
    "encoding": "Encoding of text files",
    "delimiter": FIELDS["delimiter"],
    "fill-merged": FIELDS["fill-merged"],
    "limit": "Limits on what is read",
    "batch-size": "Prospects in one request",
    "base-url": "Address of the API",
    "journal": "Journal",
    "api-key-file": "File with the API key",
    "guard-local-address": "The address on this machine leads to the real service",
    "shared-account": "Several profiles or addresses use this key",
    "workers": "Calls at the same time",
    "rate": "Calls in a time",
    "connect-timeout": "Seconds to reach the server",
    "read-timeout": "Seconds to wait for an answer",
    "settle": "Seconds until a note can be read back",
    "give-up-after": "Seconds without any progress",
    "wait": "Wait for another import",
    "min-rows": "Fewest rows of a file",
    "max-invalid": "Most rows with problems",
    "max-unknown": "Most rows with unknown prospects",
    "max-notes": "Most notes of a file",
    "max-public": "Most public notes of a file",
    "between": "Hours of the day",
    "for": "Stop after",
}
"""What the settings of a profile are called that can be changed under Settings."""
CHOICES = {
    "content": {"auto": "each is looked at", "text": "as plain text", "html": "as HTML"},
    "attachments-are": {"ids": "ids of Saleshandy's", "files": "names of files in the folder"},
    "on-several": {"reject": "nobody gets the note", "newest": "the newest", "oldest": "the oldest", "all": "each"},
}
"""What their values are called, where a word alone says little."""


class PageFace:
    """A face for people with a mouse: settings are fields, and commands are buttons."""

    context = "page"

    def setting(self, name: str, value: str) -> str:
        """Return the setting's field."""
        return _field(name, value)

    def command(self, command: str) -> str:
        """Return the command in quotation marks; texts with commands have another here."""
        return f"“{command}”"


PAGE = PageFace()


def words(said: Said | None) -> str:
    """Return a message as the page shows it."""
    return render(said, PAGE)


def without_folders(file: str) -> str:
    """A file's name, where a run knows it by its path, as from a terminal."""
    return re.split(r"[/\\]", file)[-1]


def _field(name: str, value: str) -> str:
    value = unquoted(value)
    for unnamed in ("ITS-HEADING", "ITS HEADING", "NAME", "NUMBER"):
        value = value.replace(unnamed, "…")
    if name == "map" and "=" in value:
        role, _, heading = value.partition("=")
        label = ROLES[Role(role)] if role in set(Role) else role
        return f"“{label}: {heading or 'no column'}”"
    if name == "value" and "=" in value:
        word, _, meaning = value.partition(":")[2].rpartition("=")
        return f"“{word} means {meaning or 'leave its rows out'}”"
    if name in FIELDS:
        return f"“{FIELDS[name]}{f': {value}' if value else ''}”"
    if name in IN_SETTINGS:
        return f"“{IN_SETTINGS[name]}{f': {value}' if value else ''}” under Settings"
    return f"the setting “{name}{f' = {value}' if value else ''}” of the profile"
