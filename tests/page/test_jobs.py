"""A job has a process of its own, which is ready before the job begins if a screen has led to it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from importer.page.jobs import Job, Jobs
from importer.page.screens import Parts
from importer.page.tasks import LookUpTask
from importer.settings import Settings
from tests.page.conftest import OURS, write
from tests.page.test_history import ROWS, imported
from tests.sandbox import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_job_of_another_test() -> None:
    """One that is about to end would be missed later on."""
    for process in multiprocessing.active_children():
        if process.name == "job":
            process.join(60)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def children() -> set[int | None]:
    """The processes of jobs."""
    return {process.pid for process in multiprocessing.active_children() if process.name == "job"}


def done(jobs: Jobs, settings: Settings) -> Job:
    """A job that has ended well."""
    job = jobs.begin(LookUpTask(settings), None, 0, lambda: None, lambda _: None)
    job.listener.join(60)
    assert job.ended is not None
    assert job.ended.exit_status == 0
    return job


def test_a_job_begins_in_the_process_that_is_ready(jobs: Jobs, settings: Settings, box: Sandbox) -> None:
    """There is one at most, and none is left behind. One that has died is replaced."""
    before = children()
    jobs.get_ready()
    jobs.get_ready()
    [ready] = children() - before
    assert done(jobs, settings).process.pid == ready
    assert children() == before
    assert done(jobs, settings).process.pid != ready
    jobs.get_ready()
    [killed] = [process for process in multiprocessing.active_children() if process.pid in children() - before]
    killed.kill()
    killed.join()
    done(jobs, settings)
    jobs.get_ready()
    jobs.close()
    assert children() == before
    assert not box.notes


def test_the_screens_that_ask_get_the_process_ready(
    friend: FlaskClient, parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    """Before a person agrees to hide, or to send."""
    path, before = write(tmp_path / "n.csv", ROWS), children()
    name = imported(path, settings)
    upload = parts.uploads.add("m.csv", write(tmp_path / "m.csv", [("p9", "Hello", "Public")]).rename)
    for address in (f"/runs/{name}/hide", f"/file/{upload.id}/confirm"):
        until = time.monotonic() + 60
        while "data-poll" in (answer := friend.get(address, base_url=OURS)).text and time.monotonic() < until:
            time.sleep(0.05)
        assert answer.status_code == 200
        assert len(children() - before) == 1, address
        parts.jobs.close()
        assert children() == before
