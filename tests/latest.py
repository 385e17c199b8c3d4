"""The latest of the files that were written for one name: results never replace a file, but take the next number."""

from pathlib import Path

from importer import files


def latest(path: Path) -> Path:
    """The file of this name with the highest number."""
    found = path
    for place in files.numbered(path, 99):
        if not place.exists():
            break
        found = place
    return found
