"""An import is prepared, agreed to and sent: nothing happens before the word, and nothing else than was agreed to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.delivery.earlier import Earlier, Sorted
from importer.errors import Changed
from importer.importing.run import prepare
from importer.journal import Journal
from importer.messages import words
from importer.models import PossibleAnswer, Result, Role
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("jumping")


def sheet(path: Path, *rows: str, head: str = "Prospect ID,Note,Visibility") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_to_prepare_leaves_nothing_behind(tmp_path: Path, settings: Settings, box: Sandbox) -> None:
    """No journal is made, no lock is taken, nothing is sent and no key is needed."""
    path = sheet(tmp_path / "n.csv", "P1,x,1", "P2,x,1", "P2,,1")
    with prepare(path, replace(settings, key="")) as prepared:
        assert prepared.preview.remaining.total == 2
        assert prepared.preview.questions == ()
    assert [found.name for found in tmp_path.iterdir()] == ["n.csv"]
    assert box.received == ()


def test_what_another_import_did_since_is_seen_and_refused(tmp_path: Path, settings: Settings, box: Sandbox) -> None:
    """The plan differs from what was agreed to: nothing is sent, and the run doesn't count as one."""
    path = sheet(tmp_path / "n.csv", "P1,x,1", "P2,x,1", "P3,x,1")
    with prepare(path, settings) as prepared:
        agreed = prepared.preview.digest
        running.run(sheet(tmp_path / "other.csv", "P1,x,1"), settings)
        with pytest.raises(Changed, match="have changed since you agreed") as error:
            prepared.send(agreed=agreed)
    assert error.value.exit_status == 2
    assert len(box.notes) == 1
    with Journal.open(settings.journal) as journal:
        assert [run.ended for run in journal.runs.listed()] == ["declined", "finished"]
    with prepare(path, settings) as prepared:
        report = prepared.send(agreed=prepared.preview.digest)
    assert report.exit_status == 0
    assert len(box.notes) == 3


@pytest.mark.parametrize("head", ["Prospect ID,Note,Visibility", "Email,Note,Visibility"])
def test_a_sheet_is_sorted_once_for_the_plan_and_at_most_twice_under_the_lock(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    """Once if rows name prospects by ID, and once more after emails were looked up."""
    sorted_for: list[int] = []
    sort = Earlier.sort

    def counted(self: Earlier, *args: Any) -> Sorted:
        sorted_for.append(len(self.rows))
        return sort(self, *args)

    monkeypatch.setattr(Earlier, "sort", counted)
    is_by_email = head.startswith("Email")
    people = {f"P{i}": f"p{i}@example.com" for i in range(4)}
    with Sandbox(prospects=people) as box:
        settings = replace(settings, base_url=box.url, key=box.api_key, journal=tmp_path / "own.sqlite")
        names = [*(people.values() if is_by_email else people)]
        running.run(sheet(tmp_path / "first.csv", f"{names[0]},x,1", head=head), settings)
        path = sheet(tmp_path / "n.csv", *(f"{name},x,1" for name in names), head=head)
        for created in (3, 0):
            sorted_for.clear()
            with prepare(path, settings) as prepared:
                assert prepared.preview.total == created
                assert len(sorted_for) == 1
                assert prepared.send(agreed=prepared.preview.digest).counts.get(Result.CREATED, 0) == created
            assert len(sorted_for) == (3 if is_by_email else 2)


def test_an_answer_is_not_refused_for_a_column_that_it_does_not_concern(tmp_path: Path, settings: Settings) -> None:
    sheet = tmp_path / "n.csv"
    sheet.write_text("Prospect ID,First words,More words,Visibility\nP1,a text,another text,Public\n", encoding="utf-8")
    contradictory = replace(settings, mapping={Role.VISIBILITY: ("Visibility",)}, ignored=("Visibility",))
    with prepare(sheet, contradictory) as prepared:
        assert [bool(question.choices) for question in prepared.loaded.questions] == [True, False]
        prepared.decide(PossibleAnswer("map", "content=More words", words("")))
        [left] = prepared.loaded.questions
    assert left.choices == ()
