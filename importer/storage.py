"""Read and write files in S3, at a URL such as ``s3://bucket/inbox/contacts.xlsx``.

Input: URLs. Output: lists of files, open files, and files put in the store; or UnreadableFile or NotReached, which say
what is wrong. The store's library is loaded with the first URL, because most people need none.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Self

from importer import files
from importer.errors import BadSettings, ImporterError, NotReached, UnreadableFile
from importer.messages import say

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/]")
_S3 = re.compile(r"s3://[^/@]+(/|$)", re.IGNORECASE)
_BLOCK = 4 << 20


if TYPE_CHECKING:
    _Base = Path
else:
    _Base = PurePosixPath


class Url(_Base):
    """A URL as a path. It has a name, a suffix and a parent, but can't be opened.

    To the type checker it is a ``Path``, because code that only names files accepts either.
    """

    def __str__(self) -> str:
        return f"s3://{self.key}"

    @property
    def key(self) -> str:
        """The bucket, and the name in it."""
        return "/".join(self.parts[1:])

    def absolute(self) -> Self:
        """Return the URL itself."""
        return self

    resolve = absolute  # type: ignore[assignment]


class ChangedMeanwhile(OSError):
    """A file has changed since it was read."""


def place(text: str | Path) -> Path:
    """Return the path or the URL that a person named. Raises BadSettings for a URL that can't be used."""
    if not isinstance(text, str):
        return text
    if _URL.match(text) is None:
        return Path(text)
    if _S3.match(text) is None:
        raise BadSettings(say("store.no-such", url=text.rpartition("@")[2]))
    return Url(text)


def files_in(url: Url) -> list[Url] | None:
    """Return the files in a folder or those that match a pattern; None for a file, and for a missing one with a suffix.

    Raises ImporterError.
    """
    is_pattern = glob.has_magic(url.key)
    with _store(url) as store:
        if store.isfile(url.key):
            return None
        check_folder(Url(re.split(r"[*?\[]", str(url))[0].rpartition("/")[0]) if is_pattern else url)
        found = store.glob(url.key if is_pattern else f"{url.key}/*", detail=True)
    if not found and url.suffix and not is_pattern:
        return None
    return [Url(f"s3://{name}") for name, entry in found.items() if entry["type"] == "file"]


def check_folder(folder: Url) -> None:
    """Check that S3 itself lists a folder, even an empty one. A 404 from another server isn't an empty folder.

    Raises ImporterError.
    """
    bucket, _, key = folder.key.partition("/")
    with _store(folder) as store:
        listing = store.call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{key}/" if key else "", MaxKeys=1)
        if "Name" not in listing:
            raise FileNotFoundError(folder.key)


def version(url: Url) -> str | None:
    """Return a text that changes with the file; None if there is no file or no bucket. Raises ImporterError."""
    with _store(url) as store, contextlib.suppress(FileNotFoundError):
        tag: str | None = store.info(url.key).get("ETag")
        return tag
    return None


@contextmanager
def opened(url: Url) -> Iterator[Any]:
    """Open a file to read it or parts of it; its ``size`` is known. Raises ImporterError."""
    with _store(url) as store, store.open(url.key, "rb", block_size=_BLOCK) as file:
        yield file


def put(content: bytes, url: Url) -> None:
    """Write a file to the store, under a name that :func:`version` showed to be free. Raises ImporterError."""
    with _store(url) as store:
        store.pipe_file(url.key, content)


def move(url: Url, target: Url, fingerprint: str) -> None:
    """Move a file with this SHA-256 to a free name: copy it, and remove it when the copy is complete.

    Raises ChangedMeanwhile if it has changed since it was read, FileExistsError if the name is taken; ImporterError.
    """
    if version(target) is not None:
        raise FileExistsError(errno.EEXIST, f"{target.name} is taken")
    before = version(url)
    with _store(url) as store:
        store.cp_file(url.key, target.key)
        with opened(target) as copy:
            is_same = files.digest(copy).hex() == fingerprint and version(url) == before
        store.rm_file(url.key if is_same else target.key)
    if not is_same:
        raise ChangedMeanwhile


@contextmanager
def _store(url: Url) -> Iterator[Any]:
    """Yield the store of a URL.

    Raises UnreadableFile if it has no such file or refuses a request, NotReached if it can't be reached or is out of
    order, BadSettings if its library isn't installed.
    """
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - only needed for a URL
    except ImportError as error:
        raise BadSettings(say("store.no-s3")) from error
    try:
        yield S3FileSystem(use_listings_cache=False)
    except ImporterError:
        raise
    except FileNotFoundError as error:
        raise UnreadableFile(say("store.none", file=str(url))) from error
    except Exception as error:
        is_refused = isinstance(error, (PermissionError, ValueError, TypeError)) or (
            isinstance(error, OSError) and error.errno == errno.EINVAL
        )
        if is_refused or re.search("Credentials|Token|ProfileNotFound", type(error).__name__):
            raise UnreadableFile(say("store.refuses", file=str(url), why=files.why(error))) from error
        raise NotReached(say("store.out-of-order", file=str(url), why=files.why(error))) from error
