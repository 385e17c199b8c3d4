"""What is wrong with a file as a whole, so that nothing of it is to be sent: it is empty, or not what it should be.

Comes in: a loaded file, what is left to do of it, and settings. Goes out: each guard that fires, as an error.
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
    """Return all guards that fire, once what earlier runs left to do is known; see each for the arguments."""
    return [
        *of_rows(loaded, settings),
        *_of_prospects(loaded, unknown, remaining, settings),
        *_of_notes(loaded, remaining, settings),
    ]


def of_rows(loaded: Loaded, settings: Settings) -> list[Guarded]:
    """The guards that need nothing but the file."""
    rows = _data_rows(loaded)
    found, name = [], writable(loaded.sheet.source)
    if loaded.unclear is None and rows < settings.min_rows:
        found.append(Guarded(_few_rows(rows, name, settings.min_rows), "min-rows"))
    wrong, most = len(loaded.rows.problems), settings.max_invalid
    if most is not None and wrong > most * rows:
        first = next(iter(sorted(loaded.rows.problems.items())))[1][0]
        found.append(
            Guarded(
                say(
                    "guard.many-problems",
                    n=wrong,
                    rows=count(rows, "row"),
                    file=name,
                    share=f"{most * 100:.4g}",
                    first=say("problem", place=first.cell, text=first.text),
                ),
                "max-invalid",
            )
        )
    return found


def _few_rows(rows: int, file: str, least: int) -> Message:
    if not rows:
        return say("guard.no-rows", file=file, n=least)
    return say("guard.few-rows", file=file, rows=count(rows, "row"), n=least, enough=str(rows))


def _of_notes(loaded: Loaded, remaining: Remaining, settings: Settings) -> list[Guarded]:
    """The guards that need to know what earlier runs left to do."""
    found, name, remaining = [], writable(loaded.sheet.source), _surely(loaded, remaining)
    for setting, most, number, things in (
        ("max-notes", settings.max_notes, remaining.total, "note"),
        ("max-public", settings.max_public, remaining.public, "public-note"),
    ):
        if most is not None and number > most:
            found.append(
                Guarded(
                    say(
                        "guard.many-notes",
                        notes=count(number, things),
                        file=name,
                        most=most,
                        setting=SettingPart(setting, str(number)),
                    ),
                    setting,
                )
            )
    return found


def _of_prospects(
    loaded: Loaded, unknown: Mapping[str, int], remaining: Remaining, settings: Settings
) -> list[Guarded]:
    """Return the guard that fires if too many rows name a prospect that the workspace does not have.

    Args:
        loaded: the file.
        unknown: the emails that nobody has, with the number of their rows.
        remaining: what is left to do, with the IDs that the API refused in earlier runs.
        settings: what is allowed.
    """
    emails, refused, rows, most = sum(unknown.values()), remaining.refused, _data_rows(loaded), settings.max_unknown
    if most is None or emails + refused <= most * rows:
        return []
    how: tuple[Message, ...] = (say("guard.by-email", n=emails),) if emails else ()
    how += (say("guard.by-id", n=refused),) if refused else ()
    share = math.ceil((emails + refused) / rows * 100)
    about = say(
        "guard.unknown-prospects",
        n=emails + refused,
        rows=count(rows, "row"),
        file=writable(loaded.sheet.source),
        how=how,
        share=f"{most * 100:.4g}",
        profile=repr(settings.profile),
        enough=f"{share}%",
    )
    return [Guarded(about, "max-unknown")]


def _data_rows(loaded: Loaded) -> int:
    return loaded.rows.in_sheet - len(loaded.rows.skipped)  # a report's footer is no data, however long it is


def _surely(loaded: Loaded, remaining: Remaining) -> Remaining:
    """What is left to do whoever has the emails that aren't looked up yet: their notes may all be delivered already."""
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
