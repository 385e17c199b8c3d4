"""Read and write files in S3, at a URL such as ``s3://bucket/inbox/contacts.xlsx``.

Input: URLs. Output: lists of files, local copies, and files put in the store; or an error that says what is wrong. The
store's library is loaded with the first URL, because most people need none.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Self

from importer.errors import BadSettings, ImporterError, NotReached, UnreadableFile
from importer.files import FileTrouble, NotAllowed, why
from importer.messages import say

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://[^/]")
_WITH_PASSWORD = re.compile(r"[^/]*:[^/]*@")
_REFUSED = {errno.EINVAL, errno.EPERM, errno.ENAMETOOLONG}
_CHUNK = 1 << 20


if TYPE_CHECKING:
    _Base = Path
else:
    _Base = PurePosixPath


class Url(_Base):
    """A URL as a path. It has a name, a suffix and a parent, but can't be opened.

    To the type checker it is a ``Path``, because code that only names files accepts either.
    """

    def __str__(self) -> str:
        scheme, _, rest = super().__str__().partition(":/")
        return f"{scheme}://{rest}"

    def absolute(self) -> Self:
        """Return the URL itself."""
        return self

    resolve = absolute  # type: ignore[assignment]

    @property
    def scheme(self) -> str:
        """The part before the colon, in lower case."""
        return self.parts[0].removesuffix(":").lower()


class ChangedMeanwhile(FileTrouble):
    """A file has changed since it was read."""

    def __init__(self, name: str) -> None:
        super().__init__(say("files.changed", name=name), errno.EEXIST)


class OutOfReach(FileTrouble, ConnectionError):
    """The store can't be reached, or is out of order."""


def place(text: str | Path) -> Path:
    """Return the path or the URL that a person named. Raises BadSettings if the URL holds a password."""
    if not isinstance(text, str):
        return text
    if _URL.match(text) is None:
        return Path(text)
    if _WITH_PASSWORD.match(text.partition("://")[2]):
        raise BadSettings(say("store.password"))
    return Url(text)


def local_name(url: Url) -> str:
    """Return a file's name without parts that Windows takes for folders, a drive or a stream."""
    return re.split(r"[\\:]", url.name)[-1].strip(". ") or "file"


def is_same(one: Path, other: Path) -> bool:
    """Return whether two places are the same file."""
    with contextlib.suppress(OSError):  # one of them doesn't exist here
        return Path(one).samefile(other)
    return one == other


def files_in(url: Url) -> list[Url] | None:
    """Return the files in a folder or those that match a pattern; None for a file, and for a missing one with a suffix.

    Raises ImporterError.
    """
    with readable(url), _store(url) as (store, path):
        if store.isfile(path):
            return None
        entries: list[Any] = []
        if is_pattern := glob.has_magic(path):
            entries = [*store.glob(path, detail=True).values()]
        else:
            with contextlib.suppress(FileNotFoundError):
                entries = store.ls(path, detail=True)
        if not entries:
            _see_listing(url, store, re.split(r"[*?\[]", path)[0].rpartition("/")[0] if is_pattern else path)
            return None if url.suffix and not is_pattern else []
        return [Url(f"s3://{entry['name']}") for entry in entries if entry["type"] == "file" and entry["name"] != path]


def check_folder(folder: Url) -> None:
    """Check early that files can be put into a folder, which is the beginning of names. Raises ImporterError."""
    with readable(folder), _store(folder) as (store, path):
        _see_listing(folder, store, path)


def _see_listing(url: Url, store: Any, path: str) -> None:
    """Check that S3 itself lists a folder, even an empty one. A 404 from another server isn't an empty folder."""
    bucket, _, key = path.partition("/")
    listing: dict[str, Any] = {}
    with contextlib.suppress(FileNotFoundError):
        listing = store.call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{key}/" if key else "", MaxKeys=1)
    if "Name" not in listing and "KeyCount" not in listing:
        raise UnreadableFile(say("store.no-listing", file=str(url)))


def version(url: Url) -> str | None:
    """Return a text that changes with the file; None if there is no file or no bucket. Raises OSError."""
    with _store(url) as (store, path):
        try:
            info = store.info(path)
        except FileNotFoundError:
            return None
        return str(info["ETag"]) if info["type"] == "file" else None


def fetch(url: Url, file: IO[bytes], most: int) -> int:
    """Copy a file's content to ``file`` unless it exceeds ``most`` bytes; return its size. Raises ImporterError."""
    with readable(url), _store(url) as (store, path), store.open(path, "rb") as source:
        size = int(source.size)
        if size <= most:
            shutil.copyfileobj(source, file, _CHUNK)
        return size


@contextmanager
def opened(url: Url) -> Iterator[Any]:
    """Open a file to read parts of it. Raises OSError."""
    with _store(url) as (store, path), store.open(path, "rb", block_size=_CHUNK) as file:
        yield file


def put(content: bytes, url: Url) -> None:
    """Write a file to the store, under a name that :func:`version` showed to be free. Raises OSError."""
    with _store(url) as (store, path):
        store.pipe_file(path, content)


def move(url: Url, target: Url, fingerprint: str) -> None:
    """Move a file with this SHA-256 to a free name: copy it, and remove it when the copy is complete.

    Raises ChangedMeanwhile if it has changed since it was read, FileExistsError if the name is taken; OSError.
    """
    version_before = version(url)
    with _store(url) as (store, path), store.open(path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != fingerprint:
            raise ChangedMeanwhile(url.name)
    if version(target) is not None:
        raise FileExistsError(errno.EEXIST, f"{target.name} is taken")
    with _store(url) as (store, path), _store(target) as (_, copy):
        store.cp_file(path, copy)
        if version(url) != version_before:  # the copy may be of either version
            store.rm_file(copy)
            raise ChangedMeanwhile(url.name)
        store.rm_file(path)


@contextmanager
def readable(url: Path) -> Iterator[None]:
    """Translate the block's errors of reading into errors with messages for a person: UnreadableFile, NotReached."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFile(say("files.none", file=str(url))) from error
    except ConnectionError as error:
        raise NotReached(say("store.not-reached", file=str(url), why=why(error))) from error
    except OSError as error:
        raise UnreadableFile(say("store.not-read", file=str(url), why=why(error))) from error


@contextmanager
def _store(url: Url) -> Iterator[tuple[Any, str]]:
    """Yield the store that a URL names, and the store's name for the file.

    Raises BadSettings if such stores can't be used, ConnectionError if the store can't be reached or is out of order;
    another OSError.
    """
    if url.scheme != "s3":
        raise BadSettings(say("store.no-such", file=str(url), scheme=url.scheme))
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - only needed for a URL
    except ImportError as error:
        raise BadSettings(say("store.no-s3", scheme=url.scheme)) from error
    try:
        yield S3FileSystem(use_listings_cache=False), str(url).partition("://")[2]
    except (ImporterError, FileTrouble, FileNotFoundError):
        raise
    except Exception as error:
        is_refused = isinstance(error, (PermissionError, ValueError, TypeError)) or (
            isinstance(error, OSError) and error.errno in _REFUSED
        )
        if is_refused or re.search("Credentials|Token|ProfileNotFound", type(error).__name__):
            raise NotAllowed(say("store.refuses", said=_words(error))) from error
        raise OutOfReach(say("store.out-of-order", said=_words(error))) from error


def _words(error: Exception) -> str:
    """Return a library's message without its full stop."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__).strip().rstrip(".")
