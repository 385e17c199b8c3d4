"""Everything that can go wrong, as one tree.

    ImporterError
    ├── Unusable                 the file, the settings or the command line; nothing was sent (exit status 2)
    │   ├── UnreadableFile
    │   ├── UnclearColumns
    │   ├── BadSettings
    │   │   └── NoKey            no API key was given
    │   ├── Changed              there is more or less to send than was agreed to
    │   ├── FirstRun             no person has confirmed the profile's first import yet
    │   ├── SharedKey            the key is another profile's, or another address's
    │   ├── Guarded              a file is wrong as a whole: empty, too many problems, too many notes
    │   └── UnusableJournal      it can't be opened or made there
    ├── Stopped                  the run ended before its end; run again to go on (exit status 3)
    │   ├── Outage               the API could not be reached, or kept failing, for too long
    │   │   └── LimitUsedUp      it asks to wait for longer than the run is willing to
    │   ├── NotReached           where the files are can't be reached
    │   ├── NotYet               a file was left for next time, for it may not be whole yet
    │   ├── NotBegun             what ended another file's run would have ended this one's
    │   ├── JournalFailed        the journal could not be written (disk full, read-only)
    │   ├── OutputFailed         what a command says can't be written (disk full)
    │   ├── NoThread             the system starts no thread, without which no call can be made
    │   ├── Busy                 another import of the same workspace is at work
    │   ├── Interrupted          a person pressed Ctrl-C, the system asked the program to end, or its hours are over
    │   │   └── OutOfHours       it was begun outside of them; nothing was sent
    │   └── NeedsAPerson         the same command again won't help by itself (exit status 4)
    │       ├── KeyRefused       the API does not accept the key
    │       ├── Redirected       the API answered with another address; the key does not follow
    │       ├── WrongAddress     something answers there, but it isn't the API
    │       ├── Blocked          a certificate or a proxy stands in the way, and waiting doesn't change that
    │       ├── WrongJournal     damaged, foreign, of a later version, or not the workspace's; left untouched
    │       └── JournalReplaced  its file was replaced or removed while the run was at work; a JournalFailed, too
    ├── Fault                    a fault of the program's own, with one of several files (exit status 3)
    └── ResultsNotWritten        no file could be written for the results (exit status 3)

Every message says what happened, where, and what to do now: a :class:`~importer.messages.Message`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from importer.messages import Message, Said, SettingPart, as_message, render, say

if TYPE_CHECKING:
    from importer.models import Question

_IS_WINDOWS = os.name == "nt"
_NOT_SHOWN = "…"
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"]|"")*)\"""")


def as_argument(text: str) -> str:
    """Return a text as one word of a command line, for a message to offer it.

    A cell's text can hold a command. A shell into which the offer is pasted must not run it. On Windows a sign that one
    of its two shells reads in quotation marks, too, is shown as ``…``, because it can't be quoted.
    """
    if not re.search(r"[^\w-]", text):
        return text
    if _IS_WINDOWS:
        text = re.sub(r"\$(?=[({])|%(?=[^%]*%)|[`“”„\x00-\x1f\x7f-\x9f]", _NOT_SHOWN, text)
        return '"' + re.sub(r'(\\+)(?="|$)', r"\1\1", text).replace('"', '""') + '"'
    return shlex.quote(text) if re.search(r'[$`"\\!\x00-\x1f\x7f-\x9f]', text) else f'"{text}"'


def unquoted(value: str) -> str:
    """Return a setting's value, as :func:`as_argument` quoted it, without the quotation marks."""
    return _QUOTED.sub(lambda found: found[1] or (found[2] or "").replace('""', '"'), value)


class ImporterError(Exception):
    """The root of the tree.

    Attributes:
        message: for a person to read.
        exit_status: of a program that ends with it.
        kind: what happened, in a few words that are the same each time: no path, address or cell's value stands in
            them, so they may leave the house.
    """

    exit_status = 3
    kind = say("error.importer-error")

    def __init__(self, message: Said) -> None:
        super().__init__(message)
        self.message = as_message(message)

    def __str__(self) -> str:
        """Return the message, for tracebacks and tests; faces render it themselves."""
        return render(self.message)


class Unusable(ImporterError):
    """The file, the settings or the command line can't be used; nothing was sent."""

    exit_status = 2
    kind = say("error.unusable")


class UnreadableFile(Unusable):
    """A spreadsheet that can't be read; says which, why, and what to do."""

    kind = say("error.unreadable-file")


class UnclearColumns(Unusable):
    """A required column is missing, two stand for the same thing, or one was overlooked.

    Attributes:
        questions: what a person has to decide, one by one.
    """

    kind = say("error.unclear-columns")

    def __init__(self, message: Said, questions: Iterable[Question] = ()) -> None:
        super().__init__(message)
        self.questions = tuple(questions)


class BadSettings(Unusable):
    """A setting that can't be used, wherever it stood.

    Attributes:
        reason: what is wrong, and what is allowed.
        setting: its name; empty where it isn't one setting alone.
        origin: where it stood; None if it was said by the caller.
    """

    kind = say("error.bad-settings")

    def __init__(self, reason: Said, *, setting: str = "", origin: Message | None = None) -> None:
        named, why = SettingPart(setting), as_message(reason)
        if origin is not None:
            super().__init__(say("settings.invalid-from", setting=named, origin=origin, reason=why))
        else:
            super().__init__(say("settings.invalid", setting=named, reason=why) if setting else why)
        self.reason, self.setting, self.origin = why, setting, origin


class NoKey(BadSettings):
    """No API key was given, in none of the ways in which one can be."""

    kind = say("error.no-key")


class Changed(Unusable):
    """What is to be sent differs from what a person agreed to; nothing of it was sent."""

    kind = say("error.changed")


class Guarded(Unusable):
    """A file is wrong as a whole: empty, too many problems, too many notes; nothing of it was sent.

    Attributes:
        setting: the name of the guard that says so.
    """

    kind = say("error.guarded")

    def __init__(self, message: Said, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


class FirstRun(Unusable):
    """A profile's first import at an address elsewhere, which no person has confirmed; nothing was sent."""

    kind = say("error.first-run")


class SharedKey(Unusable):
    """The key was used for another profile or address, for which what was delivered is remembered; nothing was sent."""

    kind = say("error.shared-key")


class UnusableJournal(Unusable):
    """A journal file, or its lock, that can't be opened or made: its path or its rights are wrong."""

    kind = say("error.unusable-journal")


class Stopped(ImporterError):
    """The run ended before its end. What was delivered is recorded; the same command goes on."""

    kind = say("error.stopped")


class Outage(Stopped):
    """The API could not be reached, or kept failing, for longer than the run is willing to wait."""

    kind = say("error.outage")


class LimitUsedUp(Outage):
    """The account's limit is used up, and the API asks to wait for longer than the run is willing to."""

    kind = say("error.limit-used-up")


class NotReached(Stopped):
    """Files aren't on this machine, and where they are can't be reached, or is out of order."""

    kind = say("error.not-reached")


class NotYet(Stopped):
    """A file was left for next time, for somebody may be at work on it."""

    kind = say("error.not-yet")


class NotBegun(Stopped):
    """What ended another file's run would have ended this one's."""

    kind = say("error.not-begun")

    def __init__(self, message: Said, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class JournalFailed(Stopped):
    """The journal could not be written; nothing more may be sent without it."""

    kind = say("error.journal-failed")


class OutputFailed(Stopped):
    """What a command says can't be written to standard output or standard error."""

    kind = say("error.output-failed")


class NoThread(Stopped):
    """The system starts no thread for the program, so that no call can be made."""

    kind = say("error.no-thread")


class Busy(Stopped):
    """Another import of the same workspace holds the lock.

    Attributes:
        holder: who that is, and since when.
    """

    def __init__(self, message: Said, holder: Message | None = None) -> None:
        super().__init__(message)
        self.holder = holder or say("holder.nameless")

    kind = say("error.busy")


class Interrupted(Stopped):
    """A person or the system asked the run to end, or the hours in which it may be at work are over."""

    kind = say("error.interrupted")


class OutOfHours(Interrupted):
    """It was begun when it may not be at work; nothing was sent."""

    kind = say("error.out-of-hours")


class NeedsAPerson(Stopped):
    """The run ended before its end, and would end there again: first a person has to mend what the message says."""

    exit_status = 4
    kind = say("error.needs-a-person")


class KeyRefused(NeedsAPerson):
    """The API does not accept the key."""

    kind = say("error.key-refused")


class Redirected(NeedsAPerson):
    """The API answered with another address, to which the key is never sent."""

    kind = say("error.redirected")


class WrongAddress(NeedsAPerson):
    """What answers at the base URL isn't the API."""

    kind = say("error.wrong-address")


class Blocked(NeedsAPerson):
    """No way leads to the API: a certificate isn't accepted, or a proxy wants a name and a password."""

    kind = say("error.blocked")


class WrongJournal(NeedsAPerson):
    """A journal that is damaged, isn't ours, is of a later version, or isn't the workspace's; it was left as it is."""

    kind = say("error.wrong-journal")


class JournalReplaced(NeedsAPerson, JournalFailed):
    """The journal's file, its log or its lock was replaced or removed while the run was at work."""

    kind = say("error.journal-replaced")


class ResultsNotWritten(ImporterError):
    """No file could be written for the results."""

    kind = say("error.results-not-written")


class ProgramFault(ImporterError):
    """A fault of the program's own, met with one of several files; the others are not held up by it."""

    kind = say("error.fault")

    def __init__(self, error: Exception) -> None:
        super().__init__(say("fault", error=f"{type(error).__name__}: {error}"))
