"""A profile that the program changes stays the person's own: what they didn't touch stands as they wrote it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from importer.errors import BadSettings
from importer.models import Role, Visibility
from importer.settings import SETTINGS, Settings, remembering, sources
from importer.settings.exports import Export, SheetColumns
from importer.settings.profiles import change_export, check_new

WRITTEN = """\
# ours
[default]
# not too fast
workers = 4  # by trial
rate = "20/1s"
ignore = ["State", "Phase"]

[default.map]
# the report of May
content = ["Call summary", "Notes"]
Prospect = "Who"

[default.values.visibility]
"Team only" = "Private"

[night]
for = 3600
max-invalid = 0.2
"""


def settings(profile: str) -> Settings:
    return sources.settings_of(sources.gather({"profile": profile}, list(SETTINGS), {}))


def test_columns_and_words_are_forgotten_one_by_one(profiles: Path) -> None:
    """Whatever its spelling; what becomes empty goes, and the comments of the others stay."""
    profiles.write_text(WRITTEN, encoding="utf-8")
    found = remembering.memories("default")
    assert [(memory.role, memory.word, memory.meaning) for memory in found] == [
        ("content", "Call summary", ""), ("content", "Notes", ""), ("prospect", "Who", ""),
        ("visibility", "Team only", "Private"), ("", "State", ""), ("", "Phase", ""),
    ]  # fmt: skip
    for memory in (found[1], found[2], found[3], found[4]):
        remembering.forget("default", memory.path)
        remembering.forget("default", memory.path)  # in another tab
    now = settings("default")
    assert (list(now.mapping.values()), now.values, now.ignored) == ([("Call summary",)], {}, ("Phase",))
    assert "# the report of May" in profiles.read_text(encoding="utf-8")
    for path in (("rate",), ("rate", "20/1s"), ("map",)):
        with pytest.raises(BadSettings):
            remembering.forget("default", path)


def test_the_words_of_a_column_are_forgotten_one_by_one(profiles: Path) -> None:
    """Beside those without a column; a table that becomes empty goes."""
    profiles.write_text(
        '[default.values.visibility]\nInternal = "Private"\n[default.values.visibility."Shared?"]\nYes = "Public"\n',
        encoding="utf-8",
    )
    found = remembering.memories("default")
    assert [(memory.column, memory.word, memory.meaning) for memory in found] == [
        ("", "Internal", "Private"), ("Shared?", "Yes", "Public"),
    ]  # fmt: skip
    remembering.forget("default", found[1].path)
    assert "Shared?" not in profiles.read_text(encoding="utf-8")
    assert [memory.word for memory in remembering.memories("default")] == ["Internal"]


def test_the_words_of_a_run_are_kept_for_the_columns_of_its_file(profiles: Path) -> None:
    """Those of a column without a heading, by which it could be known again, aren't kept."""
    said = Settings(
        values=["visibility:x=Private", "status:ok=Draft"],  # type: ignore[arg-type]
        default_visibility="public",  # type: ignore[arg-type]
        ignored=("State",),
    )
    columns = SheetColumns(("Shared?", ""), {Role.VISIBILITY: "Shared?"}, {Role.VISIBILITY: "Shared?"}, {})
    answers = remembering.answers(settings("default"), said, columns)
    kept = Export("Calls", ("Shared?", ""), date(2026, 11, 3), answers)
    remembering.keep("default", kept)
    assert settings("default").exports == (kept,)
    now = remembering.applied(settings("default"), kept)
    assert now.values == {(Role.VISIBILITY, "Shared?"): {"x": Visibility.PRIVATE}}
    assert (now.default_visibility, now.ignored, now.lasting) == (Visibility.PUBLIC, ("State",), frozenset({"State"}))


@pytest.mark.parametrize("name", ["default", " ", "a\nb", "https://x"])
def test_a_new_profile_has_a_name_of_its_own(name: str, profiles: Path) -> None:
    """One line, no address, and not another's."""
    profiles.write_text(WRITTEN, encoding="utf-8")
    with pytest.raises(BadSettings):
        check_new(name)


def test_a_remembered_export_leaves_a_blank_line_before_the_next_profile(profiles: Path) -> None:
    """The file is a person's to read."""
    profiles.write_text("[default]\nworkers = 2\n\n[sued]\nworkers = 3\n", encoding="utf-8")
    for name in ("Calls", "Visits"):
        change_export("default", name, {"name": name})
    assert '\nname = "Visits"\n\n[sued]\nworkers = 3\n' in profiles.read_text(encoding="utf-8")
