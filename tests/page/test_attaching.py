"""Files are dropped beside a spreadsheet, for its notes to carry; they are its own, and nobody else's."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from importer.errors import Changed
from importer.page import importing, jobs
from importer.page.screens import Parts, for_page
from importer.page.serving import PageServer
from importer.page.uploads import DroppedFile, is_fit
from importer.settings import Origin, Settings
from tests.page.conftest import HEAD, done, write
from tests.page.person import Person, visiting
from tests.sandbox import Sandbox

ATTACHED = (*HEAD, "Attachments")
pytestmark = pytest.mark.usefixtures("read_here")


@pytest.fixture
def upload(person: Person, parts: Parts, tmp_path: Path) -> DroppedFile:
    """A spreadsheet that was dropped; two notes name a file."""
    rows = [("p1", "Hello", "Public", "call.pdf; no.pdf"), ("p2", "Hi", "Private", "call.pdf")]
    person.drops(write(tmp_path / "n.csv", rows, ATTACHED))
    [upload] = parts.uploads
    return upload


def attach(person: Person, *files: tuple[str, bytes], status: int = 200) -> str:
    shown = person.posts("attachments", files=[("attachments", file) for file in files], status=status)
    assert status != 200 or person.answer.address == person.file
    return shown


def test_files_stay_and_go_with_a_sheet(person: Person, parts: Parts, upload: DroppedFile, settings: Settings) -> None:
    assert for_page(settings, upload).attachments is None
    profiles = replace(settings, attachments=Path("here"), origin=Origin(secret_files=[Path("key.txt")]))
    assert for_page(profiles, upload).attachments == Path("here").absolute()
    assert for_page(profiles, upload).origin.secret_files == [Path("key.txt").absolute()]
    attach(person, ("b.pdf", b"old"), ("Zoë & Söhne.pdf", b"two"))
    attach(person, ("b.pdf", b"new"))
    assert upload.attached == [("Zoë & Söhne.pdf", 3), ("b.pdf", 3)]
    assert (upload.attachments / "b.pdf").read_bytes() == b"new"
    assert for_page(settings, upload).attachments == Path("attachments")  # of the folder in which it is sent
    person.posts("attachments/remove", name="b.pdf")
    assert [path.name for path in upload.attachments.iterdir()] == ["Zoë & Söhne.pdf"]
    parts.uploads.forget(upload)
    assert not upload.folder.exists()


def test_a_name_that_would_not_stay_what_it_is_is_refused(person: Person, upload: DroppedFile) -> None:
    for name in (".env", "con.pdf", "a:b", "a?", "x" * 256, "\N{LEFT-TO-RIGHT MARK}a", "a."):
        assert not is_fit(name)
        attach(person, (name, b"x"), ("fine.pdf", b"y"), status=400)
        person.posts("attachments/remove", name=name)
    assert upload.attached == []
    attach(person, ("", b"x"), ("../n.csv", b"x"), ("fine.pdf", b"y"))
    assert upload.attached == [("fine.pdf", 1), ("n.csv", 1)]
    for gone in ("../n.csv", "n.csv"):
        person.posts("attachments/remove", name=gone)
    assert (upload.folder / "n.csv").is_file()


def test_files_may_be_as_large_as_notes_can_carry_and_too_many_are_called_that(
    person: Person, upload: DroppedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"x" * (20 << 20)
    attach(person, ("large.pdf", large), ("larger.pdf", large + b"x"))
    assert upload.attached == [("large.pdf", 20 << 20), ("larger.pdf", (20 << 20) + 1)]
    monkeypatch.setattr(importing, "_MOST_BYTES", 1_000_000)
    assert "or more than 1,000 files were dropped at once" in attach(person, ("a.pdf", large), status=413)
    assert len(upload.attached) == 2


def test_a_name_that_only_some_systems_tell_from_another_takes_its_place(person: Person, upload: DroppedFile) -> None:
    """Else the earlier one is sent where the spreadsheet still calls it so. Two at once are refused."""
    attach(person, ("über.pdf", b"old"), ("other.pdf", b""))
    for name in ("U\u0308BER.pdf", "ÜBER.PDF", "u\u0308ber.pdf"):
        attach(person, (name, b"newer"))
        assert dict(upload.attached) == {"other.pdf": 0, name: 5}
    attach(person, ("a/b.pdf", b"one"), ("c/B.pdf", b"two"), ("d.pdf", b"x"), status=400)
    attach(person, status=400)  # none at all
    assert len(upload.attached) == 2


def test_what_was_agreed_holds_for_files_too(person: Person, parts: Parts, upload: DroppedFile, box: Sandbox) -> None:
    """Another file under the same name, put there by another tab: nothing is sent, and that is said."""
    attach(person, ("call.pdf", b"agreed to"), ("no.pdf", b"x"))
    asked = person.sees("confirm")
    assert "2 files, 10 Bytes" in asked and "1 note is public" in asked and "1 note is private" in asked
    attach(person, ("call.pdf", b"something else"))
    settings = for_page(parts.current.with_key(), upload)
    [digest] = re.findall(r'name="digest" value="([^"]+)"', asked)
    for agreed in (digest, ""):  # a form without one agrees to nothing
        with pytest.raises(Changed, match="a setting or an attached file changed them"):
            done(jobs.Send(settings, upload.folder, upload.name, digest=agreed))
    assert not box.notes and not box.attachments


@pytest.mark.slow
def test_a_spreadsheet_that_names_files_is_sent_with_them(server: PageServer, box: Sandbox, tmp_path: Path) -> None:
    names = {"p1": "call.pdf", "p2": "call.pdf", "p3": "form.pdf"}
    with visiting(server.guard.address) as person:
        seen = person.drops(
            write(tmp_path / "n.csv", [(who, "Hello", "Public", name) for who, name in names.items()], ATTACHED)
        )
        assert "There is nothing to send." in seen and "Drop the file on this page" in seen
        content = b"%PDF the summary of a call"
        seen = attach(person, ("call.pdf", content))
        assert "Ready: 2 notes to send; not sent: 1 row with problems." in seen
        assert "among the attachments" in seen and "1 file to upload first (26 bytes)" in seen
        assert str(tmp_path) not in seen
        assert "Done. Something needs your attention." in person.sends()
    assert [stored.sha256 for stored in box.attachments] == [hashlib.sha256(content).hexdigest()]
    assert {note.prospect_id: note.attachment_ids for note in box.notes} == dict.fromkeys(
        ("p1", "p2"), (box.attachments[0].id,)
    )
