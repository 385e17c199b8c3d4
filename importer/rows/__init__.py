"""A sheet → rows: which column is which, what stands in each cell, and what is wrong in the sheet.

Comes in: a :class:`~importer.reading.Sheet`. Goes out: :class:`~importer.models.Rows`; what is wrong with a row is a
value, never an exception.

    columns      headings → roles
    suggestions  which columns the sheet itself speaks for
    values       one cell → a value, or why it is none
    words        words of their own, and what is to ask of them
    footers      rows that surely are no data
    validation   every row of a sheet
"""
