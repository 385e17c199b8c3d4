"""What is remembered of one sheet makes no note of another more visible or more published than its column says."""

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from importer.errors import BadSettings
from importer.fields import WORDED
from importer.importing.loading import load
from importer.importing.run import prepare
from importer.messages import words
from importer.models import PossibleAnswer, Role, Status, Visibility
from importer.rows import words as known_words
from importer.rows.values import folded
from importer.settings import SETTINGS, Settings, Topic, profiles, readings, sources
from importer.settings.readings import answered
from tests.truth import write_csv

_NAMES = [name for name, setting in SETTINGS.items() if setting.topic in (Topic.FILE, Topic.PLACE)]
_HEADINGS = {
    Role.VISIBILITY: (
        "IsPrivate", "Private", "Confidential", "Shared", "Shared?", "Not shared", "Public", "Visibility",
        "Who can see it", "Sichtbarkeit", "Shared With", "Access", "Internal/External", "Column of mine", "C",
    ),
    Role.STATUS: ("Status", "IsDraft", "Published", "Draft", "State", "Phase"),
}  # fmt: skip
_WORDS = {
    Role.VISIBILITY: (
        "1", "2", "0", "Yes", "No", "yes", "TRUE", "x", "ja", "Public", "Private", "Only me", "Team only", "",
    ),
    Role.STATUS: ("1", "0", "Yes", "No", "Draft", "Published", "Done", ""),
}  # fmt: skip
_MORE = {Role.VISIBILITY: Visibility.PUBLIC, Role.STATUS: Status.PUBLISHED}
_KNOWN: Mapping[Role, Mapping[Any, tuple[str, ...]]] = {role: field.words for role, field in WORDED.items()}
_OTHERS = ("=Prospect ID", "=Note", "=Visibility")
"""Columns that hold something else; no person names them for the visibility."""
_number = itertools.count()

Said = dict[tuple[str, str], str]


def sheet(role: Role) -> st.SearchStrategy[tuple[Role, str, tuple[str, ...]]]:
    """A role, the heading of its column, and what stands in it."""
    words = st.lists(st.sampled_from(_WORDS[role]), min_size=1, max_size=4).map(tuple)
    return st.tuples(st.just(role), st.sampled_from(_HEADINGS[role]), words)


sheets = st.sampled_from([*_HEADINGS]).flatmap(sheet)


class Desk:
    """A person with a profile and a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.said: Said = {}
        self.of_all: dict[str, str] = {}
        self.is_page = False
        self.aside: dict[str, set[str]] = {}
        self.named: set[str] = set()
        profiles.profiles_file().write_text("", encoding="utf-8")

    def write(self, role: Role, heading: str, words: Sequence[str]) -> Path:
        """A sheet; one of statuses has a visibility, too."""
        path = self._folder / f"{next(_number)}.csv"
        more, beside = (["Visibility"], ["Private"]) if role is Role.STATUS else ([], [])
        rows = [[f"P{i}", f"Note {i}", *beside, word] for i, word in enumerate(words)]
        return write_csv(path, ["Prospect ID", "Note", *more, heading], *rows)

    def settings(self) -> Settings:
        return sources.settings_of(sources.gather({"journal": str(self._folder / "no.sqlite")}, _NAMES, {}))

    def answer(self, path: Path, picks: Sequence[int], *, on_the_page: bool) -> None:
        """Answer what is asked of a sheet, one way or the other, and have it remembered."""
        self.is_page = on_the_page
        with prepare(path, self.settings()) as prepared:
            chosen: list[tuple[str, str]] = []
            for pick in picks:
                asked = prepared.loaded.questions[0].choices if prepared.loaded.questions else ()
                choices = [choice for choice in asked if not choice.value.endswith(_OTHERS)]
                if not choices:
                    break
                answer = choices[pick % len(choices)]
                columns = prepared.loaded.headings
                try:
                    prepared.decide(answer)
                except BadSettings:  # a column can't be two things; the question stays
                    continue
                self._note(answer, columns, prepared.loaded.sheet.headings[-1], path)
                chosen.append((answer.setting, answer.value))
            reading = prepared.to_learn
        if on_the_page:
            on_page = self.settings()
            for name, value in chosen:
                on_page = answered(on_page, name, value)
            with prepare(path, on_page, given=chosen) as prepared:
                reading = prepared.to_learn
        if reading is not None:
            readings.keep("default", reading)

    def _note(self, answer: PossibleAnswer, headings: dict[Role, str], last: str, path: Path) -> None:
        if answer.setting == "default-visibility":
            self.of_all[last] = answer.value
        if answer.setting == "map":
            self.named.add(last)
        if answer.setting == "ignore":
            with path.open(encoding="utf-8", newline="") as file:
                self.aside[last] = {folded(row[-1]) for row in csv.reader(file)}
        if answer.setting == "value":
            name, _, rest = answer.value.partition(":")
            word, _, meaning = rest.rpartition("=")
            self.said[headings[Role(name)], folded(word)] = meaning

    def sent(self, path: Path) -> list[tuple[int, Visibility, Status]]:
        """What a night sends: row, visibility, status. Nothing, where anything is asked."""
        with load(path, self.settings()) as found:
            if found.unclear is not None or found.rows.questions:
                return []
            notes = [(i, found.rows.notes[at]) for i, at in enumerate(found.rows.note.tolist()) if at >= 0]
            return [(i, note.visibility, note.status) for i, note in notes]

    def says_more(self, role: Role, heading: str, word: str) -> bool:
        """Whether the column itself, or what was said of this very column, makes a note public, or published."""
        if folded(word) in self.aside.get(heading, ()):
            return True
        if (meaning := self.said.get((heading, folded(word)))) is not None:
            return meaning == _MORE[role].name.capitalize()
        if not word:  # on the page, the visibility of blank cells is a choice of its own
            return role is Role.STATUS or (self.is_page and self.of_all.get(heading) == "public")
        known = [
            name for name in _KNOWN[role][_MORE[role]] if known_words.is_plain(role, heading) or not name.isdecimal()
        ]
        return folded(word) in map(folded, known)


def check(desk: Desk, role: Role, heading: str, words: Sequence[str]) -> None:
    """No note of the sheet is more than its own column says."""
    names = {folded(name) for meant in _KNOWN[role].values() for name in meant}
    plain = {folded(name) for meant in _KNOWN[role].values() for name in meant if not name.isdecimal()}
    is_about, given = known_words.speaks(role, heading), [word for word in words if word]
    depends = {word for word in given if known_words.depends_on_heading(word)}
    # A column of nothing but such words speaks, and is asked about again whatever was answered before.
    speaks = is_about and all(folded(word) in names or word in depends for word in given)
    is_asked_again = any(given) and all(folded(word) in plain or (is_about and word in depends) for word in given)
    says_nothing = not is_about and plain.isdisjoint(map(folded, words))
    for row, visibility, status in desk.sent(desk.write(role, heading, words)):
        is_more = (visibility if role is Role.VISIBILITY else status) is _MORE[role]
        if role is Role.VISIBILITY and desk.of_all.get(heading) == "public" and not is_asked_again:
            continue  # a person said that all notes of this kind of sheet are public
        if heading not in desk.named and says_nothing:
            continue
        if is_more and (role is Role.VISIBILITY or speaks):
            assert desk.says_more(role, heading, words[row]), (heading, words[row])


Sheet = tuple[Role, str, tuple[str, ...]]
ONE, OTHER = (Role.VISIBILITY, "Shared", ("Yes",)), (Role.VISIBILITY, "Private", ("Yes",))
DONE, DRAFT = (Role.STATUS, "Status", ("Done", "Done")), (Role.STATUS, "Status", ("Draft",))
BLANK = (Role.VISIBILITY, "Not shared", ("",))
LEVEL = (Role.VISIBILITY, "Column of mine", ("", "Public", "Yes", "Team only"))
CODES = (Role.VISIBILITY, "Not shared", ("1",))
MINE, NO = (Role.VISIBILITY, "Column of mine", ("a",)), (Role.VISIBILITY, "Shared", ("No",))


@given(sheets, sheets, st.lists(st.integers(0, 7), min_size=8, max_size=8), st.booleans())
@example(ONE, OTHER, [1] * 8, False)
@example(MINE, NO, [2] * 8, False)
@example(DONE, DRAFT, [3] * 8, True)
@example(BLANK, DRAFT, [7, 5, 2, 3, 2, 1, 1, 2], False)
@example((Role.VISIBILITY, "C", ("yes", "2", "Public")), LEVEL, [5, 1, 3, 7, 3, 4, 3, 2], False)
@example(CODES, (Role.VISIBILITY, "C", ("Team only", "No", "Only me")), [2, 3, 6, 3, 4, 4, 4, 0], False)
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
def test_no_note_is_more_than_its_own_column_says_whatever_was_answered_for_another_sheet(
    tmp_path: Path, one: Sheet, other: Sheet, picks: list[int], on_the_page: bool
) -> None:
    desk = Desk(tmp_path)
    desk.answer(desk.write(*one), picks, on_the_page=on_the_page)
    check(desk, *other)
    check(desk, *one)


@pytest.mark.parametrize("heading", ["Shared?", "ac\"c'ess", "Zeile\nzwei", "a.b", "Internal", "ä=ö:", "[x]", "Yes"])
def test_a_column_is_known_again_whatever_its_heading(tmp_path: Path, heading: str) -> None:
    desk = Desk(tmp_path)
    path = desk.write(Role.VISIBILITY, heading, ["Internal", "Yes"])
    with prepare(path, desk.settings()) as prepared:
        prepared.decide(PossibleAnswer("map", f"visibility={heading}", words("")))
        prepared.decide(PossibleAnswer("value", "visibility:Internal=Private", words("")))
        prepared.decide(PossibleAnswer("value", "visibility:Yes=Public", words("")))
        learned_now = prepared.to_learn
        assert learned_now is not None
        readings.keep("default", learned_now)
    assert [row[1] for row in desk.sent(path)] == [Visibility.PRIVATE, Visibility.PUBLIC]
    (reading,) = readings.of_profile("default")
    assert reading == learned_now
    assert {column for _, column in reading.answers["value"]} == {heading}
    readings.forget("default", reading.name)
    assert desk.sent(path) == []
    assert "readings" not in profiles.profiles_file().read_text(encoding="utf-8")
