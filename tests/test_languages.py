"""Each language has a text for all that the page can show, made of the same parts as the English one."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.mofile import write_mo

from importer import messages
from importer.messages import DOMAIN, ENGLISH, LOCALES, Plain, render, say
from tests.test_house import MODULES, graph, room
from tests.test_messages import TEXTS, Texts, all_shown
from tests.translations import outdated

LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir() if folder.name != ENGLISH)
TERMINAL_ALONE = {"asking", "cli", "config", "init", "live", "schedule", "watching"}
"""Families of kinds that no module names of which the page is made."""
OTHER_FACES = {"profile"}
"""Contexts of faces that are English in every language."""


def family(kind: str) -> str:
    return kind.partition(".")[0]


def of_page() -> set[str]:
    """Modules of which the page is made: what it imports, also late. Of the commands, those that a module names."""
    found: set[str] = set()
    waiting = [module for module in MODULES if room(module) == "page"]
    while waiting:
        module = waiting.pop()
        if module in MODULES and module not in found:
            found.add(module)
            if module != "importer.commands":  # which imports all commands, for types alone
                source = MODULES[module].read_text(encoding="utf-8")
                waiting += graph()[module]
                waiting += [f"importer.commands.{name}" for name in re.findall(r"\bcommands\.(\w+)", source)]
    return {module for module in found if room(module) != "sandbox"}


def named_in(path: Path) -> Iterator[str]:
    """Kinds in a module, and the beginnings of those that it puts together."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=str() as text) if text in TEXTS.of:
                yield text
            case ast.JoinedStr(values=[ast.Constant(value=str() as text), *_]) if "." in text:
                yield text


def entries(texts: Texts) -> dict[tuple[str, str], Entry]:
    """The texts that can be shown, by context and kind."""
    found = {}
    for entry in texts.catalogue:
        kind = entry.id if isinstance(entry.id, str) else entry.id[0]
        if kind and family(kind) not in TERMINAL_ALONE and entry.context not in OTHER_FACES:
            found[entry.context or "", kind] = entry
    return found


def shape(text: str) -> tuple[int, Counter[str]]:
    """A text's number of lines, and its parts, settings and commands. What joins several parts is a text, too."""
    parts = re.findall(r"`[^`]*`|\{[\w.-]+(?::(?:headline|rest|capital)(?=\}))?", text)
    return text.count("\n"), Counter(parts)


def forms_of(entry: Entry) -> list[str]:
    """An entry's texts: one, or one for each number that is told apart."""
    return [entry.string] if isinstance(entry.string, str) else list(entry.string or ())


def different(one: Entry, other: Entry) -> bool:
    """Whether two texts differ in having plural forms, in lines, or in parts. A form may leave a part out."""
    both = [[shape(text) for text in forms_of(entry)] for entry in (one, other)]
    if isinstance(one.id, str) or isinstance(other.id, str):
        return type(one.id) is not type(other.id) or both[0] != both[1]
    named, its = ({part for _, parts in forms for part in parts} for forms in both)
    return {lines for lines, _ in both[0]} != {lines for lines, _ in both[1]} or named != its


def test_no_module_of_the_page_names_a_kind_that_only_the_terminal_shows() -> None:
    """So the list of these families is true."""
    modules = of_page()
    assert "importer.commands.batch" in modules
    assert {room(module) for module in modules}.isdisjoint({"cli", "sandbox"})
    named = [(module, kind) for module in sorted(modules) for kind in named_in(MODULES[module])]
    named += [(path.name, kind) for path, kind, *_ in all_shown()]
    assert [(module, kind) for module, kind in named if family(kind) in TERMINAL_ALONE] == []
    assert {family(kind) for kind in TEXTS.of} >= TERMINAL_ALONE


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_the_page_can_show_has_a_text_in_each_language(language: str) -> None:
    """With the same parts, settings, commands, lines and plural forms; and no text is there for nothing."""
    english, texts = entries(TEXTS), Texts(language)
    there = entries(texts)
    assert sorted(english.keys() - there.keys()) == [], "a text is missing"
    assert sorted(there.keys() - english.keys()) == [], "nothing says this"
    assert sum(bool(entry.id) for entry in texts.catalogue) == len(there), "only the terminal shows this"
    assert [key for key, entry in english.items() if different(entry, there[key])] == []
    assert [key for key, entry in there.items() if not all(forms_of(entry))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_one_form_for_each_number_that_its_rule_tells_apart(language: str) -> None:
    catalogue = Texts(language).catalogue
    assert {len(forms_of(entry)) for entry in catalogue if not isinstance(entry.id, str)} == {catalogue.num_plurals}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_was_translated_from_the_english_text_of_today(language: str) -> None:
    assert outdated(language) == []


class Abroad(Plain):
    """A face of another language."""

    def __init__(self, language: str) -> None:
        self.language = language


def test_numbers_have_the_marks_of_the_language() -> None:
    assert render(say("count.note", n=1_234_567), Abroad("de")) == "1.234.567 Notizen"
    assert render(say("size.mb", size=1_234.56), Abroad("de")) == "1.234,6 MB"
    assert render(say("size.mb", size=1_234.56)) == "1,234.6 MB"


def test_a_text_that_a_language_lacks_is_shown_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind is never shown instead; nor is that of a face, if the language has only the text of all faces."""
    for name in (ENGLISH, "xx"):
        (tmp_path / name / "LC_MESSAGES").mkdir(parents=True)
    compiled = f"LC_MESSAGES/{DOMAIN}.mo"
    (tmp_path / ENGLISH / compiled).write_bytes((LOCALES / ENGLISH / compiled).read_bytes())
    with (tmp_path / "xx" / compiled).open("wb") as file:
        catalogue = Catalog(locale="de")
        catalogue.add("number.marks", " ,")
        write_mo(file, catalogue)
    monkeypatch.setattr(messages, "LOCALES", tmp_path)
    assert render(say("count.note", n=1_000), Abroad("xx")) == "1 000 notes"
    assert render(say("outcome.broke-off"), Abroad("xx")) == "the run was interrupted"
    assert render(say("outcome.broke-off"), Abroad("yy")) == "the run was interrupted"
