"""Make form fields for a profile's settings from the one table of settings.

Input: the profile's values as texts, their errors, and the values given by all sources. Output: fields in groups. Each
field has its help, its error, its default, and the value that overrides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from importer.messages import Message, Said, render, say
from importer.settings import SETTINGS, Setting, Topic
from importer.settings.kinds import DateOrder, OneOf, Seconds, SeveralInCell, Whole, Yes
from importer.settings.meanings import WORDS
from importer.settings.sources import Given, Source

BY_HAND = ("attachments", "base-url", "guard-local-address", "journal", "api-key-file")
"""Settings that the page shows and can't change.

They decide which files are read, what is guarded, and where notes and the key go. Someone who takes over a session of
the page can do everything that the page can do.
"""

_GROUPS = {
    say("page.settings.reading"): (Topic.FILE,),
    say("page.settings.prospects"): (Topic.PROSPECTS,),
    say("page.settings.guards"): (Topic.GUARDS,),
    say("page.settings.hours"): (Topic.HOURS,),
    say("page.settings.place"): (Topic.PLACE,),
    say("page.settings.calls"): (Topic.CALLS, Topic.PACE, Topic.SIZE, Topic.WAITING),
}
"""Title of each group of fields → its topics. Topics that only matter to runs of the command line are left out."""
_ELSEWHERE = ("map", "value", "ignore", "unknown-emails", "profile")
"""Settings of these topics that the form leaves out: remembered answers, the profile's name, and a file to write."""
FIELDS = tuple(
    setting.name
    for topics in _GROUPS.values()
    for setting in SETTINGS.values()
    if setting.topic in topics and setting.name not in (*BY_HAND, *_ELSEWHERE)
)
"""Names of the settings that the form can change."""

CAPTIONS = {
    "default-visibility": {name.lower(): WORDS[name] for name in ("PUBLIC", "PRIVATE")},
    "content": {
        "auto": say("page.form.automatic"),
        "text": say("page.settings.as-text"),
        "html": say("page.settings.as-html"),
    },
    "attachments-are": {
        "ids": say("page.settings.ids"),
        "files": say("page.settings.file-names"),
    },
    "several-in-cell": {how.value: say(f"people.who.{how.value}") for how in SeveralInCell},
    "dates": {order.value: say(f"dates.order.{order.value}") for order in DateOrder},
    "on-several": {
        "reject": say("page.settings.nobody"),
        "newest": say("page.settings.newest"),
        "oldest": say("page.settings.oldest"),
        "all": say("page.settings.each"),
    },
}
"""Labels for values of settings that aren't clear by themselves."""
_YES, _NO = say("page.yes"), say("page.no")


@dataclass(frozen=True)
class Entry:
    """Form field of one setting.

    Attributes:
        name: the setting's name.
        label: the setting's label on the page.
        help: what the setting does.
        usual: the default; empty if there is none.
        text: the field's value.
        options: value and label of each option; empty for a field that is typed.
        is_number: whether digits are typed.
        is_long: whether the field may hold several values, one a line.
        trouble: why the value can't be used; empty if it can.
        instead: the value that overrides this one, and its source; None if this one is in force.
        line: the line that sets it in the profile, for a setting that only the owner of the file can change.
    """

    name: str
    label: str
    help: Message
    usual: str
    text: str
    options: tuple[tuple[str, Said], ...]
    is_number: bool
    is_long: bool
    trouble: Said
    instead: Message | None
    line: str = ""

    @property
    def shown(self) -> str:
        """Field's value as a person reads it."""
        return render(dict(self.options).get(self.text, ", ".join(self.text.splitlines())))


@dataclass(frozen=True)
class FieldGroup:
    """Fields that belong together.

    Attributes:
        title: the group's title.
        entries: the group's fields.
    """

    title: Message
    entries: tuple[Entry, ...]

    @property
    def said(self) -> str:
        """Summary of the fields that have a value."""
        return "; ".join(f"{entry.label}: {entry.shown}" for entry in self.entries if entry.text.strip())

    @property
    def is_open(self) -> bool:
        """Whether a field of the group has an error, so that the group is shown open."""
        return any(entry.trouble for entry in self.entries)


def groups(texts: Mapping[str, str], troubles: Mapping[str, Said], given: Mapping[str, Given]) -> list[FieldGroup]:
    """Return the fields of the form, in groups.

    Args:
        texts: the fields' values, by the settings' names.
        troubles: the fields' errors, by the settings' names.
        given: the values in force and their sources, by the settings' names.
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
    options: tuple[tuple[str, Said], ...] = ()
    default = render(setting.usual).removesuffix(".0")
    match setting.kind:
        case Yes():
            options, default = (("", _NO), ("true", _YES)), ""
            text = "" if text == "false" else text
        case OneOf() as kind:
            captions = CAPTIONS.get(setting.name, {})
            options = (("", captions.get(default, default) or say("page.settings.not-set")),)
            options += tuple((word, captions.get(word, word)) for word in kind.words if word != default)
            text = "" if text.strip().lower() == default else text.strip().lower()
            default = ""
    if options and text not in dict(options):  # a wrong value, written into the profile by hand
        options = (*options, (text, text))
    return Entry(
        setting.name,
        render(setting.label),
        setting.help,
        default,
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
    value = _YES if given.value is True else _NO if given.value is False else str(given.value)
    return say("field.another-counts", value=value, why=given.origin or say("field.the-command"))
