"""Render the library's messages and notes for the page: a setting becomes the label of its field.

Input: messages, notes. Output: texts for a person who uses a mouse; long notes folded.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from importer.messages import Face, Message, Part, Said, render, say
from importer.models import Role
from importer.page.uploads import FIELDS as FOR_A_FILE
from importer.settings import SETTINGS
from importer.settings.kinds import DateOrder, InDoubt, SeveralInCell
from importer.settings.reading import WORDS
from importer.telling import rendering

_MOST_LINES, _MOST_CHARACTERS = 10, 900
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"]|"")*)\"""")

EDITED = ("default-visibility", "rate", "between")
"""Settings that the page changes.

None of them decides which files are read, what is guarded, or where notes and the key go. Someone who takes over a
session of the page can do everything that the page can do.
"""

CAPTIONS = {
    "default-visibility": {name.lower(): WORDS[name] for name in ("PUBLIC", "PRIVATE")},
    "several-in-cell": {how.value: say(f"people.who.{how.value}") for how in SeveralInCell},
    "dates": {order.value: say(f"dates.order.{order.value}") for order in DateOrder},
    "in-doubt": {answer.value: say(f"asked.answer.{answer.value}") for answer in InDoubt},
    "update": {"yes": say("page.form.update")},
}
"""Labels for values of settings that aren't clear by themselves."""

ROLES = {role: say(f"role.{role}") for role in Role}
NAMES = {
    "ROLES": ROLES,
    "STEPS": {name: say(f"page.steps.{name}") for name in ("choose", "check", "confirm", "send", "results")},
    "ORIGINS": {
        name: say(f"page.origin.{name}") for name in ("found", "word", "last-time", "likely", "chosen", "choose")
    },
}
"""Variables of all templates."""


def unquoted(value: str) -> str:
    """Return a value that :func:`~importer.messages.as_argument` quoted, without the quotation marks."""
    return _QUOTED.sub(lambda match: match[1] or (match[2] or "").replace('""', '"'), value)


class PageFace(Face):
    """Rendering for people with a mouse: settings are fields, and commands are buttons."""

    name = "page"

    def setting(self, name: str, value: str) -> str:
        """Return the label of the setting's field."""
        value = unquoted(value)
        if name == "map" and "=" in value:
            role, _, heading = value.partition("=")
            label = ROLES[Role(role)] if role in set(Role) else role
            heading = composed(heading) if "{" in heading else heading
            if heading in ("HEADING", "ITS-HEADING"):  # whichever it is, its drop-down is among the columns
                label, heading = SETTINGS[name].label, words(label)
            return words(say("page.setting.field", label=label, value=heading or say("page.no-column")))
        if name == "value" and "=" in value:
            word, _, meaning = value.partition(":")[2].rpartition("=")
            shown = rendering.capital(words(WORDS[meaning.upper()])) if meaning.upper() in WORDS else meaning
            return words(say("page.setting.word", word=word, meaning=shown or say("page.skip-rows")))
        if name == "in-doubt" and value:  # its answers are buttons
            return words(say("page.setting.label", label=rendering.capital(words(CAPTIONS[name][value]))))
        if name == "ignore":
            return words(say("page.setting.field", label=value, value=say("page.form.not-imported")))
        if name in (*FOR_A_FILE, *EDITED):
            label = words(SETTINGS[name].label)
            caption = CAPTIONS.get(name, {}).get(value, value)
            about = {"value": caption} if value else {}
            field = say("page.setting.field" if value else "page.setting.label", label=label, **about)
            return words(field if name in FOR_A_FILE else say("page.setting.under-settings", field=field))
        line = f"{name} = {value}" if value else name
        return words(say("page.setting.of-profile", line=line))

    def command(self, command: str) -> str:
        """Return the command in quotation marks. Messages about commands have another wording on the page."""
        return words(say("page.command", command=command))


PAGE = PageFace()


def words(said: Said | None) -> str:
    """Return a message as the page shows it."""
    return render(said, PAGE)


def text(kind: str, /, **parts: Part) -> Markup:
    """Return a text of the page as HTML. Its parts are escaped, unless they are markup."""
    shown = {name: part if isinstance(part, int | float) else _escaped(part) for name, part in parts.items()}
    return Markup(words(say(kind, **shown)))  # noqa: S704 (no text of the page has markup, and parts are escaped)


def element(name: str, content: Part, **attributes: str) -> Markup:
    """Return an HTML element, such as a link that is a part of a text."""
    listed = Markup().join(Markup(' {}="{}"').format(key, value) for key, value in attributes.items())
    return Markup("<{0}{1}>{2}</{0}>").format(name, listed, _escaped(content))


def _escaped(part: Part) -> Markup:
    return escape(words(part) if isinstance(part, Message) else part)


def composed(template: str) -> str:
    """Return a template as people read it: ``Date, Author: Note`` for ``[{Date}, ][{Author}: ]{Note}``."""
    return re.sub(r"\[(.*?)\]|\{([^{}]*)\}", lambda part: composed(part[1]) if part[1] else part[2] or "", template)


def folded(content: str) -> tuple[str, str]:
    """Return the beginning of a note, at most ten lines, and the rest."""
    end = min(_MOST_CHARACTERS, sum(map(len, content.splitlines(keepends=True)[:_MOST_LINES])))
    return content[:end], content[end:]
