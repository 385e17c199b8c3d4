"""A profile that the program changes stays the person's own: what they didn't touch stands as they wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.errors import BadSettings
from importer.settings import SETTINGS, Settings, sources
from importer.settings.profiles import change_reading, check_new

WRITTEN = """\
# ours
[default]
# not too fast
workers = 4  # by trial
rate = "20/1s"

[night]
for = 3600
max-invalid = 0.2
"""


def settings(profile: str) -> Settings:
    return sources.settings_of(sources.gather({"profile": profile}, list(SETTINGS), {}))


@pytest.mark.parametrize("name", ["default", " ", "a\nb", "https://x"])
def test_a_new_profile_has_a_name_of_its_own(name: str, profiles: Path) -> None:
    """One line, no address, and not another's."""
    profiles.write_text(WRITTEN, encoding="utf-8")
    with pytest.raises(BadSettings):
        check_new(name)


def test_a_reading_leaves_a_blank_line_before_the_next_profile(profiles: Path) -> None:
    """The file is a person's to read."""
    profiles.write_text("[default]\nworkers = 2\n\n[sued]\nworkers = 3\n", encoding="utf-8")
    for name in ("Calls", "Visits"):
        change_reading("default", name, {"name": name})
    assert '\nname = "Visits"\n\n[sued]\nworkers = 3\n' in profiles.read_text(encoding="utf-8")
