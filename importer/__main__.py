"""``python -m importer`` is the command ``note-importer``."""

from importer.cli import script

script()
