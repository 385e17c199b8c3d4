"""Notes that carry files: each file is uploaded once, each note carries what its row names, and none goes without."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from importer.errors import BadSettings, UnclearColumns
from importer.importing.run import prepare
from importer.journal import Journal
from importer.messages import render
from importer.models import Note, Result, Role, Status, Visibility
from importer.operations.hide import Which, hide, what_to_hide
from importer.settings import Settings, sources
from importer.settings.kinds import SeveralInCell
from importer.telling import preview_messages, report_messages
from importer.telling.sheet_details import with_examples
from tests import running
from tests.rendered import answers_of
from tests.running import ran
from tests.sandbox import Fault, Sandbox
from tests.sandbox.attachments import UploadBehaviour
from tests.truth import read_results, write_csv

pytestmark = pytest.mark.usefixtures("jumping")

FORM, CALL, MAP = b"Signed", b"Spoke about terms", b"\x00\xff" * 40_000


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in (("form.pdf", FORM), ("call.txt", CALL), ("map.png", MAP)):
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def settings(settings: Settings, files: Path, tmp_path: Path) -> Settings:
    return replace(settings, attachments=files, results=tmp_path / "r.csv")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write(folder: Path, rows: Iterable[Sequence[str]]) -> Path:
    return write_csv(folder / "sheet.csv", ("Prospect ID", "Note", "Visibility", "Attachments"), *rows)


def rows_of(count: int, names: str, note: str = "Hello", start: int = 0) -> list[tuple[str, str, str, str]]:
    return [(f"P{number}", note, "Private", names) for number in range(start, start + count)]


def uploads(box: Sandbox) -> Counter[str]:
    return Counter(attachment.sha256 for attachment in box.attachments)


def carried(box: Sandbox) -> list[tuple[str, str, tuple[str, ...]]]:
    """Prospect, text, and the digests of the files of every note."""
    held = {attachment.id: attachment.sha256 for attachment in box.attachments}
    return sorted(
        (note.prospect_id, note.sent_content, tuple(held[one] for one in note.attachment_ids)) for note in box.notes
    )


def results(settings: Settings) -> list[tuple[str, str]]:
    assert isinstance(settings.results, Path)
    return [(row["result"], row["reason"]) for row in read_results(settings.results)]


def test_a_note_with_ids_is_what_it_was_and_one_with_files_is_what_they_hold() -> None:
    note = Note("Spoke about terms.", Visibility.PRIVATE, Status.PUBLISHED)
    ids = replace(note, attachments=("A1", "A2"))
    assert note.digest.hex() == "dc3336d6131a080cb3271e477626d189b2583e77319c29291f794ceedd43a18f"
    assert ids.digest.hex() == "5c63f802270166c377572887a8c7fc269f4ff7e63be856fddb06a255d3a520c3"
    files = replace(note, files=(digest(FORM),))
    assert files.digest == replace(files, attachments=("A1",)).digest
    assert len({note.digest, files.digest, replace(note, attachments=(digest(FORM),)).digest}) == 3
    assert files.digest != replace(note, files=(digest(CALL),)).digest


# -- what arrives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["", "id", "id:list", "list"])
def test_one_file_serves_many_prospects_and_each_note_carries_what_its_row_names(
    layout: str, settings: Settings, tmp_path: Path
) -> None:
    rows = [*rows_of(5, "form.pdf"), *rows_of(2, "call.txt;form.pdf", "Both"), *rows_of(1, "", "None")]
    with Sandbox(uploads=UploadBehaviour.parse(layout)) as box:
        report = ran(write(tmp_path, rows), replace(settings, base_url=box.url, batch_size=2))
        assert report.counts == {Result.CREATED: 8}
        assert uploads(box) == {digest(FORM): 1, digest(CALL): 1}
        assert carried(box) == sorted(
            [(f"P{number}", "Hello", (digest(FORM),)) for number in range(5)]
            + [(f"P{number}", "Both", (digest(CALL), digest(FORM))) for number in range(2)]
            + [("P0", "None", ())]
        )
        assert [call.path for call in box.received[1:3]] == ["/v1/notes/attachments"] * 2


def test_the_preview_counts_files_and_bytes_that_are_still_to_be_uploaded(
    box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    sheet = write(tmp_path, [*rows_of(3, "form.pdf"), *rows_of(3, "map.png; form.pdf", "Map")])

    def said() -> str:
        with prepare(sheet, settings) as prepared:
            found = with_examples(prepared)
        return " ".join(render(saying.text) for saying in preview_messages.check(found))

    assert "2 files to upload first (78.1 kB), each once" in said()
    ran(sheet, settings)
    assert "to upload" not in said()


def test_what_was_delivered_is_not_uploaded_again_whatever_the_file_is_called(
    box: Sandbox, settings: Settings, files: Path, tmp_path: Path
) -> None:
    """Two notes are the same if their files' contents are, or, in two sheets, their names."""
    ran(write(tmp_path, rows_of(3, "form.pdf")), settings)
    (files / "form.pdf").rename(files / "signed.pdf")
    again = ran(write(tmp_path, rows_of(3, "signed.pdf")), settings)
    assert again.counts == {Result.ALREADY_IMPORTED: 3}
    assert len(box.attachments) == 1
    (files / "signed.pdf").write_bytes(MAP)
    assert ran(write(tmp_path, rows_of(3, "signed.pdf")), settings).counts == {Result.ALREADY_IMPORTED: 3}
    (files / "other.pdf").write_bytes(MAP + b" ")
    assert ran(write(tmp_path, rows_of(3, "other.pdf")), settings).counts == {Result.CREATED: 3}
    assert uploads(box) == {digest(FORM): 1, digest(MAP + b" "): 1}
    for month in ("01", "02"):
        (files / month).mkdir()
        (files / month / "p.pdf").write_bytes(month.encode())
    sheet = write(tmp_path, [*rows_of(1, "01/p.pdf", "Protocol"), *rows_of(1, "02/p.pdf", "Protocol")])
    assert ran(sheet, settings).counts == {Result.CREATED: 2}
    made = [row["note_id"] for row in read_results(settings.results)]  # type: ignore[arg-type]
    assert ran(sheet, settings).counts == {Result.ALREADY_IMPORTED: 2}
    assert [row["note_id"] for row in read_results(settings.results)] == made  # type: ignore[arg-type]


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["reset:after:upload@1", "500:after:upload@1", "503=2:upload@1", "truncated:after:upload@1"]
)
def test_an_upload_that_ends_unclear_is_made_again(
    fault: str, box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    box.add_fault(Fault.parse(fault))
    report = ran(write(tmp_path, rows_of(3, "form.pdf")), settings)
    assert report.counts == {Result.CREATED: 3}
    assert carried(box) == [(f"P{number}", "Hello", (digest(FORM),)) for number in range(3)]


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("blocked", [["1 spam.pdf", "2 spam.pdf", "3 spam.pdf"], ["z spam.pdf"]])
def test_a_file_that_only_a_firewall_refuses_is_to_blame_once_another_went_through_meanwhile(
    blocked: list[str], workers: int, box: Sandbox, settings: Settings, files: Path, tmp_path: Path
) -> None:
    """Nothing else is left to upload, so the smallest file that went through goes once more."""
    for name in blocked:
        (files / name).write_bytes(name.encode())
    box.add_fault(Fault.parse("firewall=spam"))
    sheet = write(tmp_path, chain(*(rows_of(1, name, name) for name in sorted([*blocked, "form.pdf", "map.png"]))))
    report = ran(sheet, replace(settings, workers=workers))
    assert (report.counts, report.exit_status) == ({Result.CREATED: 2, Result.REJECTED: len(blocked)}, 1)
    assert "something other than the API refused the call" in dict(results(settings))["rejected"]
    sent = Counter(call.body["file"]["name"] for call in box.received if call.path.endswith("/attachments"))  # type: ignore[index]
    assert sent == {**dict.fromkeys(blocked, 4), "form.pdf": 1 + len(blocked), "map.png": 1}
    assert ran(sheet, settings).counts == {Result.ALREADY_IMPORTED: 2, Result.REJECTED: len(blocked)}
    alone = ran(write(tmp_path, rows_of(1, blocked[0], "Alone")), settings)
    assert (alone.counts, alone.exit_status) == ({Result.NOT_SENT: 1}, 3)


@pytest.mark.parametrize(
    ("lost", "counts", "status"),
    [
        (8, {Result.CREATED: 3}, 0),
        (300, {Result.CREATED: 1, Result.NOT_SENT: 2}, 3),
        (2000, {Result.UNCONFIRMED: 1, Result.NOT_SENT: 2}, 4),
    ],
)
def test_while_the_route_is_lost_no_file_is_to_blame(
    lost: int, counts: dict[Result, int], status: int, box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    sheet = write(tmp_path, [*rows_of(1, "form.pdf"), *rows_of(2, "call.txt", "Call")])
    box.add_fault(Fault.parse(f"lost-route={lost}@3"))
    report = ran(sheet, replace(settings, give_up=900, workers=1))
    assert (report.counts, report.exit_status) == (counts, status)
    box.clear_faults()
    assert ran(sheet, settings).exit_status == 0
    assert sorted(text for _, text, _ in carried(box)) == ["Call", "Call", "Hello"]


def test_a_file_that_is_refused_makes_its_rows_rejected_in_the_apis_words(
    settings: Settings, files: Path, tmp_path: Path
) -> None:
    (files / "run.exe").write_bytes(b"MZ")
    (files / "failed.txt").write_bytes(b"x")
    rows = [
        *rows_of(2, "form.pdf; run.exe"), *rows_of(1, "map.png", "Large"), *rows_of(1, "failed.txt", "Odd"),
        *rows_of(1, "form.pdf", "Good"), *rows_of(1, "", "None"), *rows_of(1, "map.png", "Large"),
    ]  # fmt: skip
    with Sandbox(uploads=UploadBehaviour(most=1000)) as box:
        report = ran(write(tmp_path, rows), replace(settings, base_url=box.url))
        told_of = {render(reason): count for reason, count in report.reasons[Result.REJECTED].items()}
        assert (list(report.reasons), told_of) == ([Result.REJECTED], {"the API refused one of its files": 5})
        assert [text for _, text, _ in carried(box)] == ["Good", "None"]
        sent = Counter(call.body["file"]["name"] for call in box.received if call.path.endswith("/attachments"))  # type: ignore[index]
        assert sent == {"form.pdf": 1, "run.exe": 1, "map.png": 1, "failed.txt": 3}  # that may pass
    told = results(settings)
    assert [result for result, _ in told] == ["rejected"] * 4 + ["created"] * 2 + ["rejected"]
    assert told[0][1] == "the API refused the file 'run.exe': The file type you are trying to add is not supported."
    assert "'map.png': File exceeds the 20 MB upload limit" in told[2][1]
    assert "'failed.txt': Failed to upload attachment" in told[3][1]


def test_an_id_that_the_journal_kept_and_the_api_forgot_serves_no_later_run(
    box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    sheet = write(tmp_path, rows_of(4, "form.pdf"))
    with Journal.open(settings.journal) as journal:
        journal.uploads(settings.workspace, time.time).enter({digest(FORM): "gone"})
    assert ran(sheet, settings).counts == {Result.REJECTED: 4}
    assert ran(sheet, settings).counts == {Result.CREATED: 4}
    assert uploads(box) == {digest(FORM): 1}


def test_a_file_that_changed_since_it_was_read_is_not_sent(
    box: Sandbox, settings: Settings, files: Path, tmp_path: Path
) -> None:
    signed = [(prospect, "Hello", "Private", "form.pdf") for prospect in ("Pr9xQ2Lm", "Qs8yR3Kn")]
    sheet = write(tmp_path, [*signed, *rows_of(1, "call.txt", "Good")])
    with prepare(sheet, settings) as prepared:
        (files / "form.pdf").write_bytes(b"Secret")
        report = prepared.send(agreed=prepared.preview.digest)
    assert report.exit_status == 3
    assert carried(box) == [("P0", "Good", (digest(CALL),))]
    assert uploads(box) == {digest(CALL): 1}
    assert results(settings)[0] == (
        "not sent",
        "the file 'form.pdf' could not be uploaded: it has changed since it was read. To send it, run again",
    )
    said = [render(saying.text) for saying in report_messages.report(report)]
    assert said[0] == "Not sent: 2 × one of its files has changed, or could not be uploaded."
    assert any(line.startswith("          2  not sent  the row was not sent. See the reason.") for line in said)
    assert ran(sheet, settings).counts == {Result.CREATED: 2, Result.ALREADY_IMPORTED: 1}
    assert (digest(b"Secret"),) in {files for _, _, files in carried(box)}

    hide(what_to_hide(Which("last"), settings), settings)
    (files / "form.pdf").write_bytes(b"Signed again")
    both = write(tmp_path, [("Pr9xQ2Lm; Rt7zS4Jo", "Hello", "Private", "form.pdf")])  # the first is in question
    with prepare(both, replace(settings, several_in_cell=SeveralInCell.EACH)) as prepared:
        (files / "form.pdf").write_bytes(b"Changed")
        report = prepared.send(agreed=prepared.preview.digest)
    assert (report.exit_status, report.ended, report.counts) == (3, "stopped", {Result.NOT_SENT: 1})
    assert (report.asked, report.to_fix) == (0, 1)  # its reason holds the question


# -- what is said -----------------------------------------------------------------------------------------------------


def test_ids_and_files_are_never_mixed(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """A name that is mistyped must not pass for an id, nor an id for a name."""
    sheet = write(tmp_path, [*rows_of(1, "form.pdf"), *rows_of(1, "A1", "Id")])
    box.know_attachments("A1")
    assert ran(sheet, settings).counts == {Result.CREATED: 1, Result.INVALID: 1}
    ids = ran(sheet, replace(settings, attachments=None))
    assert ids.counts == {Result.CREATED: 1, Result.INVALID: 1}
    assert box.notes[-1].attachment_ids == ("A1",)


@pytest.mark.parametrize("heading", ["File", "Dokument"])
def test_a_column_that_names_files_under_a_heading_nobody_knows_is_asked_about(
    heading: str, box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """Else the notes would go out without their files, and nobody would be told."""
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"Prospect ID,Note,Visibility,{heading}\nP1,a,Public,form.pdf\nP2,b,Public,call.txt; map.png\n")
    (question,) = running.check(sheet, settings).questions
    assert answers_of(question) == {"map": [f"attachments={heading}"], "ignore": [heading]}
    with pytest.raises(UnclearColumns, match="names of files in the folder"):
        ran(sheet, settings)
    assert ran(sheet, replace(settings, mapping={Role.ATTACHMENTS: (heading,)})).counts == {Result.CREATED: 2}
    assert len(uploads(box)) == 3


def test_a_folder_that_no_column_names_files_of_is_told(settings: Settings, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Prospect ID,Note,Visibility,Company\nP1,a,Public,Acme\n")
    told = running.check(sheet, settings)
    assert told.questions == ()
    assert "no column contains file names" in " ".join(map(render, told.remarks))
    for silent in (replace(settings, attachments=None), replace(settings, mapping={Role.ATTACHMENTS: ("",)})):
        assert running.check(sheet, silent).remarks == ()


def test_files_need_a_folder_that_is_there(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="does not exist, or is not a folder"):
        running.check(write(tmp_path, rows_of(1, "form.pdf")), replace(settings, attachments=tmp_path / "gone"))


OUR_FILES = ("mine.key", "theirs.key", "told", "pgpass", "other.sqlite")


@pytest.mark.parametrize("name", OUR_FILES)
def test_a_folder_with_the_key_file_or_the_journal_of_any_profile_is_refused(
    name: str, settings: Settings, files: Path, profiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {one: (files if one == name else tmp_path) / one for one in OUR_FILES}
    profiles.write_text(
        f"[mine]\napi-key-file = '{places['mine.key']}'\n[theirs]\napi-key-file = '{places['theirs.key']}'\n"
        f"journal = '{places['other.sqlite'].as_posix()}'\n"
    )
    places["mine.key"].write_text("a-secret-of-mine")
    monkeypatch.setenv("NOTE_IMPORTER_NOTIFY_FILE", str(places["told"]))
    monkeypatch.setenv("PGPASSFILE", str(places["pgpass"]))
    given = sources.gather({"profile": "mine", "attachments": files}, ["profile", "attachments", "base-url"])
    of_profile = replace(sources.settings_of(given), journal=settings.journal)
    with pytest.raises(BadSettings, match=f"(?s)holds a file of note-importer: .*{name}"):
        running.check(write(tmp_path, rows_of(1, "form.pdf")), of_profile)
