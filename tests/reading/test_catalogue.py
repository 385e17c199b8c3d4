"""Every file of the catalogue is read cell by cell, or refused in words."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from importer.errors import ImporterError
from importer.messages import render
from importer.reading import Options, Sheet, read
from tests.reading.catalogue import ENTRIES, Entry


def is_header(cells: Sequence[str]) -> bool:
    return "Prospect ID" in cells and "Note" in cells


def cells(sheet: Sheet) -> dict[int, tuple[str, ...]]:
    return {
        number: row
        for numbers, columns in sheet.columns()
        for number, row in zip(numbers, zip(*columns, strict=True), strict=True)
    }


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_a_file_of_the_catalogue_is_read_or_refused_as_expected(entry: Entry, tmp_path: Path) -> None:
    path = tmp_path / entry.name
    path.write_bytes(entry.content)
    options = Options(**entry.options)  # type: ignore[arg-type]
    if entry.error:
        with pytest.raises(ImporterError) as caught:
            read(path, options, is_header=is_header)
        assert entry.error in str(caught.value)
        assert "Secret" not in render(caught.value.message.without_others())  # as a log and a notification have it
        return
    with read(path, options, is_header=is_header) as sheet:
        if entry.rows is not None:
            assert cells(sheet) == dict(entry.rows)
            assert sheet.row_count == len(entry.rows)
            assert sheet.headings == tuple(entry.headings)
        assert {row: [flaw.column for flaw in flaws] for row, flaws in sheet.flaws.items()} == dict(entry.flaws)
        remarks = [render(remark) for remark in sheet.remarks]
        assert any(entry.remark in remark for remark in remarks) or not entry.remark, remarks
