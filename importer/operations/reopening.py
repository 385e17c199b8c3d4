"""Let a second start of the page open the page that runs already, so that nothing has to be stopped for it.

Input: the addresses of the page that runs, and the options with which it was started. Output: a private file with an
address that opens the page, for a start with the same options. Only the user who runs the page can read the file. The
address works once; the file then gets the next one. The browser's cookie can't do this: other users' pages get it, too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from importer import files
from importer.settings.secrets import KEY_VARIABLE


def place_for(folder: Path, said: Mapping[str, object], port: int) -> Path:
    """Return the file for the address of a page that was started with these options. Their paths may be relative."""
    with contextlib.suppress(OSError):
        files.make_private_folder(folder)
    files.keep_private(folder)
    environment = {name: value for name, value in os.environ.items() if name.startswith("NOTE_IMPORTER_")}
    where = str(Path.cwd()) if said or environment else ""
    key = os.environ.get(KEY_VARIABLE, "")  # a page with another key is another page
    options = repr((sorted(said.items()), port, sorted(environment.items()), where, key))
    return folder / f"open-{sha256(options.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


@contextmanager
def offered(place: Path, address: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Keep the page's address in a file while the block runs, as far as it can be written.

    Yields:
        a function to be called when there is another address.
    """

    def write() -> None:
        with contextlib.suppress(OSError):
            files.replace(place, address().encode())

    lock = _lock(place)
    try:
        lock.acquire(timeout=0)
    except (OSError, NotImplementedError, Timeout):  # without a lock, no other start finds this page
        yield lambda: None
        return
    try:
        write()
        yield write
    finally:
        lock.release()  # the system does so, too, however the program ends
        for path in (place, Path(lock.lock_file)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def address_in(place: Path) -> str | None:
    """Return the address that opens the running page whose file this is; None if none is running."""
    with contextlib.suppress(OSError, NotImplementedError):
        address = place.read_text(encoding="utf-8")
        try:
            _lock(place).acquire(timeout=0).lock.release()
        except Timeout:
            return address
    return None


def _lock(place: Path) -> FileLock:
    return FileLock(f"{place}.lock", mode=files.OWNER_ONLY, fallback_to_soft=False)
