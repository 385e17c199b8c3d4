"""Write the results that an earlier run couldn't write, because it was killed or the disk was full.

Input: the journal, with the workspace's lock held, and settings. Output: results files, and a message about each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from importer.commands import results
from importer.commands.loading import how_read
from importer.errors import ImporterError, ResultsNotWritten, as_argument
from importer.journal import Journal
from importer.messages import Message, say
from importer.settings import Settings
from importer.storage import place


def catch_up(journal: Journal, settings: Settings, source: str) -> Iterator[Message]:
    """Write the pending results, except those of the file that is about to be imported. Yield a message about each.

    Args:
        journal: the journal, with its lock held.
        settings: the settings of the run that begins.
        source: the file that it imports.
    """
    current_file = str(place(source).absolute())
    for pending in journal.pending_results.pending(settings.workspace):
        if pending.file == current_file:
            continue
        message = say("owed.ended-before-results", run=pending.run, file=str(pending.file))
        by_hand = say("owed.by-hand", run=pending.run, file=str(as_argument(pending.file)))
        if pending.reading != how_read(settings):
            yield say("owed.read-differently", said=message, by_hand=by_hand)
        else:
            try:
                written, _ = results.rewrite(
                    pending.run, place(pending.file), replace(settings, results=place(pending.results))
                )
            except ResultsNotWritten as error:
                yield say("owed.still-not", said=message, why=error.message)
                continue
            except ImporterError as error:
                yield say("owed.not-now", said=message, why=error.message, by_hand=by_hand)
            else:
                if written.is_owed:
                    yield say("owed.still-not-since", said=message, remark=written.remark or "")
                    continue
                yield say("owed.written", said=message, path=str(written.path))
        journal.pending_results.cross_out(settings.workspace, pending.run)
