"""Open a workspace's journal after checking that it is the right one, and lock it: one import at a time.

Input: settings. Output: the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from importer.errors import Busy, Interrupted
from importer.journal import Journal, machine
from importer.messages import Said, as_message, say
from importer.models import Progress
from importer.settings import Settings


def opened(settings: Settings) -> AbstractContextManager[Journal | None]:
    """Return the journal, opened to read it without a lock; None if there is none yet."""
    return Journal.open(settings.journal) if Journal.exists(settings.journal) else nullcontext()


@contextmanager
def held(
    settings: Settings,
    *,
    wait: float = 0.0,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
) -> Iterator[Journal]:
    """Yield the workspace's journal with its lock held. Raises WrongJournal, Busy, Interrupted.

    Another import is waited for up to ``wait`` seconds, until ``stop`` returns a sentence. ``observe`` receives why.
    """
    if not Journal.exists(settings.journal):
        check_journal(None, settings)  # so that none is created while the right journal is out of reach

    def tell(attempt: RetryCallState) -> None:
        busy = attempt.outcome and attempt.outcome.exception()
        assert isinstance(busy, Busy)
        if (reason := stop()) is not None:
            raise Interrupted(say("stopped.nothing-sent", why=as_message(reason)))
        observe(Progress(0, 0, say("progress.waits", holder=busy.holder)))

    over, is_busy, pause = stop_after_delay(wait), retry_if_exception_type(Busy), wait_fixed(0.5)
    retrying = Retrying(retry=is_busy, stop=over, wait=pause, before_sleep=tell, reraise=True)
    with Journal.open(settings.journal) as journal, ExitStack() as stack:
        check_journal(journal, settings)
        retrying(lambda: stack.enter_context(_locks(journal, settings)))
        yield journal


@contextmanager
def _locks(journal: Journal, settings: Settings) -> Iterator[None]:
    is_alone = not settings.key or settings.is_unguarded
    with journal.held(settings.workspace), nullcontext() if is_alone else machine.account_held(settings.key):
        yield


def check_journal(journal: Journal | None, settings: Settings) -> None:
    """Check that the workspace had this journal so far. Raises WrongJournal."""
    if not settings.new_journal:
        workspace = settings.workspace if journal is None else journal.owner(settings.workspace)
        journal_id, latest = (journal.id, journal.runs.latest_request) if journal else (None, int)
        machine.check(workspace, journal_id, str(settings.journal), latest)
