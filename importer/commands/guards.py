"""What is wrong with a file as a whole, so that nothing of it is to be sent: it is empty, or not what it should be.

Comes in: a loaded file, what is left to do of it, and settings. Goes out: each guard that fires, as an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from importer.commands.loading import Loaded, writable
from importer.commands.sayings import count
from importer.errors import Guarded, by_name
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
        found.append(
            Guarded(
                f"{name} has {count(rows, 'row') if rows else 'no row'} below its headings; at least"
                f" {settings.min_rows:,} {'is' if settings.min_rows == 1 else 'are'} expected. Nothing of it was sent."
                " See whether the export came out whole. If it is as it should be:"
                f" {by_name('min-rows', str(rows))}.",
                "min-rows",
            )
        )
    wrong, most = len(loaded.rows.problems), settings.max_invalid
    if most is not None and wrong > most * rows:
        first = next(iter(sorted(loaded.rows.problems.items())))[1][0]
        found.append(
            Guarded(
                f"{wrong:,} of the {count(rows, 'row')} in {name} {'has' if wrong == 1 else 'have'} problems, more than"
                f" the {most * 100:.4g}% that {by_name('max-invalid')} allows. Nothing of it was sent. This may be the"
                f" wrong file; the first problem is {first}; `note-importer check` lists them all.",
                "max-invalid",
            )
        )
    return found


def _of_notes(loaded: Loaded, remaining: Remaining, settings: Settings) -> list[Guarded]:
    """The guards that need to know what earlier runs left to do."""
    found, name, remaining = [], writable(loaded.sheet.source), _surely(loaded, remaining)
    for setting, most, number, things in (
        ("max-notes", settings.max_notes, remaining.total, "note"),
        ("max-public", settings.max_public, remaining.public, "public note"),
    ):
        if most is not None and number > most:
            found.append(
                Guarded(
                    f"{count(number, things)} would be sent of {name}, and {most:,} are allowed at most. Nothing of it"
                    f" was sent. See whether this is the right file. If it is: {by_name(setting, str(number))}.",
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
    by_id = f"{refused:,} by an ID that the API refused in an earlier run"
    by_email = f"{emails:,} by an email that nobody has"
    how = " and ".join([by_email] * bool(emails) + [by_id] * bool(refused))
    share = math.ceil((emails + refused) / rows * 100)
    return [
        Guarded(
            f"{emails + refused:,} of the {count(rows, 'row')} in {writable(loaded.sheet.source)} name a prospect that"
            f" the workspace does not have: {how}. That is more than the {most * 100:.4g}% that"
            f" {by_name('max-unknown')} allows. Nothing of it was sent. The export may be for another workspace: check"
            f" the file, the profile ({settings.profile!r}) and the key. If the file is right, add the prospects in"
            f" Saleshandy, or allow more: {by_name('max-unknown', f'{share}%')}.",
            "max-unknown",
        )
    ]


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
