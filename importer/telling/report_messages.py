"""Write the messages about the result of a run.

Input: reports. Output: lines with messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from importer.importing.batch import Batch, FileEnded, FileResult
from importer.importing.report import Report
from importer.messages import Message, Part, Quoted, Said, as_message, in_quotes, say, some, words
from importer.models import Result
from importer.results.layout import IN_PRACTICE, MEANINGS
from importer.telling.rendering import Line, LineKind, numbers

_MOST_NAMED = 5  # rows with duplicate or missing notes whose IDs are shown


def report(ended: Report) -> Iterator[Line]:
    """Yield the lines about how a run, or practice, ended."""
    if ended.is_practice:
        yield Line()
        yield Line(say("practice.ended"), LineKind.TEXT)
    yield from why(ended)
    yield from counts(ended.counts, is_practice=ended.is_practice)
    yield from besides(ended)
    if ended.to_fix:
        kind = "ended.to-fix" if ended.results.suffix == ".xlsx" else "ended.to-fix-in-rows"
        yield Line(say(kind, n=ended.to_fix), LineKind.TEXT)
    yield Line(say("ended.results", path=str(ended.results)))


def why(ended: Report) -> Iterator[Line]:
    """Yield the lines before the counts: what is too visible, and why the run stopped or didn't send some rows."""
    yield from numbers(LineKind.TEXT, {"ended.more-visible": ended.more_visible})
    if ended.stopped is not None:
        yield Line(say("ended.stopped", why=ended.stopped.message), LineKind.TEXT)
        return
    if kinds := ended.reasons.get(Result.NOT_SENT):
        yield Line(say("ended.not-sent", reasons=reasons(kinds)), LineKind.TEXT)


def reasons(kinds: Mapping[Message, int]) -> tuple[Message, ...]:
    """Return the kinds of reasons with their numbers of rows."""
    return tuple(say("why.times", rows=rows, why=kind) for kind, rows in kinds.items())


def besides(ended: Report) -> Iterator[Line]:
    """Yield the lines after the counts: duplicates, what wasn't found, and numbers of calls."""
    yield from numbers(LineKind.TEXT, {"ended.left-alone": ended.left_alone, "ended.to-agree": ended.to_agree})
    if notes := ended.duplicates:
        yield Line(say("ended.duplicates", n=len(notes), rows=_of_rows(notes)), LineKind.TEXT)
    if notes := ended.not_found:
        yield Line(say("ended.not-found", n=len(notes), rows=_of_rows(notes)), LineKind.TEXT)
    if not ended.is_practice:  # its requests reach nobody
        look_ups = (say("ended.look-ups", n=ended.look_ups),) if ended.look_ups else ()
        yield Line(say("ended.requests", n=ended.requests, besides=look_ups))
    if ended.remark:
        yield Line(ended.remark, LineKind.TEXT)


def _of_rows(notes: Mapping[int, Sequence[str]]) -> Part:
    """Return the first rows with their note IDs, and the number of the others."""
    rows = [say("notes.of-row", row=str(row), ids=tuple(map(Quoted, ids))) for row, ids in notes.items()]
    return some(rows, _MOST_NAMED)


def file_ended(over: FileEnded) -> Iterator[Line]:
    """Yield the result of one of several files."""
    if over.report is not None:
        yield from report(over.report)
    if over.archived is not None:
        yield Line(say("ended.moved", file=over.file.name, place=str(over.archived)), LineKind.TEXT)
    if over.fate is FileResult.NOT_BEGUN:
        return  # the summary says why, once for all of them
    if over.report is None:
        about = {"file": str(over.file), "fate": over.fate.value}
        yield Line(say("ended.file", **about, why=as_message(over.why)), LineKind.TEXT)
    elif why := _why_it_stays(over):
        yield Line(why, LineKind.TEXT)


def _why_it_stays(ended: FileEnded) -> Said:
    """Return why an imported file wasn't archived, or its results aren't in their place; empty if there is none."""
    return ended.why if ended.report is not None and ended.report.stopped is None else ""


def batch(found: Batch) -> Iterator[Line]:
    """Yield the results of all files."""
    yield Line()
    fates = Counter(ended.fate for ended in found.files)
    by_fate = tuple(say("series.rows", rows=fates[fate], result=fate.value) for fate in FileResult if fates[fate])
    yield Line(say("series.files", n=len(found.files), fates=by_fate))
    width = max((len(ended.file.name) for ended in found.files), default=0)
    for ended in found.files:
        yield Line(_in_a_line(ended, width))
    if reason := next((ended.why for ended in found.files if ended.fate is FileResult.NOT_BEGUN), None):
        yield Line(say("series.not-begun", why=as_message(reason)), LineKind.TEXT)
    if len(found.files) > 1 and found.counts:
        yield Line(say("series.all-together"))
        is_practice = any(ended.report is not None and ended.report.is_practice for ended in found.files)
        yield from counts(found.counts, is_practice=is_practice)
    if names := [in_quotes(path.name) for path in found.left_out]:
        yield Line(say("series.not-meant", files=some(names, 3)), LineKind.NOTE)


def _in_a_line(ended: FileEnded, width: int) -> Message:
    rows = tuple(say("series.rows", rows=rows, result=result.value) for result, rows in ended.counts.items())
    reason = _why_it_stays(ended) or (ended.why if not rows and ended.fate is not FileResult.NOT_BEGUN else "")
    parts: tuple[Message, ...] = (say("names", names=rows),) if rows else ()
    parts += (say("series.why", why=as_message(reason)),) if reason else ()
    results = (say("series.results", path=str(ended.report.results)),) if ended.report else ()
    file = f"{ended.file.name:{width}}"
    fate = say("series.fate-and-why", fate=ended.fate.value, why=parts) if parts else words(ended.fate.value)
    return say("series.file", file=file, about=(fate, *results))


def counts(found: Mapping[Result, int], *, is_practice: bool = False) -> Iterator[Line]:
    """Yield a line for each result with its number of rows and its meaning."""
    width = max(map(len, found), default=0)
    for result, rows, means in meanings(found, is_practice=is_practice):
        yield Line(say("ended.count", rows=f"{rows:9,}", result=f"{result:{width}}", means=means))


def meanings(found: Mapping[Result, int], *, is_practice: bool = False) -> Iterator[tuple[Result, int, Message]]:
    """Yield each result with its number of rows, and its meaning with what to do."""
    for result, rows in found.items():
        meaning = (IN_PRACTICE if is_practice else MEANINGS)[result]
        advice = meaning.next
        yield result, rows, say("result-and-next", means=meaning.means, next=advice) if advice else meaning.means
