"""Rows and their outcomes → a workbook or a CSV file that people are glad to get, replaced in one step.

Comes in: the table as it was read, what became of each row, and what to say of the run. Goes out: one file with
every row once, in order, its own columns as they were read and :data:`importer.columns.OUR_COLUMNS` after them.
"""

from importer.results.csvfile import protected, unprotected
from importer.results.layout import CUT_MARK, Summary, Table, was_cut
from importer.results.recognising import is_results
from importer.results.saving import Standing, Written
from importer.results.writing import check_target, write, write_problems

__all__ = [
    "CUT_MARK",
    "Standing",
    "Summary",
    "Table",
    "Written",
    "check_target",
    "is_results",
    "protected",
    "unprotected",
    "was_cut",
    "write",
    "write_problems",
]
