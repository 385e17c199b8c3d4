"""Threads carry calls and hand back every reply, whatever else happens."""

import time
from collections.abc import Iterator

import pytest

from importer.api import Endpoint, Reply
from importer.calls.workers import Threads


@pytest.fixture
def pool() -> Iterator[Threads[str]]:
    pool: Threads[str] = Threads(2)
    yield pool
    pool.close()


def answered(task: str) -> Reply[str]:
    if task == "bug":
        raise ZeroDivisionError("a bug")
    return Reply(Endpoint.CREATE, 0.0, 0.0, value=task)


def test_each_task_comes_back_with_its_reply(pool: Threads[str]) -> None:
    for task in "abc":
        pool.submit(task, answered)
    found: dict[str, object] = {}
    ends = time.monotonic() + 10
    while len(found) < 3 and time.monotonic() < ends:
        found |= {task: reply.value for task, reply in pool.wait(1.0)}
    assert found == {"a": "a", "b": "b", "c": "c"}


def test_a_bug_reaches_the_caller_and_no_other_reply_of_that_batch_is_lost(pool: Threads[str]) -> None:
    for task in ("a", "bug", "b", "c"):
        pool.submit(task, answered)
    pool.close(wait=True)  # all four have come back, so that one batch takes them
    found: list[str] = []
    with pytest.raises(ZeroDivisionError, match="a bug"):
        for _ in range(3):
            found += [task for task, _ in pool.wait(0.1)]
    assert sorted(found) == ["a", "b", "c"]
