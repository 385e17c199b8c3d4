"""Profiles are listed, renamed and removed; whatever their names, what was delivered stays known."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.sandbox import Sandbox
from tests.test_cli import HEAD, KEY, Terminal

pytestmark = pytest.mark.usefixtures("jumping")

FILE = """\
# all of ours
[other]  # beside it
workers = 3

[night]  # the nights
workers = 2
ignore = [
  "State",
]
# a comment

[night.map]
content = "Note"

[[night.exports]]
name = "night"
answered = 2026-11-03
headings = ["a", "b"]
"""


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, box, capsys)


def test_a_renamed_profile_sends_nothing_again(type_: Terminal, profiles: Path, box: Sandbox) -> None:
    """However often it is renamed, and back; its journal, its memory and its key are those of its first name."""
    type_.file("n.csv", HEAD + "P1,x,1\nP2,x,1\n")
    profiles.write_text("[night]\nworkers = 2\n", encoding="utf-8")
    assert type_("run", "n.csv", "--yes", "--profile", "night").status == 0
    sent = len(box.notes)
    for before, after in (("night", "sales"), ("sales", "my sales.de"), ("my sales.de", "night")):
        ended = type_("profile", "rename", before, after)
        assert ended.status == 0
        assert type_("run", "n.csv", "--yes", "--profile", before).status == 2
        ended = type_("run", "n.csv", "--yes", "--profile", after)
        assert (ended.status, "already imported" in ended.all) == (0, True)
    assert len(box.notes) == sent == 2
    assert profiles.read_text(encoding="utf-8") == "[night]\nworkers = 2\n"


def test_renaming_changes_the_name_alone(type_: Terminal, profiles: Path) -> None:
    """In each of its tables; comments, order and the other profiles stay as they are."""
    profiles.write_text(FILE, encoding="utf-8")
    assert type_("profile", "rename", "night", 'it\'s "day"').status == 0
    text = profiles.read_text(encoding="utf-8")
    new = '"it\'s \\"day\\""'
    assert text == FILE.replace("[night]  # the nights", f'[{new}]  # the nights\nremembered-as = "night"').replace(
        "[night.", f"[{new}."
    )
    assert type_("profile", "list").out.splitlines() == [
        "other  https://open-api.saleshandy.com/v1",
        "it's \"day\"  https://open-api.saleshandy.com/v1  (its deliveries are remembered as 'night')",
    ]


@pytest.mark.parametrize("text", ["night = { workers = 2 }\n", "night.workers = 2\n", FILE + 'x = """\n[night]\n"""\n'])
def test_what_could_not_be_renamed_for_certain_is_left_alone(text: str, type_: Terminal, profiles: Path) -> None:
    profiles.write_text(text, encoding="utf-8")
    ended = type_("profile", "rename", "night", "day")
    assert ended.status == 2
    assert profiles.read_text(encoding="utf-8") == text


def test_no_profile_takes_the_name_under_which_anothers_deliveries_are_remembered(
    type_: Terminal, profiles: Path
) -> None:
    """Nor one that is there, nor one that none may have."""
    profiles.write_text(FILE, encoding="utf-8")
    assert type_("profile", "rename", "night", "day").status == 0
    text = profiles.read_text(encoding="utf-8")
    for name, new in (("other", "night"), ("other", "day"), ("day", "https://x"), ("default", "x"), ("none", "x")):
        ended = type_("profile", "rename", name, new)
        assert ended.status == 2, (name, new)
    assert "remembered under the name 'night'" in type_("profile", "rename", "other", "night").all
    assert profiles.read_text(encoding="utf-8") == text


def test_a_removed_profile_leaves_the_others_and_its_deliveries(type_: Terminal, profiles: Path, box: Sandbox) -> None:
    """After a yes; a new one of its name goes on with them."""
    profiles.write_text(FILE, encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    assert type_("run", "n.csv", "--yes", "--profile", "night").status == 0
    assert type_("profile", "remove", "night").status == 2
    assert profiles.read_text(encoding="utf-8") == FILE
    assert type_("profile", "remove", "night", "--yes").status == 0
    assert tomllib.loads(profiles.read_text(encoding="utf-8")) == {"other": {"workers": 3}}
    profiles.write_text("[night]\n", encoding="utf-8")
    assert "already imported" in type_("run", "n.csv", "--yes", "--profile", "night").all
    assert len(box.notes) == 1
    assert KEY not in profiles.read_text(encoding="utf-8")
