"""Dates such as 11/1/2026 become ISO dates in notes by an answer or a proof, never by a guess."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.messages import render
from importer.models import Role
from importer.rows.readers import readings
from importer.settings import Settings
from importer.settings.kinds import DateOrder
from tests.truth import write_csv

DAY, MONTH, TEXT = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.AS_TEXT
HEADINGS = ("Prospect ID", "Activity Date", "Comments", "Visibility")
TEMPLATE = "[{Activity Date}, ]{Comments}"


def loaded(
    path: Path, *dates: str, order: DateOrder | None = None, template: str = TEMPLATE
) -> AbstractContextManager[Loaded]:
    write_csv(path, HEADINGS, *(("AbCdEfGh1", date, "Hi", "Public") for date in dates))
    return load(path, Settings(mapping={Role.CONTENT: (template,)}, dates=order))


def texts(sheet: Loaded) -> list[str]:
    return [note.text.removesuffix(", Hi") for note in sheet.rows.notes]


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("11/1/2026", "2026-01-11", "2026-11-01"),
        ("01-11-2026", "2026-11-01", "2026-01-11"),
        ("01/11/26", "2026-11-01", "2026-01-11"),
        ("11/1/2026 3:05 PM", "2026-01-11 15:05", "2026-11-01 15:05"),
        ("11/1/2026, 12:05:09\u202fa.m.", "2026-01-11 00:05:09", "2026-11-01 00:05:09"),
        ("11/1/2026 12:00 AM", "2026-01-11", "2026-11-01"),
        ("11/1/2026 15:05Z", "2026-01-11 15:05 UTC", "2026-11-01 15:05 UTC"),
        ("13/1/2026", "2026-01-13", None),
        ("2/29/2028", None, "2028-02-29"),
        ("2/29/2026", None, None),
        ("31/31/2026", None, None),
        ("11/1/68", "2068-01-11", "2068-11-01"),
        ("11/1/69", None, None),
        ("1/1/0001", None, None),
        ("11/1-2026", None, None),
        ("11/1/2026 13:05 PM", None, None),
        ("11/1/2026 24:00", None, None),
        ("call of 11/1/2026", None, None),
        ("11/1", None, None),
    ],
)
def test_a_date_has_the_readings_that_the_calendar_allows(
    text: str, day_first: str | None, month_first: str | None
) -> None:
    assert readings(text).get(DAY) == day_first
    assert readings(text).get(MONTH) == month_first


@pytest.mark.parametrize(
    ("order", "notes"),
    [
        (DAY, ["2026-01-11", "2026-11-02 15:05", "2026-05-05", "31/31/2026"]),
        (MONTH, ["2026-11-01", "2026-02-11 15:05", "2026-05-05", "31/31/2026"]),
        (TEXT, ["11/1/2026", "2/11/2026 3:05 PM", "5/5/2026", "31/31/2026"]),
    ],
)
def test_an_answer_decides_the_order_and_impossible_dates_stay(
    tmp_path: Path, order: DateOrder, notes: list[str]
) -> None:
    with loaded(tmp_path / "a.csv", "11/1/2026", "2/11/2026 3:05 PM", "5/5/2026", "31/31/2026", order=order) as sheet:
        assert texts(sheet) == notes
        assert sheet.undecided is None
        assert not sheet.rows.problems


@pytest.mark.parametrize("dates", [("11/1/2026",), ("26/11/01", "26/11/15"), ("13/1/2026", "1/13/2026", "1/2/2026")])
def test_an_order_that_no_date_proves_is_asked_and_nothing_is_sent_before(tmp_path: Path, dates: Sequence[str]) -> None:
    """26/11/01 may begin with its year, so it proves nothing."""
    with loaded(tmp_path / "a.csv", *dates) as sheet:
        assert sheet.undecided is not None
        assert sheet.settings.dates is None
        [question] = sheet.questions
        assert not question.is_optional
        assert {choice.setting for choice in question.choices} == {"dates"}
        assert "as-text" in str(sheet.undecided)


@pytest.mark.parametrize(("dates", "order"), [(("11/1/2026", "13/1/2026"), DAY), (("1/5/26", "1/13/2026"), MONTH)])
def test_a_date_that_has_one_meaning_proves_the_order(tmp_path: Path, dates: Sequence[str], order: DateOrder) -> None:
    with loaded(tmp_path / "a.csv", *dates) as sheet:
        assert sheet.undecided is None
        assert sheet.settings.dates is order  # so that it can be remembered
        assert texts(sheet) == [readings(date)[order] for date in dates]


def test_a_proof_against_the_answer_is_asked_about(tmp_path: Path) -> None:
    """The same export under another locale: it isn't read as before, and not in another way either."""
    with loaded(tmp_path / "a.csv", "11/1/2026", "13/1/2026", order=MONTH) as sheet:
        [question] = sheet.questions
        assert "contradicts the answer for this sheet: month first" in render(question.asks)
        assert [choice.value for choice in question.choices] == ["day-first", "as-text"]
        assert render(question.choices[0].means) == "day first: 13/1/2026 is 13 January 2026"


def test_a_single_date_in_the_other_order_is_a_problem_of_its_row(tmp_path: Path) -> None:
    with loaded(tmp_path / "a.csv", "1/13/2026", "11/1/2026", "13/1/2026", order=MONTH) as sheet:
        assert sheet.undecided is None
        assert texts(sheet) == ["2026-01-13", "2026-11-01"]
        [[problem]] = sheet.rows.problems.values()
        assert (problem.cell, problem.value) == ("B4", "13/1/2026")


@pytest.mark.parametrize("dates", [("2026-11-01", "1.11.2026", "5/5/2026", "Ada", "")])
def test_without_such_dates_nothing_is_asked(tmp_path: Path, dates: Sequence[str]) -> None:
    with loaded(tmp_path / "a.csv", *dates) as sheet:
        assert not sheet.questions
        assert sheet.settings.dates is None
        assert texts(sheet) == ["2026-11-01", "2026-05-05", "Ada", "Hi"]


def test_dates_outside_of_a_template_are_nobodys_business(tmp_path: Path) -> None:
    with loaded(tmp_path / "a.csv", "11/1/2026", template="Comments") as sheet:
        assert not sheet.questions
    with loaded(tmp_path / "a.csv", "11/1/2026", template="{Comments}: {Activity Date}") as sheet:
        assert not sheet.questions
        assert texts(sheet) == ["Hi: 11/1/2026"]  # it is the text itself
