"""Results that an earlier run didn't come to write, as it was killed or the disk was full, written by the next one.

Comes in: the journal, with the workspace's lock held, and settings. Goes out: results files, and what is to be said of
each.
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
    """Write what is owed, but for the file that is about to be imported, whose results come with it; say what was done.

    Args:
        journal: whose lock is held.
        settings: of the run that begins.
        source: its file.
    """
    coming = str(place(source).absolute())
    for each in journal.pending_results.pending(settings.workspace):
        if each.file == coming:
            continue
        said = say("owed.ended-before-results", run=each.run, file=str(each.file))
        by_hand = say("owed.by-hand", run=each.run, file=str(as_argument(each.file)))
        if each.reading != how_read(settings):
            yield say("owed.read-differently", said=said, by_hand=by_hand)
        else:
            try:
                written, _ = results.rewrite(each.run, place(each.file), replace(settings, results=place(each.results)))
            except ResultsNotWritten as error:
                yield say("owed.still-not", said=said, why=error.message)
                continue
            except ImporterError as error:
                yield say("owed.not-now", said=said, why=error.message, by_hand=by_hand)
            else:
                if written.is_owed:
                    yield say("owed.still-not-since", said=said, remark=written.remark or "")
                    continue
                yield say("owed.written", said=said, path=str(written.path))
        journal.pending_results.cross_out(settings.workspace, each.run)
