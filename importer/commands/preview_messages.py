"""Write the messages of a preview: how the file was understood, what would be sent, problems and open questions.

Input: an :class:`~importer.commands.overview.Overview`. Output: lines with messages.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from importer.commands.overview import Overview
from importer.commands.rendering import Line, LineKind, count, duration, in_bytes, listed, rate, readable
from importer.messages import Cell, Message, Part, say, words
from importer.models import OnSeveral, Role, Status, Visibility

_SHOWN_PROBLEMS = 20
_SHOWN_REJECTED = 5
_FEW = 2  # maximum number of problems of one kind that are listed one by one
_WORDS = 12  # maximum number of words of a column whose meanings are shown
_CHARACTERS = 400  # maximum number of characters shown of an example


def plan(found: Overview) -> Iterator[Line]:
    """Yield the lines about what a run would do."""
    yield from _file(found)
    yield Line(say("plan.to", url=found.base_url, profile=repr(found.profile)))
    yield from profiles(found)
    yield from sizes(found)
    yield from _audience(found)
    yield from _problems(found, 5, more=say("plan.all-in-results"))
    yield from _largest(found)


def first_of_kind(found: Overview) -> Iterator[Line]:
    """Yield what a person has to see before a workspace's first public or private notes; nothing for later ones."""
    if not found.never_sent:
        return
    if Visibility.PRIVATE in found.never_sent:
        yield Line()
        yield Line(say("plan.first-private"), LineKind.TEXT)
    if Visibility.PUBLIC in found.never_sent:
        yield Line()
        shown = found.examples[Visibility.PUBLIC]
        yield Line(say("plan.first-public", n=found.audience["public"], shown=len(shown)), LineKind.TEXT)
        for example in (example.shortened(_CHARACTERS) for example in shown):
            yield Line(say("plan.example", about=example.about), LineKind.DETAIL)
            *lines, last = example.text.split("\n")
            yield from (Line(words(line), LineKind.QUOTE) for line in lines)
            last_line = say("plan.example-cut", line=last, n=example.left) if example.left else words(last)
            yield Line(last_line, LineKind.QUOTE)
    yield Line()


def question(found: Overview) -> Message:
    """Return the question before sending. For first public or private notes, also ask whether that is intended."""
    url, notes = found.base_url, count(found.total, "note")
    if found.to_look_up:
        emails, rows = count(found.to_look_up, "email"), count(found.rows, "row")
        is_each = found.on_several is OnSeveral.ALL
        kind = "plan.look-up-and-send-each" if is_each else "plan.look-up-and-send"
        message = say(kind, emails=emails, rows=rows, notes=notes, url=url)
    else:
        message = say("plan.send", notes=notes, url=url)
    return say("plan.is-this-meant", question=message) if found.never_sent else message


def check(found: Overview) -> Iterator[Line]:
    """Yield everything that `check` reports."""
    yield from _file(found)
    yield from profiles(found)
    yield Line()
    yield from sizes(found)
    yield from _audience(found)
    yield from readable(found.readable_after)
    if found.html or found.escaped:
        yield Line(say("plan.html", html=found.html, escaped=found.escaped))
    yield from _largest(found)
    if found.similar:
        yield Line()
        yield Line(say("plan.near-identical"))
        for text, numbers in found.similar:
            rows = tuple(say("row", row=str(number)) for number in numbers)
            yield Line(say("plan.near-identical.group", words=Cell(text), rows=rows))
    if found.questions:
        yield Line()
        yield Line(say("plan.undecided"))
        for question in found.questions:
            yield Line(question.text, LineKind.DETAIL)
    for message in found.guarded.values():
        yield Line()
        yield Line(message, LineKind.TEXT)
    if found.troubles:
        yield Line()
        yield Line(say("plan.problems"))
        yield from _problems(found, _SHOWN_PROBLEMS, more=say("plan.correct-these-first"))


def _largest(found: Overview) -> Iterator[Line]:
    if found.largest:
        yield Line()
        yield Line(say("plan.largest"))
        for size, group in found.largest:
            yield Line(say("plan.largest.group", size=f"{size:5,}", group=group), LineKind.DETAIL)


def about(found: Overview) -> Message:
    """Return one line about how the file was read: format, sheet, header row, encoding."""
    parts: list[Message] = [found.format]
    parts += [say("plan.sheet", sheet=Cell(repr(found.sheet)))] if found.sheet else []
    parts.append(say("plan.headings-in-row", row=str(found.header_row)))
    parts += [words(found.encoding)] if found.encoding else []
    return say("plan.file-is", about=tuple(parts))


def _audience(found: Overview) -> Iterator[Line]:
    if found.total:
        parts = tuple(say("plan.size", audience=name, notes=notes) for name, notes in found.audience.items())
        yield Line(say("plan.sizes", sizes=parts))
        if message := owner_only(found):
            yield Line(message, LineKind.TEXT)


def owner_only(found: Overview) -> Message | None:
    """Return a message about who will see the private notes; None if there are none."""
    return say("plan.owner-only", n=found.audience["private"]) if found.audience["private"] else None


def columns(found: Overview) -> Iterator[tuple[Role, Message]]:
    """Yield the column of each role, with the meanings of its words."""
    for role, column in found.mapping.items():
        parts: dict[str, Part] = {"column": column.letter, "heading": Cell(repr(column.heading))}
        meanings = _in_words(column.meanings)
        yield role, say("plan.column-means", **parts, meanings=meanings) if meanings else say("plan.column", **parts)
    if found.default_visibility is not None:
        yield Role.VISIBILITY, say("plan.default-visibility", visibility=found.default_visibility.name.lower())


def _in_words(meanings: Mapping[str, Visibility | Status]) -> Message | None:
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


def _file(found: Overview) -> Iterator[Line]:
    yield Line(say("plan.file", file=found.file, about=about(found)))
    for role, message in columns(found):
        yield Line(say("plan.role", role=f"{role + ':':12}", column=message), LineKind.DETAIL)
    if found.unused:
        unused = [heading or f"column {letter}" for letter, heading in found.unused]
        yield Line(say("plan.not-used", columns=listed(unused)), LineKind.DETAIL)
    for remark in found.remarks:
        yield Line(remark, LineKind.NOTE)
    if not found.rows:
        yield Line(say("plan.no-rows"), LineKind.NOTE)


def profiles(found: Overview) -> Iterator[Line]:
    """Yield a warning about a profile's first import: a mistyped profile would deliver everything again."""
    if others := found.other_profiles:
        parts = {"profile": repr(found.profile), "url": found.base_url}
        yield Line(say("plan.first-as-profile", **parts, others=listed(others)), LineKind.NOTE)


def sizes(found: Overview) -> Iterator[Line]:
    """Yield the numbers of rows, notes and requests, and how long the requests take."""
    remaining, imported = found.remaining, found.imported_before
    left = found.planned - imported
    is_at_most = found.to_look_up and found.on_several is not OnSeveral.ALL
    notes = say("plan.at-most-notes" if is_at_most else "count.note", n=found.planned)
    if imported:
        notes = say("plan.some-to-deliver", notes=notes, n=left) if left else say("plan.none-to-deliver", notes=notes)
    else:
        notes = say("plan.to-deliver", notes=notes)
    counts = {
        "plan.repeat": found.duplicates,
        "plan.delivered-already": found.done,
        "plan.with-problems": found.invalid,
        "plan.email-names-none": sum(found.rejected.values()),
        "plan.skipped": found.skipped,
    }
    parts = (notes, *(say(kind, n=number) for kind, number in counts.items() if number))
    yield Line(say("plan.rows", n=found.rows, about=parts), LineKind.TEXT)
    yield from _emails(found)
    if imported:
        yield Line(say("plan.imported-before", n=imported), LineKind.TEXT)
    if held_back := remaining.held_back:
        yield Line(say("plan.held-back", first=remaining.deliveries, n=held_back), LineKind.TEXT)
    if remaining.unclear:
        yield Line(say("plan.unclear", n=remaining.unclear), LineKind.TEXT)
    if remaining.made_without_key:
        yield Line(say("plan.without-key", n=remaining.made_without_key), LineKind.NOTE)
    number, size = found.uploads
    if number:
        yield Line(say("plan.files", n=number, size=in_bytes(size)), LineKind.TEXT)
    if remaining.requests:
        yield from _requests(found)


def _requests(found: Overview) -> Iterator[Line]:
    notes, requests = count(found.remaining.deliveries, "note"), count(found.remaining.requests, "request")
    yield Line(say("plan.requests", notes=notes, requests=requests), LineKind.TEXT)
    if found.several_drafts:
        yield Line(say("plan.several-drafts", n=found.several_drafts, vendor=found.vendor), LineKind.NOTE)
    if found.seconds is not None and found.rate is not None:
        kind = "plan.takes" if found.rate == found.own_rate else "plan.takes-at-the-limit"
        pace = rate(found.rate.calls, found.rate.seconds)
        yield Line(say(kind, rate=pace, time=duration(found.seconds)), LineKind.TEXT)
        if found.own_rate not in (None, found.rate):
            yield Line(say("plan.rate-has-no-effect"), LineKind.NOTE)


def _emails(found: Overview) -> Iterator[Line]:
    """Yield how many emails have to be looked up first, and why rows were rejected for their email."""
    if found.to_look_up:
        is_each = found.on_several is OnSeveral.ALL
        yield Line(say("plan.emails-each" if is_each else "plan.emails", n=found.to_look_up), LineKind.TEXT)
    for why, rows in itertools.islice(found.rejected.items(), _SHOWN_REJECTED):
        yield Line(say("plan.rejected", n=rows, why=why), LineKind.DETAIL)
    if (more := len(found.rejected) - _SHOWN_REJECTED) > 0:
        yield Line(say("plan.more-rejected", n=more))


def _problems(found: Overview, most: int, more: Message) -> Iterator[Line]:
    """Yield the kinds of problems, the most frequent first, each with its number and its first cells.

    Args:
        found: the facts.
        most: maximum number of kinds, and of cells for each.
        more: message about the rest.
    """
    for alike in found.troubles[:most]:
        if alike.count <= _FEW:
            for problem in alike.problems:
                yield Line(say("problem", place=problem.cell, text=problem.text), LineKind.DETAIL)
            continue
        cells = tuple(alike.cells[:most])
        yield Line(say("problems", times=alike.count, what=alike.text, cells=cells), LineKind.DETAIL)
        if alike.count > most:
            yield Line(say("problems.more", n=alike.count - most, then=more))
    if left := sum(alike.count for alike in found.troubles[most:]) + found.more_troubles:
        yield Line(say("problems.of-other-kinds", n=left, then=more))
