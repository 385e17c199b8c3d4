"""A whole import as tests run it: prepared, agreed to, sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from importer.commands.preview import Preview
from importer.commands.report import Report
from importer.commands.run import prepare
from importer.models import Progress
from importer.settings import Settings


def run(
    path: str | Path,
    settings: Settings,
    *,
    confirm: Callable[[Preview], bool] = lambda _: True,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], str | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    copy_of: Mapping[str, Path] | None = None,
) -> Report | None:
    """Import a file as the command line does; None where ``confirm`` says no."""
    with prepare(path, settings, copy_of=copy_of) as prepared:
        if not confirm(prepared.preview):
            return None
        return prepared.send(expected=prepared.preview.remaining.total, observe=observe, stop=stop, clock=clock)


def check(path: str | Path, settings: Settings) -> Preview:
    """What a run would do; the sheet is closed."""
    with prepare(path, settings) as prepared:
        return prepared.preview
