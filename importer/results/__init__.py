"""Write rows and their outcomes to a workbook or a CSV file, in a place that no file has yet.

Input: the sheet as it was read, the outcome of each row, and a summary of the run. Output: one file with every row
once, in order: the sheet's own columns as they were read, then :data:`importer.resultsfile.COLUMNS`.

    writing           entry point: a workbook, or CSV if it can't be written; which files are new
    layout            a sheet and its outcomes → columns of the results in blocks; the meaning of each result
    workbook          these columns → the sheets Results and To fix, their rows as XML
    summary           the sheet Summary, and the colours of each result
"""

from importer.results.layout import Summary, marked
from importer.results.summary import headline, reasons
from importer.results.writing import Written, here, target_of, unprotected, write

__all__ = [
    "Summary",
    "Written",
    "headline",
    "here",
    "marked",
    "reasons",
    "target_of",
    "unprotected",
    "write",
]
