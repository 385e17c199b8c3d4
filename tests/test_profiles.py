"""Profiles are listed and removed; what was delivered stays known."""

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
# a comment

[[night.readings]]
name = "night"
answered = 2026-11-03
headings = ["a", "b"]
"""


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, box, capsys)


def test_profiles_are_listed_with_their_addresses(type_: Terminal, profiles: Path) -> None:
    profiles.write_text(FILE, encoding="utf-8")
    assert type_("profile", "list").out.splitlines() == [
        "other  https://open-api.saleshandy.com/v1",
        "night  https://open-api.saleshandy.com/v1",
    ]


def test_a_removed_profile_leaves_the_others_and_its_deliveries(type_: Terminal, profiles: Path, box: Sandbox) -> None:
    """After a yes; a new one of its name goes on with them."""
    profiles.write_text(FILE, encoding="utf-8")
    type_.file("n.csv", HEAD + "P1,x,1\n")
    assert type_("run", "n.csv", "--yes", "--profile", "night").status == 0
    assert type_("profile", "remove", "night").status == 2
    assert type_("profile", "remove", "default", "--yes").status == 2
    assert profiles.read_text(encoding="utf-8") == FILE
    assert type_("profile", "remove", "night", "--yes").status == 0
    assert tomllib.loads(profiles.read_text(encoding="utf-8")) == {"other": {"workers": 3}}
    profiles.write_text("[night]\n", encoding="utf-8")
    assert "already imported" in type_("run", "n.csv", "--yes", "--profile", "night").all
    assert len(box.notes) == 1
    assert KEY not in profiles.read_text(encoding="utf-8")
