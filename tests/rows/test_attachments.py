"""Only files of one folder are taken, and none that is nobody's business; what was hashed is all that is sent."""

import hashlib
import os
from pathlib import Path

import pytest

from importer.errors import BadSettings
from importer.messages import render
from importer.rows import attachments
from importer.rows.attachments import LARGEST, Folder, open_beneath, unchanged
from importer.rows.values import Wrong

by_parts = pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="this system opens nothing part by part")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "2026").mkdir(parents=True)
    (folder / "form.pdf").write_bytes(b"Signed")
    (folder / "2026" / "call, May.txt").write_bytes(b"Spoke")
    (tmp_path / "secret").write_bytes(b"Nobody's business")
    return folder


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def why_not(folder: Folder, name: str) -> str:
    found = folder.read(name)
    assert isinstance(found, Wrong), name
    assert not folder.files
    return render(found.reason)


def test_a_cell_names_files_by_name_or_by_their_way_in_the_folder(files: Path) -> None:
    folder = Folder(files)
    both = (digest(b"Signed"), digest(b"Spoke"))
    for cell in (
        "form.pdf; 2026/call, May.txt", " form.pdf\n.\\2026\\call, May.txt\r\n; ", "form.pdf;./2026//call, May.txt",
    ):  # fmt: skip
        assert folder.read(cell) == both
    assert folder.read(" ; ") == ()
    taken = folder.files[both[1]]
    assert (taken.name, taken.path, taken.size) == ("call, May.txt", files.resolve() / "2026" / "call, May.txt", 5)


def test_a_file_counts_once_however_often_it_is_named_and_by_what_it_holds(files: Path) -> None:
    (files / "copy.pdf").write_bytes(b"Signed")
    folder = Folder(files)
    assert folder.read("form.pdf;copy.pdf;form.pdf;./form.pdf") == (digest(b"Signed"),)
    assert [file.name for file in folder.files.values()] == ["form.pdf"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "is outside the folder"),
        (".hidden", "is a hidden file"),
        ("NUL", "is a file name that some systems do not allow"),
        ("form\ud800.pdf", "is a file name that some systems do not allow"),
        ("2026", "is a folder, a pipe or a device. Write the name of a file"),
        ("C:\\Users\\call.txt", "'C:\\Users\\call.txt' is outside the folder"),
        ("form.pdf, gone.txt", "separate them with ; or a line break"),
        ("Smith, Jo.pdf", "separate them with ; or a line break"),
        ("forn.pdf", "correct the name"),
        ("At3kLm90Qx", "there is no file"),
        ("#N/A", "shows the error"),
        ("a;b.pdf", "there is no file 'a'"),
        ("gone.pdf; form.pdf", "there is no file 'gone.pdf'"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_the_folder_is_a_problem_of_the_row(files: Path, name: str, why: str) -> None:
    (files / ".hidden").write_bytes(b"x")
    (files / "a;b.pdf").write_bytes(b"x")
    assert why in why_not(Folder(files), name).replace("`", "")


def test_empty_and_too_large_files_are_found_without_reading_them(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "empty").touch()
    for name, size in (("large", LARGEST + 1), ("huge", 2 << 30)):
        with (files / name).open("wb") as file:
            file.truncate(size)
    monkeypatch.setattr(attachments, "open_beneath", None)
    folder = Folder(files)
    assert "is empty" in why_not(folder, "empty")
    assert "has 20.1 MB, and at most 20 can be sent" in why_not(folder, "large")
    assert "2,048.0 MB" in why_not(folder, "huge")


@pytest.mark.parametrize("name", ["api.key", "journals/journal.sqlite", "link/api.key"])
def test_a_folder_that_holds_the_programs_own_files_is_refused(files: Path, name: str) -> None:
    """However deep they lie there, by whatever link, and before they are made: copies and logs lie beside them."""
    if name.startswith("link"):
        if os.name != "posix":
            pytest.skip("this system makes no links, or not for this user")
        (files / "keys").mkdir()
        (files.parent / "link").symlink_to(files / "keys")
        name = f"../{name}"
    with pytest.raises(BadSettings, match=r"holds a file of note-importer: .*(key|sqlite)"):
        Folder(files, ours=[files / name])


def test_a_name_is_found_however_its_letters_are_put_together(files: Path) -> None:
    """Names that come from a Mac hold the accent apart, those of folders too; a cell names no blank at an end."""
    (files / "Re\u0301sume\u0301.pdf").write_bytes(b"mine")
    (files / "Ne\u0301e").mkdir()
    (files / "Ne\u0301e" / " form.pdf").write_bytes(b"hers")
    assert Folder(files).read("R\u00e9sum\u00e9.pdf") == (digest(b"mine"),)
    assert Folder(files).read("N\u00e9e/form.pdf") == (digest(b"hers"),)


@by_parts
@pytest.mark.parametrize("part", ["folder", "folder/within", "folder/within/call.pdf"])
def test_a_link_in_any_part_of_the_path_is_not_followed(tmp_path: Path, part: str) -> None:
    path = tmp_path / "folder" / "within" / "call.pdf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"Spoke")
    with open_beneath(tmp_path / "folder", path) as file:
        assert file.read() == b"Spoke"
    (tmp_path / part).rename(tmp_path / "moved")
    (tmp_path / part).symlink_to(tmp_path / "moved")
    with pytest.raises(OSError, match=r"it has changed since it was read|it no longer exists"):
        open_beneath(tmp_path / "folder", path)


def test_only_what_was_hashed_is_sent(files: Path) -> None:
    folder = Folder(files)
    folder.read("form.pdf")
    [taken] = folder.files.values()
    assert unchanged(taken) == b"Signed"
    for changed in (b"signed", b"Signed and more", b"Sign", b""):
        taken.path.write_bytes(changed)
        with pytest.raises(OSError, match="has changed"):
            unchanged(taken)
    taken.path.unlink()
    with pytest.raises(OSError, match="it no longer exists"):
        unchanged(taken)
