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

Every message says what happened, where, and what to do now. It names a setting as `journal`, or, with a value that it
should have, as `journal practice.sqlite` (see :func:`by_name`); how that is set, a face adds in its own way.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.models import Question

_IS_WINDOWS = os.name == "nt"
_NOT_SHOWN = "…"
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"]|"")*)\"""")


def by_name(setting: str, value: str = "") -> str:
    """A setting as messages name it, for a face to say how it is set there.

    Args:
        setting: its name, as in :data:`importer.settings.SETTINGS`.
        value: what it should be set to, where the message says that.
    """
    value = value.replace("`", _NOT_SHOWN)
    return f"`{setting} {value}`" if value else f"`{setting}`"


def as_argument(text: str) -> str:
    """Return a text as one word of a command line, for a message to offer it.

    A cell's text can hold a command. A shell into which the offer is pasted must not run it. A sign that can't be
    quoted is shown as ``…``: a backtick, which ends a setting in a message, and on Windows the signs that one of its
    two shells reads in quotation marks, too.
    """
    text = text.replace("`", _NOT_SHOWN)
    if not re.search(r"[^\w-]", text):
        return text
    if _IS_WINDOWS:
        text = re.sub(r"\$(?=[({])|%(?=[^%]*%)|[“”„\x00-\x1f\x7f-\x9f]", _NOT_SHOWN, text)
        return '"' + re.sub(r'(\\+)(?="|$)', r"\1\1", text).replace('"', '""') + '"'
    return shlex.quote(text) if re.search(r'[$"\\!\x00-\x1f\x7f-\x9f]', text) else f'"{text}"'


def unquoted(value: str) -> str:
    """Return a setting's value, as :func:`as_argument` quoted it, without the quotation marks."""
    return _QUOTED.sub(lambda found: found[1] or (found[2] or "").replace('""', '"'), value)


class ImporterError(Exception):
    """The root of the tree; ``str()`` of any of them is fit for a person to read.

    Attributes:
        exit_status: of a program that ends with it.
        kind: what happened, in a few words that are the same each time: no path, address or cell's value stands in
            them, so they may leave the house.
    """

    exit_status = 3
    kind = "it ended with an error"


class Unusable(ImporterError):
    """The file, the settings or the command line can't be used; nothing was sent."""

    exit_status = 2
    kind = "the file or a setting can't be used"


class UnreadableFile(Unusable):
    """A spreadsheet that can't be read; says which, why, and what to do."""

    kind = "the file can't be read"


class UnclearColumns(Unusable):
    """A required column is missing, two stand for the same thing, or one was overlooked.

    Attributes:
        questions: what a person has to decide, one by one.
    """

    kind = "it isn't clear which column is which"

    def __init__(self, message: str, questions: Iterable[Question] = ()) -> None:
        super().__init__(message)
        self.questions = tuple(questions)


class BadSettings(Unusable):
    """A setting that can't be used, wherever it stood.

    Attributes:
        reason: what is wrong, and what is allowed.
        setting: its name; empty where it isn't one setting alone.
        origin: where it stood, in words; empty where it was said by the caller.
    """

    kind = "a setting can't be used"

    def __init__(self, reason: str, *, setting: str = "", origin: str = "") -> None:
        where = f", from {origin}" if origin else ""
        super().__init__(f"Invalid value for {by_name(setting)}{where}: {reason}" if setting else reason)
        self.reason, self.setting, self.origin = reason, setting, origin


class NoKey(BadSettings):
    """No API key was given, in none of the ways in which one can be."""

    kind = "no API key was given"


class Changed(Unusable):
    """What is to be sent differs from what a person agreed to; nothing of it was sent."""

    kind = "the number of notes is no longer what was agreed to"


class Guarded(Unusable):
    """A file is wrong as a whole: empty, too many problems, too many notes; nothing of it was sent.

    Attributes:
        setting: the name of the guard that says so.
    """

    kind = "the file is wrong as a whole"

    def __init__(self, message: str, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


class FirstRun(Unusable):
    """A profile's first import at an address elsewhere, which no person has confirmed; nothing was sent."""

    kind = "nobody has confirmed the profile's first import yet"


class SharedKey(Unusable):
    """The key was used for another profile or address, for which what was delivered is remembered; nothing was sent."""

    kind = "the key is another profile's or another address's"


class UnusableJournal(Unusable):
    """A journal file, or its lock, that can't be opened or made: its path or its rights are wrong."""

    kind = "the journal can't be opened"


class Stopped(ImporterError):
    """The run ended before its end. What was delivered is recorded; the same command goes on."""

    kind = "it stopped before its end"


class Outage(Stopped):
    """The API could not be reached, or kept failing, for longer than the run is willing to wait."""

    kind = "the API could not be used for too long"


class LimitUsedUp(Outage):
    """The account's limit is used up, and the API asks to wait for longer than the run is willing to."""

    kind = "the account's limit is used up"


class NotReached(Stopped):
    """Files aren't on this machine, and where they are can't be reached, or is out of order."""

    kind = "where the files are can't be reached"


class NotYet(Stopped):
    """A file was left for next time, for somebody may be at work on it."""

    kind = "it was changed a moment ago, or is open in another program"


class NotBegun(Stopped):
    """What ended another file's run would have ended this one's."""

    kind = "what happened before would happen to it, too"

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class JournalFailed(Stopped):
    """The journal could not be written; nothing more may be sent without it."""

    kind = "the journal could not be written"


class OutputFailed(Stopped):
    """What a command says can't be written to standard output or standard error."""

    kind = "what it says could not be written"


class NoThread(Stopped):
    """The system starts no thread for the program, so that no call can be made."""

    kind = "the system started no thread"


class Busy(Stopped):
    """Another import of the same workspace holds the lock.

    Attributes:
        holder: who that is, and since when.
    """

    def __init__(self, message: str, holder: str = "another process") -> None:
        super().__init__(message)
        self.holder = holder

    kind = "another import of the same workspace is at work"


class Interrupted(Stopped):
    """A person or the system asked the run to end, or the hours in which it may be at work are over."""

    kind = "it was asked to end, or its hours are over"


class OutOfHours(Interrupted):
    """It was begun when it may not be at work; nothing was sent."""

    kind = "it isn't the time of day for it"


class NeedsAPerson(Stopped):
    """The run ended before its end, and would end there again: first a person has to mend what the message says."""

    exit_status = 4
    kind = "it stopped, and only a person can help"


class KeyRefused(NeedsAPerson):
    """The API does not accept the key."""

    kind = "the API does not accept the key"


class Redirected(NeedsAPerson):
    """The API answered with another address, to which the key is never sent."""

    kind = "the API answered with another address"


class WrongAddress(NeedsAPerson):
    """What answers at the base URL isn't the API."""

    kind = "what answers isn't the API"


class Blocked(NeedsAPerson):
    """No way leads to the API: a certificate isn't accepted, or a proxy wants a name and a password."""

    kind = "a certificate or a proxy stands in the way"


class WrongJournal(NeedsAPerson):
    """A journal that is damaged, isn't ours, is of a later version, or isn't the workspace's; it was left as it is."""

    kind = "the journal is damaged, or isn't the one that the workspace had"


class JournalReplaced(NeedsAPerson, JournalFailed):
    """The journal's file, its log or its lock was replaced or removed while the run was at work."""

    kind = "the journal was replaced or removed while it was in use"


class ResultsNotWritten(ImporterError):
    """No file could be written for the results."""

    kind = "the results could be written nowhere"


class Fault(ImporterError):
    """A fault of the program's own, met with one of several files; the others are not held up by it."""

    kind = "a fault of note-importer's own"

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"This is a fault of note-importer's own ({type(error).__name__}: {error}). What was delivered is recorded;"
            " the same command goes on. Please report it, with what NOTE_IMPORTER_DEBUG=1 shows for this file alone."
        )
