"""Simulated imports of records whose texts are composed in another way each time: no record has a second note."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from importer.delivery.outcomes import Outcomes
from importer.models import DELIVERED, Note, Result, Rows, Status, Visibility
from importer.settings.kinds import InDoubt
from tests.simulation.disk import Disk
from tests.simulation.imports import must_be_certain, run, texts
from tests.simulation.regime import Regime, draw
from tests.simulation.world import World

RUNS = 40
CALM = 4  # runs at the end, in which nothing goes wrong


def records(regime: Regime, template: int, *, with_ids: bool = True) -> Rows:
    prospects, numbers, _ = zip(*regime.lines, strict=True)
    size, cells = len(prospects), [f"Call {row}, {number}" for row, number in enumerate(numbers)]
    notes = [
        Note(f"{'- +'[template]} {cell}".strip("- "), Visibility.PUBLIC, Status.PUBLISHED, uncomposed=cell)
        for cell in cells
    ]
    return Rows(
        np.arange(2, size + 2, dtype=np.int32),
        texts(prospects),
        np.arange(size, dtype=np.int32),
        notes,
        record=texts([f"activityid 00T{row:08}" for row in range(size)]) if with_ids else None,
        template=("", "- {Text}", "+ {Text}")[template],
    )


def imported(seed: int, *, with_ids: bool, templates: tuple[int, int] = (0, 2)) -> tuple[World, Regime, list[Outcomes]]:
    """Import a seed's rows again and again, composed anew in each run; without IDs by one template, then by another.

    Without IDs, the template changes only once all is settled, and a person says that the notes are the same.
    """
    regime = replace(draw(seed), colleagues=0, before=0, same_text=False, by_hand=False, drops=0, firewall=-1)
    world, disk, written = World(seed, regime, None), Disk(), list[Outcomes]()
    template, calm = templates[0], 0
    for number in range(RUNS):
        rows = records(regime, number % 3 if with_ids else template, with_ids=with_ids)
        ended = run(world, disk, rows, written, in_doubt=[InDoubt.SAME])
        world.pass_time(world.now + world.chance.choice([1.0, 60.0]))
        if ended is not None or number == RUNS // 2:
            world.calm()
            world.pass_time(world.now + 120.0)
            calm += ended is not None
            template = templates[calm > CALM // 2]
        if calm == CALM:
            break
    return world, regime, written


@pytest.mark.parametrize(("with_ids", "templates"), [(True, (0, 2)), (False, (0, 2)), (False, (2, 0))])
@pytest.mark.parametrize("seed", range(5))
def test_each_record_has_one_note_whatever_text_it_has_by_then(
    seed: int, with_ids: bool, templates: tuple[int, int]
) -> None:
    world, regime, written = imported(seed, with_ids=with_ids, templates=templates)
    there = Counter((delivery[0], delivery[1].rpartition("Call ")[2]) for delivery in world.ours().elements())
    assert [record for record, count in there.items() if count > 1] == []
    last = written[-1]
    for row, (prospect, *_) in enumerate(regime.lines):
        result = last.result(row)
        if prospect == "INVALID":
            assert result is Result.REJECTED
        elif must_be_certain(regime) or result is not Result.UNCONFIRMED:
            assert result in DELIVERED, (row, result)
            assert world.note(last.note_id(row)) is not None
