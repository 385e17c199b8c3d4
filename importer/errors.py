"""Everything that can go wrong, as one tree.

    ImporterError
    ├── Unusable                 the file, the settings or the command line; nothing was sent (exit status 2)
    │   ├── UnreadableFile
    │   ├── UnclearColumns
    │   ├── BadSettings
    │   └── UnusableJournal      it can't be opened or made there
    ├── Stopped                  the run ended before its end; run again to go on (exit status 3)
    │   ├── Outage               the API could not be reached, or kept failing, for too long
    │   ├── JournalFailed        the journal could not be written (disk full, read-only)
    │   ├── Busy                 another import of the same workspace is at work
    │   ├── Interrupted          a person pressed Ctrl-C, or the system asked the program to end
    │   └── NeedsAPerson         the same command again won't help by itself (exit status 4)
    │       ├── KeyRefused       the API does not accept the key
    │       ├── Redirected       the API answered with another address; the key does not follow
    │       ├── WrongAddress     something answers there, but it isn't the API
    │       ├── Blocked          a certificate or a proxy stands in the way, and waiting doesn't change that
    │       └── WrongJournal     damaged, foreign, or of a later version; left untouched
    ├── ResultsNotWritten        no file could be written for the results (exit status 3)
    └── CallFailed               what one call to the API came to; delivery decides what follows
        ├── NotSent              surely not applied: it never left, or nobody was there
        ├── RateLimited          surely not applied: too many calls (429)
        ├── Refused              surely not applied: the API refused the request as a whole
        └── Unclear              may or may not have been applied

Every message says what happened, where, and what to do now.
"""

from __future__ import annotations


class ImporterError(Exception):
    """The root of the tree; ``str()`` of any of them is fit for a person to read.

    Attributes:
        exit_status: of a program that ends with it.
    """

    exit_status = 3


class Unusable(ImporterError):
    """The file, the settings or the command line can't be used; nothing was sent."""

    exit_status = 2


class UnreadableFile(Unusable):
    """A spreadsheet that can't be read; says which, why, and what to do."""


class UnclearColumns(Unusable):
    """A required column is missing, or two stand for the same thing."""


class BadSettings(Unusable):
    """A flag, an environment variable or a profile's setting that can't be used."""


class UnusableJournal(Unusable):
    """A journal file, or its lock, that can't be opened or made: its path or its rights are wrong."""


class Stopped(ImporterError):
    """The run ended before its end. What was delivered is recorded; the same command goes on."""


class Outage(Stopped):
    """The API could not be reached, or kept failing, for longer than the run is willing to wait."""


class JournalFailed(Stopped):
    """The journal could not be written; nothing more may be sent without it."""


class Busy(Stopped):
    """Another import of the same workspace holds the lock."""


class Interrupted(Stopped):
    """A person or the system asked the run to end."""


class NeedsAPerson(Stopped):
    """The run ended before its end, and would end there again: first a person has to mend what the message says."""

    exit_status = 4


class KeyRefused(NeedsAPerson):
    """The API does not accept the key."""


class Redirected(NeedsAPerson):
    """The API answered with another address, to which the key is never sent."""


class WrongAddress(NeedsAPerson):
    """What answers at the base URL isn't the API."""


class Blocked(NeedsAPerson):
    """No way leads to the API: a certificate isn't accepted, or a proxy wants a name and a password."""


class WrongJournal(NeedsAPerson):
    """A journal file that is damaged, isn't ours, or is of a later version; it was left as it is."""


class ResultsNotWritten(ImporterError):
    """No file could be written for the results."""


class CallFailed(ImporterError):
    """What one call came to when it brought no answer.

    Attributes:
        wait: seconds that the API asked to wait (``retry-after``), or None where it didn't say.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class NotSent(CallFailed):
    """Surely not applied: the request never left, or nobody was there to take it.

    Attributes:
        has_left: whether it went all the same, and was turned away.
    """

    def __init__(self, message: str, *, wait: float | None = None, has_left: bool = False) -> None:
        super().__init__(message, wait=wait)
        self.has_left = has_left


class RateLimited(CallFailed):
    """Surely not applied: too many calls (429)."""


class Refused(CallFailed):
    """Surely not applied: the API refused the request as a whole, in the words of the message.

    Attributes:
        status: the HTTP status.
        in_api_words: whether the message is the API's own, rather than ours about a page of some gateway.
    """

    def __init__(self, message: str, *, status: int, in_api_words: bool) -> None:
        super().__init__(message)
        self.status = status
        self.in_api_words = in_api_words


class Unclear(CallFailed):
    """May or may not have been applied.

    Attributes:
        at_work: whether the server may still be at work on it (it was not the server that ended the call).
    """

    def __init__(self, message: str, *, wait: float | None = None, at_work: bool) -> None:
        super().__init__(message, wait=wait)
        self.at_work = at_work
