"""A preview as plain values, which outlive the open sheet: for a face that isn't in the process that read the file.

Comes in: a :class:`~importer.commands.run.Preview`. Goes out: an :class:`Overview`. Nothing heavy is loaded by whoever
only receives one.
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
_CHARACTERS = 200  # so much of a cell is shown
_COLUMNS = 200  # so many columns can be chosen from
_LONGEST_EXAMPLE = 3_000  # so many characters of an example
_WORDS = 20  # so many words can be given a meaning
_KINDS = 50  # so many kinds of problems are told
_LACKING = 10_000  # so many names of files that can't be taken


@dataclass(frozen=True)
class ColumnOverview:
    """A column of the sheet.

    Attributes:
        letter: as a spreadsheet program calls it.
        heading: what stands above it.
        name: by which settings name it: its heading, or its letter where that wouldn't do.
    """

    letter: str
    heading: str
    name: str


@dataclass(frozen=True)
class Trouble:
    """Problems of one kind.

    Attributes:
        count: how many cells have it.
        text: what is wrong, and what is allowed.
        cells: where, the first of them.
    """

    count: int
    text: Said
    cells: Sequence[str]


@dataclass(frozen=True)
class Overview:
    """What was understood of a file, what is wrong with it, and what would be sent.

    Attributes:
        file: its name.
        about: what it is: format, sheet, encoding.
        sheet: which of ``sheets``; None in a text file.
        sheets: of the workbook.
        header_row: the row that holds the headings.
        encoding, delimiter: of a text file; None in a workbook.
        columns: of the sheet.
        roles: role → position of its column.
        first_rows: the first rows, as they were read: number, cells.
        remarks: what is good to know of how the file was read.
        questions: what couldn't be decided; while there are any, nothing can be sent.
        guarded: what is wrong with the file as a whole; while anything is, nothing can be sent.
        rows, invalid: how many there are; how many of them have problems.
        total: notes that would be sent or looked up.
        deliveries, notes, requests: notes that would be sent; distinct ones among them; requests that this takes.
        public, private, drafts: how these are.
        sizes: the same in sentences, with what earlier runs did.
        good_to_know: what a person should consider before they send.
        seconds: how long the calls take; None where that isn't known yet.
        largest: of these the notes for most prospects: how many, and the beginning of the text.
        troubles: what is wrong with cells, in kinds, the most frequent first.
        words: words of the sheet that are no value of their role, and could be given a meaning: role, word.
        more_troubles: how many more problems there are, of other kinds.
        is_first: whether nobody has imported into the workspace yet.
        uploads: how many files are to be uploaded, and their bytes.
        digest: of all that would be sent; see :func:`digest`.
        mapping: each role, and its column with what the words in it mean.
        examples: each visibility that would be sent, private first, with three notes as they will read.
        owner_only: who will see the private notes; None if there are none.
        is_first_private: whether these are the first private notes of the workspace.
        is_sent: whether earlier runs sent notes of the file, or may have.
        lacking: the names in the cells of attachments that have a problem: of files that aren't there, most of them.
        undecided: why it isn't clear which column is which, where no question asks it; empty where it is clear.
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
        """Role → heading of the column that has it."""
        return {role: self.columns[at].heading for role, at in self.roles.items() if at < len(self.columns)}

    @property
    def can_be_sent(self) -> bool:
        """Whether a person may say yes to it."""
        return not self.questions and not self.guarded and not self.undecided and self.total > 0


def of(preview: Preview) -> Overview:
    """A preview as values."""
    from importer.commands import examples, loading, preview_messages  # noqa: PLC0415 - they load what reads sheets, which a receiver needn't

    loaded, remaining = preview.loaded, preview.remaining
    sheet, rows = loaded.sheet, loaded.rows
    kinds = preview_messages.kinds_of_problems(loaded)
    counted = loading.counted(remaining.groups)
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
        public=counted["public"],
        private=counted["private"],
        drafts=counted["drafts"],
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
            (visibility, tuple(some)) for visibility, some in examples.examples(preview, _LONGEST_EXAMPLE).items()
        ),
        owner_only=preview_messages.owner_only(counted["private"]),
        is_first_private=Visibility.PRIVATE in preview.never_sent,
        is_sent=loaded.plan.deliveries > remaining.deliveries + remaining.held_back or bool(rows.done),
        lacking=frozenset(itertools.islice(_lacking(loaded), _LACKING)),
        undecided="" if undecided is None or preview.questions else undecided.message,
    )


def digest(preview: Preview) -> str:
    """Return a digest, in hexadecimal digits, of each row's prospect or email and note, and of how each note is sent.

    It differs if a setting, or a file that a note carries, makes anything else of the same spreadsheet.
    """
    rows, found = preview.as_read, hashlib.sha256()
    parts = [preview.settings.on_several.value, *rows.prospect, *(() if rows.key is None else rows.key)]
    found.update("\n".join(f"{len(part)} {part}" for part in parts).encode("utf-8", "surrogatepass"))
    found.update(rows.note.tobytes())
    for note in rows.notes:
        found.update(note.digest)
        found.update(hashlib.sha256(note.content.encode("utf-8", "surrogatepass")).digest())
    return found.hexdigest()


def _lacking(loaded: Loaded) -> Iterator[str]:
    from importer.rows.attachments import names_in  # noqa: PLC0415 - see above

    place = loaded.roles.columns.get(Role.ATTACHMENTS)
    if place is None:
        return
    rows = {problem.row for found in loaded.rows.problems.values() for problem in found if problem.column == place}
    if not rows:
        return
    for numbers, columns in loaded.sheet.columns():
        for number, text in zip(numbers, columns[place], strict=True):
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
    """Those that nobody asks about, for each stands in one row: most are slips, but not all."""
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
