"""Weekly exports of a CRM whose records are added, edited, deleted and merged: each thing said is one note, or asked.

The journal is real; what is to be sent counts as sent. With IDs of records, a record is a thing said, whatever its text
becomes. Without IDs, each text of a prospect is one.
"""

import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from importer import grouping
from importer.api import Answer
from importer.delivery.earlier import Earlier
from importer.delivery.matching import AnsweredRow
from importer.journal import Answered, Claim
from importer.models import Note, Request, Rows, Status, Visibility, Workspace
from tests.simulation.disk import in_memory
from tests.simulation.imports import texts

WORKSPACE = Workspace("default", "https://crm.example")
SAID = ("Left voicemail", "Called", "Sent the offer")
TEMPLATES = ("{date}: {text}", "{text} ({date})")


@dataclass(frozen=True)
class Record:
    number: int
    prospect: str
    day: int
    text: str
    is_public: bool = True

    def composed(self, template: str) -> str:
        return template.format(date=f"2026-11-{self.day:02}", text=self.text) if template else self.text


@dataclass
class Crm:
    records: list[Record] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    count: int = 0

    def happens(self, kind: str, which: int, text: str, prospect: str, day: int) -> None:
        if kind == "new" or not self.records:
            self.count += 1
            self.records.append(Record(self.count, prospect, day, text))
            self.changed.add(self.count)
            return
        at = which % len(self.records)
        one = self.records[at]
        match kind:
            case "edit":
                self.records[at] = replace(one, text=f"{text}, edited {day}")
            case "hide":
                self.records[at] = replace(one, is_public=not one.is_public)
            case "delete":
                del self.records[at]
            case "merge":  # the prospect's other records with this text go
                self.records = [
                    other
                    for other in self.records
                    if other is one or (other.prospect, other.text) != (one.prospect, one.text)
                ]
        self.changed.add(one.number)


class Importer:
    def __init__(self) -> None:
        self.journal = in_memory()
        weakref.finalize(self, self.journal.close)
        self.sent: list[tuple[str, str]] = []
        self.notes: dict[str, tuple[str, str]] = {}  # note ID → prospect and text
        self.of_row: dict[tuple[str, int], str] = {}

    def run(
        self, records: Sequence[Record], *, ids: bool, template: str, earlier: Sequence[str] = (), kind: str = "calls"
    ) -> tuple[list[Record], list[Record]]:
        rows = table(records, ids=ids, template=template, earlier=earlier)
        plan = grouping.plan(rows)
        run = self.journal.runs.begin(WORKSPACE, "export", "print", 0.0, again=False, kind=kind)
        known = Earlier(rows, self.journal, WORKSPACE, kind=kind)
        answered: list[AnsweredRow] = []
        found = known.sort(plan, answered.extend)
        self.journal.identities.enter(
            WORKSPACE, known.told([one.position for one in answered], [one.delivery.name for one in answered])
        )
        for match in (*found.decided, *(one.match for one in answered)):
            if match.known is not None and match.row.words:
                who = str(rows.prospect[match.row.position])
                self.journal.identities.enter(WORKSPACE, [(who, match.row.words, match.known.name)])
        for one in answered:
            assert self.notes[one.delivery.note_id or ""][0] == rows.prospect[one.position]
        sent, asked = [], [records[match.row.position] for match in found.asked]
        for group in found.groups:
            for position in group.left.tolist():
                prospect = str(rows.prospect[position])
                names = tuple(known.names([position]))
                claim = Claim(group.key, Request(group.group.note, (position,), (prospect,), names))
                with self.journal.transaction():
                    [request] = self.journal.deliveries.claim(run, [claim], 0.0) or []
                    self.journal.identities.enter(WORKSPACE, known.told([position], names))
                    note_id = f"n{len(self.notes)}"
                    self.journal.deliveries.answer([Answered(request, names[0], Answer(note_id), 0.0)])
                self.notes[note_id] = prospect, group.group.note.text
                sent.append(records[position])
        return sent, asked


def table(records: Sequence[Record], *, ids: bool, template: str, earlier: Sequence[str]) -> Rows:
    notes = [
        Note(
            one.composed(template),
            Visibility.PUBLIC if one.is_public else Visibility.PRIVATE,
            Status.PUBLISHED,
            uncomposed=one.text if template else "",
        )
        for one in records
    ]
    formerly = {(one, ""): partial(lambda one: [record.composed(one) for record in records], one) for one in earlier}
    return Rows(
        np.arange(2, len(records) + 2, dtype=np.int32),
        texts([one.prospect for one in records]),
        np.arange(len(records), dtype=np.int32),
        notes,
        record=texts([f"activityid 00T{one.number:08}" for one in records]) if ids else None,
        template=template,
        earlier=formerly,
    )


events = st.tuples(
    st.sampled_from(["new", "new", "new", "edit", "hide", "delete", "merge"]),
    st.integers(0, 20),
    st.sampled_from(SAID),
    st.sampled_from(["AbCdEfGh1", "AbCdEfGh2"]),
)
some = settings(max_examples=settings.get_profile("calm").max_examples // 2)  # each is four imports
weeks = st.lists(st.lists(events, max_size=8), min_size=4, max_size=4)


History = list[list[tuple[str, int, str, str]]]


def exports(history: History, *, is_whole: bool) -> Iterator[tuple[int, list[Record]]]:
    crm = Crm()
    for week, happened in enumerate(history):
        for kind, which, text, prospect in happened:
            crm.happens(kind, which, text, prospect, day=1 + 7 * week)
        yield week, [one for one in crm.records if is_whole or one.number in crm.changed]
        crm.changed.clear()


@some
@given(weeks, st.booleans(), st.sampled_from(["", *TEMPLATES]), st.booleans())
def test_with_ids_each_record_is_one_note(history: History, is_whole: bool, template: str, changes: bool) -> None:
    importer, sent, seen = Importer(), Counter[int](), set[int]()
    for week, records in exports(history, is_whole=is_whole):
        now = TEMPLATES[1] if changes and week > 1 else template
        made, asked = importer.run(records, ids=True, template=now)
        sent.update(one.number for one in made)
        seen |= {one.number for one in records}
        assert asked == []
    assert [number for number, count in sent.items() if count > 1] == [], "twice"
    assert seen == {*sent}, "lost"


@some
@given(weeks, st.booleans(), st.sampled_from(["", *TEMPLATES]), st.booleans())
def test_without_ids_each_text_of_a_prospect_is_one_note(
    history: History, is_whole: bool, template: str, changes: bool
) -> None:
    importer = Importer()
    said: dict[tuple[str, str], int] = {}  # prospect and first text of a thing that was said → notes
    known: dict[tuple[str, str], tuple[str, str]] = {}  # any text it had → the first
    for week, records in exports(history, is_whole=is_whole):
        is_changed = bool(template) and changes and week > 1
        now, earlier = (TEMPLATES[1], [template]) if is_changed else (template, [])
        made, asked = importer.run(records, ids=False, template=now, earlier=earlier)
        assert asked == []
        sent = Counter((one.prospect, one.composed(now)) for one in made)
        assert all(count == 1 for count in sent.values()), "twice"
        for one in records:
            text_now, before = (one.prospect, one.composed(now)), (one.prospect, one.composed(template))
            first = known.get(text_now) or known.get(before) or text_now
            known[text_now] = first
            if text_now in sent:
                assert first not in said, "twice"
                said[first] = 1
                del sent[text_now]
            else:
                assert first in said, "lost"
