"""The real program, with as many workers as the last ``--workers`` says, and a clock that is off by ``--off`` seconds.

Neither is a flag of the program's own.
"""

import sys
import time

from importer import settings


def taken(flag: str) -> str | None:
    """The last value of a flag, which is taken away from the command line."""
    value = None
    while flag in sys.argv:
        at = sys.argv.index(flag)
        value = sys.argv[at + 1]
        del sys.argv[at : at + 2]
    return value


settings.WORKERS = int(taken("--workers") or settings.WORKERS)
_off, _real = float(taken("--off") or 0), time.time
time.time = lambda: _real() + _off

from importer.cli import script  # noqa: E402 - the number counts, and the clock is off, from the beginning

if __name__ == "__main__":
    script()
