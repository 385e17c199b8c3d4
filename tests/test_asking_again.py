"""At a terminal a person is asked whether rows are notes that were sent before; unattended, they aren't sent."""

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from importer.cli import main
from importer.settings.secrets import KEY_VARIABLE
from tests.sandbox import Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import Seen, types
from tests.truth import write_csv

pytestmark = pytest.mark.usefixtures("desk", "jumping")

HEAD = ("Prospect ID", "Date", "Note", "Visibility")
COMPOSED = ["--map", "content=[{Date}, ]{Note}"]
AS_IT_STANDS = ["--map", "content=Note"]
PAST, COMING = "2026-01-05", (date.today() + timedelta(days=3)).isoformat()  # noqa: DTZ011


def write(*rows: Sequence[str]) -> str:
    return write_csv(Path("n.csv"), HEAD, *((*row, "Public") for row in rows)).name


def sent(*rows: Sequence[str], more: Sequence[str] = AS_IT_STANDS) -> None:
    assert main(["run", write(*rows), *more]) == 0


def asked(arguments: Sequence[str], answers: Sequence[str], *rows: Sequence[str]) -> Seen:
    return types(["run", write(*rows), *arguments], answers)


@pytest.fixture(autouse=True)
def confirmed(desk: None) -> None:
    assert types(["run", write(("P0", PAST, "The first note of all")), *AS_IT_STANDS], ["y", "y"]).status == 0


ROWS = (("P1", PAST, "Left voicemail"), ("P2", PAST, "Called"), ("P3", PAST, "Met"), ("P4", PAST, "Wrote"))


@pytest.mark.parametrize(("answer", "there", "status"), [("1", 5, 0), ("2", 10, 0), ("", 5, 1)])
def test_words_that_were_sent_in_another_form_are_a_question_and_stay_answered(
    box: Sandbox, answer: str, there: int, status: int
) -> None:
    sent(*ROWS)
    later = ("P1", COMING, "Left voicemail")
    seen = asked(COMPOSED, [answer, "y"], *ROWS, later)
    for words in (
        "5 rows have words that were sent in another form. Are they the same notes, or new ones?"
        " 1 of them is dated after the note was sent, so it is probably new: row 6.",
        f"row 2, for P1: {PAST}, Left voicemail row 3, for P2: {PAST}, Called row 4, for P3: {PAST}, Met"
        " 1 the same notes 2 new notes",
        "Enter: they are not sent",
    ):
        assert words in seen.screen
    assert (seen.status, len(box.notes)) == (status, there)
    again = asked(COMPOSED, [""], *ROWS, later)
    assert ("Are they the same notes" in again.screen) == (not answer)
    assert len(box.notes) == there


def test_a_wrong_key_is_told_before_a_history_that_it_cannot_know(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(any_email=True) as box:
        monkeypatch.setenv("NOTE_IMPORTER_BASE_URL", box.url)
        for number in (4, 6, 8, 10, 12):
            lines = [f"p{at}@example.com,Call {at},Public\n" for at in range(number)]
            Path("n.csv").write_text("".join(["Email,Note,Visibility\n", *lines]), encoding="utf-8")
            if number == 12:
                monkeypatch.setenv(KEY_VARIABLE, "of-nobody")
                seen = types(["run", "n.csv"], ["y"])
                assert (seen.status, "history may be sent again" in seen.screen) == (4, False)
                assert "The API does not accept the key" in seen.screen
            monkeypatch.setenv(KEY_VARIABLE, box.api_key)
            assert main(["run", "n.csv", "--yes"]) == 0
        assert len(box.notes) == 12


def test_nobody_is_asked_with_yes_nor_by_check(box: Sandbox) -> None:
    sent(*ROWS)
    seen = asked([*COMPOSED, "--yes"], [], *ROWS)
    assert (seen.status, len(box.notes)) == (1, 5)
    checked = types(["check", write(*ROWS), *COMPOSED], [])
    assert (checked.status, "Are they the same notes" in checked.screen) == (1, False)
    assert "Are they the same notes" not in seen.screen
