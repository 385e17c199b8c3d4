"""A sheet → rows: which column is which, what stands in each cell, what is wrong in it; then emails and files → ids.

Comes in: a :class:`~importer.reading.Sheet`. Goes out: :class:`~importer.models.Rows`; what is wrong with a row is a
value, never an exception.

    headings     those that everybody may use for a role
    columns      headings → roles
    suggestions  which columns the sheet itself speaks for
    foreign      ids of other programs, and the emails beside them
    values       one cell → a value, or why it is none
    addresses    the same, for emails
    attachments  which files a sheet may name, and what they hold
    safe_opening  opens a file of a folder, and follows no link on the way
    directions   what a heading says about its cells: codes, yes and no
    words        words of their own, and what is to ask of them
    readings     what such words were read as, for a person to see
    unmapped     columns of visibility or status that nobody named
    footers      rows that surely are no data
    former       how earlier versions read the cells that are read otherwise now
    validation   every row of a sheet
    lookups      emails → the prospects that have them, in few calls
    naming       rows with ids in the place of emails
    uploads      files → the ids by which notes name them
"""
