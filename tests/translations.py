"""Keep the English text from which each text of another language was translated.

It is gettext's *previous text*: lines that begin with ``#| msgid`` above an entry, which a translator's editor shows.
``make messages`` runs this module before it compiles. It writes today's English text to an entry

- that has no previous text, because it is new;
- whose translation was changed since the catalogue was last compiled;
- whose kind is named: ``make messages FITS="kind kind"``, if the translation still fits.

It leaves all others alone, so :func:`outdated` finds each translation whose English text was changed since.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import denormalize, normalize, read_po

from importer.messages import DOMAIN, ENGLISH, LOCALES

Key: TypeAlias = tuple[str, str]
"""A face's context and a kind."""
Texts: TypeAlias = dict[Key, tuple[str, ...]]
"""The text of each entry: one, or one for each number that is told apart."""

_ENTRY = re.compile(r'(?:^msgctxt "(?P<context>.*)"\n)?^msgid "(?P<kind>.+)"$', re.MULTILINE)
_PREVIOUS = re.compile(r"^#\| ?(.*\n)", re.MULTILINE)


def outdated(language: str, locales: Path = LOCALES) -> list[str]:
    """Return a sentence for each translation whose English text isn't the one from which it was translated."""
    english, found = _source(ENGLISH, locales), []
    for (context, kind), was in _translated_from(_path(language, locales).read_text(encoding="utf-8")).items():
        now = english.get((context, kind), ())
        if was and was != now:
            before, after = (" / ".join(map(repr, forms)) for forms in (was, now))
            found.append(
                f"The English text of {kind}{context and f' ({context})'} was changed from {before} to {after}. Change "
                f"the text in {language}, then run `make messages`. "
                f'Or if it still fits: `make messages FITS="{kind}"`.'
            )
        elif not was:
            found.append(f"{kind} ({language}) has no English text above it. Run `make messages`.")
    return found


def keep_english(language: str, fitting: Collection[str] = (), locales: Path = LOCALES) -> None:
    """Write the English text above each entry that is new, was changed, or is of a kind that is named as fitting."""
    path = _path(language, locales)
    english, texts = _source(ENGLISH, locales), _source(language, locales)
    compiled = _compiled(path.with_suffix(".mo"))
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    for place, block in enumerate(blocks):
        for key, was in _translated_from(block).items():
            if key in english and (not was or key[1] in fitting or texts[key] != compiled.get(key)):
                lines = _previous(english[key]).replace("\\", r"\\")
                blocks[place] = _ENTRY.sub(lines + r"\g<0>", _PREVIOUS.sub("", block))
    path.write_text("\n\n".join(blocks), encoding="utf-8", newline="\n")


def _translated_from(source: str) -> Texts:
    """Return the previous text of each entry in a catalogue's source; an empty one if it has none."""
    found = {}
    for block in source.split("\n\n"):
        for entry in _ENTRY.finditer(block):
            forms = re.split(r"^msgid(?:_plural)? ", "".join(_PREVIOUS.findall(block)), flags=re.MULTILINE)
            found[entry["context"] or "", entry["kind"]] = tuple(denormalize(form.strip()) for form in forms[1:])
    return found


def _previous(forms: tuple[str, ...]) -> str:
    """Return the lines that hold a text as the previous one."""
    lines = [
        line
        for word, form in zip(("msgid", "msgid_plural"), forms, strict=False)
        for line in f"{word} {normalize(form, width=0)}".splitlines()
    ]
    return "".join(f"#| {line}\n" for line in lines)


def _source(language: str, locales: Path) -> Texts:
    with _path(language, locales).open("rb") as file:
        return _texts(read_po(file, locale=language))


def _compiled(path: Path) -> Texts:
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return _texts(read_mo(file))


def _texts(catalogue: Catalog) -> Texts:
    found = {}
    for entry in catalogue:
        kind = entry.id if isinstance(entry.id, str) else entry.id[0]
        texts = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
        found[entry.context or "", kind] = texts
    return found


def _path(language: str, locales: Path) -> Path:
    return locales / language / "LC_MESSAGES" / f"{DOMAIN}.po"


if __name__ == "__main__":
    languages = sorted(folder.name for folder in LOCALES.iterdir() if folder.name != ENGLISH)
    if unknown := set(sys.argv[1:]) - {kind for _, kind in _source(ENGLISH, LOCALES)}:
        sys.exit(f"No text is of the kind {', '.join(sorted(unknown))}.")
    for name in languages:
        keep_english(name, sys.argv[1:])
        for line in outdated(name):
            print(line)
