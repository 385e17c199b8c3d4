"""A whole import as tests run it: prepared, agreed to, sent."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from importer.importing.preview import Preview
from importer.importing.report import Report
from importer.importing.run import prepare
from importer.models import Progress
from importer.reading import Correction
from importer.settings import Settings
from importer.telling.preview_messages import Described
from importer.telling.sheet_details import with_examples


def run(
    path: str | Path,
    settings: Settings,
    *,
    confirm: Callable[[Preview], bool] = lambda _: True,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], str | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    corrections: Mapping[int, Correction] | None = None,
) -> Report | None:
    """Import a file as the command line does; None where ``confirm`` says no."""
    with prepare(path, settings, corrections=corrections) as prepared:
        if not confirm(prepared.preview):
            return None
        return prepared.send(agreed=prepared.preview.digest, observe=observe, stop=stop, clock=clock)


def ran(path: str | Path, settings: Settings, **hooks: Any) -> Report:
    """Import a file to its end, as if somebody had agreed."""
    report = run(path, settings, **hooks)
    assert report is not None
    return report


def check(path: str | Path, settings: Settings, corrections: Mapping[int, Correction] | None = None) -> Described:
    with prepare(path, settings, corrections=corrections) as prepared:
        return with_examples(prepared)
