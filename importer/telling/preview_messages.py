"""Write the messages of a preview: how the file was understood, what would be sent, problems and open questions.

Input: an :class:`~importer.importing.preview.Preview`. Output: lines with messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from importer.importing.preview import Preview
from importer.messages import Cell, Message, Part, cut, in_quotes, say, some, words
from importer.models import Result, Role, Status, Visibility
from importer.settings.reading import WORDS, meanings_in_words
from importer.telling.rendering import Line, LineKind, count, duration, in_bytes, numbers, rate

_SHOWN_PROBLEMS = 20
_FEW = 2  # maximum number of problems of one kind that are listed one by one
_COLUMNS = 8  # maximum number of named columns that aren't used
_TOLD = 30.0  # seconds; a shorter estimate isn't told
_CHARACTERS = 400  # maximum number of characters shown of an example


@dataclass(frozen=True)
class SheetColumn:
    """A column of the sheet.

    Attributes:
        letter: its letter in a spreadsheet program.
        heading: the text above it.
        name: its name in settings: the heading, or the letter if the heading is blank, long or repeated.
        samples: its first values.
        role: its role; also known if the column of another role is unclear. None if it has none.
        is_part: whether a template adds it to the text of the notes.
        is_ours: whether the importer added it, to earlier results or to a corrected copy.
        may_be_record: whether its heading says that it holds the records' IDs.
    """

    letter: str
    heading: str
    name: str
    samples: Sequence[str] = ()
    role: Role | None = None
    is_part: bool = False
    is_ours: bool = False
    may_be_record: bool = False


@dataclass(frozen=True)
class SheetWord:
    """A word of the sheet, or a blank cell, in the column of visibility or status.

    Attributes:
        role, word: the column's role, and the word; "" for a blank cell.
        rows: number of rows that have it.
        meaning: its meaning; None if it has none, or if its rows are left out.
        is_known: whether it has a meaning, or its rows are left out.
    """

    role: Role
    word: str
    rows: int
    meaning: Visibility | Status | None = None
    is_known: bool = True


@dataclass(frozen=True)
class Example:
    """A note as its readers will see it.

    Attributes:
        about: the row, the prospects, and the note's visibility, draft status and files.
        text: the text without markup and with the targets of its links, or its beginning.
    """

    about: Message
    text: str


@dataclass(frozen=True, kw_only=True)
class Described(Preview):
    """A preview with what only a person sees. None of that is in the JSON document.

    Attributes:
        examples: each visibility that would be sent, private first, with three notes as they will read.
        columns, words: for the page, the columns of the sheet, and the words of visibility and status.
        understanding: for the page, how rows are checked again (:mod:`importer.operations.corrected_sheet`).
        changes: for the page, some changes of notes that need a person's yes.
    """

    examples: Mapping[Visibility, Sequence[Example]] = field(repr=False)
    columns: Sequence[SheetColumn] = field(default=(), repr=False)
    words: Sequence[SheetWord] = field(default=(), repr=False)
    understanding: bytes = field(default=b"", repr=False)
    changes: Sequence[Line] = field(default=(), repr=False)

    @property
    def roles(self) -> dict[Role, int]:
        """Position of each role's column."""
        return {role: column.position for role, column in self.mapping.items()}

    @property
    def lacks_files(self) -> bool:
        """Whether attachment cells have problems, most likely because their files don't exist."""
        column = self.roles.get(Role.ATTACHMENTS)
        return column is not None and any(trouble.problems[0].column == column for trouble in self.troubles)

    @property
    def can_be_sent(self) -> bool:
        """Whether a person may agree to sending."""
        return self.is_clear and (self.total > 0 or self.to_update > 0)

    @property
    def lacks_only_results(self) -> bool:
        """Whether earlier runs sent all that there is to send, so that a further run only writes the results."""
        is_all_there = self.total == 0 and self.to_update == 0
        return self.is_clear and is_all_there and Result.ALREADY_IMPORTED in self.expected.counts


def plan(overview: Preview) -> Iterator[Line]:
    """Yield the lines about what a run would do."""
    yield from _facts(overview)
    yield from _problems(overview, 5, more=say("plan.all-in-results"))


def _facts(overview: Preview) -> Iterator[Line]:
    yield from _file(overview)
    yield Line(say("plan.to", url=overview.base_url, profile=repr(overview.profile)))
    yield from sizes(overview)
    yield from _audience(overview)


def examples(overview: Described) -> Iterator[Line]:
    """Yield some notes of each visibility that would be sent, as their readers will see them."""
    for shown in overview.examples.values():
        yield Line()
        for example in shown:
            yield Line(say("plan.example", about=example.about), LineKind.DETAIL)
            yield from (Line(words(line), LineKind.QUOTE) for line in cut(example.text, _CHARACTERS).split("\n"))


def question(overview: Preview) -> Message:
    """Return the question before sending."""
    url, notes = overview.base_url, notes_to_send(overview)
    if overview.to_look_up:
        emails, rows = count(overview.to_look_up, "email"), count(overview.rows, "row")
        return say("plan.look-up-and-send", emails=emails, rows=rows, notes=notes, url=url)
    return say("plan.send", notes=notes, url=url)


def notes_to_send(overview: Preview) -> Message:
    """Return the number of notes that would be sent, which emails that aren't looked up yet may change."""
    if not overview.to_look_up:
        return count(overview.total, "note")
    return say("plan.at-most-notes", n=overview.total)


def check(overview: Described) -> Iterator[Line]:
    """Yield everything that `check` reports."""
    yield from _facts(overview)
    yield from examples(overview)
    if questions := overview.must_decide:
        yield Line()
        yield Line(say("plan.undecided"))
        for question in questions:
            yield Line(question.text, LineKind.DETAIL)
    for message in overview.guarded.values():
        yield Line()
        yield Line(message, LineKind.TEXT)
    if overview.troubles:
        yield Line()
        yield Line(say("plan.problems"))
        yield from _problems(overview, _SHOWN_PROBLEMS, more=say("plan.correct-these-first"))


def about(overview: Preview) -> Message:
    """Return one line about how the file was read: format, sheet, header row, encoding."""
    parts: list[Message] = [overview.format]
    parts += [say("plan.sheet", sheet=Cell(repr(overview.sheet)))] if overview.sheet else []
    parts.append(say("plan.headings-in-row", row=str(overview.header_row)))
    parts += [words(overview.encoding)] if overview.encoding else []
    return say("names", names=tuple(parts))


def _audience(overview: Preview) -> Iterator[Line]:
    if overview.remaining.total:
        seen = {name.lower() for name in Visibility.__members__}  # by whom depends on these
        parts = tuple(
            say(f"plan.size-{name}" if notes and name in seen else "labelled", label=name, text=notes)
            for name, notes in {"people": overview.people, **overview.audience}.items()
        )
        yield Line(say("plan.sizes", sizes=parts))


def columns(overview: Preview) -> Iterator[tuple[Role, Message]]:
    """Yield the column of each role, with the meanings of its words."""
    for role, column in overview.mapping.items():
        parts: dict[str, Part] = {"column": column.letter, "heading": Cell(in_quotes(column.heading))}
        meanings = meanings_in_words(column.meanings)
        if role is Role.CONTENT and overview.template:
            yield role, say("plan.composed", template=Cell(overview.template))
            continue
        yield role, say("plan.column-means", **parts, meanings=meanings) if meanings else say("plan.column", **parts)
    if overview.default_visibility is not None:
        yield (
            Role.VISIBILITY,
            say("plan.default-visibility", visibility=WORDS[overview.default_visibility.name]),
        )


def _file(overview: Preview) -> Iterator[Line]:
    yield Line(say("labelled", label=overview.file, text=about(overview)))
    for role, message in columns(overview):
        yield Line(say("plan.role", role=f"{role + ':':12}", column=message), LineKind.DETAIL)
    if overview.unused:
        unused = [heading or f"column {letter}" for letter, heading in overview.unused]
        yield Line(say("plan.not-used", columns=some([*map(in_quotes, unused)], _COLUMNS)), LineKind.DETAIL)
    for remark in overview.remarks:
        yield Line(remark, LineKind.NOTE)
    if overview.offer is not None:
        yield Line(overview.offer.text, LineKind.NOTE)
    if not overview.rows:
        yield Line(say("plan.no-rows"), LineKind.NOTE)


def sizes(overview: Preview) -> Iterator[Line]:
    """Yield why the workspace must be confirmed, the numbers of rows, notes and requests, and how long they take."""
    if overview.unconfirmed is not None:
        yield Line(overview.unconfirmed.why, LineKind.NOTE)
    remaining, updates, expected = overview.remaining, overview.updates, overview.expected
    follow = {
        "plan.updates": updates["notes"],
        "plan.becoming-public": updates["public"],
        "plan.becoming-published": updates["published"],
        "plan.new-texts": updates["texts"],
        "ended.left-alone": expected.left_alone,
    }
    stay = {"ended.more-visible": expected.more_visible, "plan.may-follow": updates["differ"]}
    yield from numbers(LineKind.NOTE, follow if overview.follows else stay)
    yield from numbers(LineKind.TEXT, {"plan.needs-a-yes": updates["asked"] if overview.follows else 0})
    if expected.counts:
        parts = tuple(say("series.rows", rows=rows, result=result.value) for result, rows in expected.counts.items())
        yield Line(say("plan.rows", n=overview.rows, results=parts), LineKind.TEXT)
    for question in overview.asked:
        yield from (Line(why, LineKind.NOTE) for why in [question.why] if why is not None)
    yield from _emails(overview)
    if keeps_edited(overview):
        yield Line(say("plan.keeps-edited"), LineKind.NOTE)
    yield from numbers(LineKind.TEXT, {"plan.unclear": remaining.unclear})
    besides = {"plan.there-twice": remaining.there_twice, "plan.lessened": remaining.lessened}
    yield from numbers(LineKind.NOTE, besides)
    number, size = overview.uploads
    if number:
        yield Line(say("plan.files", n=number, size=in_bytes(size)), LineKind.TEXT)
    yield from numbers(LineKind.TEXT, {"plan.compared": overview.to_compare})
    if remaining.requests:
        yield from _requests(overview)


def keeps_edited(overview: Preview) -> bool:
    """Return whether a row whose text was changed since an earlier run would get a second note."""
    has_records, left = Role.RECORD in overview.mapping, overview.remaining
    is_there = Result.ALREADY_IMPORTED in overview.expected.counts
    return bool(is_there and left.deliveries and not has_records and not overview.updates["texts"])


def _requests(overview: Preview) -> Iterator[Line]:
    """Yield the numbers of notes and requests, and how long they take."""
    estimate = overview.estimate
    notes, requests = count(overview.remaining.deliveries, "note"), count(overview.remaining.requests, "request")
    yield Line(say("plan.requests", notes=notes, requests=requests), LineKind.TEXT)
    if overview.several_drafts:
        yield Line(say("plan.several-drafts", n=overview.several_drafts, vendor=overview.vendor), LineKind.NOTE)
    if estimate.seconds < _TOLD:  # what the limit takes; the calls themselves take longer then
        return
    pace = rate(estimate.rate.calls, estimate.rate.seconds)
    kind = "plan.takes-assumed" if estimate.is_assumed else "plan.takes"
    yield Line(say(kind, rate=pace, time=duration(estimate.seconds)), LineKind.TEXT)


def _emails(overview: Preview) -> Iterator[Line]:
    """Yield how many emails have to be looked up first."""
    if overview.to_look_up:
        from importer.rows.emails import calls_for  # noqa: PLC0415 - only a file with emails waits for it

        n = overview.to_look_up
        yield Line(say("plan.emails", n=n, calls=calls_for(n)), LineKind.TEXT)


def _problems(overview: Preview, most: int, more: Message) -> Iterator[Line]:
    """Yield the kinds of problems, the most frequent first, each with its number and its first cells.

    Args:
        overview: the facts about the file.
        most: maximum number of kinds, and of cells for each.
        more: message about the rest.
    """
    for alike in overview.troubles[:most]:
        if alike.count <= _FEW:
            for problem in alike.problems:
                yield Line(say("labelled", label=problem.cell, text=problem.text), LineKind.DETAIL)
            continue
        cells = tuple(problem.cell for problem in alike.problems[:most])
        yield Line(say("problems", times=alike.count, what=alike.text, cells=cells), LineKind.DETAIL)
        if alike.count > most:
            yield Line(say("problems.more", n=alike.count - most, then=more))
    if left := sum(alike.count for alike in overview.troubles[most:]):
        yield Line(say("problems.of-other-kinds", n=left, then=more))
