"""``python -m tests.benchmarks``: the importer beside the scripts one would write instead, as a table and a chart."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks import chart
from tests.benchmarks.measuring import Contender, Measured, medians, run

IMPORTER = Contender("note-importer", "importer")
_SCRIPTS = "tests.benchmarks.scripts"
BARE = Contender("bare best case", f"{_SCRIPTS}.bare")
GROUPED = Contender("groupby, 1 Session", f"{_SCRIPTS}.grouped")
POOL = Contender("a row a POST, pool of 8", f"{_SCRIPTS}.pool", slice=2_000)
ONE_BY_ONE = Contender("a row a POST", f"{_SCRIPTS}.one_by_one", slice=400)
_CHART = Path(__file__).with_name("chart.png")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 and 10,000 rows, once each; draws no chart")
    parser.add_argument("--million", action="store_true", help="also 1,048,575 rows, which takes long")
    parser.add_argument("--runs", type=int, default=3, help="of which the medians are shown (default: 3)")
    options = parser.parse_args(arguments)
    runs = 1 if options.quick else options.runs
    sizes = [2_000, 10_000] if options.quick else [2_000, 10_000, 100_000]
    print(f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores; medians of {runs}")
    with tempfile.TemporaryDirectory() as folder:
        found = _measure(Path(folder), sizes, 0, runs)
        if options.million:
            _measure(Path(folder), [1_048_575], 0, 1, [IMPORTER, BARE])
        _measure(Path(folder), sizes[:2], 20, runs, [IMPORTER, GROUPED])
        _measure(Path(folder), [2_000 if options.quick else 10_000], 0, runs, [IMPORTER, BARE], share=1)
    print(
        "~ reckoned from runs over fewer rows: 400 (a row a POST) and 2,000 (pool of 8); the memory is that of those."
    )
    if not options.quick and find_spec("matplotlib"):
        chart.draw(_CHART, "20 ms latency, 1 note in 50 rows", found)
        print(f"Chart: {_CHART.relative_to(Path.cwd()) if _CHART.is_relative_to(Path.cwd()) else _CHART}")
    return 0


def _measure(
    folder: Path,
    sizes: Sequence[int],
    calls_a_second: int,
    runs: int,
    contenders: Sequence[Contender] = (IMPORTER, BARE, GROUPED, POOL, ONE_BY_ONE),
    share: int = 50,
) -> dict[str, list[tuple[int, Measured]]]:
    """Run every contender for every size, in turns, and print the medians."""
    limit = f", at most {calls_a_second} requests a second" if calls_a_second else ""
    notes = f"{share} rows a note" if share > 1 else "all notes distinct"
    print(f"\n20 ms latency{limit}, {notes}")
    print(f"{'rows':>9}  {'':24} {'seconds':>9} {'ratio':>7} {'requests':>9} {'429s':>6} {'lost':>6} {'MB':>5}")
    found: dict[str, list[tuple[int, Measured]]] = {contender.name: [] for contender in contenders}
    for rows in sizes:
        measured: defaultdict[Contender, list[Measured]] = defaultdict(list)
        for _ in range(runs):
            for contender in contenders:
                measured[contender].append(run(contender, folder, rows, share, 0.02, calls_a_second))
        best = medians(measured[IMPORTER]).seconds
        for contender in contenders:
            figures = medians(measured[contender])
            found[contender.name].append((rows, figures))
            mark = "~" if figures.is_reckoned else " "
            print(
                f"{rows:>9,}  {contender.name:24} {mark}{figures.seconds:8,.1f} {figures.seconds / best:7.1f}"
                f" {figures.requests:>9,} {figures.refused:>6,} {figures.lost:>6,} {figures.memory:>5,.0f}",
                flush=True,
            )
    return found


if __name__ == "__main__":
    raise SystemExit(main())
