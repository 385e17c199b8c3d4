"""Mutates the files of the catalogue and reads them: a seed in, a Sheet or an ImporterError out, and nothing else."""

import io
import random
import zipfile
from pathlib import Path

from importer.errors import ImporterError
from importer.reading import Limits, Options, read
from tests.reading.catalogue import ENTRIES
from tests.reading.making import archive
from tests.reading.test_catalogue import is_header

SMALL = Limits(unpacked_bytes=200_000_000)
WORDS = (
    b"\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"<", b">", b"&", b'"', b"1048576", b"99999999999", b"-1",
    b"XFD1048576", b"<c>", b"</row>", b"<row>", b't="s"', b't="e"', b"&#0;", b"<![CDATA[", b"<!--", b"\r", b"\n",
    b",", b";", b"1e308", b"nan", b"[h]:mm", b"yyyy", b"_x0000_", b"_xD800_", b"\xef\xbb\xbf", b"\xed\xa0\x80",
)  # fmt: skip


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The file with a few bytes changed: of a zip file mostly within its parts."""
    if content.startswith(b"PK") and chance.random() < 0.85:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as package:
                parts = {name: package.read(name) for name in package.namelist()}
        except (zipfile.BadZipFile, NotImplementedError):
            return _changed(content, chance)
        if parts:
            name = chance.choice(list(parts))
            parts[name] = _changed(parts[name], chance)
            return archive(parts)
    return _changed(content, chance)


def _changed(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(data) + 1)
        length = min(chance.choice((1, 1, 2, 8, 64, 512)), max(len(data) - at, 0))
        kind = chance.randrange(6)
        if kind == 0 and length:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
        elif kind == 3:
            data[at : at + length] = chance.randbytes(length)
        elif kind == 4:
            data[at:at] = chance.choice(WORDS)
        else:
            word = chance.choice(WORDS)
            data[at : at + len(word)] = word
    return bytes(data)


def try_one(path: Path, content: bytes) -> str:
    """Read one file to its end; return what became of it. Anything but a sheet or an ImporterError is raised."""
    path.write_bytes(content)
    try:
        with read(path, Options(limits=SMALL), is_header=is_header) as sheet:
            for _, columns in sheet.columns():
                assert all(isinstance(cell, str) for column in columns for cell in column)
                assert len(columns) == len(sheet.headings)
    except ImporterError as exc:
        assert str(exc)
        return "refused: damaged or not understood" if "isn't understood" in str(exc) else "refused"
    return "read"


def case(seed: int) -> tuple[str, bytes]:
    """The name and the mutated bytes for a seed."""
    chance = random.Random(seed)
    entry = chance.choice(ENTRIES)
    content = entry.content if len(entry.content) < 1_000_000 else entry.content[-200_000:]
    return entry.name, mutated(content, chance)
