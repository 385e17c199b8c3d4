"""Files are dropped beside a spreadsheet, for its notes to carry; they are its own, and nobody else's."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from importer.errors import Changed
from importer.importing.preview import Preview
from importer.page import dropping, jobs, reading
from importer.page.rendering import words
from importer.page.screens import Parts, for_page
from importer.page.serving import PageServer
from importer.page.uploads import DroppedFile, is_fit
from importer.settings import Origin, Settings
from tests.page.conftest import HEAD, HOME, OURS, write
from tests.page.test_site import Visitor
from tests.sandbox import Sandbox

ATTACHED = (*HEAD, "Attachments")


@pytest.fixture
def upload(parts: Parts) -> DroppedFile:
    """A spreadsheet that was dropped."""
    return parts.uploads.add("n.csv", lambda path: path.write_text("Prospect ID,Note,Visibility\n"))


def attempt(client: FlaskClient, upload: DroppedFile, *files: tuple[str, bytes]) -> TestResponse:
    """Drop files on its screen: the answer."""
    form = [("attachments", file) for file in files] or [("other", ("", b""))]
    asked = requests.Request("POST", OURS, files=form).prepare()
    return client.post(
        f"/file/{upload.id}/attachments", data=asked.body, content_type=asked.headers["Content-Type"],
        base_url=OURS, headers={"Origin": OURS},
    )  # fmt: skip


def attach(client: FlaskClient, upload: DroppedFile, *files: tuple[str, bytes]) -> int:
    """The same: the status of the answer."""
    answer = attempt(client, upload, *files)
    if answer.status_code == 303:
        assert answer.headers["Location"] == f"{HOME}/file/{upload.id}"
    return answer.status_code


def test_files_are_kept_beside_the_spreadsheet_and_go_with_it(
    friend: FlaskClient, parts: Parts, upload: DroppedFile, settings: Settings
) -> None:
    """One of a name that is there takes its place; what notes can carry is these alone; nothing partial stays."""
    assert for_page(settings, upload).attachments is None
    profiles = replace(settings, attachments=Path("here"), origin=Origin(secret_files=[Path("key.txt")]))
    assert for_page(profiles, upload).attachments == Path("here").absolute()
    assert for_page(profiles, upload).origin.secret_files == [Path("key.txt").absolute()]
    assert attach(friend, upload, ("b.pdf", b"old"), ("Zoë & Söhne.pdf", b"two")) == 303
    assert attach(friend, upload, ("b.pdf", b"new")) == 303
    assert upload.attached == [("Zoë & Söhne.pdf", 3), ("b.pdf", 3)]
    assert (upload.attachments / "b.pdf").read_bytes() == b"new"
    assert for_page(settings, upload).attachments == Path("attachments")  # of the folder in which it is sent
    friend.post(
        f"/file/{upload.id}/attachments/remove", data={"name": "b.pdf"}, base_url=OURS, headers={"Origin": OURS}
    )
    assert [path.name for path in upload.attachments.iterdir()] == ["Zoë & Söhne.pdf"]
    parts.uploads.forget(upload)
    assert not upload.folder.exists()


@pytest.mark.parametrize(
    "name", [".env", "con.pdf", "a:b", "a?", "x" * 256, "\N{LEFT-TO-RIGHT MARK}a", "a.", "", "../n.csv"]
)
def test_a_name_that_would_not_stay_what_it_is_is_refused(friend: FlaskClient, upload: DroppedFile, name: str) -> None:
    """And a path is none: the spreadsheet isn't touched."""
    path = name.startswith("..")
    is_kept = path or not name
    assert not is_fit(name)
    assert attach(friend, upload, (name, b"x"), ("fine.pdf", b"y")) == (303 if is_kept else 400)
    assert upload.attached == [*([("fine.pdf", 1)] if is_kept else []), *([("n.csv", 1)] if path else [])]
    for gone in (name, "../n.csv", "n.csv"):
        friend.post(
            f"/file/{upload.id}/attachments/remove", data={"name": gone}, base_url=OURS, headers={"Origin": OURS}
        )
    assert (upload.folder / "n.csv").is_file()


def test_files_may_be_as_large_as_notes_can_carry_and_too_many_are_called_that(
    friend: FlaskClient, upload: DroppedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only as large as a form."""
    large = b"x" * (20 << 20)
    assert attach(friend, upload, ("large.pdf", large), ("larger.pdf", large + b"x")) == 303
    assert upload.attached == [("large.pdf", 20 << 20), ("larger.pdf", (20 << 20) + 1)]
    monkeypatch.setattr(dropping, "_MOST_BYTES", 1_000_000)
    answer = attempt(friend, upload, ("a.pdf", large))
    assert answer.status_code == 413
    assert "or more than 1,000 files were dropped at once" in answer.text
    assert len(upload.attached) == 2


@pytest.mark.parametrize("name", ["U\u0308BER.pdf", "ÜBER.PDF", "u\u0308ber.pdf"])
def test_a_file_whose_name_only_some_systems_tell_from_another_takes_its_place(
    friend: FlaskClient, upload: DroppedFile, name: str
) -> None:
    """As it is said of it: else the earlier one is sent where the spreadsheet still calls it so."""
    assert attach(friend, upload, ("über.pdf", b"old"), ("other.pdf", b"")) == 303
    assert attach(friend, upload, (name, b"newer")) == 303
    assert dict(upload.attached) == {"other.pdf": 0, name: 5}


def test_two_files_of_one_name_are_refused(friend: FlaskClient, upload: DroppedFile) -> None:
    """Either may be meant. None at all is refused, too."""
    assert attach(friend, upload) == 400
    assert attach(friend, upload, ("a/b.pdf", b"one"), ("c/B.pdf", b"two"), ("d.pdf", b"x")) == 400
    assert upload.attached == []


def test_what_was_agreed_to_holds_for_the_files_too(
    friend: FlaskClient,
    parts: Parts,
    upload: DroppedFile,
    box: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another file under the same name, put there by another tab: nothing is sent, and that is said."""
    monkeypatch.chdir(tmp_path)  # and back
    write(upload.folder / upload.name, [("p1", "Hello", "Public", "a.txt"), ("p2", "Hi", "Private", "")], ATTACHED)
    attach(friend, upload, ("a.txt", b"agreed to"))
    settings = for_page(parts.current.with_key(), upload)
    found = reading.check(upload.folder, upload.name, settings, upload.folder / "rows.db")
    assert isinstance(found, Preview)
    parts.reading.look = lambda *_, **__: found  # type: ignore[method-assign]
    asked = friend.get(f"/file/{upload.id}/confirm", base_url=OURS).text
    assert "1 file, 9 Bytes" in asked and "1 note is public" in asked and "1 note is private" in asked
    assert f'name="digest" value="{found.digest}"' in asked
    attach(friend, upload, ("a.txt", b"something else"))
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs, pytest.raises(Changed, match="a setting or an attached file changed them"):
        jobs.Send(settings, upload.folder, upload.name, digest=found.digest, is_meant=True).do(jobs.Word(theirs))
    assert not box.notes and not box.attachments


@pytest.fixture
def visitor(server: PageServer) -> Iterator[Visitor]:
    with Visitor(server) as visitor:
        yield visitor


def test_what_is_read_knows_the_files_and_not_where_they_are(
    friend: FlaskClient, upload: DroppedFile, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where one is missing."""
    monkeypatch.chdir(tmp_path)  # and back
    write(
        upload.folder / upload.name,
        [("p1", "Hello", "Public", "call.pdf; no.pdf"), ("p2", "Hi", "Public", "call.pdf")],
        ATTACHED,
    )
    attach(friend, upload, ("call.pdf", b"the summary"))
    found = reading.check(upload.folder, upload.name, for_page(settings, upload), upload.folder / "rows.db")
    assert isinstance(found, Preview)
    assert (found.total, found.invalid) == (1, 1)
    assert "among the attachments" in words(found.troubles[0].text)
    assert str(tmp_path) not in str(found)


def test_the_profiles_folder_is_told_where_files_are_taken_from_it(
    friend: FlaskClient, parts: Parts, upload: DroppedFile, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(profiles.parent)  # and back
    (forms := profiles.parent / "forms").mkdir()
    profiles.write_text(f'[default]\nattachments = "{forms.as_posix()}"\n')
    write(upload.folder / upload.name, [("p1", "Hello", "Public", "a.txt")], ATTACHED)
    parts.reading.look = lambda upload, choices, current, *_, **__: reading.check(  # type: ignore[method-assign]
        upload.folder, upload.name, current, upload.folder / "rows.db"
    )
    seen = friend.get(f"/file/{upload.id}", base_url=OURS).text
    assert '<h2 id="files">Files are missing</h2>' in seen
    assert "Without files here, the profile's folder is used: " in seen
    attach(friend, upload, ("b.txt", b"x"))


@pytest.mark.slow
def test_a_spreadsheet_that_names_files_is_sent_with_them(visitor: Visitor, box: Sandbox, tmp_path: Path) -> None:
    """Until they are dropped its rows are problems that say so; no path is shown; each is uploaded once."""
    rows = [
        ("p1", "Hello", "Public", "call.pdf"),
        ("p2", "Hello", "Public", "call.pdf"),
        ("p3", "Hi", "Public", "form.pdf"),
    ]
    seen = visitor.drop(write(tmp_path / "n.csv", rows, ATTACHED))
    assert "There is nothing to send." in seen.text
    assert "Drop the file on this page" in seen.text
    action = re.search(r'action="([^"]+/attachments)"', seen.text)
    assert action
    to = visitor.origin + action[1]
    content = b"%PDF the summary of a call"
    seen = visitor.see(visitor.post(to, files={"attachments": ("call.pdf", content)}, timeout=60).url)
    assert "Ready: 2 notes to send, 1 row with problems skipped." in seen.text
    assert "among the attachments" in seen.text
    assert "1 file to upload first (26 bytes)" in seen.text
    assert str(tmp_path) not in seen.text
    ended = visitor.see(visitor.agree(seen).url)
    assert "Done. Something needs your attention." in ended.text
    assert [stored.sha256 for stored in box.attachments] == [hashlib.sha256(content).hexdigest()]
    assert {note.prospect_id: note.attachment_ids for note in box.notes} == dict.fromkeys(
        ("p1", "p2"), (box.attachments[0].id,)
    )
