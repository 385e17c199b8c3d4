"""The real program, with as many workers as the last ``--workers`` says, which is no flag of the program's own."""

from __future__ import annotations

import sys

from importer import settings

while "--workers" in sys.argv:
    at = sys.argv.index("--workers")
    settings.WORKERS = int(sys.argv[at + 1])
    del sys.argv[at : at + 2]

from importer.cli import script  # noqa: E402 - the number counts from the beginning

if __name__ == "__main__":
    script()
