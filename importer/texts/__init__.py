"""The wording of every message to a person: kind → text.

``importer/texts/rows.py`` has the texts of the kinds that ``importer/rows/`` says, and so on for each room. A kind that
several rooms say is with one of them. :mod:`importer.messages` tells what a text may contain.

A kind whose text depends on the number ``n`` has a pair: the text for one, and the text for any other number. A key such
as ``fault@page`` has the text of the kind ``fault`` for the face ``page`` only.
"""

from collections.abc import Mapping

from importer.texts import (
    api,
    calls,
    cli,
    delivery,
    errors,
    fields,
    files,
    importing,
    journal,
    messages,
    models,
    operations,
    page,
    reading,
    results,
    rows,
    settings,
    storage,
    telling,
)

_ROOMS = (
    *(api, calls, cli, delivery, errors, fields, files, importing, journal),
    *(messages, models, operations, page, reading, results, rows, settings, storage, telling),
)
TEXTS: Mapping[str, str | tuple[str, str]] = {kind: text for room in _ROOMS for kind, text in room.TEXTS.items()}
