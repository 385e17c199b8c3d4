"""The commands that come before the first night, as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.sandbox import Sandbox
from importer.settings import KEY_VARIABLE
from tests.test_cli import Terminal


@pytest.fixture
def type_(tmp_path: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, box, capsys)


# -- config

PROFILE = """\
# mine
[night]
default-visibility = "private"
ignore = [
  "State",
]

[night.map]
content = "Call summary"
"""


def test_config_says_what_is_in_force_and_where_it_comes_from(type_: Terminal, profiles: Path) -> None:
    """The line in the profile, the variable, the command line, or nowhere; of the key only the place."""
    profiles.write_text(PROFILE, encoding="utf-8")
    ended = type_("config", "--profile", "night", "--workers", "3")
    assert ended.status == 0
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in ended.out.splitlines() if line.startswith("  ")}
    where = f"(the profile 'night' in {profiles}, line"
    assert lines["default-visibility"] == f"private {where} 3)"
    assert lines["ignore"] == f"State {where} 4)"
    assert lines["map"] == f"content=Call summary {where} 8)"
    assert lines["settle"] == "0 (the environment variable NOTE_IMPORTER_SETTLE)"
    assert lines["workers"] == "3 (said now)"
    assert lines["rate"] == "not set (default)"
    assert ended.all.endswith(f"API key: from the environment variable {KEY_VARIABLE}.")


@pytest.mark.parametrize(
    ("wrong", "line"), [('rate = "fast"', 3), ("wrokers = 3", 3), ("map = 3", 3), ("workers 3", 3), ("yes = 7", 3)]
)
def test_an_entry_that_cant_be_used_is_an_error_with_its_line(
    type_: Terminal, profiles: Path, wrong: str, line: int
) -> None:
    """Whatever is wrong with it: its value, its name, its form; and `config` finds those too that no run would."""
    profiles.write_text(f"[night]\n# a comment\n{wrong}\n", encoding="utf-8")
    ended = type_("config", "--profile", "night")
    assert ended.status == 2
    assert f"line {line}" in ended.all
    assert str(profiles) in ended.all


def test_config_says_that_there_is_no_key(type_: Terminal) -> None:
    """With the ways to give one; it is no error, for the rest may be looked at without."""
    del type_.variables[KEY_VARIABLE]
    ended = type_("config")
    assert ended.status == 0
    assert "API key: none. No API key was given." in ended.all
    assert "note-importer login" in ended.all
