"""Keep the rows of a run with their results and notes, so that a person can look at all of them, and search in them.

Input: the rows and their outcomes at the end of a run. Output: a private file (SQLite), and a page of the rows in it
that match a filter. The file holds texts of the sheet, so it belongs beside the sheet, and goes with it.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.commands import as_read
from importer.commands.loading import Loaded
from importer.delivery.outcomes import Outcomes
from importer.messages import Message, from_json, render, say
from importer.models import Result, Role, Rows, Status, Visibility
from importer.settings.reading import WORDS

_ON_A_PAGE = 100
"""Number of rows that are shown at once."""
_CHARACTERS = 3_000
"""Maximum number of characters shown of a note, and of its HTML, which else is shown as text."""
_AT_ONCE = 4_000  # rows that are written at once
_TABLES = """
CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, html TEXT, folded TEXT, visibility TEXT, status TEXT);
CREATE TABLE reason (id INTEGER PRIMARY KEY, message TEXT, folded TEXT);
CREATE TABLE line (
    id INTEGER PRIMARY KEY, number INTEGER, prospect TEXT, email TEXT, result TEXT, needs_attention INTEGER,
    reason INTEGER, note INTEGER, folded TEXT, note_id TEXT
);
"""
_MATCHES = """
    FROM line
    WHERE :result IN ('', line.result) AND line.result <> :but_not AND line.needs_attention >= :needs_attention
    AND (
        :words = '' OR instr(line.folded, :words) OR line.note_id = :note_id
        OR line.note IN (SELECT id FROM note WHERE instr(folded, :words))
        OR line.reason IN (SELECT id FROM reason WHERE instr(folded, :words))
    )
"""
_COUNT = f"SELECT count(*) {_MATCHES}"
_PAGE = f"""
SELECT line.number, line.prospect, line.email, line.result, reason.message, note.visibility, note.status,
    substr(note.text, 1, {_CHARACTERS}), length(note.text), note.html
FROM (SELECT * {_MATCHES} ORDER BY id LIMIT {_ON_A_PAGE} OFFSET :start) AS line
LEFT JOIN note ON note.id = line.note LEFT JOIN reason ON reason.id = line.reason ORDER BY line.id
"""  # noqa: S608 - made of constants


@dataclass(frozen=True)
class RowOutcome:
    """A row and its result.

    Attributes:
        row: the row's number in the spreadsheet.
        prospect: the prospect of its note, if it is known.
        email: the email address that names the prospect; empty if none does.
        result, reason: as in the results.
        text: the beginning of the note, without markup; of a row without a valid note, of its text in the sheet.
        left: number of characters of the text that are not shown.
        html: the content of a note that is sent as HTML; empty for others, and if it is long.
        visibility, status: those of the note; None if the row has no valid note.
    """

    row: int
    prospect: str
    email: str
    result: Result
    reason: Message | None
    text: str
    left: int = 0
    html: str = ""
    visibility: Visibility | None = None
    status: Status | None = None

    @property
    def audience(self) -> Message | None:
        """Visibility and status of the note in words; None if the row has no valid note, or one of an earlier run.

        That note may have others by now.
        """
        if self.visibility is None or self.status is None or self.result is Result.ALREADY_IMPORTED:
            return None
        return say("names", names=(WORDS[self.visibility.name], WORDS[self.status.name]))


@dataclass(frozen=True)
class RowFilter:
    """Conditions that rows must meet to be shown.

    Attributes:
        result: the result; empty for any.
        but_not: a result that the rows don't have; empty if it doesn't matter.
        needs_attention: whether only rows are shown that need a person's attention.
        words: a part of the prospect, email address, note or reason, in upper or lower case; or a whole note ID.
    """

    result: str = ""
    but_not: str = ""
    needs_attention: bool = False
    words: str = ""


@dataclass(frozen=True)
class RowPage:
    """Rows that match a filter, at most 100 of them.

    Attributes:
        rows: the rows.
        total: number of all rows that match.
        number: the page's number, from 1.
    """

    rows: Sequence[RowOutcome]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """Number of pages; at least 1."""
        return max(1, -(-self.total // _ON_A_PAGE))

    @property
    def start(self) -> int:
        """Number of the page's first row among all that match, from 1."""
        return (self.number - 1) * _ON_A_PAGE + 1


class Collected:
    """The rows of a run, from its end until they are kept."""

    def __init__(self) -> None:
        self._found: tuple[Rows, Outcomes, dict[int, str]] | None = None

    def see(self, loaded: Loaded, outcomes: Outcomes) -> None:
        """Take the rows and their outcomes, and the texts of rows without a valid note."""
        self._found = loaded.rows, outcomes, _texts_of_others(loaded)

    def keep(self, path: Path) -> None:
        """Write the rows into a file (see :func:`write`). If that fails, the results file still has all of them."""
        if self._found is not None:
            with contextlib.suppress(OSError):
                write(path, *self._found)


def _texts_of_others(loaded: Loaded) -> dict[int, str]:
    """Return the text in the sheet of each row that has no valid note, by its position."""
    others = (loaded.rows.note[: loaded.rows.in_sheet] < 0).tolist()
    column, texts, start = loaded.roles.columns.get(Role.CONTENT), dict[int, str](), 0
    if column is None or not any(others):
        return texts
    for numbers, columns in loaded.sheet.columns():
        cells = enumerate(columns[column], start)
        texts |= {position: text for position, text in cells if others[position] and text.strip()}
        start += len(numbers)
    return texts


def write(path: Path, rows: Rows, outcomes: Outcomes, texts: Mapping[int, str]) -> None:
    """Write the rows of a run into a new file; one that is there already is replaced.

    Args:
        path: the file.
        rows: the rows.
        outcomes: their outcomes at the end of the run.
        texts: the text in the sheet of each row that has no valid note, by its position.

    Raises:
        OSError: the file can't be written.
    """
    new = path.with_suffix(".new")
    try:
        new.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as database:
            database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")
            database.executemany("INSERT INTO note VALUES (?, ?, ?, ?, ?, ?)", _notes(rows))
            reasons: dict[Message, int] = {}
            first = len(rows.notes)
            cells = {text: first + number for number, text in enumerate(dict.fromkeys(texts.values()))}
            database.executemany("INSERT INTO note VALUES (?, ?, '', ?, NULL, NULL)", _cells(cells))
            of_others = {position: cells[text] for position, text in texts.items()}
            for start in range(0, len(outcomes), _AT_ONCE):
                lines = [*_lines(rows, outcomes, start, min(start + _AT_ONCE, len(outcomes)), reasons, of_others)]
                database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
            database.executemany("INSERT INTO reason VALUES (?, ?, ?)", _reasons(reasons))
            database.execute("COMMIT")
        new.replace(path)
    except sqlite3.Error as error:
        raise OSError(str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def _notes(rows: Rows) -> Iterator[tuple[int, str, str, str, str, str]]:
    for number, note in enumerate(rows.notes):
        text, html = _storable(as_read.text_of(note)), _storable(as_read.html_of(note))
        html = html if len(html) <= _CHARACTERS else ""
        yield number, text, html, _folded(text), note.visibility, note.status


def _cells(cells: Mapping[str, int]) -> Iterator[tuple[int, str, str]]:
    for text, number in cells.items():
        storable = _storable(text)
        yield number, storable, _folded(storable)


def _lines(
    rows: Rows, outcomes: Outcomes, start: int, stop: int, reasons: dict[Message, int], of_others: Mapping[int, int]
) -> Iterator[tuple[object, ...]]:
    columns, needs_attention = outcomes.columns(start, stop), outcomes.to_fix()[start:stop].tolist()
    prospects = rows.prospect[start:stop].tolist()
    emails = [""] * len(prospects) if rows.email is None else rows.email[start:stop].tolist()
    fields = zip(
        range(start, stop),
        rows.number[start:stop].tolist(),
        map(_storable, prospects),
        map(_storable, emails),
        columns.result,
        needs_attention,
        columns.reason,
        columns.note_id,
        rows.note[start:stop].tolist(),
        strict=True,
    )
    for position, number, prospect, email, result, is_to_fix, reason, note_id, note in fields:
        at = None if reason is None else reasons.setdefault(reason, len(reasons))
        folded = _folded(f"{prospect}\n{email}")
        text = note if note >= 0 else of_others.get(position)
        yield position, number, prospect, email, result, is_to_fix, at, text, folded, _storable(note_id)


def _reasons(reasons: dict[Message, int]) -> Iterator[tuple[int, str, str]]:
    for reason, number in reasons.items():
        yield number, json.dumps(reason.as_json(is_private=True)), _folded(_storable(render(reason)))


def read(path: Path, wanted: RowFilter, number: int = 1) -> RowPage | None:
    """Return a page of the rows that match a filter, the last one if there are fewer; None if the file can't be read.

    Args:
        path: a file from :func:`write`.
        wanted: the filter.
        number: the page's number, from 1.
    """
    if not path.is_file():
        return None
    values: dict[str, str | int] = {
        "result": wanted.result,
        "but_not": wanted.but_not,
        "needs_attention": int(wanted.needs_attention),
        "words": _folded(_storable(wanted.words.strip())),
        "note_id": _storable(wanted.words.strip()),
    }
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            total = database.execute(_COUNT, values).fetchone()[0]
            number = max(1, min(number, -(-total // _ON_A_PAGE)))
            found = database.execute(_PAGE, {**values, "start": (number - 1) * _ON_A_PAGE})
            return RowPage([_row(*one) for one in found], total, number)
    except sqlite3.Error:
        return None


def _row(
    number: int,
    prospect: str,
    email: str,
    result: str,
    reason: str | None,
    visibility: str | None,
    status: str | None,
    *note: str | int | None,
) -> RowOutcome:
    said = None if reason is None else from_json(json.loads(reason))
    text, characters, html = note
    left = max(0, int(characters or 0) - _CHARACTERS)
    return RowOutcome(
        number,
        prospect,
        email,
        Result(result),
        said,
        str(text or ""),
        left,
        str(html or ""),
        Visibility(visibility) if visibility else None,
        Status(status) if status else None,
    )


def _folded(text: str) -> str:
    """Return the text as it is compared with others: without upper case, and each character in one spelling."""
    return unicodedata.normalize("NFKC", text).casefold()


def _storable(text: str) -> str:
    """Return the text with lone surrogates, which can't be stored, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
