"""``python -m tests.simulation --seeds 200000``: as many seeds as one likes; ``--seed 7``: one, step by step."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count

from tests.simulation import updates
from tests.simulation.imports import Violation, simulate
from tests.simulation.regime import draw, with_files, with_people


def main(arguments: list[str] | None = None) -> int:
    """Run seeds; print those that fail, and how to see one step by step."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone, step by step")
    parser.add_argument("--beyond", default="", choices=["", "twice", "later", "unordered"], help="beyond the model")
    parser.add_argument("--updates", action="store_true", help="notes that are changed, instead of made")
    parser.add_argument("--files", action="store_true", help="with files on the notes")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _replay(given.seed, given.beyond, files=given.files, is_update=given.updates)
    began = time.monotonic()
    size = max(1, min(500, given.seeds // given.jobs))
    starts = range(given.first, given.first + given.seeds, size)
    how = given.beyond, given.files, given.updates
    ends = [(start, min(start + size, given.first + given.seeds), *how) for start in starts]
    failed: list[tuple[int, str]] = []
    with ProcessPoolExecutor(given.jobs) as pool:
        for found in pool.map(_several, ends):
            failed += found
    spent = time.monotonic() - began
    for seed, why in failed[:50]:
        print(f"seed {seed}: {why[:200]}")
    print(f"{given.seeds:,} seeds, {len(failed):,} failed, {given.seeds / spent:,.0f} a second")
    if failed:
        more = (f" --beyond {given.beyond}" if given.beyond else "") + (" --files" if given.files else "")
        print(f"One step by step: python -m tests.simulation --seed {failed[0][0]}{more}")
    return int(bool(failed))


def _several(part: tuple[int, int, str, bool, bool]) -> list[tuple[int, str]]:
    failed = []
    logging.disable()
    gc.disable()  # what a seed leaves behind is small
    for seed in range(part[0], part[1]):
        try:
            updates.simulate(seed) if part[4] else simulate(seed, beyond=part[2], files=part[3])
        except Violation as violation:
            failed.append((seed, str(violation)))
        except Exception as error:  # noqa: BLE001 - a seed that shows a fault of ours is a failing seed
            failed.append((seed, f"{type(error).__name__}: {error}"))
    gc.collect()
    return failed


def _replay(seed: int, beyond: str, *, files: bool, is_update: bool) -> int:
    story: list[str] = []
    if is_update:
        try:
            updates.simulate(seed, story=story)
        except Violation as violation:
            story.append(f"VIOLATION: {violation}")
        print(*story, sep="\n")
        return int(story[-1].startswith("VIOLATION"))
    print(with_people(seed, with_files(seed, draw(seed, beyond)) if files else draw(seed, beyond)))
    try:
        ended = simulate(seed, beyond=beyond, files=files, story=story)
    except Violation as violation:
        print(*story, f"VIOLATION: {violation}", sep="\n")
        return 1
    print(*story, f"{ended.runs} runs; {ended.last.counts()}", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
