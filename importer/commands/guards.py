"""What is wrong with a file as a whole, so that nothing of it is to be sent: it is empty, or not what it should be.

Comes in: a loaded file, what is left to do of it, and settings. Goes out: each guard that fires, as an error.
"""

from __future__ import annotations

from dataclasses import replace

from importer.commands.loading import Loaded, writable
from importer.commands.sayings import count
from importer.errors import Guarded, by_name
from importer.models import Remaining, Visibility
from importer.settings import Settings


def of_rows(loaded: Loaded, settings: Settings) -> list[Guarded]:
    """The guards that need nothing but the file."""
    rows = loaded.rows.in_sheet - len(loaded.rows.skipped)  # a report's footer is no data, however long it is
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


def of_notes(loaded: Loaded, remaining: Remaining, settings: Settings) -> list[Guarded]:
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
