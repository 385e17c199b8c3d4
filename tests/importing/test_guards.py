"""A file that is wrong as a whole is not sent: empty, full of problems or unknown people, or with too many notes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.errors import Guarded
from importer.importing.run import prepare
from importer.models import Result
from importer.settings import Settings
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

LINES = [Line("P1", "x", "1"), Line("P2", "x", "1"), Line("P3", "y", "2"), Line("P4", "", "1")]


@pytest.mark.parametrize(
    ("guard", "fires", "words"),
    [
        ({"min_rows": 4}, "", ""),
        ({"min_rows": 5}, "min-rows", "has 4 rows below its headings. At least 5 are required."),
        ({"max_invalid": "25%"}, "", ""),
        ({"max_invalid": "24%"}, "max-invalid", "1 of the 4 rows in"),
        ({"max_invalid": "0%"}, "max-invalid", "To see problems of cells: `note-importer check FILE`"),
        ({"max_notes": 3}, "", ""),
        ({"max_notes": 2}, "max-notes", "would send 3 notes, but at most 2 are allowed."),
        ({"max_public": 2}, "", ""),
        ({"max_public": 1}, "max-public", "would send 2 public notes, but at most 1 are allowed."),
    ],
)
def test_a_guard_that_fires_sends_nothing_of_the_file(
    box: Sandbox, settings: Settings, tmp_path: Path, guard: dict[str, Any], fires: str, words: str
) -> None:
    sheet = write_sheet(tmp_path / "n.csv", LINES)
    with prepare(sheet, replace(settings, **guard)) as prepared:
        assert prepared.preview.exit_status == (2 if fires else 1)
        if not fires:
            assert prepared.send().counts == {Result.CREATED: 3, Result.INVALID: 1}
            return
        assert [*prepared.preview.guarded] == [fires]
        with pytest.raises(Guarded, match=words) as caught:
            prepared.send()
    assert (caught.value.exit_status, caught.value.setting) == (2, fires)
    assert "Nothing of this file was sent." in str(caught.value)
    assert f"--{fires}" in str(caught.value)
    assert not any(received.method == "POST" for received in box.received)
    assert not (tmp_path / "n.results.xlsx").exists()


def test_a_report_that_is_empty_but_for_its_footer_is_empty(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    report = "Prospect ID,Note,Visibility\nGrand Totals (0 records),,\nCopyright (c) 2026 Acme,,\n"
    path.write_text(report, encoding="utf-8")
    with prepare(path, replace(settings, min_rows=1)) as prepared:
        assert [*prepared.preview.guarded] == ["min-rows"]
    path.write_text(f"{report}P1,x,1\nP2,,1\n", encoding="utf-8")
    with prepare(path, replace(settings, max_invalid=0.4)) as prepared:
        assert [*prepared.preview.guarded] == ["max-invalid"]


def test_what_earlier_runs_delivered_doesnt_count(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    with prepare(write_sheet(tmp_path / "n.csv", LINES[:3]), settings) as prepared:
        prepared.send()
    more = write_sheet(tmp_path / "n.csv", [*LINES[:3], Line("P5", "x", "1")])
    with prepare(more, replace(settings, max_notes=1, max_public=1)) as prepared:
        assert prepared.send().counts == {Result.CREATED: 1, Result.ALREADY_IMPORTED: 3}
    with prepare(more, replace(settings, max_notes=3, again=True)) as prepared, pytest.raises(Guarded):
        prepared.send()
    assert len(box.notes) == 4


def test_an_export_for_another_workspace_is_not_sent(settings: Settings, tmp_path: Path) -> None:
    """Three of its five people are unknown here, and one row has no text: together they are too many."""
    sheet, names = tmp_path / "export.csv", ("ada", "ben", "cleo", "dan")
    rows = "".join(f"{name}@kestrel.example,x,2\n" for name in names)
    sheet.write_text(f"Email,Note,Visibility\n{rows}eva@kestrel.example,,2\n")
    with Sandbox(prospects={"8PvBmrB7P7": "ada@kestrel.example"}) as box:
        settings = replace(settings, base_url=box.url, key=box.api_key, max_invalid="79%")  # type: ignore[arg-type]
        with prepare(sheet, settings) as prepared, pytest.raises(Guarded) as caught:
            prepared.send()
        for said in (
            "4 of the 5 rows in",
            "have problems, or name a prospect that the workspace does not have.",
            "That is more than the 79% that --max-invalid allows.",
            "or for another workspace. Check the file, the profile ('default') and the API key.",
            "The first problem is B6: ",
            "To allow more: --max-invalid 80%",
        ):
            assert said in str(caught.value)
        assert not any(received.method == "POST" for received in box.received)
        with prepare(sheet, replace(settings, max_invalid="80%")) as prepared:  # type: ignore[arg-type]
            assert prepared.send().counts == {Result.CREATED: 1, Result.REJECTED: 3, Result.INVALID: 1}
