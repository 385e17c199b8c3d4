"""Open a file that lies in a folder, and follow no link on the way to it.

Comes in: a folder and the path of a file in it, both without links. Goes out: the open file, or an ``OSError`` in words
for a row. On Linux and macOS each part of the path is opened from the folder before it, so a folder that is swapped for
a link meanwhile leads nowhere. Windows opens by the whole path, so there the open file is asked where it lies.
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

# Windows has no such flags, and no pipes in its folders. Without them opening a pipe would wait for its other end.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
# O_PATH needs no right to list the folder.
_FOLDER_FLAGS = (
    getattr(os, "O_PATH", os.O_RDONLY)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def identity(there: os.stat_result) -> tuple[int, int]:
    """Return the device and the inode, which tell a file from all others."""
    return there.st_dev, there.st_ino


def open_beneath(folder: Path, path: Path) -> BinaryIO:
    """Open a file that lies in a folder or further down; each read is one of the disk.

    Raises:
        OSError: It can't be opened, a link leads to it, or it is not a regular file.
    """
    parts = path.relative_to(folder).parts
    try:
        by_parts = os.open in os.supports_dir_fd
        handle = _open_by_parts(folder, *parts) if by_parts else os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileTrouble(say("file.gone")) from error
    except OSError as error:
        if error.errno == errno.ELOOP:  # of O_NOFOLLOW
            raise FileTrouble(say("file.became-link")) from error
        raise
    file = os.fdopen(handle, "rb", buffering=0)
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
    here = os.open(folder, _FOLDER_FLAGS)
    try:
        for part in parts[:-1]:
            within = os.open(part, _FOLDER_FLAGS, dir_fd=here)
            os.close(here)
            here = within
        return os.open(parts[-1], _FLAGS, dir_fd=here)
    finally:
        os.close(here)


def is_beneath(final: str, folder: PurePath) -> bool:
    r"""Whether a path, as Windows writes it for an open file (``\\?\C:\…``), lies in a folder."""
    return PureWindowsPath(_plain(final)).is_relative_to(PureWindowsPath(_plain(str(folder))))


def _plain(path: str) -> str:
    r"""Return a path without the mark ``\\?\`` that Windows may put before it."""
    if path.startswith("\\\\?\\UNC\\"):
        return "\\\\" + path[8:]
    return path.removeprefix("\\\\?\\")


def _final_path(handle: int) -> str:
    """Return the path of an open file after all links, as Windows knows it.

    Raises:
        OSError: Windows doesn't say.
    """
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - only Windows needs these two
        import msvcrt  # noqa: PLC0415

        final_path = ctypes.WinDLL("kernel32", use_last_error=True).GetFinalPathNameByHandleW
        final_path.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_ulong, ctypes.c_ulong)
        final_path.restype = ctypes.c_ulong
        room = ctypes.create_unicode_buffer(1 << 15)
        length = final_path(msvcrt.get_osfhandle(handle), room, len(room), 0)
        if 0 < length < len(room):
            return room.value
    raise FileTrouble(say("file.lies-somewhere"))
