"""Check a file as a whole: it may be empty, or not the right file. If a guard fires, nothing of the file is sent.

Input: a loaded file, what is left to do of it, and settings. Output: each guard that fires, as an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from importer.commands.loading import Loaded, writable
from importer.commands.rendering import count
from importer.errors import Guarded
from importer.messages import Message, SettingPart, say
from importer.models import Remaining, Visibility
from importer.settings import Settings


def every(loaded: Loaded, unknown: Mapping[str, int], remaining: Remaining, settings: Settings) -> list[Guarded]:
    """Return the errors of all guards that fire. See :func:`_of_prospects` for the arguments."""
    return [
        *of_rows(loaded, settings),
        *_of_prospects(loaded, unknown, remaining, settings),
        *_of_notes(loaded, remaining, settings),
    ]


def of_rows(loaded: Loaded, settings: Settings) -> list[Guarded]:
    """Return the guards that fire because of the file alone."""
    rows, least, limit = _data_rows(loaded), settings.min_rows, settings.max_invalid
    guards, file, in_words = [], writable(loaded.sheet.source), count(rows, "row")
    if loaded.unclear is None and rows < least:
        message = say("guard.no-rows", file=file, n=least)
        if rows:
            message = say("guard.few-rows", file=file, rows=in_words, n=least, enough=str(rows))
        guards.append(Guarded(message, "min-rows"))
    invalid = len(loaded.rows.problems)
    if limit is not None and invalid > limit * rows:
        share, first = f"{limit * 100:.4g}", loaded.first_problem
        message = say("guard.many-problems", n=invalid, rows=in_words, file=file, share=share, first=first)
        guards.append(Guarded(message, "max-invalid"))
    return guards


def _of_notes(loaded: Loaded, remaining: Remaining, settings: Settings) -> list[Guarded]:
    """Return the guards that fire because of the number of notes still to be sent."""
    guards, file, remaining = [], writable(loaded.sheet.source), _surely(loaded, remaining)
    for setting, limit, number, noun in (
        ("max-notes", settings.max_notes, remaining.total, "note"),
        ("max-public", settings.max_public, remaining.public, "public-note"),
    ):
        if limit is not None and number > limit:
            notes, enough = count(number, noun), SettingPart(setting, str(number))
            message = say("guard.many-notes", notes=notes, file=file, most=limit, setting=enough)
            guards.append(Guarded(message, setting))
    return guards


def _of_prospects(
    loaded: Loaded, unknown: Mapping[str, int], remaining: Remaining, settings: Settings
) -> list[Guarded]:
    """Return the guard that fires if too many rows name a prospect that the workspace doesn't have.

    Args:
        loaded: the file.
        unknown: emails that no prospect has → number of their rows.
        remaining: the notes still to be sent, and how many of their IDs the API refused in earlier runs.
        settings: the settings with the limit.
    """
    emails, refused, rows, limit = sum(unknown.values()), remaining.refused, _data_rows(loaded), settings.max_unknown
    if limit is None or emails + refused <= limit * rows:
        return []
    parts: tuple[Message, ...] = (say("guard.by-email", n=emails),) if emails else ()
    parts += (say("guard.by-id", n=refused),) if refused else ()
    share = math.ceil((emails + refused) / rows * 100)
    message = say(
        "guard.unknown-prospects",
        n=emails + refused,
        rows=count(rows, "row"),
        file=writable(loaded.sheet.source),
        how=parts,
        share=f"{limit * 100:.4g}",
        profile=repr(settings.profile),
        enough=f"{share}%",
    )
    return [Guarded(message, "max-unknown")]


def _data_rows(loaded: Loaded) -> int:
    return loaded.rows.in_sheet - len(loaded.rows.skipped)  # a report's footer isn't data, however long it is


def _surely(loaded: Loaded, remaining: Remaining) -> Remaining:
    """Return the notes that certainly aren't sent yet. Rows whose email isn't looked up may be delivered already."""
    rows = loaded.rows
    if rows.email is None:
        return remaining
    is_open = (rows.email != "") & ((rows.prospect == rows.email) | loaded.roles.in_doubt)
    opened = [(group.note, int(is_open[group.positions].sum())) for group in loaded.plan.groups]
    public = sum(size for note, size in opened if note.visibility is Visibility.PUBLIC)
    return replace(
        remaining,
        deliveries=max(0, remaining.deliveries - sum(size for _, size in opened)),
        public=max(0, remaining.public - public),
    )
