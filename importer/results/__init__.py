"""Rows and their outcomes → a workbook or a CSV file that people are glad to get, replaced in one step.

Comes in: the sheet as it was read, what became of each row, and what to say of the run. Goes out: one file with every
row once, in order, its own columns as they were read and :data:`importer.resultsfile.OUR_COLUMNS` after them.

    writing           which kind of file, and CSV where a workbook can't be had; the way in
    layout            a sheet and its outcomes → columns of the results, a few thousand rows at a time
    workbook          those → the sheets Results and To fix
    rowxml            their plain rows, spelled as XML; looks whether XlsxWriter still is as that needs it
    summary           the sheet Summary
    presentation      what each result is called, looks like and asks of the reader
    csvfile           the same columns → CSV; also the list of problems
    saving            a new file → its place, or the nearest that can be had
    overwriting       which files that stand there may be replaced
"""

from importer.results.layout import Input, Summary
from importer.results.overwriting import NeverOverwrite, OverwritePolicy, OverwriteWritten
from importer.results.saving import Written
from importer.results.writing import check_target, write, write_emails, write_problems

__all__ = [
    "Input",
    "NeverOverwrite",
    "OverwritePolicy",
    "OverwriteWritten",
    "Summary",
    "Written",
    "check_target",
    "write",
    "write_emails",
    "write_problems",
]
