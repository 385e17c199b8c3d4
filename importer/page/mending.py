"""Mend the rows with problems where they are shown, and continue with a corrected copy of the file.

Input: requests that the guard lets pass. Output: pages. Every change is a step of a person's corrections, which the
file keeps; the file itself is never changed. An address holds the choices for the file, and which rows are shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for

from importer.commands.corrections import Act, Corrections, Step
from importer.commands.overview import Overview
from importer.commands.problem_rows import NAME, ProblemRows
from importer.messages import say
from importer.page import grid
from importer.page.choices import OF_THE_FILE, Choices
from importer.page.correcting import Copying, Correcting
from importer.page.importing import PATIENCE, ImportScreens, check_address, still_reading
from importer.page.reading import A_MOMENT, report_path
from importer.page.rendering import moment, text, words
from importer.page.screens import Page, Parts, refuse, refuse_during, screen
from importer.page.tasks import Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings

_FOREVER = float("inf")  # seconds; the rows with problems don't change while somebody corrects them
_MOST_BYTES = 64 << 20
"""Maximum size of a page of the grid that a browser hands over, in bytes."""
_CELL = re.compile(r"cell-(\d{1,9})-(\d{1,5})", re.ASCII)
_ROW = re.compile(r"\d{1,9}", re.ASCII)


class MendScreens(ImportScreens):
    """Screens that correct a file."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._correcting = Correcting(parts.reading)

    @screen("/file/<number>/mend")
    def mend(self, number: str) -> Page:
        """Show the rows with problems as a grid."""
        upload, choices = self._source(self._upload(number), _choices())
        self._refuse_if_sent(upload)
        found, choices, _ = self._look(upload, choices, good_for=_FOREVER)
        if found is None:
            return still_reading(upload, choices)
        if isinstance(found, Unread) or not found.understanding:
            return redirect(check_address(upload, choices), 303)
        kept, corrections = _kept(upload, choices), upload.corrections(_how(choices))
        chosen = grid.Filter.of(request.args, len(found.troubles))
        mended: Collection[int] = ()
        if chosen.is_open:
            _, mended = self._correcting.problems(upload, choices, found.understanding, corrections, ())
        wanted = chosen.numbers(kept, mended)
        chosen = chosen.to_page(chosen.page, len(wanted))
        shown = chosen.on_page(wanted)
        problems, mended = self._correcting.problems(upload, choices, found.understanding, corrections, shown)
        columns = grid.columns(found)
        left_out = sum(corrections.by_row[number].is_left_out for number in mended)
        return render_template(
            "mend.html",
            upload=upload,
            choices=choices,
            found=found,
            in_grid=grid.in_grid,
            chosen=chosen,
            columns=columns,
            rows=grid.rows(columns, kept, shown, corrections.by_row, problems),
            corrections=corrections,
            all=len(kept.numbers()),
            mended=len(mended) - left_out,
            left_out=left_out,
            wanted=len(wanted),
            to_mend=len(self._to_mend(upload, choices, found, kept, corrections, chosen.kind)),
            of_kind=None if chosen.kind is None else _column_of(found, chosen.kind, columns),
            address=lambda endpoint="mend", **fields: _address(upload, choices, replace(chosen, **fields), endpoint),
        )

    @screen("/file/<number>/mend/change", "POST")
    def change_rows(self, number: str) -> Page:
        """Keep what a person wrote into cells, and do what a button says."""
        upload = self._upload(number)
        choices, *_, chosen = self._correct(upload)
        return redirect(_address(upload, choices, chosen) + _anchor(), 303)

    @screen("/file/<number>/mend/copy", "POST")
    def copy(self, number: str) -> Page:
        """Write the corrected copy, with what a person wrote into cells."""
        upload = self._upload(number)
        choices, settings, found, _ = self._correct(upload)
        corrections = upload.corrections(_how(choices))
        if not corrections.by_row:
            return redirect(check_address(upload, choices), 303)
        copying = self._correcting.copy(
            upload,
            choices,
            settings,
            found,
            corrections,
            name_of_copy(upload.name),
            self._parts.uploads,
            lambda other: any(job.upload is other for job in self._parts.jobs.under_way),
        )
        copying.over.wait(A_MOMENT)
        return redirect(url_for("copying", number=upload.id) + choices.query, 303)

    @screen("/file/<number>/mend/copying")
    def copying(self, number: str) -> Page:
        """Show that the copy is being written, then check it."""
        upload, choices = self._upload(number), _choices()
        copying, back = self._correcting.copying(upload), _address(upload, choices, grid.Filter())
        if copying is None:
            return redirect(back, 303)
        if not copying.over.is_set():
            return still_reading(upload, choices, "is_copied", copying=_progress(copying))
        if copying.copy is None:
            refuse(say("page.mend.not-copied"), copying.why, 409, back)
        return redirect(check_address(copying.copy, copying.choices), 303)

    @screen("/file/<number>/mend/copying/state")
    def is_copied(self, number: str) -> Page:
        """Return the progress, and whether the page should reload because the copy is written by now."""
        copying = self._correcting.copying(self._upload(number))
        if copying is None or copying.over.is_set():
            return {"reload": True}
        return {"reload": False, **_progress(copying)}

    def _source(self, upload: DroppedFile, choices: Choices) -> tuple[DroppedFile, Choices]:
        """Return the file whose corrections are shown, with its choices: of an unsent copy, its source."""
        source = self._parts.uploads.get(upload.source)
        if source is None or self._copy_sent_at(source):
            return upload, choices
        return source, choices.read_like(upload.source_choices)

    def _refuse_if_sent(self, upload: DroppedFile) -> None:
        """Refuse to change corrections whose copy was sent, because a changed note would be sent a second time."""
        for job in self._parts.jobs.under_way:
            if job.upload is not None and job.upload.source == upload.id:
                refuse_during(job, say("page.mend.not-kept"))
        if not (at := self._copy_sent_at(upload)):
            return
        title, when = say("page.mend.sent"), moment(at)
        copy = self._parts.uploads.sent_copy(upload, self._workspace)
        if copy is None:
            refuse(title, text("page.mend.sent-and-gone", when=when), 409, url_for("runs"), say("page.done.all-runs"))
        back = check_address(copy, copy.choices.without("first"))
        refuse(title, text("page.mend.sent-why", when=when), 409, back, say("page.check.open-copy"))

    def _correct(self, upload: DroppedFile) -> tuple[Choices, Settings, Overview, grid.Filter]:
        """Keep what the form of the grid says; return how the file is read and understood, and the rows shown."""
        request.max_content_length = request.max_form_memory_size = _MOST_BYTES
        self._refuse_if_sent(upload)
        found, choices, settings = self._look(upload, _choices(), wait=PATIENCE, good_for=_FOREVER)
        if not isinstance(found, Overview) or not found.understanding:
            refuse(say("page.mend.not-kept"), say("page.mend.read-anew"), 409, check_address(upload, choices))
        kept, chosen = _kept(upload, choices), grid.Filter.of(request.args, len(found.troubles))

        def changed(corrections: Corrections) -> Corrections:
            if request.form.get("seen") != corrections.digest:
                back = _address(upload, choices, chosen)
                refuse(say("page.mend.not-kept"), say("page.mend.changed"), 409, back, say("page.mend.show-again"))
            corrections = corrections.and_also(*_written(kept, corrections))
            if "undo" in request.form:
                return corrections.without_last()
            of_kind: Sequence[int] = ()
            pressed = request.form.get("leave-out-kind") or request.form.get("write-kind") or ""
            if _ROW.fullmatch(pressed) and int(pressed) < len(found.troubles):
                of_kind = self._to_mend(upload, choices, found, kept, corrections, int(pressed))
            return corrections.and_also(*_pressed(found, kept, corrections, of_kind))

        try:
            self._correcting.change(upload, _how(choices), changed)
        except OSError as error:
            why = say("page.problem.system-error", error=str(error.strerror))
            refuse(say("page.mend.not-kept"), why, 507, check_address(upload, choices))
        return choices, settings, found, chosen

    def _to_mend(
        self,
        upload: DroppedFile,
        choices: Choices,
        found: Overview,
        kept: ProblemRows,
        corrections: Corrections,
        kind: int | None,
    ) -> list[int]:
        """Return the numbers of the rows that aren't mended; with a kind, without cells that somebody put right."""
        problems_of = partial(self._correcting.problems, upload, choices, found.understanding, corrections)
        _, mended = problems_of(())
        numbers = [number for number in kept.numbers(kind) if number not in mended]
        column = None if kind is None else found.troubles[kind].problems[0].column
        written = [
            number for number in numbers if (one := corrections.by_row.get(number)) is not None and column in one.texts
        ]
        problems, _ = problems_of(written)
        right = {number for number in written if all(problem.column != column for problem in problems[number])}
        return [number for number in numbers if number not in right]


def _written(kept: ProblemRows, corrections: Corrections) -> Iterator[Step]:
    """Yield a step for each field whose text isn't what the grid shows for its cell.

    A field that still has what its page showed is left alone: another page may have changed the cell since.
    """
    fields = [(match, said) for name, said in request.form.items() if (match := _CELL.fullmatch(name))]
    cells = kept.cells({int(match[1]) for match, _ in fields})
    for match, said in fields:
        number, position = int(match[1]), int(match[2])
        if number in cells and position < len(cells[number]):
            correction, now = corrections.by_row.get(number), cells[number][position]
            if correction is not None:
                now = correction.texts.get(position, now)
            new = grid.shown(said)
            if new != grid.shown(now) and grid.digest(new) != request.form.get(f"shown-{match[0]}"):
                yield Step(Act.WRITE, (number,), position, new)


def _pressed(found: Overview, kept: ProblemRows, corrections: Corrections, of_kind: Sequence[int]) -> Iterator[Step]:
    """Yield the step of the button that was pressed, if it is possible; ``of_kind`` are the rows of its kind."""
    for name, value in request.form.items():
        first, *others = value.split(" ", 2)
        number = int(first) if _ROW.fullmatch(first) else -1
        cells = kept.cells([number]).get(number, [])
        match name, others:
            case (("leave-out" | "take-back" | "confirm"), []) if cells:
                yield Step(Act(name), (number,))
            case (("write" | "write-all"), [position, text]) if position.isdecimal() and int(position) < len(cells):
                at = int(position)
                is_for_all = name == "write-all" and not grid.is_of_person(found, at)
                alike = _alike(kept, corrections, number, at, cells[at]) if is_for_all else []
                yield Step(Act.WRITE, (number, *(other for other in alike if other != number)), at, grid.shown(text))
            case "leave-out-kind", [] if 0 <= number < len(found.troubles):
                yield Step(Act.LEAVE_OUT, (*of_kind,))
            case "write-kind", [] if 0 <= number < len(found.troubles):
                column, text = _column_of(found, number, grid.columns(found)), request.form.get("kind-text", "")
                if column is not None and text in column.choices:
                    yield Step(Act.WRITE, (*of_kind,), column.position, text)


def _alike(kept: ProblemRows, corrections: Corrections, number: int, position: int, text: str) -> list[int]:
    kind = kept.kinds([number]).get((number, position))
    return [] if kind is None else grid.uncorrected(kept.alike(kind, text), position, corrections.by_row)


def _column_of(found: Overview, kind: int, columns: Sequence[grid.GridColumn]) -> grid.GridColumn | None:
    """Return the column whose cells have problems of this kind; None if they are about no single cell."""
    position = found.troubles[kind].problems[0].column
    return next((column for column in columns if column.position == position), None)


def name_of_copy(name: str) -> str:
    """Return the name of the corrected copy of a file. The copy of a copy has a number."""
    stem = Path(name).stem
    before, mark, number = stem.rpartition(Path(words(say("page.mend.copy-name", name=""))).stem)
    if mark and re.fullmatch(r"( [1-9]\d{0,3})?", number, re.ASCII):
        return words(say("page.mend.next-copy-name", name=before, number=str(int(number or 1) + 1)))
    return words(say("page.mend.copy-name", name=stem))


def _progress(copying: Copying) -> dict[str, object]:
    """Return how much of a copy is written, in words and as numbers for the progress bar."""
    stage, rows = copying.done
    done = say("page.mend.rows-written" if stage == "written" else "page.mend.rows-read", done=rows, n=copying.rows)
    return {"settled": rows, "total": copying.rows, "done": words(done)}


def _choices() -> Choices:
    """Return the choices in the address of the request."""
    return Choices.of(pair for pair in request.args.items(multi=True) if pair[0] not in grid.FIELDS)


def _how(choices: Choices) -> str:
    return choices.only(OF_THE_FILE).query


def _kept(upload: DroppedFile, choices: Choices) -> ProblemRows:
    return ProblemRows(report_path(upload, choices).with_name(NAME))


def _address(upload: DroppedFile, choices: Choices, chosen: grid.Filter, endpoint: str = "mend") -> str:
    query = urlencode([*choices.pairs, *chosen.pairs])
    return url_for(endpoint, number=upload.id) + (f"?{query}" if query else "")


def _anchor() -> str:
    """Return where on the screen the changed row is, for a browser that loads the whole screen anew."""
    for name in ("leave-out", "take-back", "confirm", "write", "write-all"):
        if match := _ROW.match(request.form.get(name, "")):
            return f"#row-{match[0]}"
    return ""
