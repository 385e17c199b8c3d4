"""The same history is one history, in whatever locale its dates with slashes were exported."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from importer.errors import UnclearColumns
from importer.importing.batch import run
from importer.importing.run import prepare
from importer.messages import render
from importer.models import PossibleAnswer
from importer.operations.choosing import choose
from importer.settings.kinds import DateOrder
from importer.telling.sheet_details import with_examples
from tests.importing.test_identity import ADA
from tests.sandbox import Sandbox
from tests.test_histories import HEADINGS, TEMPLATE, WITH_IDS, History, with_ids

pytestmark = pytest.mark.usefixtures("jumping")

DAY, MONTH, TEXT = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST, DateOrder.AS_TEXT
US = ("11/1/2026 3:05 PM", "11/2/2026", "11/13/2026")
UK = ("01/11/2026 15:05", "02/11/2026", "13/11/2026")


@pytest.fixture
def history(box: Sandbox, tmp_path: Path) -> History:
    return History(box, tmp_path)


def voicemails(dates: Sequence[str]) -> list[list[str]]:
    return [[ADA, date, "Ada", "Left voicemail", "Public"] for date in dates]


def test_a_history_that_is_exported_under_another_locale_is_sent_once(history: History) -> None:
    assert history.run(*voicemails(US), template=TEMPLATE).counts == {"created": 3}
    assert history.run(*voicemails(UK), template=TEMPLATE).counts == {"already imported": 3}
    with pytest.raises(UnclearColumns, match="has dates such as 02/11/2026"):
        history.run(*voicemails(UK[1:2]), template=TEMPLATE)
    assert history.run(*voicemails(UK[:2]), template=TEMPLATE, dates=DAY).counts == {"already imported": 2}
    assert set(history.texts) == {
        "2026-11-01 15:05, Ada: Left voicemail", "2026-11-02, Ada: Left voicemail", "2026-11-13, Ada: Left voicemail",
    }  # fmt: skip


@pytest.mark.parametrize("other", [DAY, TEXT])
def test_a_changed_answer_sends_no_record_again(history: History, other: DateOrder) -> None:
    rows = with_ids(voicemails(US[:2]))
    assert history.run(*rows, headings=WITH_IDS, template=TEMPLATE, dates=MONTH).counts == {"created": 2}
    ran = history.run(*rows, headings=WITH_IDS, template=TEMPLATE, dates=other)
    assert ran.counts == {"already imported": 2}
    assert (ran.preview.remaining.total, ran.preview.updates["differ"]) == (0, 2)
    assert "its text has changed since" in ran.rows[0]["reason"]
    assert sum(history.texts.values()) == 2


def test_the_question_is_answered_and_taken_back(history: History) -> None:
    path = history.folder / "sheet.csv"
    lines = [",".join(row) for row in [HEADINGS, *voicemails(US[:1])]]
    path.write_text("\n".join(lines), encoding="utf-8")
    with prepare(path, history.settings(template=TEMPLATE)) as prepared:
        [question] = prepared.loaded.questions
        assert [render(choice.means) for choice in question.choices] == [
            "day first: 11/1/2026 3:05 PM is 11 January 2026",
            "month first: 11/1/2026 3:05 PM is 1 November 2026",
            "leave these dates as they are",
        ]
    for choice, text in zip(question.choices, ("2026-01-11 15:05", "2026-11-01 15:05", US[0]), strict=True):
        with prepare(path, history.settings(template=TEMPLATE)) as prepared:
            prepared.decide(choice)
            assert not prepared.loaded.questions
            [[note]] = with_examples(prepared).examples.values()
            assert note.text == f"{text}, Ada: Left voicemail"
            learned = prepared.to_learn
            assert learned is not None
            assert learned.answers == {"dates": choice.value}
    with prepare(path, history.settings(template=TEMPLATE)) as prepared:
        prepared.decide(PossibleAnswer("dates", "day-first", question.text))
        assert prepared.send().exit_status == 0


def test_at_night_the_proof_of_one_file_decides_nothing_about_another(history: History) -> None:
    """Otherwise the order of the files would decide what is sent."""
    folder = history.folder / "exports"
    folder.mkdir()
    for name, dates in (("a", UK), ("b", UK[1:2])):
        lines = [",".join(row) for row in [HEADINGS, *voicemails(dates)]]
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
        os.utime(folder / f"{name}.csv", (0, 0))  # nobody is writing it any more
    batch = run(choose([folder]), history.settings(template=TEMPLATE))
    assert [file.exit_status for file in batch.files] == [0, 2]
    assert sum(history.texts.values()) == 3
