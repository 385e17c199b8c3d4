"""Start note-importer from the folder that has a Python of its own. PyInstaller makes the executable of this script.

In such a folder ``sys.executable`` is this program, so whatever starts Python anew starts this script.
"""

import multiprocessing
import os
import sys
from pathlib import Path


def main() -> None:
    """Run the command, or what a running one started: a process of the page, or the messenger."""
    _forget_libraries()
    multiprocessing.freeze_support()
    match sys.argv[1:]:
        case ["-P", script] if Path(script).stem == "messenger":
            from importer.telling import messenger  # noqa: PLC0415 - each needs one of them

            messenger.main()
        case _:
            from importer.cli import script as command  # noqa: PLC0415

            command()


def _forget_libraries() -> None:
    """Restore the search path of libraries, because the browser that the page opens must not use ours.

    A process that is started anew from this program finds them by itself.
    """
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before


if __name__ == "__main__":
    main()
