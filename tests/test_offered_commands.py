"""What a message offers to paste into a shell is one word there, whatever a cell holds, and runs nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from importer.cli.terminal import argument, with_flags
from importer.messages import SettingPart, as_argument, say, unquoted
from importer.models import Role, Visibility
from importer.rows.values import meaning
from importer.settings.kinds import columns, meanings

HOSTILE = [
    "x $(touch HACKED) y",
    'a"; touch HACKED; "b',
    "a'; touch HACKED; 'b",
    "it's $(touch HACKED)",
    'a\\"; touch HACKED; \\"b',
    "${IFS}touch${IFS}HACKED",
    "x `touch HACKED` y",
    "one\ntouch HACKED\ntwo",
    "Great! $5",
    "trailing \\",
    'say "hi"',
    "Team only",
    "Prospect's mood; touch HACKED & x | y > z",
]


def offered(setting: str, value: str) -> str:
    """A setting as a message offers it at a terminal."""
    return with_flags(say("names", names=(SettingPart(setting, value),)))


def words_in_sh(text: str, folder: Path) -> list[str]:
    """The words that a shell makes of a text that is pasted; nothing may have run beside that."""
    ended = subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, text=True, check=True, cwd=folder, timeout=20
    )
    assert [*folder.iterdir()] == []
    return ended.stdout.split("\0")[:-1]


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
@pytest.mark.parametrize("cell", HOSTILE)
def test_an_offered_flag_is_one_word_in_a_shell_and_runs_nothing(cell: str, tmp_path: Path) -> None:
    """The word means the cell again, as the setting reads it."""
    flag, value = words_in_sh(
        offered("value", meaning(Role.VISIBILITY, as_argument(cell), Visibility.PRIVATE)), tmp_path
    )
    assert (flag, value) == ("--value", f"visibility:{cell}=Private")
    assert meanings(value)[Role.VISIBILITY, None] == {cell: Visibility.PRIVATE}
    _, value = words_in_sh(offered("map", f"content={as_argument(cell)}"), tmp_path)
    assert columns(value) == {Role.CONTENT: (cell,)}
    assert words_in_sh(argument(cell), tmp_path) == [cell]
    assert unquoted(as_argument(cell)) == cell
