"""Network shares, on which a database in a file can be damaged: each machine has its own locks and memory.

Comes in: a file's path. Goes out: the kind of share that it is on, or None.
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
"""Unmistakable ones; what virtual machines and containers call their own disks (9p, virtiofs, overlay) is none."""
_MOUNTED = re.compile(r"\S+ \S+ \S+ \S+ (?P<folder>\S+) .*? - (?P<kind>\S+) ")  # man 5 proc_pid_mountinfo
_LISTED = re.compile(r".* on (?P<folder>/.*) \((?P<kind>\w+)[,)].*")  # as macOS's mount has it
_REMOTE = 4  # DRIVE_REMOTE of Windows' GetDriveTypeW


def kind_of(path: Path) -> str | None:
    """The kind of network share that a file is on, or would be; None on a disk of this machine, or if nobody can tell.

    Args:
        path: in full, without links.
    """
    if sys.platform == "win32":
        return _windows_kind(path)
    here, kind = -1, ""
    for folder, found in mounts():
        if path.is_relative_to(folder) and len(Path(folder).parts) >= here:  # of two at one place the later counts
            here, kind = len(Path(folder).parts), found
    return kind if _KINDS.fullmatch(kind) else None


def mounts() -> Iterable[tuple[str, str]]:
    """The folders at which file systems are mounted, each with the file system's kind, in the order of mounting."""
    if sys.platform == "darwin":
        return _mac_mounts()
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = filter(None, map(_MOUNTED.match, lines))
    return [
        (re.sub(r"\\([0-7]{3})", lambda sign: chr(int(sign[1], 8)), each["folder"]), each["kind"]) for each in found
    ]


@functools.cache
def _mac_mounts() -> list[tuple[str, str]]:
    try:
        listed = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [(each["folder"], each["kind"]) for each in filter(None, map(_LISTED.fullmatch, listed.splitlines()))]


def _windows_kind(path: Path) -> str | None:
    if path.drive.startswith("\\\\") and not path.drive.startswith(("\\\\?\\", "\\\\.\\")):
        return path.drive
    windows = getattr(ctypes, "windll", None)
    if windows is not None and windows.kernel32.GetDriveTypeW(path.anchor) == _REMOTE:
        return path.drive
    return None
