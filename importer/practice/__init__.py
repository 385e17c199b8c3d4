"""Practise an import: everything happens on this machine, with a vendor in memory that accepts every note.

Input: the rows of a file, and the workspace's journal. Output: settings and a vendor with which a run of the file needs
no key, makes no calls, and leaves that journal as it is.

    staging    a journal for one run, which knows what earlier runs delivered
    vendor     the vendor in memory

The folder ``samples/``, if installed, has example sheets, and the files that one of them names.
"""

from pathlib import Path

_INSTALLED = Path(__file__).with_name("samples")
SAMPLES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "samples"
"""The folder of example sheets: in the package, or at the top of the source tree."""
