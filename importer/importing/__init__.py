"""Import a file: prepare, plan, ask for consent, send. Nothing here prints, asks or exits.

Input: files and settings. Output: plans and reports as values.

    batch          several files, one after the other     archiving         where finished files go
    run            prepare a file, then send it           sending           one run, with the lock held
    report         what became of a file's rows: facts, and the results; practice, which sends nothing
    loading        read, check and group a file           api_context       how the API is called, and called first
    loaded         the file that was loaded; what earlier runs know of its rows, and of the prospects of its emails
    workspaces     whose workspace a profile is
    planning       plan what a run would send             preview           all facts of a plan
    hours          when a run may work, and how long it takes
    read_again     what answers teach the profile; how a run read its sheet, and its results are read
    logs           events for the log

Each module is loaded on first use, so that ``--help`` doesn't wait for modules that it doesn't need.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # modules become attributes of the package
    from importer.importing import batch, hours, logs, run, workspaces  # noqa: F401


def loader(package: str) -> Callable[[str], Any]:
    """Return what a package loads its modules with, each when it is first asked for."""

    def load(name: str) -> Any:
        if importlib.util.find_spec(f"{package}.{name}") is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return importlib.import_module(f"{package}.{name}")

    return load


if not TYPE_CHECKING:  # so that the type checker finds a module that isn't there
    __getattr__ = loader(__name__)
