"""Import a file: prepare, plan, ask for consent, send. Nothing here prints, asks or exits.

Input: files and settings. Output: plans and reports as values.

    batch          several files, one after the other     choosing          which files to import
    run            prepare a file, then send it           sending           one run, with the lock held
    loading        read, check and group a file           api_context       the context in which the API is called
    answers        answers to open questions              email_lookup      find the prospects of the emails
    known_rows     how earlier runs' deliveries are found
    first_call     see that the API answers               workspaces        a journal: checked, locked, copied
    preview        plan what a run would send             overview          a preview as plain values
    describing     make the overview of a preview         report            the outcome of a run
    results        write results, also later              archiving         move a finished file and its results
    hours          when a run may work, and tries         estimate          how long a run takes
    read_again     how a run read its sheet, and its results are read
    note_text      notes as their readers will see them   note_examples     the notes that a person sees before
    update_examples  changes of notes, before and after   learning          what answers teach the profile
    corrections    corrections of a sheet, as values      problem_rows      the rows with problems, in a file
    rechecking     check corrected rows                   corrected_sheet   write a corrected sheet
    left_out       rows that a person left out before     logs              the log file
    wording        numbers, times and lists in words

Each module is loaded on first use, so that ``--help`` doesn't wait for modules that it doesn't need.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import importer.importing.batch
    import importer.importing.choosing
    import importer.importing.corrected_sheet
    import importer.importing.describing
    import importer.importing.hours
    import importer.importing.logs
    import importer.importing.note_examples
    import importer.importing.preview
    import importer.importing.problem_rows
    import importer.importing.rechecking
    import importer.importing.results
    import importer.importing.run
    import importer.importing.update_examples
    import importer.importing.workspaces  # noqa: F401 - modules become attributes of the package


def __getattr__(name: str) -> Any:
    if importlib.util.find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
