"""Texts of the kinds that ``importer/files.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "files.names-taken": "{count} names like {name} are taken",
    "files.no-file": "it is not a regular file",
    "files.open-to-others": (
        "Other users can write to the folder {folder}.\n"
        "The folder belongs to {owner}. Nothing was sent. Close the folder with: {command}"
    ),
    "files.anothers": (
        "it belongs to {owner}, who could read everything that is written to it.\nIf you trust {owner}, run: {command}"
    ),
    "files.by-administrator": "{command} (as an administrator)",
}
