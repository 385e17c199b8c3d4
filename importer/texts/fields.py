"""Texts of the kinds that ``importer/fields.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "template.allowed-email": "one email address",
    "template.allowed-attachments": "names of files, or IDs, or nothing",
    "template.allowed-id": "one ID",
    "template.allowed-text": "any text",
}
