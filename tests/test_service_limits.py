"""Imports under the service's limit, in every way in which a call beyond it may be refused: no row pays for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from importer.importing.report import Report
from importer.models import Result
from importer.settings import Settings
from tests import running
from tests.sandbox import Limit, Sandbox, invented, shapes

pytestmark = pytest.mark.usefixtures("jumping")

NOTES, EACH = 70, 5
LIMIT, SECONDS = "20/6s:all=300", 18.0  # three windows are waited for
WAYS = [
    *((layout, "") for layout in shapes.LAYOUTS),
    *(("code", words) for words in (":code-4000", ":429:headers", ":503", ":sliding")),
]
"""Layouts of refusals, and what the stand-in does besides."""


def lines() -> list[str]:
    return [f"P{number}x{place},Note {number},Public" for place in range(EACH) for number in range(NOTES)]


def send(folder: Path, settings: Settings, box: Sandbox, lines: Sequence[str], heading: str = "Prospect ID") -> Report:
    sheet = folder / "sheet.csv"
    sheet.write_text("\n".join([f"{heading},Note,Visibility", *lines]), encoding="utf-8")
    return running.ran(sheet, replace(settings, base_url=box.url, key=box.api_key, give_up=600.0))


@pytest.mark.parametrize(("layout", "words"), WAYS)
def test_350_rows_in_70_requests_are_created_and_take_what_the_limit_allows(
    layout: str, words: str, settings: Settings, tmp_path: Path
) -> None:
    with Sandbox(limit=Limit.parse(f"{LIMIT}{words}"), shapes=[shapes.LAYOUTS[layout]]) as box:
        report = send(tmp_path, settings, box, lines())
        made = [note.created_at for note in box.notes]
    assert report.counts == Counter({Result.CREATED: NOTES * EACH})
    assert len(made) == NOTES * EACH
    assert (made[-1] - made[0]).total_seconds() <= 1.3 * SECONDS


@pytest.mark.parametrize("layout", shapes.LAYOUTS)
def test_emails_are_looked_up_under_a_limit_of_their_own(layout: str, settings: Settings, tmp_path: Path) -> None:
    people = invented(60)
    with Sandbox(prospects=people, lists=False, limit=Limit.parse(LIMIT), shapes=[shapes.LAYOUTS[layout]]) as box:
        rows = [f"{email},Note {number % 30},Public" for number, email in enumerate(people.values())]
        report = send(tmp_path, settings, box, rows, "Email")
        assert len(box.notes) == len(people)
    assert report.counts == Counter({Result.CREATED: len(people)})
