"""Open a file inside a folder without following links.

Input: a folder and the path of a file in it, both with links resolved. Output: the open file, or an ``OSError`` with a
message for a row. On Linux and macOS each part of the path is opened relative to the folder before it, so a folder that
is replaced by a link meanwhile is not followed. Windows opens the whole path, so its final path is checked afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path, PurePath, PureWindowsPath
from typing import BinaryIO

from importer.files import FileTrouble
from importer.messages import say

# Windows lacks most of these flags, and has no pipes in folders. Without O_NONBLOCK, opening a pipe would wait.
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"))
# O_PATH needs no permission to list the folder.
_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | sum(getattr(os, name, 0) for name in ("O_DIRECTORY", "O_NOFOLLOW"))


def identity(there: os.stat_result) -> tuple[int, int]:
    """Return the device and the inode, which identify a file."""
    return there.st_dev, there.st_ino


def open_beneath(folder: Path, path: Path) -> BinaryIO:
    """Open a regular file in a folder or its subfolders.

    Raises:
        OSError: the file can't be opened, its path contains a link, or it is not a regular file.
    """
    parts = path.relative_to(folder).parts
    try:
        by_parts = os.open in os.supports_dir_fd
        handle = _open_by_parts(folder, *parts) if by_parts else os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileTrouble(say("file.gone")) from error
    except OSError as error:
        if error.errno == errno.ELOOP:  # O_NOFOLLOW found a link
            raise FileTrouble(say("file.became-link")) from error
        raise
    file = os.fdopen(handle, "rb")
    with contextlib.ExitStack() as undo:
        undo.enter_context(file)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileTrouble(say("file.became-other"))
        if not by_parts and not is_beneath(_final_path(handle), folder):
            raise FileTrouble(say("file.became-link"))
        undo.pop_all()
    return file


def _open_by_parts(folder: Path, *parts: str) -> int:
    """Open the folder, then each part from the part before it."""
    folder_handle = os.open(folder, _FOLDER_FLAGS)
    try:
        for part in parts[:-1]:
            inner_handle = os.open(part, _FOLDER_FLAGS, dir_fd=folder_handle)
            os.close(folder_handle)
            folder_handle = inner_handle
        return os.open(parts[-1], _FLAGS, dir_fd=folder_handle)
    finally:
        os.close(folder_handle)


def is_beneath(final: str, folder: PurePath) -> bool:
    r"""Return whether a path lies in a folder; the path may have the form of Windows' open files (``\\?\C:\…``)."""
    return PureWindowsPath(_plain(final)).is_relative_to(PureWindowsPath(_plain(str(folder))))


def _plain(path: str) -> str:
    r"""Return a path without the prefix ``\\?\`` that Windows may add."""
    if path.startswith("\\\\?\\UNC\\"):
        return "\\\\" + path[8:]
    return path.removeprefix("\\\\?\\")


def _final_path(handle: int) -> str:
    """Return Windows' path of an open file, with links resolved.

    Raises:
        OSError: Windows doesn't return the path.
    """
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - only Windows needs these two
        import msvcrt  # noqa: PLC0415

        final_path = ctypes.WinDLL("kernel32", use_last_error=True).GetFinalPathNameByHandleW
        final_path.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_ulong, ctypes.c_ulong)
        final_path.restype = ctypes.c_ulong
        buffer = ctypes.create_unicode_buffer(1 << 15)
        length = final_path(msvcrt.get_osfhandle(handle), buffer, len(buffer), 0)
        if 0 < length < len(buffer):
            return buffer.value
    raise FileTrouble(say("file.lies-somewhere"))
