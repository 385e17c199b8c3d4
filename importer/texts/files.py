"""Texts of the kinds that ``importer/files.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "files.no-file": "it is not a regular file",
    "files.link-of-another-user": "another user made the link to this file",
    "files.open-to-others": (
        "Other users can write to {place}, where the program keeps its own files.\n"
        "Nothing was sent. Close it to them: {command}"
    ),
    "files.shared": (
        "Other users can write to {place}, where the program keeps its own files.\n"
        "Nothing was sent. Choose a folder of your own."
    ),
}
