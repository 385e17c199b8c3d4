"""Notes that are there already, whoever wrote them, aren't sent once more: ``skip-existing``."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from importer.models import Result, Role
from importer.operations import hide
from importer.settings import Settings
from tests.running import ran as send
from tests.sandbox import Fault, Sandbox
from tests.truth import read_results, write_csv

HEADINGS = ("Prospect ID", "Note", "Visibility", "Status", "Call ID")


def write(folder: Path, *rows: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> Path:
    path = folder / "sheet.csv"
    filled = [(*row, *("", "Public", "Published", "")[len(row) - 1 :])[: len(headings)] for row in rows]
    return write_csv(path, headings, *filled)


def settings_of(box: Sandbox, folder: Path, **more: object) -> Settings:
    given = {"base_url": box.url, "key": box.api_key, "journal": folder / "journal.sqlite", "results": folder / "r.csv"}
    rest = {"skip_existing": True, "settle": 0, "read_timeout": 5, "give_up": 20}
    return Settings(**(given | rest | more))  # type: ignore[arg-type]


def by_hand(box: Sandbox, prospect: str, text: str, visibility: str = "1", status: str = "1") -> str:
    """Enter a note as somebody does in Saleshandy, and return its ID."""
    fields = {"content": text, "visibility": visibility, "status": status, "prospectIds": [prospect]}
    answer = requests.post(f"{box.url}/notes", json=fields, headers={"x-api-key": box.api_key}, timeout=10)
    return str(answer.json()["payload"]["results"][0]["noteId"])


def outcomes(folder: Path) -> list[tuple[str, str]]:
    return [(row["result"], row["note_id"]) for row in read_results(folder / "r.csv")]


def reads(box: Sandbox) -> list[str]:
    return [call.path for call in box.received if call.path.startswith("/v1/prospects/")]


def test_a_note_that_is_there_is_not_sent_and_its_row_has_its_id(tmp_path: Path) -> None:
    sheet = write(tmp_path, ("P1", "Spoke <b>to</b> Jo"), ("P1", "Other"), ("P2", "Spoke <b>to</b> Jo"))
    with Sandbox() as box:
        there = by_hand(box, "P1", "<div>Spoke  <b>to</b> Jo</div>")
        report = send(sheet, settings_of(box, tmp_path))
        assert report.counts == {Result.ALREADY_IMPORTED: 1, Result.CREATED: 2}
        assert outcomes(tmp_path)[0] == ("already imported", there)
        assert "has this note already" in read_results(tmp_path / "r.csv")[0]["reason"]
        assert len(box.notes) == 3
        assert sorted(reads(box)[:2]) == ["/v1/prospects/P1/notes", "/v1/prospects/P2/notes"]
        assert len(reads(box)) == 4  # with the sample at the end
        for prospect in ("P1", "P2"):
            calls = [call.method for call in box.received[1:] if prospect in call.path or prospect in str(call.body)]
            assert calls[0] == "GET"


@pytest.mark.parametrize(
    ("visibility", "status", "says", "ended"),
    [("2", "1", "Public", 0), ("1", "0", "Public", 0), ("1", "1", "Private", 1)],
)
def test_texts_alone_are_compared(tmp_path: Path, visibility: str, status: str, says: str, ended: int) -> None:
    with Sandbox() as box:
        there = by_hand(box, "P1", "Spoke", visibility, status)
        for _ in range(2):
            report = send(write(tmp_path, ("P1", "Spoke", says)), settings_of(box, tmp_path))
            assert (report.counts, report.exit_status) == ({Result.ALREADY_IMPORTED: 1}, ended)
            assert outcomes(tmp_path) == [("already imported", there)]


def test_who_lost_the_journal_gets_nothing_twice(tmp_path: Path) -> None:
    sheet = write(tmp_path, *((f"P{i}", "Spoke") for i in range(5)))
    keyed = settings_of
    with Sandbox() as box:
        settings = settings_of(box, tmp_path, skip_existing=False)
        assert send(sheet, settings).counts == {Result.CREATED: 5}
        made = outcomes(tmp_path)
        for more in ({"journal": tmp_path / "new.sqlite"}, {"again": True}, {"mapping": {Role.KEY: ("Call ID",)}}):
            report = send(sheet, keyed(box, tmp_path, **more))
            assert report.counts == {Result.ALREADY_IMPORTED: 5}
            assert [note_id for _, note_id in outcomes(tmp_path)] == [note_id for _, note_id in made]
        assert len(box.notes) == 5


def test_it_is_never_ours_so_that_hide_never_touches_it(tmp_path: Path) -> None:
    sheet = write(tmp_path, ("P1", "Spoke"), ("P2", "Spoke"))
    with Sandbox() as box:
        there = by_hand(box, "P1", "Spoke")
        settings = settings_of(box, tmp_path)
        report = send(sheet, settings)
        planned = hide.what_to_hide(hide.Which(report.run), settings)
        assert [known.prospect for known in planned.notes] == ["P2"]
        hide.hide(planned, settings)
        assert [note.visibility for note in box.notes if note.id == there] == ["1"]


def test_each_note_that_is_there_serves_one_occurrence(tmp_path: Path) -> None:
    headings = HEADINGS
    monday, friday = ("P1", "Left voicemail", "Public", "Published", "1"), ("P1", "Left voicemail", "Public", "", "2")
    march = ("P1", "Left voicemail", "Public", "", "3")
    with Sandbox() as box:
        there = by_hand(box, "P1", "Left voicemail")
        settings = settings_of(box, tmp_path, mapping={Role.KEY: ("Call ID",)})
        assert send(write(tmp_path, monday, friday, headings=headings), settings).counts == {
            Result.ALREADY_IMPORTED: 1,
            Result.CREATED: 1,
        }
        assert outcomes(tmp_path)[0] == ("already imported", there)
        second = outcomes(tmp_path)[1][1]
        send(write(tmp_path, monday, friday, headings=headings), settings)
        assert outcomes(tmp_path) == [("already imported", there), ("already imported", second)]
        send(write(tmp_path, friday, headings=headings), settings)
        assert outcomes(tmp_path) == [("already imported", second)]
        by_march = send(write(tmp_path, friday, march, headings=headings), settings)
        assert by_march.counts == {Result.ALREADY_IMPORTED: 1, Result.CREATED: 1}, "the note by hand is Monday's"
        both_by_hand = settings_of(box, tmp_path, mapping={Role.KEY: ("Call ID",)}, journal=tmp_path / "new.sqlite")
        assert send(write(tmp_path, monday, friday, march), both_by_hand).counts == {
            Result.ALREADY_IMPORTED: 3,
        }
        assert len(box.notes) == 3


def test_all_pages_are_read_and_the_oldest_of_several_counts(tmp_path: Path) -> None:
    with Sandbox() as box:
        there = by_hand(box, "P1", "Spoke")
        by_hand(box, "P1", "Spoke")
        for i in range(230):
            by_hand(box, "P1", f"Note {i}")
        send(write(tmp_path, ("P1", "Spoke")), settings_of(box, tmp_path))
        assert outcomes(tmp_path) == [("already imported", there)]
        assert len(reads(box)) > 2


def test_rows_that_repeat_it_end_like_it(tmp_path: Path) -> None:
    sheet = write(tmp_path, ("P1", "Spoke"), ("P1", "Spoke"), ("P2", "Spoke"))
    with Sandbox() as box:
        there = by_hand(box, "P1", "Spoke")
        send(sheet, settings_of(box, tmp_path))
        assert [result for result, _ in outcomes(tmp_path)] == ["already imported", "duplicate", "created"]
        assert outcomes(tmp_path)[1][1] == there
        assert len(reads(box)) == 3  # and the sample at the end


def test_files_of_a_note_that_is_there_are_not_uploaded(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "call.pdf").write_bytes(b"a call")
    sheet = write(tmp_path, ("P1", "Spoke", "Public", "", "call.pdf"), headings=(*HEADINGS[:4], "Attachments"))
    with Sandbox() as box:
        by_hand(box, "P1", "Spoke")
        report = send(sheet, settings_of(box, tmp_path, attachments=tmp_path / "files"))
        assert report.counts == {Result.ALREADY_IMPORTED: 1}
        assert box.attachments == ()


@pytest.mark.parametrize("fault", ["500", "reset"])
@pytest.mark.slow
def test_what_cannot_be_read_is_not_sent_and_the_next_run_goes_on(tmp_path: Path, fault: str) -> None:
    sheet = write(tmp_path, ("P1", "Spoke"), ("INVALID", "Spoke"), ("P2", "Spoke"))
    with Sandbox() as box:
        there = by_hand(box, "P1", "Spoke")
        send(sheet, settings_of(box, tmp_path, journal=tmp_path / "another.sqlite"))
        rejected = [row["result"] for row in read_results(tmp_path / "r.csv")]
        assert rejected == ["already imported", "rejected", "created"]
        box.set_faults([replace(Fault.parse(fault), method="GET")])
        report = send(sheet, settings_of(box, tmp_path, give_up=2))
        assert report.counts == {Result.NOT_SENT: 3}
        assert report.exit_status == 3
        box.clear_faults()
        assert send(sheet, settings_of(box, tmp_path)).counts == {Result.ALREADY_IMPORTED: 2, Result.REJECTED: 1}
        assert outcomes(tmp_path)[0] == ("already imported", there)
