"""Turn a sheet into validated rows: map its columns to roles, read each cell, then replace emails and files with IDs.

Input: a :class:`~importer.reading.Sheet`. Output: :class:`~importer.models.Rows`. A problem with a row is a value,
never an exception.

    columns      a sheet's headings, and the settings that name them → roles; ``suggestions`` ranks answers
    recognition  the kind of a sheet, known by its headings, and its reading
    foreign      IDs of another program: emails in place of those of people; those of records
    values       one cell → a value, each distinct text once; ``words`` those of visibility and status
    composing    a template → the text of notes; ``readers`` read its columns
    receivers    people in cells; ``emails`` finds the prospects of their emails
    attachments  files that a sheet may name; their upload
    unmapped     overlooked columns; ``footers`` are rows without data
    validation   reads every row of a sheet
"""
