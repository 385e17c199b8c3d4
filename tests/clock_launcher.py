"""The real program, on a machine whose clock is off by as many seconds as the first argument says."""

from __future__ import annotations

import sys
import time

_OFF = float(sys.argv.pop(1))
_real = time.time
time.time = lambda: _real() + _OFF

from importer import settings  # noqa: E402 - see below

settings.WORKERS = 4
from importer.cli import script  # noqa: E402 - the clock is off from the beginning

if __name__ == "__main__":
    script()
