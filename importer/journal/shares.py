"""Find network shares. A database file on a share can be damaged, because each machine has its own locks and memory.

Input: a file's path. Output: the kind of share that the file is on, or None.
"""

from __future__ import annotations

import ctypes
import functools
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_KINDS = re.compile(
    r"(fuse\.)?(nfs4?|cifs|smb3|smbfs|afpfs|ncpfs|afs|webdav|davfs2?|sshfs|glusterfs|cephfs|ceph|rclone|s3fs|gcsfuse)"
)
"""Kinds that are certainly network shares; disks of virtual machines and containers (9p, virtiofs, overlay) aren't."""
_MOUNTED = re.compile(r"\S+ \S+ \S+ \S+ (?P<folder>\S+) .*? - (?P<kind>\S+) ")  # man 5 proc_pid_mountinfo
_LISTED = re.compile(r".* on (?P<folder>/.*) \((?P<kind>\w+)[,)].*")  # output of macOS's mount
_REMOTE = 4  # DRIVE_REMOTE of Windows' GetDriveTypeW


def kind_of(path: Path) -> str | None:
    """Return the kind of network share that a file is, or would be, on; None for a local disk, or if unknown.

    Args:
        path: the full path, without links.
    """
    if sys.platform == "win32":
        return _windows_kind(path)
    depth, kind = -1, ""
    for folder, mounted_kind in mounts():
        if path.is_relative_to(folder) and len(Path(folder).parts) >= depth:  # of two at one folder, the later counts
            depth, kind = len(Path(folder).parts), mounted_kind
    return kind if _KINDS.fullmatch(kind) else None


def mounts() -> Iterable[tuple[str, str]]:
    """Return the folders at which file systems are mounted, and each file system's kind, in the order of mounting."""
    if sys.platform == "darwin":
        return _mac_mounts()
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    matches = filter(None, map(_MOUNTED.match, lines))
    return [
        (re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), match["folder"]), match["kind"])
        for match in matches
    ]


@functools.cache
def _mac_mounts() -> list[tuple[str, str]]:
    try:
        output = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [(match["folder"], match["kind"]) for match in filter(None, map(_LISTED.fullmatch, output.splitlines()))]


def _windows_kind(path: Path) -> str | None:
    if path.drive.startswith("\\\\") and not path.drive.startswith(("\\\\?\\", "\\\\.\\")):
        return path.drive
    windows = getattr(ctypes, "windll", None)
    if windows is not None and windows.kernel32.GetDriveTypeW(path.anchor) == _REMOTE:
        return path.drive
    return None
