"""One import into a sandbox, with short waits; whatever came of it, its results are true and the key stands nowhere."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from importer.importing.report import Report
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox
from tests.truth import Line, check, write_sheet

KEY = "a-key-that-nobody-may-see"


def settings(box: Sandbox, folder: Path, **more: object) -> Settings:
    given = {
        "base_url": box.url,
        "key": KEY,
        "batch_size": 3,
        "workers": 3,
        "read_timeout": 0.4,
        "settle": 0.05,
        "journal": folder / "journal.sqlite",
        "results": folder / "results.csv",
        **more,
    }
    return Settings(**given)  # type: ignore[arg-type]


def deliver(box: Sandbox, folder: Path, lines: Sequence[Line], **more: object) -> Report:
    """One import; whatever came of it, the results are true and the key stands nowhere."""
    sheet = write_sheet(folder / "sheet.csv", lines)
    report = running.ran(sheet, settings(box, folder, **more))
    found = check(lines, report.results, box)
    assert found == counts(report)
    for place in folder.iterdir():
        assert place.is_dir() or KEY.encode() not in place.read_bytes(), place
    assert KEY not in str(report)
    return report


def counts(report: Report) -> Counter[str]:
    return Counter({result.value: count for result, count in report.counts.items()})
