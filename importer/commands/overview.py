"""Describe a preview in plain values, which outlive the open sheet, for a user interface in another process.

Input: a :class:`~importer.commands.run.Preview`. Output: an :class:`Overview`. Receiving it loads no large library.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.commands.rendering import LineKind
from importer.messages import Message, Said
from importer.models import Question, Role, Visibility

if TYPE_CHECKING:
    from importer.commands.examples import Example
    from importer.commands.loading import Loaded
    from importer.commands.run import Preview

FIRST_ROWS = 5
_CHARACTERS = 200  # maximum number of characters shown of a cell
_COLUMNS = 200  # maximum number of columns
_LONGEST_EXAMPLE = 3_000  # maximum number of characters shown of a note
_WORDS = 20  # maximum number of words that can be given a meaning
_KINDS = 50  # maximum number of listed kinds of problems
_LACKING = 10_000  # maximum number of names of files that can't be uploaded


@dataclass(frozen=True)
class ColumnOverview:
    """A column of the sheet.

    Attributes:
        letter: its letter in a spreadsheet program.
        heading: the text above it.
        name: its name in settings: the heading, or the letter if the heading is blank, long or repeated.
    """

    letter: str
    heading: str
    name: str


@dataclass(frozen=True)
class Trouble:
    """Problems of one kind.

    Attributes:
        count: number of cells with the problem.
        text: what is wrong, and what is allowed.
        cells: the first of these cells.
    """

    count: int
    text: Said
    cells: Sequence[str]


@dataclass(frozen=True)
class Overview:
    """Summary of a file, its problems, and what would be sent.

    Attributes:
        file: name of the file.
        about: its format, sheet and encoding.
        sheet: the selected one of ``sheets``; None in a text file.
        sheets: the sheets of the workbook.
        header_row: the row with the headings.
        encoding, delimiter: of a text file; None in a workbook.
        columns: the columns of the sheet.
        roles: role → position of its column.
        first_rows: the first rows as they were read: number, cells.
        remarks: remarks about how the file was read.
        questions: open questions. While there are any, nothing can be sent.
        guarded: problems with the file as a whole. While there are any, nothing can be sent.
        rows, invalid: number of rows; number of those with problems.
        total: notes that would be sent or looked up.
        deliveries, notes, requests: notes that would be sent; distinct notes among them; requests needed.
        public, private, drafts: numbers of such notes.
        sizes: sentences about the numbers above and about the notes of earlier runs.
        good_to_know: what a person should consider before sending.
        seconds: duration of the calls; None if it isn't known yet.
        largest: the notes with the most prospects: number of prospects, beginning of the text.
        troubles: problems with cells, by kind, the most frequent first.
        words: words of the sheet that aren't a value of their role, but could be given a meaning: role, word.
        more_troubles: number of further problems, of other kinds.
        is_first: whether nobody has imported into the workspace yet.
        uploads: number of files to upload, and their bytes.
        digest: digest of all that would be sent; see :func:`digest`.
        mapping: each role with its column, and the meanings of the words in it.
        examples: each visibility that would be sent, private first, with three notes as they will read.
        owner_only: who will see the private notes; None if there are none.
        is_first_private: whether these are the first private notes of the workspace.
        is_sent: whether earlier runs sent notes of the file, or may have.
        lacking: names in attachment cells with a problem; most of these files don't exist.
        undecided: why the columns' roles are unclear, if no question asks about it; else empty.
    """

    file: str
    about: Message
    sheet: str | None
    sheets: Sequence[str]
    header_row: int
    encoding: str | None
    delimiter: str | None
    columns: Sequence[ColumnOverview]
    roles: Mapping[Role, int]
    first_rows: Sequence[tuple[int, Sequence[str]]]
    remarks: Sequence[Said]
    questions: Sequence[Question]
    guarded: Sequence[Said]
    rows: int
    invalid: int
    total: int
    deliveries: int
    notes: int
    requests: int
    public: int
    private: int
    drafts: int
    sizes: Sequence[Said]
    good_to_know: Sequence[Said]
    seconds: float | None
    largest: Sequence[tuple[int, Message]]
    troubles: Sequence[Trouble]
    words: Sequence[tuple[Role, str]]
    more_troubles: int
    is_first: bool
    uploads: tuple[int, int]
    digest: str
    mapping: Sequence[tuple[Role, Message]]
    examples: Sequence[tuple[Visibility, Sequence[Example]]]
    owner_only: Message | None
    is_first_private: bool
    is_sent: bool
    lacking: frozenset[str]
    undecided: Said

    @property
    def headings(self) -> dict[Role, str]:
        """Heading of each role's column."""
        return {role: self.columns[at].heading for role, at in self.roles.items() if at < len(self.columns)}

    @property
    def can_be_sent(self) -> bool:
        """Whether a person may agree to sending."""
        return not self.questions and not self.guarded and not self.undecided and self.total > 0


def of(preview: Preview) -> Overview:
    """Return the overview of a preview."""
    from importer.commands import examples, loading, preview_messages  # noqa: PLC0415 - they load what reads sheets, which a receiver needn't

    loaded, remaining = preview.loaded, preview.remaining
    sheet, rows = loaded.sheet, loaded.rows
    kinds = preview_messages.kinds_of_problems(loaded)
    counts = loading.counted(remaining.groups)
    lines = (
        [] if loaded.unclear is not None else [*preview_messages.sizes(preview), *preview_messages.profiles(preview)]
    )
    undecided = preview.undecided
    return Overview(
        file=sheet.source,
        about=preview_messages.about(loaded),
        sheet=sheet.name,
        sheets=sheet.sheets,
        header_row=sheet.header_row,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        columns=tuple(itertools.islice(_columns(sheet.headings), _COLUMNS)),
        roles=dict(loaded.roles.columns),
        first_rows=tuple(_first_rows(loaded)),
        remarks=(*sheet.remarks, *rows.remarks),
        questions=preview.questions,
        guarded=tuple(guarded.message for guarded in preview.guarded),
        rows=sheet.row_count,
        invalid=len(rows.problems),
        total=remaining.total,
        deliveries=remaining.deliveries,
        notes=remaining.notes,
        requests=remaining.requests,
        public=counts["public"],
        private=counts["private"],
        drafts=counts["drafts"],
        sizes=tuple(line.text for line in lines if line.kind is not LineKind.NOTE),
        good_to_know=tuple(line.text for line in lines if line.kind is LineKind.NOTE),
        seconds=preview.seconds,
        largest=tuple(preview_messages.largest(remaining.groups)),
        troubles=tuple(
            Trouble(len(alike), preview_messages.in_common(alike), tuple(problem.cell for problem in alike[:20]))
            for alike in kinds[:_KINDS]
        ),
        words=tuple(itertools.islice(_words(loaded), _WORDS)),
        more_troubles=sum(map(len, kinds[_KINDS:])),
        is_first=preview.is_first,
        uploads=(len(preview.to_upload), sum(file.size for file in preview.to_upload)),
        digest=digest(preview),
        mapping=tuple(preview_messages.columns(preview)),
        examples=tuple(
            (visibility, tuple(shown)) for visibility, shown in examples.examples(preview, _LONGEST_EXAMPLE).items()
        ),
        owner_only=preview_messages.owner_only(counts["private"]),
        is_first_private=Visibility.PRIVATE in preview.never_sent,
        is_sent=loaded.plan.deliveries > remaining.deliveries + remaining.held_back or bool(rows.done),
        lacking=frozenset(itertools.islice(_lacking(loaded), _LACKING)),
        undecided="" if undecided is None or preview.questions else undecided.message,
    )


def digest(preview: Preview) -> str:
    """Return a digest, in hexadecimal digits, of each row's prospect or email and note, and of how each note is sent.

    The digest differs if a setting or an attached file changes what would be sent from the same spreadsheet.
    """
    rows, hasher = preview.as_read, hashlib.sha256()
    parts = [preview.settings.on_several.value, *rows.prospect, *(() if rows.key is None else rows.key)]
    hasher.update("\n".join(f"{len(part)} {part}" for part in parts).encode("utf-8", "surrogatepass"))
    hasher.update(rows.note.tobytes())
    for note in rows.notes:
        hasher.update(note.digest)
        hasher.update(hashlib.sha256(note.content.encode("utf-8", "surrogatepass")).digest())
    return hasher.hexdigest()


def _lacking(loaded: Loaded) -> Iterator[str]:
    from importer.rows.attachments import names_in  # noqa: PLC0415 - see above

    column = loaded.roles.columns.get(Role.ATTACHMENTS)
    if column is None:
        return
    rows = {
        problem.row for problems in loaded.rows.problems.values() for problem in problems if problem.column == column
    }
    if not rows:
        return
    for numbers, columns in loaded.sheet.columns():
        for number, text in zip(numbers, columns[column], strict=True):
            if number in rows:
                yield from names_in(text)


def _columns(headings: Sequence[str]) -> Iterator[ColumnOverview]:
    from importer.reading import column_letter  # noqa: PLC0415 - see above
    from importer.rows.columns import called  # noqa: PLC0415

    for position, heading in enumerate(headings):
        yield ColumnOverview(column_letter(position), _short(heading), called(headings, position))


def _first_rows(loaded: Loaded) -> Iterator[tuple[int, Sequence[str]]]:
    for numbers, columns in loaded.sheet.columns():
        for index, number in enumerate(numbers[:FIRST_ROWS]):
            yield number, tuple(_short(column[index]) for column in columns[:_COLUMNS])
        return


def _words(loaded: Loaded) -> Iterator[tuple[Role, str]]:
    """Yield the words that no question asks about, because each is in only one row. Most of them are typing errors."""
    role_of = {column: role for role, column in loaded.roles.columns.items()}
    asked = {word for question in loaded.rows.unknown for word in question.samples}
    seen = {
        (role_of[problem.column], problem.word)
        for problems in loaded.rows.problems.values()
        for problem in problems
        if problem.word and problem.column in role_of and problem.word not in asked
    }
    yield from sorted(seen)


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"
