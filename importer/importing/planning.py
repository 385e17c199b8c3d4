"""Plan what a run of a file would send, tell what is open, and check the file as a whole: it may be the wrong one.

Input: a loaded file, settings, and the journal, if there is one yet. Output: a :class:`Preview`, and each guard that
fires as an error. Nothing is sent and no journal is written. A run plans once more under the lock, and refuses if the
:func:`digest` of that isn't the one that was agreed to.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from importer import grouping, markup
from importer.api import Endpoint, Vendor
from importer.delivery.changes import Wish
from importer.errors import Guarded
from importer.importing.hours import estimated
from importer.importing.loaded import Loaded, LookedUpEmails, asked
from importer.importing.loading import text_choices
from importer.importing.preview import Preview, RoleColumn, Trouble
from importer.importing.report import totals
from importer.importing.workspaces import learned_rates, unconfirmed
from importer.journal import Journal
from importer.messages import Cell, Message, Part, SettingPart, in_quotes, render, say
from importer.models import Note, PossibleAnswer, Problem, Question, Remaining, Role, Rows, Status, Visibility, hashed
from importer.reading import column_letter
from importer.resultsfile import repeats_results
from importer.rows.columns import called
from importer.rows.composing import suggested
from importer.rows.emails import calls_for
from importer.rows.readers import ComposedReader
from importer.rows.values import Block, quoted
from importer.settings import SETTINGS

_CELLS = 20  # maximum number of listed problems of a kind
_EACH = 3  # examples of a question
_FIRST = 200  # rows in which examples of an offer are looked for
_VALUES = 4  # maximum number of values shown for one kind of problem


def plan(loaded: Loaded, journal: Journal | None, vendor: Vendor) -> tuple[Preview, LookedUpEmails]:
    """Plan what a run of a file would do. Raises JournalFailed if the journal can't be read."""
    settings, as_read = loaded.settings, loaded
    looked_up = asked(loaded, journal, occurrence_of(loaded, journal))
    loaded = looked_up.resolved
    remaining, wishes = looked_up.left.remaining, looked_up.left.wishes
    if journal is not None:
        if looked_up.open and not journal.runs.has_finished(settings.workspace, settings.key):
            remaining = replace(remaining, sent_anew=0)  # the run judges a new key first, by looking up the emails
        uploaded = journal.uploads(settings.workspace, time.time).known(remaining.files)
        remaining = replace(remaining, files=tuple(digest for digest in remaining.files if digest not in uploaded))
    sheet, rows, planned, groups = loaded.sheet, loaded.rows, loaded.plan, remaining.groups
    to_look_up = len(looked_up.open)
    people = len({*chain.from_iterable(rows.prospect[group.positions].tolist() for group in groups)})
    to_compare = people if settings.skip_existing else 0
    files = [rows.files[digest] for digest in remaining.files]
    calls = {
        Endpoint.PROSPECTS: calls_for(to_look_up),
        Endpoint.UPLOAD: len(files),
        Endpoint.READ: to_compare,
        Endpoint.CREATE: remaining.requests,
    }
    is_without_column = loaded.unclear is None and Role.VISIBILITY not in loaded.roles.columns
    preview = Preview(
        profile=settings.profile,
        base_url=settings.base_url,
        vendor=vendor.name,
        unconfirmed=unconfirmed(journal, settings),
        file=sheet.source,
        format=sheet.format,
        sheet=sheet.name,
        sheets=sheet.sheets,
        header_row=sheet.header_row,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        mapping={
            role: RoleColumn(at, column_letter(at), sheet.headings[at], rows.meanings.get(role, {}))
            for role, at in loaded.roles.columns.items()
        },
        unused=tuple((column_letter(at), sheet.headings[at]) for at in loaded.roles.unused),
        default_visibility=settings.default_visibility if is_without_column else None,
        reading=settings.reading,
        remarks=(*sheet.remarks, *rows.remarks),
        questions=loaded.questions,
        guarded={one.setting: one.message for one in every_guard(loaded, remaining)},
        rows=sheet.row_count,
        expected=totals(*looked_up.expected),
        remaining=replace(remaining, files=(), groups=(), asked={}),
        updates={
            "differ": len(wishes),
            "total": sum(bool(wish.change) for wish in wishes),
            "notes": sum(bool(wish.now) for wish in wishes),
            "asked": sum(wish.to_agree is not None for wish in wishes),
            "public": sum(wish.change.visibility is Visibility.PUBLIC for wish in wishes),
            "published": sum(wish.change.status is Status.PUBLISHED for wish in wishes),
            "texts": sum(wish.change.content is not None for wish in wishes),
        },
        follows=settings.update,
        people=people,
        audience=grouping.counted(groups),
        to_look_up=to_look_up,
        uploads=(len(files), sum(file.size for file in files)),
        to_compare=to_compare,
        several_drafts=grouping.several_drafts(planned.groups, rows) if vendor.traits.one_draft else 0,
        estimate=estimated(calls, learned_rates(journal, settings), settings.rate),
        troubles=tuple(Trouble(len(alike), in_common(alike), alike[:_CELLS]) for alike in by_kind(loaded)),
        to_fix=loaded.to_fix,
        template=loaded.template or "",
        offer=offer(loaded),
        asked=in_question(loaded, remaining),
        digest=digest(as_read, remaining, wishes),
    )
    return preview, looked_up


def occurrence_of(loaded: Loaded, journal: Journal | None) -> str:
    """Return the prefix of every row's key in the next run; empty unless the file is imported again."""
    if not loaded.settings.again or journal is None:
        return ""
    of_sheet = loaded.sheet.fingerprint, loaded.sheet_name
    return journal.runs.unfinished_again(loaded.settings.workspace, *of_sheet) or "again"


def digest(loaded: Loaded, remaining: Remaining, wishes: Iterable[Wish]) -> str:
    """Return a digest, in hexadecimal digits, of what a person agrees to: all that would be sent, changed or looked up.

    It differs if a setting, an attached file or another run changes what would be sent from the same spreadsheet.

    Args:
        loaded: the file as it was read, with emails that aren't looked up.
        remaining: what is left to be sent.
        wishes: how notes that are there can follow the sheet.
    """
    rows, settings = loaded.rows, loaded.settings
    decided = settings.skip_existing, settings.update, settings.in_doubt
    counted = remaining.total, *(len(remaining.asked.get(kind, ())) for kind in ("in_doubt", "hidden"))
    asked = sorted(wish.digest for wish in wishes if wish.to_agree)
    who = rows.prospect.tolist(), None if rows.key is None else rows.key.tolist(), rows.note.tolist()
    parts = map(repr, (decided, counted, asked, who, *((note.digest, hashed(note.content)) for note in rows.notes)))
    return hashed("\n".join(parts)).hex()


def _count_whole(rows: Rows, positions: Iterable[int]) -> int:
    """Return the number of the sheet's rows that are at these positions with all of their people."""
    those = np.array([*positions], dtype=np.int32)
    others = np.setdiff1d(np.arange(len(rows), dtype=np.int32), those)
    return len(np.setdiff1d(rows.of_sheet(those), rows.of_sheet(others)))


# -- guards --------------------------------------------------------------------------------------------------------


def every_guard(loaded: Loaded, remaining: Remaining) -> Iterator[Guarded]:
    """Yield the errors of all guards that fire. If there is one, nothing of the file is sent.

    Args:
        loaded: the file, with the prospects that are known.
        remaining: the notes still to be sent.
    """
    rows, file, settings = loaded.rows, loaded.file, loaded.settings
    number = rows.in_sheet - _count_whole(rows, rows.skipped)  # a report's footer isn't data, however long it is
    in_words, limit = say("count.row", n=number), settings.max_invalid
    if loaded.unclear is not None and not loaded.questions:
        yield Guarded(loaded.unclear.message, "map")
    if loaded.unclear is None and number + len(loaded.sheet.left_out) < settings.min_rows:
        message = say("guard.few-rows", file=file, rows=in_words, n=settings.min_rows, enough=str(number))
        if not number and repeats_results(loaded.sheet.headings):
            message = say("guard.nothing-to-fix", file=file)
        yield Guarded(message, "min-rows")
    nobodys = [position for position, why in rows.rejected.items() if why.kind == "email.nobodys"]
    wrong = len(rows.problems) + _count_whole(rows, nobodys)
    if limit is not None and wrong > limit * number:
        share, enough = f"{limit * 100:.4g}", f"{math.ceil(wrong / number * 100)}%"
        words = {"file": file, "share": share, "profile": repr(settings.profile), "enough": enough}
        yield Guarded(
            say("guard.many-problems", n=wrong, rows=in_words, **words, first=_first_problem(rows)), "max-invalid"
        )
    if remaining.sent_anew:
        yield Guarded(say("guard.history-again", n=remaining.sent_anew, file=file), "in-doubt")
    is_open = rows.email is not None and any(
        (rows.prospect[group.positions] == rows.email[group.positions]).any() for group in remaining.groups
    )
    audience = grouping.counted(remaining.groups)
    to_send = {
        "max-notes": remaining.total,
        "max-public": audience["public"],
    }
    for setting, notes in to_send.items():
        most = getattr(settings, SETTINGS[setting].attribute)
        if most is not None and notes > most and not is_open:  # notes for open emails may be delivered already
            counted, allowed = SETTINGS[setting].counted(notes), SettingPart(setting, str(notes))
            yield Guarded(say("guard.many-notes", notes=counted, setting=allowed, file=file, most=most), setting)


def _first_problem(rows: Rows) -> Message:
    if rows.problems:
        problem = rows.problems[min(rows.problems)][0]
        return say("labelled", label=problem.cell, text=problem.text)
    position = min(rows.rejected)
    return say("labelled", label=say("row", row=str(rows.number[position])), text=rows.rejected[position])


# -- questions --------------------------------------------------------------------------------------------------------


def offer(loaded: Loaded) -> Question | None:
    """Return the offer to compose the texts from columns that tell when, by whom or about what a note was written.

    Its samples are the headings of the columns, and those of each choice are the first notes.
    """
    settings = loaded.settings
    remembered = {} if settings.reading is None else settings.reading.answers.get("map", {})
    sheet, at = loaded.sheet, None if Role.CONTENT in remembered else loaded.roles.columns.get(Role.CONTENT)
    unused = [i for i in loaded.roles.unused if i in loaded.roles.unexplained and "{" not in sheet.headings[i]]
    composition = None if at is None or loaded.template else suggested(sheet.headings, unused, at)
    block = next(sheet.columns(), None) if composition is not None else None
    if at is None or composition is None or block is None:
        return None
    reader = ComposedReader(composition, settings)
    numbers, columns = block
    head = Block(numbers[:_FIRST], [column[:_FIRST] for column in columns])
    codes = dict.fromkeys(reader.codes(head).tolist())
    first = [code for code in codes if reader.uncomposed[code] not in ("", reader.values[code])][:_EACH]
    samples = ([markup.first_words(str(texts[code])) for code in first] for texts in (reader.values, reader.uncomposed))
    choices = text_choices(sheet, at, composition, *samples)
    names = tuple(Cell(in_quotes(called(sheet.headings, i))) for i in composition.columns[:-1])
    return Question(say("offer.asks", names=names), choices, at, [Role.CONTENT]) if first else None


def text_of(note: Note) -> str:
    """Return a note as its readers will see it, with the targets of its links and pictures below."""
    if note.content != note.text or not any(sign in note.text for sign in "<&\n"):
        return note.text
    shown = markup.lines(note.content)
    targets = (target.partition(" ")[2] for target in markup.targets(note.content))
    return "\n".join([shown, *dict.fromkeys(target for target in targets if target not in shown)]).strip() or note.text


def in_question(loaded: Loaded, remaining: Remaining) -> list[Question]:
    """Return the questions about rows that may be notes which were sent before, with some of the rows.

    Without an answer, these rows aren't sent; if a whole history seems to be sent again, nothing is.
    """
    rows, file = loaded.rows, str(loaded.sheet.source)
    in_doubt, later = remaining.asked.get("in_doubt", ()), remaining.asked.get("later", ())
    questions: list[Question] = []
    if remaining.sent_anew:
        new = [position for group in remaining.groups for position in group.positions[:_EACH].tolist()]
        text = say("asked.history", file=file, n=remaining.sent_anew)
        text = say("asked.besides", question=text, n=len(in_doubt)) if in_doubt else text
        questions.append(_question(rows, text, new, "new"))
    elif in_doubt:
        text, why = say("asked.in-doubt", n=len(in_doubt)), say("asked.in-doubt.why", n=len(in_doubt))
        if later:
            numbers = tuple(say("row", row=str(rows.number[at])) for at in later[:_EACH])
            text = say("asked.later", question=text, n=len(later), rows=numbers)
        earlier = [position for position in in_doubt if position not in {*later}]
        questions.append(_question(rows, text, earlier or later, "same", "new", why=why))
    if hidden := remaining.asked.get("hidden"):
        text, why = say("asked.hidden", n=len(hidden)), say("asked.hidden.why", n=len(hidden))
        questions.append(_question(rows, text, hidden, "send-hidden", "leave-hidden", why=why))
    return questions


def _question(
    rows: Rows, text: Message, positions: Sequence[int], *values: str, why: Message | None = None
) -> Question:
    samples = []
    for position in sorted(positions)[:_EACH]:
        first = Cell(markup.first_words(text_of(rows.notes[rows.note[position]])))
        row = say("asked.row", row=str(rows.number[position]), prospect=Cell(rows.person(position)), words=first)
        samples.append(render(row))
    choices = [PossibleAnswer("in-doubt", value, say(f"asked.answer.{value}")) for value in values]
    return Question(text, choices, samples=samples, is_optional=True, why=why)


# -- problems ---------------------------------------------------------------------------------------------------------


def by_kind(loaded: Loaded) -> list[list[Problem]]:
    """Return the problems, grouped by column and kind, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for _, of_row in sorted(loaded.rows.problems.items()):
        for problem in of_row:
            kinds.setdefault((problem.column, problem.text.without_others()), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> Message:
    """Return a message about a problem that several cells share, with the cells' values if they differ."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    counts = Counter(problem.value for problem in problems if problem.value)
    values: tuple[Part, ...] = tuple(_times(Cell(quoted(value)), n) for value, n in counts.most_common(_VALUES))
    if len(counts) > _VALUES:
        values = (say("problems.other-values", values=values, n=len(counts) - _VALUES),)
    kind = problems[0].text.without_others()
    return say("problems.alike", kind=kind, values=values) if values else kind


def _times(value: Cell, times: int) -> Part:
    return say("beside", text=value, beside=times) if times > 1 else value
