"""Whole imports keep to the limits of a sandbox."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from importer.models import Progress, Result
from importer.settings import Settings
from tests import running
from tests.sandbox import Limit, Sandbox


def notes(path: Path, groups: int, each: int) -> Path:
    lines = [f"p{g}-{i},note {g},private" for i in range(each) for g in range(groups)]
    path.write_text("\n".join(["Prospect ID,Note,Visibility", *lines]), encoding="utf-8")
    return path


def test_a_batch_that_is_refused_for_its_size_is_halved_and_the_size_that_works_is_kept(
    tmp_path: Path, settings: Settings
) -> None:
    with Sandbox(max_batch=30) as box:
        told = replace(settings, base_url=box.url, key=box.api_key, batch_size=100, workers=1)
        running.ran(notes(tmp_path / "notes.csv", 3, 400), told)
        assert len(box.notes) == 1200
        statuses = Counter(call.status for call in box.received if call.method == "POST")
        assert statuses.pop(201) == 48  # of 25 prospects each, from the first that was accepted on
        assert statuses.total() <= 18  # some were under way before the first answer; without the rule, 36


@pytest.mark.usefixtures("jumping")
def test_an_import_tells_what_holds_it_up_and_the_time_left(tmp_path: Path, settings: Settings, box: Sandbox) -> None:
    box.set_limit(Limit.parse("4/1s:headers:429"))  # far slower than any machine
    seen: list[Progress] = []
    running.run(notes(tmp_path / "notes.csv", 16, 2), settings, observe=seen.append)
    held = {one.held_to for one in seen} - {None}
    assert {calls for calls, _ in held} == {4}  # type: ignore[misc]
    assert dict(seen[-1].ended) == {Result.CREATED: 32}
    assert seen[-1].seconds_left == 0.0
    assert all(one.seconds_left is not None for one in seen[len(seen) // 2 :])


@pytest.mark.usefixtures("jumping")
def test_an_import_tells_when_it_gives_up_if_nobody_is_there(tmp_path: Path, settings: Settings, box: Sandbox) -> None:
    box.stop()
    seen: list[Progress] = []
    report = running.run(notes(tmp_path / "notes.csv", 3, 1), replace(settings, give_up=2), observe=seen.append)
    box.start()
    assert report is not None
    assert report.exit_status == 3
    told = [one.gives_up_in for one in seen if one.gives_up_in is not None]
    assert told == sorted(told, reverse=True)
    assert 0.0 <= told[-1] <= told[0] <= 2.0
    assert seen[-1].seconds_left is None
