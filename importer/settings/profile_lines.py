"""Read single lines of a profile that :mod:`importer.settings.profiles` can't read.

Input: a profile's name. Output: settings of a file that can't be read as a whole.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator, Sequence

from importer.errors import BadSettings
from importer.settings import profiles


def salvaged(name: str, settings: Sequence[str]) -> dict[str, object]:
    """Return these settings of a profile from the lines that can be read by themselves, if the file can't be read."""
    found: dict[str, object] = {}
    for line in _lines_of(name):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            found |= {setting: value for setting, value in tomllib.loads(line).items() if setting in settings}
    return found


def mentions(setting: str) -> bool:
    """Return whether the file of profiles, which may be wrong, has this word anywhere."""
    with contextlib.suppress(OSError, UnicodeDecodeError, BadSettings):
        return setting in profiles.content()
    return False


def _lines_of(name: str) -> Iterator[str]:
    """Yield the lines between a profile's name and the next table; none if they can't be read."""
    is_inside = False
    with contextlib.suppress(OSError, UnicodeDecodeError, BadSettings):
        for line in profiles.content().splitlines():
            if line.lstrip().startswith("["):
                with contextlib.suppress(tomllib.TOMLDecodeError):
                    is_inside = tomllib.loads(line) == {name: {}}
            elif is_inside:
                yield line
