"""What a test needs of the system that it runs on, beyond what Python has everywhere."""

import os
import tempfile
from pathlib import Path

import pytest


def _makes_links() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            (link := Path(folder) / "link").symlink_to("nothing")
        except OSError:
            return False
        return link.is_symlink()


links = pytest.mark.skipif(not _makes_links(), reason="this system makes no links, or not for this user")
posix = pytest.mark.skipif(os.name != "posix", reason="this is so on POSIX systems only")
