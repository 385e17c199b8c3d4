"""Files at a URL, such as ``s3://bucket/inbox/contacts.xlsx``: by fsspec, and tried with S3.

Comes in: URLs. Goes out: what is there, copies of it here, and files put there; or an error that says what is wrong.
What speaks to a store is loaded when a URL is first met, as most people need none.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Self

from importer.errors import BadSettings, ImporterError, NotReached, UnreadableFile
from importer.files import FileTrouble, NotAllowed, why
from importer.messages import Message, say

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://[^/]")
_WITH_PASSWORD = re.compile(r"[^/]*:[^/]*@")
_S3 = frozenset({"s3", "s3a"})
_SHOWS_WHOLE_FILES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})
_REFUSED = {errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.ENAMETOOLONG, getattr(errno, "EREMCHG", errno.ENOENT)}
_CHUNK = 1 << 20
_MEANT_OTHERWISE = ("::", "?versionId=")
"""Fsspec takes what follows the first for another store, and S3's part of it the second for a version."""


if TYPE_CHECKING:
    _Base = Path
else:
    _Base = PurePosixPath


class Url(_Base):
    """A URL as a path: it has a name, a suffix and a parent, but nothing can be opened by it.

    To the type checker it is a ``Path``, for whatever merely names files takes either. What opens files asks first.
    """

    def __str__(self) -> str:
        scheme, _, rest = super().__str__().partition(":/")
        return f"{scheme}://{rest}"

    def absolute(self) -> Self:
        """Itself."""
        return self

    @property
    def scheme(self) -> str:
        """What stands before the colon."""
        return self.parts[0].removesuffix(":").lower()


class ChangedMeanwhile(FileTrouble, FileExistsError):
    """A file there isn't any more what was seen."""


class OutOfReach(FileTrouble, ConnectionError):
    """A store can't be reached, or is out of order."""


Place = Path | Url


def place(text: str | Path) -> Place:
    """A path or a URL, as a person named it.

    Raises:
        BadSettings: the URL holds a password.
    """
    if not isinstance(text, str):
        return text
    if _URL.match(text) is None:
        return Path(text)
    if _WITH_PASSWORD.match(text.partition("://")[2]):
        raise BadSettings(say("store.password"))
    return Url(text)


def why_unfit(url: Url) -> Message | None:
    """Return why a file can't be read by its URL, as half a sentence; None if it can."""
    mark = next((mark for mark in _MEANT_OTHERWISE if mark in str(url)), None)
    return say("store.mark", mark=mark) if mark else None


def local_name(url: Url) -> str:
    """Return a file's name without what Windows takes for folders, a drive or a stream."""
    return re.split(r"[\\:]", url.name)[-1].strip(". ") or "file"


def is_same(one: Place, other: Place) -> bool:
    """Whether two places are one file's."""
    if isinstance(one, Url) or isinstance(other, Url):
        return one == other
    try:
        return one.samefile(other)
    except OSError:  # one of them isn't there
        return False


def files_in(url: Url) -> list[Url] | None:
    """What lies in a folder; None for a file, and for what isn't there and has a file's ending.

    Raises:
        ImporterError: the store doesn't say.
    """
    with _readable(url), _store(url) as (store, path):
        if store.isfile(path):
            return None
        try:
            found = store.ls(path, detail=True)
        except FileNotFoundError as error:
            if _is_without_bucket(error):
                raise
            found = None
        if not found and url.scheme in _S3:
            _see_listing(url, store, path)
        if found is None:
            return None if url.suffix else []
        return [_beside(url, each["name"]) for each in found if each["type"] == "file" and each["name"] != path]


def matching(pattern: Url) -> list[Url] | None:
    """The files that a pattern stands for; None for a file that is called so.

    Raises:
        ImporterError: the store doesn't say.
    """
    with _readable(pattern), _store(pattern) as (store, path):
        if store.isfile(path):
            return None
        found = store.glob(path, detail=True)
        if not found and pattern.scheme in _S3:
            _see_listing(pattern, store, re.split(r"[*?\[]", path)[0].rpartition("/")[0])
        return [_beside(pattern, name) for name, each in found.items() if each["type"] == "file"]


def _beside(url: Url, name: str) -> Url:
    """The URL of what a store calls so."""
    return Url(f"{url.scheme}://{name.lstrip('/')}")


def check_folder(folder: Url) -> None:
    """See early whether anything can be put there; where a store knows folders, that there is one.

    Raises:
        ImporterError: it can't.
    """
    with _readable(folder), _store(folder) as (store, path):
        if folder.scheme in _S3:  # there a folder is nothing but the beginning of names
            _see_listing(folder, store, path)
        elif not store.isdir(path):
            raise UnreadableFile(say("store.no-folder", folder=str(folder)))


def _see_listing(url: Url, store: Any, path: str) -> None:
    """See that S3 itself shows what lies in a folder, be it nothing: a 404 of whatever else answers is no empty folder.

    Raises:
        UnreadableFile: no listing came.
        OSError: the bucket isn't there, or S3 doesn't say.
    """
    bucket, _, key = path.partition("/")
    try:
        with _translated():
            shown = store.call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{key}/" if key else "", MaxKeys=1)
    except FileNotFoundError as error:
        if _is_without_bucket(error):
            raise
        shown = {}
    if "Name" not in shown and "KeyCount" not in shown:
        raise UnreadableFile(say("store.no-listing", file=str(url)))


def is_there(url: Url) -> bool:
    """Whether there is such a file.

    Raises:
        ImporterError: the store doesn't say.
    """
    with _readable(url):
        return version(url) is not None


def version(url: Url) -> str | None:
    """What changes whenever the file does; None where there is none. Raises OSError where that can't be told."""
    with _store(url) as (store, path):
        try:
            found = store.info(path)
        except FileNotFoundError as error:
            if _is_without_bucket(error):
                raise
            return None
        return None if found["type"] != "file" else str(found.get("ETag") or store.ukey(path))


def changed_at(url: Url) -> float | None:
    """When a file was last changed, in seconds since 1970; None where the store shows a file only when it is whole.

    Raises:
        ImporterError: the store doesn't say.
    """
    if url.scheme in _SHOWS_WHOLE_FILES:
        return None
    with _readable(url), _store(url) as (store, path):
        try:
            return float(store.modified(path).timestamp())
        except NotImplementedError:
            return None


def fetch(url: Url, file: IO[bytes], most: int) -> int:
    """Copy a file here, but for what is beyond ``most`` bytes; says how large it is.

    Raises:
        ImporterError: it can't be read.
    """
    with _readable(url), _store(url) as (store, path), store.open(path, "rb") as source:
        size = int(source.size)
        if size <= most:
            shutil.copyfileobj(source, file, _CHUNK)
        return size


@contextmanager
def copy_of(url: Url) -> Iterator[Path]:
    """Copy a file here, into a folder that only we can enter; gone afterwards. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="note-importer-") as folder:
        here = Path(folder) / ("copy.csv" if url.suffix.lower() == ".csv" else "copy")
        with _store(url) as (store, path):
            store.get_file(path, str(here))
        yield here


def digest(url: Url) -> bytes:
    """SHA-256 of a file's content. Raises OSError."""
    found = hashlib.sha256()
    with _store(url) as (store, path), store.open(path, "rb") as source:
        while chunk := source.read(_CHUNK):
            found.update(chunk)
    return found.digest()


def put(content: bytes, url: Url, *, instead_of: str | None = None) -> None:
    """Put a file there: a new one, or instead of the version that was seen.

    A store other than S3 may let somebody else's file, put there in the same moment, be replaced.

    Raises:
        FileExistsError: there is one by now, or another version.
        OSError: it can't be put there.
    """
    with _store(url) as (store, path):
        if instead_of is None:
            store.pipe_file(path, content, mode="create")
        elif url.scheme in _S3:
            bucket, _, key = path.partition("/")
            with _translated():
                store.call_s3("put_object", Bucket=bucket, Key=key, Body=content, IfMatch=instead_of)
        elif version(url) != instead_of:
            raise has_changed(url.name)
        else:
            store.pipe_file(path, content)


def move(url: Url, target: Url, fingerprint: str | None = None) -> None:
    """Move a file over another, which holds its place: copied, and removed only when the copy stands.

    Args:
        url: the file.
        target: where it goes.
        fingerprint: SHA-256 that it must have, as hex digits; None: any.

    Raises:
        ChangedMeanwhile: it isn't the file that was read.
        OSError: it can't be moved.
    """
    seen = version(url)
    if fingerprint is not None and digest(url).hex() != fingerprint:
        raise has_changed(url.name)
    with _store(url) as (store, path):
        store.cp_file(path, _opened(target)[1])
        if version(url) != seen:  # then it isn't known which of them was copied
            put(b"", target, instead_of=version(target))  # it holds the place again, and is given back
            raise has_changed(url.name)
        store.rm_file(path)


def remove_empty(url: Url) -> None:
    """Remove a file that holds a place and nothing else. Raises OSError."""
    with _store(url) as (store, path):
        if not store.info(path)["size"]:
            store.rm_file(path)


@contextmanager
def _readable(url: Url) -> Iterator[None]:
    """What can't be read there, in words for a person.

    Raises:
        UnreadableFile: there is no such file, or it may not be read.
        NotReached: the store can't be reached, or is out of order.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _is_without_bucket(error):
            bucket = repr(url.parts[1])
            raise UnreadableFile(say("store.no-bucket", bucket=bucket, file=str(url))) from error
        raise UnreadableFile(say("files.none", file=str(url))) from error
    except PermissionError as error:
        raise UnreadableFile(say("store.not-allowed", file=str(url), why=why(error))) from error
    except ConnectionError as error:
        raise NotReached(say("store.not-reached", file=str(url), why=why(error))) from error
    except OSError as error:
        raise UnreadableFile(say("store.not-read", file=str(url), why=why(error))) from error


@contextmanager
def _store(url: Url) -> Iterator[tuple[Any, str]]:
    """The store that a URL names, and how it calls the file.

    Raises:
        BadSettings: nothing here speaks to such stores.
        OSError: whatever it failed of: FileNotFoundError, FileExistsError, PermissionError, ConnectionError where it
            can't be reached or is out of order, any other where it refuses.
    """
    with _translated():
        yield _opened(url)


def _opened(url: Url) -> tuple[Any, str]:
    if unfit := why_unfit(url):
        raise BadSettings(say("store.unfit", file=str(url), why=unfit))
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - only who names a URL needs it

        return url_to_fs(str(url), use_listings_cache=False)  # type: ignore[no-any-return]
    except ImportError as error:
        kind = "store.no-s3" if url.scheme in _S3 else "store.no-package"
        raise BadSettings(say(kind, scheme=url.scheme)) from error
    except ValueError as error:
        raise BadSettings(say("store.no-such", file=str(url), scheme=url.scheme)) from error


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever a store's library raises becomes an OSError of a kind that says what it is."""
    try:
        yield
    except (ImporterError, FileNotFoundError, FileExistsError):
        raise
    except Exception as error:
        said, name = _words(error), type(error).__name__
        if _code(error) in ("PreconditionFailed", "ConditionalRequestConflict", "412"):
            raise ChangedMeanwhile(say("files.it-changed"), errno.EEXIST) from error
        if "Credentials" in name or "Token" in name or "ProfileNotFound" in name:
            raise NotAllowed(say("store.credentials", said=said)) from error
        if isinstance(error, PermissionError):
            raise NotAllowed(say("store.denied", said=said)) from error
        if (isinstance(error, OSError) and error.errno in _REFUSED) or isinstance(error, (ValueError, TypeError)):
            raise FileTrouble(say("store.refuses", said=said), errno.EINVAL) from error
        raise OutOfReach(say("store.out-of-order", said=said)) from error


def has_changed(name: str) -> ChangedMeanwhile:
    """Return the error to raise where a file isn't any more what was seen."""
    return ChangedMeanwhile(say("files.changed", name=name), errno.EEXIST)


def _words(error: Exception) -> str:
    """What a library says, without the end of its sentence."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (said or type(error).__name__).strip().rstrip(".")


def _code(error: BaseException | None) -> str:
    """What S3 calls an error; empty where it is another store's."""
    response = getattr(
        error.__cause__ if error is not None and error.__cause__ is not None else error, "response", None
    )
    with contextlib.suppress(AttributeError, KeyError, TypeError):
        return str(response["Error"]["Code"])  # type: ignore[index]
    return ""


def _is_without_bucket(error: FileNotFoundError) -> bool:
    return _code(error) == "NoSuchBucket" or "bucket does not exist" in str(error)
