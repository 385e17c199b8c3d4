"""What a preview says: the file as it was understood, what would be sent, what is wrong, what can't be decided.

Comes in: a :class:`~importer.commands.run.Preview`. Goes out: sayings.
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
_FEW = 2  # so many problems of one kind are told one by one
_VALUES = 4  # that are named of a kind
_WORDS = 12  # words of a column whose meanings are told
_CHARACTERS = 400  # so much of an example is shown


def plan(preview: Preview) -> Iterator[Line]:
    """What a run is about to do."""
    yield from _file(preview)
    settings = preview.settings
    yield Line(say("plan.to", url=settings.base_url, profile=repr(settings.profile)))
    yield from profiles(preview)
    yield from sizes(preview)
    yield from _audience(preview)
    yield from _problems(preview.loaded, 5, more=say("plan.all-in-results"))
    yield from _largest(preview)


def first_of_kind(preview: Preview) -> Iterator[Line]:
    """What a person is shown before the first public or private notes of a workspace; nothing for later ones."""
    if not preview.never_sent:
        return
    sizes_of = counted(preview.remaining.groups)
    if Visibility.PRIVATE in preview.never_sent:
        yield Line()
        yield Line(say("plan.first-private"), LineKind.TEXT)
    if Visibility.PUBLIC in preview.never_sent:
        yield Line()
        shown = examples(preview, _CHARACTERS)[Visibility.PUBLIC]
        yield Line(say("plan.first-public", n=sizes_of["public"], shown=len(shown)), LineKind.TEXT)
        for example in shown:
            yield Line(say("plan.example", about=example.about), LineKind.DETAIL)
            *lines, last = example.text.split("\n")
            yield from (Line(words(line), LineKind.QUOTE) for line in lines)
            cut = say("plan.example-cut", line=last, n=example.left) if example.left else words(last)
            yield Line(cut, LineKind.QUOTE)
    yield Line()


def question(preview: Preview, total: int) -> Message:
    """What a person is asked to agree to; the first public or private notes of a workspace are named."""
    asked = _to_send(preview, total)
    return say("plan.is-this-meant", question=asked) if preview.never_sent else asked


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
    """All that `check` has to say."""
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
    """The notes for most prospects: for how many, and the first words."""
    for group in sorted(groups, key=lambda found: -len(found.positions))[:5]:
        yield len(group.positions), say("plan.group", words=Cell(first_words(group.note.text)), about=aside(group.note))


def _largest(preview: Preview) -> Iterator[Line]:
    if groups := preview.remaining.groups:
        yield Line()
        yield Line(say("plan.largest"))
        for size, group in largest(groups):
            yield Line(say("plan.largest.group", size=f"{size:5,}", group=group), LineKind.DETAIL)


def about(loaded: Loaded) -> Message:
    """What the file was understood to be, in a line."""
    sheet = loaded.sheet
    found: list[Message] = [sheet.format]
    found += [say("plan.sheet", sheet=Cell(repr(sheet.name)))] if sheet.name else []
    found.append(say("plan.headings-in-row", row=str(sheet.header_row)))
    found += [words(sheet.encoding)] if sheet.encoding else []
    return say("plan.file-is", about=tuple(found))


def _audience(preview: Preview) -> Iterator[Line]:
    """How many of the notes that would be sent are for whom."""
    if groups := preview.remaining.groups:
        sizes_of = counted(groups)
        sizes = tuple(say("plan.size", audience=name, notes=size) for name, size in sizes_of.items())
        yield Line(say("plan.sizes", sizes=sizes))
        if said := owner_only(sizes_of["private"]):
            yield Line(said, LineKind.TEXT)


def owner_only(private: int) -> Message | None:
    """Return who will see so many private notes; None if there are none."""
    return say("plan.owner-only", n=private) if private else None


def columns(preview: Preview) -> Iterator[tuple[Role, Message]]:
    """The column of each role, with what its words mean."""
    loaded, default = preview.loaded, preview.settings.default_visibility
    for role, column in loaded.roles.columns.items():
        about: dict[str, Part] = {"column": column_letter(column), "heading": Cell(repr(loaded.sheet.headings[column]))}
        meanings = in_words(loaded.rows.meanings.get(role, {}))
        yield role, say("plan.column-means", **about, meanings=meanings) if meanings else say("plan.column", **about)
    if default is not None and loaded.unclear is None and Role.VISIBILITY not in loaded.roles.columns:
        yield Role.VISIBILITY, say("plan.default-visibility", visibility=default.name.lower())


def in_words(meanings: Mapping[str, Visibility | Status]) -> Message | None:
    """What the words of a column mean: Yes → public, No → private."""
    told = [
        say(
            "plan.word-means" if word else "plan.blank-means",
            **({"word": Cell(word)} if word else {}),
            value=value.name.lower(),
        )
        for word, value in meanings.items()
    ]
    if len(told) > _WORDS:
        return say("plan.more-words", words=tuple(told[:_WORDS]), n=len(told) - _WORDS)
    return say("names", names=tuple(told)) if told else None


def _file(preview: Preview) -> Iterator[Line]:
    """What the file was understood to be."""
    loaded = preview.loaded
    sheet = loaded.sheet
    yield Line(say("plan.file", file=sheet.source, about=about(loaded)))
    for role, said in columns(preview):
        yield Line(say("plan.role", role=f"{role + ':':12}", column=said), LineKind.DETAIL)
    if loaded.roles.unused:
        unused = [sheet.headings[column] or f"column {column_letter(column)}" for column in loaded.roles.unused]
        yield Line(say("plan.not-used", columns=listed(unused)), LineKind.DETAIL)
    for remark in (*sheet.remarks, *loaded.rows.remarks):
        yield Line(remark, LineKind.NOTE)
    if not len(loaded.rows):
        yield Line(say("plan.no-rows"), LineKind.NOTE)


def profiles(preview: Preview) -> Iterator[Line]:
    """A profile's first import may be a slip of the hand, and would deliver everything again."""
    if others := preview.other_profiles:
        about = {"profile": repr(preview.settings.profile), "url": preview.settings.base_url}
        yield Line(say("plan.first-as-profile", **about, others=listed(others)), LineKind.NOTE)


def sizes(preview: Preview) -> Iterator[Line]:
    """Rows, notes, requests, and the time that they take."""
    rows, plan, remaining = preview.loaded.rows, preview.loaded.plan, preview.remaining
    duplicates = int((plan.original >= 0).sum())
    before = plan.deliveries - remaining.deliveries - remaining.unclear - remaining.held_back
    left = plan.deliveries - before
    is_at_most = preview.to_look_up and preview.settings.on_several is not OnSeveral.ALL
    notes = say("plan.at-most-notes" if is_at_most else "count.note", n=plan.deliveries)
    if before:
        notes = say("plan.some-to-deliver", notes=notes, n=left) if left else say("plan.none-to-deliver", notes=notes)
    else:
        notes = say("plan.to-deliver", notes=notes)
    others = {
        "plan.repeat": duplicates,
        "plan.delivered-already": len(rows.done),
        "plan.with-problems": len(rows.problems),
        "plan.email-names-none": len(rows.rejected),
        "plan.skipped": len(rows.skipped),
    }
    about = (notes, *(say(kind, n=number) for kind, number in others.items() if number))
    yield Line(say("plan.rows", n=rows.in_sheet, about=about), LineKind.TEXT)
    yield from _emails(preview)
    if before:
        yield Line(say("plan.imported-before", n=before), LineKind.TEXT)
    if held := remaining.held_back:
        yield Line(say("plan.held-back", first=remaining.deliveries, n=held), LineKind.TEXT)
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
    """How many requests it takes, and how long."""
    remaining, plan = preview.remaining, preview.loaded.plan
    saved = remaining.deliveries - remaining.requests
    about = {"notes": count(remaining.notes, "distinct-note"), "requests": count(remaining.requests, "request")}
    said = say("plan.requests", **about, prospects=preview.batch_size)
    yield Line(say("plan.fewer", requests=said, n=saved) if saved else said, LineKind.TEXT)
    vendor = preview.vendor
    if drafts := grouping.several_drafts(plan.groups, preview.loaded.rows) if vendor.traits.one_draft else 0:
        yield Line(say("plan.several-drafts", n=drafts, vendor=vendor.name), LineKind.NOTE)
    if preview.seconds is not None and (slower := preview.slower) is not None:
        kind = "plan.takes" if slower == preview.settings.rate else "plan.takes-at-the-limit"
        yield Line(say(kind, rate=rate(slower.calls, slower.seconds), time=duration(preview.seconds)), LineKind.TEXT)
        if preview.settings.rate not in (None, slower):
            yield Line(say("plan.rate-has-no-effect"), LineKind.NOTE)


def _emails(preview: Preview) -> Iterator[Line]:
    """What has to be looked up first, and what that may come to."""
    if preview.to_look_up:
        is_each = preview.settings.on_several is OnSeveral.ALL
        yield Line(say("plan.emails-each" if is_each else "plan.emails", n=preview.to_look_up), LineKind.TEXT)
    rejected = Counter(preview.loaded.rows.rejected.values())
    for why, rows in rejected.most_common(_SHOWN_REJECTED):
        yield Line(say("plan.rejected", n=rows, why=why), LineKind.DETAIL)
    if (more := len(rejected) - _SHOWN_REJECTED) > 0:
        yield Line(say("plan.more-rejected", n=more))


def _problems(loaded: Loaded, most: int, more: Message) -> Iterator[Line]:
    """The kinds of problems, the most frequent first: how many there are of each, and where they begin.

    Args:
        loaded: the file.
        most: so many kinds are told of, and so many cells of each.
        more: what to say of the rest.
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
    """Problems that are told together, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for _, found in sorted(loaded.rows.problems.items()):
        for problem in found:
            kinds.setdefault((problem.column, problem.kind), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> Message:
    """What is wrong with several cells, and what stands in them where that differs."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    counted = Counter(problem.value for problem in problems)
    told = [quoted(value) + (f" ({times:,})" if times > 1 else "") for value, times in counted.most_common(_VALUES)]
    values: tuple[Part, ...] = tuple(map(Cell, told))
    if len(counted) > _VALUES:
        values = (say("problems.other-values", values=values, n=len(counted) - _VALUES),)
    kind, text = problems[0].kind, problems[0].text
    if (ways := dict(text.parts).get("ways")) is not None:
        return say("problems.or-say", kind=kind, ways=ways, values=values)
    return say("problems.question" if kind.kind.endswith(".near") else "problems.alike", kind=kind, values=values)
