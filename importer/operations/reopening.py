"""Let a second start of the page open the page that runs already, so that nothing has to be stopped for it.

Input: the addresses of the page that runs, and the options with which it was started. Output: a private file with an
address that opens the page, for a start with the same options. Only the user who runs the page can read the file. The
address works once; the file then gets the next one. The browser's cookie can't do this: other users' pages get it, too.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from importer import files
from importer.errors import ImporterError
from importer.settings import KEY_VARIABLE

_PREFIX = "open-"
_FILE = "address"
_LOCKS = "in-use-*.lock"


def place_for(folder: Path, said: Mapping[str, object], port: int) -> Path:
    """Return where a page that was started with these options keeps its address.

    Args:
        folder: the folder of the page's files.
        said: the options. A path among them may depend on the current folder.
        port: the port that was asked for; 0 for any.
    """
    files.keep_private(folder)
    environment = {name: value for name, value in os.environ.items() if name.startswith("NOTE_IMPORTER_")}
    where = str(Path.cwd()) if said or environment else ""
    key = os.environ.get(KEY_VARIABLE, "")  # a page with another key is another page
    options = repr((sorted(said.items()), port, sorted(environment.items()), where, key))
    return folder / f"{_PREFIX}{sha256(options.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


@contextmanager
def offered(place: Path, address: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Keep the page's address in this place while the block runs, as far as it can be written.

    Args:
        place: a folder for this page alone.
        address: returns the address that opens the page next.

    Yields:
        a function to be called when there is another address.
    """

    def write() -> None:
        with contextlib.suppress(OSError):
            files.replace(place / _FILE, address().encode())

    with contextlib.suppress(OSError, ImporterError):
        files.make_private_folder(place)
    with _in_use(place):
        write()
        yield write
    if address_in(place) is None:  # no other page with these options began at the same moment
        shutil.rmtree(place, ignore_errors=True)


def address_in(place: Path) -> str | None:
    """Return the address that opens the running page that belongs to this place; None if none is running."""
    try:
        return (place / _FILE).read_text(encoding="utf-8") if _is_in_use(place) else None
    except OSError:
        return None


@contextmanager
def _in_use(place: Path) -> Iterator[None]:
    """Mark a folder as in use while the block runs. The system releases the lock however the program ends."""
    path = place / _LOCKS.replace("*", secrets.token_hex(8))
    lock = _lock(path)
    with contextlib.suppress(OSError, NotImplementedError, Timeout):  # without a lock, no other start finds the page
        lock.acquire(timeout=0)
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _is_in_use(place: Path) -> bool:
    """Return whether a program uses a folder at this moment."""
    for path in place.glob(_LOCKS):
        lock = _lock(path)
        try:
            lock.acquire(timeout=0)
        except (OSError, NotImplementedError, Timeout):
            return True
        lock.release()
    return False


def _lock(path: Path) -> FileLock:
    return FileLock(path, mode=files.OWNER_ONLY, fallback_to_soft=False)
