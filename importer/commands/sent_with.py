"""Collect the answers and settings that decide what a run sends, for whoever is asked about it later.

Input: a file as it was understood, and the settings. Output: a document for the journal. It holds column letters, words
of visibility and status with their meanings, and settings, but no heading, no text of a note, no email and no key. A
word or name that might be more than a mere word is replaced by its digest.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

from importer.commands.loading import Loaded
from importer.models import Role
from importer.reading import column_letter
from importer.settings import SETTINGS, Settings
from importer.settings.exports import as_stored
from importer.version import __version__

KEPT = (
    "default-visibility",
    "content",
    "attachments-are",
    "on-several",
    "several-in-cell",
    "dates",
    "skip-existing",
    "header-row",
    "encoding",
    "delimiter",
    "fill-merged",
    "first",
    "again",
    "resend-unconfirmed",
)
"""Settings whose values are kept, if they aren't the usual ones."""

_LONGEST = 40  # characters of a word
_DIGITS = 5  # so many digits may be a phone number or an ID
_WORDS = 100  # maximum number of words for each column


def sent_with(loaded: Loaded, settings: Settings) -> dict[str, object]:
    """Return the answers and settings that decide what a run of this file sends."""
    sheet, composition = loaded.sheet, loaded.roles.composition
    columns = {role.value: column_letter(at) for role, at in loaded.roles.columns.items()}
    if composition is not None:
        columns[Role.CONTENT] = "+".join(map(column_letter, composition.columns))
    about: dict[str, object] = {"program": __version__, "columns": columns}
    if loaded.copy_of:
        about["copy_of"] = [*loaded.copy_of]
    if loaded.template is not None:
        about["template"] = _digest(loaded.template)
    if sheet.name in sheet.sheets and len(sheet.sheets) > 1:
        about["sheet"] = sheet.sheets.index(sheet.name) + 1
    if settings.remembered is not None:
        about["export"] = _plain(settings.remembered.name)
    for role, words in loaded.rows.meanings.items():
        meanings = itertools.islice(words.items(), _WORDS)
        about[role.value] = {_plain(word): value and value.name.lower() for word, value in meanings}
    files = {"attachments-are": "files"} if settings.takes_files and Role.ATTACHMENTS in columns else {}
    return about | {"settings": {**dict(_settings(settings)), **files}}


def _settings(settings: Settings) -> Iterator[tuple[str, object]]:
    for name in KEPT:
        setting = SETTINGS[name]
        value = getattr(settings, setting.attribute)
        if value != setting.default and isinstance(value, str | int):  # an encoding of several kinds isn't
            yield name, as_stored(value)


def _plain(word: str) -> str:
    """Return the word, or its digest if it might be a text, an email or a number that identifies somebody."""
    is_plain = len(word) <= _LONGEST and "@" not in word and sum(map(str.isdigit, word)) < _DIGITS
    return word if is_plain else _digest(word)


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
