"""Digests of the notes in many sheets, as the last version that rounded numbers and guessed at encodings had them.

Recorded with that version's package in the place of this one's: ``python -m tests.rows.recorded``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from importer.commands.loading import Loaded, load
from importer.errors import ImporterError
from importer.models import Visibility
from importer.settings import Settings
from tests.journal import nights
from tests.reading.catalogue import ENTRIES
from tests.reading.encoded import corpus

FILE = Path(__file__).with_name("digests.json")


def _files(folder: Path) -> Iterator[tuple[str, Path, dict[str, str | int]]]:
    """Yield the title of each sheet, its file, and how it is read; an encoding is what a person would answer."""
    for entry in ENTRIES:
        if entry.rows is not None:
            path = folder / entry.name
            path.write_bytes(entry.content)
            yield entry.title, path, {name: value for name, value in entry.options.items() if name != "fill_merged"}
    yield "numbers", nights.numbers(folder / "calls.xlsx"), {}
    yield "mixed", nights.text(folder / "mixed.csv", "utf-8+cp1252", nights.MIXED), {"encoding": "utf-8+cp1252"}
    for number, file in enumerate(corpus(each=1)):
        if number % 4 != 3:
            continue
        path = folder / "notes.csv"
        path.write_bytes(file.content)
        yield f"{number} {file.kind} in {file.encoding}", path, {"encoding": file.encoding}


def sheets(folder: Path, *, is_answered: bool = True) -> Iterator[tuple[str, Loaded]]:
    """Yield the title and the content of each sheet that can be read and whose columns are clear."""
    for title, path, said in _files(folder):
        options = said if is_answered else {name: value for name, value in said.items() if name != "encoding"}
        try:
            with load(path, Settings(default_visibility=Visibility.PRIVATE, **options)) as loaded:  # type: ignore[arg-type]
                if loaded.unclear is None and len(loaded.rows.notes):
                    yield title, loaded
        except ImporterError:
            continue


def shortened(digest: bytes) -> str:
    """The beginning of a digest."""
    return digest.hex()[:12]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        held = {
            title: " ".join(shortened(note.digest) for note in loaded.rows.notes)
            for title, loaded in sheets(Path(place), is_answered=False)
        }
        FILE.write_text(json.dumps(held, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
