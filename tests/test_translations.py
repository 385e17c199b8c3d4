"""A translation keeps the English text from which it was made, until a person looked at it again."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from importer.messages import DOMAIN, ENGLISH
from tests.translations import keep_english, outdated

SOURCE = r"""msgid ""
msgstr "Plural-Forms: nplurals=2; plural=(n != 1);\n"

# === notes ===

msgid "one"
msgstr ""
"Look, a \"note\".\n"
"Same.\n"
"Same.\n"

msgctxt "page"
msgid "one"
msgstr "Page"

msgid "many"
msgid_plural "many"
msgstr[0] "{n} single"
msgstr[1] "{n} several"
"""


class Catalogues:
    """An English catalogue, and one of another language that has the same entries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for language in (ENGLISH, "de"):
            self.path(language).parent.mkdir(parents=True)
            self.path(language).write_text(SOURCE, encoding="utf-8")

    def path(self, language: str) -> Path:
        return self.folder / language / "LC_MESSAGES" / f"{DOMAIN}.po"

    def source(self) -> str:
        return self.path("de").read_text(encoding="utf-8")

    def change(self, language: str, was: str, now: str) -> None:
        """Change the lines of texts, but not those of previous texts."""
        lines = self.path(language).read_text(encoding="utf-8").splitlines(keepends=True)
        changed = [line if line.startswith("#|") else line.replace(was, now) for line in lines]
        assert changed != lines
        self.path(language).write_text("".join(changed), encoding="utf-8")

    def make(self, *fitting: str) -> list[str]:
        """Do what ``make messages`` does; return what is outdated then."""
        keep_english("de", fitting, self.folder)
        with self.path("de").open("rb") as source, self.path("de").with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, read_po(source, locale="de"))
        return outdated("de", self.folder)


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    return Catalogues(tmp_path)


def test_a_new_text_keeps_the_english_one_from_which_it_was_translated(catalogues: Catalogues) -> None:
    assert [line.split()[0] for line in outdated("de", catalogues.folder)] == ["one", "one", "many"]
    assert catalogues.make() == []
    kept = catalogues.source()
    assert "".join(line for line in kept.splitlines(keepends=True) if not line.startswith("#|")) == SOURCE
    assert '#| msgid "Page"\nmsgctxt "page"\nmsgid "one"' in kept
    assert '#| msgid "{n} single"\n#| msgid_plural "{n} several"\nmsgid "many"' in kept
    assert catalogues.make() == []
    assert catalogues.source() == kept


def test_a_text_that_was_compiled_without_the_english_one_gets_it(catalogues: Catalogues) -> None:
    """For example by a branch that only compiled, and was merged."""
    catalogues.make()
    kept = catalogues.source()
    catalogues.path("de").write_text(SOURCE, encoding="utf-8")
    assert len(outdated("de", catalogues.folder)) == 3
    assert catalogues.make() == []
    assert catalogues.source() == kept


@pytest.mark.parametrize(
    ("word", "kind", "named"),
    [("Look", "one", "one"), ("Page", "one (page)", "one"), ("single", "many", "many"), ("several", "many", "many")],
)
def test_a_changed_english_text_is_found_until_its_translation_is_changed(
    catalogues: Catalogues, word: str, kind: str, named: str
) -> None:
    catalogues.make()
    catalogues.change("en", word, "NEW")
    (found,) = outdated("de", catalogues.folder)
    was, now = found.removeprefix(f"The English text of {kind} was changed from ").split(" to ")
    assert (word in was, "NEW" in was, word in now, "NEW" in now) == (True, False, False, True)
    assert f'make messages FITS="{named}"' in now
    assert catalogues.make() == catalogues.make("other") == [found]
    catalogues.change("de", word, "NEU")
    assert catalogues.make() == []


def test_a_translation_that_still_fits_is_named(catalogues: Catalogues) -> None:
    catalogues.make()
    catalogues.change("en", "Look", "NEW")
    catalogues.change("en", "several", "NEW")
    assert len(catalogues.make()) == 2
    assert [line.split(" was ")[0] for line in catalogues.make("many")] == ["The English text of one"]
    assert catalogues.make("one") == []
