"""Provide each command as a module. Nothing here prints, asks or exits; the command line and the page do that.

Input: files and settings. Output: the results of a command as values, and messages about them.

    batch          several files, one after the other     choosing          which files to import
    run            prepare a file, then send it           sending           one run, with the lock held
    loading        read, check and group a file           calling           the context in which the API is called
    guards         checks of a file as a whole            attaching         the files that notes carry
    email_lookup   find the prospects of the emails       answering         answers to open questions
    preview        plan what a run would send             overview          a preview as plain values
    results        write results, also later              archiving         move a finished file
    report         the outcome of a run                   reasons           kinds of reasons, for counts
    verify         look up unconfirmed deliveries         hide              make notes private drafts
    history        the list of runs                       journals          copy or restore a journal
    workspaces     the journal, checked and locked        doctor            checks before the first night
    hours          when a run may work                    repeating         run again after an early stop
    pruning        remove old results                     template          an empty workbook
    examples       notes as their readers will see them   messenger         send one notification
    preview_messages   the messages of a preview          report_messages   the messages of a report
    notification_messages  the text of a notification     notifications     send notifications
    rendering      numbers, times and lists in words      documents         JSON documents for programs
    logs           the log file

Each name below is loaded on first use, so that ``--help`` doesn't wait for modules that it doesn't need.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.commands import (
        answering,
        batch,
        choosing,
        doctor,
        documents,
        facts,
        hide,
        history,
        journals,
        logs,
        notification_messages,
        notifications,
        preview,
        preview_messages,
        pruning,
        rendering,
        repeating,
        report,
        report_messages,
        results,
        run,
        template,
        verify,
        workspaces,
    )
    from importer.commands.run import prepare

__all__ = [
    "answering",
    "batch",
    "choosing",
    "doctor",
    "documents",
    "facts",
    "hide",
    "history",
    "journals",
    "logs",
    "notification_messages",
    "notifications",
    "prepare",
    "preview",
    "preview_messages",
    "pruning",
    "rendering",
    "repeating",
    "report",
    "report_messages",
    "results",
    "run",
    "template",
    "verify",
    "workspaces",
]


def __getattr__(name: str) -> Any:
    if name == "prepare":
        return importlib.import_module(f"{__name__}.run").prepare
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
