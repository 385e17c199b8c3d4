"""Write the messages about the result of a run, a look-up or hiding, and about the runs of a journal.

Input: reports. Output: lines with messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from importer.commands.batch import Batch, FileEnded, FileResult
from importer.commands.history import History, PastRun, RunFilter
from importer.commands.rendering import (
    Line,
    LineKind,
    listed,
    listed_duplicates,
    not_found,
    taken,
    when,
)
from importer.commands.report import ON_THE_PROSPECT, Report
from importer.markup import first_words
from importer.messages import Cell, Message, Part, as_message, render, say, words
from importer.models import Result
from importer.reading import column_letter
from importer.results.presentation import HELD_BACK, MEANINGS, PRACTISED, Meaning

_SHOWN = ("program", "columns", "sheet", "reading", "visibility", "status", "settings")

if TYPE_CHECKING:
    from importer.commands.hide import Hidden, Hiding
    from importer.commands.verify import Verified
    from importer.commands.verify_all import ReadBack
    from importer.results import Written


def report(ended: Report) -> Iterator[Line]:
    """Yield the lines about how a run, or practice, ended."""
    if ended.is_practice:
        yield from practised(ended)
        return
    yield from why(ended)
    yield from counts(of_report(ended))
    yield from besides(ended)
    yield from people(ended.unknown_people, ended.unknown_emails, then=say("people.then-run-again"))
    if ended.rows_to_fix and ended.results.suffix == ".xlsx":
        yield Line(say("ended.to-fix", n=ended.rows_to_fix), LineKind.TEXT)
    yield Line(say("ended.results", path=str(ended.results)))


def practised(ended: Report) -> Iterator[Line]:
    """Yield the lines about how practice ended."""
    yield Line()
    yield Line(say("practice.ended"), LineKind.TEXT)
    yield from why(ended)
    yield from counts(of_report(ended))
    if ended.remark:
        yield Line(ended.remark, LineKind.TEXT)
    yield Line(say("practice.results", path=str(ended.results)))


def people(number: int, written: Written | None, then: Message) -> Iterator[Line]:
    """Yield the lines about people whose emails no prospect has: where they are listed, and what to do with the list.

    Args:
        number: number of these people.
        written: the list; None if none was wanted.
        then: what to do once they are in Saleshandy.
    """
    if not number:
        return
    yield Line()
    if written is None:
        yield Line(say("people.not-listed", n=number), LineKind.TEXT)
    else:
        yield Line(say("people.listed", n=number, path=str(written.path)))
        if written.remark is not None:
            yield Line(written.remark, LineKind.NOTE)
        yield Line(say("people.import", then=then), LineKind.TEXT)


def why(ended: Report) -> Iterator[Line]:
    """Yield the lines before the counts: why the run stopped or didn't send some rows."""
    if ended.stopped is not None:
        yield Line(say("ended.stopped", why=ended.stopped.message), LineKind.TEXT)
        if ended.key_place is not None:
            yield Line(ended.key_place, LineKind.TEXT)
        return
    kinds = {kind: rows for kind, rows in ended.reasons.get(Result.NOT_SENT, {}).items() if kind != HELD_BACK.means}
    if kinds:
        reasons = tuple(say("why.times", rows=rows, why=kind) for kind, rows in kinds.items())
        yield Line(say("ended.not-sent", reasons=reasons), LineKind.TEXT)


def besides(ended: Report) -> Iterator[Line]:
    """Yield the lines after the counts: what is too visible, duplicates, what wasn't found, and numbers of calls."""
    if ended.more_visible:
        yield Line(say("ended.more-visible", n=ended.more_visible), LineKind.TEXT)
    if ended.left_alone:
        yield Line(say("ended.left-alone", n=ended.left_alone), LineKind.TEXT)
    if ended.asked:
        yield Line(say("ended.in-question", n=ended.asked), LineKind.TEXT)
    if ended.duplicates:
        yield Line(
            say("ended.duplicates", n=len(ended.duplicates), which=listed_duplicates(ended.duplicates)), LineKind.TEXT
        )
    if ended.not_found:
        yield Line(say("ended.not-found", n=len(ended.not_found), which=not_found(ended.not_found)), LineKind.TEXT)
    calls = {"ended.uploads": ended.uploads, "ended.look-ups": ended.looks, "ended.finding-calls": ended.finding_calls}
    asked = {"ended.asked-to-wait": ended.rate_limited}
    others = tuple(say(kind, n=number) for kind, number in (calls | asked).items() if number)
    yield Line(say("ended.requests", n=ended.requests, besides=others))
    if ended.remark:
        yield Line(ended.remark, LineKind.TEXT)


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
    elif over.why_it_stays and not over.report.results_owed:  # otherwise the run's remark has already said so
        yield Line(over.why_it_stays, LineKind.TEXT)


def batch(found: Batch) -> Iterator[Line]:
    """Yield the results of all files."""
    yield Line()
    fates = Counter(ended.fate for ended in found.files)
    by_fate = tuple(say("fate.count", files=fates[fate], fate=fate.value) for fate in FileResult if fates[fate])
    yield Line(say("series.files", n=len(found.files), fates=by_fate))
    width = max((len(ended.file.name) for ended in found.files), default=0)
    for ended in found.files:
        yield Line(_in_a_line(ended, width))
    if reason := next((ended.why for ended in found.files if ended.fate is FileResult.NOT_BEGUN), None):
        yield Line(say("series.not-begun", why=as_message(reason)), LineKind.TEXT)
    if len(found.files) > 1 and found.counts:
        yield Line(say("series.all-together"))
        needs_a_hand = any(ended.needs_a_hand for ended in found.files)
        is_practice = any(ended.report is not None and ended.report.is_practice for ended in found.files)
        explained = {**MEANINGS, **PRACTISED} if is_practice else MEANINGS
        yield from counts(meanings(found.counts, needs_a_hand=needs_a_hand, explained=explained))
    reasons: dict[Message, list[str]] = {}
    for path, left_out in found.left_out:
        reasons.setdefault(left_out, []).append(path.name)
    for left_out, names in reasons.items():
        yield Line(say("series.not-meant", why=left_out, files=listed(names, most=3)), LineKind.NOTE)


def _in_a_line(ended: FileEnded, width: int) -> Message:
    rows = tuple(say("series.rows", rows=rows, result=result.value) for result, rows in ended.counts.items())
    reason = ended.why_it_stays or (ended.why if not rows and ended.fate is not FileResult.NOT_BEGUN else "")
    parts: tuple[Message, ...] = (say("series.counts", counts=rows),) if rows else ()
    parts += (say("series.why", why=as_message(reason)),) if reason else ()
    results = (say("series.results", path=str(ended.report.results)),) if ended.report else ()
    file = f"{ended.file.name:{width}}"
    fate = say("series.fate-and-why", fate=ended.fate.value, why=parts) if parts else words(ended.fate.value)
    return say("series.file", file=file, about=(fate, *results))


def counts(found: Iterable[tuple[Result, int, Message]]) -> Iterator[Line]:
    """Yield a line for each result with its number of rows and its meaning, as :func:`meanings` returns them."""
    rows_by_result = list(found)
    width = max((len(result) for result, _, _ in rows_by_result), default=0)
    for result, rows, means in rows_by_result:
        text = say("ended.count", rows=f"{rows:9,}", result=f"{result:{width}}", means=means)
        yield Line(text, is_good=None if result is Result.SKIPPED else result in ON_THE_PROSPECT)


def meanings(
    found: Mapping[Result, int], *, needs_a_hand: bool = False, explained: Mapping[Result, Meaning] = MEANINGS
) -> Iterator[tuple[Result, int, Message]]:
    """Yield each result with its number of rows, and its meaning with what to do.

    Args:
        found: result → rows.
        needs_a_hand: whether the run stopped for a reason that the same command alone won't fix.
        explained: the meaning of each result here.
    """
    for result, rows in found.items():
        meaning = explained[result]
        advice = say("result.mend-first") if result is Result.NOT_SENT and needs_a_hand else meaning.next
        yield result, rows, say("result.and-next", means=meaning.means, next=advice) if advice else meaning.means


def of_report(ended: Report) -> Iterator[tuple[Result, int, Message]]:
    """Return the :func:`meanings` of a run's results."""
    return meanings(ended.counts, needs_a_hand=ended.needs_a_hand, explained=ended.meanings)


def of_past(past: PastRun, *, held_back: bool) -> Iterator[tuple[Result, int, Message]]:
    """Return the :func:`meanings` of the results of a past run, which may have held rows back."""
    return meanings(past.counts, explained={**MEANINGS, **({Result.NOT_SENT: HELD_BACK} if held_back else {})})


def verified(found: Verified, *, zeros: bool = True) -> Iterator[Line]:
    """Yield the findings of a look-up; without ``zeros``, counts of zero are left out."""
    if found.stopped is not None:
        yield Line(say("ended.stopped", why=found.stopped.message), LineKind.TEXT)
    if found.elsewhere:
        yield Line(found.elsewhere, LineKind.TEXT)
    if found.found or zeros:
        yield Line(say("verify.found", n=found.found))
    if found.absent or zeros:
        yield Line(say("verify.absent", n=found.absent))
    if found.unconfirmed or zeros:
        yield Line(say("verify.unconfirmed" if found.doubts else "verify.nothing-unconfirmed", n=found.unconfirmed))
    for why, number in found.doubts.items():
        yield Line(say("verify.doubt", notes=number, why=why), LineKind.TEXT)
    if found.duplicates:
        yield Line(say("verify.duplicates", n=len(found.duplicates), ids=tuple(found.duplicates)), LineKind.TEXT)
    for run, notes in found.known_missing.items():
        yield Line(say("verify.not-found-before", n=notes, run=run), LineKind.TEXT)


def read_back(found: ReadBack) -> Iterator[Line]:
    """Yield what became of a file's notes."""
    if found.stopped is not None:
        yield Line(say("ended.stopped", why=found.stopped.message), LineKind.TEXT)
    for finding, number in found.counts.items():
        if number or finding == "there":
            yield Line(say(f"verified.of-{finding}", n=number))
    yield Line(say("verified.results", path=str(found.results)), LineKind.TEXT)
    if found.remark is not None:
        yield Line(found.remark, LineKind.TEXT)


def hidden(done: Hidden) -> Iterator[Line]:
    """Yield the result of hiding notes."""
    if done.stopped is not None:
        yield Line(say("ended.stopped", why=done.stopped.message), LineKind.TEXT)
    if done.hidden or done.refused or done.stopped:
        yield Line(say("hide.undone" if done.which.undo else "hide.done", n=done.hidden))
        for note_id, reason in done.refused.items():
            yield Line(say("hide.refused", note=note_id, why=reason), LineKind.DETAIL)


def hiding(planned: Hiding, found: Mapping[str, tuple[Sequence[int], str]]) -> Iterator[Line]:
    """Yield which notes would be hidden or given back, with the rows and texts that were found for their IDs."""
    notes, undo = planned.notes, planned.which.undo
    yield from _which_notes(planned)
    for delivery in notes[:5]:
        parts: dict[str, Part] = {"note": delivery.note_id or "", "prospect": delivery.prospect}
        rows, text = found.get(delivery.note_id or "", ((), ""))
        if rows:
            parts["rows"] = tuple(say("row", row=str(row)) for row in rows)
        if text:
            parts["words"] = Cell(first_words(text))
        kind = "hide.note-in-sheet" if rows else "hide.note-with-text" if text else "hide.note"
        yield Line(say(kind, **parts), LineKind.DETAIL)
    if len(notes) > 5:
        yield Line(say("hide.more", n=len(notes) - 5))
    if planned.left:
        ids = tuple(delivery.note_id or "" for delivery in planned.left[:5]) + (("…",) if len(planned.left) > 5 else ())
        yield Line(say("hide.sent-again" if undo else "hide.left-alone", n=len(planned.left), ids=ids), LineKind.TEXT)
    if notes and not undo:
        yield Line(say("hide.still-exist"), LineKind.TEXT)
        if not planned.which.are_duplicates:
            yield Line(say("hide.to-send-anew"), LineKind.TEXT)


def _which_notes(planned: Hiding) -> Iterator[Line]:
    """Yield how many notes would be hidden or given back, or that there are none."""
    run, which, n = planned.run, planned.which, len(planned.notes)
    about = {"run": run.name, "time": when(run.started_at), "file": run.file} if run is not None else {}
    if which.undo:
        yield Line(say("hide.notes-undo", n=n)) if n else Line(say("hide.nothing-to-undo"), LineKind.TEXT)
    elif not n and about:
        yield Line(say("hide.nothing-of-run", **about), LineKind.TEXT)
    elif not n:
        yield Line(say("hide.nothing" if which.are_duplicates else "hide.nothing-of-these"), LineKind.TEXT)
    elif about:
        yield Line(say("hide.run", **about))
        yield Line(say("hide.notes-of-run", n=n))
    else:
        yield Line(say("hide.duplicates" if which.are_duplicates else "hide.notes-named", n=n))


def history(found: History) -> Iterator[Line]:
    """Yield the runs, latest first; or the reason why there are none."""
    if not found.runs:
        is_filtered = found.wanted != RunFilter(of_all=found.wanted.of_all)
        message = say("history.no-such-run") if is_filtered else found.elsewhere or say("history.no-run")
        yield Line(message, LineKind.TEXT)
    for past in found.runs:
        run, seconds = past.run, past.seconds
        took = "" if seconds is None else taken(seconds)
        about = {"run": run.name, "time": when(run.started_at), "took": f"{took:>7}"}
        yield Line(say("history.run", **about, ended=past.ended, file=past.file))
        if found.wanted.of_all:
            yield Line(say("history.workspace", workspace=str(run.workspace)))
        if past.counts:
            counted = [say("history.count", result=result.value, rows=rows) for result, rows in past.counts.items()]
            counted += [say("history.hidden-since", rows=past.hidden)] if past.hidden else []
            counted += [say("history.not-found-since", rows=len(past.not_found))] if past.not_found else []
            yield Line(say("history.counts", counts=tuple(counted)))


def past_run(past: PastRun) -> Iterator[Line]:
    """Yield the details of a run."""
    run, seconds = past.run, past.seconds
    lines = {
        say("history.of-run"): run.name,
        say("history.of-file"): render(past.file),
        say("history.of-workspace"): str(run.workspace),
        say("history.of-start"): when(run.started_at),
        say("history.of-end"): when(run.ended_at) if run.ended_at is not None else "",
        say("history.of-time"): taken(seconds) if seconds is not None else "",
        say("history.of-how"): past.ended,
        **dict(_reading(past)),
    }
    for name, text in lines.items():
        if text:
            yield Line(say("history.line", name=f"{render(name) + ':':12}", text=text))
    yield from counts(meanings(past.counts))
    if past.hidden:
        yield Line(say("history.hidden", n=past.hidden))
    if past.not_found:
        yield Line(say("history.not-found", n=len(past.not_found)), LineKind.TEXT)
        for note in past.not_found:
            yield Line(say("not-found.note", note=note.note_id, prospect=note.prospect), LineKind.DETAIL)
    if past.ended != "declined":
        yield Line(say("history.results-again"), LineKind.TEXT)


def _reading(past: PastRun) -> Iterator[tuple[Message, str]]:
    """Yield who confirmed the workspace, and the answers and settings that decided what the run sent."""
    if past.confirmed is not None:
        parts = {"by": past.confirmed.by or say("history.by-someone"), "at": when(past.confirmed.at)}
        yield say("history.of-confirmation"), render(say("history.confirmed", **parts))
    columns = {
        role: "+".join(map(column_letter, positions)) for role, positions in past.reading.get("columns", {}).items()
    }
    for name in _SHOWN:
        if value := {**past.reading, "columns": columns}.get(name):
            yield say(f"history.with-{name}"), _written(value)


def _written(value: object) -> str:
    """Return a value of the journal's document as text."""
    if not isinstance(value, Mapping):
        return render(say("history.left-out")) if value is None else str(value)
    return ", ".join(f"{name or repr('')} = {_written(item)}" for name, item in value.items())
