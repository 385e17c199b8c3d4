"""Provide each command as a module. Nothing here prints, asks or exits; the command line and the page do that.

Input: files and settings. Output: the results of a command as values, and messages about them.

    batch          several files, one after the other     choosing          which files to import
    run            prepare a file, then send it           sending           one run, with the lock held
    loading        read, check and group a file           calling           the context in which the API is called
    answers        answers to open questions              email_lookup      find the prospects of the emails
    known_rows     how earlier runs' deliveries are found
    first_call     see that the API answers
    preview        plan what a run would send             overview          a preview as plain values
    results        write results, also later              archiving         move a finished file and its results
    report         the outcome of a run
    verify         look up unconfirmed deliveries         hide              make notes private drafts, and back
    verify_all     read back the notes of a file          update_examples   changes of notes, before and after
    workspaces     a journal: checked, locked, copied     template          an empty workbook
    doctor         checks before the first night          history           the list of runs
    live           one note, tried on a prospect
    hours          when a run may work, and tries         facts             collect the facts of a preview
    preview_messages   the messages of a preview          report_messages   the messages of a report
    notification_messages  the text of a notification     notifications     send notifications
    rendering      numbers, times and lists in words      documents         JSON documents for programs
    logs           the log file                           messenger         send one notification
    read_again     how a run read its sheet, and its results are read
    as_read        notes as their readers will see them   result_rows       the rows of a run, to be searched
    reopening      an address that opens the page         estimate          how long a run takes
    shown_notes    the notes that a person sees before    learning          what answers teach the profile
    corrections    corrections of a sheet, as values      problem_rows      the rows with problems, in a file
    mending        check corrected rows                   corrected_sheet   write a corrected sheet
    left_out       rows that a person left out before

Each module is loaded on first use, so that ``--help`` doesn't wait for modules that it doesn't need.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import importer.commands.answers
    import importer.commands.archiving
    import importer.commands.as_read
    import importer.commands.batch
    import importer.commands.choosing
    import importer.commands.corrected_sheet
    import importer.commands.doctor
    import importer.commands.documents
    import importer.commands.facts
    import importer.commands.hide
    import importer.commands.history
    import importer.commands.hours
    import importer.commands.live
    import importer.commands.logs
    import importer.commands.mending
    import importer.commands.notification_messages
    import importer.commands.notifications
    import importer.commands.preview
    import importer.commands.preview_messages
    import importer.commands.problem_rows
    import importer.commands.rendering
    import importer.commands.reopening
    import importer.commands.report
    import importer.commands.report_messages
    import importer.commands.result_rows
    import importer.commands.results
    import importer.commands.run
    import importer.commands.shown_notes
    import importer.commands.template
    import importer.commands.update_examples
    import importer.commands.verify
    import importer.commands.verify_all
    import importer.commands.workspaces  # noqa: F401 - modules become attributes of the package
    from importer.commands.run import prepare

__all__ = ["prepare"]


def __getattr__(name: str) -> Any:
    if name == "prepare":
        return importlib.import_module(f"{__name__}.run").prepare
    if importlib.util.find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
