"""The settings of a profile as fields of a form, made from the one table of settings.

Comes in: what a profile holds, as texts; what is wrong with them; what was given at all places. Goes out: fields, in
groups, each with its help, its trouble beside it, and what counts without it or instead of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from importer.messages import Message, Said, say
from importer.page.rendering import CHOICES, IN_SETTINGS, words
from importer.settings import SETTINGS, Setting, Topic
from importer.settings.editing import usual
from importer.settings.kinds import OneOf, Seconds, Whole, Yes
from importer.settings.sources import Given, Source

BY_HAND = ("attachments", "base-url", "guard-local-address", "journal", "api-key-file")
"""Settings that the page shows and can't change. They decide which files are read, what is guarded, and where notes and
the key go.

Whoever takes over a session of the page can do with it what the page can do.
"""

_GROUPS = {
    "How a file is read": (Topic.FILE,),
    "Prospects that are named by an email": (Topic.EMAILS,),
    "What keeps a file from being sent": (Topic.GUARDS,),
    "When it may send": (Topic.HOURS,),
    "Where the notes go, and where that is recorded": (Topic.PLACE,),
    "How Saleshandy is called": (Topic.CALLS, Topic.PACE, Topic.SIZE, Topic.WAITING),
}
"""The topics that make sense here; what is only for runs of the command line is left to whoever types those."""
FIELDS = tuple(
    setting.name
    for topics in _GROUPS.values()
    for setting in SETTINGS.values()
    if setting.topic in topics and setting.name in IN_SETTINGS and setting.name not in BY_HAND
)
"""The settings that the form has."""


@dataclass(frozen=True)
class Entry:
    """A field.

    Attributes:
        name: of the setting.
        label: what it is called here.
        help: what it does.
        usual: what counts without it; empty where nothing does.
        text: what stands in it.
        options: value and label each, where there are only a few; empty for what is typed.
        is_number: whether digits are typed.
        is_long: whether it may hold a line each.
        trouble: why it can't be used; empty where it can.
        instead: what counts in its place, and why; None if it counts itself.
        line: the line that sets it in the profile, for a setting that only the owner of the file can change.
    """

    name: str
    label: str
    help: Message
    usual: str
    text: str
    options: tuple[tuple[str, str], ...]
    is_number: bool
    is_long: bool
    trouble: Said
    instead: Message | None
    line: str = ""

    @property
    def shown(self) -> str:
        """What stands in it, as it is read there."""
        return dict(self.options).get(self.text, ", ".join(self.text.splitlines()))


@dataclass(frozen=True)
class FieldGroup:
    """Fields that belong together.

    Attributes:
        title: of the group.
        entries: its fields.
    """

    title: str
    entries: tuple[Entry, ...]

    @property
    def said(self) -> str:
        """What stands in them, in short."""
        return "; ".join(f"{entry.label}: {entry.shown}" for entry in self.entries if entry.text.strip())

    @property
    def is_open(self) -> bool:
        """Whether one of them needs a person."""
        return any(entry.trouble for entry in self.entries)


def groups(texts: Mapping[str, str], troubles: Mapping[str, Said], given: Mapping[str, Given]) -> list[FieldGroup]:
    """The form.

    Args:
        texts: what stands in the fields, by the settings' names.
        troubles: what is wrong with them.
        given: what counts now, and where it stood.
    """
    entries = [
        (SETTINGS[name].topic, _entry(SETTINGS[name], texts.get(name, ""), troubles.get(name, ""), given.get(name)))
        for name in (*FIELDS, *BY_HAND)
    ]
    return [
        FieldGroup(title, tuple(entry for topic, entry in entries if topic in topics))
        for title, topics in _GROUPS.items()
    ]


def _entry(setting: Setting, text: str, trouble: Said, given: Given | None) -> Entry:
    options: tuple[tuple[str, str], ...] = ()
    without = words(usual(setting)).removesuffix(".0")
    match setting.kind:
        case Yes():
            options, without = (("", "no"), ("true", "yes")), ""
            text = "" if text == "false" else text
        case OneOf() as kind:
            says = CHOICES.get(setting.name, {})
            options = (("", says.get(without, without) or "not set"),)
            options += tuple((word, says.get(word, word)) for word in kind.words if word != without)
            text = "" if text.strip().lower() == without else text.strip().lower()
            without = ""
    if options and text not in dict(options):  # by hand, and to be corrected
        options = (*options, (text, text))
    return Entry(
        setting.name,
        IN_SETTINGS[setting.name],
        setting.help,
        without,
        text,
        options,
        is_number=isinstance(setting.kind, Whole | Seconds),
        is_long=setting.many,
        trouble=trouble,
        instead=_instead(given),
        line=_line(setting) if setting.name in BY_HAND else "",
    )


def _line(setting: Setting) -> str:
    return f"{setting.name} = " + ("true" if isinstance(setting.kind, Yes) else f'"{setting.metavar}"')


def _instead(given: Given | None) -> Message | None:
    if given is None or given.place is Source.PROFILE:
        return None
    value = "yes" if given.value is True else "no" if given.value is False else str(given.value)
    return say("field.another-counts", value=value, why=given.origin or say("field.the-command"))
