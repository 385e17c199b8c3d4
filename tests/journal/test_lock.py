"""One import of a workspace at a time: who comes second is told of the first, and the dead hold nobody up."""

import errno
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.errors import Busy, UnusableJournal
from importer.journal import Journal
from importer.journal.machine import held
from importer.models import Workspace
from tests import systems

_HOLD = """
import sys
from importer.journal import Journal
from importer.models import Workspace
with Journal.open(sys.argv[1]) as journal, journal.held(Workspace("workspace", "")):
    print("held", flush=True)
    sys.stdin.read()
"""
WORKSPACE, ANOTHER = Workspace("workspace", ""), Workspace("another", "")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "journal.sqlite"


def hold(address: Path | str) -> subprocess.Popen[str]:
    """Another process that holds the workspace until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(address)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@contextmanager
def taken(address: str, workspace: Workspace = WORKSPACE) -> Iterator[None]:
    """Hold a workspace as another import would."""
    with Journal.open(address) as journal, journal.held(workspace):
        yield


def test_the_second_is_told_who_is_at_work_and_since_when(address: str) -> None:
    with hold(address) as process:
        with pytest.raises(Busy) as caught, taken(address):
            pass
        assert f"(process {process.pid}), since 20" in str(caught.value)
        assert platform.node() in str(caught.value)
        assert re.search(r"\d\d:\d\d:\d\d\. Nothing was sent", str(caught.value))
        process.communicate("")
    with taken(address):
        pass


def test_who_was_killed_holds_nobody_up(address: str) -> None:
    """It takes PostgreSQL a moment to see that a connection is gone."""
    process = hold(address)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while True:
        try:
            with taken(address), pytest.raises(Busy, match=f"process {os.getpid()}"), taken(address):
                pass
        except Busy:
            assert time.monotonic() < deadline
            continue
        break


def test_workspaces_do_not_hold_one_another_up(address: str) -> None:
    with taken(address), taken(address, ANOTHER):
        pass


def test_a_workspace_is_let_go_when_the_block_fails(address: str) -> None:
    with Journal.open(address) as journal:
        with pytest.raises(ZeroDivisionError), journal.held(WORKSPACE):
            raise ZeroDivisionError
        with taken(address):
            pass


def test_a_place_that_takes_no_lock_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UnusableJournal, match=r"The lock .* can't be created"),
        held(tmp_path / "file" / "j.sqlite", "workspace"),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="elsewhere locks are not flock's")
def test_where_the_system_has_no_locks_none_is_made_up(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is a mere file outlasts a killed process, and holds everybody up."""

    def lacking(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", lacking)
    with pytest.raises(UnusableJournal, match=r"The lock .* can't be created"), held(journal, "workspace"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's rights are its folder's")
def test_no_other_user_can_hold_the_lock_or_see_the_folder(journal: Path) -> None:
    """Whoever can open a lock file can hold it, for ever; so only its owner can."""
    with held(journal, "workspace"):
        assert journal.parent.stat().st_mode & 0o777 == 0o700
        rights = {place.suffix: place.stat().st_mode & 0o777 for place in journal.parent.iterdir()}
        assert rights == {".lock": 0o600, ".holder": 0o600}
    assert not [*journal.parent.glob("*.holder")]


@systems.links
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
    with pytest.raises(UnusableJournal, match=r"The lock .* can't be created"), held(journal, "workspace"):
        pass
    assert theirs.read_text() == "theirs"
