"""Render the library's messages for the page: a setting becomes the label of its field.

Input: messages. Output: texts for a person who uses a mouse, in the first language of the browser that has a catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime

from markupsafe import Markup, escape

from importer.commands import rendering
from importer.errors import unquoted
from importer.messages import DOMAIN, ENGLISH, LOCALES, Message, Part, Said, localized, render, say
from importer.models import Role
from importer.page.choices import FIELDS as FOR_A_FILE
from importer.page.fields import BY_HAND, CAPTIONS, FIELDS
from importer.settings import SETTINGS
from importer.settings.meanings import WORDS

ROLES = {role: say(f"role.{role}") for role in Role}
LANGUAGES = {file.parts[-3].replace("_", "-").lower(): file.parts[-3] for file in LOCALES.glob(f"*/*/{DOMAIN}.mo")}
"""Languages that have a catalogue: tag in lower case → name of the catalogue's folder."""
LANGUAGE: ContextVar[str] = ContextVar("LANGUAGE", default=ENGLISH)
"""Language of the request. Files that the page's processes write are English."""


class PageFace:
    """Rendering for people with a mouse: settings are fields, and commands are buttons."""

    context = "page"

    @property
    def language(self) -> str:
        """Language of the request."""
        return LANGUAGE.get()

    def setting(self, name: str, value: str) -> str:
        """Return the label of the setting's field."""
        return _field(name, value)

    def command(self, command: str) -> str:
        """Return the command in quotation marks. Messages about commands have another wording on the page."""
        return words(say("page.command", command=command))


PAGE = PageFace()


def words(said: Said | None) -> str:
    """Return a message as the page shows it."""
    return render(said, PAGE)


def chosen_language(wanted: Iterable[tuple[str, float]]) -> str:
    """Return the first wanted language that has a catalogue, such as ``de`` for ``de-AT``; English if none has.

    Args:
        wanted: tags with their qualities, the best first. :meth:`werkzeug.datastructures.LanguageAccept.best_match`
            would choose English for ``de-DE,en;q=0.5``.
    """
    for tag, quality in wanted:
        name = LANGUAGES.get(tag.lower()) or LANGUAGES.get(tag.partition("-")[0].lower())
        if name is not None and quality > 0:
            return name
    return ENGLISH


def language_tag() -> str:
    """Return the language of the request, as HTML names it."""
    return LANGUAGE.get().replace("_", "-")


def number(value: int) -> str:
    """Return a number as the page shows it."""
    return localized(f"{value:,}", PAGE)


def by_language(message: Message) -> dict[str, str]:
    """Return the texts of a message in all languages of the page, by the languages as HTML names them."""
    before, texts = LANGUAGE.get(), {}
    for name in sorted({ENGLISH, *LANGUAGES.values()}):
        LANGUAGE.set(name)
        texts[language_tag()] = words(message)
    LANGUAGE.set(before)
    return texts


def in_every_language(message: Message) -> str:
    """Return the texts of a message in all languages of the page, one a line, to be searched."""
    return "\n".join(by_language(message).values())


def text(kind: str, /, **parts: Part) -> Markup:
    """Return a text of the catalogue as HTML. Its parts are escaped, unless they are markup."""
    shown = {name: part if isinstance(part, int | float) else _escaped(part) for name, part in parts.items()}
    return Markup(words(say(kind, **shown)))  # noqa: S704 (no text of the page has markup, and parts are escaped)


def element(name: str, content: Part, **attributes: str) -> Markup:
    """Return an HTML element, such as a link that is a part of a text."""
    listed = Markup().join(Markup(' {}="{}"').format(key, value) for key, value in attributes.items())
    return Markup("<{0}{1}>{2}</{0}>").format(name, listed, _escaped(content))


def moment(at: float) -> Markup:
    """Return seconds since 1970 as HTML: this computer's local time, which the page's script shows as the browser's."""
    return element("time", rendering.when(at), datetime=datetime.fromtimestamp(at, UTC).isoformat())


def _escaped(part: Part) -> Markup:
    return escape(words(part) if isinstance(part, Message) else part)


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
        return words(say("page.setting.field", label=label, value=heading or say("page.no-column")))
    if name == "value" and "=" in value:
        word, _, meaning = value.partition(":")[2].rpartition("=")
        shown = rendering.capital(words(WORDS[meaning.upper()])) if meaning.upper() in WORDS else meaning
        return words(say("page.setting.word", word=word, meaning=shown or say("page.skip-rows")))
    if name in (*FOR_A_FILE, *FIELDS, *BY_HAND):
        label = words(SETTINGS[name].label)
        caption = CAPTIONS.get(name, {}).get(value, value)
        field = (
            say("page.setting.field", label=label, value=caption) if value else say("page.setting.label", label=label)
        )
        return words(field if name in FOR_A_FILE else say("page.setting.under-settings", field=field))
    line = f"{name} = {value}" if value else name
    return words(say("page.setting.of-profile", line=line))
