"""A file is opened in its folder, and by no link: part by part, or by where Windows says that it lies."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

import pytest

from importer.rows.safe_opening import is_beneath, open_beneath

by_parts = pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="this system opens nothing part by part")


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
    with pytest.raises(OSError, match=r"it has become a link|it no longer exists"):
        open_beneath(tmp_path / "folder", path)


@by_parts
def test_a_folder_that_may_be_entered_but_not_listed_serves(tmp_path: Path) -> None:
    (tmp_path / "within").mkdir()
    path = tmp_path / "within" / "call.pdf"
    path.write_bytes(b"Spoke")
    path.parent.chmod(0o100)
    try:
        with open_beneath(tmp_path, path) as file:
            assert file.read() == b"Spoke"
    except PermissionError:
        assert not hasattr(os, "O_PATH")  # macOS
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("final", "expected"),
    [
        (r"\\?\C:\files\2026\call.pdf", True),
        (r"\\?\c:\FILES\call.pdf", True),
        (r"C:\files\call.pdf", True),
        (r"\\?\C:\files2\call.pdf", False),
        (r"\\?\C:\secret.pdf", False),
        (r"\\?\D:\files\call.pdf", False),
        (r"\\?\UNC\server\share\files\call.pdf", False),
    ],
)
def test_windows_says_where_an_open_file_lies(final: str, expected: bool) -> None:
    assert is_beneath(final, PureWindowsPath(r"C:\files")) is expected
    assert is_beneath(final, PureWindowsPath("\\\\?\\C:\\files")) is expected


def test_windows_says_so_of_another_machines_files_too() -> None:
    share = PureWindowsPath(r"\\server\share\files")
    assert is_beneath(r"\\?\UNC\server\share\files\call.pdf", share)
    assert not is_beneath(r"\\?\UNC\server\share\other\call.pdf", share)
