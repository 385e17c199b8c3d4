"""Texts of the fields of :mod:`importer.fields`, by role: labels, questions, answers, and what the template explains."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "role.prospect": "Prospect",
    "column.which.prospect": "Which column identifies the prospects, by Saleshandy's ID or by email address? Saleshandy does not know the IDs of another program.",
    "template.prompt.prospect": "The ID of the prospect in Saleshandy, such as 8PvBmrB7P7. Capital and small letters differ. One prospect in each row. You may fill in the email address instead.",
    "role.email": "Email address",
    "column.which.email": "Which column holds the email addresses?",
    "template.prompt.email": "The email address of the prospect, such as jo@example.com, if you do not have the ID. It is looked up in Saleshandy before anything is sent. If no prospect has it, the row is rejected.",
    "role.content": "Text of the note",
    "column.which.content": "Which column holds the text of the notes?",
    "template.prompt.content": "The text of the note: plain text or HTML. Line breaks with Alt+Enter.",
    "role.visibility": "Who may see it",
    "column.which.visibility": "Which column says who may see a note?",
    "none.visibility": "none: the default for blank cells applies to all rows",
    "use.visibility": "Use Public (or 1) or Private (or 2)",
    "use.visibility.by-name": "Under this heading, use Private or Public",
    "restricted.visibility": (
        "{column:capital}, also says who may see a note: it makes {n} note private that would be public.",
        "{column:capital}, also says who may see a note: it makes {n} notes private that would be public.",
    ),
    "template.prompt.visibility": (
        "Public: everybody in the team sees the note.\nPrivate: only the owner of the API key sees it. Always needed."
    ),
    "role.status": "Published or draft",
    "column.which.status": "Which column holds the status?",
    "none.status": "no column: all notes are published",
    "use.status": "Use Published (or 1) or Draft (or 0). Blank means published",
    "use.status.by-name": "Under this heading, use Draft or Published",
    "restricted.status": (
        "{column:capital}, also says which notes are drafts: it makes {n} note a draft that would be published.",
        "{column:capital}, also says which notes are drafts: it makes {n} notes drafts that would be published.",
    ),
    "template.prompt.status": "Published, or Draft for a note that is not ready yet. Empty means Published.",
    "role.attachments": "Attachments",
    "column.which.attachments": "Which column holds the attachments?",
    "none.attachments": "none: no note has attachments",
    "template.prompt.attachments": "Names of files, such as call.pdf; form.pdf, in the folder that you name with the setting `attachments`. Without a folder: IDs of files in Saleshandy. The column may be deleted.",
    "role.key": "Key for repeated notes",
    "column.which.key": "Which column holds the key?",
    "role.record": "Record ID",
    "column.which.record": "Which column identifies each record?",
    "none.record": "none: no record has an ID",
}
