"""All errors of the importer, as one tree, with the exit status of each branch.

    ImporterError
    ├── Unusable (2)           UnreadableFile, UnclearColumns, BadSettings > NoKey, Changed, FirstRun,
    │                          Guarded, UnusableJournal
    ├── Stopped (3)            Outage > LimitUsedUp, NotReached, JournalFailed, OutputFailed, NoThread, Busy,
    │   │                      Interrupted
    │   └── NeedsAPerson (4)   CallRefused, WrongAddress, WrongJournal, OpenToOthers, JournalReplaced
    ├── ProgramFault (3)
    └── ResultsNotWritten (3)

Each error has a :class:`~importer.messages.Message` that says what happened, where, and what to do now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from importer.messages import Message, Part, Quoted, Said, SettingPart, as_message, render, say

if TYPE_CHECKING:
    from importer.models import Question


class ImporterError(Exception):
    """Base class of all errors of the importer.

    ``kind`` is a few words that are the same for each error of the class. They hold no path, address or cell's value,
    so they may be sent to other systems.
    """

    exit_status = 3
    kind = say("error.importer-error")

    def __init_subclass__(cls) -> None:
        cls.kind = say(f"error.{re.sub('(?<!^)(?=[A-Z])', '-', cls.__name__).lower()}")

    def __init__(self, message: Said) -> None:
        super().__init__(message)
        self.message = as_message(message)

    def __str__(self) -> str:
        """Return the message as text, for tracebacks and tests. The terminal and the page render it themselves."""
        return render(self.message)


class Unusable(ImporterError):
    """The file, the settings or the command line can't be used; nothing was sent."""

    exit_status = 2


class UnreadableFile(Unusable):
    """A spreadsheet can't be read; the message says which, why, and what to do."""


class UnclearColumns(Unusable):
    """A question about the sheet is open: which sheet or column is meant, or what a word means.

    ``questions`` are the decisions that a person has to make, ``how_to_ask`` the command that asks, if one is known.
    """

    def __init__(self, message: Said, questions: Iterable[Question] = (), how_to_ask: Message | None = None) -> None:
        super().__init__(message)
        self.questions, self.how_to_ask = tuple(questions), how_to_ask


class BadSettings(Unusable):
    """A setting can't be used, whatever its origin: the place where it was set, None if the caller set it."""

    def __init__(self, reason: Said, *, setting: str = "", origin: Message | None = None) -> None:
        self.reason, self.setting, self.origin = as_message(reason), setting, origin
        parts: dict[str, Part] = {"setting": SettingPart(setting), "reason": self.reason}
        if origin is not None:
            super().__init__(say("settings.invalid-from", **parts, origin=origin))
        else:
            super().__init__(say("settings.invalid", **parts) if setting else self.reason)


class NoKey(BadSettings):
    """No source has an API key."""


class Changed(Unusable):
    """The notes to send differ from those that a person confirmed; nothing was sent."""


class Guarded(Unusable):
    """A guard, named ``setting``, failed for a whole file: empty, too many problems or notes; nothing was sent."""

    def __init__(self, message: Said, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


class FirstRun(Unusable):
    """No person has said whose workspace the profile is, at this address with this key; nothing was sent."""


class UnusableJournal(Unusable):
    """The journal's file or lock can't be opened or created: its path or its permissions are wrong."""


class Stopped(ImporterError):
    """The run was stopped early. Its deliveries are recorded, and the same command continues."""


class Outage(Stopped):
    """The API could not be reached, or kept failing, for longer than the run may wait."""


class LimitUsedUp(Outage):
    """The account's limit is used up, and the API asks to wait for longer than the run may wait."""


class NotReached(Stopped):
    """The files are in a store that can't be reached or is out of order."""


class JournalFailed(Stopped):
    """The journal could not be written, and nothing may be sent without it."""


class OutputFailed(Stopped):
    """A command's output can't be written to standard output or standard error."""


class NoThread(Stopped):
    """The system starts no thread for the program, so no call can be made."""


class Busy(Stopped):
    """Another import of the same workspace, the ``holder``, holds the lock."""

    def __init__(self, message: Said, holder: Message | None = None) -> None:
        super().__init__(message)
        self.holder = holder or say("holder.nameless")


class Interrupted(Stopped):
    """A person or the system asked the run to end, or the current time is outside the allowed hours."""


class NeedsAPerson(Stopped):
    """The run was stopped early, and would stop there again until a person fixes the problem in the message."""

    exit_status = 4


class CallRefused(NeedsAPerson):
    """No call would get through, because of the ``cause`` of a call's failure: the key, a certificate, a proxy, …."""

    def __init__(self, message: Said, cause: str) -> None:
        super().__init__(message)
        self.cause, self.kind = cause, say(f"error.{cause.replace(' ', '-')}")


class WrongAddress(NeedsAPerson):
    """The server at the base URL isn't the API."""


class WrongJournal(NeedsAPerson):
    """The journal is damaged, foreign, of a later version, or another workspace's; it was left unchanged."""


class OpenToOthers(NeedsAPerson):
    """Other users can write where the program keeps its own files."""


class JournalReplaced(NeedsAPerson, JournalFailed):
    """The journal's file was replaced or removed during the run."""


class ResultsNotWritten(ImporterError):
    """No file could be written for the results."""


class ProgramFault(ImporterError):
    """A fault of the program itself in one of several files; the other files are still imported."""

    def __init__(self, error: Exception) -> None:
        super().__init__(say("fault", error=type(error).__name__, text=Quoted(str(error))))
