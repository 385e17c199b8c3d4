"""``python -m tests.simulation --seeds 200000``: as many seeds as one likes; ``--seed 7``: one, step by step."""

import argparse
import gc
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count

from tests.simulation import updates
from tests.simulation.imports import Violation, simulate
from tests.simulation.regime import Regime, draw, with_existing, with_files, with_people


def main(arguments: list[str] | None = None) -> int:
    """Run seeds; print those that fail, and how to see one step by step."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone, step by step")
    parser.add_argument("--beyond", default="", choices=["", "twice", "later", "unordered"], help="beyond the model")
    parser.add_argument("--updates", action="store_true", help="notes that are changed, instead of made")
    parser.add_argument("--files", action="store_true", help="with files on the notes")
    parser.add_argument("--existing", action="store_true", help="with notes that stand there already")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _replay(given.seed, given)
    began, end = time.monotonic(), given.first + given.seeds
    size = max(1, min(500, given.seeds // given.jobs))
    parts = [range(start, min(start + size, end)) for start in range(given.first, end, size)]
    with ProcessPoolExecutor(given.jobs) as pool:
        failed = [one for found in pool.map(_several, parts, [given] * len(parts)) for one in found]
    for seed, why in failed[:50]:
        print(f"seed {seed}: {why[:200]}")
    print(f"{given.seeds:,} seeds, {len(failed):,} failed, {given.seeds / (time.monotonic() - began):,.0f} a second")
    if failed:
        print("One step by step: the same with --seed in place of --seeds")
    return int(bool(failed))


def _world(seed: int, given: argparse.Namespace) -> Regime:
    world = draw(seed, given.beyond)
    world = with_files(seed, world) if given.files else world
    return with_existing(seed, world) if given.existing else with_people(seed, world)


def _simulate(seed: int, given: argparse.Namespace, story: list[str] | None = None) -> str:
    if given.updates:
        updates.simulate(seed, story=story)
        return "each note is as the last sheet says"
    ended = simulate(seed, regime=_world(seed, given), story=story)
    return f"{ended.runs} runs; {ended.last.counts()}"


def _several(seeds: range, given: argparse.Namespace) -> list[tuple[int, str]]:
    failed = []
    logging.disable()
    gc.disable()  # what a seed leaves behind is small
    for seed in seeds:
        try:
            _simulate(seed, given)
        except Exception as error:  # noqa: BLE001 - a seed that shows a fault of ours is a failing seed
            failed.append((seed, f"{type(error).__name__}: {error}"))
    gc.collect()
    return failed


def _replay(seed: int, given: argparse.Namespace) -> int:
    story: list[str] = []
    try:
        said = _simulate(seed, given, story)
    except Violation as violation:
        said = f"VIOLATION: {violation}"
    print(_world(seed, given), *story, said, sep="\n")
    return int(said.startswith("VIOLATION"))


if __name__ == "__main__":
    sys.exit(main())
