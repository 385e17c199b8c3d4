"""Write the messages about past runs, look-ups and hiding.

Input: the results of a command. Output: lines with messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from importer.fields import WORDED
from importer.markup import first_words
from importer.messages import Cell, Message, Part, render, say, some, when
from importer.models import Status, Visibility
from importer.operations.history import History, PastRun
from importer.reading import column_letter
from importer.telling.rendering import Line, LineKind, numbers, taken
from importer.telling.report_messages import counts

if TYPE_CHECKING:
    from importer.operations.hide import Hidden, Hiding
    from importer.operations.verify import ReadBack, Verified

_SHOWN = ("program", "columns", "reading", *WORDED, "settings")


def verified(found: Verified) -> Iterator[Line]:
    """Yield the findings of a look-up."""
    if found.stopped is not None:
        yield Line(say("ended.stopped", why=found.stopped.message), LineKind.TEXT)
    yield from numbers(LineKind.LINE, {"verify.found": found.found, "verify.absent": found.absent})
    yield Line(say("verify.unconfirmed", n=found.unconfirmed))
    for why, number in found.doubts.items():
        yield Line(say("verify.doubt", notes=number, why=why), LineKind.TEXT)
    if found.duplicates:
        yield Line(say("verify.duplicates", n=len(found.duplicates), ids=tuple(found.duplicates)), LineKind.TEXT)


def read_back(found: ReadBack) -> Iterator[Line]:
    """Yield what became of a file's notes."""
    if found.stopped is not None:
        yield Line(say("ended.stopped", why=found.stopped.message), LineKind.TEXT)
    yield Line(found.headline)
    yield Line(say("ended.results", path=str(found.results)), LineKind.TEXT)
    if found.remark is not None:
        yield Line(found.remark, LineKind.TEXT)


def hidden(done: Hidden) -> Iterator[Line]:
    """Yield the result of hiding notes."""
    if done.stopped is not None:
        yield Line(say("ended.stopped", why=done.stopped.message), LineKind.TEXT)
    if done.hidden or done.refused or done.stopped:
        yield Line(say("hide.undone" if done.planned.which.undo else "hide.done", n=done.hidden))
        for note_id, reason in done.refused.items():
            yield Line(say("labelled", label=note_id, text=reason), LineKind.DETAIL)
    for run, n in () if done.planned.which.undo else done.others.items():
        yield Line(say("hide.other-run", n=n, run=run), LineKind.TEXT)


def hiding(planned: Hiding, found: Mapping[str, tuple[Sequence[int], str, str]]) -> Iterator[Line]:
    """Yield which notes would be hidden or given back, with what was found for their IDs: rows, people and texts."""
    notes, undo = planned.notes, planned.which.undo
    yield from _which_notes(planned)
    for delivery in notes[:5]:
        parts: dict[str, Part] = {"note": delivery.note_id or "", "prospect": delivery.prospect}
        if (there := found.get(delivery.note_id or "")) is not None:
            rows, parts["prospect"], text = there
            parts |= {"rows": tuple(say("row", row=str(row)) for row in rows), "words": Cell(first_words(text))}
        yield Line(say("hide.note" if there is None else "hide.note-in-sheet", **parts), LineKind.DETAIL)
    if len(notes) > 5:
        yield Line(say("hide.more", n=len(notes) - 5))
    if planned.left:
        ids = tuple(delivery.note_id or "" for delivery in planned.left[:5]) + (("…",) if len(planned.left) > 5 else ())
        yield Line(say("hide.sent-again" if undo else "hide.left-alone", n=len(planned.left), ids=ids), LineKind.TEXT)
    if planned.unmatched:
        unmatched = some([say("row", row=str(number)) for number in planned.unmatched], 20)
        yield Line(say("hide.unmatched", n=len(planned.unmatched), rows=unmatched), LineKind.TEXT)
    if planned.unclear:
        yield Line(say("hide.unclear", n=planned.unclear), LineKind.TEXT)
    if notes and not undo:
        yield Line(say("hide.still-exist"), LineKind.TEXT)


def _which_notes(planned: Hiding) -> Iterator[Line]:
    """Yield how many notes would be hidden or given back, or that there are none."""
    run, n = planned.run, len(planned.notes)
    about = {"run": run.name, "time": when(run.started_at), "file": run.file} if run is not None else {}
    if planned.which.undo and not n:
        yield Line(say("hide.nothing-to-undo"), LineKind.TEXT)
    elif planned.which.undo:
        forms = [(one.was.visibility, one.was.status) for one in planned.notes if one.was is not None]
        yield Line(say("hide.notes-undo", n=n, public=forms.count((Visibility.PUBLIC, Status.PUBLISHED))))
    elif not n and about:
        yield Line(say("hide.nothing-of-run", **about), LineKind.TEXT)
    elif not n:
        yield Line(say("hide.nothing-of-these"), LineKind.TEXT)
    else:
        yield from [Line(say("hide.run", **about))] if about else []
        yield Line(say("hide.notes-named", n=n))


def history(found: History, *, of_all: bool = False) -> Iterator[Line]:
    """Yield the runs, with their workspaces if they are those ``of_all``; or the reason why there are none."""
    if not found.runs:
        yield Line(found.elsewhere or say("history.no-run"), LineKind.TEXT)
    for past in found.runs:
        run, seconds = past.run, past.seconds
        took = "" if seconds is None else taken(seconds)
        about = {"run": run.name, "time": when(run.started_at), "took": f"{took:>7}"}
        yield Line(say("history.run", **about, ended=past.ended, file=past.file))
        if of_all:
            yield Line(say("history.workspace", workspace=str(run.workspace)))
        if past.counts:
            counted = [say("labelled", label=result.value, text=rows) for result, rows in past.counts.items()]
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
    yield from counts(past.counts)
    yield from numbers(LineKind.LINE, {"history.hidden": past.hidden})
    if past.not_found:
        yield Line(say("history.not-found", n=len(past.not_found)), LineKind.TEXT)
        for note in past.not_found:
            yield Line(say("not-found.note", note=note.note_id or "", prospect=note.prospect), LineKind.DETAIL)
    if past.ended != "declined":
        yield Line(say("history.results-again"), LineKind.TEXT)


def _reading(past: PastRun) -> Iterator[tuple[Message, str]]:
    """Yield who confirmed the workspace, and the answers and settings that decided what the run sent."""
    if past.confirmed is not None:
        parts = {"by": past.confirmed.by or say("history.by-someone"), "at": when(past.confirmed.at)}
        yield say("history.of-confirmation"), render(say("history.confirmed", **parts))
    named = past.reading.get("map", {}).items()
    columns = {role: re.sub(r"\d+", lambda at: column_letter(int(at[0])), name) for role, name in named if name}
    words = {role: next(iter(of_role.values())) for role, of_role in past.reading.get("value", {}).items()}
    for name in _SHOWN:
        if value := {**past.reading, **words, "columns": columns}.get(name):
            yield say(f"history.with-{name}"), _written(value)


def _written(value: object) -> str:
    """Return a value of the journal's document as text."""
    if not isinstance(value, Mapping):
        return str(value) or render(say("history.left-out"))
    return ", ".join(f"{name} = {_written(item)}" for name, item in value.items())
