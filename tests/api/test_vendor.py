"""The vendor is behind a protocol: only its own modules know its words. Practice and the simulation are others."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import importer
from importer.api.saleshandy import SALESHANDY
from importer.importing.run import prepare
from importer.messages import render
from importer.settings import Settings
from importer.telling import preview_messages
from importer.telling.sheet_details import with_examples
from tests.truth import Line, write_sheet


def test_only_its_own_modules_know_saleshandys_words() -> None:
    """The stand-in in tests knows them by itself, so that no mistake can agree with itself."""
    words = r"x-api-key|prospectIds?\b|attachmentIds?\b|noteId|draftNote|createdAt|invalid token"
    assert _who_says(words) == {"api/saleshandy.py", "api/entries.py", "api/refusals.py"}
    assert _who_says(r"rate[ -]\S*limit exceeded|failed to \(|should not exist\\b") == {"api/refusals.py"}
    assert _who_says(r"open-api\.saleshandy") == {"settings/address.py"}  # the default address, which help needs


def _who_says(words: str) -> set[str]:
    pattern = re.compile(words, re.I)
    root = Path(importer.__file__).parent
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("one_draft", [True, False])
def test_that_one_draft_hides_another_is_said_of_the_vendor_of_which_it_is_true(
    settings: Settings, tmp_path: Path, one_draft: bool
) -> None:
    vendor = replace(SALESHANDY, name="Ledgerly", traits=replace(SALESHANDY.traits, one_draft=one_draft))
    sheet = write_sheet(tmp_path / "notes.csv", [Line("P1", "a", status="0"), Line("P1", "b", status="0")])
    with prepare(sheet, settings, vendor=vendor) as prepared:
        said = " ".join(render(saying.text) for saying in preview_messages.check(with_examples(prepared)))
    assert ("Ledgerly shows one draft for each prospect" in said) is one_draft
    assert "Saleshandy" not in said
