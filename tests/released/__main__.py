"""Write the files of this version: ``python -m tests.released make``."""

from __future__ import annotations

import sys

from importer import __version__
from tests.released import FOLDER, make

if sys.argv[1:] != ["make"]:
    sys.exit(__doc__)
make(FOLDER / __version__)
print(f"Wrote {FOLDER / __version__}. Commit it, and never change it once the version is released.")
