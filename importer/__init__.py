"""note-importer: a spreadsheet in, every note delivered once, a result for every row out.

    from importer import Settings, prepare

    with prepare("contacts.xlsx", Settings(key="…")) as prepared:
        report = prepared.send()

The house. Numbered rooms are the way of the data; each imports only from numbered rooms above it and from the tools:

    reading      1  a file → a sheet of text
    rows         2  a sheet → rows: columns, values, validation
    grouping     3  rows → groups → requests; conflict keys
    delivery     4  requests → outcomes: decisions, reading back, ledger, coordinator
    results      5  outcomes → a workbook or CSV

    models          the words as types                    errors    the exception tree
    messages        what is said to people, as values
    settings        every setting and every check         markup    text ⇄ HTML
    resultsfile     what marks a results file             files     a file replaced in one step
    storage         files at a URL                        journal   what is durable
    version         the program's
    calls           whatever calls the API                api       the vendor, behind a protocol

    commands        what can be done, a module a use; imports all of these
    cli             the terminal's face of the commands
    page            the browser's
    sandbox         a stand-in of the API; shares no code with the rest

What this package offers is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from importer.version import __version__

if TYPE_CHECKING:
    from importer.commands.report import Report
    from importer.commands.run import prepare
    from importer.settings import Settings

logging.getLogger(__name__).addHandler(logging.NullHandler())  # whoever uses the library says where logs go

__all__ = ["Report", "Settings", "__version__", "prepare"]

_HOMES = {
    "Report": "importer.commands.report",
    "Settings": "importer.settings",
    "prepare": "importer.commands.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
