"""What a preview says: the file as it was understood, what would be sent, what is wrong, what can't be decided.

Comes in: a :class:`~importer.commands.run.Preview`. Goes out: sayings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from importer import grouping
from importer.commands.examples import aside, examples, first_words
from importer.commands.loading import Loaded, counted
from importer.commands.run import Preview
from importer.commands.sayings import Kind, Saying, capital, count, duration, in_bytes, listed, rate_in_words, readable
from importer.errors import by_name
from importer.markup import is_html
from importer.models import Group, OnSeveral, Problem, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows.values import OR_SAY, quoted

_SHOWN_PROBLEMS = 20
_SHOWN_REJECTED = 5
_FEW = 2  # so many problems of one kind are told one by one
_VALUES = 4  # that are named of a kind
_WORDS = 12  # words of a column whose meanings are told
_CHARACTERS = 400  # so much of an example is shown


def plan(preview: Preview) -> Iterator[Saying]:
    """What a run is about to do."""
    yield from _file(preview)
    yield Saying(f"To: {preview.settings.base_url}, profile {preview.settings.profile!r}")
    yield from profiles(preview)
    yield from sizes(preview)
    yield from _audience(preview)
    yield from _problems(preview.loaded, 5, more="every one stands in the results")
    yield from _largest(preview)


def first_of_kind(preview: Preview) -> Iterator[Saying]:
    """What a person is shown before the first public or private notes of a workspace; nothing for later ones."""
    if not preview.never_sent:
        return
    sizes_of = counted(preview.remaining.groups)
    if Visibility.PRIVATE in preview.never_sent:
        yield Saying()
        no = "If anybody else has to see them, answer no: they have to be public then."
        yield Saying(f"These are the first private notes of this workspace. {no}", Kind.TEXT)
    if Visibility.PUBLIC in preview.never_sent:
        yield Saying()
        shown = examples(preview, _CHARACTERS)[Visibility.PUBLIC]
        size = count(sizes_of["public"], "public note")
        who = f"All team members will see them. {len(shown)} of them as they will read:"
        yield Saying(f"These are the first public notes of this workspace: {size}. {who}", Kind.TEXT)
        for example in shown:
            yield Saying(f"{capital(example.about)}:", Kind.DETAIL)
            left = f" … and {count(example.left, 'more character')}" if example.left else ""
            yield from (Saying(line, Kind.QUOTE) for line in f"{example.text}{left}".split("\n"))
    yield Saying()


def question(preview: Preview, total: int) -> str:
    """What a person is asked to agree to; the first public or private notes of a workspace are named."""
    first = "Is this what you mean? " if preview.never_sent else ""
    return f"{first}{_to_send(preview, total)}"


def _to_send(preview: Preview, total: int) -> str:
    rows, url = preview.loaded.rows, preview.settings.base_url
    if not preview.to_look_up:
        return f"Send {count(total, 'note')} to {url}?"
    first = f"Look up {count(preview.to_look_up, 'email')} for {count(rows.in_sheet, 'row')}, and send"
    if preview.settings.on_several is OnSeveral.ALL:
        return f"{first} {count(total, 'note')} to {url}, or more: one for each prospect that has such an email?"
    return f"{first} at most {count(total, 'note')} to {url}?"


def check(preview: Preview) -> Iterator[Saying]:
    """All that `check` has to say."""
    loaded = preview.loaded
    yield from _file(preview)
    yield from profiles(preview)
    yield Saying()
    yield from sizes(preview)
    groups = preview.remaining.groups
    yield from _audience(preview)
    yield from readable(preview.readable_after)
    html = sum(len(group.positions) for group in groups if is_html(group.note.text))
    escaped = sum(len(group.positions) for group in groups if group.note.content != group.note.text)
    if html or escaped:
        yield Saying(f"HTML, sent as it is: {html:,}  text with line breaks, < or &, sent as HTML: {escaped:,}")
    yield from _largest(preview)
    near = grouping.near_identical(loaded.plan.groups)
    if near:
        yield Saying()
        yield Saying(
            "Groups that look the same but differ in spaces, the shape of quotes or the like; each stays a note:"
        )
        for alike in near[:5]:
            numbers = [f"row {loaded.rows.number[group.positions[0]]}" for group in alike]
            yield Saying(f"  {first_words(alike[0].note.text)}  ({', '.join(numbers[:4])})")
    if preview.questions:
        yield Saying()
        yield Saying("Nothing can be sent until this is settled:")
        for question in preview.questions:
            yield Saying(question.text, Kind.DETAIL)
    for guarded in preview.guarded:
        yield Saying()
        yield Saying(str(guarded), Kind.TEXT)
    if loaded.rows.problems:
        yield Saying()
        yield Saying("Problems:")
        yield from _problems(loaded, _SHOWN_PROBLEMS, more="correct these first")


def largest(groups: Sequence[Group]) -> Iterator[tuple[int, str]]:
    """The notes for most prospects: for how many, and the first words."""
    for group in sorted(groups, key=lambda found: -len(found.positions))[:5]:
        yield len(group.positions), f"{first_words(group.note.text)}  ({aside(group.note)})"


def _largest(preview: Preview) -> Iterator[Saying]:
    if groups := preview.remaining.groups:
        yield Saying()
        yield Saying("The largest groups:")
        for size, words in largest(groups):
            yield Saying(f"{size:5,} × {words}", Kind.DETAIL)


def about(loaded: Loaded) -> str:
    """What the file was understood to be, in a line."""
    sheet = loaded.sheet
    found = [sheet.format] + ([f"sheet {sheet.name!r}"] if sheet.name else [])
    return ", ".join(found + [f"headings in row {sheet.header_row}"] + ([sheet.encoding] if sheet.encoding else []))


def _audience(preview: Preview) -> Iterator[Saying]:
    """How many of the notes that would be sent are for whom."""
    if groups := preview.remaining.groups:
        sizes_of = counted(groups)
        yield Saying("  ".join(f"{name}: {size:,}" for name, size in sizes_of.items()))
        if said := owner_only(sizes_of["private"]):
            yield Saying(said, Kind.TEXT)


def owner_only(private: int) -> str:
    """Return who will see so many private notes; empty if there are none."""
    if not private:
        return ""
    them, notes = ("it", "note is") if private == 1 else ("them", "notes are")
    return (
        f"{private:,} {notes} private. Only the owner of the API key will see {them}: not the people who wrote {them},"
        " nor the rest of the team."
    )


def columns(preview: Preview) -> Iterator[tuple[Role, str]]:
    """The column of each role, with what its words mean."""
    loaded, default = preview.loaded, preview.settings.default_visibility
    for role, column in loaded.roles.columns.items():
        meanings = in_words(loaded.rows.meanings.get(role, {}))
        aside = f" ({meanings})" if meanings else ""
        yield role, f"column {column_letter(column)} {loaded.sheet.headings[column]!r}{aside}"
    if default is not None and loaded.unclear is None and Role.VISIBILITY not in loaded.roles.columns:
        yield Role.VISIBILITY, f"no column, so all are {default.name.lower()} ({by_name('default-visibility')})"


def in_words(meanings: Mapping[str, Visibility | Status]) -> str:
    """What the words of a column mean: Yes → public, No → private."""
    told = [f"{word or 'blank'} → {value.name.lower()}" for word, value in meanings.items()]
    more = f" and {len(told) - _WORDS:,} more words" if len(told) > _WORDS else ""
    return ", ".join(told[:_WORDS]) + more


def _file(preview: Preview) -> Iterator[Saying]:
    """What the file was understood to be."""
    loaded = preview.loaded
    sheet = loaded.sheet
    yield Saying(f"{sheet.source}: {about(loaded)}")
    for role, said in columns(preview):
        yield Saying(f"{role + ':':12} {said}", Kind.DETAIL)
    if loaded.roles.unused:
        unused = [sheet.headings[column] or f"column {column_letter(column)}" for column in loaded.roles.unused]
        yield Saying(f"{'not used:':12} {listed(unused)}", Kind.DETAIL)
    for remark in (*sheet.remarks, *loaded.rows.remarks):
        yield Saying(remark, Kind.NOTE)
    if not len(loaded.rows):
        yield Saying("There is no row below the headings, so there is nothing to import.", Kind.NOTE)


def profiles(preview: Preview) -> Iterator[Saying]:
    """A profile's first import may be a slip of the hand, and would deliver everything again."""
    if others := preview.other_profiles:
        yield Saying(
            f"This is the first import as profile {preview.settings.profile!r} at {preview.settings.base_url}; what was"
            f" delivered as {listed(others)} is not known here.",
            Kind.NOTE,
        )


def sizes(preview: Preview) -> Iterator[Saying]:
    """Rows, notes, requests, and the time that they take."""
    rows, plan, remaining = preview.loaded.rows, preview.loaded.plan, preview.remaining
    duplicates = int((plan.original >= 0).sum())
    before = plan.deliveries - remaining.deliveries - remaining.unclear - remaining.held_back
    left = plan.deliveries - before
    to_deliver = f", {f'{left:,}' if left else 'none'} of them to deliver" if before else " to deliver"
    at_most = "at most " if preview.to_look_up and preview.settings.on_several is not OnSeveral.ALL else ""
    yield Saying(
        f"{count(rows.in_sheet, 'row')}: {at_most}{count(plan.deliveries, 'note')}{to_deliver}"
        + (f", {duplicates:,} {'repeats' if duplicates == 1 else 'repeat'} an earlier row" if duplicates else "")
        + (f", {len(rows.done):,} delivered already" if rows.done else "")
        + (f", {len(rows.problems):,} with problems" if rows.problems else "")
        + (f", {len(rows.rejected):,} whose email names no prospect" if rows.rejected else "")
        + (f", {len(rows.skipped):,} skipped, being no data" if rows.skipped else ""),
        Kind.TEXT,
    )
    yield from _emails(preview)
    if before:
        were, are = ("was", "is") if before == 1 else ("were", "are")
        yield Saying(f"{before:,} of them {were} imported by an earlier run and {are} left alone", Kind.TEXT)
    if held := remaining.held_back:
        said = f"Only the first {remaining.deliveries:,} of the rest are sent ({by_name('first')})"
        yield Saying(f"{said}; {held:,} are held back", Kind.TEXT)
    if remaining.unclear:
        yield Saying(f"{remaining.unclear:,} got no clear answer in an earlier run and are looked up first", Kind.TEXT)
    if remaining.made_without_key:
        yield Saying(
            f"{remaining.made_without_key:,} of these notes were imported before without {by_name('key-column')}; with"
            " a key each counts as another occurrence, and is sent.",
            Kind.NOTE,
        )
    if files := preview.to_upload:
        size = in_bytes(sum(file.size for file in files))
        yield Saying(f"{count(len(files), 'file')} to upload first ({size}), each once", Kind.TEXT)
    if remaining.requests:
        saved = remaining.deliveries - remaining.requests
        yield Saying(
            f"{count(remaining.notes, 'distinct note')} in {count(remaining.requests, 'request')} of up to"
            f" {preview.batch_size:,} prospects" + (f": {saved:,} fewer than one a row" if saved else ""),
            Kind.TEXT,
        )
        vendor = preview.vendor
        if drafts := grouping.several_drafts(plan.groups, rows) if vendor.traits.one_draft else 0:
            yield Saying(
                f"{count(drafts, 'prospect')} would receive more than one draft; {vendor.name} shows one draft a"
                " prospect, so the later one may replace the earlier.",
                Kind.NOTE,
            )
        if preview.seconds is not None and (slower := preview.slower) is not None:
            whose = "" if slower == preview.settings.rate else ", the limit that the account was last seen to have,"
            pace = rate_in_words(slower.calls, slower.seconds)
            yield Saying(f"At {pace}{whose} that takes {duration(preview.seconds)}.", Kind.TEXT)
            if preview.settings.rate not in (None, slower):
                yield Saying(f"{by_name('rate')} has no effect: the account's own limit is lower.", Kind.NOTE)


def _emails(preview: Preview) -> Iterator[Saying]:
    """What has to be looked up first, and what that may come to."""
    several = preview.settings.on_several
    if preview.to_look_up:
        each = ", and each of several that have it receives the note" if several is OnSeveral.ALL else ""
        yield Saying(
            f"{count(preview.to_look_up, 'email')} to look up first, in about as many calls or fewer. A row whose email"
            f" no prospect has is rejected: none is guessed, and nobody is added{each}. What of it earlier runs"
            " delivered is known then.",
            Kind.TEXT,
        )
    for why, rows in Counter(preview.loaded.rows.rejected.values()).most_common(_SHOWN_REJECTED):
        yield Saying(f"{count(rows, 'row')}: {why}", Kind.DETAIL)
    if (more := len({*preview.loaded.rows.rejected.values()}) - _SHOWN_REJECTED) > 0:
        yield Saying(f"  … and {more:,} more emails; {by_name('unknown-emails', 'FILE.csv')} lists those nobody has")


def _problems(loaded: Loaded, most: int, more: str) -> Iterator[Saying]:
    """The kinds of problems, the most frequent first: how many there are of each, and where they begin.

    Args:
        loaded: the file.
        most: so many kinds are told of, and so many cells of each.
        more: what to say of the rest.
    """
    ordered = kinds_of_problems(loaded)
    for alike in ordered[:most]:
        if len(alike) <= _FEW:
            yield from (Saying(str(problem), Kind.DETAIL) for problem in alike)
        else:
            cells = ", ".join(problem.cell for problem in alike[:most])
            yield Saying(f"{len(alike):,} × {in_common(alike)}: {cells}", Kind.DETAIL)
            if len(alike) > most:
                yield Saying(f"  … and {len(alike) - most:,} more; {more}")
    if left := sum(map(len, ordered[most:])):
        yield Saying(f"  … and {left:,} of other kinds; {more}")


def kinds_of_problems(loaded: Loaded) -> list[list[Problem]]:
    """Problems that are told together, the most frequent first."""
    kinds: dict[tuple[int | None, str], list[Problem]] = {}
    for _, found in sorted(loaded.rows.problems.items()):
        for problem in found:
            kinds.setdefault((problem.column, problem.kind), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> str:
    """What is wrong with several cells, and what stands in them where that differs."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    values = Counter(problem.value for problem in problems)
    told = [quoted(value) + (f" ({times:,})" if times > 1 else "") for value, times in values.most_common(_VALUES)]
    others = f" and {len(values) - _VALUES:,} other values" if len(values) > _VALUES else ""
    _, say, ways = problems[0].text.partition(OR_SAY)
    kind = problems[0].kind
    stop = "" if kind.endswith("?") and not say else "."
    return f"{kind}{f'{say}{ways}, and so on' if say else ''}{stop} It is {', '.join(told)}{others}"
