"""Write the messages of a preview: how the file was understood, what would be sent, problems and open questions.

Input: a :class:`~importer.commands.run.Preview`. Output: lines with messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from importer import grouping
from importer.commands.examples import aside, examples, first_words
from importer.commands.loading import Loaded, counted
from importer.commands.rendering import Line, LineKind, count, duration, in_bytes, listed, rate, readable
from importer.commands.run import Preview
from importer.markup import is_html
from importer.messages import Cell, Message, Part, say, words
from importer.models import Group, OnSeveral, Problem, Role, Status, Visibility
from importer.reading import column_letter
from importer.rows.values import quoted

_SHOWN_PROBLEMS = 20
_SHOWN_REJECTED = 5
_FEW = 2  # maximum number of problems of one kind that are listed one by one
_VALUES = 4  # maximum number of values shown for one kind of problem
_WORDS = 12  # maximum number of words of a column whose meanings are shown
_CHARACTERS = 400  # maximum number of characters shown of an example


def plan(preview: Preview) -> Iterator[Line]:
    """Yield the lines about what a run would do."""
    yield from _file(preview)
    settings = preview.settings
    yield Line(say("plan.to", url=settings.base_url, profile=repr(settings.profile)))
    yield from profiles(preview)
    yield from sizes(preview)
    yield from _audience(preview)
    yield from _problems(preview.loaded, 5, more=say("plan.all-in-results"))
    yield from _largest(preview)


def first_of_kind(preview: Preview) -> Iterator[Line]:
    """Yield what a person has to see before a workspace's first public or private notes; nothing for later ones."""
    if not preview.never_sent:
        return
    sizes_by_kind = counted(preview.remaining.groups)
    if Visibility.PRIVATE in preview.never_sent:
        yield Line()
        yield Line(say("plan.first-private"), LineKind.TEXT)
    if Visibility.PUBLIC in preview.never_sent:
        yield Line()
        shown = examples(preview, _CHARACTERS)[Visibility.PUBLIC]
        yield Line(say("plan.first-public", n=sizes_by_kind["public"], shown=len(shown)), LineKind.TEXT)
        for example in shown:
            yield Line(say("plan.example", about=example.about), LineKind.DETAIL)
            *lines, last = example.text.split("\n")
            yield from (Line(words(line), LineKind.QUOTE) for line in lines)
            last_line = say("plan.example-cut", line=last, n=example.left) if example.left else words(last)
            yield Line(last_line, LineKind.QUOTE)
    yield Line()


def question(preview: Preview, total: int) -> Message:
    """Return the question before sending. For first public or private notes, also ask whether that is intended."""
    message = _to_send(preview, total)
    return say("plan.is-this-meant", question=message) if preview.never_sent else message


def _to_send(preview: Preview, total: int) -> Message:
    url, notes = preview.settings.base_url, count(total, "note")
    if not preview.to_look_up:
        return say("plan.send", notes=notes, url=url)
    emails, rows = count(preview.to_look_up, "email"), count(preview.loaded.rows.in_sheet, "row")
    is_each = preview.settings.on_several is OnSeveral.ALL
    return say(
        "plan.look-up-and-send-each" if is_each else "plan.look-up-and-send",
        emails=emails,
        rows=rows,
        notes=notes,
        url=url,
    )


def check(preview: Preview) -> Iterator[Line]:
    """Yield everything that `check` reports."""
    loaded = preview.loaded
    yield from _file(preview)
    yield from profiles(preview)
    yield Line()
    yield from sizes(preview)
    groups = preview.remaining.groups
    yield from _audience(preview)
    yield from readable(preview.readable_after)
    html = sum(len(group.positions) for group in groups if is_html(group.note.text))
    escaped = sum(len(group.positions) for group in groups if group.note.content != group.note.text)
    if html or escaped:
        yield Line(say("plan.html", html=html, escaped=escaped))
    yield from _largest(preview)
    near = grouping.near_identical(loaded.plan.groups)
    if near:
        yield Line()
        yield Line(say("plan.near-identical"))
        for alike in near[:5]:
            rows = tuple(say("row", row=str(loaded.rows.number[group.positions[0]])) for group in alike[:4])
            yield Line(say("plan.near-identical.group", words=Cell(first_words(alike[0].note.text)), rows=rows))
    if preview.questions:
        yield Line()
        yield Line(say("plan.undecided"))
        for question in preview.questions:
            yield Line(question.text, LineKind.DETAIL)
    for guarded in preview.guarded:
        yield Line()
        yield Line(guarded.message, LineKind.TEXT)
    if loaded.rows.problems:
        yield Line()
        yield Line(say("plan.problems"))
        yield from _problems(loaded, _SHOWN_PROBLEMS, more=say("plan.correct-these-first"))


def largest(groups: Sequence[Group]) -> Iterator[tuple[int, Message]]:
    """Yield the five notes with the most prospects: number of prospects, first words."""
    for group in sorted(groups, key=lambda group: -len(group.positions))[:5]:
        yield len(group.positions), say("plan.group", words=Cell(first_words(group.note.text)), about=aside(group.note))


def _largest(preview: Preview) -> Iterator[Line]:
    if groups := preview.remaining.groups:
        yield Line()
        yield Line(say("plan.largest"))
        for size, group in largest(groups):
            yield Line(say("plan.largest.group", size=f"{size:5,}", group=group), LineKind.DETAIL)


def about(loaded: Loaded) -> Message:
    """Return one line about how the file was read: format, sheet, header row, encoding."""
    sheet = loaded.sheet
    parts: list[Message] = [sheet.format]
    parts += [say("plan.sheet", sheet=Cell(repr(sheet.name)))] if sheet.name else []
    parts.append(say("plan.headings-in-row", row=str(sheet.header_row)))
    parts += [words(sheet.encoding)] if sheet.encoding else []
    return say("plan.file-is", about=tuple(parts))


def _audience(preview: Preview) -> Iterator[Line]:
    if groups := preview.remaining.groups:
        counts = counted(groups)
        sizes = tuple(say("plan.size", audience=name, notes=size) for name, size in counts.items())
        yield Line(say("plan.sizes", sizes=sizes))
        if message := owner_only(counts["private"]):
            yield Line(message, LineKind.TEXT)


def owner_only(private: int) -> Message | None:
    """Return a message about who will see the private notes; None if there are none."""
    return say("plan.owner-only", n=private) if private else None


def columns(preview: Preview) -> Iterator[tuple[Role, Message]]:
    """Yield the column of each role, with the meanings of its words."""
    loaded, default = preview.loaded, preview.settings.default_visibility
    for role, column in loaded.roles.columns.items():
        about: dict[str, Part] = {"column": column_letter(column), "heading": Cell(repr(loaded.sheet.headings[column]))}
        meanings = in_words(loaded.rows.meanings.get(role, {}))
        yield role, say("plan.column-means", **about, meanings=meanings) if meanings else say("plan.column", **about)
    if default is not None and loaded.unclear is None and Role.VISIBILITY not in loaded.roles.columns:
        yield Role.VISIBILITY, say("plan.default-visibility", visibility=default.name.lower())


def in_words(meanings: Mapping[str, Visibility | Status]) -> Message | None:
    """Return the meanings of a column's words, such as Yes → public, No → private; None if it has none."""
    messages = [
        say(
            "plan.word-means" if word else "plan.blank-means",
            **({"word": Cell(word)} if word else {}),
            value=value.name.lower(),
        )
        for word, value in meanings.items()
    ]
    if len(messages) > _WORDS:
        return say("plan.more-words", words=tuple(messages[:_WORDS]), n=len(messages) - _WORDS)
    return say("names", names=tuple(messages)) if messages else None


def _file(preview: Preview) -> Iterator[Line]:
    loaded = preview.loaded
    sheet = loaded.sheet
    yield Line(say("plan.file", file=sheet.source, about=about(loaded)))
    for role, message in columns(preview):
        yield Line(say("plan.role", role=f"{role + ':':12}", column=message), LineKind.DETAIL)
    if loaded.roles.unused:
        unused = [sheet.headings[column] or f"column {column_letter(column)}" for column in loaded.roles.unused]
        yield Line(say("plan.not-used", columns=listed(unused)), LineKind.DETAIL)
    for remark in (*sheet.remarks, *loaded.rows.remarks):
        yield Line(remark, LineKind.NOTE)
    if not len(loaded.rows):
        yield Line(say("plan.no-rows"), LineKind.NOTE)


def profiles(preview: Preview) -> Iterator[Line]:
    """Yield a warning about a profile's first import: a mistyped profile would deliver everything again."""
    if others := preview.other_profiles:
        about = {"profile": repr(preview.settings.profile), "url": preview.settings.base_url}
        yield Line(say("plan.first-as-profile", **about, others=listed(others)), LineKind.NOTE)


def sizes(preview: Preview) -> Iterator[Line]:
    """Yield the numbers of rows, notes and requests, and how long the requests take."""
    rows, plan, remaining = preview.loaded.rows, preview.loaded.plan, preview.remaining
    duplicates = int((plan.original >= 0).sum())
    imported = plan.deliveries - remaining.deliveries - remaining.unclear - remaining.held_back
    left = plan.deliveries - imported
    is_at_most = preview.to_look_up and preview.settings.on_several is not OnSeveral.ALL
    notes = say("plan.at-most-notes" if is_at_most else "count.note", n=plan.deliveries)
    if imported:
        notes = say("plan.some-to-deliver", notes=notes, n=left) if left else say("plan.none-to-deliver", notes=notes)
    else:
        notes = say("plan.to-deliver", notes=notes)
    counts = {
        "plan.repeat": duplicates,
        "plan.delivered-already": len(rows.done),
        "plan.with-problems": len(rows.problems),
        "plan.email-names-none": len(rows.rejected),
        "plan.skipped": len(rows.skipped),
    }
    parts = (notes, *(say(kind, n=number) for kind, number in counts.items() if number))
    yield Line(say("plan.rows", n=rows.in_sheet, about=parts), LineKind.TEXT)
    yield from _emails(preview)
    if imported:
        yield Line(say("plan.imported-before", n=imported), LineKind.TEXT)
    if held_back := remaining.held_back:
        yield Line(say("plan.held-back", first=remaining.deliveries, n=held_back), LineKind.TEXT)
    if remaining.unclear:
        yield Line(say("plan.unclear", n=remaining.unclear), LineKind.TEXT)
    if remaining.made_without_key:
        yield Line(say("plan.without-key", n=remaining.made_without_key), LineKind.NOTE)
    if files := preview.to_upload:
        size = in_bytes(sum(file.size for file in files))
        yield Line(say("plan.files", n=len(files), size=size), LineKind.TEXT)
    if remaining.requests:
        yield from _requests(preview)


def _requests(preview: Preview) -> Iterator[Line]:
    remaining, plan = preview.remaining, preview.loaded.plan
    notes, requests = count(remaining.deliveries, "note"), count(remaining.requests, "request")
    yield Line(say("plan.requests", notes=notes, requests=requests), LineKind.TEXT)
    vendor = preview.vendor
    if drafts := grouping.several_drafts(plan.groups, preview.loaded.rows) if vendor.traits.one_draft else 0:
        yield Line(say("plan.several-drafts", n=drafts, vendor=vendor.name), LineKind.NOTE)
    if preview.seconds is not None and (slower := preview.slower) is not None:
        kind = "plan.takes" if slower == preview.settings.rate else "plan.takes-at-the-limit"
        yield Line(say(kind, rate=rate(slower.calls, slower.seconds), time=duration(preview.seconds)), LineKind.TEXT)
        if preview.settings.rate not in (None, slower):
            yield Line(say("plan.rate-has-no-effect"), LineKind.NOTE)


def _emails(preview: Preview) -> Iterator[Line]:
    """Yield how many emails have to be looked up first, and why rows were rejected for their email."""
    if preview.to_look_up:
        is_each = preview.settings.on_several is OnSeveral.ALL
        yield Line(say("plan.emails-each" if is_each else "plan.emails", n=preview.to_look_up), LineKind.TEXT)
    rejected = Counter(preview.loaded.rows.rejected.values())
    for why, rows in rejected.most_common(_SHOWN_REJECTED):
        yield Line(say("plan.rejected", n=rows, why=why), LineKind.DETAIL)
    if (more := len(rejected) - _SHOWN_REJECTED) > 0:
        yield Line(say("plan.more-rejected", n=more))


def _problems(loaded: Loaded, most: int, more: Message) -> Iterator[Line]:
    """Yield the kinds of problems, the most frequent first, each with its number and its first cells.

    Args:
        loaded: the file.
        most: maximum number of kinds, and of cells for each.
        more: message about the rest.
    """
    ordered = kinds_of_problems(loaded)
    for alike in ordered[:most]:
        if len(alike) <= _FEW:
            shown = (say("problem", place=problem.cell, text=problem.text) for problem in alike)
            yield from (Line(problem, LineKind.DETAIL) for problem in shown)
        else:
            cells = tuple(problem.cell for problem in alike[:most])
            yield Line(say("problems", times=len(alike), what=in_common(alike), cells=cells), LineKind.DETAIL)
            if len(alike) > most:
                yield Line(say("problems.more", n=len(alike) - most, then=more))
    if left := sum(map(len, ordered[most:])):
        yield Line(say("problems.of-other-kinds", n=left, then=more))


def kinds_of_problems(loaded: Loaded) -> list[list[Problem]]:
    """Return the problems, grouped by column and kind, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for _, problems in sorted(loaded.rows.problems.items()):
        for problem in problems:
            kinds.setdefault((problem.column, problem.kind), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> Message:
    """Return a message about a problem that several cells share, with the cells' values if they differ."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    counts = Counter(problem.value for problem in problems)
    shown = [quoted(value) + (f" ({times:,})" if times > 1 else "") for value, times in counts.most_common(_VALUES)]
    values: tuple[Part, ...] = tuple(map(Cell, shown))
    if len(counts) > _VALUES:
        values = (say("problems.other-values", values=values, n=len(counts) - _VALUES),)
    kind, text = problems[0].kind, problems[0].text
    if (ways := dict(text.parts).get("ways")) is not None:
        return say("problems.or-say", kind=kind, ways=ways, values=values)
    return say("problems.alike", kind=kind, values=values)
