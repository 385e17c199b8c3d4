"""One import of a workspace at a time: who comes second is told of the first, and the dead hold nobody up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from importer.errors import Busy, UnusableJournal
from importer.journal.lock import held

_HOLD = """
import sys
from pathlib import Path
from importer.journal.lock import held
with held(Path(sys.argv[1]), "workspace"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "journal.sqlite"


def hold(journal: Path) -> subprocess.Popen[str]:
    """Another process that holds the workspace until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(journal)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_is_at_work_and_since_when(journal: Path) -> None:
    with hold(journal) as process:
        with pytest.raises(Busy) as caught, held(journal, "workspace"):
            pass
        assert f"(process {process.pid}), since 20" in str(caught.value)
        assert re.search(r"\d\d:\d\d:\d\d\. Nothing was sent", str(caught.value))
        process.communicate("")
    with held(journal, "workspace"):
        pass


def test_who_was_killed_holds_nobody_up(journal: Path) -> None:
    process = hold(journal)
    process.kill()
    process.communicate()
    with held(journal, "workspace"), pytest.raises(Busy, match=f"process {os.getpid()}"), held(journal, "workspace"):
        pass


def test_workspaces_and_journals_do_not_hold_one_another_up(journal: Path) -> None:
    with held(journal, "workspace"), held(journal, "another"), held(journal.with_name("other.sqlite"), "workspace"):
        pass


def test_it_is_let_go_when_the_block_fails_and_leaves_no_word_of_its_holder(journal: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(journal, "workspace"):
        raise ZeroDivisionError
    assert not [place for place in journal.parent.iterdir() if place.suffix == ".holder"]
    with held(journal, "workspace"):
        pass


def test_a_holder_that_left_no_word_is_another_process(journal: Path) -> None:
    with hold(journal) as process:
        for place in journal.parent.glob("*.holder"):
            place.write_text("{", encoding="utf-8")
        with pytest.raises(Busy, match="another process"), held(journal, "workspace"):
            pass
        process.communicate("")


def test_a_place_that_takes_no_lock_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableJournal, match="No lock can be made"), held(tmp_path / "file" / "j.sqlite", "workspace"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's rights are its folder's")
def test_no_other_user_can_hold_the_lock_or_see_the_folder(journal: Path) -> None:
    """Whoever can open a lock file can hold it, for ever; so only its owner can, also where an older one stands."""
    with held(journal, "workspace"):
        assert journal.parent.stat().st_mode & 0o777 == 0o700
        rights = {place.suffix: place.stat().st_mode & 0o777 for place in journal.parent.iterdir()}
        assert rights == {".lock": 0o600, ".holder": 0o600}
    [lock] = journal.parent.glob("*.lock")
    lock.chmod(0o644)
    with held(journal, "workspace"):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_through_a_link_that_was_planted(journal: Path) -> None:
    """Who can write to the folder can't have another's file overwritten by the lock, nor by its holder's word."""
    with held(journal, "workspace"):
        [lock] = journal.parent.glob("*.lock")
    theirs = journal.with_name("theirs")
    theirs.write_text("theirs")
    lock.with_suffix(".holder").symlink_to(theirs)
    with held(journal, "workspace"):
        assert theirs.read_text() == "theirs"
        with pytest.raises(Busy, match=f"process {os.getpid()}"), held(journal, "workspace"):
            pass
    lock.unlink()
    lock.symlink_to(theirs)
    with pytest.raises(UnusableJournal, match="No lock can be made"), held(journal, "workspace"):
        pass
    assert theirs.read_text() == "theirs"
