"""Turn a sheet into validated rows: map its columns to roles, read each cell, then replace emails and files with IDs.

Input: a :class:`~importer.reading.Sheet`. Output: :class:`~importer.models.Rows`. A problem with a row is a value,
never an exception.

    columns      a sheet's headings, and the settings that name them → roles
    recognition  the kind of a sheet, known by its headings, and its reading
    suggestions  columns that probably have a role, or IDs of another program, judged by heading and cells
    foreign      columns with IDs of other programs, and the emails beside them
    values       one cell → a value, or the reason why the cell is not valid
    blocks       cells of some successive rows, each distinct text read once
    composing    a template and the values of a row → the text of its note
    dates        dates in these values → ISO dates, and the question about the order of day and month
    readers      the columns of a template → a code for each row; the texts that earlier templates made of each
    receivers    the people whom each row names, by ID or email, and the question about cells that name several
    attachments  files that a sheet may name, and their contents
    words        words for visibility and status, their meaning under a heading, and questions about unknown words
    unmapped     columns of visibility or status that have no role
    records      IDs that another program gave to the rows' activities, tasks or notes
    footers      rows that certainly hold no data
    validation   reads every row of a sheet
    lookups      emails → prospects with these emails, in few calls
    naming       rows with prospect IDs in place of emails, and people whose emails no prospect has
    uploads      files → attachment IDs
"""
