"""A merged cell counts for its first row, and what it covers is no blank."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from openpyxl import Workbook

from importer.importing.loading import load
from importer.models import Status
from importer.reading.spool import BLOCK_ROWS
from importer.settings import Settings
from tests.rendered import told

Line = list[str | None]
HEAD: Line = ["Prospect ID", "Note", "Visibility", "Status"]
ROWS: list[Line] = [
    ["P1", "for three", "Public", "Draft"], ["P2", None, "Public", None], ["P3", None, "Public", None],
    ["P4", "alone", "Public", None],
]  # fmt: skip


def workbook(folder: Path, *merged: str, lines: Iterable[Line]) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    for line in lines:
        sheet.append(line)
    for area in merged:
        sheet.merge_cells(area)
    path = folder / "n.xlsx"
    book.save(path)
    return path


def page(folder: Path) -> Path:
    """As a CRM writes a page that is called .xls."""
    cells = (
        '<td>P1</td><td rowspan="3">for three</td><td>Public</td><td rowspan="3">Draft</td>',
        "<td>P2</td><td>Public</td>", "<td>P3</td><td>Public</td>", "<td>P4</td><td>alone</td><td>Public</td><td></td>",
    )  # fmt: skip
    head = "".join(f"<th>{heading}</th>" for heading in HEAD)
    path = folder / "n.xls"
    path.write_text(
        f"<html><table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table></html>", "utf-8"
    )
    return path


@pytest.mark.parametrize("kind", ["workbook", "page"])
def test_what_a_merged_cell_covers_is_a_problem(tmp_path: Path, kind: str) -> None:
    """Its note isn't lost in silence, and no draft is published because its status shows once for three rows."""
    path = workbook(tmp_path, "B2:B4", "D2:D4", lines=[HEAD, *ROWS]) if kind == "workbook" else page(tmp_path)
    with load(path, Settings()) as found:
        problems = [told(problem) for row in found.rows.problems.values() for problem in row]
    assert [problem.partition(": ")[0].rpartition("!")[2] for problem in problems] == ["B3", "D3", "B4", "D4"]
    assert all("Unmerge the cells" in problem for problem in problems)
    assert [note.text for note in found.rows.notes] == ["for three", "alone"]
    assert [note.status for note in found.rows.notes] == [Status.DRAFT, Status.PUBLISHED]


def test_a_merged_cell_reaches_from_block_to_block(tmp_path: Path) -> None:
    many = BLOCK_ROWS + 5
    rows: list[Line] = [[f"P{i}", "Public", None] for i in range(many)]
    rows[0][2] = "for all"
    path = workbook(tmp_path, f"C2:C{many}", lines=[["Prospect ID", "Visibility", "Note"], *rows])
    with load(path, Settings()) as found:
        assert [len(group.positions) for group in found.plan.groups] == [1]
        assert [len([*found.sheet.wrong(number)]) for number in (2, 3, many, many + 1)] == [0, 1, 1, 0]
        for _ in range(2):
            shown = [text for _, columns in found.sheet.columns() for text in columns[2]]
            assert shown == ["for all"] + [""] * (many - 1)
