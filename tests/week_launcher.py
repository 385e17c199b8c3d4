"""The program, to which the sandbox counts as a service elsewhere: what is guarded there is guarded here, too."""

from __future__ import annotations

from importer.cli import script
from importer.settings import table

if __name__ == "__main__":
    setattr(table, "is_this_machine", lambda _: False)  # noqa: B010 - a part of the program is replaced
    script()
