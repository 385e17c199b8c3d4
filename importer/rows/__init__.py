"""Turn a sheet into validated rows: map its columns to roles, read each cell, then replace emails and files with IDs.

Input: a :class:`~importer.reading.Sheet`. Output: :class:`~importer.models.Rows`. A problem with a row is a value,
never an exception.

columns a sheet's headings, and the settings that name them → roles recognition the kind of a sheet, known by its
headings, and its reading suggestions columns that probably have a role, or IDs of another program foreign emails in
place of another program's IDs values, words, blocks cells → values, each distinct text read once composing, readers,
dates a template → the text of notes receivers, naming, lookups people in cells → prospects attachments, uploads files
that a sheet may name → attachment IDs unmapped, records, footers overlooked columns, IDs of records, rows without data
validation reads every row of a sheet
"""
