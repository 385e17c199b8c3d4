"""What an earlier version imported stays imported, although its cells are read otherwise now.

``rounded.sql`` is the journal of the last version that rounded whole numbers to 15 digits and guessed at encodings, of
the sheets in ``nights``.
"""

from __future__ import annotations

import codecs
import json
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from importer.commands import corrected_copy, mending
from importer.commands.corrections import Corrections
from importer.commands.problem_rows import NAME
from importer.commands.results import rewrite
from importer.commands.run import prepare
from importer.errors import UnreadableFile
from importer.journal import Journal
from importer.models import Note, Result
from importer.reading.encodings import FORMER
from importer.rows.former import Former
from importer.sandbox import Sandbox
from importer.settings import Settings
from tests import running
from tests.journal import nights
from tests.journal.test_released import MOMENT, THERE, deliver
from tests.truth import Line, read_results

pytestmark = pytest.mark.usefixtures("jumping")


@pytest.fixture
def before(settings: Settings) -> Settings:
    """Settings with the journal of the earlier version."""
    script = Path(__file__).with_name("rounded.sql").read_text(encoding="utf-8")
    later = time.time() - 60 - max(float(moment) for moment in MOMENT.findall(script))
    script = MOMENT.sub(lambda moment: str(float(moment[0]) + later), script.replace(THERE, settings.base_url))
    with closing(sqlite3.connect(settings.journal)) as connection:
        connection.executescript(script)
    return settings


def test_no_corrected_copy_is_made_that_would_send_rounded_numbers_again(before: Settings, tmp_path: Path) -> None:
    """What the earlier version read can't be told from the texts of a copy."""
    keyed, refused = replace(before, key_column="Key"), "An earlier version of note-importer sent 3 notes"
    sheet, target = nights.numbers(tmp_path / "calls.xlsx"), tmp_path / "copy.xlsx"
    with prepare(sheet, keyed) as prepared:
        understanding = mending.keep(target.with_name(NAME), prepared.preview)
        with pytest.raises(UnreadableFile, match=refused) as caught:
            corrected_copy.write(target, prepared.preview, Corrections())
    assert caught.value.message.kind == "corrected.known-by-other-texts"
    with pytest.raises(UnreadableFile, match=refused):
        corrected_copy.copy(target, str(sheet), keyed, understanding, Corrections(), lambda *_: None)
    assert not (tmp_path / "copy.xlsx").exists()


def test_numbers_that_were_rounded_are_not_sent_again(before: Settings, box: Sandbox, tmp_path: Path) -> None:
    """Of four calls that were one, the first has the note that was made; the other three are sent, and once."""
    sheet = nights.numbers(tmp_path / "calls.xlsx")
    settings = replace(before, key_column="Key", results=tmp_path / "results.csv")
    report = running.run(sheet, settings)
    assert report is not None
    assert report.counts == {Result.ALREADY_IMPORTED: 6, Result.CREATED: 3}
    results = [(row["Key"], row["result"]) for row in read_results(tmp_path / "results.csv")]
    assert results[2:6] == [(nights.CALLS[0], "already imported"), *((key, "created") for key in nights.CALLS[1:])]
    assert [(note.prospect_id, note.sent_content) for note in box.notes] == [("P2", "Left a voicemail")] * 3
    again = running.run(sheet, settings)
    assert again is not None
    assert again.counts == {Result.ALREADY_IMPORTED: 9}
    assert len(box.notes) == 3


def test_a_number_that_is_like_a_rounded_one_is_a_note_of_its_own(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """What this version sent was not rounded, so its journal isn't asked for rounded numbers."""
    for key in (f"{nights.CALLS[0][:-1]}0", nights.CALLS[1]):
        sheet = tmp_path / f"{key}.xlsx"
        nights.one_number(sheet, key)
        report = running.run(sheet, replace(settings, key_column="Key"))
        assert report is not None
        assert report.counts == {Result.CREATED: 1}
    assert len(box.notes) == 2


def test_a_preview_asks_the_journal_for_the_former_readings_too(before: Settings, tmp_path: Path) -> None:
    """It counts as left what a run would send."""
    sheet = nights.numbers(tmp_path / "calls.xlsx")
    assert running.check(sheet, replace(before, key_column="Key")).remaining.total == 3


def test_a_delivery_that_is_unclear_is_looked_up_as_it_was_sent(before: Settings, box: Sandbox, tmp_path: Path) -> None:
    """Its note reads as the earlier version read the cell; it is found, and nothing is sent in its stead."""
    with closing(sqlite3.connect(before.journal)) as connection, connection:
        connection.execute("UPDATE deliveries SET state = 'sending', note_id = NULL WHERE prospect = 'P4'")
    deliver(box, Line("P4", f"{nights.CALLS[0][:-1]}0", "2"))
    report = running.run(nights.numbers(tmp_path / "calls.xlsx"), replace(before, key_column="Key"))
    assert report is not None
    assert report.counts == {Result.ALREADY_IMPORTED: 5, Result.CREATED: 4}
    assert sorted(note.prospect_id for note in box.notes) == ["P2", "P2", "P2", "P4"]


def test_a_delivery_that_is_unclear_and_absent_is_sent_by_the_next_run(
    before: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """Its text as the earlier version read it isn't known any more, so this run leaves it; the next sends the row."""
    with closing(sqlite3.connect(before.journal)) as connection, connection:
        connection.execute("UPDATE deliveries SET state = 'sending', note_id = NULL WHERE prospect = 'P4'")
    sheet, settings = nights.numbers(tmp_path / "calls.xlsx"), replace(before, key_column="Key")
    report = running.run(sheet, settings)
    assert report is not None
    assert (report.exit_status, report.counts[Result.NOT_SENT]) == (3, 1)
    assert "P4" not in {note.prospect_id for note in box.notes}
    report = running.run(sheet, settings)
    assert report is not None
    assert (report.exit_status, report.counts[Result.CREATED]) == (0, 1)
    assert [note.prospect_id for note in box.notes].count("P4") == 1


@pytest.mark.parametrize(
    ("encodings", "notes", "said"), [("cp1250", nights.NAMES, "cp1250"), ("utf-8+cp1252", nights.MIXED, "utf-8+cp1252")]
)
def test_text_that_was_read_in_another_encoding_is_not_sent_again(
    encodings: str, notes: tuple[str, ...], said: str, before: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The journal knows it as the earlier version guessed it; a note beside it that is new is sent."""
    sheet = nights.text(tmp_path / "names.csv", encodings, notes)
    settings = replace(before, encoding=said, results=tmp_path / "results.csv")
    report = running.run(sheet, settings)
    assert report is not None
    assert report.counts == {Result.ALREADY_IMPORTED: 3}
    assert [row["Note"] for row in read_results(tmp_path / "results.csv")] == list(notes)
    longer = nights.text(tmp_path / "longer.csv", encodings, (*notes, "Wrote to Jörg Łoś" if said == "cp1250" else "Ü"))
    report = running.run(longer, settings)
    assert report is not None
    assert report.counts == {Result.ALREADY_IMPORTED: 3, Result.CREATED: 1}
    assert len(box.notes) == 1


def test_results_of_the_earlier_run_can_be_written_again(before: Settings, tmp_path: Path) -> None:
    """Their rows are found under the former readings."""
    sheet = nights.text(tmp_path / "names.csv", "cp1250", nights.NAMES)
    with Journal.open(before.journal) as journal:
        [run] = [run for run in journal.runs.listed(before.workspace) if run.file.endswith("names.csv")]
    _, outcomes = rewrite(run.name, sheet, replace(before, encoding="cp1250"))
    assert outcomes.counts() == {Result.CREATED: 3}


def test_the_journal_is_asked_only_for_encodings_that_earlier_runs_had(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run says how its file was decoded, from its beginning; without a run there is nothing to ask for."""
    names = nights.text(tmp_path / "names.csv", "cp1250", nights.NAMES)
    asked: list[frozenset[str] | None] = []
    former = Former.__call__

    def seen(self: Former, note: Note, key: str, row: int, before: frozenset[str] | None) -> object:
        asked.append(before)
        return former(self, note, key, row, before)

    monkeypatch.setattr(Former, "__call__", seen)
    assert running.run(names, replace(settings, encoding="cp1250")) is not None
    assert {*asked} == {frozenset({"cp1250"})}
    with closing(sqlite3.connect(settings.journal)) as connection:
        [(counts,)] = connection.execute("SELECT counts FROM runs")
    assert json.loads(counts) == {"created": 3, "exact numbers": 1, "codec": "cp1250"}
    with closing(sqlite3.connect(settings.journal)) as connection, connection:
        connection.execute("UPDATE runs SET counts = '{\"exact numbers\": 1}'")
    asked.clear()
    longer = nights.text(tmp_path / "longer.csv", "cp1250", (*nights.NAMES, "Wrote to Jörg Łoś"))
    running.check(longer, replace(settings, encoding="cp1250"))
    assert {*asked} == {None}


def test_what_this_version_sent_in_another_encoding_is_not_sent_again(settings: Settings, tmp_path: Path) -> None:
    """A guess of this version may be wrong, too: the notes that the right encoding shows were made."""
    names = nights.text(tmp_path / "names.csv", "cp1250", nights.NAMES)
    for encoding, became in (("cp1252", Result.CREATED), ("cp1250", Result.ALREADY_IMPORTED)):
        report = running.run(names, replace(settings, encoding=encoding))
        assert report is not None
        assert report.counts == {became: 3}


def test_encodings_are_recorded_under_the_names_that_are_asked_for() -> None:
    """Each run's codec is what Python calls it, and so is each that earlier versions may have taken."""
    assert {codecs.lookup(name).name for name in FORMER} == {*FORMER}
