"""A profile that a form changes stays the person's own: what they didn't touch stands as they wrote it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from importer.errors import BadSettings
from importer.messages import render
from importer.models import Role, Visibility
from importer.settings import SETTINGS, Settings, editing, remembering, sources
from importer.settings.exports import Export, SheetColumns
from importer.settings.profiles import change_export, check_new
from tests.settings.test_table import GOOD

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


def test_what_a_form_changes_leaves_all_else_as_it_was_written(profiles: Path) -> None:
    """A setting that is left alone, comments and other profiles stand as before; a blank one is taken out."""
    profiles.write_text(WRITTEN, encoding="utf-8")
    assert editing.texts("default", {"workers", "rate", "batch-size"}) == {"workers": "4", "rate": "20/1s"}
    assert editing.change("default", {"workers": " 4 ", "rate": "", "batch-size": "50", "between": ""}) == [
        "rate", "batch-size",
    ]  # fmt: skip
    now = profiles.read_text(encoding="utf-8")
    assert "workers = 4  # by trial" in now
    assert "batch-size = 50\n" in now
    assert [line for line in WRITTEN.splitlines() if line not in now] == ['rate = "20/1s"']
    assert (settings("default").batch_size, settings("default").rate) == (50, None)


def test_nothing_is_written_if_one_of_them_cannot_be_used(profiles: Path) -> None:
    """And it is said of each what is wrong with it, in the table's own words."""
    profiles.write_text(WRITTEN, encoding="utf-8")
    said = {"workers": "many", "batch-size": "5", "rate": "fast", "header-row": ""}
    assert editing.wrong(said).keys() == {"workers", "rate"}
    assert render(editing.wrong(said)["workers"]) == "'many' is not a valid whole number from 1 to 64."
    assert editing.wrong({"attachments-are": "files", "attachments": ""}).keys() == {"attachments-are"}, "together"
    with pytest.raises(BadSettings):
        editing.change("default", said)
    assert profiles.read_text(encoding="utf-8") == WRITTEN


@pytest.mark.parametrize("name", sorted(GOOD.keys() - {"map", "value", "profile"}))
def test_every_setting_reads_the_same_as_a_text(name: str, profiles: Path) -> None:
    """What a profile holds of it is shown so that, saved unchanged, it means the same; and so does what is typed."""
    said, in_profile = GOOD[name]
    profiles.write_text(f"[default]\n{name} = {in_profile}\n", encoding="utf-8")
    before = sources.gather({}, list(SETTINGS), {})[name].value
    text = editing.texts("default", {name})[name]
    assert editing.wrong({name: text}) == {}
    assert editing.change("default", {name: text}) == []
    assert editing.change("default", {name: ""}) == [name]
    assert editing.change("default", {name: "\r\n".join(said)}) == [name]
    after = sources.gather({}, list(SETTINGS), {})[name].value
    assert SETTINGS[name].read(after) == SETTINGS[name].read(before)


def test_numbers_of_a_profile_are_shown_as_a_person_writes_them(profiles: Path) -> None:
    """A part as a percentage, a time with its unit."""
    profiles.write_text(WRITTEN, encoding="utf-8")
    assert editing.texts("night", {"for", "max-invalid"}) == {"for": "3600s", "max-invalid": "20%"}


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
