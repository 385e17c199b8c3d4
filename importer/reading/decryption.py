"""Decrypt an .xls that Excel opens without asking, because it is encrypted with Excel's default password.

Excel 97 to 2003 encrypt workbooks so if their structure or their windows are protected. The records are encrypted by
RC4, with a key for each kilobyte of the stream ([MS-XLS] 2.2.10, [MS-OFFCRYPTO] 2.3.5 and 2.3.6). Older workbooks and
.xlsx are encrypted otherwise, which needs more than the standard library.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable

from importer.reading.limits import Deadline

PASSWORD = "VelvetSweatshop"  # noqa: S105 - Excel's own, known to all
_BLOCK = 1024
_PLAIN = {0x809, 0x2F, 0xE1, 0x194, 0x195, 0x196, 0x138}
"""Types of the records that are never encrypted."""

_SHEET = 0x85
"""Type of the record that begins with the position of a sheet, four bytes that are not encrypted."""


def decrypt(stream: bytearray, at: int, size: int, deadline: Deadline) -> bool:
    """Decrypt the records after the one at ``at``, which says how; return False if the password isn't Excel's own."""
    key_of = _keys(bytes(stream[at : at + size]))
    if key_of is None:
        return False
    clear = bytearray()
    for block, start in enumerate(range(0, len(stream), _BLOCK)):
        deadline.check()
        clear += _rc4(key_of(block), stream[start : start + _BLOCK])
    at += size
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        begin, end = at + 4 + (4 if kind == _SHEET else 0), at + 4 + size
        if kind not in _PLAIN:
            stream[begin:end] = clear[begin:end]
        at = end
    return True


def _keys(header: bytes) -> Callable[[int], bytes] | None:
    """Return the function that makes a block's key, None if the header names another method or another password."""
    password = PASSWORD.encode("utf-16-le")
    method, major, minor = struct.unpack_from("<HHH", header.ljust(6, b"\0"))
    if (method, major, minor) == (1, 1, 1):
        algorithm, key_size, salt, encrypted = "md5", 16, header[6:22], header[22:54]
        secret = _hash(algorithm, (_hash(algorithm, password)[:5] + salt) * 16)[:5]
    elif method == 1 and minor == 2:
        (length,) = struct.unpack_from("<L", header, 10)
        algorithm, key_size, at = "sha1", struct.unpack_from("<L", header, 30)[0] // 8 or 5, 14 + length
        salt, encrypted = header[at + 4 : at + 20], header[at + 20 : at + 36] + header[at + 40 : at + 60]
        secret = _hash(algorithm, salt + password)
    else:
        return None

    def key_of(block: int) -> bytes:
        key = _hash(algorithm, secret + struct.pack("<L", block))[:key_size]
        return key.ljust(16, b"\0") if key_size == 5 else key

    verifier = _rc4(key_of(0), encrypted)
    return key_of if _hash(algorithm, verifier[:16]) == verifier[16:] else None


def _hash(algorithm: str, content: bytes) -> bytes:
    return hashlib.new(algorithm, content, usedforsecurity=False).digest()


def _rc4(key: bytes, content: bytes | bytearray) -> bytes:
    """Return a text encrypted by RC4, which decrypts it, too."""
    box = [*range(256)]
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]
    changed = bytearray()
    j = 0
    for place, byte in enumerate(content, 1):
        i = place & 255
        j = (j + box[i]) & 255
        box[i], box[j] = box[j], box[i]
        changed.append(byte ^ box[(box[i] + box[j]) & 255])
    return bytes(changed)
