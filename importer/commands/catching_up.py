"""Results that an earlier run didn't come to write, as it was killed or the disk was full, written by the next one.

Comes in: the journal, with the workspace's lock held, and settings. Goes out: results files, and what is to be said of
each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from importer.commands import results
from importer.commands.loading import how_read
from importer.elsewhere import place
from importer.errors import ImporterError, ResultsNotWritten, as_argument
from importer.journal import Journal
from importer.settings import Settings


def catch_up(journal: Journal, settings: Settings, source: str) -> Iterator[str]:
    """Write what is owed, but for the file that is about to be imported, whose results come with it; say what was done.

    Args:
        journal: whose lock is held.
        settings: of the run that begins.
        source: its file.
    """
    coming = str(place(source).absolute())
    for each in journal.unwritten.owed(settings.workspace):
        if each.file == coming:
            continue
        said = f"The run {each.run} of {each.file} ended before its results were written"
        by_hand = f"`note-importer results {each.run} {as_argument(each.file)}` writes them."
        if each.reading != how_read(settings):
            yield f"{said}, and the file is read differently now. With the flags of then, {by_hand}"
        else:
            try:
                written, _ = results.rewrite(each.run, place(each.file), replace(settings, results=place(each.results)))
            except ResultsNotWritten as error:
                yield f"{said}, and they still can't be: {error}"
                continue
            except ImporterError as error:
                yield f"{said}, and they can't be now: {error} With the file as it was, {by_hand}"
            else:
                if written.is_owed:
                    yield f"{said}, and they still can't be: {written.remark}"
                    continue
                yield f"{said}. They are written now: {written.path}"
        journal.unwritten.cross_out(settings.workspace, each.run)
