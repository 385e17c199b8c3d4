"""What the importer can do, a module a use. Nothing here prints, asks or exits; the command line and others do that.

Comes in: files and settings. Goes out: what was found or done, as values, and what is to be said of it.

    series      several files, one after the other    choosing     which files
    archiving   a finished file, moved                hours        when a run may be at work
    run         prepare a file, then send it          sending      one run, with the lock held
    guards      what is wrong with a file as a whole   catching_up  results that are owed
    finding     who has the emails of a file's rows   attaching    the files that its notes carry
    check       problems, written to a file           loading      a file, read, checked and grouped
    verify      what is unclear, looked up            calling      what the API is called with
    hide        a run's notes made private drafts     workspaces   the journal, guarded and locked
    results     a run's results written again         plans        what a preview says
    history     the list of runs                      endings      what is said of how things ended
    journals    a journal, copied                     doctor       what can be checked beforehand
    answering   answers to what couldn't be decided   overview     a preview as plain values
    repeating   a run, again while that helps         pruning      old results, removed
    template    a workbook to fill in                 sayings      how things are said
    examples    a few notes as they will read
    logs        a line an event                       documents    what is told to programs
    notifying   notices, sent to whoever is told      notices      what a notification says
    messenger   one notice, in a process of its own
    report      what a run came to                    reasons      why rows ended so, in kinds

Each name below is loaded when it is first asked for, so that whoever only wants help waits for nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.commands import (
        answering,
        check,
        choosing,
        doctor,
        documents,
        endings,
        hide,
        history,
        journals,
        logs,
        notices,
        notifying,
        plans,
        pruning,
        repeating,
        report,
        results,
        run,
        sayings,
        series,
        template,
        verify,
        workspaces,
    )
    from importer.commands.run import prepare

__all__ = [
    "answering",
    "check",
    "choosing",
    "doctor",
    "documents",
    "endings",
    "hide",
    "history",
    "journals",
    "logs",
    "notices",
    "notifying",
    "plans",
    "prepare",
    "pruning",
    "repeating",
    "report",
    "results",
    "run",
    "sayings",
    "series",
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
