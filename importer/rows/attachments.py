"""Which files a sheet may name: those in one folder, and of these none that is nobody's business.

Comes in: a cell's text. Goes out: the files that it names, each with the digest of what it holds; or :class:`Wrong`. A
sheet comes from outside, so whatever a name leads to is looked at before it is opened, a pipe or a device is never
opened, and no link is followed. What was hashed is all that ever leaves: :func:`unchanged` sees to that.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import math
import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from importer import resultsfile
from importer.errors import BadSettings
from importer.files import FileTrouble, why
from importer.messages import Cell, Message, say
from importer.models import AttachedFile
from importer.rows.safe_opening import identity, open_beneath
from importer.rows.values import Wrong, error_in, is_link, quoted

LARGEST = 20 * 1024 * 1024
"""Bytes that an upload may have at most (20 MB, says the vendor's reference; where it means fewer, the API says so)."""

_PIECE = 1 << 20
_SHORTEST_KEY = 8  # characters; what is shorter is no real key, and stands in any file
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")  # in which a key may stand in a file; PowerShell writes UTF-16
# How a database begins, or what is still to go in.
_DATABASES = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_LIKE = 0.75
# Names that one like them is looked for; of more it's the folder that is wrong, and they are told together.
_MOST_LIKE = 20
_MOST_LISTED = 10_000  # files of a folder that are looked through for a like name
_MOST_PARTS = 10  # of a name with commas that are looked for
_HIDDEN = 2  # Windows' own mark of a hidden file
# What Windows takes for a device in whatever folder, for another stream of a file, or without its end; such names are
# taken nowhere, so that a sheet means the same everywhere.
_ODD_ON_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\s*\..*)?|.*:.*|.*[. ]")


class Folder:
    """The folder that files are taken from.

    Args:
        place: where it is.
        never: files that are never taken, wherever they lie; there need not be one.
        never_beside: the same, and neither are those beside them whose names begin with theirs: a lock, a copy.
        key: the API's; no file that holds it is taken.

    Attributes:
        files: those that were taken, by their digests.
        alike: the name of each that holds the same as one taken before → that one's, under which it is uploaded.

    Raises:
        BadSettings: it is no folder.
    """

    def __init__(
        self,
        place: Path,
        never: Iterable[Path] = (),
        never_beside: Iterable[Path] = (),
        key: str = "",
    ) -> None:
        self.files: dict[str, AttachedFile] = {}
        self.alike: dict[str, str] = {}
        self._place, self._keys = place, [key.encode(one) for one in _ENCODINGS if len(key) >= _SHORTEST_KEY]
        try:
            self._root = place.resolve(strict=True)
            self._root_is = identity(root := self._root.stat())
            is_folder = stat.S_ISDIR(root.st_mode)
        except (OSError, RuntimeError, ValueError):
            is_folder = False
        if not is_folder:
            raise BadSettings(say("attachments.no-folder", place=str(place.absolute())), setting="attachments")
        beside = [_resolved(file) for file in never_beside]
        self._beside = [(file.parent, file.name.casefold()) for file in beside]
        self._never = {*beside, *map(_resolved, never)}
        self._never_same = {identity(there) for file in self._never if (there := _stat(file)) is not None}
        self._taken: dict[str, str | Wrong] = {}  # name → digest
        self._names: dict[Path, dict[str, list[str]]] = {}
        self._missed = 0

    def read(self, text: str) -> tuple[str, ...] | Wrong:
        """The digests of the files that a cell names, each once; or what is wrong with the first that can't be taken.

        Names are separated by semicolons or line breaks.
        """
        if (shown := error_in(text.strip())) is not None:
            return Wrong(shown)
        found: dict[str, None] = {}
        for name in names_in(text):
            if name not in self._taken:
                self._taken[name] = self._take(name)
            digest = self._taken[name]
            if isinstance(digest, Wrong):
                return self._parted(text.strip()) or digest
            found[digest] = None
        return tuple(found)

    def _parted(self, text: str) -> Wrong | None:
        """What is wrong with a cell that is one file's name, and holds what separates names; None where it is none."""
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            if ";" in text and self._is_there(text):
                return Wrong(say("file.semicolon", file=_cell(text)))
        return None

    # -- one file ---------------------------------------------------------------------------------------------------

    def _take(self, name: str) -> str | Wrong:
        """The digest of a file's content, or why it isn't taken."""
        try:
            if (wrong := self._why_not_named(name)) is not None:
                return Wrong(wrong)
            path = self._found(name)
            if path is None:
                return Wrong(self._missing(name))
            looked_at = path.lstat()
            if (wrong := self._why_not(name, path, looked_at)) is not None:
                return Wrong(wrong)
            with self._open(path, looked_at) as file:
                if _is_database(file) or resultsfile.is_results(file):
                    return Wrong(say("file.never", file=_cell(name)))
                file.seek(0)
                size, digest, has_key = self._hashed(file)
        except (OSError, RuntimeError, ValueError) as error:
            reason = why(error) if isinstance(error, OSError) and error.strerror else say("file.leads-nowhere")
            return Wrong(say("file.unreadable", file=_cell(name), why=reason))
        if has_key:
            return Wrong(say("file.holds-key", file=_cell(name)))
        if (wrong := _why_not_size(name, size)) is not None:
            return Wrong(wrong)
        first = self.files.setdefault(digest, AttachedFile(path.name, path, self._root, size, digest))
        if first.name != path.name:
            self.alike[path.name] = first.name
        return digest

    def _why_not_named(self, name: str) -> Message | None:
        """Why a name is none of a file in the folder, whatever there is; None where it may be one."""
        parts = re.split(r"[/\\]", name)
        file = _cell(name)
        if is_link(name) or re.match(r"(?i)file:/", name):
            return say("file.address", file=file)
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
            return say("file.no-name", file=file)
        if not parts[0] or re.match(r"[A-Za-z]:", name) or ".." in parts:
            return say("file.leads-out", file=file)
        if any(part.startswith(".") and part != "." for part in parts):
            return say("file.hidden", file=file)
        if any(_ODD_ON_WINDOWS.fullmatch(part) for part in parts if part != "."):
            return say("file.odd-name", file=file)
        return None

    def _found(self, name: str) -> Path | None:
        """Where the file is, without links; None where it isn't there. Letters may be put together in another way."""
        path = self._root
        for part in re.split(r"[/\\]", name):
            if part in ("", "."):
                continue
            if os.path.lexists(path / part):
                path /= part
                continue
            same = self._names_of(path).get(_composed(part), [])
            if len(same) != 1:
                return None
            path /= same[0]
        return path.resolve(strict=True)

    def _names_of(self, folder: Path) -> Mapping[str, list[str]]:
        """The names in a folder that could be meant, by how all others write them; it is looked through once."""
        if folder not in self._names:
            self._names[folder] = {}
            for name in _listed(folder):
                self._names[folder].setdefault(_composed(name), []).append(name)
        return self._names[folder]

    def _is_there(self, name: str) -> bool:
        """Whether something in the folder has the name; it may be none that is taken."""
        return self._why_not_named(name) is None and self._found(name) is not None

    def _open(self, path: Path, looked_at: os.stat_result) -> BinaryIO:
        """Open the very file that was looked at, in the very folder that was named.

        Raises:
            OSError: Another has taken the place of either, or the file can't be opened.
        """
        if identity(self._root.stat()) != self._root_is:
            raise FileTrouble(say("file.folder-gone"))
        file = open_beneath(self._root, path)
        if os.name == "posix" and identity(os.fstat(file.fileno())) != identity(looked_at):
            file.close()
            raise FileTrouble(say("file.replaced"))
        return file

    def _why_not(self, name: str, path: Path, there: os.stat_result) -> Message | None:
        """Return why the file at this path is refused, without opening it."""
        file = _cell(name)
        if not path.is_relative_to(self._root):
            return say("file.link-leads-out", file=file)
        if not stat.S_ISREG(there.st_mode):
            return say("file.is-folder" if stat.S_ISDIR(there.st_mode) else "file.is-device", file=file)
        is_hidden = getattr(there, "st_file_attributes", 0) & _HIDDEN
        if is_hidden or any(part.startswith(".") for part in path.relative_to(self._root).parts):
            return say("file.hidden", file=file)
        is_same = path in self._never or identity(there) in self._never_same
        is_beside = any(
            path.parent == folder and path.name.casefold().startswith(start) for folder, start in self._beside
        )
        if is_same or is_beside:
            return say("file.never", file=file)
        return _why_not_size(name, there.st_size)

    def _missing(self, name: str) -> Message:
        """What to say of a file that isn't there."""
        parts = [part for part in map(str.strip, name.split(",")) if part]
        if len(parts) > 1 and any(map(self._is_there, parts[:_MOST_PARTS])):
            return say("file.several", file=_cell(name))
        last = re.split(r"[/\\]", name)[-1]
        self._missed += 1
        listed = self._names_of(self._root) if self._missed <= _MOST_LIKE else ()
        folded = {one.casefold(): one for one in listed}  # as it is written in a cell
        near = difflib.get_close_matches(last.casefold(), folded, n=1, cutoff=_LIKE)
        kind = (
            "file.missing" if self._place.is_absolute() else "file.missing-here"
        )  # here lie those dropped on the page
        missing = say(kind, file=_cell(name), place=str(self._place))
        return say("file.missing.near", why=missing, near=_cell(folded[near[0]])) if near else missing

    def _hashed(self, file: BinaryIO) -> tuple[int, str, bool]:
        """How many bytes a file has, the digest of them, and whether the key is among them; no more than are taken."""
        digest, size, has_key, before = hashlib.sha256(), 0, False, b""
        for piece in _pieces(file):
            digest.update(piece)
            size += len(piece)
            if self._keys:
                has_key = has_key or any(key in before + piece for key in self._keys)
                before = (before + piece)[-max(map(len, self._keys)) :]
            if size > LARGEST:
                break
        return size, digest.hexdigest(), has_key


def names_in(text: str) -> list[str]:
    """The names of files that a cell holds, as they stand there."""
    return [name for part in re.split(r"[;\r\n\v\f\x85\u2028\u2029]", text) if (name := part.strip())]


def are_names(values: Sequence[str], place: Path) -> bool:
    """Whether most of some cells name files in a folder, or folders within, by what it lists; none is opened."""
    there = {_composed(name).casefold() for name in _listed(place)}
    first = [[_composed(re.split(r"[/\\]", name)[0]).casefold() for name in names_in(text)] for text in values]
    return 2 * sum(bool(names) and there.issuperset(names) for names in first) > len(values)


def _cell(name: str) -> Cell:
    return Cell(quoted(name))


def _why_not_size(name: str, size: int) -> Message | None:
    if not size:
        return say("file.empty", file=_cell(name))
    if size > LARGEST:
        mib = math.ceil(size / (1 << 20) * 10) / 10  # a byte more than fits isn't told as what fits
        return say("file.too-large", file=_cell(name), size=f"{mib:,.1f}", most=LARGEST >> 20)
    return None


def _composed(name: str) -> str:
    """A name as it is written by others than macOS, without blanks at its ends, which no cell can name."""
    return unicodedata.normalize("NFC", name).strip()


def _is_database(file: BinaryIO) -> bool:
    """Whether it is one as the journal is, or a part or a copy of one. Raises OSError."""
    return (file.read(16) or b"").startswith(_DATABASES)


def _resolved(file: Path) -> Path:
    """Where a file is, without links, as far as that can be said."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        return file.resolve()
    return file.absolute()


def _stat(file: Path) -> os.stat_result | None:
    with contextlib.suppress(OSError, ValueError):
        return file.stat()
    return None


def _listed(folder: Path) -> Sequence[str]:
    """The names in a folder that could be meant; none where they are too many, or can't be listed."""
    with contextlib.suppress(OSError):
        found = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        return found if len(found) <= _MOST_LISTED else []
    return []


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


# -- what is sent -----------------------------------------------------------------------------------------------------


def unchanged(taken: AttachedFile) -> BinaryIO:
    """What a file holds, to be sent: a copy of its own, at its beginning, so that a change meanwhile doesn't leave.

    Raises:
        OSError: the file can't be read any more, or holds something else than when it was taken.
    """
    with contextlib.ExitStack() as undo:
        copy = undo.enter_context(tempfile.TemporaryFile())
        digest, size = hashlib.sha256(), 0
        with open_beneath(taken.root, taken.path) as file:
            while size <= taken.size and (piece := file.read(_PIECE)):
                digest.update(piece)
                size += copy.write(piece)
        if size != taken.size or digest.hexdigest() != taken.digest:
            raise FileTrouble(say("file.changed"))
        copy.seek(0)
        undo.pop_all()
    return copy
