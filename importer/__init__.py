"""note-importer imports a spreadsheet of notes, delivers each note once, and returns a result for each row.

    from importer import Settings, prepare

    with prepare("contacts.xlsx", Settings(key="…")) as prepared:
        report = prepared.send()

The packages. The data passes the numbered ones in order. Each imports only from those above it and from the tools
below, which have no number:

    reading      1  a file → a sheet of text
    rows         2  a sheet → rows: columns, values, validation
    grouping     3  rows → groups → requests
    delivery     4  requests → outcomes: decisions, reading back, ledger, coordinator
    results      5  outcomes → a workbook or CSV

    models          types for the importer's terms        errors    the exception tree
    messages        messages to people, as values
    settings        all settings and their checks         fields    the one table of a row's fields
    markup          text ⇄ HTML                           files     files replaced in one step
    resultsfile     the columns of a results file         journal   the durable record of deliveries
    storage         files at a URL                        calls     everything that calls the API
    api             the vendor, behind a protocol         texts     the wording of messages
    identity        what a row says, whoever may see it
    version         the program's version

    practice        the outcomes of an import that nobody refuses; imports numbered rooms and tools
    importing       a file imported: prepared, planned, sent; imports numbered rooms and tools
    telling         plans and runs told to people and programs; imports importing, too
    operations      what people do beside importing; imports telling, too
    cli             the commands in the terminal
    page            the commands in the browser

The names that this package exports are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from importer.version import __version__

if TYPE_CHECKING:
    from importer.importing.report import Report
    from importer.importing.run import prepare
    from importer.settings import Settings

__all__ = ["Report", "Settings", "__version__", "prepare"]

_HOMES = {
    "Report": "importer.importing.report",
    "Settings": "importer.settings",
    "prepare": "importer.importing.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
